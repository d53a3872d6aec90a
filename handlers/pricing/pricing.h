/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_PRICING_H
#define REMIT_PRICING_H

/*
 * The lines of a document (order, invoice, credit note) and the one calculation of its totals.
 * Pure: no statement, no clock. Orders and billing use it, so their numbers cannot differ.
 *
 * Rules (EN 16931, docs/decisions/0003-money.md): a line's net is quantity x unit price less its
 * discount, rounded once, half away from zero (BT-131). The subtotal is the sum of the nets
 * (BT-106, BR-CO-10). Tax is calculated for each rate on the sum of its lines and rounded (BT-117,
 * BR-CO-17); the document's tax is the sum over the rates (BT-110, BR-CO-14); the total is subtotal
 * plus tax (BT-112, BR-CO-15). Thread-safe.
 */

#include "app/base/err.h"
#include "app/base/id.h"
#include "app/base/money.h"
#include "app/call/call.h"
#include "app/http/field.h"

/* A line of a document, as stored and as answered. */
struct document_line {
	int64_t position; /* from 1 */
	struct id product;
	struct str description;
	struct str unit;
	dec6 quantity;
	dec6 unit_price; /* major units */
	dec6 discount_percent;
	dec6 tax_percent;
	int64_t net; /* minor units */
};

/* A line as a client sends it; what it leaves out comes from the product. */
struct line_input {
	uint64_t present;
	struct id product;
	struct str description;
	struct str unit;
	dec6 quantity;
	dec6 unit_price;
	dec6 discount_percent;
	dec6 tax_percent;
};

/* The tax of one rate (EN 16931 BG-23). */
struct document_tax {
	dec6 tax_percent;
	int64_t taxable;
	int64_t tax;
};

struct document_totals {
	int64_t subtotal;
	int64_t tax;
	int64_t total;
	struct slice taxes; /* struct document_tax, by rising rate */
};

extern const struct schema document_line_schema;
extern const struct schema document_tax_schema;
extern const struct schema line_input_schema;

/*
 * Calculates the net of each line (into it) and the totals. The arrays of the result are in the
 * call's arena. A line or sum above MONEY_MAX is a fault of the call (ERR_VALIDATION, code
 * "amount_overflow"), with the line's pointer.
 */
MUST_CHECK enum err pricing_calculate(struct call *c, const struct currency *currency,
				      struct document_line *lines, size_t n,
				      struct document_totals *ret_totals);

#endif
