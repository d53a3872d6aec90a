/* SPDX-License-Identifier: Apache-2.0 */
/* Stored answers of unsafe calls. */

#include "app/http/idempotency.h"

#include <string.h>

struct stored {
	struct str fingerprint;
	struct idempotency_answer answer;
	int64_t created_at;
};

static const struct db_col stored_cols[] = {
	DB_COL(struct stored, fingerprint, DB_BYTES), DB_COL(struct stored, answer.status, DB_I32),
	DB_COL(struct stored, answer.head, DB_STR),   DB_COL(struct stored, answer.body, DB_BYTES),
	DB_COL(struct stored, created_at, DB_TIME),
};

enum { SQL_INSERT, SQL_FIND, SQL_EXPIRE };

const struct db_stmt idempotency_stmts[] = {
	[SQL_INSERT] = {
		.name = "idempotency.insert",
		.sql = "INSERT INTO idempotency_keys (account_id, key_hash, fingerprint, status,"
		       " head, body, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		.params = "abbnsbt",
		.access = DB_WRITE,
	},
	/* Declared a write, so that it is read from the primary only. */
	[SQL_FIND] = {
		.name = "idempotency.find",
		.sql = "SELECT fingerprint, status, head, body, created_at FROM idempotency_keys"
		       " WHERE account_id = ? AND key_hash = ?",
		.params = "ab",
		DB_COLS(stored_cols, struct stored),
		.access = DB_WRITE,
	},
	[SQL_EXPIRE] = {
		.name = "idempotency.expire",
		.sql = "DELETE FROM idempotency_keys"
		       " WHERE account_id = ? AND key_hash = ? AND created_at = ?",
		.params = "abt",
		.access = DB_WRITE,
	},
};
const size_t idempotency_n_stmts = sizeof(idempotency_stmts) / sizeof(idempotency_stmts[0]);

static struct str hash_str(const unsigned char hash[32])
{
	return (struct str){ .p = (const char *)hash, .n = 32 };
}

bool idempotency_key_ok(struct str key)
{
	if (key.n < 1 || key.n > LIMIT_IDEMPOTENCY_KEY)
		return false;
	for (size_t i = 0; i < key.n; i++)
		if (key.p[i] < '!' || key.p[i] > '~')
			return false;
	return true;
}

void idempotency_init(struct idempotency *idem, const unsigned char server_key[32], struct str key,
		      const struct str *parts, size_t n)
{
	auth_sha256(&key, 1, idem->key_hash);
	auth_mac(server_key, parts, n, idem->fingerprint);
}

enum err idempotency_store(struct call *c, const struct idempotency *idem,
			   const struct idempotency_answer *answer)
{
	return db_exec(c->db, &idempotency_stmts[SQL_INSERT],
		       DB_ARGS(db_id(c->account), db_bytes(hash_str(idem->key_hash)),
			       db_bytes(hash_str(idem->fingerprint)), db_i32(answer->status),
			       db_str(answer->head), db_bytes(answer->body), db_time(c->now)),
		       NULL);
}

enum err idempotency_find(struct call *c, const struct idempotency *idem,
			  struct idempotency_answer *ret_answer, bool *ret_expired)
{
	struct stored stored;
	enum err e;

	*ret_expired = false;
	e = db_one(c->db, &idempotency_stmts[SQL_FIND],
		   DB_ARGS(db_id(c->account), db_bytes(hash_str(idem->key_hash))), &stored);
	if (e != ERR_OK)
		return e;
	if (stored.created_at < c->now - c->config->idempotency_ttl_h * INT64_C(3600000000)) {
		e = db_exec(c->db, &idempotency_stmts[SQL_EXPIRE],
			    DB_ARGS(db_id(c->account), db_bytes(hash_str(idem->key_hash)),
				    db_time(stored.created_at)),
			    NULL);
		*ret_expired = e == ERR_OK;
		return e == ERR_OK ? ERR_NOT_FOUND : e;
	}
	if (!str_eq(stored.fingerprint, hash_str(idem->fingerprint)))
		return ERR_IDEMPOTENCY_REUSED;
	*ret_answer = stored.answer;
	return ERR_OK;
}
