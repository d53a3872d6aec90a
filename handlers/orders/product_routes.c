/* SPDX-License-Identifier: Apache-2.0 */
/* What the API offers of products. */

#include "handlers/orders/orders_internal.h"

static const struct field product_fields[] = {
	{ FIELD_OF(struct product, id, FIELD_ID), .prefix = "prd" },
	{ FIELD_OF(struct product, sku, FIELD_STR), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct product, name, FIELD_STR), .example = "\"Chai\"" },
	{ FIELD_OF(struct product, description, FIELD_TEXT), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct product, unit, FIELD_STR), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct product, currency, FIELD_CURRENCY) },
	{ FIELD_OF(struct product, unit_price, FIELD_DEC6), .example = "\"18.00\"" },
	{ FIELD_OF(struct product, tax_percent, FIELD_DEC6) },
	{ FIELD_OF(struct product, active, FIELD_BOOL) },
	{ FIELD_OF(struct product, metadata, FIELD_METADATA) },
	{ FIELD_OF(struct product, created_at, FIELD_TIME) },
	{ FIELD_OF(struct product, updated_at, FIELD_TIME) },
	{ FIELD_OF(struct product, version, FIELD_I64) },
};
static const struct schema product_schema = {
	.name = "Product",
	.object = "product",
	SCHEMA_FIELDS(product_fields, struct product),
};

static const struct field input_fields[] = {
	[PRODUCT_INPUT_SKU] = { FIELD_OF(struct product_input, sku, FIELD_STR),
				.flags = FIELD_NULLABLE, .min = 1, .max = 100,
				.doc = "Your own article number, unique in the account." },
	[PRODUCT_INPUT_NAME] = { FIELD_OF(struct product_input, name, FIELD_STR),
				 .flags = FIELD_REQUIRED, .min = 1, .max = 255 },
	[PRODUCT_INPUT_DESCRIPTION] = { FIELD_OF(struct product_input, description, FIELD_TEXT),
					.flags = FIELD_NULLABLE },
	[PRODUCT_INPUT_UNIT] = { FIELD_OF(struct product_input, unit, FIELD_STR),
				 .flags = FIELD_NULLABLE, .max = 32 },
	[PRODUCT_INPUT_CURRENCY] = { FIELD_OF(struct product_input, currency, FIELD_CURRENCY),
				     .flags = FIELD_REQUIRED },
	[PRODUCT_INPUT_UNIT_PRICE] = { FIELD_OF(struct product_input, unit_price, FIELD_DEC6),
				       .flags = FIELD_REQUIRED, .min = 0, .max = DEC6_MAX,
				       .doc = "In major units, up to 6 decimals." },
	[PRODUCT_INPUT_TAX_PERCENT] = { FIELD_OF(struct product_input, tax_percent, FIELD_DEC6),
					.min = 0, .max = 100 * DEC6_ONE, .fallback = 0,
					.has_fallback = true },
	[PRODUCT_INPUT_ACTIVE] = { FIELD_OF(struct product_input, active, FIELD_BOOL),
				   .fallback = true, .has_fallback = true },
	[PRODUCT_INPUT_METADATA] = { FIELD_OF(struct product_input, metadata, FIELD_METADATA),
				     .flags = FIELD_NULLABLE },
};
static const struct schema input_schema = {
	.name = "ProductInput",
	SCHEMA_FIELDS(input_fields, struct product_input),
	SCHEMA_PRESENT(struct product_input, present),
};

static const struct field id_fields[] = {
	{ FIELD_OF(struct product_get_in, id, FIELD_ID), .prefix = "prd" },
};
static const struct schema id_schema = {
	.name = "ProductPath",
	SCHEMA_FIELDS(id_fields, struct product_get_in),
};

static const char *const no_yes[] = { "false", "true" };
static const struct field list_fields[] = {
	FILTER_CREATED(struct product_list_in, created),
	{ .name = "filter[sku]",
	  .type = FIELD_STR,
	  .offset = offsetof(struct product_list_in, sku),
	  .min = 1,
	  .max = 100 },
	{ .name = "filter[active]",
	  .type = FIELD_ENUM,
	  .offset = offsetof(struct product_list_in, active),
	  .names = no_yes,
	  .n_names = 2 },
};
static const struct schema list_schema = {
	.name = "ProductFilter",
	SCHEMA_FIELDS(list_fields, struct product_list_in),
};
static const struct list product_list = {
	.row = &product_schema,
	.id_offset = offsetof(struct product, id),
	.sorts = filter_sort_created,
	.n_sorts = 1,
};

const struct route products_routes[] = {
	{
		.id = "products.create",
		.method = HTTP_POST,
		.path = "/v1/products",
		.handle = orders_product_create,
		.permission = PERMISSION_PRODUCTS_WRITE,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 201,
		.in_size = sizeof(struct product_create_in),
		.body = &input_schema,
		.body_offset = offsetof(struct product_create_in, body),
		.out_size = sizeof(struct product),
		.result = &product_schema,
		.location = "/v1/products/{id}",
		.tag = "Products",
		.summary = "Create a product",
		.errors = { ERR_ALREADY_EXISTS },
	},
	{
		.id = "products.list",
		.method = HTTP_GET,
		.path = "/v1/products",
		.handle = orders_product_list,
		.permission = PERMISSION_PRODUCTS_READ,
		.class = CLASS_LIST,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct product_list_in),
		.query = &list_schema,
		.out_size = sizeof(struct list_out),
		.list = &product_list,
		.tag = "Products",
		.summary = "List products",
	},
	{
		.id = "products.get",
		.method = HTTP_GET,
		.path = "/v1/products/{id}",
		.handle = orders_product_get,
		.permission = PERMISSION_PRODUCTS_READ,
		.class = CLASS_READ,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct product_get_in),
		.path_params = &id_schema,
		.out_size = sizeof(struct product),
		.result = &product_schema,
		.cache = CACHE_PRODUCT,
		.tag = "Products",
		.summary = "Get a product",
	},
	{
		.id = "products.update",
		.method = HTTP_PATCH,
		.path = "/v1/products/{id}",
		.handle = orders_product_update,
		.permission = PERMISSION_PRODUCTS_WRITE,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 200,
		.in_size = sizeof(struct product_update_in),
		.path_params = &id_schema,
		.body = &input_schema,
		.body_offset = offsetof(struct product_update_in, body),
		.partial = true,
		.out_size = sizeof(struct product),
		.result = &product_schema,
		.if_match = true,
		.tag = "Products",
		.summary = "Change a product",
		.errors = { ERR_ALREADY_EXISTS },
	},
};
const size_t products_n_routes = sizeof(products_routes) / sizeof(products_routes[0]);
