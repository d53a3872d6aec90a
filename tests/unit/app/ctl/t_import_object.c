/* SPDX-License-Identifier: Apache-2.0 */
/* The requests that an import makes of its plan. */
#include "app/ctl/import_object.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "app/base/clock.h"
#include "app/ctl/ctl.h"

static struct import_plan plan;
static struct arena *arena;

void ctl_say(const char *format, ...)
{
	(void)format;
}

/* Customer 0, products 0 and 1; document 0 an invoice with freight, document 1 a credit note. */
static void setup(void)
{
	const struct import_line lines[] = {
		{ .product = 0,
		  .quantity = 12 * DEC6_ONE,
		  .unit_price = 14 * DEC6_ONE,
		  .discount_percent = 5 * DEC6_ONE },
		{ .product = 1,
		  .description = STR("say \"x\""),
		  .quantity = DEC6_ONE / 2,
		  .unit_price = 1005000 },
		{ .product = IMPORT_NONE,
		  .description = STR("Freight"),
		  .quantity = DEC6_ONE,
		  .unit_price = 32380000 },
	};
	struct import_customer *c;
	struct import_product *p;
	struct import_document *d;
	uint32_t place;
	bool is_new;

	arena = arena_new(1 << 20);
	ck_assert_int_eq(import_plan_init(&plan, "Test", "nw", STR("USD")), ERR_OK);
	ck_assert_int_eq(import_plan_customer(&plan, STR("AL KI"), &place, &is_new), ERR_OK);
	c = import_customer_at(&plan, place);
	c->name = STR("Alfreds \"F\"");
	c->city = STR("Berlin");
	c->id = STR("cus_1");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(import_plan_product(&plan, i == 0 ? STR("11") : STR("a b"), &place,
						     &is_new),
				 ERR_OK);
		p = import_product_at(&plan, place);
		p->name = STR("Queso");
		p->unit_price = 21 * DEC6_ONE;
		p->discontinued = i == 1;
		p->id = i == 0 ? STR("prd_1") : STR("prd_2");
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(import_plan_document(&plan, i == 0 ? STR("10248") : STR("C1"),
						      &place, &is_new),
				 ERR_OK);
		d = import_document_at(&plan, place);
		d->date = date_from_civil(1996, 7, 4);
		d->paid_date = date_from_civil(1996, 7, 16);
		d->order_id = STR("ord_1");
		d->id = STR("inv_1");
		ck_assert_int_eq(import_plan_line(&plan, place, &lines[i]), ERR_OK);
		if (i == 0) {
			ck_assert_int_eq(import_plan_line(&plan, place, &lines[1]), ERR_OK);
			ck_assert_int_eq(import_plan_line(&plan, place, &lines[2]), ERR_OK);
		}
	}
}

static void teardown(void)
{
	import_plan_free(&plan);
	arena_free(arena);
}

static const struct {
	enum import_kind kind;
	uint32_t place;
	const char *country;
	const char *target;
	const char *key;
	const char *lookup;
	const char *body;
} cases[] = {
	{ IMPORT_CUSTOMER, 0, "UK", "/v1/customers", "import/nw-customer-AL%20KI",
	  "/v1/customers?filter%5Bexternal_id%5D=nw-customer-AL%20KI",
	  "{\"external_id\":\"nw-customer-AL KI\",\"name\":\"Alfreds "
	  "\\\"F\\\"\",\"currency\":\"USD\","
	  "\"address\":{\"city\":\"Berlin\",\"country\":\"GB\"},\"metadata\":{}}" },
	{ IMPORT_CUSTOMER, 0, "Atlantis", "/v1/customers", "import/nw-customer-AL%20KI",
	  "/v1/customers?filter%5Bexternal_id%5D=nw-customer-AL%20KI",
	  "{\"external_id\":\"nw-customer-AL KI\",\"name\":\"Alfreds "
	  "\\\"F\\\"\",\"currency\":\"USD\","
	  "\"address\":{\"city\":\"Berlin\"},\"metadata\":{\"country\":\"Atlantis\"}}" },
	{ IMPORT_PRODUCT, 0, NULL, "/v1/products", "import/product/nw-11",
	  "/v1/products?filter%5Bsku%5D=nw-11",
	  "{\"sku\":\"nw-11\",\"name\":\"Queso\",\"currency\":\"USD\",\"unit_price\":\"21\"}" },
	{ IMPORT_PRODUCT, 1, NULL, "/v1/products", "import/product/nw-a%20b",
	  "/v1/products?filter%5Bsku%5D=nw-a%20b",
	  "{\"sku\":\"nw-a b\",\"name\":\"Queso\",\"currency\":\"USD\",\"unit_price\":\"21\","
	  "\"metadata\":{\"discontinued\":\"true\"}}" },
	{ IMPORT_ORDER, 0, NULL, "/v1/orders", "import/nw-order-10248",
	  "/v1/orders?filter%5Bexternal_id%5D=nw-order-10248",
	  "{\"external_id\":\"nw-order-10248\",\"customer_id\":\"cus_1\",\"currency\":\"USD\","
	  "\"order_date\":\"1996-07-04\",\"place\":true,\"lines\":["
	  "{\"product_id\":\"prd_1\",\"quantity\":\"12\",\"unit_price\":\"14\","
	  "\"discount_percent\":\"5\"},"
	  "{\"product_id\":\"prd_2\",\"description\":\"say \\\"x\\\"\",\"quantity\":\"0.5\","
	  "\"unit_price\":\"1.005\"},"
	  "{\"description\":\"Freight\",\"quantity\":\"1\",\"unit_price\":\"32.38\"}]}" },
	{ IMPORT_INVOICE, 0, NULL, "/v1/invoices", "import/nw-invoice-10248",
	  "/v1/invoices?filter%5Bexternal_id%5D=nw-invoice-10248",
	  "{\"external_id\":\"nw-invoice-10248\",\"order_id\":\"ord_1\","
	  "\"issue_date\":\"1996-07-04\",\"finalize\":true}" },
	/* 12 x 14 - 5 % = 159.60, 0.5 x 1.005 = 0.50, freight 32.38 */
	{ IMPORT_PAYMENT, 0, NULL, "/v1/payments", "import/nw-payment-10248",
	  "/v1/payments?filter%5Bexternal_id%5D=nw-payment-10248",
	  "{\"external_id\":\"nw-payment-10248\",\"invoice_id\":\"inv_1\",\"amount\":19248,"
	  "\"currency\":\"USD\",\"status\":\"succeeded\",\"method\":\"bank_transfer\","
	  "\"payment_date\":\"1996-07-16\"}" },
	{ IMPORT_CREDIT_NOTE, 1, NULL, "/v1/credit_notes", "import/nw-credit-note-C1",
	  "/v1/credit_notes?filter%5Bexternal_id%5D=nw-credit-note-C1",
	  "{\"external_id\":\"nw-credit-note-C1\",\"customer_id\":\"cus_1\",\"currency\":\"USD\","
	  "\"issue_date\":\"1996-07-04\",\"reason\":\"Cancellation\",\"lines\":["
	  "{\"product_id\":\"prd_2\",\"description\":\"say \\\"x\\\"\",\"quantity\":\"0.5\","
	  "\"unit_price\":\"1.005\"}]}" },
};

START_TEST(test_make)
{
	struct import_request rq;
	const char *lookup;
	char body[1000];

	import_customer_at(&plan, 0)->country = str_from(cases[_i].country);
	ck_assert_int_eq(import_object_make(&plan, cases[_i].kind, cases[_i].place, arena, &rq),
			 ERR_OK);
	snprintf(body, sizeof(body), STR_FMT, STR_ARG(rq.body));
	ck_assert_str_eq(body, cases[_i].body);
	ck_assert_str_eq(rq.target, cases[_i].target);
	ck_assert_str_eq(rq.key, cases[_i].key);
	ck_assert_str_eq(rq.lookup, cases[_i].lookup);
	if (cases[_i].kind != IMPORT_PAYMENT)
		return;
	ck_assert_int_eq(import_object_lookup(&plan, IMPORT_PAYMENT, STR("10248"), arena, &lookup),
			 ERR_OK);
	ck_assert_str_eq(lookup, cases[_i].lookup);
}
END_TEST

START_TEST(test_own)
{
	ck_assert(import_object_is_own(&plan, STR("nw-order-1")));
	ck_assert(!import_object_is_own(&plan, STR("nwx-order-1")));
	ck_assert(!import_object_is_own(&plan, STR("or-order-1")));
	ck_assert(!import_object_is_own(&plan, STR("nw")));
	ck_assert(!import_object_is_own(&plan, STR("")));
	ck_assert(!import_object_is_own(&plan, STR_NONE));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/ctl/import_object");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_make, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, test_own);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
