/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_HTTP_SERVE_H
#define REMIT_HTTP_SERVE_H

/*
 * One request's way through the worker, in a fixed order: route, identify, permit, bind, read,
 * handle, answer, account. Handlers cannot forget a step, since they perform none of them.
 *
 * struct server is made at start and shared by all threads; a struct server_thread belongs to one.
 */

#include "app/cache/cache.h"
#include "app/config/config.h"
#include "app/db/db.h"
#include "app/http/message.h"
#include "app/http/route.h"

#include <stdatomic.h>

/* Where credentials come from: the users domain, named by the composition root. */
struct identity_source {
	/* The credential of a key or session; ERR_NOT_FOUND. Reads. */
	enum err (*load)(struct call *c, enum principal_kind kind, struct id id,
			 struct credential *ret_credential);
	/* Notes that it was used, at most once a minute. Writes. */
	enum err (*used)(struct call *c, enum principal_kind kind, struct id id);
};

struct server_options {
	const struct config *config;
	const struct router *router;
	struct db_pools *pools;
	struct cache *cache;
	struct identity_source identity;
};

struct server;
struct server_thread;

/* Declares the metrics: before metrics_start. The caller owns *ret_server. */
MUST_CHECK enum err server_new(const struct server_options *options, struct server **ret_server);
void server_free(struct server *s);
/*
 * Makes a reloaded configuration effective for the requests that begin from now on. The old one
 * must stay alive until no request uses it.
 */
void server_reload(struct server *s, const struct config *config);

/* NULL when memory is short. */
struct server_thread *server_thread_new(struct server *s);
void server_thread_free(struct server_thread *t);
/* The arena of the next request, reset. */
struct arena *server_thread_arena(struct server_thread *t);
/* Answers one request. ret's memory is in the thread's arena until the next request. */
void server_handle(struct server_thread *t, const struct http_request *rq,
		   struct http_response *ret);
/* After the answer has been written: what the client need not wait for. */
void server_done(struct server_thread *t);

#endif
