/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CALL_CALL_H
#define REMIT_CALL_CALL_H

/*
 * One business call: who asks, for which account, with which memory and database handle, and
 * where faults are noted. Services get nothing else of a request: no HTTP. The worker makes a call
 * for each request, remitctl for each command. Belongs to one thread.
 */

#include "app/auth/auth.h"
#include "app/base/arena.h"
#include "app/base/clock.h"
#include "app/base/err.h"
#include "app/base/id.h"
#include "app/base/limits.h"
#include "app/base/str.h"
#include "app/cache/cache.h"
#include "app/config/config.h"
#include "app/db/db.h"

#include <stdbool.h>
#include <stdint.h>

/* One thing wrong with the input. */
struct fault {
	struct str pointer; /* RFC 6901 pointer into the body, or the name of a parameter */
	const char *code;   /* stable: "required", "out_of_range", "unknown_member", ... */
	const char *detail; /* for people */
};

enum { CALL_TOUCHED_MAX = 16 };

/* A page of a list: what the client asked for. */
struct page {
	int32_t limit; /* rows to answer; fetch limit + 1 */
	int32_t sort;  /* index of the list's sorts */
	bool descending;
	bool has_after;
	int64_t after_key; /* the last row's sort key, where the sort is not by id */
	struct id after;   /* the last row's id */
};

struct call {
	struct arena *arena;
	struct db *db;
	const struct config *config;
	struct principal who;
	struct id account; /* the only account this call may touch */
	int64_t now;	   /* when the call began; the same for all it writes */
	struct str request_id;
	struct str remote_addr;
	struct str user_agent;
	struct page page; /* list routes */

	/* the client's If-Match: the version it saw; -1: not given, -2: given and never matching */
	int64_t if_match;
	bool version_checked;

	/* what went wrong */
	const char *detail; /* for people; NULL: the title says it all */
	struct str state;   /* ERR_STATE_CONFLICT: the current state */
	struct str actions; /* JSON array of what is possible in it */
	struct fault faults[LIMIT_FAULTS];
	size_t n_faults;

	/* cached objects that this call changed; invalidated after COMMIT */
	struct cache_ref touched[CALL_TOUCHED_MAX];
	size_t n_touched;
};

/* Notes a fault and returns ERR_VALIDATION. More than LIMIT_FAULTS are dropped. */
enum err call_fault(struct call *c, struct str pointer, const char *code, const char *detail);
/* "/lines/3/product_id" in the arena: list, position, member. */
struct str call_pointer(struct call *c, const char *list, size_t i, const char *member);
/* Sets the detail and returns e. */
enum err call_fail(struct call *c, enum err e, const char *detail);
/* ERR_STATE_CONFLICT with the current state and a JSON array of the actions possible in it. */
enum err call_conflict(struct call *c, const char *state, struct str actions, const char *detail);
/*
 * Compares the client's If-Match with the version of the row that was locked. Every service of a
 * route that takes If-Match calls it after reading the row FOR UPDATE. ERR_STALE.
 */
MUST_CHECK enum err call_check_version(struct call *c, int64_t version);
/* Notes that a cached object changes with this call. */
void call_touch(struct call *c, enum cache_kind kind, struct id id);

#endif
