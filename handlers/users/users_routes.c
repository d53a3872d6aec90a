/* SPDX-License-Identifier: Apache-2.0 */
/* What the API offers of users, and the domain. */

#include "handlers/users/users_internal.h"

static const struct field user_fields[] = {
	{ FIELD_OF(struct member, id, FIELD_ID), .prefix = "usr" },
	{ FIELD_OF(struct member, email, FIELD_EMAIL) },
	{ FIELD_OF(struct member, name, FIELD_STR), .example = "\"Ada Lovelace\"" },
	{ FIELD_OF(struct member, role, FIELD_ENUM), .names = role_names, .n_names = ROLE_MAX,
	  .doc = "In this account." },
	{ FIELD_OF(struct member, joined_at, FIELD_TIME),
	  .doc = "When the user was added to this account." },
	{ FIELD_OF(struct member, created_at, FIELD_TIME) },
	{ FIELD_OF(struct member, updated_at, FIELD_TIME) },
	{ FIELD_OF(struct member, version, FIELD_I64) },
};
static const struct schema user_schema = {
	.name = "User",
	.object = "user",
	SCHEMA_FIELDS(user_fields, struct member),
};

#define ROLE_FIELD(struct_)                                                                \
	FIELD_OF(struct_, role, FIELD_ENUM), .flags = FIELD_REQUIRED, .names = role_names, \
					     .n_names = ROLE_MAX

static const struct field input_fields[] = {
	{ FIELD_OF(struct user_input, email, FIELD_EMAIL), .flags = FIELD_REQUIRED },
	{ FIELD_OF(struct user_input, name, FIELD_STR), .flags = FIELD_REQUIRED, .min = 1,
	  .max = 255 },
	{ FIELD_OF(struct user_input, password, FIELD_STR), .flags = FIELD_NULLABLE | FIELD_SECRET,
	  .min = PASSWORD_MIN, .max = PASSWORD_MAX,
	  .doc = "Without one the user cannot log in with a password." },
	{ ROLE_FIELD(struct user_input) },
};
static const struct schema input_schema = {
	.name = "UserInput",
	SCHEMA_FIELDS(input_fields, struct user_input),
};

static const struct field role_fields[] = {
	{ ROLE_FIELD(struct role_input) },
};
static const struct schema role_schema = {
	.name = "UserRoleInput",
	SCHEMA_FIELDS(role_fields, struct role_input),
	SCHEMA_PRESENT(struct role_input, present),
};

static const struct field id_fields[] = {
	{ FIELD_OF(struct user_get_in, id, FIELD_ID), .prefix = "usr" },
};
static const struct schema id_schema = {
	.name = "UserPath",
	SCHEMA_FIELDS(id_fields, struct user_get_in),
};

static const struct field list_fields[] = {
	FILTER_CREATED(struct user_list_in, created),
};
static const struct schema list_schema = {
	.name = "UserFilter",
	SCHEMA_FIELDS(list_fields, struct user_list_in),
};
static const struct list user_list = {
	.row = &user_schema,
	.id_offset = offsetof(struct member, id),
	.sorts = filter_sort_created,
	.n_sorts = 1,
};

static const struct route users_routes[] = {
	{
		.id = "users.create",
		.method = HTTP_POST,
		.path = "/v1/users",
		.handle = users_member_create,
		.permission = PERMISSION_USERS_WRITE,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 201,
		.in_size = sizeof(struct user_create_in),
		.body = &input_schema,
		.body_offset = offsetof(struct user_create_in, body),
		.out_size = sizeof(struct member),
		.result = &user_schema,
		.location = "/v1/users/{id}",
		.tag = "Users",
		.summary = "Add a user to the account",
		.doc = "A user whose e-mail address is known here already, of whatever account, "
		       "becomes a member of this account too and keeps name and password. The role "
		       "must not allow more than the principal has.",
		.errors = { ERR_ALREADY_EXISTS },
	},
	{
		.id = "users.list",
		.method = HTTP_GET,
		.path = "/v1/users",
		.handle = users_member_list,
		.permission = PERMISSION_USERS_READ,
		.class = CLASS_LIST,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct user_list_in),
		.query = &list_schema,
		.out_size = sizeof(struct list_out),
		.list = &user_list,
		.tag = "Users",
		.summary = "List the users of the account",
	},
	{
		.id = "users.get",
		.method = HTTP_GET,
		.path = "/v1/users/{id}",
		.handle = users_member_get,
		.permission = PERMISSION_USERS_READ,
		.class = CLASS_READ,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct user_get_in),
		.path_params = &id_schema,
		.out_size = sizeof(struct member),
		.result = &user_schema,
		.tag = "Users",
		.summary = "Get a user of the account",
	},
	{
		.id = "users.update",
		.method = HTTP_PATCH,
		.path = "/v1/users/{id}",
		.handle = users_member_update,
		.permission = PERMISSION_USERS_WRITE,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 200,
		.in_size = sizeof(struct user_update_in),
		.path_params = &id_schema,
		.body = &role_schema,
		.body_offset = offsetof(struct user_update_in, body),
		.partial = true,
		.out_size = sizeof(struct member),
		.result = &user_schema,
		.if_match = true,
		.tag = "Users",
		.summary = "Change a user's role",
		.doc = "Neither the old nor the new role may allow more than the principal has. It "
		       "holds at once, also for sessions that are open.",
		.errors = { ERR_STATE_CONFLICT },
	},
	{
		.id = "users.remove",
		.method = HTTP_DELETE,
		.path = "/v1/users/{id}",
		.handle = users_member_remove,
		.permission = PERMISSION_USERS_WRITE,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 204,
		.in_size = sizeof(struct user_get_in),
		.path_params = &id_schema,
		.tag = "Users",
		.summary = "Remove a user from the account",
		.doc = "The user's sessions in this account end at once. The last owner stays.",
		.errors = { ERR_STATE_CONFLICT },
	},
};

static const size_t users_n_routes = sizeof(users_routes) / sizeof(users_routes[0]);

const struct domain users_domain = {
	.name = "users",
	.routes = { { users_account_routes, &users_account_n_routes },
		    { users_routes, &users_n_routes },
		    { users_session_routes, &users_session_n_routes },
		    { users_api_key_routes, &users_api_key_n_routes } },
	.stores = { { users_account_stmts, &users_account_n_stmts },
		    { users_user_stmts, &users_user_n_stmts },
		    { users_session_stmts, &users_session_n_stmts },
		    { users_api_key_stmts, &users_api_key_n_stmts } },
};
