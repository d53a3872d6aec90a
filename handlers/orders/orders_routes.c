/* SPDX-License-Identifier: Apache-2.0 */
/* What the API offers of orders, and the domain. */

#include "handlers/orders/orders_internal.h"

static const char *const invoice_state_names[ORDER_INVOICE_STATE_MAX] = { "none", "invoiced" };

/* What both forms of an order have: rows of a list, and the whole with its lines. */
#define ORDER_FIELDS                                                                               \
	{ FIELD_OF(struct order, id, FIELD_ID), .prefix = "ord" },                                 \
		{ .name = "customer_id",                                                           \
		  .type = FIELD_ID,                                                                \
		  .offset = offsetof(struct order, customer),                                      \
		  .prefix = "cus" },                                                               \
		{ FIELD_OF(struct order, status, FIELD_ENUM), .names = order_status_names,         \
		  .n_names = ORDER_STATUS_MAX },                                                   \
		{ FIELD_OF(struct order, invoice_state, FIELD_ENUM), .names = invoice_state_names, \
		  .n_names = ORDER_INVOICE_STATE_MAX },                                            \
		{ FIELD_OF(struct order, external_id, FIELD_STR), .flags = FIELD_NULLABLE },       \
		{ FIELD_OF(struct order, reference, FIELD_STR), .flags = FIELD_NULLABLE },         \
		{ FIELD_OF(struct order, currency, FIELD_CURRENCY) },                              \
		{ FIELD_OF(struct order, order_date, FIELD_DATE) },                                \
		{ FIELD_OF(struct order, line_count, FIELD_I64) },                                 \
		{ FIELD_OF(struct order, subtotal, FIELD_MONEY),                                   \
		  .doc = "Sum of the lines' net amounts, in minor units." },                       \
		{ FIELD_OF(struct order, tax, FIELD_MONEY) },                                      \
		{ FIELD_OF(struct order, total, FIELD_MONEY) },                                    \
		{ FIELD_OF(struct order, created_at, FIELD_TIME) },                                \
		{ FIELD_OF(struct order, updated_at, FIELD_TIME) },                                \
	{                                                                                          \
		FIELD_OF(struct order, version, FIELD_I64)                                         \
	}

static const struct field row_fields[] = { ORDER_FIELDS };
static const struct schema row_schema = {
	.name = "OrderRow",
	.object = "order",
	SCHEMA_FIELDS(row_fields, struct order),
	.doc = "An order in a list: without note, metadata and lines.",
};

static const struct field order_fields[] = {
	ORDER_FIELDS,
	{ FIELD_OF(struct order, note, FIELD_TEXT), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct order, metadata, FIELD_METADATA) },
	{ FIELD_OF(struct order, placed_at, FIELD_TIME), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct order, cancelled_at, FIELD_TIME), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct order, available_actions, FIELD_JSON),
	  .doc = "What can be done with the order in its state.",
	  .example = "[\"place\",\"cancel\"]" },
	{ FIELD_OF(struct order, lines, FIELD_ARRAY), .of = &document_line_schema },
};
static const struct schema order_schema = {
	.name = "Order",
	.object = "order",
	SCHEMA_FIELDS(order_fields, struct order),
};

static const struct field input_fields[] = {
	[ORDER_INPUT_CUSTOMER] = { .name = "customer_id",
				   .type = FIELD_ID,
				   .offset = offsetof(struct order_input, customer),
				   .prefix = "cus",
				   .flags = FIELD_REQUIRED },
	[ORDER_INPUT_EXTERNAL_ID] = { FIELD_OF(struct order_input, external_id, FIELD_STR),
				      .flags = FIELD_NULLABLE, .min = 1, .max = 100,
				      .doc = "Your own id of this order, unique in the account." },
	[ORDER_INPUT_REFERENCE] = { FIELD_OF(struct order_input, reference, FIELD_STR),
				    .flags = FIELD_NULLABLE,
				    .doc = "The customer's purchase order." },
	[ORDER_INPUT_CURRENCY] = { FIELD_OF(struct order_input, currency, FIELD_CURRENCY),
				   .doc = "The customer's when left out." },
	[ORDER_INPUT_ORDER_DATE] = { FIELD_OF(struct order_input, order_date, FIELD_DATE),
				     .doc = "Today (UTC) when left out." },
	[ORDER_INPUT_LINES] = { FIELD_OF(struct order_input, lines, FIELD_ARRAY),
				.flags = FIELD_REQUIRED, .of = &line_input_schema, .min = 1,
				.max = LIMIT_LINES },
	[ORDER_INPUT_NOTE] = { FIELD_OF(struct order_input, note, FIELD_TEXT),
			       .flags = FIELD_NULLABLE },
	[ORDER_INPUT_METADATA] = { FIELD_OF(struct order_input, metadata, FIELD_METADATA),
				   .flags = FIELD_NULLABLE },
	[ORDER_INPUT_PLACE] = { FIELD_OF(struct order_input, place, FIELD_BOOL),
				.doc = "Place the order at once." },
};
static const struct schema input_schema = {
	.name = "OrderInput",
	SCHEMA_FIELDS(input_fields, struct order_input),
	SCHEMA_PRESENT(struct order_input, present),
};

static const struct field id_fields[] = {
	{ FIELD_OF(struct order_get_in, id, FIELD_ID), .prefix = "ord" },
};
static const struct schema id_schema = {
	.name = "OrderPath",
	SCHEMA_FIELDS(id_fields, struct order_get_in),
};

static const struct field list_fields[] = {
	FILTER_CREATED(struct order_list_in, created),
	{ .name = "filter[customer_id]",
	  .type = FIELD_ID,
	  .offset = offsetof(struct order_list_in, customer),
	  .prefix = "cus" },
	{ .name = "filter[status]",
	  .type = FIELD_ENUM,
	  .offset = offsetof(struct order_list_in, status),
	  .names = order_status_names,
	  .n_names = ORDER_STATUS_MAX },
	{ .name = "filter[external_id]",
	  .type = FIELD_STR,
	  .offset = offsetof(struct order_list_in, external_id),
	  .min = 1,
	  .max = 100 },
};
static const struct schema list_schema = {
	.name = "OrderFilter",
	SCHEMA_FIELDS(list_fields, struct order_list_in),
};
static const struct list order_list = {
	.row = &row_schema,
	.id_offset = offsetof(struct order, id),
	.sorts = filter_sort_created,
	.n_sorts = 1,
};

/* A POST that moves an order through its states. */
#define ORDER_ACTION(id_, path_, handle_, summary_)                                          \
	.id = (id_), .method = HTTP_POST, .path = (path_), .handle = (handle_),              \
	.permission = PERMISSION_ORDERS_WRITE, .class = CLASS_WRITE, .access = ACCESS_WRITE, \
	.status = 200, .in_size = sizeof(struct order_get_in), .path_params = &id_schema,    \
	.out_size = sizeof(struct order), .result = &order_schema, .if_match = true,         \
	.tag = "Orders", .summary = (summary_), .errors = { ERR_STATE_CONFLICT }

static const struct route orders_routes[] = {
	{
		.id = "orders.create",
		.method = HTTP_POST,
		.path = "/v1/orders",
		.handle = orders_order_create,
		.permission = PERMISSION_ORDERS_WRITE,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 201,
		.in_size = sizeof(struct order_create_in),
		.body = &input_schema,
		.body_offset = offsetof(struct order_create_in, body),
		.out_size = sizeof(struct order),
		.result = &order_schema,
		.location = "/v1/orders/{id}",
		.tag = "Orders",
		.summary = "Create an order",
		.doc = "With up to 900 lines; as a draft, or placed at once.",
		.errors = { ERR_ALREADY_EXISTS },
	},
	{
		.id = "orders.list",
		.method = HTTP_GET,
		.path = "/v1/orders",
		.handle = orders_order_list,
		.permission = PERMISSION_ORDERS_READ,
		.class = CLASS_LIST,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct order_list_in),
		.query = &list_schema,
		.out_size = sizeof(struct list_out),
		.list = &order_list,
		.tag = "Orders",
		.summary = "List orders",
	},
	{
		.id = "orders.get",
		.method = HTTP_GET,
		.path = "/v1/orders/{id}",
		.handle = orders_order_get,
		.permission = PERMISSION_ORDERS_READ,
		.class = CLASS_READ,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct order_get_in),
		.path_params = &id_schema,
		.out_size = sizeof(struct order),
		.result = &order_schema,
		.cache = CACHE_ORDER,
		.tag = "Orders",
		.summary = "Get an order with its lines",
	},
	{
		.id = "orders.update",
		.method = HTTP_PATCH,
		.path = "/v1/orders/{id}",
		.handle = orders_order_update,
		.permission = PERMISSION_ORDERS_WRITE,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 200,
		.in_size = sizeof(struct order_update_in),
		.path_params = &id_schema,
		.body = &input_schema,
		.body_offset = offsetof(struct order_update_in, body),
		.partial = true,
		.out_size = sizeof(struct order),
		.result = &order_schema,
		.if_match = true,
		.tag = "Orders",
		.summary = "Change a draft",
		.doc = "Lines are replaced as a whole.",
		.errors = { ERR_ALREADY_EXISTS, ERR_STATE_CONFLICT },
	},
	{ ORDER_ACTION("orders.place", "/v1/orders/{id}/place", orders_order_place,
		       "Place an order") },
	{ ORDER_ACTION("orders.cancel", "/v1/orders/{id}/cancel", orders_order_cancel,
		       "Cancel an order that is not invoiced") },
};

static const size_t orders_n_routes = sizeof(orders_routes) / sizeof(orders_routes[0]);

const struct domain orders_domain = {
	.name = "orders",
	.routes = { { products_routes, &products_n_routes }, { orders_routes, &orders_n_routes } },
	.stores = { { products_stmts, &products_n_stmts }, { orders_stmts, &orders_n_stmts } },
};
