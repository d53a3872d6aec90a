/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines, gathered in two buffers that take turns: one is filled, one is written. */
#include "app/observe/log.h"

#include "app/base/check.h"
#include "app/base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	VALUE_MAX = 1024,      /* bytes of a message or a value before escaping; the rest is cut */
	LINE_MAX_BYTES = 8192, /* a field that does not fit is left out */
	LINE_TAIL = 32,	       /* kept free for the end of the line */
	GATHER_BYTES = 32768,  /* written when so many are gathered, */
	GATHER_MS = 200,       /* or after so long */
	BUFFER_BYTES = 131072, /* a thread that finds no room writes them out itself */
};

struct line {
	char p[LINE_MAX_BYTES];
	size_t n;
	bool full;
};

struct gathered {
	char p[BUFFER_BYTES];
	size_t n;
};

static struct {
	pthread_mutex_t fill; /* guards filling, stopping, running */
	pthread_cond_t wake;
	/* Held while a buffer is taken and written: lines leave in the order they came. Before
	 * fill. */
	pthread_mutex_t out;
	struct gathered *filling;
	struct gathered *writing;
	pthread_t thread;
	bool running;
	bool stopping;
	bool journal;
	char program[32];
	pid_t pid; /* asked once: it goes on every line */
	_Atomic enum log_level level;
} log_state = {
	.fill = PTHREAD_MUTEX_INITIALIZER,
	.out = PTHREAD_MUTEX_INITIALIZER,
	.level = LOG_INFO,
};

static const char *const level_names[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARN] = "warn",
	[LOG_ERROR] = "error",
};

/* sd-daemon(3): the priority the journal gives the line. */
static const char level_priorities[] = {
	[LOG_DEBUG] = '7',
	[LOG_INFO] = '6',
	[LOG_WARN] = '4',
	[LOG_ERROR] = '3',
};

static void line_put(struct line *l, const char *p, size_t n)
{
	if (l->full || n > LINE_MAX_BYTES - LINE_TAIL - l->n) {
		l->full = true;
		return;
	}
	memcpy(l->p + l->n, p, n);
	l->n += n;
}

static void line_z(struct line *l, const char *z)
{
	line_put(l, z, strlen(z));
}

static void line_i64(struct line *l, int64_t v)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%" PRId64, v);
	line_z(l, digits);
}

static void line_time(struct line *l, int64_t t)
{
	struct civil c = civil_from_time(t);
	char text[64];

	(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month,
		       c.day, c.hour, c.minute, c.second, c.usec / 1000);
	line_z(l, text);
}

static void line_escape(struct line *l, unsigned char c)
{
	char text[8];

	switch (c) {
	case '"':
		line_put(l, "\\\"", 2);
		break;
	case '\\':
		line_put(l, "\\\\", 2);
		break;
	case '\n':
		line_put(l, "\\n", 2);
		break;
	case '\t':
		line_put(l, "\\t", 2);
		break;
	default:
		(void)snprintf(text, sizeof(text), "\\u%04x", c);
		line_put(l, text, 6);
	}
}

/* At most VALUE_MAX bytes, cut between two characters. */
static struct str value_cut(struct str s)
{
	if (s.n <= VALUE_MAX)
		return s;
	s.n = VALUE_MAX;
	while (s.n > VALUE_MAX - 3 && ((unsigned char)s.p[s.n] & 0xc0) == 0x80)
		s.n--;
	return s;
}

/* A quoted string; in one that is not UTF-8 every byte above ASCII becomes U+FFFD. */
static void line_str(struct line *l, struct str s)
{
	struct str cut = value_cut(s);
	bool utf8 = str_is_utf8(cut);
	size_t plain = 0;

	line_put(l, "\"", 1);
	for (size_t i = 0; i < cut.n; i++) {
		unsigned char c = (unsigned char)cut.p[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f && (c < 0x80 || utf8))
			continue;
		line_put(l, cut.p + plain, i - plain);
		plain = i + 1;
		if (c >= 0x80)
			line_z(l, "\\ufffd");
		else
			line_escape(l, c);
	}
	line_put(l, cut.p + plain, cut.n - plain);
	line_put(l, "\"", 1);
}

static void line_id(struct line *l, const char *prefix, struct id id)
{
	char text[ID_TEXT_LEN];

	id_text(id, text);
	line_put(l, "\"", 1);
	line_z(l, prefix);
	line_put(l, "_", 1);
	line_put(l, text, sizeof(text));
	line_put(l, "\"", 1);
}

static void line_field(struct line *l, const struct log_field *f)
{
	size_t before = l->n;

	if ((f->type == LOG_FIELD_STR && f->str.p == NULL) ||
	    (f->type == LOG_FIELD_ID && id_is_none(f->id)))
		return;
	line_put(l, ",\"", 2);
	line_z(l, f->name);
	line_put(l, "\":", 2);
	switch (f->type) {
	case LOG_FIELD_STR:
		line_str(l, f->str);
		break;
	case LOG_FIELD_I64:
		line_i64(l, f->i64);
		break;
	case LOG_FIELD_ID:
		line_id(l, f->prefix, f->id);
		break;
	}
	if (l->full)
		l->n = before;
}

static void line_make(struct line *l, enum log_level level, const char *message,
		      const struct log_field *fields, size_t n)
{
	const char priority[] = { '<', level_priorities[level], '>' };
	const char *program = log_state.program[0] == '\0' ? "remit" : log_state.program;
	bool cut = false;

	l->n = 0;
	l->full = false;
	if (log_state.journal)
		line_put(l, priority, sizeof(priority));
	line_z(l, "{\"time\":\"");
	line_time(l, clock_now());
	line_z(l, "\",\"level\":\"");
	line_z(l, level_names[level]);
	line_z(l, "\",\"program\":");
	line_str(l, str_from(program));
	line_z(l, ",\"pid\":");
	line_i64(l, log_state.pid != 0 ? log_state.pid : getpid());
	line_z(l, ",\"msg\":");
	line_str(l, str_from(message));
	for (size_t i = 0; i < n; i++) {
		line_field(l, &fields[i]);
		cut = cut || l->full;
		l->full = false;
	}
	line_z(l, cut ? "" : "}\n");
	if (cut) {
		static const char end[] = ",\"truncated\":true}\n";

		_Static_assert(sizeof(end) <= LINE_TAIL, "the end fits into its room");
		memcpy(l->p + l->n, end, sizeof(end) - 1);
		l->n += sizeof(end) - 1;
	}
}

/* Everything, in one write(2) unless the system takes less. What cannot be written is lost. */
static void write_out(const char *p, size_t n)
{
	struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };

	while (n > 0) {
		ssize_t done = write(STDERR_FILENO, p, n);

		if (done >= 0) {
			p += done;
			n -= (size_t)done;
		} else if (errno == EAGAIN) {
			poll(&ready, 1, -1);
		} else if (errno != EINTR) {
			return;
		}
	}
}

/* Writes all that was gathered before the call. */
static void flush(void)
{
	struct gathered *full;

	pthread_mutex_lock(&log_state.out);
	pthread_mutex_lock(&log_state.fill);
	full = log_state.filling;
	log_state.filling = log_state.writing;
	log_state.writing = full;
	pthread_mutex_unlock(&log_state.fill);
	if (full != NULL) {
		write_out(full->p, full->n);
		full->n = 0;
	}
	pthread_mutex_unlock(&log_state.out);
}

/* With fill locked: waits for the first line, then for more of them, at most GATHER_MS. */
static void gather_wait(void)
{
	struct timespec until;

	while (!log_state.stopping && log_state.filling->n == 0)
		pthread_cond_wait(&log_state.wake, &log_state.fill);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += GATHER_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	while (!log_state.stopping && log_state.filling->n < GATHER_BYTES)
		if (pthread_cond_timedwait(&log_state.wake, &log_state.fill, &until) == ETIMEDOUT)
			return;
}

static void *writer(void *unused)
{
	bool stopping = false;

	while (!stopping) {
		pthread_mutex_lock(&log_state.fill);
		gather_wait();
		stopping = log_state.stopping;
		pthread_mutex_unlock(&log_state.fill);
		flush();
	}
	return unused;
}

/* Whether the line was taken; false when there is no room or no writer. */
static bool gather(const struct line *l, bool *ret_running)
{
	struct gathered *g;
	size_t before;
	bool taken = false;

	pthread_mutex_lock(&log_state.fill);
	g = log_state.filling;
	*ret_running = log_state.running;
	if (log_state.running && l->n <= BUFFER_BYTES - g->n) {
		before = g->n;
		memcpy(g->p + before, l->p, l->n);
		g->n += l->n;
		taken = true;
		/* The writer sleeps until the first line, then until there are enough. */
		if (before == 0 || (before < GATHER_BYTES && g->n >= GATHER_BYTES))
			pthread_cond_signal(&log_state.wake);
	}
	pthread_mutex_unlock(&log_state.fill);
	return taken;
}

void log_write(enum log_level level, const char *message, const struct log_field *fields, size_t n)
{
	struct line line;
	bool running = true;

	if (!log_enabled(level))
		return;
	line_make(&line, level, message, fields, n);
	while (!gather(&line, &running)) {
		if (!running) {
			write_out(line.p, line.n);
			return;
		}
		flush();
	}
	if (level >= LOG_WARN)
		flush();
}

/* systemd.exec(5), $JOURNAL_STREAM: "device:inode" of the stream connected to the journal. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	(void)snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, ours) == 0;
}

enum err log_start(const char *program, enum log_level level)
{
	pthread_condattr_t monotonic;

	CHECK(!log_state.running);
	(void)snprintf(log_state.program, sizeof(log_state.program), "%s", program);
	log_state.pid = getpid();
	log_set_level(level);
	log_state.journal = is_journal();
	log_state.stopping = false;
	log_state.filling = calloc(1, sizeof(*log_state.filling));
	log_state.writing = calloc(1, sizeof(*log_state.writing));
	if (log_state.filling == NULL || log_state.writing == NULL)
		goto out;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&log_state.wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	log_state.running = pthread_create(&log_state.thread, NULL, writer, NULL) == 0;
	if (log_state.running)
		return ERR_OK;
	pthread_cond_destroy(&log_state.wake);
out:
	free(log_state.filling);
	free(log_state.writing);
	log_state.filling = NULL;
	log_state.writing = NULL;
	return ERR_NO_MEMORY;
}

void log_stop(void)
{
	struct gathered *rest;

	pthread_mutex_lock(&log_state.fill);
	if (!log_state.running) {
		pthread_mutex_unlock(&log_state.fill);
		return;
	}
	log_state.stopping = true;
	pthread_cond_signal(&log_state.wake);
	pthread_mutex_unlock(&log_state.fill);
	pthread_join(log_state.thread, NULL);

	/* From here on lines are written by who logs them, after those gathered last. */
	pthread_mutex_lock(&log_state.out);
	pthread_mutex_lock(&log_state.fill);
	log_state.running = false;
	rest = log_state.filling;
	free(log_state.writing);
	log_state.filling = NULL;
	log_state.writing = NULL;
	write_out(rest->p, rest->n);
	free(rest);
	pthread_cond_destroy(&log_state.wake);
	pthread_mutex_unlock(&log_state.fill);
	pthread_mutex_unlock(&log_state.out);
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&log_state.level, level, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
	return level >= atomic_load_explicit(&log_state.level, memory_order_relaxed);
}
