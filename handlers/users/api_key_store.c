/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of API keys and the mapping of rows. No rules. */

#include "handlers/users/users_internal.h"

#define KEY_COLUMNS                                                                     \
	"key_id, name, permissions, created_at, updated_at, last_used_at, expires_at, " \
	"revoked_at, version"

static const struct db_col key_cols[] = {
	DB_COL(struct api_key, id, DB_ID),	     DB_COL(struct api_key, name, DB_STR),
	DB_COL(struct api_key, permissions, DB_I64), DB_COL(struct api_key, created_at, DB_TIME),
	DB_COL(struct api_key, updated_at, DB_TIME), DB_COL(struct api_key, last_used_at, DB_TIME),
	DB_COL(struct api_key, expires_at, DB_TIME), DB_COL(struct api_key, revoked_at, DB_TIME),
	DB_COL(struct api_key, version, DB_I64),
};

static const struct db_col secret_cols[] = {
	DB_COL(struct key_secret, hash, DB_BYTES),
	DB_COL(struct key_secret, permissions, DB_I64),
	DB_COL(struct key_secret, expires_at, DB_TIME),
	DB_COL(struct key_secret, revoked_at, DB_TIME),
};

enum {
	SQL_GET,
	SQL_LOCK,
	SQL_SECRET,
	SQL_INSERT,
	SQL_END,
	SQL_USED,
	SQL_LIST_DESC,
	SQL_LIST_ASC,
};

const struct db_stmt users_api_key_stmts[] = {
	[SQL_GET] = {
		.name = "api_keys.get",
		.sql = "SELECT " KEY_COLUMNS " FROM api_keys WHERE account_id = ? AND key_id = ?",
		.params = "aa",
		DB_COLS(key_cols, struct api_key),
		.access = DB_READ,
	},
	[SQL_LOCK] = {
		.name = "api_keys.lock",
		.sql = "SELECT " KEY_COLUMNS " FROM api_keys"
		       " WHERE account_id = ? AND key_id = ? FOR UPDATE",
		.params = "aa",
		DB_COLS(key_cols, struct api_key),
		.access = DB_WRITE,
	},
	[SQL_SECRET] = {
		.name = "api_keys.secret",
		.sql = "SELECT secret_hash, permissions, expires_at, revoked_at FROM api_keys"
		       " WHERE account_id = ? AND key_id = ?",
		.params = "aa",
		DB_COLS(secret_cols, struct key_secret),
		.access = DB_READ,
	},
	[SQL_INSERT] = {
		.name = "api_keys.insert",
		.sql = "INSERT INTO api_keys (account_id, key_id, name, secret_hash, permissions,"
		       " created_at, updated_at, expires_at, version)"
		       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		.params = "aasbittti",
		.access = DB_WRITE,
	},
	[SQL_END] = {
		.name = "api_keys.end",
		.sql = "UPDATE api_keys SET expires_at = ?, revoked_at = ?, updated_at = ?,"
		       " version = ? WHERE account_id = ? AND key_id = ?",
		.params = "tttiaa",
		.access = DB_WRITE,
	},
	/* the version too: the time of the last use is part of what the API answers */
	[SQL_USED] = {
		.name = "api_keys.used",
		.sql = "UPDATE api_keys SET last_used_at = ?, version = version + 1"
		       " WHERE account_id = ? AND key_id = ?"
		       " AND (last_used_at IS NULL OR last_used_at < ?)",
		.params = "taat",
		.access = DB_WRITE,
	},
	[SQL_LIST_DESC] = {
		.name = "api_keys.list_desc",
		.sql = "SELECT " KEY_COLUMNS " FROM api_keys"
		       " WHERE account_id = ? AND key_id > ? AND key_id < ?"
		       " ORDER BY key_id DESC LIMIT ?",
		.params = "aaai",
		DB_COLS(key_cols, struct api_key),
		.access = DB_READ,
	},
	[SQL_LIST_ASC] = {
		.name = "api_keys.list_asc",
		.sql = "SELECT " KEY_COLUMNS " FROM api_keys"
		       " WHERE account_id = ? AND key_id > ? AND key_id < ?"
		       " ORDER BY key_id LIMIT ?",
		.params = "aaai",
		DB_COLS(key_cols, struct api_key),
		.access = DB_READ,
	},
};
const size_t users_api_key_n_stmts = sizeof(users_api_key_stmts) / sizeof(users_api_key_stmts[0]);

enum err users_store_key_get(struct call *c, struct id id, struct api_key *ret_key)
{
	return db_one(c->db, &users_api_key_stmts[SQL_GET], DB_ARGS(db_id(c->account), db_id(id)),
		      ret_key);
}

enum err users_store_key_lock(struct call *c, struct id id, struct api_key *ret_key)
{
	return db_one(c->db, &users_api_key_stmts[SQL_LOCK], DB_ARGS(db_id(c->account), db_id(id)),
		      ret_key);
}

enum err users_store_key_secret(struct call *c, struct id id, struct key_secret *ret_secret)
{
	return db_one(c->db, &users_api_key_stmts[SQL_SECRET],
		      DB_ARGS(db_id(c->account), db_id(id)), ret_secret);
}

enum err users_store_key_insert(struct call *c, const struct api_key *k,
				const unsigned char hash[32])
{
	const struct str bytes = { .p = (const char *)hash, .n = 32 };

	return db_exec(c->db, &users_api_key_stmts[SQL_INSERT],
		       DB_ARGS(db_id(c->account), db_id(k->id), db_str(k->name), db_bytes(bytes),
			       db_i64(k->permissions), db_time(k->created_at),
			       db_time(k->updated_at), db_time(k->expires_at), db_i64(k->version)),
		       NULL);
}

enum err users_store_key_end(struct call *c, const struct api_key *k)
{
	return db_exec(c->db, &users_api_key_stmts[SQL_END],
		       DB_ARGS(db_time(k->expires_at), db_time(k->revoked_at),
			       db_time(k->updated_at), db_i64(k->version), db_id(c->account),
			       db_id(k->id)),
		       NULL);
}

enum err users_store_key_used(struct call *c, struct id id, int64_t before)
{
	return db_exec(c->db, &users_api_key_stmts[SQL_USED],
		       DB_ARGS(db_time(c->now), db_id(c->account), db_id(id), db_time(before)),
		       NULL);
}

enum err users_store_key_list(struct call *c, const struct api_key_list_in *filter,
			      struct list_out *ret_list)
{
	const struct id_range range = filter_id_range(c, &filter->created);
	const size_t max = (size_t)c->page.limit + 1;

	return db_rows(c->db,
		       &users_api_key_stmts[c->page.descending ? SQL_LIST_DESC : SQL_LIST_ASC],
		       DB_ARGS(db_id(c->account), db_id(range.low), db_id(range.high),
			       db_i64((int64_t)max)),
		       max, &ret_list->rows, &ret_list->n);
}
