/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of accounts, and who the principal is. */

#include "handlers/users/users_internal.h"

#include "app/queue/outbox.h"

enum { TYPE_ID_MAX = 64 };

enum err users_account_create(struct call *c, struct str name, struct str currency,
			      struct id *ret_account)
{
	const struct id id = id_new_at(c->now);
	const struct account account = {
		.id = id,
		.name = name,
		.currency = currency,
		.created_at = id_time(id),
		.updated_at = id_time(id),
		.version = 1,
	};
	enum err e = ERR_OK;

	if (name.n == 0)
		e = call_fault(c, STR("/name"), "required", "is required");
	if (currency_find(currency) == NULL)
		e = call_fault(c, STR("/currency"), "invalid_currency",
			       "must be a currency code of ISO 4217 such as EUR");
	if (e != ERR_OK)
		return e;
	c->account = id;
	e = users_store_account_insert(c, &account);
	if (e == ERR_OK)
		e = outbox_append(c, "account.created", "acc", id, STR_NONE);
	if (e == ERR_OK)
		*ret_account = id;
	return e;
}

enum err users_account_get(struct call *c, const void *in, void *out)
{
	(void)in;
	return users_store_account_get(c, out);
}

enum err users_account_update(struct call *c, const void *in, void *out)
{
	const struct account_input *body = &((const struct account_update_in *)in)->body;
	struct account *account = out;
	enum err e;

	e = users_store_account_lock(c, account);
	if (e == ERR_OK)
		e = call_check_version(c, account->version);
	if (e != ERR_OK)
		return e;
	if (field_present(body->present, ACCOUNT_INPUT_NAME))
		account->name = body->name;
	if (field_present(body->present, ACCOUNT_INPUT_CURRENCY))
		account->currency = body->currency;
	account->updated_at = c->now;
	account->version++;
	e = users_store_account_update(c, account);
	return e != ERR_OK ? e : outbox_append(c, "account.updated", "acc", account->id, STR_NONE);
}

static enum err principal_id(struct call *c, struct str *ret_text)
{
	struct buf b;

	buf_init(&b, c->arena, TYPE_ID_MAX, TYPE_ID_MAX);
	id_put(&b, c->who.kind == PRINCIPAL_SESSION ? "ses" : "key", c->who.id);
	return buf_finish(&b, ret_text);
}

enum err users_me_get(struct call *c, const void *in, void *out)
{
	struct me *me = out;
	struct member member;
	enum err e;

	(void)in;
	*me = (struct me){
		.kind = (int32_t)c->who.kind,
		.account = c->account,
		.user = c->who.user,
		.role = -1,
	};
	e = principal_id(c, &me->id);
	if (e == ERR_OK)
		e = users_scopes_text(c, c->who.mask, &me->scopes);
	if (e != ERR_OK || id_is_none(c->who.user))
		return e;
	e = users_store_member_get(c, c->who.user, &member);
	if (e != ERR_OK)
		return e;
	me->email = member.email;
	me->name = member.name;
	me->role = member.role;
	return ERR_OK;
}

enum err users_account_check(struct call *c)
{
	struct account account;

	return users_store_account_get(c, &account);
}
