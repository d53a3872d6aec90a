/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of number sequences. */

#include "handlers/billing/billing_internal.h"

static const struct db_col sequence_cols[] = {
	DB_COL(struct number_sequence, series, DB_STR),
	DB_COL(struct number_sequence, prefix, DB_STR),
	DB_COL(struct number_sequence, digits, DB_I64),
	DB_COL(struct number_sequence, last_number, DB_I64),
	DB_COL(struct number_sequence, last_date, DB_DATE),
	DB_COL(struct number_sequence, version, DB_I64),
};

enum { SQL_LOCK, SQL_ADD, SQL_UPDATE };

const struct db_stmt number_stmts[] = {
	[SQL_LOCK] = {
		.name = "numbers.lock",
		.sql = "SELECT series, prefix, digits, last_number, last_date, version"
		       " FROM number_sequences WHERE account_id = ? AND series = ? FOR UPDATE",
		.params = "as",
		DB_COLS(sequence_cols, struct number_sequence),
		.access = DB_WRITE,
	},
	[SQL_ADD] = {
		.name = "numbers.add",
		.sql = "INSERT IGNORE INTO number_sequences (account_id, series, prefix, digits,"
		       " last_number, last_date, version) VALUES (?, ?, ?, ?, 0, NULL, 1)",
		.params = "assi",
		.access = DB_WRITE,
	},
	[SQL_UPDATE] = {
		.name = "numbers.update",
		.sql = "UPDATE number_sequences SET last_number = ?, last_date = ?,"
		       " version = version + 1 WHERE account_id = ? AND series = ?",
		.params = "iyas",
		.access = DB_WRITE,
	},
};
const size_t number_n_stmts = sizeof(number_stmts) / sizeof(number_stmts[0]);

enum err number_store_lock(struct call *c, struct str series, struct number_sequence *ret_sequence)
{
	return db_one(c->db, &number_stmts[SQL_LOCK], DB_ARGS(db_id(c->account), db_str(series)),
		      ret_sequence);
}

enum err number_store_add(struct call *c, const struct number_sequence *s)
{
	return db_exec(
		c->db, &number_stmts[SQL_ADD],
		DB_ARGS(db_id(c->account), db_str(s->series), db_str(s->prefix), db_i64(s->digits)),
		NULL);
}

enum err number_store_update(struct call *c, const struct number_sequence *s)
{
	return db_exec(c->db, &number_stmts[SQL_UPDATE],
		       DB_ARGS(db_i64(s->last_number), db_date(s->last_date), db_id(c->account),
			       db_str(s->series)),
		       NULL);
}
