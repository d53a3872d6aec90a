/* SPDX-License-Identifier: Apache-2.0 */
#include "app/auth/auth.h"

#include <sodium.h>
#include <string.h>

#include "app/base/check.h"

/* prefix, account, id, '_', secret */
#define PREFIX_LEN 3
#define SECRET_LEN 43
#define AT_ACCOUNT PREFIX_LEN
#define AT_ID	   (AT_ACCOUNT + ID_TEXT_LEN)
#define AT_BAR	   (AT_ID + ID_TEXT_LEN)
#define AT_SECRET  (AT_BAR + 1)
#define TOKEN_LEN  (AT_SECRET + SECRET_LEN)

static const struct str key_prefix = { "rk_", PREFIX_LEN };
static const struct str session_prefix = { "rs_", PREFIX_LEN };

static struct str piece(struct str text, size_t at, size_t n)
{
	return (struct str){ .p = text.p + at, .n = n };
}

/*
 * 32 bytes of base64url without padding; in constant time, and one text for one value only.
 * libsodium takes some bytes above 127 for letters: they are refused before.
 */
static bool secret_parse(struct str text, unsigned char ret_secret[32])
{
	unsigned char all = 0;
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		all |= (unsigned char)text.p[i];
	if (all > 127)
		return false;
	return sodium_base642bin(ret_secret, 32, text.p, text.n, NULL, &n, NULL,
				 sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	       n == 32;
}

enum err token_parse(struct str text, struct token *ret_token)
{
	struct token t;
	enum err e = ERR_UNAUTHENTICATED;

	if (text.n != TOKEN_LEN || text.p[AT_BAR] != '_')
		return ERR_UNAUTHENTICATED;
	if (str_starts(text, key_prefix))
		t.kind = PRINCIPAL_KEY;
	else if (str_starts(text, session_prefix))
		t.kind = PRINCIPAL_SESSION;
	else
		return ERR_UNAUTHENTICATED;
	if (id_parse_text(piece(text, AT_ACCOUNT, ID_TEXT_LEN), &t.account) == ERR_OK &&
	    id_parse_text(piece(text, AT_ID, ID_TEXT_LEN), &t.id) == ERR_OK &&
	    secret_parse(piece(text, AT_SECRET, SECRET_LEN), t.secret)) {
		*ret_token = t;
		e = ERR_OK;
	}
	token_wipe(&t);
	return e;
}

struct token token_new(enum principal_kind kind, struct id account, struct id id)
{
	struct token t = { .kind = kind, .account = account, .id = id };

	CHECK(kind == PRINCIPAL_KEY || kind == PRINCIPAL_SESSION);
	randombytes_buf(t.secret, sizeof(t.secret));
	return t;
}

void token_put(struct buf *b, const struct token *t)
{
	char ids[2 * ID_TEXT_LEN];

	CHECK(t->kind == PRINCIPAL_KEY || t->kind == PRINCIPAL_SESSION);
	id_text(t->account, ids);
	id_text(t->id, ids + ID_TEXT_LEN);
	buf_str(b, t->kind == PRINCIPAL_KEY ? key_prefix : session_prefix);
	buf_put(b, ids, sizeof(ids));
	buf_char(b, '_');
	buf_base64url(b, t->secret, sizeof(t->secret));
}

void token_wipe(struct token *t)
{
	sodium_memzero(t, sizeof(*t));
}

void token_hash(const struct token *t, unsigned char ret_hash[32])
{
	_Static_assert(crypto_generichash_BYTES == 32, "BLAKE2b-256");
	CHECK(crypto_generichash(ret_hash, 32, t->secret, sizeof(t->secret), NULL, 0) == 0);
}
