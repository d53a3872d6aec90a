/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration, database, cache; one business call in one transaction. */
#include "app/ctl/session.h"

#include "app/base/arena.h"
#include "app/base/clock.h"
#include "app/cache/alarm.h"
#include "app/cache/cache.h"
#include "app/db/db.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum {
	ATTEMPTS = 3,
	JITTER_MIN_MS = 10,
	JITTER_MAX_MS = 200,
};

_Static_assert((int)CALL_TOUCHED_MAX <= (int)CACHE_REFS_MAX, "one invalidation tells all");

enum { STATEMENT_LIMIT_MS = 600000 };

struct session {
	struct config *config;
	struct arena *arena;
	struct db_pools *pools;
	struct cache *cache;
	struct cache_alarm *alarm;
	struct cache_client *client;
};

static void session_done(struct session *s)
{
	cache_client_free(s->client);
	cache_alarm_free(s->alarm);
	cache_free(s->cache);
	db_pools_free(s->pools);
	arena_free(s->arena);
	config_free(s->config);
}

static enum err session_init(struct session *s, const char *config_file)
{
	struct config_fault fault;
	enum err e;

	*s = (struct session){ .config = NULL };
	e = config_load(config_file, &s->config, &fault);
	if (e != ERR_OK) {
		ctl_say("%s", fault.text);
		return e;
	}
	/* what an operator asks for may look at all rows of an account */
	s->config->db_write_timeout_ms = STATEMENT_LIMIT_MS;
	s->arena = arena_new(LIMIT_ARENA);
	e = s->arena == NULL ? ERR_NO_MEMORY : auth_start(s->config);
	if (e == ERR_OK)
		e = db_pools_new(s->config, &s->pools);
	if (e == ERR_OK)
		e = cache_new(s->config, &s->cache);
	if (e == ERR_OK)
		e = cache_alarm_new(s->cache, s->pools, false, &s->alarm);
	if (e == ERR_OK)
		e = cache_client_new(s->cache, &s->client);
	if (e != ERR_OK)
		ctl_say("cannot start: %s", err_title(e));
	return e;
}

static void call_init(struct call *c, const struct session *s, struct id account)
{
	memset(c, 0, sizeof(*c));
	c->arena = s->arena;
	c->config = s->config;
	c->account = account;
	c->now = clock_now();
	c->if_match = -1;
	c->who = (struct principal){
		.kind = PRINCIPAL_OPERATOR,
		.account = account,
		.mask = permission_mask_of_role(ROLE_OWNER),
	};
}

static void invalidate(const struct session *s, const struct call *c, struct db_position committed)
{
	if (c->n_touched == 0 ||
	    cache_invalidate(s->client, c->touched, c->n_touched, committed) == ERR_OK)
		return;
	ctl_say("done, but the cache does not answer: workers may go on with the old state for up "
		"to %" PRId64 " s (cache_ttl_s and a tenth)",
		s->config->cache_ttl_s * 11 / 10);
}

/*
 * One attempt. *ret_committing: the failure was COMMIT's. The handle is closed by then, and what
 * was not committed is rolled back.
 */
static enum err attempt(const struct session *s, struct call *c, ctl_business fn, void *ctx,
			bool *ret_committing)
{
	struct db_position committed = { .seq = 0 };
	enum err e = db_open_write(s->pools, s->arena, &c->db);

	*ret_committing = false;
	if (e != ERR_OK)
		return e;
	e = fn(c, ctx);
	if (e == ERR_OK) {
		*ret_committing = true;
		e = db_commit(c->db, &committed);
	}
	db_close(c->db);
	c->db = NULL;
	if (e == ERR_OK)
		invalidate(s, c, committed);
	return e;
}

/* Errors after which nothing of the transaction is left and another run may succeed (data.md). */
static bool may_repeat(enum err e, bool committing)
{
	switch ((int)e) {
	case ERR_DB_DEADLOCK:
	case ERR_DB_LOCK_WAIT:
	case ERR_DB_READ_ONLY:
		return true;
	case ERR_DB_LOST:
		/* Lost in COMMIT it may have happened, and a second run would do it twice. */
		return !committing;
	default:
		return false;
	}
}

static void pause_randomly(void)
{
	struct timespec t = { .tv_sec = 0 };
	uint16_t random;

	auth_random(&random, sizeof(random));
	t.tv_nsec = (JITTER_MIN_MS + random % (JITTER_MAX_MS - JITTER_MIN_MS)) * 1000000L;
	nanosleep(&t, NULL);
}

static void say_failure(const struct call *c, enum err e, bool committing)
{
	if (e == ERR_DB_LOST && committing)
		ctl_say("the connection was lost while committing: look whether it was done "
			"before you run it again");
	else if (e == ERR_DB_CONNECT)
		ctl_say("the database does not answer: check db_primary, db_user and db_password "
			"(`remitctl config show`) and that the server runs");
	else if (e == ERR_DB_STATEMENT)
		ctl_say("the database refused a statement: is the schema current "
			"(`remitctl migrate status`)?");
	else if (e == ERR_INVALID_PARAMETER || e == ERR_VALIDATION)
		ctl_say("the input is not valid%s%s", c->detail != NULL ? ": " : "",
			c->detail != NULL ? c->detail : "");
	else
		ctl_say("%s%s%s", err_title(e), c->detail != NULL ? ": " : "",
			c->detail != NULL ? c->detail : "");
	for (size_t i = 0; i < c->n_faults; i++)
		ctl_say("  " STR_FMT ": %s", STR_ARG(c->faults[i].pointer), c->faults[i].detail);
}

enum ctl_exit ctl_session_run(const char *config_file, struct id account, ctl_business fn,
			      void *ctx)
{
	struct session s;
	struct call c;
	bool committing = false;
	enum err e = session_init(&s, config_file);
	enum ctl_exit code;

	if (e != ERR_OK)
		goto out;
	for (int i = 1; i <= ATTEMPTS; i++) {
		arena_reset(s.arena);
		call_init(&c, &s, account);
		e = attempt(&s, &c, fn, ctx, &committing);
		if (!may_repeat(e, committing) || i == ATTEMPTS)
			break;
		pause_randomly();
	}
	if (e != ERR_OK)
		say_failure(&c, e, committing);
out:
	code = ctl_exit_of(e);
	session_done(&s);
	return code;
}
