/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of the ledger and the mapping of rows. No rules. */

#include "handlers/billing/ledger.h"

static const struct db_col account_cols[] = {
	DB_COL(struct ledger_account, id, DB_ID),
	DB_COL(struct ledger_account, code, DB_I64),
	DB_COL(struct ledger_account, customer, DB_ID),
	DB_COL(struct ledger_account, currency, DB_STR),
	DB_COL(struct ledger_account, balance, DB_I64),
	DB_COL(struct ledger_account, debits, DB_I64),
	DB_COL(struct ledger_account, credits, DB_I64),
	DB_COL(struct ledger_account, last_seq, DB_I64),
	DB_COL(struct ledger_account, created_at, DB_TIME),
	DB_COL(struct ledger_account, version, DB_I64),
};
#define ACCOUNT_COLUMNS                                                                        \
	"ledger_account_id, code, customer_id, currency, balance, debits, credits, last_seq, " \
	"created_at, version"

static const struct db_col entry_cols[] = {
	DB_COL(struct journal_entry, id, DB_ID),
	DB_COL(struct journal_entry, kind, DB_I32),
	DB_COL(struct journal_entry, source_prefix, DB_STR),
	DB_COL(struct journal_entry, source, DB_ID),
	DB_COL(struct journal_entry, reverses, DB_ID),
	DB_COL(struct journal_entry, entry_date, DB_DATE),
	DB_COL(struct journal_entry, created_at, DB_TIME),
};
#define ENTRY_COLUMNS \
	"entry_id, kind, source_prefix, source_id, reverses_id, entry_date, created_at"

static const struct db_col posting_cols[] = {
	DB_COL(struct posting, entry, DB_ID),	       DB_COL(struct posting, line, DB_I64),
	DB_COL(struct posting, ledger_account, DB_ID), DB_COL(struct posting, code, DB_I64),
	DB_COL(struct posting, customer, DB_ID),       DB_COL(struct posting, currency, DB_STR),
	DB_COL(struct posting, amount, DB_I64),	       DB_COL(struct posting, account_seq, DB_I64),
	DB_COL(struct posting, balance_after, DB_I64),
};
#define POSTINGS_SELECT                                                                      \
	"SELECT p.entry_id, p.line, p.ledger_account_id, a.code, a.customer_id, p.currency," \
	" p.amount, p.account_seq, p.balance_after FROM postings p JOIN ledger_accounts a"   \
	" ON a.account_id = p.account_id AND a.ledger_account_id = p.ledger_account_id"      \
	" WHERE p.account_id = ?"

static const struct db_col trial_cols[] = {
	DB_COL(struct trial_row, code, DB_I64),	   DB_COL(struct trial_row, currency, DB_STR),
	DB_COL(struct trial_row, debits, DB_I64),  DB_COL(struct trial_row, credits, DB_I64),
	DB_COL(struct trial_row, balance, DB_I64),
};

enum {
	SQL_LOCK,
	SQL_ADD_ACCOUNT,
	SQL_UPDATE_ACCOUNT,
	SQL_INSERT_ENTRY,
	SQL_INSERT_POSTINGS,
	SQL_FIND_ENTRY,
	SQL_POSTINGS,
	SQL_POSTINGS_RANGE,
	SQL_LIST_ENTRIES_DESC,
	SQL_LIST_ENTRIES_ASC,
	SQL_LIST_ACCOUNTS_DESC,
	SQL_LIST_ACCOUNTS_ASC,
	SQL_TRIAL,
};

const struct db_stmt ledger_stmts[] = {
	[SQL_LOCK] = {
		.name = "ledger.lock_accounts",
		.sql = "SELECT " ACCOUNT_COLUMNS " FROM ledger_accounts FORCE INDEX (chart)"
		       " WHERE account_id = ? AND currency = ? AND"
		       " (code = ? AND customer_id = ? OR code = ? AND customer_id = ?"
		       " OR code = ? AND customer_id = ? OR code = ? AND customer_id = ?)"
		       " ORDER BY code, currency, customer_id FOR UPDATE",
		.params = "asibibibib",
		DB_COLS(account_cols, struct ledger_account),
		.access = DB_WRITE,
	},
	[SQL_ADD_ACCOUNT] = {
		.name = "ledger.add_account",
		.sql = "INSERT IGNORE INTO ledger_accounts (account_id, ledger_account_id, code,"
		       " customer_id, currency, balance, debits, credits, last_seq, created_at,"
		       " version) VALUES (?, ?, ?, ?, ?, 0, 0, 0, 0, ?, 1)",
		.params = "aaibst",
		.access = DB_WRITE,
	},
	[SQL_UPDATE_ACCOUNT] = {
		.name = "ledger.update_account",
		.sql = "UPDATE ledger_accounts SET balance = ?, debits = ?, credits = ?,"
		       " last_seq = ?, version = version + 1"
		       " WHERE account_id = ? AND ledger_account_id = ?",
		.params = "iiiiaa",
		.access = DB_WRITE,
	},
	[SQL_INSERT_ENTRY] = {
		.name = "ledger.insert_entry",
		.sql = "INSERT INTO journal_entries (account_id, " ENTRY_COLUMNS ")"
		       " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		.params = "aansaayt",
		.access = DB_WRITE,
	},
	[SQL_INSERT_POSTINGS] = {
		.name = "ledger.insert_postings",
		.sql = "INSERT INTO postings (account_id, entry_id, line, ledger_account_id,"
		       " currency, amount, account_seq, balance_after) VALUES ",
		.repeat = "(?, ?, ?, ?, ?, ?, ?, ?)",
		.params = "aaiasiii",
		.access = DB_WRITE,
	},
	[SQL_FIND_ENTRY] = {
		.name = "ledger.find_entry",
		.sql = "SELECT " ENTRY_COLUMNS " FROM journal_entries"
		       " WHERE account_id = ? AND source_id = ? AND kind = ?",
		.params = "aan",
		DB_COLS(entry_cols, struct journal_entry),
		.access = DB_READ,
	},
	[SQL_POSTINGS] = {
		.name = "ledger.postings",
		.sql = POSTINGS_SELECT " AND p.entry_id = ? ORDER BY p.line",
		.params = "aa",
		DB_COLS(posting_cols, struct posting),
		.access = DB_READ,
	},
	[SQL_POSTINGS_RANGE] = {
		.name = "ledger.postings_range",
		.sql = POSTINGS_SELECT " AND p.entry_id >= ? AND p.entry_id <= ?"
				       " ORDER BY p.entry_id, p.line LIMIT ?",
		.params = "aaai",
		DB_COLS(posting_cols, struct posting),
		.access = DB_READ,
	},
	[SQL_LIST_ENTRIES_DESC] = {
		.name = "ledger.list_entries_desc",
		.sql = "SELECT " ENTRY_COLUMNS " FROM journal_entries"
		       " WHERE account_id = ? AND entry_id > ? AND entry_id < ?"
		       " ORDER BY entry_id DESC LIMIT ?",
		.params = "aaai",
		DB_COLS(entry_cols, struct journal_entry),
		.access = DB_READ,
	},
	[SQL_LIST_ENTRIES_ASC] = {
		.name = "ledger.list_entries_asc",
		.sql = "SELECT " ENTRY_COLUMNS " FROM journal_entries"
		       " WHERE account_id = ? AND entry_id > ? AND entry_id < ?"
		       " ORDER BY entry_id LIMIT ?",
		.params = "aaai",
		DB_COLS(entry_cols, struct journal_entry),
		.access = DB_READ,
	},
	[SQL_LIST_ACCOUNTS_DESC] = {
		.name = "ledger.list_accounts_desc",
		.sql = "SELECT " ACCOUNT_COLUMNS " FROM ledger_accounts"
		       " WHERE account_id = ? AND ledger_account_id > ? AND ledger_account_id < ?"
		       " ORDER BY ledger_account_id DESC LIMIT ?",
		.params = "aaai",
		DB_COLS(account_cols, struct ledger_account),
		.access = DB_READ,
	},
	[SQL_LIST_ACCOUNTS_ASC] = {
		.name = "ledger.list_accounts_asc",
		.sql = "SELECT " ACCOUNT_COLUMNS " FROM ledger_accounts"
		       " WHERE account_id = ? AND ledger_account_id > ? AND ledger_account_id < ?"
		       " ORDER BY ledger_account_id LIMIT ?",
		.params = "aaai",
		DB_COLS(account_cols, struct ledger_account),
		.access = DB_READ,
	},
	[SQL_TRIAL] = {
		.name = "ledger.trial_balance",
		.sql = "SELECT code, currency, CAST(SUM(debits) AS SIGNED),"
		       " CAST(SUM(credits) AS SIGNED), CAST(SUM(balance) AS SIGNED)"
		       " FROM ledger_accounts WHERE account_id = ? GROUP BY code, currency"
		       " ORDER BY code, currency",
		.params = "a",
		DB_COLS(trial_cols, struct trial_row),
		.access = DB_READ,
	},
};
const size_t ledger_n_stmts = sizeof(ledger_stmts) / sizeof(ledger_stmts[0]);

/* customer_id is never NULL here: 16 zero bytes where an account is not kept by customer. */
static struct db_arg customer_arg(const struct id *customer)
{
	return db_bytes((struct str){ .p = (const char *)customer->b, .n = sizeof(customer->b) });
}

enum err ledger_store_lock(struct call *c, const struct ledger_entry *entry,
			   struct ledger_account **ret_accounts, size_t *ret_n)
{
	struct db_arg args[2 + 2 * LEDGER_LINES_MAX];

	args[0] = db_id(c->account);
	args[1] = db_str(entry->currency);
	for (size_t i = 0; i < LEDGER_LINES_MAX; i++) {
		const struct ledger_line *line = &entry->lines[i < entry->n_lines ? i : 0];

		args[2 + 2 * i] = db_i64(line->code);
		args[3 + 2 * i] = customer_arg(&line->customer);
	}
	return db_rows(c->db, &ledger_stmts[SQL_LOCK], args, sizeof(args) / sizeof(args[0]),
		       LEDGER_LINES_MAX, ret_accounts, ret_n);
}

enum err ledger_store_add_account(struct call *c, const struct ledger_account *a)
{
	return db_exec(c->db, &ledger_stmts[SQL_ADD_ACCOUNT],
		       DB_ARGS(db_id(c->account), db_id(a->id), db_i64(a->code),
			       customer_arg(&a->customer), db_str(a->currency),
			       db_time(a->created_at)),
		       NULL);
}

enum err ledger_store_update_account(struct call *c, const struct ledger_account *a)
{
	return db_exec(c->db, &ledger_stmts[SQL_UPDATE_ACCOUNT],
		       DB_ARGS(db_i64(a->balance), db_i64(a->debits), db_i64(a->credits),
			       db_i64(a->last_seq), db_id(c->account), db_id(a->id)),
		       NULL);
}

enum err ledger_store_insert_entry(struct call *c, const struct journal_entry *e)
{
	return db_exec(c->db, &ledger_stmts[SQL_INSERT_ENTRY],
		       DB_ARGS(db_id(c->account), db_id(e->id), db_i32(e->kind),
			       db_str(e->source_prefix), db_id(e->source), db_id(e->reverses),
			       db_date(e->entry_date), db_time(e->created_at)),
		       NULL);
}

enum err ledger_store_insert_postings(struct call *c, const struct posting *postings, size_t n)
{
	enum { WIDTH = 8 };
	struct db_arg args[WIDTH * LEDGER_LINES_MAX];
	struct db_arg *a = args;

	for (size_t i = 0; i < n; i++) {
		*a++ = db_id(c->account);
		*a++ = db_id(postings[i].entry);
		*a++ = db_i64(postings[i].line);
		*a++ = db_id(postings[i].ledger_account);
		*a++ = db_str(postings[i].currency);
		*a++ = db_i64(postings[i].amount);
		*a++ = db_i64(postings[i].account_seq);
		*a++ = db_i64(postings[i].balance_after);
	}
	return db_insert_rows(c->db, &ledger_stmts[SQL_INSERT_POSTINGS], args, n * WIDTH, n);
}

enum err ledger_store_find_entry(struct call *c, struct id source, enum ledger_kind kind,
				 struct journal_entry *ret_entry)
{
	return db_one(c->db, &ledger_stmts[SQL_FIND_ENTRY],
		      DB_ARGS(db_id(c->account), db_id(source), db_i32((int32_t)kind)), ret_entry);
}

enum err ledger_store_postings(struct call *c, struct id entry, struct posting **ret_postings,
			       size_t *ret_n)
{
	return db_rows(c->db, &ledger_stmts[SQL_POSTINGS], DB_ARGS(db_id(c->account), db_id(entry)),
		       LEDGER_LINES_MAX, ret_postings, ret_n);
}

enum err ledger_store_postings_range(struct call *c, struct id first, struct id last,
				     struct posting **ret_postings, size_t *ret_n)
{
	const size_t max = (LIMIT_LIST + 1) * LEDGER_LINES_MAX;

	return db_rows(c->db, &ledger_stmts[SQL_POSTINGS_RANGE],
		       DB_ARGS(db_id(c->account), db_id(first), db_id(last), db_i64((int64_t)max)),
		       max, ret_postings, ret_n);
}

enum err ledger_store_list_entries(struct call *c, const struct ledger_entry_list_in *filter,
				   struct list_out *ret_list)
{
	const struct id_range range = filter_id_range(c, &filter->created);
	const size_t max = (size_t)c->page.limit + 1;

	return db_rows(
		c->db,
		&ledger_stmts[c->page.descending ? SQL_LIST_ENTRIES_DESC : SQL_LIST_ENTRIES_ASC],
		DB_ARGS(db_id(c->account), db_id(range.low), db_id(range.high),
			db_i64((int64_t)max)),
		max, &ret_list->rows, &ret_list->n);
}

enum err ledger_store_list_accounts(struct call *c, const struct ledger_account_list_in *filter,
				    struct list_out *ret_list)
{
	const struct id_range range = filter_id_range(c, &filter->created);
	const size_t max = (size_t)c->page.limit + 1;

	return db_rows(
		c->db,
		&ledger_stmts[c->page.descending ? SQL_LIST_ACCOUNTS_DESC : SQL_LIST_ACCOUNTS_ASC],
		DB_ARGS(db_id(c->account), db_id(range.low), db_id(range.high),
			db_i64((int64_t)max)),
		max, &ret_list->rows, &ret_list->n);
}

enum err ledger_store_trial(struct call *c, struct trial_row **ret_rows, size_t *ret_n)
{
	return db_rows(c->db, &ledger_stmts[SQL_TRIAL], DB_ARGS(db_id(c->account)),
		       LIMIT_JSON_ARRAY, ret_rows, ret_n);
}
