/* SPDX-License-Identifier: Apache-2.0 */
#include "app/http/cursor.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/app/base/seed.h"

static struct arena *arena;
static const unsigned char key[32] = "0123456789abcdef0123456789abcde";
static const unsigned char other_key[32] = "0123456789abcdef0123456789abcdf";
static const struct id account = { { 1, 2, 3 } };

static void setup(void)
{
	arena = arena_new(16 << 20);
	ck_assert_ptr_nonnull(arena);
}

static void teardown(void)
{
	arena_free(arena);
}

static struct str put(const struct page *page, struct str binding)
{
	struct str text = STR_NONE;
	struct buf b;

	buf_init(&b, arena, 0, 256);
	cursor_put(&b, key, account, binding, page);
	ck_assert_int_eq(buf_finish(&b, &text), ERR_OK);
	return text;
}

static struct page sample(void)
{
	return (struct page){
		.limit = 7,
		.sort = 3,
		.descending = true,
		.has_after = true,
		.after_key = -42,
		.after = { { 0xff, 0, 0x80 } },
	};
}

START_TEST(test_round_trip)
{
	static const int64_t keys[] = { 0, 1, -1, INT64_MAX, INT64_MIN, 256, 0x0102030405060708 };
	static const int32_t sorts[] = { 0, 1, 63, 127 };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		for (size_t j = 0; j < 2 * sizeof(sorts) / sizeof(sorts[0]); j++) {
			struct page page = sample();
			struct page back = { .limit = 99 };
			struct str text;

			page.after_key = keys[i];
			page.sort = sorts[j / 2];
			page.descending = j % 2 != 0;
			text = put(&page, STR("orders.list"));
			ck_assert_uint_eq(text.n, 55);
			ck_assert_int_eq(
				cursor_parse(arena, text, key, account, STR("orders.list"), &back),
				ERR_OK);
			ck_assert_int_eq(back.limit, 99); /* the client's, not the cursor's */
			ck_assert_int_eq(back.sort, page.sort);
			ck_assert_int_eq(back.descending, page.descending);
			ck_assert(back.has_after);
			ck_assert_int_eq(back.after_key, page.after_key);
			ck_assert(id_eq(back.after, page.after));
		}
	}
}
END_TEST

static void refused(struct str text, const unsigned char k[32], struct id a, struct str binding)
{
	struct page page;
	struct page before;

	memset(&page, 0x5a, sizeof(page));
	memcpy(&before, &page, sizeof(page));
	ck_assert_msg(cursor_parse(arena, text, k, a, binding, &page) == ERR_INVALID_CURSOR,
		      STR_FMT, STR_ARG(text));
	ck_assert_int_eq(memcmp(&page, &before, sizeof(page)), 0);
}

START_TEST(test_bound)
{
	struct page page = sample();
	struct str text = put(&page, STR("orders.list&a=1"));
	struct id other = account;

	refused(text, other_key, account, STR("orders.list&a=1"));
	for (size_t i = 0; i < sizeof(other.b); i++) {
		other = account;
		other.b[i] ^= 1;
		refused(text, key, other, STR("orders.list&a=1"));
	}
	refused(text, key, account, STR("orders.list&a=2"));
	refused(text, key, account, STR("orders.list&a="));
	refused(text, key, account, STR("orders.list&a=11"));
	refused(text, key, account, STR(""));
	refused(text, key, account, STR_NONE);
}
END_TEST

/* Every single change of a character, so also of the bits that base64 does not use. */
START_TEST(test_mutations)
{
	struct page page = sample();
	struct str text = put(&page, STR("b"));
	char copy[64];

	for (size_t i = 0; i < text.n; i++) {
		for (int c = 0; c < 256; c++) {
			memcpy(copy, text.p, text.n);
			if (copy[i] == (char)c)
				continue;
			copy[i] = (char)c;
			refused((struct str){ copy, text.n }, key, account, STR("b"));
		}
	}
}
END_TEST

START_TEST(test_lengths)
{
	struct page page = sample();
	struct str text = put(&page, STR("b"));
	char longer[80];

	refused(STR_NONE, key, account, STR("b"));
	for (size_t n = 0; n < text.n; n++)
		refused((struct str){ text.p, n }, key, account, STR("b"));
	memset(longer, 'A', sizeof(longer));
	memcpy(longer, text.p, text.n);
	for (size_t n = text.n + 1; n <= sizeof(longer); n++)
		refused((struct str){ longer, n }, key, account, STR("b"));
	longer[text.n] = '=';
	refused((struct str){ longer, text.n + 1 }, key, account, STR("b"));
}
END_TEST

START_TEST(test_random)
{
	seed_init();
	for (int i = 0; i < 20000; i++) {
		char bytes[55];

		for (size_t j = 0; j < sizeof(bytes); j++)
			bytes[j] =
				"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
					[seed_below(64)];
		refused((struct str){ bytes, sizeof(bytes) }, key, account, STR("b"));
		arena_reset(arena);
	}
}
END_TEST

START_TEST(test_no_memory)
{
	struct page page = sample();
	struct str text = put(&page, STR("b"));
	struct arena *small = arena_new(8);
	struct page back;

	ck_assert_ptr_nonnull(small);
	ck_assert_int_eq(cursor_parse(small, text, key, account, STR("b"), &back), ERR_NO_MEMORY);
	arena_free(small);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cursor");
	TCase *t = tcase_create("cursor");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_round_trip);
	tcase_add_test(t, test_bound);
	tcase_add_test(t, test_mutations);
	tcase_add_test(t, test_lengths);
	tcase_add_test(t, test_random);
	tcase_add_test(t, test_no_memory);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
