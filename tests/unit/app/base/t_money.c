/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/money.h"

#include "tests/unit/app/base/seed.h"

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

START_TEST(test_add_sub_neg)
{
	static const struct {
		int64_t a, b, sum;
		enum err err;
	} rows[] = {
		{ 1, 2, 3, ERR_OK },
		{ -1, 1, 0, ERR_OK },
		{ INT64_MAX, 0, INT64_MAX, ERR_OK },
		{ INT64_MAX, 1, 0, ERR_OVERFLOW },
		{ INT64_MAX, -INT64_MAX, 0, ERR_OK },
		{ -INT64_MAX, 0, -INT64_MAX, ERR_OK },
		{ -INT64_MAX, -1, 0, ERR_OVERFLOW },
		{ -INT64_MAX, -2, 0, ERR_OVERFLOW },
		{ MONEY_NONE, 0, 0, ERR_OVERFLOW },
		{ MONEY_NONE, 5, 0, ERR_OVERFLOW },
		{ MONEY_NONE, INT64_MAX, 0, ERR_OVERFLOW },
		{ MONEY_NONE, MONEY_NONE, 0, ERR_OVERFLOW },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t got = 0;

		ck_assert_int_eq(money_add(rows[i].a, rows[i].b, &got), rows[i].err);
		ck_assert_int_eq(got, rows[i].sum);
		got = 0;
		ck_assert_int_eq(money_add(rows[i].b, rows[i].a, &got), rows[i].err);
		ck_assert_int_eq(got, rows[i].sum);
		if (rows[i].err != ERR_OK)
			continue;
		ck_assert_int_eq(money_sub(rows[i].sum, rows[i].b, &got), ERR_OK);
		ck_assert_int_eq(got, rows[i].a);
		ck_assert_int_eq(money_neg(rows[i].sum, &got), ERR_OK);
		ck_assert_int_eq(got, -rows[i].sum);
	}
	ck_assert_int_eq(money_sub(-2, INT64_MAX, &(int64_t){ 0 }), ERR_OVERFLOW);
	ck_assert_int_eq(money_sub(-1, INT64_MAX, &(int64_t){ 0 }), ERR_OVERFLOW);
	ck_assert_int_eq(money_sub(0, MONEY_NONE, &(int64_t){ 0 }), ERR_OVERFLOW);
	ck_assert_int_eq(money_sub(MONEY_NONE, 0, &(int64_t){ 0 }), ERR_OVERFLOW);
	ck_assert_int_eq(money_neg(MONEY_NONE, &(int64_t){ 0 }), ERR_OVERFLOW);
}
END_TEST

START_TEST(test_dec6_parse)
{
	static const struct {
		const char *text;
		dec6 value;
		enum err err;
	} rows[] = {
		{ "0", 0, ERR_OK },
		{ "0.0", 0, ERR_OK },
		{ "1", 1000000, ERR_OK },
		{ "1.5", 1500000, ERR_OK },
		{ "1.50", 1500000, ERR_OK },
		{ "-0.25", -250000, ERR_OK },
		{ "0.000001", 1, ERR_OK },
		{ "-0.000001", -1, ERR_OK },
		{ "10.000000", 10000000, ERR_OK },
		{ "999999999999.999999", DEC6_MAX, ERR_OK },
		{ "-999999999999.999999", -DEC6_MAX, ERR_OK },
		{ "1000000000000", 0, ERR_OVERFLOW },
		{ "-1000000000000.5", 0, ERR_OVERFLOW },
		{ "99999999999999999999999999", 0, ERR_OVERFLOW },
		{ "1000000000000.0000001", 0, ERR_MALFORMED },
		{ "1000000000000x", 0, ERR_MALFORMED },
		{ "0.0000001", 0, ERR_MALFORMED },
		{ "0.1234560", 0, ERR_MALFORMED },
		{ "", 0, ERR_MALFORMED },
		{ "-", 0, ERR_MALFORMED },
		{ ".", 0, ERR_MALFORMED },
		{ ".5", 0, ERR_MALFORMED },
		{ "-.5", 0, ERR_MALFORMED },
		{ "1.", 0, ERR_MALFORMED },
		{ "-0", 0, ERR_MALFORMED },
		{ "-0.000", 0, ERR_MALFORMED },
		{ "00", 0, ERR_MALFORMED },
		{ "01.5", 0, ERR_MALFORMED },
		{ "-01", 0, ERR_MALFORMED },
		{ "+1", 0, ERR_MALFORMED },
		{ "--1", 0, ERR_MALFORMED },
		{ "1e3", 0, ERR_MALFORMED },
		{ " 1", 0, ERR_MALFORMED },
		{ "1 ", 0, ERR_MALFORMED },
		{ "1,5", 0, ERR_MALFORMED },
		{ "1.5.", 0, ERR_MALFORMED },
		{ "1.-5", 0, ERR_MALFORMED },
		{ "1:", 0, ERR_MALFORMED },
		{ "1/", 0, ERR_MALFORMED },
		{ "NaN", 0, ERR_MALFORMED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		dec6 value = 4711;
		enum err e = dec6_parse(str_from(rows[i].text), &value);

		ck_assert_msg(e == rows[i].err, "\"%s\": %s", rows[i].text, err_name(e));
		ck_assert_int_eq(value, e == ERR_OK ? rows[i].value : 4711);
	}
	ck_assert_int_eq(dec6_parse(STR_NONE, &(dec6){ 0 }), ERR_MALFORMED);
	ck_assert_int_eq(dec6_parse(STR("1\0"), &(dec6){ 0 }), ERR_MALFORMED);
}
END_TEST

START_TEST(test_dec6_put)
{
	static const struct {
		dec6 value;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 1, "0.000001" },
		{ -1, "-0.000001" },
		{ 1500000, "1.5" },
		{ -250000, "-0.25" },
		{ 3000000, "3" },
		{ 100, "0.0001" },
		{ 1000001, "1.000001" },
		{ 123450000, "123.45" },
		{ DEC6_MAX, "999999999999.999999" },
		{ INT64_MAX, "9223372036854.775807" },
		{ INT64_MIN, "-9223372036854.775808" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		dec6_put(&buf, rows[i].value);
		ck_assert_msg(str_eq_z(done(), rows[i].text), STR_FMT, STR_ARG(done()));
		ck_assert_uint_le(done().n, DEC6_TEXT_MAX);
	}
}
END_TEST

static bool is_shortest(struct str s)
{
	return memchr(s.p, '.', s.n) == NULL || s.p[s.n - 1] != '0';
}

START_TEST(test_dec6_round_trip)
{
	for (int i = 0; i < 200000; i++) {
		dec6 v = seed_i64() % (DEC6_MAX + 1);
		dec6 back;

		if (seed_below(2) == 0)
			v -= v % (dec6)(seed_below(2) == 0 ? 1000 : DEC6_ONE);
		begin();
		dec6_put(&buf, v);
		ck_assert(is_shortest(done()));
		ck_assert_int_eq(dec6_parse(done(), &back), ERR_OK);
		ck_assert_int_eq(back, v);
	}
}
END_TEST

START_TEST(test_major)
{
	static const struct {
		int64_t minor;
		int exponent;
		const char *text;
	} rows[] = {
		{ 1250, 2, "12.50" },
		{ -5, 2, "-0.05" },
		{ 0, 2, "0.00" },
		{ 1250, 0, "1250" },
		{ 1250, 3, "1.250" },
		{ 1, 4, "0.0001" },
		{ INT64_MAX, 2, "92233720368547758.07" },
		{ -INT64_MAX, 0, "-9223372036854775807" },
		{ INT64_MAX, 6, "9223372036854.775807" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t back;

		begin();
		money_put_major(&buf, rows[i].minor, rows[i].exponent);
		ck_assert_msg(str_eq_z(done(), rows[i].text), STR_FMT, STR_ARG(done()));
		ck_assert_int_eq(money_parse_major(done(), rows[i].exponent, &back), ERR_OK);
		ck_assert_int_eq(back, rows[i].minor);
	}
	for (int i = 0; i < 100000; i++) {
		int64_t v = seed_i64();
		int exponent = (int)seed_below(5);
		int64_t back;

		if (v == MONEY_NONE)
			continue;
		begin();
		money_put_major(&buf, v, exponent);
		ck_assert_int_eq(money_parse_major(done(), exponent, &back), ERR_OK);
		ck_assert_int_eq(back, v);
	}
}
END_TEST

START_TEST(test_parse_major)
{
	static const struct {
		const char *text;
		int exponent;
		int64_t minor;
		enum err err;
	} rows[] = {
		{ "12", 2, 1200, ERR_OK },
		{ "12.5", 2, 1250, ERR_OK },
		{ "12.50", 2, 1250, ERR_OK },
		{ "12.505", 2, 0, ERR_MALFORMED },
		{ "12.500", 2, 0, ERR_MALFORMED },
		{ "12.0", 0, 0, ERR_MALFORMED },
		{ "12", 0, 12, ERR_OK },
		{ "-0.00", 2, 0, ERR_MALFORMED },
		{ "92233720368547758.08", 2, 0, ERR_OVERFLOW },
		{ "-92233720368547758.08", 2, 0, ERR_OVERFLOW },
		{ "92233720368547759", 2, 0, ERR_OVERFLOW },
		{ "99999999999999999999", 0, 0, ERR_OVERFLOW },
		{ "9223372036854775808", 0, 0, ERR_OVERFLOW },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t minor = 0;

		ck_assert_msg(money_parse_major(str_from(rows[i].text), rows[i].exponent, &minor) ==
				      rows[i].err,
			      "%s", rows[i].text);
		ck_assert_int_eq(minor, rows[i].minor);
	}
}
END_TEST

/* The oracle: decimal digits, lowest first, multiplied as at school. */
#define DIGITS 80
struct number {
	unsigned int digit[DIGITS];
};

static struct number number_from(uint64_t v)
{
	struct number n = { 0 };

	for (size_t i = 0; v > 0; i++, v /= 10)
		n.digit[i] = (unsigned int)(v % 10);
	return n;
}

static void number_carry(struct number *n)
{
	for (size_t i = 0; i + 1 < DIGITS; i++) {
		n->digit[i + 1] += n->digit[i] / 10;
		n->digit[i] %= 10;
	}
}

static struct number number_times(struct number a, struct number b)
{
	struct number product = { 0 };

	for (size_t i = 0; i < DIGITS; i++) {
		for (size_t j = 0; a.digit[i] != 0 && i + j < DIGITS; j++)
			product.digit[i + j] += a.digit[i] * b.digit[j];
	}
	number_carry(&product);
	return product;
}

/* Drops `cut` decimals, rounding half up; false when the result is above INT64_MAX. */
static bool number_round(struct number n, size_t cut, int64_t *ret_value)
{
	struct number r = { 0 };
	unsigned __int128 value = 0;

	memcpy(r.digit, n.digit + cut, (DIGITS - cut) * sizeof(r.digit[0]));
	r.digit[0] += n.digit[cut - 1] >= 5;
	number_carry(&r);
	for (size_t i = DIGITS; i-- > 0;) {
		value = value * 10 + r.digit[i];
		if (value > INT64_MAX)
			return false;
	}
	*ret_value = (int64_t)value;
	return true;
}

static uint64_t magnitude(int64_t v)
{
	return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

static bool oracle_line(dec6 quantity, dec6 price, dec6 discount, int exponent, int64_t *ret)
{
	struct number n =
		number_times(number_from(magnitude(quantity)), number_from(magnitude(price)));

	n = number_times(n, number_from((uint64_t)(100 * DEC6_ONE - discount)));
	for (int i = 0; i < exponent; i++)
		n = number_times(n, number_from(10));
	if (!number_round(n, 20, ret))
		return false;
	if ((quantity < 0) != (price < 0))
		*ret = -*ret;
	return true;
}

/* Returns whether there was a result. */
static bool assert_line(dec6 quantity, dec6 price, dec6 discount, int exponent)
{
	int64_t expected = 4711;
	int64_t got = 4711;
	bool fits = oracle_line(quantity, price, discount, exponent, &expected);
	enum err e = money_line_net(quantity, price, discount, exponent, &got);

	if (e != (fits ? ERR_OK : ERR_OVERFLOW) || got != (fits ? expected : 4711))
		ck_abort_msg("%lld x %lld - %lld %%, exponent %d: %s, %lld", (long long)quantity,
			     (long long)price, (long long)discount, exponent, err_name(e),
			     (long long)got);
	return fits;
}

START_TEST(test_line_net_table)
{
	static const struct {
		dec6 quantity, price, discount;
		int exponent;
		int64_t net;
	} rows[] = {
		{ 1000000, 1000000, 0, 2, 100 },
		{ 3000000, 9990000, 0, 2, 2997 },
		{ 1000000, 5000, 0, 2, 1 }, /* 0.005: half goes up */
		{ 1000000, 4999, 0, 2, 0 },
		{ -1000000, 5000, 0, 2, -1 }, /* and away from zero */
		{ -1000000, 4999, 0, 2, 0 },
		{ -1000000, -5000, 0, 2, 1 },
		{ 1000000, 10000000, 100000000, 2, 0 },
		{ 1000000, 10000000, 33333333, 2, 667 },
		{ 1000000, 500000, 0, 0, 1 },
		{ 1000000, 1000500, 0, 3, 1001 },
		{ 2500000, 1990000, 10000000, 2, 448 }, /* 4.4775, rounded once */
		{ 1, 1, 0, 2, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t net = 4711;

		ck_assert_int_eq(money_line_net(rows[i].quantity, rows[i].price, rows[i].discount,
						rows[i].exponent, &net),
				 ERR_OK);
		ck_assert_int_eq(net, rows[i].net);
	}
}
END_TEST

START_TEST(test_line_net_edges)
{
	static const dec6 edges[] = { 0,	 1,	    -1,		5,
				      DEC6_ONE,	 -DEC6_ONE, 3037000499, DEC6_MAX,
				      -DEC6_MAX, INT64_MAX, INT64_MIN,	92233720368547758 };
	static const dec6 discounts[] = { 0, 1, 50000000, 99999999, 100000000 };
	const size_t n = sizeof(edges) / sizeof(edges[0]);

	for (size_t i = 0; i < n * n; i++) {
		for (size_t d = 0; d < sizeof(discounts) / sizeof(discounts[0]); d++) {
			for (int exponent = 0; exponent <= 6; exponent++)
				assert_line(edges[i % n], edges[i / n], discounts[d], exponent);
		}
	}
}
END_TEST

START_TEST(test_line_net_random)
{
	size_t fits = 0;

	for (int i = 0; i < 60000; i++) {
		dec6 discount = (dec6)(seed_next() % (100 * DEC6_ONE + 1));

		if (seed_below(3) == 0)
			discount -= discount % DEC6_ONE;
		fits += assert_line(seed_i64(), seed_i64(), discount, (int)seed_below(5));
	}
	/* Both outcomes were met often. */
	ck_assert_uint_gt(fits, 6000);
	ck_assert_uint_lt(fits, 57000);
}
END_TEST

/* Results about the largest one and about a half: where an error of one shows. */
START_TEST(test_line_net_near_limits)
{
	for (int i = 0; i < 30000; i++) {
		dec6 price = 1 + (dec6)seed_below((uint64_t)INT64_MAX >> seed_below(62));
		int exponent = (int)seed_below(5);
		unsigned __int128 scale = 1;
		unsigned __int128 quantity;

		for (int k = 0; k < 12 - exponent; k++)
			scale *= 10;
		quantity = (unsigned __int128)INT64_MAX * scale / (uint64_t)price;
		if (quantity < INT64_MAX)
			assert_line((dec6)quantity + (dec6)seed_below(3) - 1, price, 0, exponent);
		quantity = scale / 2 * (2 * seed_below(1000) + 1) / (uint64_t)price;
		if (quantity < INT64_MAX)
			assert_line((dec6)quantity + (dec6)seed_below(3) - 1, -price, 0, exponent);
	}
}
END_TEST

static void assert_percent(int64_t amount, dec6 percent)
{
	int64_t expected = 4711;
	int64_t got = 4711;
	bool fits = number_round(
		number_times(number_from(magnitude(amount)), number_from(magnitude(percent))), 8,
		&expected);
	enum err e = money_percent(amount, percent, &got);

	if (fits && (amount < 0) != (percent < 0))
		expected = -expected;
	if (e != (fits ? ERR_OK : ERR_OVERFLOW) || got != (fits ? expected : 4711))
		ck_abort_msg("%lld x %lld: %s, %lld", (long long)amount, (long long)percent,
			     err_name(e), (long long)got);
}

START_TEST(test_percent)
{
	int64_t tax;

	ck_assert_int_eq(money_percent(10000, 19 * DEC6_ONE, &tax), ERR_OK);
	ck_assert_int_eq(tax, 1900);
	ck_assert_int_eq(money_percent(50, DEC6_ONE, &tax), ERR_OK);
	ck_assert_int_eq(tax, 1);
	ck_assert_int_eq(money_percent(-50, DEC6_ONE, &tax), ERR_OK);
	ck_assert_int_eq(tax, -1);
	ck_assert_int_eq(money_percent(49, DEC6_ONE, &tax), ERR_OK);
	ck_assert_int_eq(tax, 0);
	ck_assert_int_eq(money_percent(INT64_MAX, 100 * DEC6_ONE, &tax), ERR_OK);
	ck_assert_int_eq(tax, INT64_MAX);
	ck_assert_int_eq(money_percent(INT64_MAX, 100 * DEC6_ONE + 1, &tax), ERR_OVERFLOW);
	assert_percent(INT64_MIN, INT64_MIN);
	assert_percent(INT64_MIN, INT64_MAX);
	for (int i = 0; i < 100000; i++)
		assert_percent(seed_i64(), seed_i64());
	for (int i = 0; i < 50000; i++)
		assert_percent(seed_i64(), (dec6)seed_below(100) * 250000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/base/money");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_add_sub_neg);
	tcase_add_test(tc, test_dec6_parse);
	tcase_add_test(tc, test_dec6_put);
	tcase_add_test(tc, test_dec6_round_trip);
	tcase_add_test(tc, test_major);
	tcase_add_test(tc, test_parse_major);
	tcase_add_test(tc, test_line_net_table);
	tcase_add_test(tc, test_line_net_edges);
	tcase_add_test(tc, test_line_net_random);
	tcase_add_test(tc, test_line_net_near_limits);
	tcase_add_test(tc, test_percent);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	arena_free(arena);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
