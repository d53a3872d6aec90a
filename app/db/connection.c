/* SPDX-License-Identifier: Apache-2.0 */
/* One session with a server: connecting, session settings, text statements. */
#include "app/db/db_internal.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/observe/log.h"

enum { CONNECT_TIMEOUT_S = 1, SESSION_SQL_MAX = 1024 };

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void library_init(void)
{
	/*
	 * Connector/C keeps nothing per thread (its mysql_thread_init is empty), so a session may
	 * be used by one thread after another without further calls.
	 */
	(void)mysql_library_init(0, NULL, NULL);
}

enum err db_conn_failed(struct db_conn *c, unsigned int number)
{
	if (db_error_ends_session(number))
		c->broken = true;
	c->number = number;
	return db_error_from(number);
}

/* A limit of the socket, above that of the statement so that the server speaks first. */
static unsigned int read_timeout_s(const struct db_login *l)
{
	if (l->statement_ms == 0)
		return 0;
	int64_t ms = l->statement_ms;
	if (l->role == DB_ROLE_WRITE && l->lock_wait_s * 1000 > ms)
		ms = l->lock_wait_s * 1000;
	return (unsigned int)((ms + 999) / 1000 + 1);
}

static void set_options(MYSQL *m, const struct db_login *l)
{
	unsigned int connect_s = CONNECT_TIMEOUT_S;
	unsigned int read_s = read_timeout_s(l);
	unsigned int protocol = l->endpoint->port == 0 ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
	my_bool off = 0;
	(void)mysql_optionsv(m, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	if (read_s != 0) {
		(void)mysql_optionsv(m, MYSQL_OPT_READ_TIMEOUT, &read_s);
		(void)mysql_optionsv(m, MYSQL_OPT_WRITE_TIMEOUT, &read_s);
	}
	/* A reconnect would lose the session's settings and, silently, the transaction. */
	(void)mysql_optionsv(m, MYSQL_OPT_RECONNECT, &off);
	(void)mysql_optionsv(m, MYSQL_OPT_LOCAL_INFILE, &off);
	(void)mysql_optionsv(m, MYSQL_OPT_PROTOCOL, &protocol);
	(void)mysql_optionsv(m, MYSQL_SET_CHARSET_NAME, "utf8mb4");
}

/* Says why, once a second: a server that is down refuses every request's attempt. */
static void log_refusal(MYSQL *m, const struct db_endpoint *e)
{
	static _Atomic(int64_t) last;
	const int64_t now = clock_monotonic();
	int64_t before = atomic_load(&last);

	if (now - before < 1000000 || !atomic_compare_exchange_strong(&last, &before, now))
		return;
	log_line(LOG_WARN, "no connection to the database", LOG_Z("server", e->host),
		 LOG_I("errno", mysql_errno(m)), LOG_Z("error_text", mysql_error(m)));
}

static bool connect_session(MYSQL *m, const struct db_login *l)
{
	const struct db_endpoint *e = l->endpoint;
	bool socket = e->port == 0;
	/*
	 * CLIENT_FOUND_ROWS: an UPDATE answers the rows that its WHERE matched, whether or not a
	 * value changed. A conditional UPDATE that answers 1 has met its condition; without the
	 * flag one that writes the same values again would look like a failed condition.
	 */
	unsigned long flags = CLIENT_FOUND_ROWS;
	/* Only the constant text of db_vendor_session holds several statements. */
	if (l->role != DB_ROLE_ADMIN)
		flags |= CLIENT_MULTI_STATEMENTS;
	set_options(m, l);
	if (mysql_real_connect(m, socket ? NULL : e->host, l->user, l->password, l->database,
			       e->port, socket ? e->host : NULL, flags) != NULL)
		return true;
	log_refusal(m, e);
	return false;
}

/* Reads all results of what was sent; the first column of the last row is the epoch. */
static enum err read_session(struct db_conn *c)
{
	for (int i = 0;; i++) {
		MYSQL_RES *res = mysql_store_result(c->mysql);
		MYSQL_ROW row = res == NULL ? NULL : mysql_fetch_row(res);
		if (row != NULL && row[0] != NULL)
			c->has_epoch =
				str_to_i64(str_from(row[0]), 0, INT64_MAX, &c->epoch) == ERR_OK;
		mysql_free_result(res);
		int more = mysql_next_result(c->mysql);
		if (more < 0)
			return ERR_OK;
		if (more > 0) {
			/* The third statement reads cluster_state, which need not exist yet. */
			unsigned int number = mysql_errno(c->mysql);
			bool absent = i == 1 && !db_error_ends_session(number);
			return absent ? ERR_OK : db_conn_failed(c, number);
		}
	}
}

static enum err prepare_session(struct db_conn *c, const struct db_login *l)
{
	char sql[SESSION_SQL_MAX];
	db_vendor_session(c, l, sql, sizeof(sql));
	if (mysql_real_query(c->mysql, sql, strlen(sql)) != 0)
		return ERR_DB_CONNECT;
	return read_session(c);
}

/* A copy of the library's message that outlives the session, for the thread. */
static const char *keep_message(MYSQL *m)
{
	static _Thread_local char message[MYSQL_ERRMSG_SIZE + 16];
	(void)snprintf(message, sizeof(message), "%u: %s", mysql_errno(m), mysql_error(m));
	return message;
}

enum err db_conn_open(const struct db_login *l, struct db_conn **ret_conn, const char **ret_message)
{
	struct db_conn *c = calloc(1, sizeof(*c));
	(void)pthread_once(&library_once, library_init);
	*ret_message = "out of memory";
	if (c == NULL)
		return ERR_NO_MEMORY;
	c->epoch = 1;
	c->mysql = mysql_init(NULL);
	if (c->mysql == NULL) {
		free(c);
		return ERR_NO_MEMORY;
	}
	bool ok = connect_session(c->mysql, l);
	if (ok) {
		db_vendor_detect(c);
		ok = l->role == DB_ROLE_ADMIN || prepare_session(c, l) == ERR_OK;
	}
	if (!ok) {
		*ret_message = keep_message(c->mysql);
		db_conn_close(c);
		return ERR_DB_CONNECT;
	}
	*ret_conn = c;
	return ERR_OK;
}

void db_conn_close(struct db_conn *c)
{
	if (c == NULL)
		return;
	/* Before mysql_close, which would leave the handles of statements without a session. */
	db_prepared_drop_all(c);
	mysql_close(c->mysql);
	free(c->binds);
	free(c->values);
	free(c);
}

static enum err query(struct db_conn *c, struct str sql)
{
	c->trips++;
	if (mysql_real_query(c->mysql, sql.p, sql.n) != 0)
		return db_conn_failed(c, mysql_errno(c->mysql));
	return ERR_OK;
}

/* What mysql_store_result failed with; a statement without rows is no failure. */
static enum err store_failed(struct db_conn *c)
{
	unsigned int number = mysql_errno(c->mysql);
	return number == 0 ? ERR_OK : db_conn_failed(c, number);
}

enum err db_conn_run(struct db_conn *c, struct str sql)
{
	enum err e = query(c, sql);
	if (e != ERR_OK)
		return e;
	MYSQL_RES *res = mysql_store_result(c->mysql);
	if (res == NULL)
		return store_failed(c);
	mysql_free_result(res);
	return ERR_OK;
}

enum err db_conn_values(struct db_conn *c, struct str sql, size_t n,
			char (*ret_values)[DB_GTID_SET_MAX])
{
	enum err e = query(c, sql);
	if (e != ERR_OK)
		return e;
	MYSQL_RES *res = mysql_store_result(c->mysql);
	MYSQL_ROW row = res == NULL ? NULL : mysql_fetch_row(res);
	const unsigned long *lengths = row == NULL ? NULL : mysql_fetch_lengths(res);
	if (lengths == NULL) {
		e = store_failed(c);
		mysql_free_result(res);
		return e == ERR_OK ? ERR_NOT_FOUND : e;
	}
	for (size_t i = 0; i < n; i++) {
		/* A NULL, and a value too long to be kept, are shown as an empty one. */
		bool keep = row[i] != NULL && lengths[i] < DB_GTID_SET_MAX;
		if (keep)
			memcpy(ret_values[i], row[i], lengths[i]);
		ret_values[i][keep ? lengths[i] : 0] = '\0';
	}
	mysql_free_result(res);
	return ERR_OK;
}

void db_conn_rollback(struct db_conn *c)
{
	if (!c->broken && db_conn_run(c, STR("ROLLBACK")) != ERR_OK)
		c->broken = true;
}
