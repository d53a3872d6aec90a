/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors: where the next page of a list starts. */
#include "app/http/cursor.h"

#include "app/auth/auth.h"
#include "app/base/check.h"

#include <string.h>

enum {
	MAC_SIZE = 16,
	FLAGS_SIZE = 1, /* bit 7: descending; the rest: the sort */
	KEY_SIZE = 8,	/* big-endian */
	PAYLOAD_SIZE = FLAGS_SIZE + KEY_SIZE + (int)sizeof(struct id),
	CURSOR_SIZE = MAC_SIZE + PAYLOAD_SIZE,
	CURSOR_TEXT = (CURSOR_SIZE * 8 + 5) / 6, /* base64url without padding */
	FLAG_DESCENDING = 0x80,
	SORT_MAX = 0x7f,
};

/*
 * All parts but the last have one length, so no two inputs give the same bytes. The label keeps
 * the key's other uses apart.
 */
static void cursor_mac(const unsigned char key[32], struct id account, struct str binding,
		       const unsigned char payload[PAYLOAD_SIZE], unsigned char ret_mac[32])
{
	const struct str parts[] = {
		STR("remit cursor 1"),
		{ .p = (const char *)payload, .n = PAYLOAD_SIZE },
		{ .p = (const char *)account.b, .n = sizeof(account.b) },
		binding,
	};

	auth_mac(key, parts, sizeof(parts) / sizeof(parts[0]), ret_mac);
}

static void payload_put(const struct page *page, unsigned char p[PAYLOAD_SIZE])
{
	uint64_t k = (uint64_t)page->after_key;

	CHECK(page->sort >= 0 && page->sort <= SORT_MAX);
	p[0] = (unsigned char)(page->sort | (page->descending ? FLAG_DESCENDING : 0));
	for (int i = 0; i < KEY_SIZE; i++)
		p[FLAGS_SIZE + i] = (unsigned char)(k >> (8 * (KEY_SIZE - 1 - i)));
	memcpy(p + FLAGS_SIZE + KEY_SIZE, page->after.b, sizeof(page->after.b));
}

static void payload_get(const unsigned char p[PAYLOAD_SIZE], struct page *page)
{
	uint64_t k = 0;

	for (int i = 0; i < KEY_SIZE; i++)
		k = k << 8 | p[FLAGS_SIZE + i];
	page->sort = p[0] & SORT_MAX;
	page->descending = (p[0] & FLAG_DESCENDING) != 0;
	page->has_after = true;
	page->after_key = (int64_t)k;
	memcpy(page->after.b, p + FLAGS_SIZE + KEY_SIZE, sizeof(page->after.b));
}

void cursor_put(struct buf *b, const unsigned char key[32], struct id account, struct str binding,
		const struct page *page)
{
	unsigned char bytes[CURSOR_SIZE];
	unsigned char mac[32];

	payload_put(page, bytes + MAC_SIZE);
	cursor_mac(key, account, binding, bytes + MAC_SIZE, mac);
	memcpy(bytes, mac, MAC_SIZE);
	buf_base64url(b, bytes, sizeof(bytes));
}

enum err cursor_parse(struct arena *a, struct str text, const unsigned char key[32],
		      struct id account, struct str binding, struct page *ret_page)
{
	unsigned char payload[PAYLOAD_SIZE];
	unsigned char mac[32];
	struct str bytes = STR_NONE;
	enum err e;

	if (text.n != CURSOR_TEXT)
		return ERR_INVALID_CURSOR;
	e = base64url_decode(a, text, &bytes);
	if (e != ERR_OK)
		return e == ERR_MALFORMED ? ERR_INVALID_CURSOR : e;
	if (bytes.n != CURSOR_SIZE)
		return ERR_INVALID_CURSOR;
	memcpy(payload, bytes.p + MAC_SIZE, PAYLOAD_SIZE);
	cursor_mac(key, account, binding, payload, mac);
	if (!str_eq_secret(mac, bytes.p, MAC_SIZE))
		return ERR_INVALID_CURSOR;
	payload_get(payload, ret_page);
	return ERR_OK;
}
