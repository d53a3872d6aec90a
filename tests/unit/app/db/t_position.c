/* SPDX-License-Identifier: Apache-2.0 */
#include "app/db/db_internal.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct db_position position(int64_t epoch, const char *gtid, uint64_t seq)
{
	struct db_position p = { .epoch = epoch, .seq = seq };
	(void)snprintf(p.gtid, sizeof(p.gtid), "%s", gtid);
	return p;
}

static void endpoint(struct db_endpoint *e)
{
	*e = (struct db_endpoint){ .primary = false };
	(void)pthread_mutex_init(&e->lock, NULL);
}

static const struct {
	const char *applied;
	int64_t epoch;
	const char *gtid;
	uint64_t seq;
	int64_t after_epoch;
	bool reached;
} cases[] = {
	{ "0-1-10", 1, "0-1-10", 10, 1, true },
	{ "0-1-10", 1, "0-1-11", 11, 1, false },
	{ "0-1-10", 1, "0-2-9", 9, 1, true },  /* another server of the domain */
	{ "0-1-10", 1, "1-1-9", 9, 1, false }, /* another domain */
	{ "0-1-10,1-1-20", 1, "1-1-20", 20, 1, true },
	{ "0-1-10,1-1-20", 1, "0-1-20", 20, 1, false },
	{ "0-2-10", 2, "0-1-9", 9, 1, true },  /* a commit before the promotion */
	{ "0-1-10", 1, "0-2-9", 9, 2, false }, /* not promoted here yet */
	{ "", 1, "0-1-1", 1, 1, false },
	{ "aa:1-10", 1, "aa:10", 10, 1, true },
	{ "aa:1-10", 1, "bb:1", 1, 1, false },
	{ "0-1-10", 1, "rubbish", 1, 1, false },
};

START_TEST(replica_has_reached)
{
	struct db_endpoint e;
	struct db_position after = position(cases[_i].after_epoch, cases[_i].gtid, cases[_i].seq);
	struct db_position none = { .seq = 0 };
	endpoint(&e);
	ck_assert(!db_endpoint_reached(&e, &after));
	db_endpoint_set_applied(&e, cases[_i].applied, cases[_i].epoch, 1, &none);
	ck_assert_int_eq(db_endpoint_reached(&e, &after), cases[_i].reached);
}
END_TEST

START_TEST(known_of_several_sources_is_that_of_the_commits)
{
	struct db_endpoint e;
	struct db_position latest = position(1, "1-1-90", 90);
	struct db_position none = { .seq = 0 };
	endpoint(&e);
	db_endpoint_set_applied(&e, "0-1-10,1-1-20", 3, 7, &latest);
	struct db_position known = db_endpoint_known(&e);
	ck_assert_str_eq(known.gtid, "1-1-20");
	ck_assert_uint_eq(known.seq, 20);
	ck_assert_int_eq(known.epoch, 3);
	ck_assert_int_eq(known.at, 7);
	/* Nobody can say which one: nothing is known. */
	db_endpoint_set_applied(&e, "0-1-10,1-1-20", 3, 7, &none);
	ck_assert_uint_eq(db_endpoint_known(&e).seq, 0);
}
END_TEST

START_TEST(what_was_seen_only_rises)
{
	struct db_endpoint e;
	static const struct {
		int64_t epoch;
		uint64_t seq;
		uint64_t known;
	} steps[] = { { 1, 10, 10 }, { 1, 9, 10 }, { 1, 11, 11 },
		      { 2, 3, 3 },   { 1, 99, 3 }, { 2, 0, 3 } };
	endpoint(&e);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct db_position p = position(steps[i].epoch, "0-1-1", steps[i].seq);
		db_endpoint_saw(&e, &p);
		ck_assert_uint_eq(db_endpoint_known(&e).seq, steps[i].known);
	}
}
END_TEST

START_TEST(a_restored_replica_falls_back)
{
	struct db_endpoint e;
	struct db_position none = { .seq = 0 };
	struct db_position after = position(1, "0-1-50", 50);
	endpoint(&e);
	db_endpoint_set_applied(&e, "0-1-100", 1, 1, &none);
	ck_assert(db_endpoint_reached(&e, &after));
	db_endpoint_set_applied(&e, "0-1-40", 1, 1, &none);
	ck_assert(!db_endpoint_reached(&e, &after));
	ck_assert_uint_eq(db_endpoint_known(&e).seq, 40);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("db/position");
	TCase *tc = tcase_create("all");
	tcase_add_loop_test(tc, replica_has_reached, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, known_of_several_sources_is_that_of_the_commits);
	tcase_add_test(tc, what_was_seen_only_rises);
	tcase_add_test(tc, a_restored_replica_falls_back);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
