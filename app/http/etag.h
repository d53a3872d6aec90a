/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_HTTP_ETAG_H
#define REMIT_HTTP_ETAG_H

/*
 * Entity tags and the two conditions of HTTP (RFC 9110 sections 8.8.3 and 13.1). A tag is strong:
 * "<version>-<fingerprint>", where the fingerprint is that of the schema, so that a release which
 * writes other members answers other tags. Thread-safe: no state.
 */

#include "app/base/buf.h"
#include "app/base/err.h"
#include "app/base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Appends "\"7-00c0ffee\"". */
void etag_put(struct buf *b, int64_t version, uint32_t fingerprint);

/*
 * Whether a list of tags (If-None-Match, If-Match) has this one; "*" has any. weak_ok: weak
 * comparison, which If-None-Match wants: "W/" does not matter. A header that is not a list of tags
 * has none.
 */
bool etag_matches(struct str header, struct str etag, bool weak_ok);

/*
 * What If-Match asks for, as struct call has it: the version; -1 when the header is absent or "*"
 * (the services answer 404 themselves for what does not exist); -2 when none of its tags can
 * match: weak ones, those of other releases and of others. Of several tags the highest version
 * counts: versions only grow, so whoever has seen it knows that the lower ones are stale.
 * ERR_INVALID_PARAMETER when it is not a list of tags.
 */
MUST_CHECK enum err etag_parse_if_match(struct str header, uint32_t fingerprint,
					int64_t *ret_version);

#endif
