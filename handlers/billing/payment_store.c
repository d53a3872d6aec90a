/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of payments and the mapping of rows. No rules. */

#include "handlers/billing/billing_internal.h"

#define PAYMENT_COLUMNS                                                                           \
	"payment_id, customer_id, invoice_id, status, method, external_id, reference, currency, " \
	"amount, reserved, applied_to_invoice, to_customer_credit, payment_date, "                \
	"failure_reason, metadata, succeeded_at, created_at, updated_at, version"

static const struct db_col payment_cols[] = {
	DB_COL(struct payment, id, DB_ID),
	DB_COL(struct payment, customer, DB_ID),
	DB_COL(struct payment, invoice, DB_ID),
	DB_COL(struct payment, status, DB_I32),
	DB_COL(struct payment, method, DB_I32),
	DB_COL(struct payment, external_id, DB_STR),
	DB_COL(struct payment, reference, DB_STR),
	DB_COL(struct payment, currency, DB_STR),
	DB_COL(struct payment, amount, DB_I64),
	DB_COL(struct payment, reserved, DB_I64),
	DB_COL(struct payment, applied_to_invoice, DB_I64),
	DB_COL(struct payment, to_customer_credit, DB_I64),
	DB_COL(struct payment, payment_date, DB_DATE),
	DB_COL(struct payment, failure_reason, DB_STR),
	DB_COL(struct payment, metadata, DB_STR),
	DB_COL(struct payment, succeeded_at, DB_TIME),
	DB_COL(struct payment, created_at, DB_TIME),
	DB_COL(struct payment, updated_at, DB_TIME),
	DB_COL(struct payment, version, DB_I64),
};

#define LIST_SQL(where_, direction_)                                           \
	"SELECT " PAYMENT_COLUMNS " FROM payments WHERE account_id = ?" where_ \
	" AND payment_id > ? AND payment_id < ? ORDER BY payment_id" direction_ " LIMIT ?"

enum {
	SQL_GET,
	SQL_LOCK,
	SQL_INSERT,
	SQL_UPDATE,
	SQL_LIST_DESC,
	SQL_LIST_ASC,
	SQL_LIST_CUSTOMER_DESC,
	SQL_LIST_CUSTOMER_ASC,
	SQL_LIST_INVOICE_DESC,
	SQL_LIST_INVOICE_ASC,
	SQL_LIST_STATUS_DESC,
	SQL_LIST_STATUS_ASC,
	SQL_LIST_EXTERNAL,
};

const struct db_stmt payment_stmts[] = {
	[SQL_GET] = {
		.name = "payments.get",
		.sql = "SELECT " PAYMENT_COLUMNS " FROM payments"
		       " WHERE account_id = ? AND payment_id = ?",
		.params = "aa",
		DB_COLS(payment_cols, struct payment),
		.access = DB_READ,
	},
	[SQL_LOCK] = {
		.name = "payments.lock",
		.sql = "SELECT " PAYMENT_COLUMNS " FROM payments"
		       " WHERE account_id = ? AND payment_id = ? FOR UPDATE",
		.params = "aa",
		DB_COLS(payment_cols, struct payment),
		.access = DB_WRITE,
	},
	[SQL_INSERT] = {
		.name = "payments.insert",
		.sql = "INSERT INTO payments (account_id, " PAYMENT_COLUMNS ")"
		       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		.params = "aaaannsssiiiiyssttti",
		.access = DB_WRITE,
	},
	[SQL_UPDATE] = {
		.name = "payments.update",
		.sql = "UPDATE payments SET status = ?, reserved = ?, applied_to_invoice = ?,"
		       " to_customer_credit = ?, failure_reason = ?, succeeded_at = ?,"
		       " updated_at = ?, version = ? WHERE account_id = ? AND payment_id = ?",
		.params = "niiisttiaa",
		.access = DB_WRITE,
	},
	[SQL_LIST_DESC] = {
		.name = "payments.list_desc",
		.sql = LIST_SQL("", " DESC"),
		.params = "aaai",
		DB_COLS(payment_cols, struct payment),
		.access = DB_READ,
	},
	[SQL_LIST_ASC] = {
		.name = "payments.list_asc",
		.sql = LIST_SQL("", ""),
		.params = "aaai",
		DB_COLS(payment_cols, struct payment),
		.access = DB_READ,
	},
	[SQL_LIST_CUSTOMER_DESC] = {
		.name = "payments.list_customer_desc",
		.sql = LIST_SQL(" AND customer_id = ?", " DESC"),
		.params = "aaaai",
		DB_COLS(payment_cols, struct payment),
		.access = DB_READ,
	},
	[SQL_LIST_CUSTOMER_ASC] = {
		.name = "payments.list_customer_asc",
		.sql = LIST_SQL(" AND customer_id = ?", ""),
		.params = "aaaai",
		DB_COLS(payment_cols, struct payment),
		.access = DB_READ,
	},
	[SQL_LIST_INVOICE_DESC] = {
		.name = "payments.list_invoice_desc",
		.sql = LIST_SQL(" AND invoice_id = ?", " DESC"),
		.params = "aaaai",
		DB_COLS(payment_cols, struct payment),
		.access = DB_READ,
	},
	[SQL_LIST_INVOICE_ASC] = {
		.name = "payments.list_invoice_asc",
		.sql = LIST_SQL(" AND invoice_id = ?", ""),
		.params = "aaaai",
		DB_COLS(payment_cols, struct payment),
		.access = DB_READ,
	},
	[SQL_LIST_STATUS_DESC] = {
		.name = "payments.list_status_desc",
		.sql = LIST_SQL(" AND status = ?", " DESC"),
		.params = "anaai",
		DB_COLS(payment_cols, struct payment),
		.access = DB_READ,
	},
	[SQL_LIST_STATUS_ASC] = {
		.name = "payments.list_status_asc",
		.sql = LIST_SQL(" AND status = ?", ""),
		.params = "anaai",
		DB_COLS(payment_cols, struct payment),
		.access = DB_READ,
	},
	[SQL_LIST_EXTERNAL] = {
		.name = "payments.list_external",
		.sql = "SELECT " PAYMENT_COLUMNS " FROM payments WHERE account_id = ?"
		       " AND external_id = ? AND payment_id > ? AND payment_id < ?",
		.params = "asaa",
		DB_COLS(payment_cols, struct payment),
		.access = DB_READ,
	},
};
const size_t payment_n_stmts = sizeof(payment_stmts) / sizeof(payment_stmts[0]);

enum err payment_store_get(struct call *c, struct id id, struct payment *ret_payment)
{
	return db_one(c->db, &payment_stmts[SQL_GET], DB_ARGS(db_id(c->account), db_id(id)),
		      ret_payment);
}

enum err payment_store_lock(struct call *c, struct id id, struct payment *ret_payment)
{
	return db_one(c->db, &payment_stmts[SQL_LOCK], DB_ARGS(db_id(c->account), db_id(id)),
		      ret_payment);
}

enum err payment_store_insert(struct call *c, const struct payment *p)
{
	return db_exec(c->db, &payment_stmts[SQL_INSERT],
		       DB_ARGS(db_id(c->account), db_id(p->id), db_id(p->customer),
			       db_id(p->invoice), db_i32(p->status), db_i32(p->method),
			       db_str(p->external_id), db_str(p->reference), db_str(p->currency),
			       db_i64(p->amount), db_i64(p->reserved),
			       db_i64(p->applied_to_invoice), db_i64(p->to_customer_credit),
			       db_date(p->payment_date), db_str(p->failure_reason),
			       db_str(p->metadata), db_time(p->succeeded_at),
			       db_time(p->created_at), db_time(p->updated_at), db_i64(p->version)),
		       NULL);
}

enum err payment_store_update(struct call *c, const struct payment *p)
{
	return db_exec(c->db, &payment_stmts[SQL_UPDATE],
		       DB_ARGS(db_i32(p->status), db_i64(p->reserved),
			       db_i64(p->applied_to_invoice), db_i64(p->to_customer_credit),
			       db_str(p->failure_reason), db_time(p->succeeded_at),
			       db_time(p->updated_at), db_i64(p->version), db_id(c->account),
			       db_id(p->id)),
		       NULL);
}

/* The statement for the one filter that is given, its argument in *ret_arg (none: unset). */
static int choose(const struct payment_list_in *f, bool descending, struct db_arg *ret_arg)
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
	if (f->status >= 0) {
		*ret_arg = db_i32(f->status);
		return SQL_LIST_STATUS_DESC + order;
	}
	return SQL_LIST_DESC + order;
}

enum err payment_store_list(struct call *c, const struct payment_list_in *f,
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
	return db_rows(c->db, &payment_stmts[sql], args, n, max, &ret_list->rows, &ret_list->n);
}
