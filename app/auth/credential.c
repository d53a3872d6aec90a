/* SPDX-License-Identifier: Apache-2.0 */
#include "app/auth/auth.h"

#include <endian.h>
#include <sodium.h>
#include <string.h>

#include "app/base/clock.h"

#define FORMAT 1

/* Numbers are 8 bytes, little-endian. */
enum {
	AT_FORMAT = 0,
	AT_KIND = 1,
	AT_ACCOUNT = 2,
	AT_ID = 18,
	AT_USER = 34,
	AT_MASK = 50,
	AT_EXPIRES = 58,
	AT_REVOKED = 66,
	AT_HASH = 74,
	SIZE = 106,
};

static void put_u64(unsigned char *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

static uint64_t get_u64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static struct id get_id(const char *p)
{
	struct id id;

	memcpy(id.b, p, sizeof(id.b));
	return id;
}

void credential_put(struct buf *b, const struct credential *c)
{
	unsigned char bytes[SIZE];

	bytes[AT_FORMAT] = FORMAT;
	bytes[AT_KIND] = (unsigned char)c->kind;
	memcpy(bytes + AT_ACCOUNT, c->account.b, sizeof(c->account.b));
	memcpy(bytes + AT_ID, c->id.b, sizeof(c->id.b));
	memcpy(bytes + AT_USER, c->user.b, sizeof(c->user.b));
	put_u64(bytes + AT_MASK, c->mask);
	put_u64(bytes + AT_EXPIRES, (uint64_t)c->expires_at);
	put_u64(bytes + AT_REVOKED, (uint64_t)c->revoked_at);
	memcpy(bytes + AT_HASH, c->hash, sizeof(c->hash));
	buf_put(b, bytes, sizeof(bytes));
}

enum err credential_parse(struct str bytes, struct credential *ret_credential)
{
	struct credential c = { .kind = PRINCIPAL_NONE };

	if (bytes.n != SIZE || bytes.p[AT_FORMAT] != FORMAT)
		return ERR_MALFORMED;
	if (bytes.p[AT_KIND] == PRINCIPAL_KEY)
		c.kind = PRINCIPAL_KEY;
	else if (bytes.p[AT_KIND] == PRINCIPAL_SESSION)
		c.kind = PRINCIPAL_SESSION;
	else
		return ERR_MALFORMED;
	c.account = get_id(bytes.p + AT_ACCOUNT);
	c.id = get_id(bytes.p + AT_ID);
	c.user = get_id(bytes.p + AT_USER);
	c.mask = get_u64(bytes.p + AT_MASK);
	c.expires_at = (int64_t)get_u64(bytes.p + AT_EXPIRES);
	c.revoked_at = (int64_t)get_u64(bytes.p + AT_REVOKED);
	memcpy(c.hash, bytes.p + AT_HASH, sizeof(c.hash));
	*ret_credential = c;
	return ERR_OK;
}

enum err credential_verify(const struct credential *c, const struct token *t, int64_t now,
			   struct principal *ret_principal)
{
	unsigned char hash[sizeof(c->hash)];
	bool good;

	token_hash(t, hash);
	good = sodium_memcmp(hash, c->hash, sizeof(hash)) == 0;
	sodium_memzero(hash, sizeof(hash));
	if (t->kind != c->kind || !id_eq(t->account, c->account) || !id_eq(t->id, c->id))
		good = false;
	if (c->expires_at != TIME_NONE && now >= c->expires_at)
		good = false;
	if (c->revoked_at != TIME_NONE && now >= c->revoked_at)
		good = false;
	if (!good)
		return ERR_UNAUTHENTICATED;
	*ret_principal = (struct principal){
		.kind = c->kind,
		.account = c->account,
		.id = c->id,
		.user = c->user,
		.mask = c->mask,
	};
	return ERR_OK;
}
