/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of an import. With REMIT_TEST_DATA set to a folder that holds the two trading histories
 * it is compared with their known totals; without it those tests are skipped, and say so.
 */
#include "app/ctl/import_plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>
#include <zlib.h>

#include "app/base/clock.h"
#include "app/ctl/ctl.h"
#include "tests/unit/app/base/seed.h"

static char said[400];
static char dir[] = "/tmp/t_import_plan.XXXXXX";

void ctl_say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(said, sizeof(said), format, ap);
	va_end(ap);
}

static const char *path(const char *name)
{
	static char text[200];

	snprintf(text, sizeof(text), "%s/%s", dir, name);
	return text;
}

static const char *write_file(const char *name, const char *content)
{
	FILE *f = fopen(path(name), "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(content, 1, strlen(content), f), strlen(content));
	ck_assert_int_eq(fclose(f), 0);
	return path(name);
}

/* CSV ---------------------------------------------------------------------------------------- */

struct seen {
	char text[2000];
	int rows;
};

static enum err on_row(void *arg, const struct import_row *row)
{
	struct seen *s = arg;

	for (int i = 0; i < 2; i++) {
		const struct str f = row->fields[i];
		const size_t n = strlen(s->text);

		if (f.p == NULL)
			snprintf(s->text + n, sizeof(s->text) - n, "<none>");
		else
			snprintf(s->text + n, sizeof(s->text) - n, "<" STR_FMT ">", STR_ARG(f));
	}
	s->rows++;
	return ERR_OK;
}

static const char *const a_and_c[] = { "a", "c" };

static const struct {
	const char *content;
	const char *loose;
	enum err err;
	const char *text; /* what rows have, or what is said */
} csv_cases[] = {
	{ "a,b,c\n1,2,3\n", NULL, ERR_OK, "<1><3>" },
	{ "\xef\xbb\xbf"
	  "a,b,c\r\n1,2,3\r\n",
	  NULL, ERR_OK, "<1><3>" },
	{ "c,b,a\n1,2,3", NULL, ERR_OK, "<3><1>" },
	{ "a,b,c\n", NULL, ERR_OK, "" },
	{ "a,b,c\n\"x, \"\"y\"\"\nz\",2,NULL\n", NULL, ERR_OK, "<x, \"y\"\nz><none>" },
	{ "a,b,c\n  x  ,2,\n", NULL, ERR_OK, "<x><none>" },
	{ "a,b,c\n1,2,3,4\n", "b", ERR_OK, "<1><4>" },
	{ "a,b,c\n1, 2,3 ,4,5\n", "c", ERR_OK, "<1><3 ,4,5>" },
	{ "a,b,c\n1,2,3,4\n", NULL, ERR_MALFORMED, "row 2: 4 fields instead of 3" },
	{ "a,b,c\n1,2,3\n1,2\n", "b", ERR_MALFORMED, "row 3: 2 fields instead of 3" },
	{ "a,b\n1,2\n", NULL, ERR_MALFORMED, "row 1: there is no column \"c\"" },
	{ "", NULL, ERR_MALFORMED, "empty" },
	{ "a,b,c\n1,2,\"3\n", NULL, ERR_MALFORMED, "row 2: " },
	{ "a,b,c\n1,x\"y,3\n", NULL, ERR_MALFORMED, "row 2: " },
	{ "a,b,c\n1,2,3\n1,\xff,3\n", NULL, ERR_MALFORMED, "row 3: is not UTF-8" },
};

START_TEST(test_csv)
{
	struct seen seen = { .rows = 0 };
	const struct import_csv csv = {
		.columns = a_and_c,
		.n_columns = 2,
		.loose = csv_cases[_i].loose,
		.row = on_row,
		.arg = &seen,
	};
	enum err e;

	said[0] = '\0';
	e = import_csv_read(write_file("x.csv", csv_cases[_i].content), &csv);
	ck_assert_msg(e == csv_cases[_i].err, "%s: %s", err_name(e), said);
	if (e == ERR_OK)
		ck_assert_str_eq(seen.text, csv_cases[_i].text);
	else
		ck_assert_msg(strstr(said, csv_cases[_i].text) != NULL, "said: %s", said);
}
END_TEST

START_TEST(test_csv_missing)
{
	const struct import_csv csv = { .columns = a_and_c, .n_columns = 2, .row = on_row };

	ck_assert_int_eq(import_csv_read(path("none.csv"), &csv), ERR_IO);
	ck_assert_ptr_nonnull(strstr(said, "none.csv"));
}
END_TEST

/* A gzip file reads as its content does; a cut one is noticed. */
START_TEST(test_csv_gzip)
{
	struct seen seen = { .rows = 0 };
	const struct import_csv csv = {
		.columns = a_and_c, .n_columns = 2, .row = on_row, .arg = &seen
	};
	gzFile out = gzopen(path("x.csv.gz"), "wb");
	FILE *f;
	long size;

	ck_assert_int_gt(gzputs(out, "a,b,c\n1,2,3\n4,5,6\n"), 0);
	ck_assert_int_eq(gzclose(out), Z_OK);
	ck_assert_int_eq(import_csv_read(path("x.csv.gz"), &csv), ERR_OK);
	ck_assert_str_eq(seen.text, "<1><3><4><6>");
	f = fopen(path("x.csv.gz"), "r+e");
	ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	ck_assert_int_eq(ftruncate(fileno(f), size - 6), 0);
	ck_assert_int_eq(fclose(f), 0);
	seen.text[0] = '\0';
	ck_assert_int_eq(import_csv_read(path("x.csv.gz"), &csv), ERR_IO);
}
END_TEST

/* Plan --------------------------------------------------------------------------------------- */

#define RETAIL_NAMES \
	"InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

static enum err read_retail(const char *rows, struct import_plan *plan)
{
	char content[2000];

	snprintf(content, sizeof(content), RETAIL_NAMES "%s", rows);
	return import_retail_read(write_file("retail.csv", content), plan);
}

START_TEST(test_retail_rules)
{
	struct import_plan plan;
	const struct import_document *d;

	ck_assert_int_eq(read_retail("2,B,late,1,2010-12-02 08:00:00,2.50,7.0,EIRE\n"
				     "1,A, LANTERN ,3,2010-12-01 08:00:00,1.005,8.0,Narnia\n"
				     "C9,A,OTHER WORDS,-2,2010-12-01 09:00:00,1.10,7.0,EIRE\n"
				     "2,A,LANTERN,2,2010-12-02 08:01:00,1.00,7.0,EIRE\n"
				     "3,A,damaged,-5,2010-12-03 08:00:00,0.0,,United Kingdom\n"
				     "4,A,,1,2010-12-03 08:00:00,0.10,,United Kingdom\n"
				     "4,Z,,1,2010-12-03 08:00:00,0.00,,United Kingdom\n"
				     "A5,B,bad debt,1,2010-12-03 08:00:00,-10.00,,United Kingdom\n",
				     &plan),
			 ERR_OK);
	ck_assert_uint_eq(plan.documents.n, 4);
	/* by series, then date; the lines in the order of the file though they were apart */
	d = import_document_at(&plan, 0);
	ck_assert(str_eq(d->number, STR("1")));
	ck_assert_int_eq(d->total, 302); /* 3 x 1.005 rounds half up */
	d = import_document_at(&plan, 1);
	ck_assert(str_eq(d->number, STR("2")));
	ck_assert_int_eq(d->total, 450);
	ck_assert_uint_eq(d->n_lines, 2);
	ck_assert_int_eq(import_line_at(&plan, d->first)->net, 250);
	ck_assert_int_eq(import_line_at(&plan, d->last)->net, 200);
	ck_assert_uint_eq(import_line_at(&plan, d->last)->next, IMPORT_NONE);
	/* the product's words need not be said again, others are kept */
	ck_assert_ptr_null(import_line_at(&plan, d->last)->description.p);
	d = import_document_at(&plan, 2);
	ck_assert(str_eq(d->number, STR("4")));
	ck_assert(str_eq(import_customer_at(&plan, d->customer)->number, STR("walk-in")));
	d = import_document_at(&plan, 3);
	ck_assert_int_eq(d->series, IMPORT_CREDIT_NOTES);
	ck_assert_int_eq(d->total, 220);
	ck_assert_int_eq(import_line_at(&plan, d->first)->quantity, 2 * DEC6_ONE);
	ck_assert(str_eq(import_line_at(&plan, d->first)->description, STR("OTHER WORDS")));
	/* 7, 8 and the walk-in; no product Z, which has no money */
	ck_assert_int_eq(plan.totals.customers, 3);
	ck_assert_int_eq(plan.totals.products, 2);
	ck_assert_int_eq(plan.totals.net, 302 + 450 + 10);
	ck_assert_int_eq(plan.totals.credited, 220);
	ck_assert_int_eq(plan.notes.zero_lines, 2);
	ck_assert_int_eq(plan.notes.stock_lines, 1);
	ck_assert_int_eq(plan.notes.empty_documents, 1);
	ck_assert_int_eq(plan.notes.negative_documents, 1);
	ck_assert_int_eq(plan.notes.walk_in_lines, 4);
	ck_assert(str_eq(import_product_at(&plan, 1)->name, STR("LANTERN")));
	import_plan_free(&plan);
}
END_TEST

static const struct {
	const char *rows;
	const char *said;
} retail_faults[] = {
	{ "1,A,x,1,2010-12-01,1.0,7.0,EIRE\n1,A,x,1,2010-12-01,1.0,8.0,EIRE\n",
	  "row 3: an invoice of two" },
	{ "1,A,x,one,2010-12-01,1.0,7.0,EIRE\n", "row 2: Quantity is not a decimal: \"one\"" },
	{ "1,A,x,1,2010-12-01,1.0000001,7.0,EIRE\n", "UnitPrice is not a decimal" },
	{ "1,A,x,1,2010-02-30 00:00:00,1.0,7.0,EIRE\n", "InvoiceDate is not a date" },
	{ "1,A,x,1,NULL,1.0,7.0,EIRE\n", "InvoiceDate is not a date" },
	{ ",A,x,1,2010-12-01,1.0,7.0,EIRE\n", "row 2: it has no invoice number" },
	{ "1,A,x,999999999999,2010-12-01,999999999999,7.0,EIRE\n",
	  "row 2: the amount is too large" },
};

START_TEST(test_retail_faults)
{
	struct import_plan plan;

	ck_assert_int_eq(read_retail(retail_faults[_i].rows, &plan), ERR_MALFORMED);
	ck_assert_msg(strstr(said, retail_faults[_i].said) != NULL, "said: %s", said);
	import_plan_free(&plan);
}
END_TEST

/* 900 lines are taken, 901 are refused before anything is sent. */
START_TEST(test_too_many_lines)
{
	const char *const row = "1,A,x,1,2010-12-01,1.0,7.0,EIRE\n";
	struct import_plan plan;
	FILE *f;

	for (int n = 900; n <= 901; n++) {
		f = fopen(path("many.csv"), "we");
		fputs(RETAIL_NAMES, f);
		for (int i = 0; i < n; i++)
			fputs(row, f);
		ck_assert_int_eq(fclose(f), 0);
		ck_assert_int_eq(import_retail_read(path("many.csv"), &plan),
				 n == 900 ? ERR_OK : ERR_MALFORMED);
		import_plan_free(&plan);
	}
	ck_assert_ptr_nonnull(strstr(said, "901 lines"));
}
END_TEST

/* Every name is found again, and no other. */
START_TEST(test_map_random)
{
	enum { N = 5000 };
	static uint32_t places[N];
	struct import_plan plan;
	uint32_t place;
	bool is_new;
	char name[32];

	ck_assert_int_eq(import_plan_init(&plan, "x", "x", STR("USD")), ERR_OK);
	ck_assert_uint_eq(import_map_find(&plan.customer_map, STR("0")), IMPORT_NONE);
	for (unsigned i = 0; i < N; i++)
		places[i] = IMPORT_NONE;
	for (uint32_t made = 0, round = 0; round < 4 * N; round++) {
		const unsigned i = (unsigned)seed_below(N);

		snprintf(name, sizeof(name), "%u", i);
		ck_assert_uint_eq(import_map_find(&plan.customer_map, str_from(name)), places[i]);
		ck_assert_int_eq(import_plan_customer(&plan, str_from(name), &place, &is_new),
				 ERR_OK);
		ck_assert_int_eq(is_new, places[i] == IMPORT_NONE);
		if (is_new)
			places[i] = made++;
		ck_assert_uint_eq(place, places[i]);
		ck_assert(str_eq_z(import_customer_at(&plan, place)->number, name));
	}
	import_plan_free(&plan);
}
END_TEST

/* Sums and order hold for any mixture of documents. */
START_TEST(test_random_documents)
{
	struct import_plan plan;
	int64_t sums[IMPORT_SERIES_MAX] = { 0 };
	int64_t net = 0;
	uint32_t place;
	bool is_new;
	char name[32];

	ck_assert_int_eq(import_plan_init(&plan, "x", "x", STR("GBP")), ERR_OK);
	for (unsigned i = 0; i < 20000; i++) {
		struct import_line line = {
			.product = seed_below(10) == 0 ? IMPORT_NONE : 0,
			.quantity = (dec6)(seed_below(100) + 1) * DEC6_ONE,
			.unit_price = (dec6)seed_below(100000000),
			.discount_percent = (dec6)seed_below(100) * DEC6_ONE,
		};
		struct import_document *d;

		snprintf(name, sizeof(name), "%u", (unsigned)seed_below(700));
		ck_assert_int_eq(import_plan_document(&plan, str_from(name), &place, &is_new),
				 ERR_OK);
		d = import_document_at(&plan, place);
		if (is_new) {
			d->series = seed_below(2) == 0 ? IMPORT_INVOICES : IMPORT_CREDIT_NOTES;
			d->date = (int32_t)seed_below(50);
			d->row = i;
		}
		ck_assert_int_eq(import_plan_line(&plan, place, &line), ERR_OK);
		ck_assert_int_eq(money_line_net(line.quantity, line.unit_price,
						line.discount_percent, 2, &net),
				 ERR_OK);
		sums[import_document_at(&plan, place)->series] += net;
	}
	ck_assert_int_eq(import_plan_finish(&plan), ERR_OK);
	ck_assert_int_eq(plan.totals.net + plan.totals.freight, sums[IMPORT_INVOICES]);
	ck_assert_int_eq(plan.totals.credited, sums[IMPORT_CREDIT_NOTES]);
	for (uint32_t i = 1; i < plan.documents.n; i++) {
		const struct import_document *a = import_document_at(&plan, i - 1);
		const struct import_document *b = import_document_at(&plan, i);

		ck_assert(a->series < b->series ||
			  (a->series == b->series &&
			   (a->date < b->date || (a->date == b->date && a->row < b->row))));
	}
	import_plan_free(&plan);
}
END_TEST

START_TEST(test_countries)
{
	ck_assert(str_eq(import_country(STR("UK")), STR("GB")));
	ck_assert(str_eq(import_country(STR("EIRE")), STR("IE")));
	ck_assert(str_eq(import_country(STR("Venezuela")), STR("VE")));
	ck_assert_ptr_null(import_country(STR("Channel Islands")).p);
	ck_assert_ptr_null(import_country(STR("uk")).p);
	ck_assert_ptr_null(import_country(STR_NONE).p);
}
END_TEST

/* The real histories ------------------------------------------------------------------------- */

static const char *data_path(const char *name)
{
	static char text[4096];
	const char *folder = getenv("REMIT_TEST_DATA");

	if (folder != NULL) {
		snprintf(text, sizeof(text), "%s/%s", folder, name);
		if (access(text, R_OK) == 0)
			return text;
	}
	printf("SKIPPED: %s is not there; set REMIT_TEST_DATA to the folder of it\n", name);
	return NULL;
}

START_TEST(test_northwind)
{
	const char *folder = data_path("northwind");
	const struct import_customer *c;
	struct import_plan plan;

	if (folder == NULL)
		return;
	ck_assert_msg(import_northwind_read(folder, &plan) == ERR_OK, "%s", said);
	ck_assert_int_eq(plan.totals.customers, 91);
	ck_assert_int_eq(plan.totals.products, 77);
	ck_assert_int_eq(plan.totals.documents[IMPORT_INVOICES], 830);
	ck_assert_int_eq(plan.totals.documents[IMPORT_CREDIT_NOTES], 0);
	ck_assert_int_eq(plan.totals.lines[IMPORT_INVOICES], 2155);
	ck_assert_int_eq(plan.totals.freight_lines, 830);
	ck_assert_int_eq(plan.totals.net, 126579329);
	ck_assert_int_eq(plan.totals.freight, 6494269);
	ck_assert_int_eq(plan.notes.zero_lines, 0);
	/* a comma in an unquoted address */
	c = import_customer_at(&plan, import_map_find(&plan.customer_map, STR("QUEEN")));
	ck_assert(str_eq(c->street, STR("Alameda dos Canàrios, 891")));
	ck_assert(str_eq(c->country, STR("Brazil")));
	ck_assert(str_eq(c->phone, STR("(11) 555-1189")));
	for (uint32_t i = 0; i < plan.customers.n; i++)
		ck_assert_ptr_nonnull(import_country(import_customer_at(&plan, i)->country).p);
	import_plan_free(&plan);
}
END_TEST

START_TEST(test_retail)
{
	const char *file = data_path("online-retail-2010-12-to-2011-02.csv.gz");
	struct import_plan plan;

	if (file == NULL)
		return;
	ck_assert_msg(import_retail_read(file, &plan) == ERR_OK, "%s", said);
	ck_assert_int_eq(plan.notes.rows, 105335);
	ck_assert_int_eq(plan.notes.found[IMPORT_INVOICES], 4089);
	ck_assert_int_eq(plan.notes.found[IMPORT_CREDIT_NOTES], 805);
	ck_assert_int_eq(plan.notes.zero_lines, 540);
	ck_assert_int_eq(plan.notes.stock_lines, 214);
	ck_assert_int_eq(plan.notes.walk_in_lines, 36210);
	ck_assert_int_eq(plan.totals.customers, 1749 + 1);
	ck_assert_int_eq(plan.totals.documents[IMPORT_INVOICES], 4089 - plan.notes.empty_documents);
	ck_assert_int_eq(plan.totals.documents[IMPORT_CREDIT_NOTES], 805);
	ck_assert_int_eq(plan.totals.lines[IMPORT_INVOICES] +
				 plan.totals.lines[IMPORT_CREDIT_NOTES],
			 105335 - 540);
	ck_assert_int_eq(plan.totals.net - plan.totals.credited, 180701993);
	ck_assert_int_eq(plan.totals.credited, 23172266);
	ck_assert_int_eq(plan.totals.freight, 0);
	import_plan_free(&plan);
}
END_TEST

static int remove_files(void)
{
	static const char *const names[] = { "x.csv", "x.csv.gz", "retail.csv", "many.csv" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(path(names[i]));
	return rmdir(dir);
}

#define N_OF(cases) (int)(sizeof(cases) / sizeof((cases)[0]))

int main(void)
{
	Suite *suite = suite_create("app/ctl/import_plan");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	if (mkdtemp(dir) == NULL)
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_csv, 0, N_OF(csv_cases));
	tcase_add_test(tc, test_csv_missing);
	tcase_add_test(tc, test_csv_gzip);
	tcase_add_test(tc, test_retail_rules);
	tcase_add_loop_test(tc, test_retail_faults, 0, N_OF(retail_faults));
	tcase_add_test(tc, test_too_many_lines);
	tcase_add_test(tc, test_map_random);
	tcase_add_test(tc, test_random_documents);
	tcase_add_test(tc, test_countries);
	tcase_add_test(tc, test_northwind);
	tcase_add_test(tc, test_retail);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return remove_files() == 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
