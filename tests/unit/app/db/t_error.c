/* SPDX-License-Identifier: Apache-2.0 */
#include "app/db/db_internal.h"

#include <check.h>
#include <stdlib.h>

static const struct {
	unsigned int number;
	enum err err;
	bool ends;
} cases[] = {
	{ 1062, ERR_DB_DUPLICATE, false },
	{ 1213, ERR_DB_DEADLOCK, false },
	{ 1205, ERR_DB_LOCK_WAIT, false },
	{ 1969, ERR_DB_TIMEOUT, false },
	{ 3024, ERR_DB_TIMEOUT, false },
	{ 1317, ERR_DB_TIMEOUT, false },
	{ 1290, ERR_DB_READ_ONLY, false },
	{ 1047, ERR_DB_CONNECT, true },
	{ 1040, ERR_DB_CONNECT, true },
	{ 2002, ERR_DB_CONNECT, true },
	{ 2003, ERR_DB_CONNECT, true },
	{ 2006, ERR_DB_LOST, true },
	{ 2013, ERR_DB_LOST, true },
	{ 1927, ERR_DB_LOST, true },
	{ 4025, ERR_DB_CHECK, false },
	{ 3819, ERR_DB_CHECK, false },
	{ 1054, ERR_DB_STATEMENT, false },
	{ 1146, ERR_DB_STATEMENT, false },
	{ 0, ERR_DB_STATEMENT, false },
	{ 2014, ERR_DB_STATEMENT, true },
	{ 4294967295U, ERR_DB_STATEMENT, false },
};

START_TEST(each_number_has_its_class)
{
	ck_assert_int_eq(db_error_from(cases[_i].number), cases[_i].err);
	ck_assert_int_eq(db_error_ends_session(cases[_i].number), cases[_i].ends);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("db/error");
	TCase *tc = tcase_create("all");
	tcase_add_loop_test(tc, each_number_has_its_class, 0,
			    (int)(sizeof(cases) / sizeof(cases[0])));
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
