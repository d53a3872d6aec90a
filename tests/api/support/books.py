# SPDX-License-Identifier: Apache-2.0
"""The invariants of the books, asked of the database itself: each statement finds what is wrong."""

from support import database

INVARIANTS = {
    "each entry's postings add up to zero in each currency":
        "SELECT HEX(entry_id), currency, SUM(amount) FROM postings"
        " GROUP BY account_id, entry_id, currency HAVING SUM(amount) <> 0",
    "each entry has two postings or more":
        "SELECT HEX(e.entry_id), COUNT(p.line) FROM journal_entries e LEFT JOIN postings p"
        " ON p.account_id = e.account_id AND p.entry_id = e.entry_id"
        " GROUP BY e.account_id, e.entry_id HAVING COUNT(p.line) < 2",
    "a ledger account's balance is the sum of its postings":
        "SELECT HEX(l.ledger_account_id), l.balance, s.balance FROM ledger_accounts l LEFT JOIN"
        " (SELECT account_id, ledger_account_id, SUM(amount) AS balance, COUNT(*) AS n,"
        " MAX(account_seq) AS seq, SUM(IF(amount > 0, amount, 0)) AS debits,"
        " SUM(IF(amount < 0, -CAST(amount AS DECIMAL(30)), 0)) AS credits FROM postings"
        " GROUP BY account_id, ledger_account_id) s ON s.account_id = l.account_id"
        " AND s.ledger_account_id = l.ledger_account_id"
        " WHERE NOT (l.balance <=> COALESCE(s.balance, 0) AND l.last_seq <=> COALESCE(s.n, 0)"
        " AND l.last_seq <=> COALESCE(s.seq, 0) AND l.debits <=> COALESCE(s.debits, 0)"
        " AND l.credits <=> COALESCE(s.credits, 0))",
    "running balances form a chain":
        "SELECT HEX(p.entry_id), p.balance_after FROM postings p LEFT JOIN postings b"
        " ON b.account_id = p.account_id AND b.ledger_account_id = p.ledger_account_id"
        " AND b.account_seq = p.account_seq - 1 WHERE p.balance_after <>"
        " CAST(COALESCE(b.balance_after, 0) AS DECIMAL(30)) + p.amount"
        " OR (b.account_seq IS NULL AND p.account_seq <> 1)",
    "a customer's receivable is what the open invoices owe":
        "SELECT HEX(l.customer_id), l.currency, l.balance, SUM(i.amount_due) FROM ledger_accounts l"
        " LEFT JOIN invoices i ON i.account_id = l.account_id AND i.customer_id = l.customer_id"
        " AND i.currency = l.currency AND i.status = 1 WHERE l.code = 1200"
        " GROUP BY l.account_id, l.ledger_account_id"
        " HAVING MAX(l.balance) <> COALESCE(SUM(i.amount_due), 0)",
    "an open invoice's customer has a receivable":
        "SELECT HEX(i.invoice_id) FROM invoices i LEFT JOIN ledger_accounts l"
        " ON l.account_id = i.account_id AND l.customer_id = i.customer_id"
        " AND l.currency = i.currency AND l.code = 1200"
        " WHERE i.status = 1 AND l.code IS NULL",
    "customer credit is never negative":
        "SELECT HEX(l.customer_id), p.balance_after FROM ledger_accounts l JOIN postings p"
        " ON p.account_id = l.account_id AND p.ledger_account_id = l.ledger_account_id"
        " WHERE l.code = 2100 AND p.balance_after > 0",
    "invoice numbers are gapless":
        "SELECT HEX(account_id), COUNT(number_seq), MAX(number_seq), MIN(number_seq) FROM invoices"
        " GROUP BY account_id HAVING COUNT(number_seq) <> COALESCE(MAX(number_seq), 0)",
    "credit note numbers are gapless":
        "SELECT HEX(account_id), COUNT(*), MAX(number_seq) FROM credit_notes"
        " GROUP BY account_id HAVING COUNT(*) <> MAX(number_seq)",
    "a series stands at its last number":
        "SELECT HEX(s.account_id), s.last_number FROM number_sequences s WHERE s.last_number <>"
        " COALESCE(CASE s.series WHEN 'invoice' THEN (SELECT MAX(number_seq) FROM invoices i"
        " WHERE i.account_id = s.account_id) ELSE (SELECT MAX(number_seq) FROM credit_notes c"
        " WHERE c.account_id = s.account_id) END, 0)",
    "numbers are in the order of dates":
        "SELECT HEX(a.invoice_id) FROM invoices a JOIN invoices b ON b.account_id = a.account_id"
        " AND b.number_seq = a.number_seq + 1 WHERE b.issue_date < a.issue_date",
    "drafts have no number and others have one":
        "SELECT HEX(invoice_id) FROM invoices WHERE (status = 0) <> (number_seq IS NULL)"
        " OR (status = 0) <> (number IS NULL) OR (status = 0) <> (finalized_at IS NULL)",
    "what is due is what is left":
        "SELECT HEX(invoice_id) FROM invoices WHERE amount_due <> CASE status WHEN 1 THEN"
        " total - amount_paid - pre_payment_credit ELSE 0 END"
        " OR amount_reserved > amount_due OR (status = 1 AND amount_due = 0)"
        " OR (status = 2 AND amount_paid + pre_payment_credit <> total)",
    "what was paid is what the payments applied":
        "SELECT HEX(i.invoice_id), i.amount_paid, s.paid FROM invoices i LEFT JOIN"
        " (SELECT account_id, invoice_id, SUM(applied_to_invoice) AS paid, SUM(reserved) AS held"
        " FROM payments GROUP BY account_id, invoice_id) s ON s.account_id = i.account_id"
        " AND s.invoice_id = i.invoice_id WHERE i.amount_paid <> COALESCE(s.paid, 0)"
        " OR i.amount_reserved <> COALESCE(s.held, 0)",
    "what was credited is what the notes applied":
        "SELECT HEX(i.invoice_id), i.pre_payment_credit, s.pre, i.post_payment_credit, s.post"
        " FROM invoices i LEFT JOIN (SELECT account_id, invoice_id, SUM(applied_to_invoice) AS pre,"
        " SUM(to_customer_credit) AS post FROM credit_notes GROUP BY account_id, invoice_id) s"
        " ON s.account_id = i.account_id AND s.invoice_id = i.invoice_id"
        " WHERE i.pre_payment_credit <> COALESCE(s.pre, 0)"
        " OR i.post_payment_credit <> COALESCE(s.post, 0)"
        " OR i.pre_payment_credit + i.post_payment_credit > i.total",
    "a payment's money is somewhere":
        "SELECT HEX(payment_id) FROM payments WHERE (status = 1 AND"
        " applied_to_invoice + to_customer_credit <> amount) OR (status <> 1 AND"
        " (applied_to_invoice <> 0 OR to_customer_credit <> 0)) OR (status IN (1, 2, 3)"
        " AND reserved <> 0) OR reserved < 0 OR applied_to_invoice < 0 OR to_customer_credit < 0",
    "lines add up to the document":
        "SELECT HEX(i.invoice_id) FROM invoices i LEFT JOIN invoice_lines l"
        " ON l.account_id = i.account_id AND l.invoice_id = i.invoice_id"
        " GROUP BY i.account_id, i.invoice_id HAVING MAX(i.subtotal) <> SUM(l.net)"
        " OR MAX(i.line_count) <> COUNT(*) OR COUNT(l.net) = 0",
    "an order is marked as its invoice says":
        "SELECT HEX(o.order_id), o.invoice_state, COUNT(i.invoice_id) FROM orders o"
        " LEFT JOIN invoices i ON i.account_id = o.account_id AND i.order_id = o.order_id"
        " AND i.status <> 3 GROUP BY o.account_id, o.order_id"
        " HAVING MAX(o.invoice_state) <> COUNT(i.invoice_id)",
    "each finalized invoice of an amount was posted":
        "SELECT HEX(i.invoice_id) FROM invoices i LEFT JOIN journal_entries e"
        " ON e.account_id = i.account_id AND e.source_id = i.invoice_id AND e.kind = 0"
        # a tax below zero can make a total of 0 of amounts that are not
        " WHERE (i.status <> 0 AND (i.subtotal <> 0 OR i.tax <> 0)) <> (e.entry_id IS NOT NULL)",
    "each object has its event":
        "SELECT HEX(c.customer_id) FROM customers c LEFT JOIN events e ON e.account_id ="
        " c.account_id AND e.object_id = c.customer_id AND e.type = 'customer.created'"
        " WHERE e.event_id IS NULL",
    "no line is left of what was deleted":
        "SELECT HEX(l.invoice_id) FROM invoice_lines l LEFT JOIN invoices i ON i.account_id ="
        " l.account_id AND i.invoice_id = l.invoice_id WHERE i.invoice_id IS NULL",
}


def faults():
    """{invariant: the first rows that break it}"""
    return {name: rows[:5] for name, sql in INVARIANTS.items() if (rows := database.ask(sql))}
