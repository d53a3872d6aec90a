/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CTL_IMPORT_OBJECT_H
#define REMIT_CTL_IMPORT_OBJECT_H

/*
 * The objects of a plan as requests to the API. Each has an external id made of the history's
 * prefix and its own number there, which is the idempotency key as well: the same object makes the
 * same request in every run. Thread-safe: no state.
 */

#include "app/base/arena.h"
#include "app/base/err.h"
#include "app/ctl/import_api.h"
#include "app/ctl/import_plan.h"

enum import_kind {
	IMPORT_CUSTOMER,
	IMPORT_PRODUCT,
	IMPORT_ORDER,
	IMPORT_INVOICE,
	IMPORT_PAYMENT,
	IMPORT_CREDIT_NOTE,
	IMPORT_KIND_MAX
};

/* "/v1/credit_notes" and "credit note". */
const char *import_kind_path(enum import_kind kind);
const char *import_kind_name(enum import_kind kind);

/* Fills target, body, key and lookup of the request that creates the object at `place`: of its
 * customers, products or documents. What it refers to must have its id. ERR_NO_MEMORY, ERR_LIMIT.
 */
MUST_CHECK enum err import_object_make(const struct import_plan *plan, enum import_kind kind,
				       uint32_t place, struct arena *a,
				       struct import_request *ret_rq);
/* The list that has this object as its only row. */
MUST_CHECK enum err import_object_lookup(const struct import_plan *plan, enum import_kind kind,
					 struct str number, struct arena *a,
					 const char **ret_target);
/* Whether an external id or sku is one of this plan's. */
bool import_object_is_own(const struct import_plan *plan, struct str external_id);

#endif
