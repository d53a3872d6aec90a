/* SPDX-License-Identifier: Apache-2.0 */
/* Values of every type there and back (statement.c, argument.c, row.c), on a real server. */
#include "app/db/db.h"

#include "tests/unit/app/db/mariadb_pair.h"

#include "app/db/db_internal.h"
#include "app/observe/metrics.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const schema[] = {
	"CREATE TABLE remit.v (k BIGINT PRIMARY KEY, a BINARY(16), i BIGINT, n INT, s LONGTEXT, "
	"b LONGBLOB, d DECIMAL(18,6), t DATETIME(6), y DATE, o BOOLEAN NOT NULL) "
	"CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
	"CREATE TABLE remit.odd (k INT PRIMARY KEY, wide BIGINT UNSIGNED, maybe BOOLEAN, "
	"id BINARY(8), d DECIMAL(30,10), y VARCHAR(20))",
	"INSERT INTO remit.odd VALUES (1, 18446744073709551615, NULL, 'abcdefgh', 1.0000000001, "
	"'x')",
};

struct row {
	struct id a;
	int64_t i;
	int32_t n;
	struct str s;
	struct str b;
	dec6 d;
	int64_t t;
	int32_t y;
	bool o;
};

static const struct db_col row_cols[] = {
	DB_COL(struct row, a, DB_ID),	 DB_COL(struct row, i, DB_I64),
	DB_COL(struct row, n, DB_I32),	 DB_COL(struct row, s, DB_STR),
	DB_COL(struct row, b, DB_BYTES), DB_COL(struct row, d, DB_DEC6),
	DB_COL(struct row, t, DB_TIME),	 DB_COL(struct row, y, DB_DATE),
	DB_COL(struct row, o, DB_BOOL),
};
static const struct db_col i64_cols[] = { DB_COL(struct row, i, DB_I64) };
static const struct db_col i32_cols[] = { DB_COL(struct row, n, DB_I32) };
static const struct db_col bool_cols[] = { DB_COL(struct row, o, DB_BOOL) };
static const struct db_col id_cols[] = { DB_COL(struct row, a, DB_ID) };
static const struct db_col dec_cols[] = { DB_COL(struct row, d, DB_DEC6) };
static const struct db_col str_cols[] = { DB_COL(struct row, s, DB_STR) };

enum { PUT, GET, FIND, DROP, WIDE, NARROW, MAYBE, SHORT_ID, FINE, SUM, SOME, COUNTS, N_STMTS };
static const struct db_stmt stmts[N_STMTS] = {
	[PUT] = { .name = "t.put",
		  .sql = "REPLACE INTO v (k,a,i,n,s,b,d,t,y,o) VALUES (?,?,?,?,?,?,?,?,?,?)",
		  .params = "iainsbdtyo",
		  .access = DB_WRITE },
	[GET] = { .name = "t.get",
		  .sql = "SELECT a,i,n,s,b,d,t,y,o FROM v WHERE k=?",
		  .params = "i",
		  .access = DB_READ,
		  DB_COLS(row_cols, struct row) },
	/* Each argument must compare equal to what it was stored as. */
	[FIND] = { .name = "t.find",
		   .sql = "SELECT a,i,n,s,b,d,t,y,o FROM v WHERE k=? AND a<=>? AND i<=>? AND n<=>? "
			  "AND s<=>? AND b<=>? AND d<=>? AND t<=>? AND y<=>? AND o=?",
		   .params = "iainsbdtyo",
		   .access = DB_READ,
		   DB_COLS(row_cols, struct row) },
	[DROP] = { .name = "t.drop", .sql = "DELETE FROM v", .access = DB_WRITE },
	[WIDE] = { .name = "t.wide",
		   .sql = "SELECT wide FROM odd",
		   .access = DB_READ,
		   DB_COLS(i64_cols, struct row) },
	[NARROW] = { .name = "t.narrow",
		     .sql = "SELECT 2147483648",
		     .access = DB_READ,
		     DB_COLS(i32_cols, struct row) },
	[MAYBE] = { .name = "t.maybe",
		    .sql = "SELECT maybe FROM odd",
		    .access = DB_READ,
		    DB_COLS(bool_cols, struct row) },
	[SHORT_ID] = { .name = "t.short_id",
		       .sql = "SELECT id FROM odd",
		       .access = DB_READ,
		       DB_COLS(id_cols, struct row) },
	[FINE] = { .name = "t.fine",
		   .sql = "SELECT d FROM odd",
		   .access = DB_READ,
		   DB_COLS(dec_cols, struct row) },
	[SUM] = { .name = "t.sum",
		  .sql = "SELECT SUM(k) FROM odd",
		  .access = DB_READ,
		  DB_COLS(i64_cols, struct row) },
	[SOME] = { .name = "t.list",
		   .sql = "SELECT s FROM v WHERE k >= ? ORDER BY k LIMIT ?",
		   .params = "ii",
		   .access = DB_READ,
		   DB_COLS(str_cols, struct row) },
	[COUNTS] = { .name = "t.counts", /* two columns, one declared */
		     .sql = "SELECT k, k FROM odd",
		     .access = DB_READ,
		     DB_COLS(i64_cols, struct row) },
};

static struct db_pools *pools;
static struct arena *arena;
static struct db *db;

static void setup(void)
{
	struct config c = pair_config();
	c.db_replicas = "";
	ck_assert_int_eq(db_pools_new(&c, &pools), ERR_OK);
	arena = arena_new(64 << 20);
	ck_assert_int_eq(db_open_write(pools, arena, &db), ERR_OK);
}

static void teardown(void)
{
	db_close(db);
	arena_free(arena);
	db_pools_free(pools);
}

static void put(const struct row *r)
{
	uint64_t affected = 0;
	ck_assert_int_eq(db_exec(db, &stmts[PUT],
				 DB_ARGS(db_i64(1), db_id(r->a), db_i64(r->i), db_i32(r->n),
					 db_str(r->s), db_bytes(r->b), db_dec6(r->d), db_time(r->t),
					 db_date(r->y), db_bool(r->o)),
				 &affected),
			 ERR_OK);
	ck_assert_uint_ge(affected, 1);
}

static void expect_str(struct str have, struct str want)
{
	ck_assert_int_eq(have.p == NULL, want.p == NULL);
	ck_assert_uint_eq(have.n, want.n);
	ck_assert(str_eq(have, want));
	/* A terminator follows what the database answers. */
	ck_assert(have.p == NULL || have.p[have.n] == '\0');
}

static void expect(const struct row *have, const struct row *want)
{
	ck_assert(id_eq(have->a, want->a));
	ck_assert_int_eq(have->i, want->i);
	ck_assert_int_eq(have->n, want->n);
	expect_str(have->s, want->s);
	expect_str(have->b, want->b);
	ck_assert_int_eq(have->d, want->d);
	ck_assert_int_eq(have->t, want->t);
	ck_assert_int_eq(have->y, want->y);
	ck_assert_int_eq(have->o, want->o);
}

static void there_and_back(const struct row *r)
{
	struct row have;
	put(r);
	memset(&have, 0x5a, sizeof(have));
	ck_assert_int_eq(db_one(db, &stmts[GET], DB_ARGS(db_i64(1)), &have), ERR_OK);
	expect(&have, r);
	memset(&have, 0x5a, sizeof(have));
	ck_assert_int_eq(db_one(db, &stmts[FIND],
				DB_ARGS(db_i64(1), db_id(r->a), db_i64(r->i), db_i32(r->n),
					db_str(r->s), db_bytes(r->b), db_dec6(r->d), db_time(r->t),
					db_date(r->y), db_bool(r->o)),
				&have),
			 ERR_OK);
	expect(&have, r);
}

static struct row absent(void)
{
	return (struct row){ .a = ID_NONE,
			     .i = INT64_MIN,
			     .n = -1,
			     .s = STR_NONE,
			     .b = STR_NONE,
			     .d = DEC6_NONE,
			     .t = TIME_NONE,
			     .y = DATE_NONE };
}

START_TEST(nulls)
{
	struct row r = absent();
	there_and_back(&r);
}
END_TEST

START_TEST(null_and_value_take_turns)
{
	struct row none = absent();
	struct row some = { .a = id_new(),
			    .i = 7,
			    .n = 8,
			    .s = STR("text"),
			    .b = STR("\0\xff"),
			    .d = 9,
			    .t = clock_now(),
			    .y = 20000,
			    .o = true };
	for (int i = 0; i < 3; i++) {
		there_and_back(&some);
		there_and_back(&none);
	}
}
END_TEST

static const size_t lengths[] = { 0, 1, 510, 511, 512, 513, 65535, 65536, 100000, 3000000 };

START_TEST(strings_of_length)
{
	size_t n = lengths[_i];
	struct row r = absent();
	char *p = arena_alloc(arena, n + 1);
	for (size_t i = 0; i < n; i++)
		p[i] = (char)('a' + i % 23);
	r.s = (struct str){ .p = p, .n = n };
	char *q = arena_alloc(arena, n + 1);
	for (size_t i = 0; i < n; i++)
		q[i] = (char)(i * 7 + 128);
	r.b = (struct str){ .p = q, .n = n };
	there_and_back(&r);
}
END_TEST

static const int64_t integers[] = { INT64_MIN + 1, -1, 0, 1, INT32_MAX, INT64_MAX };
static const int32_t small[] = { INT32_MIN, -2, 0, 1, 127, INT32_MAX };
static const dec6 decimals[] = { -DEC6_MAX, -DEC6_ONE - 1, -1, 0, 1, DEC6_ONE, DEC6_MAX };
static const int64_t times[] = { TIME_MIN,	  -1,	   0, 1, 951782399999999, 1700000000123456,
				 TIME_MAX - 1000, TIME_MAX };
static const int32_t dates[] = { DATE_MIN, -1, 0, 59, 11016, DATE_MAX };

START_TEST(limits)
{
	struct row r = absent();
	for (size_t i = 0; i < 8; i++) {
		r.i = integers[i % 6];
		r.n = small[i % 6];
		r.d = decimals[i % 7];
		r.t = times[i];
		r.y = dates[i % 6];
		r.o = i % 2 == 1;
		memset(r.a.b, (int)(i * 36 + 1), sizeof(r.a.b));
		r.s = STR("\xf0\x9f\x92\xb6 \xc3\xa9 '\"\\");
		there_and_back(&r);
	}
}
END_TEST

START_TEST(random_rows)
{
	const char *env = getenv("SEED");
	unsigned int seed = env == NULL ? (unsigned int)time(NULL) : (unsigned int)atoi(env);
	(void)fprintf(stderr, "random_rows: SEED=%u\n", seed);
	srandom(seed);
	for (int i = 0; i < 200; i++) {
		struct arena_mark m = arena_mark(arena);
		struct row r = absent();
		int64_t big = (int64_t)random() << 31 ^ random();
		char *p = arena_alloc(arena, 2000);
		for (int k = 0; k < 2000; k++)
			p[k] = (char)(random() % 95 + 32);
		if (random() % 4 != 0)
			r.a = id_new();
		if (random() % 4 != 0)
			r.i = random() % 2 == 0 ? big : -big;
		if (random() % 4 != 0)
			r.n = (int32_t)(random() % 1000);
		if (random() % 4 != 0)
			r.s = (struct str){ .p = p, .n = (size_t)(random() % 1200) };
		if (random() % 4 != 0)
			r.b = (struct str){ .p = p + 700, .n = (size_t)(random() % 1200) };
		if (random() % 4 != 0)
			r.d = big % (DEC6_MAX + 1) * (random() % 2 == 0 ? 1 : -1);
		if (random() % 4 != 0)
			r.t = TIME_MIN + big % (TIME_MAX - TIME_MIN);
		if (random() % 4 != 0)
			r.y = DATE_MIN + (int32_t)(big % (DATE_MAX - DATE_MIN));
		r.o = random() % 2 == 0;
		there_and_back(&r);
		arena_rewind(arena, m);
	}
}
END_TEST

/* What does not fit the struct is an error, never a wrong value. */
static const int misfits[] = { WIDE, NARROW, MAYBE, SHORT_ID, FINE, COUNTS };

START_TEST(misfit_is_an_error)
{
	struct row r;
	ck_assert_int_eq(db_one(db, &stmts[misfits[_i]], NULL, 0, &r), ERR_DB_STATEMENT);
	db_rollback(db);
	ck_assert_int_eq(db_one(db, &stmts[SUM], NULL, 0, &r), ERR_OK);
	ck_assert_int_eq(r.i, 1);
}
END_TEST

START_TEST(rows_up_to_max)
{
	struct row *rows = NULL;
	size_t n = 99;
	ck_assert_int_eq(db_exec(db, &stmts[DROP], NULL, 0, NULL), ERR_OK);
	ck_assert_int_eq(db_rows(db, &stmts[SOME], DB_ARGS(db_i64(0), db_i64(100)), 5, &rows, &n),
			 ERR_OK);
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_nonnull(rows);
	for (int64_t k = 0; k < 40; k++) {
		char text[8];
		(void)snprintf(text, sizeof(text), "%d", (int)k);
		ck_assert_int_eq(db_exec(db, &stmts[PUT],
					 DB_ARGS(db_i64(k), db_id(ID_NONE), db_i64(k), db_i32(0),
						 db_str(str_from(text)), db_bytes(STR_NONE),
						 db_dec6(0), db_time(0), db_date(0), db_bool(true)),
					 NULL),
				 ERR_OK);
	}
	static const size_t max[] = { 0, 1, 7, 8, 9, 39, 40, 41, 100 };
	for (size_t i = 0; i < sizeof(max) / sizeof(max[0]); i++) {
		ck_assert_int_eq(db_rows(db, &stmts[SOME], DB_ARGS(db_i64(0), db_i64(100)), max[i],
					 &rows, &n),
				 ERR_OK);
		ck_assert_uint_eq(n, max[i] < 40 ? max[i] : 40);
		for (size_t k = 0; k < n; k++)
			ck_assert_int_eq(atoi(rows[k].s.p), (int)k);
	}
}
END_TEST

START_TEST(full_arena_leaves_the_session_usable)
{
	struct arena *tiny = arena_new(20000);
	struct db *other = NULL;
	struct row r = absent();
	struct row have;
	char text[10000];
	memset(text, 'x', sizeof(text));
	r.s = (struct str){ .p = text, .n = sizeof(text) };
	put(&r);
	struct db_position p;
	ck_assert_int_eq(db_commit(db, &p), ERR_OK);
	ck_assert_int_eq(db_open_read(pools, tiny, (struct db_position){ .seq = 0 }, &other),
			 ERR_OK);
	enum err e = ERR_OK;
	for (int i = 0; i < 10 && e == ERR_OK; i++)
		e = db_one(other, &stmts[GET], DB_ARGS(db_i64(1)), &have);
	ck_assert_int_eq(e, ERR_NO_MEMORY);
	ck_assert_int_eq(db_one(other, &stmts[SUM], NULL, 0, &have), ERR_OK);
	db_close(other);
	arena_free(tiny);
}
END_TEST

/* More statements than a session keeps: the oldest go, all still work. */
START_TEST(statements_come_and_go)
{
	enum { MANY = DB_PREPARED_MAX + 50 };
	static struct db_stmt many[MANY];
	static char sql[MANY][32];
	struct row r;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < MANY; i++) {
			(void)snprintf(sql[i], sizeof(sql[i]), "SELECT %d", i);
			many[i] = (struct db_stmt){ .name = "t.many",
						    .sql = sql[i],
						    .access = DB_READ,
						    DB_COLS(i64_cols, struct row) };
			ck_assert_int_eq(db_one(db, &many[i], NULL, 0, &r), ERR_OK);
			ck_assert_int_eq(r.i, i);
			ck_assert_uint_le(db->conn->n_prepared, DB_PREPARED_MAX);
		}
	}
}
END_TEST

START_TEST(execution_is_one_round_trip)
{
	struct row r = absent();
	int64_t before;
	int64_t after;
	int64_t usec;
	put(&r);
	ck_assert_int_eq(db_one(db, &stmts[GET], DB_ARGS(db_i64(1)), &r), ERR_OK);
	db_cost(db, &before, &usec);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(db_one(db, &stmts[GET], DB_ARGS(db_i64(1)), &r), ERR_OK);
	db_cost(db, &after, &usec);
	ck_assert_int_eq(after - before, 5);
	ck_assert_int_gt(usec, 0);
}
END_TEST

START_TEST(table_changes_between_executions)
{
	struct row r = absent();
	struct db_position p;
	r.s = STR("before");
	put(&r);
	ck_assert_int_eq(db_commit(db, &p), ERR_OK);
	pair_sql(0, "ALTER TABLE remit.v ADD COLUMN later INT FIRST");
	there_and_back(&r);
	ck_assert_int_eq(db_commit(db, &p), ERR_OK);
	pair_sql(0, "ALTER TABLE remit.v DROP COLUMN later");
	there_and_back(&r);
}
END_TEST

/* Calls that no program may make: they abort. */

START_TEST(too_few_arguments)
{
	struct row r;
	ck_assert_int_eq(db_one(db, &stmts[SOME], DB_ARGS(db_i64(1)), &r), ERR_OK);
}
END_TEST

START_TEST(too_many_arguments)
{
	struct row r;
	ck_assert_int_eq(db_one(db, &stmts[SOME], DB_ARGS(db_i64(1), db_i64(1), db_i64(1)), &r),
			 ERR_OK);
}
END_TEST

START_TEST(arguments_for_none)
{
	struct row r;
	ck_assert_int_eq(db_one(db, &stmts[SUM], DB_ARGS(db_i64(1)), &r), ERR_OK);
}
END_TEST

START_TEST(argument_of_another_type)
{
	struct row r;
	ck_assert_int_eq(db_one(db, &stmts[SOME], DB_ARGS(db_i64(1), db_i32(1)), &r), ERR_OK);
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
	db_pools_declare(stmts, N_STMTS);
	Suite *s = suite_create("db/statement");
	TCase *tc = tcase_create("values");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nulls);
	tcase_add_test(tc, null_and_value_take_turns);
	tcase_add_loop_test(tc, strings_of_length, 0, (int)(sizeof(lengths) / sizeof(lengths[0])));
	tcase_add_test(tc, limits);
	tcase_add_test(tc, random_rows);
	tcase_add_loop_test(tc, misfit_is_an_error, 0, (int)(sizeof(misfits) / sizeof(misfits[0])));
	tcase_add_test(tc, rows_up_to_max);
	tcase_add_test(tc, full_arena_leaves_the_session_usable);
	tcase_add_test(tc, statements_come_and_go);
	tcase_add_test(tc, execution_is_one_round_trip);
	tcase_add_test(tc, table_changes_between_executions);
	suite_add_tcase(s, tc);
	TCase *aborts = tcase_create("aborts");
	tcase_add_checked_fixture(aborts, setup, teardown);
	if (test_forks())
		tcase_add_test_raise_signal(aborts, too_few_arguments, SIGABRT);
	if (test_forks())
		tcase_add_test_raise_signal(aborts, too_many_arguments, SIGABRT);
	if (test_forks())
		tcase_add_test_raise_signal(aborts, arguments_for_none, SIGABRT);
	if (test_forks())
		tcase_add_test_raise_signal(aborts, argument_of_another_type, SIGABRT);
	suite_add_tcase(s, aborts);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
