/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/str.h"

#include "tests/unit/app/base/seed.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

START_TEST(test_from)
{
	ck_assert_ptr_null(str_from(NULL).p);
	ck_assert_uint_eq(str_from("").n, 0);
	ck_assert_ptr_nonnull(str_from("").p);
	ck_assert(str_eq(str_from("abc"), STR("abc")));
	ck_assert_uint_eq(STR("a\0b").n, 3);
}
END_TEST

START_TEST(test_eq)
{
	static const struct {
		struct str a, b;
		bool eq, nocase;
	} rows[] = {
		{ { "", 0 }, { "", 0 }, true, true },
		{ { NULL, 0 }, { NULL, 0 }, true, true },
		{ { NULL, 0 }, { "", 0 }, false, false },
		{ { "a", 1 }, { "a", 1 }, true, true },
		{ { "a", 1 }, { "A", 1 }, false, true },
		{ { "a", 1 }, { "ab", 2 }, false, false },
		{ { "a\0b", 3 }, { "a\0c", 3 }, false, false },
		{ { "[", 1 }, { "{", 1 }, false, false },
		{ { "@", 1 }, { "`", 1 }, false, false },
		{ { "xyZ", 3 }, { "XYz", 3 }, false, true },
		{ { "\xc3\x84", 2 }, { "\xc3\xa4", 2 }, false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(str_eq(rows[i].a, rows[i].b), rows[i].eq);
		ck_assert_int_eq(str_eq(rows[i].b, rows[i].a), rows[i].eq);
		ck_assert_int_eq(str_eq_nocase(rows[i].a, rows[i].b), rows[i].nocase);
		ck_assert_int_eq(str_eq_nocase(rows[i].b, rows[i].a), rows[i].nocase);
		ck_assert_int_eq(str_cmp(rows[i].a, rows[i].b) == 0, rows[i].eq);
	}
	ck_assert(str_eq_z(STR("abc"), "abc"));
	ck_assert(!str_eq_z(STR("abc"), "abcd"));
	ck_assert(!str_eq_z(STR("abc"), NULL));
	ck_assert(str_eq_z(STR_NONE, NULL));
}
END_TEST

START_TEST(test_starts)
{
	ck_assert(str_starts(STR("abc"), STR("")));
	ck_assert(str_starts(STR("abc"), STR("abc")));
	ck_assert(str_starts(STR("abc"), STR("ab")));
	ck_assert(!str_starts(STR("abc"), STR("abcd")));
	ck_assert(!str_starts(STR("abc"), STR("b")));
	ck_assert(!str_starts(STR_NONE, STR("a")));
	ck_assert(str_starts(STR_NONE, STR_NONE));
}
END_TEST

START_TEST(test_cmp_sorts)
{
	static const struct str sorted[] = {
		{ NULL, 0 },  { "", 0 },   { "\0", 1 }, { "A", 1 },    { "a", 1 },
		{ "a\0", 2 }, { "ab", 2 }, { "b", 1 },	{ "\x80", 1 }, { "\xff", 1 },
	};
	const size_t n = sizeof(sorted) / sizeof(sorted[0]);

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			int order = str_cmp(sorted[i], sorted[j]);

			ck_assert_int_eq((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}
END_TEST

START_TEST(test_trim)
{
	static const char *const rows[][2] = {
		{ "", "" },   { " ", "" },	   { " \t ", "" },
		{ "a", "a" }, { " a b\t", "a b" }, { "\na\n", "\na\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert(str_eq_z(str_trim(str_from(rows[i][0])), rows[i][1]));
	ck_assert_ptr_null(str_trim(STR_NONE).p);
}
END_TEST

START_TEST(test_cut)
{
	struct str in = STR("a,,b,");

	ck_assert(str_eq_z(str_cut(&in, ','), "a"));
	ck_assert(str_eq_z(str_cut(&in, ','), ""));
	ck_assert(str_eq_z(str_cut(&in, ','), "b"));
	ck_assert_ptr_nonnull(in.p);
	ck_assert(str_eq_z(str_cut(&in, ','), ""));
	ck_assert_ptr_null(in.p);
	ck_assert_uint_eq(in.n, 0);
	in = STR("whole");
	ck_assert(str_eq_z(str_cut(&in, ','), "whole"));
	ck_assert_ptr_null(in.p);
	ck_assert_ptr_null(str_cut(&in, ',').p);
}
END_TEST

START_TEST(test_to_i64)
{
	static const struct {
		const char *text;
		int64_t min, max, value;
		enum err err;
	} rows[] = {
		{ "0", INT64_MIN, INT64_MAX, 0, ERR_OK },
		{ "7", INT64_MIN, INT64_MAX, 7, ERR_OK },
		{ "-7", INT64_MIN, INT64_MAX, -7, ERR_OK },
		{ "10", 10, 10, 10, ERR_OK },
		{ "9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX, ERR_OK },
		{ "-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN, ERR_OK },
		{ "9223372036854775808", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "-9223372036854775809", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "99999999999999999999", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "18446744073709551617", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "9", 10, 20, 0, ERR_MALFORMED },
		{ "21", 10, 20, 0, ERR_MALFORMED },
		{ "", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "-", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "-0", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "00", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "01", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "-01", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "+1", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ " 1", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "1 ", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "1.0", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "1e3", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "0x1", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "--1", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "1/", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "1:", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
		{ "1\xb2", INT64_MIN, INT64_MAX, 0, ERR_MALFORMED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t value = 4711;
		enum err e = str_to_i64(str_from(rows[i].text), rows[i].min, rows[i].max, &value);

		ck_assert_msg(e == rows[i].err, "row %zu", i);
		ck_assert_int_eq(value, e == ERR_OK ? rows[i].value : 4711);
	}
	ck_assert_int_eq(str_to_i64(STR_NONE, 0, 1, &(int64_t){ 0 }), ERR_MALFORMED);
}
END_TEST

START_TEST(test_to_i64_round_trip)
{
	for (int i = 0; i < 100000; i++) {
		int64_t v = seed_i64();
		int64_t back;
		char text[32];

		snprintf(text, sizeof(text), "%" PRId64, v);
		ck_assert_int_eq(str_to_i64(str_from(text), INT64_MIN, INT64_MAX, &back), ERR_OK);
		ck_assert_int_eq(back, v);
	}
}
END_TEST

/* Decodes the long way: what a code point is, then which ones may stand in which form. */
static bool naive_utf8(const unsigned char *p, size_t n, size_t *ret_len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t count = 0;

	for (size_t i = 0; i < n; count++) {
		size_t len = p[i] < 0x80 ? 1 : 0;
		uint32_t code = p[i];

		for (size_t k = 2; k <= 4 && len == 0; k++) {
			if ((unsigned int)p[i] >> (7 - k) == (1U << (k + 1)) - 2) {
				len = k;
				code = p[i] & ((1U << (7 - k)) - 1);
			}
		}
		if (len == 0 || len > n - i)
			return false;
		for (size_t k = 1; k < len; k++) {
			if (p[i + k] >> 6 != 2)
				return false;
			code = code << 6 | (p[i + k] & 63);
		}
		if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
			return false;
		i += len;
	}
	*ret_len = count;
	return true;
}

START_TEST(test_utf8_table)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "", true },
		{ "plain", true },
		{ "\x7f", true },
		{ "\xc2\x80", true },
		{ "\xdf\xbf", true },
		{ "\xe0\xa0\x80", true },
		{ "\xed\x9f\xbf", true },
		{ "\xee\x80\x80", true },
		{ "\xef\xbf\xbf", true },
		{ "\xf0\x90\x80\x80", true },
		{ "\xf4\x8f\xbf\xbf", true },
		{ "12345678\xc3\xa4"
		  "12345678",
		  true },
		{ "1234567\xc3\xa4", true },
		{ "\x80", false },
		{ "\xbf", false },
		{ "\xc0\x80", false },
		{ "\xc1\xbf", false },
		{ "\xc2", false },
		{ "\xc2\x7f", false },
		{ "\xe0\x9f\xbf", false },
		{ "\xed\xa0\x80", false },
		{ "\xe2\x82", false },
		{ "\xe2\x82(", false },
		{ "\xf0\x8f\xbf\xbf", false },
		{ "\xf4\x90\x80\x80", false },
		{ "\xf5\x80\x80\x80", false },
		{ "\xf0\x9f\x98", false },
		{ "\xff", false },
		{ "12345678\xff", false },
		{ "1234567812345678\xe2\x82", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(str_is_utf8(str_from(rows[i].text)) == rows[i].good, "row %zu", i);
	ck_assert(str_is_utf8(STR_NONE));
	/* Cut inside of a sequence whose rest stands behind the end of the view. */
	ck_assert(!str_is_utf8((struct str){ "\xe2\x82\xac", 2 }));
	ck_assert(!str_is_utf8((struct str){ "\xc3\xa4", 1 }));
}
END_TEST

/* Every pair, and every triple of the bytes at which a rule changes. */
START_TEST(test_utf8_exhaustive)
{
	static const unsigned char edges[] = { 0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0,
					       0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec,
					       0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff };
	const size_t n = sizeof(edges);
	size_t len;

	for (unsigned int v = 0; v < 65536; v++) {
		unsigned char text[2] = { (unsigned char)(v >> 8), (unsigned char)v };

		ck_assert(str_is_utf8((struct str){ (char *)text, 2 }) ==
			  naive_utf8(text, 2, &len));
	}
	for (size_t v = 0; v < n * n * n * n; v++) {
		unsigned char text[4] = { edges[v % n], edges[v / n % n], edges[v / n / n % n],
					  edges[v / n / n / n] };

		if (str_is_utf8((struct str){ (char *)text, 4 }) != naive_utf8(text, 4, &len))
			ck_abort_msg("%02x %02x %02x %02x", text[0], text[1], text[2], text[3]);
	}
}
END_TEST

static size_t put_utf8(unsigned char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (unsigned char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (unsigned char)(0xc0 | c >> 6);
		to[1] = (unsigned char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (unsigned char)(0xe0 | c >> 12);
		to[1] = (unsigned char)(0x80 | (c >> 6 & 63));
		to[2] = (unsigned char)(0x80 | (c & 63));
		return 3;
	}
	to[0] = (unsigned char)(0xf0 | c >> 18);
	to[1] = (unsigned char)(0x80 | (c >> 12 & 63));
	to[2] = (unsigned char)(0x80 | (c >> 6 & 63));
	to[3] = (unsigned char)(0x80 | (c & 63));
	return 4;
}

/* Well-formed texts of random code points, and the same with one byte changed. */
START_TEST(test_utf8_random)
{
	for (int round = 0; round < 50000; round++) {
		unsigned char text[256];
		size_t points = seed_below(40);
		size_t n = 0;
		size_t len = 0;
		struct str s;

		for (size_t i = 0; i < points; i++) {
			uint32_t c = (uint32_t)seed_below(0x110000) >> 5 * seed_below(4);

			n += put_utf8(text + n, c >= 0xd800 && c <= 0xdfff ? '?' : c);
		}
		s = (struct str){ (char *)text, n };
		ck_assert(str_is_utf8(s));
		ck_assert_uint_eq(str_utf8_len(s), points);
		if (n == 0)
			continue;
		text[seed_below(n)] = (unsigned char)seed_next();
		ck_assert(str_is_utf8(s) == naive_utf8(text, n, &len));
	}
}
END_TEST

START_TEST(test_eq_secret)
{
	unsigned char a[64];
	unsigned char b[64];

	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = (unsigned char)seed_next();
	memcpy(b, a, sizeof(a));
	ck_assert(str_eq_secret(a, b, sizeof(a)));
	ck_assert(str_eq_secret(a, b, 0));
	for (size_t bit = 0; bit < 8 * sizeof(a); bit++) {
		b[bit / 8] ^= (unsigned char)(1U << bit % 8);
		ck_assert(!str_eq_secret(a, b, sizeof(a)));
		ck_assert(str_eq_secret(a, b, bit / 8));
		b[bit / 8] ^= (unsigned char)(1U << bit % 8);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/base/str");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_from);
	tcase_add_test(tc, test_eq);
	tcase_add_test(tc, test_starts);
	tcase_add_test(tc, test_cmp_sorts);
	tcase_add_test(tc, test_trim);
	tcase_add_test(tc, test_cut);
	tcase_add_test(tc, test_to_i64);
	tcase_add_test(tc, test_to_i64_round_trip);
	tcase_add_test(tc, test_utf8_table);
	tcase_add_test(tc, test_utf8_exhaustive);
	tcase_add_test(tc, test_utf8_random);
	tcase_add_test(tc, test_eq_secret);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
