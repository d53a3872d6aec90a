/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CUSTOMERS_H
#define REMIT_CUSTOMERS_H

/*
 * Customers: whom an account sells to. Other domains ask for what a document needs of one; they
 * never read the tables. Functions block on the database and belong to the thread of the call.
 */

#include "app/base/str.h"
#include "app/call/call.h"
#include "app/http/field.h"
#include "app/http/route.h"

struct address {
	uint64_t present; /* which members an input had: bit i is member i of the table */
	struct str line1;
	struct str line2;
	struct str city;
	struct str region;
	struct str postal_code;
	struct str country; /* ISO 3166-1 alpha-2 */
};

/* A row of customers, and what the API answers. */
struct customer {
	struct id id;
	struct str name;
	struct str email;
	struct str phone;
	struct str currency;
	struct str external_id;
	struct str tax_id;
	struct address address;
	struct str metadata;
	int64_t archived_at;
	int64_t created_at;
	int64_t updated_at;
	int64_t version;
};

/* What a new document needs of its customer. */
struct customer_terms {
	struct str currency;
	int64_t archived_at;
};

/*
 * The terms of a customer, for a document that is being written for it. A customer of another
 * account and an unknown one are a fault at `pointer` (ERR_VALIDATION); so is an archived one.
 */
MUST_CHECK enum err customers_for_document(struct call *c, struct id customer, struct str pointer,
					   struct customer_terms *ret_terms);

/*
 * The customer as it is printed on a document, frozen as JSON text in the arena: name, address,
 * tax id, e-mail.
 */
MUST_CHECK enum err customers_snapshot(struct call *c, struct id customer, struct str *ret_json);

extern const struct schema address_schema;
extern const struct domain customers_domain;

#endif
