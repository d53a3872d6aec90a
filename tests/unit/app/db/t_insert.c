/* SPDX-License-Identifier: Apache-2.0 */
#include "app/db/db.h"

#include "tests/unit/app/db/mariadb_pair.h"

static const char *const schema[] = {
	"CREATE TABLE remit.m (k BIGINT PRIMARY KEY, s VARCHAR(40), d DECIMAL(18,6))",
};

struct totals {
	int64_t n;
	int64_t sum;
	int64_t texts;
};
static const struct db_col cols[] = {
	DB_COL(struct totals, n, DB_I64),
	DB_COL(struct totals, sum, DB_I64),
	DB_COL(struct totals, texts, DB_I64),
};
static const struct db_stmt put = { .name = "t.put",
				    .sql = "INSERT INTO m (k, s, d) VALUES ",
				    .params = "isd",
				    .repeat = "(?,?,?)",
				    .access = DB_WRITE };
static const struct db_stmt totals = {
	.name = "t.totals",
	/* every third text is NULL, the others repeat the key; d is the key too */
	.sql = "SELECT COUNT(*), CAST(COALESCE(SUM(k), 0) AS SIGNED), CAST(COALESCE(SUM(CASE WHEN "
	       "(s IS NULL) = (k % 3 = 0) AND (s IS NULL OR s = CONCAT('v', k)) AND d = k THEN 1 "
	       "ELSE 0 END), 0) AS SIGNED) FROM m",
	.access = DB_READ,
	DB_COLS(cols, struct totals),
};

static struct db_pools *pools;
static struct arena *arena;
static struct db *db;

static void setup(void)
{
	struct config c = pair_config();
	c.db_replicas = "";
	ck_assert_int_eq(db_pools_new(&c, &pools), ERR_OK);
	arena = arena_new(4 << 20);
	ck_assert_int_eq(db_open_write(pools, arena, &db), ERR_OK);
}

static void teardown(void)
{
	db_close(db);
	arena_free(arena);
	db_pools_free(pools);
}

static struct db_arg *make(int64_t first, size_t n)
{
	struct db_arg *args = arena_array(arena, n * 3 + 1, sizeof(*args));
	for (size_t i = 0; i < n; i++) {
		int64_t k = first + (int64_t)i;
		char *text = arena_alloc(arena, 24);
		(void)snprintf(text, 24, "v%lld", (long long)k);
		args[i * 3] = db_i64(k);
		args[i * 3 + 1] = db_str(k % 3 == 0 ? STR_NONE : str_from(text));
		args[i * 3 + 2] = db_dec6(k * DEC6_ONE);
	}
	return args;
}

static void insert_and_count(size_t n)
{
	struct arena_mark m = arena_mark(arena);
	struct totals t;
	ck_assert_int_eq(db_insert_rows(db, &put, make(1, n), n * 3, n), ERR_OK);
	ck_assert_int_eq(db_one(db, &totals, NULL, 0, &t), ERR_OK);
	ck_assert_int_eq(t.n, (int64_t)n);
	ck_assert_int_eq(t.sum, (int64_t)(n * (n + 1) / 2));
	ck_assert_int_eq(t.texts, (int64_t)n);
	db_rollback(db);
	arena_rewind(arena, m);
}

START_TEST(every_number_of_rows)
{
	for (size_t n = 0; n <= 300; n++)
		insert_and_count(n);
	static const size_t more[] = { 383, 384, 385, 511, 512, 999, 1000 };
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		insert_and_count(more[i]);
}
END_TEST

START_TEST(few_statements)
{
	int64_t before;
	int64_t after;
	int64_t usec;
	insert_and_count(1000);
	db_cost(db, &before, &usec);
	insert_and_count(1000);
	db_cost(db, &after, &usec);
	/* 7 x 128, 64, 32, 8; the count; the rollback */
	ck_assert_int_eq(after - before, 10 + 2);
}
END_TEST

START_TEST(duplicate_in_a_later_batch_undoes_all)
{
	struct db_arg *args = make(1, 300);
	struct totals t;
	struct db_position p;
	args[299 * 3] = db_i64(1);
	ck_assert_int_eq(db_insert_rows(db, &put, args, 900, 300), ERR_DB_DUPLICATE);
	ck_assert_int_eq(db_commit(db, &p), ERR_DB_DUPLICATE);
	db_rollback(db);
	ck_assert_int_eq(db_one(db, &totals, NULL, 0, &t), ERR_OK);
	ck_assert_int_eq(t.n, 0);
}
END_TEST

START_TEST(wrong_number_of_arguments)
{
	ck_assert_int_eq(db_insert_rows(db, &put, make(1, 2), 5, 2), ERR_OK);
}
END_TEST

START_TEST(wrong_type_in_a_later_row)
{
	struct db_arg *args = make(1, 2);
	args[4] = db_bytes(STR("x"));
	ck_assert_int_eq(db_insert_rows(db, &put, args, 6, 2), ERR_OK);
}
END_TEST

/* A test that ends by a signal needs a process of its own (CK_FORK=no under sanitizers). */
static bool test_forks(void)
{
	const char *fork = getenv("CK_FORK");

	return fork == NULL || strcmp(fork, "no") != 0;
}

int main(void)
{
	mariadb_pair_start(schema, sizeof(schema) / sizeof(schema[0]));
	Suite *s = suite_create("db/insert");
	TCase *tc = tcase_create("rows");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_number_of_rows);
	tcase_add_test(tc, few_statements);
	tcase_add_test(tc, duplicate_in_a_later_batch_undoes_all);
	if (test_forks())
		tcase_add_test_raise_signal(tc, wrong_number_of_arguments, SIGABRT);
	if (test_forks())
		tcase_add_test_raise_signal(tc, wrong_type_in_a_later_row, SIGABRT);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
