/* SPDX-License-Identifier: Apache-2.0 */
/* The handle of one call: which session it uses, its transaction, its cost. */
#include "app/db/db_internal.h"

#include <string.h>

#include "app/base/check.h"
#include "app/observe/log.h"

static enum err handle_new(struct db_pools *p, struct arena *a, struct db **ret_db)
{
	struct db *db = ARENA_NEW(a, struct db);
	if (db == NULL)
		return ERR_NO_MEMORY;
	db->pools = p;
	db->arena = a;
	*ret_db = db;
	return ERR_OK;
}

enum err db_open_read(struct db_pools *p, struct arena *a, struct db_position after,
		      struct db **ret_db)
{
	enum err e = handle_new(p, a, ret_db);
	if (e != ERR_OK)
		return e;
	(*ret_db)->after = after;
	return ERR_OK;
}

void db_pools_saw(struct db_pools *p, const struct db_position *committed)
{
	if (committed->seq != 0)
		db_endpoint_saw(&p->primary, committed);
}

enum err db_open_write(struct db_pools *p, struct arena *a, struct db **ret_db)
{
	enum err e = handle_new(p, a, ret_db);
	if (e != ERR_OK)
		return e;
	(*ret_db)->write = true;
	return ERR_OK;
}

/* Gives the session back. */
static void detach(struct db *db)
{
	if (db->conn == NULL)
		return;
	db->trips += db->conn->trips;
	db_pool_release(db->conn);
	db->conn = NULL;
	db->started = false;
}

void db_close(struct db *db)
{
	if (db == NULL)
		return;
	if (db->conn != NULL && db->write)
		db_conn_rollback(db->conn);
	detach(db);
}

/* Choosing a server */

static void use(struct db *db, struct db_conn *c)
{
	db->conn = c;
	db->as_of = db_endpoint_known(c->pool->endpoint);
}

/* The monitor finds out when a server is back; where there is none, a statement tries. */
static bool usable(const struct db *db, const struct db_pool *pool, bool late)
{
	bool closed = !breaker_is_open(&pool->endpoint->breaker);
	return pool->endpoint != db->avoid && (closed || !db->pools->monitoring) &&
	       late == (atomic_load(&pool->endpoint->lag) > db->pools->lag_max);
}

/* A replica that needs no waiting, in turn; `late`: of those that are too far behind. */
static enum err attach_ready(struct db *db, size_t first, bool late)
{
	struct db_pools *p = db->pools;
	struct db_conn *c = NULL;
	/* Two tries: a third server that fails as well is not a single fault any more. */
	int tries = 2;
	for (size_t i = 0; i < p->n_replicas && tries > 0; i++) {
		struct db_pool *pool = &p->reads[(first + i) % p->n_replicas];
		bool open = breaker_is_open(&pool->endpoint->breaker);
		if (!usable(db, pool, late) ||
		    (db->after.seq != 0 && !db_endpoint_reached(pool->endpoint, &db->after)))
			continue;
		if (db_pool_acquire(pool, &c) == ERR_OK) {
			use(db, c);
			return ERR_OK;
		}
		tries -= open ? 0 : 1;
	}
	return ERR_UNAVAILABLE;
}

/* Waits on one replica for the position. */
static enum err attach_waiting(struct db *db, size_t first)
{
	struct db_pools *p = db->pools;
	struct db_conn *c = NULL;
	enum err e = ERR_UNAVAILABLE;
	for (size_t i = 0; i < p->n_replicas && c == NULL; i++) {
		struct db_pool *pool = &p->reads[(first + i) % p->n_replicas];
		if (usable(db, pool, false) && db_pool_acquire(pool, &c) != ERR_OK)
			break;
	}
	if (c == NULL)
		return ERR_UNAVAILABLE;
	/* A server of an older epoch may have given the number to another transaction. */
	if (c->epoch >= db->after.epoch)
		e = db_vendor_wait(c, &db->after, p->consistent_wait_ms);
	if (e != ERR_OK) {
		db->trips += c->trips;
		db_pool_release(c);
		return e;
	}
	db_endpoint_saw(c->pool->endpoint, &db->after);
	use(db, c);
	return ERR_OK;
}

/* The primary, for reads. */
static enum err attach_fallback(struct db *db)
{
	struct db_pool *pool = &db->pools->fallback;
	struct db_conn *c = NULL;
	for (int i = 0; i < 2; i++) {
		enum err e = db_pool_acquire(pool, &c);
		if (e != ERR_OK)
			return e;
		if (c->epoch >= db->after.epoch) {
			use(db, c);
			return ERR_OK;
		}
		/* The session is older than the position's epoch: this may be no primary now. */
		db_pool_flush(pool);
		db_pool_release(c);
	}
	return ERR_UNAVAILABLE;
}

static enum err attach_read(struct db *db)
{
	size_t n = db->pools->n_replicas;
	if (n == 0)
		return attach_fallback(db);
	size_t first = atomic_fetch_add_explicit(&db->pools->turn, 1, memory_order_relaxed);
	enum err e = attach_ready(db, first, false);
	if (e != ERR_OK && db->after.seq != 0)
		e = attach_waiting(db, first);
	if (e == ERR_OK)
		return ERR_OK;
	e = attach_fallback(db);
	/* Rather late data than none; never older than what the caller has seen. */
	if (e != ERR_OK && attach_ready(db, first, true) == ERR_OK)
		return ERR_OK;
	return e;
}

static enum err attach(struct db *db)
{
	struct db_conn *c = NULL;
	if (db->conn != NULL)
		return ERR_OK;
	if (!db->write)
		return attach_read(db);
	enum err e = db_pool_acquire(&db->pools->writes, &c);
	if (e == ERR_OK)
		use(db, c);
	return e;
}

/* Running statements */

/*
 * A session that ended before the first statement of a handle was answered has changed nothing: a
 * transaction without its COMMIT is rolled back. So the statement may run once more elsewhere. A
 * write only when the session was kept idle, where the server may have closed it long ago.
 */
static bool may_try_again(const struct db *db, enum err e)
{
	return (e == ERR_DB_LOST || e == ERR_DB_CONNECT) && !db->started && db->conn != NULL &&
	       db->conn->broken && (!db->write || db->conn->uses > 1);
}

static void leave_server(struct db *db)
{
	struct db_pool *pool = db->conn->pool;
	/* The others that are idle have ended with it, as a rule. */
	db_pool_flush(pool);
	if (!pool->endpoint->primary)
		db->avoid = pool->endpoint;
	detach(db);
}

static enum err try_once(struct db *db, const struct db_stmt *s, uint32_t rows,
			 const struct db_arg *args, size_t n, struct db_run *ret_run)
{
	/* What the first try prepared is gone with its session. */
	ret_run->prepared = NULL;
	enum err e = attach(db);
	if (e != ERR_OK)
		return e;
	e = db_prepared_get(db->conn, s, rows, &ret_run->prepared);
	if (e != ERR_OK)
		return e;
	return db_prepared_execute(db->conn, ret_run->prepared, args, n);
}

enum err db_run_begin(struct db *db, const struct db_stmt *s, uint32_t rows,
		      const struct db_arg *args, size_t n, struct db_run *ret_run)
{
	/* A read handle refuses statements that write. */
	CHECK(s->access == DB_READ || (s->access == DB_WRITE && db->write));
	db_check_args(s, args, n);
	if (db->poison != ERR_OK)
		return db->poison;
	*ret_run = (struct db_run){ .began = clock_monotonic() };
	enum err e = try_once(db, s, rows, args, n, ret_run);
	if (may_try_again(db, e)) {
		db_metrics_error(e);
		leave_server(db);
		e = try_once(db, s, rows, args, n, ret_run);
	}
	if (e != ERR_OK)
		return db_run_end(db, ret_run, e);
	db->started = true;
	return ERR_OK;
}

static void note_failure(struct db *db, struct db_run *run, enum err e)
{
	db_metrics_error(e);
	if (db->conn == NULL)
		return;
	if (e == ERR_DB_STATEMENT && run->prepared != NULL) {
		/* The server's words may hold data; its number does not. */
		log_line(LOG_ERROR, "statement failed",
			 LOG_Z("statement", run->prepared->stmt->name),
			 LOG_I("errno", db->conn->number));
		/* Whatever is wrong with it, it will not be the session's copy next time. */
		db_prepared_drop(db->conn, run->prepared);
		run->prepared = NULL;
	}
	/* Sessions that are open still may lead to what was the primary. */
	if (e == ERR_DB_READ_ONLY) {
		db->conn->broken = true;
		db_pool_flush(&db->pools->writes);
		db_pool_flush(&db->pools->fallback);
	}
}

enum err db_run_end(struct db *db, struct db_run *run, enum err e)
{
	int64_t usec = clock_monotonic() - run->began;
	db->usec += usec;
	if (run->prepared != NULL && db->conn != NULL)
		db_metrics_statement(run->prepared->label, db->conn->pool->endpoint->primary, usec);
	if (e == ERR_OK || e == ERR_NOT_FOUND)
		return e;
	note_failure(db, run, e);
	/* A read handle whose server is gone has seen that server's data: it ends too. */
	if (db->write || (db->conn != NULL && db->conn->broken))
		db->poison = e;
	return e;
}

enum err db_exec(struct db *db, const struct db_stmt *s, const struct db_arg *args, size_t n,
		 uint64_t *ret_affected)
{
	struct db_run run;
	CHECK(s->n_cols == 0 && s->repeat == NULL);
	enum err e = db_run_begin(db, s, 1, args, n, &run);
	if (e != ERR_OK)
		return e;
	if (ret_affected != NULL)
		*ret_affected = mysql_stmt_affected_rows(run.prepared->handle);
	return db_run_end(db, &run, ERR_OK);
}

static enum err fetch_one(struct db *db, struct db_prepared *p, void *ret_row)
{
	bool row = false;
	enum err e = db_prepared_next(db->conn, p, &row);
	if (e != ERR_OK)
		return e;
	if (!row)
		return ERR_NOT_FOUND;
	e = db_prepared_decode(p, db->arena, ret_row);
	if (e != ERR_OK)
		return e;
	/* A second row means that the statement does not name one object. */
	e = db_prepared_next(db->conn, p, &row);
	if (e != ERR_OK)
		return e;
	return row ? ERR_DB_STATEMENT : ERR_OK;
}

enum err db_one(struct db *db, const struct db_stmt *s, const struct db_arg *args, size_t n,
		void *ret_row)
{
	struct db_run run;
	CHECK(s->n_cols > 0);
	enum err e = db_run_begin(db, s, 1, args, n, &run);
	if (e != ERR_OK)
		return e;
	e = fetch_one(db, run.prepared, ret_row);
	db_prepared_finish(run.prepared);
	return db_run_end(db, &run, e);
}

/* Rows of one result; the array doubles, in the arena. */
struct rows {
	char *p;
	size_t n;
	size_t room;
};

static void *rows_add(struct rows *r, struct arena *a, size_t size, size_t max)
{
	enum { FIRST = 8 };
	if (r->n == r->room) {
		size_t room = r->room == 0 ? FIRST : 2 * r->room;
		room = room > max ? max : room;
		char *p = arena_grow(a, r->p, r->room * size, room * size);
		if (p == NULL)
			return NULL;
		r->p = p;
		r->room = room;
	}
	return memset(r->p + r->n++ * size, 0, size);
}

static enum err fetch_rows(struct db *db, struct db_prepared *p, size_t max, struct rows *r)
{
	for (;;) {
		bool row = false;
		enum err e = db_prepared_next(db->conn, p, &row);
		if (e != ERR_OK || !row || r->n == max)
			return e;
		void *to = rows_add(r, db->arena, p->stmt->row_size, max);
		if (to == NULL)
			return ERR_NO_MEMORY;
		e = db_prepared_decode(p, db->arena, to);
		if (e != ERR_OK)
			return e;
	}
}

enum err db_rows(struct db *db, const struct db_stmt *s, const struct db_arg *args, size_t n,
		 size_t max, void *ret_rows, size_t *ret_n)
{
	struct db_run run;
	struct rows rows = { .p = NULL };
	CHECK(s->n_cols > 0);
	enum err e = db_run_begin(db, s, 1, args, n, &run);
	if (e != ERR_OK)
		return e;
	e = fetch_rows(db, run.prepared, max, &rows);
	db_prepared_finish(run.prepared);
	e = db_run_end(db, &run, e);
	if (e != ERR_OK)
		return e;
	/* An empty array has an address too, so that it may be passed on. */
	if (rows.p == NULL)
		rows.p = arena_alloc(db->arena, 0);
	if (rows.p == NULL)
		return ERR_NO_MEMORY;
	/* ret_rows is the address of a pointer to the caller's struct. */
	memcpy(ret_rows, &rows.p, sizeof(rows.p));
	*ret_n = rows.n;
	return ERR_OK;
}

/* Ending a transaction */

static enum err commit(struct db *db, struct db_position *ret_position)
{
	struct db_run run = { .began = clock_monotonic() };
	struct db_position p = { .seq = 0 };
	enum err e = db_conn_run(db->conn, STR("COMMIT"));
	/* Read at once: the next answer of the server would replace it. */
	if (e == ERR_OK && db_vendor_committed(db->conn, &p))
		db_endpoint_saw(&db->pools->primary, &p);
	db_metrics_statement(DB_LABEL_COMMIT, true, clock_monotonic() - run.began);
	e = db_run_end(db, &run, e);
	if (e != ERR_OK)
		return e;
	*ret_position = p;
	return ERR_OK;
}

enum err db_commit(struct db *db, struct db_position *ret_position)
{
	struct db_position p = { .seq = 0 };
	enum err e = db->poison;
	if (e == ERR_OK && db->write && db->conn != NULL)
		e = commit(db, &p);
	if (e != ERR_OK && db->conn != NULL)
		db_conn_rollback(db->conn);
	if (db->write)
		detach(db);
	if (e != ERR_OK)
		return e;
	*ret_position = p;
	return ERR_OK;
}

enum err db_position_now(struct db *db, struct db_position *ret_position)
{
	struct db_position p = { .seq = 0 };
	enum err e = db->poison;

	if (e == ERR_OK && (!db->write || db->conn == NULL))
		e = ERR_DB_STATEMENT; /* only what a statement has read has a position to ask for */
	if (e == ERR_OK)
		e = db_vendor_binlog(db->conn, &p);
	if (e != ERR_OK)
		return e;
	*ret_position = p;
	return ERR_OK;
}

void db_rollback(struct db *db)
{
	if (db->write && db->conn != NULL)
		db_conn_rollback(db->conn);
	if (db->write || (db->conn != NULL && db->conn->broken))
		detach(db);
	db->poison = ERR_OK;
}

struct db_position db_as_of(const struct db *db)
{
	return db->as_of;
}

void db_cost(const struct db *db, int64_t *ret_trips, int64_t *ret_usec)
{
	*ret_trips = db->trips + (db->conn == NULL ? 0 : db->conn->trips);
	*ret_usec = db->usec;
}
