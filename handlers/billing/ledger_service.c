/* SPDX-License-Identifier: Apache-2.0 */
/* Posting entries, and what the API shows of the ledger. */

#include "handlers/billing/ledger.h"

#include "app/base/check.h"

#include <stdlib.h>

const char *const ledger_kind_names[LEDGER_KIND_MAX] = {
	[LEDGER_INVOICE_FINALIZED] = "invoice_finalized",
	[LEDGER_INVOICE_VOIDED] = "invoice_voided",
	[LEDGER_PAYMENT_SUCCEEDED] = "payment_succeeded",
	[LEDGER_CREDIT_NOTE_ISSUED] = "credit_note_issued",
};

static const struct {
	enum ledger_code code;
	const char *name;
} chart[] = {
	{ LEDGER_CASH, "Cash" },
	{ LEDGER_RECEIVABLE, "Accounts receivable" },
	{ LEDGER_CUSTOMER_CREDIT, "Customer credit" },
	{ LEDGER_TAX_PAYABLE, "Tax payable" },
	{ LEDGER_REVENUE, "Revenue" },
};

static int compare_lines(const void *a, const void *b)
{
	const struct ledger_line *x = a;
	const struct ledger_line *y = b;

	if (x->code != y->code)
		return x->code < y->code ? -1 : 1;
	return id_cmp(x->customer, y->customer);
}

/* Drops empty lines and sorts the rest as the chart is: the order in which accounts are locked. */
static void normalize(struct ledger_entry *entry)
{
	__int128 sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < entry->n_lines; i++) {
		sum += entry->lines[i].amount;
		if (entry->lines[i].amount != 0)
			entry->lines[n++] = entry->lines[i];
	}
	CHECK(sum == 0);
	entry->n_lines = n;
	qsort(entry->lines, n, sizeof(entry->lines[0]), compare_lines);
	for (size_t i = 1; i < n; i++)
		CHECK(compare_lines(&entry->lines[i - 1], &entry->lines[i]) < 0);
}

static bool has_account(const struct ledger_account *accounts, size_t n,
			const struct ledger_line *line)
{
	for (size_t i = 0; i < n; i++)
		if (accounts[i].code == (int64_t)line->code &&
		    id_eq(accounts[i].customer, line->customer))
			return true;
	return false;
}

/*
 * Adds the accounts that are missing, and only these: adding one that exists would take a shared
 * lock on it, and two transactions with shared locks that both want more are a deadlock.
 */
static enum err add_accounts(struct call *c, const struct ledger_entry *entry,
			     const struct ledger_account *accounts, size_t n)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < entry->n_lines && e == ERR_OK; i++) {
		const struct ledger_account account = {
			.id = id_new_at(c->now),
			.code = entry->lines[i].code,
			.customer = entry->lines[i].customer,
			.currency = entry->currency,
			.created_at = c->now - c->now % 1000,
		};

		if (!has_account(accounts, n, &entry->lines[i]))
			e = ledger_store_add_account(c, &account);
	}
	return e;
}

/* The accounts of the entry's lines, locked; accounts[i] belongs to lines[i]. */
static enum err lock(struct call *c, const struct ledger_entry *entry,
		     struct ledger_account **ret_accounts)
{
	size_t n;
	enum err e = ledger_store_lock(c, entry, ret_accounts, &n);

	if (e != ERR_OK || n == entry->n_lines)
		return e;
	e = add_accounts(c, entry, *ret_accounts, n);
	if (e == ERR_OK)
		e = ledger_store_lock(c, entry, ret_accounts, &n);
	CHECK(e != ERR_OK || n == entry->n_lines);
	return e;
}

/* Applies a line to its account. */
static enum err apply(struct ledger_account *account, int64_t amount)
{
	enum err e = money_add(account->balance, amount, &account->balance);

	if (e == ERR_OK && amount > 0)
		e = money_add(account->debits, amount, &account->debits);
	if (e == ERR_OK && amount < 0)
		e = money_sub(account->credits, amount, &account->credits);
	account->last_seq++;
	return e;
}

enum err ledger_post(struct call *c, const struct ledger_entry *given)
{
	struct ledger_entry entry = *given;
	struct posting postings[LEDGER_LINES_MAX];
	struct ledger_account *accounts;
	const struct id id = id_new_at(c->now);
	enum err e;

	normalize(&entry);
	if (entry.n_lines == 0)
		return ERR_OK;
	e = lock(c, &entry, &accounts);
	for (size_t i = 0; i < entry.n_lines && e == ERR_OK; i++) {
		e = apply(&accounts[i], entry.lines[i].amount);
		postings[i] = (struct posting){
			.entry = id,
			.line = (int64_t)i + 1,
			.ledger_account = accounts[i].id,
			.currency = entry.currency,
			.amount = entry.lines[i].amount,
			.account_seq = accounts[i].last_seq,
			.balance_after = accounts[i].balance,
		};
		if (e == ERR_OK)
			e = ledger_store_update_account(c, &accounts[i]);
	}
	if (e == ERR_OK)
		e = ledger_store_insert_entry(
			c, &(struct journal_entry){
				   .id = id,
				   .kind = (int32_t)entry.kind,
				   .source_prefix = str_from(entry.source_prefix),
				   .source = entry.source,
				   .reverses = entry.reverses,
				   .entry_date = entry.entry_date,
				   .created_at = id_time(id),
			   });
	return e != ERR_OK ? e : ledger_store_insert_postings(c, postings, entry.n_lines);
}

enum err ledger_reverse(struct call *c, enum ledger_kind reversed, enum ledger_kind kind,
			const char *source_prefix, struct id source, int32_t entry_date)
{
	struct ledger_entry entry = {
		.kind = kind,
		.source_prefix = source_prefix,
		.source = source,
		.entry_date = entry_date,
	};
	struct journal_entry old;
	struct posting *postings;
	enum err e = ledger_store_find_entry(c, source, reversed, &old);

	if (e == ERR_NOT_FOUND)
		return ERR_OK; /* a document of 0 posted nothing */
	if (e == ERR_OK)
		e = ledger_store_postings(c, old.id, &postings, &entry.n_lines);
	if (e != ERR_OK)
		return e;
	entry.reverses = old.id;
	for (size_t i = 0; i < entry.n_lines; i++) {
		entry.currency = postings[i].currency;
		entry.lines[i].code = (enum ledger_code)postings[i].code;
		entry.lines[i].customer = postings[i].customer;
		e = money_neg(postings[i].amount, &entry.lines[i].amount);
		if (e != ERR_OK)
			return e;
	}
	return ledger_post(c, &entry);
}

static struct str code_name(int64_t code)
{
	for (size_t i = 0; i < sizeof(chart) / sizeof(chart[0]); i++)
		if ((int64_t)chart[i].code == code)
			return str_from(chart[i].name);
	return STR_NONE;
}

/* Whether the balances of each currency add up to zero. */
static bool is_balanced(const struct trial_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		__int128 sum = 0;

		for (size_t j = 0; j < n; j++)
			if (str_eq(rows[j].currency, rows[i].currency))
				sum += rows[j].balance;
		if (sum != 0)
			return false;
	}
	return true;
}

enum err billing_trial_balance(struct call *c, const void *in, void *out)
{
	struct trial_balance *balance = out;
	struct trial_row *rows;
	size_t n;
	const enum err e = ledger_store_trial(c, &rows, &n);

	(void)in;
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++)
		rows[i].name = code_name(rows[i].code);
	*balance = (struct trial_balance){
		.as_of = c->now,
		.rows = { .p = rows, .n = n },
		.balanced = is_balanced(rows, n),
	};
	return ERR_OK;
}

/* Gives each entry of a page its postings; both come sorted by entry. */
static void share_out(struct journal_entry *entries, size_t n, struct posting *postings,
		      size_t n_postings)
{
	for (size_t i = 0; i < n; i++) {
		size_t first = 0;
		size_t count = 0;

		while (first < n_postings && !id_eq(postings[first].entry, entries[i].id))
			first++;
		while (first + count < n_postings &&
		       id_eq(postings[first + count].entry, entries[i].id))
			count++;
		entries[i].postings = (struct slice){ .p = postings + first, .n = count };
	}
}

static enum err name_source(struct call *c, struct journal_entry *entry)
{
	struct buf b;

	buf_init(&b, c->arena, 32, 64);
	id_put(&b, arena_dupz(c->arena, entry->source_prefix), entry->source);
	return buf_finish(&b, &entry->source_id);
}

enum err billing_entry_list(struct call *c, const void *in, void *out)
{
	struct list_out *list = out;
	struct journal_entry *entries;
	struct posting *postings;
	size_t n_postings;
	enum err e = ledger_store_list_entries(c, in, list);

	if (e != ERR_OK || list->n == 0)
		return e;
	entries = list->rows;
	if (c->page.descending)
		e = ledger_store_postings_range(c, entries[list->n - 1].id, entries[0].id,
						&postings, &n_postings);
	else
		e = ledger_store_postings_range(c, entries[0].id, entries[list->n - 1].id,
						&postings, &n_postings);
	if (e != ERR_OK)
		return e;
	share_out(entries, list->n, postings, n_postings);
	for (size_t i = 0; i < list->n && e == ERR_OK; i++)
		e = name_source(c, &entries[i]);
	return e;
}

enum err billing_account_list(struct call *c, const void *in, void *out)
{
	return ledger_store_list_accounts(c, in, out);
}
