/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of accounts and the mapping of rows. No rules. */

#include "handlers/users/users_internal.h"

#define ACCOUNT_COLUMNS "account_id, name, currency, created_at, updated_at, version"

static const struct db_col account_cols[] = {
	DB_COL(struct account, id, DB_ID),
	DB_COL(struct account, name, DB_STR),
	DB_COL(struct account, currency, DB_STR),
	DB_COL(struct account, created_at, DB_TIME),
	DB_COL(struct account, updated_at, DB_TIME),
	DB_COL(struct account, version, DB_I64),
};

enum {
	SQL_GET,
	SQL_LOCK,
	SQL_INSERT,
	SQL_UPDATE,
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
