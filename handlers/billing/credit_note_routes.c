/* SPDX-License-Identifier: Apache-2.0 */
/* What the API offers of credit notes. */

#include "handlers/billing/billing_internal.h"

#define NOTE_FIELDS                                                                                \
	{ FIELD_OF(struct credit_note, id, FIELD_ID), .prefix = "crn" },                           \
		{ .name = "customer_id",                                                           \
		  .type = FIELD_ID,                                                                \
		  .offset = offsetof(struct credit_note, customer),                                \
		  .prefix = "cus" },                                                               \
		{ .name = "invoice_id",                                                            \
		  .type = FIELD_ID,                                                                \
		  .offset = offsetof(struct credit_note, invoice),                                 \
		  .prefix = "inv",                                                                 \
		  .flags = FIELD_NULLABLE },                                                       \
		{ FIELD_OF(struct credit_note, status, FIELD_ENUM),                                \
		  .names = credit_note_status_names, .n_names = CREDIT_NOTE_STATUS_MAX },          \
		{ FIELD_OF(struct credit_note, number, FIELD_STR) },                               \
		{ FIELD_OF(struct credit_note, external_id, FIELD_STR), .flags = FIELD_NULLABLE }, \
		{ FIELD_OF(struct credit_note, reason, FIELD_STR), .flags = FIELD_NULLABLE },      \
		{ FIELD_OF(struct credit_note, currency, FIELD_CURRENCY) },                        \
		{ FIELD_OF(struct credit_note, issue_date, FIELD_DATE) },                          \
		{ FIELD_OF(struct credit_note, line_count, FIELD_I64) },                           \
		{ FIELD_OF(struct credit_note, subtotal, FIELD_MONEY) },                           \
		{ FIELD_OF(struct credit_note, tax, FIELD_MONEY) },                                \
		{ FIELD_OF(struct credit_note, total, FIELD_MONEY) },                              \
		{ FIELD_OF(struct credit_note, applied_to_invoice, FIELD_MONEY),                   \
		  .doc = "Reduced what the invoice owed." },                                       \
		{ FIELD_OF(struct credit_note, to_customer_credit, FIELD_MONEY),                   \
		  .doc = "The rest: the customer's credit." },                                     \
		{ FIELD_OF(struct credit_note, metadata, FIELD_METADATA) },                        \
		{ FIELD_OF(struct credit_note, created_at, FIELD_TIME) },                          \
		{ FIELD_OF(struct credit_note, updated_at, FIELD_TIME) },                          \
	{                                                                                          \
		FIELD_OF(struct credit_note, version, FIELD_I64)                                   \
	}

static const struct field row_fields[] = { NOTE_FIELDS };
static const struct schema row_schema = {
	.name = "CreditNoteRow",
	.object = "credit_note",
	SCHEMA_FIELDS(row_fields, struct credit_note),
};
static const struct field note_fields[] = {
	NOTE_FIELDS,
	{ FIELD_OF(struct credit_note, customer_snapshot, FIELD_JSON),
	  .doc = "The customer as printed.", .example = "{\"name\":\"Alfreds Futterkiste\"}" },
	{ FIELD_OF(struct credit_note, lines, FIELD_ARRAY), .of = &document_line_schema },
	{ FIELD_OF(struct credit_note, taxes, FIELD_ARRAY), .of = &document_tax_schema },
};
static const struct schema note_schema = {
	.name = "CreditNote",
	.object = "credit_note",
	SCHEMA_FIELDS(note_fields, struct credit_note),
};

static const struct field input_fields[] = {
	{ .name = "invoice_id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct credit_note_input, invoice),
	  .prefix = "inv",
	  .flags = FIELD_NULLABLE,
	  .doc = "The invoice that is corrected; without one it is an opening credit note." },
	{ .name = "customer_id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct credit_note_input, customer),
	  .prefix = "cus",
	  .flags = FIELD_NULLABLE,
	  .doc = "Required without an invoice." },
	{ FIELD_OF(struct credit_note_input, external_id, FIELD_STR), .flags = FIELD_NULLABLE,
	  .min = 1, .max = 100 },
	{ FIELD_OF(struct credit_note_input, reason, FIELD_STR), .flags = FIELD_NULLABLE,
	  .max = 500 },
	{ FIELD_OF(struct credit_note_input, currency, FIELD_CURRENCY), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct credit_note_input, issue_date, FIELD_DATE), .flags = FIELD_NULLABLE,
	  .doc = "Today (UTC) when left out." },
	{ FIELD_OF(struct credit_note_input, lines, FIELD_ARRAY), .flags = FIELD_REQUIRED,
	  .of = &line_input_schema, .min = 1, .max = LIMIT_LINES },
	{ FIELD_OF(struct credit_note_input, metadata, FIELD_METADATA), .flags = FIELD_NULLABLE },
};
static const struct schema input_schema = {
	.name = "CreditNoteInput",
	SCHEMA_FIELDS(input_fields, struct credit_note_input),
};

static const struct field id_fields[] = {
	{ FIELD_OF(struct credit_note_get_in, id, FIELD_ID), .prefix = "crn" },
};
static const struct schema id_schema = {
	.name = "CreditNotePath",
	SCHEMA_FIELDS(id_fields, struct credit_note_get_in),
};

static const struct field list_fields[] = {
	FILTER_CREATED(struct credit_note_list_in, created),
	{ .name = "filter[customer_id]",
	  .type = FIELD_ID,
	  .offset = offsetof(struct credit_note_list_in, customer),
	  .prefix = "cus" },
	{ .name = "filter[invoice_id]",
	  .type = FIELD_ID,
	  .offset = offsetof(struct credit_note_list_in, invoice),
	  .prefix = "inv" },
	{ .name = "filter[external_id]",
	  .type = FIELD_STR,
	  .offset = offsetof(struct credit_note_list_in, external_id),
	  .min = 1,
	  .max = 100 },
};
static const struct schema list_schema = {
	.name = "CreditNoteFilter",
	SCHEMA_FIELDS(list_fields, struct credit_note_list_in),
};
static const struct list note_list = {
	.row = &row_schema,
	.id_offset = offsetof(struct credit_note, id),
	.sorts = filter_sort_created,
	.n_sorts = 1,
};

const struct route credit_note_routes[] = {
	{
		.id = "credit_notes.create",
		.method = HTTP_POST,
		.path = "/v1/credit_notes",
		.handle = billing_credit_note_create,
		.permission = PERMISSION_INVOICES_WRITE,
		.class = CLASS_LEDGER,
		.access = ACCESS_WRITE,
		.status = 201,
		.in_size = sizeof(struct credit_note_create_in),
		.body = &input_schema,
		.body_offset = offsetof(struct credit_note_create_in, body),
		.out_size = sizeof(struct credit_note),
		.result = &note_schema,
		.location = "/v1/credit_notes/{id}",
		.tag = "Credit notes",
		.summary = "Issue a credit note",
		.errors = { ERR_ALREADY_EXISTS, ERR_STATE_CONFLICT, ERR_OVERFLOW },
	},
	{
		.id = "credit_notes.list",
		.method = HTTP_GET,
		.path = "/v1/credit_notes",
		.handle = billing_credit_note_list,
		.permission = PERMISSION_INVOICES_READ,
		.class = CLASS_LIST,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct credit_note_list_in),
		.query = &list_schema,
		.out_size = sizeof(struct list_out),
		.list = &note_list,
		.tag = "Credit notes",
		.summary = "List credit notes",
	},
	{
		.id = "credit_notes.get",
		.method = HTTP_GET,
		.path = "/v1/credit_notes/{id}",
		.handle = billing_credit_note_get,
		.permission = PERMISSION_INVOICES_READ,
		.class = CLASS_READ,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct credit_note_get_in),
		.path_params = &id_schema,
		.out_size = sizeof(struct credit_note),
		.result = &note_schema,
		.cache = CACHE_CREDIT_NOTE,
		.tag = "Credit notes",
		.summary = "Get a credit note with its lines and taxes",
	},
};
const size_t credit_note_n_routes = sizeof(credit_note_routes) / sizeof(credit_note_routes[0]);
