/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/err.h"

#include "app/base/check.h"

#include <stddef.h>
#include <string.h>

struct row {
	const char *name;
	const char *code;
	const char *title;
	int status;
	bool retryable;
};

static const struct row rows[ERR_MAX] = {
	[ERR_OK] = { .name = "OK", .title = "OK", .status = 200 },
#define ERR(id, http_status, stable_code, text, retry) \
	[ERR_##id] = { .name = #id,                    \
		       .code = (stable_code),          \
		       .title = (text),                \
		       .status = (http_status),        \
		       .retryable = (retry) },
#include "app/base/err.def"
#undef ERR
};

static const struct row *row_of(enum err e)
{
	CHECK((unsigned int)e < ERR_MAX);
	return &rows[e];
}

int err_status(enum err e)
{
	return row_of(e)->status;
}

const char *err_code(enum err e)
{
	return row_of(e)->code;
}

const char *err_title(enum err e)
{
	return row_of(e)->title;
}

const char *err_name(enum err e)
{
	return row_of(e)->name;
}

bool err_retryable(enum err e)
{
	return row_of(e)->retryable;
}

enum err err_from_code(const char *code)
{
	if (code == NULL)
		return ERR_MAX;
	for (unsigned int e = 0; e < ERR_MAX; e++) {
		if (rows[e].code != NULL && strcmp(rows[e].code, code) == 0)
			return (enum err)e;
	}
	return ERR_MAX;
}
