/* SPDX-License-Identifier: Apache-2.0 */
#include "app/observe/metrics.h"

#include <check.h>
#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 4, THREADS = 4, ADDS = 50000 };

static const char *const routes[] = { "orders.get", "quote\"back\\slash\nline" };
static const char *const classes[] = { "2xx", "4xx", "5xx" };

static struct metric *requests;
static struct metric *in_flight;
static struct metric *duration;
static struct metric *age;
static struct metric *plain;
static struct metric *untouched;
static char dir[64];

/* Families are declared once in a process, also when the tests do not fork. */
static void declare(void)
{
	if (requests != NULL)
		return;
	requests = metrics_declare(&(struct metric_family){
		.name = "remit_requests_total",
		.help = "Requests \"by\" route\\class\nand more.",
		.kind = METRIC_COUNTER,
		.labels = { { "route", routes, 2 }, { "class", classes, 3 } },
	});
	in_flight = metrics_declare(&(struct metric_family){
		.name = "remit_in_flight",
		.help = "Requests now.",
		.kind = METRIC_GAUGE,
	});
	duration = metrics_declare(&(struct metric_family){
		.name = "remit_duration_seconds",
		.help = "How long.",
		.kind = METRIC_HISTOGRAM,
		.labels = { { "class", classes, 3 } },
	});
	age = metrics_declare(&(struct metric_family){
		.name = "remit_age_seconds",
		.help = "What all measure.",
		.kind = METRIC_GAUGE_MAX,
		.labels = { { "class", classes, 3 } },
	});
	plain = metrics_declare(&(struct metric_family){
		.name = "remit_plain_total",
		.help = "Plain.",
		.kind = METRIC_COUNTER,
	});
	untouched = metrics_declare(&(struct metric_family){
		.name = "remit_untouched_total",
		.help = "Never.",
		.kind = METRIC_COUNTER,
	});
	ck_assert_ptr_nonnull(untouched);
}

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/t_metrics.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	declare();
}

static void teardown(void)
{
	char path[512];
	struct dirent *entry;
	DIR *d;

	metrics_stop();
	d = opendir(dir);
	while (d != NULL) {
		entry = readdir(d);
		if (entry == NULL)
			break;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(path);
	}
	if (d != NULL)
		closedir(d);
	rmdir(dir);
}

/* The exposition as a terminated string in static memory. */
static const char *exposed(void)
{
	static char text[1 << 16];
	struct arena *a = arena_new(1 << 20);
	struct buf b;
	struct str s = STR_NONE;

	buf_init(&b, a, 0, 1 << 19);
	metrics_put(&b);
	ck_assert_int_eq(buf_finish(&b, &s), ERR_OK);
	ck_assert_uint_lt(s.n, sizeof(text));
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	arena_free(a);
	return text;
}

/* The value of the line that begins with name and a space; -1: there is none. */
static int64_t value_of(const char *name)
{
	char needle[256];
	const char *text = exposed();
	const char *at;

	snprintf(needle, sizeof(needle), "\n%s ", name);
	at = strstr(text, needle);
	return at == NULL ? -1 : strtoll(at + strlen(needle), NULL, 10);
}

START_TEST(test_text)
{
	ck_assert_int_eq(metrics_start(NULL), ERR_OK);
	ck_assert_str_eq(exposed(), "");
	metric_add(requests, 1, 2, 7);
	metric_add(requests, 0, 0, 1);
	metric_add(requests, 0, 0, 2);
	metric_set(in_flight, 0, 0, 0);
	metric_set(age, 2, 0, 61000007);
	metric_set(age, 0, 0, 0);
	metric_add(plain, 0, 0, 0);
	metric_observe(duration, 1, 0, 100);
	metric_observe(duration, 1, 0, 101);
	metric_observe(duration, 1, 0, 1234567);
	metric_observe(duration, 1, 0, 10000000);
	metric_observe(duration, 1, 0, 10000001);
	metric_observe(duration, 1, 0, -5);
	ck_assert_str_eq(
		exposed(),
		"# HELP remit_requests_total Requests \"by\" route\\\\class\\nand more.\n"
		"# TYPE remit_requests_total counter\n"
		"remit_requests_total{route=\"orders.get\",class=\"2xx\"} 3\n"
		"remit_requests_total{route=\"quote\\\"back\\\\slash\\nline\",class=\"5xx\"} 7\n"
		"# HELP remit_in_flight Requests now.\n"
		"# TYPE remit_in_flight gauge\n"
		"remit_in_flight 0\n"
		"# HELP remit_duration_seconds How long.\n"
		"# TYPE remit_duration_seconds histogram\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"0.0001\"} 2\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"0.00025\"} 3\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"0.0005\"} 3\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"0.001\"} 3\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"0.0025\"} 3\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"0.005\"} 3\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"0.01\"} 3\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"0.025\"} 3\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"0.05\"} 3\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"0.1\"} 3\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"0.25\"} 3\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"0.5\"} 3\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"1\"} 3\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"2.5\"} 4\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"5\"} 4\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"10\"} 5\n"
		"remit_duration_seconds_bucket{class=\"4xx\",le=\"+Inf\"} 6\n"
		"remit_duration_seconds_sum{class=\"4xx\"} 21.234769\n"
		"remit_duration_seconds_count{class=\"4xx\"} 6\n"
		"# HELP remit_age_seconds What all measure.\n"
		"# TYPE remit_age_seconds gauge\n"
		"remit_age_seconds{class=\"2xx\"} 0.000000\n"
		"remit_age_seconds{class=\"5xx\"} 61.000007\n"
		"# HELP remit_plain_total Plain.\n"
		"# TYPE remit_plain_total counter\n"
		"remit_plain_total 0\n");
	metric_set(in_flight, 0, 0, 5);
	metric_add(in_flight, 0, 0, -7);
	ck_assert_ptr_nonnull(strstr(exposed(), "\nremit_in_flight -2\n"));
}
END_TEST

/* Every bound belongs to its bucket, one microsecond more to the next. */
START_TEST(test_bucket_bounds)
{
	static const struct {
		int64_t usec;
		const char *le;
	} bounds[] = { { 100, "0.0001" }, { 250, "0.00025" }, { 500, "0.0005" },
		       { 1000, "0.001" }, { 2500, "0.0025" }, { 5000, "0.005" },
		       { 10000, "0.01" }, { 25000, "0.025" }, { 50000, "0.05" },
		       { 100000, "0.1" }, { 250000, "0.25" }, { 500000, "0.5" },
		       { 1000000, "1" },  { 2500000, "2.5" }, { 5000000, "5" },
		       { 10000000, "10" } };
	char name[80];

	ck_assert_int_eq(metrics_start(NULL), ERR_OK);
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		metric_observe(duration, 0, 0, bounds[i].usec);
		metric_observe(duration, 0, 0, bounds[i].usec + 1);
		snprintf(name, sizeof(name),
			 "remit_duration_seconds_bucket{class=\"2xx\",le=\"%s\"}", bounds[i].le);
		ck_assert_int_eq(value_of(name), (int64_t)(2 * i + 1));
	}
}
END_TEST

START_TEST(test_not_started)
{
	metric_add(plain, 0, 0, 1);
	metric_set(in_flight, 0, 0, 1);
	metric_observe(duration, 0, 0, 1);
	ck_assert_str_eq(exposed(), "");
	ck_assert_int_eq(metrics_start("/nonexistent"), ERR_IO);
	ck_assert_str_eq(exposed(), "");
	ck_assert_int_eq(metrics_start(NULL), ERR_OK);
	ck_assert_str_eq(exposed(), "");
}
END_TEST

static void *add_many(void *unused)
{
	for (int i = 0; i < ADDS; i++) {
		metric_add(plain, 0, 0, 1);
		metric_observe(duration, 2, 0, i);
	}
	return unused;
}

START_TEST(test_threads)
{
	pthread_t threads[THREADS];

	ck_assert_int_eq(metrics_start(dir), ERR_OK);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, add_many, NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(value_of("remit_plain_total"), (int64_t)THREADS * ADDS);
	ck_assert_int_eq(value_of("remit_duration_seconds_count{class=\"5xx\"}"),
			 (int64_t)THREADS * ADDS);
}
END_TEST

struct worker {
	pid_t pid;
	int ready; /* a byte comes when it has counted */
	int stop;  /* a byte ends it */
};

/* A process that counts `adds`, says so, and lives on until told or killed. */
static struct worker worker_start(int adds, int gauge)
{
	int ready[2];
	int stop[2];
	char byte = 0;
	struct worker w;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(stop), 0);
	w.pid = fork();
	ck_assert_int_ge(w.pid, 0);
	if (w.pid == 0) {
		close(ready[0]);
		close(stop[1]);
		metrics_stop();
		if (metrics_start(dir) != ERR_OK)
			_exit(1);
		for (int i = 0; i < adds; i++)
			metric_add(plain, 0, 0, 1);
		metric_observe(duration, 0, 0, adds);
		metric_set(in_flight, 0, 0, gauge);
		metric_set(age, 0, 0, gauge * INT64_C(1000000));
		if (write(ready[1], &byte, 1) != 1 || read(stop[0], &byte, 1) != 1)
			_exit(2);
		metrics_stop();
		_exit(0);
	}
	close(ready[1]);
	close(stop[0]);
	w.ready = ready[0];
	w.stop = stop[1];
	ck_assert_int_eq(read(w.ready, &byte, 1), 1);
	return w;
}

static void worker_end(struct worker *w, int signal_number)
{
	int status = 0;

	if (signal_number != 0)
		kill(w->pid, signal_number);
	else
		ck_assert_int_eq(write(w->stop, "", 1), 1);
	close(w->stop);
	ck_assert_int_eq(waitpid(w->pid, &status, 0), w->pid);
	close(w->ready);
	if (signal_number == 0)
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
}

static int files(void)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	int n = 0;

	ck_assert_ptr_nonnull(d);
	for (entry = readdir(d); entry != NULL; entry = readdir(d))
		n += strncmp(entry->d_name, "metrics-", 8) == 0;
	closedir(d);
	return n;
}

/*
 * Four processes count together; one is killed: what it counted stays, what it had in flight does
 * not. The next one takes its slot over and goes on counting from there.
 */
START_TEST(test_processes)
{
	struct worker w[PROCESSES + 1];
	int64_t expected = 0;

	/* The reader is a fifth process: workers have slots 0 to 3, unless it comes first. */
	for (int i = 0; i < PROCESSES; i++) {
		w[i] = worker_start(1000 + i, 10 + i);
		expected += 1000 + i;
	}
	ck_assert_int_eq(metrics_start(dir), ERR_OK);
	ck_assert_int_eq(files(), 1);
	ck_assert_int_eq(value_of("remit_plain_total"), expected);
	ck_assert_int_eq(value_of("remit_duration_seconds_count{class=\"2xx\"}"), PROCESSES);
	ck_assert_int_eq(value_of("remit_in_flight"), 10 + 11 + 12 + 13);

	worker_end(&w[1], SIGKILL);
	ck_assert_int_eq(value_of("remit_plain_total"), expected);
	ck_assert_int_eq(value_of("remit_duration_seconds_count{class=\"2xx\"}"), PROCESSES);
	ck_assert_int_eq(value_of("remit_in_flight"), 10 + 12 + 13);

	w[1] = worker_start(5, 100);
	expected += 5;
	ck_assert_int_eq(value_of("remit_plain_total"), expected);
	ck_assert_int_eq(value_of("remit_duration_seconds_count{class=\"2xx\"}"), PROCESSES + 1);
	ck_assert_int_eq(value_of("remit_in_flight"), 10 + 12 + 13 + 100);
	for (int i = 0; i < PROCESSES; i++) {
		worker_end(&w[i], 0);
		ck_assert_int_eq(value_of("remit_plain_total"), expected);
	}
	ck_assert_int_eq(value_of("remit_in_flight"), -1);
	metrics_stop();
	/* All have gone: the next one finds the counts of all. */
	ck_assert_int_eq(metrics_start(dir), ERR_OK);
	ck_assert_int_eq(value_of("remit_plain_total"), expected);
}
END_TEST

/* What several measure is shown once: the largest of those that live, whatever their order. */
START_TEST(test_largest_of_the_living)
{
	const char *name = "remit_age_seconds{class=\"2xx\"}";
	const int ages[] = { 3, 7, 5 };
	struct worker w[3];

	ck_assert_int_eq(metrics_start(dir), ERR_OK);
	for (int i = 0; i < 3; i++)
		w[i] = worker_start(0, ages[i]);
	ck_assert_int_eq(value_of(name), 7);
	worker_end(&w[1], SIGKILL);
	ck_assert_int_eq(value_of(name), 5);
	w[1] = worker_start(0, 4);
	ck_assert_int_eq(value_of(name), 5);
	metric_set(age, 0, 0, 9000000);
	ck_assert_int_eq(value_of(name), 9);
	metric_set(age, 0, 0, 0);
	ck_assert_int_eq(value_of(name), 5);
	for (int i = 0; i < 3; i++)
		worker_end(&w[i], 0);
	ck_assert_int_eq(value_of(name), 0);
}
END_TEST

/* It is no sum, and 0 is what nobody has measured. */
START_TEST(test_largest_is_set_only)
{
	int status = 0;
	pid_t pid;

	ck_assert_int_eq(metrics_start(NULL), ERR_OK);
	pid = fork();
	if (pid == 0) {
		fclose(stderr);
		if (_i == 0)
			metric_add(age, 0, 0, 1);
		else
			metric_set(age, 0, 0, -1);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
}
END_TEST

/* A counter seen from outside never falls while processes come and are killed. */
START_TEST(test_counters_never_fall)
{
	struct worker w[PROCESSES];
	int64_t expected = 0;
	int64_t seen = 0;

	ck_assert_int_eq(metrics_start(dir), ERR_OK);
	metric_add(plain, 0, 0, 1);
	expected = 1;
	for (int i = 0; i < PROCESSES; i++)
		w[i] = worker_start(0, 1);
	for (int round = 0; round < 40; round++) {
		struct worker *victim = &w[round % PROCESSES];
		int64_t now;

		worker_end(victim, SIGKILL);
		*victim = worker_start(round, 1);
		expected += round;
		now = value_of("remit_plain_total");
		ck_assert_int_ge(now, seen);
		ck_assert_int_eq(now, expected);
		seen = now;
		ck_assert_int_eq(value_of("remit_in_flight"), PROCESSES);
	}
	for (int i = 0; i < PROCESSES; i++)
		worker_end(&w[i], 0);
}
END_TEST

/* More processes than slots: refused, not overwritten; the slots are 256. */
START_TEST(test_slots_run_out)
{
	struct worker w[256];
	pid_t pid;
	int status = 0;

	for (int i = 0; i < 256; i++)
		w[i] = worker_start(1, 1);
	pid = fork();
	if (pid == 0)
		_exit(metrics_start(dir) == ERR_LIMIT ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	worker_end(&w[200], SIGKILL);
	ck_assert_int_eq(metrics_start(dir), ERR_OK);
	ck_assert_int_eq(value_of("remit_plain_total"), 256);
	ck_assert_int_eq(value_of("remit_in_flight"), 255);
	for (int i = 0; i < 256; i++)
		if (i != 200)
			worker_end(&w[i], 0);
}
END_TEST

static const struct metric_family wrong[] = {
	{ .name = "remit_x", .help = "A counter ends in _total.", .kind = METRIC_COUNTER },
	{ .name = "remit_x_total", .help = "A gauge does not.", .kind = METRIC_GAUGE },
	{ .name = "remit_x", .help = "A histogram ends in _seconds.", .kind = METRIC_HISTOGRAM },
	{ .name = "remit-x", .help = "No dash.", .kind = METRIC_GAUGE },
	{ .name = "1remit", .help = "No digit first.", .kind = METRIC_GAUGE },
	{ .name = "", .help = "No name.", .kind = METRIC_GAUGE },
	{ .name = "remit_x", .help = "", .kind = METRIC_GAUGE },
	{ .name = "remit_in_flight", .help = "Declared twice.", .kind = METRIC_GAUGE },
	{ .name = "remit_x",
	  .help = "No values.",
	  .labels = { { "a", routes, 0 } },
	  .kind = METRIC_GAUGE },
	{ .name = "remit_x",
	  .help = "Second label only.",
	  .kind = METRIC_GAUGE,
	  .labels = { { NULL, NULL, 0 }, { "a", routes, 1 } } },
};

START_TEST(test_wrong_families_abort)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		fclose(stderr);
		metrics_declare(&wrong[_i]);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("metrics");
	TCase *tc = tcase_create("metrics");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_text);
	tcase_add_test(tc, test_bucket_bounds);
	tcase_add_test(tc, test_not_started);
	tcase_add_test(tc, test_threads);
	tcase_add_test(tc, test_processes);
	tcase_add_test(tc, test_largest_of_the_living);
	tcase_add_loop_test(tc, test_largest_is_set_only, 0, 2);
	tcase_add_test(tc, test_counters_never_fall);
	tcase_add_test(tc, test_slots_run_out);
	tcase_add_loop_test(tc, test_wrong_families_abort, 0,
			    (int)(sizeof(wrong) / sizeof(wrong[0])));
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
