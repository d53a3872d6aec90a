/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_DB_DB_INTERNAL_H
#define REMIT_DB_DB_INTERNAL_H

/*
 * What the files of app/db share. From bottom to top: error (what an errno means), vendor (MariaDB
 * or MySQL), connection (one session), statement (one prepared statement of a session), pool
 * (endpoints and their sessions), monitor (what replicas have applied), handle and insert (struct
 * db). A session and its statements belong to whoever took it from its pool; endpoints and pools
 * are thread-safe.
 */

#include "app/db/db.h"
#include "app/resilience/breaker.h"

#include <mysql.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

enum {
	DB_PREPARED_MAX = 256, /* statements of one session; the server's default is 16382 in all */
	DB_BUCKETS = 256,
	DB_TEXT_ROOM = 512,    /* bytes of a string that are fetched without asking twice */
	DB_GTID_SET_MAX = 512, /* what a replica says it has applied */
	DB_LOOKS = 64,	       /* at the primary, one each 250 ms: longer than a lag may be set */
};

/* error.c */

/* The class of an error of the server (1000..) or of the client library (2000..). */
enum err db_error_from(unsigned int number);
/* Whether nothing can be sent on the session any more. */
bool db_error_ends_session(unsigned int number);

/* metrics.c */

enum { DB_LABEL_OTHER, DB_LABEL_COMMIT, DB_LABEL_FIRST };
/* Positions of the label "pool". */
enum { DB_POOL_PRIMARY, DB_POOL_FALLBACK, DB_POOL_REPLICA };

void db_metrics_declare(void);
uint32_t db_metrics_label(const struct db_stmt *s);
void db_metrics_statement(uint32_t label, bool primary, int64_t usec);
void db_metrics_error(enum err e);
void db_metrics_pool_in_use(uint32_t pool, int64_t n);
void db_metrics_pool_wait(uint32_t pool, int64_t usec);
void db_metrics_lag(uint32_t pool, int64_t usec);

/* connection.c */

enum db_role { DB_ROLE_WRITE, DB_ROLE_READ, DB_ROLE_ADMIN };

struct db_endpoint;
struct db_prepared;

/* How to open a session. */
struct db_login {
	const struct db_endpoint *endpoint;
	const char *user;
	const char *password;
	const char *database;
	enum db_role role;
	int64_t lock_wait_s;
	int64_t statement_ms; /* 0: no limit */
};

union db_value {
	int64_t i64;
	MYSQL_TIME time;
	uint8_t id[16];
	char text[48];
};

/* A session. */
struct db_conn {
	MYSQL *mysql;
	bool mariadb;	     /* else MySQL */
	bool broken;	     /* to be closed when it is given back */
	bool has_epoch;	     /* the server has cluster_state */
	int64_t epoch;	     /* of the server when the session began */
	uint64_t generation; /* of the pool when the session began */
	uint64_t uses;	     /* how often it was taken */
	int64_t trips;	     /* since it was taken */
	unsigned int number; /* of the last error; 0: a value did not fit its column's type */
	struct db_pool *pool;
	/* prepared statements, by the address of the struct db_stmt and the number of rows */
	struct db_prepared *buckets[DB_BUCKETS];
	size_t n_prepared;
	uint64_t tick;
	/* where arguments are bound: grows to the widest statement and stays */
	MYSQL_BIND *binds;
	union db_value *values;
	size_t n_binds;
};

/* Connects and makes the session ready. ERR_DB_CONNECT; *ret_message is of the thread then. */
MUST_CHECK enum err db_conn_open(const struct db_login *l, struct db_conn **ret_conn,
				 const char **ret_message);
void db_conn_close(struct db_conn *c);
/* The class of what just failed; marks the session broken when it has ended. */
enum err db_conn_failed(struct db_conn *c, unsigned int number);
/* Runs text and drops its results. */
MUST_CHECK enum err db_conn_run(struct db_conn *c, struct str sql);
/* Runs text and copies up to n columns of the first row, terminated; ERR_NOT_FOUND: no row. */
MUST_CHECK enum err db_conn_values(struct db_conn *c, struct str sql, size_t n,
				   char (*ret_values)[DB_GTID_SET_MAX]);
/* Ends the transaction of a write session; it becomes broken when it cannot be ended. */
void db_conn_rollback(struct db_conn *c);

/* The sql_mode of every session. */
#define DB_SQL_MODE                                                                  \
	"STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO," \
	"NO_ENGINE_SUBSTITUTION"

/* vendor.c: all that differs between MariaDB and MySQL */

void db_vendor_detect(struct db_conn *c);
/* The statements that make a session ready, in one round trip; may be cut into several. */
void db_vendor_session(const struct db_conn *c, const struct db_login *l, char *ret_sql, size_t n);
/* The GTID of the COMMIT that just succeeded; false when it wrote nothing. */
bool db_vendor_committed(struct db_conn *c, struct db_position *ret_position);
/* Waits until the replica has applied `after`. ERR_UNAVAILABLE: not in time. */
MUST_CHECK enum err db_vendor_wait(struct db_conn *c, const struct db_position *after, int64_t ms);
/* What the primary has in its binary log: a set of GTIDs. */
MUST_CHECK enum err db_vendor_binlog_set(struct db_conn *c, char ret_set[DB_GTID_SET_MAX]);
/* The last transaction in the primary's binary log; seq 0 where that is not one number. */
MUST_CHECK enum err db_vendor_binlog(struct db_conn *c, struct db_position *ret_position);
/* What the replica has applied: its set of GTIDs and its epoch. */
MUST_CHECK enum err db_vendor_applied(struct db_conn *c, char ret_set[DB_GTID_SET_MAX],
				      int64_t *ret_epoch);

/*
 * Splits "0-1-123" (MariaDB: domain, server, number) and "uuid:123" (MySQL) into what numbers are
 * counted by (domain or uuid) and the number.
 */
bool db_gtid_split(struct str gtid, struct str *ret_source, uint64_t *ret_seq);
/*
 * The entry of a set for `source` (STR_NONE: the only entry) as a position without epoch and time:
 * the highest number below which nothing is missing.
 */
bool db_gtid_find(struct str set, struct str source, struct db_position *ret_position);
/*
 * Whether `set` lacks something of `want`. Sources that `set` does not name do not count: a server
 * that does not replicate (a node of Galera) names none, and nothing can be said about it.
 */
bool db_gtid_behind(struct str set, struct str want);

/* statement.c, argument.c, row.c */

/* A column of the current row. */
struct db_field {
	unsigned long length;
	my_bool null;
	my_bool cut; /* did not fit */
	union db_value v;
	char *text; /* DB_TEXT_ROOM bytes; NULL where v is enough */
};

/* A statement prepared in a session, with the buffers its columns are fetched into. */
struct db_prepared {
	struct db_prepared *next; /* of the bucket */
	const struct db_stmt *stmt;
	uint32_t rows; /* of a multi-row insert, else 1 */
	uint32_t label;
	uint64_t used; /* tick of the last use */
	MYSQL_STMT *handle;
	struct db_field *fields;
};

/* Aborts unless args fit the signature, which is repeated for each row. */
void db_check_args(const struct db_stmt *s, const struct db_arg *args, size_t n);
/* From the session's cache, else prepared now. */
MUST_CHECK enum err db_prepared_get(struct db_conn *c, const struct db_stmt *s, uint32_t rows,
				    struct db_prepared **ret_prepared);
/* Forgets the statement: it will be prepared again. */
void db_prepared_drop(struct db_conn *c, struct db_prepared *p);
void db_prepared_drop_all(struct db_conn *c);
MUST_CHECK enum err db_prepared_execute(struct db_conn *c, struct db_prepared *p,
					const struct db_arg *args, size_t n);
/* Fetches the next row; *ret_row says whether there was one. */
MUST_CHECK enum err db_prepared_next(struct db_conn *c, struct db_prepared *p, bool *ret_row);
/* Writes the fetched row into `row`, strings into the arena. */
MUST_CHECK enum err db_prepared_decode(struct db_prepared *p, struct arena *a, void *row);
/* Drops what was not fetched. */
void db_prepared_finish(struct db_prepared *p);
/* "<sql><repeat>,<repeat>..." for `rows` rows, to be freed; NULL when memory is short. */
char *db_stmt_text(const struct db_stmt *s, uint32_t rows);
/* The letter of a signature for a type. */
char db_type_letter(enum db_type type);
/* Whether values of the type are of any length. */
bool db_type_is_text(enum db_type type);

/* pool.c */

struct db_endpoint {
	char name[256];	   /* as configured, for logs */
	char host[256];	   /* or the path of the socket */
	unsigned int port; /* 0: socket */
	bool primary;
	struct breaker breaker; /* of connects */
	_Atomic int64_t lag;	/* replicas: microseconds, as last judged; 0: none */
	int64_t current_at;	/* the monitor's: when its data was that of the primary; 0: never */
	pthread_mutex_t lock;	/* of all below */
	struct db_position known;
	char applied[DB_GTID_SET_MAX]; /* replicas: as the monitor saw it */
	int64_t applied_epoch;
};

/* What the primary had, as the monitor saw it: the last looks, in a ring. */
struct db_looks {
	struct db_look {
		char set[DB_GTID_SET_MAX];
		int64_t at; /* monotonic */
	} look[DB_LOOKS];
	size_t n;    /* ever */
	bool silent; /* the primary did not answer when it was last asked */
};

struct db_pool {
	struct db_pools *pools;
	struct db_endpoint *endpoint;
	enum db_role role;
	uint32_t label;
	size_t cap;
	int64_t acquire_usec;
	int64_t statement_ms;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t freed;
	struct db_conn **idle; /* last in, first out */
	size_t n_idle;
	size_t n_open; /* idle and in use */
	uint64_t generation;
};

struct db_pools {
	char *user;
	char *password;
	char *database;
	int64_t lock_wait_s;
	int64_t consistent_wait_ms;
	int64_t lag_max; /* microseconds */
	struct db_endpoint primary;
	struct db_endpoint replica[CONFIG_LIST_MAX];
	struct db_pool writes;
	struct db_pool fallback;
	struct db_pool reads[CONFIG_LIST_MAX];
	size_t n_replicas;
	atomic_uint turn; /* round robin */

	/* monitor.c */
	struct db_looks looks;
	pthread_t monitor;
	bool monitoring;
	pthread_mutex_t stop_lock;
	pthread_cond_t stop_changed;
	bool stop;
};

/* "unix:/path" or "host:port", the host of IPv6 in brackets; ERR_CONFIG. */
MUST_CHECK enum err db_endpoint_init(struct db_endpoint *e, struct str text, bool primary);
/* ERR_UNAVAILABLE: none was free in time; ERR_DB_CONNECT. */
MUST_CHECK enum err db_pool_acquire(struct db_pool *p, struct db_conn **ret_conn);
void db_pool_release(struct db_conn *c);
/* Closes idle sessions; those in use are closed when they come back. */
void db_pool_flush(struct db_pool *p);
void db_pool_login(const struct db_pool *p, struct db_login *ret_login);
/* A condition variable that waits by the monotonic clock. */
void db_cond_init(pthread_cond_t *cond);

/* How a connect went; logs when the breaker opens or closes by it. */
void db_endpoint_report(struct db_endpoint *e, enum breaker_pass pass, bool connected,
			const char *message);

/* position.c */

/* Whether its data is known to include `after`. */
bool db_endpoint_reached(struct db_endpoint *e, const struct db_position *after);
/* Its data includes `p`: raises what is known. */
void db_endpoint_saw(struct db_endpoint *e, const struct db_position *p);
struct db_position db_endpoint_known(struct db_endpoint *e);
/* What the monitor read from a replica; this may also lower what is known (a restored replica). */
void db_endpoint_set_applied(struct db_endpoint *e, const char *set, int64_t epoch, int64_t at,
			     const struct db_position *latest);

void db_looks_add(struct db_looks *l, const char *set, int64_t at);
/*
 * Judges how far behind a replica is that has applied `set`: nothing when it has all of the last
 * look, else the time since the youngest look of which it has all. While the primary is silent a
 * lag does not grow: nobody knows whether it commits anything.
 */
void db_endpoint_judge(struct db_endpoint *e, const struct db_looks *l, const char *set,
		       int64_t now, int64_t lag_max);

/* handle.c */

struct db {
	struct db_pools *pools;
	struct arena *arena;
	struct db_conn *conn;
	bool write;
	bool started;	 /* a statement of this transaction has succeeded */
	enum err poison; /* what every further statement returns */
	struct db_position after;
	struct db_position as_of;
	struct db_endpoint *avoid; /* a replica that failed this handle */
	int64_t trips;
	int64_t usec;
};

/* A statement in progress. */
struct db_run {
	struct db_prepared *prepared;
	int64_t began;
};
/* Executes; call db_run_end with what came of it when this returns ERR_OK. */
MUST_CHECK enum err db_run_begin(struct db *db, const struct db_stmt *s, uint32_t rows,
				 const struct db_arg *args, size_t n, struct db_run *ret_run);
/* Notes cost and failure; returns e. */
enum err db_run_end(struct db *db, struct db_run *run, enum err e);

#endif
