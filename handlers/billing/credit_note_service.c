/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of credit notes: against an invoice, or opening ones without a source. */

#include "handlers/billing/billing_internal.h"

#include "app/queue/outbox.h"
#include "handlers/customers/customers.h"
#include "handlers/orders/orders.h"

const char *const credit_note_status_names[CREDIT_NOTE_STATUS_MAX] = { "issued", "void" };

static enum err taken(struct call *c, enum err e)
{
	if (e != ERR_DB_DUPLICATE)
		return e;
	return call_fail(c, ERR_ALREADY_EXISTS, "another credit note has this external_id");
}

/* Customer and currency: of the invoice, which is locked, or as given. */
static enum err find_parties(struct call *c, const struct credit_note_input *body,
			     struct credit_note *n, struct invoice *v)
{
	struct customer_terms customer;
	enum err e;

	if (id_is_none(body->invoice)) {
		if (id_is_none(body->customer))
			return call_fault(c, STR("/customer_id"), "required",
					  "is required without an invoice_id");
		e = customers_for_document(c, body->customer, STR("/customer_id"), &customer);
		if (e != ERR_OK)
			return e;
		n->customer = body->customer;
		n->currency = body->currency.p != NULL ? body->currency : customer.currency;
		return ERR_OK;
	}
	if (!id_is_none(body->customer))
		return call_fault(c, STR("/customer_id"), "not_combinable",
				  "cannot be given with an invoice_id");
	e = invoice_take(c, body->invoice, INVOICE_CREDIT, v);
	if (e == ERR_NOT_FOUND)
		return call_fault(c, STR("/invoice_id"), "unknown_invoice",
				  "there is no such invoice");
	if (e != ERR_OK)
		return e;
	if (body->currency.p != NULL && !str_eq(body->currency, v->currency))
		return call_fault(c, STR("/currency"), "currency_mismatch",
				  "is not the invoice's currency");
	n->customer = v->customer;
	n->invoice = v->id;
	n->currency = v->currency;
	return ERR_OK;
}

static enum err calculate(struct call *c, const struct credit_note_input *body,
			  struct credit_note *n)
{
	struct document_totals totals;
	struct document_line *lines;
	enum err e = orders_make_lines(c, &body->lines, n->currency, &lines);

	if (e == ERR_OK)
		e = pricing_calculate(c, currency_find(n->currency), lines, body->lines.n, &totals);
	if (e == ERR_OK && totals.total < 0)
		e = call_fault(c, STR("/lines"), "negative_total",
			       "the total must not be negative");
	if (e != ERR_OK)
		return e;
	n->lines = (struct slice){ .p = lines, .n = body->lines.n };
	n->line_count = (int64_t)body->lines.n;
	n->subtotal = totals.subtotal;
	n->tax = totals.tax;
	n->total = totals.total;
	n->taxes = totals.taxes;
	return ERR_OK;
}

/*
 * Splits the amount: first it reduces what the invoice owes and no payment in flight has reserved;
 * the rest is the customer's credit.
 */
static enum err apply(struct call *c, struct credit_note *n, struct invoice *v)
{
	const int64_t unreserved = invoice_free(v);

	if (id_is_none(n->invoice)) {
		n->to_customer_credit = n->total;
		return ERR_OK;
	}
	if (n->total > v->total - v->pre_payment_credit - v->post_payment_credit)
		return call_fault(c, STR("/lines"), "exceeds_invoice",
				  "the total is more than can still be credited");
	n->applied_to_invoice = n->total < unreserved ? n->total : unreserved;
	n->to_customer_credit = n->total - n->applied_to_invoice;
	v->pre_payment_credit += n->applied_to_invoice;
	v->post_payment_credit += n->to_customer_credit;
	v->amount_due -= n->applied_to_invoice;
	return invoice_settle(c, v);
}

static enum err post(struct call *c, const struct credit_note *n)
{
	const struct ledger_entry entry = {
		.kind = LEDGER_CREDIT_NOTE_ISSUED,
		.source_prefix = "crn",
		.source = n->id,
		.entry_date = n->issue_date,
		.currency = n->currency,
		.lines = { { LEDGER_REVENUE, ID_NONE, n->subtotal },
			   { LEDGER_TAX_PAYABLE, ID_NONE, n->tax },
			   { LEDGER_RECEIVABLE, n->customer, -n->applied_to_invoice },
			   { LEDGER_CUSTOMER_CREDIT, n->customer, -n->to_customer_credit } },
		.n_lines = 4,
	};

	return ledger_post(c, &entry);
}

static enum err write(struct call *c, struct credit_note *n)
{
	struct document_number number;
	enum err e = customers_snapshot(c, n->customer, &n->customer_snapshot);

	if (e == ERR_OK)
		e = number_take(c, "credit_note", "CN-", n->issue_date, &number);
	if (e != ERR_OK)
		return e;
	n->number_seq = number.seq;
	n->number = number.text;
	e = taken(c, credit_note_store_insert(c, n));
	if (e == ERR_OK)
		e = document_store_insert_lines(c, DOCUMENT_CREDIT_NOTE, n->id, &n->lines);
	if (e == ERR_OK)
		e = document_store_insert_taxes(c, n->id, &n->taxes);
	if (e == ERR_OK)
		e = post(c, n);
	return e != ERR_OK ? e : outbox_append(c, "credit_note.issued", "crn", n->id, STR_NONE);
}

enum err billing_credit_note_create(struct call *c, const void *in, void *out)
{
	const struct credit_note_input *body = &((const struct credit_note_create_in *)in)->body;
	struct credit_note *n = out;
	const struct id id = id_new_at(c->now);
	struct invoice v = { 0 };
	enum err e;

	*n = (struct credit_note){
		.id = id,
		.status = CREDIT_NOTE_ISSUED,
		.external_id = body->external_id,
		.reason = body->reason,
		.issue_date =
			body->issue_date != DATE_NONE ? body->issue_date : date_from_time(c->now),
		.metadata = body->metadata,
		.created_at = id_time(id),
		.updated_at = id_time(id),
		.version = 1,
	};
	e = find_parties(c, body, n, &v);
	if (e == ERR_OK)
		e = calculate(c, body, n);
	if (e == ERR_OK)
		e = apply(c, n, &v);
	return e != ERR_OK ? e : write(c, n);
}

enum err billing_credit_note_get(struct call *c, const void *in, void *out)
{
	struct credit_note *n = out;
	enum err e = credit_note_store_get(c, ((const struct credit_note_get_in *)in)->id, n);

	if (e == ERR_OK)
		e = document_store_lines(c, DOCUMENT_CREDIT_NOTE, n->id, &n->lines);
	return e != ERR_OK ? e : document_store_taxes(c, n->id, &n->taxes);
}

enum err billing_credit_note_list(struct call *c, const void *in, void *out)
{
	const struct credit_note_list_in *f = in;
	const enum err e = billing_one_filter(
		c, !id_is_none(f->customer) + !id_is_none(f->invoice) + (f->external_id.p != NULL));

	return e != ERR_OK ? e : credit_note_store_list(c, f, out);
}
