/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_BASE_STR_H
#define REMIT_BASE_STR_H

/*
 * A view of bytes: pointer and length, passed by value, never owning, not terminated. A str with
 * p == NULL is "absent", which differs from the empty string. Thread-safe: no state.
 */

#include "app/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(lit)   ((struct str){ .p = "" lit, .n = sizeof(lit) - 1 })
#define STR_NONE   ((struct str){ .p = NULL, .n = 0 })
#define STR_FMT	   "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p

/* A view of a terminated string; STR_NONE for NULL. */
struct str str_from(const char *z);

/* STR_NONE equals only STR_NONE, not the empty string; the same holds for the two below. */
bool str_eq(struct str a, struct str b);
bool str_eq_z(struct str a, const char *z);
/* ASCII case only. */
bool str_eq_nocase(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
/* Bytewise order as memcmp, a prefix before what it is a prefix of, STR_NONE first. */
int str_cmp(struct str a, struct str b);

/* s without leading and trailing spaces and tabs. */
struct str str_trim(struct str s);

/*
 * Cuts *in at the first `sep`: returns what stands before it and leaves in *in what stands after
 * it. Without a `sep` returns all of *in and leaves STR_NONE. Call until in->p == NULL.
 */
struct str str_cut(struct str *in, char sep);

/*
 * Decimal integer in [min, max], optional leading '-', no '+', no spaces, no leading zeros
 * except "0" itself, no "-0", whole input. ERR_MALFORMED otherwise.
 */
MUST_CHECK enum err str_to_i64(struct str s, int64_t min, int64_t max, int64_t *ret_value);

/* Whether s is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool str_is_utf8(struct str s);

/* The number of code points of a well-formed UTF-8 string. */
size_t str_utf8_len(struct str s);

/* Whether the n bytes are equal, in time that depends on n only. For secrets. */
bool str_eq_secret(const void *a, const void *b, size_t n);

#endif
