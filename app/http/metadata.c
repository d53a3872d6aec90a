/* SPDX-License-Identifier: Apache-2.0 */
/* Free metadata: objects of string pairs, kept as JSON text. */
#include "app/http/field_internal.h"

#include <json-c/json.h>

#include "app/base/limits.h"

/* The longest text of the most pairs, all of whose characters take 4 bytes or are escaped. */
enum {
	TEXT_MAX = 2 + LIMIT_JSON_MEMBERS * (6 + 6 * (LIMIT_METADATA_KEY + LIMIT_METADATA_VALUE)),
};

static const char too_many[] = "must have at most 50 pairs";
_Static_assert(LIMIT_METADATA_PAIRS == 50, "the text above names the limit");

static struct str string_of(struct json_object *value)
{
	return (struct str){
		.p = json_object_get_string(value),
		.n = (size_t)json_object_get_string_len(value),
	};
}

static void put_pair(struct buf *b, const char *name, struct json_object *value)
{
	if (b->n > 1)
		buf_char(b, ',');
	buf_json_str(b, str_from(name));
	buf_char(b, ':');
	if (value == NULL)
		buf_lit(b, "null");
	else
		buf_json_str(b, string_of(value));
}

static enum err check_pair(struct call *c, const struct field_at *at, struct json_object *value,
			   bool nulls)
{
	enum err e = field_check_length(c, at, at->name, 1, LIMIT_METADATA_KEY);

	if (e == ERR_OK)
		e = field_check_control(c, at, at->name, false);
	if (e != ERR_OK || (value == NULL && nulls))
		return e;
	if (!json_object_is_type(value, json_type_string))
		return field_fault(c, at, "wrong_type",
				   nulls ? "must be a string or null" : "must be a string");
	e = field_check_length(c, at, string_of(value), 0, LIMIT_METADATA_VALUE);
	return e == ERR_OK ? field_check_control(c, at, string_of(value), true) : e;
}

enum err metadata_decode(struct call *c, const struct field_at *at, struct json_object *pairs,
			 bool nulls, struct str *ret_text)
{
	enum err e = ERR_OK;
	struct buf b;
	size_t n = 0;

	buf_init(&b, c->arena, 0, TEXT_MAX);
	buf_char(&b, '{');
	json_object_object_foreach(pairs, name, value)
	{
		struct field_at pair = { .up = at, .name = str_from(name) };
		enum err wrong = check_pair(c, &pair, value, nulls);

		if (wrong != ERR_OK)
			e = wrong;
		if (wrong != ERR_OK && wrong != ERR_VALIDATION)
			return e;
		if (wrong == ERR_OK)
			put_pair(&b, name, value);
		n += value != NULL;
	}
	if (n > LIMIT_METADATA_PAIRS)
		e = field_fault(c, at, "too_many", too_many);
	if (e != ERR_OK)
		return e;
	buf_char(&b, '}');
	return buf_finish(&b, ret_text);
}

/* An object of a text that was made here before; the caller owns it. */
static enum err parse(struct str text, struct json_object **ret_object)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	if (tokener == NULL)
		return ERR_NO_MEMORY;
	object = text.n > INT32_MAX ? NULL : json_tokener_parse_ex(tokener, text.p, (int)text.n);
	json_tokener_free(tokener);
	if (!json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		return ERR_INTERNAL;
	}
	*ret_object = object;
	return ERR_OK;
}

/* Applies the patch to the object in place. */
static enum err apply(struct json_object *object, struct json_object *patch)
{
	json_object_object_foreach(patch, name, value)
	{
		if (value == NULL)
			json_object_object_del(object, name);
		else if (json_object_object_add(object, name, json_object_get(value)) != 0)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static enum err put_object(struct call *c, struct json_object *object, struct str *ret_text)
{
	static const struct field_at at = { .name = { "metadata", 8 } };
	struct buf b;

	if (json_object_object_length(object) > LIMIT_METADATA_PAIRS)
		return field_fault(c, &at, "too_many", too_many);
	buf_init(&b, c->arena, 0, TEXT_MAX);
	buf_char(&b, '{');
	json_object_object_foreach(object, name, value)
	{
		if (!json_object_is_type(value, json_type_string))
			return ERR_INTERNAL;
		put_pair(&b, name, value);
	}
	buf_char(&b, '}');
	return buf_finish(&b, ret_text);
}

enum err metadata_merge(struct call *c, struct str old, struct str patch, struct str *ret_metadata)
{
	struct json_object *object = NULL;
	struct json_object *changes = NULL;
	enum err e;

	if (patch.p == NULL) {
		*ret_metadata = STR("{}");
		return ERR_OK;
	}
	e = parse(old.p == NULL ? STR("{}") : old, &object);
	if (e != ERR_OK)
		goto out;
	e = parse(patch, &changes);
	if (e != ERR_OK)
		goto out;
	e = apply(object, changes);
	if (e == ERR_OK)
		e = put_object(c, object, ret_metadata);
out:
	json_object_put(changes);
	json_object_put(object);
	return e;
}
