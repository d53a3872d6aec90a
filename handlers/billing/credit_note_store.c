/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of credit notes and the mapping of rows. No rules. */

#include "handlers/billing/billing_internal.h"

#define NOTE_COLUMNS                                                                           \
	"credit_note_id, customer_id, invoice_id, status, number_seq, number, external_id, "   \
	"reason, currency, issue_date, line_count, subtotal, tax, total, applied_to_invoice, " \
	"to_customer_credit, customer_snapshot, metadata, created_at, updated_at, version"

static const struct db_col note_cols[] = {
	DB_COL(struct credit_note, id, DB_ID),
	DB_COL(struct credit_note, customer, DB_ID),
	DB_COL(struct credit_note, invoice, DB_ID),
	DB_COL(struct credit_note, status, DB_I32),
	DB_COL(struct credit_note, number_seq, DB_I64),
	DB_COL(struct credit_note, number, DB_STR),
	DB_COL(struct credit_note, external_id, DB_STR),
	DB_COL(struct credit_note, reason, DB_STR),
	DB_COL(struct credit_note, currency, DB_STR),
	DB_COL(struct credit_note, issue_date, DB_DATE),
	DB_COL(struct credit_note, line_count, DB_I64),
	DB_COL(struct credit_note, subtotal, DB_I64),
	DB_COL(struct credit_note, tax, DB_I64),
	DB_COL(struct credit_note, total, DB_I64),
	DB_COL(struct credit_note, applied_to_invoice, DB_I64),
	DB_COL(struct credit_note, to_customer_credit, DB_I64),
	DB_COL(struct credit_note, customer_snapshot, DB_STR),
	DB_COL(struct credit_note, metadata, DB_STR),
	DB_COL(struct credit_note, created_at, DB_TIME),
	DB_COL(struct credit_note, updated_at, DB_TIME),
	DB_COL(struct credit_note, version, DB_I64),
};

#define LIST_SQL(where_, direction_)                                                        \
	"SELECT " NOTE_COLUMNS " FROM credit_notes WHERE account_id = ?" where_             \
	" AND credit_note_id > ? AND credit_note_id < ? ORDER BY credit_note_id" direction_ \
	" LIMIT ?"

enum {
	SQL_GET,
	SQL_INSERT,
	SQL_LIST_DESC,
	SQL_LIST_ASC,
	SQL_LIST_CUSTOMER_DESC,
	SQL_LIST_CUSTOMER_ASC,
	SQL_LIST_INVOICE_DESC,
	SQL_LIST_INVOICE_ASC,
	SQL_LIST_EXTERNAL,
};

const struct db_stmt credit_note_stmts[] = {
	[SQL_GET] = {
		.name = "credit_notes.get",
		.sql = "SELECT " NOTE_COLUMNS " FROM credit_notes"
		       " WHERE account_id = ? AND credit_note_id = ?",
		.params = "aa",
		DB_COLS(note_cols, struct credit_note),
		.access = DB_READ,
	},
	[SQL_INSERT] = {
		.name = "credit_notes.insert",
		.sql = "INSERT INTO credit_notes (account_id, " NOTE_COLUMNS ") VALUES"
		       " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		.params = "aaaanissssyiiiiiisstti",
		.access = DB_WRITE,
	},
	[SQL_LIST_DESC] = {
		.name = "credit_notes.list_desc",
		.sql = LIST_SQL("", " DESC"),
		.params = "aaai",
		DB_COLS(note_cols, struct credit_note),
		.access = DB_READ,
	},
	[SQL_LIST_ASC] = {
		.name = "credit_notes.list_asc",
		.sql = LIST_SQL("", ""),
		.params = "aaai",
		DB_COLS(note_cols, struct credit_note),
		.access = DB_READ,
	},
	[SQL_LIST_CUSTOMER_DESC] = {
		.name = "credit_notes.list_customer_desc",
		.sql = LIST_SQL(" AND customer_id = ?", " DESC"),
		.params = "aaaai",
		DB_COLS(note_cols, struct credit_note),
		.access = DB_READ,
	},
	[SQL_LIST_CUSTOMER_ASC] = {
		.name = "credit_notes.list_customer_asc",
		.sql = LIST_SQL(" AND customer_id = ?", ""),
		.params = "aaaai",
		DB_COLS(note_cols, struct credit_note),
		.access = DB_READ,
	},
	[SQL_LIST_INVOICE_DESC] = {
		.name = "credit_notes.list_invoice_desc",
		.sql = LIST_SQL(" AND invoice_id = ?", " DESC"),
		.params = "aaaai",
		DB_COLS(note_cols, struct credit_note),
		.access = DB_READ,
	},
	[SQL_LIST_INVOICE_ASC] = {
		.name = "credit_notes.list_invoice_asc",
		.sql = LIST_SQL(" AND invoice_id = ?", ""),
		.params = "aaaai",
		DB_COLS(note_cols, struct credit_note),
		.access = DB_READ,
	},
	[SQL_LIST_EXTERNAL] = {
		.name = "credit_notes.list_external",
		.sql = "SELECT " NOTE_COLUMNS " FROM credit_notes WHERE account_id = ?"
		       " AND external_id = ? AND credit_note_id > ? AND credit_note_id < ?",
		.params = "asaa",
		DB_COLS(note_cols, struct credit_note),
		.access = DB_READ,
	},
};
const size_t credit_note_n_stmts = sizeof(credit_note_stmts) / sizeof(credit_note_stmts[0]);

enum err credit_note_store_get(struct call *c, struct id id, struct credit_note *ret_note)
{
	return db_one(c->db, &credit_note_stmts[SQL_GET], DB_ARGS(db_id(c->account), db_id(id)),
		      ret_note);
}

enum err credit_note_store_insert(struct call *c, const struct credit_note *n)
{
	return db_exec(c->db, &credit_note_stmts[SQL_INSERT],
		       DB_ARGS(db_id(c->account), db_id(n->id), db_id(n->customer),
			       db_id(n->invoice), db_i32(n->status), db_i64(n->number_seq),
			       db_str(n->number), db_str(n->external_id), db_str(n->reason),
			       db_str(n->currency), db_date(n->issue_date), db_i64(n->line_count),
			       db_i64(n->subtotal), db_i64(n->tax), db_i64(n->total),
			       db_i64(n->applied_to_invoice), db_i64(n->to_customer_credit),
			       db_str(n->customer_snapshot), db_str(n->metadata),
			       db_time(n->created_at), db_time(n->updated_at), db_i64(n->version)),
		       NULL);
}

/* The statement for the one filter that is given, its argument in *ret_arg (none: unset). */
static int choose(const struct credit_note_list_in *f, bool descending, struct db_arg *ret_arg)
{
	const int order = descending ? 0 : 1; /* the pairs of statements: _DESC, _ASC */

	if (f->external_id.p != NULL) {
		*ret_arg = db_str(f->external_id);
		return SQL_LIST_EXTERNAL;
	}
	if (!id_is_none(f->customer)) {
		*ret_arg = db_id(f->customer);
		return SQL_LIST_CUSTOMER_DESC + order;
	}
	if (!id_is_none(f->invoice)) {
		*ret_arg = db_id(f->invoice);
		return SQL_LIST_INVOICE_DESC + order;
	}
	return SQL_LIST_DESC + order;
}

enum err credit_note_store_list(struct call *c, const struct credit_note_list_in *f,
				struct list_out *ret_list)
{
	const struct id_range range = filter_id_range(c, &f->created);
	const size_t max = (size_t)c->page.limit + 1;
	struct db_arg args[5];
	struct db_arg filter;
	const int sql = choose(f, c->page.descending, &filter);
	size_t n = 0;

	args[n++] = db_id(c->account);
	if (sql != SQL_LIST_DESC && sql != SQL_LIST_ASC)
		args[n++] = filter;
	args[n++] = db_id(range.low);
	args[n++] = db_id(range.high);
	if (sql != SQL_LIST_EXTERNAL)
		args[n++] = db_i64((int64_t)max);
	return db_rows(c->db, &credit_note_stmts[sql], args, n, max, &ret_list->rows, &ret_list->n);
}
