/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CTL_SESSION_H
#define REMIT_CTL_SESSION_H

/*
 * Runs one business call the way a worker does: in a transaction that is run again after a
 * deadlock, with what it changed invalidated in the cache after COMMIT. The caller is the
 * operator, who may do everything. Blocks on the database. Says what went wrong on standard error.
 */

#include "app/base/id.h"
#include "app/call/call.h"
#include "app/ctl/ctl.h"

/* Runs several times when the transaction has to be repeated: results go to ctx, nothing else. */
typedef enum err (*ctl_business)(struct call *c, void *ctx);

/* account: ID_NONE where the call makes one. */
enum ctl_exit ctl_session_run(const char *config_file, struct id account, ctl_business fn,
			      void *ctx);

#endif
