/* SPDX-License-Identifier: Apache-2.0 */
#include "app/auth/auth.h"

#include "tests/unit/app/base/seed.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/clock.h"

#define CAP	  ((size_t)1 << 20)
#define TOKEN_LEN 99

static struct arena *arena;

static void setup(void)
{
	arena = arena_new(CAP);
}

static void teardown(void)
{
	arena_free(arena);
}

static struct str text_of(const struct token *t)
{
	struct buf b;
	struct str s;

	buf_init(&b, arena, 0, CAP);
	token_put(&b, t);
	ck_assert_int_eq(buf_finish(&b, &s), ERR_OK);
	return s;
}

static struct credential credential_of(const struct token *t)
{
	struct credential c = {
		.kind = t->kind,
		.account = t->account,
		.id = t->id,
		.expires_at = TIME_NONE,
		.revoked_at = TIME_NONE,
	};

	token_hash(t, c.hash);
	return c;
}

START_TEST(test_round_trip)
{
	static const enum principal_kind kinds[] = { PRINCIPAL_KEY, PRINCIPAL_SESSION };

	for (int i = 0; i < 2000; i++) {
		struct token t = token_new(kinds[i % 2], id_new(), id_new());
		struct token u;
		struct str s;

		if (i < 4) /* all bits, and none */
			memset(i < 2 ? t.account.b : t.secret, i % 2 == 0 ? 0xff : 0, 16);
		s = text_of(&t);
		ck_assert_uint_eq(s.n, TOKEN_LEN);
		ck_assert(str_starts(s, i % 2 == 0 ? STR("rk_") : STR("rs_")));
		ck_assert_int_eq(token_parse(s, &u), ERR_OK);
		ck_assert_int_eq(u.kind, t.kind);
		ck_assert(id_eq(u.account, t.account));
		ck_assert(id_eq(u.id, t.id));
		ck_assert_mem_eq(u.secret, t.secret, 32);
		arena_reset(arena);
	}
}
END_TEST

START_TEST(test_secrets_differ)
{
	struct id id = id_new();
	struct token t = token_new(PRINCIPAL_KEY, id, id);
	struct token u = token_new(PRINCIPAL_KEY, id, id);
	unsigned char h[32], k[32];

	ck_assert_mem_ne(t.secret, u.secret, 32);
	token_hash(&t, h);
	token_hash(&u, k);
	ck_assert_mem_ne(h, k, 32);
	ck_assert_mem_ne(h, t.secret, 32);
}
END_TEST

/* The text is part of the contract with those who hold keys: it must not change. */
START_TEST(test_known_text)
{
	struct token t = { .kind = PRINCIPAL_KEY };
	unsigned char hash[32];
	/* BLAKE2b-256 of 00 01 .. 1f, from another implementation */
	static const unsigned char known[32] = {
		0xcb, 0x2f, 0x51, 0x60, 0xfc, 0x1f, 0x7e, 0x05, 0xa5, 0x5e, 0xf4,
		0x9d, 0x34, 0x0b, 0x48, 0xda, 0x2e, 0x5a, 0x78, 0x09, 0x9d, 0x53,
		0x39, 0x33, 0x51, 0xcd, 0x57, 0x9d, 0xd4, 0x25, 0x03, 0xd6,
	};

	for (int i = 0; i < 32; i++)
		t.secret[i] = (unsigned char)i;
	memset(t.account.b, 0xff, 16);
	t.id.b[15] = 1;
	ck_assert(str_eq_z(text_of(&t), "rk_7zzzzzzzzzzzzzzzzzzzzzzzzz00000000000000000000000001_"
					"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"));
	token_hash(&t, hash);
	ck_assert_mem_eq(hash, known, 32);
}
END_TEST

/* Every text that differs in one byte is refused, by its form or by the credential. */
START_TEST(test_every_mutation)
{
	struct token t = token_new(_i == 0 ? PRINCIPAL_KEY : PRINCIPAL_SESSION, id_new(), id_new());
	struct credential c = credential_of(&t);
	struct str s = text_of(&t);
	struct principal who;
	int parsed = 0;

	for (size_t i = 0; i < s.n; i++) {
		for (int byte = 0; byte < 256; byte++) {
			char *text = malloc(s.n);
			struct token u;

			memcpy(text, s.p, s.n);
			text[i] = (char)byte;
			if (token_parse((struct str){ text, s.n }, &u) != ERR_OK) {
				ck_assert_int_ne(text[i], s.p[i]);
			} else if (text[i] == s.p[i]) {
				ck_assert_int_eq(credential_verify(&c, &u, 0, &who), ERR_OK);
			} else {
				parsed++;
				ck_assert_int_eq(credential_verify(&c, &u, 0, &who),
						 ERR_UNAUTHENTICATED);
				/* One text for one token. */
				ck_assert_msg(str_eq(text_of(&u), (struct str){ text, s.n }),
					      "byte %d at %zu", byte, i);
			}
			free(text);
			arena_reset(arena);
			s = text_of(&t);
		}
	}
	ck_assert_int_gt(parsed, 4000);
}
END_TEST

START_TEST(test_other_lengths)
{
	struct token t = token_new(PRINCIPAL_KEY, id_new(), id_new());
	struct str s = text_of(&t);
	char longer[TOKEN_LEN + 8];
	struct token u;

	for (size_t n = 0; n <= sizeof(longer); n++) {
		char *text;

		if (n == TOKEN_LEN)
			continue;
		memset(longer, 'A', sizeof(longer));
		memcpy(longer, s.p, s.n);
		text = malloc(n + 1);
		memcpy(text + 1, longer, n);
		ck_assert_int_eq(token_parse((struct str){ text + 1, n }, &u), ERR_UNAUTHENTICATED);
		free(text);
	}
	ck_assert_int_eq(token_parse(STR_NONE, &u), ERR_UNAUTHENTICATED);
}
END_TEST

/* The last character of the secret has two bits to spare, each id's first two. */
START_TEST(test_spare_bits)
{
	struct token t = { .kind = PRINCIPAL_KEY };
	struct token u;
	struct str s = text_of(&t);
	char *text = (char *)(uintptr_t)s.p;

	ck_assert_int_eq(token_parse(s, &u), ERR_OK);
	for (const char *c = "BCD"; *c != '\0'; c++) {
		text[TOKEN_LEN - 1] = *c;
		ck_assert_int_eq(token_parse(s, &u), ERR_UNAUTHENTICATED);
	}
	text[TOKEN_LEN - 1] = 'E';
	ck_assert_int_eq(token_parse(s, &u), ERR_OK);
	text[TOKEN_LEN - 1] = 'A';
	for (size_t at = 3; at <= 29; at += 26) {
		text[at] = '7';
		ck_assert_int_eq(token_parse(s, &u), ERR_OK);
		text[at] = '8';
		ck_assert_int_eq(token_parse(s, &u), ERR_UNAUTHENTICATED);
		text[at] = '0';
	}
}
END_TEST

START_TEST(test_random_text)
{
	static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyzABCXYZ_-=+/";

	for (int i = 0; i < 100000; i++) {
		char *text = malloc(TOKEN_LEN);
		struct token u;

		for (size_t k = 0; k < TOKEN_LEN; k++)
			text[k] = alphabet[seed_below(sizeof(alphabet) - 1)];
		if (i % 2 == 0)
			memcpy(text, "rs_0", 4);
		text[55] = '_';
		if (token_parse((struct str){ text, TOKEN_LEN }, &u) == ERR_OK)
			ck_assert(str_eq(text_of(&u), (struct str){ text, TOKEN_LEN }));
		free(text);
		arena_reset(arena);
	}
}
END_TEST

START_TEST(test_wipe)
{
	struct token t = token_new(PRINCIPAL_KEY, id_new(), id_new());
	static const struct token none;

	token_wipe(&t);
	ck_assert_mem_eq(&t, &none, sizeof(t));
}
END_TEST

int main(void)
{
	static const struct config c = { .password_memory_kib = 64,
					 .password_passes = 1,
					 .password_parallel = 1 };
	Suite *suite = suite_create("app/auth/token");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	if (auth_start(&c) != ERR_OK)
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_round_trip);
	tcase_add_test(tc, test_secrets_differ);
	tcase_add_test(tc, test_known_text);
	tcase_add_loop_test(tc, test_every_mutation, 0, 2);
	tcase_add_test(tc, test_other_lengths);
	tcase_add_test(tc, test_spare_bits);
	tcase_add_test(tc, test_random_text);
	tcase_add_test(tc, test_wipe);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
