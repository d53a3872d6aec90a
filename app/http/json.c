/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict scan that every JSON body passes before json-c sees it: json-c takes duplicate
 * members, single quotes, NaN, raw control characters and more, even when told to be strict.
 */
#include "app/http/field.h"

#include "app/base/buf.h"
#include "app/base/limits.h"

#include <stdbool.h>
#include <string.h>

enum { NUMBER_MAX = 32, UTF8_MAX = 4, DETAIL_MAX = 256 };

/* A member name as it stands in the body, with a hash of its characters after unescaping. */
struct name {
	uint32_t hash;
	uint32_t at;
	uint32_t n;
};

struct frame {
	bool object;
	uint32_t n; /* members or elements so far */
};

struct scan {
	const char *begin;
	const char *p;
	const char *end;
	const char *why; /* what is wrong at p */
	size_t depth;
	size_t n_containers;
	size_t n_names; /* of all open objects, outermost first */
	struct frame frames[LIMIT_JSON_DEPTH];
	struct name names[LIMIT_JSON_DEPTH * LIMIT_JSON_MEMBERS];
};

static bool refuse(struct scan *s, const char *why)
{
	s->why = s->p == s->end ? "unexpected end" : why;
	return false;
}

static bool refuse_at(struct scan *s, const char *p, const char *why)
{
	s->p = p;
	s->why = why;
	return false;
}

static void skip_space(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

static bool is_next(const struct scan *s, char c)
{
	return s->p < s->end && *s->p == c;
}

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

/* The UTF-16 code unit of the four digits at p, or -1. */
static int32_t hex_unit(const char *p, const char *end)
{
	int32_t unit = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static bool is_high_surrogate(int32_t unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate(int32_t unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Passes the backslash at p and what it escapes. */
static bool scan_escape(struct scan *s)
{
	const char *begin = s->p;
	int32_t unit;
	int32_t low;

	if (s->end - begin < 2)
		return refuse_at(s, s->end, "unexpected end");
	if (begin[1] != 'u') {
		/* The terminating NUL of the list is no escape. */
		if (begin[1] == '\0' || strchr("\"\\/bfnrt", begin[1]) == NULL)
			return refuse(s, "invalid escape");
		s->p += 2;
		return true;
	}
	unit = hex_unit(begin + 2, s->end);
	if (unit < 0)
		return refuse(s, "invalid \\u escape");
	if (unit == 0)
		return refuse(s, "the NUL character is not allowed");
	s->p += 6;
	if (is_low_surrogate(unit))
		return refuse_at(s, begin, "unpaired surrogate");
	if (!is_high_surrogate(unit))
		return true;
	low = s->end - s->p >= 6 && s->p[0] == '\\' && s->p[1] == 'u' ? hex_unit(s->p + 2, s->end)
								      : -1;
	if (!is_low_surrogate(low))
		return refuse_at(s, begin, "unpaired surrogate");
	s->p += 6;
	return true;
}

/* Passes a string; ret_inside is what stands between its quotes. */
static bool scan_string(struct scan *s, struct str *ret_inside)
{
	const char *begin = s->p + 1;
	bool ascii = true;
	struct str inside;

	for (s->p++; s->p < s->end && *s->p != '"';) {
		unsigned char c = (unsigned char)*s->p;

		if (c < 0x20)
			return refuse(s, "unescaped control character");
		if (c == '\\') {
			if (!scan_escape(s))
				return false;
			continue;
		}
		ascii = ascii && c < 0x80;
		s->p++;
	}
	if (s->p == s->end)
		return refuse_at(s, begin - 1, "unterminated string");
	inside = (struct str){ .p = begin, .n = (size_t)(s->p - begin) };
	if (!ascii && !str_is_utf8(inside))
		return refuse_at(s, begin, "invalid UTF-8 in the string");
	s->p++;
	*ret_inside = inside;
	return true;
}

static size_t utf8_put(uint32_t c, char ret_bytes[UTF8_MAX])
{
	if (c < 0x80) {
		ret_bytes[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		ret_bytes[0] = (char)(0xc0 | c >> 6);
		ret_bytes[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		ret_bytes[0] = (char)(0xe0 | c >> 12);
		ret_bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
		ret_bytes[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	ret_bytes[0] = (char)(0xf0 | c >> 18);
	ret_bytes[1] = (char)(0x80 | (c >> 12 & 0x3f));
	ret_bytes[2] = (char)(0x80 | (c >> 6 & 0x3f));
	ret_bytes[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Takes the next byte, or the bytes of the next escape, off a scanned string. */
static size_t take_unescaped(struct str *in, char ret_bytes[UTF8_MAX])
{
	static const char from[] = "bfnrt";
	static const char to[] = "\b\f\n\r\t";
	const char *p = in->p;
	const char *end = in->p + in->n;
	const char *known;
	uint32_t c;

	if (*p != '\\') {
		ret_bytes[0] = *p;
		in->p++;
		in->n--;
		return 1;
	}
	if (p[1] != 'u') {
		known = strchr(from, p[1]);
		ret_bytes[0] = known == NULL ? p[1] : to[known - from];
		in->p += 2;
		in->n -= 2;
		return 1;
	}
	c = (uint32_t)hex_unit(p + 2, end);
	p += 6;
	if (is_high_surrogate((int32_t)c)) {
		c = 0x10000 + ((c - 0xd800) << 10) + ((uint32_t)hex_unit(p + 2, end) - 0xdc00);
		p += 6;
	}
	in->p = p;
	in->n = (size_t)(end - p);
	return utf8_put(c, ret_bytes);
}

/* FNV-1a of the unescaped characters. */
static uint32_t name_hash(struct str name)
{
	uint32_t hash = 2166136261;
	char bytes[UTF8_MAX];

	while (name.n > 0) {
		size_t n = take_unescaped(&name, bytes);

		for (size_t i = 0; i < n; i++)
			hash = (hash ^ (unsigned char)bytes[i]) * 16777619;
	}
	return hash;
}

/* Whether two names are the same after unescaping. */
static bool name_eq(struct str a, struct str b)
{
	char bytes_a[UTF8_MAX];
	char bytes_b[UTF8_MAX];
	size_t n_a = 0;
	size_t n_b = 0;
	size_t i = 0;
	size_t j = 0;

	/* One side may be at the second byte of an escape while the other has plain bytes. */
	for (;;) {
		if (i == n_a) {
			n_a = a.n == 0 ? 0 : take_unescaped(&a, bytes_a);
			i = 0;
		}
		if (j == n_b) {
			n_b = b.n == 0 ? 0 : take_unescaped(&b, bytes_b);
			j = 0;
		}
		if (n_a == 0 || n_b == 0)
			return n_a == n_b;
		if (bytes_a[i++] != bytes_b[j++])
			return false;
	}
}

/* Passes the name of a member and its colon. */
static bool scan_name(struct scan *s)
{
	struct frame *f = &s->frames[s->depth - 1];
	const char *begin = s->p;
	struct name *name = &s->names[s->n_names];
	struct str text = STR_NONE;

	if (!is_next(s, '"'))
		return refuse(s, "expected a member name in double quotes");
	if (f->n == LIMIT_JSON_MEMBERS)
		return refuse(s, "too many members in one object");
	if (!scan_string(s, &text))
		return false;
	if (text.n > JSON_NAME_MAX)
		return refuse_at(s, begin, "the member name is too long");
	*name = (struct name){
		.hash = name_hash(text),
		.at = (uint32_t)(text.p - s->begin),
		.n = (uint32_t)text.n,
	};
	for (uint32_t i = 1; i <= f->n; i++) {
		const struct name *other = name - i;

		if (other->hash == name->hash &&
		    name_eq(text, (struct str){ .p = s->begin + other->at, .n = other->n }))
			return refuse_at(s, begin, "duplicate member");
	}
	f->n++;
	s->n_names++;
	skip_space(s);
	if (!is_next(s, ':'))
		return refuse(s, "expected ':'");
	s->p++;
	return true;
}

static size_t pass_digits(struct scan *s)
{
	const char *begin = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return (size_t)(s->p - begin);
}

static bool scan_number(struct scan *s)
{
	const char *begin = s->p;

	if (*s->p == '-')
		s->p++;
	if (is_next(s, '0'))
		s->p++; /* a digit behind it is found by whoever expects what follows the value */
	else if (pass_digits(s) == 0)
		return refuse(s, "expected a digit");
	if (is_next(s, '.')) {
		s->p++;
		if (pass_digits(s) == 0)
			return refuse(s, "expected a digit");
	}
	if (is_next(s, 'e') || is_next(s, 'E')) {
		s->p++;
		if (is_next(s, '+') || is_next(s, '-'))
			s->p++;
		if (pass_digits(s) == 0)
			return refuse(s, "expected a digit");
	}
	if (s->p - begin > NUMBER_MAX)
		return refuse_at(s, begin, "the number is too long");
	return true;
}

static bool scan_literal(struct scan *s, struct str literal)
{
	if ((size_t)(s->end - s->p) < literal.n || memcmp(s->p, literal.p, literal.n) != 0)
		return refuse(s, "expected a value");
	s->p += literal.n;
	return true;
}

static bool scan_scalar(struct scan *s)
{
	struct str inside;

	if (s->p == s->end)
		return refuse(s, "");
	switch (*s->p) {
	case '"':
		return scan_string(s, &inside);
	case 't':
		return scan_literal(s, STR("true"));
	case 'f':
		return scan_literal(s, STR("false"));
	case 'n':
		return scan_literal(s, STR("null"));
	default:
		if (*s->p == '-' || (*s->p >= '0' && *s->p <= '9'))
			return scan_number(s);
		return refuse(s, "expected a value");
	}
}

static void close_container(struct scan *s)
{
	const struct frame *f = &s->frames[--s->depth];

	if (f->object)
		s->n_names -= f->n;
	s->p++;
}

/* Passes the bracket of an object or array; ret_done: it was empty and is closed. */
static bool open_container(struct scan *s, bool *ret_done)
{
	bool object = *s->p == '{';

	if (s->depth == LIMIT_JSON_DEPTH)
		return refuse(s, "nested too deep");
	if (s->n_containers++ == JSON_CONTAINERS_MAX)
		return refuse(s, "too many objects and arrays");
	s->p++;
	s->frames[s->depth++] = (struct frame){ .object = object };
	skip_space(s);
	*ret_done = is_next(s, object ? '}' : ']');
	if (*ret_done) {
		close_container(s);
		return true;
	}
	if (object)
		return scan_name(s);
	s->frames[s->depth - 1].n = 1;
	return true;
}

/* After a value inside a container: up to the next value, or past its closing bracket. */
static bool next_value(struct scan *s, bool *ret_closed)
{
	struct frame *f = &s->frames[s->depth - 1];

	skip_space(s);
	*ret_closed = is_next(s, f->object ? '}' : ']');
	if (*ret_closed) {
		close_container(s);
		return true;
	}
	if (!is_next(s, ','))
		return refuse(s, f->object ? "expected ',' or '}'" : "expected ',' or ']'");
	s->p++;
	skip_space(s);
	if (f->object)
		return scan_name(s);
	if (f->n == LIMIT_JSON_ARRAY)
		return refuse(s, "too many elements in one array");
	f->n++;
	return true;
}

static bool scan_text(struct scan *s)
{
	bool complete;

	do {
		skip_space(s);
		complete = true;
		if (is_next(s, '{') || is_next(s, '[')) {
			if (!open_container(s, &complete))
				return false;
		} else if (!scan_scalar(s)) {
			return false;
		}
		while (complete && s->depth > 0) {
			if (!next_value(s, &complete))
				return false;
		}
	} while (!complete);
	skip_space(s);
	return s->p == s->end || refuse(s, "unexpected text after the value");
}

enum err json_scan(struct call *c, struct str body)
{
	struct scan s;
	struct buf b;
	struct str detail;

	/* Offsets are kept in 32 bits; such a body is far above LIMIT_BODY. */
	if (body.n > INT32_MAX)
		return call_fail(c, ERR_INVALID_JSON, "the text is too long");
	s.begin = body.p == NULL ? "" : body.p;
	s.p = s.begin;
	s.end = s.begin + body.n;
	s.why = NULL;
	s.depth = 0;
	s.n_containers = 0;
	s.n_names = 0;
	if (scan_text(&s))
		return ERR_OK;
	buf_init(&b, c->arena, 0, DETAIL_MAX);
	buf_z(&b, s.why);
	buf_lit(&b, " at byte ");
	buf_u64(&b, (uint64_t)(s.p - s.begin));
	buf_char(&b, '\0');
	return call_fail(c, ERR_INVALID_JSON, buf_finish(&b, &detail) == ERR_OK ? detail.p : s.why);
}
