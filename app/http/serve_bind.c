/* SPDX-License-Identifier: Apache-2.0 */
/* Path, query, headers and body into the handler's in struct; every fault is reported. */

#include "app/http/exchange.h"

#include "app/http/cursor.h"
#include "app/http/etag.h"

#include <stdlib.h>
#include <string.h>

static enum err parameter_fault(struct exchange *x, const char *name, const char *code,
				const char *detail)
{
	(void)call_fault(x->call, str_from(name), code, detail);
	return ERR_INVALID_PARAMETER;
}

/* An id that is not one names nothing. */
static enum err bind_path(struct exchange *x)
{
	enum err e;

	if (x->route->path_params == NULL)
		return ERR_OK;
	e = schema_decode_params(x->call, x->route->path_params, x->match.params, x->match.n_params,
				 x->in);
	if (e != ERR_INVALID_PARAMETER)
		return e;
	x->call->n_faults = 0;
	return ERR_NOT_FOUND;
}

static enum err bind_limit(struct exchange *x, struct str value)
{
	int64_t limit;

	if (str_to_i64(value, 1, LIMIT_LIST, &limit) != ERR_OK)
		return parameter_fault(x, "limit", "out_of_range", "must be from 1 to 100");
	x->call->page.limit = (int32_t)limit;
	return ERR_OK;
}

static enum err bind_sort(struct exchange *x, struct str value)
{
	const struct list *list = x->route->list;
	const bool descending = str_starts(value, STR("-"));

	if (descending) {
		value.p++;
		value.n--;
	}
	for (size_t i = 0; i < list->n_sorts; i++) {
		if (!str_eq_z(value, list->sorts[i].name))
			continue;
		x->call->page.sort = (int32_t)i;
		x->call->page.descending = descending;
		return ERR_OK;
	}
	return parameter_fault(x, "sort", "not_one_of", "is not a sort of this list");
}

static int compare_params(const void *a, const void *b)
{
	return str_cmp(((const struct param *)a)->name, ((const struct param *)b)->name);
}

/* Route, sort and filters in one canonical text: what a cursor is valid for. */
static enum err make_binding(struct exchange *x, const struct param *params, size_t n)
{
	struct param sorted[PARAMS_QUERY_MAX];
	struct buf b;

	memcpy(sorted, params, n * sizeof(*params));
	qsort(sorted, n, sizeof(*sorted), compare_params);
	buf_init(&b, x->call->arena, 256, 16 << 10);
	buf_z(&b, x->route->id);
	for (size_t i = 0; i < n; i++) {
		if (str_eq(sorted[i].name, STR("limit")) || str_eq(sorted[i].name, STR("cursor")))
			continue;
		buf_char(&b, '&');
		buf_url(&b, sorted[i].name);
		buf_char(&b, '=');
		buf_url(&b, sorted[i].value);
	}
	return buf_finish(&b, &x->binding);
}

static bool is_repeated(const struct param *params, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (str_eq(params[j].name, params[i].name))
			return true;
	return false;
}

/* Takes limit, sort and cursor out of the query; what is left belongs to the route. */
static enum err bind_page(struct exchange *x, const struct param *params, size_t n)
{
	const struct list_sort *first = &x->route->list->sorts[0];
	struct str cursor = STR_NONE;
	enum err worst = ERR_OK;
	enum err e;

	x->call->page = (struct page){
		.limit = LIMIT_LIST_DEFAULT,
		.descending = !first->ascending_default,
	};
	for (size_t i = 0; i < n; i++) {
		e = ERR_OK;
		if (is_repeated(params, i))
			e = parameter_fault(x, arena_dupz(x->call->arena, params[i].name),
					    "repeated_parameter", "may be given once");
		else if (str_eq(params[i].name, STR("limit")))
			e = bind_limit(x, params[i].value);
		else if (str_eq(params[i].name, STR("sort")))
			e = bind_sort(x, params[i].value);
		else if (str_eq(params[i].name, STR("cursor")))
			cursor = params[i].value;
		else
			x->query[x->n_query++] = params[i];
		if (e != ERR_OK)
			worst = e;
	}
	e = make_binding(x, params, n);
	if (e != ERR_OK || worst != ERR_OK)
		return e != ERR_OK ? e : worst;
	if (cursor.p == NULL)
		return ERR_OK;
	e = cursor_parse(x->call->arena, cursor, x->server->key, x->call->account, x->binding,
			 &x->call->page);
	if (e == ERR_OK && (size_t)x->call->page.sort >= x->route->list->n_sorts)
		return ERR_INVALID_CURSOR; /* of a release that had more sorts */
	return e;
}

static const struct schema no_fields = { .name = "None" };

static enum err bind_query(struct exchange *x)
{
	const struct schema *schema = x->route->query != NULL ? x->route->query : &no_fields;
	enum err page = ERR_OK;
	enum err e;

	e = params_parse_query(x->call, x->rq->query, x->params, PARAMS_QUERY_MAX, &x->n_params);
	if (e != ERR_OK)
		return e;
	if (x->route->list != NULL) {
		page = bind_page(x, x->params, x->n_params);
	} else {
		memcpy(x->query, x->params, x->n_params * sizeof(x->params[0]));
		x->n_query = x->n_params;
	}
	e = schema_decode_params(x->call, schema, x->query, x->n_query, x->in);
	return e != ERR_OK ? e : page;
}

static bool media_type_ok(const struct exchange *x)
{
	struct str type = x->rq->content_type;
	const struct str essence = str_trim(str_cut(&type, ';'));

	if (str_eq_nocase(essence, STR("application/json")))
		return true;
	return x->route->partial && str_eq_nocase(essence, STR("application/merge-patch+json"));
}

static enum err bind_body(struct exchange *x)
{
	const struct schema *schema = x->route->body;
	void *ret = (char *)x->in + x->route->body_offset;

	if (schema == NULL) {
		if (x->rq->body.n == 0)
			return ERR_OK;
		return call_fail(x->call, ERR_MALFORMED, "this route takes no body");
	}
	if (x->rq->body.n == 0) {
		schema_defaults(schema, ret);
		if (x->route->body_optional)
			return ERR_OK;
		return call_fail(x->call, ERR_INVALID_JSON, "the body is missing");
	}
	if (!media_type_ok(x))
		return call_fail(x->call, ERR_MEDIA_TYPE, "send application/json");
	return schema_decode_json(x->call, schema, x->rq->body, x->route->partial, ret);
}

static enum err bind_headers(struct exchange *x)
{
	const struct http_request *rq = x->rq;
	const struct str parts[] = { rq->method, STR(" "),  rq->path, STR("?"),
				     rq->query,	 STR("\n"), rq->body };

	if (rq->if_match.p != NULL) {
		if (!x->route->if_match)
			return parameter_fault(x, "If-Match", "not_supported",
					       "this route does not take If-Match");
		if (etag_parse_if_match(rq->if_match, x->plan->fingerprint, &x->call->if_match) !=
		    ERR_OK)
			return parameter_fault(x, "If-Match", "invalid_format",
					       "must be * or entity tags");
	}
	if (rq->idempotency_key.p == NULL)
		return ERR_OK;
	if (x->route->access != ACCESS_WRITE)
		return ERR_OK; /* a read is idempotent by itself */
	if (!idempotency_key_ok(rq->idempotency_key))
		return parameter_fault(x, "Idempotency-Key", "invalid_format",
				       "must be 1 to 255 visible ASCII characters");
	idempotency_init(&x->idem, x->server->key, rq->idempotency_key, parts,
			 sizeof(parts) / sizeof(parts[0]));
	x->has_idem = x->route->permission != PERMISSION_PUBLIC;
	return ERR_OK;
}

enum err serve_bind(struct exchange *x)
{
	enum err e;

	x->in = arena_zalloc(x->call->arena, x->route->in_size);
	if (x->in == NULL)
		return ERR_NO_MEMORY;
	e = bind_path(x);
	if (e == ERR_OK)
		e = bind_query(x);
	if (e == ERR_OK)
		e = bind_headers(x);
	if (e == ERR_OK)
		e = bind_body(x);
	return e;
}
