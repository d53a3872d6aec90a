/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multi-row inserts. Each number of rows is a statement of its own, so only some are used: 1 to 16,
 * 32, 64 and 128. Any number of rows is a few of them, largest first: 1000 rows are ten statements.
 */
#include "app/db/db_internal.h"

#include <string.h>

#include "app/base/check.h"

static uint32_t batch(size_t rows)
{
	static const uint32_t large[] = { 128, 64, 32, 16 };
	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
		if (rows >= large[i])
			return large[i];
	}
	return (uint32_t)rows;
}

enum err db_insert_rows(struct db *db, const struct db_stmt *s, const struct db_arg *args, size_t n,
			size_t n_rows)
{
	CHECK(s->repeat != NULL && s->n_cols == 0 && s->access == DB_WRITE);
	size_t width = strlen(s->params);
	CHECK(width > 0 && n == width * n_rows);
	while (n_rows > 0) {
		struct db_run run;
		uint32_t rows = batch(n_rows);
		enum err e = db_run_begin(db, s, rows, args, rows * width, &run);
		if (e == ERR_OK)
			e = db_run_end(db, &run, ERR_OK);
		if (e != ERR_OK)
			return e;
		args += rows * width;
		n_rows -= rows;
	}
	return ERR_OK;
}
