/* SPDX-License-Identifier: Apache-2.0 */
/* Values of single members: limits, absent values, and the checks of everything that is text. */
#include "app/http/field_internal.h"

#include "app/base/check.h"
#include "app/base/limits.h"

#include <string.h>

/* What a double holds exactly: larger integers would be changed by many clients (RFC 7493). */
#define SAFE_INTEGER INT64_C(9007199254740991)

enum {
	STR_MAX = 255,
	TEXT_MAX = 10000,
	DEC6_DECIMALS = 6,
	DETAIL_MAX = 1024,
	/* RFC 5321 section 4.5.3.1, and its path of 256 octets less the angle brackets */
	EMAIL_MAX = 254,
	EMAIL_LOCAL_MAX = 64,
	LABEL_MAX = 63,
	POINTER_MAX = 32 << 10,
};

const struct field *field_find(const struct schema *s, struct str name)
{
	for (uint32_t i = 0; i < s->n_fields; i++) {
		const char *z = s->fields[i].name;

		/* A name from outside has no NUL, so strncmp never passes the end of z. */
		if (strncmp(z, name.p, name.n) == 0 && z[name.n] == '\0')
			return &s->fields[i];
	}
	return NULL;
}

void *field_member(const struct field *f, void *struct_)
{
	return (char *)struct_ + f->offset;
}

/* "/lines/3/name" with the escapes of RFC 6901. */
static void put_pointer(struct buf *b, const struct field_at *at)
{
	if (at == NULL)
		return;
	put_pointer(b, at->up);
	if (at->parameter) {
		buf_str(b, at->name);
		return;
	}
	buf_char(b, '/');
	if (at->name.p == NULL) {
		buf_u64(b, at->index);
		return;
	}
	for (size_t i = 0; i < at->name.n; i++) {
		if (at->name.p[i] == '~')
			buf_lit(b, "~0");
		else if (at->name.p[i] == '/')
			buf_lit(b, "~1");
		else
			buf_char(b, at->name.p[i]);
	}
}

enum err field_fault(struct call *c, const struct field_at *at, const char *code,
		     const char *detail)
{
	struct buf b;
	struct str pointer;

	/* call_fault drops it anyway: a body of nothing but faults should not fill the arena. */
	if (c->n_faults == LIMIT_FAULTS)
		return ERR_VALIDATION;
	buf_init(&b, c->arena, 0, POINTER_MAX);
	put_pointer(&b, at);
	if (buf_finish(&b, &pointer) != ERR_OK)
		return ERR_NO_MEMORY;
	return call_fault(c, pointer, code, detail);
}

static const char *finish_detail(struct buf *b)
{
	struct str text;

	buf_char(b, '\0');
	return buf_finish(b, &text) == ERR_OK ? text.p : "is not allowed";
}

const char *field_detail(struct call *c, const char *before, int64_t n, const char *after)
{
	struct buf b;

	if (c->n_faults == LIMIT_FAULTS)
		return "";
	buf_init(&b, c->arena, 0, DETAIL_MAX);
	buf_z(&b, before);
	buf_i64(&b, n);
	buf_z(&b, after);
	return finish_detail(&b);
}

static const char *dec6_detail(struct call *c, const char *before, dec6 v)
{
	struct buf b;

	buf_init(&b, c->arena, 0, DETAIL_MAX);
	buf_z(&b, before);
	dec6_put(&b, v);
	return finish_detail(&b);
}

static const char *enum_detail(struct call *c, const struct field *f)
{
	struct buf b;

	buf_init(&b, c->arena, 0, DETAIL_MAX);
	buf_lit(&b, "must be one of: ");
	for (int32_t i = 0; i < f->n_names; i++) {
		if (i > 0)
			buf_lit(&b, ", ");
		buf_z(&b, f->names[i]);
	}
	return finish_detail(&b);
}

static const char *id_detail(struct call *c, const struct field *f)
{
	struct buf b;

	if (f->prefix == NULL || f->prefix[0] == '\0')
		return "must be an identifier of 26 characters";
	buf_init(&b, c->arena, 0, DETAIL_MAX);
	buf_lit(&b, "must be an identifier that begins with ");
	buf_z(&b, f->prefix);
	buf_lit(&b, "_");
	return finish_detail(&b);
}

void field_limits(const struct field *f, int64_t *ret_min, int64_t *ret_max)
{
	int64_t min = 0;
	int64_t max = INT64_MAX;

	switch ((int)f->type) {
	case FIELD_STR:
		max = STR_MAX;
		break;
	case FIELD_TEXT:
		max = TEXT_MAX;
		break;
	case FIELD_EMAIL:
		max = EMAIL_MAX;
		break;
	case FIELD_I64:
	case FIELD_MONEY:
		min = -SAFE_INTEGER;
		max = SAFE_INTEGER;
		break;
	case FIELD_DEC6:
		min = -DEC6_MAX;
		max = DEC6_MAX;
		break;
	case FIELD_ARRAY:
		max = LIMIT_JSON_ARRAY;
		break;
	default:
		break;
	}
	if (f->min != 0 || f->max != 0) {
		min = f->min;
		if (f->max != 0 || f->min < 0)
			max = f->max;
	}
	*ret_min = min;
	*ret_max = max;
}

void field_clear(const struct field *f, void *ret_member)
{
	switch (f->type) {
	case FIELD_ID:
		*(struct id *)ret_member = ID_NONE;
		break;
	case FIELD_STR:
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_CURRENCY:
	case FIELD_COUNTRY:
	case FIELD_JSON:
		*(struct str *)ret_member = STR_NONE;
		break;
	case FIELD_METADATA:
		*(struct str *)ret_member = STR("{}");
		break;
	case FIELD_I64:
	case FIELD_MONEY:
	case FIELD_DEC6:
	case FIELD_TIME:
		*(int64_t *)ret_member = INT64_MIN; /* MONEY_NONE, DEC6_NONE, TIME_NONE */
		break;
	case FIELD_BOOL:
		*(bool *)ret_member = false;
		break;
	case FIELD_DATE:
		*(int32_t *)ret_member = DATE_NONE;
		break;
	case FIELD_ENUM:
		*(int32_t *)ret_member = -1;
		break;
	case FIELD_OBJECT:
		schema_clear(f->of, ret_member);
		break;
	case FIELD_ARRAY:
		*(struct slice *)ret_member = (struct slice){ .p = NULL };
		break;
	}
}

static void set_fallback(const struct field *f, void *ret_member)
{
	switch ((int)f->type) {
	case FIELD_I64:
	case FIELD_MONEY:
	case FIELD_DEC6:
		*(int64_t *)ret_member = f->fallback;
		break;
	case FIELD_BOOL:
		*(bool *)ret_member = f->fallback != 0;
		break;
	case FIELD_ENUM:
		*(int32_t *)ret_member = (int32_t)f->fallback;
		break;
	default:
		CHECK(!"a type that has a fallback");
	}
}

static void clear_present(const struct schema *s, void *ret_struct)
{
	CHECK(s->n_fields <= 64);
	if (s->present != 0)
		*(uint64_t *)(void *)((char *)ret_struct + s->present - 1) = 0;
}

void schema_clear(const struct schema *s, void *ret_struct)
{
	clear_present(s, ret_struct);
	for (uint32_t i = 0; i < s->n_fields; i++)
		field_clear(&s->fields[i], field_member(&s->fields[i], ret_struct));
}

void schema_defaults(const struct schema *s, void *ret_struct)
{
	clear_present(s, ret_struct);
	for (uint32_t i = 0; i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];
		void *member = field_member(f, ret_struct);

		if (f->has_fallback)
			set_fallback(f, member);
		else if (f->type == FIELD_OBJECT)
			schema_defaults(f->of, member);
		else
			field_clear(f, member);
	}
}

enum err field_set_integer(struct call *c, const struct field *f, const struct field_at *at,
			   int64_t v, void *ret_member)
{
	int64_t min;
	int64_t max;

	field_limits(f, &min, &max);
	if (v == INT64_MIN || v == INT64_MAX)
		return field_fault(c, at, "out_of_range", "the integer is too large to be handled");
	if (v < min)
		return field_fault(c, at, "too_small",
				   field_detail(c, "must be at least ", min, ""));
	if (v > max)
		return field_fault(c, at, "too_large",
				   field_detail(c, "must be at most ", max, ""));
	*(int64_t *)ret_member = v;
	return ERR_OK;
}

enum err field_check_length(struct call *c, const struct field_at *at, struct str text, int64_t min,
			    int64_t max)
{
	int64_t n = (int64_t)str_utf8_len(text);

	if (n < min)
		return field_fault(c, at, "too_short",
				   field_detail(c, "must have at least ", min, " characters"));
	if (n > max)
		return field_fault(c, at, "too_long",
				   field_detail(c, "must have at most ", max, " characters"));
	return ERR_OK;
}

/* C0, DEL and C1 of well-formed UTF-8. */
static bool is_control(struct str s, size_t i)
{
	unsigned char c = (unsigned char)s.p[i];

	if (c < 0x20 || c == 0x7f)
		return true;
	return c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0;
}

enum err field_check_control(struct call *c, const struct field_at *at, struct str text,
			     bool multiline)
{
	for (size_t i = 0; i < text.n; i++) {
		if (!is_control(text, i))
			continue;
		if (!multiline)
			return field_fault(c, at, "control_character",
					   "must not have control characters");
		if (text.p[i] != '\n' && text.p[i] != '\t')
			return field_fault(
				c, at, "control_character",
				"must not have control characters but line feeds and tabs");
	}
	return ERR_OK;
}

static enum err set_str(struct call *c, const struct field *f, const struct field_at *at,
			struct str text, struct str *ret_text)
{
	int64_t min;
	int64_t max;
	enum err e;

	field_limits(f, &min, &max);
	e = field_check_length(c, at, text, min, max);
	if (e == ERR_OK)
		e = field_check_control(c, at, text, f->type == FIELD_TEXT);
	if (e == ERR_OK)
		*ret_text = text;
	return e;
}

/* A dot-atom (RFC 5322) whose characters may be beyond ASCII (RFC 6531). */
static bool is_local_part(struct str s)
{
	if (s.n == 0 || s.n > EMAIL_LOCAL_MAX || s.p[0] == '.' || s.p[s.n - 1] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == ' ' || is_control(s, i) || strchr("\"(),:;<>@[\\]", c) != NULL)
			return false;
		if (c == '.' && s.p[i + 1] == '.')
			return false;
	}
	return true;
}

static bool is_label(struct str s)
{
	if (s.n == 0 || s.n > LABEL_MAX || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (is_control(s, i) ||
		    !(letter || (c >= '0' && c <= '9') || c == '-' || c >= 0x80))
			return false;
	}
	return true;
}

/* At least two labels: mail to a top-level domain or to a host of one's own is a slip. */
static bool is_mail_domain(struct str s)
{
	size_t n = 0;

	while (s.p != NULL) {
		if (!is_label(str_cut(&s, '.')))
			return false;
		n++;
	}
	return n >= 2;
}

static enum err set_email(struct call *c, const struct field_at *at, struct str text,
			  struct str *ret_text)
{
	struct str domain = text;
	struct str local = str_cut(&domain, '@');
	char *p;

	if (text.n > EMAIL_MAX || domain.p == NULL || !is_local_part(local) ||
	    !is_mail_domain(domain))
		return field_fault(c, at, "invalid_email",
				   "must be an e-mail address such as ada@example.com");
	p = arena_alloc(c->arena, text.n);
	if (p == NULL)
		return ERR_NO_MEMORY;
	memcpy(p, text.p, text.n);
	for (size_t i = local.n; i < text.n; i++) {
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	}
	*ret_text = (struct str){ .p = p, .n = text.n };
	return ERR_OK;
}

/* Whether text is a decimal but for having more than six decimals. */
static bool has_more_decimals(struct str text)
{
	struct str fraction = text;
	struct str whole = str_cut(&fraction, '.');
	dec6 v;

	if (fraction.n <= DEC6_DECIMALS ||
	    (dec6_parse(whole, &v) != ERR_OK && !str_eq_z(whole, "-0")))
		return false;
	for (size_t i = 0; i < fraction.n; i++) {
		if (fraction.p[i] < '0' || fraction.p[i] > '9')
			return false;
	}
	return true;
}

static enum err set_dec6(struct call *c, const struct field *f, const struct field_at *at,
			 struct str text, dec6 *ret_value)
{
	enum err e;
	dec6 v;
	int64_t min;
	int64_t max;

	field_limits(f, &min, &max);
	e = dec6_parse(text, &v);
	if (e == ERR_OVERFLOW)
		return field_fault(c, at, "out_of_range",
				   "must have at most 12 digits before the point");
	if (e != ERR_OK && has_more_decimals(text))
		return field_fault(c, at, "too_many_decimals", "must have at most 6 decimals");
	if (e != ERR_OK)
		return field_fault(c, at, "invalid_format",
				   "must be a decimal number such as 12.5 or -0.25");
	if (v < min)
		return field_fault(c, at, "too_small", dec6_detail(c, "must be at least ", min));
	if (v > max)
		return field_fault(c, at, "too_large", dec6_detail(c, "must be at most ", max));
	*ret_value = v;
	return ERR_OK;
}

static enum err set_id(struct call *c, const struct field *f, const struct field_at *at,
		       struct str text, struct id *ret_id)
{
	bool bare = f->prefix == NULL || f->prefix[0] == '\0';
	struct id id;
	enum err e = bare ? id_parse_text(text, &id) : id_parse(text, f->prefix, &id);

	/* ID_NONE means absent and names no object. */
	if (e != ERR_OK || id_is_none(id))
		return field_fault(c, at, "invalid_id", id_detail(c, f));
	*ret_id = id;
	return ERR_OK;
}

static enum err set_enum(struct call *c, const struct field *f, const struct field_at *at,
			 struct str text, int32_t *ret_index)
{
	for (int32_t i = 0; i < f->n_names; i++) {
		if (str_eq_z(text, f->names[i])) {
			*ret_index = i;
			return ERR_OK;
		}
	}
	return field_fault(c, at, "not_one_of", enum_detail(c, f));
}

static enum err set_calendar(struct call *c, const struct field *f, const struct field_at *at,
			     struct str text, void *ret_member)
{
	if (f->type == FIELD_DATE) {
		if (date_parse(text, ret_member) == ERR_OK)
			return ERR_OK;
		return field_fault(c, at, "invalid_date", "must be a date such as 2026-11-30");
	}
	if (time_parse(text, ret_member) == ERR_OK)
		return ERR_OK;
	return field_fault(c, at, "invalid_time",
			   "must be a time of RFC 3339 such as 2026-11-30T08:15:00Z");
}

static enum err set_code(struct call *c, const struct field *f, const struct field_at *at,
			 struct str text, struct str *ret_code)
{
	if (f->type == FIELD_CURRENCY) {
		if (currency_find(text) == NULL)
			return field_fault(c, at, "invalid_currency",
					   "must be a currency code of ISO 4217 such as EUR");
	} else if (!country_exists(text)) {
		return field_fault(c, at, "invalid_country",
				   "must be a country code of ISO 3166-1 such as AT");
	}
	*ret_code = text;
	return ERR_OK;
}

enum err field_set_text(struct call *c, const struct field *f, const struct field_at *at,
			struct str text, void *ret_member)
{
	switch ((int)f->type) {
	case FIELD_ID:
		return set_id(c, f, at, text, ret_member);
	case FIELD_STR:
	case FIELD_TEXT:
		return set_str(c, f, at, text, ret_member);
	case FIELD_EMAIL:
		return set_email(c, at, text, ret_member);
	case FIELD_DEC6:
		return set_dec6(c, f, at, text, ret_member);
	case FIELD_TIME:
	case FIELD_DATE:
		return set_calendar(c, f, at, text, ret_member);
	case FIELD_ENUM:
		return set_enum(c, f, at, text, ret_member);
	case FIELD_CURRENCY:
	case FIELD_COUNTRY:
		return set_code(c, f, at, text, ret_member);
	default:
		CHECK(!"a type whose values are text");
		return ERR_INTERNAL;
	}
}
