/* SPDX-License-Identifier: Apache-2.0 */
/* A bar, or lines. */
#include "app/ctl/import_progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/base/clock.h"

#define SECOND INT64_C(1000000)

enum { BAR = 28 };

void import_progress_begin(struct import_progress *p, const char *phase, uint64_t total)
{
	*p = (struct import_progress){
		.phase = phase,
		.total = total,
		.began = clock_monotonic(),
		.terminal = isatty(STDERR_FILENO) == 1,
	};
	p->shown = p->began;
}

static void show(const struct import_progress *p)
{
	static const char hashes[] = "############################";
	const int64_t took = clock_monotonic() - p->began;
	const uint64_t usec = took > 0 ? (uint64_t)took : 1;
	const uint64_t rate = p->done * (uint64_t)SECOND / usec;
	const uint64_t left = p->total > p->done ? p->total - p->done : 0;
	const int filled = p->total > 0 ? (int)(p->done * BAR / p->total) : BAR;

	if (p->terminal)
		fprintf(stderr, "\r\033[2K%-24s [%.*s%*s]", p->phase, filled, hashes, BAR - filled,
			"");
	else
		fprintf(stderr, "%-24s", p->phase);
	fprintf(stderr, " %llu/%llu  %llu/s", (unsigned long long)p->done,
		(unsigned long long)p->total, (unsigned long long)rate);
	if (left > 0 && rate > 0)
		fprintf(stderr, "  %llu s left", (unsigned long long)(left / rate));
	if (!p->terminal)
		fputc('\n', stderr);
}

void import_progress_show(struct import_progress *p)
{
	const int64_t now = clock_monotonic();

	if (p->phase == NULL || now - p->shown < (p->terminal ? SECOND / 10 : 2 * SECOND))
		return;
	p->shown = now;
	show(p);
}

void import_progress_clear(const struct import_progress *p)
{
	if (p->phase != NULL && p->terminal)
		fputs("\r\033[2K", stderr);
}

void import_progress_end(struct import_progress *p)
{
	show(p);
	if (p->terminal)
		fputc('\n', stderr);
	p->phase = NULL;
}
