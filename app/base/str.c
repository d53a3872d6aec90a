/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/str.h"

#include <string.h>

struct str str_from(const char *z)
{
	if (z == NULL)
		return STR_NONE;
	return (struct str){ .p = z, .n = strlen(z) };
}

bool str_eq(struct str a, struct str b)
{
	if (a.n != b.n || (a.p == NULL) != (b.p == NULL))
		return false;
	return a.n == 0 || memcmp(a.p, b.p, a.n) == 0;
}

bool str_eq_z(struct str a, const char *z)
{
	return str_eq(a, str_from(z));
}

static unsigned char ascii_lower(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 'A' && u <= 'Z' ? (unsigned char)(u | 0x20) : u;
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.p == NULL || b.p == NULL)
		return a.p == b.p;
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	}
	return true;
}

bool str_starts(struct str s, struct str prefix)
{
	if (prefix.n > s.n)
		return false;
	return prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n == 0 ? 0 : memcmp(a.p, b.p, n);

	if (order != 0)
		return order;
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return (a.p != NULL) - (b.p != NULL);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
	while (s.n > 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_cut(struct str *in, char sep)
{
	struct str head = *in;
	const char *at = in->n == 0 ? NULL : memchr(in->p, sep, in->n);

	if (at == NULL) {
		*in = STR_NONE;
		return head;
	}
	head.n = (size_t)(at - in->p);
	in->p = at + 1;
	in->n -= head.n + 1;
	return head;
}

enum err str_to_i64(struct str s, int64_t min, int64_t max, int64_t *ret_value)
{
	bool negative = s.n > 0 && s.p[0] == '-';
	size_t i = negative ? 1 : 0;
	int64_t value = 0;

	if (i == s.n || (s.p[i] == '0' && s.n > 1))
		return ERR_MALFORMED;
	for (; i < s.n; i++) {
		unsigned int digit = (unsigned int)(unsigned char)s.p[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(value, 10, &value))
			return ERR_MALFORMED;
		/* Built on the negative side for INT64_MIN, which has no positive twin. */
		if (__builtin_sub_overflow(value, (int64_t)digit, &value))
			return ERR_MALFORMED;
	}
	if (!negative && __builtin_sub_overflow(0, value, &value))
		return ERR_MALFORMED;
	if (value < min || value > max)
		return ERR_MALFORMED;
	*ret_value = value;
	return ERR_OK;
}

/* The length of the ASCII run at the start of the n bytes at p. */
static size_t ascii_run(const unsigned char *p, size_t n)
{
	size_t i = 0;

	for (; n - i >= 8; i += 8) {
		uint64_t word;

		memcpy(&word, p + i, sizeof(word));
		if ((word & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	while (i < n && p[i] < 0x80)
		i++;
	return i;
}

/*
 * The length of the sequence with the lead byte p[0] >= 0x80, 0 when it is not well-formed. The
 * bounds of the second byte are those of RFC 3629 section 4; they exclude surrogates, overlong
 * forms and what is above U+10FFFF.
 */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	size_t len;

	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		len = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		len = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (len > n)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

bool str_is_utf8(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = s.n;

	while (n > 0) {
		size_t len = p[0] < 0x80 ? ascii_run(p, n) : utf8_sequence(p, n);

		if (len == 0)
			return false;
		p += len;
		n -= len;
	}
	return true;
}

size_t str_utf8_len(struct str s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.n; i++)
		count += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return count;
}

bool str_eq_secret(const void *a, const void *b, size_t n)
{
	/* volatile: the compiler may not turn the loop into one that ends early. */
	const volatile unsigned char *x = a;
	const volatile unsigned char *y = b;
	unsigned char difference = 0;

	for (size_t i = 0; i < n; i++)
		difference |= (unsigned char)(x[i] ^ y[i]);
	return difference == 0;
}
