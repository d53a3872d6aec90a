/* SPDX-License-Identifier: Apache-2.0 */
#include "app/auth/auth.h"

#include "tests/unit/app/base/seed.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/clock.h"

#define CAP ((size_t)1 << 20)
#define NOW INT64_C(1780000000000000)

static struct arena *arena;

static void setup(void)
{
	arena = arena_new(CAP);
}

static void teardown(void)
{
	arena_free(arena);
}

static struct str encode(const struct credential *c)
{
	struct buf b;
	struct str s;

	buf_init(&b, arena, 0, CAP);
	credential_put(&b, c);
	ck_assert_int_eq(buf_finish(&b, &s), ERR_OK);
	return s;
}

/* A token and the credential it proves. */
static struct token pair(enum principal_kind kind, struct credential *c)
{
	struct token t = token_new(kind, id_new(), id_new());

	*c = (struct credential){
		.kind = kind,
		.account = t.account,
		.id = t.id,
		.user = kind == PRINCIPAL_SESSION ? id_new() : ID_NONE,
		.mask = permission_mask_of_role(ROLE_SALES),
		.expires_at = TIME_NONE,
		.revoked_at = TIME_NONE,
	};
	token_hash(&t, c->hash);
	return t;
}

static void same(const struct credential *a, const struct credential *b)
{
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert(id_eq(a->account, b->account));
	ck_assert(id_eq(a->id, b->id));
	ck_assert(id_eq(a->user, b->user));
	ck_assert_uint_eq(a->mask, b->mask);
	ck_assert_int_eq(a->expires_at, b->expires_at);
	ck_assert_int_eq(a->revoked_at, b->revoked_at);
	ck_assert_mem_eq(a->hash, b->hash, 32);
}

START_TEST(test_round_trip)
{
	for (int i = 0; i < 1000; i++) {
		struct credential c, d;

		pair(i % 2 == 0 ? PRINCIPAL_KEY : PRINCIPAL_SESSION, &c);
		c.mask = seed_next();
		c.expires_at = i % 3 == 0 ? TIME_NONE : seed_i64();
		c.revoked_at = i % 5 == 0 ? TIME_NONE : seed_i64();
		ck_assert_int_eq(credential_parse(encode(&c), &d), ERR_OK);
		same(&c, &d);
		arena_reset(arena);
	}
}
END_TEST

START_TEST(test_refuses_other_forms)
{
	struct credential c, d;
	struct str s;
	char *p;

	pair(PRINCIPAL_KEY, &c);
	s = encode(&c);
	p = (char *)(uintptr_t)s.p;
	for (size_t n = 0; n < s.n + 20; n++) {
		char *copy = calloc(1, n + 1);

		memcpy(copy + 1, s.p, n < s.n ? n : s.n);
		ck_assert_int_eq(credential_parse((struct str){ copy + 1, n }, &d),
				 n == s.n ? ERR_OK : ERR_MALFORMED);
		free(copy);
	}
	for (int byte = 0; byte < 256; byte++) {
		p[0] = (char)byte;
		ck_assert_int_eq(credential_parse(s, &d), byte == 1 ? ERR_OK : ERR_MALFORMED);
	}
	p[0] = 1;
	for (int byte = 0; byte < 256; byte++) {
		bool kept = byte == PRINCIPAL_KEY || byte == PRINCIPAL_SESSION;

		p[1] = (char)byte;
		ck_assert_int_eq(credential_parse(s, &d), kept ? ERR_OK : ERR_MALFORMED);
	}
	ck_assert_int_eq(credential_parse(STR_NONE, &d), ERR_MALFORMED);
}
END_TEST

START_TEST(test_random_bytes)
{
	for (int i = 0; i < 200000; i++) {
		size_t n = seed_below(8) == 0 ? (size_t)seed_below(300) : 106;
		char *p = malloc(n + 1);
		struct str bytes = { p + 1, n };
		struct credential c;

		for (size_t k = 0; k < n; k++)
			p[k + 1] = (char)seed_next();
		if (n > 2 && seed_below(2) == 0) {
			p[1] = 1;
			p[2] = (char)seed_below(4);
		}
		if (credential_parse(bytes, &c) == ERR_OK)
			ck_assert(str_eq(encode(&c), bytes));
		arena_reset(arena);
		free(p);
	}
}
END_TEST

START_TEST(test_principal)
{
	struct credential c;
	struct token t = pair(PRINCIPAL_SESSION, &c);
	struct principal who;

	ck_assert_int_eq(credential_verify(&c, &t, NOW, &who), ERR_OK);
	ck_assert_int_eq(who.kind, PRINCIPAL_SESSION);
	ck_assert(id_eq(who.account, c.account));
	ck_assert(id_eq(who.id, c.id));
	ck_assert(id_eq(who.user, c.user));
	ck_assert_uint_eq(who.mask, c.mask);
}
END_TEST

START_TEST(test_times)
{
	static const struct {
		int64_t expires_at, revoked_at;
		enum err e;
	} rows[] = {
		{ TIME_NONE, TIME_NONE, ERR_OK },
		{ NOW + 1, TIME_NONE, ERR_OK },
		{ NOW, TIME_NONE, ERR_UNAUTHENTICATED },
		{ NOW - 1, TIME_NONE, ERR_UNAUTHENTICATED },
		{ TIME_NONE, NOW + 1, ERR_OK },
		{ TIME_NONE, NOW, ERR_UNAUTHENTICATED },
		{ TIME_NONE, NOW - 1, ERR_UNAUTHENTICATED },
		{ NOW + 1, NOW, ERR_UNAUTHENTICATED },
		{ NOW, NOW + 1, ERR_UNAUTHENTICATED },
		{ 0, TIME_NONE, ERR_UNAUTHENTICATED },
		{ TIME_NONE, 0, ERR_UNAUTHENTICATED },
		{ INT64_MAX, INT64_MAX, ERR_OK },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct credential c;
		struct token t = pair(PRINCIPAL_KEY, &c);
		struct principal who = { .kind = PRINCIPAL_NONE };

		c.expires_at = rows[i].expires_at;
		c.revoked_at = rows[i].revoked_at;
		ck_assert_msg(credential_verify(&c, &t, NOW, &who) == rows[i].e, "row %zu", i);
		ck_assert_int_eq(who.kind, rows[i].e == ERR_OK ? PRINCIPAL_KEY : PRINCIPAL_NONE);
	}
}
END_TEST

/* Each thing that the token must have in common with the credential. */
START_TEST(test_mismatches)
{
	struct credential c;
	struct token t = pair(PRINCIPAL_KEY, &c);
	struct principal who;

	ck_assert_int_eq(credential_verify(&c, &t, NOW, &who), ERR_OK);
	for (int i = 0; i < 256; i++) {
		struct credential d = c;

		d.hash[i / 8] ^= (unsigned char)(1 << i % 8);
		ck_assert_int_eq(credential_verify(&d, &t, NOW, &who), ERR_UNAUTHENTICATED);
	}
	for (int i = 0; i < 3; i++) {
		struct credential d = c;

		if (i == 0)
			d.kind = PRINCIPAL_SESSION;
		else if (i == 1)
			d.account = id_new();
		else
			d.id = id_new();
		ck_assert_int_eq(credential_verify(&d, &t, NOW, &who), ERR_UNAUTHENTICATED);
	}
}
END_TEST

int main(void)
{
	static const struct config c = { .password_memory_kib = 64,
					 .password_passes = 1,
					 .password_parallel = 1 };
	Suite *suite = suite_create("app/auth/credential");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	if (auth_start(&c) != ERR_OK)
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_round_trip);
	tcase_add_test(tc, test_refuses_other_forms);
	tcase_add_test(tc, test_random_bytes);
	tcase_add_test(tc, test_principal);
	tcase_add_test(tc, test_times);
	tcase_add_test(tc, test_mismatches);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
