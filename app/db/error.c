/* SPDX-License-Identifier: Apache-2.0 */
/* What an error number of the server or the client library means for a transaction. */
#include "app/db/db_internal.h"

struct error_class {
	unsigned int number;
	enum err err;
};

/* clang-format off */
static const struct error_class classes[] = {
	{ .number = 1062, .err = ERR_DB_DUPLICATE },
	/* the whole transaction is rolled back already */
	{ .number = 1213, .err = ERR_DB_DEADLOCK },
	{ .number = 1020, .err = ERR_DB_DEADLOCK },   /* innodb_snapshot_isolation */
	/* only the statement is undone; the transaction is open still */
	{ .number = 1205, .err = ERR_DB_LOCK_WAIT },
	{ .number = 3572, .err = ERR_DB_LOCK_WAIT },  /* MySQL: NOWAIT */
	{ .number = 1969, .err = ERR_DB_TIMEOUT },    /* MariaDB: max_statement_time */
	{ .number = 3024, .err = ERR_DB_TIMEOUT },    /* MySQL: max_execution_time */
	{ .number = 1317, .err = ERR_DB_TIMEOUT },    /* KILL QUERY */
	/* no effect, nothing written */
	{ .number = 1290, .err = ERR_DB_READ_ONLY },  /* --read-only */
	{ .number = 1836, .err = ERR_DB_READ_ONLY },  /* MySQL: super_read_only */
	/* no session, or a node that serves none */
	{ .number = 1040, .err = ERR_DB_CONNECT },    /* too many connections */
	{ .number = 1047, .err = ERR_DB_CONNECT },    /* Galera: not in the primary component */
	{ .number = 1429, .err = ERR_DB_CONNECT },    /* a server behind the server */
	{ .number = 2002, .err = ERR_DB_CONNECT },
	{ .number = 2003, .err = ERR_DB_CONNECT },
	/* the session ended; unknown outcome when a COMMIT was on its way */
	{ .number = 2006, .err = ERR_DB_LOST },
	{ .number = 2013, .err = ERR_DB_LOST },
	{ .number = 2055, .err = ERR_DB_LOST },
	{ .number = 1053, .err = ERR_DB_LOST },       /* server shutdown */
	{ .number = 1927, .err = ERR_DB_LOST },       /* MariaDB: KILL */
	{ .number = 4031, .err = ERR_DB_LOST },       /* MySQL: disconnected when idle */
	{ .number = 4025, .err = ERR_DB_CHECK },      /* MariaDB */
	{ .number = 3819, .err = ERR_DB_CHECK },      /* MySQL */
};
/* clang-format on */

enum err db_error_from(unsigned int number)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (classes[i].number == number)
			return classes[i].err;
	}
	return ERR_DB_STATEMENT;
}

bool db_error_ends_session(unsigned int number)
{
	/* Out-of-step and malformed packets leave a session nobody can use (2014, 2027). */
	return db_error_from(number) == ERR_DB_LOST || db_error_from(number) == ERR_DB_CONNECT ||
	       number == 2014 || number == 2027;
}
