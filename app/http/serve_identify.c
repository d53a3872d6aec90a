/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks. The bearer token names account and credential, so one round trip to the cache fetches
 * the credential and the object that a GET asks for. What the cache says of a credential decides
 * (a revoked key is invalidated there at once); where it says nothing the database does.
 */

#include "app/http/exchange.h"

#include "app/http/consistency.h"

/* The cache's word for "there is no such credential": keeps guessed tokens off the database. */
#define ABSENT STR("-")

static enum err bearer(struct exchange *x)
{
	struct str value = x->rq->authorization;
	struct str scheme;

	if (value.p == NULL)
		return call_fail(x->call, ERR_UNAUTHENTICATED,
				 "send an API key or session token as Authorization: Bearer");
	scheme = str_cut(&value, ' ');
	if (!str_eq_nocase(scheme, STR("Bearer")) || value.p == NULL)
		return call_fail(x->call, ERR_UNAUTHENTICATED, "the scheme must be Bearer");
	return token_parse(str_trim(value), &x->token);
}

/* A GET of one object without parameters can be answered from the cache. */
static void plan_object(struct exchange *x)
{
	struct id id;

	if (x->route->cache == CACHE_NONE || x->rq->query.n > 0)
		return;
	if (id_parse(x->match.params[0].value, x->plan->id_prefix, &id) != ERR_OK)
		return;
	x->refs[1] = (struct cache_ref){ x->route->cache, x->token.account, id };
	x->n_refs = 2;
}

static enum err load_once(struct exchange *x, bool primary, struct credential *ret_credential,
			  struct db_position *ret_as_of)
{
	struct call *c = x->call;
	int64_t trips, usec;
	enum err e;

	c->account = x->token.account;
	if (x->items[0].state == CACHE_TOMBSTONE)
		db_pools_saw(x->server->options.pools, &x->items[0].position);
	if (primary)
		e = db_open_write(x->server->options.pools, c->arena, &c->db);
	else
		e = db_open_read(x->server->options.pools, c->arena, x->items[0].position, &c->db);
	if (e != ERR_OK)
		return e;
	e = x->server->options.identity.load(c, x->token.kind, x->token.id, ret_credential);
	*ret_as_of = db_as_of(c->db);
	db_cost(c->db, &trips, &usec);
	x->db_trips += trips;
	x->db_usec += usec;
	db_close(c->db);
	c->db = NULL;
	c->account = ID_NONE;
	return e;
}

/* A credential that was made a moment ago may not have reached the replica: ask the primary too. */
static enum err load(struct exchange *x, struct credential *ret_credential)
{
	/* without the cache nothing tells of a revocation that has not reached the replica */
	const bool primary = x->items[0].state == CACHE_DOWN;
	struct db_position as_of;
	struct str body = ABSENT;
	struct buf b;
	enum err e;

	e = load_once(x, primary, ret_credential, &as_of);
	if (e == ERR_NOT_FOUND && !primary)
		e = load_once(x, true, ret_credential, &as_of);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	if (e == ERR_OK) {
		buf_init(&b, x->call->arena, 256, 1024);
		credential_put(&b, ret_credential);
		if (buf_finish(&b, &body) != ERR_OK)
			return ERR_NO_MEMORY;
		x->thread->used = x->refs[0];
	}
	cache_fill(x->thread->cache, &x->refs[0], &x->items[0], body, 0, as_of);
	return e == ERR_OK ? ERR_OK : ERR_UNAUTHENTICATED;
}

static enum err find_credential(struct exchange *x, bool *ret_loaded,
				struct credential *ret_credential)
{
	const struct cache_item *item = &x->items[0];

	*ret_loaded = false;
	if (item->state == CACHE_HIT && str_eq(item->body, ABSENT))
		return ERR_UNAUTHENTICATED;
	/* a session that was used lives on: what is cached of its expiry may be old */
	if (item->state == CACHE_HIT && credential_parse(item->body, ret_credential) == ERR_OK &&
	    (ret_credential->kind != PRINCIPAL_SESSION ||
	     ret_credential->expires_at > x->call->now))
		return ERR_OK;
	*ret_loaded = true;
	return load(x, ret_credential);
}

static enum err consistency(struct exchange *x)
{
	const int64_t limit = INT64_C(60000000); /* older ones have reached every healthy replica */
	struct db_position position;
	enum err e;

	if (x->rq->consistency.p == NULL)
		return ERR_OK;
	e = consistency_parse(x->call->arena, x->rq->consistency, x->server->key, x->call->account,
			      &position);
	if (e != ERR_OK)
		return call_fail(x->call, e, "Remit-Consistency is not a token of this account");
	if (position.at > x->call->now - limit)
		x->after = position;
	return ERR_OK;
}

enum err serve_identify(struct exchange *x)
{
	struct call *c = x->call;
	struct credential credential;
	bool loaded;
	enum err e;

	if (x->route->permission == PERMISSION_PUBLIC)
		return ERR_OK;
	e = bearer(x);
	if (e != ERR_OK)
		return e;
	x->refs[0] = (struct cache_ref){
		x->token.kind == PRINCIPAL_KEY ? CACHE_PRINCIPAL_KEY : CACHE_PRINCIPAL_SESSION,
		x->token.account,
		x->token.id,
	};
	x->n_refs = 1;
	plan_object(x);
	cache_get(x->thread->cache, c->arena, x->refs, x->n_refs, x->items);
	e = find_credential(x, &loaded, &credential);
	if (e == ERR_OK)
		e = credential_verify(&credential, &x->token, c->now, &c->who);
	if (e == ERR_UNAUTHENTICATED)
		return call_fail(c, e, "the key or session is unknown, expired or revoked");
	if (e != ERR_OK)
		return e;
	if (loaded)
		x->thread->used_kind = x->token.kind;
	c->account = c->who.account;
	return consistency(x);
}
