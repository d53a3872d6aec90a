/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carrying out a plan against a server of the test's own, which refuses, fails and forgets: every
 * object is made once, and numbers are asked for in the order of dates.
 */
#include "app/ctl/import_run.h"

#include <stdarg.h>

#include <check.h>

#include "app/base/clock.h"
#include "tests/unit/app/base/seed.h"
#include "tests/unit/app/net/script_server.h"

enum { MADE_MAX = 4096, DOCUMENTS = 300 };

static char said[4096];

/* What the server has, and how it behaves. */
static struct {
	char keys[MADE_MAX][80]; /* its id is the place */
	int n;
	char last[2][16];    /* date of each series */
	bool forgets;	     /* idempotency keys: repeated requests are refused */
	unsigned trouble;    /* of 100 requests */
	const char *refused; /* part of a key */
	int backwards, doubles;
} server;

void ctl_say(const char *format, ...)
{
	const size_t n = strlen(said);
	va_list ap;

	va_start(ap, format);
	vsnprintf(said + n, sizeof(said) - n, format, ap);
	va_end(ap);
}

/* The text between `before` and the next `end`; "" when it is not there. */
static void cut(const char *text, const char *before, char end, char *ret, size_t room)
{
	const char *p = strstr(text, before);
	const char *q = p != NULL ? strchr(p + strlen(before), end) : NULL;

	ret[0] = '\0';
	if (q != NULL)
		snprintf(ret, room, "%.*s", (int)(q - p - (ptrdiff_t)strlen(before)),
			 p + strlen(before));
}

static int find_key(const char *key)
{
	for (int i = 0; i < server.n; i++)
		if (strcmp(server.keys[i], key) == 0)
			return i;
	return -1;
}

#define OBJECT "{\"id\":\"x_%d\",\"number\":\"N-1\",\"created_at\":\"2026-01-01T00:00:00.000Z\"}"

/* The object alone, or between what a list has around it. */
static bool say_object(char *ret_answer, size_t room, bool in_list, int id)
{
	char body[300];

	snprintf(body, sizeof(body), "%s" OBJECT "%s", in_list ? "{\"data\":[" : "", id,
		 in_list ? "]}" : "");
	return script_say(ret_answer, room, "200 OK", body);
}

static void check_date(const char *request, const char *key)
{
	const int series = strstr(key, "credit-note") != NULL;
	char date[16];

	cut(request, "\"issue_date\":\"", '"', date, sizeof(date));
	if (date[0] == '\0')
		return;
	if (strcmp(date, server.last[series]) < 0)
		server.backwards++;
	snprintf(server.last[series], sizeof(server.last[series]), "%s", date);
}

static bool answer_post(const char *request, char *ret_answer, size_t room)
{
	char key[80];
	int found;

	cut(request, "Idempotency-Key: import/", '\r', key, sizeof(key));
	found = find_key(key);
	if (found >= 0) {
		server.doubles++;
		if (server.forgets)
			return script_say(ret_answer, room, "409 Conflict",
					  "{\"code\":\"state_conflict\"}");
		return say_object(ret_answer, room, false, found);
	}
	if (server.refused != NULL && strstr(key, server.refused) != NULL)
		return script_say(ret_answer, room, "422 No", "{\"code\":\"validation_failed\"}");
	check_date(request, key);
	if (server.n == MADE_MAX)
		return false;
	snprintf(server.keys[server.n++], sizeof(server.keys[0]), "%s", key);
	return say_object(ret_answer, room, false, server.n - 1);
}

static bool answer_get(const char *request, char *ret_answer, size_t room)
{
	char key[80];
	int found;

	if (strstr(request, "GET /v1/products?") == request)
		snprintf(key, sizeof(key), "product/");
	else
		key[0] = '\0';
	cut(request, "%5D=", ' ', key + strlen(key), sizeof(key) - strlen(key));
	found = find_key(key);
	if (found < 0)
		return script_say(ret_answer, room, "200 OK", "{\"data\":[]}");
	return say_object(ret_answer, room, true, found);
}

static bool answer(int n, const char *request, char *ret_answer, size_t room)
{
	const bool before = seed_below(100) < server.trouble;
	const bool after = seed_below(100) < server.trouble;

	(void)n;
	if (before)
		return script_say(ret_answer, room, "429 Slow\r\nRetry-After: 0",
				  "{\"code\":\"rate_limited\"}");
	if (strncmp(request, "POST", 4) == 0 && !answer_post(request, ret_answer, room))
		return false;
	if (strncmp(request, "GET", 3) == 0)
		return answer_get(request, ret_answer, room);
	/* done, but the answer is lost */
	return !after;
}

static void make_plan(struct import_plan *plan)
{
	struct import_line line = { .quantity = DEC6_ONE, .unit_price = DEC6_ONE };
	uint32_t place;
	bool is_new;
	char name[32];

	ck_assert_int_eq(import_plan_init(plan, "Test", "t", STR("USD")), ERR_OK);
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "%d", i);
		ck_assert_int_eq(import_plan_customer(plan, str_from(name), &place, &is_new),
				 ERR_OK);
		ck_assert_int_eq(import_plan_product(plan, str_from(name), &place, &is_new),
				 ERR_OK);
	}
	for (int i = 0; i < DOCUMENTS; i++) {
		struct import_document *d;

		snprintf(name, sizeof(name), "%d.", i);
		ck_assert_int_eq(import_plan_document(plan, str_from(name), &place, &is_new),
				 ERR_OK);
		d = import_document_at(plan, place);
		d->series = i % 4 == 0 ? IMPORT_CREDIT_NOTES : IMPORT_INVOICES;
		d->customer = (uint32_t)seed_below(5);
		d->date = 10000 + (int32_t)seed_below(40);
		d->paid_date = d->date;
		d->row = (uint64_t)i;
		line.product = (uint32_t)seed_below(5);
		ck_assert_int_eq(import_plan_line(plan, place, &line), ERR_OK);
	}
	ck_assert_int_eq(import_plan_finish(plan), ERR_OK);
}

static enum ctl_exit write_plan(struct import_plan *plan, unsigned parallel)
{
	struct import_run run = { .plan = plan };
	enum ctl_exit exit_code;

	said[0] = '\0';
	ck_assert_int_eq(import_api_new(script.url, "k", parallel, &run.api), ERR_OK);
	exit_code = import_write(&run);
	import_api_free(run.api);
	return exit_code;
}

static void setup(void)
{
	memset(&server, 0, sizeof(server));
	script_start(answer);
}

/* 5 customers, 5 products; an order, an invoice and a payment each, or a credit note. */
enum { ALL = 10 + DOCUMENTS / 4 * 3 * 3 + DOCUMENTS / 4 };

static const unsigned parallels[] = { 1, 2, 8, 64 };

START_TEST(test_order_of_dates)
{
	struct import_plan plan;

	make_plan(&plan);
	ck_assert_msg(write_plan(&plan, parallels[_i]) == CTL_OK, "%s", said);
	ck_assert_int_eq(server.n, ALL);
	ck_assert_int_eq(server.backwards, 0);
	ck_assert_int_eq(server.doubles, 1); /* the last one, which asks for the position */
	import_plan_free(&plan);
}
END_TEST

/* A server in trouble changes nothing of what is made, nor of the order. */
START_TEST(test_trouble)
{
	struct import_plan plan;

	server.trouble = 10;
	server.forgets = _i == 1;
	make_plan(&plan);
	ck_assert_msg(write_plan(&plan, 8) == CTL_OK, "%s", said);
	ck_assert_int_eq(server.n, ALL);
	ck_assert_int_eq(server.backwards, 0);
	ck_assert_int_gt(server.doubles, 1);
	import_plan_free(&plan);
}
END_TEST

/* A second run finds everything: by its keys, or by looking. */
START_TEST(test_again)
{
	struct import_plan plan;
	struct import_plan second;

	make_plan(&plan);
	ck_assert_int_eq(write_plan(&plan, 8), CTL_OK);
	server.forgets = _i == 1;
	second = plan;
	for (uint32_t i = 0; i < second.documents.n; i++) {
		struct import_document *d = import_document_at(&second, i);

		d->state = d->series == IMPORT_INVOICES ? IMPORT_NEW : IMPORT_READY;
		d->id = STR_NONE;
		d->order_id = STR_NONE;
	}
	ck_assert_msg(write_plan(&second, 8) == CTL_OK, "%s", said);
	ck_assert_int_eq(server.n, ALL);
	ck_assert_int_eq(server.backwards, 0);
	import_plan_free(&plan);
}
END_TEST

/* What fails holds all later dates back, so that it can be numbered in the next run. */
START_TEST(test_refused)
{
	static const char *const parts[] = { "order-150.", "invoice-150.", "credit-note-152." };
	struct import_plan plan;
	int32_t date = 0;

	make_plan(&plan);
	for (uint32_t i = 0; i < plan.documents.n; i++)
		if (str_eq_z(import_document_at(&plan, i)->number, _i == 2 ? "152." : "150."))
			date = import_document_at(&plan, i)->date;
	server.refused = parts[_i];
	ck_assert_int_eq(write_plan(&plan, 8), CTL_DATA);
	ck_assert_msg(strstr(said, _i == 2 ? "credit note 152." : "150. (row 150)") != NULL, "%s",
		      said);
	for (uint32_t i = 0; i < plan.documents.n; i++) {
		const struct import_document *d = import_document_at(&plan, i);

		if ((d->series == IMPORT_CREDIT_NOTES) != (_i == 2))
			ck_assert_int_eq(d->state, IMPORT_DONE);
		else if (d->date > date)
			ck_assert_ptr_null(d->id.p);
		else if (d->date < date)
			ck_assert_int_eq(d->state, IMPORT_DONE);
	}
	import_plan_free(&plan);
}
END_TEST

/* Failures that say the same over and over end it; no document is made without its parties. */
START_TEST(test_many_refused)
{
	struct import_plan plan;

	server.refused = "order-";
	make_plan(&plan);
	ck_assert_int_eq(write_plan(&plan, 4), CTL_DATA);
	ck_assert_int_le(script.requests, 10 + 2 * (20 + 4 - 1) + DOCUMENTS / 4);
	import_plan_free(&plan);
	server.refused = "customer-3";
	server.n = 0;
	make_plan(&plan);
	ck_assert_int_eq(write_plan(&plan, 4), CTL_DATA);
	ck_assert_int_eq(server.n, 9);
	import_plan_free(&plan);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/ctl/import_run");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	/* no progress among the results */
	if (freopen("/dev/null", "w", stderr) == NULL)
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, test_order_of_dates, 0, 4);
	tcase_add_loop_test(tc, test_trouble, 0, 2);
	tcase_add_loop_test(tc, test_again, 0, 2);
	tcase_add_loop_test(tc, test_refused, 0, 3);
	tcase_add_test(tc, test_many_refused);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
