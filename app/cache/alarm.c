/* SPDX-License-Identifier: Apache-2.0 */
/* Generations of cache servers in the database: raised by whoever failed, watched by everybody. */
#include "app/cache/alarm.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/check.h"
#include "app/base/clock.h"
#include "app/observe/log.h"

enum {
	LOOK_S = 1,
	ARENA_BYTES = 64 << 10,
	ROWS_MAX = 64,
	RECENT_S = 2 * 86400, /* longer than any value lives, whatever the clocks say */
};

struct generation {
	struct str server;
	int64_t generation;
	int64_t raised_at;
};

static const struct db_col generation_cols[] = {
	DB_COL(struct generation, server, DB_STR),
	DB_COL(struct generation, generation, DB_I64),
	DB_COL(struct generation, raised_at, DB_TIME),
};

enum { SQL_LOOK, SQL_RAISE, SQL_ADD };

/* Of the cluster, not of an account. */
const struct db_stmt cache_alarm_stmts[] = {
	/*
	 * Declared a write, so that it is read from the primary: a late replica would hide it.
	 * Servers of former configurations stay in the table; the latest are those that count.
	 */
	[SQL_LOOK] = {
		.name = "cache_generations.look",
		.sql = "SELECT server, generation, raised_at FROM cache_generations"
		       " ORDER BY raised_at DESC LIMIT 64",
		.params = "",
		DB_COLS(generation_cols, struct generation),
		.access = DB_WRITE,
	},
	[SQL_RAISE] = {
		.name = "cache_generations.raise",
		.sql = "UPDATE cache_generations SET generation = generation + 1, raised_at = ?"
		       " WHERE server = ?",
		.params = "ts",
		.access = DB_WRITE,
	},
	[SQL_ADD] = {
		.name = "cache_generations.add",
		.sql = "INSERT IGNORE INTO cache_generations (server, generation, raised_at)"
		       " VALUES (?, 1, ?)",
		.params = "st",
		.access = DB_WRITE,
	},
};
const size_t cache_alarm_n_stmts = sizeof(cache_alarm_stmts) / sizeof(cache_alarm_stmts[0]);

struct cache_alarm {
	struct cache *cache;
	struct db_pools *pools;
	int64_t known[CONFIG_LIST_MAX];		 /* generations; the watcher's alone */
	_Atomic int64_t raised[CONFIG_LIST_MAX]; /* monotonic time of our last raise */
	atomic_bool pending[CONFIG_LIST_MAX];	 /* another failure since: raise again */
	bool looked;				 /* at least once */
	bool watching;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
};

static enum err raise_server(struct cache_alarm *alarm, size_t server)
{
	const char *name = cache_server_name(alarm->cache, server);
	struct arena *arena = arena_new(ARENA_BYTES);
	struct db *db = NULL;
	const int64_t now = clock_now();
	struct db_position position;
	uint64_t raised = 0;
	enum err e = arena != NULL ? db_open_write(alarm->pools, arena, &db) : ERR_NO_MEMORY;

	if (e == ERR_OK)
		e = db_exec(db, &cache_alarm_stmts[SQL_RAISE],
			    DB_ARGS(db_time(now), db_str(str_from(name))), &raised);
	if (e == ERR_OK && raised == 0)
		e = db_exec(db, &cache_alarm_stmts[SQL_ADD],
			    DB_ARGS(db_str(str_from(name)), db_time(now)), NULL);
	if (e == ERR_OK)
		e = db_commit(db, &position);
	db_close(db);
	arena_free(arena);
	if (e != ERR_OK)
		log_line(LOG_ERROR,
			 "other workers could not be told of a cache that missed a change",
			 LOG_Z("server", name), LOG_Z("error", err_name(e)));
	return e;
}

/*
 * A cache that is away fails at every write: one raise a second is enough, if the last failure is
 * followed by one. The watcher does that one.
 */
static void failed(void *ctx, size_t server)
{
	struct cache_alarm *alarm = ctx;
	const int64_t now = clock_monotonic();
	int64_t before = atomic_load(&alarm->raised[server]);
	const bool recent = before != 0 && now - before < LOOK_S * INT64_C(1000000);

	if (recent && alarm->watching) {
		atomic_store(&alarm->pending[server], true);
		return;
	}
	atomic_store(&alarm->raised[server], now);
	if (raise_server(alarm, server) != ERR_OK)
		atomic_store(&alarm->pending[server], true);
}

static void raise_pending(struct cache_alarm *alarm)
{
	for (size_t i = 0; cache_server_name(alarm->cache, i) != NULL; i++)
		if (atomic_exchange(&alarm->pending[i], false) && raise_server(alarm, i) != ERR_OK)
			atomic_store(&alarm->pending[i], true);
}

/*
 * The position is asked for after the generation was seen: it covers the commit that was not told,
 * so that nothing older comes from a replica that lags either.
 */
static enum err take(struct cache_alarm *alarm, struct db *db, const struct generation *row)
{
	const int64_t recent = clock_now() - RECENT_S * INT64_C(1000000);

	for (size_t i = 0; cache_server_name(alarm->cache, i) != NULL; i++) {
		struct db_position position;
		enum err e;

		if (!str_eq_z(row->server, cache_server_name(alarm->cache, i)) ||
		    row->generation == alarm->known[i])
			continue;
		if (alarm->looked || row->raised_at > recent) {
			e = db_position_now(db, &position);
			if (e != ERR_OK)
				return e;
			cache_distrust(alarm->cache, i, &position);
		}
		alarm->known[i] = row->generation;
	}
	return ERR_OK;
}

static void look(struct cache_alarm *alarm)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct db *db = NULL;
	struct generation *rows;
	size_t n;
	enum err e = arena != NULL ? db_open_write(alarm->pools, arena, &db) : ERR_NO_MEMORY;

	if (e == ERR_OK)
		e = db_rows(db, &cache_alarm_stmts[SQL_LOOK], NULL, 0, ROWS_MAX, &rows, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		e = take(alarm, db, &rows[i]);
	alarm->looked = alarm->looked || e == ERR_OK;
	db_close(db);
	arena_free(arena);
}

static bool wait_second(struct cache_alarm *alarm)
{
	struct timespec until;
	int rc = 0;
	bool stopping;

	CHECK(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
	until.tv_sec += LOOK_S;
	pthread_mutex_lock(&alarm->lock);
	while (!alarm->stopping && rc == 0)
		rc = pthread_cond_timedwait(&alarm->wake, &alarm->lock, &until);
	stopping = alarm->stopping;
	pthread_mutex_unlock(&alarm->lock);
	return !stopping;
}

static void *watcher(void *arg)
{
	struct cache_alarm *alarm = arg;

	while (wait_second(alarm)) {
		raise_pending(alarm);
		look(alarm);
	}
	raise_pending(alarm);
	return NULL;
}

enum err cache_alarm_new(struct cache *c, struct db_pools *pools, bool watch,
			 struct cache_alarm **ret_alarm)
{
	struct cache_alarm *alarm = calloc(1, sizeof(*alarm));
	pthread_condattr_t monotonic;

	if (alarm == NULL)
		return ERR_NO_MEMORY;
	alarm->cache = c;
	alarm->pools = pools;
	pthread_mutex_init(&alarm->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&alarm->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (watch && cache_server_name(c, 0) != NULL) {
		look(alarm);
		alarm->watching = pthread_create(&alarm->thread, NULL, watcher, alarm) == 0;
		if (!alarm->watching) {
			cache_alarm_free(alarm);
			return ERR_NO_MEMORY;
		}
	}
	cache_on_failure(c, failed, alarm);
	*ret_alarm = alarm;
	return ERR_OK;
}

void cache_alarm_free(struct cache_alarm *alarm)
{
	if (alarm == NULL)
		return;
	cache_on_failure(alarm->cache, NULL, NULL);
	if (alarm->watching) {
		pthread_mutex_lock(&alarm->lock);
		alarm->stopping = true;
		pthread_cond_signal(&alarm->wake);
		pthread_mutex_unlock(&alarm->lock);
		pthread_join(alarm->thread, NULL);
	}
	pthread_cond_destroy(&alarm->wake);
	pthread_mutex_destroy(&alarm->lock);
	free(alarm);
}
