/* SPDX-License-Identifier: Apache-2.0 */
#include "app/call/call.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/app/http/field_fixture.h"

START_TEST(test_fault)
{
	for (size_t i = 0; i < LIMIT_FAULTS + 3; i++) {
		ck_assert_int_eq(
			call_fault(&call, i == 0 ? STR("/first") : STR("/other"), "code", "detail"),
			ERR_VALIDATION);
		ck_assert_uint_eq(call.n_faults, i < LIMIT_FAULTS ? i + 1 : LIMIT_FAULTS);
	}
	ck_assert(str_eq(call.faults[0].pointer, STR("/first")));
	ck_assert_str_eq(call.faults[LIMIT_FAULTS - 1].code, "code");
	ck_assert_str_eq(call.faults[LIMIT_FAULTS - 1].detail, "detail");
}
END_TEST

START_TEST(test_pointer)
{
	struct arena *whole = call.arena;

	ck_assert(
		str_eq(call_pointer(&call, "lines", 3, "product_id"), STR("/lines/3/product_id")));
	ck_assert(str_eq(call_pointer(&call, "lines", 0, NULL), STR("/lines/0")));
	call.arena = arena_new(1);
	ck_assert_ptr_nonnull(call.arena);
	ck_assert(str_eq(call_pointer(&call, "lines", 3, "product_id"), STR("")));
	ck_assert(arena_overflowed(call.arena));
	arena_free(call.arena);
	call.arena = whole;
}
END_TEST

START_TEST(test_fail_and_conflict)
{
	ck_assert_int_eq(call_fail(&call, ERR_NOT_FOUND, "why"), ERR_NOT_FOUND);
	ck_assert_str_eq(call.detail, "why");
	ck_assert_int_eq(call_conflict(&call, "placed", STR("[\"cancel\"]"), "cannot be placed"),
			 ERR_STATE_CONFLICT);
	ck_assert(str_eq(call.state, STR("placed")));
	ck_assert(str_eq(call.actions, STR("[\"cancel\"]")));
	ck_assert_str_eq(call.detail, "cannot be placed");
}
END_TEST

START_TEST(test_check_version)
{
	static const struct {
		int64_t if_match, version;
		enum err e;
	} rows[] = {
		{ -1, 1, ERR_OK },   { -1, 0, ERR_OK },	   { 1, 1, ERR_OK },	{ 1, 2, ERR_STALE },
		{ 2, 1, ERR_STALE }, { -2, 1, ERR_STALE }, { 0, 1, ERR_STALE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		call.if_match = rows[i].if_match;
		call.version_checked = false;
		call.detail = NULL;
		ck_assert_int_eq(call_check_version(&call, rows[i].version), rows[i].e);
		ck_assert(call.version_checked);
		ck_assert_int_eq(call.detail != NULL, rows[i].e == ERR_STALE);
	}
}
END_TEST

START_TEST(test_touch)
{
	struct id ids[CALL_TOUCHED_MAX];

	call.account = id_new();
	for (size_t i = 0; i < CALL_TOUCHED_MAX; i++) {
		ids[i] = id_new();
		call_touch(&call, CACHE_ORDER, ids[i]);
		call_touch(&call, CACHE_ORDER, ids[i]);
		ck_assert_uint_eq(call.n_touched, i + 1);
	}
	for (size_t i = 0; i < CALL_TOUCHED_MAX; i++) {
		ck_assert_int_eq(call.touched[i].kind, CACHE_ORDER);
		ck_assert(id_eq(call.touched[i].id, ids[i]));
		ck_assert(id_eq(call.touched[i].account, call.account));
	}
	/* The same id of another kind is another object. */
	call.n_touched = 1;
	call_touch(&call, CACHE_INVOICE, ids[0]);
	ck_assert_uint_eq(call.n_touched, 2);
}
END_TEST

/* One too many ends the process: to forget it would leave an old object in the cache. */
START_TEST(test_touch_too_many)
{
	pid_t child;
	int status = 0;

	call.n_touched = CALL_TOUCHED_MAX;
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		(void)!freopen("/dev/null", "w", stderr);
		call_touch(&call, CACHE_ORDER, id_new());
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/call");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_fault);
	tcase_add_test(tc, test_pointer);
	tcase_add_test(tc, test_fail_and_conflict);
	tcase_add_test(tc, test_check_version);
	tcase_add_test(tc, test_touch);
	tcase_add_test(tc, test_touch_too_many);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
