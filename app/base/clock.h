/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_BASE_CLOCK_H
#define REMIT_BASE_CLOCK_H

/*
 * Time is int64 microseconds since 1970-01-01T00:00:00Z, a date is int32 days since 1970-01-01,
 * both proleptic Gregorian (algorithm: Howard Hinnant, "chrono-compatible low-level date
 * algorithms"). No time zones, no leap seconds, no libc calendar. Thread-safe: no state.
 */

#include "app/base/buf.h"
#include "app/base/err.h"
#include "app/base/str.h"

#include <stdint.h>

#define TIME_NONE INT64_MIN
#define DATE_NONE INT32_MIN
/* 0001-01-01 .. 9999-12-31T23:59:59.999999Z: what DATETIME(6) and RFC 3339 can hold. */
#define TIME_MIN INT64_C(-62135596800000000)
#define TIME_MAX INT64_C(253402300799999999)
#define DATE_MIN (-719162)
#define DATE_MAX 2932896

/* Now, wall clock. */
int64_t clock_now(void);
/* Monotonic microseconds, for durations. */
int64_t clock_monotonic(void);

struct civil {
	int32_t year;
	int32_t month, day; /* from 1 */
	int32_t hour, minute, second, usec;
};
struct civil civil_from_time(int64_t t);
/* Fields must be in range (1 <= month <= 12 and so on). */
int64_t time_from_civil(struct civil c);
int32_t date_from_civil(int32_t year, int32_t month, int32_t day);
int32_t date_from_time(int64_t t);
int64_t time_from_date(int32_t d);

/* Appends RFC 3339 in UTC, cut to milliseconds: 2026-11-23T23:11:00.123Z. t must be in range. */
void time_put(struct buf *b, int64_t t);
/* Appends YYYY-MM-DD. d must be in range. */
void date_put(struct buf *b, int32_t d);
/*
 * Parses an RFC 3339 date-time with 'T', optional fraction of up to 9 digits (cut to
 * microseconds) and 'Z' or a numeric offset. ERR_MALFORMED otherwise, also for leap seconds.
 */
MUST_CHECK enum err time_parse(struct str s, int64_t *ret_time);
/* Parses YYYY-MM-DD of a day that exists. */
MUST_CHECK enum err date_parse(struct str s, int32_t *ret_date);

#endif
