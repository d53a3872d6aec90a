/* SPDX-License-Identifier: Apache-2.0 */
#include "app/resilience/breaker.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>

#define SECOND	INT64_C(1000000)
#define START	(100 * SECOND)
#define THREADS 8

static struct breaker breaker;

static const struct breaker_limits in_a_row = {
	.in_a_row = 5,
	.probes = 1,
	.open_usec = SECOND,
	.open_max_usec = 30 * SECOND,
};
static const struct breaker_limits share = {
	.percent = 50,
	.calls_min = 20,
	.probes = 3,
	.window_usec = 10 * SECOND,
	.open_usec = SECOND,
	.open_max_usec = 30 * SECOND,
};

/* Calls n times with this outcome; whether it is open afterwards. */
static bool call(int n, bool ok, int64_t now)
{
	for (int i = 0; i < n; i++) {
		enum breaker_pass pass = breaker_ask(&breaker, now);

		ck_assert_int_eq(pass, BREAKER_PASS);
		breaker_report(&breaker, pass, ok, now);
	}
	return breaker_is_open(&breaker);
}

/* The first moment from `now` on at which it lets a probe through. */
static int64_t until_probe(int64_t now)
{
	while (breaker_ask(&breaker, now) == BREAKER_REFUSED)
		now += 1000;
	return now;
}

START_TEST(test_opens_at_the_limit)
{
	breaker_init(&breaker, &in_a_row);
	ck_assert(!call(4, false, START));
	ck_assert(!call(1, true, START));
	ck_assert(!call(4, false, START));
	ck_assert(call(1, false, START));
	ck_assert_int_eq(breaker_ask(&breaker, START), BREAKER_REFUSED);
	ck_assert_int_eq(breaker_ask(&breaker, START + SECOND * 8 / 10 - 1), BREAKER_REFUSED);
	ck_assert_int_eq(breaker_ask(&breaker, START + SECOND * 12 / 10), BREAKER_PROBE);
}
END_TEST

START_TEST(test_report_tells_changes)
{
	breaker_init(&breaker, &in_a_row);
	call(4, false, START);
	ck_assert(!breaker_report(&breaker, BREAKER_PASS, true, START));
	call(4, false, START);
	ck_assert(breaker_report(&breaker, BREAKER_PASS, false, START));
	ck_assert(!breaker_report(&breaker, BREAKER_PASS, false, START));
	ck_assert(!breaker_report(&breaker, BREAKER_PROBE, false, START));
	ck_assert(breaker_report(&breaker, BREAKER_PROBE, true, START));
	ck_assert(!breaker_report(&breaker, BREAKER_PROBE, true, START));
}
END_TEST

START_TEST(test_open_time_doubles_up_to_the_maximum)
{
	static const int64_t seconds[] = { 1, 2, 4, 8, 16, 30, 30, 30 };
	int64_t opened = START;

	breaker_init(&breaker, &in_a_row);
	call(5, false, START);
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		int64_t probed = until_probe(opened);

		ck_assert_int_ge(probed - opened, seconds[i] * SECOND * 8 / 10);
		ck_assert_int_le(probed - opened, seconds[i] * SECOND * 12 / 10 + 1000);
		breaker_report(&breaker, BREAKER_PROBE, false, probed);
		opened = probed;
	}
	breaker_report(&breaker, BREAKER_PROBE, true, until_probe(opened));
	ck_assert(!breaker_is_open(&breaker));
	/* It has forgotten: five more failures, and one second again. */
	ck_assert(!call(4, false, opened));
	ck_assert(call(1, false, opened));
	ck_assert_int_le(until_probe(opened) - opened, SECOND * 12 / 10 + 1000);
}
END_TEST

START_TEST(test_open_times_scatter)
{
	int64_t first = 0;
	bool differ = false;

	for (int i = 0; i < 20; i++) {
		int64_t now = START + i * 7919;

		breaker_init(&breaker, &in_a_row);
		call(5, false, now);
		if (i == 0)
			first = until_probe(now) - now;
		else if (until_probe(now) - now != first)
			differ = true;
	}
	ck_assert(differ);
}
END_TEST

START_TEST(test_one_probe_at_a_time)
{
	int64_t now;

	breaker_init(&breaker, &in_a_row);
	call(5, false, START);
	now = until_probe(START);
	ck_assert_int_eq(breaker_ask(&breaker, now), BREAKER_REFUSED);
	ck_assert_int_eq(breaker_ask(&breaker, now + SECOND - 1), BREAKER_REFUSED);
	/* A probe that never reported is given up. */
	ck_assert_int_eq(breaker_ask(&breaker, now + SECOND), BREAKER_PROBE);
}
END_TEST

START_TEST(test_stragglers_prove_nothing)
{
	breaker_init(&breaker, &in_a_row);
	call(5, false, START);
	ck_assert(!breaker_report(&breaker, BREAKER_PASS, true, START + 1));
	ck_assert(breaker_is_open(&breaker));
	for (int i = 0; i < 50; i++)
		ck_assert(!breaker_report(&breaker, BREAKER_PASS, false, START + 1));
	ck_assert_int_le(until_probe(START) - START, SECOND * 12 / 10 + 1000);
}
END_TEST

START_TEST(test_share_of_a_window)
{
	breaker_init(&breaker, &share);
	/* 19 of 19 are too few calls; the 20th decides. */
	ck_assert(!call(19, false, START));
	ck_assert(call(1, false, START));

	breaker_init(&breaker, &share);
	/* 11 good, then 10 of 21 failed: below half; the 11th makes it half. */
	ck_assert(!call(11, true, START));
	ck_assert(!call(10, false, START));
	ck_assert(call(1, false, START));

	breaker_init(&breaker, &share);
	/* Failures of an earlier window do not count. */
	ck_assert(!call(19, false, START));
	ck_assert(!call(19, false, START + 10 * SECOND));
	ck_assert(call(1, false, START + 10 * SECOND));
}
END_TEST

START_TEST(test_several_probes_close_it)
{
	int64_t now;

	breaker_init(&breaker, &share);
	call(20, false, START);
	now = until_probe(START);
	ck_assert(!breaker_report(&breaker, BREAKER_PROBE, true, now));
	ck_assert_int_eq(breaker_ask(&breaker, now), BREAKER_PROBE);
	ck_assert(!breaker_report(&breaker, BREAKER_PROBE, true, now));
	/* A failure in between begins the count anew, with twice the time. */
	ck_assert_int_eq(breaker_ask(&breaker, now), BREAKER_PROBE);
	breaker_report(&breaker, BREAKER_PROBE, false, now);
	ck_assert_int_eq(breaker_ask(&breaker, now + SECOND), BREAKER_REFUSED);
	now = until_probe(now);
	for (int i = 0; i < 2; i++) {
		ck_assert(!breaker_report(&breaker, BREAKER_PROBE, true, now));
		ck_assert_int_eq(breaker_ask(&breaker, now), BREAKER_PROBE);
	}
	ck_assert(breaker_report(&breaker, BREAKER_PROBE, true, now));
	ck_assert_int_eq(breaker_ask(&breaker, now), BREAKER_PASS);
}
END_TEST

static pthread_barrier_t barrier;
static _Atomic int probes;
static _Atomic int openings;

static void *ask_once(void *unused)
{
	(void)unused;
	for (int round = 0; round < 1000; round++) {
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < 10; i++) {
			if (breaker_report(&breaker, BREAKER_PASS, false, START))
				openings++;
		}
		pthread_barrier_wait(&barrier);
		if (breaker_ask(&breaker, START + 2 * SECOND) == BREAKER_PROBE)
			probes++;
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			breaker_init(&breaker, &in_a_row);
	}
	return NULL;
}

START_TEST(test_threads_open_once_and_probe_once)
{
	pthread_t threads[THREADS];

	breaker_init(&breaker, &in_a_row);
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_once, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(openings, 1000);
	ck_assert_int_eq(probes, 1000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/resilience/breaker");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_opens_at_the_limit);
	tcase_add_test(tc, test_report_tells_changes);
	tcase_add_test(tc, test_open_time_doubles_up_to_the_maximum);
	tcase_add_test(tc, test_open_times_scatter);
	tcase_add_test(tc, test_one_probe_at_a_time);
	tcase_add_test(tc, test_stragglers_prove_nothing);
	tcase_add_test(tc, test_share_of_a_window);
	tcase_add_test(tc, test_several_probes_close_it);
	tcase_add_test(tc, test_threads_open_once_and_probe_once);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
