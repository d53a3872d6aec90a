/* SPDX-License-Identifier: Apache-2.0 */
#include "app/resilience/breaker.h"

#include "app/base/check.h"

#define JITTER_PERCENT 20
#define HUNDRED	       100
#define DOUBLINGS_MAX  30

/*
 * Counters are read and written apart from each other: threads that report at the same moment may
 * lose a call of a window or a failure of a row. What decides, open_until, changes by compare and
 * exchange alone, so one thread opens and one thread probes.
 */

/* A number that differs between processes and moments (splitmix64); it need not be secret. */
static uint64_t scatter(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* How long the nth opening in a row lasts. */
static int64_t open_time(const struct breaker *b, uint32_t nth, int64_t now)
{
	int64_t usec = b->limits.open_usec;
	int64_t spread;

	for (uint32_t i = 0; i < nth && i < DOUBLINGS_MAX && usec < b->limits.open_max_usec; i++)
		usec *= 2;
	if (usec > b->limits.open_max_usec)
		usec = b->limits.open_max_usec;
	spread = usec * JITTER_PERCENT / HUNDRED;
	return usec - spread +
	       (int64_t)(scatter((uint64_t)now ^ (uint64_t)(uintptr_t)b) %
			 (uint64_t)(2 * spread + 1));
}

/* Opens it if it is still as the caller saw it. */
static bool trip(struct breaker *b, int64_t seen, int64_t now)
{
	uint32_t nth = atomic_load(&b->openings);

	if (!atomic_compare_exchange_strong(&b->open_until, &seen, now + open_time(b, nth, now)))
		return false;
	atomic_store(&b->openings, nth + 1);
	atomic_store(&b->proven, 0);
	return true;
}

static void forget(struct breaker *b, int64_t now)
{
	atomic_store(&b->openings, 0);
	atomic_store(&b->proven, 0);
	atomic_store(&b->failures, 0);
	atomic_store(&b->window_calls, 0);
	atomic_store(&b->window_failures, 0);
	atomic_store(&b->window_start, now);
}

/* Counts a call in the window; whether too many of the window failed. */
static bool window_count(struct breaker *b, bool ok, int64_t now)
{
	int64_t start = atomic_load(&b->window_start);
	uint64_t calls;
	uint64_t failures;

	if (b->limits.percent == 0)
		return false;
	if (now - start >= b->limits.window_usec &&
	    atomic_compare_exchange_strong(&b->window_start, &start, now)) {
		atomic_store(&b->window_calls, 0);
		atomic_store(&b->window_failures, 0);
	}
	calls = (uint64_t)atomic_fetch_add(&b->window_calls, 1) + 1;
	failures = (uint64_t)atomic_fetch_add(&b->window_failures, ok ? 0 : 1) + (ok ? 0 : 1);
	return !ok && calls >= b->limits.calls_min &&
	       failures * HUNDRED >= calls * b->limits.percent;
}

static bool report_probe(struct breaker *b, bool ok, int64_t now)
{
	int64_t until = atomic_load(&b->open_until);

	if (until == 0)
		return false;
	if (!ok) {
		trip(b, until, now);
		return false;
	}
	if (atomic_fetch_add(&b->proven, 1) + 1 < b->limits.probes) {
		/* The next probe may go at once. */
		atomic_compare_exchange_strong(&b->open_until, &until, now);
		return false;
	}
	forget(b, now);
	return atomic_compare_exchange_strong(&b->open_until, &until, 0);
}

void breaker_init(struct breaker *b, const struct breaker_limits *limits)
{
	CHECK(limits->probes > 0 && limits->open_usec > 0 &&
	      limits->open_max_usec >= limits->open_usec);
	CHECK(limits->in_a_row > 0 || limits->percent > 0);
	CHECK(limits->percent == 0 || limits->window_usec > 0);
	b->limits = *limits;
	atomic_init(&b->open_until, 0);
	atomic_init(&b->openings, 0);
	atomic_init(&b->proven, 0);
	atomic_init(&b->failures, 0);
	atomic_init(&b->window_start, 0);
	atomic_init(&b->window_calls, 0);
	atomic_init(&b->window_failures, 0);
}

enum breaker_pass breaker_ask(struct breaker *b, int64_t now)
{
	int64_t until = atomic_load(&b->open_until);

	if (until == 0)
		return BREAKER_PASS;
	if (now < until)
		return BREAKER_REFUSED;
	/* Whoever moves the time on is the probe; the others find it in the future. */
	if (atomic_compare_exchange_strong(&b->open_until, &until, now + b->limits.open_usec))
		return BREAKER_PROBE;
	return BREAKER_REFUSED;
}

bool breaker_report(struct breaker *b, enum breaker_pass pass, bool ok, int64_t now)
{
	bool too_many;
	uint32_t row;

	CHECK(pass != BREAKER_REFUSED);
	if (pass == BREAKER_PROBE)
		return report_probe(b, ok, now);
	/* A call that began before it opened proves nothing now. */
	if (breaker_is_open(b))
		return false;
	too_many = window_count(b, ok, now);
	if (ok) {
		if (atomic_load(&b->failures) != 0)
			atomic_store(&b->failures, 0);
		return false;
	}
	row = atomic_fetch_add(&b->failures, 1) + 1;
	if (b->limits.in_a_row != 0 && row >= b->limits.in_a_row)
		too_many = true;
	return too_many && trip(b, 0, now);
}

bool breaker_is_open(const struct breaker *b)
{
	return atomic_load(&b->open_until) != 0;
}
