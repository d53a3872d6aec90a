/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_BILLING_LEDGER_H
#define REMIT_BILLING_LEDGER_H

/*
 * The ledger: balanced entries of two or more postings on ledger accounts. Entries and postings
 * are only ever inserted; a correction is a new entry that names the old one. Each ledger account
 * keeps its running balance, so a trial balance scans no postings. Internal to billing.
 */

#include "app/call/call.h"
#include "app/http/field.h"
#include "app/http/filter.h"
#include "app/http/route.h"

/* The chart of accounts. */
enum ledger_code {
	LEDGER_CASH = 1000,
	LEDGER_RECEIVABLE = 1200,      /* kept by customer */
	LEDGER_CUSTOMER_CREDIT = 2100, /* kept by customer */
	LEDGER_TAX_PAYABLE = 2200,
	LEDGER_REVENUE = 4000,
};

enum ledger_kind {
	LEDGER_INVOICE_FINALIZED,
	LEDGER_INVOICE_VOIDED,
	LEDGER_PAYMENT_SUCCEEDED,
	LEDGER_CREDIT_NOTE_ISSUED,
	LEDGER_KIND_MAX
};
extern const char *const ledger_kind_names[LEDGER_KIND_MAX];

enum { LEDGER_LINES_MAX = 4 };

/* A line of an entry: a debit is positive, a credit negative; 0 is left out. */
struct ledger_line {
	enum ledger_code code;
	struct id customer; /* of accounts kept by customer, else ID_NONE */
	int64_t amount;
};

struct ledger_entry {
	enum ledger_kind kind;
	const char *source_prefix;
	struct id source;
	struct id reverses; /* ID_NONE: no reversal */
	int32_t entry_date;
	struct str currency;
	struct ledger_line lines[LEDGER_LINES_MAX];
	size_t n_lines;
};

/*
 * Posts an entry in the call's transaction. Debits equal credits (CHECK). An entry whose lines are
 * all 0 posts nothing. ERR_OVERFLOW when a balance would not fit.
 */
MUST_CHECK enum err ledger_post(struct call *c, const struct ledger_entry *entry);
/* Posts the reversal of the entry that `kind` of `source` posted, if it posted one. */
MUST_CHECK enum err ledger_reverse(struct call *c, enum ledger_kind reversed, enum ledger_kind kind,
				   const char *source_prefix, struct id source, int32_t entry_date);

/* Rows ---------------------------------------------------------------------------------------- */

struct ledger_account {
	struct id id;
	int64_t code;
	struct id customer;
	struct str currency;
	int64_t balance; /* debits less credits */
	int64_t debits;
	int64_t credits;
	int64_t last_seq;
	int64_t created_at;
	int64_t version;
};

struct posting {
	struct id entry;
	int64_t line;
	struct id ledger_account;
	int64_t code;
	struct id customer;
	struct str currency;
	int64_t amount;
	int64_t account_seq;
	int64_t balance_after;
};

struct journal_entry {
	struct id id;
	int32_t kind;
	struct str source_prefix;
	struct id source;
	struct str source_id; /* with its prefix */
	struct id reverses;
	int32_t entry_date;
	int64_t created_at;
	struct slice postings; /* struct posting */
};

/* One row of the trial balance. */
struct trial_row {
	int64_t code;
	struct str name;
	struct str currency;
	int64_t debits;
	int64_t credits;
	int64_t balance;
};
struct trial_balance {
	int64_t as_of;
	struct slice rows; /* struct trial_row */
	bool balanced;
};

struct ledger_entry_list_in {
	struct created_filter created;
};
struct ledger_account_list_in {
	struct created_filter created;
};

/* Services of routes. */
enum err billing_trial_balance(struct call *c, const void *in, void *out);
enum err billing_entry_list(struct call *c, const void *in, void *out);
enum err billing_account_list(struct call *c, const void *in, void *out);

/* Store --------------------------------------------------------------------------------------- */

/* Locks the accounts of the lines, in the order of the chart; those that exist. */
MUST_CHECK enum err ledger_store_lock(struct call *c, const struct ledger_entry *entry,
				      struct ledger_account **ret_accounts, size_t *ret_n);
/* Adds an account unless it exists. */
MUST_CHECK enum err ledger_store_add_account(struct call *c, const struct ledger_account *account);
MUST_CHECK enum err ledger_store_update_account(struct call *c,
						const struct ledger_account *account);
MUST_CHECK enum err ledger_store_insert_entry(struct call *c, const struct journal_entry *entry);
MUST_CHECK enum err ledger_store_insert_postings(struct call *c, const struct posting *postings,
						 size_t n);
MUST_CHECK enum err ledger_store_find_entry(struct call *c, struct id source, enum ledger_kind kind,
					    struct journal_entry *ret_entry);
/* The postings of one entry in order. */
MUST_CHECK enum err ledger_store_postings(struct call *c, struct id entry,
					  struct posting **ret_postings, size_t *ret_n);
/* The postings of all entries from first to last id, in order: one statement for a page. */
MUST_CHECK enum err ledger_store_postings_range(struct call *c, struct id first, struct id last,
						struct posting **ret_postings, size_t *ret_n);
MUST_CHECK enum err ledger_store_list_entries(struct call *c,
					      const struct ledger_entry_list_in *filter,
					      struct list_out *ret_list);
MUST_CHECK enum err ledger_store_list_accounts(struct call *c,
					       const struct ledger_account_list_in *filter,
					       struct list_out *ret_list);
MUST_CHECK enum err ledger_store_trial(struct call *c, struct trial_row **ret_rows, size_t *ret_n);

extern const struct db_stmt ledger_stmts[];
extern const size_t ledger_n_stmts;
extern const struct db_stmt ledger_verify_stmts[];
extern const size_t ledger_verify_n_stmts;

#endif
