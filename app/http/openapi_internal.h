/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_HTTP_OPENAPI_INTERNAL_H
#define REMIT_HTTP_OPENAPI_INTERNAL_H

/*
 * What openapi.c (operations) and openapi_schema.c (schemas) share. A struct schema becomes up to
 * four components: what is answered, what is sent, what is sent as a merge patch, and the page of
 * a list. All is in the order of the route table, so the document is the same for the same table.
 * Not thread-safe: one writer.
 */

#include "app/base/buf.h"
#include "app/http/field.h"
#include "app/http/route.h"

enum form { FORM_OUTPUT, FORM_INPUT, FORM_PATCH, FORM_LIST };

struct component {
	const struct schema *schema;
	enum form form;
	const char *name; /* unique */
};

struct components {
	struct component *items;
	size_t n;
	size_t room;
};

/*
 * Collects the components of all rows and names them: with the schema's own name in its first use
 * of output, input and patch, else with "Input" or "Patch" behind it. ERR_NO_MEMORY.
 */
MUST_CHECK enum err components_init(struct components *cs, struct arena *a, const struct router *r);
/* Appends the members of components.schemas. */
void components_put(struct buf *b, const struct components *cs);

/* Appends {"$ref":"#/components/schemas/Name"}. */
void component_ref_put(struct buf *b, const struct components *cs, const struct schema *s,
		       enum form form);
/* Appends the schema of one value: a member, or a parameter. */
void field_schema_put(struct buf *b, const struct components *cs, const struct field *f,
		      enum form form);
/* Whether the member is part of this form. */
bool field_in_form(const struct field *f, enum form form);

/* Appends "name": and before it a comma where one is due; the value follows. */
void json_name(struct buf *b, const char *name);
/* Appends a comma where one is due, for the next element of an array. */
void json_next(struct buf *b);
/* Appends "name":"text"; nothing when text is NULL. */
void json_text(struct buf *b, const char *name, const char *text);
void json_i64(struct buf *b, const char *name, int64_t v);

#endif
