/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/money.h"

#include "app/base/check.h"

#include <stdbool.h>
#include <string.h>

#define DEC6_DECIMALS	   6
#define DEC6_DIGITS_BEFORE 12
#define EXPONENT_MAX	   6
/* More digits than any int64 has: no limit but that of the value. */
#define DIGITS_ANY SIZE_MAX

static const uint64_t powers_of_10[] = {
	UINT64_C(1),	 UINT64_C(10),	   UINT64_C(100),     UINT64_C(1000),
	UINT64_C(10000), UINT64_C(100000), UINT64_C(1000000),
};

enum err money_add(int64_t a, int64_t b, int64_t *ret_sum)
{
	int64_t sum;

	if (a == MONEY_NONE || b == MONEY_NONE || __builtin_add_overflow(a, b, &sum) ||
	    sum == MONEY_NONE)
		return ERR_OVERFLOW;
	*ret_sum = sum;
	return ERR_OK;
}

enum err money_sub(int64_t a, int64_t b, int64_t *ret_difference)
{
	if (b == MONEY_NONE)
		return ERR_OVERFLOW;
	return money_add(a, -b, ret_difference);
}

enum err money_neg(int64_t a, int64_t *ret_negated)
{
	return money_sub(0, a, ret_negated);
}

static size_t digit_run(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return n;
}

/* Appends the digits to *value; false when that leaves [0, INT64_MAX]. */
static bool digits_add(struct str digits, int64_t *value)
{
	for (size_t i = 0; i < digits.n; i++) {
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, digits.p[i] - '0', value))
			return false;
	}
	return true;
}

/* The grammar of dec6_parse: -?digits[.digits]; views of both runs of digits. */
static enum err decimal_split(struct str s, bool *ret_negative, struct str *ret_whole,
			      struct str *ret_fraction)
{
	bool negative = s.n > 0 && s.p[0] == '-';
	struct str whole;
	struct str fraction = STR("");

	if (negative) {
		s.p++;
		s.n--;
	}
	whole = (struct str){ .p = s.p, .n = digit_run(s) };
	if (whole.n == 0 || (whole.n > 1 && whole.p[0] == '0'))
		return ERR_MALFORMED;
	if (whole.n < s.n) {
		if (s.p[whole.n] != '.')
			return ERR_MALFORMED;
		fraction = (struct str){ .p = s.p + whole.n + 1, .n = s.n - whole.n - 1 };
		if (fraction.n == 0 || digit_run(fraction) != fraction.n)
			return ERR_MALFORMED;
	}
	*ret_negative = negative;
	*ret_whole = whole;
	*ret_fraction = fraction;
	return ERR_OK;
}

/* Parses a decimal into units of 10^-decimals. */
static enum err decimal_parse(struct str s, size_t max_whole, size_t decimals, int64_t *ret_value)
{
	struct str whole;
	struct str fraction;
	bool negative;
	int64_t value = 0;
	enum err e = decimal_split(s, &negative, &whole, &fraction);

	if (e != ERR_OK)
		return e;
	if (fraction.n > decimals)
		return ERR_MALFORMED;
	if (whole.n > max_whole || !digits_add(whole, &value) || !digits_add(fraction, &value))
		return ERR_OVERFLOW;
	if (__builtin_mul_overflow(value, (int64_t)powers_of_10[decimals - fraction.n], &value))
		return ERR_OVERFLOW;
	if (negative && value == 0)
		return ERR_MALFORMED;
	*ret_value = negative ? -value : value;
	return ERR_OK;
}

enum err dec6_parse(struct str s, dec6 *ret_value)
{
	return decimal_parse(s, DEC6_DIGITS_BEFORE, DEC6_DECIMALS, ret_value);
}

/* Appends sign, whole part and `decimals` digits of v in units of 10^-scale. */
static void decimal_put(struct buf *b, int64_t v, size_t scale, size_t decimals)
{
	uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	uint64_t fraction = magnitude % powers_of_10[scale] / powers_of_10[scale - decimals];
	char *to;

	if (v < 0)
		buf_char(b, '-');
	buf_u64(b, magnitude / powers_of_10[scale]);
	if (decimals == 0)
		return;
	to = buf_reserve(b, decimals + 1);
	if (to == NULL)
		return;
	to[0] = '.';
	for (size_t i = decimals; i > 0; i--) {
		to[i] = (char)('0' + fraction % 10);
		fraction /= 10;
	}
	b->n += decimals + 1;
}

void dec6_put(struct buf *b, dec6 v)
{
	size_t decimals = DEC6_DECIMALS;
	int64_t fraction = v % DEC6_ONE;

	if (fraction == 0) {
		decimals = 0;
	} else {
		for (; fraction % 10 == 0; fraction /= 10)
			decimals--;
	}
	decimal_put(b, v, DEC6_DECIMALS, decimals);
}

void money_put_major(struct buf *b, int64_t minor, int exponent)
{
	CHECK(exponent >= 0 && exponent <= EXPONENT_MAX);
	decimal_put(b, minor, (size_t)exponent, (size_t)exponent);
}

enum err money_parse_major(struct str s, int exponent, int64_t *ret_minor)
{
	CHECK(exponent >= 0 && exponent <= EXPONENT_MAX);
	return decimal_parse(s, DIGITS_ANY, (size_t)exponent, ret_minor);
}

static uint64_t magnitude_of(int64_t v)
{
	return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

static enum err signed_result(unsigned __int128 magnitude, bool negative, int64_t *ret_value)
{
	if (magnitude > INT64_MAX)
		return ERR_OVERFLOW;
	*ret_value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
	return ERR_OK;
}

/*
 * With N = |quantity x price| < 2^127, f = 100% - discount <= 10^8 < 2^27 and D = 10^(20 -
 * exponent), the result is N f / D. N f may need 154 bits, so N is split into A D + R with R < D:
 * N f / D = A f + R f / D, where R f < 10^28 < 2^94 and A f < 2^127 / 10^14 x 2^27 < 2^108.
 */
enum err money_line_net(dec6 quantity, dec6 unit_price, dec6 discount_percent, int exponent,
			int64_t *ret_minor)
{
	unsigned __int128 product;
	unsigned __int128 divisor;
	unsigned __int128 whole;
	unsigned __int128 part;
	unsigned __int128 net;
	uint64_t factor;

	CHECK(exponent >= 0 && exponent <= EXPONENT_MAX);
	CHECK(discount_percent >= 0 && discount_percent <= 100 * DEC6_ONE);
	factor = (uint64_t)(100 * DEC6_ONE - discount_percent);
	product = (unsigned __int128)magnitude_of(quantity) * magnitude_of(unit_price);
	divisor = (unsigned __int128)UINT64_C(100000000000000) *
		  powers_of_10[EXPONENT_MAX - exponent];
	whole = product / divisor;
	part = (product - whole * divisor) * factor;
	net = part / divisor;
	if (2 * (part - net * divisor) >= divisor)
		net++;
	return signed_result(whole * factor + net, (quantity < 0) != (unit_price < 0), ret_minor);
}

enum err money_percent(int64_t amount, dec6 percent, int64_t *ret_minor)
{
	const uint64_t hundred = 100 * DEC6_ONE;
	unsigned __int128 product = (unsigned __int128)magnitude_of(amount) * magnitude_of(percent);

	/* Half of the divisor is whole, so adding it before the cut rounds half away from zero. */
	return signed_result((product + hundred / 2) / hundred, (amount < 0) != (percent < 0),
			     ret_minor);
}
