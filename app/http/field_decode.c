/* SPDX-License-Identifier: Apache-2.0 */
/* JSON bodies into structs. json-c parses what json_scan has let through. */
#include "app/http/field_internal.h"

#include <json-c/json.h>

#include "app/base/check.h"
#include "app/base/limits.h"

#include <string.h>

/* err: ERR_VALIDATION after the first fault, anything worse ends the decoding. */
struct decoder {
	struct call *c;
	enum err err;
};

static void note(struct decoder *d, enum err e)
{
	if (e != ERR_OK && (d->err == ERR_OK || d->err == ERR_VALIDATION))
		d->err = e;
}

static bool is_hopeless(const struct decoder *d)
{
	return d->err != ERR_OK && d->err != ERR_VALIDATION;
}

static void fault(struct decoder *d, const struct field_at *at, const char *code,
		  const char *detail)
{
	note(d, field_fault(d->c, at, code, detail));
}

static bool is_type(struct decoder *d, const struct field_at *at, struct json_object *value,
		    enum json_type type, const char *detail)
{
	if (json_object_is_type(value, type))
		return true;
	fault(d, at, "wrong_type", detail);
	return false;
}

static struct str string_of(struct json_object *value)
{
	return (struct str){
		.p = json_object_get_string(value),
		.n = (size_t)json_object_get_string_len(value),
	};
}

static void set_present(const struct schema *s, void *struct_, uint64_t mask)
{
	if (s->present != 0)
		*(uint64_t *)(void *)((char *)struct_ + s->present - 1) = mask;
}

/* In a patch null for an object is null for each of its members. */
static void set_all_present(const struct schema *s, void *struct_)
{
	set_present(s, struct_, s->n_fields == 64 ? UINT64_MAX : (UINT64_C(1) << s->n_fields) - 1);
	for (uint32_t i = 0; i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];

		if (f->type == FIELD_OBJECT)
			set_all_present(f->of, field_member(f, struct_));
	}
}

static void decode_null(struct decoder *d, const struct field *f, const struct field_at *at,
			bool partial, void *ret_member)
{
	if ((f->flags & FIELD_NULLABLE) == 0 || (f->flags & FIELD_REQUIRED) != 0) {
		fault(d, at, "null_not_allowed", "must not be null");
		return;
	}
	field_clear(f, ret_member);
	if (partial && f->type == FIELD_METADATA)
		*(struct str *)ret_member = STR_NONE;
	if (partial && f->type == FIELD_OBJECT)
		set_all_present(f->of, ret_member);
}

static void decode_object(struct decoder *d, const struct schema *s, const struct field_at *at,
			  struct json_object *object, bool partial, void *ret_struct);

static void decode_array(struct decoder *d, const struct field *f, const struct field_at *at,
			 struct json_object *array, struct slice *ret_slice)
{
	size_t n = json_object_array_length(array);
	struct slice slice = { .n = n };
	int64_t min;
	int64_t max;

	field_limits(f, &min, &max);
	if ((int64_t)n < min) {
		fault(d, at, "too_few",
		      field_detail(d->c, "must have at least ", min, " elements"));
		return;
	}
	if ((int64_t)n > max) {
		fault(d, at, "too_many",
		      field_detail(d->c, "must have at most ", max, " elements"));
		return;
	}
	slice.p = arena_array(d->c->arena, n, f->of->size);
	if (slice.p == NULL) {
		note(d, ERR_NO_MEMORY);
		return;
	}
	for (size_t i = 0; i < n && !is_hopeless(d); i++) {
		struct field_at element = { .up = at, .index = i };
		struct json_object *value = json_object_array_get_idx(array, i);

		if (is_type(d, &element, value, json_type_object, "must be an object"))
			decode_object(d, f->of, &element, value, false,
				      (char *)slice.p + i * f->of->size);
	}
	*ret_slice = slice;
}

static void decode_integer(struct decoder *d, const struct field *f, const struct field_at *at,
			   struct json_object *value, void *ret_member)
{
	/* json-c has clamped what it could not hold to the ends of int64, which no field takes. */
	if (is_type(d, at, value, json_type_int, "must be an integer"))
		note(d, field_set_integer(d->c, f, at, json_object_get_int64(value), ret_member));
}

static void decode_value(struct decoder *d, const struct field *f, const struct field_at *at,
			 struct json_object *value, bool partial, void *ret_member)
{
	if (value == NULL) {
		decode_null(d, f, at, partial, ret_member);
		return;
	}
	switch ((int)f->type) {
	case FIELD_I64:
	case FIELD_MONEY:
		decode_integer(d, f, at, value, ret_member);
		break;
	case FIELD_BOOL:
		if (is_type(d, at, value, json_type_boolean, "must be true or false"))
			*(bool *)ret_member = json_object_get_boolean(value) != 0;
		break;
	case FIELD_OBJECT:
		if (is_type(d, at, value, json_type_object, "must be an object"))
			decode_object(d, f->of, at, value, partial && f->of->present != 0,
				      ret_member);
		break;
	case FIELD_ARRAY:
		if (is_type(d, at, value, json_type_array, "must be an array"))
			decode_array(d, f, at, value, ret_member);
		break;
	case FIELD_METADATA:
		if (is_type(d, at, value, json_type_object, "must be an object"))
			note(d, metadata_decode(d->c, at, value, partial, ret_member));
		break;
	default:
		if (is_type(d, at, value, json_type_string,
			    f->type == FIELD_DEC6 ? "must be a string with a decimal number"
						  : "must be a string"))
			note(d, field_set_text(d->c, f, at, string_of(value), ret_member));
		break;
	}
}

/* One member; returns its bit. */
static uint64_t decode_member(struct decoder *d, const struct schema *s, const struct field_at *at,
			      struct json_object *value, bool partial, void *ret_struct)
{
	const struct field *f = field_find(s, at->name);

	if (f == NULL && s->object != NULL && str_eq_z(at->name, "object")) {
		fault(d, at, "read_only", "is set by the service");
		return 0;
	}
	if (f == NULL) {
		fault(d, at, "unknown_member", "is not known here");
		return 0;
	}
	if ((f->flags & FIELD_OUT_ONLY) != 0 || f->type == FIELD_JSON)
		fault(d, at, "read_only", "is set by the service");
	else
		decode_value(d, f, at, value, partial, field_member(f, ret_struct));
	return UINT64_C(1) << (f - s->fields);
}

static void decode_object(struct decoder *d, const struct schema *s, const struct field_at *at,
			  struct json_object *object, bool partial, void *ret_struct)
{
	uint64_t seen = 0;

	if (partial)
		schema_clear(s, ret_struct);
	else
		schema_defaults(s, ret_struct);
	json_object_object_foreach(object, name, value)
	{
		struct field_at member = { .up = at, .name = str_from(name) };

		seen |= decode_member(d, s, &member, value, partial, ret_struct);
		if (is_hopeless(d))
			return;
	}
	set_present(s, ret_struct, seen);
	for (uint32_t i = 0; i < s->n_fields && !partial; i++) {
		const struct field *f = &s->fields[i];
		struct field_at member = { .up = at, .name = str_from(f->name) };

		if ((f->flags & FIELD_REQUIRED) != 0 && (f->flags & FIELD_OUT_ONLY) == 0 &&
		    !field_present(seen, i))
			fault(d, &member, "required", "is required");
	}
}

static void free_root(void *root)
{
	json_object_put(root);
}

/* Parses a scanned body whose value is an object. */
static enum err parse(struct call *c, struct str body, struct json_object **ret_root)
{
	/* The scan has counted the depth; json-c counts the scalars inside as one more. */
	struct json_tokener *tokener = json_tokener_new_ex(LIMIT_JSON_DEPTH + 2);
	struct json_object *root;
	enum json_tokener_error failure;
	enum err e;

	if (tokener == NULL)
		return ERR_NO_MEMORY;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, body.p, (int)body.n);
	failure = json_tokener_get_error(tokener);
	json_tokener_free(tokener);
	if (root == NULL)
		return call_fail(c, ERR_INVALID_JSON, json_tokener_error_desc(failure));
	e = arena_defer(c->arena, free_root, root);
	if (e == ERR_OK)
		*ret_root = root;
	return e;
}

static bool is_object(struct str body)
{
	return body.p[strspn(body.p, " \t\r\n")] == '{';
}

enum err schema_decode_json(struct call *c, const struct schema *s, struct str body, bool partial,
			    void *ret_struct)
{
	struct decoder d = { .c = c };
	struct json_object *root = NULL;
	enum err e = json_scan(c, body);

	if (e != ERR_OK)
		return e;
	if (!is_object(body))
		return field_fault(c, NULL, "wrong_type", "the body must be an object");
	e = parse(c, body, &root);
	if (e != ERR_OK)
		return e;
	decode_object(&d, s, NULL, root, partial, ret_struct);
	return d.err;
}
