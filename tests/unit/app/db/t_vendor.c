/* SPDX-License-Identifier: Apache-2.0 */
#include "app/db/db_internal.h"

#include <check.h>
#include <stdlib.h>

static const struct {
	const char *gtid;
	const char *source; /* NULL: no GTID */
	uint64_t seq;
} gtids[] = {
	{ "0-1-123", "0", 123 },
	{ "7-4294967295-9223372036854775807", "7", INT64_MAX },
	{ "3e11fa47-71ca-11e1-9e33-c80aa9429562:23", "3e11fa47-71ca-11e1-9e33-c80aa9429562", 23 },
	{ "", NULL, 0 },
	{ "0", NULL, 0 },
	{ "0-1", NULL, 0 },
	{ "0-1-", NULL, 0 },
	{ "0-1-x", NULL, 0 },
	{ "0-1--1", NULL, 0 },
	{ "0-1-9223372036854775808", NULL, 0 },
	{ "uuid:", NULL, 0 },
	{ "uuid:1-2", NULL, 0 },
};

START_TEST(gtid_is_split)
{
	struct str source = STR("untouched");
	uint64_t seq = 0;
	bool ok = db_gtid_split(str_from(gtids[_i].gtid), &source, &seq);
	ck_assert_int_eq(ok, gtids[_i].source != NULL);
	if (ok) {
		ck_assert(str_eq_z(source, gtids[_i].source));
		ck_assert_uint_eq(seq, gtids[_i].seq);
	} else {
		ck_assert(str_eq_z(source, "untouched"));
	}
}
END_TEST

static const struct {
	const char *set;
	const char *source; /* NULL: the only entry */
	const char *gtid;   /* NULL: not found */
	uint64_t seq;
} sets[] = {
	{ "0-1-5", NULL, "0-1-5", 5 },
	{ "0-1-5", "0", "0-1-5", 5 },
	{ "0-1-5", "1", NULL, 0 },
	{ "", NULL, NULL, 0 },
	{ "", "0", NULL, 0 },
	{ "0-1-5,1-1-9", NULL, NULL, 0 },
	{ "0-1-5,1-2-9", "1", "1-2-9", 9 },
	{ "10-1-5,1-2-9", "0", NULL, 0 },
	/* MySQL: only what has no gap before it counts */
	{ "aa:1-23", "aa", "aa:23", 23 },
	{ "aa:1-23:25-30", "aa", "aa:23", 23 },
	{ "aa:1", NULL, "aa:1", 1 },
	{ "aa:2-30", "aa", NULL, 0 },
	{ "aa:1-23,\nbb:1-7", "bb", "bb:7", 7 },
	{ "aa:1-23,\nbb:1-7", NULL, NULL, 0 },
};

START_TEST(entry_of_a_set_is_found)
{
	struct db_position p = { .seq = 99 };
	bool ok = db_gtid_find(str_from(sets[_i].set), str_from(sets[_i].source), &p);
	ck_assert_int_eq(ok, sets[_i].gtid != NULL);
	ck_assert_uint_eq(p.seq, ok ? sets[_i].seq : 99);
	if (ok)
		ck_assert_str_eq(p.gtid, sets[_i].gtid);
}
END_TEST

static const struct {
	const char *set;
	const char *want;
	bool behind;
} behinds[] = {
	{ "0-1-5", "0-1-5", false },
	{ "0-1-5", "0-1-6", true },
	{ "0-1-5", "0-2-4", false }, /* another server of the domain */
	{ "0-1-5", "0-2-6", true },
	{ "0-1-5,1-1-9", "0-1-5,1-1-9", false },
	{ "0-1-5,1-1-9", "0-1-5,1-1-10", true },
	{ "0-1-5,1-1-9", "0-1-6,1-1-9", true },
	{ "0-1-5", "0-1-5,1-1-9", false }, /* not named, not judged */
	{ "", "0-1-5", false },
	{ "0-1-5", "", false },
	{ "0-1-5", "rubbish", false },
	{ "aa:1-23,\nbb:1-7", "aa:1-23,\nbb:1-7", false },
	{ "aa:1-23,\nbb:1-7", "aa:1-23,\nbb:1-8", true },
	{ "aa:1-22:24-30", "aa:1-23", true },
};

START_TEST(set_is_behind)
{
	ck_assert_int_eq(db_gtid_behind(str_from(behinds[_i].set), str_from(behinds[_i].want)),
			 behinds[_i].behind);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("db/vendor");
	TCase *tc = tcase_create("gtid");
	tcase_add_loop_test(tc, gtid_is_split, 0, (int)(sizeof(gtids) / sizeof(gtids[0])));
	tcase_add_loop_test(tc, set_is_behind, 0, (int)(sizeof(behinds) / sizeof(behinds[0])));
	tcase_add_loop_test(tc, entry_of_a_set_is_found, 0, (int)(sizeof(sets) / sizeof(sets[0])));
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
