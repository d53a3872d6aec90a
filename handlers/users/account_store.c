/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of accounts and the mapping of rows. No rules. */

#include "handlers/users/users_internal.h"

#define ACCOUNT_COLUMNS "account_id, name, currency, created_at, updated_at, version"

static const struct db_col account_cols[] = {
	DB_COL(struct account, id, DB_ID),	     DB_COL(struct account, name, DB_STR),
	DB_COL(struct account, currency, DB_STR),    DB_COL(struct account, created_at, DB_TIME),
	DB_COL(struct account, updated_at, DB_TIME), DB_COL(struct account, version, DB_I64),
};

static const struct db_col next_cols[] = { { .type = DB_ID, .offset = 0 } };

enum {
	SQL_GET,
	SQL_LOCK,
	SQL_INSERT,
	SQL_UPDATE,
	SQL_NEXT,
};

const struct db_stmt users_account_stmts[] = {
	[SQL_GET] = {
		.name = "accounts.get",
		.sql = "SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE account_id = ?",
		.params = "a",
		DB_COLS(account_cols, struct account),
		.access = DB_READ,
	},
	[SQL_LOCK] = {
		.name = "accounts.lock",
		.sql = "SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE account_id = ? FOR UPDATE",
		.params = "a",
		DB_COLS(account_cols, struct account),
		.access = DB_WRITE,
	},
	[SQL_INSERT] = {
		.name = "accounts.insert",
		.sql = "INSERT INTO accounts (" ACCOUNT_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?)",
		.params = "asstti",
		.access = DB_WRITE,
	},
	[SQL_UPDATE] = {
		.name = "accounts.update",
		.sql = "UPDATE accounts SET name = ?, currency = ?, updated_at = ?, version = ?"
		       " WHERE account_id = ?",
		.params = "sstia",
		.access = DB_WRITE,
	},
	/* Not led by an account: the operator's tools go through all of them. */
	[SQL_NEXT] = {
		.name = "accounts.next",
		.sql = "SELECT account_id FROM accounts WHERE account_id > ?"
		       " ORDER BY account_id LIMIT 1",
		.params = "a",
		DB_COLS(next_cols, struct id),
		.access = DB_READ,
	},
};
const size_t users_account_n_stmts = sizeof(users_account_stmts) / sizeof(users_account_stmts[0]);

enum err users_store_account_get(struct call *c, struct account *ret_account)
{
	return db_one(c->db, &users_account_stmts[SQL_GET], DB_ARGS(db_id(c->account)),
		      ret_account);
}

enum err users_store_account_lock(struct call *c, struct account *ret_account)
{
	return db_one(c->db, &users_account_stmts[SQL_LOCK], DB_ARGS(db_id(c->account)),
		      ret_account);
}

enum err users_store_account_insert(struct call *c, const struct account *a)
{
	return db_exec(c->db, &users_account_stmts[SQL_INSERT],
		       DB_ARGS(db_id(a->id), db_str(a->name), db_str(a->currency),
			       db_time(a->created_at), db_time(a->updated_at), db_i64(a->version)),
		       NULL);
}

enum err users_store_account_update(struct call *c, const struct account *a)
{
	return db_exec(c->db, &users_account_stmts[SQL_UPDATE],
		       DB_ARGS(db_str(a->name), db_str(a->currency), db_time(a->updated_at),
			       db_i64(a->version), db_id(c->account)),
		       NULL);
}

enum err users_account_next(struct call *c, struct id after, struct id *ret_account)
{
	return db_one(c->db, &users_account_stmts[SQL_NEXT], DB_ARGS(db_id(after)), ret_account);
}
