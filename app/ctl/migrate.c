/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remitctl migrate: runs the statements of schema_dir/NNNN_name.sql one by one and notes each, so
 * that after a crash the next run goes on with the one that was not noted. That one may have been
 * done: every statement can be run twice (schema/README.md).
 */
#include "app/ctl/ctl.h"

#include "app/base/arena.h"
#include "app/base/buf.h"
#include "app/config/config.h"
#include "app/ctl/migrate_files.h"
#include "app/ctl/migrate_lease.h"
#include "app/ctl/migrate_store.h"
#include "app/db/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	ARENA_BYTES = 64 << 20,
	LEASE_WAIT_S = 60,
	GRANTEES_MAX = 8,
	GRANTEE_BYTES_MAX = 256,
};

enum { UP_GRANTEE };
static const struct ctl_option up_options[] = {
	[UP_GRANTEE] = { "grantee", "USER@HOST,...", "who gets the rights of the application", 0 },
};

struct work {
	struct config *config;
	struct arena *arena;
	struct db_admin *db;
	struct migration *migrations;
	struct migrate_record *records; /* of each migration */
	size_t n;
};

static void work_done(struct work *w)
{
	db_admin_close(w->db);
	arena_free(w->arena);
	config_free(w->config);
}

static enum err work_init(struct work *w, const struct ctl_args *args)
{
	struct config_fault fault;
	struct str message = STR_NONE;
	enum err e;

	*w = (struct work){ .config = NULL };
	e = config_load(args->config_file, &w->config, &fault);
	if (e != ERR_OK) {
		ctl_say("%s", fault.text);
		return e;
	}
	w->arena = arena_new(ARENA_BYTES);
	if (w->arena == NULL)
		return ERR_NO_MEMORY;
	e = migrate_files_read(w->arena, w->config->schema_dir, &w->migrations, &w->n);
	if (e != ERR_OK)
		return e;
	w->records = arena_array(w->arena, w->n, sizeof(*w->records));
	if (w->records == NULL)
		return ERR_NO_MEMORY;
	e = db_admin_open(w->config, w->config->db_migrate_user, w->config->db_migrate_password,
			  &w->db, &message);
	if (e != ERR_OK)
		ctl_say("cannot log in at %s as %s: " STR_FMT
			" (db_primary, db_migrate_user, db_migrate_password, db_name)",
			w->config->db_primary, w->config->db_migrate_user, STR_ARG(message));
	return e;
}

/* Whether what the database has done of a migration is what the file says. */
static enum err record_check(const struct work *w, size_t i)
{
	const struct migration *m = &w->migrations[i];
	const struct migrate_record *r = &w->records[i];
	struct str checksum = STR_NONE;
	enum err e;

	if (r->done == 0)
		return ERR_OK;
	if ((size_t)r->done > m->script.n || (r->applied && (size_t)r->done != m->script.n)) {
		ctl_say("%s: has %zu statements, but %" PRId64 " are applied: an applied migration "
			"must not change; restore the file and write a new migration",
			m->path, m->script.n, r->done);
		return ERR_VALIDATION;
	}
	e = migrate_checksum(w->arena, m, (size_t)r->done, &checksum);
	if (e == ERR_OK && !str_eq(checksum, r->checksum)) {
		ctl_say("%s: has changed since its statements were applied: restore the file and "
			"write a new migration",
			m->path);
		e = ERR_VALIDATION;
	}
	return e;
}

/* A migration that comes after one of a higher version was applied would run in another order. */
static enum err order_check(const struct work *w)
{
	const struct migration *missing = NULL;

	for (size_t i = 0; i < w->n; i++) {
		if (!w->records[i].applied && missing == NULL)
			missing = &w->migrations[i];
		if (w->records[i].found && missing != NULL && missing != &w->migrations[i]) {
			ctl_say("%s: is not applied, but %s is: give it a higher version",
				missing->path, w->migrations[i].path);
			return ERR_VALIDATION;
		}
	}
	return ERR_OK;
}

/* Reads what is applied, and compares it with the files. */
static enum err records_read(struct work *w)
{
	bool exists = false;
	int64_t last = 0;
	enum err e = migrate_store_exists(w->db, w->arena, &exists);

	for (size_t i = 0; e == ERR_OK && exists && i < w->n; i++)
		e = migrate_store_read(w->db, w->arena, w->migrations[i].version, &w->records[i]);
	if (e == ERR_OK && exists)
		e = migrate_store_last(w->db, w->arena, &last);
	if (e != ERR_OK) {
		ctl_say("cannot read what is applied: %s", db_admin_message(w->db));
		return e;
	}
	if (last > w->migrations[w->n - 1].version)
		ctl_say("note: the database is at version %" PRId64
			", made by a newer remit; the newest file here is %s",
			last, w->migrations[w->n - 1].path);
	for (size_t i = 0; e == ERR_OK && i < w->n; i++)
		e = record_check(w, i);
	return e == ERR_OK ? order_check(w) : e;
}

/* The class of a failed statement: the connection's troubles stay, the rest is the file's fault. */
static enum err statement_failed(const struct work *w, const char *path, int line, size_t number,
				 enum err e)
{
	ctl_say("%s:%d: statement %zu: %s", path, line, number, db_admin_message(w->db));
	ctl_say("nothing is lost: remove the cause and run `remitctl migrate` again; it goes on "
		"with this statement");
	return e == ERR_DB_STATEMENT || e == ERR_DB_DUPLICATE || e == ERR_DB_CHECK ? ERR_VALIDATION
										   : e;
}

/* Notes how many statements are done. */
static enum err note_done(struct work *w, const struct migration *m, size_t done)
{
	struct str checksum = STR_NONE;
	enum err e = migrate_checksum(w->arena, m, done, &checksum);

	if (e != ERR_OK)
		return e;
	e = migrate_store_step(w->db, w->arena, m->version, (int64_t)done, checksum,
			       done == m->script.n);
	if (e != ERR_OK)
		ctl_say("cannot note what is applied: %s", db_admin_message(w->db));
	return e;
}

static enum err statement_run(struct work *w, size_t i, size_t k, const struct migrate_lease *lease)
{
	const struct migration *m = &w->migrations[i];
	const struct sql_statement *s = &m->script.statements[k];
	enum err e;

	if (!migrate_lease_held(lease)) {
		ctl_say("another took over after the database was away: run this again to see");
		return ERR_CONFLICT;
	}
	e = db_admin_exec(w->db, s->text);
	if (e != ERR_OK)
		return statement_failed(w, m->path, s->line, k + 1, e);
	return note_done(w, m, k + 1);
}

static enum err migration_run(struct work *w, size_t i, const struct migrate_lease *lease)
{
	const struct migration *m = &w->migrations[i];
	const size_t from = (size_t)w->records[i].done;
	enum err e = ERR_OK;

	ctl_say(STR_FMT ": %zu statements%s", STR_ARG(m->name), m->script.n - from,
		from > 0 ? " more" : "");
	if (!w->records[i].found) {
		e = migrate_store_begin(w->db, w->arena, m->version, m->name);
		if (e != ERR_OK)
			ctl_say("cannot note what is applied: %s", db_admin_message(w->db));
	}
	for (size_t k = from; k < m->script.n && e == ERR_OK; k++) {
		struct arena_mark mark = arena_mark(w->arena);

		e = statement_run(w, i, k, lease);
		arena_rewind(w->arena, mark);
	}
	/* The statement that failed may have been taken out of the file: all the others are done.
	 */
	if (e == ERR_OK && from == m->script.n)
		e = note_done(w, m, from);
	return e;
}

/* Appends 'user'@'host'; false when it is not of the form user@host. */
static bool put_grantee(struct buf *b, struct str grantee)
{
	struct str host = grantee;
	struct str user = str_cut(&host, '@');

	if (user.n == 0 || host.p == NULL || host.n == 0 || memchr(host.p, '@', host.n) != NULL)
		return false;
	for (size_t i = 0; i < grantee.n; i++)
		if (strchr("'\"`\\", grantee.p[i]) != NULL)
			return false;
	buf_char(b, '\'');
	buf_str(b, user);
	buf_lit(b, "'@'");
	buf_str(b, host);
	buf_char(b, '\'');
	return true;
}

/* The statement with each {user} replaced. */
static enum err grant_make(struct arena *a, struct str text, struct str user, struct str *ret_sql)
{
	const struct str mark = STR("{user}");
	struct buf b;

	buf_init(&b, a, 0, text.n + (text.n / mark.n + 1) * user.n);
	while (text.n > 0) {
		if (str_starts(text, mark)) {
			buf_str(&b, user);
			text.p += mark.n;
			text.n -= mark.n;
			continue;
		}
		buf_char(&b, *text.p);
		text.p++;
		text.n--;
	}
	return buf_finish(&b, ret_sql);
}

static enum err grants_run(struct work *w, const char *path, const struct sql_script *script,
			   struct str user)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < script->n && e == ERR_OK; i++) {
		struct str sql = STR_NONE;

		e = grant_make(w->arena, script->statements[i].text, user, &sql);
		if (e != ERR_OK)
			return e;
		e = db_admin_exec(w->db, sql);
		if (e != ERR_OK)
			e = statement_failed(w, path, script->statements[i].line, i + 1, e);
	}
	if (e != ERR_OK)
		ctl_say("the rights were to go to " STR_FMT
			": does this user exist? --grantee USER@HOST names another",
			STR_ARG(user));
	return e;
}

/* Who gets the rights: as told, else db_user on the host from which it reaches db_primary. */
static enum err grantees(struct work *w, const char *told, struct str ret_users[GRANTEES_MAX],
			 size_t *ret_n)
{
	const bool local = strncmp(w->config->db_primary, "unix:", 5) == 0 ||
			   strncmp(w->config->db_primary, "localhost:", 10) == 0;
	struct str rest = STR_NONE;
	struct buf b;
	size_t n = 0;
	enum err e;

	buf_init(&b, w->arena, 0, GRANTEE_BYTES_MAX);
	buf_z(&b, w->config->db_user);
	buf_z(&b, local ? "@localhost" : "@%");
	e = buf_finish(&b, &rest);
	if (told != NULL)
		rest = str_from(told);
	while (e == ERR_OK && rest.p != NULL) {
		struct str one = str_trim(str_cut(&rest, ','));

		buf_init(&b, w->arena, 0, GRANTEE_BYTES_MAX);
		if (n == GRANTEES_MAX || !put_grantee(&b, one)) {
			ctl_say("--grantee is a list of at most %d USER@HOST", GRANTEES_MAX);
			return ERR_VALIDATION;
		}
		e = buf_finish(&b, &ret_users[n++]);
	}
	*ret_n = n;
	return e;
}

static enum err grants_apply(struct work *w, const char *told)
{
	struct str users[GRANTEES_MAX];
	struct sql_script script;
	size_t n = 0;
	char path[512];
	enum err e = grantees(w, told, users, &n);

	if (e != ERR_OK)
		return e;
	(void)snprintf(path, sizeof(path), "%s/grants.sql", w->config->schema_dir);
	e = migrate_file_split(w->arena, path, &script);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = grants_run(w, path, &script, users[i]);
	return e;
}

/* With the lease held: what another did while we waited is seen now. */
static enum err run_pending(struct work *w, const struct migrate_lease *lease)
{
	size_t ran = 0;
	enum err e = records_read(w);

	for (size_t i = 0; i < w->n && e == ERR_OK; i++) {
		if (w->records[i].applied)
			continue;
		e = migration_run(w, i, lease);
		ran++;
	}
	if (e == ERR_OK && ran == 0)
		ctl_say("the schema is current");
	return e;
}

static enum ctl_exit up(const struct ctl_args *args)
{
	struct migrate_lease *lease = NULL;
	struct work w;
	enum err e = work_init(&w, args);
	enum ctl_exit code;

	if (e != ERR_OK)
		goto out;
	e = migrate_store_prepare(w.db, w.arena);
	if (e != ERR_OK) {
		ctl_say("cannot prepare schema_migrations: %s", db_admin_message(w.db));
		goto out;
	}
	e = migrate_lease_take(w.config, LEASE_WAIT_S, &lease);
	if (e == ERR_OK)
		e = run_pending(&w, lease);
	if (e == ERR_OK)
		e = grants_apply(&w, args->values[UP_GRANTEE]);
	migrate_lease_release(lease);
out:
	code = ctl_exit_of(e);
	work_done(&w);
	return code;
}

/* Prints a line for each migration: all of them, or what is to be done. */
static enum ctl_exit list(const struct ctl_args *args, bool pending_only)
{
	struct work w;
	enum err e = work_init(&w, args);
	enum ctl_exit code;

	if (e == ERR_OK)
		e = records_read(&w);
	for (size_t i = 0; e == ERR_OK && i < w.n; i++) {
		const struct migration *m = &w.migrations[i];
		const struct migrate_record *r = &w.records[i];

		if (pending_only && r->applied)
			continue;
		(void)printf(STR_FMT " %s %" PRId64 "/%zu\n", STR_ARG(m->name),
			     r->applied	   ? "applied"
			     : r->done > 0 ? "partly"
					   : "pending",
			     r->done, m->script.n);
	}
	code = ctl_exit_of(e);
	work_done(&w);
	return code;
}

static enum ctl_exit status(const struct ctl_args *args)
{
	return list(args, false);
}

static enum ctl_exit plan(const struct ctl_args *args)
{
	return list(args, true);
}

#define UP_DETAILS                                                                                 \
	"Waits while another one migrates. After a crash or a failed statement run it again: it\n" \
	"goes on where it stopped. At the end the application's rights are granted (grants.sql)\n" \
	"to db_user, at localhost for a unix socket, else at any host (%)."

static const struct ctl_command commands[] = {
	{
		.words = "migrate",
		.summary = "Brings the schema up to date; the same as `migrate up`.",
		.details = UP_DETAILS,
		.options = up_options,
		.n_options = sizeof(up_options) / sizeof(up_options[0]),
		.run = up,
	},
	{
		.words = "migrate up",
		.summary = "Brings the schema up to date.",
		.details = UP_DETAILS,
		.options = up_options,
		.n_options = sizeof(up_options) / sizeof(up_options[0]),
		.run = up,
	},
	{
		.words = "migrate status",
		.summary = "Lists the migrations: applied, partly or pending, statements done.",
		.run = status,
	},
	{
		.words = "migrate plan",
		.summary = "Lists what `migrate up` would run.",
		.run = plan,
	},
};

const struct ctl_group ctl_migrate_group = {
	.commands = commands,
	.n = sizeof(commands) / sizeof(commands[0]),
};
