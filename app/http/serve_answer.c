/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: objects, lists, problems, stored ones; head lines. */

#include "app/http/exchange.h"

#include "app/http/consistency.h"
#include "app/http/cursor.h"
#include "app/http/etag.h"
#include "app/http/problem.h"

#include <string.h>

#define JSON_TYPE    STR("Content-Type: application/json\r\n")
#define PROBLEM_TYPE STR("Content-Type: application/problem+json\r\n")

/* Sets ETag and body, or 304 when the client has this version. */
static void body_with_etag(struct exchange *x, struct str body, int64_t version)
{
	struct buf *head = &x->res->head;
	struct str etag;
	struct buf b;

	buf_init(&b, x->call->arena, 48, 64);
	etag_put(&b, version, x->plan->fingerprint);
	x->res->body = body;
	if (buf_finish(&b, &etag) != ERR_OK)
		return;
	buf_lit(head, "ETag: ");
	buf_str(head, etag);
	buf_lit(head, "\r\n");
	if (x->route->method == HTTP_GET && x->rq->if_none_match.p != NULL &&
	    etag_matches(x->rq->if_none_match, etag, true)) {
		x->res->status = 304;
		x->res->body = STR("");
	}
}

void serve_body(struct exchange *x, struct str body, int64_t version)
{
	x->res->status = x->route->status;
	buf_str(&x->res->head, JSON_TYPE);
	body_with_etag(x, body, version);
}

/* "/v1/orders/{id}" with the id of what was made. */
static void put_location(struct exchange *x)
{
	struct str rest = str_from(x->route->location);
	struct buf *head = &x->res->head;
	struct id id;
	const char *prefix = NULL;

	for (uint32_t i = 0; i < x->route->result->n_fields; i++)
		if (strcmp(x->route->result->fields[i].name, "id") == 0)
			prefix = x->route->result->fields[i].prefix;
	memcpy(&id, (const char *)x->out + x->plan->id_offset, sizeof(id));
	buf_lit(head, "Location: ");
	buf_z(head, x->call->config->public_url);
	buf_str(head, str_cut(&rest, '{'));
	id_put(head, prefix, id);
	buf_lit(head, "\r\n");
}

static enum err encode_object(struct exchange *x)
{
	const struct schema *s = x->route->result;
	struct str body;
	struct buf b;
	enum err e;

	buf_init(&b, x->call->arena, 2048, LIMIT_ANSWER);
	schema_encode(&b, s, x->out);
	e = buf_finish(&b, &body);
	if (e != ERR_OK)
		return e;
	x->object = body;
	x->res->status = x->route->status;
	buf_str(&x->res->head, JSON_TYPE);
	if (x->plan->version_offset < 0) {
		x->res->body = body;
	} else {
		memcpy(&x->version, (const char *)x->out + x->plan->version_offset,
		       sizeof(x->version));
		body_with_etag(x, body, x->version);
	}
	if (x->route->location != NULL)
		put_location(x);
	return ERR_OK;
}

static void put_link(struct exchange *x, struct str cursor)
{
	struct buf *head = &x->res->head;

	buf_lit(head, "Link: <");
	buf_z(head, x->call->config->public_url);
	buf_str(head, x->rq->path);
	buf_char(head, '?');
	for (size_t i = 0; i < x->n_params; i++) {
		if (str_eq(x->params[i].name, STR("cursor")))
			continue;
		buf_url(head, x->params[i].name);
		buf_char(head, '=');
		buf_url(head, x->params[i].value);
		buf_char(head, '&');
	}
	buf_lit(head, "cursor=");
	buf_str(head, cursor);
	buf_lit(head, ">; rel=\"next\"\r\n");
}

static enum err put_next(struct exchange *x, struct buf *b, const char *last)
{
	const struct list *list = x->route->list;
	struct page next = x->call->page;
	const int32_t key_offset = list->sorts[next.sort].key_offset;
	struct str cursor;
	struct buf c;
	enum err e;

	next.has_after = true;
	memcpy(&next.after, last + list->id_offset, sizeof(next.after));
	if (key_offset >= 0)
		memcpy(&next.after_key, last + key_offset, sizeof(next.after_key));
	buf_init(&c, x->call->arena, 128, 512);
	cursor_put(&c, x->server->key, x->call->account, x->binding, &next);
	e = buf_finish(&c, &cursor);
	if (e != ERR_OK)
		return e;
	buf_lit(b, "],\"has_more\":true,\"next_cursor\":");
	buf_json_str(b, cursor);
	buf_char(b, '}');
	put_link(x, cursor);
	return ERR_OK;
}

static enum err encode_list(struct exchange *x)
{
	const struct list *list = x->route->list;
	const struct list_out *out = x->out;
	const size_t limit = (size_t)x->call->page.limit;
	const size_t n = out->n < limit ? out->n : limit;
	const char *rows = out->rows;
	struct buf b;

	buf_init(&b, x->call->arena, 1024 + n * 512, LIMIT_ANSWER);
	buf_lit(&b, "{\"object\":\"list\",\"data\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_char(&b, ',');
		schema_encode(&b, list->row, rows + i * list->row->size);
	}
	x->res->status = x->route->status;
	buf_str(&x->res->head, JSON_TYPE);
	if (out->n > limit) {
		const enum err e = put_next(x, &b, rows + (n - 1) * list->row->size);

		if (e != ERR_OK)
			return e;
	} else {
		buf_lit(&b, "],\"has_more\":false,\"next_cursor\":null}");
	}
	return buf_finish(&b, &x->res->body);
}

static enum err encode_raw(struct exchange *x)
{
	const struct raw_out *raw = x->out;

	x->res->status = raw->status != 0 ? raw->status : x->route->status;
	buf_lit(&x->res->head, "Content-Type: ");
	buf_z(&x->res->head, x->route->media);
	buf_lit(&x->res->head, "\r\n");
	x->res->body = raw->body;
	return ERR_OK;
}

enum err serve_encode(struct exchange *x)
{
	if (x->route->list != NULL)
		return encode_list(x);
	if (x->route->media != NULL)
		return encode_raw(x);
	if (x->route->result != NULL)
		return encode_object(x);
	x->res->status = x->route->status;
	x->res->body = STR("");
	return ERR_OK;
}

void serve_consistency(struct exchange *x, const struct db_position *position)
{
	buf_lit(&x->res->head, "Remit-Consistency: ");
	consistency_put(&x->res->head, x->server->key, x->call->account, position);
	buf_lit(&x->res->head, "\r\n");
}

void serve_stored(struct exchange *x, const struct idempotency_answer *answer)
{
	x->res->status = answer->status;
	buf_str(&x->res->head, answer->head);
	buf_lit(&x->res->head, "Idempotent-Replayed: true\r\n");
	x->res->body = answer->body;
}

void serve_problem(struct exchange *x, enum err e)
{
	const enum err public = problem_public(e);
	struct buf *head = &x->res->head;
	struct buf b;

	x->res->status = err_status(public);
	/* what fails late has a success in its head already */
	buf_init(head, x->call->arena, 512, 16 << 10);
	buf_str(head, PROBLEM_TYPE);
	if (public == ERR_UNAUTHENTICATED)
		buf_lit(head, "WWW-Authenticate: Bearer\r\n");
	if (public == ERR_METHOD_NOT_ALLOWED) {
		buf_lit(head, "Allow: ");
		buf_z(head, x->allow);
		buf_lit(head, "\r\n");
	}
	if (err_retryable(public) && public != ERR_INTERNAL)
		buf_lit(head, "Retry-After: 1\r\n");
	buf_init(&b, x->call->arena, 1024, LIMIT_ANSWER);
	problem_put(&b, public, x->call, x->rq);
	if (buf_finish(&b, &x->res->body) != ERR_OK)
		x->res->body = STR("{\"title\":\"out of memory\",\"status\":503,"
				   "\"code\":\"unavailable\"}");
}

/* Whether the browser's origin is one of the configured ones. */
static bool origin_allowed(const struct exchange *x)
{
	struct str allowed[CONFIG_LIST_MAX];
	const size_t n = config_list(x->call->config->cors_origins, allowed);

	for (size_t i = 0; i < n; i++)
		if (str_eq(allowed[i], x->rq->origin))
			return true;
	return false;
}

void serve_preflight(struct exchange *x)
{
	struct buf *head = &x->res->head;

	x->res->status = 204;
	x->res->body = STR("");
	if (x->rq->origin.p == NULL || !origin_allowed(x))
		return;
	buf_lit(head, "Access-Control-Allow-Methods: GET, HEAD, POST, PATCH, DELETE\r\n"
		      "Access-Control-Allow-Headers: Authorization, Content-Type, Idempotency-Key, "
		      "If-Match, If-None-Match, Remit-Consistency, X-Request-Id, traceparent\r\n"
		      "Access-Control-Max-Age: 600\r\n");
}

void serve_finish(struct exchange *x)
{
	struct buf *head = &x->res->head;
	struct str unused;

	if (x->rq->origin.p != NULL && x->call->config->cors_origins[0] != '\0') {
		buf_lit(head, "Vary: Origin\r\n");
		if (origin_allowed(x)) {
			buf_lit(head, "Access-Control-Expose-Headers: ETag, Link, Location, "
				      "Remit-Consistency, Idempotent-Replayed, Retry-After\r\n"
				      "Access-Control-Allow-Origin: ");
			buf_str(head, x->rq->origin);
			buf_lit(head, "\r\n");
		}
	}
	if (x->route != NULL && x->route->public_cache && x->res->status == 200)
		buf_lit(head, "Cache-Control: public, max-age=60\r\n");
	else
		buf_lit(head, "Cache-Control: private, no-cache\r\n");
	if (x->res->status != 304 && x->res->status != 204) {
		buf_lit(head, "Content-Length: ");
		buf_u64(head, x->res->body.n);
		buf_lit(head, "\r\n");
	}
	if (x->head)
		x->res->body = STR("");
	if (buf_finish(head, &unused) != ERR_OK) {
		x->res->status = 503;
		x->res->head.n = 0;
		x->res->body = STR("");
	}
}
