/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of payments: reservation, success, failure. */

#include "handlers/billing/billing_internal.h"

#include "app/queue/outbox.h"

const char *const payment_status_names[PAYMENT_STATUS_MAX] = {
	[PAYMENT_PENDING] = "pending", [PAYMENT_SUCCEEDED] = "succeeded",
	[PAYMENT_FAILED] = "failed",   [PAYMENT_CANCELLED] = "cancelled",
	[PAYMENT_UNKNOWN] = "unknown",
};
const char *const payment_method_names[PAYMENT_METHOD_MAX] = {
	"bank_transfer", "card", "cash", "direct_debit", "other",
};

/* Each action leads from these states; all that can be done is done to a payment in flight. */
static const struct str in_flight_actions = STR("[\"succeed\",\"fail\",\"cancel\"]");
static const struct str no_actions = STR("[]");

static bool in_flight(const struct payment *p)
{
	return p->status == PAYMENT_PENDING || p->status == PAYMENT_UNKNOWN;
}

static void set_actions(struct payment *p)
{
	p->available_actions = in_flight(p) ? in_flight_actions : no_actions;
}

static enum err taken(struct call *c, enum err e)
{
	if (e != ERR_DB_DUPLICATE)
		return e;
	return call_fail(c, ERR_ALREADY_EXISTS, "another payment has this external_id");
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static enum err post(struct call *c, const struct payment *p)
{
	const struct ledger_entry entry = {
		.kind = LEDGER_PAYMENT_SUCCEEDED,
		.source_prefix = "pay",
		.source = p->id,
		.entry_date = p->payment_date,
		.currency = p->currency,
		.lines = { { LEDGER_CASH, ID_NONE, p->amount },
			   { LEDGER_RECEIVABLE, p->customer, -p->applied_to_invoice },
			   { LEDGER_CUSTOMER_CREDIT, p->customer, -p->to_customer_credit } },
		.n_lines = 3,
	};

	return ledger_post(c, &entry);
}

/*
 * The money has arrived: what is due is settled, the excess becomes the customer's credit. The
 * payment's own reservation was given back before; those of others stand.
 */
static enum err settle(struct call *c, struct payment *p, struct invoice *v)
{
	p->status = PAYMENT_SUCCEEDED;
	p->succeeded_at = c->now;
	p->applied_to_invoice = v->status == INVOICE_OPEN ? smaller(p->amount, invoice_free(v)) : 0;
	p->to_customer_credit = p->amount - p->applied_to_invoice;
	v->amount_paid += p->applied_to_invoice;
	v->amount_due -= p->applied_to_invoice;
	return invoice_settle(c, v);
}

static enum err check_input(struct call *c, const struct payment_input *body,
			    const struct invoice *v)
{
	if (body->currency.p != NULL && !str_eq(body->currency, v->currency))
		return call_fault(c, STR("/currency"), "currency_mismatch",
				  "is not the invoice's currency");
	return ERR_OK;
}

enum err billing_payment_create(struct call *c, const void *in, void *out)
{
	const struct payment_input *body = &((const struct payment_create_in *)in)->body;
	struct payment *p = out;
	const struct id id = id_new_at(c->now);
	struct invoice v;
	enum err e;

	e = invoice_take(c, body->invoice, INVOICE_PAY, &v);
	if (e == ERR_NOT_FOUND)
		return call_fault(c, STR("/invoice_id"), "unknown_invoice",
				  "there is no such invoice");
	if (e == ERR_OK)
		e = check_input(c, body, &v);
	if (e != ERR_OK)
		return e;
	*p = (struct payment){
		.id = id,
		.customer = v.customer,
		.invoice = v.id,
		.status = PAYMENT_PENDING,
		.method = body->method,
		.external_id = body->external_id,
		.reference = body->reference,
		.currency = v.currency,
		.amount = body->amount,
		.payment_date = body->payment_date != DATE_NONE ? body->payment_date
								: date_from_time(c->now),
		.metadata = body->metadata,
		.succeeded_at = TIME_NONE,
		.created_at = id_time(id),
		.updated_at = id_time(id),
		.version = 1,
	};
	if (body->status == PAYMENT_SUCCEEDED) {
		e = settle(c, p, &v);
	} else {
		p->reserved = smaller(p->amount, invoice_free(&v));
		v.amount_reserved += p->reserved;
		e = invoice_settle(c, &v);
	}
	if (e == ERR_OK)
		e = taken(c, payment_store_insert(c, p));
	if (e == ERR_OK && p->status == PAYMENT_SUCCEEDED)
		e = post(c, p);
	set_actions(p);
	if (e != ERR_OK)
		return e;
	return outbox_append(
		c, p->status == PAYMENT_SUCCEEDED ? "payment.succeeded" : "payment.created", "pay",
		id, STR_NONE);
}

enum err billing_payment_get(struct call *c, const void *in, void *out)
{
	const enum err e = payment_store_get(c, ((const struct payment_get_in *)in)->id, out);

	if (e == ERR_OK)
		set_actions(out);
	return e;
}

enum err billing_payment_list(struct call *c, const void *in, void *out)
{
	const struct payment_list_in *f = in;
	const enum err e =
		billing_one_filter(c, !id_is_none(f->customer) + !id_is_none(f->invoice) +
					      (f->status >= 0) + (f->external_id.p != NULL));

	return e != ERR_OK ? e : payment_store_list(c, f, out);
}

/*
 * Locks the invoice, then the payment (the documented order; a payment's invoice never changes),
 * requires the payment to be in flight, and gives its reservation back.
 */
static enum err take(struct call *c, struct id id, struct payment *p, struct invoice *v)
{
	enum err e = payment_store_get(c, id, p);

	if (e == ERR_OK)
		e = invoice_store_lock(c, p->invoice, v);
	if (e == ERR_OK)
		e = payment_store_lock(c, id, p);
	if (e == ERR_OK)
		e = call_check_version(c, p->version);
	if (e != ERR_OK)
		return e;
	if (!in_flight(p))
		return call_conflict(c, payment_status_names[p->status], no_actions,
				     "the payment is not in flight");
	v->amount_reserved -= p->reserved;
	p->reserved = 0;
	return ERR_OK;
}

static enum err put(struct call *c, struct payment *p, const char *event)
{
	enum err e;

	p->updated_at = c->now;
	p->version++;
	set_actions(p);
	e = payment_store_update(c, p);
	if (e != ERR_OK)
		return e;
	call_touch(c, CACHE_PAYMENT, p->id);
	return outbox_append(c, event, "pay", p->id, STR_NONE);
}

enum err billing_payment_succeed(struct call *c, const void *in, void *out)
{
	struct payment *p = out;
	struct invoice v;
	enum err e = take(c, ((const struct payment_get_in *)in)->id, p, &v);

	if (e == ERR_OK)
		e = settle(c, p, &v);
	if (e == ERR_OK)
		e = put(c, p, "payment.succeeded");
	return e != ERR_OK ? e : post(c, p);
}

/* Ends a payment without money. */
static enum err end(struct call *c, struct id id, enum payment_status status, struct str reason,
		    struct payment *p)
{
	struct invoice v;
	enum err e = take(c, id, p, &v);

	if (e == ERR_OK)
		e = invoice_settle(c, &v);
	if (e != ERR_OK)
		return e;
	p->status = (int32_t)status;
	p->failure_reason = reason;
	return put(c, p, status == PAYMENT_FAILED ? "payment.failed" : "payment.cancelled");
}

enum err billing_payment_fail(struct call *c, const void *in, void *out)
{
	const struct payment_fail_in *given = in;

	return end(c, given->id, PAYMENT_FAILED, given->body.reason, out);
}

enum err billing_payment_cancel(struct call *c, const void *in, void *out)
{
	return end(c, ((const struct payment_get_in *)in)->id, PAYMENT_CANCELLED, STR_NONE, out);
}
