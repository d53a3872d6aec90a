/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of invoices and the mapping of rows. No rules. */

#include "handlers/billing/billing_internal.h"

#define INVOICE_COLUMNS                                                                           \
	"invoice_id, customer_id, order_id, status, number_seq, number, external_id, reference, " \
	"currency, issue_date, due_date, line_count, subtotal, tax, total, amount_paid, "         \
	"pre_payment_credit, post_payment_credit, amount_reserved, amount_due, "                  \
	"customer_snapshot, note, metadata, finalized_at, paid_at, voided_at, created_at, "       \
	"updated_at, version"

static const struct db_col invoice_cols[] = {
	DB_COL(struct invoice, id, DB_ID),
	DB_COL(struct invoice, customer, DB_ID),
	DB_COL(struct invoice, order, DB_ID),
	DB_COL(struct invoice, status, DB_I32),
	DB_COL(struct invoice, number_seq, DB_I64),
	DB_COL(struct invoice, number, DB_STR),
	DB_COL(struct invoice, external_id, DB_STR),
	DB_COL(struct invoice, reference, DB_STR),
	DB_COL(struct invoice, currency, DB_STR),
	DB_COL(struct invoice, issue_date, DB_DATE),
	DB_COL(struct invoice, due_date, DB_DATE),
	DB_COL(struct invoice, line_count, DB_I64),
	DB_COL(struct invoice, subtotal, DB_I64),
	DB_COL(struct invoice, tax, DB_I64),
	DB_COL(struct invoice, total, DB_I64),
	DB_COL(struct invoice, amount_paid, DB_I64),
	DB_COL(struct invoice, pre_payment_credit, DB_I64),
	DB_COL(struct invoice, post_payment_credit, DB_I64),
	DB_COL(struct invoice, amount_reserved, DB_I64),
	DB_COL(struct invoice, amount_due, DB_I64),
	DB_COL(struct invoice, customer_snapshot, DB_STR),
	DB_COL(struct invoice, note, DB_STR),
	DB_COL(struct invoice, metadata, DB_STR),
	DB_COL(struct invoice, finalized_at, DB_TIME),
	DB_COL(struct invoice, paid_at, DB_TIME),
	DB_COL(struct invoice, voided_at, DB_TIME),
	DB_COL(struct invoice, created_at, DB_TIME),
	DB_COL(struct invoice, updated_at, DB_TIME),
	DB_COL(struct invoice, version, DB_I64),
};

/* A list by one equal column, in both directions: two rows that differ in name and condition. */
#define LIST_SQL(where_, direction_)                                           \
	"SELECT " INVOICE_COLUMNS " FROM invoices WHERE account_id = ?" where_ \
	" AND invoice_id > ? AND invoice_id < ? ORDER BY invoice_id" direction_ " LIMIT ?"

enum {
	SQL_GET,
	SQL_LOCK,
	SQL_INSERT,
	SQL_UPDATE,
	SQL_DELETE,
	SQL_LIST_DESC,
	SQL_LIST_ASC,
	SQL_LIST_CUSTOMER_DESC,
	SQL_LIST_CUSTOMER_ASC,
	SQL_LIST_ORDER_DESC,
	SQL_LIST_ORDER_ASC,
	SQL_LIST_STATUS_DESC,
	SQL_LIST_STATUS_ASC,
	SQL_LIST_NUMBER,
	SQL_LIST_EXTERNAL,
};

const struct db_stmt invoice_stmts[] = {
	[SQL_GET] = {
		.name = "invoices.get",
		.sql = "SELECT " INVOICE_COLUMNS " FROM invoices"
		       " WHERE account_id = ? AND invoice_id = ?",
		.params = "aa",
		DB_COLS(invoice_cols, struct invoice),
		.access = DB_READ,
	},
	[SQL_LOCK] = {
		.name = "invoices.lock",
		.sql = "SELECT " INVOICE_COLUMNS " FROM invoices"
		       " WHERE account_id = ? AND invoice_id = ? FOR UPDATE",
		.params = "aa",
		DB_COLS(invoice_cols, struct invoice),
		.access = DB_WRITE,
	},
	[SQL_INSERT] = {
		.name = "invoices.insert",
		.sql = "INSERT INTO invoices (account_id, " INVOICE_COLUMNS ") VALUES"
		       " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
		       " ?, ?, ?, ?, ?, ?)",
		.params = "aaaanissssyyiiiiiiiiisssttttti",
		.access = DB_WRITE,
	},
	[SQL_UPDATE] = {
		.name = "invoices.update",
		.sql = "UPDATE invoices SET status = ?, number_seq = ?, number = ?, issue_date = ?,"
		       " due_date = ?, amount_paid = ?, pre_payment_credit = ?,"
		       " post_payment_credit = ?, amount_reserved = ?, amount_due = ?,"
		       " customer_snapshot = ?, finalized_at = ?, paid_at = ?, voided_at = ?,"
		       " updated_at = ?, version = ? WHERE account_id = ? AND invoice_id = ?",
		.params = "nisyyiiiiisttttiaa",
		.access = DB_WRITE,
	},
	[SQL_DELETE] = {
		.name = "invoices.delete",
		.sql = "DELETE FROM invoices WHERE account_id = ? AND invoice_id = ?"
		       " AND number_seq IS NULL",
		.params = "aa",
		.access = DB_WRITE,
	},
	[SQL_LIST_DESC] = {
		.name = "invoices.list_desc",
		.sql = LIST_SQL("", " DESC"),
		.params = "aaai",
		DB_COLS(invoice_cols, struct invoice),
		.access = DB_READ,
	},
	[SQL_LIST_ASC] = {
		.name = "invoices.list_asc",
		.sql = LIST_SQL("", ""),
		.params = "aaai",
		DB_COLS(invoice_cols, struct invoice),
		.access = DB_READ,
	},
	[SQL_LIST_CUSTOMER_DESC] = {
		.name = "invoices.list_customer_desc",
		.sql = LIST_SQL(" AND customer_id = ?", " DESC"),
		.params = "aaaai",
		DB_COLS(invoice_cols, struct invoice),
		.access = DB_READ,
	},
	[SQL_LIST_CUSTOMER_ASC] = {
		.name = "invoices.list_customer_asc",
		.sql = LIST_SQL(" AND customer_id = ?", ""),
		.params = "aaaai",
		DB_COLS(invoice_cols, struct invoice),
		.access = DB_READ,
	},
	[SQL_LIST_ORDER_DESC] = {
		.name = "invoices.list_order_desc",
		.sql = LIST_SQL(" AND order_id = ?", " DESC"),
		.params = "aaaai",
		DB_COLS(invoice_cols, struct invoice),
		.access = DB_READ,
	},
	[SQL_LIST_ORDER_ASC] = {
		.name = "invoices.list_order_asc",
		.sql = LIST_SQL(" AND order_id = ?", ""),
		.params = "aaaai",
		DB_COLS(invoice_cols, struct invoice),
		.access = DB_READ,
	},
	[SQL_LIST_STATUS_DESC] = {
		.name = "invoices.list_status_desc",
		.sql = LIST_SQL(" AND status = ?", " DESC"),
		.params = "anaai",
		DB_COLS(invoice_cols, struct invoice),
		.access = DB_READ,
	},
	[SQL_LIST_STATUS_ASC] = {
		.name = "invoices.list_status_asc",
		.sql = LIST_SQL(" AND status = ?", ""),
		.params = "anaai",
		DB_COLS(invoice_cols, struct invoice),
		.access = DB_READ,
	},
	[SQL_LIST_NUMBER] = {
		.name = "invoices.list_number",
		.sql = "SELECT " INVOICE_COLUMNS " FROM invoices WHERE account_id = ?"
		       " AND number = ? AND invoice_id > ? AND invoice_id < ?",
		.params = "asaa",
		DB_COLS(invoice_cols, struct invoice),
		.access = DB_READ,
	},
	[SQL_LIST_EXTERNAL] = {
		.name = "invoices.list_external",
		.sql = "SELECT " INVOICE_COLUMNS " FROM invoices WHERE account_id = ?"
		       " AND external_id = ? AND invoice_id > ? AND invoice_id < ?",
		.params = "asaa",
		DB_COLS(invoice_cols, struct invoice),
		.access = DB_READ,
	},
};
const size_t invoice_n_stmts = sizeof(invoice_stmts) / sizeof(invoice_stmts[0]);

enum err invoice_store_get(struct call *c, struct id id, struct invoice *ret_invoice)
{
	return db_one(c->db, &invoice_stmts[SQL_GET], DB_ARGS(db_id(c->account), db_id(id)),
		      ret_invoice);
}

enum err invoice_store_lock(struct call *c, struct id id, struct invoice *ret_invoice)
{
	return db_one(c->db, &invoice_stmts[SQL_LOCK], DB_ARGS(db_id(c->account), db_id(id)),
		      ret_invoice);
}

enum err invoice_store_insert(struct call *c, const struct invoice *v)
{
	return db_exec(c->db, &invoice_stmts[SQL_INSERT],
		       DB_ARGS(db_id(c->account), db_id(v->id), db_id(v->customer), db_id(v->order),
			       db_i32(v->status), db_i64(v->number_seq), db_str(v->number),
			       db_str(v->external_id), db_str(v->reference), db_str(v->currency),
			       db_date(v->issue_date), db_date(v->due_date), db_i64(v->line_count),
			       db_i64(v->subtotal), db_i64(v->tax), db_i64(v->total),
			       db_i64(v->amount_paid), db_i64(v->pre_payment_credit),
			       db_i64(v->post_payment_credit), db_i64(v->amount_reserved),
			       db_i64(v->amount_due), db_str(v->customer_snapshot), db_str(v->note),
			       db_str(v->metadata), db_time(v->finalized_at), db_time(v->paid_at),
			       db_time(v->voided_at), db_time(v->created_at),
			       db_time(v->updated_at), db_i64(v->version)),
		       NULL);
}

enum err invoice_store_update(struct call *c, const struct invoice *v)
{
	return db_exec(c->db, &invoice_stmts[SQL_UPDATE],
		       DB_ARGS(db_i32(v->status), db_i64(v->number_seq), db_str(v->number),
			       db_date(v->issue_date), db_date(v->due_date), db_i64(v->amount_paid),
			       db_i64(v->pre_payment_credit), db_i64(v->post_payment_credit),
			       db_i64(v->amount_reserved), db_i64(v->amount_due),
			       db_str(v->customer_snapshot), db_time(v->finalized_at),
			       db_time(v->paid_at), db_time(v->voided_at), db_time(v->updated_at),
			       db_i64(v->version), db_id(c->account), db_id(v->id)),
		       NULL);
}

enum err invoice_store_delete(struct call *c, struct id id)
{
	return db_exec(c->db, &invoice_stmts[SQL_DELETE], DB_ARGS(db_id(c->account), db_id(id)),
		       NULL);
}

/* The statement for the one filter that is given, its argument in *ret_arg (none: unset). */
static int choose(const struct invoice_list_in *f, bool descending, struct db_arg *ret_arg)
{
	const int order = descending ? 0 : 1; /* the pairs of statements: _DESC, _ASC */

	if (f->number.p != NULL) {
		*ret_arg = db_str(f->number);
		return SQL_LIST_NUMBER;
	}
	if (f->external_id.p != NULL) {
		*ret_arg = db_str(f->external_id);
		return SQL_LIST_EXTERNAL;
	}
	if (!id_is_none(f->customer)) {
		*ret_arg = db_id(f->customer);
		return SQL_LIST_CUSTOMER_DESC + order;
	}
	if (!id_is_none(f->order)) {
		*ret_arg = db_id(f->order);
		return SQL_LIST_ORDER_DESC + order;
	}
	if (f->status >= 0) {
		*ret_arg = db_i32(f->status);
		return SQL_LIST_STATUS_DESC + order;
	}
	return SQL_LIST_DESC + order;
}

enum err invoice_store_list(struct call *c, const struct invoice_list_in *f,
			    struct list_out *ret_list)
{
	const struct id_range range = filter_id_range(c, &f->created);
	const size_t max = (size_t)c->page.limit + 1;
	struct db_arg args[5];
	struct db_arg filter;
	const int sql = choose(f, c->page.descending, &filter);
	const bool unique = sql == SQL_LIST_NUMBER || sql == SQL_LIST_EXTERNAL;
	size_t n = 0;

	args[n++] = db_id(c->account);
	if (sql != SQL_LIST_DESC && sql != SQL_LIST_ASC)
		args[n++] = filter;
	args[n++] = db_id(range.low);
	args[n++] = db_id(range.high);
	if (!unique)
		args[n++] = db_i64((int64_t)max);
	return db_rows(c->db, &invoice_stmts[sql], args, n, max, &ret_list->rows, &ret_list->n);
}
