/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_ORDERS_H
#define REMIT_ORDERS_H

/*
 * Products and orders: what is sold, and what a customer has ordered. Functions block on the
 * database and belong to the thread of the call.
 */

#include "app/call/call.h"
#include "app/http/field.h"
#include "app/http/route.h"
#include "handlers/pricing/pricing.h"

enum order_status {
	ORDER_DRAFT,
	ORDER_QUOTED,
	ORDER_PLACED,
	ORDER_FULFILLING,
	ORDER_COMPLETED,
	ORDER_CANCELLED,
	ORDER_EXPIRED,
	ORDER_STATUS_MAX
};

enum order_invoice_state { ORDER_NOT_INVOICED, ORDER_INVOICED, ORDER_INVOICE_STATE_MAX };

/* A row of orders, and with its lines what the API answers. */
struct order {
	struct id id;
	struct id customer;
	int32_t status;
	int32_t invoice_state;
	struct str external_id;
	struct str reference;
	struct str currency;
	int32_t order_date;
	int64_t line_count;
	int64_t subtotal;
	int64_t tax;
	int64_t total;
	struct str note;
	struct str metadata;
	int64_t placed_at;
	int64_t cancelled_at;
	int64_t created_at;
	int64_t updated_at;
	int64_t version;
	struct slice lines;	      /* struct document_line; not in lists */
	struct str available_actions; /* JSON array: what the state allows */
};

/*
 * Makes the lines of a document from what the client sent, filling what is left out from the
 * products (one statement for all of them). Everything wrong is a fault at "/lines/N/...".
 * The lines are in the arena; their net is not calculated yet.
 */
MUST_CHECK enum err orders_make_lines(struct call *c, const struct slice *inputs,
				      struct str currency, struct document_line **ret_lines);

/*
 * Locks a placed order that has not been invoiced and marks it invoiced, in the transaction that
 * writes the invoice; the order with its lines. ERR_NOT_FOUND; ERR_STATE_CONFLICT when it is not
 * placed or is invoiced already.
 */
MUST_CHECK enum err orders_take_for_invoice(struct call *c, struct id order,
					    struct order *ret_order);
/*
 * The order as an invoice would be made from it, without a lock or a change: for a preview. Errors
 * as orders_take_for_invoice.
 */
MUST_CHECK enum err orders_look_for_invoice(struct call *c, struct id order,
					    struct order *ret_order);
/* Undoes orders_take_for_invoice: its invoice was voided or its draft deleted. */
MUST_CHECK enum err orders_release_from_invoice(struct call *c, struct id order);

extern const char *const order_status_names[ORDER_STATUS_MAX];
extern const struct domain orders_domain;

#endif
