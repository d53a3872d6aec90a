/* SPDX-License-Identifier: Apache-2.0 */
/* What the API offers of payments. */

#include "handlers/billing/billing_internal.h"

#define PAYMENT_FIELDS                                                                            \
	{ FIELD_OF(struct payment, id, FIELD_ID), .prefix = "pay" },                              \
		{ .name = "customer_id",                                                          \
		  .type = FIELD_ID,                                                               \
		  .offset = offsetof(struct payment, customer),                                   \
		  .prefix = "cus" },                                                              \
		{ .name = "invoice_id",                                                           \
		  .type = FIELD_ID,                                                               \
		  .offset = offsetof(struct payment, invoice),                                    \
		  .prefix = "inv" },                                                              \
		{ FIELD_OF(struct payment, status, FIELD_ENUM), .names = payment_status_names,    \
		  .n_names = PAYMENT_STATUS_MAX },                                                \
		{ FIELD_OF(struct payment, method, FIELD_ENUM), .names = payment_method_names,    \
		  .n_names = PAYMENT_METHOD_MAX },                                                \
		{ FIELD_OF(struct payment, external_id, FIELD_STR), .flags = FIELD_NULLABLE },    \
		{ FIELD_OF(struct payment, reference, FIELD_STR), .flags = FIELD_NULLABLE },      \
		{ FIELD_OF(struct payment, currency, FIELD_CURRENCY) },                           \
		{ FIELD_OF(struct payment, amount, FIELD_MONEY) },                                \
		{ FIELD_OF(struct payment, reserved, FIELD_MONEY),                                \
		  .doc = "Of the invoice's amount due, while in flight." },                       \
		{ FIELD_OF(struct payment, applied_to_invoice, FIELD_MONEY) },                    \
		{ FIELD_OF(struct payment, to_customer_credit, FIELD_MONEY),                      \
		  .doc = "Paid in excess: the customer's credit." },                              \
		{ FIELD_OF(struct payment, payment_date, FIELD_DATE) },                           \
		{ FIELD_OF(struct payment, failure_reason, FIELD_STR), .flags = FIELD_NULLABLE }, \
		{ FIELD_OF(struct payment, metadata, FIELD_METADATA) },                           \
		{ FIELD_OF(struct payment, succeeded_at, FIELD_TIME), .flags = FIELD_NULLABLE },  \
		{ FIELD_OF(struct payment, created_at, FIELD_TIME) },                             \
		{ FIELD_OF(struct payment, updated_at, FIELD_TIME) },                             \
	{                                                                                         \
		FIELD_OF(struct payment, version, FIELD_I64)                                      \
	}

static const struct field row_fields[] = { PAYMENT_FIELDS };
static const struct schema row_schema = {
	.name = "PaymentRow",
	.object = "payment",
	SCHEMA_FIELDS(row_fields, struct payment),
};
static const struct field payment_fields[] = {
	PAYMENT_FIELDS,
	{ FIELD_OF(struct payment, available_actions, FIELD_JSON),
	  .example = "[\"succeed\",\"fail\",\"cancel\"]" },
};
static const struct schema payment_schema = {
	.name = "Payment",
	.object = "payment",
	SCHEMA_FIELDS(payment_fields, struct payment),
};

static const struct field input_fields[] = {
	{ .name = "invoice_id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct payment_input, invoice),
	  .prefix = "inv",
	  .flags = FIELD_REQUIRED },
	{ FIELD_OF(struct payment_input, amount, FIELD_MONEY), .flags = FIELD_REQUIRED, .min = 1,
	  .max = INT64_C(999999999999999),
	  .doc = "In minor units. What exceeds the amount due becomes the customer's credit." },
	{ FIELD_OF(struct payment_input, currency, FIELD_CURRENCY), .flags = FIELD_NULLABLE,
	  .doc = "Checked against the invoice's when given." },
	{ FIELD_OF(struct payment_input, status, FIELD_ENUM), .names = payment_status_names,
	  .n_names = PAYMENT_SUCCEEDED + 1, .fallback = PAYMENT_SUCCEEDED, .has_fallback = true,
	  .doc = "\"pending\" reserves the amount until the outcome is known." },
	{ FIELD_OF(struct payment_input, method, FIELD_ENUM), .names = payment_method_names,
	  .n_names = PAYMENT_METHOD_MAX, .fallback = 0, .has_fallback = true },
	{ FIELD_OF(struct payment_input, payment_date, FIELD_DATE), .flags = FIELD_NULLABLE,
	  .doc = "Today (UTC) when left out." },
	{ FIELD_OF(struct payment_input, external_id, FIELD_STR), .flags = FIELD_NULLABLE, .min = 1,
	  .max = 100 },
	{ FIELD_OF(struct payment_input, reference, FIELD_STR), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct payment_input, metadata, FIELD_METADATA), .flags = FIELD_NULLABLE },
};
static const struct schema input_schema = {
	.name = "PaymentInput",
	SCHEMA_FIELDS(input_fields, struct payment_input),
};

static const struct field fail_fields[] = {
	{ FIELD_OF(struct payment_fail_input, reason, FIELD_STR), .flags = FIELD_NULLABLE,
	  .max = 500 },
};
static const struct schema fail_schema = {
	.name = "PaymentFailInput",
	SCHEMA_FIELDS(fail_fields, struct payment_fail_input),
};

static const struct field id_fields[] = {
	{ FIELD_OF(struct payment_get_in, id, FIELD_ID), .prefix = "pay" },
};
static const struct schema id_schema = {
	.name = "PaymentPath",
	SCHEMA_FIELDS(id_fields, struct payment_get_in),
};

static const struct field list_fields[] = {
	FILTER_CREATED(struct payment_list_in, created),
	{ .name = "filter[customer_id]",
	  .type = FIELD_ID,
	  .offset = offsetof(struct payment_list_in, customer),
	  .prefix = "cus" },
	{ .name = "filter[invoice_id]",
	  .type = FIELD_ID,
	  .offset = offsetof(struct payment_list_in, invoice),
	  .prefix = "inv" },
	{ .name = "filter[status]",
	  .type = FIELD_ENUM,
	  .offset = offsetof(struct payment_list_in, status),
	  .names = payment_status_names,
	  .n_names = PAYMENT_STATUS_MAX },
	{ .name = "filter[external_id]",
	  .type = FIELD_STR,
	  .offset = offsetof(struct payment_list_in, external_id),
	  .min = 1,
	  .max = 100 },
};
static const struct schema list_schema = {
	.name = "PaymentFilter",
	SCHEMA_FIELDS(list_fields, struct payment_list_in),
};
static const struct list payment_list = {
	.row = &row_schema,
	.id_offset = offsetof(struct payment, id),
	.sorts = filter_sort_created,
	.n_sorts = 1,
};

/* A POST that ends a payment in flight. */
#define PAYMENT_ACTION(id_, path_, handle_, in_, summary_)                                      \
	.id = (id_), .method = HTTP_POST, .path = (path_), .handle = (handle_),                 \
	.permission = PERMISSION_PAYMENTS_WRITE, .class = CLASS_LEDGER, .access = ACCESS_WRITE, \
	.status = 200, .in_size = sizeof(in_), .path_params = &id_schema,                       \
	.out_size = sizeof(struct payment), .result = &payment_schema, .if_match = true,        \
	.tag = "Payments", .summary = (summary_), .errors = { ERR_STATE_CONFLICT, ERR_OVERFLOW }

const struct route payment_routes[] = {
	{
		.id = "payments.create",
		.method = HTTP_POST,
		.path = "/v1/payments",
		.handle = billing_payment_create,
		.permission = PERMISSION_PAYMENTS_WRITE,
		.class = CLASS_LEDGER,
		.access = ACCESS_WRITE,
		.status = 201,
		.in_size = sizeof(struct payment_create_in),
		.body = &input_schema,
		.body_offset = offsetof(struct payment_create_in, body),
		.out_size = sizeof(struct payment),
		.result = &payment_schema,
		.location = "/v1/payments/{id}",
		.tag = "Payments",
		.summary = "Record a payment of an invoice",
		.errors = { ERR_ALREADY_EXISTS, ERR_STATE_CONFLICT, ERR_OVERFLOW },
	},
	{
		.id = "payments.list",
		.method = HTTP_GET,
		.path = "/v1/payments",
		.handle = billing_payment_list,
		.permission = PERMISSION_PAYMENTS_READ,
		.class = CLASS_LIST,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct payment_list_in),
		.query = &list_schema,
		.out_size = sizeof(struct list_out),
		.list = &payment_list,
		.tag = "Payments",
		.summary = "List payments",
	},
	{
		.id = "payments.get",
		.method = HTTP_GET,
		.path = "/v1/payments/{id}",
		.handle = billing_payment_get,
		.permission = PERMISSION_PAYMENTS_READ,
		.class = CLASS_READ,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct payment_get_in),
		.path_params = &id_schema,
		.out_size = sizeof(struct payment),
		.result = &payment_schema,
		.cache = CACHE_PAYMENT,
		.tag = "Payments",
		.summary = "Get a payment",
	},
	{ PAYMENT_ACTION("payments.succeed", "/v1/payments/{id}/succeed", billing_payment_succeed,
			 struct payment_get_in, "The money of a payment in flight has arrived") },
	{ PAYMENT_ACTION("payments.fail", "/v1/payments/{id}/fail", billing_payment_fail,
			 struct payment_fail_in, "A payment in flight has failed"),
	  .body = &fail_schema, .body_offset = offsetof(struct payment_fail_in, body),
	  .body_optional = true },
	{ PAYMENT_ACTION("payments.cancel", "/v1/payments/{id}/cancel", billing_payment_cancel,
			 struct payment_get_in, "Cancel a payment in flight") },
};
const size_t payment_n_routes = sizeof(payment_routes) / sizeof(payment_routes[0]);
