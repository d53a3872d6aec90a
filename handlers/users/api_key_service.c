/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of API keys. */

#include "handlers/users/users_internal.h"

#include "app/queue/outbox.h"

enum { TOKEN_TEXT_MAX = 256 };
#define USEC_PER_S INT64_C(1000000)

static enum err put_scopes(struct call *c, struct api_key *key)
{
	return users_scopes_text(c, (permission_mask)key->permissions, &key->scopes);
}

/* Writes a new key and tells of it. */
static enum err make(struct call *c, struct str name, permission_mask mask, int64_t expires_at,
		     struct api_key *ret_key, struct token *ret_token)
{
	const struct id id = id_new_at(c->now);
	unsigned char hash[32];
	enum err e;

	*ret_key = (struct api_key){
		.id = id,
		.name = name,
		.permissions = (int64_t)mask,
		.last_used_at = TIME_NONE,
		.expires_at = expires_at,
		.revoked_at = TIME_NONE,
		.created_at = id_time(id),
		.updated_at = id_time(id),
		.version = 1,
	};
	*ret_token = token_new(PRINCIPAL_KEY, c->account, id);
	token_hash(ret_token, hash);
	e = users_store_key_insert(c, ret_key, hash);
	return e != ERR_OK ? e : outbox_append(c, "api_key.created", "key", id, STR_NONE);
}

/* A new key as the API shows it once, with its token. */
static enum err make_shown(struct call *c, struct str name, permission_mask mask,
			   int64_t expires_at, struct api_key *ret_key)
{
	struct token token;
	struct buf b;
	enum err e;

	e = make(c, name, mask, expires_at, ret_key, &token);
	buf_init(&b, c->arena, TOKEN_TEXT_MAX, TOKEN_TEXT_MAX);
	token_put(&b, &token);
	token_wipe(&token);
	if (e == ERR_OK)
		e = buf_finish(&b, &ret_key->token);
	return e != ERR_OK ? e : put_scopes(c, ret_key);
}

enum err users_key_create(struct call *c, struct str name, permission_mask mask, int64_t expires_at,
			  struct token *ret_token)
{
	struct account account;
	struct api_key key;
	const enum err e = users_store_account_get(c, &account);

	return e != ERR_OK ? e : make(c, name, mask, expires_at, &key, ret_token);
}

/* The permissions that a body asks for, by role or by scopes. */
static enum err asked_mask(struct call *c, const struct api_key_input *body,
			   permission_mask *ret_mask)
{
	if ((body->role >= 0) == (body->scopes.p != NULL))
		return call_fault(c, STR("/scopes"),
				  body->role >= 0 ? "not_combinable" : "required",
				  "either scopes or role must be given");
	if (body->scopes.p != NULL)
		return users_scopes_parse(c, body->scopes, ret_mask);
	*ret_mask = permission_mask_of_role((enum role)body->role);
	return ERR_OK;
}

static enum err check_expiry(struct call *c, int64_t expires_at)
{
	if (expires_at == TIME_NONE || expires_at > c->now)
		return ERR_OK;
	return call_fault(c, STR("/expires_at"), "in_the_past", "must be in the future");
}

enum err users_api_key_create(struct call *c, const void *in, void *out)
{
	const struct api_key_input *body = &((const struct api_key_create_in *)in)->body;
	permission_mask mask = 0;
	const enum err asked = asked_mask(c, body, &mask);
	enum err e = check_expiry(c, body->expires_at);

	if (asked != ERR_OK || e != ERR_OK)
		return asked != ERR_OK ? asked : e;
	e = users_may_grant(c, mask);
	return e != ERR_OK ? e : make_shown(c, body->name, mask, body->expires_at, out);
}

enum err users_api_key_get(struct call *c, const void *in, void *out)
{
	const enum err e = users_store_key_get(c, ((const struct api_key_get_in *)in)->id, out);

	return e != ERR_OK ? e : put_scopes(c, out);
}

enum err users_api_key_list(struct call *c, const void *in, void *out)
{
	struct list_out *list = out;
	struct api_key *keys;
	enum err e = users_store_key_list(c, in, list);

	if (e != ERR_OK)
		return e;
	keys = list->rows;
	for (size_t i = 0; i < list->n && e == ERR_OK; i++)
		e = put_scopes(c, &keys[i]);
	return e;
}

/* What a key is now, where it is good no longer; else NULL. */
static const char *ended_state(const struct call *c, const struct api_key *key)
{
	if (key->revoked_at != TIME_NONE && key->revoked_at <= c->now)
		return "revoked";
	if (key->expires_at != TIME_NONE && key->expires_at <= c->now)
		return "expired";
	return NULL;
}

/* Writes the end of a key, which its cached credential does not know yet. */
static enum err put_end(struct call *c, struct api_key *key)
{
	enum err e;

	key->updated_at = c->now;
	key->version++;
	e = users_store_key_end(c, key);
	if (e == ERR_OK)
		call_touch(c, CACHE_PRINCIPAL_KEY, key->id);
	return e;
}

enum err users_key_revoke(struct call *c, struct id id)
{
	struct api_key key;
	enum err e = users_store_key_lock(c, id, &key);

	if (e != ERR_OK || ended_state(c, &key) != NULL)
		return e;
	key.revoked_at = c->now;
	e = put_end(c, &key);
	return e != ERR_OK ? e : outbox_append(c, "api_key.revoked", "key", id, STR_NONE);
}

enum err users_api_key_revoke(struct call *c, const void *in, void *out)
{
	(void)out;
	return users_key_revoke(c, ((const struct api_key_get_in *)in)->id);
}

enum err users_api_key_rotate(struct call *c, const void *in, void *out)
{
	const struct api_key_rotate_in *rotate = in;
	const int64_t end = c->now + rotate->body.overlap_s * USEC_PER_S;
	struct api_key old;
	int64_t expires_at;
	enum err e;

	e = check_expiry(c, rotate->body.expires_at);
	if (e == ERR_OK)
		e = users_store_key_lock(c, rotate->id, &old);
	if (e != ERR_OK)
		return e;
	if (ended_state(c, &old) != NULL)
		return call_conflict(c, ended_state(c, &old), STR("[]"),
				     "a key that has ended cannot be rotated");
	/* whoever rotates a key gets what it may do */
	e = users_may_grant(c, (permission_mask)old.permissions);
	if (e != ERR_OK)
		return e;
	expires_at =
		rotate->body.expires_at != TIME_NONE ? rotate->body.expires_at : old.expires_at;
	if (old.expires_at == TIME_NONE || old.expires_at > end)
		old.expires_at = end;
	e = put_end(c, &old);
	if (e == ERR_OK)
		e = outbox_append(c, "api_key.rotated", "key", old.id, STR_NONE);
	if (e != ERR_OK)
		return e;
	return make_shown(c, old.name, (permission_mask)old.permissions, expires_at, out);
}
