/* SPDX-License-Identifier: Apache-2.0 */
/* What the API offers of the account and the principal. */

#include "handlers/users/users_internal.h"

static const struct field account_fields[] = {
	{ FIELD_OF(struct account, id, FIELD_ID), .prefix = "acc" },
	{ FIELD_OF(struct account, name, FIELD_STR), .example = "\"Northwind Traders\"" },
	{ FIELD_OF(struct account, currency, FIELD_CURRENCY), .doc = "Default of new documents." },
	{ FIELD_OF(struct account, created_at, FIELD_TIME) },
	{ FIELD_OF(struct account, updated_at, FIELD_TIME) },
	{ FIELD_OF(struct account, version, FIELD_I64) },
};
static const struct schema account_schema = {
	.name = "Account",
	.object = "account",
	SCHEMA_FIELDS(account_fields, struct account),
};

static const struct field input_fields[] = {
	[ACCOUNT_INPUT_NAME] = { FIELD_OF(struct account_input, name, FIELD_STR),
				 .flags = FIELD_REQUIRED, .min = 1, .max = 255 },
	[ACCOUNT_INPUT_CURRENCY] = { FIELD_OF(struct account_input, currency, FIELD_CURRENCY),
				     .flags = FIELD_REQUIRED,
				     .doc = "Documents that exist keep theirs." },
};
static const struct schema input_schema = {
	.name = "AccountInput",
	SCHEMA_FIELDS(input_fields, struct account_input),
	SCHEMA_PRESENT(struct account_input, present),
};

static const char *const kind_names[] = {
	[PRINCIPAL_NONE] = "none",
	[PRINCIPAL_KEY] = "api_key",
	[PRINCIPAL_SESSION] = "session",
	[PRINCIPAL_OPERATOR] = "operator",
};

static const struct field me_fields[] = {
	{ FIELD_OF(struct me, id, FIELD_STR), .doc = "Of the API key or the session." },
	{ FIELD_OF(struct me, kind, FIELD_ENUM), .names = kind_names,
	  .n_names = sizeof(kind_names) / sizeof(kind_names[0]) },
	{ .name = "account_id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct me, account),
	  .prefix = "acc" },
	{ .name = "user_id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct me, user),
	  .prefix = "usr",
	  .flags = FIELD_NULLABLE,
	  .doc = "null for an API key; so are e-mail, name and role." },
	{ FIELD_OF(struct me, email, FIELD_EMAIL), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct me, name, FIELD_STR), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct me, role, FIELD_ENUM), .flags = FIELD_NULLABLE, .names = role_names,
	  .n_names = ROLE_MAX },
	{ FIELD_OF(struct me, scopes, FIELD_JSON), .doc = "What the principal may do.",
	  .example = "[\"orders:read\",\"orders:write\"]" },
};
static const struct schema me_schema = {
	.name = "Principal",
	.object = "principal",
	SCHEMA_FIELDS(me_fields, struct me),
};

const struct route users_account_routes[] = {
	{
		.id = "account.get",
		.method = HTTP_GET,
		.path = "/v1/account",
		.handle = users_account_get,
		.permission = PERMISSION_ACCOUNT_READ,
		.class = CLASS_READ,
		.access = ACCESS_READ,
		.status = 200,
		.out_size = sizeof(struct account),
		.result = &account_schema,
		.tag = "Account",
		.summary = "Get the account",
		.doc = "The account is that of the API key or session.",
	},
	{
		.id = "account.update",
		.method = HTTP_PATCH,
		.path = "/v1/account",
		.handle = users_account_update,
		.permission = PERMISSION_ACCOUNT_WRITE,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 200,
		.in_size = sizeof(struct account_update_in),
		.body = &input_schema,
		.body_offset = offsetof(struct account_update_in, body),
		.partial = true,
		.if_match = true,
		.out_size = sizeof(struct account),
		.result = &account_schema,
		.tag = "Account",
		.summary = "Change the account",
	},
	{
		.id = "me.get",
		.method = HTTP_GET,
		.path = "/v1/me",
		.handle = users_me_get,
		.permission = PERMISSION_SELF,
		.class = CLASS_READ,
		.access = ACCESS_READ,
		.status = 200,
		.out_size = sizeof(struct me),
		.result = &me_schema,
		.tag = "Account",
		.summary = "Get the principal",
		.doc = "Who the API key or session of this request is, and what it may do.",
	},
};
const size_t users_account_n_routes =
	sizeof(users_account_routes) / sizeof(users_account_routes[0]);
