/* SPDX-License-Identifier: Apache-2.0 */
#include "app/db/db_internal.h"

#include "tests/unit/app/db/mariadb_pair.h"

static const char *const schema[] = { "CREATE TABLE remit.p (k BIGINT PRIMARY KEY)" };

static struct config config;
static struct db_pools *pools;

static void setup(void)
{
	config = pair_config();
	ck_assert_int_eq(db_pools_new(&config, &pools), ERR_OK);
}

static void teardown(void)
{
	db_pools_free(pools);
}

static const struct {
	const char *text;
	enum err err;
	const char *host;
	unsigned int port;
} endpoints[] = {
	{ "unix:/run/s", ERR_OK, "/run/s", 0 },
	{ "db.example:3306", ERR_OK, "db.example", 3306 },
	{ "[::1]:65535", ERR_OK, "::1", 65535 },
	{ "127.0.0.1:1", ERR_OK, "127.0.0.1", 1 },
	{ "", ERR_CONFIG, NULL, 0 },
	{ "unix:", ERR_CONFIG, NULL, 0 },
	{ "host", ERR_CONFIG, NULL, 0 },
	{ "host:", ERR_CONFIG, NULL, 0 },
	{ ":3306", ERR_CONFIG, NULL, 0 },
	{ "[]:3306", ERR_CONFIG, NULL, 0 },
	{ "host:0", ERR_CONFIG, NULL, 0 },
	{ "host:65536", ERR_CONFIG, NULL, 0 },
	{ "host:33x", ERR_CONFIG, NULL, 0 },
};

START_TEST(endpoint_is_parsed)
{
	struct db_endpoint e;
	enum err err = db_endpoint_init(&e, str_from(endpoints[_i].text), true);
	ck_assert_int_eq(err, endpoints[_i].err);
	if (err == ERR_OK) {
		ck_assert_str_eq(e.host, endpoints[_i].host);
		ck_assert_uint_eq(e.port, endpoints[_i].port);
		ck_assert_str_eq(e.name, endpoints[_i].text);
	}
}
END_TEST

START_TEST(endpoint_that_is_too_long)
{
	struct db_endpoint e;
	char text[300];
	memset(text, 'x', sizeof(text));
	memcpy(text, "unix:", 5);
	ck_assert_int_eq(db_endpoint_init(&e, (struct str){ .p = text, .n = 256 }, true),
			 ERR_CONFIG);
	ck_assert_int_eq(db_endpoint_init(&e, (struct str){ .p = text, .n = 255 }, true), ERR_OK);
	ck_assert_uint_eq(strlen(e.name), 255);
}
END_TEST

START_TEST(exhausted_pool_gives_up_in_time)
{
	struct db_conn *c[5];
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(db_pool_acquire(&pools->writes, &c[i]), ERR_OK);
	int64_t began = clock_monotonic();
	ck_assert_int_eq(db_pool_acquire(&pools->writes, &c[4]), ERR_UNAVAILABLE);
	int64_t took = clock_monotonic() - began;
	ck_assert_int_ge(took, 100000);
	ck_assert_int_lt(took, 600000);
	db_pool_release(c[2]);
	ck_assert_int_eq(db_pool_acquire(&pools->writes, &c[4]), ERR_OK);
	ck_assert_ptr_eq(c[4], c[2]);
	for (int i = 0; i < 4; i++)
		db_pool_release(c[i]);
}
END_TEST

START_TEST(last_in_is_first_out)
{
	struct db_conn *a = NULL;
	struct db_conn *b = NULL;
	struct db_conn *c = NULL;
	ck_assert_int_eq(db_pool_acquire(&pools->fallback, &a), ERR_OK);
	ck_assert_int_eq(db_pool_acquire(&pools->fallback, &b), ERR_OK);
	db_pool_release(a);
	db_pool_release(b);
	ck_assert_int_eq(db_pool_acquire(&pools->fallback, &c), ERR_OK);
	ck_assert_ptr_eq(c, b);
	db_pool_release(c);
}
END_TEST

START_TEST(broken_session_frees_its_place)
{
	for (int i = 0; i < 10; i++) {
		struct db_conn *c = NULL;
		ck_assert_int_eq(db_pool_acquire(&pools->fallback, &c), ERR_OK);
		ck_assert_uint_eq(c->uses, 1);
		c->broken = true;
		db_pool_release(c);
		ck_assert_uint_eq(pools->fallback.n_open, 0);
	}
}
END_TEST

START_TEST(flush_closes_those_in_use_later)
{
	struct db_conn *used = NULL;
	struct db_conn *idle = NULL;
	ck_assert_int_eq(db_pool_acquire(&pools->fallback, &used), ERR_OK);
	ck_assert_int_eq(db_pool_acquire(&pools->fallback, &idle), ERR_OK);
	db_pool_release(idle);
	db_pool_flush(&pools->fallback);
	ck_assert_uint_eq(pools->fallback.n_open, 1);
	db_pool_release(used);
	ck_assert_uint_eq(pools->fallback.n_open, 0);
}
END_TEST

enum { THREADS = 12, ROUNDS = 200 };
static atomic_int in_use;
static atomic_int most;
static atomic_int failures;

static void *use_and_return(void *arg)
{
	struct db_pool *p = arg;
	for (int i = 0; i < ROUNDS; i++) {
		struct db_conn *c = NULL;
		if (db_pool_acquire(p, &c) != ERR_OK) {
			atomic_fetch_add(&failures, 1);
			continue;
		}
		int n = atomic_fetch_add(&in_use, 1) + 1;
		int seen = atomic_load(&most);
		while (n > seen && !atomic_compare_exchange_weak(&most, &seen, n))
			continue;
		if (db_conn_run(c, STR("SELECT 1")) != ERR_OK)
			atomic_fetch_add(&failures, 1);
		c->broken = i % 10 == 9;
		atomic_fetch_sub(&in_use, 1);
		db_pool_release(c);
	}
	return NULL;
}

START_TEST(threads_share_no_more_than_there_are)
{
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, use_and_return, &pools->reads[0]), 0);
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	ck_assert_int_le(atomic_load(&most), 4);
	ck_assert_int_ge(atomic_load(&most), 2);
	ck_assert_uint_le(pools->reads[0].n_open, 4);
	ck_assert_uint_eq(pools->reads[0].n_open, pools->reads[0].n_idle);
	/* A wait of 50 ms may run out on a busy machine, not often. */
	ck_assert_int_lt(atomic_load(&failures), THREADS * ROUNDS / 10);
}
END_TEST

START_TEST(wrong_password_opens_the_breaker)
{
	struct db_pools *wrong = NULL;
	struct db_conn *c = NULL;
	config.db_password = "wrong";
	ck_assert_int_eq(db_pools_new(&config, &wrong), ERR_OK);
	for (int i = 0; i < 5; i++) {
		ck_assert(!breaker_is_open(&wrong->primary.breaker));
		ck_assert_int_eq(db_pool_acquire(&wrong->writes, &c), ERR_DB_CONNECT);
	}
	ck_assert(breaker_is_open(&wrong->primary.breaker));
	/* Refused at once, by the fallback of the same server too. */
	int64_t began = clock_monotonic();
	ck_assert_int_eq(db_pool_acquire(&wrong->fallback, &c), ERR_DB_CONNECT);
	ck_assert_int_lt(clock_monotonic() - began, 5000);
	ck_assert_uint_eq(wrong->writes.n_open, 0);
	db_pools_free(wrong);
}
END_TEST

START_TEST(ping_says_who_answers)
{
	bool primary = false;
	bool replica = false;
	struct db_pools *half = NULL;
	ck_assert_int_eq(db_pools_ping(pools, &primary, &replica), ERR_OK);
	ck_assert(primary && replica);
	config.db_replicas = "unix:/nowhere/at/all";
	ck_assert_int_eq(db_pools_new(&config, &half), ERR_OK);
	ck_assert_int_eq(db_pools_ping(half, &primary, &replica), ERR_OK);
	ck_assert(primary && !replica);
	db_pools_free(half);
	config.db_primary = "unix:/nowhere/at/all";
	config.db_replicas = pair.replica;
	ck_assert_int_eq(db_pools_new(&config, &half), ERR_OK);
	ck_assert_int_eq(db_pools_ping(half, &primary, &replica), ERR_OK);
	ck_assert(!primary && replica);
	db_pools_free(half);
}
END_TEST

static bool eventually_known(uint64_t seq)
{
	for (int i = 0; i < 40; i++) {
		if (db_pools_known(pools).seq >= seq)
			return true;
		(void)usleep(50000);
	}
	return false;
}

START_TEST(monitor_follows_the_replica)
{
	struct arena *a = arena_new(1 << 16);
	static const struct db_stmt put = {
		.name = "t.put",
		.sql = "INSERT INTO p SELECT COALESCE(MAX(k), 0) + 1 FROM p",
		.access = DB_WRITE
	};
	struct db *db = NULL;
	struct db_position p;
	ck_assert_uint_eq(db_pools_known(pools).seq, 0);
	ck_assert_int_eq(db_pools_start(pools), ERR_OK);
	ck_assert_int_eq(db_pools_start(pools), ERR_OK);
	ck_assert_int_eq(db_open_write(pools, a, &db), ERR_OK);
	ck_assert_int_eq(db_exec(db, &put, NULL, 0, NULL), ERR_OK);
	ck_assert_int_eq(db_commit(db, &p), ERR_OK);
	ck_assert_int_eq(p.epoch, 1); /* there is no cluster_state here */
	ck_assert(eventually_known(p.seq));
	ck_assert(db_endpoint_reached(&pools->replica[0], &p));
	/* What is not applied is not known. */
	pair_sql(1, "STOP SLAVE SQL_THREAD");
	ck_assert_int_eq(db_exec(db, &put, NULL, 0, NULL), ERR_OK);
	ck_assert_int_eq(db_commit(db, &p), ERR_OK);
	(void)usleep(700000);
	ck_assert_uint_lt(db_pools_known(pools).seq, p.seq);
	pair_sql(1, "START SLAVE SQL_THREAD");
	ck_assert(eventually_known(p.seq));
	int64_t began = clock_monotonic();
	db_pools_stop(pools);
	ck_assert_int_lt(clock_monotonic() - began, 200000);
	db_pools_stop(pools);
	db_close(db);
	arena_free(a);
}
END_TEST

START_TEST(monitor_closes_the_breaker)
{
	struct db_endpoint *e = &pools->replica[0];
	for (int i = 0; i < 5; i++)
		db_endpoint_report(e, BREAKER_PASS, false, "test");
	ck_assert(breaker_is_open(&e->breaker));
	ck_assert_int_eq(db_pools_start(pools), ERR_OK);
	for (int i = 0; i < 40 && breaker_is_open(&e->breaker); i++)
		(void)usleep(50000);
	ck_assert(!breaker_is_open(&e->breaker));
}
END_TEST

int main(void)
{
	mariadb_pair_start(schema, sizeof(schema) / sizeof(schema[0]));
	Suite *s = suite_create("db/pool");
	TCase *tc = tcase_create("endpoint");
	tcase_add_loop_test(tc, endpoint_is_parsed, 0,
			    (int)(sizeof(endpoints) / sizeof(endpoints[0])));
	tcase_add_test(tc, endpoint_that_is_too_long);
	suite_add_tcase(s, tc);
	tc = tcase_create("pool");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, exhausted_pool_gives_up_in_time);
	tcase_add_test(tc, last_in_is_first_out);
	tcase_add_test(tc, broken_session_frees_its_place);
	tcase_add_test(tc, flush_closes_those_in_use_later);
	tcase_add_test(tc, threads_share_no_more_than_there_are);
	tcase_add_test(tc, wrong_password_opens_the_breaker);
	tcase_add_test(tc, ping_says_who_answers);
	tcase_add_test(tc, monitor_follows_the_replica);
	tcase_add_test(tc, monitor_closes_the_breaker);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
