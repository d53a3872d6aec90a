/* SPDX-License-Identifier: Apache-2.0 */
/* Health, metrics, OpenAPI: routes and their small services. */

#include "handlers/system/system.h"

#include "app/observe/metrics.h"

#include <stdatomic.h>
#include <stdlib.h>

static struct {
	struct system_parts parts;
	struct arena *arena; /* of the OpenAPI document */
	struct str openapi;
	atomic_bool draining;
} state;

enum err system_start(const struct system_parts *parts)
{
	struct buf b;

	state.parts = *parts;
	state.arena = arena_new(16 << 20);
	if (state.arena == NULL)
		return ERR_NO_MEMORY;
	buf_init(&b, state.arena, 256 << 10, 8 << 20);
	openapi_put(&b, parts->router, parts->config);
	return buf_finish(&b, &state.openapi);
}

void system_stop(void)
{
	arena_free(state.arena);
	state.arena = NULL;
}

void system_draining(void)
{
	atomic_store(&state.draining, true);
}

/* Components of /health, true: up. */
struct health {
	bool primary;
	bool replica;
	bool cache;
};

static struct health look(void)
{
	struct health h = { false, false, false };
	struct cache_client *client;

	if (db_pools_ping(state.parts.pools, &h.primary, &h.replica) != ERR_OK)
		h.primary = h.replica = false;
	if (cache_client_new(state.parts.cache, &client) == ERR_OK) {
		h.cache = cache_ping(client);
		cache_client_free(client);
	}
	return h;
}

static enum err answer(struct call *c, int status, const char *word, const struct health *h,
		       struct raw_out *out)
{
	struct buf b;

	buf_init(&b, c->arena, 256, 1024);
	buf_lit(&b, "{\"status\":");
	buf_json_str(&b, str_from(word));
	if (h != NULL) {
		buf_lit(&b, ",\"components\":{\"primary\":");
		buf_z(&b, h->primary ? "\"up\"" : "\"down\"");
		buf_lit(&b, ",\"replica\":");
		buf_z(&b, h->replica ? "\"up\"" : "\"down\"");
		buf_lit(&b, ",\"cache\":");
		buf_z(&b, h->cache ? "\"up\"" : "\"down\"");
		buf_char(&b, '}');
	}
	buf_char(&b, '}');
	out->status = status;
	return buf_finish(&b, &out->body);
}

static enum err live(struct call *c, const void *in, void *out)
{
	(void)in;
	return answer(c, 200, "live", NULL, out);
}

/* Ready: writes and reads can be served. A missing cache makes it slower, not unready. */
static enum err ready(struct call *c, const void *in, void *out)
{
	const struct health h = look();

	(void)in;
	if (atomic_load(&state.draining))
		return answer(c, 503, "draining", NULL, out);
	if (!h.primary)
		return answer(c, 503, "not_ready", &h, out);
	return answer(c, 200, "ready", &h, out);
}

static enum err health(struct call *c, const void *in, void *out)
{
	const struct health h = look();
	const bool all = h.primary && h.replica && h.cache;

	(void)in;
	return answer(c, 200, all ? "up" : "degraded", &h, out);
}

static enum err metrics(struct call *c, const void *in, void *out)
{
	struct buf b;

	(void)in;
	buf_init(&b, c->arena, 64 << 10, LIMIT_ANSWER);
	metrics_put(&b);
	return buf_finish(&b, &((struct raw_out *)out)->body);
}

static enum err openapi(struct call *c, const void *in, void *out)
{
	(void)c;
	(void)in;
	((struct raw_out *)out)->body = state.openapi;
	return ERR_OK;
}

#define RAW_ROUTE(id_, path_, handle_, media_, summary_)                                       \
	.id = (id_), .method = HTTP_GET, .path = (path_), .handle = (handle_),                 \
	.permission = PERMISSION_PUBLIC, .class = CLASS_HEALTH, .access = ACCESS_NONE,         \
	.status = 200, .out_size = sizeof(struct raw_out), .media = (media_), .tag = "System", \
	.summary = (summary_)

static const struct route routes[] = {
	{ RAW_ROUTE("health.live", "/health/live", live, "application/json",
		    "Whether the process runs") },
	{ RAW_ROUTE("health.ready", "/health/ready", ready, "application/json",
		    "Whether requests can be served") },
	{ RAW_ROUTE("health.get", "/health", health, "application/json",
		    "The state of each component") },
	{ RAW_ROUTE("metrics.get", "/metrics", metrics, "text/plain; version=0.0.4",
		    "Metrics as Prometheus text") },
	{ RAW_ROUTE("openapi.get", "/openapi.json", openapi, "application/json", "This document"),
	  .public_cache = true },
};

static const size_t n_routes = sizeof(routes) / sizeof(routes[0]);

const struct domain system_domain = {
	.name = "system",
	.routes = { { routes, &n_routes } },
};
