/* SPDX-License-Identifier: Apache-2.0 */
#include "app/auth/auth.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* From another implementation, with the key 00 01 .. 1f. */
static const struct {
	struct str parts[3];
	size_t n;
	const char *mac;
	const char *sha256;
} known[] = {
	{ { { "hello", 5 } },
	  1,
	  "1119cda219b4627affec99ade627df56247a9cc2f64a83ec76778b21d9398245",
	  "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" },
	{ { { "ab", 2 }, { "c", 1 }, { "", 0 } },
	  3,
	  "3f8a444ab7ea0bf4ce9ba9b0f67e26bc79560a81438b20cfb5d95d82916000b1",
	  "03bbec117707a23f74de53c77d0ac02d9db8dcb0cb4947584373fdcac2a5dfae" },
};

static void key_init(unsigned char key[32])
{
	for (int i = 0; i < 32; i++)
		key[i] = (unsigned char)i;
}

static bool is_hex(const unsigned char bytes[32], const char *hex)
{
	for (size_t i = 0; i < 32; i++) {
		char two[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		if (strtoul(two, NULL, 16) != bytes[i])
			return false;
	}
	return true;
}

START_TEST(test_known)
{
	unsigned char key[32], out[32];

	key_init(key);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		auth_mac(key, known[i].parts, known[i].n, out);
		ck_assert_msg(is_hex(out, known[i].mac), "mac %zu", i);
		auth_sha256(known[i].parts, known[i].n, out);
		ck_assert_msg(is_hex(out, known[i].sha256), "sha256 %zu", i);
	}
}
END_TEST

/* The same bytes cut in other places give other results. */
START_TEST(test_borders_count)
{
	static const char text[] = "orders/ord_1/x";
	const size_t n = sizeof(text) - 1;
	unsigned char key[32];
	unsigned char macs[32][32], hashes[32][32];
	struct str whole = { text, n };

	key_init(key);
	for (size_t cut = 0; cut <= n; cut++) {
		struct str parts[2] = { { text, cut }, { text + cut, n - cut } };

		auth_mac(key, parts, 2, macs[cut]);
		auth_sha256(parts, 2, hashes[cut]);
	}
	auth_mac(key, &whole, 1, macs[n + 1]);
	auth_sha256(&whole, 1, hashes[n + 1]);
	for (size_t i = 0; i <= n + 1; i++) {
		for (size_t k = 0; k < i; k++) {
			ck_assert_mem_ne(macs[i], macs[k], 32);
			ck_assert_mem_ne(hashes[i], hashes[k], 32);
		}
	}
}
END_TEST

START_TEST(test_every_key_bit_counts)
{
	struct str part = STR("cursor");
	unsigned char key[32], first[32], other[32];

	key_init(key);
	auth_mac(key, &part, 1, first);
	for (int bit = 0; bit < 256; bit++) {
		key[bit / 8] ^= (unsigned char)(1 << bit % 8);
		auth_mac(key, &part, 1, other);
		ck_assert_mem_ne(first, other, 32);
		key[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
}
END_TEST

START_TEST(test_random_fills_all)
{
	unsigned char bytes[256], seen[256] = { 0 };

	/* A byte that stays 0 in 20 draws would have a chance of 2^-160. */
	for (int i = 0; i < 20; i++) {
		memset(bytes, 0, sizeof(bytes));
		auth_random(bytes, sizeof(bytes) - 1);
		ck_assert_uint_eq(bytes[255], 0);
		for (size_t k = 0; k < 255; k++)
			seen[k] |= bytes[k];
	}
	for (size_t k = 0; k < 255; k++)
		ck_assert_uint_ne(seen[k], 0);
}
END_TEST

int main(void)
{
	static const struct config c = { .password_memory_kib = 64,
					 .password_passes = 1,
					 .password_parallel = 1 };
	Suite *suite = suite_create("app/auth/crypto");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	if (auth_start(&c) != ERR_OK)
		return EXIT_FAILURE;
	tcase_add_test(tc, test_known);
	tcase_add_test(tc, test_borders_count);
	tcase_add_test(tc, test_every_key_bit_counts);
	tcase_add_test(tc, test_random_fills_all);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
