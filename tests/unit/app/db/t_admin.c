/* SPDX-License-Identifier: Apache-2.0 */
#include "app/db/db.h"

#include "tests/unit/app/db/mariadb_pair.h"

static const char *const schema[] = {
	"CREATE TABLE remit.c (id BINARY(16) PRIMARY KEY, i BIGINT, n TINYINT, s VARCHAR(20), j "
	"JSON, "
	"b VARBINARY(32), d DECIMAL(18,6), fine DECIMAL(18,7), t DATETIME(6), y DATE, o BOOLEAN, "
	"half BINARY(8)) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
};

struct row {
	struct id id;
	int64_t i;
	int32_t n;
	struct str s;
	dec6 d;
	bool o;
};

static struct db_admin *admin;
static struct arena *arena;

static void setup(void)
{
	struct config c = pair_config();
	struct str message = STR_NONE;
	arena = arena_new(1 << 20);
	ck_assert_int_eq(db_admin_open(&c, c.db_user, c.db_password, &admin, &message), ERR_OK);
}

static void teardown(void)
{
	db_admin_close(admin);
	arena_free(arena);
}

START_TEST(wrong_password_says_so)
{
	struct config c = pair_config();
	struct db_admin *d = NULL;
	struct str message = STR_NONE;
	ck_assert_int_eq(db_admin_open(&c, "remit", "wrong", &d, &message), ERR_DB_CONNECT);
	ck_assert_ptr_nonnull(message.p);
	ck_assert_ptr_nonnull(strstr(message.p, "1045"));
	c.db_primary = "nonsense";
	ck_assert_int_eq(db_admin_open(&c, "remit", "wrong", &d, &message), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(message.p, "db_primary"));
}
END_TEST

START_TEST(values)
{
	struct str v = STR("before");
	ck_assert_int_eq(db_admin_value(admin, arena, STR("SELECT 'a\\0b', 2"), &v), ERR_OK);
	ck_assert(str_eq(v, STR("a\0b")));
	ck_assert_int_eq(db_admin_value(admin, arena, STR("SELECT ''"), &v), ERR_OK);
	ck_assert(str_eq(v, STR("")) && v.p != NULL);
	ck_assert_int_eq(db_admin_value(admin, arena, STR("SELECT NULL"), &v), ERR_OK);
	ck_assert_ptr_null(v.p);
	ck_assert_int_eq(db_admin_value(admin, arena, STR("SELECT 1 FROM c"), &v), ERR_NOT_FOUND);
	ck_assert_int_eq(db_admin_value(admin, arena, STR("SELECT 1 UNION SELECT 2"), &v), ERR_OK);
	ck_assert(str_eq_z(v, "1"));
	ck_assert_int_eq(db_admin_value(admin, arena, STR("SELEKT"), &v), ERR_DB_STATEMENT);
	ck_assert_ptr_nonnull(strstr(db_admin_message(admin), "1064"));
	ck_assert_int_eq(db_admin_value(admin, arena, STR("SET @a = 1"), &v), ERR_NOT_FOUND);
	ck_assert_int_eq(db_admin_value(admin, arena, STR("SELECT @@time_zone"), &v), ERR_OK);
	ck_assert(str_eq_z(v, "+00:00"));
}
END_TEST

START_TEST(one_statement_at_a_time)
{
	ck_assert_int_eq(db_admin_exec(admin, STR("SELECT 1; SELECT 2")), ERR_DB_STATEMENT);
	ck_assert_int_eq(db_admin_exec(admin, STR("CREATE TABLE x (k INT PRIMARY KEY)")), ERR_OK);
	ck_assert_int_eq(db_admin_exec(admin, STR("INSERT INTO x VALUES (1)")), ERR_OK);
	ck_assert_int_eq(db_admin_exec(admin, STR("INSERT INTO x VALUES (1)")), ERR_DB_DUPLICATE);
	ck_assert_ptr_nonnull(strstr(db_admin_message(admin), "1062 (23000)"));
	ck_assert_int_eq(db_admin_exec(admin, STR("DROP TABLE x")), ERR_OK);
}
END_TEST

#define ONE(member, type)                                            \
	(const struct db_col[]){ DB_COL(struct row, member, type) }, \
		.n_cols = 1, .row_size = sizeof(struct row)

static const struct {
	struct db_stmt stmt;
	const char *message; /* NULL: fits; else a part of the message */
} checks[] = {
	{ { .sql = "SELECT id FROM c", .cols = ONE(id, DB_ID) }, NULL },
	{ { .sql = "SELECT MAX(id) FROM c", .cols = ONE(id, DB_ID) }, NULL },
	{ { .sql = "SELECT i FROM c", .cols = ONE(i, DB_I64) }, NULL },
	{ { .sql = "SELECT n FROM c", .cols = ONE(i, DB_I64) }, NULL },
	{ { .sql = "SELECT COUNT(*) FROM c", .cols = ONE(i, DB_I64) }, NULL },
	{ { .sql = "SELECT SUM(i) FROM c", .cols = ONE(i, DB_I64) }, NULL },
	{ { .sql = "SELECT n FROM c", .cols = ONE(n, DB_I32) }, NULL },
	{ { .sql = "SELECT s FROM c", .cols = ONE(s, DB_STR) }, NULL },
	{ { .sql = "SELECT j FROM c", .cols = ONE(s, DB_STR) }, NULL },
	{ { .sql = "SELECT b FROM c", .cols = ONE(s, DB_BYTES) }, NULL },
	{ { .sql = "SELECT d FROM c", .cols = ONE(d, DB_DEC6) }, NULL },
	{ { .sql = "SELECT t FROM c", .cols = ONE(i, DB_TIME) }, NULL },
	{ { .sql = "SELECT y FROM c", .cols = ONE(n, DB_DATE) }, NULL },
	{ { .sql = "SELECT o FROM c", .cols = ONE(o, DB_BOOL) }, NULL },
	{ { .sql = "SELECT id FROM c WHERE i=? AND s=?", .params = "is", .cols = ONE(id, DB_ID) },
	  NULL },
	{ { .sql = "INSERT INTO c (id, i) VALUES ",
	    .params = "ai",
	    .repeat = "(?,?)",
	    .access = DB_WRITE },
	  NULL },
	/* wrong counts */
	{ { .sql = "SELECT id FROM c WHERE i=?", .cols = ONE(id, DB_ID) }, "number of parameters" },
	{ { .sql = "SELECT id FROM c WHERE i=?", .params = "ii", .cols = ONE(id, DB_ID) },
	  "number of parameters" },
	{ { .sql = "SELECT id, i FROM c", .cols = ONE(id, DB_ID) }, "number of columns" },
	{ { .sql = "SELECT id FROM c" }, "number of columns" },
	{ { .sql = "UPDATE c SET i=1", .cols = ONE(i, DB_I64), .access = DB_WRITE },
	  "number of columns" },
	{ { .sql = "INSERT INTO c (id, i) VALUES ",
	    .params = "a",
	    .repeat = "(?,?)",
	    .access = DB_WRITE },
	  "number of parameters" },
	/* wrong types */
	{ { .sql = "SELECT half FROM c", .cols = ONE(id, DB_ID) }, "does not fit" },
	{ { .sql = "SELECT s FROM c", .cols = ONE(i, DB_I64) }, "does not fit" },
	{ { .sql = "SELECT d FROM c", .cols = ONE(i, DB_I64) }, "does not fit" },
	{ { .sql = "SELECT fine FROM c", .cols = ONE(d, DB_DEC6) }, "does not fit" },
	{ { .sql = "SELECT i FROM c", .cols = ONE(d, DB_DEC6) }, "does not fit" },
	{ { .sql = "SELECT i * 0.1e0 FROM c", .cols = ONE(d, DB_DEC6) }, "does not fit" },
	{ { .sql = "SELECT b FROM c", .cols = ONE(s, DB_STR) }, "does not fit" },
	{ { .sql = "SELECT s FROM c", .cols = ONE(s, DB_BYTES) }, "does not fit" },
	{ { .sql = "SELECT y FROM c", .cols = ONE(i, DB_TIME) }, "does not fit" },
	{ { .sql = "SELECT t FROM c", .cols = ONE(n, DB_DATE) }, "does not fit" },
	{ { .sql = "SELECT s FROM c", .cols = ONE(o, DB_BOOL) }, "does not fit" },
	/* wrong otherwise */
	{ { .sql = "SELECT nothing FROM c", .cols = ONE(i, DB_I64) }, "1054" },
	{ { .sql = "SELECT id FROM c FOR UPDATE", .cols = ONE(id, DB_ID) }, "only reads" },
	{ { .sql = "DELETE FROM c" }, "only reads" },
	{ { .sql = "SELECT id FROM c",
	    .cols = (const struct db_col[]){ { .type = DB_ID, .offset = 8 } },
	    .n_cols = 1,
	    .row_size = 16 },
	  "outside of the row" },
};

START_TEST(signature_is_compared)
{
	struct db_stmt s = checks[_i].stmt;
	s.name = "t.check";
	if (s.access == 0)
		s.access = DB_READ;
	enum err e = db_admin_check(admin, &s);
	if (checks[_i].message == NULL) {
		ck_assert_msg(e == ERR_OK, "%s", db_admin_message(admin));
	} else {
		ck_assert_msg(e == ERR_DB_STATEMENT, "%s", s.sql);
		ck_assert_msg(strstr(db_admin_message(admin), checks[_i].message) != NULL, "%s",
			      db_admin_message(admin));
		ck_assert_ptr_nonnull(strstr(db_admin_message(admin), "t.check"));
	}
	/* The connection goes on. */
	struct str v;
	ck_assert_int_eq(db_admin_value(admin, arena, STR("SELECT 1"), &v), ERR_OK);
}
END_TEST

int main(void)
{
	mariadb_pair_start(schema, sizeof(schema) / sizeof(schema[0]));
	Suite *s = suite_create("db/admin");
	TCase *tc = tcase_create("all");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, wrong_password_says_so);
	tcase_add_test(tc, values);
	tcase_add_test(tc, one_statement_at_a_time);
	tcase_add_loop_test(tc, signature_is_compared, 0,
			    (int)(sizeof(checks) / sizeof(checks[0])));
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
