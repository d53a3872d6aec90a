/* SPDX-License-Identifier: Apache-2.0 */
/* The connection of tools: text statements, and statements compared with their signatures. */
#include "app/db/db_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct db_admin {
	struct db_conn *conn;
	struct db_endpoint endpoint;
	char message[1024];
};

#define ADMIN_SESSION                                                                        \
	"SET SESSION collation_connection=utf8mb4_bin, SESSION time_zone='+00:00', SESSION " \
	"sql_mode='" DB_SQL_MODE "'"

/* Keeps the library's message; returns the class of the error. */
static enum err failed(struct db_admin *d, enum err e)
{
	MYSQL *m = d->conn->mysql;
	(void)snprintf(d->message, sizeof(d->message), "%u (%s): %s", mysql_errno(m),
		       mysql_sqlstate(m), mysql_error(m));
	return e;
}

enum err db_admin_open(const struct config *c, const char *user, const char *password,
		       struct db_admin **ret_admin, struct str *ret_message)
{
	const char *message = "db_primary is neither \"unix:/path\" nor \"host:port\"";
	struct db_admin *d = calloc(1, sizeof(*d));
	if (d == NULL) {
		*ret_message = STR("out of memory");
		return ERR_NO_MEMORY;
	}
	struct db_login login = { .endpoint = &d->endpoint,
				  .user = user,
				  .password = password,
				  .database = c->db_name,
				  .role = DB_ROLE_ADMIN };
	enum err e = db_endpoint_init(&d->endpoint, str_from(c->db_primary), true);
	if (e == ERR_OK)
		e = db_conn_open(&login, &d->conn, &message);
	if (e != ERR_OK) {
		*ret_message = str_from(message);
		db_admin_close(d);
		return e;
	}
	e = db_admin_exec(d, STR(ADMIN_SESSION));
	if (e != ERR_OK) {
		*ret_message = STR("the session's settings were refused");
		db_admin_close(d);
		return e;
	}
	*ret_admin = d;
	return ERR_OK;
}

void db_admin_close(struct db_admin *d)
{
	if (d == NULL)
		return;
	db_conn_close(d->conn);
	free(d);
}

const char *db_admin_message(const struct db_admin *d)
{
	return d->message;
}

enum err db_admin_exec(struct db_admin *d, struct str sql)
{
	enum err e = db_conn_run(d->conn, sql);
	return e == ERR_OK ? e : failed(d, e);
}

enum err db_admin_value(struct db_admin *d, struct arena *a, struct str sql, struct str *ret_value)
{
	MYSQL *m = d->conn->mysql;
	struct str value = STR_NONE;
	enum err e = ERR_NOT_FOUND;
	MYSQL_RES *res = NULL;
	MYSQL_ROW row = NULL;
	if (mysql_real_query(m, sql.p, sql.n) == 0)
		res = mysql_store_result(m);
	if (mysql_errno(m) != 0) {
		e = failed(d, db_conn_failed(d->conn, mysql_errno(m)));
		goto out;
	}
	row = res == NULL ? NULL : mysql_fetch_row(res);
	if (row == NULL)
		goto out;
	if (row[0] != NULL)
		value = arena_dup(a, (struct str){ .p = row[0], .n = mysql_fetch_lengths(res)[0] });
	e = row[0] != NULL && value.p == NULL ? ERR_NO_MEMORY : ERR_OK;
	if (e == ERR_OK)
		*ret_value = value;
out:
	mysql_free_result(res);
	return e;
}

/* Comparing a statement with its signature */

static enum err differs(struct db_admin *d, const struct db_stmt *s, const char *what, size_t have,
			size_t want)
{
	(void)snprintf(d->message, sizeof(d->message),
		       "%s: %s: the server says %zu, the signature %zu", s->name, what, have, want);
	return ERR_DB_STATEMENT;
}

static bool is_integer(const MYSQL_FIELD *f)
{
	switch ((int)f->type) {
	case MYSQL_TYPE_TINY:
	case MYSQL_TYPE_SHORT:
	case MYSQL_TYPE_INT24:
	case MYSQL_TYPE_LONG:
	case MYSQL_TYPE_LONGLONG:
	case MYSQL_TYPE_YEAR:
		return true;
	default:
		return false;
	}
}

static bool is_string(const MYSQL_FIELD *f)
{
	switch ((int)f->type) {
	case MYSQL_TYPE_VARCHAR:
	case MYSQL_TYPE_VAR_STRING:
	case MYSQL_TYPE_STRING:
	case MYSQL_TYPE_TINY_BLOB:
	case MYSQL_TYPE_BLOB:
	case MYSQL_TYPE_MEDIUM_BLOB:
	case MYSQL_TYPE_LONG_BLOB:
		return true;
	default:
		return false;
	}
}

static bool type_fits(enum db_type type, const MYSQL_FIELD *f)
{
	const unsigned int binary = 63; /* the number of the character set */
	bool decimal = f->type == MYSQL_TYPE_NEWDECIMAL || f->type == MYSQL_TYPE_DECIMAL;
	switch (type) {
	case DB_ID:
		return is_string(f) && f->charsetnr == binary && f->length == 16;
	case DB_I64:
		/* SUM of integers is a decimal without decimals. */
		return is_integer(f) || (decimal && f->decimals == 0);
	case DB_I32:
	case DB_BOOL:
		return is_integer(f);
	case DB_STR:
		return (is_string(f) && f->charsetnr != binary) || f->type == MYSQL_TYPE_JSON;
	case DB_BYTES:
		return is_string(f) && f->charsetnr == binary;
	case DB_DEC6:
		return decimal && f->decimals <= 6;
	case DB_TIME:
		return f->type == MYSQL_TYPE_DATETIME || f->type == MYSQL_TYPE_TIMESTAMP;
	case DB_DATE:
		return f->type == MYSQL_TYPE_DATE;
	}
	return false;
}

static size_t type_size(enum db_type type)
{
	switch (type) {
	case DB_ID:
		return sizeof(struct id);
	case DB_I64:
	case DB_DEC6:
	case DB_TIME:
		return sizeof(int64_t);
	case DB_I32:
	case DB_DATE:
		return sizeof(int32_t);
	case DB_STR:
	case DB_BYTES:
		return sizeof(struct str);
	case DB_BOOL:
		return sizeof(bool);
	}
	return 0;
}

static enum err check_column(struct db_admin *d, const struct db_stmt *s, size_t i,
			     const MYSQL_FIELD *f)
{
	const struct db_col *col = &s->cols[i];
	if (!type_fits(col->type, f)) {
		(void)snprintf(d->message, sizeof(d->message),
			       "%s: column %zu (%s): type '%c' does not fit the server's type %d "
			       "(length %lu, decimals %u, character set %u)",
			       s->name, i + 1, f->name, db_type_letter(col->type), (int)f->type,
			       f->length, f->decimals, f->charsetnr);
		return ERR_DB_STATEMENT;
	}
	if (col->offset + type_size(col->type) > s->row_size)
		return differs(d, s, "a column lies outside of the row", s->row_size,
			       col->offset + type_size(col->type));
	return ERR_OK;
}

static enum err check_columns(struct db_admin *d, const struct db_stmt *s, MYSQL_STMT *handle)
{
	enum err e = ERR_OK;
	MYSQL_RES *meta = mysql_stmt_result_metadata(handle);
	size_t n = meta == NULL ? 0 : mysql_num_fields(meta);
	if (n != s->n_cols)
		e = differs(d, s, "number of columns", n, s->n_cols);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = check_column(d, s, i, mysql_fetch_field_direct(meta, (unsigned int)i));
	mysql_free_result(meta);
	return e;
}

/* A statement that locks or changes rows must not be declared DB_READ. */
static enum err check_access(struct db_admin *d, const struct db_stmt *s)
{
	bool reads = strncmp(s->sql, "SELECT", 6) == 0 && strstr(s->sql, "FOR UPDATE") == NULL &&
		     strstr(s->sql, "LOCK IN SHARE MODE") == NULL;
	if (s->access == DB_WRITE || (s->access == DB_READ && reads))
		return ERR_OK;
	(void)snprintf(d->message, sizeof(d->message), "%s: not a statement that only reads",
		       s->name);
	return ERR_DB_STATEMENT;
}

static enum err check_prepared(struct db_admin *d, const struct db_stmt *s, MYSQL_STMT *handle,
			       const char *text)
{
	size_t params = s->params == NULL ? 0 : strlen(s->params);
	if (mysql_stmt_prepare(handle, text, strlen(text)) != 0) {
		(void)snprintf(d->message, sizeof(d->message), "%s: %u: %s", s->name,
			       mysql_stmt_errno(handle), mysql_stmt_error(handle));
		return ERR_DB_STATEMENT;
	}
	if (mysql_stmt_param_count(handle) != params)
		return differs(d, s, "number of parameters", mysql_stmt_param_count(handle),
			       params);
	return check_columns(d, s, handle);
}

enum err db_admin_check(struct db_admin *d, const struct db_stmt *s)
{
	enum err e = check_access(d, s);
	if (e != ERR_OK)
		return e;
	e = ERR_NO_MEMORY;
	char *text = db_stmt_text(s, 1);
	MYSQL_STMT *handle = mysql_stmt_init(d->conn->mysql);
	if (text != NULL && handle != NULL)
		e = check_prepared(d, s, handle, text);
	if (handle != NULL)
		(void)mysql_stmt_close(handle);
	free(text);
	return e;
}
