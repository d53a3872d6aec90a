/* SPDX-License-Identifier: Apache-2.0 */
#include "app/config/config.h"

#include "app/config/config_internal.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static char dir[64];
static char file[128];
static struct config_fault fault;
static struct config *config;

static void write_bytes(const char *name, const char *text, size_t n)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

static void write_text(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static void make_dir(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/t_config.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/remit.conf", dir);
	config = NULL;
	fault.text[0] = '\0';
	unsetenv("CREDENTIALS_DIRECTORY");
	unsetenv("REMIT_THREADS");
	unsetenv("REMIT_SECRET_KEY");
	unsetenv("REMIT_CACHE_SERVERS");
}

static void teardown(void)
{
	static const char *const names[] = {
		"remit.conf",	    "conf.d/10-a.conf",	   "conf.d/9-b.conf",
		"conf.d/20-c.conf", "conf.d/.hidden.conf", "conf.d/30-d.conf~",
		"secret_key",	    "db_password",	   "threads",
		"conf.d",	    "remit.conf.d",	   ""
	};
	char path[256];

	config_free(config);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		remove(path);
	}
}

static enum err load(const char *text)
{
	write_text("remit.conf", text);
	return config_load(file, &config, &fault);
}

static void assert_loads(const char *text)
{
	enum err e = load(text);

	if (e != ERR_OK)
		ck_abort_msg("refused: %s", fault.text);
}

START_TEST(test_defaults)
{
	assert_loads("");
	ck_assert_str_eq(config->listen, "unix:/run/remit/fcgi.sock");
	ck_assert_str_eq(config->public_url, "http://127.0.0.1:8080");
	ck_assert_str_eq(config->domains, "");
	ck_assert_str_eq(config->secret_key, "");
	ck_assert_int_eq(config->threads, 0);
	ck_assert_int_eq(config->log_level, CONFIG_LOG_INFO);
	ck_assert_int_eq(config->log_sample, 1);
	ck_assert_int_eq(config->db_pool_primary, 12);
	ck_assert_int_eq(config->db_pool_fallback, 4);
	ck_assert_int_eq(config->db_pool_replica, 12);
	ck_assert_int_eq(config->db_lock_wait_s, 2);
	ck_assert_int_eq(config->db_write_timeout_ms, 3000);
	ck_assert_int_eq(config->db_read_timeout_ms, 1000);
	ck_assert_int_eq(config->db_consistent_wait_ms, 50);
	ck_assert_int_eq(config->db_replica_lag_max_s, 5);
	ck_assert_int_eq(config->cache_timeout_ms, 20);
	ck_assert_int_eq(config->cache_ttl_s, 300);
	ck_assert_int_eq(config->session_idle_s, 43200);
	ck_assert_int_eq(config->session_absolute_s, 2592000);
	ck_assert_int_eq(config->password_memory_kib, 19456);
	ck_assert_int_eq(config->password_passes, 2);
	ck_assert_int_eq(config->password_parallel, 2);
	ck_assert_int_eq(config->idempotency_ttl_h, 72);
}
END_TEST

/* Every member of the struct has one row, and no two rows share a place or a name. */
START_TEST(test_table_covers_the_struct)
{
	bool covered[sizeof(struct config)] = { false };

	for (size_t i = 0; i < config_settings_n; i++) {
		const struct setting *s = &config_settings[i];

		ck_assert_uint_gt(strlen(s->doc), 10);
		ck_assert_int_eq(s->doc[strlen(s->doc) - 1], '.');
		ck_assert_ptr_null(strchr(s->doc, '|'));
		ck_assert(s->form != SETTING_CHOICE || s->allowed != NULL);
		ck_assert(s->form == SETTING_CHOICE || s->max > 0);
		for (size_t b = 0; b < 8; b++) {
			ck_assert(!covered[s->offset + b]);
			covered[s->offset + b] = true;
		}
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(config_settings[k].name, s->name);
	}
	for (size_t b = 0; b < sizeof(covered); b++)
		ck_assert_msg(covered[b], "byte %zu has no setting", b);
}
END_TEST

START_TEST(test_file)
{
	assert_loads("# remit\n"
		     "threads = 8 # eight\r\n"
		     "\n"
		     "listen = \"127.0.0.1:9000\"\n"
		     "db_password = \"p\\\"a\\\\s\\$s'\"\n"
		     "db_migrate_password = 'p$a\"${HOME}'\n"
		     "log_level = \"warn\"\n"
		     "db_replicas = \"unix:/a.sock, [::1]:3307,db-2.example.com:1\"\n"
		     "// end\n"
		     "domains = \"orders,billing\"\n"
		     "max_connections=4096");
	ck_assert_int_eq(config->threads, 8);
	ck_assert_int_eq(config->max_connections, 4096);
	ck_assert_str_eq(config->listen, "127.0.0.1:9000");
	ck_assert_str_eq(config->db_password, "p\"a\\s$s'");
	ck_assert_str_eq(config->db_migrate_password, "p$a\"${HOME}");
	ck_assert_str_eq(config->domains, "orders,billing");
	ck_assert_int_eq(config->log_level, CONFIG_LOG_WARN);
}
END_TEST

static const struct {
	const char *text;
	const char *fault; /* after the path of the file */
} bad[] = {
	{ "thread = 8\n", ":1: no such option 'thread'" },
	{ "# a\n# b\n\nthread = 8\n", ":4: no such option 'thread'" },
	{ "/* a */\nmax_connections = 1 // c\nthreads = 257\n", ":3: threads: 257 is above 256" },
	{ "threads = 256\ndb_pool_primary = 0", ":2: db_pool_primary: 0 is below 1" },
	{ "threads = -1", ":1: threads: -1 is below 0" },
	{ "threads = 010", ":1: threads: \"010\" is not a whole number" },
	{ "threads = 8x", ":1: threads: \"8x\" is not a whole number" },
	{ "threads = 1.5", ":1: threads: \"1.5\" is not a whole number" },
	{ "threads = \"\"", ":1: threads: \"\" is not a whole number" },
	{ "threads = 99999999999999999999",
	  ":1: threads: \"99999999999999999999\" is not a whole" },
	{ "\nthreads = 1\n\nthreads = 2\n", ":4: threads: is set twice in this file" },
	{ "\nlisten = \"unix:/x\nthreads = 1\n", ":2: the value is missing or its quote is" },
	{ "\nthreads =\nmax_connections = 1\n", ":2: the value is missing or its quote is" },
	{ "threads 8\n", ":1: missing equal sign after option 'threads'" },
	{ "threads = {1, 2}\n", ":1: unexpected token '{'" },
	{ "worker {\n", ":1: no such option 'worker'" },
	{ "threads = 1 2\n", ":1: no such option '2'" },
	{ "log_level = \"loud\"", ":1: log_level: \"loud\" is none of debug, info, warn, error" },
	{ "log_level = 1", ":1: log_level: \"1\" is none of" },
	{ "log_level = \"INFO\"", ":1: log_level: \"INFO\" is none of" },
	{ "listen = \"\"", ":1: listen: \"\" is empty" },
	{ "listen = \"unix:run\"", ":1: listen: \"unix:run\" needs an absolute path" },
	{ "listen = \"unix:/\"", ":1: listen: \"unix:/\" needs an absolute path" },
	{ "listen = \"/run/x\"", ":1: listen: \"/run/x\" is neither" },
	{ "listen = \"localhost\"", ":1: listen: \"localhost\" is neither" },
	{ "listen = \":80\"", ":1: listen: \":80\" is neither" },
	{ "listen = \"h:0\"", ":1: listen: \"h:0\" is neither" },
	{ "listen = \"h:65536\"", ":1: listen: \"h:65536\" is neither" },
	{ "listen = \"h:+1\"", ":1: listen: \"h:+1\" is neither" },
	{ "listen = \"::1:80\"", ":1: listen: \"::1:80\" is neither" },
	{ "listen = \"[::1]\"", ":1: listen: \"[::1]\" is neither" },
	{ "listen = \"[]:80\"", ":1: listen: \"[]:80\" is neither" },
	{ "db_replicas = \"h:1,,h:2\"", ":1: db_replicas: \"h:1,,h:2\" has an empty item" },
	{ "db_replicas = \"h:1,h\"", ":1: db_replicas: \"h:1,h\" is neither" },
	{ "db_replicas = \",\"", ":1: db_replicas: \",\" has an empty item" },
	{ "cache_servers=\"a:1,a:2,a:3,a:4,a:5,a:6,a:7,a:8,a:9,a:1,a:2,a:3,a:4,a:5,a:6,a:7,a:8\"",
	  ":1: cache_servers: \"a:1,a:2,a:3,a:4,a:5,a:6,a:7,a:8,a:9,a:1,a:2,a:3,a:4,a:5,a:6,a:7,"
	  "a:8\" has more than 16 items" },
	{ "public_url = \"http://x/\"", ":1: public_url: \"http://x/\" ends with a slash" },
	{ "public_url = \"https://\"", ":1: public_url: \"https://\" ends with a slash" },
	{ "public_url = \"ftp://x\"", ":1: public_url: \"ftp://x\" begins with neither" },
	{ "public_url = \"http://a b\"", ":1: public_url: \"http://a b\" has no valid host" },
	{ "public_url = \"http://:1\"", ":1: public_url: \"http://:1\" has no valid host" },
	{ "public_url = \"http://a/b?c\"", ":1: public_url: \"http://a/b?c\" has characters" },
	{ "cors_origins = \"https://a.example/x\"",
	  ":1: cors_origins: \"https://a.example/x\" has a" },
	{ "db_name = \"a`b\"", ":1: db_name: \"a`b\" has characters that no name has" },
	{ "db_name = \"\"", ":1: db_name: \"\" is empty" },
	{ "domains = \"a b\"", ":1: domains: \"a b\" has characters that no name has" },
	{ "db_password = \"a\\nb\"", ":1: db_password: the value has a control character" },
	{ "db_password = \"a\xff\"", ":1: db_password: the value is not UTF-8" },
	{ "secret_key = \"0123\"", ":1: secret_key: the value is not 64 digits long" },
	{ "secret_key = \"" KEY "0\"", ":1: secret_key: the value is not 64 digits long" },
	{ "secret_key = \"g" KEY "\"", ":1: secret_key: the value has other characters than" },
};

START_TEST(test_bad_file)
{
	char expected[512];

	ck_assert_int_eq(load(bad[_i].text), ERR_CONFIG);
	ck_assert_ptr_null(config);
	snprintf(expected, sizeof(expected), "%s%s", file, bad[_i].fault);
	if (strncmp(fault.text, expected, strlen(expected)) != 0)
		ck_abort_msg("\"%s\" does not begin with \"%s\"", fault.text, expected);
}
END_TEST

START_TEST(test_boundaries)
{
	char text[512];
	char path[128];

	for (size_t i = 0; i < config_settings_n; i++) {
		const struct setting *s = &config_settings[i];

		if (s->form != SETTING_INT || strncmp(s->name, "session", 7) == 0)
			continue;
		for (int k = 0; k < 4; k++) {
			int64_t v = k == 0 ? s->min - 1 : k == 1 ? s->min : s->max + (k - 2);

			snprintf(text, sizeof(text), "%s = %lld\n", s->name, (long long)v);
			ck_assert_msg((load(text) == ERR_OK) == (k == 1 || k == 2), "%s", text);
			if (k == 1 || k == 2)
				ck_assert_int_eq(setting_number(config, s), v);
			config_free(config);
			config = NULL;
		}
	}
	for (int n = 106; n <= 108; n++) {
		memset(path, 'a', sizeof(path));
		snprintf(text, sizeof(text), "listen = \"unix:/%.*s\"\n", n - 1, path);
		ck_assert_int_eq(load(text), n <= 107 ? ERR_OK : ERR_CONFIG);
		config_free(config);
		config = NULL;
	}
}
END_TEST

START_TEST(test_bad_sources)
{
	ck_assert_int_eq(config_load("/nonexistent/remit.conf", &config, &fault), ERR_CONFIG);
	ck_assert_str_eq(fault.text,
			 "/nonexistent/remit.conf: cannot be opened: No such file or directory");
	ck_assert_int_eq(config_load(dir, &config, &fault), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(fault.text, "cannot be read: Is a directory"));
	write_bytes("remit.conf", "threads = 1\n\0\n", 14);
	ck_assert_int_eq(config_load(file, &config, &fault), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(fault.text, "has a NUL byte"));
	ck_assert_int_eq(load("session_idle_s = 100\nsession_absolute_s = 99\n"), ERR_CONFIG);
	ck_assert_str_eq(fault.text, "settings: session_absolute_s is below session_idle_s");
}
END_TEST

START_TEST(test_file_size)
{
	size_t n = CONFIG_FILE_MAX;
	char *text = malloc(n + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, '\n', n + 1);
	memcpy(text + n - 11, "threads = 7", 11);
	write_bytes("remit.conf", text, n);
	ck_assert_int_eq(config_load(file, &config, &fault), ERR_OK);
	ck_assert_int_eq(config->threads, 7);
	config_free(config);
	config = NULL;
	write_bytes("remit.conf", text, n + 1);
	ck_assert_int_eq(config_load(file, &config, &fault), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(fault.text, "is larger than 1 MiB"));
	free(text);
}
END_TEST

/* A very long value does not break the message. */
START_TEST(test_long_fault)
{
	char text[4096];

	memset(text, 'a', sizeof(text));
	memcpy(text, "listen = \"", 10);
	memcpy(text + sizeof(text) - 3, "\"\n", 3);
	ck_assert_int_eq(load(text), ERR_CONFIG);
	ck_assert_uint_lt(strlen(fault.text), sizeof(fault.text));
	ck_assert_ptr_nonnull(strstr(fault.text, ":1: listen: \"aaaa"));
}
END_TEST

START_TEST(test_drop_ins)
{
	make_dir("conf.d");
	write_text("conf.d/10-a.conf", "threads = 10\nmax_connections = 10\n");
	write_text("conf.d/20-c.conf", "threads = 20\n");
	write_text("conf.d/9-b.conf", "threads = 9\nlog_sample = 9\n");
	write_text("conf.d/.hidden.conf", "nonsense\n");
	write_text("conf.d/30-d.conf~", "nonsense\n");
	assert_loads("threads = 1\nmax_connections = 1\nlog_sample = 1\n");
	ck_assert_int_eq(config->threads, 9);
	ck_assert_int_eq(config->max_connections, 10);
	ck_assert_int_eq(config->log_sample, 9);
	config_free(config);
	config = NULL;
	write_text("conf.d/20-c.conf", "\n\nthreads = x\n");
	ck_assert_int_eq(load(""), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(fault.text, "/conf.d/20-c.conf:3: threads: "));
}
END_TEST

START_TEST(test_environment)
{
	setenv("REMIT_THREADS", "33", 1);
	setenv("REMIT_CACHE_SERVERS", "", 1);
	assert_loads("threads = 1\ncache_servers = \"a:1\"\n");
	ck_assert_int_eq(config->threads, 33);
	ck_assert_str_eq(config->cache_servers, "");
	config_free(config);
	config = NULL;
	setenv("REMIT_THREADS", "900", 1);
	ck_assert_int_eq(load(""), ERR_CONFIG);
	ck_assert_str_eq(fault.text, "environment REMIT_THREADS: threads: 900 is above 256");
}
END_TEST

START_TEST(test_credentials)
{
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	setenv("REMIT_SECRET_KEY", "bad but overridden below", 1);
	ck_assert_int_eq(load(""), ERR_CONFIG);
	unsetenv("REMIT_SECRET_KEY");
	write_text("secret_key", KEY "\n");
	write_text("db_password", "two words");
	write_text("threads", "9");
	assert_loads("db_password = \"file\"\nthreads = 2\n");
	ck_assert_str_eq(config->secret_key, KEY);
	ck_assert_str_eq(config->db_password, "two words");
	ck_assert_int_eq(config->threads, 2);
	config_free(config);
	config = NULL;
	write_text("secret_key", KEY "\n\n");
	ck_assert_int_eq(load(""), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(fault.text, "/secret_key: secret_key: the value has a"));
	ck_assert_ptr_null(strstr(fault.text, "0011"));
}
END_TEST

static struct str shown(struct arena *a, const struct config *c)
{
	struct buf b;
	struct str s = STR_NONE;

	buf_init(&b, a, 0, 1 << 20);
	config_show(c, &b);
	ck_assert_int_eq(buf_finish(&b, &s), ERR_OK);
	return s;
}

/* What is shown loads again as the same, but for secrets, which never stand in it. */
START_TEST(test_show_round_trip)
{
	struct arena *a = arena_new(1 << 20);
	struct config *again = NULL;
	struct str first;
	struct str second;

	assert_loads("runtime_dir = \"/a b\\\"c\\\\d\\${HOME}#//\"\nlog_level = \"error\"\n"
		     "db_replicas = \"a:1,b:2\"\nthreads = 5\ndb_password = \"hush\"\n"
		     "secret_key = \"" KEY "\"\n");
	ck_assert_str_eq(config->runtime_dir, "/a b\"c\\d${HOME}#//");
	first = shown(a, config);
	ck_assert_ptr_null(memmem(first.p, first.n, "hush", 4));
	ck_assert_ptr_null(memmem(first.p, first.n, "0011", 4));
	ck_assert_ptr_nonnull(memmem(first.p, first.n, "secret_key = \"***\"\n", 19));
	ck_assert_ptr_nonnull(memmem(first.p, first.n, "db_migrate_password = \"\"\n", 25));
	write_bytes("remit.conf", first.p, first.n);
	setenv("REMIT_SECRET_KEY", KEY, 1);
	ck_assert_int_eq(config_load(file, &again, &fault), ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(fault.text, "secret_key"));
	memcpy(memmem((char *)(uintptr_t)first.p, first.n, "= \"***\"", 7), "= \"\"   ", 7);
	write_bytes("remit.conf", first.p, first.n);
	ck_assert_int_eq(config_load(file, &again, &fault), ERR_OK);
	second = shown(a, again);
	ck_assert_str_eq(again->runtime_dir, config->runtime_dir);
	ck_assert_int_eq(again->threads, 5);
	ck_assert_uint_eq(second.n, first.n);
	config_free(again);
	arena_free(a);
}
END_TEST

START_TEST(test_doc_names_every_setting)
{
	struct arena *a = arena_new(1 << 20);
	struct buf b;
	struct str doc = STR_NONE;
	char needle[80];

	buf_init(&b, a, 0, 1 << 20);
	config_doc(&b);
	ck_assert_int_eq(buf_finish(&b, &doc), ERR_OK);
	for (size_t i = 0; i < config_settings_n; i++) {
		snprintf(needle, sizeof(needle), "\n| `%s` | ", config_settings[i].name);
		ck_assert_ptr_nonnull(memmem(doc.p, doc.n, needle, strlen(needle)));
	}
	arena_free(a);
}
END_TEST

START_TEST(test_merge_reload)
{
	struct arena *a = arena_new(1 << 20);
	struct config *old = NULL;
	struct config *merged = NULL;
	struct str ignored = STR_NONE;

	assert_loads("threads = 1\nlog_level = \"info\"\nlisten = \"a:1\"\nlog_sample = 5\n");
	old = config;
	config = NULL;
	assert_loads("threads = 2\nlog_level = \"debug\"\nlisten = \"a:2\"\n"
		     "cors_origins = \"https://a.example:8443\"\n");
	ck_assert_int_eq(config_merge_reload(old, config, a, &merged, &ignored), ERR_OK);
	ck_assert_msg(str_eq_z(ignored, "listen,threads"), STR_FMT, STR_ARG(ignored));
	ck_assert_int_eq(merged->threads, 1);
	ck_assert_str_eq(merged->listen, "a:1");
	ck_assert_int_eq(merged->log_level, CONFIG_LOG_DEBUG);
	ck_assert_int_eq(merged->log_sample, 1);
	ck_assert_str_eq(merged->cors_origins, "https://a.example:8443");
	config_free(old);
	config_free(config);
	config = NULL;
	/* It owns its strings, and a second reload without a change ignores nothing. */
	ck_assert_str_eq(merged->listen, "a:1");
	ck_assert_int_eq(config_merge_reload(merged, merged, a, &config, &ignored), ERR_OK);
	ck_assert_uint_eq(ignored.n, 0);
	config_free(merged);
	arena_free(a);
}
END_TEST

static const struct {
	const char *value;
	size_t n;
	const char *items[3];
} lists[] = {
	{ "", 0, { NULL } },
	{ "a", 1, { "a" } },
	{ "a,b", 2, { "a", "b" } },
	{ " a , b\t,c ", 3, { "a", "b", "c" } },
	{ ",a,,b,", 2, { "a", "b" } },
	{ " , ", 0, { NULL } },
	{ "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", 16, { "1", "2", "3" } },
};

START_TEST(test_list)
{
	struct str items[CONFIG_LIST_MAX];

	ck_assert_uint_eq(config_list(lists[_i].value, items), lists[_i].n);
	for (size_t k = 0; k < 3 && lists[_i].items[k] != NULL; k++)
		ck_assert(str_eq_z(items[k], lists[_i].items[k]));
}
END_TEST

START_TEST(test_free_null)
{
	config_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tc = tcase_create("config");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_defaults);
	tcase_add_test(tc, test_table_covers_the_struct);
	tcase_add_test(tc, test_file);
	tcase_add_loop_test(tc, test_bad_file, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, test_boundaries);
	tcase_add_test(tc, test_bad_sources);
	tcase_add_test(tc, test_file_size);
	tcase_add_test(tc, test_long_fault);
	tcase_add_test(tc, test_drop_ins);
	tcase_add_test(tc, test_environment);
	tcase_add_test(tc, test_credentials);
	tcase_add_test(tc, test_show_round_trip);
	tcase_add_test(tc, test_doc_names_every_setting);
	tcase_add_test(tc, test_merge_reload);
	tcase_add_loop_test(tc, test_list, 0, (int)(sizeof(lists) / sizeof(lists[0])));
	tcase_add_test(tc, test_free_null);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
