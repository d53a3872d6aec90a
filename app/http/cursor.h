/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_HTTP_CURSOR_H
#define REMIT_HTTP_CURSOR_H

/*
 * Keyset cursors: where the next page starts, authenticated and bound to account, route, filters
 * and sort, so that a cursor can be neither forged nor used for another list. Thread-safe.
 */

#include "app/base/buf.h"
#include "app/call/call.h"

/*
 * Appends base64url(MAC cut to 16 bytes, flags, key, id). binding: everything the cursor is valid
 * for, as the pipeline sees it (route id and the canonical filters).
 */
void cursor_put(struct buf *b, const unsigned char key[32], struct id account, struct str binding,
		const struct page *page);
/*
 * Fills sort, descending, has_after, after_key and after of the page. ERR_INVALID_CURSOR,
 * ERR_NO_MEMORY. A cursor may be older than the release: the caller checks that sort is one of the
 * list's.
 */
MUST_CHECK enum err cursor_parse(struct arena *a, struct str text, const unsigned char key[32],
				 struct id account, struct str binding, struct page *ret_page);

#endif
