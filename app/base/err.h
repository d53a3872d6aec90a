/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_BASE_ERR_H
#define REMIT_BASE_ERR_H

/*
 * The closed set of failures (err.def). Every fallible function returns one and is marked
 * MUST_CHECK; outputs named ret_* are written on ERR_OK only. Thread-safe: constants only.
 */

#include <stdbool.h>

#define MUST_CHECK __attribute__((warn_unused_result))

enum err {
	ERR_OK = 0,
#define ERR(name, status, code, title, retryable) ERR_##name,
#include "app/base/err.def"
#undef ERR
	ERR_MAX
};

/* The HTTP status that answers e; 200 for ERR_OK. */
int err_status(enum err e);

/* The stable code of the API, or NULL for an internal error. */
const char *err_code(enum err e);

/* A title for people, never NULL. */
const char *err_title(enum err e);

/* The name of the enumerator without its prefix ("NOT_FOUND"), for logs. */
const char *err_name(enum err e);

/* Whether the same call may succeed later, unchanged. */
bool err_retryable(enum err e);

/*
 * The error whose code is `code`, or ERR_MAX. Used by the table test and the error pages.
 */
enum err err_from_code(const char *code);

#endif
