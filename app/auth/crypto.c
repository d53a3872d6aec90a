/* SPDX-License-Identifier: Apache-2.0 */
#include "app/auth/auth.h"

#include <sodium.h>

/* What stands before a part: its length, where there are several parts. Returns its size. */
static size_t frame(struct str part, size_t n_parts, unsigned char ret_frame[8])
{
	uint64_t n = (uint64_t)part.n;

	if (n_parts == 1)
		return 0;
	for (int i = 0; i < 8; i++)
		ret_frame[i] = (unsigned char)(n >> (8 * i));
	return 8;
}

static const unsigned char *bytes_of(struct str s)
{
	return (const unsigned char *)s.p;
}

void auth_mac(const unsigned char key[32], const struct str *parts, size_t n,
	      unsigned char ret_mac[32])
{
	crypto_auth_hmacsha512256_state state;
	unsigned char length[8];

	crypto_auth_hmacsha512256_init(&state, key, 32);
	for (size_t i = 0; i < n; i++) {
		crypto_auth_hmacsha512256_update(&state, length, frame(parts[i], n, length));
		crypto_auth_hmacsha512256_update(&state, bytes_of(parts[i]), parts[i].n);
	}
	crypto_auth_hmacsha512256_final(&state, ret_mac);
	sodium_memzero(&state, sizeof(state));
}

void auth_sha256(const struct str *parts, size_t n, unsigned char ret_hash[32])
{
	crypto_hash_sha256_state state;
	unsigned char length[8];

	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < n; i++) {
		crypto_hash_sha256_update(&state, length, frame(parts[i], n, length));
		crypto_hash_sha256_update(&state, bytes_of(parts[i]), parts[i].n);
	}
	crypto_hash_sha256_final(&state, ret_hash);
	sodium_memzero(&state, sizeof(state));
}

void auth_random(void *p, size_t n)
{
	randombytes_buf(p, n);
}
