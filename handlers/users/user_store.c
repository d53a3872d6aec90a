/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQL of users and memberships and the mapping of rows. No rules. A user belongs to several
 * accounts, so that the table users is not led by account_id and its statements do not name it.
 */

#include "handlers/users/users_internal.h"

#define USER_COLUMNS "user_id, email, password_phc"
#define MEMBER_COLUMNS \
	"m.user_id, u.email, u.name, m.role, m.created_at, u.created_at, m.updated_at, m.version"
#define MEMBER_FROM " FROM memberships m JOIN users u ON u.user_id = m.user_id"

static const struct db_col user_cols[] = {
	DB_COL(struct user, id, DB_ID),
	DB_COL(struct user, email, DB_STR),
	DB_COL(struct user, phc, DB_STR),
};

static const struct db_col member_cols[] = {
	DB_COL(struct member, id, DB_ID),	    DB_COL(struct member, email, DB_STR),
	DB_COL(struct member, name, DB_STR),	    DB_COL(struct member, role, DB_I32),
	DB_COL(struct member, joined_at, DB_TIME),  DB_COL(struct member, created_at, DB_TIME),
	DB_COL(struct member, updated_at, DB_TIME), DB_COL(struct member, version, DB_I64),
};

static const struct db_col membership_cols[] = {
	DB_COL(struct membership, account, DB_ID),
	DB_COL(struct membership, account_name, DB_STR),
	DB_COL(struct membership, role, DB_I32),
};

struct count {
	int64_t n;
};
static const struct db_col count_cols[] = {
	DB_COL(struct count, n, DB_I64),
};

enum {
	SQL_USER_FIND,
	SQL_USER_GET,
	SQL_USER_LOCK,
	SQL_USER_INSERT,
	SQL_USER_SET_PASSWORD,
	SQL_MEMBERSHIPS,
	SQL_MEMBER_GET,
	SQL_MEMBER_LOCK,
	SQL_MEMBER_INSERT,
	SQL_MEMBER_UPDATE,
	SQL_MEMBER_DELETE,
	SQL_OWNERS,
	SQL_LIST_DESC,
	SQL_LIST_ASC,
};

const struct db_stmt users_user_stmts[] = {
	/* across accounts: the user who logs in or is added, by the name to log in with */
	[SQL_USER_FIND] = {
		.name = "users.find",
		.sql = "SELECT " USER_COLUMNS " FROM users WHERE email_key = ?",
		.params = "s",
		DB_COLS(user_cols, struct user),
		.access = DB_READ,
	},
	/* across accounts: the user of the session */
	[SQL_USER_GET] = {
		.name = "users.get",
		.sql = "SELECT " USER_COLUMNS " FROM users WHERE user_id = ?",
		.params = "a",
		DB_COLS(user_cols, struct user),
		.access = DB_READ,
	},
	/* across accounts: log-ins of a user, changes of the password and of roles, one at a time */
	[SQL_USER_LOCK] = {
		.name = "users.lock",
		.sql = "SELECT " USER_COLUMNS " FROM users WHERE user_id = ? FOR UPDATE",
		.params = "a",
		DB_COLS(user_cols, struct user),
		.access = DB_WRITE,
	},
	/* across accounts: a person is one row for all of them */
	[SQL_USER_INSERT] = {
		.name = "users.insert",
		.sql = "INSERT INTO users (user_id, email, email_key, name, password_phc,"
		       " created_at, updated_at, version) VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
		.params = "asssstt",
		.access = DB_WRITE,
	},
	/* across accounts: a person has one password */
	[SQL_USER_SET_PASSWORD] = {
		.name = "users.set_password",
		.sql = "UPDATE users SET password_phc = ?, updated_at = ?, version = version + 1"
		       " WHERE user_id = ?",
		.params = "sta",
		.access = DB_WRITE,
	},
	/* across accounts: which one to log in to */
	[SQL_MEMBERSHIPS] = {
		.name = "users.memberships",
		.sql = "SELECT m.account_id, a.name, m.role FROM memberships m"
		       " JOIN accounts a ON a.account_id = m.account_id"
		       " WHERE m.user_id = ? ORDER BY m.account_id LIMIT ?",
		.params = "ai",
		DB_COLS(membership_cols, struct membership),
		.access = DB_READ,
	},
	[SQL_MEMBER_GET] = {
		.name = "users.member_get",
		.sql = "SELECT " MEMBER_COLUMNS MEMBER_FROM
		       " WHERE m.account_id = ? AND m.user_id = ?",
		.params = "aa",
		DB_COLS(member_cols, struct member),
		.access = DB_READ,
	},
	[SQL_MEMBER_LOCK] = {
		.name = "users.member_lock",
		.sql = "SELECT " MEMBER_COLUMNS MEMBER_FROM
		       " WHERE m.account_id = ? AND m.user_id = ? FOR UPDATE",
		.params = "aa",
		DB_COLS(member_cols, struct member),
		.access = DB_WRITE,
	},
	[SQL_MEMBER_INSERT] = {
		.name = "users.member_insert",
		.sql = "INSERT INTO memberships (account_id, user_id, role, created_at,"
		       " updated_at, version) VALUES (?, ?, ?, ?, ?, 1)",
		.params = "aantt",
		.access = DB_WRITE,
	},
	[SQL_MEMBER_UPDATE] = {
		.name = "users.member_update",
		.sql = "UPDATE memberships SET role = ?, updated_at = ?, version = ?"
		       " WHERE account_id = ? AND user_id = ?",
		.params = "ntiaa",
		.access = DB_WRITE,
	},
	[SQL_MEMBER_DELETE] = {
		.name = "users.member_delete",
		.sql = "DELETE FROM memberships WHERE account_id = ? AND user_id = ?",
		.params = "aa",
		.access = DB_WRITE,
	},
	[SQL_OWNERS] = {
		.name = "users.owners",
		.sql = "SELECT COUNT(*) FROM memberships WHERE account_id = ? AND role = ?",
		.params = "an",
		DB_COLS(count_cols, struct count),
		.access = DB_READ,
	},
	[SQL_LIST_DESC] = {
		.name = "users.list_desc",
		.sql = "SELECT " MEMBER_COLUMNS MEMBER_FROM
		       " WHERE m.account_id = ? AND m.user_id > ? AND m.user_id < ?"
		       " ORDER BY m.user_id DESC LIMIT ?",
		.params = "aaai",
		DB_COLS(member_cols, struct member),
		.access = DB_READ,
	},
	[SQL_LIST_ASC] = {
		.name = "users.list_asc",
		.sql = "SELECT " MEMBER_COLUMNS MEMBER_FROM
		       " WHERE m.account_id = ? AND m.user_id > ? AND m.user_id < ?"
		       " ORDER BY m.user_id LIMIT ?",
		.params = "aaai",
		DB_COLS(member_cols, struct member),
		.access = DB_READ,
	},
};
const size_t users_user_n_stmts = sizeof(users_user_stmts) / sizeof(users_user_stmts[0]);

enum err users_store_user_find(struct call *c, struct str email_key, struct user *ret_user)
{
	return db_one(c->db, &users_user_stmts[SQL_USER_FIND], DB_ARGS(db_str(email_key)),
		      ret_user);
}

enum err users_store_user_get(struct call *c, struct id id, struct user *ret_user)
{
	return db_one(c->db, &users_user_stmts[SQL_USER_GET], DB_ARGS(db_id(id)), ret_user);
}

enum err users_store_user_lock(struct call *c, struct id id, struct user *ret_user)
{
	return db_one(c->db, &users_user_stmts[SQL_USER_LOCK], DB_ARGS(db_id(id)), ret_user);
}

enum err users_store_user_insert(struct call *c, const struct new_user *u)
{
	const int64_t created = id_time(u->id);

	return db_exec(c->db, &users_user_stmts[SQL_USER_INSERT],
		       DB_ARGS(db_id(u->id), db_str(u->email), db_str(u->email_key),
			       db_str(u->name), db_str(u->phc), db_time(created), db_time(created)),
		       NULL);
}

enum err users_store_user_set_password(struct call *c, struct id id, struct str phc)
{
	return db_exec(c->db, &users_user_stmts[SQL_USER_SET_PASSWORD],
		       DB_ARGS(db_str(phc), db_time(c->now), db_id(id)), NULL);
}

enum err users_store_memberships(struct call *c, struct id user, size_t max,
				 struct membership **ret_memberships, size_t *ret_n)
{
	return db_rows(c->db, &users_user_stmts[SQL_MEMBERSHIPS],
		       DB_ARGS(db_id(user), db_i64((int64_t)max)), max, ret_memberships, ret_n);
}

enum err users_store_member_get(struct call *c, struct id id, struct member *ret_member)
{
	return db_one(c->db, &users_user_stmts[SQL_MEMBER_GET],
		      DB_ARGS(db_id(c->account), db_id(id)), ret_member);
}

enum err users_store_member_lock(struct call *c, struct id id, struct member *ret_member)
{
	return db_one(c->db, &users_user_stmts[SQL_MEMBER_LOCK],
		      DB_ARGS(db_id(c->account), db_id(id)), ret_member);
}

enum err users_store_member_insert(struct call *c, struct id user, enum role role)
{
	return db_exec(c->db, &users_user_stmts[SQL_MEMBER_INSERT],
		       DB_ARGS(db_id(c->account), db_id(user), db_i32((int32_t)role),
			       db_time(c->now), db_time(c->now)),
		       NULL);
}

enum err users_store_member_update(struct call *c, const struct member *m)
{
	return db_exec(c->db, &users_user_stmts[SQL_MEMBER_UPDATE],
		       DB_ARGS(db_i32(m->role), db_time(m->updated_at), db_i64(m->version),
			       db_id(c->account), db_id(m->id)),
		       NULL);
}

enum err users_store_member_delete(struct call *c, struct id user)
{
	return db_exec(c->db, &users_user_stmts[SQL_MEMBER_DELETE],
		       DB_ARGS(db_id(c->account), db_id(user)), NULL);
}

enum err users_store_owners(struct call *c, int64_t *ret_n)
{
	struct count count;
	const enum err e = db_one(c->db, &users_user_stmts[SQL_OWNERS],
				  DB_ARGS(db_id(c->account), db_i32(ROLE_OWNER)), &count);

	if (e == ERR_OK)
		*ret_n = count.n;
	return e;
}

enum err users_store_member_list(struct call *c, const struct user_list_in *filter,
				 struct list_out *ret_list)
{
	const struct id_range range = filter_id_range(c, &filter->created);
	const size_t max = (size_t)c->page.limit + 1;

	return db_rows(c->db, &users_user_stmts[c->page.descending ? SQL_LIST_DESC : SQL_LIST_ASC],
		       DB_ARGS(db_id(c->account), db_id(range.low), db_id(range.high),
			       db_i64((int64_t)max)),
		       max, &ret_list->rows, &ret_list->n);
}
