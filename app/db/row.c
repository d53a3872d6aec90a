/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a prepared statement: fetched, then written into the structs of the caller. */
#include "app/db/db_internal.h"

#include <string.h>

bool db_type_is_text(enum db_type type)
{
	return type == DB_STR || type == DB_BYTES;
}

enum err db_prepared_next(struct db_conn *c, struct db_prepared *p, bool *ret_row)
{
	int status = mysql_stmt_fetch(p->handle);
	if (status == 1) {
		/* An error amid the rows is noted in the session only (Connector/C 3.3). */
		unsigned int number = mysql_stmt_errno(p->handle);
		return db_conn_failed(c, number != 0 ? number : mysql_errno(c->mysql));
	}
	/* MYSQL_DATA_TRUNCATED is seen in each field's `cut`. */
	*ret_row = status != MYSQL_NO_DATA;
	return ERR_OK;
}

void db_prepared_finish(struct db_prepared *p)
{
	if (p->stmt->n_cols > 0)
		(void)mysql_stmt_free_result(p->handle);
}

/* The value of a text column, terminated, in the arena. */
static enum err take_text(struct db_prepared *p, size_t i, struct arena *a, struct str *ret_text)
{
	struct db_field *f = &p->fields[i];
	char *text = arena_alloc(a, f->length + 1);
	if (text == NULL)
		return ERR_NO_MEMORY;
	if (f->length <= DB_TEXT_ROOM) {
		memcpy(text, f->text, f->length);
	} else {
		MYSQL_BIND b = { .buffer = text };
		b.buffer_type = MYSQL_TYPE_BLOB;
		b.buffer_length = f->length;
		if (mysql_stmt_fetch_column(p->handle, &b, (unsigned int)i, 0) != 0)
			return ERR_DB_STATEMENT;
	}
	text[f->length] = '\0';
	*ret_text = (struct str){ .p = text, .n = f->length };
	return ERR_OK;
}

static enum err take_i32(const struct db_field *f, int32_t *ret_value)
{
	if (f->v.i64 < INT32_MIN || f->v.i64 > INT32_MAX)
		return ERR_DB_STATEMENT;
	*ret_value = (int32_t)f->v.i64;
	return ERR_OK;
}

static enum err take_dec6(const struct db_field *f, dec6 *ret_value)
{
	enum err e = dec6_parse((struct str){ .p = f->v.text, .n = f->length }, ret_value);
	return e == ERR_MALFORMED ? ERR_DB_STATEMENT : e;
}

static enum err take_time(const MYSQL_TIME *t, int64_t *ret_time)
{
	/* The zero date of old tables is no point in time. */
	if (t->month == 0 || t->day == 0)
		return ERR_DB_STATEMENT;
	*ret_time = time_from_civil((struct civil){
		.year = (int32_t)t->year,
		.month = (int32_t)t->month,
		.day = (int32_t)t->day,
		.hour = (int32_t)t->hour,
		.minute = (int32_t)t->minute,
		.second = (int32_t)t->second,
		.usec = (int32_t)t->second_part,
	});
	return ERR_OK;
}

static enum err take_date(const struct db_field *f, int32_t *ret_date)
{
	int64_t t;
	enum err e = take_time(&f->v.time, &t);
	if (e == ERR_OK)
		*ret_date = date_from_time(t);
	return e;
}

static enum err store_null(enum db_type type, void *to)
{
	switch (type) {
	case DB_ID:
		*(struct id *)to = ID_NONE;
		break;
	case DB_I64:
	case DB_DEC6:
	case DB_TIME:
		*(int64_t *)to = INT64_MIN;
		break;
	case DB_I32:
		*(int32_t *)to = -1;
		break;
	case DB_DATE:
		*(int32_t *)to = DATE_NONE;
		break;
	case DB_STR:
	case DB_BYTES:
		*(struct str *)to = STR_NONE;
		break;
	case DB_BOOL:
		return ERR_DB_STATEMENT;
	}
	return ERR_OK;
}

static enum err store_value(struct db_prepared *p, size_t i, struct arena *a, void *to)
{
	struct db_field *f = &p->fields[i];
	enum db_type type = p->stmt->cols[i].type;
	if (f->null)
		return store_null(type, to);
	if (f->cut && !db_type_is_text(type))
		return ERR_DB_STATEMENT;
	switch (type) {
	case DB_ID:
		if (f->length != sizeof(f->v.id))
			return ERR_DB_STATEMENT;
		memcpy(to, f->v.id, sizeof(f->v.id));
		return ERR_OK;
	case DB_I64:
		*(int64_t *)to = f->v.i64;
		return ERR_OK;
	case DB_I32:
		return take_i32(f, to);
	case DB_BOOL:
		*(bool *)to = f->v.i64 != 0;
		return ERR_OK;
	case DB_STR:
	case DB_BYTES:
		return take_text(p, i, a, to);
	case DB_DEC6:
		return take_dec6(f, to);
	case DB_TIME:
		return take_time(&f->v.time, to);
	case DB_DATE:
		return take_date(f, to);
	}
	return ERR_DB_STATEMENT;
}

enum err db_prepared_decode(struct db_prepared *p, struct arena *a, void *row)
{
	const struct db_stmt *s = p->stmt;
	for (size_t i = 0; i < s->n_cols; i++) {
		enum err e = store_value(p, i, a, (char *)row + s->cols[i].offset);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}
