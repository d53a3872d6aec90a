/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Schema (2020-12, as OpenAPI 3.1 takes it) from field tables. */
#include "app/http/openapi_internal.h"

#include "app/base/check.h"
#include "app/base/limits.h"

#include <string.h>

enum { NAME_MAX_BYTES = 128 };

/* TypeID 0.3: Crockford's base32 in lower case, at most 128 bits. */
#define ID_PATTERN "[0-7][0-9a-hjkmnp-tv-z]{25}$"

void json_next(struct buf *b)
{
	char last;

	/* After an error the bytes are of no use any more. */
	if (b->err != ERR_OK || b->n == 0)
		return;
	last = b->p[b->n - 1];
	if (last != '{' && last != '[')
		buf_char(b, ',');
}

void json_name(struct buf *b, const char *name)
{
	json_next(b);
	buf_json_str(b, str_from(name));
	buf_char(b, ':');
}

void json_text(struct buf *b, const char *name, const char *text)
{
	if (text == NULL)
		return;
	json_name(b, name);
	buf_json_str(b, str_from(text));
}

void json_i64(struct buf *b, const char *name, int64_t v)
{
	json_name(b, name);
	buf_i64(b, v);
}

bool field_in_form(const struct field *f, enum form form)
{
	if (form == FORM_OUTPUT)
		return (f->flags & FIELD_IN_ONLY) == 0;
	return (f->flags & FIELD_OUT_ONLY) == 0 && f->type != FIELD_JSON;
}

/* What stands inside of a patch is a patch only where the decoder knows what was there. */
static enum form nested_form(const struct field *f, enum form form)
{
	if (form == FORM_PATCH && (f->type == FIELD_ARRAY || f->of->present == 0))
		return FORM_INPUT;
	return form;
}

static const struct component *component_find(const struct components *cs, const struct schema *s,
					      enum form form)
{
	for (size_t i = 0; i < cs->n; i++) {
		if (cs->items[i].schema == s && cs->items[i].form == form)
			return &cs->items[i];
	}
	return NULL;
}

/* Adds a component and what it contains. Without items it only counts, some more than once. */
static void components_add(struct components *cs, const struct schema *s, enum form form)
{
	if (cs->items != NULL) {
		if (component_find(cs, s, form) != NULL)
			return;
		CHECK(cs->n < cs->room);
		cs->items[cs->n] = (struct component){ .schema = s, .form = form };
	}
	cs->n++;
	if (form == FORM_LIST) {
		components_add(cs, s, FORM_OUTPUT);
		return;
	}
	for (uint32_t i = 0; i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];

		if (f->of != NULL && field_in_form(f, form))
			components_add(cs, f->of, nested_form(f, form));
	}
}

static void components_collect(struct components *cs, const struct router *r)
{
	for (size_t i = 0; i < router_count(r); i++) {
		const struct route *rt = router_route(r, i);

		if (rt->body != NULL)
			components_add(cs, rt->body, rt->partial ? FORM_PATCH : FORM_INPUT);
		if (rt->result != NULL)
			components_add(cs, rt->result, FORM_OUTPUT);
		if (rt->list != NULL)
			components_add(cs, rt->list->row, FORM_LIST);
	}
}

static bool is_name_taken(const struct components *cs, size_t before, struct str name)
{
	for (size_t i = 0; i < before; i++) {
		if (str_eq_z(name, cs->items[i].name))
			return true;
	}
	return str_eq(name, STR("Problem"));
}

/* What is put behind the schema's name. */
static const char *name_suffix(const struct components *cs, const struct component *c)
{
	bool output = component_find(cs, c->schema, FORM_OUTPUT) != NULL;
	bool input = component_find(cs, c->schema, FORM_INPUT) != NULL;

	switch (c->form) {
	case FORM_OUTPUT:
		break;
	case FORM_INPUT:
		return output ? "Input" : "";
	case FORM_PATCH:
		return output || input ? "Patch" : "";
	case FORM_LIST:
		return "List";
	}
	return "";
}

/* "CustomerInput" and "Patch" make "CustomerPatch". */
static struct str name_stem(const char *name, const char *suffix)
{
	struct str stem = str_from(name);
	struct str input = STR("Input");

	if (strcmp(suffix, "Patch") == 0 && stem.n > input.n &&
	    memcmp(stem.p + stem.n - input.n, input.p, input.n) == 0)
		stem.n -= input.n;
	return stem;
}

/* A number is put behind a name that another schema has. */
static enum err component_name(struct components *cs, size_t i, struct arena *a)
{
	struct component *c = &cs->items[i];
	const char *suffix = name_suffix(cs, c);

	for (int64_t ordinal = 1;; ordinal++) {
		struct buf b;
		struct str name = STR_NONE;
		enum err e;

		buf_init(&b, a, 0, NAME_MAX_BYTES);
		buf_str(&b, name_stem(c->schema->name, suffix));
		buf_z(&b, suffix);
		if (ordinal > 1)
			buf_i64(&b, ordinal);
		e = buf_finish(&b, &name);
		if (e != ERR_OK)
			return e;
		if (is_name_taken(cs, i, name))
			continue;
		c->name = arena_dupz(a, name);
		return c->name == NULL ? ERR_NO_MEMORY : ERR_OK;
	}
}

enum err components_init(struct components *cs, struct arena *a, const struct router *r)
{
	struct components counted = { .n = 0 };
	enum err e = ERR_OK;

	components_collect(&counted, r);
	*cs = (struct components){ .room = counted.n };
	cs->items = arena_array(a, counted.n, sizeof(cs->items[0]));
	if (cs->items == NULL)
		return ERR_NO_MEMORY;
	components_collect(cs, r);
	for (size_t i = 0; i < cs->n && e == ERR_OK; i++)
		e = component_name(cs, i, a);
	return e;
}

void component_ref_put(struct buf *b, const struct components *cs, const struct schema *s,
		       enum form form)
{
	const struct component *c = component_find(cs, s, form);

	CHECK(c != NULL);
	buf_lit(b, "{\"$ref\":\"#/components/schemas/");
	buf_z(b, c->name);
	buf_lit(b, "\"}");
}

static bool is_nullable(const struct field *f, enum form form)
{
	if ((f->flags & FIELD_NULLABLE) == 0)
		return false;
	return (f->flags & (form == FORM_OUTPUT ? FIELD_OMIT : FIELD_REQUIRED)) == 0;
}

/* Limits hold in answers only where the row itself names them. */
static bool has_limits(const struct field *f, enum form form)
{
	return form != FORM_OUTPUT || f->min != 0 || f->max != 0;
}

static void put_type(struct buf *b, const struct field *f, enum form form, const char *type)
{
	json_name(b, "type");
	if (!is_nullable(f, form)) {
		buf_json_str(b, str_from(type));
		return;
	}
	buf_char(b, '[');
	buf_json_str(b, str_from(type));
	buf_lit(b, ",\"null\"]");
}

/* The limits as the two keywords of the type. */
static void put_limits(struct buf *b, const struct field *f, enum form form, const char *least,
		       const char *most)
{
	int64_t min;
	int64_t max;

	if (!has_limits(f, form))
		return;
	field_limits(f, &min, &max);
	if (min != 0 || f->type == FIELD_I64 || f->type == FIELD_MONEY)
		json_i64(b, least, min);
	json_i64(b, most, max);
}

static void put_text_type(struct buf *b, const struct field *f, enum form form)
{
	put_type(b, f, form, "string");
	if (f->type == FIELD_EMAIL)
		json_text(b, "format", "email");
	else if ((f->flags & FIELD_SECRET) != 0)
		json_text(b, "format", "password");
	put_limits(b, f, form, "minLength", "maxLength");
}

static void put_id_type(struct buf *b, const struct field *f, enum form form)
{
	put_type(b, f, form, "string");
	json_name(b, "pattern");
	buf_lit(b, "\"^");
	if (f->prefix != NULL && f->prefix[0] != '\0') {
		buf_z(b, f->prefix);
		buf_char(b, '_');
	}
	buf_lit(b, ID_PATTERN "\"");
}

static void put_dec6_type(struct buf *b, const struct field *f, enum form form)
{
	int64_t min;
	int64_t max;

	field_limits(f, &min, &max);
	put_type(b, f, form, "string");
	json_text(b, "format", "decimal");
	json_text(b, "pattern",
		  min >= 0 ? "^(0|[1-9][0-9]{0,11})(\\.[0-9]{1,6})?$"
			   : "^-?(0|[1-9][0-9]{0,11})(\\.[0-9]{1,6})?$");
}

static void put_enum_type(struct buf *b, const struct field *f, enum form form)
{
	put_type(b, f, form, "string");
	json_name(b, "enum");
	buf_char(b, '[');
	for (int32_t i = 0; i < f->n_names; i++) {
		json_next(b);
		buf_json_str(b, str_from(f->names[i]));
	}
	if (is_nullable(f, form)) {
		json_next(b);
		buf_lit(b, "null");
	}
	buf_char(b, ']');
}

static void put_metadata_type(struct buf *b, const struct field *f, enum form form)
{
	put_type(b, f, form, "object");
	json_i64(b, "maxProperties", LIMIT_METADATA_PAIRS);
	json_name(b, "propertyNames");
	buf_char(b, '{');
	json_i64(b, "maxLength", LIMIT_METADATA_KEY);
	buf_char(b, '}');
	json_name(b, "additionalProperties");
	/* Null in a patch removes the pair. */
	if (form == FORM_PATCH)
		buf_lit(b, "{\"type\":[\"string\",\"null\"]");
	else
		buf_lit(b, "{\"type\":\"string\"");
	json_i64(b, "maxLength", LIMIT_METADATA_VALUE);
	buf_char(b, '}');
}

static void put_object_type(struct buf *b, const struct components *cs, const struct field *f,
			    enum form form)
{
	if (!is_nullable(f, form)) {
		json_name(b, "allOf");
		buf_char(b, '[');
		component_ref_put(b, cs, f->of, nested_form(f, form));
		buf_char(b, ']');
		return;
	}
	json_name(b, "anyOf");
	buf_char(b, '[');
	component_ref_put(b, cs, f->of, nested_form(f, form));
	buf_lit(b, ",{\"type\":\"null\"}]");
}

static void put_array_type(struct buf *b, const struct components *cs, const struct field *f,
			   enum form form)
{
	put_type(b, f, form, "array");
	json_name(b, "items");
	component_ref_put(b, cs, f->of, nested_form(f, form));
	put_limits(b, f, form, "minItems", "maxItems");
}

static void put_formatted_type(struct buf *b, const struct field *f, enum form form,
			       const char *format)
{
	put_type(b, f, form, "string");
	json_text(b, "format", format);
}

static void put_pattern_type(struct buf *b, const struct field *f, enum form form,
			     const char *pattern)
{
	put_type(b, f, form, "string");
	json_text(b, "pattern", pattern);
}

static void put_field_type(struct buf *b, const struct components *cs, const struct field *f,
			   enum form form)
{
	switch (f->type) {
	case FIELD_ID:
		put_id_type(b, f, form);
		break;
	case FIELD_STR:
	case FIELD_TEXT:
	case FIELD_EMAIL:
		put_text_type(b, f, form);
		break;
	case FIELD_I64:
	case FIELD_MONEY:
		put_type(b, f, form, "integer");
		json_text(b, "format", "int64");
		put_limits(b, f, form, "minimum", "maximum");
		break;
	case FIELD_DEC6:
		put_dec6_type(b, f, form);
		break;
	case FIELD_BOOL:
		put_type(b, f, form, "boolean");
		break;
	case FIELD_TIME:
		put_formatted_type(b, f, form, "date-time");
		break;
	case FIELD_DATE:
		put_formatted_type(b, f, form, "date");
		break;
	case FIELD_ENUM:
		put_enum_type(b, f, form);
		break;
	case FIELD_CURRENCY:
		put_pattern_type(b, f, form, "^[A-Z]{3}$");
		break;
	case FIELD_COUNTRY:
		put_pattern_type(b, f, form, "^[A-Z]{2}$");
		break;
	case FIELD_OBJECT:
		put_object_type(b, cs, f, form);
		break;
	case FIELD_ARRAY:
		put_array_type(b, cs, f, form);
		break;
	case FIELD_METADATA:
		put_metadata_type(b, f, form);
		break;
	case FIELD_JSON:
		break; /* any value */
	}
}

/* The default of an absent member; a patch has none. */
static void put_fallback(struct buf *b, const struct field *f)
{
	json_name(b, "default");
	switch ((int)f->type) {
	case FIELD_BOOL:
		buf_z(b, f->fallback != 0 ? "true" : "false");
		break;
	case FIELD_ENUM:
		if (f->fallback >= 0 && f->fallback < f->n_names)
			buf_json_str(b, str_from(f->names[f->fallback]));
		else
			buf_lit(b, "null");
		break;
	case FIELD_DEC6:
		buf_char(b, '"');
		dec6_put(b, f->fallback);
		buf_char(b, '"');
		break;
	default:
		buf_i64(b, f->fallback);
		break;
	}
}

/* What is said of a type when the row says nothing. */
static const char *type_remark(const struct field *f)
{
	switch ((int)f->type) {
	case FIELD_MONEY:
		return "In minor units of the currency.";
	case FIELD_CURRENCY:
		return "ISO 4217.";
	case FIELD_COUNTRY:
		return "ISO 3166-1.";
	default:
		return NULL;
	}
}

/* The row's words, and the range of decimals, which JSON Schema cannot say of strings. */
static void put_description(struct buf *b, const struct field *f)
{
	const char *words = f->doc != NULL ? f->doc : type_remark(f);
	int64_t min;
	int64_t max;

	if (f->type != FIELD_DEC6 || (f->min == 0 && f->max == 0)) {
		json_text(b, "description", words);
		return;
	}
	json_text(b, "description", words == NULL ? "" : words);
	if (b->err != ERR_OK)
		return;
	b->n--; /* opens the string again */
	field_limits(f, &min, &max);
	buf_z(b, words == NULL ? "From " : " From ");
	dec6_put(b, min);
	buf_lit(b, " to ");
	dec6_put(b, max);
	buf_lit(b, ".\"");
}

void field_schema_put(struct buf *b, const struct components *cs, const struct field *f,
		      enum form form)
{
	/* An object with nothing to add is its component. */
	if (f->type == FIELD_OBJECT && f->doc == NULL && f->example == NULL &&
	    !is_nullable(f, form)) {
		component_ref_put(b, cs, f->of, nested_form(f, form));
		return;
	}
	buf_char(b, '{');
	put_field_type(b, cs, f, form);
	put_description(b, f);
	if (f->has_fallback && form == FORM_INPUT)
		put_fallback(b, f);
	if (f->example != NULL) {
		json_name(b, "examples");
		buf_char(b, '[');
		buf_z(b, f->example);
		buf_char(b, ']');
	}
	if ((f->flags & FIELD_SECRET) != 0 && form != FORM_OUTPUT)
		buf_lit(b, ",\"writeOnly\":true");
	buf_char(b, '}');
}

static bool is_required(const struct field *f, enum form form)
{
	if (!field_in_form(f, form))
		return false;
	if (form == FORM_OUTPUT)
		return (f->flags & FIELD_OMIT) == 0;
	return form == FORM_INPUT && (f->flags & FIELD_REQUIRED) != 0;
}

static void put_required(struct buf *b, const struct schema *s, enum form form)
{
	bool constant = form == FORM_OUTPUT && s->object != NULL;
	size_t n = constant ? 1 : 0;

	for (uint32_t i = 0; i < s->n_fields; i++)
		n += is_required(&s->fields[i], form) ? 1 : 0;
	if (n == 0)
		return;
	json_name(b, "required");
	buf_char(b, '[');
	if (constant)
		buf_lit(b, "\"object\"");
	for (uint32_t i = 0; i < s->n_fields; i++) {
		if (!is_required(&s->fields[i], form))
			continue;
		json_next(b);
		buf_json_str(b, str_from(s->fields[i].name));
	}
	buf_char(b, ']');
}

static void put_object(struct buf *b, const struct components *cs, const struct schema *s,
		       enum form form)
{
	buf_lit(b, "{\"type\":\"object\"");
	json_text(b, "description", s->doc);
	put_required(b, s, form);
	json_name(b, "properties");
	buf_char(b, '{');
	if (form == FORM_OUTPUT && s->object != NULL) {
		buf_lit(b, "\"object\":{\"type\":\"string\",\"const\":");
		buf_json_str(b, str_from(s->object));
		buf_char(b, '}');
	}
	for (uint32_t i = 0; i < s->n_fields; i++) {
		if (!field_in_form(&s->fields[i], form))
			continue;
		json_name(b, s->fields[i].name);
		field_schema_put(b, cs, &s->fields[i], form);
	}
	buf_char(b, '}');
	if (form != FORM_OUTPUT)
		buf_lit(b, ",\"additionalProperties\":false");
	buf_char(b, '}');
}

static void put_list(struct buf *b, const struct components *cs, const struct schema *row)
{
	buf_lit(b, "{\"type\":\"object\",\"description\":\"One page of a list.\","
		   "\"required\":[\"object\",\"data\",\"has_more\",\"next_cursor\"],"
		   "\"properties\":{\"object\":{\"type\":\"string\",\"const\":\"list\"},"
		   "\"data\":{\"type\":\"array\",\"items\":");
	component_ref_put(b, cs, row, FORM_OUTPUT);
	json_i64(b, "maxItems", LIMIT_LIST);
	buf_lit(b,
		"},\"has_more\":{\"type\":\"boolean\"},"
		"\"next_cursor\":{\"type\":[\"string\",\"null\"],"
		"\"description\":\"Send it as `cursor` for the next page; null on the last.\"}}}");
}

void components_put(struct buf *b, const struct components *cs)
{
	for (size_t i = 0; i < cs->n; i++) {
		const struct component *c = &cs->items[i];

		json_name(b, c->name);
		if (c->form == FORM_LIST)
			put_list(b, cs, c->schema);
		else
			put_object(b, cs, c->schema, c->form);
	}
}
