/* SPDX-License-Identifier: Apache-2.0 */
#include "app/http/field.h"

#include <check.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/limits.h"
#include "tests/unit/app/http/field_fixture.h"

static enum err scan_bytes(const char *p, size_t n)
{
	struct str s = heap_copy(p, n);
	enum err e;

	call_again();
	e = json_scan(&call, s);
	heap_free(s);
	return e;
}

START_TEST(test_accepts)
{
	static const char *const rows[] = {
		"{}",
		"[]",
		" \t\r\n{ } \t\r\n",
		"null",
		"true",
		"false",
		"0",
		"-0",
		"-0.0",
		"1e400",
		"0.5",
		"1E+2",
		"1e-2",
		"12345678901234567890123456789012",
		"\"\"",
		"\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD83D\\uDE00\"",
		"\"\x7f\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf\"",
		"{\"a\":1,\"b\":{\"a\":1},\"c\":[{\"a\":2},{\"a\":3}]}",
		"{\"\":0,\"A\":0,\"a\":0,\"a \":0,\"\\u0061\\u0061\":0}",
		"[[],{},[1 , 2 ]\n, \"]\" , {\"}\":\"{\"} ]",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum err e = scan_bytes(rows[i], strlen(rows[i]));

		ck_assert_msg(e == ERR_OK, "%s: %s", rows[i], call.detail);
	}
}
END_TEST

START_TEST(test_refuses)
{
	static const struct {
		const char *text;
		const char *detail;
	} rows[] = {
		{ "", "unexpected end at byte 0" },
		{ "  ", "unexpected end at byte 2" },
		{ "\xef\xbb\xbf{}", "expected a value at byte 0" },
		{ "{\"a\":1,\"a\":2}", "duplicate member at byte 7" },
		{ "{\"\xc3\xa4\":1,\"\\u00e4\":2}", "duplicate member at byte 8" },
		{ "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}", "duplicate member at byte 10" },
		{ "{\"a\\/b\":1,\"a/b\":2}", "duplicate member at byte 10" },
		{ "{\"\":1,\"b\":{\"c\":1},\"\":2}", "duplicate member at byte 18" },
		{ "{'a':1}", "expected a member name in double quotes at byte 1" },
		{ "['a']", "expected a value at byte 1" },
		{ "NaN", "expected a value at byte 0" },
		{ "[nan]", "expected a value at byte 1" },
		{ "[Infinity]", "expected a value at byte 1" },
		{ "[-Infinity]", "expected a digit at byte 2" },
		{ "[TRUE]", "expected a value at byte 1" },
		{ "[nul]", "expected a value at byte 1" },
		{ "tru", "expected a value at byte 0" },
		{ "[truex]", "expected ',' or ']' at byte 5" },
		{ "[1.]", "expected a digit at byte 3" },
		{ "[.5]", "expected a value at byte 1" },
		{ "[+1]", "expected a value at byte 1" },
		{ "[01]", "expected ',' or ']' at byte 2" },
		{ "[-01]", "expected ',' or ']' at byte 3" },
		{ "[0x10]", "expected ',' or ']' at byte 2" },
		{ "[1e]", "expected a digit at byte 3" },
		{ "[1e+]", "expected a digit at byte 4" },
		{ "[-]", "expected a digit at byte 2" },
		{ "-", "unexpected end at byte 1" },
		{ "123456789012345678901234567890123", "the number is too long at byte 0" },
		{ "\"a\x01\"", "unescaped control character at byte 2" },
		{ "\"a\n\"", "unescaped control character at byte 2" },
		{ "{\"a\t\":1}", "unescaped control character at byte 3" },
		{ "\"\\u0000\"", "the NUL character is not allowed at byte 1" },
		{ "\"\\ud800\"", "unpaired surrogate at byte 1" },
		{ "\"\\udc00\"", "unpaired surrogate at byte 1" },
		{ "\"\\ud800\\ud800\"", "unpaired surrogate at byte 1" },
		{ "\"\\ud800\\n\"", "unpaired surrogate at byte 1" },
		{ "\"\\ud800\\u00", "unpaired surrogate at byte 1" },
		{ "\"\\u12g4\"", "invalid \\u escape at byte 1" },
		{ "\"\\u12", "invalid \\u escape at byte 1" },
		{ "\"\\x41\"", "invalid escape at byte 1" },
		{ "\"\\", "unexpected end at byte 2" },
		{ "\"\\'\"", "invalid escape at byte 1" },
		{ "\"\xc3\"", "invalid UTF-8 in the string at byte 1" },
		{ "\"\xed\xa0\x80\"", "invalid UTF-8 in the string at byte 1" },
		{ "\"\xc0\xaf\"", "invalid UTF-8 in the string at byte 1" },
		{ "\"\xf4\x90\x80\x80\"", "invalid UTF-8 in the string at byte 1" },
		{ "{\"\xff\":1}", "invalid UTF-8 in the string at byte 2" },
		{ "[\xff]", "expected a value at byte 1" },
		{ "\"abc", "unterminated string at byte 0" },
		{ "[1,]", "expected a value at byte 3" },
		{ "[,1]", "expected a value at byte 1" },
		{ "[1 2]", "expected ',' or ']' at byte 3" },
		{ "{\"a\":1,}", "expected a member name in double quotes at byte 7" },
		{ "{\"a\"}", "expected ':' at byte 4" },
		{ "{\"a\" 1}", "expected ':' at byte 5" },
		{ "{\"a\":}", "expected a value at byte 5" },
		{ "{\"a\":1 \"b\":2}", "expected ',' or '}' at byte 7" },
		{ "{a:1}", "expected a member name in double quotes at byte 1" },
		{ "{1:1}", "expected a member name in double quotes at byte 1" },
		{ "[1}", "expected ',' or ']' at byte 2" },
		{ "{\"a\":1]", "expected ',' or '}' at byte 6" },
		{ "{}x", "unexpected text after the value at byte 2" },
		{ "{}{}", "unexpected text after the value at byte 2" },
		{ "1 2", "unexpected text after the value at byte 2" },
		{ "01", "unexpected text after the value at byte 1" },
		{ "/* c */{}", "expected a value at byte 0" },
		{ "{}//c", "unexpected text after the value at byte 2" },
		{ "[1,#\n2]", "expected a value at byte 3" },
		{ "\v{}", "expected a value at byte 0" },
		{ "\xc2\xa0{}", "expected a value at byte 0" },
		{ "[", "unexpected end at byte 1" },
		{ "{\"a\":1,", "unexpected end at byte 7" },
		{ "{\"a\":", "unexpected end at byte 5" },
		{ "[[1]", "unexpected end at byte 4" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum err e = scan_bytes(rows[i].text, strlen(rows[i].text));

		ck_assert_msg(e == ERR_INVALID_JSON, "%s was taken", rows[i].text);
		ck_assert_msg(strcmp(call.detail, rows[i].detail) == 0, "%s: %s", rows[i].text,
			      call.detail);
	}
	ck_assert_int_eq(scan_bytes("\"a\0b\"", 5), ERR_INVALID_JSON);
	ck_assert_int_eq(scan_bytes("{}\0", 3), ERR_INVALID_JSON);
	ck_assert_int_eq(json_scan(&call, STR_NONE), ERR_INVALID_JSON);
}
END_TEST

static char big[LIMIT_BODY];

/* open, n times item with commas between, close. A '#' in the item becomes a running number. */
static size_t repeat(const char *open, const char *item, size_t n, const char *close)
{
	size_t at = 0;

	at += (size_t)snprintf(big, sizeof(big), "%s", open);
	for (size_t i = 0; i < n; i++) {
		for (const char *p = item; *p != '\0'; p++) {
			if (*p == '#')
				at += (size_t)snprintf(big + at, sizeof(big) - at, "%zu", i);
			else
				big[at++] = *p;
		}
		if (i + 1 < n && *close != '\0')
			big[at++] = ',';
	}
	return at + (size_t)snprintf(big + at, sizeof(big) - at, "%s", close);
}

static enum err scan_depth(size_t n, const char *open, char close)
{
	size_t at = repeat("", open, n, "");

	big[at++] = '0';
	memset(big + at, close, n);
	return scan_bytes(big, at + n);
}

START_TEST(test_limits)
{
	ck_assert_int_eq(scan_depth(LIMIT_JSON_DEPTH, "[", ']'), ERR_OK);
	ck_assert_int_eq(scan_depth(LIMIT_JSON_DEPTH + 1, "[", ']'), ERR_INVALID_JSON);
	ck_assert_str_eq(call.detail, "nested too deep at byte 16");
	ck_assert_int_eq(scan_depth(LIMIT_JSON_DEPTH, "{\"a\":", '}'), ERR_OK);
	ck_assert_int_eq(scan_depth(LIMIT_JSON_DEPTH + 1, "{\"a\":", '}'), ERR_INVALID_JSON);
	ck_assert_int_eq(scan_bytes(big, repeat("{", "\"m#\":0", LIMIT_JSON_MEMBERS, "}")), ERR_OK);
	ck_assert_int_eq(scan_bytes(big, repeat("{", "\"m#\":0", LIMIT_JSON_MEMBERS + 1, "}")),
			 ERR_INVALID_JSON);
	ck_assert(strstr(call.detail, "too many members") != NULL);
	ck_assert_int_eq(scan_bytes(big, repeat("[", "#", LIMIT_JSON_ARRAY, "]")), ERR_OK);
	ck_assert_int_eq(scan_bytes(big, repeat("[", "#", LIMIT_JSON_ARRAY + 1, "]")),
			 ERR_INVALID_JSON);
	ck_assert(strstr(call.detail, "too many elements") != NULL);
	ck_assert_int_eq(scan_bytes(big, repeat("{\"", "a", JSON_NAME_MAX, "") +
						 (size_t)sprintf(big + 2 + JSON_NAME_MAX, "\":1}")),
			 ERR_OK);
	ck_assert_int_eq(scan_bytes(big, repeat("{\"", "a", JSON_NAME_MAX + 1, "") +
						 (size_t)sprintf(big + 3 + JSON_NAME_MAX, "\":1}")),
			 ERR_INVALID_JSON);
	/* Nine containers an element and the outer one: 910 make 8191. */
	ck_assert_int_eq(scan_bytes(big, repeat("[", "[{},{},{},{},{},{},{},{}]", 910, "]")),
			 ERR_OK);
	ck_assert_int_eq(scan_bytes(big, repeat("[", "[{},{},{},{},{},{},{},{}]", 911, "]")),
			 ERR_INVALID_JSON);
	ck_assert(strstr(call.detail, "too many objects and arrays") != NULL);
}
END_TEST

/* The deepest text has members at each level: the list of names must hold them all. */
START_TEST(test_members_at_all_depths)
{
	size_t at = 0;

	for (size_t depth = 0; depth < LIMIT_JSON_DEPTH; depth++) {
		big[at++] = '{';
		for (size_t i = 0; i + 1 < LIMIT_JSON_MEMBERS; i++)
			at += (size_t)snprintf(big + at, sizeof(big) - at, "\"m%zu\":0,", i);
		at += (size_t)snprintf(big + at, sizeof(big) - at, "\"x\":");
	}
	big[at++] = '0';
	memset(big + at, '}', LIMIT_JSON_DEPTH);
	ck_assert_int_eq(scan_bytes(big, at + LIMIT_JSON_DEPTH), ERR_OK);
}
END_TEST

/* Whether json-c parses it too, as schema_decode_json asks it to. */
static bool json_c_parses(struct str s)
{
	struct json_tokener *tokener = json_tokener_new_ex(LIMIT_JSON_DEPTH + 2);
	struct json_object *root;
	bool ok;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, s.p, (int)s.n);
	ok = json_tokener_get_error(tokener) == json_tokener_success;
	json_object_put(root);
	json_tokener_free(tokener);
	return ok;
}

static const char *random_scalar(void)
{
	static const char *const scalars[] = {
		"null",		"true",		"false", "0",
		"-12.5e-3",	"1e400",	"\"x\"", "\"\\ud83d\\ude00\"",
		"\"\xc3\xa4\"", "\"\\\"\\\\\"", "7",	 "9223372036854775808",
		"\"\"",		"-0",
	};

	return scalars[seed_below(sizeof(scalars) / sizeof(scalars[0]))];
}

static void put_random(struct buf *b, size_t depth)
{
	static const char *const space[] = { "", "", "", " ", "\n", "\t\r " };
	bool object = seed_below(2) != 0;
	size_t n = seed_below(5);

	buf_z(b, space[seed_below(6)]);
	if (depth == 0 || seed_below(3) == 0) {
		buf_z(b, random_scalar());
		buf_z(b, space[seed_below(6)]);
		return;
	}
	buf_char(b, object ? '{' : '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_char(b, ',');
		if (object) {
			buf_z(b, space[seed_below(6)]);
			buf_z(b, seed_below(2) ? "\"a" : "\"\\u0061");
			buf_u64(b, i);
			buf_z(b, "\":");
		}
		put_random(b, depth - 1);
	}
	buf_char(b, object ? '}' : ']');
	buf_z(b, space[seed_below(6)]);
}

START_TEST(test_random_valid)
{
	for (int i = 0; i < 3000; i++) {
		struct buf b;
		struct str s;

		call_again();
		buf_init(&b, call.arena, 0, 1 << 20);
		buf_char(&b, '[');
		put_random(&b, seed_below(8));
		buf_char(&b, ']');
		ck_assert_int_eq(buf_finish(&b, &s), ERR_OK);
		ck_assert_msg(json_scan(&call, s) == ERR_OK, STR_FMT ": %s", STR_ARG(s),
			      call.detail);
		ck_assert(json_c_parses(s));
	}
}
END_TEST

/* Of some random mutations; what is taken json-c must take too. */
START_TEST(test_mutations)
{
	static const char likely[] = "{}[]\",:\\u0d8e+-.tfn \n\x01\x80\xc3\xff";
	size_t taken = 0;

	for (int i = 0; i < 30000; i++) {
		struct buf b;
		struct str s;
		struct str copy;

		call_again();
		buf_init(&b, call.arena, 0, 1 << 20);
		buf_char(&b, '{');
		buf_z(&b, "\"k\":");
		put_random(&b, 4);
		buf_char(&b, '}');
		ck_assert_int_eq(buf_finish(&b, &s), ERR_OK);
		copy = heap_copy(s.p, s.n - seed_below(2) * seed_below(s.n));
		for (size_t n = seed_below(4); n > 0; n--)
			((char *)(uintptr_t)copy.p)[seed_below(copy.n)] =
				seed_below(4) ? likely[seed_below(sizeof(likely))]
					      : (char)seed_next();
		if (json_scan(&call, copy) == ERR_OK) {
			/* json-c cannot end a bare scalar; the decoder does not ask it to. */
			ck_assert_msg(copy.p[0] != '{' || json_c_parses(copy), STR_FMT,
				      STR_ARG(copy));
			taken++;
		}
		heap_free(copy);
	}
	ck_assert_uint_gt(taken, 1000);
	ck_assert_uint_lt(taken, 29000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/http/json");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_accepts);
	tcase_add_test(tc, test_refuses);
	tcase_add_test(tc, test_limits);
	tcase_add_test(tc, test_members_at_all_depths);
	tcase_add_test(tc, test_random_valid);
	tcase_add_test(tc, test_mutations);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
