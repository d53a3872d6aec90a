/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ctl/sql_split.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;
static struct sql_script script;

static enum err split(const char *text)
{
	if (arena == NULL)
		arena = arena_new(1 << 22);
	arena_reset(arena);
	return sql_split(arena, str_from(text), &script);
}

static const struct {
	const char *text;
	size_t n;
	struct {
		int line;
		const char *text;
	} statements[3];
} good[] = {
	{ "", 0, { { 0, NULL } } },
	{ " \n\t-- a; b\n# c;\n/* d; */\n", 0, { { 0, NULL } } },
	{ "a;", 1, { { 1, "a" } } },
	{ "\n\n  a b \n ;\n\nc;-- x", 2, { { 3, "a b" }, { 6, "c" } } },
	{ "a;b;c;", 3, { { 1, "a" }, { 1, "b" }, { 1, "c" } } },
	{ "a ';' \";\" `;` b;c;", 2, { { 1, "a ';' \";\" `;` b" }, { 1, "c" } } },
	{ "'it''s;' '\\';' \"\\\";\";b;", 2, { { 1, "'it''s;' '\\';' \"\\\";\"" }, { 1, "b" } } },
	{ "`a\\`;b;", 2, { { 1, "`a\\`" }, { 1, "b" } } },
	{ "'--' '#' '/*';b;", 2, { { 1, "'--' '#' '/*'" }, { 1, "b" } } },
	{ "a -- it's; gone\n b;", 1, { { 1, "a  \n b" } } },
	{ "a/* ' ; */b;", 1, { { 1, "a b" } } },
	{ "/**/a/*/ x */;", 1, { { 1, "a" } } },
	{ "1--1;2 --\n3;", 2, { { 1, "1--1" }, { 1, "2  \n3" } } },
	{ "'a\n;\nb';c;", 2, { { 1, "'a\n;\nb'" }, { 3, "c" } } },
	{ "/* x\n\n*/ a\n;b;", 2, { { 3, "a" }, { 4, "b" } } },
	{ "a / b * c;", 1, { { 1, "a / b * c" } } },
	{ "a\r\n;\r\nb;\r\n", 2, { { 1, "a" }, { 3, "b" } } },
};

START_TEST(test_good)
{
	ck_assert_msg(split(good[_i].text) == ERR_OK, "%s", good[_i].text);
	ck_assert_uint_eq(script.n, good[_i].n);
	for (size_t i = 0; i < script.n; i++) {
		ck_assert_msg(str_eq_z(script.statements[i].text, good[_i].statements[i].text),
			      "\"" STR_FMT "\"", STR_ARG(script.statements[i].text));
		ck_assert_int_eq(script.statements[i].line, good[_i].statements[i].line);
	}
}
END_TEST

static const struct {
	const char *text;
	int line;
	const char *fault;
} bad[] = {
	{ "a", 1, "the statement does not end with a semicolon" },
	{ "a;\n\nb\nc", 3, "the statement does not end with a semicolon" },
	{ "a;\n'b;\n\n", 2, "the quote is not closed" },
	{ "'b\\", 1, "the quote is not closed" },
	{ "'b\\'", 1, "the quote is not closed" },
	{ "\n\"b;", 2, "the quote is not closed" },
	{ "`b;", 1, "the quote is not closed" },
	{ "a;\n/* b;\n", 2, "the comment is not closed" },
	{ "a /*/;", 1, "the comment is not closed" },
	{ "a;\n;", 2, "there is no statement before the semicolon" },
	{ ";", 1, "there is no statement before the semicolon" },
	{ "/*!40101 a */;", 1, "comments that some servers execute are not allowed" },
	{ "a /*M! b */;", 1, "comments that some servers execute are not allowed" },
};

START_TEST(test_bad)
{
	ck_assert_msg(split(bad[_i].text) == ERR_MALFORMED, "%s", bad[_i].text);
	ck_assert_int_eq(script.fault_line, bad[_i].line);
	ck_assert_str_eq(script.fault, bad[_i].fault);
}
END_TEST

/* Many statements, and one that fills its buffer. */
START_TEST(test_sizes)
{
	enum { N = 5000 };
	char *text = malloc(3 * N + 1);

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < N; i++)
		memcpy(text + 3 * i, "a;\n", 3);
	text[3 * N] = '\0';
	/* A buffer of its own for each statement must fit. */
	ck_assert_int_eq(split(text), ERR_OK);
	ck_assert_uint_eq(script.n, N);
	ck_assert_int_eq(script.statements[N - 1].line, N);
	memset(text, 'b', 3 * N);
	text[3 * N - 1] = ';';
	ck_assert_int_eq(split(text), ERR_OK);
	ck_assert_uint_eq(script.statements[0].text.n, 3 * N - 1);
	free(text);
}
END_TEST

START_TEST(test_no_memory)
{
	struct arena *small = arena_new(64);
	enum err e;

	ck_assert_ptr_nonnull(small);
	e = sql_split(small,
		      STR("a long statement that does not fit into so small an arena, and "
			  "then some more of it, up to its end;"),
		      &script);
	ck_assert_int_eq(e, ERR_NO_MEMORY);
	arena_free(small);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sql_split");
	TCase *tc = tcase_create("sql_split");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, test_good, 0, (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(tc, test_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, test_sizes);
	tcase_add_test(tc, test_no_memory);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	arena_free(arena);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
