/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_DB_DB_H
#define REMIT_DB_DB_H

/*
 * The database as the rest of remit sees it: named statements with typed parameters and columns,
 * run on a handle that lives as long as one call. A read handle runs on a replica (or on the
 * primary where it must) and refuses statements that write. A write handle is a transaction on
 * the primary: the first failed statement poisons it, and only a rollback is possible then
 * (after error 1213 a COMMIT would answer OK and be empty). Only this folder includes mysql.h.
 *
 * struct db_pools is thread-safe. A struct db belongs to one thread. Statements block, for at most
 * the time-outs of the configuration.
 */

#include "app/base/arena.h"
#include "app/base/clock.h"
#include "app/base/err.h"
#include "app/base/id.h"
#include "app/base/money.h"
#include "app/base/str.h"
#include "app/config/config.h"

#include <stdbool.h>
#include <stdint.h>

/* What a parameter or column is in SQL, in C and as a letter of a signature. */
enum db_type {
	DB_ID,	  /* a: BINARY(16)         struct id; NULL is ID_NONE */
	DB_I64,	  /* i: any integer        int64_t; NULL is INT64_MIN */
	DB_I32,	  /* n: any integer        int32_t (enumerations); NULL is -1 */
	DB_STR,	  /* s: CHAR, TEXT, JSON   struct str; NULL is STR_NONE */
	DB_BYTES, /* b: BINARY, BLOB       struct str; NULL is STR_NONE */
	DB_DEC6,  /* d: DECIMAL(18,6)      dec6; NULL is DEC6_NONE */
	DB_TIME,  /* t: DATETIME(6), UTC   int64_t microseconds; NULL is TIME_NONE */
	DB_DATE,  /* y: DATE               int32_t days; NULL is DATE_NONE */
	DB_BOOL,  /* o: BOOLEAN            bool; no NULL */
};

/* A column of a result: where its value goes in the row struct. */
struct db_col {
	enum db_type type;
	uint16_t offset;
};
#define DB_COL(struct_, member_, type_)                                         \
	{                                                                       \
		.type = (type_), .offset = (uint16_t)offsetof(struct_, member_) \
	}

enum db_access { DB_READ = 1, DB_WRITE };

/*
 * One statement. sql is literal text in a *_store.c file. params is its signature, a letter of
 * db_type for each '?'. For a multi-row insert `repeat` is the text of one row of VALUES
 * ("(?,?,?)"), sql ends in "VALUES " and params is the signature of one row.
 */
struct db_stmt {
	const char *name; /* "orders.order_get": metric and trace label */
	const char *sql;
	const char *params;
	const struct db_col *cols;
	uint16_t n_cols;
	size_t row_size;
	enum db_access access;
	const char *repeat;
};
#define DB_COLS(array_, struct_)                                          \
	.cols = (array_), .n_cols = sizeof(array_) / sizeof((array_)[0]), \
	.row_size = sizeof(struct_)

/* An argument. The constructors give each C type its db_type; the absent value of a type is NULL.
 */
struct db_arg {
	enum db_type type;
	union {
		struct id id;
		int64_t i64;
		struct str str;
	} u;
};
static inline struct db_arg db_id(struct id v)
{
	return (struct db_arg){ .type = DB_ID, .u.id = v };
}
static inline struct db_arg db_i64(int64_t v)
{
	return (struct db_arg){ .type = DB_I64, .u.i64 = v };
}
static inline struct db_arg db_i32(int32_t v)
{
	return (struct db_arg){ .type = DB_I32, .u.i64 = v };
}
static inline struct db_arg db_str(struct str v)
{
	return (struct db_arg){ .type = DB_STR, .u.str = v };
}
static inline struct db_arg db_bytes(struct str v)
{
	return (struct db_arg){ .type = DB_BYTES, .u.str = v };
}
static inline struct db_arg db_dec6(dec6 v)
{
	return (struct db_arg){ .type = DB_DEC6, .u.i64 = v };
}
static inline struct db_arg db_time(int64_t v)
{
	return (struct db_arg){ .type = DB_TIME, .u.i64 = v };
}
static inline struct db_arg db_date(int32_t v)
{
	return (struct db_arg){ .type = DB_DATE, .u.i64 = v };
}
static inline struct db_arg db_bool(bool v)
{
	return (struct db_arg){ .type = DB_BOOL, .u.i64 = v };
}
/* The argument list of a statement: DB_ARGS(db_id(account), db_id(id)). */
#define DB_ARGS(...)                            \
	(const struct db_arg[]){ __VA_ARGS__ }, \
		sizeof((const struct db_arg[]){ __VA_ARGS__ }) / sizeof(struct db_arg)

/*
 * A position in the stream of commits: the topology epoch (raised by each promotion), the GTID as
 * the server wrote it, and when it was committed. seq is the number by which positions of one
 * epoch compare. seq == 0: no position.
 */
struct db_position {
	int64_t epoch;
	uint64_t seq;
	int64_t at; /* microseconds since 1970 */
	char gtid[64];
};

/* Whether what is as new as `have` has everything that was committed at `want`. */
static inline bool db_position_covers(const struct db_position *have,
				      const struct db_position *want)
{
	if (want->seq == 0)
		return true;
	return have->epoch > want->epoch || (have->epoch == want->epoch && have->seq >= want->seq);
}

struct db_pools;
struct db;

/*
 * Pools for the primary (writes, fallback reads) and each replica. Opens no connection; they are
 * made when needed. The caller owns *ret_pools.
 */
MUST_CHECK enum err db_pools_new(const struct config *c, struct db_pools **ret_pools);
/* After all its handles. NULL is allowed. Stops the monitor. */
void db_pools_free(struct db_pools *p);
/*
 * Starts the thread that asks each replica every 250 ms what it has applied, and the primary what
 * it has. Without it a read with a position waits on a replica each time, and one without is
 * answered by a replica however far behind. ERR_NO_MEMORY. Not before a fork.
 */
MUST_CHECK enum err db_pools_start(struct db_pools *p);
/* Ends the thread; at once, or within the time-out of a query in progress. */
void db_pools_stop(struct db_pools *p);
/*
 * Tells the pools of a domain's statements (an array that lives as long as the process), so that
 * each has its latency metric; before db_pools_new, which declares the metrics and itself comes
 * before metrics_start.
 */
void db_pools_declare(const struct db_stmt *stmts, size_t n);
/* Whether the primary (and a replica, where there are any) answers now. */
MUST_CHECK enum err db_pools_ping(struct db_pools *p, bool *ret_primary, bool *ret_replica);
/*
 * A position every read of the process is known to have reached: the lowest applied position that
 * the monitor has seen on a replica. What a cache fill may claim as its age.
 */
struct db_position db_pools_known(struct db_pools *p);

/*
 * Tells that a commit at this position has ended (a tombstone of the cache says so): reads of the
 * primary are at least that new from now on. Never a position that a client has sent: a server may
 * name one before its commit can be seen.
 */
void db_pools_saw(struct db_pools *p, const struct db_position *committed);
/*
 * A handle for reads, its memory in `a`; takes a connection at its first statement. Never sees
 * data older than `after` (seq 0: any): it uses a replica that has reached it, waits for a bounded
 * time, else reads the primary. A replica further behind than db_replica_lag_max_s is read only
 * when the primary cannot be.
 */
MUST_CHECK enum err db_open_read(struct db_pools *p, struct arena *a, struct db_position after,
				 struct db **ret_db);
/* A transaction on the primary; takes a connection at its first statement. */
MUST_CHECK enum err db_open_write(struct db_pools *p, struct arena *a, struct db **ret_db);
/* Gives the connection back; rolls back what was not committed. NULL is allowed. */
void db_close(struct db *db);

/* Runs a statement that answers no rows; ret_affected may be NULL. */
MUST_CHECK enum err db_exec(struct db *db, const struct db_stmt *s, const struct db_arg *args,
			    size_t n, uint64_t *ret_affected);
/* Runs a multi-row insert: rows of n / n_rows arguments each, in a few statements. */
MUST_CHECK enum err db_insert_rows(struct db *db, const struct db_stmt *s,
				   const struct db_arg *args, size_t n, size_t n_rows);
/*
 * Exactly one row into ret_row (of s->row_size); ERR_NOT_FOUND when there is none, which is no
 * failure of the transaction; ERR_DB_STATEMENT when there are more. After any other error the
 * content of ret_row is undefined.
 */
MUST_CHECK enum err db_one(struct db *db, const struct db_stmt *s, const struct db_arg *args,
			   size_t n, void *ret_row);
/*
 * Up to `max` rows as an array in the arena; more rows than that are read and dropped. ret_rows is
 * the address of a pointer to the row struct; it is not NULL for an empty result.
 */
MUST_CHECK enum err db_rows(struct db *db, const struct db_stmt *s, const struct db_arg *args,
			    size_t n, size_t max, void *ret_rows, size_t *ret_n);

/*
 * Commits; nothing on a read handle and without a round trip when no statement ran. On a poisoned
 * handle rolls back and returns what poisoned it, until db_rollback. ret_position is the position
 * of this commit (seq 0 when nothing was written).
 * ERR_DB_LOST: the outcome is unknown; run again under the same idempotency key.
 */
MUST_CHECK enum err db_commit(struct db *db, struct db_position *ret_position);
/*
 * The position that the primary has now: at least that of everything this write handle can read.
 * One round trip.
 */
MUST_CHECK enum err db_position_now(struct db *db, struct db_position *ret_position);
/* Rolls back and clears the poison; the handle may be used for another transaction. */
void db_rollback(struct db *db);

/* A lower bound of the position that what this read handle saw has: for cache fills. */
struct db_position db_as_of(const struct db *db);
/* Round trips and microseconds spent so far, for the access log. */
void db_cost(const struct db *db, int64_t *ret_trips, int64_t *ret_usec);

/*
 * Migration and tool connection: text statements, no pool. Not for the request path.
 */
struct db_admin;
MUST_CHECK enum err db_admin_open(const struct config *c, const char *user, const char *password,
				  struct db_admin **ret_admin, struct str *ret_message);
void db_admin_close(struct db_admin *d);
/* Runs one statement of text; its message on failure is in db_admin_message. */
MUST_CHECK enum err db_admin_exec(struct db_admin *d, struct str sql);
const char *db_admin_message(const struct db_admin *d);
/* First column of the first row as text in the arena; STR_NONE for NULL; ERR_NOT_FOUND: no row. */
MUST_CHECK enum err db_admin_value(struct db_admin *d, struct arena *a, struct str sql,
				   struct str *ret_value);
/*
 * Prepares s and compares its signature with what the server says: counts of parameters and
 * columns and the columns' types. ERR_DB_STATEMENT with db_admin_message set.
 */
MUST_CHECK enum err db_admin_check(struct db_admin *d, const struct db_stmt *s);

#endif
