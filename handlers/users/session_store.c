/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQL of sessions and the mapping of rows. No rules. A session that was ended has no row: there
 * are never more than SESSIONS_MAX of a user, and the events tell of the others.
 */

#include "handlers/users/users_internal.h"

#define SESSION_COLUMNS                                                                \
	"s.session_id, s.account_id, s.user_id, m.role, s.user_agent, s.remote_addr, " \
	"s.created_at, s.last_used_at, s.expires_at"
#define REF_COLUMNS "s.account_id, s.session_id, s.last_used_at, s.expires_at"
#define SESSION_FROM                          \
	" FROM sessions s JOIN memberships m" \
	" ON m.account_id = s.account_id AND m.user_id = s.user_id"

static const struct db_col session_cols[] = {
	DB_COL(struct session, id, DB_ID),	     DB_COL(struct session, account, DB_ID),
	DB_COL(struct session, user, DB_ID),	     DB_COL(struct session, role, DB_I32),
	DB_COL(struct session, user_agent, DB_STR),  DB_COL(struct session, remote_addr, DB_STR),
	DB_COL(struct session, created_at, DB_TIME), DB_COL(struct session, last_used_at, DB_TIME),
	DB_COL(struct session, expires_at, DB_TIME),
};

static const struct db_col secret_cols[] = {
	DB_COL(struct session_secret, user, DB_ID),
	DB_COL(struct session_secret, hash, DB_BYTES),
	DB_COL(struct session_secret, role, DB_I32),
	DB_COL(struct session_secret, last_used_at, DB_TIME),
	DB_COL(struct session_secret, expires_at, DB_TIME),
	DB_COL(struct session_secret, revoked_at, DB_TIME),
};

static const struct db_col ref_cols[] = {
	DB_COL(struct session_ref, account, DB_ID),
	DB_COL(struct session_ref, id, DB_ID),
	DB_COL(struct session_ref, last_used_at, DB_TIME),
	DB_COL(struct session_ref, expires_at, DB_TIME),
};

struct owner {
	struct id user;
};
static const struct db_col owner_cols[] = {
	DB_COL(struct owner, user, DB_ID),
};

enum {
	SQL_OF_USER,
	SQL_OF_MEMBER,
	SQL_SECRET,
	SQL_OWNER,
	SQL_INSERT,
	SQL_DELETE,
	SQL_USED,
	SQL_LIST_DESC,
	SQL_LIST_ASC,
};

const struct db_stmt users_session_stmts[] = {
	/* across accounts: a log-in and a new password end sessions wherever the user has them */
	[SQL_OF_USER] = {
		.name = "sessions.of_user",
		.sql = "SELECT " REF_COLUMNS " FROM memberships m JOIN sessions s"
		       " ON s.account_id = m.account_id AND s.user_id = m.user_id"
		       " WHERE m.user_id = ? LIMIT ?",
		.params = "ai",
		DB_COLS(ref_cols, struct session_ref),
		.access = DB_READ,
	},
	[SQL_OF_MEMBER] = {
		.name = "sessions.of_member",
		.sql = "SELECT " REF_COLUMNS " FROM sessions s"
		       " WHERE s.account_id = ? AND s.user_id = ? LIMIT ?",
		.params = "aai",
		DB_COLS(ref_cols, struct session_ref),
		.access = DB_READ,
	},
	[SQL_SECRET] = {
		.name = "sessions.secret",
		.sql = "SELECT s.user_id, s.secret_hash, m.role, s.last_used_at, s.expires_at,"
		       " s.revoked_at" SESSION_FROM " WHERE s.account_id = ? AND s.session_id = ?",
		.params = "aa",
		DB_COLS(secret_cols, struct session_secret),
		.access = DB_READ,
	},
	[SQL_OWNER] = {
		.name = "sessions.owner",
		.sql = "SELECT user_id FROM sessions WHERE account_id = ? AND session_id = ?"
		       " FOR UPDATE",
		.params = "aa",
		DB_COLS(owner_cols, struct owner),
		.access = DB_WRITE,
	},
	[SQL_INSERT] = {
		.name = "sessions.insert",
		.sql = "INSERT INTO sessions (account_id, session_id, user_id, secret_hash, role,"
		       " user_agent, remote_addr, created_at, last_used_at, expires_at, version)"
		       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
		.params = "aaabnssttt",
		.access = DB_WRITE,
	},
	[SQL_DELETE] = {
		.name = "sessions.delete",
		.sql = "DELETE FROM sessions WHERE account_id = ? AND session_id = ?",
		.params = "aa",
		.access = DB_WRITE,
	},
	[SQL_USED] = {
		.name = "sessions.used",
		.sql = "UPDATE sessions SET last_used_at = ?"
		       " WHERE account_id = ? AND session_id = ? AND last_used_at < ?",
		.params = "taat",
		.access = DB_WRITE,
	},
	[SQL_LIST_DESC] = {
		.name = "sessions.list_desc",
		.sql = "SELECT " SESSION_COLUMNS SESSION_FROM
		       " WHERE s.account_id = ? AND s.user_id = ? AND s.session_id > ?"
		       " AND s.session_id < ? AND s.expires_at > ? AND s.last_used_at > ?"
		       " ORDER BY s.session_id DESC LIMIT ?",
		.params = "aaaatti",
		DB_COLS(session_cols, struct session),
		.access = DB_READ,
	},
	[SQL_LIST_ASC] = {
		.name = "sessions.list_asc",
		.sql = "SELECT " SESSION_COLUMNS SESSION_FROM
		       " WHERE s.account_id = ? AND s.user_id = ? AND s.session_id > ?"
		       " AND s.session_id < ? AND s.expires_at > ? AND s.last_used_at > ?"
		       " ORDER BY s.session_id LIMIT ?",
		.params = "aaaatti",
		DB_COLS(session_cols, struct session),
		.access = DB_READ,
	},
};
const size_t users_session_n_stmts = sizeof(users_session_stmts) / sizeof(users_session_stmts[0]);

enum err users_store_sessions_of_user(struct call *c, struct id user,
				      struct session_ref **ret_sessions, size_t *ret_n)
{
	return db_rows(c->db, &users_session_stmts[SQL_OF_USER],
		       DB_ARGS(db_id(user), db_i64(SESSIONS_MAX)), SESSIONS_MAX, ret_sessions,
		       ret_n);
}

enum err users_store_sessions_of_member(struct call *c, struct id user,
					struct session_ref **ret_sessions, size_t *ret_n)
{
	return db_rows(c->db, &users_session_stmts[SQL_OF_MEMBER],
		       DB_ARGS(db_id(c->account), db_id(user), db_i64(SESSIONS_MAX)), SESSIONS_MAX,
		       ret_sessions, ret_n);
}

enum err users_store_session_secret(struct call *c, struct id id, struct session_secret *ret_secret)
{
	return db_one(c->db, &users_session_stmts[SQL_SECRET],
		      DB_ARGS(db_id(c->account), db_id(id)), ret_secret);
}

enum err users_store_session_owner(struct call *c, struct id id, struct id *ret_user)
{
	struct owner owner;
	const enum err e = db_one(c->db, &users_session_stmts[SQL_OWNER],
				  DB_ARGS(db_id(c->account), db_id(id)), &owner);

	if (e == ERR_OK)
		*ret_user = owner.user;
	return e;
}

enum err users_store_session_insert(struct call *c, const struct session *s,
				    const unsigned char hash[32])
{
	const struct str bytes = { .p = (const char *)hash, .n = 32 };

	return db_exec(c->db, &users_session_stmts[SQL_INSERT],
		       DB_ARGS(db_id(c->account), db_id(s->id), db_id(s->user), db_bytes(bytes),
			       db_i32(s->role), db_str(s->user_agent), db_str(s->remote_addr),
			       db_time(s->created_at), db_time(s->last_used_at),
			       db_time(s->expires_at)),
		       NULL);
}

enum err users_store_session_delete(struct call *c, struct id account, struct id id)
{
	return db_exec(c->db, &users_session_stmts[SQL_DELETE], DB_ARGS(db_id(account), db_id(id)),
		       NULL);
}

enum err users_store_session_used(struct call *c, struct id id, int64_t before)
{
	return db_exec(c->db, &users_session_stmts[SQL_USED],
		       DB_ARGS(db_time(c->now), db_id(c->account), db_id(id), db_time(before)),
		       NULL);
}

enum err users_store_session_list(struct call *c, const struct session_list_in *filter,
				  struct list_out *ret_list)
{
	const struct id_range range = filter_id_range(c, &filter->created);
	const size_t max = (size_t)c->page.limit + 1;
	const int64_t idle_since = c->now - c->config->session_idle_s * 1000000;

	return db_rows(
		c->db, &users_session_stmts[c->page.descending ? SQL_LIST_DESC : SQL_LIST_ASC],
		DB_ARGS(db_id(c->account), db_id(c->who.user), db_id(range.low), db_id(range.high),
			db_time(c->now), db_time(idle_since), db_i64((int64_t)max)),
		max, &ret_list->rows, &ret_list->n);
}
