/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_BASE_BUF_H
#define REMIT_BASE_BUF_H

/*
 * A growing byte buffer on an arena, with a cap. Appends never fail visibly: they set a sticky
 * error that buf_finish returns, so that a writer has one check. Appends are typed by context:
 * there is no general formatter. Not thread-safe.
 */

#include "app/base/arena.h"
#include "app/base/err.h"
#include "app/base/str.h"

#include <stdint.h>
#include <string.h>

struct buf {
	struct arena *arena;
	char *p;
	size_t n;    /* bytes in use */
	size_t room; /* bytes at p */
	size_t cap;
	enum err err;
};

/* An empty buffer that may grow to `cap` bytes; `room` bytes are taken at once. */
void buf_init(struct buf *b, struct arena *a, size_t room, size_t cap);
/* The bytes, borrowed from the arena; ERR_LIMIT above the cap, ERR_NO_MEMORY. */
MUST_CHECK enum err buf_finish(const struct buf *b, struct str *ret_bytes);
/* The slow path of buf_reserve: grows, or sets the sticky error and returns NULL. */
char *buf_reserve_slow(struct buf *b, size_t n);

/*
 * Room for n more bytes at the end, or NULL with the sticky error set. Follow with b->n += used.
 * An error sets room to n, so that every later call meets the slow path.
 */
static inline char *buf_reserve(struct buf *b, size_t n)
{
	if (__builtin_expect(n < b->room - b->n, 1))
		return b->p + b->n;
	return buf_reserve_slow(b, n);
}

static inline void buf_put(struct buf *b, const void *p, size_t n)
{
	char *to = buf_reserve(b, n);

	if (to == NULL || n == 0)
		return;
	memcpy(to, p, n);
	b->n += n;
}

static inline void buf_str(struct buf *b, struct str s)
{
	buf_put(b, s.p, s.n);
}

static inline void buf_z(struct buf *b, const char *z)
{
	buf_put(b, z, strlen(z));
}

static inline void buf_char(struct buf *b, char c)
{
	char *to = buf_reserve(b, 1);

	if (to == NULL)
		return;
	*to = c;
	b->n++;
}

#define buf_lit(b, lit) buf_put((b), "" lit, sizeof(lit) - 1)
void buf_i64(struct buf *b, int64_t v);
void buf_u64(struct buf *b, uint64_t v);
/* Lower-case hexadecimal. */
void buf_hex(struct buf *b, const void *p, size_t n);
/* Base64url without padding (RFC 4648 section 5). */
void buf_base64url(struct buf *b, const void *p, size_t n);
/*
 * A quoted JSON string (RFC 8259): escapes the quote, the backslash and control characters. The
 * bytes must be UTF-8.
 */
void buf_json_str(struct buf *b, struct str s);
/* Percent-encoded for a URI component (RFC 3986: unreserved characters stay, the rest is %XX). */
void buf_url(struct buf *b, struct str s);

/* Decodes base64url without padding; ERR_MALFORMED for anything else. The result is in the arena.
 */
MUST_CHECK enum err base64url_decode(struct arena *a, struct str s, struct str *ret_bytes);

#endif
