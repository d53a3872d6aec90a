/* SPDX-License-Identifier: Apache-2.0 */
#include "app/cache/value.h"

#include "tests/unit/app/base/seed.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct id ours = { { 1, 2, 3 } };
static const struct id theirs = { { 1, 2, 3, [15] = 1 } };

static struct cache_value sample(bool tombstone, size_t gtid)
{
	struct cache_value v = {
		.tombstone = tombstone,
		.account = ours,
		.position = { .epoch = 3, .seq = UINT64_MAX, .at = INT64_MIN },
		.created = -1,
		.version = tombstone ? 0 : INT64_MAX,
		.body = tombstone ? STR("") : STR("{\"a\":1}"),
	};

	memset(v.position.gtid, 'g', gtid);
	return v;
}

/* Head and body in memory of exactly their size, so that a sanitizer sees what goes beyond. */
static struct str encode(const struct cache_value *v)
{
	char head[CACHE_HEAD_MAX];
	size_t n = cache_value_head(v, head);
	char *p = malloc(n + v->body.n);

	ck_assert_ptr_nonnull(p);
	memcpy(p, head, n);
	memcpy(p + n, v->body.p, v->body.n);
	return (struct str){ .p = p, .n = n + v->body.n };
}

static void release(struct str s)
{
	free((void *)(uintptr_t)s.p);
}

START_TEST(test_round_trip)
{
	for (size_t gtid = 0; gtid < 64; gtid++) {
		for (int tombstone = 0; tombstone < 2; tombstone++) {
			struct cache_value v = sample(tombstone == 1, gtid);
			struct cache_value w;
			struct str bytes = encode(&v);

			ck_assert_int_eq(cache_value_parse(bytes, ours, &w), ERR_OK);
			ck_assert_int_eq(w.tombstone, v.tombstone);
			ck_assert(id_eq(w.account, ours));
			ck_assert_int_eq(w.position.epoch, v.position.epoch);
			ck_assert_uint_eq(w.position.seq, v.position.seq);
			ck_assert_int_eq(w.position.at, v.position.at);
			ck_assert_str_eq(w.position.gtid, v.position.gtid);
			ck_assert_int_eq(w.created, v.created);
			ck_assert_int_eq(w.version, v.version);
			ck_assert(str_eq(w.body, v.body));
			ck_assert_int_eq(cache_value_parse(bytes, theirs, &w), ERR_MALFORMED);
			release(bytes);
		}
	}
}
END_TEST

START_TEST(test_cut_short)
{
	struct cache_value v = sample(false, 20);
	struct str bytes = encode(&v);
	struct cache_value w;

	/* Without any of the body it is an empty value; a byte less is none. */
	for (size_t n = 0; n < bytes.n; n++) {
		char *p = malloc(n + 1);
		struct str cut = { .p = p + 1, .n = n };

		memcpy(p + 1, bytes.p, n);
		ck_assert_int_eq(cache_value_parse(cut, ours, &w),
				 n >= bytes.n - v.body.n ? ERR_OK : ERR_MALFORMED);
		free(p);
	}
	release(bytes);
}
END_TEST

START_TEST(test_refuses)
{
	struct cache_value v = sample(false, 5);
	struct cache_value t = sample(true, 0);
	struct str bytes = encode(&v);
	char *p = (char *)(uintptr_t)bytes.p;
	struct cache_value w;

	for (int format = 0; format < 256; format++) {
		p[0] = (char)format;
		ck_assert_int_eq(cache_value_parse(bytes, ours, &w),
				 format == 1 ? ERR_OK : ERR_MALFORMED); /* 2 has a body */
	}
	p[0] = 1;
	p[1] = 64;
	ck_assert_int_eq(cache_value_parse(bytes, ours, &w), ERR_MALFORMED);
	p[1] = (char)200;
	ck_assert_int_eq(cache_value_parse(bytes, ours, &w), ERR_MALFORMED);
	p[1] = 5;
	p[60] = '\0';
	ck_assert_int_eq(cache_value_parse(bytes, ours, &w), ERR_MALFORMED);
	release(bytes);
	t.version = 1;
	bytes = encode(&t);
	ck_assert_int_eq(cache_value_parse(bytes, ours, &w), ERR_MALFORMED);
	release(bytes);
}
END_TEST

START_TEST(test_random_bytes)
{
	for (int i = 0; i < 200000; i++) {
		size_t n = (size_t)seed_below(140);
		char *p = malloc(n + 1);
		struct str bytes = { .p = p + 1, .n = n };
		struct cache_value w;

		for (size_t k = 0; k < n; k++)
			p[k + 1] = (char)seed_next();
		if (n > 18 && seed_below(4) != 0) {
			p[1] = (char)(1 + seed_below(2));
			p[2] = (char)seed_below(70);
			memcpy(p + 3, ours.b, sizeof(ours.b));
		}
		if (cache_value_parse(bytes, ours, &w) == ERR_OK) {
			struct str again = encode(&w);

			ck_assert_uint_eq(again.n, n);
			/* The view ends where the bytes end, and what was read is all of it. */
			ck_assert_ptr_eq(w.body.p + w.body.n, bytes.p + n);
			ck_assert(memcmp(again.p, bytes.p, n) == 0);
			release(again);
		}
		free(p);
	}
}
END_TEST

START_TEST(test_positions)
{
	static const struct {
		struct db_position have, want;
		bool reached;
		int64_t join_epoch;
		uint64_t join_seq;
	} rows[] = {
		{ { .epoch = 1, .seq = 5 }, { .epoch = 1, .seq = 5 }, true, 1, 5 },
		{ { .epoch = 1, .seq = 4 }, { .epoch = 1, .seq = 5 }, false, 1, 5 },
		{ { .epoch = 1, .seq = 6 }, { .epoch = 1, .seq = 5 }, true, 1, 6 },
		{ { .epoch = 1, .seq = 6 }, { .epoch = 2, .seq = 5 }, false, 2, 6 },
		{ { .epoch = 2, .seq = 5 }, { .epoch = 1, .seq = 5 }, true, 2, 5 },
		{ { .epoch = 2, .seq = 4 }, { .epoch = 1, .seq = 5 }, false, 2, 5 },
		{ { .epoch = 1, .seq = 0 }, { .epoch = 1, .seq = 5 }, false, 1, 5 },
		{ { .epoch = 1, .seq = 5 }, { .epoch = 1, .seq = 0 }, true, 1, 5 },
		{ { .epoch = 1, .seq = 5 }, { .epoch = 9, .seq = 0 }, true, 1, 5 },
		{ { .epoch = 0, .seq = 0 }, { .epoch = 0, .seq = 0 }, true, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct db_position j = cache_position_join(&rows[i].have, &rows[i].want);
		struct db_position k = cache_position_join(&rows[i].want, &rows[i].have);

		ck_assert_msg(cache_position_reached(&rows[i].have, &rows[i].want) ==
				      rows[i].reached,
			      "row %zu", i);
		ck_assert_int_eq(j.epoch, rows[i].join_epoch);
		ck_assert_uint_eq(j.seq, rows[i].join_seq);
		ck_assert_int_eq(k.epoch, j.epoch);
		ck_assert_uint_eq(k.seq, j.seq);
		ck_assert(cache_position_reached(&j, &rows[i].have));
		ck_assert(cache_position_reached(&j, &rows[i].want));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/cache/value");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_round_trip);
	tcase_add_test(tc, test_cut_short);
	tcase_add_test(tc, test_refuses);
	tcase_add_test(tc, test_random_bytes);
	tcase_add_test(tc, test_positions);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
