/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/money.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(test_exponents)
{
	static const struct {
		const char *code;
		int exponent;
	} rows[] = {
		{ "AED", 2 }, { "BHD", 3 }, { "CHF", 2 }, { "CLF", 4 }, { "CLP", 0 },
		{ "EUR", 2 }, { "GBP", 2 }, { "IQD", 3 }, { "ISK", 0 }, { "JOD", 3 },
		{ "JPY", 0 }, { "KRW", 0 }, { "KWD", 3 }, { "LYD", 3 }, { "MGA", 2 },
		{ "OMR", 3 }, { "TND", 3 }, { "UGX", 0 }, { "USD", 2 }, { "UYW", 4 },
		{ "VND", 0 }, { "XAF", 0 }, { "XCG", 2 }, { "XPF", 0 }, { "ZWG", 2 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct currency *c = currency_find(str_from(rows[i].code));

		ck_assert_msg(c != NULL, "%s", rows[i].code);
		ck_assert_str_eq(c->code, rows[i].code);
		ck_assert_msg(c->exponent == rows[i].exponent, "%s", rows[i].code);
	}
	ck_assert_str_eq(currency_find(STR("EUR"))->name, "Euro");
}
END_TEST

START_TEST(test_absent)
{
	/* Never one, no money, withdrawn, and near misses. */
	static const char *const rows[] = { "AAA", "ZZZ",  "XXX", "XTS", "XAU",
					    "DEM", "HRK",  "SLL", "eur", "Eur",
					    "EU",  "EURO", "",	  "EU ", "\xff\xff\xff" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(currency_find(str_from(rows[i])) == NULL, "%s", rows[i]);
	ck_assert_ptr_null(currency_find(STR_NONE));
	ck_assert_ptr_null(currency_find(STR("\0\0\0")));
}
END_TEST

/* Binary search needs the order, clients the names. */
START_TEST(test_table)
{
	size_t n;
	const struct currency *table = currency_table(&n);
	size_t by_exponent[5] = { 0 };

	ck_assert_uint_gt(n, 150);
	for (size_t i = 0; i < n; i++) {
		ck_assert(i == 0 || strcmp(table[i - 1].code, table[i].code) < 0);
		ck_assert_uint_eq(strspn(table[i].code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 3);
		ck_assert_ptr_eq(currency_find(str_from(table[i].code)), &table[i]);
		ck_assert(table[i].exponent >= 0 && table[i].exponent <= 4);
		by_exponent[table[i].exponent]++;
		ck_assert_uint_gt(strlen(table[i].name), 0);
		ck_assert(str_is_utf8(str_from(table[i].name)));
	}
	ck_assert_uint_eq(by_exponent[0], 17);
	ck_assert_uint_eq(by_exponent[1], 0);
	ck_assert_uint_eq(by_exponent[3], 7);
	ck_assert_uint_eq(by_exponent[4], 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/base/currency");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_exponents);
	tcase_add_test(tc, test_absent);
	tcase_add_test(tc, test_table);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
