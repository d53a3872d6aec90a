/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of orders: what each state allows, and how an order is made. */

#include "handlers/orders/orders_internal.h"

#include "app/queue/outbox.h"
#include "handlers/customers/customers.h"

const char *const order_status_names[ORDER_STATUS_MAX] = {
	[ORDER_DRAFT] = "draft",	 [ORDER_QUOTED] = "quoted",
	[ORDER_PLACED] = "placed",	 [ORDER_FULFILLING] = "fulfilling",
	[ORDER_COMPLETED] = "completed", [ORDER_CANCELLED] = "cancelled",
	[ORDER_EXPIRED] = "expired",
};

/* What a client may do with an order. */
enum action { ACTION_UPDATE, ACTION_PLACE, ACTION_CANCEL, ACTION_INVOICE, ACTION_MAX };

/* The state machine: one row for each action, the states it starts from. */
static const struct {
	const char *name;
	uint32_t from; /* bit n: enum order_status n */
} actions[ACTION_MAX] = {
	[ACTION_UPDATE] = { "update", 1U << ORDER_DRAFT },
	[ACTION_PLACE] = { "place", 1U << ORDER_DRAFT | 1U << ORDER_QUOTED },
	[ACTION_CANCEL] = { "cancel", 1U << ORDER_DRAFT | 1U << ORDER_QUOTED | 1U << ORDER_PLACED },
	[ACTION_INVOICE] = { "invoice",
			     1U << ORDER_PLACED | 1U << ORDER_FULFILLING | 1U << ORDER_COMPLETED },
};

static bool allows(const struct order *o, enum action action)
{
	if ((actions[action].from >> o->status & 1) == 0)
		return false;
	/* an order that was invoiced is neither cancelled nor invoiced again */
	if (action == ACTION_CANCEL || action == ACTION_INVOICE)
		return o->invoice_state == ORDER_NOT_INVOICED;
	return true;
}

/* The JSON array of the actions that the order allows. */
static enum err put_actions(struct call *c, const struct order *o, struct str *ret_json)
{
	struct buf b;

	buf_init(&b, c->arena, 64, 256);
	buf_char(&b, '[');
	for (int i = 0; i < ACTION_MAX; i++) {
		if (!allows(o, (enum action)i))
			continue;
		if (b.n > 1)
			buf_char(&b, ',');
		buf_json_str(&b, str_from(actions[i].name));
	}
	buf_char(&b, ']');
	return buf_finish(&b, ret_json);
}

/* ERR_STATE_CONFLICT unless the order allows the action. */
static enum err require(struct call *c, const struct order *o, enum action action)
{
	struct str possible;
	enum err e;

	if (allows(o, action))
		return ERR_OK;
	e = put_actions(c, o, &possible);
	if (e != ERR_OK)
		return e;
	return call_conflict(c, order_status_names[o->status], possible,
			     o->invoice_state == ORDER_INVOICED ? "the order has been invoiced"
								: "the order's state forbids it");
}

static enum err taken(struct call *c, enum err e)
{
	if (e != ERR_DB_DUPLICATE)
		return e;
	return call_fail(c, ERR_ALREADY_EXISTS, "another order has this external_id");
}

/* Customer, currency and lines of the input into the order, with totals. All faults are noted. */
static enum err fill(struct call *c, const struct order_input *body, struct order *o)
{
	struct customer_terms customer;
	struct document_totals totals;
	struct document_line *lines;
	const struct currency *currency;
	enum err e, worst;

	worst = customers_for_document(c, body->customer, STR("/customer_id"), &customer);
	if (worst != ERR_OK && worst != ERR_VALIDATION)
		return worst;
	o->currency = body->currency;
	if (o->currency.p == NULL && worst == ERR_OK)
		o->currency = customer.currency;
	if (o->currency.p == NULL)
		return worst;
	e = orders_make_lines(c, &body->lines, o->currency, &lines);
	if (e != ERR_OK)
		return e;
	currency = currency_find(o->currency);
	e = pricing_calculate(c, currency, lines, body->lines.n, &totals);
	if (e == ERR_OK && totals.total < 0)
		e = call_fault(c, STR("/lines"), "negative_total",
			       "the total must not be negative");
	if (e != ERR_OK)
		return e;
	o->customer = body->customer;
	o->lines = (struct slice){ .p = lines, .n = body->lines.n };
	o->line_count = (int64_t)body->lines.n;
	o->subtotal = totals.subtotal;
	o->tax = totals.tax;
	o->total = totals.total;
	return worst;
}

enum err orders_order_create(struct call *c, const void *in, void *out)
{
	const struct order_input *body = &((const struct order_create_in *)in)->body;
	struct order *o = out;
	const struct id id = id_new_at(c->now);
	enum err e;

	*o = (struct order){
		.id = id,
		.status = body->place ? ORDER_PLACED : ORDER_DRAFT,
		.external_id = body->external_id,
		.reference = body->reference,
		.order_date =
			body->order_date != DATE_NONE ? body->order_date : date_from_time(c->now),
		.note = body->note,
		.metadata = body->metadata,
		.placed_at = body->place ? id_time(id) : TIME_NONE,
		.cancelled_at = TIME_NONE,
		.created_at = id_time(id),
		.updated_at = id_time(id),
		.version = 1,
	};
	e = fill(c, body, o);
	if (e != ERR_OK)
		return e;
	e = orders_store_insert(c, o);
	if (e != ERR_OK)
		return taken(c, e);
	e = orders_store_insert_lines(c, o);
	if (e == ERR_OK)
		e = outbox_append(c, body->place ? "order.placed" : "order.created", "ord", id,
				  STR_NONE);
	if (e == ERR_OK)
		e = put_actions(c, o, &o->available_actions);
	return e;
}

static enum err with_lines(struct call *c, struct order *o)
{
	const enum err e = orders_store_lines(c, o);

	return e != ERR_OK ? e : put_actions(c, o, &o->available_actions);
}

enum err orders_order_get(struct call *c, const void *in, void *out)
{
	const enum err e = orders_store_get(c, ((const struct order_get_in *)in)->id, out);

	return e != ERR_OK ? e : with_lines(c, out);
}

/* The rows of a list do not select what their ids say. */
static enum err with_created_at(enum err e, struct list_out *list)
{
	struct order *rows = list->rows;

	for (size_t i = 0; e == ERR_OK && i < list->n; i++)
		rows[i].created_at = id_time(rows[i].id);
	return e;
}

enum err orders_order_list(struct call *c, const void *in, void *out)
{
	const struct order_list_in *filter = in;
	const int given = (filter->external_id.p != NULL) + !id_is_none(filter->customer) +
			  (filter->status >= 0);

	if (given > 1) {
		(void)call_fault(c, STR("filter"), "not_combinable",
				 "only one of filter[customer_id], filter[status] and "
				 "filter[external_id] can be given");
		return ERR_INVALID_PARAMETER;
	}
	return with_created_at(orders_store_list(c, filter, out), out);
}

/* Locks the order and checks the client's version and the state. */
static enum err take(struct call *c, struct id id, enum action action, struct order *ret_order)
{
	enum err e = orders_store_lock(c, id, ret_order);

	if (e == ERR_OK)
		e = call_check_version(c, ret_order->version);
	if (e == ERR_OK)
		e = require(c, ret_order, action);
	return e;
}

/* Writes the changed order and tells of it. */
static enum err put(struct call *c, struct order *o, const char *event)
{
	enum err e;

	o->updated_at = c->now;
	o->version++;
	e = orders_store_update(c, o);
	if (e != ERR_OK)
		return taken(c, e);
	call_touch(c, CACHE_ORDER, o->id);
	return outbox_append(c, event, "ord", o->id, STR_NONE);
}

/* Lines, currency and customer: what changes the totals. */
static enum err replace(struct call *c, const struct order_input *body, struct order *o)
{
	struct order_input whole = *body;
	const uint64_t present = body->present;
	struct line_input *lines;
	enum err e;

	if (!field_present(present, ORDER_INPUT_LINES) &&
	    !field_present(present, ORDER_INPUT_CUSTOMER) &&
	    !field_present(present, ORDER_INPUT_CURRENCY))
		return orders_store_lines(c, o);
	if (!field_present(present, ORDER_INPUT_CUSTOMER))
		whole.customer = o->customer;
	if (!field_present(present, ORDER_INPUT_CURRENCY))
		whole.currency = o->currency;
	if (!field_present(present, ORDER_INPUT_LINES)) {
		e = orders_store_lines(c, o);
		if (e != ERR_OK)
			return e;
		lines = arena_array(c->arena, o->lines.n, sizeof(*lines));
		if (lines == NULL)
			return ERR_NO_MEMORY;
		for (size_t i = 0; i < o->lines.n; i++) {
			const struct document_line *old = &((struct document_line *)o->lines.p)[i];

			lines[i] = (struct line_input){
				.product = old->product,
				.description = old->description,
				.unit = old->unit,
				.quantity = old->quantity,
				.unit_price = old->unit_price,
				.discount_percent = old->discount_percent,
				.tax_percent = old->tax_percent,
			};
		}
		whole.lines = (struct slice){ .p = lines, .n = o->lines.n };
	}
	e = fill(c, &whole, o);
	if (e != ERR_OK)
		return e;
	e = orders_store_delete_lines(c, o->id);
	return e != ERR_OK ? e : orders_store_insert_lines(c, o);
}

enum err orders_order_update(struct call *c, const void *in, void *out)
{
	const struct order_update_in *update = in;
	const struct order_input *body = &update->body;
	struct order *o = out;
	enum err e;

	e = take(c, update->id, ACTION_UPDATE, o);
	if (e != ERR_OK)
		return e;
	if (field_present(body->present, ORDER_INPUT_EXTERNAL_ID))
		o->external_id = body->external_id;
	if (field_present(body->present, ORDER_INPUT_REFERENCE))
		o->reference = body->reference;
	if (field_present(body->present, ORDER_INPUT_ORDER_DATE) && body->order_date != DATE_NONE)
		o->order_date = body->order_date;
	if (field_present(body->present, ORDER_INPUT_NOTE))
		o->note = body->note;
	if (field_present(body->present, ORDER_INPUT_METADATA))
		e = metadata_merge(c, o->metadata, body->metadata, &o->metadata);
	if (e == ERR_OK && body->place) {
		o->status = ORDER_PLACED;
		o->placed_at = c->now;
	}
	if (e == ERR_OK)
		e = replace(c, body, o);
	if (e == ERR_OK)
		e = put(c, o, body->place ? "order.placed" : "order.updated");
	if (e == ERR_OK)
		e = put_actions(c, o, &o->available_actions);
	return e;
}

enum err orders_order_place(struct call *c, const void *in, void *out)
{
	struct order *o = out;
	enum err e = take(c, ((const struct order_get_in *)in)->id, ACTION_PLACE, o);

	if (e != ERR_OK)
		return e;
	o->status = ORDER_PLACED;
	o->placed_at = c->now;
	e = put(c, o, "order.placed");
	return e != ERR_OK ? e : with_lines(c, o);
}

enum err orders_order_cancel(struct call *c, const void *in, void *out)
{
	struct order *o = out;
	enum err e = take(c, ((const struct order_get_in *)in)->id, ACTION_CANCEL, o);

	if (e != ERR_OK)
		return e;
	o->status = ORDER_CANCELLED;
	o->cancelled_at = c->now;
	e = put(c, o, "order.cancelled");
	return e != ERR_OK ? e : with_lines(c, o);
}

enum err orders_take_for_invoice(struct call *c, struct id id, struct order *ret_order)
{
	enum err e = orders_store_lock(c, id, ret_order);

	if (e == ERR_OK)
		e = require(c, ret_order, ACTION_INVOICE);
	if (e != ERR_OK)
		return e;
	ret_order->invoice_state = ORDER_INVOICED;
	e = put(c, ret_order, "order.invoiced");
	return e != ERR_OK ? e : orders_store_lines(c, ret_order);
}

enum err orders_look_for_invoice(struct call *c, struct id id, struct order *ret_order)
{
	enum err e = orders_store_get(c, id, ret_order);

	if (e == ERR_OK)
		e = require(c, ret_order, ACTION_INVOICE);
	return e != ERR_OK ? e : orders_store_lines(c, ret_order);
}

enum err orders_release_from_invoice(struct call *c, struct id id)
{
	struct order order;
	const enum err e = orders_store_lock(c, id, &order);

	if (e != ERR_OK)
		return e;
	order.invoice_state = ORDER_NOT_INVOICED;
	return put(c, &order, "order.released");
}
