/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_AUTH_AUTH_H
#define REMIT_AUTH_AUTH_H

/*
 * Who a request acts as and what that allows: permissions, roles, bearer tokens, passwords. Pure
 * functions; the records are kept by the users domain. Only this folder includes libsodium.
 * Thread-safe. auth_password_hash and auth_password_verify take 10-15 ms of CPU and share a
 * bulkhead; the rest takes less than a microsecond.
 */

#include "app/base/arena.h"
#include "app/base/buf.h"
#include "app/base/err.h"
#include "app/base/id.h"
#include "app/base/str.h"
#include "app/config/config.h"

#include <stdbool.h>
#include <stdint.h>

/* PERMISSION_NONE on a route is an error of its row; PERMISSION_PUBLIC needs no principal. */
enum permission {
	PERMISSION_NONE = 0,
	PERMISSION_PUBLIC,
	PERMISSION_SELF, /* any principal, about itself */
#define PERMISSION(name, scope) PERMISSION_##name,
#include "app/auth/permissions.def"
#undef PERMISSION
	PERMISSION_MAX
};

enum role { ROLE_OWNER, ROLE_ADMIN, ROLE_ACCOUNTANT, ROLE_SALES, ROLE_VIEWER, ROLE_MAX };
extern const char *const role_names[ROLE_MAX]; /* "owner", "admin", ... */

typedef uint64_t permission_mask; /* bit n: permission n */

/*
 * Whether mask has p. PUBLIC and SELF are in every mask (that there is a principal at all is for
 * the caller to check), NONE in no mask.
 */
bool permission_allows(permission_mask mask, enum permission p);
permission_mask permission_mask_of_role(enum role r);
/* "orders:read", NULL for the three special ones. */
const char *permission_scope(enum permission p);
/* Whether scope is known; its bit. */
MUST_CHECK enum err permission_parse(struct str scope, permission_mask *ret_bit);
/* Appends the scopes of a mask as a JSON array of strings. */
void permission_put_scopes(struct buf *b, permission_mask mask);

enum principal_kind { PRINCIPAL_NONE, PRINCIPAL_KEY, PRINCIPAL_SESSION, PRINCIPAL_OPERATOR };

/* A verified identity. */
struct principal {
	enum principal_kind kind;
	struct id account;
	struct id id;	/* of the key or session */
	struct id user; /* ID_NONE for a key */
	permission_mask mask;
};

/*
 * What the users domain keeps of a key or session and what the cache holds: the hash of the
 * secret, the permissions, and until when it is good.
 */
struct credential {
	enum principal_kind kind;
	struct id account;
	struct id id;
	struct id user;
	permission_mask mask;
	int64_t expires_at; /* TIME_NONE: never; a session's idle and absolute expiry, whichever is
			       first */
	int64_t revoked_at; /* TIME_NONE: not */
	unsigned char hash[32];
};

/*
 * A bearer token: "rk_" (key) or "rs_" (session), 52 characters of base32 of account and id (26
 * each, as in their TypeIDs), '_', 43 characters of base64url of a secret of 32 random bytes.
 * Naming the account lets a worker find the record without a global index and ask the cache for
 * record and object at once.
 */
struct token {
	enum principal_kind kind;
	struct id account;
	struct id id;
	unsigned char secret[32];
};
/*
 * ERR_UNAUTHENTICATED when it is not of this form. There is one text for one token. The caller
 * wipes the token when it is done (token_wipe).
 */
MUST_CHECK enum err token_parse(struct str text, struct token *ret_token);
/* A new token with a random secret. */
struct token token_new(enum principal_kind kind, struct id account, struct id id);
void token_put(struct buf *b, const struct token *t);
void token_wipe(struct token *t);
/* BLAKE2b-256 of the secret: enough for 256 random bits (no dictionary to try). */
void token_hash(const struct token *t, unsigned char ret_hash[32]);

/* Bytes for the cache, and back. ERR_MALFORMED for anything else. */
void credential_put(struct buf *b, const struct credential *c);
MUST_CHECK enum err credential_parse(struct str bytes, struct credential *ret_credential);
/*
 * Whether the token proves the credential at `now`; fills the principal. Good before expires_at
 * and before revoked_at (which a rotation may set ahead), not at them. ERR_UNAUTHENTICATED
 * otherwise, without saying why.
 */
MUST_CHECK enum err credential_verify(const struct credential *c, const struct token *t,
				      int64_t now, struct principal *ret_principal);

/*
 * Once at start, before there are threads; computes one hash. ERR_INTERNAL when libsodium cannot
 * work here, ERR_CONFIG for parameters that Argon2id does not allow.
 */
MUST_CHECK enum err auth_start(const struct config *c);
/*
 * Argon2id (RFC 9106) as a PHC string in the arena. ERR_OVERLOADED when the bulkhead stays full
 * for 2 s; ERR_NO_MEMORY.
 */
MUST_CHECK enum err auth_password_hash(struct arena *a, struct str password, struct str *ret_phc);
/*
 * ERR_UNAUTHENTICATED when it does not match. phc STR_NONE (no such user) takes as long as a real
 * check. ret_rehash: the parameters have changed, store a new hash.
 * ERR_OVERLOADED as above. libsodium does not tell a lack of memory from a mismatch.
 */
MUST_CHECK enum err auth_password_verify(struct str phc, struct str password, bool *ret_rehash);

/*
 * HMAC-SHA-512/256 of the parts under a key, for cursors and consistency tokens. One part is taken
 * as it is; of several each is preceded by its length (8 bytes, little-endian), so that the
 * borders between them count. The same for auth_sha256.
 */
void auth_mac(const unsigned char key[32], const struct str *parts, size_t n,
	      unsigned char ret_mac[32]);
/* SHA-256, for idempotency keys and fingerprints of requests. */
void auth_sha256(const struct str *parts, size_t n, unsigned char ret_hash[32]);
/* Random bytes of the system. */
void auth_random(void *p, size_t n);

#endif
