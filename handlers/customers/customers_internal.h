/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CUSTOMERS_INTERNAL_H
#define REMIT_CUSTOMERS_INTERNAL_H

/* What the files of this domain share: inputs, service functions, statements. */

#include "handlers/customers/customers.h"

#include "app/http/filter.h"

struct customer_input {
	uint64_t present;
	struct str name;
	struct str email;
	struct str phone;
	struct str currency;
	struct str external_id;
	struct str tax_id;
	struct address address;
	struct str metadata;
	bool archived;
};

/* Bits of customer_input.present, in the order of the field table. */
enum {
	CUSTOMER_INPUT_NAME,
	CUSTOMER_INPUT_EMAIL,
	CUSTOMER_INPUT_PHONE,
	CUSTOMER_INPUT_CURRENCY,
	CUSTOMER_INPUT_EXTERNAL_ID,
	CUSTOMER_INPUT_TAX_ID,
	CUSTOMER_INPUT_ADDRESS,
	CUSTOMER_INPUT_METADATA,
	CUSTOMER_INPUT_ARCHIVED,
};

struct customer_get_in {
	struct id id;
};
struct customer_create_in {
	struct customer_input body;
};
struct customer_update_in {
	struct id id;
	struct customer_input body;
};
struct customer_list_in {
	struct created_filter created;
	struct str email;
	struct str external_id;
};

/* Services. */
enum err customers_create(struct call *c, const void *in, void *out);
enum err customers_get(struct call *c, const void *in, void *out);
enum err customers_update(struct call *c, const void *in, void *out);
enum err customers_list(struct call *c, const void *in, void *out);

/* Store. */
MUST_CHECK enum err customers_store_get(struct call *c, struct id id,
					struct customer *ret_customer);
MUST_CHECK enum err customers_store_terms(struct call *c, struct id id,
					  struct customer_terms *ret_terms);
MUST_CHECK enum err customers_store_lock(struct call *c, struct id id,
					 struct customer *ret_customer);
MUST_CHECK enum err customers_store_insert(struct call *c, const struct customer *customer);
MUST_CHECK enum err customers_store_update(struct call *c, const struct customer *customer);
MUST_CHECK enum err customers_store_list(struct call *c, const struct customer_list_in *filter,
					 struct list_out *ret_list);

extern const struct db_stmt customers_stmts[];
extern const size_t customers_n_stmts;

#endif
