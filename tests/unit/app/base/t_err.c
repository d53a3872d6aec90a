/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/err.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(test_ok)
{
	ck_assert_int_eq(ERR_OK, 0);
	ck_assert_int_eq(err_status(ERR_OK), 200);
	ck_assert_ptr_null(err_code(ERR_OK));
	ck_assert_str_eq(err_name(ERR_OK), "OK");
	ck_assert(!err_retryable(ERR_OK));
}
END_TEST

START_TEST(test_rows)
{
	static const struct {
		enum err e;
		int status;
		const char *code;
		const char *name;
		bool retryable;
	} rows[] = {
		{ ERR_MALFORMED, 400, "malformed_request", "MALFORMED", false },
		{ ERR_NOT_FOUND, 404, "not_found", "NOT_FOUND", false },
		{ ERR_STALE, 412, "precondition_failed", "STALE", false },
		{ ERR_OVERFLOW, 422, "amount_overflow", "OVERFLOW", false },
		{ ERR_RATE_LIMITED, 429, "rate_limited", "RATE_LIMITED", true },
		{ ERR_DEADLINE, 504, "deadline_exceeded", "DEADLINE", true },
		{ ERR_DB_DEADLOCK, 503, NULL, "DB_DEADLOCK", true },
		{ ERR_CACHE_DOWN, 503, NULL, "CACHE_DOWN", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(err_status(rows[i].e), rows[i].status);
		ck_assert_pstr_eq(err_code(rows[i].e), rows[i].code);
		ck_assert_str_eq(err_name(rows[i].e), rows[i].name);
		ck_assert_int_eq(err_retryable(rows[i].e), rows[i].retryable);
	}
}
END_TEST

START_TEST(test_every_row_is_complete)
{
	for (int i = 1; i < ERR_MAX; i++) {
		enum err e = (enum err)i;

		ck_assert_msg(err_status(e) >= 400 && err_status(e) <= 599, "%s", err_name(e));
		ck_assert_ptr_nonnull(err_title(e));
		ck_assert_uint_gt(strlen(err_title(e)), 0);
		ck_assert_uint_gt(strlen(err_name(e)), 0);
	}
}
END_TEST

/* Codes are one to one with rows, and what clients compare must be snake_case. */
START_TEST(test_codes_are_unique)
{
	size_t public = 0;

	for (int i = 0; i < ERR_MAX; i++) {
		const char *code = err_code((enum err)i);

		if (code == NULL)
			continue;
		public++;
		ck_assert_int_eq(err_from_code(code), i);
		ck_assert_uint_eq(strspn(code, "abcdefghijklmnopqrstuvwxyz_"), strlen(code));
	}
	ck_assert_uint_gt(public, 20);
}
END_TEST

START_TEST(test_unknown_codes)
{
	ck_assert_int_eq(err_from_code("no_such_code"), ERR_MAX);
	ck_assert_int_eq(err_from_code(""), ERR_MAX);
	ck_assert_int_eq(err_from_code(NULL), ERR_MAX);
	ck_assert_int_eq(err_from_code("NOT_FOUND"), ERR_MAX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/base/err");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_ok);
	tcase_add_test(tc, test_rows);
	tcase_add_test(tc, test_every_row_is_complete);
	tcase_add_test(tc, test_codes_are_unique);
	tcase_add_test(tc, test_unknown_codes);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
