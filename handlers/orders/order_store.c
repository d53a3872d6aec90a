/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of orders and their lines, and the mapping of rows. No rules. */

#include "handlers/orders/orders_internal.h"

#define ORDER_COLUMNS                                                                             \
	"order_id, customer_id, status, invoice_state, external_id, reference, currency, "        \
	"order_date, line_count, subtotal, tax, total, note, metadata, placed_at, cancelled_at, " \
	"created_at, updated_at, version"

static const struct db_col order_cols[] = {
	DB_COL(struct order, id, DB_ID),	   DB_COL(struct order, customer, DB_ID),
	DB_COL(struct order, status, DB_I32),	   DB_COL(struct order, invoice_state, DB_I32),
	DB_COL(struct order, external_id, DB_STR), DB_COL(struct order, reference, DB_STR),
	DB_COL(struct order, currency, DB_STR),	   DB_COL(struct order, order_date, DB_DATE),
	DB_COL(struct order, line_count, DB_I64),  DB_COL(struct order, subtotal, DB_I64),
	DB_COL(struct order, tax, DB_I64),	   DB_COL(struct order, total, DB_I64),
	DB_COL(struct order, note, DB_STR),	   DB_COL(struct order, metadata, DB_STR),
	DB_COL(struct order, placed_at, DB_TIME),  DB_COL(struct order, cancelled_at, DB_TIME),
	DB_COL(struct order, created_at, DB_TIME), DB_COL(struct order, updated_at, DB_TIME),
	DB_COL(struct order, version, DB_I64),
};

/* A row of a list: what fits a page of 25 into one buffer of the front. created_at is the id's. */
#define ROW_COLUMNS                                                                        \
	"order_id, customer_id, status, invoice_state, external_id, reference, currency, " \
	"order_date, line_count, subtotal, tax, total, updated_at, version"

static const struct db_col row_cols[] = {
	DB_COL(struct order, id, DB_ID),	   DB_COL(struct order, customer, DB_ID),
	DB_COL(struct order, status, DB_I32),	   DB_COL(struct order, invoice_state, DB_I32),
	DB_COL(struct order, external_id, DB_STR), DB_COL(struct order, reference, DB_STR),
	DB_COL(struct order, currency, DB_STR),	   DB_COL(struct order, order_date, DB_DATE),
	DB_COL(struct order, line_count, DB_I64),  DB_COL(struct order, subtotal, DB_I64),
	DB_COL(struct order, tax, DB_I64),	   DB_COL(struct order, total, DB_I64),
	DB_COL(struct order, updated_at, DB_TIME), DB_COL(struct order, version, DB_I64),
};

static const struct db_col line_cols[] = {
	DB_COL(struct document_line, position, DB_I64),
	DB_COL(struct document_line, product, DB_ID),
	DB_COL(struct document_line, description, DB_STR),
	DB_COL(struct document_line, unit, DB_STR),
	DB_COL(struct document_line, quantity, DB_DEC6),
	DB_COL(struct document_line, unit_price, DB_DEC6),
	DB_COL(struct document_line, discount_percent, DB_DEC6),
	DB_COL(struct document_line, tax_percent, DB_DEC6),
	DB_COL(struct document_line, net, DB_I64),
};

enum {
	SQL_GET,
	SQL_LOCK,
	SQL_LINES,
	SQL_INSERT,
	SQL_INSERT_LINES,
	SQL_DELETE_LINES,
	SQL_UPDATE,
	SQL_LIST_DESC,
	SQL_LIST_ASC,
	SQL_LIST_CUSTOMER_DESC,
	SQL_LIST_CUSTOMER_ASC,
	SQL_LIST_STATUS_DESC,
	SQL_LIST_STATUS_ASC,
	SQL_LIST_EXTERNAL,
};

const struct db_stmt orders_stmts[] = {
	[SQL_GET] = {
		.name = "orders.get",
		.sql = "SELECT " ORDER_COLUMNS " FROM orders"
		       " WHERE account_id = ? AND order_id = ?",
		.params = "aa",
		DB_COLS(order_cols, struct order),
		.access = DB_READ,
	},
	[SQL_LOCK] = {
		.name = "orders.lock",
		.sql = "SELECT " ORDER_COLUMNS " FROM orders"
		       " WHERE account_id = ? AND order_id = ? FOR UPDATE",
		.params = "aa",
		DB_COLS(order_cols, struct order),
		.access = DB_WRITE,
	},
	[SQL_LINES] = {
		.name = "orders.lines",
		.sql = "SELECT position, product_id, description, unit, quantity, unit_price,"
		       " discount_percent, tax_percent, net FROM order_lines"
		       " WHERE account_id = ? AND order_id = ? ORDER BY position",
		.params = "aa",
		DB_COLS(line_cols, struct document_line),
		.access = DB_READ,
	},
	[SQL_INSERT] = {
		.name = "orders.insert",
		.sql = "INSERT INTO orders (account_id, " ORDER_COLUMNS ")"
		       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		.params = "aaannsssyiiiisstttti",
		.access = DB_WRITE,
	},
	[SQL_INSERT_LINES] = {
		.name = "orders.insert_lines",
		.sql = "INSERT INTO order_lines (account_id, order_id, position, product_id,"
		       " description, unit, quantity, unit_price, discount_percent, tax_percent,"
		       " net) VALUES ",
		.repeat = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		.params = "aaiassddddi",
		.access = DB_WRITE,
	},
	[SQL_DELETE_LINES] = {
		.name = "orders.delete_lines",
		.sql = "DELETE FROM order_lines WHERE account_id = ? AND order_id = ?",
		.params = "aa",
		.access = DB_WRITE,
	},
	[SQL_UPDATE] = {
		.name = "orders.update",
		.sql = "UPDATE orders SET customer_id = ?, status = ?, invoice_state = ?,"
		       " external_id = ?, reference = ?, currency = ?, order_date = ?,"
		       " line_count = ?, subtotal = ?, tax = ?, total = ?, note = ?, metadata = ?,"
		       " placed_at = ?, cancelled_at = ?, updated_at = ?, version = ?"
		       " WHERE account_id = ? AND order_id = ?",
		.params = "annsssyiiiissttti" "aa",
		.access = DB_WRITE,
	},
	[SQL_LIST_DESC] = {
		.name = "orders.list_desc",
		.sql = "SELECT " ROW_COLUMNS " FROM orders"
		       " WHERE account_id = ? AND order_id > ? AND order_id < ?"
		       " ORDER BY order_id DESC LIMIT ?",
		.params = "aaai",
		DB_COLS(row_cols, struct order),
		.access = DB_READ,
	},
	[SQL_LIST_ASC] = {
		.name = "orders.list_asc",
		.sql = "SELECT " ROW_COLUMNS " FROM orders"
		       " WHERE account_id = ? AND order_id > ? AND order_id < ?"
		       " ORDER BY order_id LIMIT ?",
		.params = "aaai",
		DB_COLS(row_cols, struct order),
		.access = DB_READ,
	},
	[SQL_LIST_CUSTOMER_DESC] = {
		.name = "orders.list_customer_desc",
		.sql = "SELECT " ROW_COLUMNS " FROM orders WHERE account_id = ?"
		       " AND customer_id = ? AND order_id > ? AND order_id < ?"
		       " ORDER BY order_id DESC LIMIT ?",
		.params = "aaaai",
		DB_COLS(row_cols, struct order),
		.access = DB_READ,
	},
	[SQL_LIST_CUSTOMER_ASC] = {
		.name = "orders.list_customer_asc",
		.sql = "SELECT " ROW_COLUMNS " FROM orders WHERE account_id = ?"
		       " AND customer_id = ? AND order_id > ? AND order_id < ?"
		       " ORDER BY order_id LIMIT ?",
		.params = "aaaai",
		DB_COLS(row_cols, struct order),
		.access = DB_READ,
	},
	[SQL_LIST_STATUS_DESC] = {
		.name = "orders.list_status_desc",
		.sql = "SELECT " ROW_COLUMNS " FROM orders WHERE account_id = ?"
		       " AND status = ? AND order_id > ? AND order_id < ?"
		       " ORDER BY order_id DESC LIMIT ?",
		.params = "anaai",
		DB_COLS(row_cols, struct order),
		.access = DB_READ,
	},
	[SQL_LIST_STATUS_ASC] = {
		.name = "orders.list_status_asc",
		.sql = "SELECT " ROW_COLUMNS " FROM orders WHERE account_id = ?"
		       " AND status = ? AND order_id > ? AND order_id < ?"
		       " ORDER BY order_id LIMIT ?",
		.params = "anaai",
		DB_COLS(row_cols, struct order),
		.access = DB_READ,
	},
	[SQL_LIST_EXTERNAL] = {
		.name = "orders.list_external",
		.sql = "SELECT " ROW_COLUMNS " FROM orders"
		       " WHERE account_id = ? AND external_id = ? AND order_id > ? AND order_id < ?",
		.params = "asaa",
		DB_COLS(row_cols, struct order),
		.access = DB_READ,
	},
};
const size_t orders_n_stmts = sizeof(orders_stmts) / sizeof(orders_stmts[0]);

enum err orders_store_get(struct call *c, struct id id, struct order *ret_order)
{
	return db_one(c->db, &orders_stmts[SQL_GET], DB_ARGS(db_id(c->account), db_id(id)),
		      ret_order);
}

enum err orders_store_lock(struct call *c, struct id id, struct order *ret_order)
{
	return db_one(c->db, &orders_stmts[SQL_LOCK], DB_ARGS(db_id(c->account), db_id(id)),
		      ret_order);
}

enum err orders_store_lines(struct call *c, struct order *o)
{
	return db_rows(c->db, &orders_stmts[SQL_LINES], DB_ARGS(db_id(c->account), db_id(o->id)),
		       LIMIT_LINES, &o->lines.p, &o->lines.n);
}

enum err orders_store_insert(struct call *c, const struct order *o)
{
	return db_exec(c->db, &orders_stmts[SQL_INSERT],
		       DB_ARGS(db_id(c->account), db_id(o->id), db_id(o->customer),
			       db_i32(o->status), db_i32(o->invoice_state), db_str(o->external_id),
			       db_str(o->reference), db_str(o->currency), db_date(o->order_date),
			       db_i64(o->line_count), db_i64(o->subtotal), db_i64(o->tax),
			       db_i64(o->total), db_str(o->note), db_str(o->metadata),
			       db_time(o->placed_at), db_time(o->cancelled_at),
			       db_time(o->created_at), db_time(o->updated_at), db_i64(o->version)),
		       NULL);
}

enum err orders_store_insert_lines(struct call *c, const struct order *o)
{
	enum { WIDTH = 11 };
	const struct document_line *lines = o->lines.p;
	struct db_arg *args = arena_array(c->arena, o->lines.n * WIDTH, sizeof(*args));
	struct db_arg *a = args;

	if (args == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < o->lines.n; i++) {
		*a++ = db_id(c->account);
		*a++ = db_id(o->id);
		*a++ = db_i64(lines[i].position);
		*a++ = db_id(lines[i].product);
		*a++ = db_str(lines[i].description);
		*a++ = db_str(lines[i].unit);
		*a++ = db_dec6(lines[i].quantity);
		*a++ = db_dec6(lines[i].unit_price);
		*a++ = db_dec6(lines[i].discount_percent);
		*a++ = db_dec6(lines[i].tax_percent);
		*a++ = db_i64(lines[i].net);
	}
	return db_insert_rows(c->db, &orders_stmts[SQL_INSERT_LINES], args, o->lines.n * WIDTH,
			      o->lines.n);
}

enum err orders_store_delete_lines(struct call *c, struct id order)
{
	return db_exec(c->db, &orders_stmts[SQL_DELETE_LINES],
		       DB_ARGS(db_id(c->account), db_id(order)), NULL);
}

enum err orders_store_update(struct call *c, const struct order *o)
{
	return db_exec(c->db, &orders_stmts[SQL_UPDATE],
		       DB_ARGS(db_id(o->customer), db_i32(o->status), db_i32(o->invoice_state),
			       db_str(o->external_id), db_str(o->reference), db_str(o->currency),
			       db_date(o->order_date), db_i64(o->line_count), db_i64(o->subtotal),
			       db_i64(o->tax), db_i64(o->total), db_str(o->note),
			       db_str(o->metadata), db_time(o->placed_at), db_time(o->cancelled_at),
			       db_time(o->updated_at), db_i64(o->version), db_id(c->account),
			       db_id(o->id)),
		       NULL);
}

enum err orders_store_list(struct call *c, const struct order_list_in *filter,
			   struct list_out *ret_list)
{
	const struct id_range range = filter_id_range(c, &filter->created);
	const size_t max = (size_t)c->page.limit + 1;
	const int order = c->page.descending ? 0 : 1; /* the pairs of statements: _DESC, _ASC */

	if (filter->external_id.p != NULL)
		return db_rows(c->db, &orders_stmts[SQL_LIST_EXTERNAL],
			       DB_ARGS(db_id(c->account), db_str(filter->external_id),
				       db_id(range.low), db_id(range.high)),
			       max, &ret_list->rows, &ret_list->n);
	if (!id_is_none(filter->customer))
		return db_rows(c->db, &orders_stmts[SQL_LIST_CUSTOMER_DESC + order],
			       DB_ARGS(db_id(c->account), db_id(filter->customer), db_id(range.low),
				       db_id(range.high), db_i64((int64_t)max)),
			       max, &ret_list->rows, &ret_list->n);
	if (filter->status >= 0)
		return db_rows(c->db, &orders_stmts[SQL_LIST_STATUS_DESC + order],
			       DB_ARGS(db_id(c->account), db_i32(filter->status), db_id(range.low),
				       db_id(range.high), db_i64((int64_t)max)),
			       max, &ret_list->rows, &ret_list->n);
	return db_rows(c->db, &orders_stmts[SQL_LIST_DESC + order],
		       DB_ARGS(db_id(c->account), db_id(range.low), db_id(range.high),
			       db_i64((int64_t)max)),
		       max, &ret_list->rows, &ret_list->n);
}
