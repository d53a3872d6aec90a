/* SPDX-License-Identifier: Apache-2.0 */
/* Examination of the books: each rule is one statement that answers the rows that break it. */

#include "handlers/billing/billing_internal.h"

/* What a rule's statement answers: where it is broken and by how much. */
struct broken {
	struct str where;
	int64_t expected;
	int64_t found;
};

static const struct db_col broken_cols[] = {
	DB_COL(struct broken, where, DB_STR),
	DB_COL(struct broken, expected, DB_I64),
	DB_COL(struct broken, found, DB_I64),
};

struct counts {
	int64_t entries;
	int64_t postings;
	int64_t documents;
};

static const struct db_col counts_cols[] = {
	DB_COL(struct counts, entries, DB_I64),
	DB_COL(struct counts, postings, DB_I64),
	DB_COL(struct counts, documents, DB_I64),
};

enum { BROKEN_MAX = 20, RULE_ACCOUNTS_MAX = 4 };

/* The account stands in every sub-query; `accounts` says how often. */
#define RULE(name_, sql_, params_)                                             \
	{                                                                      \
		.name = (name_), .sql = sql_ " LIMIT 20", .params = (params_), \
		DB_COLS(broken_cols, struct broken), .access = DB_READ         \
	}

enum { SQL_COUNTS, SQL_FIRST_RULE };

const struct db_stmt ledger_verify_stmts[] = {
	[SQL_COUNTS] = {
		.name = "verify.counts",
		.sql = "SELECT (SELECT COUNT(*) FROM journal_entries WHERE account_id = ?),"
		       " (SELECT COUNT(*) FROM postings WHERE account_id = ?),"
		       " (SELECT COUNT(*) FROM invoices WHERE account_id = ?)"
		       " + (SELECT COUNT(*) FROM credit_notes WHERE account_id = ?)",
		.params = "aaaa",
		DB_COLS(counts_cols, struct counts),
		.access = DB_READ,
	},
	RULE("verify.entry_balances",
	     "SELECT HEX(entry_id), 0, CAST(SUM(amount) AS SIGNED) FROM postings"
	     " WHERE account_id = ? GROUP BY entry_id, currency HAVING SUM(amount) <> 0",
	     "a"),
	RULE("verify.entry_has_postings",
	     "SELECT HEX(j.entry_id), 2, COUNT(p.line) FROM journal_entries j LEFT JOIN postings p"
	     " ON p.account_id = j.account_id AND p.entry_id = j.entry_id"
	     " WHERE j.account_id = ? GROUP BY j.entry_id HAVING COUNT(p.line) < 2",
	     "a"),
	RULE("verify.sum_is_zero",
	     "SELECT currency, 0, CAST(SUM(amount) AS SIGNED) FROM postings WHERE account_id = ?"
	     " GROUP BY currency HAVING SUM(amount) <> 0",
	     "a"),
	RULE("verify.account_balance",
	     "SELECT HEX(a.ledger_account_id), COALESCE(p.amount, 0), a.balance"
	     " FROM ledger_accounts a LEFT JOIN (SELECT ledger_account_id,"
	     " CAST(SUM(amount) AS SIGNED) AS amount,"
	     " CAST(SUM(GREATEST(amount, 0)) AS SIGNED) AS debits, COUNT(*) AS n"
	     " FROM postings WHERE account_id = ? GROUP BY ledger_account_id) p"
	     " ON p.ledger_account_id = a.ledger_account_id WHERE a.account_id = ?"
	     " AND (a.balance <> COALESCE(p.amount, 0) OR a.last_seq <> COALESCE(p.n, 0)"
	     " OR a.debits <> COALESCE(p.debits, 0) OR a.balance <> a.debits - a.credits)",
	     "aa"),
	RULE("verify.account_chain",
	     "SELECT CONCAT(HEX(p.ledger_account_id), ' ', p.account_seq),"
	     " CAST(COALESCE(q.balance_after, 0) AS DECIMAL(30,0)) + p.amount, p.balance_after"
	     " FROM postings p"
	     " LEFT JOIN postings q ON q.account_id = p.account_id"
	     " AND q.ledger_account_id = p.ledger_account_id"
	     " AND q.account_seq = p.account_seq - 1 WHERE p.account_id = ?"
	     " AND (p.balance_after <> CAST(COALESCE(q.balance_after, 0) AS DECIMAL(30,0))"
	     " + p.amount"
	     " OR (q.account_seq IS NULL AND p.account_seq <> 1))",
	     "a"),
	RULE("verify.receivable",
	     "SELECT CONCAT(HEX(r.customer_id), ' ', r.currency), SUM(r.due), SUM(r.balance)"
	     " FROM (SELECT customer_id, currency, amount_due AS due, 0 AS balance FROM invoices"
	     " WHERE account_id = ? AND status IN (1, 2, 3) UNION ALL"
	     " SELECT customer_id, currency, 0, balance FROM ledger_accounts"
	     " WHERE account_id = ? AND code = 1200) r GROUP BY r.customer_id, r.currency"
	     " HAVING SUM(r.due) <> SUM(r.balance)",
	     "aa"),
	RULE("verify.customer_credit",
	     "SELECT CONCAT(HEX(customer_id), ' ', currency), 0, balance FROM ledger_accounts"
	     " WHERE account_id = ? AND code = 2100 AND balance > 0",
	     "a"),
	RULE("verify.invoice_amounts",
	     "SELECT number, total - amount_paid - pre_payment_credit, amount_due FROM invoices"
	     " WHERE account_id = ? AND (status IN (1, 2)"
	     " AND amount_due <> total - amount_paid - pre_payment_credit"
	     " OR status = 2 AND amount_due <> 0 OR status = 1 AND amount_due = 0"
	     " OR status IN (0, 3) AND amount_due <> 0 OR amount_reserved > amount_due"
	     " OR pre_payment_credit + post_payment_credit > total)",
	     "a"),
	RULE("verify.invoice_posting",
	     "SELECT i.number, i.total, COALESCE(p.amount, 0) FROM invoices i LEFT JOIN"
	     " (SELECT j.source_id, CAST(SUM(q.amount) AS SIGNED) AS amount"
	     " FROM journal_entries j JOIN postings q ON q.account_id = j.account_id"
	     " AND q.entry_id = j.entry_id JOIN ledger_accounts a ON a.account_id = q.account_id"
	     " AND a.ledger_account_id = q.ledger_account_id"
	     " WHERE j.account_id = ? AND j.kind = 0 AND a.code = 1200 GROUP BY j.source_id) p"
	     " ON p.source_id = i.invoice_id WHERE i.account_id = ? AND i.status <> 0"
	     " AND i.total <> COALESCE(p.amount, 0)",
	     "aa"),
	RULE("verify.invoice_lines",
	     "SELECT COALESCE(i.number, HEX(i.invoice_id)), i.subtotal, COALESCE(l.net, 0)"
	     " FROM invoices i LEFT JOIN (SELECT invoice_id, CAST(SUM(net) AS SIGNED) AS net,"
	     " COUNT(*) AS n FROM invoice_lines WHERE account_id = ? GROUP BY invoice_id) l"
	     " ON l.invoice_id = i.invoice_id WHERE i.account_id = ?"
	     " AND (i.subtotal <> COALESCE(l.net, 0) OR i.line_count <> COALESCE(l.n, 0))",
	     "aa"),
	RULE("verify.invoice_payments",
	     "SELECT i.number, i.amount_paid, COALESCE(p.applied, 0) FROM invoices i LEFT JOIN"
	     " (SELECT invoice_id, CAST(SUM(applied_to_invoice) AS SIGNED) AS applied,"
	     " CAST(SUM(reserved) AS SIGNED) AS reserved FROM payments WHERE account_id = ?"
	     " GROUP BY invoice_id) p ON p.invoice_id = i.invoice_id WHERE i.account_id = ?"
	     " AND (i.amount_paid <> COALESCE(p.applied, 0)"
	     " OR i.amount_reserved <> COALESCE(p.reserved, 0))",
	     "aa"),
	RULE("verify.credit_note_posting",
	     "SELECT n.number, n.total, COALESCE(p.amount, 0) FROM credit_notes n LEFT JOIN"
	     " (SELECT j.source_id, CAST(SUM(-q.amount) AS SIGNED) AS amount"
	     " FROM journal_entries j JOIN postings q ON q.account_id = j.account_id"
	     " AND q.entry_id = j.entry_id JOIN ledger_accounts a ON a.account_id = q.account_id"
	     " AND a.ledger_account_id = q.ledger_account_id"
	     " WHERE j.account_id = ? AND j.kind = 3 AND a.code IN (1200, 2100)"
	     " GROUP BY j.source_id) p ON p.source_id = n.credit_note_id"
	     " WHERE n.account_id = ? AND n.total <> COALESCE(p.amount, 0)",
	     "aa"),
	RULE("verify.invoice_numbers",
	     "SELECT 'invoice', COUNT(*), COALESCE(MAX(number_seq), 0) FROM invoices"
	     " WHERE account_id = ? AND number_seq IS NOT NULL"
	     " HAVING COUNT(*) <> COALESCE(MAX(number_seq), 0) OR COALESCE(MAX(number_seq), 0) <>"
	     " (SELECT COALESCE(MAX(last_number), 0) FROM number_sequences"
	     " WHERE account_id = ? AND series = 'invoice')",
	     "aa"),
	RULE("verify.credit_note_numbers",
	     "SELECT 'credit_note', COUNT(*), COALESCE(MAX(number_seq), 0) FROM credit_notes"
	     " WHERE account_id = ? HAVING COUNT(*) <> COALESCE(MAX(number_seq), 0)"
	     " OR COALESCE(MAX(number_seq), 0) <> (SELECT COALESCE(MAX(last_number), 0)"
	     " FROM number_sequences WHERE account_id = ? AND series = 'credit_note')",
	     "aa"),
};
const size_t ledger_verify_n_stmts = sizeof(ledger_verify_stmts) / sizeof(ledger_verify_stmts[0]);

static void put_broken(struct buf *b, const struct db_stmt *rule, const struct broken *row)
{
	buf_z(b, rule->name);
	buf_lit(b, ": ");
	buf_str(b, row->where);
	buf_lit(b, ": expected ");
	buf_i64(b, row->expected);
	buf_lit(b, ", found ");
	buf_i64(b, row->found);
	buf_char(b, '\n');
}

static enum err check_rule(struct call *c, const struct db_stmt *rule, struct buf *text,
			   struct ledger_report *report)
{
	struct db_arg args[RULE_ACCOUNTS_MAX];
	struct broken *rows;
	size_t n_args = 0;
	size_t n;
	enum err e;

	for (const char *p = rule->params; *p != '\0'; p++)
		args[n_args++] = db_id(c->account);
	e = db_rows(c->db, rule, args, n_args, BROKEN_MAX, &rows, &n);
	if (e != ERR_OK)
		return e;
	report->checks++;
	report->failures += n > 0;
	for (size_t i = 0; i < n; i++)
		put_broken(text, rule, &rows[i]);
	return ERR_OK;
}

enum err billing_ledger_verify(struct call *c, struct ledger_report *ret_report)
{
	struct ledger_report report = { 0 };
	struct counts counts;
	struct buf text;
	enum err e;

	buf_init(&text, c->arena, 1024, 1 << 20);
	e = db_one(
		c->db, &ledger_verify_stmts[SQL_COUNTS],
		DB_ARGS(db_id(c->account), db_id(c->account), db_id(c->account), db_id(c->account)),
		&counts);
	for (size_t i = SQL_FIRST_RULE; i < ledger_verify_n_stmts && e == ERR_OK; i++)
		e = check_rule(c, &ledger_verify_stmts[i], &text, &report);
	if (e == ERR_OK)
		e = buf_finish(&text, &report.text);
	if (e != ERR_OK)
		return e;
	report.entries = counts.entries;
	report.postings = counts.postings;
	report.documents = counts.documents;
	*ret_report = report;
	return ERR_OK;
}
