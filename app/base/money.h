/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_BASE_MONEY_H
#define REMIT_BASE_MONEY_H

/*
 * Money is int64 minor units of a currency (cents). Quantities, unit prices and percentages are
 * `dec6`: int64 millionths. There is no floating point. Every operation checks for overflow.
 * Rounding is half away from zero. Thread-safe: no state.
 */

#include "app/base/buf.h"
#include "app/base/err.h"
#include "app/base/str.h"

#include <stdint.h>

typedef int64_t dec6; /* millionths: 1500000 is 1.5 */

#define DEC6_ONE  INT64_C(1000000)
#define DEC6_MAX  INT64_C(999999999999999999) /* 12 digits before and 6 after the point */
#define DEC6_NONE INT64_MIN		      /* "absent" in rows and answers */
/* The largest amount of a document: every client can read it exactly from JSON (2^53 - 1). */
#define MONEY_MAX     INT64_C(9007199254740991)
#define MONEY_NONE    INT64_MIN
#define DEC6_TEXT_MAX 21

/* ERR_OVERFLOW when the result does not fit. MONEY_NONE is never a result; as an operand it
 * overflows. */
MUST_CHECK enum err money_add(int64_t a, int64_t b, int64_t *ret_sum);
MUST_CHECK enum err money_sub(int64_t a, int64_t b, int64_t *ret_difference);
MUST_CHECK enum err money_neg(int64_t a, int64_t *ret_negated);

/*
 * Parses -?digits[.digits] with at most 12 digits before and 6 after the point; no exponent, no
 * '+', no spaces, no redundant leading zeros, no negative zero. ERR_MALFORMED for bad syntax and
 * for more than 6 decimals, ERR_OVERFLOW for too many digits before the point.
 */
MUST_CHECK enum err dec6_parse(struct str s, dec6 *ret_value);
/* Appends the shortest form: no trailing zeros, no point without decimals ("1.5", "-0.25", "3"). */
void dec6_put(struct buf *b, dec6 v);

/* A currency of ISO 4217. */
struct currency {
	char code[4];
	int8_t exponent; /* minor units: 2 for EUR, 0 for JPY, 3 for BHD */
	const char *name;
};

/* The currency with this upper-case code, NULL when ISO 4217 has none. */
const struct currency *currency_find(struct str code);
/* The whole table, sorted by code. */
const struct currency *currency_table(size_t *ret_n);

/*
 * quantity x unit price x (100 - discount percent) / 100 in minor units of a currency with
 * `exponent`, rounded once, half away from zero (docs/decisions/0003-money.md). unit_price is in
 * major units, discount_percent in [0, 100] and exponent in [0, 6]. ERR_OVERFLOW when the result
 * does not fit.
 */
MUST_CHECK enum err money_line_net(dec6 quantity, dec6 unit_price, dec6 discount_percent,
				   int exponent, int64_t *ret_minor);

/* amount x percent / 100, rounded half away from zero: the tax of a taxable amount. */
MUST_CHECK enum err money_percent(int64_t amount, dec6 percent, int64_t *ret_minor);

/* Appends minor units as a decimal of major units with all its decimals ("12.50"). */
void money_put_major(struct buf *b, int64_t minor, int exponent);
/* Parses major units with at most `exponent` decimals into minor units. */
MUST_CHECK enum err money_parse_major(struct str s, int exponent, int64_t *ret_minor);

#endif
