/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints with their breakers, and the bounded pools of sessions with them. */
#include "app/db/db_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/check.h"
#include "app/observe/log.h"

enum {
	ACQUIRE_PRIMARY = 100000, /* microseconds */
	ACQUIRE_FALLBACK = 20000,
	ACQUIRE_REPLICA = 50000,
};

/* Five connects that fail in a row open it. */
static const struct breaker_limits connect_limits = {
	.in_a_row = 5,
	.probes = 1,
	.open_usec = 1000000,
	.open_max_usec = 30000000,
};

void db_endpoint_report(struct db_endpoint *e, enum breaker_pass pass, bool connected,
			const char *message)
{
	if (!breaker_report(&e->breaker, pass, connected, clock_monotonic()))
		return;
	if (connected)
		log_line(LOG_WARN, "database server answers again", LOG_Z("server", e->name));
	else
		log_line(LOG_ERROR, "database server does not answer", LOG_Z("server", e->name),
			 LOG_Z("message", message));
}

enum err db_endpoint_init(struct db_endpoint *e, struct str text, bool primary)
{
	struct str host = text;
	int64_t port = 0;
	if (text.n == 0 || text.n >= sizeof(e->name))
		return ERR_CONFIG;
	if (str_starts(text, STR("unix:"))) {
		host = (struct str){ .p = text.p + 5, .n = text.n - 5 };
	} else {
		const char *colon = memrchr(text.p, ':', text.n);
		if (colon == NULL)
			return ERR_CONFIG;
		size_t n = (size_t)(colon - text.p);
		struct str digits = { .p = colon + 1, .n = text.n - n - 1 };
		if (str_to_i64(digits, 1, 65535, &port) != ERR_OK)
			return ERR_CONFIG;
		host.n = n;
		if (n >= 2 && host.p[0] == '[' && host.p[n - 1] == ']')
			host = (struct str){ .p = host.p + 1, .n = n - 2 };
	}
	if (host.n == 0)
		return ERR_CONFIG;
	*e = (struct db_endpoint){ .primary = primary, .port = (unsigned int)port };
	breaker_init(&e->breaker, &connect_limits);
	memcpy(e->name, text.p, text.n);
	memcpy(e->host, host.p, host.n);
	(void)pthread_mutex_init(&e->lock, NULL);
	return ERR_OK;
}

void db_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &attr);
	(void)pthread_condattr_destroy(&attr);
}

void db_pool_login(const struct db_pool *p, struct db_login *ret_login)
{
	*ret_login = (struct db_login){
		.endpoint = p->endpoint,
		.user = p->pools->user,
		.password = p->pools->password,
		.database = p->pools->database,
		.role = p->role,
		.lock_wait_s = p->pools->lock_wait_s,
		.statement_ms = p->statement_ms,
	};
}

/* An idle session, or the right to open one (*ret_conn == NULL). */
static enum err pool_take(struct db_pool *p, struct db_conn **ret_conn)
{
	int64_t began = 0;
	int64_t until = 0;
	enum err e = ERR_OK;
	(void)pthread_mutex_lock(&p->lock);
	while (p->n_idle == 0 && p->n_open >= p->cap && e == ERR_OK) {
		if (began == 0) {
			began = clock_monotonic();
			until = began + p->acquire_usec;
		}
		struct timespec ts = { .tv_sec = until / 1000000,
				       .tv_nsec = until % 1000000 * 1000 };
		if (pthread_cond_timedwait(&p->freed, &p->lock, &ts) == ETIMEDOUT)
			e = ERR_UNAVAILABLE;
	}
	/* What came back in the last moment is still taken. */
	if (p->n_idle > 0) {
		*ret_conn = p->idle[--p->n_idle];
		e = ERR_OK;
	} else if (p->n_open < p->cap) {
		*ret_conn = NULL;
		p->n_open++;
		e = ERR_OK;
	}
	db_metrics_pool_in_use(p->label, (int64_t)(p->n_open - p->n_idle));
	(void)pthread_mutex_unlock(&p->lock);
	db_metrics_pool_wait(p->label, began == 0 ? 0 : clock_monotonic() - began);
	return e;
}

/* Gives up the right to a session. */
static void pool_forget(struct db_pool *p)
{
	(void)pthread_mutex_lock(&p->lock);
	p->n_open--;
	db_metrics_pool_in_use(p->label, (int64_t)(p->n_open - p->n_idle));
	(void)pthread_cond_signal(&p->freed);
	(void)pthread_mutex_unlock(&p->lock);
}

static enum err pool_open(struct db_pool *p, struct db_conn **ret_conn)
{
	struct db_login login;
	const char *message = NULL;
	enum breaker_pass pass = breaker_ask(&p->endpoint->breaker, clock_monotonic());
	if (pass == BREAKER_REFUSED)
		return ERR_DB_CONNECT;
	(void)pthread_mutex_lock(&p->lock);
	uint64_t generation = p->generation;
	(void)pthread_mutex_unlock(&p->lock);
	db_pool_login(p, &login);
	enum err e = db_conn_open(&login, ret_conn, &message);
	db_endpoint_report(p->endpoint, pass, e == ERR_OK, message);
	if (e != ERR_OK) {
		db_metrics_error(e);
		return e;
	}
	(*ret_conn)->pool = p;
	(*ret_conn)->generation = generation;
	return ERR_OK;
}

enum err db_pool_acquire(struct db_pool *p, struct db_conn **ret_conn)
{
	struct db_conn *c = NULL;
	enum err e = pool_take(p, &c);
	if (e != ERR_OK) {
		db_metrics_error(e);
		return e;
	}
	if (c == NULL) {
		e = pool_open(p, &c);
		if (e != ERR_OK) {
			pool_forget(p);
			return e;
		}
	}
	c->uses++;
	c->trips = 0;
	*ret_conn = c;
	return ERR_OK;
}

void db_pool_release(struct db_conn *c)
{
	struct db_pool *p = c->pool;
	(void)pthread_mutex_lock(&p->lock);
	bool keep = !c->broken && c->generation == p->generation;
	if (keep) {
		p->idle[p->n_idle++] = c;
		db_metrics_pool_in_use(p->label, (int64_t)(p->n_open - p->n_idle));
		(void)pthread_cond_signal(&p->freed);
	}
	(void)pthread_mutex_unlock(&p->lock);
	if (keep)
		return;
	db_conn_close(c);
	pool_forget(p);
}

void db_pool_flush(struct db_pool *p)
{
	(void)pthread_mutex_lock(&p->lock);
	p->generation++;
	while (p->n_idle > 0) {
		struct db_conn *c = p->idle[--p->n_idle];
		p->n_open--;
		/* Closing sends one packet and waits for nothing; it may be done under the lock. */
		db_conn_close(c);
	}
	(void)pthread_cond_broadcast(&p->freed);
	(void)pthread_mutex_unlock(&p->lock);
}

static enum err pool_init(struct db_pool *p, struct db_pools *pools, struct db_endpoint *e,
			  int64_t cap)
{
	p->pools = pools;
	p->endpoint = e;
	p->cap = cap < 1 ? 1 : (size_t)cap;
	(void)pthread_mutex_init(&p->lock, NULL);
	db_cond_init(&p->freed);
	p->idle = calloc(p->cap, sizeof(struct db_conn *));
	return p->idle == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static void pool_done(struct db_pool *p)
{
	if (p->pools == NULL)
		return;
	db_pool_flush(p);
	/* A handle outlives its pools: the caller's fault. */
	CHECK(p->n_open == 0);
	free(p->idle);
	(void)pthread_cond_destroy(&p->freed);
	(void)pthread_mutex_destroy(&p->lock);
}

static enum err primary_init(struct db_pools *p, const struct config *c)
{
	enum err e = db_endpoint_init(&p->primary, str_from(c->db_primary), true);
	if (e != ERR_OK)
		return e;
	/* Without replicas the fallback serves all reads and is no narrow way any more. */
	bool all = p->n_replicas == 0;
	p->writes = (struct db_pool){
		.role = DB_ROLE_WRITE,
		.label = DB_POOL_PRIMARY,
		.acquire_usec = ACQUIRE_PRIMARY,
		.statement_ms = c->db_write_timeout_ms,
	};
	p->fallback = (struct db_pool){
		.role = DB_ROLE_READ,
		.label = DB_POOL_FALLBACK,
		.acquire_usec = all ? ACQUIRE_REPLICA : ACQUIRE_FALLBACK,
		.statement_ms = c->db_read_timeout_ms,
	};
	e = pool_init(&p->writes, p, &p->primary, c->db_pool_primary);
	if (e != ERR_OK)
		return e;
	return pool_init(&p->fallback, p, &p->primary,
			 all ? c->db_pool_replica : c->db_pool_fallback);
}

static enum err replica_init(struct db_pools *p, const struct config *c, struct str text)
{
	size_t i = p->n_replicas;
	enum err e = db_endpoint_init(&p->replica[i], text, false);
	if (e != ERR_OK)
		return e;
	p->reads[i] = (struct db_pool){
		.role = DB_ROLE_READ,
		.label = DB_POOL_REPLICA + (uint32_t)i,
		.acquire_usec = ACQUIRE_REPLICA,
		.statement_ms = c->db_read_timeout_ms,
	};
	p->n_replicas++;
	return pool_init(&p->reads[i], p, &p->replica[i], c->db_pool_replica);
}

static enum err pools_init(struct db_pools *p, const struct config *c)
{
	struct str items[CONFIG_LIST_MAX];
	p->lock_wait_s = c->db_lock_wait_s;
	p->consistent_wait_ms = c->db_consistent_wait_ms;
	p->lag_max = c->db_replica_lag_max_s * 1000000;
	p->user = strdup(c->db_user);
	p->password = strdup(c->db_password);
	p->database = strdup(c->db_name);
	if (p->user == NULL || p->password == NULL || p->database == NULL)
		return ERR_NO_MEMORY;
	size_t n = config_list(c->db_replicas, items);
	for (size_t i = 0; i < n; i++) {
		enum err e = replica_init(p, c, items[i]);
		if (e != ERR_OK)
			return e;
	}
	return primary_init(p, c);
}

enum err db_pools_new(const struct config *c, struct db_pools **ret_pools)
{
	struct db_pools *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ERR_NO_MEMORY;
	db_metrics_declare();
	(void)pthread_mutex_init(&p->stop_lock, NULL);
	db_cond_init(&p->stop_changed);
	enum err e = pools_init(p, c);
	if (e != ERR_OK) {
		db_pools_free(p);
		return e;
	}
	*ret_pools = p;
	return ERR_OK;
}

void db_pools_free(struct db_pools *p)
{
	if (p == NULL)
		return;
	db_pools_stop(p);
	pool_done(&p->writes);
	pool_done(&p->fallback);
	for (size_t i = 0; i < p->n_replicas; i++)
		pool_done(&p->reads[i]);
	if (p->password != NULL)
		explicit_bzero(p->password, strlen(p->password));
	free(p->password);
	free(p->user);
	free(p->database);
	free(p);
}

/* Whether the endpoint takes a session now. Not from the pool: a busy one says nothing. */
static bool answers(const struct db_pool *p)
{
	struct db_login login;
	struct db_conn *c = NULL;
	const char *message = NULL;
	db_pool_login(p, &login);
	if (db_conn_open(&login, &c, &message) != ERR_OK)
		return false;
	db_conn_close(c);
	return true;
}

enum err db_pools_ping(struct db_pools *p, bool *ret_primary, bool *ret_replica)
{
	bool primary = answers(&p->fallback);
	bool replica = p->n_replicas == 0 && primary;
	for (size_t i = 0; i < p->n_replicas && !replica; i++)
		replica = answers(&p->reads[i]);
	*ret_primary = primary;
	*ret_replica = replica;
	return ERR_OK;
}
