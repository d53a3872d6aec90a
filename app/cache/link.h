/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CACHE_LINK_H
#define REMIT_CACHE_LINK_H

/*
 * One thread's connection to one Memcached server, and the ring that says which server has a key.
 * The only user of libmemcached: link.c says what of it can be trusted. A link belongs to one
 * thread; a ring is constant and thread-safe. Every call blocks for at most about wait_usec per
 * wait for the server.
 */

#include "app/base/err.h"
#include "app/base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Where a server listens. port 0: host is the path of a unix socket. */
struct cache_address {
	char host[256];
	uint16_t port;
};
/* "unix:/path", "host:port", "[address]:port", "host" (port 11211). ERR_MALFORMED. */
MUST_CHECK enum err cache_address_parse(struct str s, struct cache_address *ret_address);

struct cache_ring;
/* Ketama over n addresses. The caller owns *ret_ring. */
MUST_CHECK enum err cache_ring_new(const struct cache_address *addresses, size_t n,
				   struct cache_ring **ret_ring);
void cache_ring_free(struct cache_ring *r);
/* The index of the server that has the key. */
size_t cache_ring_find(const struct cache_ring *r, struct str key);

struct cache_link;
/* Does not connect. The address is borrowed and outlives the link. The caller owns *ret_link. */
MUST_CHECK enum err cache_link_new(const struct cache_address *address, int64_t timeout_usec,
				   struct cache_link **ret_link);
void cache_link_free(struct cache_link *l);

/* Sends a get of n keys. Every get that was sent is fetched to its end or the link is reset. */
MUST_CHECK bool cache_link_get(struct cache_link *l, const char *const *keys, const size_t *key_n,
			       size_t n, int64_t wait_usec);
enum cache_link_fetch { CACHE_LINK_ITEM, CACHE_LINK_END, CACHE_LINK_FAILED };
struct cache_link_item {
	struct str key; /* views until the next call */
	struct str value;
	uint64_t cas;
};
enum cache_link_fetch cache_link_fetch(struct cache_link *l, int64_t wait_usec,
				       struct cache_link_item *ret_item);

struct cache_link_put {
	struct str key;
	struct str value;
	int64_t ttl_s;
	uint64_t cas; /* 0: only where nothing lies; else only where this lies */
};
enum cache_link_store {
	CACHE_LINK_STORED,
	CACHE_LINK_LOST,  /* something else lies there */
	CACHE_LINK_ERROR, /* no answer, or the server could not */
};
enum cache_link_store cache_link_store(struct cache_link *l, const struct cache_link_put *put,
				       int64_t wait_usec);

/*
 * After a failure: drops the connection, so that a late answer to an old request cannot be taken
 * for the answer to a new one. Whether the same call may succeed at once: the connection had been
 * in use and was closed (the server was started anew), and no time was waited.
 */
bool cache_link_reset(struct cache_link *l);

#endif
