/* SPDX-License-Identifier: Apache-2.0 */
/* What the API offers of the ledger, and the domain. */

#include "handlers/billing/billing_internal.h"

static const struct field trial_row_fields[] = {
	{ FIELD_OF(struct trial_row, code, FIELD_I64) },
	{ FIELD_OF(struct trial_row, name, FIELD_STR), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct trial_row, currency, FIELD_CURRENCY) },
	{ FIELD_OF(struct trial_row, debits, FIELD_MONEY) },
	{ FIELD_OF(struct trial_row, credits, FIELD_MONEY) },
	{ FIELD_OF(struct trial_row, balance, FIELD_MONEY), .doc = "Debits less credits." },
};
static const struct schema trial_row_schema = {
	.name = "TrialBalanceRow",
	SCHEMA_FIELDS(trial_row_fields, struct trial_row),
};
static const struct field trial_fields[] = {
	{ FIELD_OF(struct trial_balance, as_of, FIELD_TIME) },
	{ FIELD_OF(struct trial_balance, balanced, FIELD_BOOL),
	  .doc = "Whether the balances add up to zero in each currency." },
	{ FIELD_OF(struct trial_balance, rows, FIELD_ARRAY), .of = &trial_row_schema },
};
static const struct schema trial_schema = {
	.name = "TrialBalance",
	.object = "trial_balance",
	SCHEMA_FIELDS(trial_fields, struct trial_balance),
};

static const struct field account_fields[] = {
	{ FIELD_OF(struct ledger_account, id, FIELD_ID), .prefix = "lac" },
	{ FIELD_OF(struct ledger_account, code, FIELD_I64) },
	{ .name = "customer_id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct ledger_account, customer),
	  .prefix = "cus",
	  .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct ledger_account, currency, FIELD_CURRENCY) },
	{ FIELD_OF(struct ledger_account, balance, FIELD_MONEY) },
	{ FIELD_OF(struct ledger_account, debits, FIELD_MONEY) },
	{ FIELD_OF(struct ledger_account, credits, FIELD_MONEY) },
	{ FIELD_OF(struct ledger_account, last_seq, FIELD_I64), .doc = "Number of its postings." },
	{ FIELD_OF(struct ledger_account, created_at, FIELD_TIME) },
	{ FIELD_OF(struct ledger_account, version, FIELD_I64) },
};
static const struct schema account_schema = {
	.name = "LedgerAccount",
	.object = "ledger_account",
	SCHEMA_FIELDS(account_fields, struct ledger_account),
};

static const struct field posting_fields[] = {
	{ FIELD_OF(struct posting, line, FIELD_I64) },
	{ .name = "ledger_account_id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct posting, ledger_account),
	  .prefix = "lac" },
	{ FIELD_OF(struct posting, code, FIELD_I64) },
	{ FIELD_OF(struct posting, currency, FIELD_CURRENCY) },
	{ FIELD_OF(struct posting, amount, FIELD_MONEY),
	  .doc = "A debit is positive, a credit negative." },
	{ FIELD_OF(struct posting, account_seq, FIELD_I64) },
	{ FIELD_OF(struct posting, balance_after, FIELD_MONEY) },
};
static const struct schema posting_schema = {
	.name = "Posting",
	SCHEMA_FIELDS(posting_fields, struct posting),
};
static const struct field entry_fields[] = {
	{ FIELD_OF(struct journal_entry, id, FIELD_ID), .prefix = "jrn" },
	{ FIELD_OF(struct journal_entry, kind, FIELD_ENUM), .names = ledger_kind_names,
	  .n_names = LEDGER_KIND_MAX },
	{ FIELD_OF(struct journal_entry, source_id, FIELD_STR),
	  .doc = "The document that it was posted for." },
	{ .name = "reverses_id",
	  .type = FIELD_ID,
	  .offset = offsetof(struct journal_entry, reverses),
	  .prefix = "jrn",
	  .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct journal_entry, entry_date, FIELD_DATE) },
	{ FIELD_OF(struct journal_entry, created_at, FIELD_TIME) },
	{ FIELD_OF(struct journal_entry, postings, FIELD_ARRAY), .of = &posting_schema },
};
static const struct schema entry_schema = {
	.name = "JournalEntry",
	.object = "journal_entry",
	SCHEMA_FIELDS(entry_fields, struct journal_entry),
};

static const struct field entry_list_fields[] = {
	FILTER_CREATED(struct ledger_entry_list_in, created),
};
static const struct schema entry_list_schema = {
	.name = "JournalEntryFilter",
	SCHEMA_FIELDS(entry_list_fields, struct ledger_entry_list_in),
};
static const struct list entry_list = {
	.row = &entry_schema,
	.id_offset = offsetof(struct journal_entry, id),
	.sorts = filter_sort_created,
	.n_sorts = 1,
};

static const struct field account_list_fields[] = {
	FILTER_CREATED(struct ledger_account_list_in, created),
};
static const struct schema account_list_schema = {
	.name = "LedgerAccountFilter",
	SCHEMA_FIELDS(account_list_fields, struct ledger_account_list_in),
};
static const struct list account_list = {
	.row = &account_schema,
	.id_offset = offsetof(struct ledger_account, id),
	.sorts = filter_sort_created,
	.n_sorts = 1,
};

const struct route ledger_routes[] = {
	{
		.id = "ledger.trial_balance",
		.method = HTTP_GET,
		.path = "/v1/ledger/trial_balance",
		.handle = billing_trial_balance,
		.permission = PERMISSION_LEDGER_READ,
		.class = CLASS_REPORT,
		.access = ACCESS_READ,
		.status = 200,
		.out_size = sizeof(struct trial_balance),
		.result = &trial_schema,
		.tag = "Ledger",
		.summary = "Trial balance",
	},
	{
		.id = "ledger.list_entries",
		.method = HTTP_GET,
		.path = "/v1/ledger/entries",
		.handle = billing_entry_list,
		.permission = PERMISSION_LEDGER_READ,
		.class = CLASS_LIST,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct ledger_entry_list_in),
		.query = &entry_list_schema,
		.out_size = sizeof(struct list_out),
		.list = &entry_list,
		.tag = "Ledger",
		.summary = "List journal entries with their postings",
	},
	{
		.id = "ledger.list_accounts",
		.method = HTTP_GET,
		.path = "/v1/ledger/accounts",
		.handle = billing_account_list,
		.permission = PERMISSION_LEDGER_READ,
		.class = CLASS_LIST,
		.access = ACCESS_READ,
		.status = 200,
		.in_size = sizeof(struct ledger_account_list_in),
		.query = &account_list_schema,
		.out_size = sizeof(struct list_out),
		.list = &account_list,
		.tag = "Ledger",
		.summary = "List ledger accounts with their balances",
	},
};
const size_t ledger_n_routes = sizeof(ledger_routes) / sizeof(ledger_routes[0]);

const struct domain billing_domain = {
	.name = "billing",
	.routes = { { invoice_routes, &invoice_n_routes },
		    { payment_routes, &payment_n_routes },
		    { credit_note_routes, &credit_note_n_routes },
		    { ledger_routes, &ledger_n_routes } },
	.stores = { { invoice_stmts, &invoice_n_stmts },
		    { document_stmts, &document_n_stmts },
		    { number_stmts, &number_n_stmts },
		    { payment_stmts, &payment_n_stmts },
		    { credit_note_stmts, &credit_note_n_stmts },
		    { ledger_stmts, &ledger_n_stmts },
		    { ledger_verify_stmts, &ledger_verify_n_stmts } },
};
