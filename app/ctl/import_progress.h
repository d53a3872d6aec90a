/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CTL_IMPORT_PROGRESS_H
#define REMIT_CTL_IMPORT_PROGRESS_H

/* How far an import is, on standard error: a bar on a terminal, else a line every two seconds. */

#include <stdbool.h>
#include <stdint.h>

struct import_progress {
	const char *phase; /* NULL: none */
	uint64_t done, total;
	int64_t began, shown; /* monotonic microseconds */
	bool terminal;
};

void import_progress_begin(struct import_progress *p, const char *phase, uint64_t total);
/* Shows it, when it is time to. Nothing between phases. */
void import_progress_show(struct import_progress *p);
/* Removes the bar, so that a line can be said. */
void import_progress_clear(const struct import_progress *p);
/* The last word of the phase. */
void import_progress_end(struct import_progress *p);

#endif
