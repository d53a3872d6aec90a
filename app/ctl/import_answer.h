/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CTL_IMPORT_ANSWER_H
#define REMIT_CTL_IMPORT_ANSWER_H

/*
 * What an import needs of the API's answers, as plain data. Members that an answer does not have
 * are STR_NONE, 0 and false. Only import_answer.c reads JSON. Thread-safe: no state.
 */

#include "app/base/arena.h"
#include "app/base/err.h"
#include "app/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An object, a row of a list, or a row of the trial balance. */
struct import_object {
	struct str id;
	struct str external_id; /* of products: the sku */
	struct str status;
	struct str number;
	struct str issue_date;
	struct str created_at;
	struct str finalized_at;
	struct str currency;
	int64_t subtotal, total, amount, amount_paid, line_count;
	int64_t code, balance;
	/* sums over the lines, where the answer has them */
	int64_t lines, net;
	int64_t freight_lines, freight; /* lines without a product */
};

struct import_answer {
	bool ok;
	int exit_code;	     /* enum ctl_exit of a failure */
	const char *problem; /* of a failure, for people */
	struct import_object *objects;
	size_t n;
	struct str next_cursor;
	struct str as_of;
	bool balanced;
};

/* Reads the body of a success; results are in the arena. ERR_MALFORMED, ERR_NO_MEMORY. */
MUST_CHECK enum err import_answer_read(struct arena *a, struct str body,
				       struct import_answer *ret_answer);
/* The error of a problem document, and its text for people, with the faults it names. */
enum err import_problem_read(struct arena *a, int status, struct str body, const char **ret_text);

#endif
