/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_HTTP_EXCHANGE_H
#define REMIT_HTTP_EXCHANGE_H

/*
 * What the steps of serve.c share about one request. Internal to app/http: serve.c has the order,
 * each serve_*.c one part of it.
 */

#include "app/http/idempotency.h"
#include "app/http/serve.h"

#include "app/base/limits.h"

/* What is worked out once for each route. */
struct route_plan {
	uint32_t fingerprint;	/* of the result's schema */
	int32_t id_offset;	/* of the result's "id"; -1: none */
	int32_t version_offset; /* of the result's "version"; -1: none */
	const char *id_prefix;	/* of the path parameter of a cached GET */
};

struct server {
	struct server_options options;
	_Atomic(const struct config *) config;
	unsigned char key[32]; /* of cursors and consistency tokens */
	struct route_plan *plans;
	struct metric *requests, *seconds, *in_flight, *queue, *replays;
};

struct server_thread {
	struct server *server;
	struct arena *arena;
	struct cache_client *cache;
	/* a credential read from the database in this request: note its use after the answer */
	struct cache_ref used;
	enum principal_kind used_kind;
	struct call call;
};

struct exchange {
	struct server *server;
	struct server_thread *thread;
	const struct http_request *rq;
	struct http_response *res;
	struct call *call;

	struct route_match match;
	const struct route *route;
	const struct route_plan *plan;
	bool head; /* HEAD: the answer's body is not sent */

	struct token token;
	struct cache_ref refs[2]; /* credential, object */
	struct cache_item items[2];
	size_t n_refs;
	struct db_position after; /* the read must not be older */

	struct param params[PARAMS_QUERY_MAX]; /* of the query, as decoded */
	size_t n_params;
	struct param query[PARAMS_QUERY_MAX]; /* without what is the list's own */
	size_t n_query;
	struct str binding; /* what a cursor is valid for */
	void *in;
	void *out;

	struct idempotency idem;
	bool has_idem;
	bool replayed;
	/* what a COMMIT without an answer may have changed */
	struct cache_ref unsure[CALL_TOUCHED_MAX];
	size_t n_unsure;

	const char *allow;
	struct str object; /* the encoded object, also when the answer is a 304 */
	int64_t version;   /* of it; 0: none */
	int64_t db_trips, db_usec;
	int64_t cache_trips, cache_usec; /* at the start; the difference is this request's */
};

/* serve_identify.c: who asks; fetches the credential and the object in one round trip. */
MUST_CHECK enum err serve_identify(struct exchange *x);
/* serve_bind.c: parameters and body into the in struct. */
MUST_CHECK enum err serve_bind(struct exchange *x);
/* serve_run.c: the cached answer, or the handler on a read handle or in a transaction. */
MUST_CHECK enum err serve_cached(struct exchange *x, bool *ret_answered);
MUST_CHECK enum err serve_run(struct exchange *x);

/* serve_answer.c */
/* The answer to a success: encodes the out struct; head lines that a replay repeats. */
MUST_CHECK enum err serve_encode(struct exchange *x);
/* The object's encoded body with its version: 200 or 304. */
void serve_body(struct exchange *x, struct str body, int64_t version);
/* The consistency token of a commit. */
void serve_consistency(struct exchange *x, const struct db_position *position);
void serve_stored(struct exchange *x, const struct idempotency_answer *answer);
void serve_problem(struct exchange *x, enum err e);
void serve_preflight(struct exchange *x);
/* The head lines that do not depend on the outcome. */
void serve_finish(struct exchange *x);

#endif
