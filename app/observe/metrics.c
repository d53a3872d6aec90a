/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared file: one page with the header, then SLOTS slots of the same layout. A slot is an
 * array of cells; a series is a run of cells: touched, then one value, or the sum and the buckets.
 * The name of the file has a hash of the layout, so that programs of different layout never meet.
 */
#include "app/observe/metrics.h"

#include "app/base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	SLOTS = 256,	    /* processes of one layout on a host */
	FAMILIES_MAX = 128, /* declared families */
	HEADER_BYTES = 4096,
	CELL_TOUCHED = 0,
	CELL_VALUE = 1, /* counters, gauges */
	CELL_SUM = 1,	/* histograms: microseconds */
	CELL_BUCKETS = 2,
};

/* Upper bounds, inclusive, and how Prometheus writes them. */
static const struct {
	int64_t usec;
	const char *le;
} buckets[] = {
	{ 100, "0.0001" },  { 250, "0.00025" }, { 500, "0.0005" },  { 1000, "0.001" },
	{ 2500, "0.0025" }, { 5000, "0.005" },	{ 10000, "0.01" },  { 25000, "0.025" },
	{ 50000, "0.05" },  { 100000, "0.1" },	{ 250000, "0.25" }, { 500000, "0.5" },
	{ 1000000, "1" },   { 2500000, "2.5" }, { 5000000, "5" },   { 10000000, "10" },
};
enum { BUCKETS = sizeof(buckets) / sizeof(buckets[0]) + 1 /* +Inf */ };

typedef _Atomic int64_t cell;
_Static_assert(sizeof(cell) == 8, "cells of all processes are alike");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "atomics work between processes");

struct metric {
	struct metric_family family;
	uint32_t series; /* product of the label values */
	size_t first;	 /* cell of the first series in a slot */
};

struct header {
	_Atomic uint32_t used; /* slots ever taken: the ones worth reading */
};

static struct {
	struct metric metrics[FAMILIES_MAX];
	size_t n;
	size_t cells; /* of a slot */
	bool started;
	int fd; /* -1: private memory */
	uint32_t slot;
	void *map;
	size_t map_bytes;
	cell *own; /* NULL: updates are dropped */
} registry = { .fd = -1 };

static uint32_t label_n(const struct metric_label *l)
{
	return l->name == NULL ? 1 : l->n;
}

static size_t series_cells(const struct metric *m)
{
	return m->family.kind == METRIC_HISTOGRAM ? CELL_BUCKETS + BUCKETS : CELL_VALUE + 1;
}

static bool is_gauge(const struct metric *m)
{
	return m->family.kind == METRIC_GAUGE || m->family.kind == METRIC_GAUGE_MAX;
}

static bool is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return n > 0 && s[n] == '\0' && (s[0] < '0' || s[0] > '9');
}

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s);
	size_t m = strlen(end);

	return n > m && strcmp(s + n - m, end) == 0;
}

/* The conventions that `promtool check metrics` checks. */
static void family_check(const struct metric_family *f)
{
	CHECK(is_name(f->name));
	CHECK(f->help != NULL && *f->help != '\0');
	CHECK((f->kind == METRIC_COUNTER) == ends_in(f->name, "_total"));
	CHECK(f->kind != METRIC_HISTOGRAM || ends_in(f->name, "_seconds"));
	CHECK(f->labels[0].name != NULL || f->labels[1].name == NULL);
	for (size_t i = 0; i < 2; i++) {
		CHECK(f->labels[i].name == NULL || is_name(f->labels[i].name));
		CHECK(f->labels[i].name == NULL || f->labels[i].n > 0);
	}
	for (size_t i = 0; i < registry.n; i++)
		CHECK(strcmp(registry.metrics[i].family.name, f->name) != 0);
}

struct metric *metrics_declare(const struct metric_family *family)
{
	struct metric *m;

	CHECK(!registry.started);
	CHECK(registry.n < FAMILIES_MAX);
	family_check(family);
	m = &registry.metrics[registry.n++];
	m->family = *family;
	m->series = label_n(&family->labels[0]) * label_n(&family->labels[1]);
	m->first = registry.cells;
	registry.cells += m->series * series_cells(m);
	return m;
}

/* FNV-1a, 64 bits. */
static uint64_t hash_z(uint64_t h, const char *z)
{
	do {
		h = (h ^ (unsigned char)*z) * UINT64_C(0x100000001b3);
	} while (*z++ != '\0');
	return h;
}

static uint64_t layout_hash(void)
{
	static const char *const letters[] = {
		[METRIC_COUNTER] = "c",
		[METRIC_GAUGE] = "g",
		[METRIC_GAUGE_MAX] = "m",
		[METRIC_HISTOGRAM] = "h",
	};
	uint64_t h = hash_z(UINT64_C(0xcbf29ce484222325), "layout 1");

	for (size_t i = 0; i < registry.n; i++) {
		const struct metric_family *f = &registry.metrics[i].family;

		h = hash_z(h, f->name);
		h = hash_z(h, letters[f->kind]);
		for (size_t k = 0; k < 2 && f->labels[k].name != NULL; k++) {
			h = hash_z(h, f->labels[k].name);
			for (uint32_t v = 0; v < f->labels[k].n; v++)
				h = hash_z(h, f->labels[k].values[v]);
		}
	}
	return h;
}

static size_t slot_bytes(void)
{
	return (registry.cells * sizeof(cell) + 63) & ~(size_t)63;
}

static cell *slot_cells(uint32_t slot)
{
	return (cell *)((char *)registry.map + HEADER_BYTES + slot * slot_bytes());
}

static struct header *header(void)
{
	return registry.map;
}

/* The lock of a slot is a byte of the file; which one says nothing about its content. */
static struct flock slot_lock(uint32_t slot)
{
	return (struct flock){
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)slot,
		.l_len = 1,
	};
}

/*
 * Whether a living process has the slot. Locks of an open file description end with its process,
 * however that ends, and our own are never in our way.
 */
static bool slot_is_alive(uint32_t slot)
{
	struct flock lock = slot_lock(slot);

	if (slot == registry.slot)
		return true;
	return fcntl(registry.fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static enum err slot_take(void)
{
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		struct flock lock = slot_lock(slot);
		uint32_t used = atomic_load(&header()->used);

		if (fcntl(registry.fd, F_OFD_SETLK, &lock) != 0) {
			if (errno != EAGAIN && errno != EACCES)
				return ERR_IO;
			continue;
		}
		while (used <= slot &&
		       !atomic_compare_exchange_weak(&header()->used, &used, slot + 1))
			continue;
		registry.slot = slot;
		return ERR_OK;
	}
	return ERR_LIMIT;
}

/* What an ended process had in flight is over; what it counted stays. */
static void gauges_clear(void)
{
	for (size_t i = 0; i < registry.n; i++) {
		const struct metric *m = &registry.metrics[i];

		for (uint32_t s = 0; is_gauge(m) && s < m->series; s++) {
			cell *c = registry.own + m->first + s * series_cells(m);

			atomic_store_explicit(&c[CELL_TOUCHED], 0, memory_order_relaxed);
			atomic_store_explicit(&c[CELL_VALUE], 0, memory_order_relaxed);
		}
	}
}

static enum err map_shared(const char *runtime_dir)
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/metrics-%016" PRIx64, runtime_dir, layout_hash());

	if (n < 0 || (size_t)n >= sizeof(path))
		return ERR_LIMIT;
	registry.map_bytes = HEADER_BYTES + SLOTS * slot_bytes();
	registry.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
	if (registry.fd < 0)
		return ERR_IO;
	/* Sparse: only slots that were used take memory. All who come set the same size. */
	if (ftruncate(registry.fd, (off_t)registry.map_bytes) != 0)
		return ERR_IO;
	registry.map =
		mmap(NULL, registry.map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, registry.fd, 0);
	if (registry.map == MAP_FAILED) {
		registry.map = NULL;
		return ERR_NO_MEMORY;
	}
	return slot_take();
}

static enum err map_private(void)
{
	registry.map_bytes = HEADER_BYTES + slot_bytes();
	registry.map = mmap(NULL, registry.map_bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (registry.map == MAP_FAILED) {
		registry.map = NULL;
		return ERR_NO_MEMORY;
	}
	registry.slot = 0;
	atomic_store(&header()->used, 1);
	return ERR_OK;
}

enum err metrics_start(const char *runtime_dir)
{
	enum err e;

	CHECK(!registry.started);
	e = runtime_dir == NULL ? map_private() : map_shared(runtime_dir);
	if (e != ERR_OK) {
		metrics_stop();
		return e;
	}
	registry.own = slot_cells(registry.slot);
	gauges_clear();
	registry.started = true;
	return ERR_OK;
}

void metrics_stop(void)
{
	registry.own = NULL;
	registry.started = false;
	if (registry.map != NULL)
		munmap(registry.map, registry.map_bytes);
	registry.map = NULL;
	if (registry.fd >= 0)
		close(registry.fd);
	registry.fd = -1;
}

/* The own series, marked as touched; NULL before metrics_start and after metrics_stop. */
static cell *series(const struct metric *m, uint32_t a, uint32_t b)
{
	uint32_t n_b = label_n(&m->family.labels[1]);
	cell *c;

	CHECK(a < label_n(&m->family.labels[0]) && b < n_b);
	if (registry.own == NULL)
		return NULL;
	c = registry.own + m->first + (a * n_b + b) * series_cells(m);
	if (atomic_load_explicit(&c[CELL_TOUCHED], memory_order_relaxed) == 0)
		atomic_store_explicit(&c[CELL_TOUCHED], 1, memory_order_relaxed);
	return c;
}

void metric_add(struct metric *m, uint32_t a, uint32_t b, int64_t n)
{
	cell *c = series(m, a, b);

	CHECK(m->family.kind == METRIC_COUNTER || m->family.kind == METRIC_GAUGE);
	CHECK(m->family.kind != METRIC_COUNTER || n >= 0);
	if (c != NULL)
		atomic_fetch_add_explicit(&c[CELL_VALUE], n, memory_order_relaxed);
}

void metric_set(struct metric *m, uint32_t a, uint32_t b, int64_t n)
{
	cell *c = series(m, a, b);

	CHECK(is_gauge(m));
	CHECK(m->family.kind != METRIC_GAUGE_MAX || n >= 0);
	if (c != NULL)
		atomic_store_explicit(&c[CELL_VALUE], n, memory_order_relaxed);
}

void metric_observe(struct metric *m, uint32_t a, uint32_t b, int64_t usec)
{
	cell *c = series(m, a, b);
	size_t i = 0;

	CHECK(m->family.kind == METRIC_HISTOGRAM);
	if (c == NULL)
		return;
	if (usec < 0)
		usec = 0;
	while (i < BUCKETS - 1 && usec > buckets[i].usec)
		i++;
	atomic_fetch_add_explicit(&c[CELL_BUCKETS + i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c[CELL_SUM], usec, memory_order_relaxed);
}

/*
 * Merges a series over all slots, a gauge over those of living processes. Whether it was touched.
 */
static bool series_merge(const struct metric *m, uint32_t s, const bool alive[SLOTS],
			 int64_t ret_cells[CELL_BUCKETS + BUCKETS])
{
	size_t n = series_cells(m);
	uint32_t used = atomic_load(&header()->used);

	memset(ret_cells, 0, n * sizeof(*ret_cells));
	for (uint32_t slot = 0; slot < used && slot < SLOTS; slot++) {
		const cell *c = slot_cells(slot) + m->first + s * n;

		if (is_gauge(m) && !alive[slot])
			continue;
		for (size_t i = 0; i < n; i++) {
			int64_t value = atomic_load_explicit(&c[i], memory_order_relaxed);

			if (m->family.kind != METRIC_GAUGE_MAX)
				ret_cells[i] += value;
			else if (value > ret_cells[i])
				ret_cells[i] = value;
		}
	}
	return ret_cells[CELL_TOUCHED] > 0;
}

/* Escaped as the exposition format demands: in help texts the quote stays. */
static void put_escaped(struct buf *out, const char *z, bool quoted)
{
	for (; *z != '\0'; z++) {
		if (*z == '\n') {
			buf_lit(out, "\\n");
			continue;
		}
		if (*z == '\\' || (quoted && *z == '"'))
			buf_char(out, '\\');
		buf_char(out, *z);
	}
}

static void put_head(struct buf *out, const struct metric_family *f)
{
	static const char *const kinds[] = {
		[METRIC_COUNTER] = " counter\n",
		[METRIC_GAUGE] = " gauge\n",
		[METRIC_GAUGE_MAX] = " gauge\n",
		[METRIC_HISTOGRAM] = " histogram\n",
	};

	buf_lit(out, "# HELP ");
	buf_z(out, f->name);
	buf_char(out, ' ');
	put_escaped(out, f->help, false);
	buf_lit(out, "\n# TYPE ");
	buf_z(out, f->name);
	buf_z(out, kinds[f->kind]);
}

/* name suffix {labels, le} and a space. */
static void put_name(struct buf *out, const struct metric *m, uint32_t s, const char *suffix,
		     const char *le)
{
	const struct metric_family *f = &m->family;
	const uint32_t n_b = label_n(&f->labels[1]);
	const uint32_t at[2] = { s / n_b, s % n_b };
	char open_with = '{';

	buf_z(out, f->name);
	buf_z(out, suffix);
	for (size_t k = 0; k < 2 && f->labels[k].name != NULL; k++) {
		buf_char(out, open_with);
		buf_z(out, f->labels[k].name);
		buf_lit(out, "=\"");
		put_escaped(out, f->labels[k].values[at[k]], true);
		buf_char(out, '"');
		open_with = ',';
	}
	if (le != NULL) {
		buf_char(out, open_with);
		buf_lit(out, "le=\"");
		buf_z(out, le);
		buf_char(out, '"');
		open_with = ',';
	}
	buf_z(out, open_with == ',' ? "} " : " ");
}

static void put_seconds(struct buf *out, int64_t usec)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRId64 ".%06" PRId64, usec / 1000000,
		       usec % 1000000);
	buf_z(out, text);
}

static void put_histogram(struct buf *out, const struct metric *m, uint32_t s, const int64_t *cells)
{
	int64_t count = 0;

	for (size_t i = 0; i < BUCKETS; i++) {
		count += cells[CELL_BUCKETS + i];
		put_name(out, m, s, "_bucket", i < BUCKETS - 1 ? buckets[i].le : "+Inf");
		buf_i64(out, count);
		buf_char(out, '\n');
	}
	put_name(out, m, s, "_sum", NULL);
	put_seconds(out, cells[CELL_SUM]);
	buf_char(out, '\n');
	put_name(out, m, s, "_count", NULL);
	buf_i64(out, count);
	buf_char(out, '\n');
}

static void put_family(struct buf *out, const struct metric *m, const bool alive[SLOTS])
{
	int64_t cells[CELL_BUCKETS + BUCKETS];
	bool headed = false;

	for (uint32_t s = 0; s < m->series; s++) {
		if (!series_merge(m, s, alive, cells))
			continue;
		if (!headed)
			put_head(out, &m->family);
		headed = true;
		if (m->family.kind == METRIC_HISTOGRAM) {
			put_histogram(out, m, s, cells);
			continue;
		}
		put_name(out, m, s, "", NULL);
		if (ends_in(m->family.name, "_seconds"))
			put_seconds(out, cells[CELL_VALUE]);
		else
			buf_i64(out, cells[CELL_VALUE]);
		buf_char(out, '\n');
	}
}

void metrics_put(struct buf *out)
{
	bool alive[SLOTS] = { false };
	uint32_t used;

	if (!registry.started)
		return;
	used = atomic_load(&header()->used);
	for (uint32_t slot = 0; slot < used && slot < SLOTS; slot++)
		alive[slot] = slot_is_alive(slot);
	for (size_t i = 0; i < registry.n; i++)
		put_family(out, &registry.metrics[i], alive);
}
