/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Online Retail: one file, one row for each line of an invoice. A number that starts with C is a
 * cancellation: a credit note. Rows priced zero move stock and no money: they are counted and left
 * out. Rows without a customer belong to one walk-in customer.
 */
#include "app/ctl/import_plan.h"

enum column { NUMBER, STOCK_CODE, DESCRIPTION, QUANTITY, DATE, PRICE, CUSTOMER, COUNTRY };

static const char *const columns[] = {
	[NUMBER] = "InvoiceNo",	   [STOCK_CODE] = "StockCode", [DESCRIPTION] = "Description",
	[QUANTITY] = "Quantity",   [DATE] = "InvoiceDate",     [PRICE] = "UnitPrice",
	[CUSTOMER] = "CustomerID", [COUNTRY] = "Country",
};

#define WALK_IN STR("walk-in")

static enum err customer_name(struct import_plan *plan, struct str number, struct str *ret_name)
{
	struct buf b;

	buf_init(&b, plan->arena, 32, 256);
	buf_lit(&b, "Customer ");
	buf_str(&b, number);
	return buf_finish(&b, ret_name);
}

/* "17850.0" is how a spreadsheet wrote the number. */
static struct str customer_number(struct str s)
{
	if (s.p == NULL)
		return WALK_IN;
	if (s.n > 2 && s.p[s.n - 2] == '.' && s.p[s.n - 1] == '0')
		s.n -= 2;
	return s;
}

static enum err take_customer(struct import_plan *plan, const struct import_row *row,
			      uint32_t *ret_place)
{
	const struct str number = customer_number(row->fields[CUSTOMER]);
	struct import_customer *c;
	bool is_new;
	enum err e = import_plan_customer(plan, number, ret_place, &is_new);

	if (e != ERR_OK || !is_new)
		return e;
	c = import_customer_at(plan, *ret_place);
	if (row->fields[CUSTOMER].p == NULL) {
		c->name = STR("Walk-in customer");
		return ERR_OK;
	}
	e = customer_name(plan, number, &c->name);
	return e != ERR_OK ? e : import_text(plan, row->fields[COUNTRY], &c->country);
}

/* The document of the row's number, with the date and customer of its first row. */
static enum err take_document(struct import_plan *plan, const struct import_row *row,
			      uint32_t *ret_place)
{
	const bool cancellation = row->fields[NUMBER].p[0] == 'C';
	struct import_document *d;
	bool is_new;
	enum err e = import_plan_document(plan, row->fields[NUMBER], ret_place, &is_new);

	if (e != ERR_OK || !is_new)
		return e;
	d = import_document_at(plan, *ret_place);
	d->series = cancellation ? IMPORT_CREDIT_NOTES : IMPORT_INVOICES;
	d->row = row->number;
	d->customer = IMPORT_NONE;
	e = import_row_date(row, DATE, columns[DATE], &d->date);
	d->paid_date = d->date;
	return e;
}

/* The row's customer, who is the document's: only rows that are brought in name one. */
static enum err check_customer(struct import_plan *plan, const struct import_row *row,
			       uint32_t document)
{
	struct import_document *d = import_document_at(plan, document);
	uint32_t customer;
	const enum err e = take_customer(plan, row, &customer);

	if (e != ERR_OK)
		return e;
	if (d->customer != IMPORT_NONE && d->customer != customer)
		return import_row_fail(row, "an invoice of two customers");
	d->customer = customer;
	return ERR_OK;
}

/* Product and description: the first description of a stock code is its product's name. */
static enum err take_product(struct import_plan *plan, const struct import_row *row,
			     struct import_line *line)
{
	struct import_product *p;
	bool is_new;
	enum err e = import_plan_product(plan, row->fields[STOCK_CODE], &line->product, &is_new);

	if (e != ERR_OK)
		return e;
	p = import_product_at(plan, line->product);
	if (is_new)
		p->unit_price = line->unit_price > 0 ? line->unit_price : 0;
	if (row->fields[DESCRIPTION].p == NULL || str_eq(row->fields[DESCRIPTION], p->name))
		return ERR_OK;
	if (p->name.p == NULL)
		return import_text(plan, row->fields[DESCRIPTION], &p->name);
	return import_text(plan, row->fields[DESCRIPTION], &line->description);
}

static enum err take_amounts(const struct import_row *row, struct import_line *line)
{
	enum err e = import_row_decimal(row, QUANTITY, columns[QUANTITY], &line->quantity);

	if (e == ERR_OK)
		e = import_row_decimal(row, PRICE, columns[PRICE], &line->unit_price);
	if (e != ERR_OK)
		return e;
	if (row->fields[NUMBER].p[0] == 'C')
		line->quantity = -line->quantity;
	/* the API's quantities are positive: what reduces the sum does so by its price */
	if (line->quantity < 0 && line->unit_price != 0) {
		line->quantity = -line->quantity;
		line->unit_price = -line->unit_price;
	}
	return ERR_OK;
}

static enum err on_row(void *arg, const struct import_row *row)
{
	struct import_plan *plan = arg;
	struct import_line line = { .description = STR_NONE };
	uint32_t document;
	enum err e;

	if (row->fields[NUMBER].p == NULL || row->fields[STOCK_CODE].p == NULL)
		return import_row_fail(row, "it has no invoice number or no stock code");
	plan->notes.rows++;
	plan->notes.walk_in_lines += row->fields[CUSTOMER].p == NULL;
	e = take_amounts(row, &line);
	if (e == ERR_OK)
		e = take_document(plan, row, &document);
	if (e != ERR_OK)
		return e;
	if (line.unit_price == 0 || line.quantity == 0) {
		plan->notes.zero_lines++;
		plan->notes.stock_lines += line.quantity < 0;
		return ERR_OK;
	}
	e = check_customer(plan, row, document);
	if (e == ERR_OK)
		e = take_product(plan, row, &line);
	if (e == ERR_OK)
		e = import_plan_line(plan, document, &line);
	return e != ERR_OVERFLOW ? e : import_row_fail(row, "the amount is too large");
}

enum err import_retail_read(const char *file, struct import_plan *plan)
{
	const struct import_csv csv = {
		.columns = columns,
		.n_columns = sizeof(columns) / sizeof(columns[0]),
		.row = on_row,
		.arg = plan,
	};
	enum err e = import_plan_init(plan, "Online Retail", "or", STR("GBP"));

	if (e == ERR_OK)
		e = import_csv_read(file, &csv);
	if (e != ERR_OK)
		return e;
	/* a stock code that nobody ever described */
	for (uint32_t i = 0; i < plan->products.n; i++)
		if (import_product_at(plan, i)->name.p == NULL)
			import_product_at(plan, i)->name = import_product_at(plan, i)->number;
	return import_plan_finish(plan);
}
