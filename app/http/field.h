/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_HTTP_FIELD_H
#define REMIT_HTTP_FIELD_H

/*
 * Field tables. One row describes one member of a JSON object, one query or one path parameter,
 * and where its value lives in a C struct; the same row decodes, validates, encodes and documents.
 * Tables are constant. Decoding reports every fault of the input, not the first. Thread-safe.
 */

#include "app/base/arena.h"
#include "app/base/buf.h"
#include "app/base/clock.h"
#include "app/base/err.h"
#include "app/base/id.h"
#include "app/base/money.h"
#include "app/base/str.h"
#include "app/call/call.h"

#include <stddef.h>
#include <stdint.h>

/* C type of the member, and its absent value (also what null decodes to). */
enum field_type {
	FIELD_ID,	/* struct id, ID_NONE; .prefix; "" or NULL: the bare 26 characters */
	FIELD_STR,	/* struct str, STR_NONE; min..max (255) code points, no controls */
	FIELD_TEXT,	/* struct str; max 10000 unless set; line feeds and tabs too */
	FIELD_EMAIL,	/* struct str; lower-cased domain, RFC 5321 limits */
	FIELD_I64,	/* int64_t, INT64_MIN; min..max, else +-(2^53 - 1); a JSON integer */
	FIELD_MONEY,	/* int64_t, MONEY_NONE; as FIELD_I64; minor units */
	FIELD_DEC6,	/* dec6, DEC6_NONE; a JSON string ("1.5"); min..max in millionths */
	FIELD_BOOL,	/* bool, false */
	FIELD_TIME,	/* int64_t microseconds, TIME_NONE; RFC 3339 */
	FIELD_DATE,	/* int32_t days, DATE_NONE; YYYY-MM-DD */
	FIELD_ENUM,	/* int32_t index into .names, -1 */
	FIELD_CURRENCY, /* struct str, STR_NONE; upper-case ISO 4217 code that exists */
	FIELD_COUNTRY,	/* struct str, STR_NONE; two upper-case letters (ISO 3166-1) */
	FIELD_OBJECT,	/* a struct at the offset, described by .of; absent: all members absent */
	FIELD_ARRAY,	/* struct slice of structs described by .of; { NULL, 0 } */
	FIELD_METADATA, /* struct str: JSON text of string pairs; "{}"; metadata_merge */
	FIELD_JSON,	/* struct str: JSON text, output only, written as it is */
};

enum {
	FIELD_REQUIRED = 1 << 0, /* input: must be there and not null */
	FIELD_NULLABLE = 1 << 1, /* input: null is allowed; output: absent is written as null */
	FIELD_OMIT = 1 << 2,	 /* output: left out when absent (else null is written) */
	FIELD_OUT_ONLY = 1 << 3, /* not accepted in input */
	FIELD_IN_ONLY = 1 << 4,	 /* not written in output */
	FIELD_SECRET = 1 << 5,	 /* never logged; documented as password */
};

/* The first three members of a row: FIELD_OF(struct customer, name, FIELD_STR). */
#define FIELD_OF(struct_, member_, type_) \
	.name = #member_, .type = (type_), .offset = offsetof(struct_, member_)

struct slice {
	void *p; /* array of .of->size bytes each, in the arena */
	size_t n;
};

struct schema;

struct field {
	const char *name;
	enum field_type type;
	uint32_t offset;
	uint32_t flags;
	/*
	 * Length, value or number of elements. Both 0: the type's own limits; only max is 0 and min
	 * is above it: no maximum but the type's. INT64_MIN and INT64_MAX cannot be had as input.
	 */
	int64_t min, max;
	const char *prefix;	  /* FIELD_ID */
	const char *const *names; /* FIELD_ENUM */
	int32_t n_names;
	const struct schema *of; /* FIELD_OBJECT, FIELD_ARRAY */
	int64_t fallback;	 /* I64, MONEY, DEC6, BOOL, ENUM: when absent ... */
	bool has_fallback;	 /* ... when set */
	const char *doc;
	const char *example; /* JSON text of an example value, for the documents */
};

/*
 * The members of one kind of object. When `present` is not 0, the struct has a uint64_t at
 * offset present - 1 whose bit i says that field i was in the input (null or not): what a merge
 * patch (RFC 7396) needs. A schema has at most 64 members and never contains itself.
 *
 * An object inside a patch is patched as well when its schema has `present`; null for it sets all
 * its bits. Without `present` it is replaced as a whole, so its required members are required, as
 * in the elements of arrays.
 */
struct schema {
	const char *name; /* "Order": component name in the OpenAPI document */
	const struct field *fields;
	uint32_t n_fields;
	uint32_t size; /* of the C struct */
	uint32_t present;
	const char *object; /* value of the constant member "object", output only; NULL: none */
	const char *doc;
};
#define SCHEMA_FIELDS(array_, struct_)                                        \
	.fields = (array_), .n_fields = sizeof(array_) / sizeof((array_)[0]), \
	.size = sizeof(struct_)
#define SCHEMA_PRESENT(struct_, member_) .present = offsetof(struct_, member_) + 1

/* Whether field i of a decoded struct was in the input. */
static inline bool field_present(uint64_t present, unsigned i)
{
	return (present >> i) & 1;
}

/* The limits of a row with the type's own filled in (length, value or number of elements). */
void field_limits(const struct field *f, int64_t *ret_min, int64_t *ret_max);

/* Sets every member of a struct to its absent value (or its fallback). */
void schema_defaults(const struct schema *s, void *ret_struct);

/*
 * Checks that the body is one JSON text (RFC 8259) within the limits of limits.h: well-formed
 * UTF-8, no duplicate member, no NUL character, no unpaired surrogate, depth, members, elements,
 * numbers of at most 32 characters, member names of at most JSON_NAME_MAX bytes as written, at most
 * JSON_CONTAINERS_MAX objects and arrays (json-c takes a kilobyte for an empty one).
 * ERR_INVALID_JSON with a detail that names the byte offset.
 */
MUST_CHECK enum err json_scan(struct call *c, struct str body);
enum { JSON_NAME_MAX = 1024, JSON_CONTAINERS_MAX = 8192 };

/*
 * Decodes a JSON body into ret_struct (of s->size). All faults are noted in the call. Results
 * live as long as the arena's current content. `partial`: a merge patch: no member is required and
 * there are no fallbacks. ret_struct is undefined after an error.
 * ERR_INVALID_JSON, ERR_VALIDATION, ERR_NO_MEMORY.
 */
MUST_CHECK enum err schema_decode_json(struct call *c, const struct schema *s, struct str body,
				       bool partial, void *ret_struct);

/* One decoded name=value pair of a query, or one path parameter. */
struct param {
	struct str name;
	struct str value;
};
/*
 * Decodes parameters; unknown and repeated ones are faults, whose pointers are the bare names. No
 * objects, arrays or metadata. ret_struct is undefined after an error.
 * ERR_INVALID_PARAMETER, ERR_NO_MEMORY.
 */
MUST_CHECK enum err schema_decode_params(struct call *c, const struct schema *s,
					 const struct param *params, size_t n, void *ret_struct);
enum { PARAMS_QUERY_MAX = 32 };
/*
 * Splits a query (application/x-www-form-urlencoded: '+' is a space) into at most `max` decoded
 * pairs; the caller's array has PARAMS_QUERY_MAX. Invalid escapes, invalid UTF-8, NUL characters
 * and more pairs are refused. Pairs borrow from the query or the arena.
 * ERR_INVALID_PARAMETER, ERR_NO_MEMORY.
 */
MUST_CHECK enum err params_parse_query(struct call *c, struct str query, struct param *ret,
				       size_t max, size_t *ret_n);
/*
 * Decodes percent escapes ('+' stays), for path segments. The result borrows from raw or the arena.
 * ERR_MALFORMED for invalid escapes, invalid UTF-8 and NUL characters; ERR_NO_MEMORY.
 */
MUST_CHECK enum err param_decode(struct arena *a, struct str raw, struct str *ret);

/*
 * Appends the JSON object: "id" first, then "object", then the others as in the table. Absent
 * values are null (arrays [] unless nullable, metadata {}), or left out with FIELD_OMIT. An object
 * is absent when all its members are, and counts as such when it is nullable or FIELD_OMIT.
 */
void schema_encode(struct buf *b, const struct schema *s, const void *struct_);
/* A fingerprint of what schema_encode writes: part of the ETag. Compute once per route. */
uint32_t schema_fingerprint(const struct schema *s);

/*
 * Applies a merge patch (RFC 7396) to metadata: names with null are removed. `old` is what was
 * stored; `patch` is what FIELD_METADATA decodes of a partial body: an object text whose values are
 * strings or null, STR_NONE for null, which removes all pairs. A body that is not partial has no
 * nulls in it and its metadata is stored as it is.
 * ERR_VALIDATION when the result has too many pairs, ERR_INTERNAL when `old` is no such text.
 */
MUST_CHECK enum err metadata_merge(struct call *c, struct str old, struct str patch,
				   struct str *ret_metadata);

#endif
