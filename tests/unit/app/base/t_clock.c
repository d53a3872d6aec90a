/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/clock.h"

#include "tests/unit/app/base/seed.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define USEC INT64_C(1000000)

static struct arena *arena;
static struct buf buf;

static void begin(void)
{
	if (arena == NULL)
		arena = arena_new((size_t)1 << 20);
	arena_reset(arena);
	buf_init(&buf, arena, 64, 64);
}

static struct str done(void)
{
	struct str s = STR_NONE;

	ck_assert_int_eq(buf_finish(&buf, &s), ERR_OK);
	return s;
}

static int64_t random_time(void)
{
	return TIME_MIN + (int64_t)seed_below((uint64_t)(TIME_MAX - TIME_MIN) + 1);
}

START_TEST(test_now)
{
	int64_t before = (int64_t)time(NULL);
	int64_t now = clock_now();
	int64_t from = clock_monotonic();
	const struct timespec pause = { .tv_nsec = 20000000 };

	/* time() may lag the exact clock by a tick. */
	ck_assert_int_ge(now / USEC, before - 1);
	ck_assert_int_le(now / USEC, (int64_t)time(NULL) + 2);
	nanosleep(&pause, NULL);
	ck_assert_int_ge(clock_monotonic() - from, 20000);
	ck_assert_int_lt(clock_monotonic() - from, 30 * USEC);
	for (int i = 0; i < 10000; i++) {
		int64_t next = clock_monotonic();

		ck_assert_int_ge(next, from);
		from = next;
	}
}
END_TEST

START_TEST(test_limits)
{
	ck_assert_int_eq(date_from_civil(1, 1, 1), DATE_MIN);
	ck_assert_int_eq(date_from_civil(9999, 12, 31), DATE_MAX);
	ck_assert_int_eq(date_from_civil(1970, 1, 1), 0);
	ck_assert_int_eq(time_from_date(DATE_MIN), TIME_MIN);
	ck_assert_int_eq(time_from_date(DATE_MAX + 1) - 1, TIME_MAX);
	ck_assert_int_eq(date_from_time(-1), -1);
	ck_assert_int_eq(date_from_time(0), 0);
	ck_assert_int_eq(date_from_time(TIME_MIN), DATE_MIN);
	ck_assert_int_eq(date_from_time(TIME_MAX), DATE_MAX);
}
END_TEST

/* Walks all days of the range by the rules of the calendar alone. */
START_TEST(test_every_day)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int32_t year = 1;
	int32_t month = 1;
	int32_t day = 1;

	for (int32_t d = DATE_MIN; d <= DATE_MAX; d++) {
		bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
		struct civil c = civil_from_time(time_from_date(d));

		if (c.year != year || c.month != month || c.day != day || c.hour != 0 ||
		    date_from_civil(year, month, day) != d)
			ck_abort_msg("%d: %d-%d-%d", d, year, month, day);
		if (++day > days[month - 1] + (month == 2 && leap)) {
			day = 1;
			month++;
		}
		if (month > 12) {
			month = 1;
			year++;
		}
	}
}
END_TEST

START_TEST(test_civil_is_timegm)
{
	for (int i = 0; i < 200000; i++) {
		int64_t t = random_time();
		int64_t usec = (t % USEC + USEC) % USEC;
		time_t seconds = (time_t)((t - usec) / USEC);
		struct civil c = civil_from_time(t);
		struct tm tm;

		ck_assert_ptr_nonnull(gmtime_r(&seconds, &tm));
		if (c.year != tm.tm_year + 1900 || c.month != tm.tm_mon + 1 ||
		    c.day != tm.tm_mday || c.hour != tm.tm_hour || c.minute != tm.tm_min ||
		    c.second != tm.tm_sec || c.usec != usec)
			ck_abort_msg("%lld", (long long)t);
		ck_assert_int_eq(timegm(&tm), seconds);
		ck_assert_int_eq(time_from_civil(c), t);
	}
}
END_TEST

START_TEST(test_put_table)
{
	static const struct {
		int64_t t;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ 999, "1970-01-01T00:00:00.000Z" },
		{ 1999999, "1970-01-01T00:00:01.999Z" },
		{ INT64_C(1582934400000000), "2020-02-29T00:00:00.000Z" },
		{ INT64_C(1795475460123456), "2026-11-23T23:11:00.123Z" },
		{ TIME_MIN, "0001-01-01T00:00:00.000Z" },
		{ TIME_MAX, "9999-12-31T23:59:59.999Z" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		time_put(&buf, rows[i].t);
		ck_assert_msg(str_eq_z(done(), rows[i].text), STR_FMT, STR_ARG(done()));
		begin();
		date_put(&buf, date_from_time(rows[i].t));
		ck_assert(str_eq(done(), (struct str){ rows[i].text, 10 }));
	}
}
END_TEST

START_TEST(test_time_round_trip)
{
	for (int i = 0; i < 200000; i++) {
		int64_t t = random_time();
		int64_t back;

		begin();
		time_put(&buf, t);
		ck_assert_int_eq(time_parse(done(), &back), ERR_OK);
		ck_assert_int_eq(back, t - (t % 1000 + 1000) % 1000);
	}
}
END_TEST

START_TEST(test_date_round_trip)
{
	for (int32_t d = DATE_MIN; d <= DATE_MAX; d += 1 + (int32_t)seed_below(20)) {
		int32_t back;

		begin();
		date_put(&buf, d);
		ck_assert_int_eq(date_parse(done(), &back), ERR_OK);
		ck_assert_int_eq(back, d);
	}
}
END_TEST

/* Any offset and any number of decimals name the same instant. */
START_TEST(test_time_parse_offsets)
{
	for (int i = 0; i < 50000; i++) {
		int64_t t = INT64_C(1000000000000000) + (int64_t)seed_below(1000000000000000);
		int offset = (int)seed_below(2 * 1440 - 1) - 1439;
		int decimals = (int)seed_below(10);
		int64_t unit = 1;
		struct civil c = civil_from_time(t + offset * 60 * USEC);
		char text[64];
		char fraction[16];
		int64_t back;

		for (int k = decimals; k < 6; k++)
			unit *= 10;
		snprintf(fraction, sizeof(fraction), ".%06d%03d", c.usec, (int)seed_below(1000));
		fraction[decimals == 0 ? 0 : 1 + decimals] = '\0';
		snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d%s%c%02d:%02d", c.year,
			 c.month, c.day, c.hour, c.minute, c.second, fraction,
			 offset < 0 ? '-' : '+', abs(offset) / 60, abs(offset) % 60);
		ck_assert_msg(time_parse(str_from(text), &back) == ERR_OK, "%s", text);
		ck_assert_msg(back == t - t % unit, "%s", text);
	}
}
END_TEST

START_TEST(test_time_parse_table)
{
	static const struct {
		const char *text;
		int64_t t;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:00.5Z", 500000 },
		{ "1970-01-01T00:00:00.123456999Z", 123456 },
		{ "1970-01-01T01:30:00+01:30", 0 },
		{ "1969-12-31T20:00:00-04:00", 0 },
		{ "1970-01-01T00:00:00-00:00", 0 },
		{ "0001-01-01T00:00:00Z", TIME_MIN },
		{ "9999-12-31T23:59:59.999999999Z", TIME_MAX },
		{ "1969-12-31T23:59:59.9999999Z", -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t t;

		ck_assert_msg(time_parse(str_from(rows[i].text), &t) == ERR_OK, "%s", rows[i].text);
		ck_assert_int_eq(t, rows[i].t);
	}
}
END_TEST

START_TEST(test_time_malformed)
{
	static const char *const rows[] = {
		"",
		"2026-11-23",
		"2026-11-23T21:11:00",
		"2026-11-23 21:11:00Z",
		"2026-11-23t21:11:00Z",
		"2026-11-23T21:11:00z",
		"2026-11-23T21:11Z",
		"2026-11-23T24:00:00Z",
		"2026-11-23T21:60:00Z",
		"2026-11-23T23:59:60Z",
		"2026-11-23T21:11:00.Z",
		"2026-11-23T21:11:00,5Z",
		"2026-11-23T21:11:00.1234567890Z",
		"2026-11-23T21:11:00+0100",
		"2026-11-23T21:11:00+01",
		"2026-11-23T21:11:00+24:00",
		"2026-11-23T21:11:00+01:60",
		"2026-11-23T21:11:00+-1:00",
		"2026-11-23T21:11:00ZZ",
		"2026-11-23T21:11:00Z ",
		" 2026-11-23T21:11:00Z",
		"2026-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"0000-01-01T00:00:00Z",
		"0001-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01",
		"-026-11-23T21:11:00Z",
		"+2026-11-23T21:11:00Z",
		"2026-1-23T21:11:00Z",
		"12026-11-23T21:11:00Z",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t t = 4711;

		ck_assert_msg(time_parse(str_from(rows[i]), &t) == ERR_MALFORMED, "%s", rows[i]);
		ck_assert_int_eq(t, 4711);
	}
	ck_assert_int_eq(time_parse(STR_NONE, &(int64_t){ 0 }), ERR_MALFORMED);
}
END_TEST

/* Every byte of a good text matters: no other byte may stand in a place of syntax. */
START_TEST(test_time_one_byte_off)
{
	static const char good[] = "2026-11-23T21:11:00.123Z";

	for (size_t at = 0; at < sizeof(good) - 1; at++) {
		for (int c = 0; c < 256; c++) {
			char text[sizeof(good)];
			bool digit = c >= '0' && c <= '9';
			int64_t t;

			memcpy(text, good, sizeof(good));
			text[at] = (char)c;
			if ((char)c == good[at] || (digit && good[at] >= '0' && good[at] <= '9'))
				continue;
			ck_assert_msg(time_parse((struct str){ text, sizeof(good) - 1 }, &t) ==
					      ERR_MALFORMED,
				      "%s", text);
		}
	}
}
END_TEST

START_TEST(test_date_malformed)
{
	static const char *const rows[] = {
		"",
		"2026-11-3",
		"2026-11-31",
		"2026-02-29",
		"1900-02-29",
		"2100-02-29",
		"2026-00-01",
		"2026-13-01",
		"2026-01-00",
		"2026-01-32",
		"0000-12-31",
		"2026/11/23",
		"2026-11-23T",
		"20261123",
		"2026-11-2x",
		" 2026-11-23",
		"10000-01-01",
	};
	int32_t d = 4711;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(date_parse(str_from(rows[i]), &d) == ERR_MALFORMED, "%s", rows[i]);
	ck_assert_int_eq(d, 4711);
	ck_assert_int_eq(date_parse(STR("2000-02-29"), &d), ERR_OK);
	ck_assert_int_eq(d, 11016);
	ck_assert_int_eq(date_parse(STR_NONE, &d), ERR_MALFORMED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/base/clock");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_now);
	tcase_add_test(tc, test_limits);
	tcase_add_test(tc, test_every_day);
	tcase_add_test(tc, test_civil_is_timegm);
	tcase_add_test(tc, test_put_table);
	tcase_add_test(tc, test_time_round_trip);
	tcase_add_test(tc, test_date_round_trip);
	tcase_add_test(tc, test_time_parse_offsets);
	tcase_add_test(tc, test_time_parse_table);
	tcase_add_test(tc, test_time_malformed);
	tcase_add_test(tc, test_time_one_byte_off);
	tcase_add_test(tc, test_date_malformed);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	arena_free(arena);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
