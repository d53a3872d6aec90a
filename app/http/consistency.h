/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_HTTP_CONSISTENCY_H
#define REMIT_HTTP_CONSISTENCY_H

/*
 * The token that a write answers as Remit-Consistency and a read may carry: an authenticated
 * db_position, bound to the account. Opaque to clients: "v1." base64url(MAC cut to 16 bytes, epoch,
 * seq, time, gtid). Thread-safe.
 */

#include "app/base/buf.h"
#include "app/base/str.h"
#include "app/db/db.h"

/* Appends the token of a position. key: 32 bytes. */
void consistency_put(struct buf *b, const unsigned char key[32], struct id account,
		     const struct db_position *p);
/* ERR_INVALID_PARAMETER when it is not one of ours for this account; ERR_NO_MEMORY. */
MUST_CHECK enum err consistency_parse(struct arena *a, struct str token,
				      const unsigned char key[32], struct id account,
				      struct db_position *ret_position);

#endif
