/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/id.h"

#include "app/base/clock.h"

#include "tests/unit/app/base/seed.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct id random_id(void)
{
	struct id id;

	for (size_t i = 0; i < sizeof(id.b); i++)
		id.b[i] = (uint8_t)seed_next();
	return id;
}

static void assert_version(struct id id)
{
	ck_assert_uint_eq(id.b[6] >> 4, 7);
	ck_assert_uint_eq(id.b[8] >> 6, 2);
}

START_TEST(test_new_is_monotonic)
{
	struct id last = id_new();

	/* Far more than a counter of 12 bits holds in each millisecond. */
	for (int i = 0; i < 2000000; i++) {
		struct id next = id_new();

		if (id_cmp(last, next) >= 0)
			ck_abort_msg("id %d is not above the one before", i);
		last = next;
	}
	assert_version(last);
}
END_TEST

START_TEST(test_new_has_the_time)
{
	const struct timespec pause = { .tv_nsec = 3000000 };

	/* After a burst the ids may run ahead of the clock; ids at rest may not. */
	sleep(2);
	for (int i = 0; i < 20; i++) {
		int64_t before = clock_now();
		struct id id = id_new();
		int64_t after = clock_now();

		assert_version(id);
		ck_assert_int_ge(id_time(id), before / 1000 * 1000);
		ck_assert_int_le(id_time(id), after);
		nanosleep(&pause, NULL);
	}
}
END_TEST

/* Each of the 62 random bits is seen as both 0 and 1 in about half of the ids. */
START_TEST(test_new_is_random)
{
	enum { ROUNDS = 20000 };
	unsigned int ones[64] = { 0 };

	for (int i = 0; i < ROUNDS; i++) {
		struct id id = id_new();

		for (size_t bit = 0; bit < 64; bit++)
			ones[bit] += (unsigned int)id.b[8 + bit / 8] >> (7 - bit % 8) & 1U;
	}
	for (size_t bit = 2; bit < 64; bit++)
		ck_assert(ones[bit] > ROUNDS / 2 - 1000 && ones[bit] < ROUNDS / 2 + 1000);
}
END_TEST

START_TEST(test_new_at)
{
	static const int64_t times[] = { 0, 999, 1000, INT64_C(1795475460123456), TIME_MAX };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		int64_t t = times[i];
		struct id a = id_new_at(t);
		struct id b = id_new_at(t);

		assert_version(a);
		ck_assert_int_eq(id_time(a), t / 1000 * 1000);
		ck_assert(!id_eq(a, b));
		ck_assert_int_le(id_cmp(id_first_at(t), a), 0);
		ck_assert_int_ge(id_cmp(id_last_at(t), a), 0);
	}
}
END_TEST

START_TEST(test_first_and_last)
{
	static const uint8_t first[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x70, 0,
					 0x80, 0,    0,	   0,	 0,    0,    0,	   0 };
	static const uint8_t last[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x7f, 0xff,
					0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	int64_t t = INT64_C(0x010203040506) * 1000;

	ck_assert_mem_eq(id_first_at(t).b, first, 16);
	ck_assert_mem_eq(id_first_at(t + 999).b, first, 16);
	ck_assert_mem_eq(id_last_at(t).b, last, 16);
	ck_assert_int_lt(id_cmp(id_last_at(t), id_first_at(t + 1000)), 0);
	ck_assert_int_eq(id_time(id_first_at(-1)), 0);
	for (int i = 0; i < 10000; i++) {
		int64_t before = clock_now();
		struct id id = id_new_at(before);

		ck_assert(id_cmp(id_first_at(before), id) <= 0 &&
			  id_cmp(id, id_last_at(before)) <= 0);
	}
}
END_TEST

START_TEST(test_compare)
{
	struct id a = { { 0 } };
	struct id b = { { 0 } };

	ck_assert(id_is_none(ID_NONE));
	for (size_t i = 0; i < 16; i++) {
		b.b[i] = 1;
		ck_assert(!id_is_none(b));
		ck_assert(!id_eq(a, b));
		ck_assert_int_lt(id_cmp(a, b), 0);
		ck_assert_int_gt(id_cmp(b, a), 0);
		b.b[i] = 0;
	}
	ck_assert(id_eq(a, b));
	ck_assert_int_eq(id_cmp(a, b), 0);
}
END_TEST

/* The vectors of the TypeID specification. */
START_TEST(test_vectors)
{
	static const struct {
		uint8_t b[16];
		const char *text;
	} rows[] = {
		{ { 0 }, "00000000000000000000000000" },
		{ { [15] = 1 }, "00000000000000000000000001" },
		{ { [15] = 10 }, "0000000000000000000000000a" },
		{ { [15] = 16 }, "0000000000000000000000000g" },
		{ { [15] = 32 }, "00000000000000000000000010" },
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0xff, 0xff },
		  "7zzzzzzzzzzzzzzzzzzzzzzzzz" },
		{ { 0x01, 0x10, 0xc8, 0x53, 0x1d, 0x09, 0x52, 0xd8, 0xd7, 0x3e, 0x11, 0x94, 0xe9,
		    0x5b, 0x5f, 0x19 },
		  "0123456789abcdefghjkmnpqrs" },
		{ { 0x01, 0x89, 0x0a, 0x5d, 0xac, 0x96, 0x77, 0x4b, 0xbc, 0xce, 0xb3, 0x02, 0x09,
		    0x9a, 0x80, 0x57 },
		  "01h455vb4pex5vsknk084sn02q" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct id id;
		struct id back;
		char text[ID_TEXT_LEN];

		memcpy(id.b, rows[i].b, 16);
		id_text(id, text);
		ck_assert_msg(memcmp(text, rows[i].text, ID_TEXT_LEN) == 0, "%.26s", text);
		ck_assert_int_eq(id_parse_text(str_from(rows[i].text), &back), ERR_OK);
		ck_assert(id_eq(back, id));
	}
}
END_TEST

START_TEST(test_round_trip)
{
	struct arena *arena = arena_new((size_t)1 << 16);

	for (int i = 0; i < 100000; i++) {
		struct id a = random_id();
		struct id b = random_id();
		struct id back;
		struct buf buf;
		struct str s;
		char text_a[ID_TEXT_LEN];
		char text_b[ID_TEXT_LEN];
		int order;

		arena_reset(arena);
		buf_init(&buf, arena, 40, 40);
		id_put(&buf, "ord", a);
		ck_assert_int_eq(buf_finish(&buf, &s), ERR_OK);
		ck_assert_uint_eq(s.n, 3 + 1 + ID_TEXT_LEN);
		ck_assert_int_eq(id_parse(s, "ord", &back), ERR_OK);
		ck_assert(id_eq(back, a));
		/* The text sorts as the bytes do. */
		id_text(a, text_a);
		id_text(b, text_b);
		order = memcmp(text_a, text_b, ID_TEXT_LEN);
		ck_assert_int_eq((order > 0) - (order < 0),
				 (id_cmp(a, b) > 0) - (id_cmp(a, b) < 0));
	}
	arena_free(arena);
}
END_TEST

START_TEST(test_put_in_a_small_buffer)
{
	struct arena *arena = arena_new((size_t)1 << 16);
	struct buf buf;
	struct str s;

	for (size_t cap = 26; cap < 34; cap++) {
		buf_init(&buf, arena, 0, cap);
		id_put(&buf, "line", ID_NONE);
		ck_assert_int_eq(buf_finish(&buf, &s), cap < 31 ? ERR_LIMIT : ERR_OK);
	}
	ck_assert(str_eq_z(s, "line_00000000000000000000000000"));
	arena_free(arena);
}
END_TEST

START_TEST(test_parse_malformed)
{
	static const char *const rows[] = {
		"",
		"ord",
		"ord_",
		"01h455vb4pex5vsknk084sn02q",
		"_01h455vb4pex5vsknk084sn02q",
		"inv_01h455vb4pex5vsknk084sn02q",
		"or_01h455vb4pex5vsknk084sn02q",
		"ordd_01h455vb4pex5vsknk084sn02q",
		"ORD_01h455vb4pex5vsknk084sn02q",
		"ord-01h455vb4pex5vsknk084sn02q",
		"ord_01h455vb4pex5vsknk084sn02",
		"ord_01h455vb4pex5vsknk084sn02qq",
		"ord_01H455VB4PEX5VSKNK084SN02Q",
		"ord_01h455vb4pex5vsknk084sn02Q",
		"ord_81h455vb4pex5vsknk084sn02q",
		"ord_z1h455vb4pex5vsknk084sn02q",
		"ord_8zzzzzzzzzzzzzzzzzzzzzzzzz",
		"ord_01h455vb4pex5vsknk084sn0 q",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct id id = { { 47 } };

		ck_assert_msg(id_parse(str_from(rows[i]), "ord", &id) == ERR_MALFORMED, "%s",
			      rows[i]);
		ck_assert(id.b[0] == 47);
	}
	ck_assert_int_eq(id_parse(STR_NONE, "ord", &(struct id){ 0 }), ERR_MALFORMED);
	ck_assert_int_eq(id_parse_text(STR_NONE, &(struct id){ 0 }), ERR_MALFORMED);
}
END_TEST

/* Each byte at each place: only the 32 letters, and at the first place only 0 to 7. */
START_TEST(test_parse_every_byte)
{
	static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";

	for (size_t at = 0; at < ID_TEXT_LEN; at++) {
		for (int c = 0; c < 256; c++) {
			char text[] = "01h455vb4pex5vsknk084sn02q";
			char back[ID_TEXT_LEN];
			const char *found = c == 0 ? NULL : strchr(letters, c);
			bool good = found != NULL && (at > 0 || found - letters < 8);
			struct id id;

			text[at] = (char)c;
			ck_assert_int_eq(id_parse_text((struct str){ text, ID_TEXT_LEN }, &id),
					 good ? ERR_OK : ERR_MALFORMED);
			if (!good)
				continue;
			id_text(id, back);
			ck_assert_mem_eq(back, text, ID_TEXT_LEN);
		}
	}
}
END_TEST

/* After a fork, parent and child must not go on with the same random bits. */
START_TEST(test_fork)
{
	enum { N = 64 };
	struct id mine[N];
	struct id theirs[N];
	int fd[2];
	int status;
	pid_t pid;

	id_new();
	ck_assert_int_eq(pipe(fd), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	for (int i = 0; i < N; i++)
		mine[i] = id_new();
	if (pid == 0)
		_exit(write(fd[1], mine, sizeof(mine)) == (ssize_t)sizeof(mine) ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(read(fd[0], theirs, sizeof(theirs)), (ssize_t)sizeof(theirs));
	close(fd[0]);
	close(fd[1]);
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++)
			ck_assert(memcmp(mine[i].b + 8, theirs[j].b + 8, 8) != 0);
	}
}
END_TEST

enum { THREADS = 4, PER_THREAD = 20000 };

static void *make_ids(void *ids)
{
	struct id *id = ids;

	for (int i = 0; i < PER_THREAD; i++)
		id[i] = id_new();
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id));
}

START_TEST(test_threads)
{
	const size_t n = (size_t)THREADS * PER_THREAD;
	struct id *ids = calloc(n, sizeof(*ids));
	pthread_t threads[THREADS];

	ck_assert_ptr_nonnull(ids);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, make_ids, ids + i * PER_THREAD),
				 0);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	for (size_t i = 0; i + 1 < n; i++)
		ck_assert((i + 1) % PER_THREAD == 0 || id_cmp(ids[i], ids[i + 1]) < 0);
	qsort(ids, n, sizeof(*ids), compare);
	for (size_t i = 0; i + 1 < n; i++)
		ck_assert(!id_eq(ids[i], ids[i + 1]));
	free(ids);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/base/id");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_new_is_monotonic);
	tcase_add_test(tc, test_new_has_the_time);
	tcase_add_test(tc, test_new_is_random);
	tcase_add_test(tc, test_new_at);
	tcase_add_test(tc, test_first_and_last);
	tcase_add_test(tc, test_compare);
	tcase_add_test(tc, test_vectors);
	tcase_add_test(tc, test_round_trip);
	tcase_add_test(tc, test_put_in_a_small_buffer);
	tcase_add_test(tc, test_parse_malformed);
	tcase_add_test(tc, test_parse_every_byte);
	tcase_add_test(tc, test_fork);
	tcase_add_test(tc, test_threads);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
