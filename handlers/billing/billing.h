/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_BILLING_H
#define REMIT_BILLING_H

/*
 * Invoices, credit notes, payments and the double-entry ledger. Every financial fact posts one
 * balanced journal entry in its own transaction.
 *
 * Locks are taken in this order, in every transaction: order, invoice, payment, number sequence,
 * ledger accounts by (code, customer). Functions block on the database.
 */

#include "app/call/call.h"
#include "app/http/route.h"

/* What a verification of the ledger found. */
struct ledger_report {
	int64_t checks;	  /* rules examined */
	int64_t failures; /* rules broken */
	int64_t entries, postings, documents;
	struct str text; /* one line for each broken rule; in the arena */
};

/*
 * Examines the books of the call's account: every entry balances, balances and chains agree with
 * the postings, receivables equal the open invoices, customer credit is not negative, number
 * series have no gap, documents equal their postings. Reads; may take long on large accounts.
 */
MUST_CHECK enum err billing_ledger_verify(struct call *c, struct ledger_report *ret_report);

extern const struct domain billing_domain;

#endif
