/* SPDX-License-Identifier: Apache-2.0 */
#include "app/auth/auth.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "app/base/clock.h"

#define CAP  ((size_t)1 << 20)
#define MSEC INT64_C(1000)

static struct arena *arena;

static void start(int64_t memory_kib, int64_t passes, int64_t parallel)
{
	struct config c = {
		.password_memory_kib = memory_kib,
		.password_passes = passes,
		.password_parallel = parallel,
	};

	ck_assert_int_eq(auth_start(&c), ERR_OK);
}

static void setup(void)
{
	arena = arena_new(CAP);
	start(1024, 2, 2);
}

static void teardown(void)
{
	arena_free(arena);
}

static struct str hash_of(struct str password)
{
	struct str phc;

	ck_assert_int_eq(auth_password_hash(arena, password, &phc), ERR_OK);
	return phc;
}

START_TEST(test_verify)
{
	static const struct str passwords[] = {
		STR("correct horse battery staple"),
		STR(""),
		STR("a\0b"),
		STR("p\xc3\xa4ssw\xc3\xb6rd"),
	};
	bool rehash = true;

	for (size_t i = 0; i < 4; i++) {
		struct str phc = hash_of(passwords[i]);

		ck_assert(str_starts(phc, STR("$argon2id$v=19$m=1024,t=2,p=1$")));
		for (size_t k = 0; k < 4; k++)
			ck_assert_int_eq(auth_password_verify(phc, passwords[k], &rehash),
					 i == k ? ERR_OK : ERR_UNAUTHENTICATED);
	}
	ck_assert(!rehash);
	ck_assert_int_eq(auth_password_verify(hash_of(STR("Secret")), STR("secret"), &rehash),
			 ERR_UNAUTHENTICATED);
	ck_assert_int_eq(auth_password_verify(hash_of(STR("a\0b")), STR("a"), &rehash),
			 ERR_UNAUTHENTICATED);
}
END_TEST

START_TEST(test_salted)
{
	ck_assert(!str_eq(hash_of(STR("same")), hash_of(STR("same"))));
}
END_TEST

START_TEST(test_rehash)
{
	struct str phc = hash_of(STR("x"));
	bool rehash = true;

	ck_assert_int_eq(auth_password_verify(phc, STR("x"), &rehash), ERR_OK);
	ck_assert(!rehash);
	start(2048, 2, 2);
	ck_assert_int_eq(auth_password_verify(phc, STR("x"), &rehash), ERR_OK);
	ck_assert(rehash);
	start(1024, 3, 2);
	rehash = false;
	ck_assert_int_eq(auth_password_verify(phc, STR("x"), &rehash), ERR_OK);
	ck_assert(rehash);
	/* Nothing is said about a hash that was not proven. */
	rehash = false;
	ck_assert_int_eq(auth_password_verify(phc, STR("y"), &rehash), ERR_UNAUTHENTICATED);
	ck_assert(!rehash);
}
END_TEST

START_TEST(test_records_that_are_no_hash)
{
	static char longer[300];
	struct str phc = hash_of(STR("x"));
	bool rehash;

	memset(longer, 'A', sizeof(longer));
	memcpy(longer, phc.p, phc.n);
	ck_assert_int_eq(auth_password_verify(STR_NONE, STR("x"), &rehash), ERR_UNAUTHENTICATED);
	ck_assert_int_eq(auth_password_verify(STR(""), STR("x"), &rehash), ERR_UNAUTHENTICATED);
	ck_assert_int_eq(auth_password_verify(STR("$2y$10$abc"), STR("x"), &rehash),
			 ERR_UNAUTHENTICATED);
	for (size_t n = phc.n + 1; n <= sizeof(longer); n++)
		ck_assert_int_eq(auth_password_verify((struct str){ longer, n }, STR("x"), &rehash),
				 ERR_UNAUTHENTICATED);
	for (size_t n = 0; n < phc.n; n++)
		ck_assert_int_eq(auth_password_verify((struct str){ phc.p, n }, STR("x"), &rehash),
				 ERR_UNAUTHENTICATED);
}
END_TEST

/* The fastest of some runs: what a guesser at the other end can average to. */
static int64_t fastest(struct str phc)
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < 15; i++) {
		int64_t begin = clock_monotonic();
		bool rehash;
		int64_t took;

		ck_assert_int_eq(auth_password_verify(phc, STR("wrong"), &rehash),
				 ERR_UNAUTHENTICATED);
		took = clock_monotonic() - begin;
		if (took < best)
			best = took;
	}
	return best;
}

START_TEST(test_absent_user_takes_as_long)
{
	int64_t present, absent;

	start(8192, 2, 1);
	present = fastest(hash_of(STR("x")));
	absent = fastest(STR_NONE);
	ck_assert_msg(absent > present / 2 && absent < present * 2, "%lld us and %lld us",
		      (long long)present, (long long)absent);
}
END_TEST

static _Atomic int overloaded, good;

static void *hash_one(void *unused)
{
	struct arena *own = arena_new(CAP);
	struct str phc;
	enum err e;

	(void)unused;
	e = auth_password_hash(own, STR("x"), &phc);
	if (e == ERR_OK)
		good++;
	else if (e == ERR_OVERLOADED)
		overloaded++;
	arena_free(own);
	return NULL;
}

START_TEST(test_bulkhead)
{
	pthread_t threads[16];
	int64_t begin, one;
	bool rehash;

	/* Dear enough that sixteen one after the other take longer than the wait. */
	for (int64_t passes = 8;; passes *= 2) {
		start(16384, passes, 1);
		begin = clock_monotonic();
		hash_of(STR("x"));
		one = clock_monotonic() - begin;
		if (one > 300 * MSEC)
			break;
	}
	begin = clock_monotonic();
	for (size_t i = 0; i < 16; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hash_one, NULL), 0);
	for (size_t i = 0; i < 16; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(good + overloaded, 16);
	/* One works and one waits; whoever comes meanwhile is refused at once. */
	ck_assert_int_gt(good, 1);
	ck_assert_int_ge(overloaded, 8);
	/* All places are free again, for the cheap as for the dear. */
	start(1024, 1, 1);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(auth_password_verify(STR_NONE, STR("x"), &rehash),
				 ERR_UNAUTHENTICATED);
}
END_TEST

START_TEST(test_waits_for_its_turn)
{
	pthread_t threads[4];

	good = 0; /* without forks the tests share it */
	start(1024, 2, 2);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hash_one, NULL), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(good, 4);
}
END_TEST

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
START_TEST(test_short_of_memory)
{
	struct str phc, kept;
	bool rehash;
	struct rlimit before, limit;

	start(65536, 1, 1);
	kept = hash_of(STR("x"));
	ck_assert_int_eq(getrlimit(RLIMIT_AS, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)32 << 20;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
	ck_assert_int_eq(auth_password_hash(arena, STR("x"), &phc), ERR_NO_MEMORY);
	ck_assert_int_eq(auth_password_verify(kept, STR("x"), &rehash), ERR_UNAUTHENTICATED);
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &before), 0);
	ck_assert_int_eq(auth_password_verify(kept, STR("x"), &rehash), ERR_OK);
}
END_TEST
#endif

START_TEST(test_parameters)
{
	static const struct {
		int64_t memory_kib, passes, parallel;
		enum err e;
	} rows[] = {
		{ 8, 1, 1, ERR_OK },	  { 7, 1, 1, ERR_CONFIG },
		{ 8, 0, 1, ERR_CONFIG },  { 8, 1, 0, ERR_CONFIG },
		{ -1, 1, 1, ERR_CONFIG }, { INT64_MAX / 2048, 1, 1, ERR_CONFIG },
		{ 8, -1, 1, ERR_CONFIG }, { 8, INT64_MAX, 1, ERR_CONFIG },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config c = {
			.password_memory_kib = rows[i].memory_kib,
			.password_passes = rows[i].passes,
			.password_parallel = rows[i].parallel,
		};

		ck_assert_msg(auth_start(&c) == rows[i].e, "row %zu", i);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/auth/password");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_verify);
	tcase_add_test(tc, test_salted);
	tcase_add_test(tc, test_rehash);
	tcase_add_test(tc, test_records_that_are_no_hash);
	tcase_add_test(tc, test_absent_user_takes_as_long);
	tcase_add_test(tc, test_bulkhead);
	tcase_add_test(tc, test_waits_for_its_turn);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	tcase_add_test(tc, test_short_of_memory);
#endif
	tcase_add_test(tc, test_parameters);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
