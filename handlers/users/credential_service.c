/* SPDX-License-Identifier: Apache-2.0 */
/* The credentials that the worker asks for, and that they were used. */

#include "handlers/users/users_internal.h"

#include <string.h>

#define USED_EVERY INT64_C(60000000) /* microseconds */

/* A row of another form is not a credential. */
static enum err set_hash(struct credential *credential, struct str hash)
{
	if (hash.n != sizeof(credential->hash))
		return ERR_INTERNAL;
	memcpy(credential->hash, hash.p, sizeof(credential->hash));
	return ERR_OK;
}

static enum err load_key(struct call *c, struct id id, struct credential *ret_credential)
{
	struct key_secret secret;
	const enum err e = users_store_key_secret(c, id, &secret);

	if (e != ERR_OK)
		return e;
	*ret_credential = (struct credential){
		.kind = PRINCIPAL_KEY,
		.account = c->account,
		.id = id,
		.user = ID_NONE,
		.mask = (permission_mask)secret.permissions,
		.expires_at = secret.expires_at,
		.revoked_at = secret.revoked_at,
	};
	return set_hash(ret_credential, secret.hash);
}

static enum err load_session(struct call *c, struct id id, struct credential *ret_credential)
{
	struct session_secret secret;
	const enum err e = users_store_session_secret(c, id, &secret);

	if (e != ERR_OK)
		return e;
	if (secret.role < 0 || secret.role >= ROLE_MAX)
		return ERR_INTERNAL;
	*ret_credential = (struct credential){
		.kind = PRINCIPAL_SESSION,
		.account = c->account,
		.id = id,
		.user = secret.user,
		.mask = permission_mask_of_role((enum role)secret.role),
		.expires_at = users_session_good_until(secret.expires_at, secret.last_used_at,
						       c->config->session_idle_s, c->now),
		.revoked_at = secret.revoked_at,
	};
	return set_hash(ret_credential, secret.hash);
}

enum err users_credential_load(struct call *c, enum principal_kind kind, struct id id,
			       struct credential *ret_credential)
{
	if (kind == PRINCIPAL_KEY)
		return load_key(c, id, ret_credential);
	if (kind == PRINCIPAL_SESSION)
		return load_session(c, id, ret_credential);
	return ERR_NOT_FOUND;
}

enum err users_credential_used(struct call *c, enum principal_kind kind, struct id id)
{
	const int64_t before = c->now - USED_EVERY;

	if (kind == PRINCIPAL_KEY)
		return users_store_key_used(c, id, before);
	if (kind == PRINCIPAL_SESSION)
		return users_store_session_used(c, id, before);
	return ERR_NOT_FOUND;
}
