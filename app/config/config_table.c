/* SPDX-License-Identifier: Apache-2.0 */
/* The table of settings, and the checks of their values. */
#include "app/config/config_internal.h"

#include "app/base/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef REMIT_SCHEMA_DIR
#define REMIT_SCHEMA_DIR "schema"
#endif

#define AT(member) .offset = offsetof(struct config, member)

static const char *const log_levels[] = {
	[CONFIG_LOG_DEBUG] = "debug",
	[CONFIG_LOG_INFO] = "info",
	[CONFIG_LOG_WARN] = "warn",
	[CONFIG_LOG_ERROR] = "error",
	NULL,
};

/* Rows stand in the order of the reference: config_show and config_doc follow it. */
/* clang-format off */
const struct setting config_settings[] = {
	{ .name = "listen", AT(listen), .form = SETTING_ENDPOINT, .min = 1, .max = 255,
	  .initial = "unix:/run/remit/fcgi.sock",
	  .doc = "Where the worker accepts FastCGI connections. Ignored when it inherits a "
		 "listening socket (socket activation)." },
	{ .name = "public_url", AT(public_url), .form = SETTING_URL, .min = 1, .max = 255,
	  .initial = "http://127.0.0.1:8080",
	  .doc = "The address clients call, without a trailing slash; links in answers begin "
		 "with it." },
	{ .name = "threads", AT(threads), .form = SETTING_INT, .min = 0, .max = 256,
	  .initial = "0",
	  .doc = "Worker threads of a process; 0 means 4 for each processor core." },
	{ .name = "max_connections", AT(max_connections), .form = SETTING_INT, .min = 1, .max = 4096,
	  .initial = "1024",
	  .doc = "Connections from nginx, above which a process accepts no more." },
	{ .name = "domains", AT(domains), .form = SETTING_NAMES, .min = 0, .max = 255,
	  .initial = "",
	  .doc = "The domains this pool of workers serves beside system, separated by commas; "
		 "empty means all." },
	{ .name = "runtime_dir", AT(runtime_dir), .form = SETTING_PATH, .min = 1, .max = 255,
	  .initial = "/run/remit",
	  .doc = "Directory of the shared-memory metrics; all workers of a host need the "
		 "same." },
	{ .name = "cors_origins", AT(cors_origins), .form = SETTING_ORIGINS, .min = 0,
	  .max = 2048, .initial = "", .reloadable = true,
	  .doc = "Origins whose pages may call the API from a browser, separated by commas; "
		 "empty means none." },
	{ .name = "log_level", AT(log_level), .form = SETTING_CHOICE, .allowed = log_levels,
	  .initial = "info", .reloadable = true,
	  .doc = "The least severe level that is logged." },
	{ .name = "log_sample", AT(log_sample), .form = SETTING_INT, .min = 1, .max = 1000000,
	  .initial = "1", .reloadable = true,
	  .doc = "Of how many successful requests one is logged; failures are always logged." },
	{ .name = "secret_key", AT(secret_key), .form = SETTING_HEX, .min = 64, .max = 64,
	  .initial = "", .secret = true,
	  .doc = "64 hexadecimal digits that authenticate cursors and consistency tokens. The "
		 "worker needs it; all workers need the same." },
	{ .name = "db_primary", AT(db_primary), .form = SETTING_ENDPOINT, .min = 1, .max = 255,
	  .initial = "unix:/run/mysqld/mysqld.sock",
	  .doc = "The database server that takes writes." },
	{ .name = "db_replicas", AT(db_replicas), .form = SETTING_ENDPOINTS, .min = 0,
	  .max = 2048, .initial = "",
	  .doc = "Database servers for reads, separated by commas; empty means that the primary "
		 "is read." },
	{ .name = "db_name", AT(db_name), .form = SETTING_NAME, .min = 1, .max = 64,
	  .initial = "remit",
	  .doc = "The database." },
	{ .name = "db_user", AT(db_user), .form = SETTING_NAME, .min = 1, .max = 80,
	  .initial = "remit",
	  .doc = "The database user of the workers." },
	{ .name = "db_password", AT(db_password), .form = SETTING_TEXT, .min = 0, .max = 255,
	  .initial = "", .secret = true,
	  .doc = "The password of that user." },
	{ .name = "db_migrate_user", AT(db_migrate_user), .form = SETTING_NAME, .min = 1,
	  .max = 80, .initial = "remit_migrate",
	  .doc = "The database user of migrations, who may create and alter tables and grant "
		 "rights." },
	{ .name = "db_migrate_password", AT(db_migrate_password), .form = SETTING_TEXT, .min = 0,
	  .max = 255, .initial = "", .secret = true,
	  .doc = "The password of that user." },
	{ .name = "schema_dir", AT(schema_dir), .form = SETTING_PATH, .min = 1, .max = 255,
	  .initial = REMIT_SCHEMA_DIR,
	  .doc = "Directory of the migrations." },
	{ .name = "db_pool_primary", AT(db_pool_primary), .form = SETTING_INT, .min = 1,
	  .max = 256, .initial = "12",
	  .doc = "Connections of a process to the primary for writes." },
	{ .name = "db_pool_fallback", AT(db_pool_fallback), .form = SETTING_INT, .min = 1,
	  .max = 256, .initial = "4",
	  .doc = "Connections of a process to the primary for reads that no replica can "
		 "answer." },
	{ .name = "db_pool_replica", AT(db_pool_replica), .form = SETTING_INT, .min = 1,
	  .max = 256, .initial = "12",
	  .doc = "Connections of a process to each replica." },
	{ .name = "db_lock_wait_s", AT(db_lock_wait_s), .form = SETTING_INT, .min = 1, .max = 50,
	  .initial = "2",
	  .doc = "Longest wait of a statement for a row lock, in seconds." },
	{ .name = "db_write_timeout_ms", AT(db_write_timeout_ms), .form = SETTING_INT, .min = 100,
	  .max = 60000, .initial = "3000",
	  .doc = "Longest statement of a write, in milliseconds." },
	{ .name = "db_read_timeout_ms", AT(db_read_timeout_ms), .form = SETTING_INT, .min = 50,
	  .max = 60000, .initial = "1000",
	  .doc = "Longest statement of a read, in milliseconds." },
	{ .name = "db_consistent_wait_ms", AT(db_consistent_wait_ms), .form = SETTING_INT,
	  .min = 0, .max = 1000, .initial = "50",
	  .doc = "Longest wait for a replica to reach what the client has seen, in milliseconds; "
		 "then the primary is read." },
	{ .name = "db_replica_lag_max_s", AT(db_replica_lag_max_s), .form = SETTING_INT,
	  .min = 1, .max = 15, .initial = "5",
	  .doc = "A replica that is further behind the primary is not read until it has caught "
		 "up, in seconds." },
	{ .name = "cache_servers", AT(cache_servers), .form = SETTING_ENDPOINTS, .min = 0,
	  .max = 2048, .initial = "",
	  .doc = "Memcached servers, separated by commas, in the same order for all workers; "
		 "empty means no cache." },
	{ .name = "cache_timeout_ms", AT(cache_timeout_ms), .form = SETTING_INT, .min = 1,
	  .max = 1000, .initial = "20",
	  .doc = "Longest connect and operation of the cache, in milliseconds." },
	{ .name = "cache_ttl_s", AT(cache_ttl_s), .form = SETTING_INT, .min = 1, .max = 86400,
	  .initial = "300",
	  .doc = "Life of a cached object in seconds, give or take a tenth." },
	{ .name = "session_idle_s", AT(session_idle_s), .form = SETTING_INT, .min = 60,
	  .max = 31536000, .initial = "43200",
	  .doc = "Seconds without a request after which a session ends." },
	{ .name = "session_absolute_s", AT(session_absolute_s), .form = SETTING_INT, .min = 60,
	  .max = 31536000, .initial = "2592000",
	  .doc = "Seconds after log-in at which a session ends; not below session_idle_s." },
	{ .name = "password_memory_kib", AT(password_memory_kib), .form = SETTING_INT,
	  .min = 8192, .max = 1048576, .initial = "19456",
	  .doc = "Memory of one Argon2id password hash in KiB." },
	{ .name = "password_passes", AT(password_passes), .form = SETTING_INT, .min = 1,
	  .max = 16, .initial = "2",
	  .doc = "Passes of one Argon2id password hash." },
	{ .name = "password_parallel", AT(password_parallel), .form = SETTING_INT, .min = 1,
	  .max = 64, .initial = "2",
	  .doc = "Password hashes a process computes at once; more log-ins wait or are "
		 "refused." },
	{ .name = "idempotency_ttl_h", AT(idempotency_ttl_h), .form = SETTING_INT, .min = 1,
	  .max = 720, .initial = "72",
	  .doc = "Hours for which the answer to an idempotency key is replayed." },
};
/* clang-format on */
const size_t config_settings_n = sizeof(config_settings) / sizeof(config_settings[0]);

bool setting_is_number(const struct setting *s)
{
	return s->form == SETTING_INT || s->form == SETTING_CHOICE;
}

int64_t setting_number(const struct config *c, const struct setting *s)
{
	int64_t v;

	CHECK(setting_is_number(s));
	memcpy(&v, (const char *)c + s->offset, sizeof(v));
	return v;
}

const char *setting_string(const struct config *c, const struct setting *s)
{
	const char *v;

	CHECK(!setting_is_number(s));
	memcpy(&v, (const char *)c + s->offset, sizeof(v));
	return v;
}

enum err config_fault_set(struct config_fault *fault, const char *where, const char *format, ...)
{
	va_list ap;
	int n = snprintf(fault->text, sizeof(fault->text), "%s: ", where);

	if (n > 0 && (size_t)n < sizeof(fault->text)) {
		va_start(ap, format);
		(void)vsnprintf(fault->text + n, sizeof(fault->text) - (size_t)n, format, ap);
		va_end(ap);
	}
	return ERR_CONFIG;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]) && !is_letter(s.p[i]) && s.p[i] != '_' && s.p[i] != '-')
			return false;
	return s.n > 0;
}

static bool is_host(struct str s)
{
	if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']') {
		for (size_t i = 1; i < s.n - 1; i++)
			if (!is_hex(s.p[i]) && s.p[i] != ':' && s.p[i] != '.')
				return false;
		return s.n > 2;
	}
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]) && !is_letter(s.p[i]) && s.p[i] != '-' && s.p[i] != '.')
			return false;
	return s.n > 0;
}

/* Splits host:port at the last colon; a colon inside brackets is none. */
static bool cut_port(struct str s, struct str *ret_host, struct str *ret_port)
{
	for (size_t i = s.n; i > 0 && s.p[i - 1] != ']'; i--) {
		if (s.p[i - 1] != ':')
			continue;
		*ret_host = (struct str){ .p = s.p, .n = i - 1 };
		*ret_port = (struct str){ .p = s.p + i, .n = s.n - i };
		return true;
	}
	return false;
}

static bool is_host_port(struct str s)
{
	struct str host;
	struct str port;
	int64_t number;

	return cut_port(s, &host, &port) && is_host(host) &&
	       str_to_i64(port, 1, 65535, &number) == ERR_OK;
}

static const char *endpoint_fault(struct str s)
{
	const struct str scheme = STR("unix:");

	if (str_starts(s, scheme)) {
		/* sun_path holds 108 bytes with its NUL */
		if (s.n <= scheme.n + 1 || s.p[scheme.n] != '/')
			return "needs an absolute path after \"unix:\"";
		return s.n - scheme.n > 107 ? "has a socket path of more than 107 bytes" : NULL;
	}
	return is_host_port(s) ? NULL : "is neither \"unix:/path\" nor \"host:port\"";
}

/* scheme://host[:port], and nothing more unless `path`. */
static const char *url_fault(struct str s, bool path)
{
	struct str rest = s;
	struct str host;

	if (str_starts(s, STR("https://")))
		rest = (struct str){ .p = s.p + 8, .n = s.n - 8 };
	else if (str_starts(s, STR("http://")))
		rest = (struct str){ .p = s.p + 7, .n = s.n - 7 };
	else
		return "begins with neither \"http://\" nor \"https://\"";
	if (s.p[s.n - 1] == '/')
		return "ends with a slash";
	host = str_cut(&rest, '/');
	if (!is_host(host) && !is_host_port(host))
		return "has no valid host";
	if (rest.p == NULL)
		return NULL;
	if (!path)
		return "has a path";
	for (size_t i = 0; i < rest.n; i++)
		if (strchr("?#\"<>\\ ", rest.p[i]) != NULL)
			return "has characters that no path has";
	return NULL;
}

static const char *item_fault(const struct setting *s, struct str item)
{
	if (item.n == 0)
		return "has an empty item";
	if (s->form == SETTING_ENDPOINTS)
		return endpoint_fault(item);
	if (s->form == SETTING_ORIGINS)
		return url_fault(item, false);
	return is_name(item) ? NULL : "has characters that no name has";
}

static const char *list_fault(const struct setting *s, struct str text)
{
	const char *fault;
	size_t n = 0;

	if (text.n == 0)
		return NULL;
	while (text.p != NULL) {
		fault = item_fault(s, str_trim(str_cut(&text, ',')));
		if (fault != NULL)
			return fault;
		n++;
	}
	return n > CONFIG_LIST_MAX ? "has more than 16 items" : NULL;
}
_Static_assert(CONFIG_LIST_MAX == 16, "the message of list_fault names the number");

static const char *hex_fault(const struct setting *s, struct str text)
{
	if (text.n == 0)
		return NULL;
	for (size_t i = 0; i < text.n; i++)
		if (!is_hex(text.p[i]))
			return "has other characters than hexadecimal digits";
	return (int64_t)text.n == s->min ? NULL : "is not 64 digits long";
}

static const char *form_fault(const struct setting *s, struct str text)
{
	switch (s->form) {
	case SETTING_NAME:
		return is_name(text) ? NULL : "has characters that no name has";
	case SETTING_HEX:
		return hex_fault(s, text);
	case SETTING_URL:
		return url_fault(text, true);
	case SETTING_ENDPOINT:
		return endpoint_fault(text);
	case SETTING_ENDPOINTS:
	case SETTING_ORIGINS:
	case SETTING_NAMES:
		return list_fault(s, text);
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_INT:
	case SETTING_CHOICE:
		break;
	}
	return NULL;
}

static const char *string_fault(const struct setting *s, struct str text)
{
	if (s->form != SETTING_HEX && (int64_t)text.n < s->min)
		return "is empty";
	if (s->form != SETTING_HEX && (int64_t)text.n > s->max)
		return "is too long";
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f)
			return "has a control character";
	if (!str_is_utf8(text))
		return "is not UTF-8";
	return form_fault(s, text);
}

static enum err string_set(struct config *c, const struct setting *s, const char *text)
{
	char *copy = strdup(text);
	char *old;

	if (copy == NULL)
		return ERR_NO_MEMORY;
	memcpy(&old, (char *)c + s->offset, sizeof(old));
	if (old != NULL) {
		explicit_bzero(old, strlen(old));
		free(old);
	}
	memcpy((char *)c + s->offset, &copy, sizeof(copy));
	return ERR_OK;
}

static enum err choice_parse(const struct setting *s, const char *text, int64_t *ret_value,
			     const char *where, struct config_fault *fault)
{
	char names[128] = "";

	for (int64_t i = 0; s->allowed[i] != NULL; i++) {
		if (strcmp(text, s->allowed[i]) == 0) {
			*ret_value = i;
			return ERR_OK;
		}
		(void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			       i > 0 ? ", " : "", s->allowed[i]);
	}
	return config_fault_set(fault, where, "%s: \"%.64s\" is none of %s", s->name, text, names);
}

static enum err number_parse(const struct setting *s, const char *text, int64_t *ret_value,
			     const char *where, struct config_fault *fault)
{
	int64_t v;

	if (str_to_i64(str_from(text), INT64_MIN, INT64_MAX, &v) != ERR_OK)
		return config_fault_set(fault, where, "%s: \"%.64s\" is not a whole number",
					s->name, text);
	if (v < s->min)
		return config_fault_set(fault, where, "%s: %" PRId64 " is below %" PRId64, s->name,
					v, s->min);
	if (v > s->max)
		return config_fault_set(fault, where, "%s: %" PRId64 " is above %" PRId64, s->name,
					v, s->max);
	*ret_value = v;
	return ERR_OK;
}

enum err setting_set(struct config *c, const struct setting *s, const char *text, const char *where,
		     struct config_fault *fault)
{
	const char *wrong;
	int64_t v = 0;
	enum err e;

	if (setting_is_number(s)) {
		e = s->form == SETTING_INT ? number_parse(s, text, &v, where, fault)
					   : choice_parse(s, text, &v, where, fault);
		if (e == ERR_OK)
			memcpy((char *)c + s->offset, &v, sizeof(v));
		return e;
	}
	wrong = string_fault(s, str_from(text));
	if (wrong != NULL && s->secret)
		return config_fault_set(fault, where, "%s: the value %s", s->name, wrong);
	if (wrong != NULL)
		return config_fault_set(fault, where, "%s: \"%.128s\" %s", s->name, text, wrong);
	return string_set(c, s, text);
}
