/* SPDX-License-Identifier: Apache-2.0 */
/* All that differs between MariaDB and MySQL: session settings, GTIDs, waiting for a replica. */
#include "app/db/db_internal.h"

#include <stdio.h>
#include <string.h>

#include "app/base/check.h"

#define EPOCH_SQL "SELECT epoch FROM cluster_state WHERE id = 1"

void db_vendor_detect(struct db_conn *c)
{
	const char *info = mysql_get_server_info(c->mysql);
	c->mariadb = info != NULL && strstr(info, "MariaDB") != NULL;
}

/* The limit of one statement; MySQL limits SELECT only. */
static void put_limit(const struct db_conn *c, const struct db_login *l, char *ret_sql, size_t n)
{
	int64_t ms = l->statement_ms;
	if (c->mariadb)
		(void)snprintf(ret_sql, n, "SESSION max_statement_time=%lld.%03lld",
			       (long long)(ms / 1000), (long long)(ms % 1000));
	else
		(void)snprintf(ret_sql, n, "SESSION max_execution_time=%lld", (long long)ms);
}

void db_vendor_session(const struct db_conn *c, const struct db_login *l, char *ret_sql, size_t n)
{
	const char *track = c->mariadb ? "SESSION session_track_system_variables='last_gtid'"
				       : "SESSION session_track_gtids=OWN_GTID";
	bool write = l->role == DB_ROLE_WRITE;
	char limit[64];
	put_limit(c, l, limit, sizeof(limit));
	/*
	 * The epoch comes last: a database without the table (before its first migration) ends the
	 * list there. Where autocommit is off the SELECT has begun a transaction, hence the COMMIT.
	 */
	int len = snprintf(ret_sql, n,
			   "SET SESSION collation_connection=utf8mb4_bin, SESSION "
			   "time_zone='+00:00', SESSION sql_mode='" DB_SQL_MODE "', SESSION "
			   "innodb_lock_wait_timeout=%lld, SESSION autocommit=%d, %s%s%s; "
			   "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED%s; " EPOCH_SQL
			   "; COMMIT",
			   (long long)l->lock_wait_s, write ? 0 : 1, limit, write ? ", " : "",
			   write ? track : "", l->role == DB_ROLE_READ ? ", READ ONLY" : "");
	CHECK(len > 0 && (size_t)len < n);
}

/* MariaDB reports changed variables as key and value in turn. */
static bool tracked_variable(MYSQL *m, struct str *ret_gtid)
{
	struct str key = STR_NONE;
	int none = mysql_session_track_get_first(m, SESSION_TRACK_SYSTEM_VARIABLES, &key.p, &key.n);
	while (none == 0) {
		struct str value = STR_NONE;
		none = mysql_session_track_get_next(m, SESSION_TRACK_SYSTEM_VARIABLES, &value.p,
						    &value.n);
		if (none == 0 && str_eq_z(key, "last_gtid")) {
			*ret_gtid = value;
			return true;
		}
		if (none == 0)
			none = mysql_session_track_get_next(m, SESSION_TRACK_SYSTEM_VARIABLES,
							    &key.p, &key.n);
	}
	return false;
}

bool db_vendor_committed(struct db_conn *c, struct db_position *ret_position)
{
	struct str gtid = STR_NONE;
	bool found = c->mariadb ? tracked_variable(c->mysql, &gtid)
				: mysql_session_track_get_first(c->mysql, SESSION_TRACK_GTIDS,
								&gtid.p, &gtid.n) == 0;
	struct str source;
	struct db_position p = { .epoch = c->epoch, .at = clock_now() };
	if (!found || gtid.n >= sizeof(p.gtid) || !db_gtid_split(gtid, &source, &p.seq))
		return false;
	memcpy(p.gtid, gtid.p, gtid.n);
	*ret_position = p;
	return true;
}

/* A GTID goes into text: only what one is made of. */
static bool is_gtid_text(const char *gtid)
{
	return gtid[0] != '\0' && gtid[strspn(gtid, "0123456789abcdefABCDEF:-")] == '\0';
}

enum err db_vendor_wait(struct db_conn *c, const struct db_position *after, int64_t ms)
{
	char sql[192];
	char value[1][DB_GTID_SET_MAX];
	if (!is_gtid_text(after->gtid))
		return ERR_UNAVAILABLE;
	int n = snprintf(sql, sizeof(sql), "SELECT %s('%s', %lld.%03lld)",
			 c->mariadb ? "MASTER_GTID_WAIT" : "WAIT_FOR_EXECUTED_GTID_SET",
			 after->gtid, (long long)(ms / 1000), (long long)(ms % 1000));
	CHECK(n > 0 && (size_t)n < sizeof(sql));
	enum err e = db_conn_values(c, str_from(sql), 1, value);
	if (e != ERR_OK)
		return e;
	return strcmp(value[0], "0") == 0 ? ERR_OK : ERR_UNAVAILABLE;
}

enum err db_vendor_applied(struct db_conn *c, char ret_set[DB_GTID_SET_MAX], int64_t *ret_epoch)
{
	char values[2][DB_GTID_SET_MAX];
	char sql[128];
	int n = snprintf(sql, sizeof(sql), "SELECT %s, %s%s", c->has_epoch ? "epoch" : "1",
			 c->mariadb ? "@@GLOBAL.gtid_slave_pos" : "@@GLOBAL.gtid_executed",
			 c->has_epoch ? " FROM cluster_state WHERE id = 1" : "");
	CHECK(n > 0 && (size_t)n < sizeof(sql));
	enum err e = db_conn_values(c, str_from(sql), 2, values);
	if (e != ERR_OK)
		return e;
	e = str_to_i64(str_from(values[0]), 0, INT64_MAX, ret_epoch);
	if (e != ERR_OK)
		return e;
	memcpy(ret_set, values[1], sizeof(values[1]));
	return ERR_OK;
}

enum err db_vendor_binlog_set(struct db_conn *c, char ret_set[DB_GTID_SET_MAX])
{
	char value[1][DB_GTID_SET_MAX];
	enum err e = db_conn_values(c,
				    c->mariadb ? STR("SELECT @@GLOBAL.gtid_binlog_pos")
					       : STR("SELECT @@GLOBAL.gtid_executed"),
				    1, value);

	if (e != ERR_OK)
		return e;
	memcpy(ret_set, value[0], sizeof(value[0]));
	return ERR_OK;
}

enum err db_vendor_binlog(struct db_conn *c, struct db_position *ret_position)
{
	char set[DB_GTID_SET_MAX];
	struct db_position p = { .seq = 0 };
	enum err e = db_vendor_binlog_set(c, set);

	if (e != ERR_OK)
		return e;
	if (!db_gtid_find(str_from(set), STR_NONE, &p))
		p.seq = 0;
	p.epoch = c->epoch;
	p.at = clock_now();
	*ret_position = p;
	return ERR_OK;
}

static bool parse_seq(struct str s, uint64_t *ret_seq)
{
	int64_t seq;
	if (str_to_i64(s, 0, INT64_MAX, &seq) != ERR_OK)
		return false;
	*ret_seq = (uint64_t)seq;
	return true;
}

bool db_gtid_split(struct str gtid, struct str *ret_source, uint64_t *ret_seq)
{
	if (gtid.p == NULL)
		return false;
	struct str rest = gtid;
	struct str source = str_cut(&rest, ':');
	if (rest.p == NULL) {
		rest = gtid;
		source = str_cut(&rest, '-');
		if (rest.p != NULL)
			(void)str_cut(&rest, '-');
	}
	if (rest.p == NULL || !parse_seq(rest, ret_seq))
		return false;
	*ret_source = source;
	return true;
}

/* "uuid:1-23:25": the numbers up to 23 are all there. */
static bool split_intervals(struct str entry, struct str *ret_source, uint64_t *ret_seq)
{
	struct str rest = entry;
	struct str source = str_cut(&rest, ':');
	struct str interval = str_cut(&rest, ':');
	struct str first = str_cut(&interval, '-');
	if (!str_eq_z(first, "1") || !parse_seq(interval.p != NULL ? interval : first, ret_seq))
		return false;
	*ret_source = source;
	return true;
}

/* One entry of a set: "0-1-123" or "uuid:1-23". */
static bool read_entry(struct str entry, struct str source, struct db_position *ret_position)
{
	struct str entry_source;
	struct db_position p = { .seq = 0 };
	bool intervals = memchr(entry.p, ':', entry.n) != NULL;
	bool known = intervals ? split_intervals(entry, &entry_source, &p.seq)
			       : db_gtid_split(entry, &entry_source, &p.seq);
	if (!known || (source.p != NULL && !str_eq(source, entry_source)))
		return false;
	int n = intervals ? snprintf(p.gtid, sizeof(p.gtid), STR_FMT ":%llu", STR_ARG(entry_source),
				     (unsigned long long)p.seq)
			  : snprintf(p.gtid, sizeof(p.gtid), STR_FMT, STR_ARG(entry));
	if (n < 0 || (size_t)n >= sizeof(p.gtid))
		return false;
	*ret_position = p;
	return true;
}

static struct str next_entry(struct str *set)
{
	struct str entry = str_cut(set, ',');
	/* MySQL breaks the line after each comma. */
	while (entry.n > 0 && (entry.p[0] == '\n' || entry.p[0] == ' ')) {
		entry.p++;
		entry.n--;
	}
	return entry;
}

bool db_gtid_find(struct str set, struct str source, struct db_position *ret_position)
{
	if (set.p == NULL || (source.p == NULL && memchr(set.p, ',', set.n) != NULL))
		return false;
	while (set.p != NULL) {
		struct str entry = next_entry(&set);
		if (entry.n > 0 && read_entry(entry, source, ret_position))
			return true;
	}
	return false;
}

bool db_gtid_behind(struct str set, struct str want)
{
	while (want.p != NULL) {
		struct str entry = next_entry(&want);
		struct str source = STR_NONE;
		struct db_position needed;
		struct db_position has;
		if (entry.n > 0 && read_entry(entry, STR_NONE, &needed) &&
		    db_gtid_split(str_from(needed.gtid), &source, &needed.seq) &&
		    db_gtid_find(set, source, &has) && has.seq < needed.seq)
			return true;
	}
	return false;
}
