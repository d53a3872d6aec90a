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

/*
 * A history: at each step (every 250 ms) the replica is judged by what it has applied, then the
 * primary is asked, as the monitor does.
 */
enum { STEP = 250000, LIMIT = 5000000, SILENT = -1, START = 1000000000 };

struct history {
	struct db_endpoint e;
	struct db_looks looks;
	int64_t now;
};

static struct history history;

static void history_begin(void)
{
	history = (struct history){ .now = START };
	endpoint(&history.e);
}

/* The lag as judged. `primary` is SILENT when it does not answer. */
static int64_t step(int64_t replica, int64_t primary)
{
	char set[DB_GTID_SET_MAX];
	(void)snprintf(set, sizeof(set), "0-1-%lld", (long long)replica);
	db_endpoint_judge(&history.e, &history.looks, set, history.now, LIMIT);
	if (primary == SILENT) {
		history.looks.silent = true;
	} else {
		(void)snprintf(set, sizeof(set), "0-1-%lld", (long long)primary);
		db_looks_add(&history.looks, set, history.now);
	}
	history.now += STEP;
	return atomic_load(&history.e.lag);
}

START_TEST(no_lag_where_it_keeps_up)
{
	history_begin();
	/* It never has the newest commits, always those of the look before. */
	for (int64_t i = 1; i < 1000; i++)
		ck_assert_int_eq(step(100 * i - 99, 100 * i), 0);
	/* An idle primary. */
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(step(99900, 99900), 0);
}
END_TEST

START_TEST(lag_is_the_age_of_its_data)
{
	int delay = 1 + _i; /* steps that it is behind all the time */
	history_begin();
	for (int64_t i = 1; i < 4 * DB_LOOKS; i++) {
		int64_t lag = step(i > delay ? i - delay : 1, i);
		if (i <= delay)
			continue;
		ck_assert_int_eq(lag, delay == 1 ? 0 : delay * STEP);
	}
}
END_TEST

START_TEST(lag_grows_while_it_stands)
{
	history_begin();
	for (int64_t i = 1; i < 10; i++)
		(void)step(i, i);
	/* Without writes it stands for nobody. */
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(step(9, 9), 0);
	ck_assert_int_eq(step(9, 10), 0);
	for (int64_t i = 2; i < 200; i++)
		ck_assert_int_eq(step(9, 9 + i), i * STEP);
	/* Nearer by the lag it had left, then there. */
	ck_assert_int_eq(step(207, 208), 2 * STEP);
	ck_assert_int_eq(step(208, 208), 0);
}
END_TEST

START_TEST(far_behind_from_the_start)
{
	history_begin();
	/* Before there is a look nothing is known. */
	ck_assert_int_eq(step(1, 100), 0);
	ck_assert_int_gt(step(1, 100), LIMIT);
	ck_assert_int_gt(step(2, 100), LIMIT);
	ck_assert_int_eq(step(100, 100), 0);
}
END_TEST

START_TEST(silent_primary_leaves_the_judgement)
{
	int64_t behind = _i; /* steps, when it falls silent */
	history_begin();
	for (int64_t i = 1; i < 50; i++)
		(void)step(i, i);
	for (int64_t i = 0; i < behind; i++)
		(void)step(49, 50 + i);
	int64_t lag = step(49, SILENT);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(step(49, SILENT), lag);
	/* It speaks again: time goes on from there, the silence does not count. */
	ck_assert_int_eq(step(49, 100), lag);
	ck_assert_int_eq(step(49, 101), lag + STEP);
	ck_assert_int_eq(step(49, 102), lag + 2 * STEP);
	ck_assert_int_eq(step(102, 102), 0);
}
END_TEST

START_TEST(comes_back_while_the_primary_is_silent)
{
	history_begin();
	for (int64_t i = 1; i < 10; i++)
		(void)step(i, i);
	for (int64_t i = 10; i < 50; i++)
		(void)step(9, i);
	ck_assert_int_gt(step(9, SILENT), LIMIT);
	ck_assert_int_gt(step(48, SILENT), 0);
	ck_assert_int_eq(step(49, SILENT), 0);
	ck_assert_int_eq(step(49, SILENT), 0);
}
END_TEST

START_TEST(a_monitor_that_slept_blames_nobody)
{
	history_begin();
	for (int64_t i = 1; i < 10; i++)
		(void)step(i, i);
	history.now += 60 * LIMIT;
	ck_assert_int_eq(step(900, 901), 0);
	ck_assert_int_eq(step(901, 902), 0);
	/* One that really is behind is found a round later. */
	history.now += 60 * LIMIT;
	ck_assert_int_eq(step(902, 2000), 0);
	ck_assert_int_gt(step(902, 2000), LIMIT);
}
END_TEST

START_TEST(who_does_not_replicate_is_not_judged)
{
	history_begin();
	for (int i = 0; i < 100; i++) {
		char set[DB_GTID_SET_MAX];
		(void)snprintf(set, sizeof(set), "0-1-%d", i + 1);
		db_endpoint_judge(&history.e, &history.looks, "", history.now, LIMIT);
		ck_assert_int_eq(atomic_load(&history.e.lag), 0);
		db_looks_add(&history.looks, set, history.now);
		history.now += STEP;
	}
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
	tc = tcase_create("lag");
	tcase_add_test(tc, no_lag_where_it_keeps_up);
	tcase_add_loop_test(tc, lag_is_the_age_of_its_data, 0, DB_LOOKS - 1);
	tcase_add_test(tc, lag_grows_while_it_stands);
	tcase_add_test(tc, far_behind_from_the_start);
	tcase_add_loop_test(tc, silent_primary_leaves_the_judgement, 0, 40);
	tcase_add_test(tc, comes_back_while_the_primary_is_silent);
	tcase_add_test(tc, a_monitor_that_slept_blames_nobody);
	tcase_add_test(tc, who_does_not_replicate_is_not_judged);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
