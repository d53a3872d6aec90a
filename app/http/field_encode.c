/* SPDX-License-Identifier: Apache-2.0 */
/* Structs into JSON, straight into the buffer: this is the hot path of each answer. */
#include "app/http/field_internal.h"

#include <string.h>

static const void *member_of(const struct field *f, const void *struct_)
{
	return (const char *)struct_ + f->offset;
}

static bool is_object_absent(const struct schema *s, const void *struct_);

static bool is_absent(const struct field *f, const void *member)
{
	switch (f->type) {
	case FIELD_ID:
		return id_is_none(*(const struct id *)member);
	case FIELD_STR:
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_CURRENCY:
	case FIELD_COUNTRY:
	case FIELD_JSON:
	case FIELD_METADATA:
		return ((const struct str *)member)->p == NULL;
	case FIELD_I64:
	case FIELD_MONEY:
	case FIELD_DEC6:
	case FIELD_TIME:
		return *(const int64_t *)member == INT64_MIN;
	case FIELD_BOOL:
		return false;
	case FIELD_DATE:
		return *(const int32_t *)member == DATE_NONE;
	case FIELD_ENUM:
		return *(const int32_t *)member == -1;
	case FIELD_OBJECT:
		return (f->flags & (FIELD_NULLABLE | FIELD_OMIT)) != 0 &&
		       is_object_absent(f->of, member);
	case FIELD_ARRAY:
		return ((const struct slice *)member)->p == NULL;
	}
	return false;
}

/* false and {} are absent here: they are what the absent members of an object decode to. */
static bool is_object_absent(const struct schema *s, const void *struct_)
{
	for (uint32_t i = 0; i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];
		const void *member = member_of(f, struct_);
		bool absent;

		if (f->type == FIELD_BOOL)
			absent = !*(const bool *)member;
		else if (f->type == FIELD_OBJECT)
			absent = is_object_absent(f->of, member);
		else
			absent = is_absent(f, member) ||
				 (f->type == FIELD_METADATA &&
				  str_eq_z(*(const struct str *)member, "{}"));
		if (!absent)
			return false;
	}
	return true;
}

/* ,"name": or {"name": */
static void put_name(struct buf *b, char before, struct str name)
{
	char *to = buf_reserve(b, name.n + 4);

	if (to == NULL)
		return;
	to[0] = before;
	to[1] = '"';
	memcpy(to + 2, name.p, name.n);
	to[name.n + 2] = '"';
	to[name.n + 3] = ':';
	b->n += name.n + 4;
}

/* An identifier of ours, which needs no escapes. */
static void put_constant(struct buf *b, struct str s)
{
	char *to = buf_reserve(b, s.n + 2);

	if (to == NULL)
		return;
	to[0] = '"';
	memcpy(to + 1, s.p, s.n);
	to[s.n + 1] = '"';
	b->n += s.n + 2;
}

static void put_id(struct buf *b, const struct field *f, struct id id)
{
	char text[ID_TEXT_LEN];

	buf_char(b, '"');
	if (f->prefix != NULL && f->prefix[0] != '\0') {
		id_put(b, f->prefix, id);
	} else {
		id_text(id, text);
		buf_put(b, text, sizeof(text));
	}
	buf_char(b, '"');
}

static void put_enum(struct buf *b, const struct field *f, int32_t i)
{
	if (i >= 0 && i < f->n_names)
		put_constant(b, str_from(f->names[i]));
	else if (b->err == ERR_OK)
		b->err = ERR_INTERNAL; /* a row the table knows nothing of: no answer, no crash */
}

static void put_array(struct buf *b, const struct field *f, const struct slice *slice)
{
	buf_char(b, '[');
	for (size_t i = 0; i < slice->n; i++) {
		if (i > 0)
			buf_char(b, ',');
		schema_encode(b, f->of, (const char *)slice->p + i * f->of->size);
	}
	buf_char(b, ']');
}

static void put_absent(struct buf *b, const struct field *f)
{
	if (f->type == FIELD_METADATA)
		buf_lit(b, "{}");
	else if (f->type == FIELD_ARRAY && (f->flags & FIELD_NULLABLE) == 0)
		buf_lit(b, "[]");
	else
		buf_lit(b, "null");
}

static void put_quoted(struct buf *b, const struct field *f, const void *member)
{
	buf_char(b, '"');
	if (f->type == FIELD_TIME)
		time_put(b, *(const int64_t *)member);
	else if (f->type == FIELD_DATE)
		date_put(b, *(const int32_t *)member);
	else
		dec6_put(b, *(const dec6 *)member);
	buf_char(b, '"');
}

static void put_value(struct buf *b, const struct field *f, const void *member)
{
	switch (f->type) {
	case FIELD_ID:
		put_id(b, f, *(const struct id *)member);
		break;
	case FIELD_STR:
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_CURRENCY:
	case FIELD_COUNTRY:
		buf_json_str(b, *(const struct str *)member);
		break;
	case FIELD_METADATA:
	case FIELD_JSON:
		buf_str(b, *(const struct str *)member);
		break;
	case FIELD_I64:
	case FIELD_MONEY:
		buf_i64(b, *(const int64_t *)member);
		break;
	case FIELD_DEC6:
	case FIELD_TIME:
	case FIELD_DATE:
		put_quoted(b, f, member);
		break;
	case FIELD_BOOL:
		if (*(const bool *)member)
			buf_lit(b, "true");
		else
			buf_lit(b, "false");
		break;
	case FIELD_ENUM:
		put_enum(b, f, *(const int32_t *)member);
		break;
	case FIELD_OBJECT:
		schema_encode(b, f->of, member);
		break;
	case FIELD_ARRAY:
		put_array(b, f, member);
		break;
	}
}

static void put_member(struct buf *b, char *before, const struct field *f, const void *struct_)
{
	const void *member = member_of(f, struct_);
	bool absent;

	if ((f->flags & FIELD_IN_ONLY) != 0)
		return;
	absent = is_absent(f, member);
	if (absent && (f->flags & FIELD_OMIT) != 0)
		return;
	put_name(b, *before, str_from(f->name));
	*before = ',';
	if (absent)
		put_absent(b, f);
	else
		put_value(b, f, member);
}

/* The row of "id", in most tables the first; n_fields when there is none. */
static uint32_t find_id(const struct schema *s)
{
	uint32_t i = 0;

	while (i < s->n_fields && strcmp(s->fields[i].name, "id") != 0)
		i++;
	return i;
}

void schema_encode(struct buf *b, const struct schema *s, const void *struct_)
{
	uint32_t id = find_id(s);
	char before = '{';

	if (id < s->n_fields)
		put_member(b, &before, &s->fields[id], struct_);
	if (s->object != NULL) {
		put_name(b, before, STR("object"));
		before = ',';
		put_constant(b, str_from(s->object));
	}
	for (uint32_t i = 0; i < s->n_fields; i++) {
		if (i != id)
			put_member(b, &before, &s->fields[i], struct_);
	}
	if (before == '{')
		buf_char(b, '{');
	buf_char(b, '}');
}

/* A step of FNV-1a. */
static uint32_t hash_u32(uint32_t hash, uint32_t v)
{
	return (hash ^ v) * 16777619;
}

static uint32_t hash_z(uint32_t hash, const char *z)
{
	/* With its end, so that "ab","c" is not "a","bc"; NULL differs from "". */
	if (z == NULL)
		return hash_u32(hash, 1);
	for (; *z != '\0'; z++)
		hash = hash_u32(hash, (unsigned char)*z);
	return hash_u32(hash, 0);
}

static uint32_t hash_schema(uint32_t hash, const struct schema *s)
{
	hash = hash_z(hash, s->object);
	for (uint32_t i = 0; i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];

		hash = hash_z(hash, f->name);
		hash = hash_u32(hash_u32(hash, (uint32_t)f->type), f->flags);
		hash = hash_z(hash, f->prefix);
		for (int32_t j = 0; j < f->n_names; j++)
			hash = hash_z(hash, f->names[j]);
		if (f->of != NULL)
			hash = hash_schema(hash_u32(hash, '{'), f->of);
	}
	return hash_u32(hash, '}');
}

uint32_t schema_fingerprint(const struct schema *s)
{
	return hash_schema(2166136261, s);
}
