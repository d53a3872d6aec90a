/* SPDX-License-Identifier: Apache-2.0 */
#include "app/cache/link.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(test_addresses)
{
	static const struct {
		const char *text;
		enum err e;
		const char *host;
		uint16_t port;
	} rows[] = {
		{ "unix:/run/memcached/s", ERR_OK, "/run/memcached/s", 0 },
		{ "127.0.0.1:11212", ERR_OK, "127.0.0.1", 11212 },
		{ "cache-1.example", ERR_OK, "cache-1.example", 11211 },
		{ "[::1]:11213", ERR_OK, "::1", 11213 },
		{ "h:65535", ERR_OK, "h", 65535 },
		{ "h:65536", ERR_MALFORMED, NULL, 0 },
		{ "h:0", ERR_MALFORMED, NULL, 0 },
		{ "h:", ERR_MALFORMED, NULL, 0 },
		{ ":11211", ERR_MALFORMED, NULL, 0 },
		{ "::1", ERR_MALFORMED, NULL, 0 },
		{ "::1:11211", ERR_MALFORMED, NULL, 0 },
		{ "h:x", ERR_MALFORMED, NULL, 0 },
		{ "unix:", ERR_MALFORMED, NULL, 0 },
		{ "unix:run/s", ERR_MALFORMED, NULL, 0 },
		{ "/run/s", ERR_MALFORMED, NULL, 0 },
		{ "", ERR_MALFORMED, NULL, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cache_address a;
		enum err e = cache_address_parse(str_from(rows[i].text), &a);

		ck_assert_msg(e == rows[i].e, "\"%s\": %s", rows[i].text, err_name(e));
		if (e != ERR_OK)
			continue;
		ck_assert_str_eq(a.host, rows[i].host);
		ck_assert_uint_eq(a.port, rows[i].port);
	}
}
END_TEST

START_TEST(test_path_length)
{
	char text[200] = "unix:/";
	struct cache_address a;

	/* sun_path has 108 bytes with its terminator. */
	memset(text + 6, 'x', 106);
	ck_assert_int_eq(cache_address_parse((struct str){ text, 5 + 107 }, &a), ERR_OK);
	memset(text + 6, 'x', 107);
	ck_assert_int_eq(cache_address_parse((struct str){ text, 5 + 108 }, &a), ERR_MALFORMED);
}
END_TEST

/* Where each of many keys goes; counts[server]. */
static void place(struct cache_ring *r, size_t *where, size_t n, size_t *counts)
{
	char key[32];

	for (size_t i = 0; i < n; i++) {
		int len = snprintf(key, sizeof(key), "r1:3:key-%zu", i);

		where[i] = cache_ring_find(r, (struct str){ key, (size_t)len });
		counts[where[i]]++;
	}
}

START_TEST(test_ring_spreads_and_keeps)
{
	enum { KEYS = 10000 };
	static size_t before[KEYS], after[KEYS];
	struct cache_address a[4] = {
		{ "10.0.0.1", 11211 }, { "10.0.0.2", 11211 }, { "/run/s", 0 }, { "10.0.0.3", 11300 }
	};
	size_t counts[4] = { 0 };
	size_t counts_after[4] = { 0 };
	size_t moved = 0;
	struct cache_ring *r;

	ck_assert_int_eq(cache_ring_new(a, 3, &r), ERR_OK);
	place(r, before, KEYS, counts);
	cache_ring_free(r);
	ck_assert_int_eq(cache_ring_new(a, 4, &r), ERR_OK);
	place(r, after, KEYS, counts_after);
	cache_ring_free(r);
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_gt(counts[i], KEYS / 5);
	for (size_t i = 0; i < KEYS; i++) {
		if (before[i] == after[i])
			continue;
		/* A new server takes keys; none moves between the old ones. */
		ck_assert_uint_eq(after[i], 3);
		moved++;
	}
	ck_assert_uint_gt(moved, KEYS / 8);
	ck_assert_uint_lt(moved, KEYS * 2 / 5);
}
END_TEST

START_TEST(test_nobody_listens)
{
	static const struct cache_address a = { "/nonexistent/s", 0 };
	const char *key = "k";
	size_t n = 1;
	struct cache_link *l;
	struct cache_link_put put = { .key = STR("k"), .value = STR("v"), .ttl_s = 1 };

	ck_assert_int_eq(cache_link_new(&a, 20000, &l), ERR_OK);
	for (int i = 0; i < 10; i++) {
		ck_assert(!cache_link_get(l, &key, &n, 1, 20000));
		ck_assert(!cache_link_reset(l));
		ck_assert_int_eq(cache_link_store(l, &put, 20000), CACHE_LINK_ERROR);
		ck_assert(!cache_link_reset(l));
	}
	cache_link_free(l);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/cache/link");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_addresses);
	tcase_add_test(tc, test_path_length);
	tcase_add_test(tc, test_ring_spreads_and_keeps);
	tcase_add_test(tc, test_nobody_listens);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
