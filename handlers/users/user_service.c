/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of users and their memberships: who may be added, changed and removed by whom. */

#include "handlers/users/users_internal.h"

#include "app/queue/outbox.h"

/*
 * The user of this e-mail address, made where there is none. A user who exists belongs to whoever
 * made him, with a password that only he may know: an account cannot take him in by his address
 * alone. The operator can, and gives him a new password.
 */
static enum err find_or_make(struct call *c, const struct user_input *input, struct str phc,
			     struct id *ret_user)
{
	struct new_user fresh = {
		.id = id_new_at(c->now),
		.email = input->email,
		.name = input->name,
		.phc = phc,
	};
	struct user user;
	enum err e;

	e = users_email_key(c, input->email, &fresh.email_key);
	if (e != ERR_OK)
		return e;
	e = users_store_user_find(c, fresh.email_key, &user);
	if (e == ERR_OK && c->who.kind != PRINCIPAL_OPERATOR)
		return call_fail(
			c, ERR_ALREADY_EXISTS,
			"a user with this e-mail address exists; the operator can add him");
	if (e == ERR_OK) {
		*ret_user = user.id;
		return phc.p != NULL ? users_store_user_set_password(c, user.id, phc) : ERR_OK;
	}
	if (e != ERR_NOT_FOUND)
		return e;
	e = users_store_user_insert(c, &fresh);
	if (e == ERR_DB_DUPLICATE)
		return call_fail(c, ERR_CONFLICT, "another request has just made this user");
	if (e == ERR_OK)
		*ret_user = fresh.id;
	return e;
}

static enum err add(struct call *c, const struct user_input *input, struct id *ret_user)
{
	struct str phc = STR_NONE;
	struct id user;
	enum err e;

	if (input->password.p != NULL) {
		e = users_password_check(c, STR("/password"), input->email, input->password);
		/* before the first statement: no connection waits, and nobody can tell by the time
		 * whether the user was there */
		if (e == ERR_OK)
			e = auth_password_hash(c->arena, input->password, &phc);
		if (e != ERR_OK)
			return e;
	}
	e = find_or_make(c, input, phc, &user);
	if (e != ERR_OK)
		return e;
	e = users_store_member_insert(c, user, (enum role)input->role);
	if (e == ERR_DB_DUPLICATE)
		return call_fail(c, ERR_ALREADY_EXISTS, "the user is a member of this account");
	if (e == ERR_OK)
		e = outbox_append(c, "user.added", "usr", user, STR_NONE);
	if (e == ERR_OK)
		*ret_user = user;
	return e;
}

enum err users_user_create(struct call *c, struct str email, struct str name, struct str password,
			   enum role role, struct id *ret_user)
{
	const struct user_input input = {
		.email = email,
		.name = name,
		.password = password,
		.role = (int32_t)role,
	};
	struct account account;
	const enum err e = users_store_account_get(c, &account);

	return e != ERR_OK ? e : add(c, &input, ret_user);
}

enum err users_member_create(struct call *c, const void *in, void *out)
{
	const struct user_input *body = &((const struct user_create_in *)in)->body;
	struct id user;
	enum err e;

	e = users_may_grant(c, permission_mask_of_role((enum role)body->role));
	if (e == ERR_OK)
		e = add(c, body, &user);
	return e != ERR_OK ? e : users_store_member_get(c, user, out);
}

enum err users_member_get(struct call *c, const void *in, void *out)
{
	return users_store_member_get(c, ((const struct user_get_in *)in)->id, out);
}

enum err users_member_list(struct call *c, const void *in, void *out)
{
	return users_store_member_list(c, in, out);
}

/*
 * Locks account and member, which the caller may change only if he has all that the member has.
 * The lock of the account makes changes of roles follow each other, so that the last owner can be
 * told.
 */
static enum err take(struct call *c, struct id id, struct member *ret_member)
{
	struct account account;
	enum err e;

	e = users_store_account_lock(c, &account);
	if (e == ERR_OK)
		e = users_store_member_lock(c, id, ret_member);
	if (e == ERR_OK)
		e = call_check_version(c, ret_member->version);
	if (e != ERR_OK)
		return e;
	return users_may_grant(c, permission_mask_of_role((enum role)ret_member->role));
}

/* ERR_STATE_CONFLICT when the member is the only owner. */
static enum err not_last_owner(struct call *c, const struct member *member)
{
	int64_t owners;
	enum err e;

	if (member->role != ROLE_OWNER)
		return ERR_OK;
	e = users_store_owners(c, &owners);
	if (e != ERR_OK || owners > 1)
		return e;
	return call_conflict(c, role_names[ROLE_OWNER], STR("[]"),
			     "the account must keep an owner");
}

enum err users_member_update(struct call *c, const void *in, void *out)
{
	const struct user_update_in *update = in;
	const struct role_input *body = &update->body;
	struct member *member = out;
	struct session_ref *sessions;
	size_t n;
	enum err e;

	e = take(c, update->id, member);
	if (e != ERR_OK || !field_present(body->present, 0) || body->role == member->role)
		return e;
	e = users_may_grant(c, permission_mask_of_role((enum role)body->role));
	if (e == ERR_OK)
		e = not_last_owner(c, member);
	if (e == ERR_OK)
		e = users_store_sessions_of_member(c, member->id, &sessions, &n);
	if (e != ERR_OK)
		return e;
	member->role = body->role;
	member->updated_at = c->now;
	member->version++;
	e = users_store_member_update(c, member);
	if (e != ERR_OK)
		return e;
	/* what the sessions allow comes from the role */
	for (size_t i = 0; i < n; i++)
		call_touch(c, CACHE_PRINCIPAL_SESSION, sessions[i].id);
	return outbox_append(c, "user.updated", "usr", member->id, STR_NONE);
}

enum err users_member_remove(struct call *c, const void *in, void *out)
{
	struct member member;
	struct session_ref *sessions;
	size_t n;
	enum err e;

	(void)out;
	e = take(c, ((const struct user_get_in *)in)->id, &member);
	if (e == ERR_OK)
		e = not_last_owner(c, &member);
	if (e == ERR_OK)
		e = users_store_sessions_of_member(c, member.id, &sessions, &n);
	if (e == ERR_OK)
		e = users_sessions_end(c, sessions, n, ID_NONE);
	if (e == ERR_OK)
		e = users_store_member_delete(c, member.id);
	if (e != ERR_OK)
		return e;
	return outbox_append(c, "user.removed", "usr", member.id, STR_NONE);
}
