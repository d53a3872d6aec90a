/* SPDX-License-Identifier: Apache-2.0 */
/* Northwind: customers.csv, products.csv, orders.csv and order-details.csv of one directory. */
#include "app/ctl/import_plan.h"

#include <stdio.h>

#include "app/ctl/ctl.h"

enum { PATH_MAX_BYTES = 4096 };

static enum err read_file(const char *dir, const char *name, struct import_csv *csv)
{
	char path[PATH_MAX_BYTES];
	const int n = snprintf(path, sizeof(path), "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= sizeof(path)) {
		ctl_say("the path of %s is too long", name);
		return ERR_IO;
	}
	return import_csv_read(path, csv);
}

/* Makes what must be new, or says that it is there twice. */
static enum err must_be_new(const struct import_row *row, enum err e, bool is_new)
{
	if (e == ERR_OK && !is_new)
		return import_row_fail(row, "\"" STR_FMT "\" is there twice",
				       STR_ARG(row->fields[0]));
	return e;
}

static enum err must_have(const struct import_row *row, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (row->fields[i].p == NULL)
			return import_row_fail(row, "a field that must be there is empty");
	return ERR_OK;
}

/* Customers ---------------------------------------------------------------------------------- */

static const char *const customer_columns[] = {
	"customerID", "companyName", "contactName", "address", "city",
	"region",     "postalCode",  "country",	    "phone",
};

static enum err on_customer(void *arg, const struct import_row *row)
{
	struct import_plan *plan = arg;
	struct import_customer *c;
	uint32_t place;
	bool is_new = true;
	enum err e = must_have(row, 2);

	if (e == ERR_OK)
		e = import_plan_customer(plan, row->fields[0], &place, &is_new);
	e = must_be_new(row, e, is_new);
	if (e != ERR_OK)
		return e;
	c = import_customer_at(plan, place);
	struct str *const texts[] = { &c->name,	  &c->contact,	   &c->street,	&c->city,
				      &c->region, &c->postal_code, &c->country, &c->phone };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && e == ERR_OK; i++)
		e = import_text(plan, row->fields[i + 1], texts[i]);
	return e;
}

/* Products ----------------------------------------------------------------------------------- */

static const char *const product_columns[] = { "productID", "productName", "unitPrice",
					       "quantityPerUnit", "discontinued" };

static enum err on_product(void *arg, const struct import_row *row)
{
	struct import_plan *plan = arg;
	struct import_product *p;
	uint32_t place;
	bool is_new = true;
	enum err e = must_have(row, 3);

	if (e == ERR_OK)
		e = import_plan_product(plan, row->fields[0], &place, &is_new);
	e = must_be_new(row, e, is_new);
	if (e != ERR_OK)
		return e;
	p = import_product_at(plan, place);
	p->discontinued = row->fields[4].p != NULL && !str_eq(row->fields[4], STR("0"));
	e = import_text(plan, row->fields[1], &p->name);
	if (e == ERR_OK)
		e = import_text(plan, row->fields[3], &p->unit);
	return e != ERR_OK ? e : import_row_decimal(row, 2, "unitPrice", &p->unit_price);
}

/* Orders ------------------------------------------------------------------------------------- */

static const char *const order_columns[] = { "orderID", "customerID", "orderDate", "freight",
					     "shippedDate" };

static enum err on_order(void *arg, const struct import_row *row)
{
	struct import_plan *plan = arg;
	struct import_document *d;
	uint32_t place, customer;
	bool is_new = true;
	enum err e = must_have(row, 4);

	if (e != ERR_OK)
		return e;
	customer = import_map_find(&plan->customer_map, row->fields[1]);
	if (customer == IMPORT_NONE)
		return import_row_fail(row, "there is no customer \"" STR_FMT "\"",
				       STR_ARG(row->fields[1]));
	e = import_plan_document(plan, row->fields[0], &place, &is_new);
	e = must_be_new(row, e, is_new);
	if (e != ERR_OK)
		return e;
	d = import_document_at(plan, place);
	d->series = IMPORT_INVOICES;
	d->row = row->number;
	d->customer = customer;
	e = import_row_date(row, 2, "orderDate", &d->date);
	if (e == ERR_OK)
		e = import_row_decimal(row, 3, "freight", &d->freight);
	d->paid_date = d->date;
	/* paid when it was shipped; what was not shipped, at once */
	if (e == ERR_OK && row->fields[4].p != NULL)
		e = import_row_date(row, 4, "shippedDate", &d->paid_date);
	return e;
}

/* Lines -------------------------------------------------------------------------------------- */

static const char *const line_columns[] = { "orderID", "productID", "unitPrice", "quantity",
					    "discount" };

/* A discount is a fraction in the files and a percentage in the API. */
static enum err percent(const struct import_row *row, size_t field, dec6 *ret_percent)
{
	dec6 fraction;
	const enum err e = import_row_decimal(row, field, "discount", &fraction);

	if (e != ERR_OK)
		return e;
	if (fraction < 0 || fraction > DEC6_ONE)
		return import_row_fail(row, "discount is not between 0 and 1");
	*ret_percent = fraction * 100;
	return ERR_OK;
}

static enum err on_line(void *arg, const struct import_row *row)
{
	struct import_plan *plan = arg;
	struct import_line line = { .description = STR_NONE };
	uint32_t document;
	enum err e = must_have(row, 5);

	if (e != ERR_OK)
		return e;
	document = import_map_find(&plan->document_map, row->fields[0]);
	line.product = import_map_find(&plan->product_map, row->fields[1]);
	if (document == IMPORT_NONE || line.product == IMPORT_NONE)
		return import_row_fail(row, "there is no such order or product");
	plan->notes.rows++;
	e = import_row_decimal(row, 2, "unitPrice", &line.unit_price);
	if (e == ERR_OK)
		e = import_row_decimal(row, 3, "quantity", &line.quantity);
	if (e == ERR_OK)
		e = percent(row, 4, &line.discount_percent);
	if (e == ERR_OK)
		e = import_plan_line(plan, document, &line);
	return e != ERR_OVERFLOW ? e : import_row_fail(row, "the amount is too large");
}

static enum err add_freight(struct import_plan *plan)
{
	enum err e = ERR_OK;

	for (uint32_t i = 0; i < plan->documents.n && e == ERR_OK; i++) {
		const struct import_line line = {
			.product = IMPORT_NONE,
			.description = STR("Freight"),
			.quantity = DEC6_ONE,
			.unit_price = import_document_at(plan, i)->freight,
		};

		if (line.unit_price != 0)
			e = import_plan_line(plan, i, &line);
	}
	return e;
}

#define COLUMNS(names) .columns = (names), .n_columns = sizeof(names) / sizeof((names)[0])

enum err import_northwind_read(const char *dir, struct import_plan *plan)
{
	/* addresses have commas, and the files no quotes around them */
	struct import_csv customers = { COLUMNS(customer_columns), .loose = "address",
					.row = on_customer, .arg = plan };
	struct import_csv products = { COLUMNS(product_columns), .row = on_product, .arg = plan };
	struct import_csv orders = { COLUMNS(order_columns), .loose = "shipAddress",
				     .row = on_order, .arg = plan };
	struct import_csv lines = { COLUMNS(line_columns), .row = on_line, .arg = plan };
	enum err e = import_plan_init(plan, "Northwind", "nw", STR("USD"));

	if (e == ERR_OK)
		e = read_file(dir, "customers.csv", &customers);
	if (e == ERR_OK)
		e = read_file(dir, "products.csv", &products);
	if (e == ERR_OK)
		e = read_file(dir, "orders.csv", &orders);
	if (e == ERR_OK)
		e = read_file(dir, "order-details.csv", &lines);
	if (e == ERR_OK)
		e = add_freight(plan);
	return e != ERR_OK ? e : import_plan_finish(plan);
}
