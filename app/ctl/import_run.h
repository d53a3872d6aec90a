/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CTL_IMPORT_RUN_H
#define REMIT_CTL_IMPORT_RUN_H

/*
 * Carries a plan out, and compares what the API holds then with what the files say. One thread.
 */

#include "app/ctl/ctl.h"
#include "app/ctl/import_api.h"
#include "app/ctl/import_object.h"
#include "app/ctl/import_plan.h"
#include "app/ctl/import_progress.h"

enum { IMPORT_TIME_MAX = 32 };

struct import_run {
	struct import_plan *plan;
	struct import_api *api;
	struct import_progress progress;
	unsigned failures;
	enum ctl_exit exit_code; /* of the worst of them */
	bool stop;
	int64_t told; /* when it was last said that requests are sent again; 0: never */
	/* when the first and the last of the plan's objects were created */
	char created_first[IMPORT_TIME_MAX];
	char created_last[IMPORT_TIME_MAX];
	/* the ledger's time and the currency's revenue before the first write */
	char before[IMPORT_TIME_MAX];
	int64_t revenue_before;
};

/*
 * Whether the plan can be carried out in this account: the API answers, and no number was given to
 * a document of a later date. Says why not. Reads only.
 */
MUST_CHECK enum ctl_exit import_check(struct import_run *run);
/* Creates what is not there. Says what failed, row by row. */
MUST_CHECK enum ctl_exit import_write(struct import_run *run);
/* Prints the table of both sides; CTL_DATA when they differ. Reads only. */
MUST_CHECK enum ctl_exit import_compare(struct import_run *run);

/*
 * Sends a GET, and hands its answer to use; waits until nothing is under way. A failure is said
 * and becomes the exit code.
 */
MUST_CHECK enum ctl_exit import_get(struct import_run *run, const char *target,
				    void (*use)(void *arg, const struct import_answer *answer),
				    void *arg);
/* One turn of the loop: moves requests on and shows the progress. */
MUST_CHECK enum err import_turn(struct import_run *run);
/* Notes and says a failure. Too many of them, or one that all others share, end the import. */
void import_fail(struct import_run *run, const struct import_answer *answer, const char *format,
		 ...) __attribute__((format(printf, 3, 4)));

#endif
