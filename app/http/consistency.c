/* SPDX-License-Identifier: Apache-2.0 */
/* Consistency tokens: a db_position that a client carries from a write to a read. */
#include "app/http/consistency.h"

#include "app/auth/auth.h"

#include <string.h>

enum {
	MAC_SIZE = 16,
	NUMBER_SIZE = 8,
	EPOCH_AT = 0, /* three big-endian numbers, then the GTID */
	SEQ_AT = EPOCH_AT + NUMBER_SIZE,
	TIME_AT = SEQ_AT + NUMBER_SIZE,
	GTID_AT = TIME_AT + NUMBER_SIZE,
	GTID_MAX = 63,
	PAYLOAD_MAX = GTID_AT + GTID_MAX,
	TOKEN_MAX = MAC_SIZE + PAYLOAD_MAX,
	TEXT_MAX = (TOKEN_MAX * 8 + 5) / 6, /* base64url without padding */
};

static const struct str prefix = { "v1.", 3 };

/* See cursor.c: the last part is the only one whose length varies. */
static void token_mac(const unsigned char key[32], struct id account, struct str payload,
		      unsigned char ret_mac[32])
{
	const struct str parts[] = {
		STR("remit consistency 1"),
		{ .p = (const char *)account.b, .n = sizeof(account.b) },
		payload,
	};

	auth_mac(key, parts, sizeof(parts) / sizeof(parts[0]), ret_mac);
}

static void number_put(unsigned char p[NUMBER_SIZE], uint64_t v)
{
	for (int i = 0; i < NUMBER_SIZE; i++)
		p[i] = (unsigned char)(v >> (8 * (NUMBER_SIZE - 1 - i)));
}

static uint64_t number_get(const char *p)
{
	uint64_t v = 0;

	for (int i = 0; i < NUMBER_SIZE; i++)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

/* The characters of the GTIDs of MariaDB ("0-1-42") and MySQL ("uuid:42"). */
static bool gtid_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      c == ':' || c == ',' || c == '-'))
			return false;
	}
	return s.n <= GTID_MAX;
}

void consistency_put(struct buf *b, const unsigned char key[32], struct id account,
		     const struct db_position *p)
{
	unsigned char bytes[TOKEN_MAX];
	unsigned char *payload = bytes + MAC_SIZE;
	unsigned char mac[32];
	size_t gtid = strnlen(p->gtid, GTID_MAX);
	size_t n = GTID_AT + gtid;

	number_put(payload + EPOCH_AT, (uint64_t)p->epoch);
	number_put(payload + SEQ_AT, p->seq);
	number_put(payload + TIME_AT, (uint64_t)p->at);
	memcpy(payload + GTID_AT, p->gtid, gtid);
	token_mac(key, account, (struct str){ .p = (const char *)payload, .n = n }, mac);
	memcpy(bytes, mac, MAC_SIZE);
	buf_str(b, prefix);
	buf_base64url(b, bytes, MAC_SIZE + n);
}

enum err consistency_parse(struct arena *a, struct str token, const unsigned char key[32],
			   struct id account, struct db_position *ret_position)
{
	struct db_position position = { .seq = 0 };
	unsigned char mac[32];
	struct str bytes = STR_NONE;
	struct str payload;
	struct str gtid;
	enum err e;

	if (!str_starts(token, prefix) || token.n > prefix.n + TEXT_MAX)
		return ERR_INVALID_PARAMETER;
	token = (struct str){ .p = token.p + prefix.n, .n = token.n - prefix.n };
	e = base64url_decode(a, token, &bytes);
	if (e != ERR_OK)
		return e == ERR_MALFORMED ? ERR_INVALID_PARAMETER : e;
	if (bytes.n < MAC_SIZE + GTID_AT || bytes.n > TOKEN_MAX)
		return ERR_INVALID_PARAMETER;
	payload = (struct str){ .p = bytes.p + MAC_SIZE, .n = bytes.n - MAC_SIZE };
	gtid = (struct str){ .p = payload.p + GTID_AT, .n = payload.n - GTID_AT };
	token_mac(key, account, payload, mac);
	/* The GTID goes to a server: one that we signed in error is refused all the same. */
	if (!str_eq_secret(mac, bytes.p, MAC_SIZE) || !gtid_ok(gtid))
		return ERR_INVALID_PARAMETER;
	position.epoch = (int64_t)number_get(payload.p + EPOCH_AT);
	position.seq = number_get(payload.p + SEQ_AT);
	position.at = (int64_t)number_get(payload.p + TIME_AT);
	memcpy(position.gtid, gtid.p, gtid.n);
	*ret_position = position;
	return ERR_OK;
}
