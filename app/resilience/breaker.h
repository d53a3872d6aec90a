/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_RESILIENCE_BREAKER_H
#define REMIT_RESILIENCE_BREAKER_H

/*
 * A circuit breaker before one dependency. Closed, it lets all calls pass and counts failures; it
 * opens after a number of failures in a row or above a share of the calls of a window. Open, it
 * refuses for a time that doubles with each opening, then lets one call at a time through as a
 * probe; enough probes that succeed close it, one that fails opens it again. Thread-safe without
 * locks; never blocks. Time is the caller's monotonic clock in microseconds, above 0.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct breaker_limits {
	uint32_t in_a_row;     /* failures in a row that open it; 0: any number */
	uint32_t percent;      /* failed share of a window that opens it; 0: any share */
	uint32_t calls_min;    /* of a window, before its share counts */
	uint32_t probes;       /* successes in a row that close it again */
	int64_t window_usec;   /* 0 when percent is 0 */
	int64_t open_usec;     /* the first time it stays open; later ones double it */
	int64_t open_max_usec; /* up to this */
};

/* Plain data for embedding; the members belong to breaker.c. */
struct breaker {
	struct breaker_limits limits;
	_Atomic int64_t open_until; /* 0: closed */
	_Atomic uint32_t openings;  /* in a row */
	_Atomic uint32_t proven;    /* probes that succeeded since it opened */
	_Atomic uint32_t failures;  /* in a row */
	_Atomic int64_t window_start;
	_Atomic uint32_t window_calls;
	_Atomic uint32_t window_failures;
};

enum breaker_pass { BREAKER_REFUSED, BREAKER_PASS, BREAKER_PROBE };

void breaker_init(struct breaker *b, const struct breaker_limits *limits);
/*
 * Whether a call may be made now. A call that was let through is reported once; a probe that is
 * never reported is given up after open_usec.
 */
enum breaker_pass breaker_ask(struct breaker *b, int64_t now);
/* How the call went. Returns whether the breaker opened or closed by it. */
bool breaker_report(struct breaker *b, enum breaker_pass pass, bool ok, int64_t now);
/* Open, or probing. */
bool breaker_is_open(const struct breaker *b);

#endif
