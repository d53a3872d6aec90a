/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/clock.h"

#include "app/base/check.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#define USEC_PER_SECOND INT64_C(1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SECOND)
#define USEC_PER_DAY	(86400 * USEC_PER_SECOND)
#define DAYS_PER_ERA	146097 /* 400 years */
#define DAYS_TO_EPOCH	719468 /* from 0000-03-01 to 1970-01-01 */
#define DATE_TEXT_LEN	10
#define TIME_TEXT_LEN	24

static int64_t clock_read(clockid_t id)
{
	struct timespec ts;

	CHECK(clock_gettime(id, &ts) == 0);
	return ts.tv_sec * USEC_PER_SECOND + ts.tv_nsec / 1000;
}

int64_t clock_now(void)
{
	return clock_read(CLOCK_REALTIME);
}

int64_t clock_monotonic(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

static int64_t floor_div(int64_t a, int64_t b)
{
	int64_t quotient = a / b;

	return a % b < 0 ? quotient - 1 : quotient;
}

/* Years begin on 1 March here, so that the leap day is the last of its year. */
static void civil_set_date(struct civil *c, int64_t day)
{
	int64_t days = day + DAYS_TO_EPOCH;
	int64_t era = floor_div(days, DAYS_PER_ERA);
	int64_t doe = days - era * DAYS_PER_ERA;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	c->day = (int32_t)(doy - (153 * mp + 2) / 5 + 1);
	c->month = (int32_t)(mp < 10 ? mp + 3 : mp - 9);
	c->year = (int32_t)(yoe + era * 400 + (c->month <= 2));
}

struct civil civil_from_time(int64_t t)
{
	struct civil c;
	int64_t day = floor_div(t, USEC_PER_DAY);
	int64_t usec = t - day * USEC_PER_DAY;
	int32_t second = (int32_t)(usec / USEC_PER_SECOND);

	civil_set_date(&c, day);
	c.hour = second / 3600;
	c.minute = second / 60 % 60;
	c.second = second % 60;
	c.usec = (int32_t)(usec % USEC_PER_SECOND);
	return c;
}

int32_t date_from_civil(int32_t year, int32_t month, int32_t day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = floor_div(y, 400);
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return (int32_t)(era * DAYS_PER_ERA + doe - DAYS_TO_EPOCH);
}

int64_t time_from_civil(struct civil c)
{
	int64_t day = date_from_civil(c.year, c.month, c.day);

	return day * USEC_PER_DAY +
	       (c.hour * INT64_C(3600) + c.minute * INT64_C(60) + c.second) * USEC_PER_SECOND +
	       c.usec;
}

int32_t date_from_time(int64_t t)
{
	return (int32_t)floor_div(t, USEC_PER_DAY);
}

int64_t time_from_date(int32_t d)
{
	return d * USEC_PER_DAY;
}

static void write2(char *to, int32_t v)
{
	to[0] = (char)('0' + v / 10);
	to[1] = (char)('0' + v % 10);
}

static void write_date(char *to, const struct civil *c)
{
	write2(to, c->year / 100);
	write2(to + 2, c->year % 100);
	to[4] = '-';
	write2(to + 5, c->month);
	to[7] = '-';
	write2(to + 8, c->day);
}

void time_put(struct buf *b, int64_t t)
{
	struct civil c;
	char *to;

	CHECK(t >= TIME_MIN && t <= TIME_MAX);
	to = buf_reserve(b, TIME_TEXT_LEN);
	if (to == NULL)
		return;
	c = civil_from_time(t);
	write_date(to, &c);
	to[10] = 'T';
	write2(to + 11, c.hour);
	to[13] = ':';
	write2(to + 14, c.minute);
	to[16] = ':';
	write2(to + 17, c.second);
	to[19] = '.';
	write2(to + 20, c.usec / 10000);
	to[22] = (char)('0' + c.usec / 1000 % 10);
	to[23] = 'Z';
	b->n += TIME_TEXT_LEN;
}

void date_put(struct buf *b, int32_t d)
{
	struct civil c;
	char *to;

	CHECK(d >= DATE_MIN && d <= DATE_MAX);
	to = buf_reserve(b, DATE_TEXT_LEN);
	if (to == NULL)
		return;
	civil_set_date(&c, d);
	write_date(to, &c);
	b->n += DATE_TEXT_LEN;
}

/* Takes exactly n digits off the start of *in. */
static bool take_digits(struct str *in, size_t n, int32_t *ret_value)
{
	int32_t value = 0;

	if (in->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned int digit = (unsigned int)(unsigned char)in->p[i] - '0';

		if (digit > 9)
			return false;
		value = value * 10 + (int32_t)digit;
	}
	in->p += n;
	in->n -= n;
	*ret_value = value;
	return true;
}

static bool take_char(struct str *in, char c)
{
	if (in->n == 0 || in->p[0] != c)
		return false;
	in->p++;
	in->n--;
	return true;
}

static int32_t days_in_month(int32_t year, int32_t month)
{
	static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

static bool take_date(struct str *in, struct civil *ret_civil)
{
	struct civil c = { 0 };

	if (!take_digits(in, 4, &c.year) || !take_char(in, '-') || !take_digits(in, 2, &c.month) ||
	    !take_char(in, '-') || !take_digits(in, 2, &c.day))
		return false;
	if (c.year < 1 || c.month < 1 || c.month > 12 || c.day < 1 ||
	    c.day > days_in_month(c.year, c.month))
		return false;
	*ret_civil = c;
	return true;
}

/* A fraction of a second of up to 9 digits, cut to microseconds. */
static bool take_fraction(struct str *in, int32_t *ret_usec)
{
	int32_t weight = 100000;
	int32_t usec = 0;
	int32_t digit;
	size_t n = 0;

	for (; n < 10 && take_digits(in, 1, &digit); n++) {
		usec += digit * weight;
		weight /= 10;
	}
	*ret_usec = usec;
	return n >= 1 && n <= 9;
}

static bool take_clock(struct str *in, struct civil *c)
{
	if (!take_digits(in, 2, &c->hour) || !take_char(in, ':') ||
	    !take_digits(in, 2, &c->minute) || !take_char(in, ':') ||
	    !take_digits(in, 2, &c->second))
		return false;
	if (c->hour > 23 || c->minute > 59 || c->second > 59)
		return false;
	return !take_char(in, '.') || take_fraction(in, &c->usec);
}

/* 'Z' or +hh:mm or -hh:mm, in minutes east. */
static bool take_offset(struct str *in, int32_t *ret_minutes)
{
	bool west = in->n > 0 && in->p[0] == '-';
	int32_t hours;
	int32_t minutes;

	if (take_char(in, 'Z')) {
		*ret_minutes = 0;
		return true;
	}
	if (!take_char(in, '+') && !take_char(in, '-'))
		return false;
	if (!take_digits(in, 2, &hours) || !take_char(in, ':') || !take_digits(in, 2, &minutes))
		return false;
	if (hours > 23 || minutes > 59)
		return false;
	*ret_minutes = (west ? -1 : 1) * (hours * 60 + minutes);
	return true;
}

enum err time_parse(struct str s, int64_t *ret_time)
{
	struct civil c;
	int32_t east;
	int64_t t;

	if (!take_date(&s, &c) || !take_char(&s, 'T') || !take_clock(&s, &c) ||
	    !take_offset(&s, &east) || s.n != 0)
		return ERR_MALFORMED;
	t = time_from_civil(c) - east * USEC_PER_MINUTE;
	if (t < TIME_MIN || t > TIME_MAX)
		return ERR_MALFORMED;
	*ret_time = t;
	return ERR_OK;
}

enum err date_parse(struct str s, int32_t *ret_date)
{
	struct civil c;

	if (!take_date(&s, &c) || s.n != 0)
		return ERR_MALFORMED;
	*ret_date = date_from_civil(c.year, c.month, c.day);
	return ERR_OK;
}
