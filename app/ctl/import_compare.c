/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Before the import: whether the account can take it. After it: what the API holds of the plan's
 * objects, read back object by object, and the ledger, beside what the files say.
 */
#include "app/ctl/import_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/base/buf.h"
#include "app/base/clock.h"
#include "app/base/limits.h"

enum { REVENUE = 4000, CELL = 32 };

/* What the API holds. */
struct books {
	struct import_run *run;
	enum import_kind kind; /* of the list being read */
	struct str cursor;     /* of its next page; in the plan's arena */
	int64_t objects[IMPORT_KIND_MAX];
	int64_t lines, credit_lines, freight_lines;
	int64_t net, freight, credited, invoiced_paid, paid;
	struct str *invoices; /* ids, in the plan's arena */
	uint32_t n_invoices, room;
	int64_t old; /* revenue of own documents that were there before the import began */
	int64_t revenue, sum;
	bool balanced;
	enum err err;
};

/* Before ------------------------------------------------------------------------------------- */

static void sum_trial(void *arg, const struct import_answer *answer)
{
	struct books *b = arg;

	b->revenue = 0;
	b->sum = 0;
	b->balanced = answer->balanced;
	for (size_t i = 0; i < answer->n; i++) {
		const struct import_object *row = &answer->objects[i];

		if (!str_eq(row->currency, b->run->plan->currency))
			continue;
		b->sum += row->balance;
		if (row->code == REVENUE)
			b->revenue -= row->balance; /* a credit is negative */
	}
}

static void note_before(void *arg, const struct import_answer *answer)
{
	struct books *b = arg;
	struct import_run *run = b->run;

	sum_trial(b, answer);
	run->revenue_before = b->revenue;
	if (answer->as_of.n < sizeof(run->before) && answer->as_of.n > 0)
		memcpy(run->before, answer->as_of.p, answer->as_of.n);
}

/* The latest date among the documents that were made last. */
struct latest {
	int32_t date; /* DATE_NONE: no document has a number */
	char number[CELL];
};

static void note_latest(void *arg, const struct import_answer *answer)
{
	struct latest *l = arg;

	for (size_t i = 0; i < answer->n; i++) {
		const struct import_object *o = &answer->objects[i];
		int32_t date;

		if (o->number.p == NULL || o->issue_date.p == NULL ||
		    date_parse(o->issue_date, &date) != ERR_OK || date <= l->date)
			continue;
		l->date = date;
		snprintf(l->number, sizeof(l->number), STR_FMT, STR_ARG(o->number));
	}
}

static void note_there(void *arg, const struct import_answer *answer)
{
	bool *there = arg;

	*there = answer->n == 1;
}

static struct str date_text(int32_t date, struct arena *a)
{
	struct str s = STR("?");
	struct buf b;

	buf_init(&b, a, 16, CELL);
	date_put(&b, date);
	return buf_finish(&b, &s) == ERR_OK ? s : STR("?");
}

static enum ctl_exit refuse(struct import_run *run, enum import_kind kind,
			    const struct import_document *first, const struct latest *latest)
{
	const char *name = import_kind_name(kind);
	const struct str begin = date_text(first->date, run->plan->arena);
	const struct str end = date_text(latest->date, run->plan->arena);

	ctl_say("the last %s of this account, %s, is of " STR_FMT
		"; numbers follow the dates, and the %ss of %s begin on " STR_FMT,
		name, latest->number, STR_ARG(end), name, run->plan->name, STR_ARG(begin));
	ctl_say("nothing was written; import %s into another account, or before what is later",
		run->plan->name);
	return CTL_DATA;
}

/*
 * A series whose last date is later than documents of the plan takes them no more: that is well
 * only when they are there already. They come in the order of dates, so the last of them tells.
 */
static enum ctl_exit check_series(struct import_run *run, enum import_series series,
				  enum import_kind kind)
{
	const struct import_plan *plan = run->plan;
	const struct import_document *first = NULL;
	const struct import_document *last = NULL;
	struct latest latest = { .date = DATE_NONE };
	char newest[64];
	const char *lookup;
	bool there = false;
	enum ctl_exit exit_code;

	snprintf(newest, sizeof(newest), "%s?limit=100&sort=-created_at", import_kind_path(kind));
	exit_code = import_get(run, newest, note_latest, &latest);
	if (exit_code != CTL_OK)
		return exit_code;
	for (uint32_t i = 0; i < plan->documents.n; i++) {
		const struct import_document *d = import_document_at(plan, i);

		if (d->series != series || d->date >= latest.date)
			continue;
		first = first == NULL ? d : first;
		last = d;
	}
	if (last == NULL)
		return CTL_OK;
	if (import_object_lookup(plan, kind, last->number, plan->arena, &lookup) != ERR_OK)
		return CTL_SOFTWARE;
	exit_code = import_get(run, lookup, note_there, &there);
	if (exit_code != CTL_OK || there)
		return exit_code;
	return refuse(run, kind, first, &latest);
}

enum ctl_exit import_check(struct import_run *run)
{
	struct books books = { .run = run };
	enum ctl_exit exit_code;

	exit_code = import_get(run, "/v1/ledger/trial_balance", note_before, &books);
	if (exit_code == CTL_OK)
		exit_code = check_series(run, IMPORT_INVOICES, IMPORT_INVOICE);
	if (exit_code == CTL_OK)
		exit_code = check_series(run, IMPORT_CREDIT_NOTES, IMPORT_CREDIT_NOTE);
	return exit_code;
}

/* Lists -------------------------------------------------------------------------------------- */

static void keep_invoice(struct books *b, struct str id)
{
	struct arena *a = b->run->plan->arena;

	if (b->n_invoices == b->room) {
		const uint32_t room = b->room == 0 ? 1024 : b->room * 2;
		struct str *grown =
			arena_grow(a, b->invoices, b->room * sizeof(*grown), room * sizeof(*grown));

		if (grown == NULL) {
			b->err = ERR_NO_MEMORY;
			return;
		}
		b->invoices = grown;
		b->room = room;
	}
	b->invoices[b->n_invoices] = arena_dup(a, id);
	if (b->invoices[b->n_invoices++].p == NULL)
		b->err = ERR_NO_MEMORY;
}

/* Whether the books before the import had it already: times of one form sort as text. */
static bool is_old(const struct import_run *run, struct str time)
{
	return time.p != NULL && str_cmp(time, str_from(run->before)) <= 0;
}

static void note_row(struct books *b, const struct import_object *o)
{
	if (!import_object_is_own(b->run->plan, o->external_id))
		return;
	b->objects[b->kind]++;
	if (b->kind == IMPORT_INVOICE) {
		b->invoiced_paid += o->amount_paid;
		b->old += is_old(b->run, o->finalized_at) ? o->subtotal : 0;
		keep_invoice(b, o->id);
	} else if (b->kind == IMPORT_CREDIT_NOTE) {
		b->credited += o->subtotal;
		b->credit_lines += o->line_count;
		b->old -= is_old(b->run, o->created_at) ? o->subtotal : 0;
	} else if (b->kind == IMPORT_PAYMENT && str_eq(o->status, STR("succeeded"))) {
		b->paid += o->amount;
	}
}

static void on_page(void *arg, const struct import_answer *answer)
{
	struct books *b = arg;

	for (size_t i = 0; i < answer->n; i++)
		note_row(b, &answer->objects[i]);
	b->cursor = arena_dup(b->run->plan->arena, answer->next_cursor);
}

static void put_parameter(struct buf *b, const char *name, struct str value)
{
	buf_char(b, '&');
	buf_url(b, str_from(name));
	buf_char(b, '=');
	buf_url(b, value);
}

/* All objects of a kind that were created when the plan's were. */
static enum ctl_exit read_list(struct books *books, enum import_kind kind)
{
	const struct import_run *run = books->run;
	enum ctl_exit exit_code = CTL_OK;

	books->kind = kind;
	books->cursor = STR_NONE;
	do {
		struct str target;
		struct buf b;

		buf_init(&b, run->plan->arena, 512, LIMIT_URI);
		buf_z(&b, import_kind_path(kind));
		buf_lit(&b, "?limit=100");
		put_parameter(&b, "filter[created_at][gte]", str_from(run->created_first));
		put_parameter(&b, "filter[created_at][lte]", str_from(run->created_last));
		if (books->cursor.p != NULL)
			put_parameter(&b, "cursor", books->cursor);
		buf_char(&b, '\0');
		if (buf_finish(&b, &target) != ERR_OK)
			return CTL_SOFTWARE;
		exit_code = import_get(books->run, target.p, on_page, books);
	} while (exit_code == CTL_OK && books->cursor.p != NULL);
	return exit_code;
}

/* Invoices with their lines ------------------------------------------------------------------ */

static void on_invoice(void *arg, const struct import_answer *answer)
{
	struct books *b = arg;

	if (!answer->ok) {
		import_fail(b->run, answer, "reading an invoice back");
		return;
	}
	b->lines += answer->objects[0].lines;
	b->net += answer->objects[0].net;
	b->freight_lines += answer->objects[0].freight_lines;
	b->freight += answer->objects[0].freight;
	b->run->progress.done++;
}

static enum err send_invoice(struct books *books, struct str id)
{
	struct arena *a = import_api_begin(books->run->api);
	struct import_request rq = { .body = STR_NONE, .done = on_invoice, .arg = books };
	struct str target;
	struct buf b;
	enum err e;

	if (a == NULL)
		return ERR_LIMIT;
	buf_init(&b, a, 64, LIMIT_URI);
	buf_z(&b, import_kind_path(IMPORT_INVOICE));
	buf_char(&b, '/');
	buf_url(&b, id);
	buf_char(&b, '\0');
	e = buf_finish(&b, &target);
	if (e != ERR_OK)
		return e;
	rq.target = target.p;
	return import_api_send(books->run->api, &rq);
}

static enum ctl_exit read_invoices(struct books *books)
{
	struct import_run *run = books->run;
	uint32_t next = 0;
	enum err e = ERR_OK;

	import_progress_begin(&run->progress, "reading back", books->n_invoices);
	while (e == ERR_OK &&
	       ((next < books->n_invoices && !run->stop) || import_api_busy(run->api) > 0)) {
		while (e == ERR_OK && next < books->n_invoices && !run->stop) {
			e = send_invoice(books, books->invoices[next]);
			next += e == ERR_OK;
		}
		if (e == ERR_OK || e == ERR_LIMIT)
			e = import_turn(run);
	}
	import_progress_end(&run->progress);
	if (e != ERR_OK)
		return CTL_SOFTWARE;
	return run->failures == 0 ? CTL_OK : run->exit_code;
}

/* The table ---------------------------------------------------------------------------------- */

/* With a comma between thousands, and two decimals when it is money. */
static void format(int64_t v, bool money, char ret_text[CELL])
{
	const uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	char digits[CELL];
	const int n =
		snprintf(digits, sizeof(digits), "%" PRIu64, money ? magnitude / 100 : magnitude);
	int at = 0;

	if (v < 0)
		ret_text[at++] = '-';
	for (int i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			ret_text[at++] = ',';
		ret_text[at++] = digits[i];
	}
	ret_text[at] = '\0';
	if (money)
		snprintf(ret_text + at, (size_t)(CELL - at), ".%02" PRIu64, magnitude % 100);
}

static bool row(const char *what, bool money, int64_t file, int64_t api)
{
	char left[CELL], right[CELL];

	format(file, money, left);
	format(api, money, right);
	printf("%-28s %16s %16s  %s\n", what, left, right, file == api ? "equal" : "DIFFERENT");
	return file == api;
}

static bool print_table(const struct import_run *run, const struct books *b)
{
	const struct import_totals *t = &run->plan->totals;
	const int64_t revenue = t->net + t->freight - t->credited;
	/* what others have earned in this account and currency */
	const int64_t foreign = run->revenue_before - b->old;
	char cell[CELL];
	bool same = true;

	printf("%-28s %16s %16s\n", run->plan->name, "files", "API");
	same &= row("customers", false, t->customers, b->objects[IMPORT_CUSTOMER]);
	same &= row("products", false, t->products, b->objects[IMPORT_PRODUCT]);
	same &= row("orders", false, t->documents[IMPORT_INVOICES], b->objects[IMPORT_ORDER]);
	same &= row("invoices", false, t->documents[IMPORT_INVOICES], b->objects[IMPORT_INVOICE]);
	same &= row("lines of invoices", false, t->lines[IMPORT_INVOICES], b->lines);
	same &= row("lines of freight", false, t->freight_lines, b->freight_lines);
	same &= row("credit notes", false, t->documents[IMPORT_CREDIT_NOTES],
		    b->objects[IMPORT_CREDIT_NOTE]);
	same &= row("lines of credit notes", false, t->lines[IMPORT_CREDIT_NOTES], b->credit_lines);
	same &= row("payments", false, t->payments, b->objects[IMPORT_PAYMENT]);
	printf("in " STR_FMT "\n", STR_ARG(run->plan->currency));
	same &= row("net of invoices", true, t->net, b->net);
	same &= row("freight", true, t->freight, b->freight);
	same &= row("credit notes", true, -t->credited, -b->credited);
	same &= row("paid, of invoices", true, t->net + t->freight, b->invoiced_paid);
	same &= row("paid, of payments", true, t->net + t->freight, b->paid);
	same &= row("revenue in the ledger", true, revenue, b->revenue - foreign);
	same &= row("sum of the ledger", true, 0, b->sum);
	if (!b->balanced)
		puts("the ledger is NOT balanced");
	if (foreign != 0) {
		format(foreign, true, cell);
		printf("other revenue of the account  %s\n", cell);
	}
	return same && b->balanced;
}

static void print_notes(const struct import_plan *plan)
{
	const struct import_notes *n = &plan->notes;

	printf("read: %" PRId64 " lines of %" PRId64 " orders and %" PRId64 " cancellations\n",
	       n->rows, n->found[IMPORT_INVOICES], n->found[IMPORT_CREDIT_NOTES]);
	if (n->walk_in_lines > 0)
		printf("%" PRId64 " lines without a customer: of one walk-in customer\n",
		       n->walk_in_lines);
	if (n->zero_lines > 0)
		printf("left out: %" PRId64 " lines priced zero (%" PRId64
		       " of them stock adjustments), and %" PRId64
		       " documents that have no others\n",
		       n->zero_lines, n->stock_lines, n->empty_documents);
	if (n->negative_documents > 0)
		printf("left out: %" PRId64 " documents with a negative sum\n",
		       n->negative_documents);
}

enum ctl_exit import_compare(struct import_run *run)
{
	struct books books = { .run = run };
	enum ctl_exit exit_code = CTL_OK;

	for (int i = 0; i < IMPORT_KIND_MAX && exit_code == CTL_OK; i++)
		if (run->created_first[0] != '\0')
			exit_code = read_list(&books, (enum import_kind)i);
	if (exit_code == CTL_OK && books.err != ERR_OK)
		exit_code = CTL_SOFTWARE;
	if (exit_code == CTL_OK)
		exit_code = read_invoices(&books);
	if (exit_code == CTL_OK)
		exit_code = import_get(run, "/v1/ledger/trial_balance", sum_trial, &books);
	if (exit_code != CTL_OK)
		return exit_code;
	print_notes(run->plan);
	return print_table(run, &books) ? CTL_OK : CTL_DATA;
}
