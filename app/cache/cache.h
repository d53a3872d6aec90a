/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CACHE_CACHE_H
#define REMIT_CACHE_CACHE_H

/*
 * Memcached. A value carries its account, the position it is as new as, when it was made and the
 * version of the object; whoever reads it checks them. An invalidation replaces the value by a
 * tombstone that carries the position of the commit: a fill then fails unless it has seen that
 * position. The position kept under a key never falls while the key lives. Nothing that decides a
 * write is read from here. A breaker stands before each server (libmemcached never counts
 * time-outs as failures); a cache that is down is a miss, never an error of a read. Only this
 * folder includes libmemcached.
 *
 * struct cache is thread-safe; a struct cache_client belongs to one thread. An operation blocks
 * for at most the configured time-out on each server, all operations of one request together for
 * twice that; an invalidation may always use one time-out.
 */

#include "app/base/arena.h"
#include "app/base/err.h"
#include "app/base/id.h"
#include "app/base/str.h"
#include "app/config/config.h"
#include "app/db/db.h"

#include <stdbool.h>
#include <stdint.h>

struct cache;
struct cache_client;

/* What is cached. The number is part of the key: change it when the value's form changes. */
enum cache_kind {
	CACHE_NONE = 0,
	CACHE_PRINCIPAL_KEY,
	CACHE_PRINCIPAL_SESSION,
	CACHE_CUSTOMER,
	CACHE_PRODUCT,
	CACHE_ORDER,
	CACHE_INVOICE,
	CACHE_CREDIT_NOTE,
	CACHE_PAYMENT,
	CACHE_KIND_MAX
};

enum {
	CACHE_REFS_MAX = 16,	    /* of one call */
	CACHE_BODY_MAX = 512 << 10, /* bytes; larger bodies are not cached */
};

struct cache_ref {
	enum cache_kind kind;
	struct id account;
	struct id id;
};

enum cache_state {
	CACHE_MISS,	 /* nothing there */
	CACHE_HIT,	 /* value is set */
	CACHE_TOMBSTONE, /* invalidated by the commit at `position`; fill with data that new */
	CACHE_DOWN,	 /* no answer: do not fill */
};

struct cache_item {
	enum cache_state state;
	struct str body;	     /* HIT: in the arena of the get */
	int64_t version;	     /* HIT: of the object, for its ETag */
	struct db_position position; /* HIT: the data is at least this new */
	uint64_t cas;		     /* of what lies there; 0: nothing */
	int64_t asked;		     /* monotonic time of the get */
};

/*
 * The caller owns *ret_cache. An empty cache_servers gives a cache in which all is CACHE_DOWN and
 * nothing needs invalidation. Servers are "unix:/path", "host:port" or "host"; ERR_CONFIG for
 * anything else. Declares metrics: before metrics_start. Does not block.
 */
MUST_CHECK enum err cache_new(const struct config *c, struct cache **ret_cache);
/* After all its clients. NULL is allowed. */
void cache_free(struct cache *c);
MUST_CHECK enum err cache_client_new(struct cache *c, struct cache_client **ret_client);
void cache_client_free(struct cache_client *cc);
/* Starts a request: the time it may spend on the cache and its cost begin anew. */
void cache_client_begin(struct cache_client *cc);

/*
 * Fetches n <= CACHE_REFS_MAX values in one round trip to each server concerned, all at once.
 * Never fails: what cannot be had is a miss or down.
 */
void cache_get(struct cache_client *cc, struct arena *a, const struct cache_ref *refs, size_t n,
	       struct cache_item *ret_items);
/*
 * Stores a value that was read at `as_of`, where `was` is what cache_get answered before the
 * read: added after a miss, exchanged by CAS after a tombstone or an old value, and not at all when
 * as_of has not reached was->position or the get is more than 10 s ago. Losing a race is silent.
 */
void cache_fill(struct cache_client *cc, const struct cache_ref *ref, const struct cache_item *was,
		struct str body, int64_t version, struct db_position as_of);
/*
 * Replaces n <= CACHE_REFS_MAX values by tombstones of this commit, except those that are already
 * as new. After COMMIT, before the answer. A seq of 0 (a database without positions) always
 * replaces.
 *
 * ERR_CACHE_DOWN when a server could not be told. The commit stands, and this process serves no
 * value of that server that is older than the commit (it answers CACHE_TOMBSTONE instead). What
 * remains: other processes may serve the old value until the alarm (app/cache/alarm.h) has reached
 * them; or until it expires, when this process ends between COMMIT and this call.
 */
MUST_CHECK enum err cache_invalidate(struct cache_client *cc, const struct cache_ref *refs,
				     size_t n, struct db_position committed);

/* Round trips and microseconds spent since cache_client_begin, for the access log. */
void cache_cost(const struct cache_client *cc, int64_t *ret_trips, int64_t *ret_usec);
/* Whether all servers answer now (true when none is configured). Begins a request of its own. */
bool cache_ping(struct cache_client *cc);

/*
 * What is done when an invalidation has failed on a server, before cache_invalidate returns: tell
 * the other processes (app/cache/alarm.h). Set while nobody else uses the cache.
 */
void cache_on_failure(struct cache *c, void (*fn)(void *ctx, size_t server), void *ctx);
/*
 * Believes nothing that a server holds from before now, nor until 10 s from now, nor what has not
 * reached the position: another process could not invalidate something there, committed by then.
 * Reads answer tombstones of that position until it is filled anew.
 */
void cache_distrust(struct cache *c, size_t server, const struct db_position *position);
/* The server's name as configured; NULL after the last one. */
const char *cache_server_name(const struct cache *c, size_t server);

#endif
