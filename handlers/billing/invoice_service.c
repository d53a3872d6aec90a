/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of invoices: how one is made, finalized, settled and voided. */

#include "handlers/billing/billing_internal.h"

#include "app/base/check.h"
#include "app/queue/outbox.h"
#include "handlers/customers/customers.h"
#include "handlers/orders/orders.h"

enum { TERM_DAYS = 30 };

const char *const invoice_status_names[INVOICE_STATUS_MAX] = {
	[INVOICE_DRAFT] = "draft",
	[INVOICE_OPEN] = "open",
	[INVOICE_PAID] = "paid",
	[INVOICE_VOID] = "void",
	[INVOICE_UNCOLLECTIBLE] = "uncollectible",
};

/* The state machine: one row for each action, the states it starts from. */
static const struct {
	const char *name;
	uint32_t from; /* bit n: enum invoice_status n */
} actions[INVOICE_ACTION_MAX] = {
	[INVOICE_DELETE] = { "delete", 1U << INVOICE_DRAFT },
	[INVOICE_FINALIZE] = { "finalize", 1U << INVOICE_DRAFT },
	[INVOICE_PAY] = { "pay", 1U << INVOICE_OPEN },
	[INVOICE_CREDIT] = { "credit", 1U << INVOICE_OPEN | 1U << INVOICE_PAID },
	[INVOICE_VOID_IT] = { "void", 1U << INVOICE_OPEN },
};

/* An invoice on which something was paid, reserved or credited is not voided but credited. */
static bool untouched(const struct invoice *v)
{
	return v->amount_paid == 0 && v->amount_reserved == 0 && v->pre_payment_credit == 0 &&
	       v->post_payment_credit == 0;
}

static bool allows(const struct invoice *v, enum invoice_action action)
{
	if ((actions[action].from >> v->status & 1) == 0)
		return false;
	if (action == INVOICE_VOID_IT)
		return untouched(v);
	if (action == INVOICE_CREDIT)
		return v->pre_payment_credit + v->post_payment_credit < v->total;
	return true;
}

static enum err put_actions(struct call *c, const struct invoice *v, struct str *ret_json)
{
	struct buf b;

	buf_init(&b, c->arena, 64, 256);
	buf_char(&b, '[');
	for (int i = 0; i < INVOICE_ACTION_MAX; i++) {
		if (!allows(v, (enum invoice_action)i))
			continue;
		if (b.n > 1)
			buf_char(&b, ',');
		buf_json_str(&b, str_from(actions[i].name));
	}
	buf_char(&b, ']');
	return buf_finish(&b, ret_json);
}

static enum err require(struct call *c, const struct invoice *v, enum invoice_action action)
{
	struct str possible;
	enum err e;

	if (allows(v, action))
		return ERR_OK;
	e = put_actions(c, v, &possible);
	if (e != ERR_OK)
		return e;
	return call_conflict(c, invoice_status_names[v->status], possible,
			     "the invoice's state forbids it");
}

enum err invoice_take(struct call *c, struct id id, enum invoice_action action,
		      struct invoice *ret_invoice)
{
	const enum err e = invoice_store_lock(c, id, ret_invoice);

	return e != ERR_OK ? e : require(c, ret_invoice, action);
}

int64_t invoice_free(const struct invoice *v)
{
	return v->amount_due - v->amount_reserved;
}

static enum err taken(struct call *c, enum err e)
{
	if (e != ERR_DB_DUPLICATE)
		return e;
	return call_fail(c, ERR_ALREADY_EXISTS, "another invoice has this external_id");
}

/* Writes the changed row and tells of it. */
static enum err put(struct call *c, struct invoice *v, const char *event)
{
	enum err e;

	v->updated_at = c->now;
	v->version++;
	e = invoice_store_update(c, v);
	if (e != ERR_OK)
		return e;
	call_touch(c, CACHE_INVOICE, v->id);
	return outbox_append(c, event, "inv", v->id, STR_NONE);
}

enum err invoice_settle(struct call *c, struct invoice *v)
{
	/* what the CHECK constraint of the table says too */
	CHECK(v->amount_due >= 0 && v->amount_reserved >= 0);
	/* a payment without a reservation can still be in flight when its invoice is voided */
	if (v->status == INVOICE_VOID)
		CHECK(v->amount_due == 0 && v->amount_reserved == 0);
	else
		CHECK(v->amount_due == v->total - v->amount_paid - v->pre_payment_credit);
	if (v->status == INVOICE_OPEN && v->amount_due == 0) {
		v->status = INVOICE_PAID;
		v->paid_at = c->now;
		return put(c, v, "invoice.paid");
	}
	return put(c, v, "invoice.updated");
}

/* Making -------------------------------------------------------------------------------------- */

/* Lines given by the client, for a customer. */
static enum err from_lines(struct call *c, const struct invoice_input *body, struct invoice *v)
{
	struct customer_terms customer;
	struct document_line *lines;
	enum err e, worst = ERR_OK;

	if (id_is_none(body->customer))
		worst = call_fault(c, STR("/customer_id"), "required",
				   "is required without an order_id");
	if (body->lines.n == 0)
		worst = call_fault(c, STR("/lines"), "required", "is required without an order_id");
	if (worst != ERR_OK)
		return worst;
	worst = customers_for_document(c, body->customer, STR("/customer_id"), &customer);
	if (worst != ERR_OK)
		return worst;
	v->customer = body->customer;
	v->currency = body->currency.p != NULL ? body->currency : customer.currency;
	e = orders_make_lines(c, &body->lines, v->currency, &lines);
	if (e == ERR_OK)
		v->lines = (struct slice){ .p = lines, .n = body->lines.n };
	return e;
}

static enum err no_order_fault(struct call *c, const char *pointer)
{
	return call_fault(c, str_from(pointer), "not_combinable",
			  "cannot be given with an order_id");
}

/* Lines, customer and currency of an order, which is invoiced once. */
static enum err from_order(struct call *c, const struct invoice_input *body, bool preview,
			   struct invoice *v)
{
	struct order order;
	enum err e = ERR_OK;

	if (!id_is_none(body->customer))
		e = no_order_fault(c, "/customer_id");
	if (body->currency.p != NULL)
		e = no_order_fault(c, "/currency");
	if (body->lines.n > 0)
		e = no_order_fault(c, "/lines");
	if (e != ERR_OK)
		return e;
	e = preview ? orders_look_for_invoice(c, body->order, &order)
		    : orders_take_for_invoice(c, body->order, &order);
	if (e == ERR_NOT_FOUND)
		return call_fault(c, STR("/order_id"), "unknown_order", "there is no such order");
	if (e != ERR_OK)
		return e;
	v->order = order.id;
	v->customer = order.customer;
	v->currency = order.currency;
	v->lines = order.lines;
	if (v->reference.p == NULL)
		v->reference = order.reference;
	return ERR_OK;
}

/* Totals of the lines into the invoice. */
static enum err calculate(struct call *c, struct invoice *v)
{
	struct document_totals totals;
	const struct currency *currency = currency_find(v->currency);
	enum err e;

	if (currency == NULL)
		return ERR_INTERNAL;
	e = pricing_calculate(c, currency, v->lines.p, v->lines.n, &totals);
	if (e == ERR_OK && totals.total < 0)
		e = call_fault(c, STR("/lines"), "negative_total",
			       "the total must not be negative");
	if (e != ERR_OK)
		return e;
	v->line_count = (int64_t)v->lines.n;
	v->subtotal = totals.subtotal;
	v->tax = totals.tax;
	v->total = totals.total;
	v->taxes = totals.taxes;
	return ERR_OK;
}

static enum err make(struct call *c, const struct invoice_input *body, bool preview,
		     struct invoice *v)
{
	const struct id id = id_new_at(c->now);
	enum err e;

	*v = (struct invoice){
		.id = id,
		.status = INVOICE_DRAFT,
		.number_seq = INT64_MIN,
		.external_id = body->external_id,
		.reference = body->reference,
		.issue_date = body->issue_date,
		.due_date = body->due_date,
		.note = body->note,
		.metadata = body->metadata,
		.finalized_at = TIME_NONE,
		.paid_at = TIME_NONE,
		.voided_at = TIME_NONE,
		.created_at = id_time(id),
		.updated_at = id_time(id),
		.version = 1,
	};
	e = id_is_none(body->order) ? from_lines(c, body, v) : from_order(c, body, preview, v);
	return e != ERR_OK ? e : calculate(c, v);
}

enum err billing_invoice_preview(struct call *c, const void *in, void *out)
{
	struct invoice *v = out;
	const enum err e = make(c, &((const struct invoice_create_in *)in)->body, true, v);

	if (e != ERR_OK)
		return e;
	v->amount_due = v->total;
	return put_actions(c, v, &v->available_actions);
}

/* Finalizing ------------------------------------------------------------------------------------
 */

static enum err set_dates(struct call *c, struct invoice *v)
{
	if (v->issue_date == DATE_NONE)
		v->issue_date = date_from_time(c->now);
	if (v->due_date == DATE_NONE)
		v->due_date =
			v->issue_date > DATE_MAX - TERM_DAYS ? DATE_MAX : v->issue_date + TERM_DAYS;
	if (v->due_date < v->issue_date)
		return call_fault(c, STR("/due_date"), "before_issue_date",
				  "must not be before the issue date");
	return ERR_OK;
}

static enum err post(struct call *c, const struct invoice *v)
{
	const struct ledger_entry entry = {
		.kind = LEDGER_INVOICE_FINALIZED,
		.source_prefix = "inv",
		.source = v->id,
		.entry_date = v->issue_date,
		.currency = v->currency,
		.lines = { { LEDGER_RECEIVABLE, v->customer, v->total },
			   { LEDGER_REVENUE, ID_NONE, -v->subtotal },
			   { LEDGER_TAX_PAYABLE, ID_NONE, -v->tax } },
		.n_lines = 3,
	};

	return ledger_post(c, &entry);
}

/*
 * Freezes a draft that stands in the database with its lines: number, customer, totals. The
 * number's row is locked late, so that accounts finalize as much as possible in parallel.
 */
static enum err finalize(struct call *c, struct invoice *v)
{
	struct document_number number;
	enum err e = set_dates(c, v);

	if (e == ERR_OK)
		e = customers_snapshot(c, v->customer, &v->customer_snapshot);
	if (e == ERR_OK)
		e = document_store_insert_taxes(c, v->id, &v->taxes);
	if (e == ERR_OK)
		e = number_take(c, "invoice", "INV-", v->issue_date, &number);
	if (e != ERR_OK)
		return e;
	v->number_seq = number.seq;
	v->number = number.text;
	v->finalized_at = c->now;
	v->status = v->total > 0 ? INVOICE_OPEN : INVOICE_PAID;
	v->paid_at = v->total > 0 ? TIME_NONE : c->now;
	v->amount_due = v->total;
	e = put(c, v, "invoice.finalized");
	return e != ERR_OK ? e : post(c, v);
}

enum err billing_invoice_create(struct call *c, const void *in, void *out)
{
	const struct invoice_input *body = &((const struct invoice_create_in *)in)->body;
	struct invoice *v = out;
	enum err e = make(c, body, false, v);

	if (e != ERR_OK)
		return e;
	e = invoice_store_insert(c, v);
	if (e != ERR_OK)
		return taken(c, e);
	e = document_store_insert_lines(c, DOCUMENT_INVOICE, v->id, &v->lines);
	if (e == ERR_OK)
		e = outbox_append(c, "invoice.created", "inv", v->id, STR_NONE);
	if (e == ERR_OK && body->finalize)
		e = finalize(c, v);
	return e != ERR_OK ? e : put_actions(c, v, &v->available_actions);
}

/* Lines and taxes: those of a draft are calculated, those of a finalized document are stored. */
static enum err with_lines(struct call *c, struct invoice *v)
{
	enum err e = document_store_lines(c, DOCUMENT_INVOICE, v->id, &v->lines);

	if (e == ERR_OK && v->status == INVOICE_DRAFT)
		e = calculate(c, v);
	else if (e == ERR_OK)
		e = document_store_taxes(c, v->id, &v->taxes);
	return e != ERR_OK ? e : put_actions(c, v, &v->available_actions);
}

enum err billing_invoice_get(struct call *c, const void *in, void *out)
{
	const enum err e = invoice_store_get(c, ((const struct invoice_get_in *)in)->id, out);

	return e != ERR_OK ? e : with_lines(c, out);
}

enum err billing_one_filter(struct call *c, int given)
{
	if (given <= 1)
		return ERR_OK;
	(void)call_fault(c, STR("filter"), "not_combinable",
			 "only one filter can be given beside created_at");
	return ERR_INVALID_PARAMETER;
}

enum err billing_invoice_list(struct call *c, const void *in, void *out)
{
	const struct invoice_list_in *f = in;
	const enum err e = billing_one_filter(c, !id_is_none(f->customer) + !id_is_none(f->order) +
							 (f->status >= 0) + (f->number.p != NULL) +
							 (f->external_id.p != NULL));

	return e != ERR_OK ? e : invoice_store_list(c, f, out);
}

/* Transitions -----------------------------------------------------------------------------------
 */

static enum err take(struct call *c, struct id id, enum invoice_action action, struct invoice *v)
{
	enum err e = invoice_store_lock(c, id, v);

	if (e == ERR_OK)
		e = call_check_version(c, v->version);
	return e != ERR_OK ? e : require(c, v, action);
}

enum err billing_invoice_finalize(struct call *c, const void *in, void *out)
{
	const struct invoice_finalize_in *given = in;
	struct invoice *v = out;
	enum err e = take(c, given->id, INVOICE_FINALIZE, v);

	if (e == ERR_OK)
		e = with_lines(c, v);
	if (e != ERR_OK)
		return e;
	if (given->body.issue_date != DATE_NONE)
		v->issue_date = given->body.issue_date;
	if (given->body.due_date != DATE_NONE)
		v->due_date = given->body.due_date;
	e = finalize(c, v);
	return e != ERR_OK ? e : put_actions(c, v, &v->available_actions);
}

/*
 * The order is locked before the invoice in every transaction: read its id first, then lock both.
 * The id never changes.
 */
static enum err release_order(struct call *c, struct id invoice)
{
	struct invoice v;
	const enum err e = invoice_store_get(c, invoice, &v);

	if (e != ERR_OK || id_is_none(v.order))
		return e;
	return orders_release_from_invoice(c, v.order);
}

enum err billing_invoice_delete(struct call *c, const void *in, void *out)
{
	const struct id id = ((const struct invoice_get_in *)in)->id;
	struct invoice v;
	enum err e = release_order(c, id);

	(void)out;
	if (e == ERR_OK)
		e = take(c, id, INVOICE_DELETE, &v);
	if (e == ERR_OK)
		e = document_store_delete_invoice_lines(c, id);
	if (e == ERR_OK)
		e = invoice_store_delete(c, id);
	if (e != ERR_OK)
		return e;
	call_touch(c, CACHE_INVOICE, id);
	return outbox_append(c, "invoice.deleted", "inv", id, STR_NONE);
}

enum err billing_invoice_void(struct call *c, const void *in, void *out)
{
	const struct id id = ((const struct invoice_get_in *)in)->id;
	struct invoice *v = out;
	enum err e = release_order(c, id);

	if (e == ERR_OK)
		e = take(c, id, INVOICE_VOID_IT, v);
	if (e != ERR_OK)
		return e;
	v->status = INVOICE_VOID;
	v->voided_at = c->now;
	v->amount_due = 0;
	e = put(c, v, "invoice.voided");
	if (e == ERR_OK)
		e = ledger_reverse(c, LEDGER_INVOICE_FINALIZED, LEDGER_INVOICE_VOIDED, "inv", id,
				   date_from_time(c->now));
	return e != ERR_OK ? e : with_lines(c, v);
}
