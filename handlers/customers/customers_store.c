/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of customers and the mapping of rows. No rules. */

#include "handlers/customers/customers_internal.h"

#define CUSTOMER_COLUMNS                                                                      \
	"customer_id, name, email, phone, currency, external_id, tax_id, address_line1, "     \
	"address_line2, address_city, address_region, address_postal_code, address_country, " \
	"metadata, archived_at, created_at, updated_at, version"

static const struct db_col customer_cols[] = {
	DB_COL(struct customer, id, DB_ID),
	DB_COL(struct customer, name, DB_STR),
	DB_COL(struct customer, email, DB_STR),
	DB_COL(struct customer, phone, DB_STR),
	DB_COL(struct customer, currency, DB_STR),
	DB_COL(struct customer, external_id, DB_STR),
	DB_COL(struct customer, tax_id, DB_STR),
	DB_COL(struct customer, address.line1, DB_STR),
	DB_COL(struct customer, address.line2, DB_STR),
	DB_COL(struct customer, address.city, DB_STR),
	DB_COL(struct customer, address.region, DB_STR),
	DB_COL(struct customer, address.postal_code, DB_STR),
	DB_COL(struct customer, address.country, DB_STR),
	DB_COL(struct customer, metadata, DB_STR),
	DB_COL(struct customer, archived_at, DB_TIME),
	DB_COL(struct customer, created_at, DB_TIME),
	DB_COL(struct customer, updated_at, DB_TIME),
	DB_COL(struct customer, version, DB_I64),
};

static const struct db_col terms_cols[] = {
	DB_COL(struct customer_terms, currency, DB_STR),
	DB_COL(struct customer_terms, archived_at, DB_TIME),
};

enum {
	SQL_GET,
	SQL_TERMS,
	SQL_LOCK,
	SQL_INSERT,
	SQL_UPDATE,
	SQL_LIST_DESC,
	SQL_LIST_ASC,
	SQL_LIST_EMAIL_DESC,
	SQL_LIST_EMAIL_ASC,
	SQL_LIST_EXTERNAL,
};

const struct db_stmt customers_stmts[] = {
	[SQL_GET] = {
		.name = "customers.get",
		.sql = "SELECT " CUSTOMER_COLUMNS " FROM customers"
		       " WHERE account_id = ? AND customer_id = ?",
		.params = "aa",
		DB_COLS(customer_cols, struct customer),
		.access = DB_READ,
	},
	[SQL_TERMS] = {
		.name = "customers.terms",
		.sql = "SELECT currency, archived_at FROM customers"
		       " WHERE account_id = ? AND customer_id = ?",
		.params = "aa",
		DB_COLS(terms_cols, struct customer_terms),
		.access = DB_READ,
	},
	[SQL_LOCK] = {
		.name = "customers.lock",
		.sql = "SELECT " CUSTOMER_COLUMNS " FROM customers"
		       " WHERE account_id = ? AND customer_id = ? FOR UPDATE",
		.params = "aa",
		DB_COLS(customer_cols, struct customer),
		.access = DB_WRITE,
	},
	[SQL_INSERT] = {
		.name = "customers.insert",
		.sql = "INSERT INTO customers (account_id, " CUSTOMER_COLUMNS ")"
		       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		.params = "aasssssssssssssttti",
		.access = DB_WRITE,
	},
	[SQL_UPDATE] = {
		.name = "customers.update",
		.sql = "UPDATE customers SET name = ?, email = ?, phone = ?, currency = ?,"
		       " external_id = ?, tax_id = ?, address_line1 = ?, address_line2 = ?,"
		       " address_city = ?, address_region = ?, address_postal_code = ?,"
		       " address_country = ?, metadata = ?, archived_at = ?, updated_at = ?,"
		       " version = ? WHERE account_id = ? AND customer_id = ?",
		.params = "sssssssssssssttiaa",
		.access = DB_WRITE,
	},
	[SQL_LIST_DESC] = {
		.name = "customers.list_desc",
		.sql = "SELECT " CUSTOMER_COLUMNS " FROM customers"
		       " WHERE account_id = ? AND customer_id > ? AND customer_id < ?"
		       " ORDER BY customer_id DESC LIMIT ?",
		.params = "aaai",
		DB_COLS(customer_cols, struct customer),
		.access = DB_READ,
	},
	[SQL_LIST_ASC] = {
		.name = "customers.list_asc",
		.sql = "SELECT " CUSTOMER_COLUMNS " FROM customers"
		       " WHERE account_id = ? AND customer_id > ? AND customer_id < ?"
		       " ORDER BY customer_id LIMIT ?",
		.params = "aaai",
		DB_COLS(customer_cols, struct customer),
		.access = DB_READ,
	},
	[SQL_LIST_EMAIL_DESC] = {
		.name = "customers.list_email_desc",
		.sql = "SELECT " CUSTOMER_COLUMNS " FROM customers"
		       " WHERE account_id = ? AND email = ? AND customer_id > ? AND customer_id < ?"
		       " ORDER BY customer_id DESC LIMIT ?",
		.params = "asaai",
		DB_COLS(customer_cols, struct customer),
		.access = DB_READ,
	},
	[SQL_LIST_EMAIL_ASC] = {
		.name = "customers.list_email_asc",
		.sql = "SELECT " CUSTOMER_COLUMNS " FROM customers"
		       " WHERE account_id = ? AND email = ? AND customer_id > ? AND customer_id < ?"
		       " ORDER BY customer_id LIMIT ?",
		.params = "asaai",
		DB_COLS(customer_cols, struct customer),
		.access = DB_READ,
	},
	[SQL_LIST_EXTERNAL] = {
		.name = "customers.list_external",
		.sql = "SELECT " CUSTOMER_COLUMNS " FROM customers"
		       " WHERE account_id = ? AND external_id = ?"
		       " AND customer_id > ? AND customer_id < ?",
		.params = "asaa",
		DB_COLS(customer_cols, struct customer),
		.access = DB_READ,
	},
};
const size_t customers_n_stmts = sizeof(customers_stmts) / sizeof(customers_stmts[0]);

enum err customers_store_get(struct call *c, struct id id, struct customer *ret_customer)
{
	return db_one(c->db, &customers_stmts[SQL_GET], DB_ARGS(db_id(c->account), db_id(id)),
		      ret_customer);
}

enum err customers_store_terms(struct call *c, struct id id, struct customer_terms *ret_terms)
{
	return db_one(c->db, &customers_stmts[SQL_TERMS], DB_ARGS(db_id(c->account), db_id(id)),
		      ret_terms);
}

enum err customers_store_lock(struct call *c, struct id id, struct customer *ret_customer)
{
	return db_one(c->db, &customers_stmts[SQL_LOCK], DB_ARGS(db_id(c->account), db_id(id)),
		      ret_customer);
}

enum err customers_store_insert(struct call *c, const struct customer *m)
{
	return db_exec(c->db, &customers_stmts[SQL_INSERT],
		       DB_ARGS(db_id(c->account), db_id(m->id), db_str(m->name), db_str(m->email),
			       db_str(m->phone), db_str(m->currency), db_str(m->external_id),
			       db_str(m->tax_id), db_str(m->address.line1),
			       db_str(m->address.line2), db_str(m->address.city),
			       db_str(m->address.region), db_str(m->address.postal_code),
			       db_str(m->address.country), db_str(m->metadata),
			       db_time(m->archived_at), db_time(m->created_at),
			       db_time(m->updated_at), db_i64(m->version)),
		       NULL);
}

enum err customers_store_update(struct call *c, const struct customer *m)
{
	return db_exec(c->db, &customers_stmts[SQL_UPDATE],
		       DB_ARGS(db_str(m->name), db_str(m->email), db_str(m->phone),
			       db_str(m->currency), db_str(m->external_id), db_str(m->tax_id),
			       db_str(m->address.line1), db_str(m->address.line2),
			       db_str(m->address.city), db_str(m->address.region),
			       db_str(m->address.postal_code), db_str(m->address.country),
			       db_str(m->metadata), db_time(m->archived_at), db_time(m->updated_at),
			       db_i64(m->version), db_id(c->account), db_id(m->id)),
		       NULL);
}

enum err customers_store_list(struct call *c, const struct customer_list_in *filter,
			      struct list_out *ret_list)
{
	const struct id_range range = filter_id_range(c, &filter->created);
	const size_t max = (size_t)c->page.limit + 1;

	if (filter->external_id.p != NULL)
		return db_rows(c->db, &customers_stmts[SQL_LIST_EXTERNAL],
			       DB_ARGS(db_id(c->account), db_str(filter->external_id),
				       db_id(range.low), db_id(range.high)),
			       max, &ret_list->rows, &ret_list->n);
	if (filter->email.p != NULL)
		return db_rows(c->db,
			       &customers_stmts[c->page.descending ? SQL_LIST_EMAIL_DESC
								   : SQL_LIST_EMAIL_ASC],
			       DB_ARGS(db_id(c->account), db_str(filter->email), db_id(range.low),
				       db_id(range.high), db_i64((int64_t)max)),
			       max, &ret_list->rows, &ret_list->n);
	return db_rows(c->db, &customers_stmts[c->page.descending ? SQL_LIST_DESC : SQL_LIST_ASC],
		       DB_ARGS(db_id(c->account), db_id(range.low), db_id(range.high),
			       db_i64((int64_t)max)),
		       max, &ret_list->rows, &ret_list->n);
}
