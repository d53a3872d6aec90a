/* SPDX-License-Identifier: Apache-2.0 */
#include "app/http/consistency.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;
static const unsigned char key[32] = "0123456789abcdef0123456789abcde";
static const unsigned char other_key[32] = "1123456789abcdef0123456789abcde";
static const struct id account = { { 9, 8, 7 } };

static void setup(void)
{
	arena = arena_new(16 << 20);
	ck_assert_ptr_nonnull(arena);
}

static void teardown(void)
{
	arena_free(arena);
}

static struct str put(const struct db_position *p)
{
	struct str text = STR_NONE;
	struct buf b;

	buf_init(&b, arena, 0, 256);
	consistency_put(&b, key, account, p);
	ck_assert_int_eq(buf_finish(&b, &text), ERR_OK);
	return text;
}

static void refused(struct str text, const unsigned char k[32], struct id a)
{
	struct db_position p;
	struct db_position before;

	memset(&p, 0x5a, sizeof(p));
	memcpy(&before, &p, sizeof(p));
	ck_assert_msg(consistency_parse(arena, text, k, a, &p) == ERR_INVALID_PARAMETER, STR_FMT,
		      STR_ARG(text));
	ck_assert_int_eq(memcmp(&p, &before, sizeof(p)), 0);
}

START_TEST(test_round_trip)
{
	static const struct db_position cases[] = {
		{ .epoch = 0, .seq = 0, .at = 0, .gtid = "" },
		{ .epoch = 1, .seq = 42, .at = 1700000000000000, .gtid = "0-1-42" },
		{ .epoch = INT64_MAX, .seq = UINT64_MAX, .at = INT64_MAX, .gtid = "x" },
		{ .epoch = -1, .seq = 1, .at = INT64_MIN, .gtid = "0-1-1,1-1-2" },
		{ .seq = 7,
		  .gtid = "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-77777777777777777777777" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct db_position back;
		struct str text = put(&cases[i]);

		memset(&back, 0xff, sizeof(back));
		ck_assert(str_starts(text, STR("v1.")));
		ck_assert_int_eq(consistency_parse(arena, text, key, account, &back), ERR_OK);
		ck_assert_int_eq(back.epoch, cases[i].epoch);
		ck_assert_uint_eq(back.seq, cases[i].seq);
		ck_assert_int_eq(back.at, cases[i].at);
		ck_assert_str_eq(back.gtid, cases[i].gtid);
	}
}
END_TEST

START_TEST(test_longest)
{
	struct db_position p = { .seq = 1 };
	struct db_position back;
	struct str text;

	memset(p.gtid, '9', sizeof(p.gtid) - 1);
	text = put(&p);
	ck_assert_int_eq(consistency_parse(arena, text, key, account, &back), ERR_OK);
	ck_assert_uint_eq(strlen(back.gtid), 63);
	/* the documents promise at most 160 characters */
	ck_assert_uint_le(text.n, 160);
}
END_TEST

START_TEST(test_bound)
{
	struct db_position p = { .epoch = 1, .seq = 2, .at = 3, .gtid = "0-1-2" };
	struct str text = put(&p);
	struct id other = account;

	refused(text, other_key, account);
	for (size_t i = 0; i < sizeof(other.b); i++) {
		other = account;
		other.b[i] ^= 0x80;
		refused(text, key, other);
	}
}
END_TEST

START_TEST(test_mutations)
{
	struct db_position p = { .epoch = 1, .seq = 2, .at = 3, .gtid = "0-1-23" };
	struct str text = put(&p);
	char copy[256];

	for (size_t i = 0; i < text.n; i++) {
		for (int c = 0; c < 256; c++) {
			memcpy(copy, text.p, text.n);
			if (copy[i] == (char)c)
				continue;
			copy[i] = (char)c;
			refused((struct str){ copy, text.n }, key, account);
		}
		arena_reset(arena);
		text = put(&p);
	}
	for (size_t n = 0; n < text.n; n++)
		refused((struct str){ text.p, n }, key, account);
	memset(copy, 'A', sizeof(copy));
	memcpy(copy, text.p, text.n);
	for (size_t n = text.n + 1; n <= sizeof(copy); n++)
		refused((struct str){ copy, n }, key, account);
	refused(STR_NONE, key, account);
	refused(STR("v1."), key, account);
	refused(STR("v1.===="), key, account);
}
END_TEST

/* Signed by us, but nothing that may go to a server. */
START_TEST(test_gtid_charset)
{
	static const char allowed[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:,-";

	for (int c = 1; c < 256; c++) {
		struct db_position p = { .seq = 1, .gtid = { '0', (char)c, '1' } };
		struct db_position back;
		struct str text = put(&p);

		if (strchr(allowed, c) != NULL)
			ck_assert_int_eq(consistency_parse(arena, text, key, account, &back),
					 ERR_OK);
		else
			refused(text, key, account);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("consistency");
	TCase *t = tcase_create("consistency");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_round_trip);
	tcase_add_test(t, test_longest);
	tcase_add_test(t, test_bound);
	tcase_add_test(t, test_mutations);
	tcase_add_test(t, test_gtid_charset);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
