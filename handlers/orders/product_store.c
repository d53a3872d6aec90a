/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of products and the mapping of rows. No rules. */

#include "handlers/orders/orders_internal.h"

#define PRODUCT_COLUMNS                                                                         \
	"product_id, sku, name, description, unit, currency, unit_price, tax_percent, active, " \
	"metadata, created_at, updated_at, version"

static const struct db_col product_cols[] = {
	DB_COL(struct product, id, DB_ID),	     DB_COL(struct product, sku, DB_STR),
	DB_COL(struct product, name, DB_STR),	     DB_COL(struct product, description, DB_STR),
	DB_COL(struct product, unit, DB_STR),	     DB_COL(struct product, currency, DB_STR),
	DB_COL(struct product, unit_price, DB_DEC6), DB_COL(struct product, tax_percent, DB_DEC6),
	DB_COL(struct product, active, DB_BOOL),     DB_COL(struct product, metadata, DB_STR),
	DB_COL(struct product, created_at, DB_TIME), DB_COL(struct product, updated_at, DB_TIME),
	DB_COL(struct product, version, DB_I64),
};

enum {
	SQL_GET,
	SQL_LOCK,
	SQL_INSERT,
	SQL_UPDATE,
	SQL_FIND,
	SQL_LIST_DESC,
	SQL_LIST_ASC,
	SQL_LIST_ACTIVE_DESC,
	SQL_LIST_ACTIVE_ASC,
	SQL_LIST_SKU,
};

const struct db_stmt products_stmts[] = {
	[SQL_GET] = {
		.name = "products.get",
		.sql = "SELECT " PRODUCT_COLUMNS " FROM products"
		       " WHERE account_id = ? AND product_id = ?",
		.params = "aa",
		DB_COLS(product_cols, struct product),
		.access = DB_READ,
	},
	[SQL_LOCK] = {
		.name = "products.lock",
		.sql = "SELECT " PRODUCT_COLUMNS " FROM products"
		       " WHERE account_id = ? AND product_id = ? FOR UPDATE",
		.params = "aa",
		DB_COLS(product_cols, struct product),
		.access = DB_WRITE,
	},
	[SQL_INSERT] = {
		.name = "products.insert",
		.sql = "INSERT INTO products (account_id, " PRODUCT_COLUMNS ")"
		       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		.params = "aasssssddostti",
		.access = DB_WRITE,
	},
	[SQL_UPDATE] = {
		.name = "products.update",
		.sql = "UPDATE products SET sku = ?, name = ?, description = ?, unit = ?,"
		       " currency = ?, unit_price = ?, tax_percent = ?, active = ?, metadata = ?,"
		       " updated_at = ?, version = ? WHERE account_id = ? AND product_id = ?",
		.params = "sssssddostiaa",
		.access = DB_WRITE,
	},
	[SQL_FIND] = {
		.name = "products.find",
		.sql = "SELECT " PRODUCT_COLUMNS " FROM products WHERE account_id = ?"
		       " AND product_id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		.params = "aaaaaaaaaaaaaaaaa",
		DB_COLS(product_cols, struct product),
		.access = DB_READ,
	},
	[SQL_LIST_DESC] = {
		.name = "products.list_desc",
		.sql = "SELECT " PRODUCT_COLUMNS " FROM products"
		       " WHERE account_id = ? AND product_id > ? AND product_id < ?"
		       " ORDER BY product_id DESC LIMIT ?",
		.params = "aaai",
		DB_COLS(product_cols, struct product),
		.access = DB_READ,
	},
	[SQL_LIST_ASC] = {
		.name = "products.list_asc",
		.sql = "SELECT " PRODUCT_COLUMNS " FROM products"
		       " WHERE account_id = ? AND product_id > ? AND product_id < ?"
		       " ORDER BY product_id LIMIT ?",
		.params = "aaai",
		DB_COLS(product_cols, struct product),
		.access = DB_READ,
	},
	[SQL_LIST_ACTIVE_DESC] = {
		.name = "products.list_active_desc",
		.sql = "SELECT " PRODUCT_COLUMNS " FROM products WHERE account_id = ?"
		       " AND active = ? AND product_id > ? AND product_id < ?"
		       " ORDER BY product_id DESC LIMIT ?",
		.params = "anaai",
		DB_COLS(product_cols, struct product),
		.access = DB_READ,
	},
	[SQL_LIST_ACTIVE_ASC] = {
		.name = "products.list_active_asc",
		.sql = "SELECT " PRODUCT_COLUMNS " FROM products WHERE account_id = ?"
		       " AND active = ? AND product_id > ? AND product_id < ?"
		       " ORDER BY product_id LIMIT ?",
		.params = "anaai",
		DB_COLS(product_cols, struct product),
		.access = DB_READ,
	},
	[SQL_LIST_SKU] = {
		.name = "products.list_sku",
		.sql = "SELECT " PRODUCT_COLUMNS " FROM products WHERE account_id = ? AND sku = ?"
		       " AND product_id > ? AND product_id < ?",
		.params = "asaa",
		DB_COLS(product_cols, struct product),
		.access = DB_READ,
	},
};
const size_t products_n_stmts = sizeof(products_stmts) / sizeof(products_stmts[0]);

enum err products_store_get(struct call *c, struct id id, struct product *ret_product)
{
	return db_one(c->db, &products_stmts[SQL_GET], DB_ARGS(db_id(c->account), db_id(id)),
		      ret_product);
}

enum err products_store_lock(struct call *c, struct id id, struct product *ret_product)
{
	return db_one(c->db, &products_stmts[SQL_LOCK], DB_ARGS(db_id(c->account), db_id(id)),
		      ret_product);
}

enum err products_store_insert(struct call *c, const struct product *p)
{
	return db_exec(c->db, &products_stmts[SQL_INSERT],
		       DB_ARGS(db_id(c->account), db_id(p->id), db_str(p->sku), db_str(p->name),
			       db_str(p->description), db_str(p->unit), db_str(p->currency),
			       db_dec6(p->unit_price), db_dec6(p->tax_percent), db_bool(p->active),
			       db_str(p->metadata), db_time(p->created_at), db_time(p->updated_at),
			       db_i64(p->version)),
		       NULL);
}

enum err products_store_update(struct call *c, const struct product *p)
{
	return db_exec(c->db, &products_stmts[SQL_UPDATE],
		       DB_ARGS(db_str(p->sku), db_str(p->name), db_str(p->description),
			       db_str(p->unit), db_str(p->currency), db_dec6(p->unit_price),
			       db_dec6(p->tax_percent), db_bool(p->active), db_str(p->metadata),
			       db_time(p->updated_at), db_i64(p->version), db_id(c->account),
			       db_id(p->id)),
		       NULL);
}

enum err products_store_list(struct call *c, const struct product_list_in *filter,
			     struct list_out *ret_list)
{
	const struct id_range range = filter_id_range(c, &filter->created);
	const size_t max = (size_t)c->page.limit + 1;

	if (filter->sku.p != NULL)
		return db_rows(c->db, &products_stmts[SQL_LIST_SKU],
			       DB_ARGS(db_id(c->account), db_str(filter->sku), db_id(range.low),
				       db_id(range.high)),
			       max, &ret_list->rows, &ret_list->n);
	if (filter->active >= 0)
		return db_rows(c->db,
			       &products_stmts[c->page.descending ? SQL_LIST_ACTIVE_DESC
								  : SQL_LIST_ACTIVE_ASC],
			       DB_ARGS(db_id(c->account), db_i32(filter->active), db_id(range.low),
				       db_id(range.high), db_i64((int64_t)max)),
			       max, &ret_list->rows, &ret_list->n);
	return db_rows(c->db, &products_stmts[c->page.descending ? SQL_LIST_DESC : SQL_LIST_ASC],
		       DB_ARGS(db_id(c->account), db_id(range.low), db_id(range.high),
			       db_i64((int64_t)max)),
		       max, &ret_list->rows, &ret_list->n);
}

/* One batch; the list is filled up with its first id. */
static enum err find_batch(struct call *c, const struct id *ids, size_t n,
			   struct product **ret_products, size_t *ret_n)
{
	struct db_arg args[1 + PRODUCT_BATCH];

	args[0] = db_id(c->account);
	for (size_t i = 0; i < PRODUCT_BATCH; i++)
		args[1 + i] = db_id(ids[i < n ? i : 0]);
	return db_rows(c->db, &products_stmts[SQL_FIND], args, 1 + PRODUCT_BATCH, PRODUCT_BATCH,
		       ret_products, ret_n);
}

enum err products_store_find(struct call *c, const struct id *ids, size_t n,
			     struct product **ret_products, size_t *ret_n)
{
	struct product *all = arena_array(c->arena, n, sizeof(*all));
	size_t found = 0;

	if (all == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < n; i += PRODUCT_BATCH) {
		const size_t batch = n - i < PRODUCT_BATCH ? n - i : PRODUCT_BATCH;
		struct product *some;
		size_t n_some;
		const enum err e = find_batch(c, ids + i, batch, &some, &n_some);

		if (e != ERR_OK)
			return e;
		for (size_t j = 0; j < n_some; j++)
			all[found++] = some[j];
	}
	*ret_products = all;
	*ret_n = found;
	return ERR_OK;
}
