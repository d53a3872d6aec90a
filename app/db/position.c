/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each server is known to contain. Always a lower bound: a replica's is what it said it had
 * applied, or a position that a wait there reached; the primary's is the newest commit that this
 * process made or was told of. (The primary's own gtid_binlog_pos is none: a transaction stands
 * there before others can see it, with semi-synchronous replication for as long as the
 * acknowledgement takes.) And how old a replica's data is, for which it does not matter that the
 * primary's own position comes early.
 */
#include "app/db/db_internal.h"

#include <string.h>

static bool newer(const struct db_position *a, const struct db_position *b)
{
	return a->seq != 0 && (a->epoch > b->epoch || (a->epoch == b->epoch && a->seq > b->seq));
}

static struct str source_of(const struct db_position *p)
{
	struct str source = STR_NONE;
	uint64_t seq;
	(void)db_gtid_split(str_from(p->gtid), &source, &seq);
	return source;
}

/* Whether `a` is at least as new as `b` and counted by the same server group. */
static bool covers(const struct db_position *a, const struct db_position *b)
{
	return a->epoch >= b->epoch && a->seq >= b->seq && str_eq(source_of(a), source_of(b));
}

bool db_endpoint_reached(struct db_endpoint *e, const struct db_position *after)
{
	struct db_position applied;
	struct str source = source_of(after);
	if (source.p == NULL)
		return false;
	(void)pthread_mutex_lock(&e->lock);
	bool reached = covers(&e->known, after);
	/* Numbers go on over a promotion; those of a newer epoch than the server's may differ. */
	if (!reached && e->applied_epoch >= after->epoch)
		reached = db_gtid_find(str_from(e->applied), source, &applied) &&
			  applied.seq >= after->seq;
	(void)pthread_mutex_unlock(&e->lock);
	return reached;
}

void db_endpoint_saw(struct db_endpoint *e, const struct db_position *p)
{
	(void)pthread_mutex_lock(&e->lock);
	if (newer(p, &e->known))
		e->known = *p;
	(void)pthread_mutex_unlock(&e->lock);
}

struct db_position db_endpoint_known(struct db_endpoint *e)
{
	(void)pthread_mutex_lock(&e->lock);
	struct db_position known = e->known;
	(void)pthread_mutex_unlock(&e->lock);
	return known;
}

void db_endpoint_set_applied(struct db_endpoint *e, const char *set, int64_t epoch, int64_t at,
			     const struct db_position *latest)
{
	struct db_position p = { .seq = 0 };
	/* A set of several sources is read by the one that commits come from. */
	if (db_gtid_find(str_from(set), source_of(latest), &p) ||
	    db_gtid_find(str_from(set), STR_NONE, &p)) {
		p.epoch = epoch;
		p.at = at;
	}
	(void)pthread_mutex_lock(&e->lock);
	memcpy(e->applied, set, strlen(set) + 1);
	e->applied_epoch = epoch;
	e->known = p;
	(void)pthread_mutex_unlock(&e->lock);
}

void db_looks_add(struct db_looks *l, const char *set, int64_t at)
{
	struct db_look *look = &l->look[l->n++ % DB_LOOKS];
	memcpy(look->set, set, strlen(set) + 1);
	look->at = at;
	l->silent = false;
}

/* How many looks back the replica stands; the number of looks when it is older than all. */
static size_t looks_behind(const struct db_looks *l, const char *set)
{
	size_t n = l->n < DB_LOOKS ? l->n : DB_LOOKS;
	size_t i = 0;
	while (i < n &&
	       db_gtid_behind(str_from(set), str_from(l->look[(l->n - 1 - i) % DB_LOOKS].set)))
		i++;
	return i;
}

void db_endpoint_judge(struct db_endpoint *e, const struct db_looks *l, const char *set,
		       int64_t now, int64_t lag_max)
{
	if (l->n == 0)
		return;
	size_t behind = looks_behind(l, set);
	bool found = behind < l->n && behind < DB_LOOKS;
	int64_t at = found ? l->look[(l->n - 1 - behind) % DB_LOOKS].at : 0;
	int64_t lag = 0;
	/* Behind from the start: nobody knows since when. */
	if (e->current_at == 0 && !found)
		e->current_at = now - lag_max - 1;
	if (at > e->current_at)
		e->current_at = at;
	if (behind > 0)
		lag = l->silent ? atomic_load(&e->lag) : now - e->current_at;
	/* The time of a silent primary does not count, not when it speaks again either. */
	if (l->silent)
		e->current_at = now - lag;
	atomic_store(&e->lag, lag);
}
