/* SPDX-License-Identifier: Apache-2.0 */
/* What an import reads of answers, right ones and others. */
#include "app/ctl/import_answer.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "tests/unit/app/base/seed.h"

static struct arena *arena;

static void setup(void)
{
	arena = arena_new(4 << 20);
}

static void teardown(void)
{
	arena_free(arena);
}

START_TEST(test_object)
{
	struct import_answer a;
	const struct import_object *o;

	ck_assert_int_eq(
		import_answer_read(arena,
				   STR("{\"id\":\"inv_1\",\"external_id\":\"nw-1\","
				       "\"number\":null,\"status\":\"paid\",\"total\":-5,"
				       "\"subtotal\":9007199254740991,\"amount_paid\":\"7\","
				       "\"created_at\":\"2026-01-01T00:00:00.000Z\","
				       "\"lines\":[{\"product_id\":\"p\",\"net\":10},"
				       "{\"product_id\":null,\"net\":3},{\"net\":4},"
				       "{\"product_id\":\"q\",\"net\":-1}]}"),
				   &a),
		ERR_OK);
	ck_assert(a.ok);
	ck_assert_uint_eq(a.n, 1);
	o = &a.objects[0];
	ck_assert(str_eq(o->id, STR("inv_1")));
	ck_assert(str_eq(o->external_id, STR("nw-1")));
	ck_assert(str_eq(o->status, STR("paid")));
	ck_assert_ptr_null(o->number.p);
	ck_assert_int_eq(o->total, -5);
	ck_assert_int_eq(o->subtotal, INT64_C(9007199254740991));
	ck_assert_int_eq(o->amount_paid, 0); /* of another type: not there */
	ck_assert_int_eq(o->lines, 2);
	ck_assert_int_eq(o->net, 9);
	ck_assert_int_eq(o->freight_lines, 2);
	ck_assert_int_eq(o->freight, 7);
	ck_assert_ptr_null(a.next_cursor.p);
}
END_TEST

START_TEST(test_lists)
{
	struct import_answer a;

	ck_assert_int_eq(import_answer_read(arena,
					    STR("{\"data\":[{\"sku\":\"a\"},{\"sku\":\"b\"}],"
						"\"next_cursor\":\"c\"}"),
					    &a),
			 ERR_OK);
	ck_assert_uint_eq(a.n, 2);
	ck_assert(str_eq(a.objects[1].external_id, STR("b")));
	ck_assert(str_eq(a.next_cursor, STR("c")));
	ck_assert_int_eq(import_answer_read(arena, STR("{\"data\":[],\"next_cursor\":null}"), &a),
			 ERR_OK);
	ck_assert_uint_eq(a.n, 0);
	ck_assert_ptr_null(a.next_cursor.p);
	ck_assert_int_eq(import_answer_read(arena,
					    STR("{\"rows\":[{\"code\":4000,\"balance\":-7,"
						"\"currency\":\"USD\"}],\"balanced\":true,"
						"\"as_of\":\"t\"}"),
					    &a),
			 ERR_OK);
	ck_assert_int_eq(a.objects[0].code, 4000);
	ck_assert_int_eq(a.objects[0].balance, -7);
	ck_assert(a.balanced);
	ck_assert(str_eq(a.as_of, STR("t")));
}
END_TEST

static const char *const malformed[] = { "", "{", "[]", "null", "7", "<html>", "{\"id\":\"x\"" };

START_TEST(test_malformed)
{
	struct import_answer a;

	ck_assert_int_eq(import_answer_read(arena, str_from(malformed[_i]), &a), ERR_MALFORMED);
}
END_TEST

static const struct {
	int status;
	const char *body;
	enum err err;
	const char *text;
} problems[] = {
	{ 409, "{\"code\":\"already_exists\",\"title\":\"t\",\"detail\":\"d\"}", ERR_ALREADY_EXISTS,
	  "409 already_exists: d" },
	{ 422,
	  "{\"code\":\"validation_failed\",\"title\":\"t\",\"errors\":[{\"pointer\":\"/a\","
	  "\"code\":\"required\",\"detail\":\"is "
	  "required\"},{\"parameter\":\"b\",\"code\":\"x\"}]}",
	  ERR_VALIDATION, "422 validation_failed: t; /a: is required; b: x" },
	{ 422, "{\"code\":\"validation_failed\",\"errors\":[{},{},{},{}]}", ERR_VALIDATION,
	  "422 validation_failed; : ; : ; : ; ..." },
	{ 409, "{\"code\":\"idempotency_key_in_use\"}", ERR_IDEMPOTENCY_IN_USE,
	  "409 idempotency_key_in_use" },
	/* no answer of the API: the status decides */
	{ 502, "<html>", ERR_BAD_GATEWAY, "502" },
	{ 429, "", ERR_RATE_LIMITED, "429" },
	{ 401, "{\"code\":\"new_code\"}", ERR_UNAUTHENTICATED, "401 new_code" },
	{ 599, "[]", ERR_INTERNAL, "599" },
	{ 302, "moved", ERR_MALFORMED, "302" },
};

START_TEST(test_problems)
{
	const char *text;

	ck_assert_int_eq(
		import_problem_read(arena, problems[_i].status, str_from(problems[_i].body), &text),
		problems[_i].err);
	ck_assert_str_eq(text, problems[_i].text);
}
END_TEST

/* A cut or changed answer is read or refused, and nothing else happens. */
START_TEST(test_random)
{
	static const char whole[] =
		"{\"data\":[{\"id\":\"a\",\"total\":5,\"lines\":[{\"net\":1}]}],"
		"\"next_cursor\":\"c\",\"code\":\"x\",\"errors\":[{\"pointer\":1}]}";
	struct import_answer a;
	const char *text;
	char body[sizeof(whole)];

	for (int i = 0; i < 20000; i++) {
		const size_t n = (size_t)seed_below(sizeof(whole));

		memcpy(body, whole, sizeof(whole));
		body[seed_below(sizeof(whole))] = (char)seed_next();
		arena_reset(arena);
		(void)!import_answer_read(arena, (struct str){ body, n }, &a);
		ck_assert_int_ne(import_problem_read(arena, 400, (struct str){ body, n }, &text),
				 ERR_OK);
		ck_assert(strncmp(text, "400", 3) == 0);
	}
}
END_TEST

#define N_OF(cases) (int)(sizeof(cases) / sizeof((cases)[0]))

int main(void)
{
	Suite *suite = suite_create("app/ctl/import_answer");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_object);
	tcase_add_test(tc, test_lists);
	tcase_add_loop_test(tc, test_malformed, 0, N_OF(malformed));
	tcase_add_loop_test(tc, test_problems, 0, N_OF(problems));
	tcase_add_test(tc, test_random);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
