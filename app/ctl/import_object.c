/* SPDX-License-Identifier: Apache-2.0 */
/* JSON bodies, external ids and idempotency keys of what an import creates. */
#include "app/ctl/import_object.h"

#include <string.h>

#include "app/base/buf.h"
#include "app/base/check.h"
#include "app/base/clock.h"
#include "app/base/limits.h"

static const struct {
	const char *path;
	const char *name;
	const char *part; /* of the external id, between prefix and number */
	const char *filter;
} kinds[IMPORT_KIND_MAX] = {
	[IMPORT_CUSTOMER] = { "/v1/customers", "customer", "customer-", "filter[external_id]" },
	[IMPORT_PRODUCT] = { "/v1/products", "product", "", "filter[sku]" },
	[IMPORT_ORDER] = { "/v1/orders", "order", "order-", "filter[external_id]" },
	[IMPORT_INVOICE] = { "/v1/invoices", "invoice", "invoice-", "filter[external_id]" },
	[IMPORT_PAYMENT] = { "/v1/payments", "payment", "payment-", "filter[external_id]" },
	[IMPORT_CREDIT_NOTE] = { "/v1/credit_notes", "credit note", "credit-note-",
				 "filter[external_id]" },
};

const char *import_kind_path(enum import_kind kind)
{
	return kinds[kind].path;
}

const char *import_kind_name(enum import_kind kind)
{
	return kinds[kind].name;
}

static enum err external_id(const struct import_plan *plan, enum import_kind kind,
			    struct str number, struct arena *a, struct str *ret_id)
{
	struct buf b;

	buf_init(&b, a, 64, LIMIT_URI);
	buf_z(&b, plan->prefix);
	buf_char(&b, '-');
	buf_z(&b, kinds[kind].part);
	buf_str(&b, number);
	return buf_finish(&b, ret_id);
}

bool import_object_is_own(const struct import_plan *plan, struct str id)
{
	const size_t n = strlen(plan->prefix);

	return id.n > n && memcmp(id.p, plan->prefix, n) == 0 && id.p[n] == '-';
}

/* The terminated content of a buffer. */
static enum err finish_z(struct buf *b, const char **ret_text)
{
	struct str text;
	enum err e;

	buf_char(b, '\0');
	e = buf_finish(b, &text);
	if (e == ERR_OK)
		*ret_text = text.p;
	return e;
}

static enum err make_lookup(enum import_kind kind, struct str id, struct arena *a,
			    const char **ret_target)
{
	struct buf b;

	buf_init(&b, a, 128, LIMIT_URI);
	buf_z(&b, kinds[kind].path);
	buf_char(&b, '?');
	buf_url(&b, str_from(kinds[kind].filter));
	buf_char(&b, '=');
	buf_url(&b, id);
	return finish_z(&b, ret_target);
}

enum err import_object_lookup(const struct import_plan *plan, enum import_kind kind,
			      struct str number, struct arena *a, const char **ret_target)
{
	struct str id;
	const enum err e = external_id(plan, kind, number, a, &id);

	return e != ERR_OK ? e : make_lookup(kind, id, a, ret_target);
}

static enum err make_key(enum import_kind kind, struct str id, struct arena *a,
			 const char **ret_key)
{
	struct buf b;

	buf_init(&b, a, 128, LIMIT_URI);
	buf_lit(&b, "import/");
	if (kind == IMPORT_PRODUCT)
		buf_lit(&b, "product/");
	buf_url(&b, id);
	return finish_z(&b, ret_key);
}

/* JSON --------------------------------------------------------------------------------------- */

static void name(struct buf *b, const char *member)
{
	if (b->n > 0 && b->p[b->n - 1] != '{')
		buf_char(b, ',');
	buf_char(b, '"');
	buf_z(b, member);
	buf_lit(b, "\":");
}

/* Left out when absent. */
static void text(struct buf *b, const char *member, struct str s)
{
	if (s.p == NULL)
		return;
	name(b, member);
	buf_json_str(b, s);
}

static void decimal(struct buf *b, const char *member, dec6 v)
{
	name(b, member);
	buf_char(b, '"');
	dec6_put(b, v);
	buf_char(b, '"');
}

static void date(struct buf *b, const char *member, int32_t d)
{
	name(b, member);
	buf_char(b, '"');
	date_put(b, d);
	buf_char(b, '"');
}

static void put_customer(struct buf *b, const struct import_plan *plan,
			 const struct import_customer *c)
{
	const struct str code = import_country(c->country);

	text(b, "name", c->name);
	text(b, "phone", c->phone);
	text(b, "currency", plan->currency);
	name(b, "address");
	buf_char(b, '{');
	text(b, "line1", c->street);
	text(b, "city", c->city);
	text(b, "region", c->region);
	text(b, "postal_code", c->postal_code);
	text(b, "country", code);
	buf_char(b, '}');
	name(b, "metadata");
	buf_char(b, '{');
	text(b, "contact", c->contact);
	if (code.p == NULL)
		text(b, "country", c->country);
	buf_char(b, '}');
}

static void put_product(struct buf *b, const struct import_plan *plan,
			const struct import_product *p)
{
	text(b, "name", p->name);
	text(b, "unit", p->unit);
	text(b, "currency", plan->currency);
	decimal(b, "unit_price", p->unit_price);
	if (!p->discontinued)
		return;
	name(b, "metadata");
	buf_lit(b, "{\"discontinued\":\"true\"}");
}

static void put_lines(struct buf *b, const struct import_plan *plan,
		      const struct import_document *d)
{
	name(b, "lines");
	buf_char(b, '[');
	for (uint32_t at = d->first; at != IMPORT_NONE; at = import_line_at(plan, at)->next) {
		const struct import_line *line = import_line_at(plan, at);

		if (at != d->first)
			buf_char(b, ',');
		buf_char(b, '{');
		if (line->product != IMPORT_NONE)
			text(b, "product_id", import_product_at(plan, line->product)->id);
		text(b, "description", line->description);
		decimal(b, "quantity", line->quantity);
		decimal(b, "unit_price", line->unit_price);
		if (line->discount_percent != 0)
			decimal(b, "discount_percent", line->discount_percent);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

static void put_order(struct buf *b, const struct import_plan *plan,
		      const struct import_document *d)
{
	text(b, "customer_id", import_customer_at(plan, d->customer)->id);
	text(b, "currency", plan->currency);
	date(b, "order_date", d->date);
	name(b, "place");
	buf_lit(b, "true");
	put_lines(b, plan, d);
}

static void put_invoice(struct buf *b, const struct import_document *d)
{
	text(b, "order_id", d->order_id);
	date(b, "issue_date", d->date);
	name(b, "finalize");
	buf_lit(b, "true");
}

static void put_payment(struct buf *b, const struct import_plan *plan,
			const struct import_document *d)
{
	text(b, "invoice_id", d->id);
	name(b, "amount");
	buf_i64(b, d->total);
	text(b, "currency", plan->currency);
	text(b, "status", STR("succeeded"));
	text(b, "method", STR("bank_transfer"));
	date(b, "payment_date", d->paid_date);
}

static void put_credit_note(struct buf *b, const struct import_plan *plan,
			    const struct import_document *d)
{
	text(b, "customer_id", import_customer_at(plan, d->customer)->id);
	text(b, "currency", plan->currency);
	date(b, "issue_date", d->date);
	text(b, "reason", STR("Cancellation"));
	put_lines(b, plan, d);
}

static void put_document(struct buf *b, const struct import_plan *plan, enum import_kind kind,
			 const struct import_document *d)
{
	if (kind == IMPORT_ORDER)
		put_order(b, plan, d);
	else if (kind == IMPORT_INVOICE)
		put_invoice(b, d);
	else if (kind == IMPORT_PAYMENT)
		put_payment(b, plan, d);
	else
		put_credit_note(b, plan, d);
}

enum err import_object_make(const struct import_plan *plan, enum import_kind kind, uint32_t place,
			    struct arena *a, struct import_request *ret_rq)
{
	struct str number, id;
	struct buf b;
	enum err e;

	if (kind == IMPORT_CUSTOMER)
		number = import_customer_at(plan, place)->number;
	else if (kind == IMPORT_PRODUCT)
		number = import_product_at(plan, place)->number;
	else
		number = import_document_at(plan, place)->number;
	e = external_id(plan, kind, number, a, &id);
	if (e != ERR_OK)
		return e;
	ret_rq->target = kinds[kind].path;
	e = make_key(kind, id, a, &ret_rq->key);
	if (e == ERR_OK)
		e = make_lookup(kind, id, a, &ret_rq->lookup);
	if (e != ERR_OK)
		return e;
	buf_init(&b, a, 1024, LIMIT_BODY);
	buf_char(&b, '{');
	text(&b, kind == IMPORT_PRODUCT ? "sku" : "external_id", id);
	if (kind == IMPORT_CUSTOMER)
		put_customer(&b, plan, import_customer_at(plan, place));
	else if (kind == IMPORT_PRODUCT)
		put_product(&b, plan, import_product_at(plan, place));
	else
		put_document(&b, plan, kind, import_document_at(plan, place));
	buf_char(&b, '}');
	return buf_finish(&b, &ret_rq->body);
}
