/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CTL_MIGRATE_LEASE_H
#define REMIT_CTL_MIGRATE_LEASE_H

/*
 * The right to migrate, held by one process at a time. A thread with a connection of its own
 * renews it, so that it outlives long statements and ends soon after the process does.
 */

#include "app/base/err.h"
#include "app/config/config.h"

#include <stdbool.h>

struct migrate_lease;

/*
 * Waits for the lease for at most `wait_s` seconds. The tables must be there. Says on standard
 * error what it waits for. ERR_CONFLICT when another still has it.
 */
MUST_CHECK enum err migrate_lease_take(const struct config *c, int wait_s,
				       struct migrate_lease **ret_lease);
/* Whether it is still ours: asked before each statement. */
bool migrate_lease_held(const struct migrate_lease *l);
/* Gives it back. NULL is allowed. */
void migrate_lease_release(struct migrate_lease *l);

#endif
