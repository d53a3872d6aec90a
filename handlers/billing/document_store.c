/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of the lines and taxes of invoices and credit notes. */

#include "handlers/billing/billing_internal.h"

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
#define LINE_COLUMNS                                                                        \
	"position, product_id, description, unit, quantity, unit_price, discount_percent, " \
	"tax_percent, net"

static const struct db_col tax_cols[] = {
	DB_COL(struct document_tax, tax_percent, DB_DEC6),
	DB_COL(struct document_tax, taxable, DB_I64),
	DB_COL(struct document_tax, tax, DB_I64),
};

/* The first ones are indexed by enum document_kind. */
enum {
	SQL_LINES,
	SQL_INSERT_LINES = SQL_LINES + DOCUMENT_KIND_MAX,
	SQL_DELETE_LINES = SQL_INSERT_LINES + DOCUMENT_KIND_MAX,
	SQL_TAXES,
	SQL_INSERT_TAXES,
};

const struct db_stmt document_stmts[] = {
	[SQL_LINES + DOCUMENT_INVOICE] = {
		.name = "invoices.lines",
		.sql = "SELECT " LINE_COLUMNS " FROM invoice_lines"
		       " WHERE account_id = ? AND invoice_id = ? ORDER BY position",
		.params = "aa",
		DB_COLS(line_cols, struct document_line),
		.access = DB_READ,
	},
	[SQL_LINES + DOCUMENT_CREDIT_NOTE] = {
		.name = "credit_notes.lines",
		.sql = "SELECT " LINE_COLUMNS " FROM credit_note_lines"
		       " WHERE account_id = ? AND credit_note_id = ? ORDER BY position",
		.params = "aa",
		DB_COLS(line_cols, struct document_line),
		.access = DB_READ,
	},
	[SQL_INSERT_LINES + DOCUMENT_INVOICE] = {
		.name = "invoices.insert_lines",
		.sql = "INSERT INTO invoice_lines (account_id, invoice_id, " LINE_COLUMNS ") VALUES ",
		.repeat = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		.params = "aaiassddddi",
		.access = DB_WRITE,
	},
	[SQL_INSERT_LINES + DOCUMENT_CREDIT_NOTE] = {
		.name = "credit_notes.insert_lines",
		.sql = "INSERT INTO credit_note_lines (account_id, credit_note_id, " LINE_COLUMNS
		       ") VALUES ",
		.repeat = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		.params = "aaiassddddi",
		.access = DB_WRITE,
	},
	[SQL_DELETE_LINES] = {
		.name = "invoices.delete_lines",
		.sql = "DELETE FROM invoice_lines WHERE account_id = ? AND invoice_id = ?",
		.params = "aa",
		.access = DB_WRITE,
	},
	[SQL_TAXES] = {
		.name = "documents.taxes",
		.sql = "SELECT tax_percent, taxable, tax FROM document_taxes"
		       " WHERE account_id = ? AND document_id = ? ORDER BY tax_percent",
		.params = "aa",
		DB_COLS(tax_cols, struct document_tax),
		.access = DB_READ,
	},
	[SQL_INSERT_TAXES] = {
		.name = "documents.insert_taxes",
		.sql = "INSERT INTO document_taxes (account_id, document_id, tax_percent, taxable,"
		       " tax) VALUES ",
		.repeat = "(?, ?, ?, ?, ?)",
		.params = "aadii",
		.access = DB_WRITE,
	},
};
const size_t document_n_stmts = sizeof(document_stmts) / sizeof(document_stmts[0]);

enum err document_store_lines(struct call *c, enum document_kind kind, struct id id,
			      struct slice *ret_lines)
{
	return db_rows(c->db, &document_stmts[SQL_LINES + kind],
		       DB_ARGS(db_id(c->account), db_id(id)), LIMIT_LINES, &ret_lines->p,
		       &ret_lines->n);
}

enum err document_store_insert_lines(struct call *c, enum document_kind kind, struct id id,
				     const struct slice *slice)
{
	enum { WIDTH = 11 };
	const struct document_line *lines = slice->p;
	struct db_arg *args = arena_array(c->arena, slice->n * WIDTH, sizeof(*args));
	struct db_arg *a = args;

	if (args == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < slice->n; i++) {
		*a++ = db_id(c->account);
		*a++ = db_id(id);
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
	return db_insert_rows(c->db, &document_stmts[SQL_INSERT_LINES + kind], args,
			      slice->n * WIDTH, slice->n);
}

enum err document_store_delete_invoice_lines(struct call *c, struct id invoice)
{
	return db_exec(c->db, &document_stmts[SQL_DELETE_LINES],
		       DB_ARGS(db_id(c->account), db_id(invoice)), NULL);
}

enum err document_store_taxes(struct call *c, struct id id, struct slice *ret_taxes)
{
	return db_rows(c->db, &document_stmts[SQL_TAXES], DB_ARGS(db_id(c->account), db_id(id)),
		       LIMIT_LINES, &ret_taxes->p, &ret_taxes->n);
}

enum err document_store_insert_taxes(struct call *c, struct id id, const struct slice *slice)
{
	enum { WIDTH = 5 };
	const struct document_tax *taxes = slice->p;
	struct db_arg *args = arena_array(c->arena, slice->n * WIDTH, sizeof(*args));
	struct db_arg *a = args;

	if (args == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < slice->n; i++) {
		*a++ = db_id(c->account);
		*a++ = db_id(id);
		*a++ = db_dec6(taxes[i].tax_percent);
		*a++ = db_i64(taxes[i].taxable);
		*a++ = db_i64(taxes[i].tax);
	}
	return db_insert_rows(c->db, &document_stmts[SQL_INSERT_TAXES], args, slice->n * WIDTH,
			      slice->n);
}
