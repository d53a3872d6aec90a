/* SPDX-License-Identifier: Apache-2.0 */
/* What the API offers of customers: fields and routes. */

#include "handlers/customers/customers_internal.h"

static const struct field address_fields[] = {
	{ FIELD_OF(struct address, line1, FIELD_STR), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct address, line2, FIELD_STR), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct address, city, FIELD_STR), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct address, region, FIELD_STR), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct address, postal_code, FIELD_STR), .flags = FIELD_NULLABLE, .max = 32 },
	{ FIELD_OF(struct address, country, FIELD_COUNTRY), .flags = FIELD_NULLABLE },
};
const struct schema address_schema = {
	.name = "Address",
	SCHEMA_FIELDS(address_fields, struct address),
	SCHEMA_PRESENT(struct address, present),
};

static const struct field customer_fields[] = {
	{ FIELD_OF(struct customer, id, FIELD_ID), .prefix = "cus" },
	{ FIELD_OF(struct customer, name, FIELD_STR), .example = "\"Alfreds Futterkiste\"" },
	{ FIELD_OF(struct customer, email, FIELD_EMAIL), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct customer, phone, FIELD_STR), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct customer, currency, FIELD_CURRENCY),
	  .doc = "Currency of new documents." },
	{ FIELD_OF(struct customer, external_id, FIELD_STR), .flags = FIELD_NULLABLE,
	  .doc = "Your own id of this customer, unique in the account." },
	{ FIELD_OF(struct customer, tax_id, FIELD_STR), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct customer, address, FIELD_OBJECT), .of = &address_schema },
	{ FIELD_OF(struct customer, metadata, FIELD_METADATA) },
	{ FIELD_OF(struct customer, archived_at, FIELD_TIME), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct customer, created_at, FIELD_TIME) },
	{ FIELD_OF(struct customer, updated_at, FIELD_TIME) },
	{ FIELD_OF(struct customer, version, FIELD_I64) },
};
static const struct schema customer_schema = {
	.name = "Customer",
	.object = "customer",
	SCHEMA_FIELDS(customer_fields, struct customer),
};

static const struct field input_fields[] = {
	[CUSTOMER_INPUT_NAME] = { FIELD_OF(struct customer_input, name, FIELD_STR),
				  .flags = FIELD_REQUIRED, .min = 1, .max = 255 },
	[CUSTOMER_INPUT_EMAIL] = { FIELD_OF(struct customer_input, email, FIELD_EMAIL),
				   .flags = FIELD_NULLABLE },
	[CUSTOMER_INPUT_PHONE] = { FIELD_OF(struct customer_input, phone, FIELD_STR),
				   .flags = FIELD_NULLABLE, .max = 64 },
	[CUSTOMER_INPUT_CURRENCY] = { FIELD_OF(struct customer_input, currency, FIELD_CURRENCY),
				      .flags = FIELD_REQUIRED },
	[CUSTOMER_INPUT_EXTERNAL_ID] = { FIELD_OF(struct customer_input, external_id, FIELD_STR),
					 .flags = FIELD_NULLABLE, .min = 1, .max = 100 },
	[CUSTOMER_INPUT_TAX_ID] = { FIELD_OF(struct customer_input, tax_id, FIELD_STR),
				    .flags = FIELD_NULLABLE, .max = 64 },
	[CUSTOMER_INPUT_ADDRESS] = { FIELD_OF(struct customer_input, address, FIELD_OBJECT),
				     .flags = FIELD_NULLABLE, .of = &address_schema },
	[CUSTOMER_INPUT_METADATA] = { FIELD_OF(struct customer_input, metadata, FIELD_METADATA),
				      .flags = FIELD_NULLABLE },
	[CUSTOMER_INPUT_ARCHIVED] = { FIELD_OF(struct customer_input, archived, FIELD_BOOL),
				      .doc = "Archived customers keep their documents and get no "
					     "new ones." },
};
static const struct schema input_schema = {
	.name = "CustomerInput",
	SCHEMA_FIELDS(input_fields, struct customer_input),
	SCHEMA_PRESENT(struct customer_input, present),
};

static const struct field id_fields[] = {
	{ FIELD_OF(struct customer_get_in, id, FIELD_ID), .prefix = "cus" },
};
static const struct schema id_schema = {
	.name = "CustomerPath",
	SCHEMA_FIELDS(id_fields, struct customer_get_in),
};

static const struct field list_fields[] = {
	FILTER_CREATED(struct customer_list_in, created),
	{ .name = "filter[email]",
	  .type = FIELD_EMAIL,
	  .offset = offsetof(struct customer_list_in, email) },
	{ .name = "filter[external_id]",
	  .type = FIELD_STR,
	  .offset = offsetof(struct customer_list_in, external_id),
	  .min = 1,
	  .max = 100 },
};
static const struct schema list_schema = {
	.name = "CustomerFilter",
	SCHEMA_FIELDS(list_fields, struct customer_list_in),
};
static const struct list customer_list = {
	.row = &customer_schema,
	.id_offset = offsetof(struct customer, id),
	.sorts = filter_sort_created,
	.n_sorts = 1,
};

static const struct route routes[] = {
	{
		.id = "customers.create",
		.method = HTTP_POST,
		.path = "/v1/customers",
		.handle = customers_create,
		.permission = PERMISSION_CUSTOMERS_WRITE,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 201,
		.in_size = sizeof(struct customer_create_in),
		.body = &input_schema,
		.body_offset = offsetof(struct customer_create_in, body),
		.out_size = sizeof(struct customer),
		.result = &customer_schema,
		.location = "/v1/customers/{id}",
		.tag = "Customers",
		.summary = "Create a customer",
		.errors = { ERR_ALREADY_EXISTS },
	},
	{
		.id = "customers.list",
		.method = HTTP_GET,
		.path = "/v1/customers",
		.handle = customers_list,
		.permission = PERMISSION_CUSTOMERS_READ,
		.class = CLASS_LIST,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct customer_list_in),
		.query = &list_schema,
		.out_size = sizeof(struct list_out),
		.list = &customer_list,
		.tag = "Customers",
		.summary = "List customers",
	},
	{
		.id = "customers.get",
		.method = HTTP_GET,
		.path = "/v1/customers/{id}",
		.handle = customers_get,
		.permission = PERMISSION_CUSTOMERS_READ,
		.class = CLASS_READ,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct customer_get_in),
		.path_params = &id_schema,
		.out_size = sizeof(struct customer),
		.result = &customer_schema,
		.cache = CACHE_CUSTOMER,
		.tag = "Customers",
		.summary = "Get a customer",
	},
	{
		.id = "customers.update",
		.method = HTTP_PATCH,
		.path = "/v1/customers/{id}",
		.handle = customers_update,
		.permission = PERMISSION_CUSTOMERS_WRITE,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 200,
		.in_size = sizeof(struct customer_update_in),
		.path_params = &id_schema,
		.body = &input_schema,
		.body_offset = offsetof(struct customer_update_in, body),
		.partial = true,
		.out_size = sizeof(struct customer),
		.result = &customer_schema,
		.if_match = true,
		.tag = "Customers",
		.summary = "Change a customer",
		.errors = { ERR_ALREADY_EXISTS },
	},
};

static const size_t n_routes = sizeof(routes) / sizeof(routes[0]);

const struct domain customers_domain = {
	.name = "customers",
	.routes = { { routes, &n_routes } },
	.stores = { { customers_stmts, &customers_n_stmts } },
};
