/* SPDX-License-Identifier: Apache-2.0 */
/* Writes errors as application/problem+json. */
#include "app/http/problem.h"

#include "app/base/check.h"

#include <string.h>

/* Bytes of the path that are echoed. */
enum { INSTANCE_MAX = 1000 };

/* The public error of each internal one; it has the same status. */
static const enum err public_of[ERR_MAX] = {
	[ERR_NO_MEMORY] = ERR_OVERLOADED,
	[ERR_LIMIT] = ERR_BODY_TOO_LARGE,
	[ERR_CONFIG] = ERR_INTERNAL,
	[ERR_IO] = ERR_INTERNAL,
	[ERR_DB_DUPLICATE] = ERR_ALREADY_EXISTS,
	[ERR_DB_DEADLOCK] = ERR_UNAVAILABLE,
	[ERR_DB_LOCK_WAIT] = ERR_CONFLICT,
	[ERR_DB_TIMEOUT] = ERR_DEADLINE,
	[ERR_DB_READ_ONLY] = ERR_UNAVAILABLE,
	[ERR_DB_CONNECT] = ERR_UNAVAILABLE,
	[ERR_DB_LOST] = ERR_UNAVAILABLE,
	[ERR_DB_CHECK] = ERR_INTERNAL,
	[ERR_DB_STATEMENT] = ERR_INTERNAL,
	[ERR_CACHE_DOWN] = ERR_UNAVAILABLE,
};

enum err problem_public(enum err e)
{
	CHECK((unsigned int)e < ERR_MAX);
	return public_of[e] == ERR_OK ? e : public_of[e];
}

/* What came from a client may be any bytes; a JSON text may not. */
static void put_text(struct buf *b, struct str s)
{
	if (str_is_utf8(s)) {
		buf_json_str(b, s);
		return;
	}
	buf_char(b, '"');
	buf_url(b, s);
	buf_char(b, '"');
}

/* RFC 3986: what may stand in a path as it is. */
static bool is_path_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~!$&'()*+,;=:@/%", c) != NULL);
}

/*
 * The path as a URI reference: bytes that may not stand in one are percent-encoded, so the result
 * is ASCII that needs no escape in JSON.
 */
static void put_instance(struct buf *b, struct str path)
{
	size_t used = 0;

	for (size_t i = 0; i < path.n; i++) {
		bool plain = is_path_char(path.p[i]);

		/* A whole triple, own or the client's, or nothing. */
		used += plain ? 1 : 3;
		if (used + (path.p[i] == '%' ? 2 : 0) > INSTANCE_MAX)
			return;
		if (plain)
			buf_char(b, path.p[i]);
		else
			buf_url(b, (struct str){ .p = path.p + i, .n = 1 });
	}
}

static void put_type(struct buf *b, const char *code, const struct call *call)
{
	buf_lit(b, "{\"type\":\"");
	if (call != NULL && call->config != NULL && call->config->public_url != NULL)
		buf_z(b, call->config->public_url);
	buf_lit(b, "/docs/errors/");
	buf_z(b, code);
	buf_char(b, '"');
}

static void put_fault(struct buf *b, const struct fault *f)
{
	/* The empty pointer is the whole body. */
	if (f->pointer.n == 0 || f->pointer.p[0] == '/')
		buf_lit(b, "{\"pointer\":");
	else
		buf_lit(b, "{\"parameter\":");
	put_text(b, f->pointer);
	buf_lit(b, ",\"code\":");
	buf_json_str(b, str_from(f->code));
	if (f->detail != NULL) {
		buf_lit(b, ",\"detail\":");
		buf_json_str(b, str_from(f->detail));
	}
	buf_char(b, '}');
}

static void put_faults(struct buf *b, const struct call *call)
{
	buf_lit(b, ",\"errors\":[");
	for (size_t i = 0; i < call->n_faults; i++) {
		if (i > 0)
			buf_char(b, ',');
		put_fault(b, &call->faults[i]);
	}
	buf_char(b, ']');
}

static void put_state(struct buf *b, const struct call *call)
{
	if (call->state.p != NULL) {
		buf_lit(b, ",\"state\":");
		buf_json_str(b, call->state);
	}
	if (call->actions.p != NULL) {
		buf_lit(b, ",\"available_actions\":");
		buf_str(b, call->actions);
	}
}

void problem_put(struct buf *b, enum err e, const struct call *call, const struct http_request *rq)
{
	enum err shown = problem_public(e);
	struct str request_id = call != NULL ? call->request_id : rq->request_id;
	int status = err_status(shown);

	CHECK(shown != ERR_OK);
	put_type(b, err_code(shown), call);
	buf_lit(b, ",\"title\":");
	buf_json_str(b, str_from(err_title(shown)));
	buf_lit(b, ",\"status\":");
	buf_i64(b, status);
	/* The detail of an internal error was not written for clients. */
	if (call != NULL && call->detail != NULL && shown == e) {
		buf_lit(b, ",\"detail\":");
		put_text(b, str_from(call->detail));
	}
	buf_lit(b, ",\"instance\":\"");
	put_instance(b, rq->path);
	buf_lit(b, "\",\"code\":\"");
	buf_z(b, err_code(shown));
	buf_lit(b, "\",\"request_id\":");
	put_text(b, request_id.p == NULL ? STR("") : request_id);
	if (call != NULL && call->n_faults > 0 && (status == 400 || status == 422))
		put_faults(b, call);
	if (call != NULL && shown == ERR_STATE_CONFLICT)
		put_state(b, call);
	buf_char(b, '}');
}
