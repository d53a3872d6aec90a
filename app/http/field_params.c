/* SPDX-License-Identifier: Apache-2.0 */
/* Query and path parameters: splitting, percent decoding, and values into structs. */
#include "app/http/field_internal.h"

#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte of the escape at raw.p[i], or -1. */
static int escaped_byte(struct str raw, size_t i)
{
	int high;
	int low;

	if (raw.n - i < 3)
		return -1;
	high = hex_digit(raw.p[i + 1]);
	low = hex_digit(raw.p[i + 2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool needs_decoding(struct str raw, bool plus)
{
	if (raw.n == 0)
		return false;
	return memchr(raw.p, '%', raw.n) != NULL || (plus && memchr(raw.p, '+', raw.n) != NULL);
}

static enum err unescape(struct str raw, bool plus, char *to, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < raw.n; i++) {
		int byte = (unsigned char)raw.p[i];

		if (byte == '%') {
			byte = escaped_byte(raw, i);
			i += 2;
		} else if (byte == '+' && plus) {
			byte = ' ';
		}
		if (byte < 0)
			return ERR_MALFORMED;
		to[n++] = (char)byte;
	}
	*ret_n = n;
	return ERR_OK;
}

static enum err decode(struct arena *a, struct str raw, bool plus, struct str *ret)
{
	struct str text = raw;

	if (needs_decoding(raw, plus)) {
		char *to = arena_alloc(a, raw.n);
		enum err e;

		if (to == NULL)
			return ERR_NO_MEMORY;
		text.p = to;
		e = unescape(raw, plus, to, &text.n);
		if (e != ERR_OK)
			return e;
	}
	if (text.n > 0 && (memchr(text.p, '\0', text.n) != NULL || !str_is_utf8(text)))
		return ERR_MALFORMED;
	*ret = text;
	return ERR_OK;
}

enum err param_decode(struct arena *a, struct str raw, struct str *ret)
{
	return decode(a, raw, false, ret);
}

enum err params_parse_query(struct call *c, struct str query, struct param *ret, size_t max,
			    size_t *ret_n)
{
	size_t n = 0;

	while (query.p != NULL) {
		struct str value = str_cut(&query, '&');
		struct str name = str_cut(&value, '=');
		enum err e;

		if (name.n == 0 && value.p == NULL)
			continue;
		if (n == max)
			return call_fail(c, ERR_INVALID_PARAMETER,
					 "the query has too many parameters");
		if (value.p == NULL)
			value = STR("");
		e = decode(c->arena, name, true, &ret[n].name);
		if (e == ERR_OK)
			e = decode(c->arena, value, true, &ret[n].value);
		if (e == ERR_MALFORMED)
			return call_fail(c, ERR_INVALID_PARAMETER,
					 "the query has an invalid percent escape or is not UTF-8");
		if (e != ERR_OK)
			return e;
		n++;
	}
	*ret_n = n;
	return ERR_OK;
}

/* Whether text is an integer that int64 cannot hold, given that str_to_i64 refused it. */
static bool is_huge_integer(struct str text)
{
	size_t i = text.n > 0 && text.p[0] == '-' ? 1 : 0;

	if (text.n - i < 19 || text.p[i] == '0')
		return false;
	for (; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	}
	return true;
}

static enum err decode_integer(struct call *c, const struct field *f, const struct field_at *at,
			       struct str text, void *ret_member)
{
	int64_t v;

	if (str_to_i64(text, INT64_MIN, INT64_MAX, &v) == ERR_OK)
		return field_set_integer(c, f, at, v, ret_member);
	if (is_huge_integer(text))
		return field_set_integer(c, f, at, INT64_MAX, ret_member);
	return field_fault(c, at, "wrong_type", "must be an integer");
}

static enum err decode_bool(struct call *c, const struct field_at *at, struct str text,
			    bool *ret_value)
{
	if (!str_eq_z(text, "true") && !str_eq_z(text, "false"))
		return field_fault(c, at, "wrong_type", "must be true or false");
	*ret_value = text.p[0] == 't';
	return ERR_OK;
}

static enum err decode_param(struct call *c, const struct field *f, const struct field_at *at,
			     struct str text, void *ret_member)
{
	switch ((int)f->type) {
	case FIELD_I64:
	case FIELD_MONEY:
		return decode_integer(c, f, at, text, ret_member);
	case FIELD_BOOL:
		return decode_bool(c, at, text, ret_member);
	default:
		return field_set_text(c, f, at, text, ret_member);
	}
}

static void note(enum err *total, enum err e)
{
	if (e != ERR_OK && (*total == ERR_OK || *total == ERR_VALIDATION))
		*total = e;
}

static enum err fault_of_missing(struct call *c, const struct schema *s, uint64_t seen)
{
	enum err total = ERR_OK;

	for (uint32_t i = 0; i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];
		struct field_at at = { .name = str_from(f->name), .parameter = true };

		if ((f->flags & FIELD_REQUIRED) != 0 && !field_present(seen, i))
			note(&total, field_fault(c, &at, "required", "is required"));
	}
	return total;
}

enum err schema_decode_params(struct call *c, const struct schema *s, const struct param *params,
			      size_t n, void *ret_struct)
{
	enum err total = ERR_OK;
	uint64_t seen = 0;

	schema_defaults(s, ret_struct);
	for (size_t i = 0; i < n; i++) {
		struct field_at at = { .name = params[i].name, .parameter = true };
		const struct field *f = field_find(s, params[i].name);
		uint64_t bit;

		if (f == NULL) {
			note(&total, field_fault(c, &at, "unknown_parameter", "is not known here"));
			continue;
		}
		bit = UINT64_C(1) << (f - s->fields);
		if ((seen & bit) != 0)
			note(&total, field_fault(c, &at, "repeated_parameter", "is given twice"));
		else
			note(&total,
			     decode_param(c, f, &at, params[i].value, field_member(f, ret_struct)));
		seen |= bit;
	}
	note(&total, fault_of_missing(c, s, seen));
	if (s->present != 0)
		*(uint64_t *)(void *)((char *)ret_struct + s->present - 1) = seen;
	return total == ERR_VALIDATION ? ERR_INVALID_PARAMETER : total;
}
