/* SPDX-License-Identifier: Apache-2.0 */
#include "app/http/field.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/app/http/field_fixture.h"

START_TEST(test_param_decode)
{
	static const struct {
		struct str raw;
		struct str decoded; /* STR_NONE: refused */
	} rows[] = {
		{ { "", 0 }, { "", 0 } },
		{ { "abc", 3 }, { "abc", 3 } },
		{ { "a+b", 3 }, { "a+b", 3 } },
		{ { "a%20b", 5 }, { "a b", 3 } },
		{ { "a+b%20c", 7 }, { "a+b c", 5 } },
		{ { "%2F%2f", 6 }, { "//", 2 } },
		{ { "%25%32%35", 9 }, { "%25", 3 } },
		{ { "%C3%A4", 6 }, { "\xc3\xa4", 2 } },
		{ { "\xc3\xa4", 2 }, { "\xc3\xa4", 2 } },
		{ { "%", 1 }, { NULL, 0 } },
		{ { "a%2", 3 }, { NULL, 0 } },
		{ { "%g0", 3 }, { NULL, 0 } },
		{ { "%0g", 3 }, { NULL, 0 } },
		{ { "%+1", 3 }, { NULL, 0 } },
		{ { "%00", 3 }, { NULL, 0 } },
		{ { "a\0b", 3 }, { NULL, 0 } },
		{ { "%C3", 3 }, { NULL, 0 } },
		{ { "\xff", 1 }, { NULL, 0 } },
		{ { "%C0%AF", 6 }, { NULL, 0 } },
		{ { "%ED%A0%80", 9 }, { NULL, 0 } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str raw = heap_copy(rows[i].raw.p, rows[i].raw.n);
		struct str s = STR_NONE;
		enum err e = param_decode(call.arena, raw, &s);

		ck_assert_int_eq(e, rows[i].decoded.p == NULL ? ERR_MALFORMED : ERR_OK);
		ck_assert_msg(e != ERR_OK || str_eq(s, rows[i].decoded), "row %zu", i);
		heap_free(raw);
	}
}
END_TEST

START_TEST(test_param_round_trip)
{
	for (int i = 0; i < 2000; i++) {
		struct str s;
		struct str encoded;
		struct str decoded = STR_NONE;
		struct buf b;

		call_again();
		s = random_text(20, true);
		buf_init(&b, call.arena, 0, 4096);
		buf_url(&b, s);
		ck_assert_int_eq(buf_finish(&b, &encoded), ERR_OK);
		ck_assert_int_eq(param_decode(call.arena, encoded, &decoded), ERR_OK);
		ck_assert(str_eq(decoded, s));
	}
}
END_TEST

static enum err parse_query(const char *query, struct param *ret, size_t *ret_n)
{
	struct str s = heap_copy(query, strlen(query));
	enum err e;

	call_again();
	e = params_parse_query(&call, s, ret, PARAMS_QUERY_MAX, ret_n);
	for (size_t i = 0; e == ERR_OK && i < *ret_n; i++) {
		ret[i].name = arena_dup(call.arena, ret[i].name);
		ret[i].value = arena_dup(call.arena, ret[i].value);
	}
	heap_free(s);
	return e;
}

START_TEST(test_query)
{
	static const struct {
		const char *query;
		const char *pairs; /* "name=value;" each; NULL: refused */
	} rows[] = {
		{ "", "" },
		{ "&&", "" },
		{ "a", "a=;" },
		{ "a=", "a=;" },
		{ "=", "=;" },
		{ "=x", "=x;" },
		{ "a=b=c", "a=b=c;" },
		{ "a=1&&b=2&", "a=1;b=2;" },
		{ "a=1&a=2", "a=1;a=2;" },
		{ "a+b=c+d%2B", "a b=c d+;" },
		{ "filter%5Bstatus%5D=open", "filter[status]=open;" },
		{ "filter[created_at][gte]=2026", "filter[created_at][gte]=2026;" },
		{ "a=%26%3D", "a=&=;" },
		{ "a;b", "a;b=;" },
		{ "a=%C3%A4", "a=\xc3\xa4;" },
		{ "a=%", NULL },
		{ "%4=a", NULL },
		{ "a=%zz", NULL },
		{ "a=%00", NULL },
		{ "a=%FF", NULL },
		{ "%C3=%A4", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct param params[PARAMS_QUERY_MAX];
		size_t n = 0;
		char all[256] = "";
		enum err e = parse_query(rows[i].query, params, &n);

		if (rows[i].pairs == NULL) {
			ck_assert_msg(e == ERR_INVALID_PARAMETER, "%s", rows[i].query);
			ck_assert_ptr_nonnull(call.detail);
			continue;
		}
		ck_assert_msg(e == ERR_OK, "%s", rows[i].query);
		for (size_t j = 0; j < n; j++) {
			size_t at = strlen(all);

			snprintf(all + at, sizeof(all) - at, STR_FMT "=" STR_FMT ";",
				 STR_ARG(params[j].name), STR_ARG(params[j].value));
		}
		ck_assert_str_eq(all, rows[i].pairs);
	}
}
END_TEST

START_TEST(test_query_limit)
{
	struct param params[PARAMS_QUERY_MAX];
	char query[256] = "";
	size_t n = 0;

	for (size_t i = 0; i < PARAMS_QUERY_MAX; i++)
		strcat(query, "a=b&");
	ck_assert_int_eq(parse_query(query, params, &n), ERR_OK);
	ck_assert_uint_eq(n, PARAMS_QUERY_MAX);
	strcat(query, "a");
	ck_assert_int_eq(parse_query(query, params, &n), ERR_INVALID_PARAMETER);
	ck_assert_int_eq(params_parse_query(&call, STR_NONE, params, PARAMS_QUERY_MAX, &n), ERR_OK);
	ck_assert_uint_eq(n, 0);
}
END_TEST

struct list_query {
	uint64_t present;
	struct id customer;
	int64_t limit;
	int64_t amount;
	bool open;
	int32_t state;
	struct str text;
	struct str email;
	dec6 quantity;
	int64_t from;
	int32_t day;
	struct str currency;
	struct str country;
};

static const struct field query_fields[] = {
	{ FIELD_OF(struct list_query, customer, FIELD_ID), .flags = FIELD_REQUIRED,
	  .prefix = "cus" },
	{ FIELD_OF(struct list_query, limit, FIELD_I64), .min = 1, .max = 100, .fallback = 25,
	  .has_fallback = true },
	{ FIELD_OF(struct list_query, amount, FIELD_MONEY) },
	{ FIELD_OF(struct list_query, open, FIELD_BOOL) },
	{ .name = "filter[state]",
	  .type = FIELD_ENUM,
	  .offset = offsetof(struct list_query, state),
	  .names = states,
	  .n_names = 3 },
	{ FIELD_OF(struct list_query, text, FIELD_STR), .max = 5 },
	{ FIELD_OF(struct list_query, email, FIELD_EMAIL) },
	{ FIELD_OF(struct list_query, quantity, FIELD_DEC6) },
	{ FIELD_OF(struct list_query, from, FIELD_TIME) },
	{ FIELD_OF(struct list_query, day, FIELD_DATE) },
	{ FIELD_OF(struct list_query, currency, FIELD_CURRENCY) },
	{ FIELD_OF(struct list_query, country, FIELD_COUNTRY) },
};
static const struct schema query_schema = {
	.name = "Query",
	SCHEMA_FIELDS(query_fields, struct list_query),
	SCHEMA_PRESENT(struct list_query, present),
};

#define CUSTOMER "cus_01h455vb4pex5vsknk084sn02q"

static enum err decode(const char *query, struct list_query *ret_query)
{
	struct param params[PARAMS_QUERY_MAX];
	struct str values[PARAMS_QUERY_MAX];
	size_t n = 0;
	enum err e = parse_query(query, params, &n);

	ck_assert_int_eq(e, ERR_OK);
	for (size_t i = 0; i < n; i++) {
		values[i] = heap_copy(params[i].value.p, params[i].value.n);
		params[i].value = values[i];
	}
	e = schema_decode_params(&call, &query_schema, params, n, ret_query);
	for (size_t i = 0; i < n; i++)
		heap_free(values[i]);
	return e;
}

START_TEST(test_params)
{
	struct list_query q;

	ck_assert_int_eq(decode("customer=" CUSTOMER, &q), ERR_OK);
	ck_assert(!id_is_none(q.customer));
	ck_assert_int_eq(q.limit, 25);
	ck_assert_int_eq(q.amount, MONEY_NONE);
	ck_assert_int_eq(q.state, -1);
	ck_assert_int_eq(q.from, TIME_NONE);
	ck_assert_ptr_null(q.text.p);
	ck_assert_uint_eq(q.present, 1);
	ck_assert_int_eq(decode("open=true&limit=100&amount=-5&filter[state]=done&text=&email="
				"a@B.c&quantity=1.5&from=1970-01-01T00:00:00Z&day=1970-01-01"
				"&currency=EUR&country=AT&customer=" CUSTOMER,
				&q),
			 ERR_OK);
	ck_assert(q.open);
	ck_assert_int_eq(q.limit, 100);
	ck_assert_int_eq(q.amount, -5);
	ck_assert_int_eq(q.state, 2);
	ck_assert_ptr_nonnull(q.text.p);
	ck_assert_uint_eq(q.text.n, 0);
	ck_assert(str_eq_z(q.email, "a@b.c"));
	ck_assert_int_eq(q.quantity, 1500000);
	ck_assert_int_eq(q.from, 0);
	ck_assert_int_eq(q.day, 0);
	ck_assert_uint_eq(q.present, (1 << 12) - 1);
}
END_TEST

START_TEST(test_param_faults)
{
	static const struct {
		const char *name, *value, *code; /* NULL: none */
	} rows[] = {
		{ "limit", "1", NULL },
		{ "limit", "0", "too_small" },
		{ "limit", "101", "too_large" },
		{ "limit", "", "wrong_type" },
		{ "limit", "-", "wrong_type" },
		{ "limit", "1.0", "wrong_type" },
		{ "limit", "1e1", "wrong_type" },
		{ "limit", "%2B1", "wrong_type" },
		{ "limit", "01", "wrong_type" },
		{ "limit", "0x1", "wrong_type" },
		{ "limit", "9223372036854775807", "out_of_range" },
		{ "limit", "9223372036854775808", "out_of_range" },
		{ "limit", "-9223372036854775809", "out_of_range" },
		{ "limit", "1234567890123456789012345", "out_of_range" },
		{ "limit", "123456789012345678901234x", "wrong_type" },
		{ "limit", "0000000000000000000000001", "wrong_type" },
		{ "amount", "9007199254740992", "too_large" },
		{ "open", "false", NULL },
		{ "open", "1", "wrong_type" },
		{ "open", "True", "wrong_type" },
		{ "open", "", "wrong_type" },
		{ "filter[state]", "draft", NULL },
		{ "filter[state]", "", "not_one_of" },
		{ "filter[status]", "draft", "unknown_parameter" },
		{ "Limit", "1", "unknown_parameter" },
		{ "", "1", "unknown_parameter" },
		{ "text", "12345", NULL },
		{ "text", "123456", "too_long" },
		{ "text", "%0A", "control_character" },
		{ "email", "a", "invalid_email" },
		{ "quantity", "1.2345678", "too_many_decimals" },
		{ "from", "yesterday", "invalid_time" },
		{ "day", "2026-13-01", "invalid_date" },
		{ "currency", "eur", "invalid_currency" },
		{ "country", "at", "invalid_country" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char query[256];
		struct list_query q;
		enum err e;

		snprintf(query, sizeof(query), "customer=" CUSTOMER "&%s=%s", rows[i].name,
			 rows[i].value);
		e = decode(query, &q);
		if (rows[i].code == NULL) {
			ck_assert_msg(e == ERR_OK, "%s", query);
			continue;
		}
		ck_assert_msg(e == ERR_INVALID_PARAMETER && call.n_faults == 1, "%s", query);
		ck_assert_msg(str_eq_z(call.faults[0].pointer, rows[i].name), "%s", query);
		ck_assert_msg(strcmp(call.faults[0].code, rows[i].code) == 0, "%s: %s", query,
			      call.faults[0].code);
	}
}
END_TEST

START_TEST(test_all_param_faults_at_once)
{
	struct list_query q;

	ck_assert_int_eq(decode("limit=0&limit=5&x=1&open=2&customer=ord_1", &q),
			 ERR_INVALID_PARAMETER);
	ck_assert_uint_eq(call.n_faults, 5);
	ck_assert_str_eq(call.faults[0].code, "too_small");
	ck_assert_str_eq(call.faults[1].code, "repeated_parameter");
	ck_assert_str_eq(fault_at("x")->code, "unknown_parameter");
	ck_assert_str_eq(fault_at("open")->code, "wrong_type");
	ck_assert_str_eq(fault_at("customer")->code, "invalid_id");
	ck_assert_int_eq(decode("", &q), ERR_INVALID_PARAMETER);
	ck_assert_str_eq(fault_at("customer")->code, "required");
	ck_assert_uint_eq(call.n_faults, 1);
}
END_TEST

START_TEST(test_random_queries)
{
	static const char bytes[] = "%%%%&&==++0123456789aAfFgG[]\x80\xc3\xa4";

	for (int i = 0; i < 20000; i++) {
		struct param params[4];
		struct list_query q;
		char text[40];
		size_t n = seed_below(sizeof(text));
		size_t n_params = 0;
		struct str s;

		for (size_t j = 0; j < n; j++)
			text[j] = bytes[seed_below(sizeof(bytes) - 1)];
		s = heap_copy(text, n);
		call_again();
		if (params_parse_query(&call, s, params, 4, &n_params) == ERR_OK) {
			ck_assert_uint_le(n_params, 4);
			for (size_t j = 0; j < n_params; j++) {
				ck_assert(str_is_utf8(params[j].name));
				ck_assert(str_is_utf8(params[j].value));
			}
			ck_assert_int_eq(
				schema_decode_params(&call, &query_schema, params, n_params, &q),
				ERR_INVALID_PARAMETER);
		}
		heap_free(s);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/http/field_params");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_param_decode);
	tcase_add_test(tc, test_param_round_trip);
	tcase_add_test(tc, test_query);
	tcase_add_test(tc, test_query_limit);
	tcase_add_test(tc, test_params);
	tcase_add_test(tc, test_param_faults);
	tcase_add_test(tc, test_all_param_faults_at_once);
	tcase_add_test(tc, test_random_queries);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
