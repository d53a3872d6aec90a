/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_HTTP_FILTER_H
#define REMIT_HTTP_FILTER_H

/*
 * The filter on the time of creation that every list has, and its translation, together with the
 * page's cursor, into a range of ids: an id begins with the millisecond of its creation, so the
 * clustered key serves filter, sort and cursor at once. Thread-safe.
 */

#include "app/call/call.h"
#include "app/http/field.h"
#include "app/http/route.h"

struct created_filter {
	int64_t gte, gt, lte, lt; /* TIME_NONE: not given */
};

/* The rows of a query table for a created_filter at member_ of struct_. */
#define FILTER_CREATED(struct_, member_)                                                    \
	{ .name = "filter[created_at][gte]",                                                \
	  .type = FIELD_TIME,                                                               \
	  .offset = offsetof(struct_, member_.gte),                                         \
	  .doc = "Created at this time or later." },                                        \
		{ .name = "filter[created_at][gt]",                                         \
		  .type = FIELD_TIME,                                                       \
		  .offset = offsetof(struct_, member_.gt),                                  \
		  .doc = "Created after this time." },                                      \
		{ .name = "filter[created_at][lte]",                                        \
		  .type = FIELD_TIME,                                                       \
		  .offset = offsetof(struct_, member_.lte),                                 \
		  .doc = "Created at this time or earlier." },                              \
	{                                                                                   \
		.name = "filter[created_at][lt]", .type = FIELD_TIME,                       \
		.offset = offsetof(struct_, member_.lt), .doc = "Created before this time." \
	}

/* Ids strictly between low and high. */
struct id_range {
	struct id low;
	struct id high;
};
/* The ids that the filter and the cursor of the call's page leave. */
struct id_range filter_id_range(const struct call *c, const struct created_filter *f);

/* The sorts of a list that has only the one by creation. */
extern const struct list_sort filter_sort_created[1];

#endif
