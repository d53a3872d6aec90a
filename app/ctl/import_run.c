/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Customers and products first, all at once; then the documents, each on its way from order to
 * invoice to payment as far as its turn has come. Numbers are given in the order of dates, so the
 * documents of one date get theirs when all earlier ones have: a document that fails holds those
 * of later dates back, for it could not be numbered after them any more.
 */
#include "app/ctl/import_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/base/clock.h"

enum { FAILURES_MAX = 20, AHEAD = 256 };
#define TELL_EVERY (10 * INT64_C(1000000))

/* What a request is for; in the request's arena. */
struct task {
	struct import_run *run;
	enum import_kind kind;
	uint32_t place;
};

/* The documents of one series of numbers: places in the plan. */
struct series {
	uint32_t low;	/* all before it are done */
	uint32_t front; /* the first without a number: its date is the one that is numbered now */
	uint32_t next;	/* the first whose order was not sent */
	uint32_t end;
};

void import_fail(struct import_run *run, const struct import_answer *answer, const char *format,
		 ...)
{
	char what[200];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	import_progress_clear(&run->progress);
	ctl_say("%s: %s", what, answer->problem);
	run->failures++;
	if (run->exit_code == CTL_OK || answer->exit_code != CTL_DATA)
		run->exit_code = (enum ctl_exit)answer->exit_code;
	if (answer->exit_code != CTL_DATA || run->failures >= FAILURES_MAX)
		run->stop = true;
}

enum err import_turn(struct import_run *run)
{
	const enum err e = import_api_step(run->api);
	const char *trouble = import_api_trouble(run->api);
	const int64_t now = clock_monotonic();

	if (trouble != NULL && (run->told == 0 || now - run->told > TELL_EVERY)) {
		import_progress_clear(&run->progress);
		ctl_say("%s; trying again", trouble);
		run->told = now;
	}
	import_progress_show(&run->progress);
	return e;
}

/* Answers ------------------------------------------------------------------------------------ */

static void report(const struct task *t, const struct import_answer *answer)
{
	const struct import_plan *plan = t->run->plan;
	const struct import_document *d;

	if (t->kind == IMPORT_CUSTOMER) {
		import_fail(t->run, answer, "customer " STR_FMT,
			    STR_ARG(import_customer_at(plan, t->place)->number));
	} else if (t->kind == IMPORT_PRODUCT) {
		import_fail(t->run, answer, "product " STR_FMT,
			    STR_ARG(import_product_at(plan, t->place)->number));
	} else {
		d = import_document_at(plan, t->place);
		import_fail(t->run, answer, "%s " STR_FMT " (row %llu)", import_kind_name(t->kind),
			    STR_ARG(d->number), (unsigned long long)d->row);
	}
}

/* Times of one form: their text sorts as they do. */
static void note_created(struct import_run *run, struct str created)
{
	const size_t n = created.n;

	if (n == 0 || n >= sizeof(run->created_first))
		return;
	if (run->created_first[0] == '\0' || str_cmp(created, str_from(run->created_first)) < 0) {
		memcpy(run->created_first, created.p, n);
		run->created_first[n] = '\0';
	}
	if (str_cmp(created, str_from(run->created_last)) > 0) {
		memcpy(run->created_last, created.p, n);
		run->created_last[n] = '\0';
	}
}

static void document_made(const struct task *t, struct import_document *d, struct str id)
{
	switch (t->kind) {
	case IMPORT_ORDER:
		d->order_id = id;
		d->state = IMPORT_READY;
		return;
	case IMPORT_INVOICE:
		d->id = id;
		d->state = d->total > 0 ? IMPORT_OPEN : IMPORT_DONE;
		break;
	case IMPORT_CREDIT_NOTE:
		d->id = id;
		d->state = IMPORT_DONE;
		break;
	case IMPORT_PAYMENT:
	case IMPORT_CUSTOMER:
	case IMPORT_PRODUCT:
	case IMPORT_KIND_MAX:
		d->state = IMPORT_DONE;
		break;
	}
	if (d->state == IMPORT_DONE)
		t->run->progress.done++;
}

/* What was there already need not be as this import makes it. */
static const char *unfit(const struct task *t, const struct import_object *o)
{
	if (t->kind == IMPORT_INVOICE && o->number.p == NULL)
		return "a draft with this external_id is there that another program made";
	return NULL;
}

static void on_made(void *arg, const struct import_answer *answer)
{
	const struct task *t = arg;
	struct import_plan *plan = t->run->plan;
	struct import_answer failure = { .exit_code = CTL_DATA };
	struct import_document *d = NULL;
	struct str id;

	if (t->kind != IMPORT_CUSTOMER && t->kind != IMPORT_PRODUCT)
		d = import_document_at(plan, t->place);
	if (answer->ok)
		failure.problem = unfit(t, &answer->objects[0]);
	if (!answer->ok || failure.problem != NULL) {
		report(t, answer->ok ? &failure : answer);
		if (d != NULL)
			d->state = IMPORT_FAILED;
		return;
	}
	note_created(t->run, answer->objects[0].created_at);
	id = arena_dup(plan->arena, answer->objects[0].id);
	if (id.p == NULL) {
		failure = (struct import_answer){ .exit_code = CTL_SOFTWARE,
						  .problem = "the answer has no id" };
		report(t, &failure);
	} else if (d != NULL) {
		document_made(t, d, id);
	} else {
		*(t->kind == IMPORT_CUSTOMER ? &import_customer_at(plan, t->place)->id
					     : &import_product_at(plan, t->place)->id) = id;
		t->run->progress.done++;
	}
}

/* ERR_LIMIT: nothing can be sent now. */
static enum err make(struct import_run *run, enum import_kind kind, uint32_t place)
{
	struct arena *a = import_api_begin(run->api);
	struct import_request rq = { .done = on_made };
	struct task *t;
	enum err e;

	if (a == NULL)
		return ERR_LIMIT;
	t = ARENA_NEW(a, struct task);
	if (t == NULL)
		return ERR_NO_MEMORY;
	*t = (struct task){ .run = run, .kind = kind, .place = place };
	rq.arg = t;
	e = import_object_make(run->plan, kind, place, a, &rq);
	if (e == ERR_OK)
		return import_api_send(run->api, &rq);
	/* a body larger than the API takes, of lines it would take */
	report(t, &(struct import_answer){ .exit_code = CTL_DATA, .problem = "is too large" });
	if (kind != IMPORT_CUSTOMER && kind != IMPORT_PRODUCT)
		import_document_at(run->plan, place)->state = IMPORT_FAILED;
	return ERR_OK;
}

/* Phases ------------------------------------------------------------------------------------- */

static enum err write_parties(struct import_run *run)
{
	const uint32_t customers = run->plan->customers.n;
	const uint32_t all = customers + run->plan->products.n;
	uint32_t next = 0;
	enum err e = ERR_OK;

	import_progress_begin(&run->progress, "customers and products", all);
	while (e == ERR_OK && ((next < all && !run->stop) || import_api_busy(run->api) > 0)) {
		while (next < all && !run->stop && e == ERR_OK) {
			e = next < customers ? make(run, IMPORT_CUSTOMER, next)
					     : make(run, IMPORT_PRODUCT, next - customers);
			next += e == ERR_OK;
		}
		if (e == ERR_OK || e == ERR_LIMIT)
			e = import_turn(run);
	}
	import_progress_end(&run->progress);
	return e;
}

/* Moves the marks over what is done. */
static void series_advance(const struct import_plan *plan, struct series *s)
{
	const struct import_document *d;

	for (; s->low < s->end; s->low++) {
		d = import_document_at(plan, s->low);
		if (d->state != IMPORT_DONE && !(d->state == IMPORT_FAILED && d->id.p != NULL))
			break;
	}
	while (s->front < s->end && import_document_at(plan, s->front)->id.p != NULL)
		s->front++;
}

/* The first document in [from, to) in this state; to: none. */
static uint32_t find_state(const struct import_plan *plan, uint32_t from, uint32_t to,
			   enum import_state state)
{
	while (from < to && import_document_at(plan, from)->state != state)
		from++;
	return from;
}

/*
 * What is to be done next: first payments, which end documents, then numbers, on which all later
 * dates wait, then orders, as far ahead as memory of them is worth.
 */
static bool series_pick(const struct import_plan *plan, enum import_series which, struct series *s,
			enum import_kind *ret_kind, uint32_t *ret_place)
{
	uint32_t to, found;

	series_advance(plan, s);
	to = s->low + AHEAD < s->end ? s->low + AHEAD : s->end;
	found = find_state(plan, s->low, to, IMPORT_OPEN);
	if (found < to) {
		*ret_kind = IMPORT_PAYMENT;
		*ret_place = found;
		return true;
	}
	found = find_state(plan, s->front, s->end - s->front > AHEAD ? s->front + AHEAD : s->end,
			   IMPORT_READY);
	if (found < s->end && import_document_at(plan, found)->state == IMPORT_READY &&
	    import_document_at(plan, found)->date == import_document_at(plan, s->front)->date) {
		*ret_kind = which == IMPORT_INVOICES ? IMPORT_INVOICE : IMPORT_CREDIT_NOTE;
		*ret_place = found;
		return true;
	}
	if (which != IMPORT_INVOICES || s->next >= to)
		return false;
	*ret_kind = IMPORT_ORDER;
	*ret_place = s->next++;
	return true;
}

static bool pick(const struct import_plan *plan, struct series *series, enum import_kind *ret_kind,
		 uint32_t *ret_place)
{
	for (int i = 0; i < IMPORT_SERIES_MAX; i++)
		if (series_pick(plan, (enum import_series)i, &series[i], ret_kind, ret_place))
			return true;
	return false;
}

/* Sends what can be sent now. *ret_idle: there was nothing to send. */
static enum err send_documents(struct import_run *run, struct series *series, bool *ret_idle)
{
	enum import_kind kind;
	uint32_t place;
	enum err e = ERR_OK;

	*ret_idle = true;
	while (e == ERR_OK && !run->stop && pick(run->plan, series, &kind, &place)) {
		struct import_document *d = import_document_at(run->plan, place);
		const enum import_state before = d->state;

		*ret_idle = false;
		d->state = IMPORT_BUSY;
		e = make(run, kind, place);
		if (e == ERR_OK)
			continue;
		d->state = before;
		if (kind == IMPORT_ORDER)
			series[d->series].next--;
	}
	return e == ERR_LIMIT ? ERR_OK : e;
}

static enum err write_documents(struct import_run *run)
{
	struct import_plan *plan = run->plan;
	const uint32_t invoices = (uint32_t)plan->totals.documents[IMPORT_INVOICES];
	struct series series[IMPORT_SERIES_MAX] = {
		[IMPORT_INVOICES] = { .end = invoices },
		[IMPORT_CREDIT_NOTES] = { .low = invoices,
					  .front = invoices,
					  .next = invoices,
					  .end = plan->documents.n },
	};
	bool idle;
	enum err e;

	import_progress_begin(&run->progress, "documents", plan->documents.n);
	for (;;) {
		e = send_documents(run, series, &idle);
		if (e != ERR_OK || (idle && import_api_busy(run->api) == 0))
			break;
		e = import_turn(run);
		if (e != ERR_OK)
			break;
	}
	import_progress_end(&run->progress);
	return e;
}

/*
 * Repeats the first request: the answer names a position in the database after all that was
 * written, and the reads that follow ask for that position.
 */
static enum err catch_up(struct import_run *run)
{
	enum err e = run->plan->customers.n > 0 ? make(run, IMPORT_CUSTOMER, 0) : ERR_OK;

	while (e == ERR_OK && import_api_busy(run->api) > 0)
		e = import_turn(run);
	return e;
}

enum ctl_exit import_write(struct import_run *run)
{
	enum err e = write_parties(run);

	if (e == ERR_OK && run->failures == 0)
		e = write_documents(run);
	if (e == ERR_OK && run->failures == 0)
		e = catch_up(run);
	if (e != ERR_OK) {
		ctl_say("the import stopped: %s", err_title(e));
		return CTL_SOFTWARE;
	}
	if (run->failures == 0)
		return CTL_OK;
	ctl_say("%u failed; run the same command again to go on", run->failures);
	return run->exit_code;
}

/* Reading ------------------------------------------------------------------------------------ */

struct get {
	struct import_run *run;
	const char *target;
	void (*use)(void *arg, const struct import_answer *answer);
	void *arg;
};

static void on_got(void *arg, const struct import_answer *answer)
{
	const struct get *g = arg;

	if (answer->ok)
		g->use(g->arg, answer);
	else
		import_fail(g->run, answer, "%s", g->target);
}

enum ctl_exit import_get(struct import_run *run, const char *target,
			 void (*use)(void *arg, const struct import_answer *answer), void *arg)
{
	struct get get = { .run = run, .target = target, .use = use, .arg = arg };
	const struct import_request rq = {
		.target = target,
		.body = STR_NONE,
		.done = on_got,
		.arg = &get,
	};
	const unsigned failures = run->failures;
	enum err e = ERR_OK;

	while (e == ERR_OK && import_api_begin(run->api) == NULL)
		e = import_turn(run);
	if (e == ERR_OK)
		e = import_api_send(run->api, &rq);
	while (e == ERR_OK && import_api_busy(run->api) > 0)
		e = import_turn(run);
	if (e != ERR_OK) {
		ctl_say("%s: %s", target, err_title(e));
		return CTL_SOFTWARE;
	}
	return run->failures == failures ? CTL_OK : run->exit_code;
}
