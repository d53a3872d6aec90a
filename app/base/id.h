/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_BASE_ID_H
#define REMIT_BASE_ID_H

/*
 * Identifiers: UUID version 7 (RFC 9562 section 5.7) in memory and in the database (16 bytes),
 * TypeID 0.3 on the wire: a prefix, '_' and 26 characters of Crockford base32 ("ord_01h4...").
 * The first 48 bits are the milliseconds of creation, so ids sort by time; ids made in one thread
 * never go backwards. Thread-safe.
 */

#include "app/base/buf.h"
#include "app/base/err.h"
#include "app/base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct id {
	uint8_t b[16];
};

#define ID_NONE	      ((struct id){ { 0 } })
#define ID_TEXT_LEN   26 /* without prefix */
#define ID_PREFIX_MAX 5

/* A new UUIDv7 whose time is now. */
struct id id_new(void);
/* A new UUIDv7 whose time is `t` (microseconds since the epoch, >= 0); the rest is random. */
struct id id_new_at(int64_t t);
/* The creation time in microseconds (of millisecond resolution). */
int64_t id_time(struct id id);
/* The lowest and highest id that can have been made at millisecond t / 1000 (of times >= 0). */
struct id id_first_at(int64_t t);
struct id id_last_at(int64_t t);

/* Below every id that is made, and not ID_NONE: where a range begins. */
struct id id_lowest(void);

bool id_is_none(struct id id);
bool id_eq(struct id a, struct id b);
int id_cmp(struct id a, struct id b);

/* Appends the TypeID with `prefix` ("ord"). */
void id_put(struct buf *b, const char *prefix, struct id id);
/* Writes the 26 characters without prefix, not terminated. */
void id_text(struct id id, char ret_text[ID_TEXT_LEN]);
/*
 * Parses a TypeID that has exactly this prefix. ERR_MALFORMED for anything else, also for a value
 * above 128 bits (first character above '7') and for upper case.
 */
MUST_CHECK enum err id_parse(struct str s, const char *prefix, struct id *ret_id);
/* Parses the 26 characters alone. */
MUST_CHECK enum err id_parse_text(struct str s, struct id *ret_id);

#endif
