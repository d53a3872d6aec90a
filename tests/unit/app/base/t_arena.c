/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/arena.h"

#include "tests/unit/app/base/seed.h"

#include <check.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#define CAP ((size_t)8 << 20)

static char names[] = "abcdex";
static char called[64];
static size_t called_n;

static void note(void *ptr)
{
	called[called_n++] = *(const char *)ptr;
	called[called_n] = '\0';
}

static void called_clear(void)
{
	called_n = 0;
	called[0] = '\0';
}

START_TEST(test_zero_size)
{
	struct arena *a = arena_new(CAP);
	void *p = arena_alloc(a, 0);
	void *q = arena_alloc(a, 0);

	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_nonnull(q);
	ck_assert_ptr_ne(p, q);
	ck_assert_ptr_nonnull(arena_array(a, 0, 8));
	arena_free(a);
	arena_free(NULL);
}
END_TEST

START_TEST(test_cap)
{
	static const size_t caps[] = { 16, 100, 4096, (size_t)64 << 10, 100000, (size_t)1 << 20 };

	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		struct arena *a = arena_new(caps[i]);

		ck_assert_ptr_nonnull(arena_alloc(a, caps[i]));
		ck_assert(!arena_overflowed(a));
		ck_assert_uint_ge(arena_used(a), caps[i]);
		ck_assert_ptr_null(arena_alloc(a, 1));
		ck_assert(arena_overflowed(a));
		arena_reset(a);
		ck_assert(!arena_overflowed(a));
		ck_assert_uint_eq(arena_used(a), 0);
		ck_assert_ptr_null(arena_alloc(a, caps[i] + 16));
		ck_assert(arena_overflowed(a));
		ck_assert_ptr_nonnull(arena_alloc(a, 1));
		ck_assert(arena_overflowed(a));
		arena_free(a);
	}
}
END_TEST

/* The cap holds for the sum of small allocations over many chunks, exactly. */
START_TEST(test_cap_sum)
{
	struct arena *a = arena_new(CAP);
	size_t n = 0;

	while (arena_alloc(a, 64) != NULL)
		n++;
	ck_assert_uint_eq(n, CAP / 64);
	ck_assert_uint_eq(arena_used(a), CAP);
	arena_free(a);
}
END_TEST

START_TEST(test_huge_sizes)
{
	struct arena *a = arena_new(SIZE_MAX);
	volatile size_t max = SIZE_MAX;

	ck_assert_ptr_null(arena_alloc(a, max));
	ck_assert(arena_overflowed(a));
	arena_reset(a);
	ck_assert_ptr_null(arena_alloc(a, max - 15));
	ck_assert_ptr_null(arena_array(a, max / 2, 4));
	ck_assert_ptr_null(arena_array(a, max / 8 + 2, 8));
	ck_assert(arena_overflowed(a));
	arena_free(a);
}
END_TEST

START_TEST(test_zeroed)
{
	struct arena *a = arena_new(CAP);
	struct pair {
		int64_t x, y;
	} * pair;

	for (int round = 0; round < 2; round++) {
		unsigned char *p = arena_zalloc(a, 1000);
		unsigned char *q = arena_array(a, 10, 100);

		for (size_t i = 0; i < 1000; i++)
			ck_assert(p[i] == 0 && q[i] == 0);
		memset(p, 0xff, 1000);
		memset(q, 0xff, 1000);
		pair = ARENA_NEW(a, struct pair);
		ck_assert(pair->x == 0 && pair->y == 0);
		pair->x = -1;
		arena_reset(a);
	}
	arena_free(a);
}
END_TEST

START_TEST(test_grow_in_place)
{
	struct arena *a = arena_new(CAP);
	char *p = arena_alloc(a, 10);
	uintptr_t at = (uintptr_t)p;

	memcpy(p, "0123456789", 10);
	p = arena_grow(a, p, 10, 5000);
	ck_assert_uint_eq((uintptr_t)p, at);
	memset(p + 10, 'x', 4990);
	ck_assert_uint_ge((uintptr_t)arena_alloc(a, 1), at + 5000);
	p = arena_grow(a, p, 5000, 6000);
	ck_assert_uint_ne((uintptr_t)p, at);
	ck_assert_mem_eq(p, "0123456789x", 11);
	ck_assert_ptr_nonnull(arena_grow(a, NULL, 0, 10));
	arena_free(a);
}
END_TEST

START_TEST(test_grow_beyond_cap)
{
	struct arena *a = arena_new(1024);
	char *p = arena_alloc(a, 512);
	volatile size_t max = SIZE_MAX;

	memset(p, 'x', 512);
	ck_assert_ptr_null(arena_grow(a, p, 512, 1040));
	ck_assert(arena_overflowed(a));
	ck_assert_ptr_null(arena_grow(a, p, 512, max));
	ck_assert_ptr_null(arena_grow(a, p, 512, max - 20));
	ck_assert_uint_eq(arena_used(a), 512);
	for (size_t i = 0; i < 512; i++)
		ck_assert_int_eq(p[i], 'x');
	ck_assert_ptr_eq(arena_grow(a, p, 512, 1024), p);
	/* The cap is one of the sum, not of each allocation. */
	arena_reset(a);
	ck_assert_ptr_nonnull(arena_alloc(a, 256));
	p = arena_alloc(a, 512);
	ck_assert_ptr_null(arena_grow(a, p, 512, 784));
	ck_assert_ptr_nonnull(arena_grow(a, p, 512, 768));
	arena_free(a);
}
END_TEST

/* Growth over the end of the first chunk keeps the bytes. */
START_TEST(test_grow_across_chunks)
{
	struct arena *a = arena_new(CAP);
	size_t n = 1;
	unsigned char *p = arena_alloc(a, n);

	p[0] = 0;
	while (n < CAP / 4) {
		p = arena_grow(a, p, n, 2 * n);
		ck_assert_ptr_nonnull(p);
		for (size_t i = n; i < 2 * n; i++)
			p[i] = (unsigned char)(i * 31);
		n *= 2;
	}
	for (size_t i = 0; i < n; i++)
		ck_assert(p[i] == (unsigned char)(i * 31));
	arena_free(a);
}
END_TEST

START_TEST(test_dup)
{
	struct arena *a = arena_new(4096);
	char source[] = "text";
	struct str s = arena_dup(a, (struct str){ source, 4 });
	char *z = arena_dupz(a, (struct str){ source, 2 });

	source[0] = '!';
	ck_assert(str_eq_z(s, "text"));
	ck_assert_int_eq(s.p[4], '\0');
	ck_assert_str_eq(z, "te");
	ck_assert_str_eq(arena_dupz(a, STR_NONE), "");
	ck_assert_ptr_null(arena_dup(a, STR_NONE).p);
	ck_assert_ptr_nonnull(arena_dup(a, STR("")).p);
	ck_assert_ptr_null(arena_dup(a, (struct str){ source, 5000 }).p);
	ck_assert_ptr_null(arena_dupz(a, (struct str){ source, SIZE_MAX }));
	ck_assert(arena_overflowed(a));
	arena_free(a);
}
END_TEST

START_TEST(test_defer_order)
{
	struct arena *a = arena_new(CAP);
	struct arena_mark m;

	called_clear();
	ck_assert_int_eq(arena_defer(a, note, &names[0]), ERR_OK);
	ck_assert_int_eq(arena_defer(a, note, &names[1]), ERR_OK);
	m = arena_mark(a);
	ck_assert_int_eq(arena_defer(a, note, &names[2]), ERR_OK);
	ck_assert_ptr_nonnull(arena_alloc(a, CAP / 2));
	ck_assert_int_eq(arena_defer(a, note, &names[3]), ERR_OK);
	arena_rewind(a, m);
	ck_assert_str_eq(called, "dc");
	arena_reset(a);
	ck_assert_str_eq(called, "dcba");
	arena_reset(a);
	ck_assert_str_eq(called, "dcba");
	ck_assert_int_eq(arena_defer(a, note, &names[4]), ERR_OK);
	arena_free(a);
	ck_assert_str_eq(called, "dcbae");
}
END_TEST

START_TEST(test_defer_without_memory)
{
	struct arena *a = arena_new(16);

	called_clear();
	ck_assert_int_eq(arena_defer(a, note, &names[5]), ERR_NO_MEMORY);
	ck_assert_str_eq(called, "x");
	arena_free(a);
	ck_assert_str_eq(called, "x");
}
END_TEST

START_TEST(test_rewind_gives_back)
{
	struct arena *a = arena_new(CAP);
	void *first = arena_alloc(a, 100);
	struct arena_mark m = arena_mark(a);
	size_t used = arena_used(a);
	void *p = arena_alloc(a, 100);

	for (int i = 0; i < 1000; i++) {
		ck_assert_ptr_nonnull(arena_alloc(a, CAP / 4));
		ck_assert_ptr_nonnull(arena_alloc(a, CAP / 4));
		arena_rewind(a, m);
		ck_assert_uint_eq(arena_used(a), used);
		ck_assert_ptr_eq(arena_alloc(a, 100), p);
	}
	arena_reset(a);
	ck_assert_ptr_eq(arena_alloc(a, 100), first);
	arena_free(a);
}
END_TEST

/* What is live in the random test: every byte of p is `fill`. */
struct block {
	unsigned char *p;
	size_t n;
	unsigned char fill;
};

static void block_verify(const struct block *b)
{
	ck_assert_uint_eq((uintptr_t)b->p % alignof(max_align_t), 0);
	for (size_t i = 0; i < b->n; i++) {
		if (b->p[i] != b->fill)
			ck_abort_msg("a byte of another allocation changed");
	}
}

static size_t random_size(void)
{
	return seed_below(20) == 0 ? seed_below(200000) : seed_below(300);
}

static void block_new(struct arena *a, struct block *b)
{
	*b = (struct block){ .n = random_size(), .fill = (unsigned char)seed_next() };
	b->p = arena_alloc(a, b->n);
	ck_assert_ptr_nonnull(b->p);
	memset(b->p, b->fill, b->n);
}

static void block_grow(struct arena *a, struct block *b)
{
	size_t n = b->n + random_size();

	b->p = arena_grow(a, b->p, b->n, n);
	ck_assert_ptr_nonnull(b->p);
	memset(b->p + b->n, b->fill, n - b->n);
	b->n = n;
}

/* Random allocate, grow, mark, rewind and reset; no two live blocks may share a byte. */
START_TEST(test_random_patterns)
{
	struct arena *a = arena_new((size_t)1 << 30);

	for (int round = 0; round < 300; round++) {
		struct block blocks[64];
		struct arena_mark mark = arena_mark(a);
		size_t at_mark = 0;
		size_t n = 0;

		while (n < 64) {
			uint64_t action = seed_below(16);

			if (action < 10 || n == 0) {
				block_new(a, &blocks[n++]);
			} else if (action < 12) {
				block_grow(a, &blocks[n - 1]);
			} else if (action < 13 && n > at_mark) {
				/* Before the mark, growth would be lost with the rewind. */
				block_grow(a, &blocks[at_mark + seed_below(n - at_mark)]);
			} else if (action < 14) {
				mark = arena_mark(a);
				at_mark = n;
			} else if (action == 14) {
				arena_rewind(a, mark);
				n = at_mark;
			}
			if (n == at_mark && action != 14)
				mark = arena_mark(a);
		}
		for (size_t i = 0; i < n; i++)
			block_verify(&blocks[i]);
		arena_reset(a);
	}
	arena_free(a);
}
END_TEST

#ifdef __SANITIZE_ADDRESS__
START_TEST(test_red_zones)
{
	struct arena *a = arena_new(CAP);

	for (size_t n = 1; n < 200; n++) {
		char *p = arena_alloc(a, n);

		ck_assert_ptr_null(__asan_region_is_poisoned(p, n));
		for (size_t i = 0; i < 16; i++)
			ck_assert(__asan_address_is_poisoned(p + n + i));
		p = arena_grow(a, p, n, n + 100);
		ck_assert_ptr_null(__asan_region_is_poisoned(p, n + 100));
		for (size_t i = 0; i < 16; i++)
			ck_assert(__asan_address_is_poisoned(p + n + 100 + i));
	}
	arena_free(a);
}
END_TEST

START_TEST(test_released_is_poisoned)
{
	struct arena *a = arena_new(CAP);
	char *kept = arena_alloc(a, 100);
	struct arena_mark m = arena_mark(a);
	char *p = arena_alloc(a, 100);

	arena_rewind(a, m);
	ck_assert_ptr_null(__asan_region_is_poisoned(kept, 100));
	ck_assert(__asan_address_is_poisoned(p));
	arena_reset(a);
	ck_assert(__asan_address_is_poisoned(kept));
	arena_free(a);
}
END_TEST
#endif

int main(void)
{
	Suite *suite = suite_create("app/base/arena");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_zero_size);
	tcase_add_test(tc, test_cap);
	tcase_add_test(tc, test_cap_sum);
	tcase_add_test(tc, test_huge_sizes);
	tcase_add_test(tc, test_zeroed);
	tcase_add_test(tc, test_grow_in_place);
	tcase_add_test(tc, test_grow_beyond_cap);
	tcase_add_test(tc, test_grow_across_chunks);
	tcase_add_test(tc, test_dup);
	tcase_add_test(tc, test_defer_order);
	tcase_add_test(tc, test_defer_without_memory);
	tcase_add_test(tc, test_rewind_gives_back);
	tcase_add_test(tc, test_random_patterns);
#ifdef __SANITIZE_ADDRESS__
	tcase_add_test(tc, test_red_zones);
	tcase_add_test(tc, test_released_is_poisoned);
#endif
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
