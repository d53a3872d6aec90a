/* SPDX-License-Identifier: Apache-2.0 */
/* Trace context: version "-" trace id "-" parent id "-" flags. */
#include "app/observe/trace.h"

#include "app/base/check.h"

#include <string.h>
#include <sys/random.h>

enum {
	AT_TRACE_ID = 3,
	AT_PARENT_ID = 36,
	AT_FLAGS = 53,
	HEADER_TEXT = 55,
	FLAG_SAMPLED = 1,
};

static const char hex_digits[] = "0123456789abcdef";

static int hex_value(char c)
{
	const char *at = c == '\0' ? NULL : strchr(hex_digits, c);

	return at == NULL ? -1 : (int)(at - hex_digits);
}

static bool hex_parse(const char *p, size_t n, unsigned char *ret_bytes)
{
	for (size_t i = 0; i < n; i++) {
		int high = hex_value(p[2 * i]);
		int low = hex_value(p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret_bytes[i] = (unsigned char)(high * 16 + low);
	}
	return true;
}

static bool is_zero(const unsigned char *p, size_t n)
{
	unsigned char any = 0;

	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

static bool has_dashes(struct str h)
{
	return h.p[AT_TRACE_ID - 1] == '-' && h.p[AT_PARENT_ID - 1] == '-' &&
	       h.p[AT_FLAGS - 1] == '-';
}

enum err trace_parse(struct str header, struct trace *ret_trace)
{
	struct trace t = { .sampled = false };
	unsigned char version;
	unsigned char flags;

	if (header.p == NULL || header.n < HEADER_TEXT || !has_dashes(header))
		return ERR_MALFORMED;
	if (!hex_parse(header.p, 1, &version) || version == 0xff)
		return ERR_MALFORMED;
	if (header.n > HEADER_TEXT && (version == 0 || header.p[HEADER_TEXT] != '-'))
		return ERR_MALFORMED;
	if (!hex_parse(header.p + AT_TRACE_ID, TRACE_ID_BYTES, t.trace_id) ||
	    !hex_parse(header.p + AT_PARENT_ID, TRACE_SPAN_BYTES, t.parent_id) ||
	    !hex_parse(header.p + AT_FLAGS, 1, &flags))
		return ERR_MALFORMED;
	if (is_zero(t.trace_id, TRACE_ID_BYTES) || is_zero(t.parent_id, TRACE_SPAN_BYTES))
		return ERR_MALFORMED;
	t.sampled = (flags & FLAG_SAMPLED) != 0;
	*ret_trace = t;
	return ERR_OK;
}

/* Random bytes that are not all zero, which would mean "none". */
static void random_fill(unsigned char *p, size_t n)
{
	do {
		/* Up to 256 bytes are never interrupted or cut once the pool is ready
		 * (getrandom(2)). */
		CHECK(getrandom(p, n, 0) == (ssize_t)n);
	} while (is_zero(p, n));
}

struct trace trace_begin(struct str header)
{
	struct trace t = { .sampled = false };

	if (trace_parse(header, &t) != ERR_OK)
		random_fill(t.trace_id, sizeof(t.trace_id));
	random_fill(t.span_id, sizeof(t.span_id));
	return t;
}

void trace_put(struct buf *b, const struct trace *t)
{
	buf_lit(b, "00-");
	buf_hex(b, t->trace_id, sizeof(t->trace_id));
	buf_char(b, '-');
	buf_hex(b, t->span_id, sizeof(t->span_id));
	buf_z(b, t->sampled ? "-01" : "-00");
}

void trace_id_text(const struct trace *t, char ret_text[TRACE_ID_TEXT])
{
	for (size_t i = 0; i < TRACE_ID_BYTES; i++) {
		ret_text[2 * i] = hex_digits[t->trace_id[i] >> 4];
		ret_text[2 * i + 1] = hex_digits[t->trace_id[i] & 15];
	}
}
