/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_QUEUE_OUTBOX_H
#define REMIT_QUEUE_OUTBOX_H

/*
 * The transactional outbox: an event is a row written in the business transaction, so it exists
 * exactly when the change does. Webhooks, the event feed and read models are fed from it.
 */

#include "app/base/err.h"
#include "app/base/id.h"
#include "app/base/str.h"
#include "app/call/call.h"

/*
 * Appends an event: type ("order.placed"), the object it is about with its id prefix, and data
 * (JSON text, may be absent). One statement. Records the acting principal and the request id.
 */
MUST_CHECK enum err outbox_append(struct call *c, const char *type, const char *prefix,
				  struct id object, struct str data);

/* The statements of this module, for checks and metrics. */
extern const struct db_stmt outbox_stmts[];
extern const size_t outbox_n_stmts;

#endif
