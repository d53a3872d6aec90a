/* SPDX-License-Identifier: Apache-2.0 */
#include "app/http/etag.h"

#include <check.h>
#include <stdlib.h>

enum { FINGERPRINT = 0x00c0ffee };

START_TEST(test_put)
{
	static const struct {
		int64_t version;
		uint32_t fingerprint;
		const char *text;
	} cases[] = {
		{ 1, 0, "\"1-00000000\"" },
		{ 7, FINGERPRINT, "\"7-00c0ffee\"" },
		{ INT64_MAX, UINT32_MAX, "\"9223372036854775807-ffffffff\"" },
		{ 0, 0x12345678, "\"0-12345678\"" },
	};
	struct arena *a = arena_new(1 << 16);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = STR_NONE;
		struct buf b;
		int64_t version;

		buf_init(&b, a, 0, 64);
		etag_put(&b, cases[i].version, cases[i].fingerprint);
		ck_assert_int_eq(buf_finish(&b, &text), ERR_OK);
		ck_assert(str_eq_z(text, cases[i].text));
		ck_assert(etag_matches(text, text, false));
		ck_assert_int_eq(etag_parse_if_match(text, cases[i].fingerprint, &version), ERR_OK);
		ck_assert_int_eq(version, cases[i].version);
	}
	arena_free(a);
}
END_TEST

START_TEST(test_matches)
{
	static const struct {
		const char *header;
		bool weak;
		bool strong;
	} cases[] = {
		{ NULL, false, false },
		{ "", false, false },
		{ "*", true, true },
		{ " *\t", true, true },
		{ "\"7-a\"", true, true },
		{ "W/\"7-a\"", true, false },
		{ "w/\"7-a\"", false, false },
		{ "W/ \"7-a\"", false, false },
		{ "\"8-a\"", false, false },
		{ "\"7-a", false, false },
		{ "7-a", false, false },
		{ "\"7-A\"", false, false },
		{ "\"x\", \"7-a\"", true, true },
		{ "\"x\",\"7-a\",\"y\"", true, true },
		{ "W/\"x\" , W/\"7-a\"", true, false },
		{ ",, \"7-a\" ,,", true, true },
		{ "\"a,b\", \"7-a\"", true, true },
		{ "\"x,\"7-a\"", false, false },
		{ "\"x\" \"7-a\"", false, false },
		{ "\"7-a\" \"x\"", false, false },
		{ "\"7-a\", x", false, false },
		{ "*, \"7-a\"", false, false },
		{ "\"7-a\", *", false, false },
		{ "\"\", \"7-a\"", true, true },
		{ "\"\xff\", \"7-a\"", true, true },
		{ "\"a b\", \"7-a\"", false, false },
		{ "W/", false, false },
		{ "\"", false, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str header = str_from(cases[i].header);

		ck_assert_msg(etag_matches(header, STR("\"7-a\""), true) == cases[i].weak,
			      "weak: %s", cases[i].header);
		ck_assert_msg(etag_matches(header, STR("\"7-a\""), false) == cases[i].strong,
			      "strong: %s", cases[i].header);
	}
}
END_TEST

START_TEST(test_if_match)
{
	enum { BAD = -3 };
	static const struct {
		const char *header;
		int64_t version;
	} cases[] = {
		{ NULL, -1 },
		{ "*", -1 },
		{ " * ", -1 },
		{ "\"7-00c0ffee\"", 7 },
		{ "\"0-00c0ffee\"", 0 },
		{ "\"9223372036854775807-00c0ffee\"", INT64_MAX },
		{ "\"9223372036854775808-00c0ffee\"", -2 },
		{ "W/\"7-00c0ffee\"", -2 },
		{ "\"7-00C0FFEE\"", -2 },
		{ "\"7-00c0ffef\"", -2 },
		{ "\"7-10c0ffee\"", -2 },
		{ "\"07-00c0ffee\"", -2 },
		{ "\"-7-00c0ffee\"", -2 },
		{ "\"+7-00c0ffee\"", -2 },
		{ "\"7-0c0ffee\"", -2 },
		{ "\"7-000c0ffee\"", -2 },
		{ "\"7\"", -2 },
		{ "\"-\"", -2 },
		{ "\"\"", -2 },
		{ "\"x\", \"7-00c0ffee\"", 7 },
		{ "\"7-00c0ffee\", W/\"9-00c0ffee\"", 7 },
		{ "\"7-00c0ffee\", \"9-00c0ffee\", \"8-00c0ffee\"", 9 },
		{ "\"7-00c0ffee\",\"9-11111111\"", 7 },
		{ "", BAD },
		{ " ", BAD },
		{ ",", BAD },
		{ "7-00c0ffee", BAD },
		{ "\"7-00c0ffee", BAD },
		{ "\"7-00c0ffee\" x", BAD },
		{ "\"7-00c0ffee\", 9", BAD },
		{ "*, \"7-00c0ffee\"", BAD },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t version = BAD;
		enum err e = etag_parse_if_match(str_from(cases[i].header), FINGERPRINT, &version);

		ck_assert_msg(e == (cases[i].version == BAD ? ERR_INVALID_PARAMETER : ERR_OK),
			      "%s: %s", cases[i].header, err_name(e));
		ck_assert_msg(version == cases[i].version, "%s: %lld", cases[i].header,
			      (long long)version);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("etag");
	TCase *t = tcase_create("etag");
	SRunner *sr;
	int failed;

	tcase_add_test(t, test_put);
	tcase_add_test(t, test_matches);
	tcase_add_test(t, test_if_match);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
