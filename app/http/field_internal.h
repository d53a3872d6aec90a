/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_HTTP_FIELD_INTERNAL_H
#define REMIT_HTTP_FIELD_INTERNAL_H

/*
 * What the decoders of field tables share: places of values, faults, and the checks of values that
 * are text in JSON bodies and in parameters alike. For app/http/field_*.c and metadata.c only.
 * Functions that return enum err have noted the fault with ERR_VALIDATION, or fail with
 * ERR_NO_MEMORY; the member is written on ERR_OK only.
 */

#include "app/http/field.h"

#include <stdbool.h>

/* Where a value stands: a chain on the stack, made into a pointer when there is a fault. */
struct field_at {
	const struct field_at *up;
	struct str name; /* STR_NONE: the element `index` of an array */
	size_t index;
	bool parameter; /* the pointer is the bare name */
};

/* The row of a name, NULL when there is none. */
const struct field *field_find(const struct schema *s, struct str name);
/* Where the value of a row lives in a struct. */
void *field_member(const struct field *f, void *struct_);

/* Notes a fault at a place and returns ERR_VALIDATION. at == NULL: the whole body. */
enum err field_fault(struct call *c, const struct field_at *at, const char *code,
		     const char *detail);
/* A detail in the arena: before, number, after. */
const char *field_detail(struct call *c, const char *before, int64_t n, const char *after);

/* Sets a member to its absent value. */
void field_clear(const struct field *f, void *ret_member);
/* As schema_defaults, but without fallbacks. */
void schema_clear(const struct schema *s, void *ret_struct);

/* FIELD_I64 and FIELD_MONEY. INT64_MIN and INT64_MAX mean that the number did not fit. */
MUST_CHECK enum err field_set_integer(struct call *c, const struct field *f,
				      const struct field_at *at, int64_t v, void *ret_member);
/* All types whose values are text, in JSON a string. */
MUST_CHECK enum err field_set_text(struct call *c, const struct field *f, const struct field_at *at,
				   struct str text, void *ret_member);
/* Whether text has min..max code points and no control characters (multiline: but \n and \t). */
MUST_CHECK enum err field_check_length(struct call *c, const struct field_at *at, struct str text,
				       int64_t min, int64_t max);
MUST_CHECK enum err field_check_control(struct call *c, const struct field_at *at, struct str text,
					bool multiline);

/* Whether ISO 3166-1 alpha-2 has this upper-case code. */
bool country_exists(struct str code);

struct json_object;
/* The text of metadata; nulls: a patch, whose values may be null. */
MUST_CHECK enum err metadata_decode(struct call *c, const struct field_at *at,
				    struct json_object *pairs, bool nulls, struct str *ret_text);

#endif
