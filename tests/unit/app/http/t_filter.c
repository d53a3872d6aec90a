/* SPDX-License-Identifier: Apache-2.0 */
/* Time of creation and cursor as a range of ids. */
#include "app/http/filter.h"

#include <check.h>
#include <stdlib.h>

#define T INT64_C(1700000000000000) /* a full millisecond */

static const struct created_filter open_filter = { TIME_NONE, TIME_NONE, TIME_NONE, TIME_NONE };

static bool within(const struct call *c, const struct created_filter *f, struct id id)
{
	const struct id_range r = filter_id_range(c, f);

	return id_cmp(r.low, id) < 0 && id_cmp(id, r.high) < 0;
}

START_TEST(test_bounds)
{
	const struct call c = { .if_match = -1 };
	/* bounds between two milliseconds and on one; which of T-1ms, T, T+1ms are within */
	static const struct {
		struct created_filter filter;
		bool before, at, after;
	} rows[] = {
		{ { TIME_NONE, TIME_NONE, TIME_NONE, TIME_NONE }, true, true, true },
		{ { T, TIME_NONE, TIME_NONE, TIME_NONE }, false, true, true },
		{ { T + 1, TIME_NONE, TIME_NONE, TIME_NONE }, false, false, true },
		{ { T - 999, TIME_NONE, TIME_NONE, TIME_NONE }, false, true, true },
		{ { TIME_NONE, T, TIME_NONE, TIME_NONE }, false, false, true },
		{ { TIME_NONE, T + 999, TIME_NONE, TIME_NONE }, false, false, true },
		{ { TIME_NONE, T - 1, TIME_NONE, TIME_NONE }, false, true, true },
		{ { TIME_NONE, TIME_NONE, T, TIME_NONE }, true, true, false },
		{ { TIME_NONE, TIME_NONE, T + 999, TIME_NONE }, true, true, false },
		{ { TIME_NONE, TIME_NONE, T - 1, TIME_NONE }, true, false, false },
		{ { TIME_NONE, TIME_NONE, TIME_NONE, T }, true, false, false },
		{ { TIME_NONE, TIME_NONE, TIME_NONE, T + 1 }, true, true, false },
		{ { T, TIME_NONE, TIME_NONE, T }, false, false, false },
		{ { TIME_MIN, TIME_NONE, TIME_MAX - 999999, TIME_NONE }, true, true, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int n = 0; n < 20; n++) {
			const struct created_filter *f = &rows[i].filter;

			ck_assert_msg(within(&c, f, id_new_at(T - 1000)) == rows[i].before, "%zu",
				      i);
			ck_assert_msg(within(&c, f, id_new_at(T)) == rows[i].at, "%zu", i);
			ck_assert_msg(within(&c, f, id_new_at(T + 1000)) == rows[i].after, "%zu",
				      i);
		}
		ck_assert(within(&c, &open_filter, id_first_at(0)));
	}
}
END_TEST

START_TEST(test_cursor)
{
	const struct id last = id_new_at(T);
	struct call c = { .page = { .has_after = true, .after = last, .descending = true } };

	ck_assert(!within(&c, &open_filter, last));
	ck_assert(within(&c, &open_filter, id_new_at(T - 1000)));
	ck_assert(!within(&c, &open_filter, id_new_at(T + 1000)));
	c.page.descending = false;
	ck_assert(!within(&c, &open_filter, last));
	ck_assert(!within(&c, &open_filter, id_new_at(T - 1000)));
	ck_assert(within(&c, &open_filter, id_new_at(T + 1000)));
	/* the cursor narrows a filter, never widens it */
	ck_assert(!within(&c, &(struct created_filter){ TIME_NONE, TIME_NONE, T, TIME_NONE },
			  id_new_at(T + 1000)));
}
END_TEST

/* An open range leaves no bound that the database would take for NULL. */
START_TEST(test_no_bound_is_none)
{
	const struct call c = { .if_match = -1 };
	const struct id_range r = filter_id_range(&c, &open_filter);

	ck_assert(!id_is_none(r.low));
	ck_assert(!id_is_none(r.high));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/http/filter");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, test_bounds);
	tcase_add_test(tc, test_cursor);
	tcase_add_test(tc, test_no_bound_is_none);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
