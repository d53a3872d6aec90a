/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_HTTP_PROBLEM_H
#define REMIT_HTTP_PROBLEM_H

/* Errors as application/problem+json (RFC 9457). Thread-safe. */

#include "app/base/buf.h"
#include "app/call/call.h"
#include "app/http/message.h"

/*
 * The public face of an internal error: what the client is told instead (ERR_DB_DEADLOCK is
 * ERR_UNAVAILABLE, ERR_DB_STATEMENT is ERR_INTERNAL, ...). Others are themselves.
 */
enum err problem_public(enum err e);
/*
 * Appends the document: type, title, status, detail, instance, code, request_id, errors, and for a
 * state conflict the state and available_actions. call may be NULL (before there is one).
 */
void problem_put(struct buf *b, enum err e, const struct call *call, const struct http_request *rq);

#endif
