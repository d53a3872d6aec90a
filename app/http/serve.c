/* SPDX-License-Identifier: Apache-2.0 */
/* One request's way: the order of its steps, and the accounting at its end. */

#include "app/http/serve.h"

#include "app/http/exchange.h"
#include "app/http/problem.h"
#include "app/observe/log.h"
#include "app/observe/metrics.h"
#include "app/observe/trace.h"

#include <stdlib.h>
#include <string.h>

static const char *const status_classes[] = { "1xx", "2xx", "3xx", "4xx", "5xx" };

static void declare_metrics(struct server *s)
{
	const struct metric_label routes = {
		.name = "route",
		.values = router_ids(s->options.router),
		.n = (uint32_t)router_count(s->options.router),
	};
	const struct metric_label statuses = { .name = "status", .values = status_classes, .n = 5 };

	s->requests = metrics_declare(&(struct metric_family){
		.name = "remit_http_requests_total",
		.help = "Requests answered, by route and class of status.",
		.kind = METRIC_COUNTER,
		.labels = { routes, statuses },
	});
	s->seconds = metrics_declare(&(struct metric_family){
		.name = "remit_http_request_seconds",
		.help = "Time from the first byte read to the answer made.",
		.kind = METRIC_HISTOGRAM,
		.labels = { routes },
	});
	s->queue = metrics_declare(&(struct metric_family){
		.name = "remit_http_queue_seconds",
		.help = "Time from nginx having a request to a worker thread taking it.",
		.kind = METRIC_HISTOGRAM,
	});
	s->in_flight = metrics_declare(&(struct metric_family){
		.name = "remit_http_in_flight",
		.help = "Requests being answered now.",
		.kind = METRIC_GAUGE,
	});
	s->replays = metrics_declare(&(struct metric_family){
		.name = "remit_idempotent_replays_total",
		.help = "Answers repeated for an idempotency key.",
		.kind = METRIC_COUNTER,
	});
}

static int32_t offset_of(const struct schema *s, const char *name, enum field_type type)
{
	for (uint32_t i = 0; s != NULL && i < s->n_fields; i++)
		if (strcmp(s->fields[i].name, name) == 0 && s->fields[i].type == type)
			return (int32_t)s->fields[i].offset;
	return -1;
}

/*
 * The GET of the object that a route changes: the same path up to the id. Its schema is the one
 * that the client's entity tag was made of.
 */
static const struct route *getter(const struct router *router, const struct route *route)
{
	const char *brace = strchr(route->path, '}');
	const size_t n = brace != NULL ? (size_t)(brace - route->path) + 1 : strlen(route->path);

	for (size_t i = 0; i < router_count(router); i++) {
		const struct route *other = router_route(router, i);

		if (other->method == HTTP_GET && strlen(other->path) == n &&
		    memcmp(other->path, route->path, n) == 0)
			return other;
	}
	return route;
}

static void make_plan(const struct router *router, const struct route *route,
		      struct route_plan *plan)
{
	const struct route *tagged = route->if_match ? getter(router, route) : route;

	plan->fingerprint = tagged->result != NULL ? schema_fingerprint(tagged->result) : 0;
	plan->id_offset = offset_of(route->result, "id", FIELD_ID);
	plan->version_offset = offset_of(route->result, "version", FIELD_I64);
	if (route->cache != CACHE_NONE)
		plan->id_prefix = route->path_params->fields[0].prefix;
}

static bool key_from_hex(const char *hex, unsigned char key[32])
{
	if (strlen(hex) != 64)
		return false;
	for (size_t i = 0; i < 64; i++) {
		const char *digits = "0123456789abcdef";
		const char c = (char)(hex[i] | 0x20);
		const char *digit = strchr(digits, c);

		if (digit == NULL)
			return false;
		key[i / 2] = (unsigned char)(key[i / 2] << 4 | (digit - digits));
	}
	return true;
}

enum err server_new(const struct server_options *options, struct server **ret_server)
{
	const size_t n = router_count(options->router);
	struct server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NO_MEMORY;
	s->options = *options;
	s->plans = calloc(n, sizeof(*s->plans));
	if (s->plans == NULL) {
		server_free(s);
		return ERR_NO_MEMORY;
	}
	if (!key_from_hex(options->config->secret_key, s->key)) {
		log_line(LOG_ERROR, "secret_key is not set: 64 hexadecimal digits are needed");
		server_free(s);
		return ERR_CONFIG;
	}
	atomic_store(&s->config, options->config);
	for (size_t i = 0; i < n; i++)
		make_plan(options->router, router_route(options->router, i), &s->plans[i]);
	declare_metrics(s);
	*ret_server = s;
	return ERR_OK;
}

void server_free(struct server *s)
{
	if (s == NULL)
		return;
	free(s->plans);
	explicit_bzero(s->key, sizeof(s->key));
	free(s);
}

void server_reload(struct server *s, const struct config *config)
{
	atomic_store(&s->config, config);
}

struct server_thread *server_thread_new(struct server *s)
{
	struct server_thread *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->server = s;
	t->arena = arena_new(LIMIT_ARENA);
	if (t->arena == NULL || cache_client_new(s->options.cache, &t->cache) != ERR_OK) {
		server_thread_free(t);
		return NULL;
	}
	return t;
}

void server_thread_free(struct server_thread *t)
{
	if (t == NULL)
		return;
	cache_client_free(t->cache);
	arena_free(t->arena);
	free(t);
}

struct arena *server_thread_arena(struct server_thread *t)
{
	arena_reset(t->arena);
	return t->arena;
}

/* What the front already knows to be wrong. */
static enum err check_message(struct exchange *x)
{
	if (x->rq->path.n + x->rq->query.n > LIMIT_URI)
		return ERR_URI_TOO_LONG;
	if (x->rq->repeated)
		return call_fail(x->call, ERR_MALFORMED, "a header came twice that may come once");
	if (x->rq->body_too_large)
		return ERR_BODY_TOO_LARGE;
	return ERR_OK;
}

static enum err find_route(struct exchange *x)
{
	const enum err e = router_find(x->server->options.router, x->rq->method, x->rq->path,
				       &x->match, &x->allow);

	if (e != ERR_OK)
		return e;
	x->route = x->match.route;
	x->plan = &x->server->plans[x->match.index];
	x->head = str_eq(x->rq->method, STR("HEAD"));
	return ERR_OK;
}

static enum err permit(struct exchange *x)
{
	if (x->route->permission == PERMISSION_PUBLIC || x->route->permission == PERMISSION_SELF)
		return ERR_OK;
	if (!permission_allows(x->call->who.mask, x->route->permission))
		return call_fail(x->call, ERR_FORBIDDEN, permission_scope(x->route->permission));
	return ERR_OK;
}

/* The list of architecture.md: what happens to a request, in this order. */
static enum err steps(struct exchange *x)
{
	bool answered = false;
	enum err e;

	e = check_message(x);
	if (e == ERR_OK)
		e = find_route(x);
	if (e == ERR_OK)
		e = serve_identify(x);
	if (e == ERR_OK)
		e = permit(x);
	if (e == ERR_OK)
		e = serve_cached(x, &answered);
	if (e == ERR_OK && !answered)
		e = serve_bind(x);
	if (e == ERR_OK && !answered)
		e = serve_run(x);
	return e;
}

static void log_request(struct exchange *x, int64_t usec, int64_t queued, enum err e)
{
	const struct call *c = x->call;
	const int status = x->res->status;
	const enum log_level level = status >= 500 ? LOG_WARN : LOG_INFO;
	char trace_text[TRACE_ID_TEXT];
	struct str trace_id = STR_NONE;
	int64_t cache_trips, cache_usec;
	struct trace trace;

	if (status < 400 && c->config->log_sample > 1 && clock_monotonic() % c->config->log_sample)
		return;
	if (x->rq->traceparent.p != NULL && trace_parse(x->rq->traceparent, &trace) == ERR_OK) {
		trace_id_text(&trace, trace_text);
		trace_id = (struct str){ trace_text, sizeof(trace_text) };
	}
	cache_cost(x->thread->cache, &cache_trips, &cache_usec);
	log_line(level, "request", LOG_S("request_id", c->request_id), LOG_S("trace_id", trace_id),
		 LOG_Z("route", x->route != NULL ? x->route->id : "none"),
		 LOG_S("method", x->rq->method), LOG_I("status", status),
		 LOG_Z("error", e == ERR_OK ? NULL : err_name(e)), LOG_I("usec", usec),
		 LOG_I("queue_usec", queued), LOG_I("db_trips", x->db_trips),
		 LOG_I("db_usec", x->db_usec), LOG_I("cache_trips", cache_trips - x->cache_trips),
		 LOG_I("cache_usec", cache_usec - x->cache_usec),
		 LOG_I("bytes_in", (int64_t)x->rq->body.n),
		 LOG_I("bytes_out", (int64_t)x->res->body.n), LOG_ID("account", "acc", c->account),
		 LOG_ID("principal", c->who.kind == PRINCIPAL_SESSION ? "ses" : "key", c->who.id));
}

static void account(struct exchange *x, enum err e)
{
	const int64_t usec = clock_monotonic() - x->rq->accepted;
	int64_t queued = 0;

	if (x->rq->arrived > 0 && x->call->now - usec > x->rq->arrived)
		queued = x->call->now - usec - x->rq->arrived;
	if (x->route != NULL) {
		const uint32_t class = (uint32_t)(x->res->status / 100 - 1);

		metric_add(x->server->requests, x->match.index, class, 1);
		metric_observe(x->server->seconds, x->match.index, 0, usec);
	}
	metric_observe(x->server->queue, 0, 0, queued);
	log_request(x, usec, queued, e);
}

static void call_init(struct exchange *x)
{
	struct call *c = x->call;

	*c = (struct call){
		.arena = x->thread->arena,
		.config = atomic_load(&x->server->config),
		.now = clock_now(),
		.request_id = x->rq->request_id,
		.remote_addr = x->rq->remote_addr,
		.user_agent = x->rq->user_agent,
		.if_match = -1,
	};
}

void server_handle(struct server_thread *t, const struct http_request *rq,
		   struct http_response *ret)
{
	struct exchange x = {
		.server = t->server,
		.thread = t,
		.rq = rq,
		.res = ret,
		.call = &t->call,
	};
	enum err e;

	call_init(&x);
	buf_init(&ret->head, t->arena, 512, 16 << 10);
	metric_add(t->server->in_flight, 0, 0, 1);
	t->used_kind = PRINCIPAL_NONE;
	cache_client_begin(t->cache);
	cache_cost(t->cache, &x.cache_trips, &x.cache_usec);
	if (str_eq(rq->method, STR("OPTIONS"))) {
		serve_preflight(&x);
		e = ERR_OK;
	} else {
		e = steps(&x);
		if (e != ERR_OK)
			serve_problem(&x, e);
	}
	serve_finish(&x);
	account(&x, e);
	metric_add(t->server->in_flight, 0, 0, -1);
}

/* The use of a key or session that was just read from the database, after the answer. */
void server_done(struct server_thread *t)
{
	struct call *c = &t->call;
	struct db_position position;
	enum err e;

	if (t->used_kind == PRINCIPAL_NONE)
		return;
	arena_reset(t->arena);
	c->account = t->used.account;
	e = db_open_write(t->server->options.pools, t->arena, &c->db);
	if (e == ERR_OK)
		e = t->server->options.identity.used(c, t->used_kind, t->used.id);
	if (e == ERR_OK)
		e = db_commit(c->db, &position);
	if (e != ERR_OK)
		log_line(LOG_WARN, "use of a credential was not noted",
			 LOG_Z("error", err_name(e)));
	db_close(c->db);
	c->db = NULL;
}
