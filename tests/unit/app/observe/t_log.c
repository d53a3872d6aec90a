/* SPDX-License-Identifier: Apache-2.0 */
#include "app/observe/log.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_ROOM = 64 << 20, THREADS = 8, LINES = 20000 };

static int saved_stderr = -1;
static int out = -1;
static char *text;

/* Standard error becomes a file without a name. */
static void setup(void)
{
	char path[] = "/tmp/t_log.XXXXXX";

	out = mkstemp(path);
	ck_assert_int_ge(out, 0);
	unlink(path);
	saved_stderr = dup(STDERR_FILENO);
	ck_assert_int_eq(dup2(out, STDERR_FILENO), STDERR_FILENO);
	unsetenv("JOURNAL_STREAM");
	log_set_level(LOG_INFO);
}

static void restore(void)
{
	if (saved_stderr < 0)
		return;
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	saved_stderr = -1;
}

static void teardown(void)
{
	log_stop();
	restore();
	close(out);
	free(text);
	text = NULL;
}

/* What was written so far. */
static const char *written(void)
{
	struct stat st;

	ck_assert_int_eq(fstat(out, &st), 0);
	ck_assert_int_lt(st.st_size, TEXT_ROOM);
	free(text);
	text = calloc(1, (size_t)st.st_size + 1);
	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(pread(out, text, (size_t)st.st_size, 0), st.st_size);
	return text;
}

static void wait_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void assert_has(const char *needle)
{
	if (strstr(written(), needle) == NULL)
		ck_abort_msg("\"%s\" is not in: %.2000s", needle, text);
}

START_TEST(test_line)
{
	const struct id id = { { 0x01, 0x8f, 0xff } };
	char pid[32];

	ck_assert_int_eq(log_start("remitd", LOG_INFO), ERR_OK);
	log_line(LOG_INFO, "request", LOG_Z("route", "orders.get"), LOG_I("status", 200),
		 LOG_I("least", INT64_MIN), LOG_ID("account", "acc", id), LOG_S("absent", STR_NONE),
		 LOG_S("empty", STR("")));
	log_stop();
	snprintf(pid, sizeof(pid), "\"pid\":%d,", getpid());
	assert_has("\",\"level\":\"info\",\"program\":\"remitd\",\"pid\":");
	assert_has(pid);
	assert_has(",\"msg\":\"request\",\"route\":\"orders.get\",\"status\":200,"
		   "\"least\":-9223372036854775808,\"account\":\"acc_"
		   "01hzzg00000000000000000000\",\"empty\":\"\"}\n");
	ck_assert_int_eq(strncmp(text, "{\"time\":\"2", 10), 0);
	/* 2026-11-23T23:11:00.123Z */
	ck_assert_int_eq(text[9 + 10], 'T');
	ck_assert_int_eq(text[9 + 19], '.');
	ck_assert_int_eq(strncmp(text + 9 + 23, "Z\"", 2), 0);
}
END_TEST

static const struct {
	const char *value;
	const char *json;
} values[] = {
	{ "plain", "\"plain\"" },
	{ "\"\\/", "\"\\\"\\\\/\"" },
	{ "\n\t\r\x01\x7f", "\"\\n\\t\\u000d\\u0001\\u007f\"" },
	{ "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"" },
	{ "a\xff"
	  "b",
	  "\"a\\ufffdb\"" },
	{ "\xc3", "\"\\ufffd\"" },
	{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
	{ "}\n{\"level\":\"error\"", "\"}\\n{\\\"level\\\":\\\"error\\\"\"" },
};

START_TEST(test_escaping)
{
	char expected[256];

	log_line(LOG_WARN, values[_i].value, LOG_Z("v", values[_i].value), LOG_I("end", 1));
	snprintf(expected, sizeof(expected), "\"msg\":%s,\"v\":%s,\"end\":1}\n", values[_i].json,
		 values[_i].json);
	assert_has(expected);
}
END_TEST

/* Values are cut at 1024 bytes, between characters; fields that do not fit are left out. */
START_TEST(test_long_values)
{
	char big[3001];
	struct log_field fields[20];
	const char *at;
	size_t n;

	for (size_t i = 0; i < 3000; i += 3)
		memcpy(big + i, "\xe2\x82\xac", 3);
	big[3000] = '\0';
	log_line(LOG_WARN, "m", LOG_Z("v", big));
	at = strstr(written(), "\"v\":\"");
	ck_assert_ptr_nonnull(at);
	n = strcspn(at + 5, "\"");
	ck_assert_uint_eq(n, 1023);
	ck_assert_ptr_null(strstr(text, "truncated"));

	memset(big, '\x01', 3000);
	for (size_t i = 0; i < 20; i++)
		fields[i] = LOG_Z("big", big);
	fields[19] = LOG_I("last", 19);
	ck_assert_int_eq(ftruncate(out, 0), 0);
	lseek(out, 0, SEEK_SET);
	log_write(LOG_WARN, big, fields, 20);
	/* The message takes 6 KiB escaped; no value fits then, but the number does. */
	assert_has("\",\"last\":19,\"truncated\":true}\n");
	ck_assert_ptr_null(strstr(text, "\"big\""));
	ck_assert_uint_lt(strlen(text), 8192);
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

START_TEST(test_levels)
{
	ck_assert_int_eq(log_start("t", LOG_WARN), ERR_OK);
	ck_assert(!log_enabled(LOG_INFO));
	ck_assert(log_enabled(LOG_WARN));
	log_line(LOG_DEBUG, "d1", LOG_I("i", 0));
	log_line(LOG_INFO, "i1", LOG_I("i", 0));
	log_write(LOG_INFO, "i2", NULL, 0);
	log_line(LOG_WARN, "w1", LOG_I("i", 0));
	log_set_level(LOG_DEBUG);
	log_line(LOG_DEBUG, "d2", LOG_I("i", 0));
	log_line(LOG_ERROR, "e1", LOG_I("i", 0));
	log_stop();
	ck_assert_ptr_null(strstr(written(), "d1"));
	ck_assert_ptr_null(strstr(text, "i1"));
	ck_assert_ptr_null(strstr(text, "i2"));
	assert_has("\"level\":\"warn\"");
	assert_has("\"level\":\"debug\"");
	assert_has("\"level\":\"error\"");
}
END_TEST

/* Information is gathered, and written after 200 ms without anybody's doing. */
START_TEST(test_gathers)
{
	ck_assert_int_eq(log_start("t", LOG_INFO), ERR_OK);
	log_line(LOG_INFO, "first", LOG_I("i", 1));
	ck_assert_uint_eq(strlen(written()), 0);
	for (int i = 0; i < 50 && strlen(written()) == 0; i++)
		wait_ms(20);
	assert_has("\"first\"");
}
END_TEST

/* A warning leaves at once, after what was gathered before it. */
START_TEST(test_warning_flushes)
{
	const char *first;
	const char *second;

	ck_assert_int_eq(log_start("t", LOG_INFO), ERR_OK);
	log_line(LOG_INFO, "before", LOG_I("i", 1));
	log_line(LOG_WARN, "warning", LOG_I("i", 2));
	first = strstr(written(), "\"before\"");
	second = strstr(text, "\"warning\"");
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_nonnull(second);
	ck_assert(first < second);
}
END_TEST

START_TEST(test_full_buffer_is_written)
{
	ck_assert_int_eq(log_start("t", LOG_INFO), ERR_OK);
	for (int i = 0; i < 100000; i++)
		log_line(LOG_INFO, "much", LOG_I("i", i));
	log_stop();
	assert_has("\"i\":0}\n");
	assert_has("\"i\":99999}\n");
}
END_TEST

static void *log_many(void *arg)
{
	const int64_t thread = *(const int64_t *)arg;

	for (int64_t i = 0; i < LINES; i++)
		log_line(i % 1000 == 999 ? LOG_WARN : LOG_INFO, "line", LOG_I("thread", thread),
			 LOG_I("i", i), LOG_Z("pad", "0123456789012345678901234567890123456789"));
	return NULL;
}

/* With eight threads every line is there once, whole, and in the order of its thread. */
START_TEST(test_threads)
{
	pthread_t threads[THREADS];
	int64_t numbers[THREADS];
	long long next[THREADS] = { 0 };
	const char *line;
	size_t lines = 0;

	ck_assert_int_eq(log_start("t", LOG_INFO), ERR_OK);
	for (int64_t i = 0; i < THREADS; i++) {
		numbers[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, log_many, &numbers[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	log_stop();
	for (line = written(); *line != '\0'; line = strchr(line, '\n') + 1) {
		char copy[512] = "";
		long long thread = -1;
		long long i = -1;
		int end = 0;
		const char *at;

		ck_assert_uint_lt(strcspn(line, "\n"), sizeof(copy));
		memcpy(copy, line, strcspn(line, "\n"));
		ck_assert_int_eq(strncmp(copy, "{\"time\":\"", 9), 0);
		at = strstr(copy, ",\"thread\":");
		ck_assert_ptr_nonnull(at);
		ck_assert_int_eq(sscanf(at, ",\"thread\":%lld,\"i\":%lld,\"pad\":\"%*40[0-9]\"}%n",
					&thread, &i, &end),
				 2);
		ck_assert(end > 0 && at[end] == '\0');
		ck_assert(thread >= 0 && thread < THREADS);
		ck_assert_int_eq(i, next[thread]++);
		lines++;
	}
	ck_assert_uint_eq(lines, (size_t)THREADS * LINES);
}
END_TEST

START_TEST(test_journal)
{
	struct stat st;
	char stream[64];

	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	ck_assert_int_eq(log_start("t", LOG_DEBUG), ERR_OK);
	log_line(LOG_ERROR, "e", LOG_I("i", 1));
	log_line(LOG_DEBUG, "d", LOG_I("i", 1));
	log_stop();
	ck_assert_int_eq(strncmp(written(), "<3>{\"time\"", 10), 0);
	assert_has("\n<7>{\"time\"");
	setenv("JOURNAL_STREAM", "1:1", 1);
	ck_assert_int_eq(ftruncate(out, 0), 0);
	lseek(out, 0, SEEK_SET);
	ck_assert_int_eq(log_start("t", LOG_INFO), ERR_OK);
	log_line(LOG_ERROR, "e", LOG_I("i", 1));
	ck_assert_int_eq(strncmp(written(), "{\"time\"", 7), 0);
	unsetenv("JOURNAL_STREAM");
	log_stop();
	ck_assert_int_eq(log_start("t", LOG_INFO), ERR_OK);
}
END_TEST

/* A reader that is slow on a non-blocking pipe loses nothing. */
static void *read_slowly(void *arg)
{
	const int fd = *(const int *)arg;
	static size_t newlines;
	char chunk[1000];
	ssize_t got = 1;

	newlines = 0;
	wait_ms(50);
	while (got > 0) {
		got = read(fd, chunk, sizeof(chunk));
		for (ssize_t i = 0; i < got; i++)
			newlines += chunk[i] == '\n';
	}
	return &newlines;
}

START_TEST(test_full_pipe)
{
	int ends[2];
	pthread_t reader;
	void *newlines;

	ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
	fcntl(ends[0], F_SETFL, 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	ck_assert_int_eq(pthread_create(&reader, NULL, read_slowly, &ends[0]), 0);
	ck_assert_int_eq(log_start("t", LOG_INFO), ERR_OK);
	for (int i = 0; i < 10000; i++)
		log_line(LOG_INFO, "piped", LOG_I("i", i));
	log_stop();
	restore();
	pthread_join(reader, &newlines);
	close(ends[0]);
	ck_assert_uint_eq(*(const size_t *)newlines, 10000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_line);
	tcase_add_loop_test(tc, test_escaping, 0, (int)(sizeof(values) / sizeof(values[0])));
	tcase_add_test(tc, test_long_values);
	tcase_add_test(tc, test_levels);
	tcase_add_test(tc, test_gathers);
	tcase_add_test(tc, test_warning_flushes);
	tcase_add_test(tc, test_full_buffer_is_written);
	tcase_add_test(tc, test_threads);
	tcase_add_test(tc, test_journal);
	tcase_add_test(tc, test_full_pipe);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
