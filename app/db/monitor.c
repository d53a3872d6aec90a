/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread asks each replica every 250 ms what it has applied, and then the primary what it has:
 * so a replica is measured by what the primary had a round earlier, which a healthy one has by now.
 * The thread also closes the breaker of a server that answers again, and asks one that does not
 * answer less often.
 */
#include "app/db/db_internal.h"

#include <signal.h>
#include <string.h>

#include "app/observe/log.h"

enum {
	POLL_USEC = 250000,
	POLL_DOWN_USEC = 1000000,
	POLL_STATEMENT_MS = 500, /* of a session that has no caller to wait for it */
};

/* One server under watch. */
struct watch {
	struct db_pool *pool;
	struct db_conn *conn;
	struct db_looks *looks;
	int64_t next; /* monotonic */
};

static void watch_connect(struct watch *w)
{
	struct db_login login;
	const char *message = NULL;
	db_pool_login(w->pool, &login);
	login.statement_ms = POLL_STATEMENT_MS;
	/* Without asking the breaker: this is what finds out that a server is back. */
	enum err e = db_conn_open(&login, &w->conn, &message);
	db_endpoint_report(w->pool->endpoint, e == ERR_OK ? BREAKER_PROBE : BREAKER_PASS,
			   e == ERR_OK, message);
}

static void watch_judge(struct watch *w, const char *set)
{
	struct db_endpoint *e = w->pool->endpoint;
	int64_t max = w->pool->pools->lag_max;
	bool late = atomic_load(&e->lag) > max;
	db_endpoint_judge(e, w->looks, set, clock_monotonic(), max);
	int64_t lag = atomic_load(&e->lag);
	db_metrics_lag(w->pool->label, lag);
	if (late != (lag > max))
		log_line(LOG_WARN, late ? "replica has caught up" : "replica is too far behind",
			 LOG_Z("server", e->name), LOG_I("lag_ms", lag / 1000));
}

/* Asks a replica what it has applied. */
static enum err watch_replica(struct watch *w)
{
	char set[DB_GTID_SET_MAX];
	int64_t epoch = 0;
	int64_t at = clock_now();
	enum err e = db_vendor_applied(w->conn, set, &epoch);
	if (e != ERR_OK)
		return e;
	struct db_position latest = db_endpoint_known(&w->pool->pools->primary);
	db_endpoint_set_applied(w->pool->endpoint, set, epoch, at, &latest);
	watch_judge(w, set);
	return ERR_OK;
}

/* Asks the primary what it has. */
static enum err watch_primary(struct watch *w)
{
	char set[DB_GTID_SET_MAX];
	int64_t at = clock_monotonic();
	enum err e = db_vendor_binlog_set(w->conn, set);
	if (e == ERR_OK)
		db_looks_add(w->looks, set, at);
	return e;
}

static void watch_poll(struct watch *w)
{
	bool primary = w->pool->endpoint->primary;
	if (w->conn == NULL)
		watch_connect(w);
	if (w->conn != NULL && (primary ? watch_primary(w) : watch_replica(w)) == ERR_OK) {
		w->next = clock_monotonic() + POLL_USEC;
		return;
	}
	/* After any failure a new session: it looks again for the table of the epoch. */
	db_conn_close(w->conn);
	w->conn = NULL;
	w->next = clock_monotonic() + POLL_DOWN_USEC;
	if (primary)
		w->looks->silent = true;
}

/* Sleeps until then; false when it is time to stop. */
static bool sleep_until(struct db_pools *p, int64_t until)
{
	struct timespec ts = { .tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000 };
	(void)pthread_mutex_lock(&p->stop_lock);
	while (!p->stop && clock_monotonic() < until)
		(void)pthread_cond_timedwait(&p->stop_changed, &p->stop_lock, &ts);
	bool stop = p->stop;
	(void)pthread_mutex_unlock(&p->stop_lock);
	return !stop;
}

static void *monitor_main(void *arg)
{
	struct db_pools *p = arg;
	struct watch watches[CONFIG_LIST_MAX + 1];
	size_t n = p->n_replicas + 1;
	/* The primary comes last; where a look there ends late, only the next round waits. */
	for (size_t i = 0; i < n; i++)
		watches[i] = (struct watch){ .pool = i + 1 < n ? &p->reads[i] : &p->fallback,
					     .looks = &p->looks };
	int64_t next = clock_monotonic();
	while (sleep_until(p, next)) {
		next = clock_monotonic() + POLL_DOWN_USEC;
		for (size_t i = 0; i < n; i++) {
			if (clock_monotonic() >= watches[i].next)
				watch_poll(&watches[i]);
			next = watches[i].next < next ? watches[i].next : next;
		}
	}
	for (size_t i = 0; i < n; i++)
		db_conn_close(watches[i].conn);
	return NULL;
}

enum err db_pools_start(struct db_pools *p)
{
	sigset_t all;
	sigset_t before;
	if (p->monitoring || p->n_replicas == 0)
		return ERR_OK;
	p->stop = false;
	/* Signals are for the threads of the program. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&p->monitor, NULL, monitor_main, p);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed != 0)
		return ERR_NO_MEMORY;
	p->monitoring = true;
	return ERR_OK;
}

void db_pools_stop(struct db_pools *p)
{
	if (!p->monitoring)
		return;
	(void)pthread_mutex_lock(&p->stop_lock);
	p->stop = true;
	(void)pthread_cond_signal(&p->stop_changed);
	(void)pthread_mutex_unlock(&p->stop_lock);
	(void)pthread_join(p->monitor, NULL);
	p->monitoring = false;
}

struct db_position db_pools_known(struct db_pools *p)
{
	if (p->n_replicas == 0)
		return db_endpoint_known(&p->primary);
	struct db_position lowest = db_endpoint_known(&p->replica[0]);
	for (size_t i = 1; i < p->n_replicas; i++) {
		struct db_position known = db_endpoint_known(&p->replica[i]);
		if (known.epoch < lowest.epoch ||
		    (known.epoch == lowest.epoch && known.seq < lowest.seq))
			lowest = known;
	}
	return lowest;
}
