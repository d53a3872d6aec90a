/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CTL_SQL_SPLIT_H
#define REMIT_CTL_SQL_SPLIT_H

/*
 * Splits the text of a migration into its statements: each ends with a semicolon outside quotes
 * and comments, the last one too, so that a file that was cut off is noticed. Comments are left
 * out. Thread-safe: no state.
 */

#include "app/base/arena.h"
#include "app/base/err.h"
#include "app/base/str.h"

#include <stddef.h>

struct sql_statement {
	struct str text; /* without comments around, spaces at the ends and semicolon */
	int line;	 /* of its first word */
};

struct sql_script {
	struct sql_statement *statements;
	size_t n;
	/* ERR_MALFORMED */
	const char *fault;
	int fault_line;
};

/* The result lives in the arena. ERR_MALFORMED sets the fault. */
MUST_CHECK enum err sql_split(struct arena *a, struct str text, struct sql_script *ret_script);

#endif
