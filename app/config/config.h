/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CONFIG_CONFIG_H
#define REMIT_CONFIG_CONFIG_H

/*
 * The settings of all programs: one table (config_table.c) gives each its type, default, range,
 * whether a reload may change it, whether it is secret, and its documentation. Sources, later wins:
 * defaults, the file and conf.d/ beside it (names in order), environment REMIT_<NAME>, and for
 * secrets $CREDENTIALS_DIRECTORY/<name>. An unknown setting and a value out of range are errors
 * that name file and line. A loaded struct config is constant; a reload makes a new one.
 */

#include "app/base/buf.h"
#include "app/base/err.h"
#include "app/base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum config_log_level { CONFIG_LOG_DEBUG, CONFIG_LOG_INFO, CONFIG_LOG_WARN, CONFIG_LOG_ERROR };

enum { CONFIG_LIST_MAX = 16 };

/* Strings are terminated and owned by the struct; "" where not set. */
struct config {
	/* worker */
	const char *listen;	  /* "unix:/path" or "host:port" */
	const char *public_url;	  /* what clients call, without a trailing slash */
	int64_t threads;	  /* 0: 4 x cores */
	int64_t max_connections;  /* from nginx, above which a worker accepts no more */
	const char *domains;	  /* comma-separated; "": all */
	const char *runtime_dir;  /* shared-memory metrics */
	const char *cors_origins; /* comma-separated; "": none; reloadable */
	/* observation */
	int64_t log_level;  /* enum config_log_level; reloadable */
	int64_t log_sample; /* one of how many successes is logged; reloadable */
	/* secrets */
	const char *secret_key; /* 64 hexadecimal digits: cursors and consistency tokens */
	/* database */
	const char *db_primary;	 /* "unix:/path" or "host:port" */
	const char *db_replicas; /* comma-separated; may be "" */
	const char *db_name;
	const char *db_user;
	const char *db_password;
	const char *db_migrate_user;
	const char *db_migrate_password;
	const char *schema_dir;	       /* where remitctl finds the migrations */
	int64_t db_pool_primary;       /* connections for writes */
	int64_t db_pool_fallback;      /* connections for reads of the primary */
	int64_t db_pool_replica;       /* connections to each replica */
	int64_t db_lock_wait_s;	       /* innodb_lock_wait_timeout */
	int64_t db_write_timeout_ms;   /* longest statement of a write */
	int64_t db_read_timeout_ms;    /* longest statement of a read */
	int64_t db_consistent_wait_ms; /* longest wait for a replica */
	int64_t db_replica_lag_max_s;  /* a replica further behind is not read */
	/* cache */
	const char *cache_servers; /* comma-separated; "": no cache */
	int64_t cache_timeout_ms;  /* connect and operation */
	int64_t cache_ttl_s;	   /* entities; jitter of 10 % is added */
	/* authentication */
	int64_t session_idle_s;
	int64_t session_absolute_s;
	int64_t password_memory_kib; /* Argon2id */
	int64_t password_passes;
	int64_t password_parallel; /* hashes computed at once in a process */
	int64_t idempotency_ttl_h; /* how long an answer is replayed */
};

/* What was wrong, for people: "remit.conf:12: threads: 900 is above 256". */
struct config_fault {
	char text[512];
};

/*
 * Loads file (NULL: $REMIT_CONFIG, else /etc/remit/remit.conf where it exists, else defaults) and
 * the other sources.
 * The caller owns *ret_config. ERR_CONFIG with *fault set. Blocks on files.
 */
MUST_CHECK enum err config_load(const char *file, struct config **ret_config,
				struct config_fault *fault);
/* NULL is allowed. Wipes secrets. */
void config_free(struct config *c);

/*
 * Copies the reloadable settings of `from` over those of `to` and the rest of `to` unchanged into
 * a new config: what a SIGHUP makes effective. Names settings that need a restart in
 * ret_ignored (comma-separated, in the arena).
 */
MUST_CHECK enum err config_merge_reload(const struct config *to, const struct config *from,
					struct arena *a, struct config **ret_config,
					struct str *ret_ignored);

/* Appends the effective settings as a configuration file; secrets as "***". */
void config_show(const struct config *c, struct buf *out);
/* Appends the reference of all settings as Markdown. */
void config_doc(struct buf *out);

/* Splits a comma-separated setting into views; returns how many (at most CONFIG_LIST_MAX). */
size_t config_list(const char *value, struct str ret_items[CONFIG_LIST_MAX]);

#endif
