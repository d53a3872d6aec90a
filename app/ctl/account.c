/* SPDX-License-Identifier: Apache-2.0 */
/* remitctl account, user, key: what has to exist before anybody can log in. */
#include "app/ctl/ctl.h"

#include "app/base/clock.h"
#include "app/ctl/session.h"
#include "app/http/field.h"
#include "handlers/users/users.h"

#include <stdio.h>
#include <string.h>

enum { PASSWORD_ROOM = 1026, EXPIRES_DAYS_MAX = 3650 };

#define DAY_USEC INT64_C(86400000000)

/* Parses the TypeID of an option or operand; says what is wrong with it. */
static enum ctl_exit id_take(const char *text, const char *prefix, const char *name,
			     struct id *ret_id)
{
	if (id_parse(str_from(text), prefix, ret_id) == ERR_OK)
		return CTL_OK;
	ctl_say("%s is not an id of the form %s_...: \"%s\"", name, prefix, text);
	return CTL_USAGE;
}

static void id_print(const char *prefix, struct id id)
{
	char text[ID_TEXT_LEN];

	id_text(id, text);
	(void)printf("%s_%.*s\n", prefix, ID_TEXT_LEN, text);
}

/* Texts of options have the rules of the API: they are decoded by the same field tables. */
static enum err decode(struct call *c, const struct schema *s, const struct param *params,
		       void *ret_struct)
{
	schema_defaults(s, ret_struct);
	return schema_decode_params(c, s, params, s->n_fields, ret_struct);
}

/* account create ------------------------------------------------------------------------------ */

enum { ACCOUNT_NAME, ACCOUNT_CURRENCY };
static const struct ctl_option account_options[] = {
	[ACCOUNT_NAME] = { "name", "NAME", "the name of the company", 1 },
	[ACCOUNT_CURRENCY] = { "currency", "CODE", "its currency, such as EUR", 1 },
};

struct account_texts {
	struct str name;
	struct str currency;
};
static const struct field account_fields[] = {
	{ FIELD_OF(struct account_texts, name, FIELD_STR), .flags = FIELD_REQUIRED, .min = 1 },
	{ FIELD_OF(struct account_texts, currency, FIELD_CURRENCY), .flags = FIELD_REQUIRED },
};
static const struct schema account_schema = {
	.name = "Account",
	SCHEMA_FIELDS(account_fields, struct account_texts),
};

struct account_work {
	struct param texts[2];
	struct id id;
};

static enum err account_work(struct call *c, void *ctx)
{
	struct account_work *w = ctx;
	struct account_texts t;
	enum err e = decode(c, &account_schema, w->texts, &t);

	if (e != ERR_OK)
		return e;
	return users_account_create(c, t.name, t.currency, &w->id);
}

static enum ctl_exit account_create(const struct ctl_args *args)
{
	struct account_work w = {
		.texts = { { STR("name"), str_from(args->values[ACCOUNT_NAME]) },
			   { STR("currency"), str_from(args->values[ACCOUNT_CURRENCY]) } },
	};
	enum ctl_exit code = ctl_session_run(args->config_file, ID_NONE, account_work, &w);

	if (code == CTL_OK)
		id_print("acc", w.id);
	return code;
}

/* user create --------------------------------------------------------------------------------- */

enum { USER_ACCOUNT, USER_EMAIL, USER_ROLE, USER_PASSWORD_STDIN, USER_NAME };
static const struct ctl_option user_options[] = {
	[USER_ACCOUNT] = { "account", "ID", "the account, acc_...", 1 },
	[USER_EMAIL] = { "email", "ADDRESS", "the log-in name", 1 },
	[USER_ROLE] = { "role", "ROLE", "owner, admin, accountant, sales or viewer", 1 },
	[USER_PASSWORD_STDIN] = { "password-stdin", NULL, "read the password, one line", 1 },
	[USER_NAME] = { "name", "NAME", "the person's name; default: the address", 0 },
};

struct user_texts {
	struct str email;
	struct str name;
};
static const struct field user_fields[] = {
	{ FIELD_OF(struct user_texts, email, FIELD_EMAIL), .flags = FIELD_REQUIRED },
	{ FIELD_OF(struct user_texts, name, FIELD_STR), .flags = FIELD_REQUIRED, .min = 1 },
};
static const struct schema user_schema = {
	.name = "User",
	SCHEMA_FIELDS(user_fields, struct user_texts),
};

struct user_work {
	struct param texts[2];
	struct str password;
	enum role role;
	struct id id;
};

static enum err user_work(struct call *c, void *ctx)
{
	struct user_work *w = ctx;
	struct user_texts t;
	enum err e = decode(c, &user_schema, w->texts, &t);

	if (e != ERR_OK)
		return e;
	return users_user_create(c, t.email, t.name, w->password, w->role, &w->id);
}

static enum ctl_exit role_take(const char *text, enum role *ret_role)
{
	for (enum role r = 0; r < ROLE_MAX; r++) {
		if (strcmp(text, role_names[r]) == 0) {
			*ret_role = r;
			return CTL_OK;
		}
	}
	ctl_say("\"%s\" is no role: owner, admin, accountant, sales or viewer", text);
	return CTL_USAGE;
}

/* The first line of standard input, without its end. */
static enum ctl_exit password_read(char room[PASSWORD_ROOM])
{
	size_t n;

	if (fgets(room, PASSWORD_ROOM, stdin) == NULL) {
		ctl_say("there is no password on standard input");
		return CTL_USAGE;
	}
	n = strcspn(room, "\r\n");
	if (n == PASSWORD_ROOM - 1) {
		ctl_say("the password is longer than %d bytes", PASSWORD_ROOM - 2);
		return CTL_DATA;
	}
	room[n] = '\0';
	return CTL_OK;
}

static enum ctl_exit user_create(const struct ctl_args *args)
{
	const char *email = args->values[USER_EMAIL];
	const char *name = args->values[USER_NAME];
	struct user_work w = {
		.texts = { { STR("email"), str_from(email) },
			   { STR("name"), str_from(name != NULL ? name : email) } },
	};
	char password[PASSWORD_ROOM] = "";
	struct id account = ID_NONE;
	enum ctl_exit code = id_take(args->values[USER_ACCOUNT], "acc", "--account", &account);

	if (code == CTL_OK)
		code = role_take(args->values[USER_ROLE], &w.role);
	if (code == CTL_OK)
		code = password_read(password);
	if (code == CTL_OK) {
		w.password = str_from(password);
		code = ctl_session_run(args->config_file, account, user_work, &w);
	}
	explicit_bzero(password, sizeof(password));
	if (code == CTL_OK)
		id_print("usr", w.id);
	return code;
}

/* key create ---------------------------------------------------------------------------------- */

enum { KEY_ACCOUNT, KEY_NAME, KEY_ROLE, KEY_SCOPES, KEY_EXPIRES_DAYS };
static const struct ctl_option key_options[] = {
	[KEY_ACCOUNT] = { "account", "ID", "the account, acc_...", 1 },
	[KEY_NAME] = { "name", "NAME", "what the key is for", 1 },
	[KEY_ROLE] = { "role", "ROLE", "may what this role may; default: admin", 0 },
	[KEY_SCOPES] = { "scopes", "LIST", "may exactly this: orders:read,orders:write", 0 },
	[KEY_EXPIRES_DAYS] = { "expires-days", "DAYS", "default: it does not expire", 0 },
};

struct key_texts {
	struct str name;
};
static const struct field key_fields[] = {
	{ FIELD_OF(struct key_texts, name, FIELD_STR), .flags = FIELD_REQUIRED, .min = 1 },
};
static const struct schema key_schema = {
	.name = "Key",
	SCHEMA_FIELDS(key_fields, struct key_texts),
};

struct key_work {
	struct param texts[1];
	permission_mask mask;
	int64_t expires_at;
	struct token token;
};

static enum err key_work(struct call *c, void *ctx)
{
	struct key_work *w = ctx;
	struct key_texts t;
	enum err e = decode(c, &key_schema, w->texts, &t);

	if (e != ERR_OK)
		return e;
	return users_key_create(c, t.name, w->mask, w->expires_at, &w->token);
}

static enum ctl_exit scopes_take(const char *text, permission_mask *ret_mask)
{
	struct str rest = str_from(text);
	permission_mask mask = 0;

	while (rest.p != NULL) {
		struct str scope = str_trim(str_cut(&rest, ','));
		permission_mask bit;

		if (permission_parse(scope, &bit) != ERR_OK) {
			ctl_say("\"" STR_FMT "\" is no scope such as orders:read (remitctl(1) "
				"has them all)",
				STR_ARG(scope));
			return CTL_USAGE;
		}
		mask |= bit;
	}
	*ret_mask = mask;
	return CTL_OK;
}

static enum ctl_exit mask_take(const struct ctl_args *args, permission_mask *ret_mask)
{
	const char *role_name = args->values[KEY_ROLE];
	enum role role = ROLE_ADMIN;
	enum ctl_exit code = CTL_OK;

	if (role_name != NULL && args->values[KEY_SCOPES] != NULL) {
		ctl_say("give --role or --scopes, not both");
		return CTL_USAGE;
	}
	if (args->values[KEY_SCOPES] != NULL)
		return scopes_take(args->values[KEY_SCOPES], ret_mask);
	if (role_name != NULL)
		code = role_take(role_name, &role);
	if (code == CTL_OK)
		*ret_mask = permission_mask_of_role(role);
	return code;
}

static enum ctl_exit expiry_take(const char *text, int64_t *ret_time)
{
	int64_t days = 0;

	if (text == NULL)
		return CTL_OK;
	if (str_to_i64(str_from(text), 1, EXPIRES_DAYS_MAX, &days) != ERR_OK) {
		ctl_say("--expires-days is a number from 1 to %d", EXPIRES_DAYS_MAX);
		return CTL_USAGE;
	}
	*ret_time = clock_now() + days * DAY_USEC;
	return CTL_OK;
}

static enum ctl_exit token_print(const struct token *t)
{
	struct arena *a = arena_new(4096);
	struct str text = STR_NONE;
	enum err e = ERR_NO_MEMORY;
	struct buf b;

	if (a != NULL) {
		buf_init(&b, a, 0, 1024);
		token_put(&b, t);
		e = buf_finish(&b, &text);
	}
	if (e == ERR_OK)
		(void)printf(STR_FMT "\n", STR_ARG(text));
	arena_free(a);
	return ctl_exit_of(e);
}

static enum ctl_exit key_create(const struct ctl_args *args)
{
	struct key_work w = {
		.texts = { { STR("name"), str_from(args->values[KEY_NAME]) } },
		.expires_at = TIME_NONE,
	};
	struct id account = ID_NONE;
	enum ctl_exit code = id_take(args->values[KEY_ACCOUNT], "acc", "--account", &account);

	if (code == CTL_OK)
		code = mask_take(args, &w.mask);
	if (code == CTL_OK)
		code = expiry_take(args->values[KEY_EXPIRES_DAYS], &w.expires_at);
	if (code == CTL_OK)
		code = ctl_session_run(args->config_file, account, key_work, &w);
	if (code == CTL_OK) {
		ctl_say("the key follows; it is shown this once");
		code = token_print(&w.token);
	}
	explicit_bzero(&w.token, sizeof(w.token));
	return code;
}

/* key revoke ---------------------------------------------------------------------------------- */

static const struct ctl_option revoke_options[] = {
	[KEY_ACCOUNT] = { "account", "ID", "the account, acc_...", 1 },
};

static enum err revoke_work(struct call *c, void *ctx)
{
	const struct id *key = ctx;

	return users_key_revoke(c, *key);
}

static enum ctl_exit key_revoke(const struct ctl_args *args)
{
	struct id account = ID_NONE;
	struct id key = ID_NONE;
	enum ctl_exit code = id_take(args->values[KEY_ACCOUNT], "acc", "--account", &account);

	if (code == CTL_OK)
		code = id_take(args->operand, "key", "KEY_ID", &key);
	if (code == CTL_OK)
		code = ctl_session_run(args->config_file, account, revoke_work, &key);
	if (code == CTL_OK)
		id_print("key", key);
	return code;
}

#define OPTIONS(array) .options = (array), .n_options = sizeof(array) / sizeof((array)[0])

static const struct ctl_command commands[] = {
	{
		.words = "account create",
		.summary = "Makes an account and prints its id.",
		OPTIONS(account_options),
		.run = account_create,
	},
	{
		.words = "user create",
		.summary = "Gives a person access to an account and prints the user's id.",
		.details = "Makes the user where the address is new; a user who exists keeps name "
			   "and password.",
		OPTIONS(user_options),
		.run = user_create,
	},
	{
		.words = "key create",
		.summary = "Makes an API key and prints it: the only time it can be seen.",
		OPTIONS(key_options),
		.run = key_create,
	},
	{
		.words = "key revoke",
		.operand = "KEY_ID",
		.summary = "Ends an API key at once and prints its id.",
		OPTIONS(revoke_options),
		.run = key_revoke,
	},
};

const struct ctl_group ctl_account_group = {
	.commands = commands,
	.n = sizeof(commands) / sizeof(commands[0]),
};
