/* SPDX-License-Identifier: Apache-2.0 */
/* remitctl ledger verify: the books of one account or of all of them. */
#include "app/ctl/ctl.h"

#include "app/base/clock.h"
#include "app/ctl/session.h"
#include "handlers/billing/billing.h"
#include "handlers/users/users.h"

#include <inttypes.h>
#include <stdio.h>

enum { VERIFY_ACCOUNT };
static const struct ctl_option verify_options[] = {
	[VERIFY_ACCOUNT] = { "account", "ID", "only this account, acc_...; default: all", 0 },
};

/* Finds the account after `after` (ids rise); ERR_NOT_FOUND after the last one. */
struct next_work {
	struct id after;
	struct id next;
};

static enum err next_work(struct call *c, void *ctx)
{
	struct next_work *w = ctx;
	const enum err e = users_account_next(c, w->after, &w->next);

	if (e != ERR_NOT_FOUND)
		return e;
	w->next = ID_NONE;
	return ERR_OK;
}

struct verify_work {
	struct ledger_report report;
	bool failed;
};

/* Prints what is broken here: the text lives as long as the call. */
static enum err verify_work(struct call *c, void *ctx)
{
	struct verify_work *w = ctx;
	enum err e = users_account_check(c);

	if (e == ERR_NOT_FOUND)
		return call_fail(c, e, "there is no such account");
	if (e == ERR_OK)
		e = billing_ledger_verify(c, &w->report);
	if (e == ERR_OK && w->report.failures > 0)
		(void)printf(STR_FMT, STR_ARG(w->report.text));
	return e;
}

static enum ctl_exit verify_account(const char *config_file, struct id account, int64_t *failures)
{
	struct verify_work w = { 0 };
	const int64_t start = clock_monotonic();
	char text[ID_TEXT_LEN];
	const enum ctl_exit code = ctl_session_run(config_file, account, verify_work, &w);

	if (code != CTL_OK)
		return code;
	id_text(account, text);
	(void)printf("acc_%.*s %s: %" PRId64 " rules, %" PRId64 " broken; %" PRId64
		     " documents, %" PRId64 " entries, %" PRId64 " postings; %" PRId64 " ms\n",
		     ID_TEXT_LEN, text, w.report.failures == 0 ? "ok" : "BROKEN", w.report.checks,
		     w.report.failures, w.report.documents, w.report.entries, w.report.postings,
		     (clock_monotonic() - start) / 1000);
	*failures += w.report.failures;
	return CTL_OK;
}

static enum ctl_exit verify(const struct ctl_args *args)
{
	struct next_work next = { .after = id_lowest() };
	enum ctl_exit code = CTL_OK;
	int64_t failures = 0;

	if (args->values[VERIFY_ACCOUNT] != NULL) {
		if (id_parse(str_from(args->values[VERIFY_ACCOUNT]), "acc", &next.next) != ERR_OK) {
			ctl_say("--account is not an id of the form acc_...: \"%s\"",
				args->values[VERIFY_ACCOUNT]);
			return CTL_USAGE;
		}
		code = verify_account(args->config_file, next.next, &failures);
	}
	while (args->values[VERIFY_ACCOUNT] == NULL && code == CTL_OK) {
		code = ctl_session_run(args->config_file, ID_NONE, next_work, &next);
		if (code != CTL_OK || id_is_none(next.next))
			break;
		code = verify_account(args->config_file, next.next, &failures);
		next.after = next.next;
	}
	if (code == CTL_OK && failures > 0) {
		ctl_say("%" PRId64 " rules are broken", failures);
		return CTL_DATA;
	}
	return code;
}

static const struct ctl_command commands[] = {
	{
		.words = "ledger verify",
		.summary = "Examines the books and says what is wrong with them.",
		.details =
			"Checks that every entry balances, that balances and chains agree with\n"
			"the postings, that receivables equal the open invoices, that documents\n"
			"equal their postings, and that number series have no gap. Prints each\n"
			"broken rule; exits 65 when there is one.",
		.options = verify_options,
		.n_options = sizeof(verify_options) / sizeof(verify_options[0]),
		.run = verify,
	},
};
const struct ctl_group ctl_ledger_group = { commands, sizeof(commands) / sizeof(commands[0]) };
