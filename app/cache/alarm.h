/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CACHE_ALARM_H
#define REMIT_CACHE_ALARM_H

/*
 * Tells all processes of all hosts that a cache server has missed an invalidation: what it still
 * holds, after a freeze or a cut, must not be believed. A failed invalidation raises the server's
 * generation in the database before the write is answered; every process looks once a second and
 * distrusts what the server held until then (docs/decisions/0009-cache-alarm.md).
 *
 * What remains: another process may answer an old value for up to a second after the server
 * answers again; and when the database fails at the same moment, only this process knows.
 */

#include "app/base/err.h"
#include "app/cache/cache.h"
#include "app/db/db.h"

struct cache_alarm;

/*
 * Makes failed invalidations of the cache raise the generation. `watch`: also looks for those of
 * others, by a thread, and looks once before it returns (a database that does not answer then is
 * asked again later). Before the cache's first client, after db_pools_start. Blocks.
 */
MUST_CHECK enum err cache_alarm_new(struct cache *c, struct db_pools *pools, bool watch,
				    struct cache_alarm **ret_alarm);
/* Before the pools are freed. NULL is allowed. */
void cache_alarm_free(struct cache_alarm *alarm);

extern const struct db_stmt cache_alarm_stmts[];
extern const size_t cache_alarm_n_stmts;

#endif
