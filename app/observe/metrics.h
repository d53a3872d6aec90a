/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_OBSERVE_METRICS_H
#define REMIT_OBSERVE_METRICS_H

/*
 * Counters, gauges and histograms in memory shared by all worker processes of a host, exposed as
 * Prometheus text (exposition format 0.0.4). Families are declared at start; then the layout is
 * fixed and written to <runtime_dir>/metrics-<layout hash>; each process owns one slot of it,
 * held by a file lock. A slot whose process has ended is taken over by the next one, which goes on
 * counting, so that a merged counter never falls. Updating is one relaxed atomic addition.
 * Thread-safe after metrics_start.
 */

#include "app/base/buf.h"
#include "app/base/err.h"

#include <stdint.h>

/*
 * How processes are merged: counters, gauges and histograms by addition; a METRIC_GAUGE_MAX, which
 * each process measures of the same thing, is the largest of them.
 */
enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_GAUGE_MAX, METRIC_HISTOGRAM };

/* One or two labels, each with its fixed list of values. */
struct metric_label {
	const char *name;
	const char *const *values;
	uint32_t n;
};

struct metric_family {
	const char *name; /* Prometheus name; values of "_seconds" are given in microseconds */
	const char *help;
	enum metric_kind kind;
	struct metric_label labels[2];
};

/* A declared family; index it with the positions of the label values. */
struct metric;

/*
 * Declares a family before metrics_start. The strings and lists are borrowed for the life of the
 * process. Never NULL.
 */
struct metric *metrics_declare(const struct metric_family *family);

/* Maps the shared memory and takes a slot. runtime_dir NULL: private memory (tests, tools). */
MUST_CHECK enum err metrics_start(const char *runtime_dir);
void metrics_stop(void);

/*
 * Counters and gauges that are added up. a, b: positions of the label values, 0 where the family
 * has no such label.
 */
void metric_add(struct metric *m, uint32_t a, uint32_t b, int64_t n);
/* Gauges only: this process's share, or what it has measured (METRIC_GAUGE_MAX: not below 0). */
void metric_set(struct metric *m, uint32_t a, uint32_t b, int64_t n);
/* Histograms only: a duration in microseconds. */
void metric_observe(struct metric *m, uint32_t a, uint32_t b, int64_t usec);

/* Appends the text of all families, merged over all processes. Series never touched are left out.
 */
void metrics_put(struct buf *out);

#endif
