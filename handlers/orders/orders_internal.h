/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_ORDERS_INTERNAL_H
#define REMIT_ORDERS_INTERNAL_H

/* What the files of this domain share: inputs, service functions, stores. */

#include "handlers/orders/orders.h"

#include "app/http/filter.h"

/* Products ----------------------------------------------------------------------------------- */

struct product {
	struct id id;
	struct str sku;
	struct str name;
	struct str description;
	struct str unit;
	struct str currency;
	dec6 unit_price;
	dec6 tax_percent;
	bool active;
	struct str metadata;
	int64_t created_at;
	int64_t updated_at;
	int64_t version;
};

struct product_input {
	uint64_t present;
	struct str sku;
	struct str name;
	struct str description;
	struct str unit;
	struct str currency;
	dec6 unit_price;
	dec6 tax_percent;
	bool active;
	struct str metadata;
};

/* Bits of product_input.present, in the order of the field table. */
enum {
	PRODUCT_INPUT_SKU,
	PRODUCT_INPUT_NAME,
	PRODUCT_INPUT_DESCRIPTION,
	PRODUCT_INPUT_UNIT,
	PRODUCT_INPUT_CURRENCY,
	PRODUCT_INPUT_UNIT_PRICE,
	PRODUCT_INPUT_TAX_PERCENT,
	PRODUCT_INPUT_ACTIVE,
	PRODUCT_INPUT_METADATA,
};

struct product_get_in {
	struct id id;
};
struct product_create_in {
	struct product_input body;
};
struct product_update_in {
	struct id id;
	struct product_input body;
};
struct product_list_in {
	struct created_filter created;
	struct str sku;
	int32_t active; /* 0 no, 1 yes, -1 both */
};

enum err orders_product_create(struct call *c, const void *in, void *out);
enum err orders_product_get(struct call *c, const void *in, void *out);
enum err orders_product_update(struct call *c, const void *in, void *out);
enum err orders_product_list(struct call *c, const void *in, void *out);

/* Products are asked for by this many ids in one statement; a longer list takes several. */
enum { PRODUCT_BATCH = 16 };

MUST_CHECK enum err products_store_get(struct call *c, struct id id, struct product *ret_product);
MUST_CHECK enum err products_store_lock(struct call *c, struct id id, struct product *ret_product);
MUST_CHECK enum err products_store_insert(struct call *c, const struct product *product);
MUST_CHECK enum err products_store_update(struct call *c, const struct product *product);
MUST_CHECK enum err products_store_list(struct call *c, const struct product_list_in *filter,
					struct list_out *ret_list);
/* The products with these ids, in any order; unknown ids are left out. */
MUST_CHECK enum err products_store_find(struct call *c, const struct id *ids, size_t n,
					struct product **ret_products, size_t *ret_n);

extern const struct db_stmt products_stmts[];
extern const size_t products_n_stmts;
extern const struct route products_routes[];
extern const size_t products_n_routes;

/* Orders ------------------------------------------------------------------------------------- */

struct order_input {
	uint64_t present;
	struct id customer;
	struct str external_id;
	struct str reference;
	struct str currency;
	int32_t order_date;
	struct slice lines; /* struct line_input */
	struct str note;
	struct str metadata;
	bool place;
};

/* Bits of order_input.present, in the order of the field table. */
enum {
	ORDER_INPUT_CUSTOMER,
	ORDER_INPUT_EXTERNAL_ID,
	ORDER_INPUT_REFERENCE,
	ORDER_INPUT_CURRENCY,
	ORDER_INPUT_ORDER_DATE,
	ORDER_INPUT_LINES,
	ORDER_INPUT_NOTE,
	ORDER_INPUT_METADATA,
	ORDER_INPUT_PLACE,
};

struct order_get_in {
	struct id id;
};
struct order_create_in {
	struct order_input body;
};
struct order_update_in {
	struct id id;
	struct order_input body;
};
struct order_list_in {
	struct created_filter created;
	struct id customer;
	int32_t status;
	struct str external_id;
};

enum err orders_order_create(struct call *c, const void *in, void *out);
enum err orders_order_get(struct call *c, const void *in, void *out);
enum err orders_order_update(struct call *c, const void *in, void *out);
enum err orders_order_list(struct call *c, const void *in, void *out);
enum err orders_order_place(struct call *c, const void *in, void *out);
enum err orders_order_cancel(struct call *c, const void *in, void *out);

/* Without lines and available_actions. */
MUST_CHECK enum err orders_store_get(struct call *c, struct id id, struct order *ret_order);
MUST_CHECK enum err orders_store_lock(struct call *c, struct id id, struct order *ret_order);
MUST_CHECK enum err orders_store_lines(struct call *c, struct order *order);
MUST_CHECK enum err orders_store_insert(struct call *c, const struct order *order);
MUST_CHECK enum err orders_store_insert_lines(struct call *c, const struct order *order);
MUST_CHECK enum err orders_store_delete_lines(struct call *c, struct id order);
MUST_CHECK enum err orders_store_update(struct call *c, const struct order *order);
MUST_CHECK enum err orders_store_list(struct call *c, const struct order_list_in *filter,
				      struct list_out *ret_list);

extern const struct db_stmt orders_stmts[];
extern const size_t orders_n_stmts;

#endif
