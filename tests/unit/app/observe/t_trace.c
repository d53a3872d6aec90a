/* SPDX-License-Identifier: Apache-2.0 */
#include "app/observe/trace.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN  "b7ad6b7169203331"
#define GOOD  "00-" TRACE "-" SPAN "-01"

static const struct {
	const char *header;
	enum err err;
	bool sampled;
} headers[] = {
	{ GOOD, ERR_OK, true },
	{ "00-" TRACE "-" SPAN "-00", ERR_OK, false },
	{ "00-" TRACE "-" SPAN "-ff", ERR_OK, true },
	{ "00-" TRACE "-" SPAN "-02", ERR_OK, false },
	{ "00-00000000000000000000000000000001-0000000000000001-00", ERR_OK, false },
	/* later versions */
	{ "01-" TRACE "-" SPAN "-01", ERR_OK, true },
	{ "cc-" TRACE "-" SPAN "-01-what-the-future-brings", ERR_OK, true },
	{ "fe-" TRACE "-" SPAN "-01-", ERR_OK, true },
	{ "cc-" TRACE "-" SPAN "-01.more", ERR_MALFORMED, false },
	{ "cc-" TRACE "-" SPAN "-010", ERR_MALFORMED, false },
	{ "ff-" TRACE "-" SPAN "-01", ERR_MALFORMED, false },
	{ "ff-" TRACE "-" SPAN "-01-x", ERR_MALFORMED, false },
	/* version 00 has nothing more */
	{ GOOD "-", ERR_MALFORMED, false },
	{ GOOD "-x", ERR_MALFORMED, false },
	{ GOOD " ", ERR_MALFORMED, false },
	/* ids of zeros */
	{ "00-00000000000000000000000000000000-" SPAN "-01", ERR_MALFORMED, false },
	{ "00-" TRACE "-0000000000000000-01", ERR_MALFORMED, false },
	/* form */
	{ "", ERR_MALFORMED, false },
	{ "00-" TRACE "-" SPAN "-0", ERR_MALFORMED, false },
	{ "00-" TRACE "-" SPAN "-0G", ERR_MALFORMED, false },
	{ "00_" TRACE "-" SPAN "-01", ERR_MALFORMED, false },
	{ "00-" TRACE "_" SPAN "-01", ERR_MALFORMED, false },
	{ "00-" TRACE "-" SPAN "_01", ERR_MALFORMED, false },
	{ "0A-" TRACE "-" SPAN "-01", ERR_MALFORMED, false },
	{ "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", ERR_MALFORMED, false },
	{ "00-" TRACE "-B7AD6B7169203331-01", ERR_MALFORMED, false },
	{ "00-" TRACE "-" SPAN "-0A", ERR_MALFORMED, false },
	{ " " GOOD, ERR_MALFORMED, false },
	{ "00-0af7651916cd43dd8448eb211c80319-b7ad6b71692033310-01", ERR_MALFORMED, false },
};

START_TEST(test_parse)
{
	struct trace t;
	char text[TRACE_ID_TEXT];
	enum err e = trace_parse(str_from(headers[_i].header), &t);

	ck_assert_msg(e == headers[_i].err, "%s", headers[_i].header);
	if (e != ERR_OK)
		return;
	ck_assert_int_eq(t.sampled, headers[_i].sampled);
	trace_id_text(&t, text);
	ck_assert_mem_eq(text, headers[_i].header + 3, sizeof(text));
	ck_assert_int_eq(t.span_id[0] | t.span_id[7], 0);
}
END_TEST

/* No byte of a good header can be another one outside what that place allows. */
START_TEST(test_every_byte)
{
	static const char hex[] = "0123456789abcdef";
	struct trace t;
	char text[] = GOOD;

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		for (int c = 0; c < 256; c++) {
			bool dash = i == 2 || i == 35 || i == 52;
			bool good = dash ? c == '-' : c != 0 && strchr(hex, c) != NULL;

			text[i] = (char)c;
			ck_assert_msg((trace_parse((struct str){ text, sizeof(text) - 1 }, &t) ==
				       ERR_OK) == good,
				      "byte %d at %zu", c, i);
		}
		text[i] = GOOD[i];
	}
}
END_TEST

START_TEST(test_absent)
{
	struct trace t;

	ck_assert_int_eq(trace_parse(STR_NONE, &t), ERR_MALFORMED);
}
END_TEST

static struct str put(struct arena *a, const struct trace *t)
{
	struct buf b;
	struct str s = STR_NONE;

	buf_init(&b, a, 0, 1024);
	trace_put(&b, t);
	ck_assert_int_eq(buf_finish(&b, &s), ERR_OK);
	return s;
}

START_TEST(test_begin_goes_on)
{
	struct arena *a = arena_new(4096);
	struct trace t = trace_begin(STR(GOOD));
	struct str s = put(a, &t);
	struct trace child;

	ck_assert_uint_eq(s.n, 55);
	ck_assert_mem_eq(s.p, "00-" TRACE "-", 36);
	ck_assert_mem_ne(s.p + 36, SPAN, 16);
	ck_assert_mem_eq(s.p + 52, "-01", 3);
	ck_assert_int_eq(trace_parse(s, &child), ERR_OK);
	ck_assert_mem_eq(child.parent_id, t.span_id, sizeof(t.span_id));
	ck_assert_mem_eq(child.trace_id, t.trace_id, sizeof(t.trace_id));
	arena_free(a);
}
END_TEST

START_TEST(test_begin_anew)
{
	struct arena *a = arena_new(4096);
	struct trace one = trace_begin(STR("00-" TRACE "-0000000000000000-01"));
	struct trace two = trace_begin(STR_NONE);
	static const unsigned char zero[TRACE_SPAN_BYTES];
	struct trace again;

	ck_assert_mem_ne(one.trace_id, two.trace_id, sizeof(one.trace_id));
	ck_assert_mem_ne(one.span_id, two.span_id, sizeof(one.span_id));
	ck_assert_mem_eq(one.parent_id, zero, sizeof(zero));
	ck_assert(!one.sampled);
	ck_assert_int_eq(trace_parse(put(a, &one), &again), ERR_OK);
	ck_assert_mem_eq(again.trace_id, one.trace_id, sizeof(one.trace_id));
	arena_free(a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace");
	TCase *tc = tcase_create("trace");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, test_parse, 0, (int)(sizeof(headers) / sizeof(headers[0])));
	tcase_add_test(tc, test_every_byte);
	tcase_add_test(tc, test_absent);
	tcase_add_test(tc, test_begin_goes_on);
	tcase_add_test(tc, test_begin_anew);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
