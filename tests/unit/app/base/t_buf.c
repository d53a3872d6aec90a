/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/buf.h"

#include "tests/unit/app/base/seed.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CAP ((size_t)16 << 20)

static struct arena *arena;
static struct buf buf;

static void begin(size_t room, size_t cap)
{
	if (arena == NULL)
		arena = arena_new(4 * CAP);
	arena_reset(arena);
	buf_init(&buf, arena, room, cap);
}

static struct str done(void)
{
	struct str s = STR_NONE;

	ck_assert_int_eq(buf_finish(&buf, &s), ERR_OK);
	return s;
}

static void assert_text(const char *expected)
{
	struct str s = done();

	if (!str_eq_z(s, expected))
		ck_abort_msg("\"" STR_FMT "\" is not \"%s\"", STR_ARG(s), expected);
}

START_TEST(test_empty)
{
	begin(0, 0);
	buf_put(&buf, NULL, 0);
	buf_z(&buf, "");
	buf_str(&buf, STR_NONE);
	ck_assert_ptr_nonnull(done().p);
	ck_assert_uint_eq(done().n, 0);
	begin(100, 100);
	assert_text("");
}
END_TEST

START_TEST(test_appends)
{
	for (size_t room = 0; room < 64; room++) {
		begin(room, 1000);
		buf_lit(&buf, "lit");
		buf_char(&buf, ',');
		buf_z(&buf, "zero");
		buf_str(&buf, STR(",str,"));
		buf_put(&buf, "a\0b", 3);
		buf_i64(&buf, -42);
		buf_hex(&buf, "\x00\x9f\xff", 3);
		ck_assert(str_eq(done(), STR("lit,zero,str,a\0b-42009fff")));
	}
}
END_TEST

/* The cap is exact for each kind of append: what fits fits, one byte more does not. */
START_TEST(test_cap_is_exact)
{
	for (size_t cap = 0; cap < 600; cap++) {
		size_t n = 0;
		struct str s = STR_NONE;

		begin(seed_below(cap + 1), cap);
		while (n < cap) {
			size_t left = cap - n;
			uint64_t kind = seed_below(6);

			if (kind == 0 && left >= 4)
				buf_u64(&buf, 1000);
			else if (kind == 1 && left >= 4)
				buf_json_str(&buf, STR("ab"));
			else if (kind == 2 && left >= 4)
				buf_json_str(&buf, STR("\n"));
			else if (kind == 3 && left >= 4)
				buf_hex(&buf, "ab", 2);
			else if (kind == 4 && left >= 4)
				buf_base64url(&buf, "abc", 3);
			else
				buf_char(&buf, 'x');
			n = buf.n;
		}
		ck_assert_uint_eq(done().n, cap);
		switch (seed_below(5)) {
		case 0:
			buf_u64(&buf, 0);
			break;
		case 1:
			buf_json_str(&buf, STR(""));
			break;
		case 2:
			buf_url(&buf, STR("a"));
			break;
		case 3:
			buf_base64url(&buf, "a", 1);
			break;
		default:
			buf_char(&buf, 'x');
		}
		ck_assert_int_eq(buf_finish(&buf, &s), ERR_LIMIT);
		ck_assert_ptr_null(s.p);
	}
}
END_TEST

/* One append that takes the whole buffer. */
START_TEST(test_cap_of_one_append)
{
	begin(0, 4);
	buf_json_str(&buf, STR("ab"));
	assert_text("\"ab\"");
	begin(0, 4);
	buf_hex(&buf, "\x01\x02", 2);
	assert_text("0102");
	begin(0, 2);
	buf_base64url(&buf, "f", 1);
	assert_text("Zg");
	begin(0, 20);
	buf_u64(&buf, UINT64_MAX);
	assert_text("18446744073709551615");
}
END_TEST

START_TEST(test_error_is_sticky)
{
	struct str s;

	begin(10, 100);
	buf_lit(&buf, "short");
	buf_put(&buf, (char[200]){ 0 }, 200);
	buf_lit(&buf, "x");
	buf_put(&buf, "", 0);
	buf_json_str(&buf, STR("x\n"));
	buf_url(&buf, STR("/"));
	ck_assert_ptr_null(buf_reserve(&buf, 0));
	ck_assert_ptr_null(buf_reserve(&buf, 1));
	ck_assert_uint_eq(buf.n, 5);
	ck_assert_int_eq(buf_finish(&buf, &s), ERR_LIMIT);
	begin(10, 100);
	ck_assert_ptr_null(buf_reserve(&buf, SIZE_MAX));
	ck_assert_int_eq(buf_finish(&buf, &s), ERR_LIMIT);
}
END_TEST

START_TEST(test_out_of_memory)
{
	struct arena *small = arena_new(1024);
	struct buf b;
	struct str s;

	buf_init(&b, small, 2048, 4096);
	ck_assert_ptr_null(buf_reserve(&b, 0));
	buf_lit(&b, "x");
	ck_assert_int_eq(buf_finish(&b, &s), ERR_NO_MEMORY);
	buf_init(&b, small, 16, 4096);
	for (int i = 0; i < 3000; i++)
		buf_char(&b, 'x');
	ck_assert_int_eq(buf_finish(&b, &s), ERR_NO_MEMORY);
	buf_put(&b, (char[5000]){ 0 }, 5000);
	buf_hex(&b, (char[5000]){ 0 }, 5000);
	ck_assert_int_eq(buf_finish(&b, &s), ERR_NO_MEMORY);
	arena_free(small);
}
END_TEST

START_TEST(test_grows_to_a_large_one)
{
	uint32_t x = 1;
	struct str s;

	begin(1, CAP);
	for (size_t i = 0; i < CAP / 4; i++, x = x * 1664525 + 1013904223)
		buf_put(&buf, &x, 4);
	s = done();
	ck_assert_uint_eq(s.n, CAP);
	x = 1;
	for (size_t i = 0; i < CAP; i += 4, x = x * 1664525 + 1013904223)
		ck_assert(memcmp(s.p + i, &x, 4) == 0);
}
END_TEST

static void assert_number(int64_t v)
{
	char expected[32];

	begin(32, 64);
	buf_i64(&buf, v);
	snprintf(expected, sizeof(expected), "%" PRId64, v);
	assert_text(expected);
	begin(32, 64);
	buf_u64(&buf, (uint64_t)v);
	snprintf(expected, sizeof(expected), "%" PRIu64, (uint64_t)v);
	assert_text(expected);
}

START_TEST(test_numbers)
{
	uint64_t power = 1;

	for (int i = 0; i < 20; i++, power *= 10) {
		for (int64_t near = -2; near <= 2; near++)
			assert_number((int64_t)(power + (uint64_t)near));
	}
	for (int bit = 0; bit < 64; bit++) {
		for (int64_t near = -1; near <= 1; near++)
			assert_number((int64_t)((UINT64_C(1) << bit) + (uint64_t)near));
	}
	for (int i = 0; i < 100000; i++)
		assert_number(seed_i64());
}
END_TEST

static size_t naive_json(char *to, struct str s)
{
	size_t n = 0;

	to[n++] = '"';
	for (size_t i = 0; i < s.n; i++) {
		const char *at = s.p[i] == '\0' ? NULL : strchr("\"\"\\\\\bb\ff\nn\rr\tt", s.p[i]);
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 && at == NULL)
			n += (size_t)sprintf(to + n, "\\u%04x", c);
		else if (c < 0x20 || c == '"' || c == '\\')
			n += (size_t)sprintf(to + n, "\\%c", at[1]);
		else
			to[n++] = s.p[i];
	}
	to[n++] = '"';
	return n;
}

static void assert_json(struct str s)
{
	char expected[2048];
	size_t n = naive_json(expected, s);

	begin(seed_below(64), 4096);
	buf_json_str(&buf, s);
	if (!str_eq(done(), (struct str){ expected, n }))
		ck_abort_msg("\"" STR_FMT "\" is not \"%.*s\"", STR_ARG(done()), (int)n, expected);
}

START_TEST(test_json_table)
{
	begin(0, 1000);
	buf_json_str(&buf, STR("a\"b\\c/d\b\f\n\r\t\x01\x1f\x7f\xc3\xa4"));
	assert_text("\"a\\\"b\\\\c/d\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa4\"");
	begin(0, 1000);
	buf_json_str(&buf, STR_NONE);
	assert_text("\"\"");
}
END_TEST

/* Each byte at each place of a word, among bytes that might disturb the search. */
START_TEST(test_json_every_byte)
{
	static const char around[] = { 'x', '!', '#', '[', ']', ' ', '\x7f', '\xff', '\x80' };

	for (size_t k = 0; k < sizeof(around); k++) {
		for (int c = 0; c < 256; c++) {
			for (size_t at = 0; at < 20; at++) {
				char text[20];

				memset(text, around[k], sizeof(text));
				text[at] = (char)c;
				assert_json((struct str){ text, sizeof(text) });
			}
		}
	}
}
END_TEST

START_TEST(test_json_random)
{
	for (int round = 0; round < 50000; round++) {
		char text[200];
		size_t n = seed_below(sizeof(text));
		uint64_t rare = 1 + seed_below(50);

		for (size_t i = 0; i < n; i++)
			text[i] = (char)(seed_below(rare) == 0 ? seed_below(128) : 'a' + i % 26);
		assert_json((struct str){ text, n });
	}
}
END_TEST

START_TEST(test_url)
{
	static const char stay[] = "ABCXYZabcxyz0189-._~";

	begin(0, 1000);
	buf_url(&buf, STR("ABCXYZabcxyz0189-._~"));
	assert_text(stay);
	begin(0, 1000);
	buf_url(&buf, STR("a b&c=d/e?\xc3\xa4%+"));
	assert_text("a%20b%26c%3Dd%2Fe%3F%C3%A4%25%2B");
	for (int c = 0; c < 256; c++) {
		char expected[8];
		bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || (c != 0 && strchr("-._~", c) != NULL);

		snprintf(expected, sizeof(expected), kept ? "%c" : "%%%02X", (unsigned int)c);
		begin(0, 100);
		buf_url(&buf, (struct str){ (char[]){ (char)c }, 1 });
		assert_text(expected);
	}
}
END_TEST

START_TEST(test_base64url_table)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "f", "Zg" },
		{ "fo", "Zm8" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg" },
		{ "fooba", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "-__-" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str back;

		begin(0, 100);
		buf_base64url(&buf, rows[i][0], strlen(rows[i][0]));
		assert_text(rows[i][1]);
		ck_assert_int_eq(base64url_decode(arena, str_from(rows[i][1]), &back), ERR_OK);
		ck_assert(str_eq_z(back, rows[i][0]));
	}
}
END_TEST

START_TEST(test_base64url_malformed)
{
	static const char *const rows[] = { "A",    "AAAAA", "Zg==", "Zm8=",  "+AAA", "/AAA",
					    "Zh",   "Zm9",   "AA A", "AAA\n", "AA.A", "\xc3\xa4xx",
					    "AAA@", "AAA[",  "AAA`", "AAA{" };

	begin(0, 10);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str back = STR("kept");

		ck_assert_msg(base64url_decode(arena, str_from(rows[i]), &back) == ERR_MALFORMED,
			      "%s", rows[i]);
		ck_assert(str_eq_z(back, "kept"));
	}
	ck_assert_int_eq(base64url_decode(arena, STR("AA\0A"), &(struct str){ 0 }), ERR_MALFORMED);
}
END_TEST

/* Both ways: bytes to text to bytes, and random text that decodes encodes to itself. */
START_TEST(test_base64url_round_trip)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t decoded = 0;

	for (int round = 0; round < 50000; round++) {
		char bytes[64];
		char text[8];
		size_t n = seed_below(sizeof(bytes) + 1);
		struct str back;
		struct str s;

		for (size_t i = 0; i < n; i++)
			bytes[i] = (char)seed_next();
		begin(seed_below(16), 1000);
		buf_base64url(&buf, bytes, n);
		ck_assert_int_eq(base64url_decode(arena, done(), &back), ERR_OK);
		ck_assert(str_eq(back, (struct str){ bytes, n }));

		s = (struct str){ text, seed_below(sizeof(text) + 1) };
		for (size_t i = 0; i < s.n; i++)
			text[i] = letters[seed_below(64)];
		if (base64url_decode(arena, s, &back) != ERR_OK)
			continue;
		decoded++;
		begin(0, 100);
		ck_assert_int_eq(base64url_decode(arena, s, &back), ERR_OK);
		buf_base64url(&buf, back.p, back.n);
		ck_assert(str_eq(done(), s));
	}
	ck_assert_uint_gt(decoded, 1000);
}
END_TEST

START_TEST(test_base64url_no_memory)
{
	struct arena *small = arena_new(16);
	struct str back;

	ck_assert_int_eq(base64url_decode(small, STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), &back),
			 ERR_NO_MEMORY);
	arena_free(small);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/base/buf");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_empty);
	tcase_add_test(tc, test_appends);
	tcase_add_test(tc, test_cap_is_exact);
	tcase_add_test(tc, test_cap_of_one_append);
	tcase_add_test(tc, test_error_is_sticky);
	tcase_add_test(tc, test_out_of_memory);
	tcase_add_test(tc, test_grows_to_a_large_one);
	tcase_add_test(tc, test_numbers);
	tcase_add_test(tc, test_json_table);
	tcase_add_test(tc, test_json_every_byte);
	tcase_add_test(tc, test_json_random);
	tcase_add_test(tc, test_url);
	tcase_add_test(tc, test_base64url_table);
	tcase_add_test(tc, test_base64url_malformed);
	tcase_add_test(tc, test_base64url_round_trip);
	tcase_add_test(tc, test_base64url_no_memory);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	arena_free(arena);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
