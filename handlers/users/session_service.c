/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log-in, sessions, passwords. Argon2id takes its time and may wait for its turn, so no connection
 * and no lock is held meanwhile: the user is read, the password checked, and then the user is
 * locked and must have the same password still.
 */

#include "handlers/users/users_internal.h"

#include "app/queue/outbox.h"

enum {
	TOKEN_TEXT_MAX = 256,
	USER_AGENT_MAX = 255,
	REMOTE_ADDR_MAX = 45,
	CHOICES_MAX = 20, /* accounts named in a fault */
	CHOICES_TEXT_MAX = 16 << 10,
};
#define USEC_PER_S INT64_C(1000000)

static enum err refused(struct call *c)
{
	return call_fail(c, ERR_UNAUTHENTICATED, "the e-mail address or the password is wrong");
}

/*
 * Checks a password against what was read of the user. *ret_phc is a new hash where the parameters
 * have changed, else STR_NONE.
 */
static enum err verify(struct call *c, const struct user *user, struct str password,
		       struct str *ret_phc)
{
	struct str phc = STR_NONE;
	bool rehash = false;
	enum err e;

	/* nothing was written: somebody else may use the connection */
	db_rollback(c->db);
	e = auth_password_verify(user->phc, password, &rehash);
	if (e == ERR_OK && rehash)
		e = auth_password_hash(c->arena, password, &phc);
	if (e == ERR_OK)
		*ret_phc = phc;
	return e;
}

/* Locks the user whose password was checked. ERR_NOT_FOUND when it is another one now. */
static enum err lock_verified(struct call *c, const struct user *verified)
{
	struct user user;
	const enum err e = users_store_user_lock(c, verified->id, &user);

	if (e == ERR_OK && !str_eq(user.phc, verified->phc))
		return ERR_NOT_FOUND;
	return e;
}

/* A fault that names the accounts, which a client cannot know before it has logged in. */
static enum err ask_for_account(struct call *c, const struct membership *memberships, size_t n)
{
	struct str text;
	struct buf b;
	enum err e;

	buf_init(&b, c->arena, 512, CHOICES_TEXT_MAX);
	buf_lit(&b, "the user has several accounts: ");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_lit(&b, ", ");
		id_put(&b, "acc", memberships[i].account);
		buf_lit(&b, " (");
		buf_str(&b, memberships[i].account_name);
		buf_char(&b, ')');
	}
	buf_char(&b, '\0');
	e = buf_finish(&b, &text);
	return e != ERR_OK ? e : call_fault(c, STR("/account_id"), "required", text.p);
}

/* Sets the call's account: the one asked for, or the user's only one. */
static enum err choose_account(struct call *c, struct id user, struct id asked, enum role *ret_role)
{
	struct membership *memberships;
	struct member member;
	size_t n;
	enum err e;

	if (!id_is_none(asked)) {
		c->account = asked;
		e = users_store_member_get(c, user, &member);
		if (e == ERR_OK)
			*ret_role = (enum role)member.role;
		if (e != ERR_NOT_FOUND)
			return e;
		c->account = ID_NONE;
		return call_fail(c, ERR_FORBIDDEN, "the user is not a member of this account");
	}
	e = users_store_memberships(c, user, CHOICES_MAX, &memberships, &n);
	if (e != ERR_OK)
		return e;
	if (n == 0)
		return call_fail(c, ERR_FORBIDDEN, "the user is not a member of any account");
	if (n > 1)
		return ask_for_account(c, memberships, n);
	c->account = memberships[0].account;
	*ret_role = (enum role)memberships[0].role;
	return ERR_OK;
}

/* Ends what has expired, and the oldest ones of too many. */
static enum err make_room(struct call *c, struct id user)
{
	struct session_ref *sessions;
	size_t n;
	enum err e = users_store_sessions_of_user(c, user, &sessions, &n);

	if (e != ERR_OK)
		return e;
	n = users_sessions_surplus(sessions, n, c->config->session_idle_s, c->now);
	return users_sessions_end(c, sessions, n, ID_NONE);
}

/* The row, its event, and the token, which is shown this once. */
static enum err open_session(struct call *c, struct session *session)
{
	struct token token = token_new(PRINCIPAL_SESSION, c->account, session->id);
	unsigned char hash[32];
	struct buf b;
	enum err e;

	token_hash(&token, hash);
	buf_init(&b, c->arena, TOKEN_TEXT_MAX, TOKEN_TEXT_MAX);
	token_put(&b, &token);
	token_wipe(&token);
	e = buf_finish(&b, &session->token);
	if (e == ERR_OK)
		e = users_store_session_insert(c, session, hash);
	if (e != ERR_OK)
		return e;
	/* whoever logs in is who does it */
	c->who = (struct principal){
		.kind = PRINCIPAL_SESSION,
		.account = c->account,
		.id = session->id,
		.user = session->user,
		.mask = permission_mask_of_role((enum role)session->role),
	};
	return outbox_append(c, "session.created", "ses", session->id, STR_NONE);
}

static enum err log_in(struct call *c, const struct user *user, struct id asked, struct str phc,
		       struct session *ret_session)
{
	const struct id id = id_new_at(c->now);
	enum role role = ROLE_VIEWER;
	enum err e;

	e = lock_verified(c, user);
	if (e == ERR_NOT_FOUND)
		return refused(c);
	if (e == ERR_OK)
		e = choose_account(c, user->id, asked, &role);
	if (e == ERR_OK && phc.p != NULL)
		e = users_store_user_set_password(c, user->id, phc);
	if (e == ERR_OK)
		e = make_room(c, user->id);
	if (e != ERR_OK)
		return e;
	*ret_session = (struct session){
		.id = id,
		.account = c->account,
		.user = user->id,
		.role = (int32_t)role,
		.user_agent = users_header_text(c->user_agent, USER_AGENT_MAX),
		.remote_addr = users_header_text(c->remote_addr, REMOTE_ADDR_MAX),
		.created_at = id_time(id),
		.last_used_at = c->now,
		.expires_at = c->now + c->config->session_absolute_s * USEC_PER_S,
		.current = true,
	};
	return open_session(c, ret_session);
}

enum err users_session_create(struct call *c, const void *in, void *out)
{
	const struct session_input *body = &((const struct session_create_in *)in)->body;
	struct user user = { .phc = STR_NONE };
	struct str key;
	struct str phc;
	enum err e;

	/* an attempt before this one may have set them */
	c->account = ID_NONE;
	c->who = (struct principal){ .kind = PRINCIPAL_NONE };
	e = users_email_key(c, body->email, &key);
	if (e == ERR_OK)
		e = users_store_user_find(c, key, &user);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	/* also for nobody: an unknown user takes as long and gets the same answer */
	e = verify(c, &user, body->password, &phc);
	if (e == ERR_UNAUTHENTICATED)
		return refused(c);
	return e != ERR_OK ? e : log_in(c, &user, body->account, phc, out);
}

/* ERR_FORBIDDEN for an API key, which has no user. */
static enum err need_user(struct call *c)
{
	if (c->who.kind == PRINCIPAL_SESSION)
		return ERR_OK;
	return call_fail(c, ERR_FORBIDDEN, "this takes the session of a user");
}

enum err users_session_list(struct call *c, const void *in, void *out)
{
	struct list_out *list = out;
	struct session *sessions;
	enum err e;

	e = need_user(c);
	if (e == ERR_OK)
		e = users_store_session_list(c, in, list);
	if (e != ERR_OK)
		return e;
	sessions = list->rows;
	for (size_t i = 0; i < list->n; i++)
		sessions[i].current = id_eq(sessions[i].id, c->who.id);
	return ERR_OK;
}

/* Notes that the cached credential changes; of another account than the call's too. */
static void touch(struct call *c, const struct session_ref *session)
{
	const struct id own = c->account;

	c->account = session->account;
	call_touch(c, CACHE_PRINCIPAL_SESSION, session->id);
	c->account = own;
}

enum err users_sessions_end(struct call *c, const struct session_ref *sessions, size_t n,
			    struct id but)
{
	for (size_t i = 0; i < n; i++) {
		enum err e;

		if (id_eq(sessions[i].id, but))
			continue;
		e = users_store_session_delete(c, sessions[i].account, sessions[i].id);
		if (e != ERR_OK)
			return e;
		touch(c, &sessions[i]);
	}
	return ERR_OK;
}

enum err users_session_revoke(struct call *c, const void *in, void *out)
{
	struct session_ref session = {
		.account = c->account,
		.id = ((const struct session_get_in *)in)->id,
	};
	struct id user;
	bool own;
	enum err e;

	(void)out;
	e = users_store_session_owner(c, session.id, &user);
	if (e != ERR_OK)
		return e;
	own = c->who.kind == PRINCIPAL_SESSION && id_eq(user, c->who.user);
	/* somebody else's session is nothing that he can see */
	if (!own && !permission_allows(c->who.mask, PERMISSION_USERS_WRITE))
		return ERR_NOT_FOUND;
	e = users_sessions_end(c, &session, 1, ID_NONE);
	return e != ERR_OK ? e : outbox_append(c, "session.revoked", "ses", session.id, STR_NONE);
}

/* The new password, and the end of all sessions but the one that asks. */
static enum err set_password(struct call *c, const struct user *user, struct str phc)
{
	struct session_ref *sessions;
	size_t n;
	enum err e;

	e = lock_verified(c, user);
	if (e == ERR_NOT_FOUND)
		return call_fail(c, ERR_CONFLICT, "the password has just been changed");
	if (e == ERR_OK)
		e = users_store_user_set_password(c, user->id, phc);
	if (e == ERR_OK)
		e = users_store_sessions_of_user(c, user->id, &sessions, &n);
	if (e == ERR_OK)
		e = users_sessions_end(c, sessions, n, c->who.id);
	if (e != ERR_OK)
		return e;
	return outbox_append(c, "user.password_changed", "usr", user->id, STR_NONE);
}

enum err users_password_change(struct call *c, const void *in, void *out)
{
	const struct password_input *body = &((const struct password_change_in *)in)->body;
	struct user user;
	struct str phc;
	enum err e;

	(void)out;
	e = need_user(c);
	if (e == ERR_OK)
		e = users_store_user_get(c, c->who.user, &user);
	if (e == ERR_OK)
		e = users_password_check(c, STR("/new_password"), user.email, body->new_password);
	if (e != ERR_OK)
		return e;
	e = verify(c, &user, body->current_password, &phc);
	if (e == ERR_UNAUTHENTICATED)
		return call_fault(c, STR("/current_password"), "wrong_password",
				  "is not the password");
	if (e == ERR_OK)
		e = auth_password_hash(c->arena, body->new_password, &phc);
	return e != ERR_OK ? e : set_password(c, &user, phc);
}
