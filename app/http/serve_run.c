/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cached answer, or the handler: on a read handle, or in a transaction that is run again where
 * the database says so and whose answer is stored under the idempotency key before it commits.
 */

#include "app/http/exchange.h"

#include "app/http/problem.h"
#include "app/observe/log.h"
#include "app/observe/metrics.h"

#include <string.h>
#include <unistd.h>

enum { ATTEMPTS = 3, BACKOFF_MIN_US = 10000, BACKOFF_MAX_US = 200000 };

enum err serve_cached(struct exchange *x, bool *ret_answered)
{
	const struct cache_item *item = &x->items[1];

	if (x->n_refs < 2 || item->state != CACHE_HIT ||
	    !db_position_covers(&item->position, &x->after))
		return ERR_OK;
	serve_body(x, item->body, item->version);
	*ret_answered = true;
	return ERR_OK;
}

static enum err handle(struct exchange *x)
{
	x->out = arena_zalloc(x->call->arena, x->route->out_size);
	if (x->out == NULL)
		return ERR_NO_MEMORY;
	return x->route->handle(x->call, x->in, x->out);
}

static void end_db(struct exchange *x)
{
	int64_t trips, usec;

	if (x->call->db == NULL)
		return;
	db_cost(x->call->db, &trips, &usec);
	x->db_trips += trips;
	x->db_usec += usec;
	db_close(x->call->db);
	x->call->db = NULL;
}

static enum err read_once(struct exchange *x)
{
	struct db_position after = x->after;
	enum err e;

	if (x->n_refs == 2 && x->items[1].state == CACHE_TOMBSTONE &&
	    db_position_covers(&x->items[1].position, &after)) {
		after = x->items[1].position;
		db_pools_saw(x->server->options.pools, &after);
	}
	e = db_open_read(x->server->options.pools, x->call->arena, after, &x->call->db);
	if (e == ERR_OK)
		e = handle(x);
	if (e == ERR_OK)
		e = serve_encode(x);
	if (e == ERR_OK && x->n_refs == 2)
		cache_fill(x->thread->cache, &x->refs[1], &x->items[1], x->object, x->version,
			   db_as_of(x->call->db));
	end_db(x);
	return e;
}

/* A cache that does not answer is noted: this process serves nothing older from it. */
static void invalidate(struct exchange *x, const struct cache_ref *refs, size_t n,
		       const struct db_position *position)
{
	if (n == 0)
		return;
	if (cache_invalidate(x->thread->cache, refs, n, *position) != ERR_OK)
		log_line(LOG_WARN, "the cache was not told of a change",
			 LOG_Z("route", x->route->id), LOG_I("objects", (int64_t)n));
}

/* A COMMIT without an answer may stand: what it changed is served from the cache no more. */
static void invalidate_unsure(struct exchange *x)
{
	const struct db_position unknown = { .seq = 0 };
	const struct call *c = x->call;

	memcpy(x->unsure, c->touched, c->n_touched * sizeof(c->touched[0]));
	x->n_unsure = c->n_touched;
	invalidate(x, x->unsure, x->n_unsure, &unknown);
}

/* The answer as it is stored: without members that are shown only once. */
static enum err stored_body(struct exchange *x, struct str *ret_body)
{
	const struct schema *s = x->route->result;
	const struct str none = STR_NONE;
	bool secret = false;
	struct buf b;
	char *copy;

	for (uint32_t i = 0; s != NULL && i < s->n_fields; i++)
		secret = secret || (s->fields[i].flags & FIELD_SECRET) != 0;
	*ret_body = x->res->body;
	if (!secret)
		return ERR_OK;
	copy = arena_alloc(x->call->arena, s->size);
	if (copy == NULL)
		return ERR_NO_MEMORY;
	memcpy(copy, x->out, s->size);
	for (uint32_t i = 0; i < s->n_fields; i++)
		if ((s->fields[i].flags & FIELD_SECRET) != 0)
			memcpy(copy + s->fields[i].offset, &none, sizeof(none));
	buf_init(&b, x->call->arena, 1024, LIMIT_ANSWER);
	schema_encode(&b, s, copy);
	return buf_finish(&b, ret_body);
}

/* Last statement before COMMIT; *ret_lost: another request with this key was first. */
static enum err store(struct exchange *x, bool *ret_lost)
{
	struct idempotency_answer answer = { .status = x->res->status };
	enum err e;

	if (!x->has_idem)
		return ERR_OK;
	e = stored_body(x, &answer.body);
	if (e == ERR_OK)
		e = buf_finish(&x->res->head, &answer.head);
	if (e == ERR_OK)
		e = idempotency_store(x->call, &x->idem, &answer);
	*ret_lost = e == ERR_DB_DUPLICATE;
	return e;
}

static enum err commit(struct exchange *x)
{
	struct db_position position;
	const enum err e = db_commit(x->call->db, &position);

	if (e == ERR_DB_LOST)
		invalidate_unsure(x);
	if (e != ERR_OK)
		return e;
	invalidate(x, x->call->touched, x->call->n_touched, &position);
	if (position.seq > 0)
		serve_consistency(x, &position);
	return ERR_OK;
}

/* Answers what is stored for the key. ERR_NOT_FOUND: nothing. */
static enum err replay(struct exchange *x)
{
	struct idempotency_answer answer;
	struct db_position position;
	bool expired;
	enum err e;

	db_rollback(x->call->db);
	e = idempotency_find(x->call, &x->idem, &answer, &expired);
	if (expired) {
		e = db_commit(x->call->db, &position);
		return e == ERR_OK ? ERR_NOT_FOUND : e;
	}
	if (e != ERR_OK)
		return e;
	e = db_position_now(x->call->db, &position);
	if (e != ERR_OK)
		return e;
	invalidate(x, x->unsure, x->n_unsure, &position);
	x->replayed = true;
	metric_add(x->server->replays, 0, 0, 1);
	buf_init(&x->res->head, x->call->arena, 512, 16 << 10);
	serve_stored(x, &answer);
	if (position.seq > 0)
		serve_consistency(x, &position);
	return ERR_OK;
}

/* Whether a failure is a decision of the rules that the same request would meet again. */
static bool is_decision(enum err e)
{
	return e == ERR_STATE_CONFLICT || e == ERR_ALREADY_EXISTS || e == ERR_STALE ||
	       e == ERR_OVERFLOW;
}

/*
 * A handler that failed: the request may be a repetition of one that succeeded, whose answer wins.
 * Else a decision is stored as the answer to this key.
 */
static enum err failed(struct exchange *x, enum err e)
{
	struct db_position position;
	bool lost = false;
	enum err found;

	found = replay(x);
	if (found != ERR_NOT_FOUND)
		return found;
	if (!is_decision(e))
		return e;
	serve_problem(x, e);
	found = store(x, &lost);
	if (found == ERR_OK)
		found = db_commit(x->call->db, &position);
	else if (lost)
		return replay(x);
	/* serve_problem is called again by the caller: start its head anew */
	buf_init(&x->res->head, x->call->arena, 512, 16 << 10);
	return found == ERR_OK ? e : found;
}

/* What does not depend on an attempt that came before. */
static void attempt_init(struct exchange *x, struct arena_mark mark)
{
	struct call *c = x->call;

	arena_rewind(c->arena, mark);
	buf_init(&x->res->head, c->arena, 512, 16 << 10);
	c->n_faults = 0;
	c->n_touched = 0;
	c->detail = NULL;
	c->state = STR_NONE;
	c->actions = STR_NONE;
	c->version_checked = false;
	x->version = 0;
}

static enum err write_once(struct exchange *x, bool *ret_again)
{
	bool lost = false;
	bool committing = false;
	enum err e;

	e = db_open_write(x->server->options.pools, x->call->arena, &x->call->db);
	if (e != ERR_OK)
		return e;
	e = handle(x);
	if (e == ERR_OK && x->route->if_match && !x->call->version_checked)
		e = call_fail(x->call, ERR_INTERNAL, NULL);
	if (e == ERR_OK)
		e = serve_encode(x);
	if (e == ERR_OK)
		e = store(x, &lost);
	if (e == ERR_OK) {
		committing = true;
		e = commit(x);
	}
	/* with a key even a COMMIT without an answer can be run again: the key decides */
	*ret_again = e == ERR_DB_DEADLOCK || e == ERR_DB_READ_ONLY ||
		     (e == ERR_DB_LOST && (!committing || x->has_idem));
	if (lost) {
		e = replay(x);
		*ret_again = e == ERR_NOT_FOUND; /* it had expired */
	} else if (e != ERR_OK && !*ret_again && x->has_idem && err_code(e) != NULL) {
		e = failed(x, e);
	}
	end_db(x);
	return e;
}

static enum err write_attempts(struct exchange *x)
{
	const struct arena_mark mark = arena_mark(x->call->arena);
	bool again = false;
	enum err e;

	for (int attempt = 1;; attempt++) {
		uint32_t jitter;

		attempt_init(x, mark);
		e = write_once(x, &again);
		if (!again || attempt == ATTEMPTS)
			return e == ERR_DB_LOCK_WAIT && x->has_idem ? ERR_IDEMPOTENCY_IN_USE : e;
		auth_random(&jitter, sizeof(jitter));
		usleep(BACKOFF_MIN_US + jitter % (BACKOFF_MAX_US - BACKOFF_MIN_US));
		log_line(LOG_INFO, "transaction is run again", LOG_Z("route", x->route->id),
			 LOG_Z("error", err_name(e)), LOG_I("attempt", attempt));
	}
}

enum err serve_run(struct exchange *x)
{
	enum err e = ERR_INTERNAL;

	switch (x->route->access) {
	case ACCESS_NONE:
		e = handle(x);
		if (e == ERR_OK)
			e = serve_encode(x);
		break;
	case ACCESS_READ:
		e = read_once(x);
		break;
	case ACCESS_WRITE:
		e = write_attempts(x);
		break;
	}
	return e;
}
