/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_HTTP_ROUTE_H
#define REMIT_HTTP_ROUTE_H

/*
 * The route table's row and the router. One row is the single source for dispatch, authorization,
 * validation, limits, idempotency, caching, metric labels, the access log and the OpenAPI
 * document. Zero is never valid for permission and class: a forgotten column fails the table test
 * and the start of the worker. Tables are constant; the router is built at start and then constant.
 */

#include "app/auth/auth.h"
#include "app/base/err.h"
#include "app/call/call.h"
#include "app/http/field.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_method { HTTP_GET = 1, HTTP_POST, HTTP_PATCH, HTTP_DELETE, HTTP_METHOD_MAX };

/* The class gives deadline, body limit and quota. */
enum route_class {
	CLASS_HEALTH = 1, /* never shed */
	CLASS_READ,
	CLASS_LIST,
	CLASS_WRITE,
	CLASS_LEDGER, /* writes that move money: shed last */
	CLASS_LOGIN,
	CLASS_REPORT,
	CLASS_MAX
};

/* What the handler may do with the database. */
enum route_access { ACCESS_NONE = 1, ACCESS_READ, ACCESS_WRITE };

/* How a list is paged; each sort is backed by an index. Sort 0 is the default. */
struct list_sort {
	const char *name;   /* "created_at" */
	int32_t key_offset; /* offset of an int64_t sort key in the row struct; -1: sorted by id */
	bool ascending_default; /* direction when no sort is given */
};
struct list {
	const struct schema *row; /* rows of the answer */
	uint32_t id_offset;	  /* of the struct id in a row */
	const struct list_sort *sorts;
	size_t n_sorts;
};

/* What a list handler answers: up to call->page.limit + 1 rows. */
struct list_out {
	void *rows;
	size_t n;
};

/* What a raw handler (result == NULL, media != NULL) answers. */
struct raw_out {
	struct str body;
	int status; /* 0: the row's status */
};

/*
 * A handler: sees only authorized, validated input. in and out are structs of the row's sizes;
 * `in` is: path parameters, query parameters and body at their offsets.
 */
typedef enum err (*route_handler)(struct call *call, const void *in, void *out);

struct route {
	const char *id; /* "orders.create": operationId, metric label */
	enum http_method method;
	const char *path; /* "/v1/orders/{id}" */
	route_handler handle;
	enum permission permission;
	enum route_class class;
	enum route_access access;
	int status; /* of success: 200, 201, 204 */

	/* input: schemas whose offsets are relative to the in struct, the body's to body_offset */
	size_t in_size;
	const struct schema *path_params;
	const struct schema *query;
	const struct schema *body;
	size_t body_offset;
	bool body_optional; /* an action whose body may be left out */
	bool partial;	    /* JSON Merge Patch */

	/* output: result (a resource), or list, or media (raw) */
	size_t out_size;
	const struct schema *result;
	const struct list *list;
	const char *media;
	const char *location; /* "/v1/orders/{id}": Location of what was created */

	enum cache_kind cache; /* GET of one object by {id}: the encoded answer is cached */
	bool if_match;	       /* the service calls call_check_version */
	bool public_cache;     /* cacheable by anybody, for a minute */

	const char *tag;     /* group in the documents: "Orders" */
	const char *summary; /* one line */
	const char *doc;     /* Markdown, may be NULL */
	enum err errors[8];  /* beyond those every route can answer */
};

/* A domain as domains.c lists it: a table of routes and one of statements for each of its objects.
 */
enum { DOMAIN_TABLES_MAX = 8 };
struct domain {
	const char *name;
	struct {
		const struct route *rows;
		const size_t *n;
	} routes[DOMAIN_TABLES_MAX];
	struct {
		const struct db_stmt *rows;
		const size_t *n;
	} stores[DOMAIN_TABLES_MAX];
};

struct router;
/*
 * Builds the router. ERR_CONFIG when a row is incomplete or two rows collide; ret_message, which is
 * written on failure too, says which and why, until the next call. Borrows the domains. At start,
 * by one thread.
 */
MUST_CHECK enum err router_new(const struct domain *const *domains, size_t n,
			       struct router **ret_router, const char **ret_message);
void router_free(struct router *r);

enum { ROUTE_PARAMS_MAX = 4 };
struct route_match {
	const struct route *route;
	uint32_t index; /* of the route among all: metric label */
	struct param params[ROUTE_PARAMS_MAX];
	size_t n_params;
};
/*
 * Finds the row for method and path (without query; percent-encoded as it arrived, which is how
 * the values of the parameters stay). A literal segment wins over a parameter, the leftmost first.
 * ERR_ROUTE_NOT_FOUND; ERR_METHOD_NOT_ALLOWED with ret_allow set to the Allow header's value, for
 * "OPTIONS" too. method "HEAD" finds GET.
 */
MUST_CHECK enum err router_find(const struct router *r, struct str method, struct str path,
				struct route_match *ret_match, const char **ret_allow);
/* All rows in order. */
size_t router_count(const struct router *r);
const struct route *router_route(const struct router *r, size_t i);
/* The ids of all routes in order, for metric labels; lives as long as the router. */
const char *const *router_ids(const struct router *r);

/* Appends the OpenAPI 3.1 document of all rows. */
void openapi_put(struct buf *b, const struct router *r, const struct config *c);

#endif
