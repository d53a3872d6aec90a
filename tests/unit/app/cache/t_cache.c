/* SPDX-License-Identifier: Apache-2.0 */
#include "app/cache/cache.h"

#include "tests/unit/app/base/seed.h"
#include "tests/unit/app/cache/test_server.h"

#include <check.h>
#include <libmemcached/memcached.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/clock.h"
#include "app/cache/value.h"
#include "app/observe/metrics.h"

#define MSEC	   INT64_C(1000)
#define TIMEOUT_MS 20
#define PATIENCE   (60 * MSEC) /* for a machine that is busy otherwise */
#define SKIP	   77

/* Two caches stand for two worker processes; each has a client. */
static struct test_server server;
static int64_t timeout_ms;
static struct cache *cache, *other_cache;
static struct cache_client *a, *b;
static struct arena *arena;
static struct id account;

static struct cache *new_cache(const char *servers, int64_t ttl_s)
{
	struct config c = { .cache_servers = servers,
			    .cache_timeout_ms = timeout_ms,
			    .cache_ttl_s = ttl_s };
	struct cache *made;

	ck_assert_int_eq(cache_new(&c, &made), ERR_OK);
	return made;
}

static struct cache_client *new_client(struct cache *c)
{
	struct cache_client *cc;

	ck_assert_int_eq(cache_client_new(c, &cc), ERR_OK);
	return cc;
}

static void start(void)
{
	char servers[100];

	test_server_new(&server);
	snprintf(servers, sizeof(servers), "unix:%s", server.path);
	cache = new_cache(servers, 300);
	other_cache = new_cache(servers, 300);
	ck_assert_int_eq(metrics_start(NULL), ERR_OK);
	a = new_client(cache);
	b = new_client(other_cache);
	arena = arena_new((size_t)64 << 20);
	account = id_new();
}

/* For servers that answer: a busy machine must not look like a slow server. */
static void setup(void)
{
	timeout_ms = 2000;
	start();
}

static void setup_impatient(void)
{
	timeout_ms = TIMEOUT_MS;
	start();
}

static void teardown(void)
{
	cache_client_free(a);
	cache_client_free(b);
	cache_free(cache);
	cache_free(other_cache);
	arena_free(arena);
	metrics_stop();
	test_server_free(&server);
}

static struct cache_ref ref_new(enum cache_kind kind)
{
	return (struct cache_ref){ .kind = kind, .account = account, .id = id_new() };
}

static struct db_position at(uint64_t seq)
{
	struct db_position p = { .epoch = 1, .seq = seq, .at = (int64_t)seq * 7 };

	snprintf(p.gtid, sizeof(p.gtid), "0-1-%llu", (unsigned long long)seq);
	return p;
}

static struct db_position at_epoch(int64_t epoch, uint64_t seq)
{
	struct db_position p = at(seq);

	p.epoch = epoch;
	return p;
}

/* A get of one in a request of its own. */
static struct cache_item get(struct cache_client *cc, const struct cache_ref *ref)
{
	struct cache_item item;

	cache_client_begin(cc);
	cache_get(cc, arena, ref, 1, &item);
	return item;
}

static void invalidate(struct cache_client *cc, const struct cache_ref *ref, struct db_position p)
{
	cache_client_begin(cc);
	ck_assert_int_eq(cache_invalidate(cc, ref, 1, p), ERR_OK);
}

/* Reads and fills, as a request does. */
static void refill(struct cache_client *cc, const struct cache_ref *ref, struct str body,
		   struct db_position as_of)
{
	struct cache_item was = get(cc, ref);

	cache_fill(cc, ref, &was, body, 1, as_of);
}

#define assert_state(cc_, ref_, state_) ck_assert_int_eq(get((cc_), (ref_)).state, (state_))

/* Writes bytes under a key past the cache, as someone who is not us. */
static void plant(const struct cache_ref *ref, struct str bytes)
{
	memcached_st *st = memcached_create(NULL);
	char key[80] = "r1:";
	size_t n = 5;

	key[3] = (char)('0' + (int)ref->kind);
	key[4] = ':';
	id_text(ref->account, key + n);
	n += ID_TEXT_LEN;
	key[n++] = ':';
	id_text(ref->id, key + n);
	n += ID_TEXT_LEN;
	memcached_server_add_unix_socket(st, server.path);
	ck_assert_int_eq(memcached_set(st, key, n, bytes.p, bytes.n, 100, 0), MEMCACHED_SUCCESS);
	memcached_free(st);
}

START_TEST(test_miss_fill_hit)
{
	struct cache_ref ref = ref_new(CACHE_ORDER);
	struct cache_item item = get(a, &ref);

	ck_assert_int_eq(item.state, CACHE_MISS);
	ck_assert_uint_eq(item.cas, 0);
	cache_fill(a, &ref, &item, STR("{\"id\":1}"), 42, at(7));
	item = get(b, &ref);
	ck_assert_int_eq(item.state, CACHE_HIT);
	ck_assert(str_eq(item.body, STR("{\"id\":1}")));
	ck_assert_int_eq(item.version, 42);
	ck_assert_int_eq(item.position.epoch, 1);
	ck_assert_uint_eq(item.position.seq, 7);
	ck_assert_int_eq(item.position.at, 49);
	ck_assert_str_eq(item.position.gtid, "0-1-7");
	ck_assert_uint_ne(item.cas, 0);
}
END_TEST

START_TEST(test_many_keys_in_one_trip)
{
	struct cache_ref refs[CACHE_REFS_MAX];
	struct cache_item items[CACHE_REFS_MAX];
	char bodies[CACHE_REFS_MAX][16];
	int64_t trips, usec;

	/* Of several accounts and kinds, some of the same id; the last is the first again. */
	for (size_t i = 0; i < CACHE_REFS_MAX; i++) {
		refs[i] = ref_new((enum cache_kind)(1 + i % (CACHE_KIND_MAX - 1)));
		if (i % 3 == 1)
			refs[i].account = id_new();
		if (i % 3 == 2)
			refs[i].id = refs[i - 1].id;
		snprintf(bodies[i], sizeof(bodies[i]), "body %zu", i);
		if (i % 2 == 0)
			refill(a, &refs[i], str_from(bodies[i]), at(i + 1));
	}
	refs[CACHE_REFS_MAX - 1] = refs[0];
	cache_client_begin(b);
	cache_get(b, arena, refs, CACHE_REFS_MAX, items);
	cache_cost(b, &trips, &usec);
	ck_assert_int_eq(trips, 1);
	ck_assert_int_gt(usec, 0);
	for (size_t i = 0; i < CACHE_REFS_MAX - 1; i++) {
		ck_assert_int_eq(items[i].state, i % 2 == 0 ? CACHE_HIT : CACHE_MISS);
		if (i % 2 == 0) {
			ck_assert(str_eq_z(items[i].body, bodies[i]));
			ck_assert_uint_eq(items[i].position.seq, i + 1);
		}
	}
	ck_assert_int_eq(items[CACHE_REFS_MAX - 1].state, CACHE_HIT);
	ck_assert(str_eq_z(items[CACHE_REFS_MAX - 1].body, bodies[0]));
}
END_TEST

START_TEST(test_sizes)
{
	static char big[CACHE_BODY_MAX + 1];
	static const size_t sizes[] = { 0, 1, 8191, 8192, 8193, 100000, CACHE_BODY_MAX };

	memset(big, 'x', sizeof(big));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct cache_ref ref = ref_new(CACHE_INVOICE);
		struct str body = { .p = big, .n = sizes[i] };
		struct cache_item item;

		big[0] = '\r';
		big[1] = '\n';
		big[2] = '\0';
		refill(a, &ref, body, at(1));
		item = get(b, &ref);
		ck_assert_msg(item.state == CACHE_HIT, "%zu bytes", sizes[i]);
		ck_assert(str_eq(item.body, body));
	}
	struct cache_ref ref = ref_new(CACHE_INVOICE);

	refill(a, &ref, (struct str){ .p = big, .n = sizeof(big) }, at(1));
	assert_state(a, &ref, CACHE_MISS);
}
END_TEST

START_TEST(test_expires)
{
	char servers[100];
	struct cache_ref ref = ref_new(CACHE_ORDER);
	struct cache *brief;
	struct cache_client *cc;

	snprintf(servers, sizeof(servers), "unix:%s", server.path);
	brief = new_cache(servers, 1);
	cc = new_client(brief);
	refill(cc, &ref, STR("x"), at(1));
	assert_state(a, &ref, CACHE_HIT);
	usleep(2200000);
	assert_state(a, &ref, CACHE_MISS);
	cache_client_free(cc);
	cache_free(brief);
}
END_TEST

/* After an invalidation at (2, 100): which fill is taken? */
START_TEST(test_fill_after_tombstone)
{
	static const struct {
		int64_t epoch;
		uint64_t seq;
		enum cache_state after;
	} rows[] = {
		{ 2, 99, CACHE_TOMBSTONE },  { 2, 100, CACHE_HIT }, { 2, 101, CACHE_HIT },
		{ 1, 200, CACHE_TOMBSTONE }, { 3, 100, CACHE_HIT }, { 3, 99, CACHE_TOMBSTONE },
		{ 2, 0, CACHE_TOMBSTONE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cache_ref ref = ref_new(CACHE_PAYMENT);
		struct cache_item item;

		refill(a, &ref, STR("old"), at_epoch(2, 50));
		invalidate(b, &ref, at_epoch(2, 100));
		item = get(a, &ref);
		ck_assert_int_eq(item.state, CACHE_TOMBSTONE);
		ck_assert_ptr_null(item.body.p);
		ck_assert_uint_eq(item.position.seq, 100);
		ck_assert_int_eq(item.position.epoch, 2);
		ck_assert_str_eq(item.position.gtid, "0-1-100");
		cache_fill(a, &ref, &item, STR("new"), 2, at_epoch(rows[i].epoch, rows[i].seq));
		ck_assert_msg(get(b, &ref).state == rows[i].after, "row %zu", i);
	}
}
END_TEST

START_TEST(test_add_loses_to_a_tombstone)
{
	struct cache_ref ref = ref_new(CACHE_ORDER);
	struct cache_item miss = get(a, &ref);

	invalidate(b, &ref, at(10));
	cache_fill(a, &ref, &miss, STR("old"), 1, at(9));
	assert_state(a, &ref, CACHE_TOMBSTONE);
	/* Even as new as that: it was not what lay there when a looked. */
	cache_fill(a, &ref, &miss, STR("old"), 1, at(11));
	assert_state(a, &ref, CACHE_TOMBSTONE);
}
END_TEST

START_TEST(test_cas_loses_to_a_second_tombstone)
{
	struct cache_ref ref = ref_new(CACHE_ORDER);
	struct cache_item seen;

	invalidate(b, &ref, at(10));
	seen = get(a, &ref);
	invalidate(b, &ref, at(20));
	cache_fill(a, &ref, &seen, STR("between"), 1, at(15));
	ck_assert_uint_eq(get(a, &ref).position.seq, 20);
	assert_state(a, &ref, CACHE_TOMBSTONE);
}
END_TEST

START_TEST(test_two_fillers)
{
	struct cache_ref ref = ref_new(CACHE_ORDER);
	struct cache_item first = get(a, &ref);
	struct cache_item second = get(b, &ref);

	cache_fill(a, &ref, &first, STR("a"), 1, at(5));
	cache_fill(b, &ref, &second, STR("b"), 1, at(6));
	ck_assert(str_eq(get(a, &ref).body, STR("a")));
	/* An old value is exchanged, never for an older one. */
	first = get(a, &ref);
	cache_fill(a, &ref, &first, STR("older"), 1, at(4));
	ck_assert(str_eq(get(a, &ref).body, STR("a")));
	cache_fill(a, &ref, &first, STR("newer"), 1, at(9));
	ck_assert(str_eq(get(a, &ref).body, STR("newer")));
	cache_fill(b, &ref, &first, STR("late"), 1, at(10));
	ck_assert(str_eq(get(a, &ref).body, STR("newer")));
}
END_TEST

START_TEST(test_reordered_invalidations)
{
	struct cache_ref ref = ref_new(CACHE_ORDER);

	invalidate(a, &ref, at(20));
	invalidate(b, &ref, at(10));
	ck_assert_uint_eq(get(a, &ref).position.seq, 20);
	refill(a, &ref, STR("between"), at(15));
	assert_state(a, &ref, CACHE_TOMBSTONE);
	refill(a, &ref, STR("after"), at(20));
	/* The late one is older than the value, which contains that commit. */
	invalidate(b, &ref, at(19));
	invalidate(b, &ref, at(20));
	assert_state(a, &ref, CACHE_HIT);
	invalidate(b, &ref, at(21));
	assert_state(a, &ref, CACHE_TOMBSTONE);
	/* Across a promotion both epoch and seq are kept. */
	invalidate(b, &ref, at_epoch(2, 5));
	ck_assert_uint_eq(get(a, &ref).position.seq, 21);
	ck_assert_int_eq(get(a, &ref).position.epoch, 2);
}
END_TEST

START_TEST(test_without_positions)
{
	struct cache_ref ref = ref_new(CACHE_ORDER);
	struct db_position none = { .seq = 0 };
	struct cache_item seen;

	refill(a, &ref, STR("1"), none);
	assert_state(b, &ref, CACHE_HIT);
	seen = get(a, &ref);
	invalidate(b, &ref, none);
	assert_state(a, &ref, CACHE_TOMBSTONE);
	cache_fill(a, &ref, &seen, STR("old"), 1, none);
	assert_state(a, &ref, CACHE_TOMBSTONE);
	refill(a, &ref, STR("2"), none);
	assert_state(a, &ref, CACHE_HIT);
	/* One that has no position does not wipe out one that is there. */
	invalidate(b, &ref, at(9));
	invalidate(b, &ref, none);
	ck_assert_uint_eq(get(a, &ref).position.seq, 9);
}
END_TEST

START_TEST(test_fill_that_comes_too_late)
{
	struct cache_ref ref = ref_new(CACHE_ORDER);
	struct cache_item miss = get(a, &ref);

	miss.asked -= 10001 * MSEC;
	cache_fill(a, &ref, &miss, STR("x"), 1, at(1));
	assert_state(a, &ref, CACHE_MISS);
	miss.asked += 1000 * MSEC;
	cache_fill(a, &ref, &miss, STR("x"), 1, at(1));
	assert_state(a, &ref, CACHE_HIT);
}
END_TEST

START_TEST(test_value_of_another_account)
{
	struct cache_ref ref = ref_new(CACHE_CUSTOMER);
	struct cache_value v = { .account = id_new(), .position = at(1), .version = 1 };
	char bytes[CACHE_HEAD_MAX + 6];
	size_t n = cache_value_head(&v, bytes);
	struct cache_item item;

	memcpy(bytes + n, "secret", 6);
	plant(&ref, (struct str){ .p = bytes, .n = n + 6 });
	item = get(a, &ref);
	ck_assert_int_eq(item.state, CACHE_MISS);
	ck_assert_ptr_null(item.body.p);
	/* It does not stand in the way. */
	cache_fill(a, &ref, &item, STR("ours"), 1, at(2));
	ck_assert(str_eq(get(b, &ref).body, STR("ours")));
	plant(&ref, (struct str){ .p = bytes, .n = n + 6 });
	invalidate(a, &ref, at(3));
	assert_state(b, &ref, CACHE_TOMBSTONE);
}
END_TEST

START_TEST(test_bytes_that_are_no_value)
{
	for (int i = 0; i < 300; i++) {
		struct cache_ref ref = ref_new(CACHE_CUSTOMER);
		char bytes[200];
		size_t n = (size_t)seed_below(sizeof(bytes) + 1);

		for (size_t k = 0; k < n; k++)
			bytes[k] = (char)seed_next();
		plant(&ref, (struct str){ .p = bytes, .n = n });
		assert_state(a, &ref, CACHE_MISS);
	}
}
END_TEST

/*
 * Random histories of one key: commits raise `now`; their invalidations are delivered in any order
 * and may be late; reads come from replicas that lag; fills are late. Whatever the history, a hit
 * is never older than the newest invalidation that was delivered.
 */
START_TEST(test_random_histories)
{
	int hits = 0;

	for (int history = 0; history < 60; history++) {
		struct cache_ref ref = ref_new(CACHE_ORDER);
		struct cache_client *clients[2] = { a, b };
		uint64_t now = 1, delivered = 0;
		uint64_t pending[8];
		size_t n_pending = 0;
		struct {
			struct cache_item was;
			uint64_t as_of;
		} fills[4];
		size_t n_fills = 0;

		for (int step = 0; step < 150; step++) {
			struct cache_client *cc = clients[seed_below(2)];
			size_t i;

			switch (seed_below(4)) {
			case 0:
				if (n_pending < 8)
					pending[n_pending++] = ++now;
				break;
			case 1:
				if (n_pending == 0)
					break;
				i = (size_t)seed_below(n_pending);
				invalidate(cc, &ref, at(pending[i]));
				if (pending[i] > delivered)
					delivered = pending[i];
				pending[i] = pending[--n_pending];
				break;
			case 2:
				if (n_fills == 4)
					break;
				fills[n_fills].was = get(cc, &ref);
				fills[n_fills].as_of = now - seed_below(now < 6 ? now : 6);
				n_fills++;
				break;
			default:
				if (n_fills == 0)
					break;
				i = (size_t)seed_below(n_fills);
				cache_client_begin(cc);
				cache_fill(cc, &ref, &fills[i].was, STR("x"), 1,
					   at(fills[i].as_of));
				fills[i] = fills[--n_fills];
			}
			struct cache_item item = get(clients[seed_below(2)], &ref);

			if (item.state == CACHE_HIT) {
				hits++;
				ck_assert_uint_ge(item.position.seq, delivered);
			}
			if (item.state == CACHE_TOMBSTONE)
				ck_assert_uint_eq(item.position.seq, delivered);
		}
		arena_reset(arena);
	}
	ck_assert_int_gt(hits, 100);
}
END_TEST

START_TEST(test_frozen_server)
{
	struct cache_ref ref = ref_new(CACHE_ORDER);
	struct cache_item item;
	int64_t start, took;

	refill(a, &ref, STR("old"), at(1));
	test_server_signal(&server, SIGSTOP);

	/* One request, however much it asks, spends two time-outs; then nothing. */
	cache_client_begin(a);
	start = clock_monotonic();
	for (int i = 0; i < 10; i++) {
		cache_get(a, arena, &ref, 1, &item);
		ck_assert_int_eq(item.state, CACHE_DOWN);
	}
	took = clock_monotonic() - start;
	ck_assert_int_ge(took, 2 * (TIMEOUT_MS - 1) * MSEC);
	ck_assert_int_le(took, 2 * TIMEOUT_MS * MSEC + PATIENCE);

	/* The commit is not known to the server; whoever asks is told. Two more failures. */
	cache_client_begin(a);
	ck_assert_int_eq(cache_invalidate(a, &ref, 1, at(5)), ERR_CACHE_DOWN);
	assert_state(a, &ref, CACHE_DOWN);
	assert_state(a, &ref, CACHE_DOWN);

	/* The breaker is open: no waiting. */
	start = clock_monotonic();
	for (int i = 0; i < 1000; i++) {
		ck_assert_int_eq(get(a, &ref).state, CACHE_DOWN);
		cache_fill(a, &ref, &item, STR("x"), 1, at(9));
	}
	took = (clock_monotonic() - start) / 1000;
	ck_assert_msg(took < 100, "%lld us for a get with an open breaker", (long long)took);

	/* It wakes with what it had. This process does not believe it, the other one does. */
	test_server_signal(&server, SIGCONT);
	for (int i = 0; i < 300 && get(a, &ref).state == CACHE_DOWN; i++)
		usleep(10000);
	item = get(a, &ref);
	ck_assert_int_eq(item.state, CACHE_TOMBSTONE);
	ck_assert_uint_eq(item.position.seq, 5);
	ck_assert_ptr_null(item.body.p);
	assert_state(b, &ref, CACHE_HIT);

	/* Not for a miss either, until someone has seen the commit. */
	cache_fill(a, &ref, &item, STR("lagging"), 1, at(4));
	assert_state(a, &ref, CACHE_TOMBSTONE);
	cache_fill(a, &ref, &item, STR("new"), 1, at(5));
	assert_state(a, &ref, CACHE_HIT);
	ck_assert(str_eq(get(b, &ref).body, STR("new")));

	struct cache_ref absent = ref_new(CACHE_ORDER);

	item = get(a, &absent);
	ck_assert_int_eq(item.state, CACHE_TOMBSTONE);
	cache_fill(a, &absent, &item, STR("lagging"), 1, at(4));
	assert_state(b, &absent, CACHE_MISS);
	cache_fill(a, &absent, &item, STR("new"), 1, at(6));
	assert_state(a, &absent, CACHE_HIT);
}
END_TEST

START_TEST(test_frozen_without_positions)
{
	struct cache_ref ref = ref_new(CACHE_ORDER);
	struct db_position none = { .seq = 0 };

	refill(a, &ref, STR("old"), none);
	test_server_signal(&server, SIGSTOP);
	cache_client_begin(a);
	ck_assert_int_eq(cache_invalidate(a, &ref, 1, none), ERR_CACHE_DOWN);
	test_server_signal(&server, SIGCONT);
	usleep(20000);
	assert_state(a, &ref, CACHE_TOMBSTONE);
}
END_TEST

START_TEST(test_late_answer_is_not_taken_for_another)
{
	struct cache_ref one = ref_new(CACHE_ORDER);
	struct cache_ref two = ref_new(CACHE_ORDER);

	refill(a, &one, STR("one"), at(1));
	refill(a, &two, STR("two"), at(1));
	for (int i = 0; i < 4; i++) {
		test_server_signal(&server, SIGSTOP);
		assert_state(a, &one, CACHE_DOWN);
		test_server_signal(&server, SIGCONT);
		usleep(5000);
		ck_assert(str_eq(get(a, &two).body, STR("two")));
		ck_assert(str_eq(get(a, &one).body, STR("one")));
	}
}
END_TEST

START_TEST(test_restarted_server)
{
	struct cache_ref ref = ref_new(CACHE_ORDER);
	struct cache_item item;

	refill(a, &ref, STR("x"), at(1));
	refill(b, &ref, STR("x"), at(1));
	test_server_kill(&server);
	test_server_start(&server);
	/* Its connections have gone, its contents too; nobody notices more than that. */
	item = get(a, &ref);
	ck_assert_int_eq(item.state, CACHE_MISS);
	cache_fill(a, &ref, &item, STR("y"), 1, at(2));
	ck_assert(str_eq(get(a, &ref).body, STR("y")));
	/* So too for a store on a connection that has gone. */
	test_server_kill(&server);
	test_server_start(&server);
	cache_client_begin(a);
	cache_fill(a, &ref, &(struct cache_item){ .state = CACHE_MISS, .asked = clock_monotonic() },
		   STR("z"), 1, at(3));
	ck_assert(str_eq(get(a, &ref).body, STR("z")));
	test_server_kill(&server);
	test_server_start(&server);
	invalidate(a, &ref, at(9));
	assert_state(b, &ref, CACHE_TOMBSTONE);
}
END_TEST

START_TEST(test_dead_server_and_back)
{
	struct cache_ref ref = ref_new(CACHE_ORDER);
	int64_t start;

	refill(a, &ref, STR("x"), at(1));
	ck_assert(cache_ping(a));
	test_server_kill(&server);
	for (int i = 0; i < 6; i++)
		assert_state(a, &ref, CACHE_DOWN);
	start = clock_monotonic();
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(get(a, &ref).state, CACHE_DOWN);
	ck_assert_int_lt(clock_monotonic() - start, 100 * MSEC);
	ck_assert(!cache_ping(a));
	cache_client_begin(a);
	ck_assert_int_eq(cache_invalidate(a, &ref, 1, at(2)), ERR_CACHE_DOWN);
	test_server_start(&server);
	start = clock_monotonic();
	while (get(a, &ref).state == CACHE_DOWN && clock_monotonic() - start < 3000 * MSEC)
		usleep(10000);
	ck_assert_int_lt(clock_monotonic() - start, 1500 * MSEC);
	refill(a, &ref, STR("new"), at(2));
	assert_state(a, &ref, CACHE_HIT);
	ck_assert(cache_ping(a));
}
END_TEST

/* Two servers; `first` of the keys go to the first one. */
START_TEST(test_two_servers_one_dead)
{
	enum { KEYS = CACHE_REFS_MAX };
	struct test_server second;
	struct cache_ref refs[KEYS];
	struct cache_item items[KEYS];
	bool dead[KEYS];
	char servers[200];
	struct cache *two;
	struct cache_client *cc;
	int64_t start, trips, usec;
	int n_dead = 0;
	enum err e;

	test_server_new(&second);
	snprintf(servers, sizeof(servers), "unix:%s,unix:%s", server.path, second.path);
	two = new_cache(servers, 300);
	cc = new_client(two);
	for (size_t i = 0; i < KEYS; i++) {
		refs[i] = ref_new(CACHE_PRODUCT);
		refill(cc, &refs[i], STR("x"), at(1));
		/* What the first server has is there for a client that knows no other. */
		dead[i] = get(a, &refs[i]).state == CACHE_MISS;
		n_dead += dead[i] ? 1 : 0;
	}
	ck_assert_int_gt(n_dead, 0);
	ck_assert_int_lt(n_dead, KEYS);
	cache_client_begin(cc);
	cache_get(cc, arena, refs, KEYS, items);
	cache_cost(cc, &trips, &usec);
	ck_assert_int_eq(trips, 2);
	for (size_t i = 0; i < KEYS; i++)
		ck_assert_int_eq(items[i].state, CACHE_HIT);

	test_server_signal(&second, _i == 0 ? SIGSTOP : SIGKILL);
	for (int round = 0; round < 20; round++) {
		start = clock_monotonic();
		cache_client_begin(cc);
		cache_get(cc, arena, refs, KEYS, items);
		ck_assert_int_lt(clock_monotonic() - start, TIMEOUT_MS * MSEC + PATIENCE);
		for (size_t i = 0; i < KEYS; i++)
			ck_assert_int_eq(items[i].state, dead[i] ? CACHE_DOWN : CACHE_HIT);
	}
	ck_assert(!cache_ping(cc));
	for (size_t i = 0; i < KEYS; i++) {
		cache_client_begin(cc);
		e = cache_invalidate(cc, &refs[i], 1, at(5));
		ck_assert_int_eq(e, dead[i] ? ERR_CACHE_DOWN : ERR_OK);
	}
	cache_client_begin(cc);
	cache_get(cc, arena, refs, KEYS, items);
	for (size_t i = 0; i < KEYS; i++)
		ck_assert_int_eq(items[i].state, dead[i] ? CACHE_DOWN : CACHE_TOMBSTONE);
	cache_client_free(cc);
	cache_free(two);
	test_server_free(&second);
}
END_TEST

START_TEST(test_invalidate_many)
{
	struct cache_ref refs[3] = { ref_new(CACHE_ORDER), ref_new(CACHE_INVOICE),
				     ref_new(CACHE_CUSTOMER) };
	int64_t trips, usec;

	refill(a, &refs[0], STR("old"), at(1));
	refill(a, &refs[1], STR("new"), at(10));
	cache_client_begin(b);
	ck_assert_int_eq(cache_invalidate(b, refs, 3, at(10)), ERR_OK);
	cache_cost(b, &trips, &usec);
	ck_assert_int_eq(trips, 3); /* one get, one cas, one add */
	assert_state(a, &refs[0], CACHE_TOMBSTONE);
	assert_state(a, &refs[1], CACHE_HIT);
	assert_state(a, &refs[2], CACHE_TOMBSTONE);
	ck_assert_int_eq(cache_invalidate(b, refs, 0, at(10)), ERR_OK);
}
END_TEST

START_TEST(test_no_servers)
{
	struct cache *none = new_cache("", 300);
	struct cache_client *cc = new_client(none);
	struct cache_ref ref = ref_new(CACHE_ORDER);
	struct cache_item item = get(cc, &ref);

	ck_assert_int_eq(item.state, CACHE_DOWN);
	cache_fill(cc, &ref, &item, STR("x"), 1, at(1));
	ck_assert_int_eq(cache_invalidate(cc, &ref, 1, at(1)), ERR_OK);
	ck_assert(cache_ping(cc));
	cache_client_free(cc);
	cache_free(none);
}
END_TEST

START_TEST(test_bad_servers)
{
	struct config c = { .cache_timeout_ms = 20, .cache_ttl_s = 300 };
	struct cache *made;

	c.cache_servers = "localhost:0";
	ck_assert_int_eq(cache_new(&c, &made), ERR_CONFIG);
	c.cache_servers = "localhost,unix:relative";
	ck_assert_int_eq(cache_new(&c, &made), ERR_CONFIG);
}
END_TEST

START_TEST(test_metrics)
{
	struct cache_ref ref = ref_new(CACHE_ORDER);
	struct buf out;
	struct str text;

	refill(a, &ref, STR("x"), at(1));
	assert_state(a, &ref, CACHE_HIT);
	invalidate(a, &ref, at(2));
	refill(a, &ref, STR("x"), at(1));
	buf_init(&out, arena, 0, 1 << 20);
	metrics_put(&out);
	buf_char(&out, '\0');
	ck_assert_int_eq(buf_finish(&out, &text), ERR_OK);
	ck_assert_ptr_nonnull(
		strstr(text.p, "remit_cache_gets_total{kind=\"order\",result=\"hit\"} 1\n"));
	ck_assert_ptr_nonnull(
		strstr(text.p, "remit_cache_gets_total{kind=\"order\",result=\"tombstone\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(text.p, "remit_cache_fills_total{result=\"stored\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(text.p, "remit_cache_fills_total{result=\"stale\"} 1\n"));
	ck_assert_ptr_nonnull(
		strstr(text.p, "remit_cache_invalidations_total{result=\"stored\"} 1\n"));
}
END_TEST

/*
 * Threads commit, invalidate, read and fill one key at once. `done` is the highest commit whose
 * invalidation has returned: a hit asked for after that is not older.
 */
static struct cache_ref shared;
static _Atomic uint64_t committed, done;
static _Atomic int64_t thread_hits;

static void *work(void *seed)
{
	struct cache_client *cc = new_client(cache);
	struct arena *own = arena_new(1 << 20);
	uint64_t random = (uint64_t)(uintptr_t)seed;

	for (int i = 0; i < 3000; i++) {
		struct cache_item item;
		uint64_t low = done;
		uint64_t as_of;

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		cache_client_begin(cc);
		if (random >> 60 == 0) {
			uint64_t mine = ++committed;
			uint64_t seen = done;

			if (cache_invalidate(cc, &shared, 1, at(mine)) != ERR_OK)
				continue;
			while (seen < mine && !atomic_compare_exchange_weak(&done, &seen, mine))
				;
			continue;
		}
		as_of = committed;
		cache_get(cc, own, &shared, 1, &item);
		if (item.state == CACHE_HIT) {
			ck_assert_uint_ge(item.position.seq, low);
			thread_hits++;
		} else {
			uint64_t lag = (random >> 40) % 4;

			cache_fill(cc, &shared, &item, STR("body"), 1,
				   at(as_of > lag ? as_of - lag : 1));
		}
		arena_reset(own);
	}
	arena_free(own);
	cache_client_free(cc);
	return NULL;
}

START_TEST(test_threads)
{
	pthread_t threads[8];

	shared = ref_new(CACHE_ORDER);
	committed = 1;
	for (size_t i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work,
						(void *)(uintptr_t)(seed_next() | 1)),
				 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_gt(done, 100);
	ck_assert_int_gt(thread_hits, 1000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/cache/cache");
	TCase *tc = tcase_create("answering");
	TCase *frozen = tcase_create("frozen");
	SRunner *sr;
	int failed;

	if (!test_server_available()) {
		printf("there is no memcached\n");
		return SKIP;
	}
	seed_init();
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_miss_fill_hit);
	tcase_add_test(tc, test_many_keys_in_one_trip);
	tcase_add_test(tc, test_sizes);
	tcase_add_test(tc, test_expires);
	tcase_add_test(tc, test_fill_after_tombstone);
	tcase_add_test(tc, test_add_loses_to_a_tombstone);
	tcase_add_test(tc, test_cas_loses_to_a_second_tombstone);
	tcase_add_test(tc, test_two_fillers);
	tcase_add_test(tc, test_reordered_invalidations);
	tcase_add_test(tc, test_without_positions);
	tcase_add_test(tc, test_fill_that_comes_too_late);
	tcase_add_test(tc, test_value_of_another_account);
	tcase_add_test(tc, test_bytes_that_are_no_value);
	tcase_add_test(tc, test_random_histories);
	tcase_add_test(tc, test_restarted_server);
	tcase_add_test(tc, test_dead_server_and_back);
	tcase_add_test(tc, test_invalidate_many);
	tcase_add_test(tc, test_no_servers);
	tcase_add_test(tc, test_bad_servers);
	tcase_add_test(tc, test_metrics);
	tcase_add_test(tc, test_threads);
	suite_add_tcase(suite, tc);
	tcase_set_timeout(frozen, 120);
	tcase_add_checked_fixture(frozen, setup_impatient, teardown);
	tcase_add_test(frozen, test_frozen_server);
	tcase_add_test(frozen, test_frozen_without_positions);
	tcase_add_test(frozen, test_late_answer_is_not_taken_for_another);
	tcase_add_loop_test(frozen, test_two_servers_one_dead, 0, 2);
	suite_add_tcase(suite, frozen);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
