/* SPDX-License-Identifier: Apache-2.0 */
#include "app/cache/link.h"

#include <libmemcached/memcached.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>

#include "app/base/check.h"

/*
 * What of libmemcached 1.1 can be trusted, and what is avoided here:
 *  - Each memcached_st has one server, so that an error belongs to a server and a slow one does not
 *    hold up the others. The ring is one more memcached_st, which never connects.
 *  - A server that failed is "disabled until timed retry", for up to RETRY_TIMEOUT + 1 s, and the
 *    counters behind that are not reset by a success. The breaker of the caller decides instead:
 *    after each failure the server is taken out and added anew, which also closes the socket.
 *  - Time-outs are never counted as failures; the breaker counts them.
 *  - memcached_fetch_result may answer NOTFOUND for a failure before the first value; only
 *    memcached_last_error tells it from an empty answer.
 *  - The binary protocol, NO_BLOCK and BUFFER_REQUESTS abort the process on a dead socket (its
 *    assertions are on). The sockets are non-blocking and waited for by poll in any case.
 */

#define DEFAULT_PORT	11211
#define USEC_PER_MSEC	1000
#define RETRY_TIMEOUT_S 1

struct cache_ring {
	memcached_st *st;
};

struct cache_link {
	memcached_st *st;
	memcached_result_st result; /* reused: no allocation for each value */
	const struct cache_address *address;
	int64_t wait_msec; /* the time-outs that st has now */
	bool answered;	   /* since it was connected */
	bool timed_out;	   /* the latest failure */
};

static enum err copy_host(struct cache_address *a, struct str host, size_t max)
{
	if (host.n == 0 || host.n >= max || memchr(host.p, '\0', host.n) != NULL)
		return ERR_MALFORMED;
	memcpy(a->host, host.p, host.n);
	a->host[host.n] = '\0';
	return ERR_OK;
}

enum err cache_address_parse(struct str s, struct cache_address *ret_address)
{
	struct cache_address a = { .port = 0 };
	const struct str prefix = STR("unix:");
	struct str host = s;
	int64_t port = DEFAULT_PORT;
	const char *colon;
	enum err e;

	if (str_starts(s, prefix)) {
		host = (struct str){ .p = s.p + prefix.n, .n = s.n - prefix.n };
		if (host.n == 0 || host.p[0] != '/')
			return ERR_MALFORMED;
		e = copy_host(&a, host, sizeof(((struct sockaddr_un *)NULL)->sun_path));
		if (e == ERR_OK)
			*ret_address = a;
		return e;
	}
	colon = s.n == 0 ? NULL : memrchr(s.p, ':', s.n);
	if (colon != NULL) {
		host.n = (size_t)(colon - s.p);
		e = str_to_i64((struct str){ .p = colon + 1, .n = s.n - host.n - 1 }, 1, UINT16_MAX,
			       &port);
		if (e != ERR_OK)
			return e;
	}
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = (struct str){ .p = host.p + 1, .n = host.n - 2 };
	else if (host.n != 0 && (memchr(host.p, ':', host.n) != NULL || host.p[0] == '/'))
		return ERR_MALFORMED;
	e = copy_host(&a, host, sizeof(a.host));
	if (e != ERR_OK)
		return e;
	a.port = (uint16_t)port;
	*ret_address = a;
	return ERR_OK;
}

static bool add_server(memcached_st *st, const struct cache_address *a)
{
	if (a->port == 0)
		return memcached_success(memcached_server_add_unix_socket(st, a->host));
	return memcached_success(memcached_server_add(st, a->host, a->port));
}

enum err cache_ring_new(const struct cache_address *addresses, size_t n,
			struct cache_ring **ret_ring)
{
	struct cache_ring *r = calloc(1, sizeof(*r));
	bool ok;

	if (r == NULL)
		return ERR_NO_MEMORY;
	r->st = memcached_create(NULL);
	ok = r->st != NULL && memcached_success(memcached_behavior_set(
				      r->st, MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1));
	for (size_t i = 0; ok && i < n; i++)
		ok = add_server(r->st, &addresses[i]);
	if (!ok) {
		cache_ring_free(r);
		return ERR_NO_MEMORY;
	}
	*ret_ring = r;
	return ERR_OK;
}

void cache_ring_free(struct cache_ring *r)
{
	if (r == NULL)
		return;
	memcached_free(r->st);
	free(r);
}

size_t cache_ring_find(const struct cache_ring *r, struct str key)
{
	return memcached_generate_hash(r->st, key.p, key.n);
}

static bool set_behaviors(memcached_st *st, int64_t timeout_usec)
{
	uint64_t msec = (uint64_t)((timeout_usec + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
	const struct {
		memcached_behavior_t behavior;
		uint64_t value;
	} settings[] = {
		{ MEMCACHED_BEHAVIOR_SUPPORT_CAS, 1 },
		{ MEMCACHED_BEHAVIOR_AUTO_EJECT_HOSTS, 0 },
		{ MEMCACHED_BEHAVIOR_TCP_NODELAY, 1 },
		{ MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, msec },
		{ MEMCACHED_BEHAVIOR_POLL_TIMEOUT, msec },
		{ MEMCACHED_BEHAVIOR_SND_TIMEOUT, (uint64_t)timeout_usec },
		{ MEMCACHED_BEHAVIOR_RCV_TIMEOUT, (uint64_t)timeout_usec },
		{ MEMCACHED_BEHAVIOR_RETRY_TIMEOUT, RETRY_TIMEOUT_S },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		memcached_return_t rc =
			memcached_behavior_set(st, settings[i].behavior, settings[i].value);

		if (rc != MEMCACHED_SUCCESS)
			return false;
	}
	return true;
}

enum err cache_link_new(const struct cache_address *address, int64_t timeout_usec,
			struct cache_link **ret_link)
{
	struct cache_link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return ERR_NO_MEMORY;
	l->address = address;
	l->st = memcached_create(NULL);
	if (l->st == NULL) {
		free(l);
		return ERR_NO_MEMORY;
	}
	memcached_result_create(l->st, &l->result);
	if (!set_behaviors(l->st, timeout_usec) || !add_server(l->st, address)) {
		cache_link_free(l);
		return ERR_NO_MEMORY;
	}
	*ret_link = l;
	return ERR_OK;
}

void cache_link_free(struct cache_link *l)
{
	if (l == NULL)
		return;
	memcached_result_free(&l->result);
	memcached_free(l->st);
	free(l);
}

static void set_wait(struct cache_link *l, int64_t wait_usec)
{
	int64_t msec = (wait_usec + USEC_PER_MSEC - 1) / USEC_PER_MSEC;

	if (msec < 1)
		msec = 1; /* 0 would be an error of its own in libmemcached */
	if (msec == l->wait_msec)
		return;
	/* Setting these two cannot fail. */
	(void)memcached_behavior_set(l->st, MEMCACHED_BEHAVIOR_POLL_TIMEOUT, (uint64_t)msec);
	(void)memcached_behavior_set(l->st, MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, (uint64_t)msec);
	l->wait_msec = msec;
}

bool cache_link_get(struct cache_link *l, const char *const *keys, const size_t *key_n, size_t n,
		    int64_t wait_usec)
{
	memcached_return_t rc;

	set_wait(l, wait_usec);
	rc = memcached_mget(l->st, keys, key_n, n);
	l->timed_out = rc == MEMCACHED_TIMEOUT || memcached_last_error(l->st) == MEMCACHED_TIMEOUT;
	return rc == MEMCACHED_SUCCESS;
}

enum cache_link_fetch cache_link_fetch(struct cache_link *l, int64_t wait_usec,
				       struct cache_link_item *ret_item)
{
	memcached_return_t rc = MEMCACHED_SUCCESS;
	memcached_return_t last;

	set_wait(l, wait_usec);
	if (memcached_fetch_result(l->st, &l->result, &rc) != NULL && rc == MEMCACHED_SUCCESS) {
		*ret_item = (struct cache_link_item){
			.key = { .p = memcached_result_key_value(&l->result),
				 .n = memcached_result_key_length(&l->result) },
			.value = { .p = memcached_result_value(&l->result),
				   .n = memcached_result_length(&l->result) },
			.cas = memcached_result_cas(&l->result),
		};
		return CACHE_LINK_ITEM;
	}
	last = memcached_last_error(l->st);
	if ((rc == MEMCACHED_END || rc == MEMCACHED_NOTFOUND) && last == MEMCACHED_SUCCESS) {
		l->answered = true;
		return CACHE_LINK_END;
	}
	l->timed_out = rc == MEMCACHED_TIMEOUT || last == MEMCACHED_TIMEOUT;
	return CACHE_LINK_FAILED;
}

enum cache_link_store cache_link_store(struct cache_link *l, const struct cache_link_put *put,
				       int64_t wait_usec)
{
	memcached_return_t rc;

	CHECK(put->ttl_s > 0);
	set_wait(l, wait_usec);
	if (put->cas == 0)
		rc = memcached_add(l->st, put->key.p, put->key.n, put->value.p, put->value.n,
				   (time_t)put->ttl_s, 0);
	else
		rc = memcached_cas(l->st, put->key.p, put->key.n, put->value.p, put->value.n,
				   (time_t)put->ttl_s, 0, put->cas);
	l->timed_out = rc == MEMCACHED_TIMEOUT;
	if (rc == MEMCACHED_SUCCESS || rc == MEMCACHED_NOTSTORED || rc == MEMCACHED_DATA_EXISTS ||
	    rc == MEMCACHED_NOTFOUND) {
		l->answered = true;
		return rc == MEMCACHED_SUCCESS ? CACHE_LINK_STORED : CACHE_LINK_LOST;
	}
	return CACHE_LINK_ERROR;
}

bool cache_link_reset(struct cache_link *l)
{
	bool again = l->answered && !l->timed_out;

	l->answered = false;
	memcached_servers_reset(l->st);
	return add_server(l->st, l->address) && again;
}
