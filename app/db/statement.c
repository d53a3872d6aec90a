/* SPDX-License-Identifier: Apache-2.0 */
/* Prepared statements of a session: their cache and the buffers of their columns. */
#include "app/db/db_internal.h"

#include <stdlib.h>
#include <string.h>

#include "app/observe/log.h"

char *db_stmt_text(const struct db_stmt *s, uint32_t rows)
{
	size_t head = strlen(s->sql);
	size_t row = s->repeat == NULL ? 0 : strlen(s->repeat);
	char *text = malloc(head + (row + 1) * rows + 1);
	if (text == NULL)
		return NULL;
	char *end = text + head;
	memcpy(text, s->sql, head);
	for (uint32_t i = 0; i < rows && row > 0; i++) {
		if (i > 0)
			*end++ = ',';
		memcpy(end, s->repeat, row);
		end += row;
	}
	*end = '\0';
	return text;
}

/* Cache */

static size_t bucket_of(const struct db_stmt *s, uint32_t rows)
{
	uint64_t h = ((uint64_t)(uintptr_t)s >> 3 ^ rows) * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(h >> 32) % DB_BUCKETS;
}

static void prepared_free(struct db_prepared *p)
{
	(void)mysql_stmt_close(p->handle);
	free(p);
}

void db_prepared_drop(struct db_conn *c, struct db_prepared *p)
{
	struct db_prepared **at = &c->buckets[bucket_of(p->stmt, p->rows)];
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	c->n_prepared--;
	prepared_free(p);
}

void db_prepared_drop_all(struct db_conn *c)
{
	for (size_t i = 0; i < DB_BUCKETS; i++) {
		struct db_prepared *next = c->buckets[i];
		c->buckets[i] = NULL;
		while (next != NULL) {
			struct db_prepared *p = next;
			next = p->next;
			prepared_free(p);
		}
	}
	c->n_prepared = 0;
}

static void drop_oldest(struct db_conn *c)
{
	struct db_prepared *oldest = NULL;
	for (size_t i = 0; i < DB_BUCKETS; i++) {
		for (struct db_prepared *p = c->buckets[i]; p != NULL; p = p->next) {
			if (oldest == NULL || p->used < oldest->used)
				oldest = p;
		}
	}
	if (oldest != NULL)
		db_prepared_drop(c, oldest);
}

/* Binding of results, once for each prepared statement */

/* The entry with the buffers of its columns, in one piece. */
static struct db_prepared *prepared_alloc(const struct db_stmt *s)
{
	size_t texts = 0;
	for (size_t i = 0; i < s->n_cols; i++)
		texts += db_type_is_text(s->cols[i].type) ? 1 : 0;
	struct db_prepared *p =
		calloc(1, sizeof(*p) + s->n_cols * sizeof(struct db_field) + texts * DB_TEXT_ROOM);
	if (p == NULL)
		return NULL;
	p->fields = (struct db_field *)(p + 1);
	char *text = (char *)(p->fields + s->n_cols);
	for (size_t i = 0; i < s->n_cols; i++) {
		if (db_type_is_text(s->cols[i].type)) {
			p->fields[i].text = text;
			text += DB_TEXT_ROOM;
		}
	}
	return p;
}

static void bind_field(MYSQL_BIND *b, struct db_field *f, enum db_type type)
{
	*b = (MYSQL_BIND){ .length = &f->length, .is_null = &f->null, .error = &f->cut };
	b->buffer = &f->v;
	switch (type) {
	case DB_I64:
	case DB_I32:
	case DB_BOOL:
		b->buffer_type = MYSQL_TYPE_LONGLONG;
		b->buffer_length = sizeof(f->v.i64);
		break;
	case DB_ID:
		b->buffer_type = MYSQL_TYPE_BLOB;
		b->buffer_length = sizeof(f->v.id);
		break;
	case DB_DEC6:
		b->buffer_type = MYSQL_TYPE_STRING;
		b->buffer_length = sizeof(f->v.text);
		break;
	case DB_TIME:
		b->buffer_type = MYSQL_TYPE_DATETIME;
		b->buffer_length = sizeof(f->v.time);
		break;
	case DB_DATE:
		b->buffer_type = MYSQL_TYPE_DATE;
		b->buffer_length = sizeof(f->v.time);
		break;
	case DB_STR:
	case DB_BYTES:
		b->buffer_type = MYSQL_TYPE_BLOB;
		b->buffer = f->text;
		b->buffer_length = DB_TEXT_ROOM;
		break;
	}
}

/* The library copies what it is given, so the array is needed for the call only. */
static enum err bind_fields(struct db_prepared *p)
{
	const struct db_stmt *s = p->stmt;
	if (s->n_cols == 0)
		return ERR_OK;
	MYSQL_BIND *binds = calloc(s->n_cols, sizeof(*binds));
	if (binds == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < s->n_cols; i++)
		bind_field(&binds[i], &p->fields[i], s->cols[i].type);
	bool failed = mysql_stmt_bind_result(p->handle, binds) != 0;
	free(binds);
	return failed ? ERR_DB_STATEMENT : ERR_OK;
}

/* Preparing */

/* A failure to prepare is a fault of the program or the schema; its message holds no data. */
static void log_prepare(const struct db_stmt *s, const char *message)
{
	log_line(LOG_ERROR, "statement cannot be prepared", LOG_Z("statement", s->name),
		 LOG_Z("message", message));
}

static enum err prepare_text(struct db_conn *c, struct db_prepared *p, const char *text)
{
	const struct db_stmt *s = p->stmt;
	c->trips++;
	if (mysql_stmt_prepare(p->handle, text, strlen(text)) != 0) {
		enum err e = db_conn_failed(c, mysql_stmt_errno(p->handle));
		if (e == ERR_DB_STATEMENT)
			log_prepare(s, mysql_stmt_error(p->handle));
		return e;
	}
	size_t n_params = s->params == NULL ? 0 : strlen(s->params);
	if (mysql_stmt_param_count(p->handle) != n_params * p->rows ||
	    mysql_stmt_field_count(p->handle) != s->n_cols) {
		log_prepare(s, "the counts of parameters or columns differ from the signature");
		return ERR_DB_STATEMENT;
	}
	return bind_fields(p);
}

static enum err prepare(struct db_conn *c, const struct db_stmt *s, uint32_t rows,
			struct db_prepared **ret_prepared)
{
	struct db_prepared *p = prepared_alloc(s);
	char *text = db_stmt_text(s, rows);
	enum err e = ERR_NO_MEMORY;
	if (p == NULL || text == NULL)
		goto out;
	p->stmt = s;
	p->rows = rows;
	p->label = db_metrics_label(s);
	p->handle = mysql_stmt_init(c->mysql);
	if (p->handle == NULL)
		goto out;
	e = prepare_text(c, p, text);
	if (e != ERR_OK)
		goto out;
	*ret_prepared = p;
	p = NULL;
out:
	if (p != NULL && p->handle != NULL)
		(void)mysql_stmt_close(p->handle);
	free(p);
	free(text);
	return e;
}

enum err db_prepared_get(struct db_conn *c, const struct db_stmt *s, uint32_t rows,
			 struct db_prepared **ret_prepared)
{
	size_t bucket = bucket_of(s, rows);
	for (struct db_prepared *p = c->buckets[bucket]; p != NULL; p = p->next) {
		if (p->stmt == s && p->rows == rows) {
			p->used = ++c->tick;
			*ret_prepared = p;
			return ERR_OK;
		}
	}
	struct db_prepared *p = NULL;
	enum err e = prepare(c, s, rows, &p);
	if (e != ERR_OK)
		return e;
	if (c->n_prepared == DB_PREPARED_MAX)
		drop_oldest(c);
	p->used = ++c->tick;
	p->next = c->buckets[bucket];
	c->buckets[bucket] = p;
	c->n_prepared++;
	*ret_prepared = p;
	return ERR_OK;
}
