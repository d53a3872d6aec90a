/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_TEST_BASE_SEED_H
#define REMIT_TEST_BASE_SEED_H

/*
 * Random input for property tests that can be had again: the seed is printed, and taken from
 * REMIT_TEST_SEED when that is set. splitmix64: any seed will do.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t seed_state;

static inline void seed_init(void)
{
	const char *given = getenv("REMIT_TEST_SEED");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	seed_state = given != NULL ? strtoull(given, NULL, 10)
				   : (uint64_t)now.tv_sec * 1000003 ^ (uint64_t)now.tv_nsec;
	printf("REMIT_TEST_SEED=%llu\n", (unsigned long long)seed_state);
	fflush(stdout);
}

static inline uint64_t seed_next(void)
{
	uint64_t z = seed_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Below n. */
static inline uint64_t seed_below(uint64_t n)
{
	return seed_next() % n;
}

/* Of a random size too: as many small values as large ones. */
static inline int64_t seed_i64(void)
{
	return (int64_t)seed_next() >> seed_below(64);
}

#endif
