/* SPDX-License-Identifier: Apache-2.0 */
/* Lines, taxes and totals of documents. */

#include "handlers/pricing/pricing.h"

static enum err overflow(struct call *c, size_t line)
{
	return call_fault(c, call_pointer(c, "lines", line, "unit_price"), "amount_overflow",
			  "the amount is too large");
}

/* Whether a document may have the amount. */
static bool fits(int64_t amount)
{
	return amount >= -MONEY_MAX && amount <= MONEY_MAX;
}

/* Sums two amounts of a document. ERR_OVERFLOW beyond what a document may have. */
static enum err add(int64_t a, int64_t b, int64_t *ret_sum)
{
	const enum err e = money_add(a, b, ret_sum);

	if (e != ERR_OK)
		return e;
	return fits(*ret_sum) ? ERR_OK : ERR_OVERFLOW;
}

/* The group of a rate, made where there is none; groups stay sorted by rate. */
static struct document_tax *tax_group(struct slice *taxes, dec6 percent)
{
	struct document_tax *groups = taxes->p;
	size_t at = 0;

	while (at < taxes->n && groups[at].tax_percent < percent)
		at++;
	if (at < taxes->n && groups[at].tax_percent == percent)
		return &groups[at];
	for (size_t i = taxes->n; i > at; i--)
		groups[i] = groups[i - 1];
	groups[at] = (struct document_tax){ .tax_percent = percent };
	taxes->n++;
	return &groups[at];
}

static enum err add_line(const struct currency *currency, struct document_line *line,
			 struct document_totals *totals)
{
	struct document_tax *group;
	enum err e;

	e = money_line_net(line->quantity, line->unit_price, line->discount_percent,
			   currency->exponent, &line->net);
	if (e == ERR_OK && !fits(line->net))
		e = ERR_OVERFLOW;
	if (e == ERR_OK)
		e = add(totals->subtotal, line->net, &totals->subtotal);
	if (e != ERR_OK)
		return e;
	group = tax_group(&totals->taxes, line->tax_percent);
	return add(group->taxable, line->net, &group->taxable);
}

static enum err add_taxes(struct document_totals *totals)
{
	struct document_tax *groups = totals->taxes.p;
	enum err e = ERR_OK;

	for (size_t i = 0; i < totals->taxes.n && e == ERR_OK; i++) {
		e = money_percent(groups[i].taxable, groups[i].tax_percent, &groups[i].tax);
		if (e == ERR_OK)
			e = add(totals->tax, groups[i].tax, &totals->tax);
	}
	if (e == ERR_OK)
		e = add(totals->subtotal, totals->tax, &totals->total);
	return e;
}

enum err pricing_calculate(struct call *c, const struct currency *currency,
			   struct document_line *lines, size_t n,
			   struct document_totals *ret_totals)
{
	struct document_totals totals = { 0 };

	/* one more than there can be rates: groups are made in place */
	totals.taxes.p = arena_array(c->arena, n + 1, sizeof(struct document_tax));
	if (totals.taxes.p == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < n; i++)
		if (add_line(currency, &lines[i], &totals) != ERR_OK)
			return overflow(c, i);
	if (add_taxes(&totals) != ERR_OK)
		return call_fault(c, STR("/lines"), "amount_overflow",
				  "the document's total is too large");
	*ret_totals = totals;
	return ERR_OK;
}

static const struct field line_fields[] = {
	{ .name = "position",
	  .type = FIELD_I64,
	  .offset = offsetof(struct document_line, position),
	  .doc = "From 1, in the order given." },
	{ .name = "product_id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct document_line, product),
	  .prefix = "prd",
	  .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct document_line, description, FIELD_STR) },
	{ FIELD_OF(struct document_line, unit, FIELD_STR), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct document_line, quantity, FIELD_DEC6) },
	{ FIELD_OF(struct document_line, unit_price, FIELD_DEC6), .doc = "In major units." },
	{ FIELD_OF(struct document_line, discount_percent, FIELD_DEC6) },
	{ FIELD_OF(struct document_line, tax_percent, FIELD_DEC6) },
	{ FIELD_OF(struct document_line, net, FIELD_MONEY),
	  .doc = "Quantity times unit price less discount, in minor units." },
};
const struct schema document_line_schema = {
	.name = "DocumentLine",
	SCHEMA_FIELDS(line_fields, struct document_line),
};

static const struct field tax_fields[] = {
	{ FIELD_OF(struct document_tax, tax_percent, FIELD_DEC6) },
	{ FIELD_OF(struct document_tax, taxable, FIELD_MONEY) },
	{ FIELD_OF(struct document_tax, tax, FIELD_MONEY) },
};
const struct schema document_tax_schema = {
	.name = "DocumentTax",
	SCHEMA_FIELDS(tax_fields, struct document_tax),
};

static const struct field input_fields[] = {
	{ .name = "product_id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct line_input, product),
	  .prefix = "prd",
	  .flags = FIELD_NULLABLE,
	  .doc = "Gives what the line leaves out." },
	{ FIELD_OF(struct line_input, description, FIELD_STR), .flags = FIELD_NULLABLE, .min = 1,
	  .max = 500, .doc = "Required without a product.", .example = "\"Queso Cabrales\"" },
	{ FIELD_OF(struct line_input, unit, FIELD_STR), .flags = FIELD_NULLABLE, .max = 32 },
	{ FIELD_OF(struct line_input, quantity, FIELD_DEC6), .min = 1, .max = DEC6_MAX,
	  .fallback = DEC6_ONE, .has_fallback = true, .example = "\"12\"" },
	{ FIELD_OF(struct line_input, unit_price, FIELD_DEC6), .flags = FIELD_NULLABLE,
	  .min = -DEC6_MAX, .max = DEC6_MAX,
	  .doc = "In major units, up to 6 decimals. Required without a product.",
	  .example = "\"14.00\"" },
	{ FIELD_OF(struct line_input, discount_percent, FIELD_DEC6), .min = 0,
	  .max = 100 * DEC6_ONE, .fallback = 0, .has_fallback = true },
	{ FIELD_OF(struct line_input, tax_percent, FIELD_DEC6), .flags = FIELD_NULLABLE, .min = 0,
	  .max = 100 * DEC6_ONE, .doc = "The product's, or 0." },
};
const struct schema line_input_schema = {
	.name = "LineInput",
	SCHEMA_FIELDS(input_fields, struct line_input),
	SCHEMA_PRESENT(struct line_input, present),
};
