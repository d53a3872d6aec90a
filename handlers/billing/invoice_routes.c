/* SPDX-License-Identifier: Apache-2.0 */
/* What the API offers of invoices. */

#include "handlers/billing/billing_internal.h"

/* Both forms of an invoice: rows of a list, and the whole with its lines. */
#define INVOICE_FIELDS                                                                           \
	{ FIELD_OF(struct invoice, id, FIELD_ID), .prefix = "inv" },                             \
		{ .name = "customer_id",                                                         \
		  .type = FIELD_ID,                                                              \
		  .offset = offsetof(struct invoice, customer),                                  \
		  .prefix = "cus" },                                                             \
		{ .name = "order_id",                                                            \
		  .type = FIELD_ID,                                                              \
		  .offset = offsetof(struct invoice, order),                                     \
		  .prefix = "ord",                                                               \
		  .flags = FIELD_NULLABLE },                                                     \
		{ FIELD_OF(struct invoice, status, FIELD_ENUM), .names = invoice_status_names,   \
		  .n_names = INVOICE_STATUS_MAX },                                               \
		{ FIELD_OF(struct invoice, number, FIELD_STR), .flags = FIELD_NULLABLE,          \
		  .doc = "Given when the invoice is finalized; gapless.",                        \
		  .example = "\"INV-000042\"" },                                                 \
		{ FIELD_OF(struct invoice, external_id, FIELD_STR), .flags = FIELD_NULLABLE },   \
		{ FIELD_OF(struct invoice, reference, FIELD_STR), .flags = FIELD_NULLABLE },     \
		{ FIELD_OF(struct invoice, currency, FIELD_CURRENCY) },                          \
		{ FIELD_OF(struct invoice, issue_date, FIELD_DATE), .flags = FIELD_NULLABLE },   \
		{ FIELD_OF(struct invoice, due_date, FIELD_DATE), .flags = FIELD_NULLABLE },     \
		{ FIELD_OF(struct invoice, line_count, FIELD_I64) },                             \
		{ FIELD_OF(struct invoice, subtotal, FIELD_MONEY),                               \
		  .doc = "Sum of the lines' net amounts, in minor units." },                     \
		{ FIELD_OF(struct invoice, tax, FIELD_MONEY) },                                  \
		{ FIELD_OF(struct invoice, total, FIELD_MONEY) },                                \
		{ FIELD_OF(struct invoice, amount_paid, FIELD_MONEY) },                          \
		{ FIELD_OF(struct invoice, pre_payment_credit, FIELD_MONEY),                     \
		  .doc = "Credit notes that reduced what was due." },                            \
		{ FIELD_OF(struct invoice, post_payment_credit, FIELD_MONEY),                    \
		  .doc = "Credit notes that became the customer's credit." },                    \
		{ FIELD_OF(struct invoice, amount_reserved, FIELD_MONEY),                        \
		  .doc = "Of what is due: reserved by payments in flight." },                    \
		{ FIELD_OF(struct invoice, amount_due, FIELD_MONEY) },                           \
		{ FIELD_OF(struct invoice, note, FIELD_TEXT), .flags = FIELD_NULLABLE },         \
		{ FIELD_OF(struct invoice, metadata, FIELD_METADATA) },                          \
		{ FIELD_OF(struct invoice, finalized_at, FIELD_TIME), .flags = FIELD_NULLABLE }, \
		{ FIELD_OF(struct invoice, paid_at, FIELD_TIME), .flags = FIELD_NULLABLE },      \
		{ FIELD_OF(struct invoice, voided_at, FIELD_TIME), .flags = FIELD_NULLABLE },    \
		{ FIELD_OF(struct invoice, created_at, FIELD_TIME) },                            \
		{ FIELD_OF(struct invoice, updated_at, FIELD_TIME) },                            \
	{                                                                                        \
		FIELD_OF(struct invoice, version, FIELD_I64)                                     \
	}

static const struct field row_fields[] = { INVOICE_FIELDS };
static const struct schema row_schema = {
	.name = "InvoiceRow",
	.object = "invoice",
	SCHEMA_FIELDS(row_fields, struct invoice),
	.doc = "An invoice in a list: without its lines.",
};

static const struct field invoice_fields[] = {
	INVOICE_FIELDS,
	{ FIELD_OF(struct invoice, customer_snapshot, FIELD_JSON), .flags = FIELD_NULLABLE,
	  .doc = "The customer as printed: frozen when the invoice is finalized.",
	  .example = "{\"name\":\"Alfreds Futterkiste\"}" },
	{ FIELD_OF(struct invoice, available_actions, FIELD_JSON),
	  .doc = "What can be done with the invoice in its state.",
	  .example = "[\"pay\",\"credit\",\"void\"]" },
	{ FIELD_OF(struct invoice, lines, FIELD_ARRAY), .of = &document_line_schema },
	{ FIELD_OF(struct invoice, taxes, FIELD_ARRAY), .of = &document_tax_schema },
};
static const struct schema invoice_schema = {
	.name = "Invoice",
	.object = "invoice",
	SCHEMA_FIELDS(invoice_fields, struct invoice),
};

/* What an invoice would be: nothing is stored. */
static const struct field preview_fields[] = {
	{ .name = "customer_id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct invoice, customer),
	  .prefix = "cus" },
	{ .name = "order_id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct invoice, order),
	  .prefix = "ord",
	  .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct invoice, currency, FIELD_CURRENCY) },
	{ FIELD_OF(struct invoice, line_count, FIELD_I64) },
	{ FIELD_OF(struct invoice, subtotal, FIELD_MONEY) },
	{ FIELD_OF(struct invoice, tax, FIELD_MONEY) },
	{ FIELD_OF(struct invoice, total, FIELD_MONEY) },
	{ FIELD_OF(struct invoice, amount_due, FIELD_MONEY) },
	{ FIELD_OF(struct invoice, lines, FIELD_ARRAY), .of = &document_line_schema },
	{ FIELD_OF(struct invoice, taxes, FIELD_ARRAY), .of = &document_tax_schema },
};
static const struct schema preview_schema = {
	.name = "InvoicePreview",
	.object = "invoice_preview",
	SCHEMA_FIELDS(preview_fields, struct invoice),
};

static const struct field input_fields[] = {
	{ .name = "order_id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct invoice_input, order),
	  .prefix = "ord",
	  .flags = FIELD_NULLABLE,
	  .doc = "Invoice this order: customer, currency and lines are the order's." },
	{ .name = "customer_id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct invoice_input, customer),
	  .prefix = "cus",
	  .flags = FIELD_NULLABLE,
	  .doc = "Required without an order." },
	{ FIELD_OF(struct invoice_input, external_id, FIELD_STR), .flags = FIELD_NULLABLE, .min = 1,
	  .max = 100 },
	{ FIELD_OF(struct invoice_input, reference, FIELD_STR), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct invoice_input, currency, FIELD_CURRENCY), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct invoice_input, issue_date, FIELD_DATE), .flags = FIELD_NULLABLE,
	  .doc = "The day it is finalized (UTC) when left out." },
	{ FIELD_OF(struct invoice_input, due_date, FIELD_DATE), .flags = FIELD_NULLABLE,
	  .doc = "30 days after the issue date when left out." },
	{ FIELD_OF(struct invoice_input, lines, FIELD_ARRAY), .flags = FIELD_NULLABLE,
	  .of = &line_input_schema, .min = 1, .max = LIMIT_LINES,
	  .doc = "Required without an order." },
	{ FIELD_OF(struct invoice_input, note, FIELD_TEXT), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct invoice_input, metadata, FIELD_METADATA), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct invoice_input, finalize, FIELD_BOOL),
	  .doc = "Finalize the invoice at once." },
};
static const struct schema input_schema = {
	.name = "InvoiceInput",
	SCHEMA_FIELDS(input_fields, struct invoice_input),
	SCHEMA_PRESENT(struct invoice_input, present),
};

static const struct field finalize_fields[] = {
	{ FIELD_OF(struct finalize_input, issue_date, FIELD_DATE), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct finalize_input, due_date, FIELD_DATE), .flags = FIELD_NULLABLE },
};
static const struct schema finalize_schema = {
	.name = "InvoiceFinalizeInput",
	SCHEMA_FIELDS(finalize_fields, struct finalize_input),
};

static const struct field id_fields[] = {
	{ FIELD_OF(struct invoice_get_in, id, FIELD_ID), .prefix = "inv" },
};
static const struct schema id_schema = {
	.name = "InvoicePath",
	SCHEMA_FIELDS(id_fields, struct invoice_get_in),
};

static const struct field list_fields[] = {
	FILTER_CREATED(struct invoice_list_in, created),
	{ .name = "filter[customer_id]",
	  .type = FIELD_ID,
	  .offset = offsetof(struct invoice_list_in, customer),
	  .prefix = "cus" },
	{ .name = "filter[order_id]",
	  .type = FIELD_ID,
	  .offset = offsetof(struct invoice_list_in, order),
	  .prefix = "ord" },
	{ .name = "filter[status]",
	  .type = FIELD_ENUM,
	  .offset = offsetof(struct invoice_list_in, status),
	  .names = invoice_status_names,
	  .n_names = INVOICE_STATUS_MAX },
	{ .name = "filter[number]",
	  .type = FIELD_STR,
	  .offset = offsetof(struct invoice_list_in, number),
	  .min = 1,
	  .max = 64 },
	{ .name = "filter[external_id]",
	  .type = FIELD_STR,
	  .offset = offsetof(struct invoice_list_in, external_id),
	  .min = 1,
	  .max = 100 },
};
static const struct schema list_schema = {
	.name = "InvoiceFilter",
	SCHEMA_FIELDS(list_fields, struct invoice_list_in),
};
static const struct list invoice_list = {
	.row = &row_schema,
	.id_offset = offsetof(struct invoice, id),
	.sorts = filter_sort_created,
	.n_sorts = 1,
};

const struct route invoice_routes[] = {
	{
		.id = "invoices.create",
		.method = HTTP_POST,
		.path = "/v1/invoices",
		.handle = billing_invoice_create,
		.permission = PERMISSION_INVOICES_WRITE,
		.class = CLASS_LEDGER,
		.access = ACCESS_WRITE,
		.status = 201,
		.in_size = sizeof(struct invoice_create_in),
		.body = &input_schema,
		.body_offset = offsetof(struct invoice_create_in, body),
		.out_size = sizeof(struct invoice),
		.result = &invoice_schema,
		.location = "/v1/invoices/{id}",
		.tag = "Invoices",
		.summary = "Create an invoice",
		.doc = "From an order, or from lines; as a draft, or finalized at once.",
		.errors = { ERR_ALREADY_EXISTS, ERR_STATE_CONFLICT, ERR_OVERFLOW },
	},
	{
		.id = "invoices.preview",
		.method = HTTP_POST,
		.path = "/v1/invoices/preview",
		.handle = billing_invoice_preview,
		.permission = PERMISSION_INVOICES_READ,
		.class = CLASS_READ,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct invoice_create_in),
		.body = &input_schema,
		.body_offset = offsetof(struct invoice_create_in, body),
		.out_size = sizeof(struct invoice),
		.result = &preview_schema,
		.tag = "Invoices",
		.summary = "Calculate an invoice without storing it",
		.errors = { ERR_STATE_CONFLICT },
	},
	{
		.id = "invoices.list",
		.method = HTTP_GET,
		.path = "/v1/invoices",
		.handle = billing_invoice_list,
		.permission = PERMISSION_INVOICES_READ,
		.class = CLASS_LIST,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct invoice_list_in),
		.query = &list_schema,
		.out_size = sizeof(struct list_out),
		.list = &invoice_list,
		.tag = "Invoices",
		.summary = "List invoices",
	},
	{
		.id = "invoices.get",
		.method = HTTP_GET,
		.path = "/v1/invoices/{id}",
		.handle = billing_invoice_get,
		.permission = PERMISSION_INVOICES_READ,
		.class = CLASS_READ,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct invoice_get_in),
		.path_params = &id_schema,
		.out_size = sizeof(struct invoice),
		.result = &invoice_schema,
		.cache = CACHE_INVOICE,
		.tag = "Invoices",
		.summary = "Get an invoice with its lines and taxes",
	},
	{
		.id = "invoices.delete",
		.method = HTTP_DELETE,
		.path = "/v1/invoices/{id}",
		.handle = billing_invoice_delete,
		.permission = PERMISSION_INVOICES_WRITE,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 204,
		.in_size = sizeof(struct invoice_get_in),
		.path_params = &id_schema,
		.if_match = true,
		.tag = "Invoices",
		.summary = "Delete a draft",
		.doc = "A draft used no number. Its order can be invoiced again.",
		.errors = { ERR_STATE_CONFLICT },
	},
	{
		.id = "invoices.finalize",
		.method = HTTP_POST,
		.path = "/v1/invoices/{id}/finalize",
		.handle = billing_invoice_finalize,
		.permission = PERMISSION_INVOICES_WRITE,
		.class = CLASS_LEDGER,
		.access = ACCESS_WRITE,
		.status = 200,
		.in_size = sizeof(struct invoice_finalize_in),
		.path_params = &id_schema,
		.body = &finalize_schema,
		.body_offset = offsetof(struct invoice_finalize_in, body),
		.body_optional = true,
		.out_size = sizeof(struct invoice),
		.result = &invoice_schema,
		.if_match = true,
		.tag = "Invoices",
		.summary = "Finalize a draft",
		.doc = "Gives the number, freezes customer and totals, posts to the ledger.",
		.errors = { ERR_STATE_CONFLICT, ERR_OVERFLOW },
	},
	{
		.id = "invoices.void",
		.method = HTTP_POST,
		.path = "/v1/invoices/{id}/void",
		.handle = billing_invoice_void,
		.permission = PERMISSION_INVOICES_WRITE,
		.class = CLASS_LEDGER,
		.access = ACCESS_WRITE,
		.status = 200,
		.in_size = sizeof(struct invoice_get_in),
		.path_params = &id_schema,
		.out_size = sizeof(struct invoice),
		.result = &invoice_schema,
		.if_match = true,
		.tag = "Invoices",
		.summary = "Void an open invoice on which nothing was paid or credited",
		.doc = "Posts the reversal; the number stays used. Its order can be invoiced "
		       "again.",
		.errors = { ERR_STATE_CONFLICT, ERR_OVERFLOW },
	},
};
const size_t invoice_n_routes = sizeof(invoice_routes) / sizeof(invoice_routes[0]);
