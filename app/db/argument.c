/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of statements: checked against the signature, bound, sent. */
#include "app/db/db_internal.h"

#include <stdlib.h>

#include "app/base/check.h"

char db_type_letter(enum db_type type)
{
	static const char letters[] = "ainsbdtyo";
	CHECK((size_t)type < sizeof(letters) - 1);
	return letters[type];
}

void db_check_args(const struct db_stmt *s, const struct db_arg *args, size_t n)
{
	const char *param = s->params == NULL ? "" : s->params;
	CHECK(n == 0 || *param != '\0');
	for (size_t i = 0; i < n; i++) {
		if (*param == '\0' && s->repeat != NULL)
			param = s->params;
		/* Count and types of the arguments are those of the signature. */
		CHECK(*param == db_type_letter(args[i].type));
		param++;
	}
	CHECK(*param == '\0');
}

static void *in_arg(const void *p)
{
	/* The library wants a pointer to non-const but only reads what it points to. */
	return (void *)(uintptr_t)p;
}

static void bind_bytes(MYSQL_BIND *b, enum enum_field_types type, const void *p, size_t n)
{
	b->buffer_type = type;
	b->buffer = in_arg(p);
	b->buffer_length = (unsigned long)n;
}

static void bind_time(MYSQL_BIND *b, MYSQL_TIME *t, int64_t usec, enum enum_field_types type)
{
	struct civil c = civil_from_time(usec);
	*t = (MYSQL_TIME){
		.year = (unsigned int)c.year,
		.month = (unsigned int)c.month,
		.day = (unsigned int)c.day,
		.hour = (unsigned int)c.hour,
		.minute = (unsigned int)c.minute,
		.second = (unsigned int)c.second,
		.second_part = (unsigned long)c.usec,
		.time_type =
			type == MYSQL_TYPE_DATE ? MYSQL_TIMESTAMP_DATE : MYSQL_TIMESTAMP_DATETIME,
	};
	bind_bytes(b, type, t, sizeof(*t));
}

static void bind_dec6(MYSQL_BIND *b, union db_value *v, dec6 value)
{
	struct buf text = { .p = v->text, .room = sizeof(v->text), .cap = sizeof(v->text) };
	dec6_put(&text, value);
	bind_bytes(b, MYSQL_TYPE_NEWDECIMAL, v->text, text.n);
}

static bool is_null_arg(const struct db_arg *a)
{
	switch (a->type) {
	case DB_ID:
		return id_is_none(a->u.id);
	case DB_STR:
	case DB_BYTES:
		return a->u.str.p == NULL;
	case DB_I32:
		return a->u.i64 == -1;
	case DB_DATE:
		return a->u.i64 == DATE_NONE;
	case DB_I64:
	case DB_DEC6:
	case DB_TIME:
		return a->u.i64 == INT64_MIN;
	case DB_BOOL:
		break;
	}
	return false;
}

static void bind_value(MYSQL_BIND *b, union db_value *v, const struct db_arg *a)
{
	switch (a->type) {
	case DB_ID:
		bind_bytes(b, MYSQL_TYPE_BLOB, a->u.id.b, sizeof(a->u.id.b));
		break;
	case DB_I64:
	case DB_I32:
	case DB_BOOL:
		bind_bytes(b, MYSQL_TYPE_LONGLONG, &a->u.i64, sizeof(a->u.i64));
		break;
	case DB_STR:
		bind_bytes(b, MYSQL_TYPE_STRING, a->u.str.p, a->u.str.n);
		break;
	case DB_BYTES:
		bind_bytes(b, MYSQL_TYPE_BLOB, a->u.str.p, a->u.str.n);
		break;
	case DB_DEC6:
		bind_dec6(b, v, a->u.i64);
		break;
	case DB_TIME:
		bind_time(b, &v->time, a->u.i64, MYSQL_TYPE_DATETIME);
		break;
	case DB_DATE:
		bind_time(b, &v->time, time_from_date((int32_t)a->u.i64), MYSQL_TYPE_DATE);
		break;
	}
}

/* A NULL keeps the type of its column, so that the server sees the same types each time. */
static void bind_null(MYSQL_BIND *b, enum db_type type)
{
	struct db_arg zero = { .type = type };
	union db_value v;
	bind_value(b, &v, &zero);
	b->buffer = NULL;
	b->buffer_length = 0;
	b->is_null_value = 1;
	b->is_null = &b->is_null_value;
}

static enum err reserve_binds(struct db_conn *c, size_t n)
{
	size_t room = c->n_binds < 32 ? 32 : c->n_binds;
	if (n <= c->n_binds)
		return ERR_OK;
	while (room < n)
		room *= 2;
	free(c->binds);
	free(c->values);
	c->n_binds = 0;
	c->binds = calloc(room, sizeof(*c->binds));
	c->values = calloc(room, sizeof(*c->values));
	if (c->binds == NULL || c->values == NULL)
		return ERR_NO_MEMORY;
	c->n_binds = room;
	return ERR_OK;
}

enum err db_prepared_execute(struct db_conn *c, struct db_prepared *p, const struct db_arg *args,
			     size_t n)
{
	enum err e = reserve_binds(c, n);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		c->binds[i] = (MYSQL_BIND){ .buffer = NULL };
		if (is_null_arg(&args[i]))
			bind_null(&c->binds[i], args[i].type);
		else
			bind_value(&c->binds[i], &c->values[i], &args[i]);
	}
	c->trips++;
	c->number = 0;
	if ((n > 0 && mysql_stmt_bind_param(p->handle, c->binds) != 0) ||
	    mysql_stmt_execute(p->handle) != 0)
		return db_conn_failed(c, mysql_stmt_errno(p->handle));
	return ERR_OK;
}
