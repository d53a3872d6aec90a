/* SPDX-License-Identifier: Apache-2.0 */
#include "app/cache/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/check.h"
#include "app/base/clock.h"
#include "app/cache/link.h"
#include "app/cache/value.h"
#include "app/observe/log.h"
#include "app/observe/metrics.h"
#include "app/resilience/breaker.h"

#define USEC_PER_MSEC	INT64_C(1000)
#define USEC_PER_S	INT64_C(1000000)
#define BUDGET_TIMEOUTS 2    /* what a request may spend, in time-outs */
#define BUDGET_MIN_USEC 1000 /* below this the cache is down for the rest of the request */
#define ROUNDS		3    /* of an invalidation that loses races */

/*
 * A tombstone outlives every fill it must refuse: a fill is made at most FILL_MAX_USEC after its
 * get, from a replica that lags by a few seconds at most.
 */
#define TOMBSTONE_TTL_S 30
#define FILL_MAX_USEC	(10 * USEC_PER_S)
#define TTL_MAX_S	INT64_C(2592000) /* Memcached takes more for a date */
#define TTL_JITTER	10		 /* one tenth */

/* "r1:" kind ":" account ":" id */
#define KEY_MAX		64
#define PING_KEY	"r1:ping"
#define SERVER_NAME_MAX 256 /* of cache_generations.server, with its end */

enum get_result { GET_HIT, GET_MISS, GET_TOMBSTONE, GET_DOWN, GET_INVALID, GET_RESULTS };
static const char *const get_results[GET_RESULTS] = { "hit", "miss", "tombstone", "down",
						      "invalid" };
enum fill_result { FILL_STORED, FILL_LOST, FILL_STALE, FILL_LARGE, FILL_DOWN, FILL_RESULTS };
static const char *const fill_results[FILL_RESULTS] = { "stored", "lost", "stale", "too_large",
							"down" };
enum invalidation_result { INVAL_STORED, INVAL_NEWER, INVAL_FAILED, INVAL_RESULTS };
static const char *const invalidation_results[INVAL_RESULTS] = { "stored", "newer", "failed" };

/* Of CACHE_PRINCIPAL_KEY and so on. */
static const char *const kinds[CACHE_KIND_MAX - 1] = {
	"principal_key", "principal_session", "customer",    "product",
	"order",	 "invoice",	      "credit_note", "payment",
};

static const struct breaker_limits limits = {
	.in_a_row = 5,
	.probes = 1,
	.open_usec = USEC_PER_S,
	.open_max_usec = 30 * USEC_PER_S,
};

static pthread_once_t metrics_once = PTHREAD_ONCE_INIT;
static struct {
	struct metric *gets;
	struct metric *fills;
	struct metric *invalidations;
	struct metric *open;
} metrics;

/*
 * A position below which this process believes nothing that the server holds, because an
 * invalidation did not get there. Forgotten when all that was stored before has expired.
 */
struct distrust {
	_Atomic int64_t until; /* monotonic; 0: none */
	pthread_mutex_t lock;
	struct db_position position;
	int64_t since; /* wall clock, of the latest failure that a position does not tell all of */
};

struct server {
	char name[SERVER_NAME_MAX];
	struct cache_address address;
	struct breaker breaker;
	struct distrust distrust;
};

struct cache {
	void (*on_failure)(void *ctx, size_t server);
	void *on_failure_ctx;
	size_t n_servers;
	struct server servers[CONFIG_LIST_MAX];
	struct cache_ring *ring;
	int64_t timeout; /* microseconds */
	int64_t ttl_s;
};

struct cache_client {
	struct cache *cache;
	struct cache_link *links[CONFIG_LIST_MAX];
	int64_t left; /* microseconds that this request may still spend */
	int64_t trips;
	int64_t usec;
	uint64_t random;
	char *room; /* head and body of a fill */
	size_t room_n;
};

/* Some keys on their way through their servers. */
struct lookup {
	struct cache_client *cc;
	struct arena *arena; /* NULL: no bodies wanted */
	const struct cache_ref *refs;
	size_t n;
	int64_t end; /* monotonic: the budget's */
	char text[CACHE_REFS_MAX][KEY_MAX];
	struct str keys[CACHE_REFS_MAX];
	size_t server[CACHE_REFS_MAX];
	bool found[CACHE_REFS_MAX];
	bool invalid[CACHE_REFS_MAX];
	int64_t created[CACHE_REFS_MAX];
	struct cache_item *items;
};

static void declare_metrics(void)
{
	static const struct metric_family gets = {
		.name = "remit_cache_gets_total",
		.help = "Values asked of the cache.",
		.kind = METRIC_COUNTER,
		.labels = { { "kind", kinds, CACHE_KIND_MAX - 1 },
			    { "result", get_results, GET_RESULTS } },
	};
	static const struct metric_family fills = {
		.name = "remit_cache_fills_total",
		.help = "Values offered to the cache.",
		.kind = METRIC_COUNTER,
		.labels = { { "result", fill_results, FILL_RESULTS } },
	};
	static const struct metric_family invalidations = {
		.name = "remit_cache_invalidations_total",
		.help = "Values invalidated after a commit.",
		.kind = METRIC_COUNTER,
		.labels = { { "result", invalidation_results, INVAL_RESULTS } },
	};
	static const struct metric_family open = {
		.name = "remit_cache_breaker_open",
		.help = "Cache servers that are not asked because they did not answer.",
		.kind = METRIC_GAUGE,
	};

	metrics.gets = metrics_declare(&gets);
	metrics.fills = metrics_declare(&fills);
	metrics.invalidations = metrics_declare(&invalidations);
	metrics.open = metrics_declare(&open);
}

static void count_get(const struct lookup *l, size_t i)
{
	static const enum get_result of_state[] = {
		[CACHE_MISS] = GET_MISS,
		[CACHE_HIT] = GET_HIT,
		[CACHE_TOMBSTONE] = GET_TOMBSTONE,
		[CACHE_DOWN] = GET_DOWN,
	};
	enum get_result result = l->invalid[i] ? GET_INVALID : of_state[l->items[i].state];

	metric_add(metrics.gets, (uint32_t)l->refs[i].kind - 1, result, 1);
}

/* Values and the fills under way must all have expired when it ends. */
static void distrust_last(const struct cache *c, struct distrust *d)
{
	int64_t span = (c->ttl_s + c->ttl_s / TTL_JITTER + TOMBSTONE_TTL_S) * USEC_PER_S;

	atomic_store(&d->until, clock_monotonic() + span);
}

/* Commits up to this position that the server was not told of; `timed`: and what came just then. */
static void distrust_raise(const struct cache *c, struct distrust *d,
			   const struct db_position *position, bool timed)
{
	pthread_mutex_lock(&d->lock);
	d->position = cache_position_join(&d->position, position);
	if (timed)
		d->since = clock_now();
	distrust_last(c, d);
	pthread_mutex_unlock(&d->lock);
}

/* While the server does not answer, what it holds does not expire before our eyes either. */
static void distrust_extend(const struct cache *c, struct distrust *d)
{
	if (atomic_load(&d->until) == 0)
		return;
	pthread_mutex_lock(&d->lock);
	distrust_last(c, d);
	pthread_mutex_unlock(&d->lock);
}

/* Answers a tombstone in place of what is not known to be new enough. */
static void distrust_apply(struct distrust *d, struct cache_item *item, int64_t created)
{
	struct db_position position;
	int64_t since;
	bool over;

	pthread_mutex_lock(&d->lock);
	over = item->asked > atomic_load(&d->until);
	if (over) {
		atomic_store(&d->until, 0);
		d->position = (struct db_position){ .seq = 0 };
		d->since = 0;
	}
	position = d->position;
	since = d->since;
	pthread_mutex_unlock(&d->lock);
	if (over || item->state == CACHE_DOWN)
		return;
	if (item->state == CACHE_HIT && cache_position_reached(&item->position, &position) &&
	    (since == 0 || created > since + FILL_MAX_USEC))
		return;
	if (item->state == CACHE_MISS && position.seq == 0)
		return;
	item->position = cache_position_join(&item->position, &position);
	item->state = CACHE_TOMBSTONE;
	item->body = STR_NONE;
	item->version = 0;
}

static void server_report(struct cache *c, struct server *s, enum breaker_pass pass, bool ok)
{
	int64_t n_open = 0;
	bool open;

	if (!ok)
		distrust_extend(c, &s->distrust);
	if (!breaker_report(&s->breaker, pass, ok, clock_monotonic()))
		return;
	open = breaker_is_open(&s->breaker);
	for (size_t i = 0; i < c->n_servers; i++)
		n_open += breaker_is_open(&c->servers[i].breaker) ? 1 : 0;
	metric_set(metrics.open, 0, 0, n_open);
	log_line(LOG_WARN, open ? "cache server does not answer" : "cache server answers again",
		 LOG_Z("host", s->address.host), LOG_I("port", s->address.port));
}

/* How long to wait for the next answer. */
static int64_t wait_time(const struct cache *c, int64_t end)
{
	int64_t left = end - clock_monotonic();

	return left < c->timeout ? left : c->timeout;
}

static struct str key_text(const struct cache_ref *ref, char ret_text[KEY_MAX])
{
	char *p = ret_text;

	CHECK(ref->kind > CACHE_NONE && ref->kind < CACHE_KIND_MAX);
	_Static_assert(CACHE_KIND_MAX <= 10, "the kind is one digit");
	*p++ = 'r';
	*p++ = '1';
	*p++ = ':';
	*p++ = (char)('0' + (int)ref->kind);
	*p++ = ':';
	id_text(ref->account, p);
	p += ID_TEXT_LEN;
	*p++ = ':';
	id_text(ref->id, p);
	p += ID_TEXT_LEN;
	return (struct str){ .p = ret_text, .n = (size_t)(p - ret_text) };
}

static size_t server_of(const struct cache *c, struct str key)
{
	return c->n_servers == 1 ? 0 : cache_ring_find(c->ring, key);
}

static void lookup_init(struct lookup *l)
{
	int64_t now = clock_monotonic();

	l->end = now + l->cc->left;
	for (size_t i = 0; i < l->n; i++) {
		l->items[i] = (struct cache_item){ .state = CACHE_DOWN, .asked = now };
		l->keys[i] = key_text(&l->refs[i], l->text[i]);
		l->server[i] = server_of(l->cc->cache, l->keys[i]);
		l->found[i] = false;
		l->invalid[i] = false;
		l->created[i] = 0;
	}
}

static bool lookup_send(struct lookup *l, size_t server)
{
	const char *keys[CACHE_REFS_MAX];
	size_t key_n[CACHE_REFS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (l->server[i] != server)
			continue;
		keys[n] = l->keys[i].p;
		key_n[n] = l->keys[i].n;
		n++;
	}
	l->cc->trips++;
	return cache_link_get(l->cc->links[server], keys, key_n, n,
			      wait_time(l->cc->cache, l->end));
}

/* What lies under key i. Bytes that are not ours count as nothing, but with their CAS. */
static void lookup_take(struct lookup *l, size_t i, const struct cache_link_item *from)
{
	struct cache_item *item = &l->items[i];
	struct cache_value v;

	l->found[i] = true;
	item->cas = from->cas;
	if (l->refs == NULL || cache_value_parse(from->value, l->refs[i].account, &v) != ERR_OK) {
		l->invalid[i] = true;
		item->state = CACHE_MISS;
		return;
	}
	l->created[i] = v.created;
	item->state = v.tombstone ? CACHE_TOMBSTONE : CACHE_HIT;
	item->position = v.position;
	item->version = v.version;
	if (v.tombstone || l->arena == NULL)
		return;
	item->body = arena_dup(l->arena, v.body);
	if (item->body.p == NULL)
		item->state = CACHE_DOWN; /* the arena says the rest */
}

/* Reads the answers to lookup_send; false when they did not all come in time. */
static bool lookup_fetch(struct lookup *l, size_t server)
{
	const struct cache *c = l->cc->cache;
	int64_t end = clock_monotonic() + c->timeout;
	struct cache_link_item got;

	if (end > l->end)
		end = l->end;
	for (;;) {
		int64_t wait = wait_time(c, end);
		enum cache_link_fetch f;

		/* What has arrived is read even when no time is left to wait for more. */
		f = cache_link_fetch(l->cc->links[server], wait, &got);
		if (f == CACHE_LINK_FAILED)
			return false;
		if (f == CACHE_LINK_END)
			break;
		for (size_t i = 0; i < l->n; i++) {
			if (l->server[i] == server && str_eq(l->keys[i], got.key))
				lookup_take(l, i, &got);
		}
		if (wait <= 0)
			return false;
	}
	for (size_t i = 0; i < l->n; i++) {
		if (l->server[i] == server && !l->found[i])
			l->items[i].state = CACHE_MISS;
	}
	return true;
}

static bool lookup_concerns(const struct lookup *l, size_t server)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->server[i] == server)
			return true;
	}
	return false;
}

/* Asks all servers, then reads all answers; a connection that had gone is made anew once. */
static void lookup_run(struct lookup *l)
{
	struct cache *c = l->cc->cache;
	enum breaker_pass pass[CONFIG_LIST_MAX] = { BREAKER_REFUSED };
	bool sent[CONFIG_LIST_MAX] = { false };

	for (size_t s = 0; s < c->n_servers; s++) {
		if (l->cc->left < BUDGET_MIN_USEC || !lookup_concerns(l, s))
			continue;
		pass[s] = breaker_ask(&c->servers[s].breaker, clock_monotonic());
		if (pass[s] != BREAKER_REFUSED)
			sent[s] = lookup_send(l, s);
	}
	for (size_t s = 0; s < c->n_servers; s++) {
		bool ok;

		if (pass[s] == BREAKER_REFUSED)
			continue;
		ok = sent[s] && lookup_fetch(l, s);
		if (!ok && cache_link_reset(l->cc->links[s])) {
			ok = lookup_send(l, s) && lookup_fetch(l, s);
			if (!ok)
				cache_link_reset(l->cc->links[s]);
		}
		server_report(c, &c->servers[s], pass[s], ok);
	}
}

static void client_charge(struct cache_client *cc, int64_t start)
{
	int64_t spent = clock_monotonic() - start;

	cc->usec += spent;
	cc->left -= spent;
}

static enum cache_link_store client_store(struct cache_client *cc, size_t server,
					  const struct cache_link_put *put)
{
	struct cache *c = cc->cache;
	struct server *s = &c->servers[server];
	struct cache_link *link = cc->links[server];
	enum cache_link_store result;
	int64_t start = clock_monotonic();
	int64_t wait = cc->left < c->timeout ? cc->left : c->timeout;
	enum breaker_pass pass;

	if (cc->left < BUDGET_MIN_USEC)
		return CACHE_LINK_ERROR;
	pass = breaker_ask(&s->breaker, start);
	if (pass == BREAKER_REFUSED)
		return CACHE_LINK_ERROR;
	cc->trips++;
	result = cache_link_store(link, put, wait);
	if (result == CACHE_LINK_ERROR && cache_link_reset(link)) {
		cc->trips++;
		result = cache_link_store(link, put, wait);
		if (result == CACHE_LINK_ERROR)
			cache_link_reset(link);
	}
	server_report(c, s, pass, result != CACHE_LINK_ERROR);
	client_charge(cc, start);
	return result;
}

/* The configured time, a tenth more or less, so that what came together does not go together. */
static int64_t client_ttl(struct cache_client *cc)
{
	int64_t ttl = cc->cache->ttl_s;
	int64_t spread = ttl / TTL_JITTER;

	/* xorshift64 */
	cc->random ^= cc->random << 13;
	cc->random ^= cc->random >> 7;
	cc->random ^= cc->random << 17;
	return ttl - spread + (int64_t)(cc->random % (uint64_t)(2 * spread + 1));
}

/* Head and body in one piece in the client's room; STR_NONE without memory. */
static struct str client_encode(struct cache_client *cc, const struct cache_value *v)
{
	size_t n = CACHE_HEAD_MAX + v->body.n;
	size_t head;

	if (n > cc->room_n) {
		char *room = realloc(cc->room, n);

		if (room == NULL)
			return STR_NONE;
		cc->room = room;
		cc->room_n = n;
	}
	head = cache_value_head(v, cc->room);
	if (v->body.n != 0)
		memcpy(cc->room + head, v->body.p, v->body.n);
	return (struct str){ .p = cc->room, .n = head + v->body.n };
}

static enum fill_result fill(struct cache_client *cc, const struct cache_ref *ref,
			     const struct cache_item *was, const struct cache_value *v)
{
	char text[KEY_MAX];
	struct cache_link_put put = { .cas = was->cas };

	if (was->state == CACHE_DOWN)
		return FILL_DOWN;
	if (!cache_position_reached(&v->position, &was->position) ||
	    clock_monotonic() - was->asked > FILL_MAX_USEC)
		return FILL_STALE;
	if (v->body.n > CACHE_BODY_MAX)
		return FILL_LARGE;
	put.key = key_text(ref, text);
	put.ttl_s = client_ttl(cc);
	put.value = client_encode(cc, v);
	if (put.value.p == NULL)
		return FILL_DOWN;
	switch (client_store(cc, server_of(cc->cache, put.key), &put)) {
	case CACHE_LINK_STORED:
		return FILL_STORED;
	case CACHE_LINK_LOST:
		return FILL_LOST;
	case CACHE_LINK_ERROR:
		break;
	}
	return FILL_DOWN;
}

/*
 * Invalidation. Commits of one object follow each other, but what their workers write here may
 * arrive in another order: a plain set of the earlier tombstone over the later one would let in
 * what a lagging replica knows between the two. So each key is read first (all in one round trip)
 * and written by add or cas, and its position only ever rises. A value that is as new as the
 * commit contains it and stays.
 */
static enum cache_link_store bury(struct lookup *l, size_t i, const struct db_position *committed)
{
	const struct cache_item *there = &l->items[i];
	struct cache_value v = {
		.tombstone = true,
		.account = l->refs[i].account,
		.position = cache_position_join(&there->position, committed),
		.created = clock_now(),
	};
	char head[CACHE_HEAD_MAX];
	struct cache_link_put put = {
		.key = l->keys[i],
		.ttl_s = TOMBSTONE_TTL_S,
		.cas = there->cas,
	};

	put.value = (struct str){ .p = head, .n = cache_value_head(&v, head) };
	return client_store(l->cc, l->server[i], &put);
}

/* Invalidates key i once; whether it must be tried again. */
static bool invalidate_one(struct lookup *l, size_t i, const struct db_position *committed,
			   enum invalidation_result *ret_result)
{
	const struct cache_item *there = &l->items[i];

	*ret_result = INVAL_FAILED;
	if (there->state == CACHE_DOWN)
		return false;
	if (there->state != CACHE_MISS && committed->seq != 0 &&
	    cache_position_reached(&there->position, committed)) {
		*ret_result = INVAL_NEWER;
		return false;
	}
	switch (bury(l, i, committed)) {
	case CACHE_LINK_STORED:
		*ret_result = INVAL_STORED;
		return false;
	case CACHE_LINK_LOST:
		return true;
	case CACHE_LINK_ERROR:
		break;
	}
	return false;
}

enum err cache_new(const struct config *config, struct cache **ret_cache)
{
	struct str items[CONFIG_LIST_MAX];
	struct cache_address addresses[CONFIG_LIST_MAX];
	size_t n = config_list(config->cache_servers, items);
	struct cache *c;
	enum err e;

	pthread_once(&metrics_once, declare_metrics);
	for (size_t i = 0; i < n; i++) {
		if (cache_address_parse(items[i], &addresses[i]) != ERR_OK)
			return ERR_CONFIG;
	}
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return ERR_NO_MEMORY;
	c->timeout = config->cache_timeout_ms * USEC_PER_MSEC;
	c->ttl_s = config->cache_ttl_s < TTL_MAX_S ? config->cache_ttl_s : TTL_MAX_S;
	CHECK(c->timeout > 0 && c->ttl_s > 0);
	for (c->n_servers = 0; c->n_servers < n; c->n_servers++) {
		struct server *s = &c->servers[c->n_servers];

		s->address = addresses[c->n_servers];
		if (items[c->n_servers].n >= sizeof(s->name)) {
			cache_free(c);
			return ERR_CONFIG;
		}
		memcpy(s->name, items[c->n_servers].p, items[c->n_servers].n);
		breaker_init(&s->breaker, &limits);
		CHECK(pthread_mutex_init(&s->distrust.lock, NULL) == 0);
	}
	e = cache_ring_new(addresses, n, &c->ring);
	if (e != ERR_OK) {
		cache_free(c);
		return e;
	}
	*ret_cache = c;
	return ERR_OK;
}

void cache_free(struct cache *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_servers; i++)
		pthread_mutex_destroy(&c->servers[i].distrust.lock);
	cache_ring_free(c->ring);
	free(c);
}

enum err cache_client_new(struct cache *c, struct cache_client **ret_client)
{
	struct cache_client *cc = calloc(1, sizeof(*cc));

	if (cc == NULL)
		return ERR_NO_MEMORY;
	cc->cache = c;
	cc->random = ((uint64_t)clock_monotonic() ^ (uint64_t)(uintptr_t)cc) | 1;
	for (size_t i = 0; i < c->n_servers; i++) {
		enum err e = cache_link_new(&c->servers[i].address, c->timeout, &cc->links[i]);

		if (e != ERR_OK) {
			cache_client_free(cc);
			return e;
		}
	}
	cache_client_begin(cc);
	*ret_client = cc;
	return ERR_OK;
}

void cache_client_free(struct cache_client *cc)
{
	if (cc == NULL)
		return;
	for (size_t i = 0; i < cc->cache->n_servers; i++)
		cache_link_free(cc->links[i]);
	free(cc->room);
	free(cc);
}

void cache_client_begin(struct cache_client *cc)
{
	cc->left = BUDGET_TIMEOUTS * cc->cache->timeout;
	cc->trips = 0;
	cc->usec = 0;
}

void cache_get(struct cache_client *cc, struct arena *a, const struct cache_ref *refs, size_t n,
	       struct cache_item *ret_items)
{
	struct lookup l;
	int64_t start = clock_monotonic();

	CHECK(n <= CACHE_REFS_MAX);
	if (cc->cache->n_servers == 0) {
		for (size_t i = 0; i < n; i++)
			ret_items[i] = (struct cache_item){ .state = CACHE_DOWN, .asked = start };
		return;
	}
	l.cc = cc;
	l.arena = a;
	l.refs = refs;
	l.n = n;
	l.items = ret_items;
	lookup_init(&l);
	lookup_run(&l);
	for (size_t i = 0; i < n; i++) {
		struct distrust *d = &cc->cache->servers[l.server[i]].distrust;

		if (atomic_load(&d->until) != 0)
			distrust_apply(d, &ret_items[i], l.created[i]);
		count_get(&l, i);
	}
	client_charge(cc, start);
}

void cache_fill(struct cache_client *cc, const struct cache_ref *ref, const struct cache_item *was,
		struct str body, int64_t version, struct db_position as_of)
{
	struct cache_value v = {
		.account = ref->account,
		.position = as_of,
		.version = version,
		.body = body,
	};

	if (cc->cache->n_servers == 0)
		return;
	v.created = clock_now();
	metric_add(metrics.fills, fill(cc, ref, was, &v), 0, 1);
}

enum err cache_invalidate(struct cache_client *cc, const struct cache_ref *refs, size_t n,
			  struct db_position committed)
{
	struct cache *c = cc->cache;
	struct cache_ref left[CACHE_REFS_MAX];
	struct cache_item items[CACHE_REFS_MAX];
	uint32_t failed = 0; /* bit i: server i */
	enum err e = ERR_OK;

	CHECK(n <= CACHE_REFS_MAX);
	if (c->n_servers == 0 || n == 0)
		return ERR_OK;
	if (cc->left < c->timeout)
		cc->left = c->timeout;
	memcpy(left, refs, n * sizeof(refs[0]));
	for (int round = 1; n > 0; round++) {
		struct lookup l = { .cc = cc, .refs = left, .n = n, .items = items };
		int64_t start = clock_monotonic();
		size_t lost = 0;

		lookup_init(&l);
		lookup_run(&l);
		client_charge(cc, start);
		for (size_t i = 0; i < n; i++) {
			enum invalidation_result result;

			if (invalidate_one(&l, i, &committed, &result) && round < ROUNDS) {
				left[lost++] = left[i];
				continue;
			}
			metric_add(metrics.invalidations, result, 0, 1);
			if (result != INVAL_FAILED)
				continue;
			distrust_raise(c, &c->servers[l.server[i]].distrust, &committed,
				       committed.seq == 0);
			failed |= UINT32_C(1) << l.server[i];
			e = ERR_CACHE_DOWN;
		}
		n = lost;
	}
	for (size_t i = 0; c->on_failure != NULL && failed >> i != 0; i++)
		if ((failed >> i & 1) != 0)
			c->on_failure(c->on_failure_ctx, i);
	return e;
}

void cache_on_failure(struct cache *c, void (*fn)(void *ctx, size_t server), void *ctx)
{
	c->on_failure = fn;
	c->on_failure_ctx = ctx;
}

void cache_distrust(struct cache *c, size_t server, const struct db_position *position)
{
	CHECK(server < c->n_servers);
	distrust_raise(c, &c->servers[server].distrust, position, true);
}

const char *cache_server_name(const struct cache *c, size_t server)
{
	return server < c->n_servers ? c->servers[server].name : NULL;
}

void cache_cost(const struct cache_client *cc, int64_t *ret_trips, int64_t *ret_usec)
{
	*ret_trips = cc->trips;
	*ret_usec = cc->usec;
}

bool cache_ping(struct cache_client *cc)
{
	cache_client_begin(cc);
	for (size_t s = 0; s < cc->cache->n_servers; s++) {
		struct cache_item item = { .state = CACHE_DOWN };
		int64_t start = clock_monotonic();
		struct lookup l = {
			.cc = cc,
			.n = 1,
			.end = start + cc->left,
			.keys = { STR(PING_KEY) },
			.server = { s },
			.items = &item,
		};

		lookup_run(&l);
		client_charge(cc, start);
		if (item.state == CACHE_DOWN)
			return false;
	}
	return true;
}
