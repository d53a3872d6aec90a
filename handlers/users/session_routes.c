/* SPDX-License-Identifier: Apache-2.0 */
/* What the API offers of sessions and passwords. */

#include "handlers/users/users_internal.h"

#define SESSION_FIELDS                                                                         \
	{ FIELD_OF(struct session, id, FIELD_ID), .prefix = "ses" },                           \
		{ .name = "account_id",                                                        \
		  .type = FIELD_ID,                                                            \
		  .offset = offsetof(struct session, account),                                 \
		  .prefix = "acc" },                                                           \
		{ .name = "user_id",                                                           \
		  .type = FIELD_ID,                                                            \
		  .offset = offsetof(struct session, user),                                    \
		  .prefix = "usr" },                                                           \
		{ FIELD_OF(struct session, role, FIELD_ENUM), .names = role_names,             \
		  .n_names = ROLE_MAX, .doc = "Of the user in this account, now." },           \
		{ FIELD_OF(struct session, user_agent, FIELD_STR), .flags = FIELD_NULLABLE },  \
		{ FIELD_OF(struct session, remote_addr, FIELD_STR), .flags = FIELD_NULLABLE }, \
		{ FIELD_OF(struct session, current, FIELD_BOOL),                               \
		  .doc = "Whether this request is made with it." },                            \
		{ FIELD_OF(struct session, created_at, FIELD_TIME) },                          \
		{ FIELD_OF(struct session, last_used_at, FIELD_TIME),                          \
		  .doc = "Noted every few minutes." },                                         \
	{                                                                                      \
		FIELD_OF(struct session, expires_at, FIELD_TIME),                              \
			.doc = "At the latest: a session that is not used ends earlier."       \
	}

static const struct field session_fields[] = { SESSION_FIELDS };
static const struct schema session_schema = {
	.name = "Session",
	.object = "session",
	SCHEMA_FIELDS(session_fields, struct session),
};

static const struct field new_fields[] = {
	SESSION_FIELDS,
	{ FIELD_OF(struct session, token, FIELD_STR), .flags = FIELD_SECRET | FIELD_OMIT,
	  .doc = "Send it as Authorization: Bearer. It is shown only here." },
};
static const struct schema new_schema = {
	.name = "NewSession",
	.object = "session",
	SCHEMA_FIELDS(new_fields, struct session),
};

static const struct field input_fields[] = {
	{ FIELD_OF(struct session_input, email, FIELD_EMAIL), .flags = FIELD_REQUIRED },
	{ FIELD_OF(struct session_input, password, FIELD_STR),
	  .flags = FIELD_REQUIRED | FIELD_SECRET, .min = 1, .max = PASSWORD_MAX },
	{ .name = "account_id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct session_input, account),
	  .prefix = "acc",
	  .flags = FIELD_NULLABLE,
	  .doc = "Needed when the user is a member of several accounts." },
};
static const struct schema input_schema = {
	.name = "SessionInput",
	SCHEMA_FIELDS(input_fields, struct session_input),
};

static const struct field id_fields[] = {
	{ FIELD_OF(struct session_get_in, id, FIELD_ID), .prefix = "ses" },
};
static const struct schema id_schema = {
	.name = "SessionPath",
	SCHEMA_FIELDS(id_fields, struct session_get_in),
};

static const struct field list_fields[] = {
	FILTER_CREATED(struct session_list_in, created),
};
static const struct schema list_schema = {
	.name = "SessionFilter",
	SCHEMA_FIELDS(list_fields, struct session_list_in),
};
static const struct list session_list = {
	.row = &session_schema,
	.id_offset = offsetof(struct session, id),
	.sorts = filter_sort_created,
	.n_sorts = 1,
};

static const struct field password_fields[] = {
	{ FIELD_OF(struct password_input, current_password, FIELD_STR),
	  .flags = FIELD_REQUIRED | FIELD_SECRET, .min = 1, .max = PASSWORD_MAX },
	{ FIELD_OF(struct password_input, new_password, FIELD_STR),
	  .flags = FIELD_REQUIRED | FIELD_SECRET, .min = PASSWORD_MIN, .max = PASSWORD_MAX,
	  .doc = "Any characters; not the e-mail address." },
};
static const struct schema password_schema = {
	.name = "PasswordInput",
	SCHEMA_FIELDS(password_fields, struct password_input),
};

const struct route users_session_routes[] = {
	{
		.id = "sessions.create",
		.method = HTTP_POST,
		.path = "/v1/sessions",
		.handle = users_session_create,
		.permission = PERMISSION_PUBLIC,
		.class = CLASS_LOGIN,
		.access = ACCESS_WRITE,
		.status = 201,
		.in_size = sizeof(struct session_create_in),
		.body = &input_schema,
		.body_offset = offsetof(struct session_create_in, body),
		.out_size = sizeof(struct session),
		.result = &new_schema,
		.tag = "Sessions",
		.summary = "Log in",
		.doc = "A session is of one user in one account. A user has at most 15 sessions in "
		       "all accounts together; one more ends the oldest.",
		.errors = { ERR_UNAUTHENTICATED, ERR_FORBIDDEN },
	},
	{
		.id = "sessions.list",
		.method = HTTP_GET,
		.path = "/v1/sessions",
		.handle = users_session_list,
		.permission = PERMISSION_SELF,
		.class = CLASS_LIST,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct session_list_in),
		.query = &list_schema,
		.out_size = sizeof(struct list_out),
		.list = &session_list,
		.tag = "Sessions",
		.summary = "List the user's own sessions in the account",
		.doc = "Only those that are good. Not for API keys.",
		.errors = { ERR_FORBIDDEN },
	},
	{
		.id = "sessions.revoke",
		.method = HTTP_DELETE,
		.path = "/v1/sessions/{id}",
		.handle = users_session_revoke,
		.permission = PERMISSION_SELF,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 204,
		.in_size = sizeof(struct session_get_in),
		.path_params = &id_schema,
		.tag = "Sessions",
		.summary = "Log out, or end another session",
		.doc = "Ends at once. With users:write also the sessions of others in the account.",
	},
	{
		.id = "me.change_password",
		.method = HTTP_POST,
		.path = "/v1/me/password",
		.handle = users_password_change,
		.permission = PERMISSION_SELF,
		.class = CLASS_LOGIN,
		.access = ACCESS_WRITE,
		.status = 204,
		.in_size = sizeof(struct password_change_in),
		.body = &password_schema,
		.body_offset = offsetof(struct password_change_in, body),
		.tag = "Sessions",
		.summary = "Change the user's own password",
		.doc = "Ends all other sessions of the user, in every account. Not for API keys.",
		.errors = { ERR_FORBIDDEN },
	},
};
const size_t users_session_n_routes =
	sizeof(users_session_routes) / sizeof(users_session_routes[0]);
