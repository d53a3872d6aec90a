/* SPDX-License-Identifier: Apache-2.0 */
#include "app/http/field.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/limits.h"
#include "tests/unit/app/http/field_fixture.h"

struct holder {
	struct str metadata;
};

static const struct field holder_fields[] = {
	{ FIELD_OF(struct holder, metadata, FIELD_METADATA), .flags = FIELD_NULLABLE },
};
static const struct schema holder_schema = {
	.name = "Holder",
	SCHEMA_FIELDS(holder_fields, struct holder),
};

static enum err decode(const char *metadata, bool partial, struct str *ret_text)
{
	static char body[1 << 18];
	struct holder h;
	enum err e;

	snprintf(body, sizeof(body), "{\"metadata\":%s}", metadata);
	call_again();
	e = schema_decode_json(&call, &holder_schema, str_from(body), partial, &h);
	*ret_text = h.metadata;
	return e;
}

/* {"k0":value,...} */
static const char *pairs(size_t n, const char *value)
{
	static char text[1 << 17];
	size_t at = (size_t)snprintf(text, sizeof(text), "{");

	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s\"k%zu\":%s",
				       i == 0 ? "" : ",", i, value);
	snprintf(text + at, sizeof(text) - at, "}");
	return text;
}

/* A quoted string of n times `piece`. */
static const char *quoted(size_t n, const char *piece)
{
	static char text[1 << 14];
	size_t at = (size_t)snprintf(text, sizeof(text), "\"");

	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s", piece);
	snprintf(text + at, sizeof(text) - at, "\"");
	return text;
}

START_TEST(test_limits)
{
	struct str s;
	char one[1 << 15];

	ck_assert_int_eq(decode(pairs(LIMIT_METADATA_PAIRS, "\"v\""), false, &s), ERR_OK);
	ck_assert_int_eq(decode(pairs(LIMIT_METADATA_PAIRS + 1, "\"v\""), false, &s),
			 ERR_VALIDATION);
	ck_assert_str_eq(fault_at("/metadata")->code, "too_many");
	/* The names that a patch removes do not count. */
	ck_assert_int_eq(decode(pairs(LIMIT_METADATA_PAIRS + 1, "null"), true, &s), ERR_OK);
	ck_assert_int_eq(decode(pairs(1, "null"), false, &s), ERR_VALIDATION);

	/* Code points, not bytes; the longest values of the most pairs still fit. */
	ck_assert_int_eq(decode(pairs(LIMIT_METADATA_PAIRS,
				      quoted(LIMIT_METADATA_VALUE, "\xf0\x9f\x98\x80")),
				false, &s),
			 ERR_OK);
	ck_assert_int_eq(decode(pairs(LIMIT_METADATA_PAIRS, quoted(LIMIT_METADATA_VALUE, "\\\"")),
				false, &s),
			 ERR_OK);
	ck_assert_int_eq(decode(pairs(1, quoted(LIMIT_METADATA_VALUE + 1, "v")), false, &s),
			 ERR_VALIDATION);
	ck_assert_str_eq(fault_at("/metadata/k0")->code, "too_long");
	snprintf(one, sizeof(one), "{%s:\"\"}", quoted(LIMIT_METADATA_KEY, "\xc3\xa4"));
	ck_assert_int_eq(decode(one, false, &s), ERR_OK);
	snprintf(one, sizeof(one), "{%s:\"\"}", quoted(LIMIT_METADATA_KEY + 1, "k"));
	ck_assert_int_eq(decode(one, false, &s), ERR_VALIDATION);
	ck_assert_int_eq(decode("{\"\":\"\"}", false, &s), ERR_VALIDATION);
	ck_assert_int_eq(decode("{\"a\\n\":\"\"}", false, &s), ERR_VALIDATION);
	ck_assert_int_eq(decode("{\"a\":\"\\n\\t\"}", false, &s), ERR_OK);
	ck_assert_int_eq(decode("{\"a\":\"\\r\"}", false, &s), ERR_VALIDATION);
	ck_assert_int_eq(decode("{\"a\":1}", true, &s), ERR_VALIDATION);
	ck_assert_str_eq(fault_at("/metadata/a")->detail, "must be a string or null");
	ck_assert_int_eq(decode("{\"a\":{}}", false, &s), ERR_VALIDATION);
	ck_assert_int_eq(decode("{\"a\":[]}", false, &s), ERR_VALIDATION);
	ck_assert_int_eq(decode("{\"a\":true}", false, &s), ERR_VALIDATION);
}
END_TEST

START_TEST(test_merge)
{
	static const struct {
		const char *old, *patch, *merged;
	} rows[] = {
		{ "{}", "{}", "{}" },
		{ NULL, "{\"a\":\"1\"}", "{\"a\":\"1\"}" },
		{ "{}", "{\"a\":\"1\"}", "{\"a\":\"1\"}" },
		{ "{\"a\":\"1\"}", "{}", "{\"a\":\"1\"}" },
		{ "{\"a\":\"1\"}", NULL, "{}" },
		{ "{\"a\":\"1\"}", "{\"a\":null}", "{}" },
		{ "{\"a\":\"1\"}", "{\"b\":null}", "{\"a\":\"1\"}" },
		{ "{\"a\":\"1\",\"b\":\"2\"}", "{\"a\":\"3\"}", "{\"a\":\"3\",\"b\":\"2\"}" },
		{ "{\"a\":\"1\",\"b\":\"2\"}", "{\"a\":null,\"c\":\"\"}",
		  "{\"b\":\"2\",\"c\":\"\"}" },
		{ "{\"\\\"\":\"\\\\\\n\"}", "{\"\xc3\xa4\":\"\\\"\"}",
		  "{\"\\\"\":\"\\\\\\n\",\"\xc3\xa4\":\"\\\"\"}" },
		{ "{ \"a\" : \"1\" }", "{}", "{\"a\":\"1\"}" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str s = STR_NONE;

		ck_assert_int_eq(
			metadata_merge(&call, str_from(rows[i].old), str_from(rows[i].patch), &s),
			ERR_OK);
		ck_assert_msg(str_eq_z(s, rows[i].merged), STR_FMT, STR_ARG(s));
	}
}
END_TEST

START_TEST(test_merge_limit)
{
	struct str old = arena_dup(call.arena, str_from(pairs(LIMIT_METADATA_PAIRS, "\"v\"")));
	struct str s = STR_NONE;

	ck_assert_int_eq(metadata_merge(&call, old, STR("{\"k0\":\"w\"}"), &s), ERR_OK);
	ck_assert_int_eq(metadata_merge(&call, old, STR("{\"k0\":null,\"x\":\"w\"}"), &s), ERR_OK);
	ck_assert_int_eq(metadata_merge(&call, old, STR("{\"x\":\"w\"}"), &s), ERR_VALIDATION);
	ck_assert_str_eq(fault_at("/metadata")->code, "too_many");
}
END_TEST

START_TEST(test_merge_of_damaged_text)
{
	static const char *const damaged[] = { "",	  "[]",	       "null",
					       "{\"a\":", "{\"a\":1}", "{\"a\":null}" };
	struct str s = STR_NONE;

	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
		ck_assert_msg(metadata_merge(&call, str_from(damaged[i]), STR("{\"b\":\"\"}"),
					     &s) == ERR_INTERNAL,
			      "%s", damaged[i]);
	ck_assert_ptr_null(s.p);
}
END_TEST

/* A plain model of the merge: arrays of values, -1 absent. */
static struct str model_text(const int values[8], bool nulls)
{
	struct buf b;
	struct str s = STR_NONE;
	bool first = true;

	buf_init(&b, call.arena, 0, 4096);
	buf_char(&b, '{');
	for (int i = 0; i < 8; i++) {
		if (values[i] == -1 || (values[i] == -2 && !nulls))
			continue;
		if (!first)
			buf_char(&b, ',');
		first = false;
		buf_z(&b, "\"k");
		buf_i64(&b, i);
		buf_z(&b, "\":");
		if (values[i] == -2) {
			buf_z(&b, "null");
			continue;
		}
		buf_char(&b, '"');
		buf_i64(&b, values[i]);
		buf_char(&b, '"');
	}
	buf_char(&b, '}');
	ck_assert_int_eq(buf_finish(&b, &s), ERR_OK);
	return s;
}

START_TEST(test_merge_random)
{
	for (int i = 0; i < 2000; i++) {
		int old[8];
		int patch[8];
		int merged[8];
		struct str s = STR_NONE;
		struct str again = STR_NONE;

		call_again();
		for (int j = 0; j < 8; j++) {
			old[j] = (int)seed_below(4) - 1;
			patch[j] = (int)seed_below(5) - 2;
			merged[j] = patch[j] == -1 ? old[j] : patch[j] == -2 ? -1 : patch[j];
		}
		ck_assert_int_eq(
			metadata_merge(&call, model_text(old, false), model_text(patch, true), &s),
			ERR_OK);
		/* The same pairs; their order is that of first mention. */
		ck_assert_uint_eq(s.n, model_text(merged, false).n);
		for (int j = 0; j < 8; j++) {
			char pair[16];

			snprintf(pair, sizeof(pair), "\"k%d\":\"%d\"", j, merged[j]);
			ck_assert_int_eq(memmem(s.p, s.n, pair, strlen(pair)) != NULL,
					 merged[j] >= 0);
		}
		/* A patch applied twice changes nothing more. */
		ck_assert_int_eq(metadata_merge(&call, s, model_text(patch, true), &again), ERR_OK);
		ck_assert(str_eq(s, again));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/http/metadata");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_limits);
	tcase_add_test(tc, test_merge);
	tcase_add_test(tc, test_merge_limit);
	tcase_add_test(tc, test_merge_of_damaged_text);
	tcase_add_test(tc, test_merge_random);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
