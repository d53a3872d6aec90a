/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics of the database layer and the list of statements that gives them their labels. */
#include "app/db/db_internal.h"

#include "app/base/check.h"
#include "app/observe/metrics.h"

enum { STATEMENTS_MAX = 1024 };

static const char *const role_names[] = { "primary", "replica" };
static const char *const pool_names[] = {
	"primary",    "fallback",   "replica_1",  "replica_2",	"replica_3",  "replica_4",
	"replica_5",  "replica_6",  "replica_7",  "replica_8",	"replica_9",  "replica_10",
	"replica_11", "replica_12", "replica_13", "replica_14", "replica_15", "replica_16",
};
_Static_assert(sizeof(pool_names) / sizeof(pool_names[0]) == DB_POOL_REPLICA + CONFIG_LIST_MAX,
	       "a name for each pool");

static const enum err error_kinds[] = {
	ERR_DB_DUPLICATE, ERR_DB_DEADLOCK, ERR_DB_LOCK_WAIT, ERR_DB_TIMEOUT,
	ERR_DB_READ_ONLY, ERR_DB_CONNECT,  ERR_DB_LOST,	     ERR_DB_CHECK,
	ERR_DB_STATEMENT, ERR_UNAVAILABLE, ERR_NO_MEMORY,
};
static const char *const error_names[] = {
	"duplicate", "deadlock", "lock_wait", "timeout",     "read_only", "connect",
	"lost",	     "check",	 "statement", "unavailable", "memory",
};
_Static_assert(sizeof(error_kinds) / sizeof(error_kinds[0]) ==
		       sizeof(error_names) / sizeof(error_names[0]),
	       "a name for each kind");

/* Filled at start by db_pools_declare, constant after. */
static const struct db_stmt *statements[STATEMENTS_MAX];
static const char *statement_names[STATEMENTS_MAX] = { "other", "commit" };
static uint32_t n_statements = DB_LABEL_FIRST;

static struct metric *statement_seconds;
static struct metric *pool_in_use;
static struct metric *pool_wait;
static struct metric *errors_total;
static struct metric *replica_lag;

void db_pools_declare(const struct db_stmt *stmts, size_t n)
{
	CHECK(statement_seconds == NULL);
	CHECK(n <= STATEMENTS_MAX - n_statements);
	for (size_t i = 0; i < n; i++) {
		statements[n_statements] = &stmts[i];
		statement_names[n_statements] = stmts[i].name;
		n_statements++;
	}
}

void db_metrics_declare(void)
{
	static struct metric_family families[] = {
		{ .name = "remit_db_statement_seconds",
		  .help = "Time of a statement with its result",
		  .kind = METRIC_HISTOGRAM,
		  .labels = { { .name = "statement", .values = statement_names },
			      { .name = "role", .values = role_names, .n = 2 } } },
		{ .name = "remit_db_pool_in_use",
		  .help = "Connections in use",
		  .kind = METRIC_GAUGE,
		  .labels = { { .name = "pool",
				.values = pool_names,
				.n = DB_POOL_REPLICA + CONFIG_LIST_MAX } } },
		{ .name = "remit_db_pool_wait_seconds",
		  .help = "Time until a connection was free",
		  .kind = METRIC_HISTOGRAM,
		  .labels = { { .name = "pool",
				.values = pool_names,
				.n = DB_POOL_REPLICA + CONFIG_LIST_MAX } } },
		{ .name = "remit_db_errors_total",
		  .help = "Failed statements, commits and connects",
		  .kind = METRIC_COUNTER,
		  .labels = { { .name = "kind",
				.values = error_names,
				.n = sizeof(error_names) / sizeof(error_names[0]) } } },
		{ .name = "remit_db_replica_lag_seconds",
		  .help = "How far a replica is behind the primary",
		  .kind = METRIC_GAUGE_MAX,
		  .labels = { { .name = "replica",
				.values = pool_names + DB_POOL_REPLICA,
				.n = CONFIG_LIST_MAX } } },
	};
	if (statement_seconds != NULL)
		return;
	families[0].labels[0].n = n_statements;
	statement_seconds = metrics_declare(&families[0]);
	pool_in_use = metrics_declare(&families[1]);
	pool_wait = metrics_declare(&families[2]);
	errors_total = metrics_declare(&families[3]);
	replica_lag = metrics_declare(&families[4]);
}

uint32_t db_metrics_label(const struct db_stmt *s)
{
	for (uint32_t i = DB_LABEL_FIRST; i < n_statements; i++) {
		if (statements[i] == s)
			return i;
	}
	return DB_LABEL_OTHER;
}

void db_metrics_statement(uint32_t label, bool primary, int64_t usec)
{
	metric_observe(statement_seconds, label, primary ? 0 : 1, usec);
}

void db_metrics_error(enum err e)
{
	for (uint32_t i = 0; i < sizeof(error_kinds) / sizeof(error_kinds[0]); i++) {
		if (error_kinds[i] == e)
			metric_add(errors_total, i, 0, 1);
	}
}

void db_metrics_pool_in_use(uint32_t pool, int64_t n)
{
	metric_set(pool_in_use, pool, 0, n);
}

void db_metrics_pool_wait(uint32_t pool, int64_t usec)
{
	metric_observe(pool_wait, pool, 0, usec);
}

void db_metrics_lag(uint32_t pool, int64_t usec)
{
	metric_set(replica_lag, pool - DB_POOL_REPLICA, 0, usec);
}
