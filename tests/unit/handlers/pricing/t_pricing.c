/* SPDX-License-Identifier: Apache-2.0 */
/* Totals of documents: by hand, and as properties over random documents. */
#include "handlers/pricing/pricing.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/app/base/seed.h"

enum { LINES = 40, DOCUMENTS = 2000 };

static struct call call;

static void setup(void)
{
	memset(&call, 0, sizeof(call));
	call.arena = arena_new(16 << 20);
	ck_assert_ptr_nonnull(call.arena);
}

static void teardown(void)
{
	arena_free(call.arena);
}

static struct document_line line_of(dec6 quantity, dec6 price, dec6 discount, dec6 tax)
{
	return (struct document_line){
		.quantity = quantity,
		.unit_price = price,
		.discount_percent = discount,
		.tax_percent = tax,
	};
}

#define UNITS(n)  ((n)*DEC6_ONE)
#define MILLIS(n) ((n)*DEC6_ONE / 1000)

START_TEST(test_by_hand)
{
	/* 12 x 14.00 less 5 % at 19 %, 3 x 0.335 at 7 %, 1 x 0.005 at 7 % */
	struct document_line lines[] = {
		line_of(UNITS(12), UNITS(14), UNITS(5), UNITS(19)),
		line_of(UNITS(3), MILLIS(335), 0, UNITS(7)),
		line_of(UNITS(1), MILLIS(5), 0, UNITS(7)),
	};
	const struct currency *eur = currency_find(STR("EUR"));
	struct document_totals t;
	const struct document_tax *taxes;

	ck_assert_int_eq(pricing_calculate(&call, eur, lines, 3, &t), ERR_OK);
	ck_assert_int_eq(lines[0].net, 15960);
	ck_assert_int_eq(lines[1].net, 101); /* 1.005, half away from zero */
	ck_assert_int_eq(lines[2].net, 1);
	ck_assert_int_eq(t.subtotal, 16062);
	ck_assert_uint_eq(t.taxes.n, 2);
	taxes = t.taxes.p;
	ck_assert_int_eq(taxes[0].tax_percent, UNITS(7));
	ck_assert_int_eq(taxes[0].taxable, 102);
	ck_assert_int_eq(taxes[0].tax, 7);
	ck_assert_int_eq(taxes[1].taxable, 15960);
	ck_assert_int_eq(taxes[1].tax, 3032); /* 3032.40 */
	ck_assert_int_eq(t.tax, 3039);
	ck_assert_int_eq(t.total, 19101);
}
END_TEST

START_TEST(test_exponents)
{
	struct document_line line = line_of(UNITS(3), MILLIS(1500), 0, 0);
	struct document_totals t;

	ck_assert_int_eq(pricing_calculate(&call, currency_find(STR("JPY")), &line, 1, &t), ERR_OK);
	ck_assert_int_eq(t.total, 5); /* 4.5 yen */
	ck_assert_int_eq(pricing_calculate(&call, currency_find(STR("BHD")), &line, 1, &t), ERR_OK);
	ck_assert_int_eq(t.total, 4500);
}
END_TEST

START_TEST(test_limits)
{
	const struct currency *eur = currency_find(STR("EUR"));
	struct document_line lines[2];
	struct document_totals t;

	/* 90 of the dearest things still fit, 91 do not */
	lines[0] = line_of(UNITS(90), DEC6_MAX, 0, 0);
	ck_assert_int_eq(pricing_calculate(&call, eur, lines, 1, &t), ERR_OK);
	ck_assert_int_le(t.total, MONEY_MAX);
	lines[0] = line_of(UNITS(91), DEC6_MAX, 0, 0);
	ck_assert_int_eq(pricing_calculate(&call, eur, lines, 1, &t), ERR_VALIDATION);
	ck_assert_uint_eq(call.n_faults, 1);
	ck_assert_str_eq(call.faults[0].code, "amount_overflow");
	ck_assert(str_eq(call.faults[0].pointer, STR("/lines/0/unit_price")));
	/* a line above the limit is refused even where another one makes up for it */
	lines[0] = line_of(UNITS(90000), -UNITS(1000000000), 0, 0);
	lines[1] = line_of(UNITS(180000), UNITS(1000000000), 0, 0);
	ck_assert_int_eq(pricing_calculate(&call, eur, lines, 2, &t), ERR_VALIDATION);
}
END_TEST

static int64_t random_below(int64_t n)
{
	return (int64_t)seed_below((uint64_t)n);
}

/* EN 16931: BR-CO-10, 14, 15 and 17 hold, and the order of lines changes nothing. */
START_TEST(test_properties)
{
	static const dec6 rates[] = { 0, UNITS(7), UNITS(19), MILLIS(5500) };
	static const char *const codes[] = { "EUR", "JPY", "BHD" };
	struct document_line lines[LINES], reversed[LINES];

	for (int d = 0; d < DOCUMENTS; d++) {
		const struct currency *currency = currency_find(str_from(codes[d % 3]));
		const size_t n = (size_t)random_below(LINES) + 1;
		struct document_totals t, r;
		int64_t subtotal = 0, tax = 0;

		for (size_t i = 0; i < n; i++) {
			lines[i] = line_of(random_below(UNITS(1000)) + 1,
					   random_below(UNITS(100000)) - UNITS(1000),
					   random_below(UNITS(100) + 1), rates[random_below(4)]);
			reversed[n - 1 - i] = lines[i];
		}
		ck_assert_int_eq(pricing_calculate(&call, currency, lines, n, &t), ERR_OK);
		ck_assert_int_eq(pricing_calculate(&call, currency, reversed, n, &r), ERR_OK);
		for (size_t i = 0; i < n; i++)
			subtotal += lines[i].net;
		ck_assert_int_eq(t.subtotal, subtotal);
		for (size_t i = 0; i < t.taxes.n; i++) {
			const struct document_tax *group = &((struct document_tax *)t.taxes.p)[i];
			int64_t expected, taxable = 0;

			for (size_t j = 0; j < n; j++)
				if (lines[j].tax_percent == group->tax_percent)
					taxable += lines[j].net;
			ck_assert_int_eq(group->taxable, taxable);
			ck_assert_int_eq(money_percent(taxable, group->tax_percent, &expected),
					 ERR_OK);
			ck_assert_int_eq(group->tax, expected);
			tax += group->tax;
		}
		ck_assert_int_eq(t.tax, tax);
		ck_assert_int_eq(t.total, subtotal + tax);
		ck_assert_int_eq(r.total, t.total);
		ck_assert_uint_eq(r.taxes.n, t.taxes.n);
		arena_reset(call.arena);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("handlers/pricing");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_by_hand);
	tcase_add_test(tc, test_exponents);
	tcase_add_test(tc, test_limits);
	tcase_add_test(tc, test_properties);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
