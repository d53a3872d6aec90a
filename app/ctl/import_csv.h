/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CTL_IMPORT_CSV_H
#define REMIT_CTL_IMPORT_CSV_H

/*
 * Rows of a CSV file (RFC 4180, UTF-8, plain or gzip) whose first row names the columns. Only
 * import_csv.c knows libcsv and zlib. What is wrong with the file is said to the person with the
 * row's number. Thread-safe: no state.
 */

#include "app/base/err.h"
#include "app/base/str.h"

#include <stddef.h>
#include <stdint.h>

enum { IMPORT_COLUMNS_MAX = 16 };

struct import_row {
	const char *file;
	uint64_t number; /* of the record in the file, from 1, the names counted */
	/*
	 * The wanted columns, without spaces around; the literal NULL and nothing are STR_NONE.
	 * Valid until the row's function returns.
	 */
	struct str fields[IMPORT_COLUMNS_MAX];
};

struct import_csv {
	const char *const *columns; /* wanted, by name */
	size_t n_columns;
	/*
	 * A column whose commas may stand without quotes: the fields that a row has too many are
	 * its parts. NULL: such a row is an error, as is one with too few fields.
	 */
	const char *loose;
	enum err (*row)(void *arg, const struct import_row *row);
	void *arg;
};

/* Calls row for each; its first error ends the reading. ERR_MALFORMED, ERR_IO, ERR_NO_MEMORY. */
MUST_CHECK enum err import_csv_read(const char *file, const struct import_csv *csv);

/* Says "FILE row N: ..." and returns ERR_MALFORMED. */
enum err import_row_fail(const struct import_row *row, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
