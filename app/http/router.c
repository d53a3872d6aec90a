/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the rows of the route tables and finds the row of a request in a trie of segments. */
#include "app/http/route.h"

#include "app/base/arena.h"
#include "app/base/buf.h"
#include "app/base/check.h"

#include <string.h>

enum {
	ROUTER_ARENA = 4 << 20,
	ROUTER_NODES_MAX = UINT16_MAX,
	MESSAGE_ROOM = 512,
	METHODS = HTTP_METHOD_MAX - HTTP_GET,
};

/*
 * One segment of a path. Literal children are a list in ascending order of their position in the
 * table; the child for any other segment is `param`. Index 0 is the root, so 0 means "none".
 */
struct node {
	struct str segment;
	uint16_t first;
	uint16_t next;
	uint16_t param;
	uint16_t rows[HTTP_METHOD_MAX]; /* index of the row + 1 */
	const char *path;		/* of the first row that ends here; NULL: none does */
	const char *allow;
};

struct row {
	const struct route *route;
	struct str names[ROUTE_PARAMS_MAX];
	size_t n_names;
};

struct router {
	struct arena *arena;
	struct node *nodes;
	struct row *rows;
	const char **ids;
	size_t n_nodes;
	size_t n_rows;
};

/* In the order of the Allow header; HEAD comes with GET, OPTIONS always. */
static const struct {
	enum http_method method; /* 0: OPTIONS */
	const char *text;
} allow_order[] = {
	{ HTTP_DELETE, "DELETE" }, { HTTP_GET, "GET, HEAD" }, { 0, "OPTIONS" },
	{ HTTP_PATCH, "PATCH" },   { HTTP_POST, "POST" },
};

/* One rule about a row, already evaluated. */
struct rule {
	bool broken;
	const char *what;
};

static const char *first_broken(const struct rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (rules[i].broken)
			return rules[i].what;
	}
	return NULL;
}
#define FIRST_BROKEN(rules) first_broken((rules), sizeof(rules) / sizeof((rules)[0]))

static bool is_word(struct str s)
{
	if (s.n == 0 || s.p[0] < 'a' || s.p[0] > 'z')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return true;
}

static bool is_row_id(struct str id)
{
	struct str domain = str_cut(&id, '.');

	return is_word(domain) && id.p != NULL && is_word(id);
}

static bool is_literal(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
		      c == '.'))
			return false;
	}
	return s.n > 0;
}

static bool is_param(struct str s)
{
	return s.n > 2 && s.p[0] == '{' && s.p[s.n - 1] == '}';
}

static struct str param_name(struct str s)
{
	return (struct str){ .p = s.p + 1, .n = s.n - 2 };
}

/* The path without its leading slash; STR_NONE when it has none. */
static struct str path_segments(const char *path)
{
	struct str s = str_from(path);

	if (s.p == NULL || s.n < 2 || s.p[0] != '/')
		return STR_NONE;
	return (struct str){ .p = s.p + 1, .n = s.n - 1 };
}

/* Notes the names of the parameters. False when the path is not well-formed. */
static bool row_parse_path(struct row *row)
{
	struct str rest = path_segments(row->route->path);

	if (rest.p == NULL)
		return false;
	while (rest.p != NULL) {
		struct str segment = str_cut(&rest, '/');

		if (is_literal(segment))
			continue;
		if (!is_param(segment) || !is_word(param_name(segment)) ||
		    row->n_names == ROUTE_PARAMS_MAX)
			return false;
		for (size_t i = 0; i < row->n_names; i++) {
			if (str_eq(row->names[i], param_name(segment)))
				return false;
		}
		row->names[row->n_names++] = param_name(segment);
	}
	return true;
}

static const struct field *schema_find(const struct schema *s, struct str name)
{
	for (uint32_t i = 0; s != NULL && i < s->n_fields; i++) {
		if (str_eq_z(name, s->fields[i].name))
			return &s->fields[i];
	}
	return NULL;
}

/* Whether the parameters of the path and the table of path parameters name the same. */
static bool params_bound(const struct row *row)
{
	const struct schema *s = row->route->path_params;

	if (row->n_names != (s == NULL ? 0 : s->n_fields))
		return false;
	for (size_t i = 0; i < row->n_names; i++) {
		if (schema_find(s, row->names[i]) == NULL)
			return false;
	}
	return true;
}

static size_t field_size(const struct field *f)
{
	switch (f->type) {
	case FIELD_ID:
		return sizeof(struct id);
	case FIELD_STR:
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_CURRENCY:
	case FIELD_COUNTRY:
	case FIELD_METADATA:
	case FIELD_JSON:
		return sizeof(struct str);
	case FIELD_I64:
	case FIELD_MONEY:
	case FIELD_DEC6:
	case FIELD_TIME:
		return sizeof(int64_t);
	case FIELD_BOOL:
		return sizeof(bool);
	case FIELD_DATE:
	case FIELD_ENUM:
		return sizeof(int32_t);
	case FIELD_OBJECT:
		return f->of == NULL ? SIZE_MAX / 2 : f->of->size;
	case FIELD_ARRAY:
		return sizeof(struct slice);
	}
	return SIZE_MAX / 2;
}

static bool schema_fits(const struct schema *s, size_t size);

/* Whether the row of a field has what its type needs, inside of the struct. */
static bool field_fits(const struct field *f, size_t size)
{
	if (f->name == NULL || f->offset + field_size(f) > size)
		return false;
	if (f->type == FIELD_ENUM)
		return f->names != NULL && f->n_names > 0;
	if (f->type == FIELD_OBJECT || f->type == FIELD_ARRAY)
		return f->of != NULL && schema_fits(f->of, f->of->size);
	return true;
}

/* No schema fits; one without name or fields does not. A schema never contains itself. */
static bool schema_fits(const struct schema *s, size_t size)
{
	if (s == NULL)
		return true;
	if (s->name == NULL || s->fields == NULL || s->n_fields == 0 || s->size > size)
		return false;
	for (uint32_t i = 0; i < s->n_fields; i++) {
		if (!field_fits(&s->fields[i], s->size))
			return false;
	}
	return s->present == 0 || s->present - 1 + sizeof(uint64_t) <= s->size;
}

/* Whether a parameter would be written where the body is. */
static bool params_overlap(const struct route *rt, const struct schema *s)
{
	if (s == NULL || rt->body == NULL)
		return false;
	for (uint32_t i = 0; i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];

		if (f->offset + field_size(f) > rt->body_offset &&
		    f->offset < rt->body_offset + rt->body->size)
			return true;
	}
	return false;
}

static bool is_list_word(const struct schema *query)
{
	return schema_find(query, STR("limit")) != NULL ||
	       schema_find(query, STR("cursor")) != NULL || schema_find(query, STR("sort")) != NULL;
}

static bool errors_known(const struct route *rt)
{
	size_t n = sizeof(rt->errors) / sizeof(rt->errors[0]);
	bool ended = false;

	for (size_t i = 0; i < n; i++) {
		enum err e = rt->errors[i];

		if (e == ERR_OK) {
			ended = true;
			continue;
		}
		if (ended || (unsigned int)e >= ERR_MAX || err_code(e) == NULL)
			return false;
	}
	return true;
}

/* A column that is an enumeration from 1; zero is a forgotten one. */
static bool in_range(unsigned int v, unsigned int max)
{
	return v > 0 && v < max;
}

static const char *row_identity_fault(const struct row *row)
{
	const struct route *rt = row->route;
	const struct rule rules[] = {
		{ !in_range(rt->method, HTTP_METHOD_MAX), "no method" },
		{ rt->handle == NULL, "no handler" },
		{ !in_range(rt->permission, PERMISSION_MAX), "no permission" },
		{ !in_range(rt->class, CLASS_MAX), "no class" },
		{ rt->access < ACCESS_NONE || rt->access > ACCESS_WRITE, "no access" },
		{ rt->status < 200 || rt->status > 299, "the status is not one of success" },
		{ rt->summary == NULL || rt->summary[0] == '\0', "no summary" },
		{ rt->tag == NULL || rt->tag[0] == '\0', "no tag" },
		{ !errors_known(rt), "an error is unknown, internal or after a gap" },
	};

	return FIRST_BROKEN(rules);
}

static const char *row_input_fault(const struct row *row)
{
	const struct route *rt = row->route;
	bool body_allowed = rt->method == HTTP_POST || rt->method == HTTP_PATCH;
	const struct rule rules[] = {
		{ !params_bound(row), "path and path_params name different parameters" },
		{ !schema_fits(rt->path_params, rt->in_size),
		  "path_params do not fit in_size or are incomplete" },
		{ !schema_fits(rt->query, rt->in_size),
		  "query does not fit in_size or is incomplete" },
		{ rt->body_offset > rt->in_size ||
			  !schema_fits(rt->body, rt->in_size - rt->body_offset),
		  "body does not fit in_size or is incomplete" },
		{ rt->body != NULL && !body_allowed, "this method takes no body" },
		{ rt->body == NULL && (rt->body_optional || rt->partial || rt->body_offset != 0),
		  "columns about a body without one" },
		{ rt->partial && rt->method != HTTP_PATCH, "partial without PATCH" },
		{ rt->partial && rt->body != NULL && rt->body->present == 0,
		  "a merge patch needs SCHEMA_PRESENT in its body" },
		{ params_overlap(rt, rt->path_params) || params_overlap(rt, rt->query),
		  "a parameter lies inside the body" },
		{ rt->list != NULL && is_list_word(rt->query),
		  "limit, cursor and sort are the list's own" },
	};

	return FIRST_BROKEN(rules);
}

static bool list_complete(const struct list *l)
{
	if (l->row == NULL || l->sorts == NULL || l->n_sorts == 0 || l->n_sorts > 64)
		return false;
	for (size_t i = 0; i < l->n_sorts; i++) {
		const struct list_sort *s = &l->sorts[i];

		if (s->name == NULL || s->key_offset < -1 ||
		    (s->key_offset >= 0 && (size_t)s->key_offset + sizeof(int64_t) > l->row->size))
			return false;
	}
	return l->id_offset + sizeof(struct id) <= l->row->size &&
	       schema_fits(l->row, l->row->size);
}

static const char *row_output_fault(const struct row *row)
{
	const struct route *rt = row->route;
	int forms = (rt->result != NULL) + (rt->list != NULL) + (rt->media != NULL) +
		    (rt->status == 204);
	const struct rule rules[] = {
		{ forms != 1, "not exactly one of result, list, media and 204" },
		{ rt->result != NULL && rt->out_size < rt->result->size,
		  "out_size does not hold the result" },
		{ rt->result != NULL && !schema_fits(rt->result, rt->out_size),
		  "the result is incomplete or a member lies outside of it" },
		{ rt->list != NULL && rt->out_size < sizeof(struct list_out),
		  "out_size does not hold a struct list_out" },
		{ rt->list != NULL && !list_complete(rt->list), "the list is incomplete" },
		{ rt->list != NULL && (rt->method != HTTP_GET || rt->status != 200),
		  "a list is a GET with 200" },
		{ rt->media != NULL && rt->out_size < sizeof(struct raw_out),
		  "out_size does not hold a struct raw_out" },
		{ rt->status == 201 && rt->method != HTTP_POST, "201 without POST" },
		{ rt->location != NULL &&
			  (rt->status != 201 || schema_find(rt->result, STR("id")) == NULL),
		  "location without a 201 whose result has an id" },
	};

	return FIRST_BROKEN(rules);
}

static const char *row_property_fault(const struct row *row)
{
	const struct route *rt = row->route;
	bool get = rt->method == HTTP_GET;
	bool by_id = schema_find(rt->path_params, STR("id")) != NULL;
	const struct rule rules[] = {
		{ get && rt->access == ACCESS_WRITE, "a GET may not write" },
		{ rt->if_match && (get || (row->n_names == 0 && rt->method != HTTP_PATCH)),
		  "if_match without an object that is changed" },
		{ rt->if_match && rt->access != ACCESS_WRITE, "if_match without ACCESS_WRITE" },
		{ rt->cache != CACHE_NONE && (!get || !by_id || rt->result == NULL),
		  "only a GET of one object by {id} is cached" },
		{ rt->cache != CACHE_NONE && rt->permission == PERMISSION_PUBLIC,
		  "the cache is by account" },
		{ !in_range((unsigned int)rt->cache + 1, CACHE_KIND_MAX + 1),
		  "unknown cache kind" },
		{ rt->public_cache && (!get || rt->permission != PERMISSION_PUBLIC),
		  "public_cache on what is not public" },
	};

	return FIRST_BROKEN(rules);
}

static const char *row_fault(struct row *row)
{
	static const char *(*const checks[])(const struct row *) = {
		row_identity_fault, row_input_fault, row_output_fault, row_property_fault
	};

	if (!is_row_id(str_from(row->route->id)))
		return "the id is not of the form word.word";
	if (!row_parse_path(row))
		return "the path is not well-formed";
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const char *what = checks[i](row);

		if (what != NULL)
			return what;
	}
	return NULL;
}

/* The literal child of a node; 0: none. */
static inline uint16_t node_literal(const struct node *nodes, uint16_t at, struct str segment)
{
	uint16_t c = nodes[at].first;

	while (c != 0 && (nodes[c].segment.n != segment.n ||
			  memcmp(nodes[c].segment.p, segment.p, segment.n) != 0))
		c = nodes[c].next;
	return c;
}

/* The child for a segment of a row's path, made when it is not there. */
static uint16_t node_child(struct router *r, uint16_t at, struct str segment)
{
	bool param = is_param(segment);
	uint16_t found = param ? r->nodes[at].param : node_literal(r->nodes, at, segment);
	uint16_t made = (uint16_t)r->n_nodes;

	if (found != 0)
		return found;
	r->n_nodes++;
	r->nodes[made].segment = segment;
	if (param) {
		r->nodes[at].param = made;
	} else {
		r->nodes[made].next = r->nodes[at].first;
		r->nodes[at].first = made;
	}
	return made;
}

/* Adds the row to the trie. The fault, or NULL. */
static const char *router_insert(struct router *r, size_t index)
{
	const struct route *rt = r->rows[index].route;
	struct str rest = path_segments(rt->path);
	struct node *node;
	uint16_t at = 0;

	while (rest.p != NULL)
		at = node_child(r, at, str_cut(&rest, '/'));
	node = &r->nodes[at];
	if (node->rows[rt->method] != 0)
		return "another row has this method and path";
	/* OpenAPI takes two spellings of one path for the same path and refuses them. */
	if (node->path != NULL && strcmp(node->path, rt->path) != 0)
		return "another row has this path with other names of parameters";
	node->rows[rt->method] = (uint16_t)(index + 1);
	node->path = rt->path;
	return NULL;
}

static const char *router_add(struct router *r, const struct route *rt)
{
	struct row *row = &r->rows[r->n_rows];
	const char *what;

	row->route = rt;
	what = row_fault(row);
	if (what != NULL)
		return what;
	for (size_t i = 0; i < r->n_rows; i++) {
		if (strcmp(r->ids[i], rt->id) == 0)
			return "another row has this id";
	}
	r->ids[r->n_rows] = rt->id;
	return router_insert(r, r->n_rows++);
}

static enum err allow_text(struct arena *a, const struct node *node, const char **ret_allow)
{
	struct buf b;
	struct str text = STR_NONE;
	enum err e;

	buf_init(&b, a, 64, 64);
	for (size_t i = 0; i < sizeof(allow_order) / sizeof(allow_order[0]); i++) {
		if (allow_order[i].method != 0 && node->rows[allow_order[i].method] == 0)
			continue;
		if (b.n > 0)
			buf_lit(&b, ", ");
		buf_z(&b, allow_order[i].text);
	}
	buf_char(&b, '\0');
	e = buf_finish(&b, &text);
	if (e == ERR_OK)
		*ret_allow = text.p;
	return e;
}

/* The i-th row of all tables of a domain; NULL after the last one. */
static const struct route *domain_route(const struct domain *d, size_t i)
{
	for (size_t t = 0; t < DOMAIN_TABLES_MAX && d->routes[t].rows != NULL; t++) {
		if (i < *d->routes[t].n)
			return &d->routes[t].rows[i];
		i -= *d->routes[t].n;
	}
	return NULL;
}

/* Takes memory for all rows of the domains. */
static enum err router_alloc(struct router **ret_router, const struct domain *const *domains,
			     size_t n)
{
	struct arena *a = arena_new(ROUTER_ARENA);
	struct router *r;
	const struct route *rt;
	size_t rows = 0;
	size_t nodes = 1;

	if (a == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		rt = domain_route(domains[i], 0);
		for (size_t j = 1; rt != NULL; rt = domain_route(domains[i], j), j++, rows++) {
			struct str rest = path_segments(rt->path);

			for (; rest.p != NULL; nodes++)
				(void)str_cut(&rest, '/');
		}
	}
	CHECK(nodes < ROUTER_NODES_MAX && rows < ROUTER_NODES_MAX);
	r = ARENA_NEW(a, struct router);
	if (r != NULL) {
		r->arena = a;
		r->nodes = arena_array(a, nodes, sizeof(struct node));
		r->rows = arena_array(a, rows, sizeof(struct row));
		r->ids = arena_array(a, rows, sizeof(r->ids[0]));
		r->n_nodes = 1;
	}
	if (arena_overflowed(a)) {
		arena_free(a);
		return ERR_NO_MEMORY;
	}
	*ret_router = r;
	return ERR_OK;
}

/*
 * "orders.create: no permission". The text outlives the router that was not made, so it has a
 * place of its own: routers are made at start, by one thread.
 */
static const char *start_message(const struct route *rt, const char *what)
{
	static char text[MESSAGE_ROOM];
	const char *parts[] = { rt->id == NULL ? "(no id)" : rt->id, " ",
				rt->path == NULL ? "(no path)" : rt->path, ": ", what };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t take = strnlen(parts[i], sizeof(text) - 1 - n);

		memcpy(text + n, parts[i], take);
		n += take;
	}
	text[n] = '\0';
	return text;
}

enum err router_new(const struct domain *const *domains, size_t n, struct router **ret_router,
		    const char **ret_message)
{
	struct router *r;
	enum err e = router_alloc(&r, domains, n);

	*ret_message = e == ERR_OK ? NULL : err_title(e);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		for (size_t j = 0; e == ERR_OK; j++) {
			const struct route *rt = domain_route(domains[i], j);
			const char *what;

			if (rt == NULL)
				break;
			what = router_add(r, rt);

			if (what != NULL) {
				*ret_message = start_message(rt, what);
				e = ERR_CONFIG;
			}
		}
	}
	for (size_t i = 0; i < r->n_nodes && e == ERR_OK; i++) {
		if (r->nodes[i].path != NULL)
			e = allow_text(r->arena, &r->nodes[i], &r->nodes[i].allow);
	}
	if (e != ERR_OK) {
		router_free(r);
		return e;
	}
	*ret_router = r;
	return ERR_OK;
}

void router_free(struct router *r)
{
	if (r != NULL)
		arena_free(r->arena);
}

static unsigned int method_parse(struct str s)
{
	static const struct {
		struct str text;
		enum http_method method;
	} methods[] = {
		{ { "GET", 3 }, HTTP_GET },	{ { "POST", 4 }, HTTP_POST },
		{ { "PATCH", 5 }, HTTP_PATCH }, { { "DELETE", 6 }, HTTP_DELETE },
		{ { "HEAD", 4 }, HTTP_GET },
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (s.n == methods[i].text.n && memcmp(s.p, methods[i].text.p, s.n) == 0)
			return methods[i].method;
	}
	return 0;
}

/*
 * The node where a path ends, below `at`; 0: none. A literal child wins, but when nothing below it
 * fits, the parameter gets its turn: "/a/x/c" finds "/a/{id}/c" beside "/a/x/b". The depth is that
 * of the longest row.
 */
static uint16_t node_find(const struct router *r, uint16_t at, struct str rest,
			  struct route_match *m)
{
	const char *slash = memchr(rest.p, '/', rest.n);
	struct str segment = { .p = rest.p, .n = rest.n };
	uint16_t next[2];

	if (slash != NULL) {
		segment.n = (size_t)(slash - rest.p);
		rest = (struct str){ .p = slash + 1, .n = rest.n - segment.n - 1 };
	}
	if (segment.n == 0)
		return 0;
	next[0] = node_literal(r->nodes, at, segment);
	next[1] = r->nodes[at].param;
	for (size_t i = 0; i < 2; i++) {
		uint16_t found = next[i];
		size_t n_params = m->n_params;

		if (found == 0)
			continue;
		if (i == 1)
			m->params[m->n_params++].value = segment;
		if (slash != NULL)
			found = node_find(r, found, rest, m);
		if (found != 0 && r->nodes[found].path != NULL)
			return found;
		m->n_params = n_params;
	}
	return 0;
}

enum err router_find(const struct router *r, struct str method, struct str path,
		     struct route_match *ret_match, const char **ret_allow)
{
	struct route_match m = { .n_params = 0 };
	const struct node *node;
	const struct row *row;
	uint16_t at;

	if (path.n < 2 || path.p[0] != '/')
		return ERR_ROUTE_NOT_FOUND;
	at = node_find(r, 0, (struct str){ .p = path.p + 1, .n = path.n - 1 }, &m);
	if (at == 0)
		return ERR_ROUTE_NOT_FOUND;
	node = &r->nodes[at];
	at = node->rows[method_parse(method)];
	if (at == 0) {
		*ret_allow = node->allow;
		return ERR_METHOD_NOT_ALLOWED;
	}
	row = &r->rows[at - 1];
	m.route = row->route;
	m.index = at - 1u;
	for (size_t i = 0; i < m.n_params; i++)
		m.params[i].name = row->names[i];
	*ret_match = m;
	return ERR_OK;
}

size_t router_count(const struct router *r)
{
	return r->n_rows;
}

const struct route *router_route(const struct router *r, size_t i)
{
	CHECK(i < r->n_rows);
	return r->rows[i].route;
}

const char *const *router_ids(const struct router *r)
{
	return (const char *const *)r->ids;
}
