/* SPDX-License-Identifier: Apache-2.0 */
/* remitctl schema check: every statement of this release against the database as it is. */
#include "app/ctl/ctl.h"

#include "app/cache/alarm.h"
#include "app/config/config.h"
#include "app/db/db.h"
#include "app/http/idempotency.h"
#include "app/queue/outbox.h"
#include "handlers/domains.h"

#include <stdio.h>

struct tally {
	struct db_admin *db;
	size_t good;
	size_t bad;
};

static void check_table(struct tally *t, const struct db_stmt *stmts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (db_admin_check(t->db, &stmts[i]) == ERR_OK) {
			t->good++;
			continue;
		}
		t->bad++;
		(void)printf("%s: %s\n", stmts[i].name, db_admin_message(t->db));
	}
}

static void check_all(struct tally *t)
{
	check_table(t, cache_alarm_stmts, cache_alarm_n_stmts);
	check_table(t, idempotency_stmts, idempotency_n_stmts);
	check_table(t, outbox_stmts, outbox_n_stmts);
	for (size_t i = 0; i < domains_n; i++)
		for (size_t j = 0; j < DOMAIN_TABLES_MAX && domains[i]->stores[j].rows != NULL; j++)
			check_table(t, domains[i]->stores[j].rows, *domains[i]->stores[j].n);
}

/* As the application's user, so that a missing right shows too. */
static enum ctl_exit schema_check(const struct ctl_args *args)
{
	struct str message = STR_NONE;
	struct config *config = NULL;
	struct config_fault fault;
	struct tally t = { .db = NULL };
	enum err e = config_load(args->config_file, &config, &fault);

	if (e != ERR_OK) {
		ctl_say("%s", fault.text);
		return ctl_exit_of(e);
	}
	e = db_admin_open(config, config->db_user, config->db_password, &t.db, &message);
	if (e == ERR_OK)
		check_all(&t);
	else
		ctl_say("cannot log in at %s as %s: " STR_FMT, config->db_primary, config->db_user,
			STR_ARG(message));
	db_admin_close(t.db);
	config_free(config);
	if (e != ERR_OK)
		return ctl_exit_of(e);
	(void)printf("%zu statements fit the schema, %zu do not\n", t.good, t.bad);
	return t.bad == 0 ? CTL_OK : CTL_DATA;
}

static const struct ctl_command commands[] = {
	{
		.words = "schema check",
		.summary = "Compares every statement with the database.",
		.details =
			"Prepares each statement of this release as the application's user and\n"
			"compares its parameters and columns with what the server says: whether\n"
			"the schema is the one this release was written for. Changes nothing;\n"
			"exits 65 when a statement does not fit.\n",
		.run = schema_check,
	},
};
const struct ctl_group ctl_schema_group = { commands, sizeof(commands) / sizeof(commands[0]) };
