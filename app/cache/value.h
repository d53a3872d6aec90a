/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CACHE_VALUE_H
#define REMIT_CACHE_VALUE_H

/*
 * The bytes under a key: a value (an encoded object) or a tombstone (what an invalidation leaves).
 * Both begin with a head that says whose it is and how new. Pure functions, thread-safe.
 *
 *   0 format  1 length of gtid  2 account (16)  18 epoch  26 seq  34 at  42 created  50 version
 *   58 gtid, then the body to the end; numbers are 8 bytes, little-endian
 */

#include "app/base/err.h"
#include "app/base/id.h"
#include "app/base/str.h"
#include "app/db/db.h"

#include <stdbool.h>
#include <stdint.h>

enum { CACHE_HEAD_MAX = 58 + sizeof(((struct db_position *)NULL)->gtid) };

struct cache_value {
	bool tombstone; /* version is 0 and body empty */
	struct id account;
	struct db_position position;
	int64_t created; /* wall clock */
	int64_t version;
	struct str body; /* a view into what was parsed */
};

/* Writes the head, all that comes before the body; returns its length. */
size_t cache_value_head(const struct cache_value *v, char ret_head[CACHE_HEAD_MAX]);
/* ERR_MALFORMED for other bytes than cache_value_head and a body make for this account. */
MUST_CHECK enum err cache_value_parse(struct str bytes, struct id account,
				      struct cache_value *ret_value);

/*
 * Whether what was read at `have` includes the commit at `want` (seq 0: no commit). Both epoch and
 * seq must be there: just after a promotion a replica may be seen in the new epoch before it has
 * all of the old one.
 */
bool cache_position_reached(const struct db_position *have, const struct db_position *want);
/*
 * The lowest position that has reached both: the higher epoch and the higher seq. Time and gtid are
 * those of the later one.
 */
struct db_position cache_position_join(const struct db_position *a, const struct db_position *b);

#endif
