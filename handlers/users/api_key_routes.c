/* SPDX-License-Identifier: Apache-2.0 */
/* What the API offers of API keys. */

#include "handlers/users/users_internal.h"

#define KEY_FIELDS                                                                             \
	{ FIELD_OF(struct api_key, id, FIELD_ID), .prefix = "key" },                           \
		{ FIELD_OF(struct api_key, name, FIELD_STR), .example = "\"web shop\"" },      \
		{ FIELD_OF(struct api_key, scopes, FIELD_JSON), .doc = "What the key may do.", \
		  .example = "[\"customers:read\",\"orders:write\"]" },                        \
		{ FIELD_OF(struct api_key, last_used_at, FIELD_TIME), .flags = FIELD_NULLABLE, \
		  .doc = "Noted every few minutes." },                                         \
		{ FIELD_OF(struct api_key, expires_at, FIELD_TIME), .flags = FIELD_NULLABLE }, \
		{ FIELD_OF(struct api_key, revoked_at, FIELD_TIME), .flags = FIELD_NULLABLE }, \
		{ FIELD_OF(struct api_key, created_at, FIELD_TIME) },                          \
		{ FIELD_OF(struct api_key, updated_at, FIELD_TIME) },                          \
	{                                                                                      \
		FIELD_OF(struct api_key, version, FIELD_I64)                                   \
	}

static const struct field key_fields[] = { KEY_FIELDS };
static const struct schema key_schema = {
	.name = "ApiKey",
	.object = "api_key",
	SCHEMA_FIELDS(key_fields, struct api_key),
};

static const struct field new_fields[] = {
	KEY_FIELDS,
	{ FIELD_OF(struct api_key, token, FIELD_STR), .flags = FIELD_SECRET | FIELD_OMIT,
	  .doc = "Send it as Authorization: Bearer. It is shown only here, and not again when "
		 "the request is repeated with its Idempotency-Key." },
};
static const struct schema new_schema = {
	.name = "NewApiKey",
	.object = "api_key",
	SCHEMA_FIELDS(new_fields, struct api_key),
};

static const struct field input_fields[] = {
	{ FIELD_OF(struct api_key_input, name, FIELD_STR), .flags = FIELD_REQUIRED, .min = 1,
	  .max = 255 },
	{ FIELD_OF(struct api_key_input, role, FIELD_ENUM), .flags = FIELD_NULLABLE,
	  .names = role_names, .n_names = ROLE_MAX,
	  .doc = "All that this role may do. Instead of scopes." },
	{ FIELD_OF(struct api_key_input, scopes, FIELD_STR), .flags = FIELD_NULLABLE, .min = 1,
	  .max = 2000, .doc = "Scopes with a space between them (RFC 6749 section 3.3).",
	  .example = "\"customers:read orders:write\"" },
	{ FIELD_OF(struct api_key_input, expires_at, FIELD_TIME), .flags = FIELD_NULLABLE,
	  .doc = "Never when left out." },
};
static const struct schema input_schema = {
	.name = "ApiKeyInput",
	SCHEMA_FIELDS(input_fields, struct api_key_input),
};

static const struct field rotate_fields[] = {
	{ FIELD_OF(struct rotate_input, overlap_s, FIELD_I64), .min = 0, .max = 604800,
	  .fallback = 0, .has_fallback = true, .doc = "Seconds that the old key is still good." },
	{ FIELD_OF(struct rotate_input, expires_at, FIELD_TIME), .flags = FIELD_NULLABLE,
	  .doc = "Of the new key; the old key's when left out." },
};
static const struct schema rotate_schema = {
	.name = "ApiKeyRotation",
	SCHEMA_FIELDS(rotate_fields, struct rotate_input),
};

static const struct field id_fields[] = {
	{ FIELD_OF(struct api_key_get_in, id, FIELD_ID), .prefix = "key" },
};
static const struct schema id_schema = {
	.name = "ApiKeyPath",
	SCHEMA_FIELDS(id_fields, struct api_key_get_in),
};

static const struct field list_fields[] = {
	FILTER_CREATED(struct api_key_list_in, created),
};
static const struct schema list_schema = {
	.name = "ApiKeyFilter",
	SCHEMA_FIELDS(list_fields, struct api_key_list_in),
};
static const struct list key_list = {
	.row = &key_schema,
	.id_offset = offsetof(struct api_key, id),
	.sorts = filter_sort_created,
	.n_sorts = 1,
};

const struct route users_api_key_routes[] = {
	{
		.id = "api_keys.create",
		.method = HTTP_POST,
		.path = "/v1/api_keys",
		.handle = users_api_key_create,
		.permission = PERMISSION_API_KEYS_WRITE,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 201,
		.in_size = sizeof(struct api_key_create_in),
		.body = &input_schema,
		.body_offset = offsetof(struct api_key_create_in, body),
		.out_size = sizeof(struct api_key),
		.result = &new_schema,
		.location = "/v1/api_keys/{id}",
		.tag = "API keys",
		.summary = "Create an API key",
		.doc = "The key must not be allowed more than the principal is. It outlives the "
		       "session and the membership of the user who makes it.",
	},
	{
		.id = "api_keys.list",
		.method = HTTP_GET,
		.path = "/v1/api_keys",
		.handle = users_api_key_list,
		.permission = PERMISSION_API_KEYS_READ,
		.class = CLASS_LIST,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct api_key_list_in),
		.query = &list_schema,
		.out_size = sizeof(struct list_out),
		.list = &key_list,
		.tag = "API keys",
		.summary = "List API keys",
		.doc = "Also those that have expired or were revoked.",
	},
	{
		.id = "api_keys.get",
		.method = HTTP_GET,
		.path = "/v1/api_keys/{id}",
		.handle = users_api_key_get,
		.permission = PERMISSION_API_KEYS_READ,
		.class = CLASS_READ,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct api_key_get_in),
		.path_params = &id_schema,
		.out_size = sizeof(struct api_key),
		.result = &key_schema,
		.tag = "API keys",
		.summary = "Get an API key",
	},
	{
		.id = "api_keys.revoke",
		.method = HTTP_DELETE,
		.path = "/v1/api_keys/{id}",
		.handle = users_api_key_revoke,
		.permission = PERMISSION_API_KEYS_WRITE,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 204,
		.in_size = sizeof(struct api_key_get_in),
		.path_params = &id_schema,
		.tag = "API keys",
		.summary = "Revoke an API key",
		.doc = "It ends at once and stays in the list.",
	},
	{
		.id = "api_keys.rotate",
		.method = HTTP_POST,
		.path = "/v1/api_keys/{id}/rotate",
		.handle = users_api_key_rotate,
		.permission = PERMISSION_API_KEYS_WRITE,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 201,
		.in_size = sizeof(struct api_key_rotate_in),
		.path_params = &id_schema,
		.body = &rotate_schema,
		.body_offset = offsetof(struct api_key_rotate_in, body),
		.body_optional = true,
		.out_size = sizeof(struct api_key),
		.result = &new_schema,
		.location = "/v1/api_keys/{id}",
		.tag = "API keys",
		.summary = "Replace an API key",
		.doc = "Makes a key of the same name and scopes; the old one expires after the "
		       "overlap.",
		.errors = { ERR_STATE_CONFLICT },
	},
};
const size_t users_api_key_n_routes =
	sizeof(users_api_key_routes) / sizeof(users_api_key_routes[0]);
