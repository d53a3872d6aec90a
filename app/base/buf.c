/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/buf.h"

#include "app/base/check.h"

#include <stdbool.h>
#include <string.h>

#define ROOM_MIN ((size_t)256)

static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";

static const char base64url_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static const char two_digits[] = "00010203040506070809"
				 "10111213141516171819"
				 "20212223242526272829"
				 "30313233343536373839"
				 "40414243444546474849"
				 "50515253545556575859"
				 "60616263646566676869"
				 "70717273747576777879"
				 "80818283848586878889"
				 "90919293949596979899";

static char *fail(struct buf *b, enum err e)
{
	if (b->err == ERR_OK)
		b->err = e;
	b->room = b->n;
	return NULL;
}

void buf_init(struct buf *b, struct arena *a, size_t room, size_t cap)
{
	CHECK(room <= cap);
	*b = (struct buf){ .arena = a, .cap = cap };
	if (room == 0)
		return;
	b->p = arena_alloc(a, room);
	if (b->p == NULL)
		fail(b, ERR_NO_MEMORY);
	else
		b->room = room;
}

enum err buf_finish(const struct buf *b, struct str *ret_bytes)
{
	if (b->err != ERR_OK)
		return b->err;
	*ret_bytes = (struct str){ .p = b->p == NULL ? "" : b->p, .n = b->n };
	return ERR_OK;
}

char *buf_reserve_slow(struct buf *b, size_t n)
{
	size_t room;
	char *p;

	if (b->err != ERR_OK)
		return NULL;
	if (n > b->cap - b->n)
		return fail(b, ERR_LIMIT);
	/* The fast path leaves the case that fills the buffer to its last byte to this one. */
	if (b->p != NULL && n <= b->room - b->n)
		return b->p + b->n;
	room = b->room < ROOM_MIN / 2 ? ROOM_MIN : 2 * b->room;
	if (room < b->n + n)
		room = b->n + n;
	if (room > b->cap)
		room = b->cap;
	p = arena_grow(b->arena, b->p, b->room, room);
	if (p == NULL)
		return fail(b, ERR_NO_MEMORY);
	b->p = p;
	b->room = room;
	return b->p + b->n;
}

static size_t digits_of(uint64_t v)
{
	static const uint64_t powers[] = {
		UINT64_C(0),
		UINT64_C(10),
		UINT64_C(100),
		UINT64_C(1000),
		UINT64_C(10000),
		UINT64_C(100000),
		UINT64_C(1000000),
		UINT64_C(10000000),
		UINT64_C(100000000),
		UINT64_C(1000000000),
		UINT64_C(10000000000),
		UINT64_C(100000000000),
		UINT64_C(1000000000000),
		UINT64_C(10000000000000),
		UINT64_C(100000000000000),
		UINT64_C(1000000000000000),
		UINT64_C(10000000000000000),
		UINT64_C(100000000000000000),
		UINT64_C(1000000000000000000),
		UINT64_C(10000000000000000000),
	};
	/* 1233 / 4096 is log10(2), near enough for 64 bits: the estimate is right or one short. */
	size_t bits = 64 - (size_t)__builtin_clzll(v | 1);
	size_t estimate = (bits * 1233) >> 12;

	return estimate + (v >= powers[estimate]);
}

/* Writes v so that its last digit stands before `end`. */
static void write_digits(char *end, uint64_t v)
{
	while (v >= 100) {
		end -= 2;
		memcpy(end, &two_digits[2 * (v % 100)], 2);
		v /= 100;
	}
	if (v >= 10)
		memcpy(end - 2, &two_digits[2 * v], 2);
	else
		end[-1] = (char)('0' + v);
}

void buf_u64(struct buf *b, uint64_t v)
{
	size_t n = digits_of(v);
	char *to = buf_reserve(b, n);

	if (to == NULL)
		return;
	write_digits(to + n, v);
	b->n += n;
}

void buf_i64(struct buf *b, int64_t v)
{
	if (v < 0) {
		buf_char(b, '-');
		buf_u64(b, 0 - (uint64_t)v);
	} else {
		buf_u64(b, (uint64_t)v);
	}
}

void buf_hex(struct buf *b, const void *p, size_t n)
{
	const unsigned char *in = p;
	char *to = n <= b->cap ? buf_reserve(b, 2 * n) : fail(b, ERR_LIMIT);

	if (to == NULL)
		return;
	for (size_t i = 0; i < n; i++) {
		to[2 * i] = hex_lower[in[i] >> 4];
		to[2 * i + 1] = hex_lower[in[i] & 15];
	}
	b->n += 2 * n;
}

void buf_base64url(struct buf *b, const void *p, size_t n)
{
	const unsigned char *in = p;
	size_t tail = n % 3;
	size_t len = n / 3 * 4 + (tail == 0 ? 0 : tail + 1);
	char *to = n <= b->cap ? buf_reserve(b, len) : fail(b, ERR_LIMIT);

	if (to == NULL)
		return;
	b->n += len;
	for (; n >= 3; n -= 3, in += 3) {
		uint32_t v = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];

		*to++ = base64url_alphabet[v >> 18];
		*to++ = base64url_alphabet[v >> 12 & 63];
		*to++ = base64url_alphabet[v >> 6 & 63];
		*to++ = base64url_alphabet[v & 63];
	}
	if (tail == 1) {
		*to++ = base64url_alphabet[in[0] >> 2];
		*to = base64url_alphabet[(in[0] & 3) << 4];
	} else if (tail == 2) {
		*to++ = base64url_alphabet[in[0] >> 2];
		*to++ = base64url_alphabet[(in[0] & 3) << 4 | in[1] >> 4];
		*to = base64url_alphabet[(in[1] & 15) << 2];
	}
}

static bool json_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

/* The high bit of each zero byte of v is set (and of none when there is no zero byte). */
static uint64_t zero_bytes(uint64_t v)
{
	return (v - UINT64_C(0x0101010101010101)) & ~v & UINT64_C(0x8080808080808080);
}

/* How many bytes at p need no escape, eight at a time. */
static size_t json_run(const char *p, size_t n)
{
	size_t i = 0;

	for (; n - i >= 8; i += 8) {
		uint64_t w;
		uint64_t found;

		memcpy(&w, p + i, sizeof(w));
		/* The top three bits are zero below 0x20. */
		found = zero_bytes(w & UINT64_C(0xe0e0e0e0e0e0e0e0));
		found |= zero_bytes(w ^ UINT64_C(0x2222222222222222)); /* '"' */
		found |= zero_bytes(w ^ UINT64_C(0x5c5c5c5c5c5c5c5c)); /* '\\' */
		if (found != 0)
			break;
	}
	while (i < n && json_plain((unsigned char)p[i]))
		i++;
	return i;
}

static void json_escape(struct buf *b, unsigned char c)
{
	/* Indexed by the control character; 0 where only the \u form exists. */
	static const char short_forms[32] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
	};
	char text[6] = { '\\', 'u', '0', '0', hex_lower[c >> 4], hex_lower[c & 15] };

	if (c >= 0x20)
		text[1] = (char)c;
	else if (short_forms[c] != 0)
		text[1] = short_forms[c];
	buf_put(b, text, text[1] == 'u' ? 6 : 2);
}

void buf_json_str(struct buf *b, struct str s)
{
	size_t run = json_run(s.p, s.n);
	char *to;

	if (run < s.n) {
		buf_char(b, '"');
		while (s.n > 0) {
			buf_put(b, s.p, run);
			s.p += run;
			s.n -= run;
			if (s.n == 0)
				break;
			json_escape(b, (unsigned char)*s.p++);
			s.n--;
			run = json_run(s.p, s.n);
		}
		buf_char(b, '"');
		return;
	}
	to = s.n < b->cap ? buf_reserve(b, s.n + 2) : fail(b, ERR_LIMIT);
	if (to == NULL)
		return;
	to[0] = '"';
	if (s.n > 0)
		memcpy(to + 1, s.p, s.n);
	to[s.n + 1] = '"';
	b->n += s.n + 2;
}

static bool url_unreserved(unsigned char c)
{
	unsigned char lower = c | 0x20;

	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || c == '~';
}

void buf_url(struct buf *b, struct str s)
{
	size_t i = 0;

	while (i < s.n && b->err == ERR_OK) {
		size_t start = i;
		unsigned char c;

		while (i < s.n && url_unreserved((unsigned char)s.p[i]))
			i++;
		buf_put(b, s.p + start, i - start);
		if (i == s.n)
			return;
		c = (unsigned char)s.p[i++];
		buf_put(b, (char[]){ '%', hex_upper[c >> 4], hex_upper[c & 15] }, 3);
	}
}

static int base64url_value(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

enum err base64url_decode(struct arena *a, struct str s, struct str *ret_bytes)
{
	unsigned int bits = 0;
	uint32_t held = 0;
	size_t n = 0;
	char *p;

	if (s.n % 4 == 1)
		return ERR_MALFORMED;
	p = arena_alloc(a, s.n / 4 * 3 + 2);
	if (p == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < s.n; i++) {
		int value = base64url_value((unsigned char)s.p[i]);

		if (value < 0)
			return ERR_MALFORMED;
		held = held << 6 | (uint32_t)value;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			p[n++] = (char)(held >> bits & 0xff);
		}
	}
	/* Bits left over must be zero: one text for each value. */
	if ((held & ((1U << bits) - 1)) != 0)
		return ERR_MALFORMED;
	*ret_bytes = (struct str){ .p = p, .n = n };
	return ERR_OK;
}
