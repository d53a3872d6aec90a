/* SPDX-License-Identifier: Apache-2.0 */
#include "app/http/route.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/app/base/seed.h"

struct in {
	struct id id;
	struct str key;
	struct {
		struct str name;
		uint64_t present;
	} body;
};

struct out {
	struct id id;
	int64_t version;
};

static const struct field id_fields[] = {
	{ .name = "id", .type = FIELD_ID, .offset = offsetof(struct in, id), .prefix = "ord" },
};
static const struct schema by_id = { .name = "ById", SCHEMA_FIELDS(id_fields, struct in) };

static const struct field key_fields[] = {
	{ .name = "id", .type = FIELD_ID, .offset = offsetof(struct in, id), .prefix = "ord" },
	{ .name = "key", .type = FIELD_STR, .offset = offsetof(struct in, key) },
};
static const struct schema by_key = { .name = "ByKey", SCHEMA_FIELDS(key_fields, struct in) };

static const struct field in_body_fields[] = {
	{ .name = "q", .type = FIELD_STR, .offset = offsetof(struct in, body.name) },
};
static const struct schema in_body = { .name = "InBody", SCHEMA_FIELDS(in_body_fields, struct in) };

static const struct field limit_fields[] = {
	{ .name = "limit", .type = FIELD_I64, .offset = 0 },
};
static const struct schema limit_query = { .name = "Q", SCHEMA_FIELDS(limit_fields, struct in) };

static const struct field beyond_fields[] = {
	{ .name = "q", .type = FIELD_STR, .offset = sizeof(struct in) - 8 },
};
static const struct schema beyond = { .name = "Beyond", SCHEMA_FIELDS(beyond_fields, struct in) };

static const struct field body_fields[] = {
	{ .name = "name", .type = FIELD_STR, .offset = 0 },
};
static const struct schema body = {
	.name = "Body",
	.fields = body_fields,
	.n_fields = 1,
	.size = sizeof(struct str) + sizeof(uint64_t),
	.present = sizeof(struct str) + 1,
};
static const struct schema absent_body = {
	.name = "Body",
	.fields = body_fields,
	.n_fields = 1,
	.size = sizeof(struct str),
};

static const struct field out_fields[] = {
	{ .name = "id", .type = FIELD_ID, .offset = offsetof(struct out, id), .prefix = "ord" },
	{ .name = "version", .type = FIELD_I64, .offset = offsetof(struct out, version) },
};
static const struct schema result = { .name = "Out", SCHEMA_FIELDS(out_fields, struct out) };

static const struct list_sort sorts[] = { { .name = "created_at", .key_offset = -1 } };
static const struct list_sort bad_sorts[] = { { .name = "x", .key_offset = sizeof(struct out) } };
static const struct list list = { .row = &result, .sorts = sorts, .n_sorts = 1 };
static const struct field nameless_fields[] = { { .name = "lines", .type = FIELD_ARRAY } };
static const struct schema no_element = { .name = "NoElement",
					  SCHEMA_FIELDS(nameless_fields, struct out) };
static const struct list bad_list = { .row = &result, .sorts = bad_sorts, .n_sorts = 1 };
static const struct list no_row = { .sorts = sorts, .n_sorts = 1 };
static const struct list no_sorts = { .row = &result, .sorts = sorts };
static const struct list bad_id = { .row = &result, .sorts = sorts, .n_sorts = 1, .id_offset = 16 };
static const struct list bad_row = { .row = &no_element, .sorts = sorts, .n_sorts = 1 };

static enum err handle(struct call *call, const void *in, void *out)
{
	(void)call;
	(void)in;
	(void)out;
	return ERR_OK;
}

/* A row without fault: change an order. */
static struct route good(void)
{
	return (struct route){
		.id = "orders.update",
		.method = HTTP_PATCH,
		.path = "/v1/orders/{id}",
		.handle = handle,
		.permission = PERMISSION_ORDERS_WRITE,
		.class = CLASS_WRITE,
		.access = ACCESS_WRITE,
		.status = 200,
		.in_size = sizeof(struct in),
		.path_params = &by_id,
		.body = &body,
		.body_offset = offsetof(struct in, body),
		.partial = true,
		.out_size = sizeof(struct out),
		.result = &result,
		.if_match = true,
		.tag = "Orders",
		.summary = "Change an order",
		.errors = { ERR_STATE_CONFLICT },
	};
}

static struct route get(void)
{
	struct route r = good();

	r.id = "orders.get";
	r.method = HTTP_GET;
	r.body = NULL;
	r.body_offset = 0;
	r.partial = false;
	r.if_match = false;
	r.access = ACCESS_READ;
	r.cache = CACHE_ORDER;
	return r;
}

static struct route listing(void)
{
	struct route r = get();

	r.id = "orders.list";
	r.path = "/v1/orders";
	r.path_params = NULL;
	r.result = NULL;
	r.list = &list;
	r.out_size = sizeof(struct list_out);
	r.cache = CACHE_NONE;
	return r;
}

static struct route create(void)
{
	struct route r = good();

	r.id = "orders.create";
	r.method = HTTP_POST;
	r.path = "/v1/orders";
	r.path_params = NULL;
	r.partial = false;
	r.if_match = false;
	r.status = 201;
	r.location = "/v1/orders/{id}";
	return r;
}

static enum err make(const struct route *routes, size_t n, struct router **ret_router,
		     const char **ret_message)
{
	const struct domain domain = { .name = "test", .routes = { { routes, &n } } };
	const struct domain *domains[] = { &domain };

	return router_new(domains, 1, ret_router, ret_message);
}

static void expect_fault(const struct route *routes, size_t n, const char *what)
{
	struct router *r = NULL;
	const char *message = NULL;
	enum err e = make(routes, n, &r, &message);

	ck_assert_msg(e == ERR_CONFIG, "no fault where one is due: %s", what);
	ck_assert_ptr_null(r);
	ck_assert_ptr_nonnull(message);
	ck_assert_msg(strstr(message, what) != NULL, "\"%s\" does not say \"%s\"", message, what);
}

START_TEST(test_good_rows)
{
	struct route routes[] = { good(), get(), listing(), create() };
	struct router *r = NULL;
	const char *message = NULL;

	ck_assert_msg(make(routes, 4, &r, &message) == ERR_OK, "%s", message);
	ck_assert_uint_eq(router_count(r), 4);
	ck_assert_ptr_eq(router_route(r, 2), &routes[2]);
	ck_assert_str_eq(router_ids(r)[3], "orders.create");
	router_free(r);
	router_free(NULL);
}
END_TEST

/* Each case spoils one column of a good row. */
#define FAULT(base_, change_, what_)          \
	do {                                  \
		struct route row = base_();   \
		change_;                      \
		expect_fault(&row, 1, what_); \
	} while (0)

START_TEST(test_identity_faults)
{
	static const char *const ids[] = { "orders", "orders.", ".get",	 "a.b.c", "Orders.get",
					   "",	     "1a.b",	"a.b-c", "a b.c", NULL };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		FAULT(good, row.id = ids[i], "word.word");
	FAULT(good, row.method = 0, "no method");
	FAULT(good, row.method = HTTP_METHOD_MAX, "no method");
	FAULT(good, row.handle = NULL, "no handler");
	FAULT(good, row.permission = PERMISSION_NONE, "no permission");
	FAULT(good, row.permission = PERMISSION_MAX, "no permission");
	FAULT(good, row.class = 0, "no class");
	FAULT(good, row.class = CLASS_MAX, "no class");
	FAULT(good, row.access = 0, "no access");
	FAULT(good, row.access = ACCESS_WRITE + 1, "no access");
	FAULT(good, row.status = 0, "status");
	FAULT(good, row.status = 300, "status");
	FAULT(good, row.summary = NULL, "no summary");
	FAULT(good, row.summary = "", "no summary");
	FAULT(good, row.tag = NULL, "no tag");
	FAULT(good, row.errors[0] = ERR_MAX, "error");
	FAULT(good, row.errors[0] = ERR_DB_DEADLOCK, "error");
	FAULT(good, row.errors[2] = ERR_NOT_FOUND, "error");
}
END_TEST

START_TEST(test_path_faults)
{
	static const char *const paths[] = {
		NULL,
		"",
		"/",
		"v1/orders/{id}",
		"/v1/orders/{id}/",
		"/v1//{id}",
		"/v1/{}",
		"/v1/{id}x",
		"/v1/x{id}",
		"/v1/Orders/{id}",
		"/v1/{id}/{id}",
		"/v1/%41/{id}",
		"/v1/or ders/{id}",
		"/{id}/{b}/{c}/{d}/{e}",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		FAULT(good, row.path = paths[i], "not well-formed");
	FAULT(good, row.path = "/v1/orders", "different parameters");
	FAULT(good, row.path = "/v1/orders/{key}", "different parameters");
	FAULT(good, row.path = "/v1/orders/{id}/{key}", "different parameters");
	FAULT(good, row.path_params = NULL, "different parameters");
	FAULT(good, row.path_params = &by_key, "different parameters");
}
END_TEST

START_TEST(test_input_faults)
{
	FAULT(good, row.in_size = sizeof(struct in) - 1, "path_params do not fit");
	FAULT(good, row.query = &beyond, "query does not fit");
	FAULT(good, row.body_offset = sizeof(struct in) - body.size + 1, "body does not fit");
	FAULT(good, row.body_offset = sizeof(struct in) + 1, "body does not fit");
	FAULT(good, (row.method = HTTP_DELETE, row.partial = false), "no body");
	FAULT(good, row.body = NULL, "about a body");
	FAULT(listing, row.body_optional = true, "about a body");
	FAULT(create, row.partial = true, "partial");
	FAULT(good, row.body = &absent_body, "SCHEMA_PRESENT");
	FAULT(good, row.query = &in_body, "inside the body");
	FAULT(good, row.body_offset = 0, "inside the body");
	FAULT(listing, row.query = &limit_query, "list's own");
}
END_TEST

START_TEST(test_output_faults)
{
	FAULT(good, row.result = NULL, "exactly one");
	FAULT(good, row.media = "text/plain", "exactly one");
	FAULT(good, row.status = 204, "exactly one");
	FAULT(listing, row.result = &result, "exactly one");
	FAULT(good, row.out_size--, "hold the result");
	FAULT(listing, row.out_size--, "struct list_out");
	FAULT(good, row.result = &no_element, "a member");
	FAULT(listing, row.list = &bad_list, "list is incomplete");
	FAULT(listing, row.list = &no_row, "list is incomplete");
	FAULT(listing, row.list = &no_sorts, "list is incomplete");
	FAULT(listing, row.list = &bad_id, "list is incomplete");
	FAULT(listing, row.list = &bad_row, "list is incomplete");
	FAULT(listing, row.status = 202, "GET with 200");
	FAULT(listing, (row.list = NULL, row.media = "a/b", row.out_size = 1), "struct raw_out");
	FAULT(good, row.status = 201, "201 without POST");
	FAULT(create, row.status = 200, "location");
	FAULT(get, row.access = ACCESS_WRITE, "may not write");
	FAULT(get, row.if_match = true, "if_match");
	FAULT(create, row.if_match = true, "if_match");
	FAULT(good, row.access = ACCESS_READ, "ACCESS_WRITE");
	FAULT(good, row.cache = CACHE_ORDER, "cached");
	FAULT(listing, row.cache = CACHE_ORDER, "cached");
	FAULT(get, row.cache = CACHE_KIND_MAX, "cache kind");
	FAULT(get, row.permission = PERMISSION_PUBLIC, "by account");
	FAULT(get, row.public_cache = true, "public_cache");
}
END_TEST

START_TEST(test_collisions)
{
	struct route same_id[] = { get(), listing() };
	struct route same_path[] = { get(), get() };
	struct route other_name[] = { get(), good() };
	static const struct field fields[] = {
		{ .name = "order", .type = FIELD_ID, .offset = 0 },
	};
	static const struct schema by_order = { .name = "O", SCHEMA_FIELDS(fields, struct in) };

	same_id[1].id = "orders.get";
	expect_fault(same_id, 2, "this id");
	same_path[1].id = "orders.again";
	expect_fault(same_path, 2, "method and path");
	other_name[1].path = "/v1/orders/{order}";
	other_name[1].path_params = &by_order;
	expect_fault(other_name, 2, "other names");
}
END_TEST

static const char *const table_paths[] = {
	"/v1/invoices/{id}",	      "/v1/invoices/preview", "/v1/invoices/{id}/lines/{key}",
	"/v1/invoices/preview/lines", "/v1/orders",	      "/openapi.json",
};

/* One GET for each path, and a POST of the preview, which then has a GET of its own too. */
static struct router *table(struct route routes[7])
{
	static const char *const ids[] = { "i.get",   "i.preview", "i.line",
					   "i.lines", "o.list",	   "s.openapi" };
	struct router *r = NULL;
	const char *message = NULL;

	for (size_t i = 0; i < 6; i++) {
		routes[i] = get();
		routes[i].id = ids[i];
		routes[i].path = table_paths[i];
		routes[i].cache = CACHE_NONE;
		routes[i].path_params = i == 2 ? &by_key : i == 0 ? &by_id : NULL;
	}
	routes[1].method = HTTP_POST;
	routes[6] = good();
	routes[6].path = table_paths[0];
	ck_assert_msg(make(routes, 7, &r, &message) == ERR_OK, "%s", message);
	return r;
}

START_TEST(test_find)
{
	static const struct {
		const char *method;
		const char *path;
		const char *id;	   /* NULL: not found */
		const char *allow; /* set: method not allowed */
		const char *first;
		const char *second;
	} cases[] = {
		{ "GET", "/v1/invoices/inv_1", "i.get", NULL, "inv_1", NULL },
		{ "HEAD", "/v1/invoices/inv_1", "i.get", NULL, "inv_1", NULL },
		{ "PATCH", "/v1/invoices/inv_1", "orders.update", NULL, "inv_1", NULL },
		{ "POST", "/v1/invoices/preview", "i.preview", NULL, NULL, NULL },
		{ "GET", "/v1/invoices/preview", NULL, "OPTIONS, POST", NULL, NULL },
		{ "GET", "/v1/invoices/preview/lines", "i.lines", NULL, NULL, NULL },
		{ "GET", "/v1/invoices/preview/lines/7", "i.line", NULL, "preview", "7" },
		{ "GET", "/v1/invoices/a%2Fb", "i.get", NULL, "a%2Fb", NULL },
		{ "GET", "/v1/invoices/a%2flines/lines/%41", "i.line", NULL, "a%2flines", "%41" },
		{ "GET", "/v1/invoices/previe", "i.get", NULL, "previe", NULL },
		{ "GET", "/v1/invoices/previews", "i.get", NULL, "previews", NULL },
		{ "GET", "/openapi.json", "s.openapi", NULL, NULL, NULL },
		{ "DELETE", "/v1/invoices/x", NULL, "GET, HEAD, OPTIONS, PATCH", NULL, NULL },
		{ "OPTIONS", "/v1/orders", NULL, "GET, HEAD, OPTIONS", NULL, NULL },
		{ "get", "/v1/orders", NULL, "GET, HEAD, OPTIONS", NULL, NULL },
		{ "", "/v1/orders", NULL, "GET, HEAD, OPTIONS", NULL, NULL },
		{ "GETX", "/v1/orders", NULL, "GET, HEAD, OPTIONS", NULL, NULL },
		{ "GET", "/v1/orders/", NULL, NULL, NULL, NULL },
		{ "GET", "/v1//orders", NULL, NULL, NULL, NULL },
		{ "GET", "//v1/orders", NULL, NULL, NULL, NULL },
		{ "GET", "/v1/invoices/", NULL, NULL, NULL, NULL },
		{ "GET", "/v1/invoices//lines/1", NULL, NULL, NULL, NULL },
		{ "GET", "/v1/invoices/x/lines", NULL, NULL, NULL, NULL },
		{ "GET", "/v1/invoices/x/lines/1/", NULL, NULL, NULL, NULL },
		{ "GET", "/v1", NULL, NULL, NULL, NULL },
		{ "GET", "/v1/%6frders", NULL, NULL, NULL, NULL },
		{ "GET", "/", NULL, NULL, NULL, NULL },
		{ "GET", "", NULL, NULL, NULL, NULL },
		{ "GET", "v1/orders", NULL, NULL, NULL, NULL },
		{ "GET", "*", NULL, NULL, NULL, NULL },
	};
	struct route routes[7];
	struct router *r = table(routes);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct route_match m;
		const char *allow = NULL;
		enum err e = router_find(r, str_from(cases[i].method), str_from(cases[i].path), &m,
					 &allow);

		if (cases[i].id == NULL) {
			ck_assert_msg(e == (cases[i].allow ? ERR_METHOD_NOT_ALLOWED
							   : ERR_ROUTE_NOT_FOUND),
				      "%s %s: %s", cases[i].method, cases[i].path, err_name(e));
			ck_assert_pstr_eq(allow, cases[i].allow);
			continue;
		}
		ck_assert_msg(e == ERR_OK, "%s %s: %s", cases[i].method, cases[i].path,
			      err_name(e));
		ck_assert_str_eq(m.route->id, cases[i].id);
		ck_assert_ptr_eq(router_route(r, m.index), m.route);
		ck_assert_uint_eq(m.n_params, (cases[i].first != NULL ? 1u : 0u) +
						      (cases[i].second != NULL ? 1u : 0u));
		if (cases[i].first != NULL) {
			ck_assert(str_eq_z(m.params[0].name, "id"));
			ck_assert(str_eq_z(m.params[0].value, cases[i].first));
		}
		if (cases[i].second != NULL) {
			ck_assert(str_eq_z(m.params[1].name, "key"));
			ck_assert(str_eq_z(m.params[1].value, cases[i].second));
		}
	}
	router_free(r);
}
END_TEST

/* Absent strings and bytes beyond the view. */
START_TEST(test_find_bounds)
{
	struct route routes[7];
	struct router *r = table(routes);
	struct route_match m;
	const char *allow = NULL;

	ck_assert_int_eq(router_find(r, STR_NONE, STR_NONE, &m, &allow), ERR_ROUTE_NOT_FOUND);
	ck_assert_int_eq(router_find(r, STR("GET"), (struct str){ "/v1/ordersX", 10 }, &m, &allow),
			 ERR_OK);
	ck_assert_int_eq(router_find(r, (struct str){ "GETX", 3 }, STR("/v1/orders"), &m, &allow),
			 ERR_OK);
	ck_assert_int_eq(
		router_find(r, STR("GET"), (struct str){ "/v1/orders\0x", 12 }, &m, &allow),
		ERR_ROUTE_NOT_FOUND);
	router_free(r);
}
END_TEST

enum { RANDOM_ROWS = 40, RANDOM_DEPTH = 4, PATH_ROOM = 64 };

struct random_table {
	struct route routes[RANDOM_ROWS];
	struct schema schemas[RANDOM_ROWS];
	struct field fields[RANDOM_ROWS][RANDOM_DEPTH];
	char paths[RANDOM_ROWS][PATH_ROOM];
	char ids[RANDOM_ROWS][16];
	size_t n;
};

static const char *const words[] = { "a", "ab", "b", "c" };

static void random_row(struct random_table *t)
{
	static const char *const names[] = { "p0", "p1", "p2", "p3" };
	size_t i = t->n;
	char *path = t->paths[i];
	uint64_t depth = 1 + seed_below(RANDOM_DEPTH);
	uint32_t n_params = 0;

	path[0] = '\0';
	for (uint64_t d = 0; d < depth; d++) {
		strcat(path, "/");
		if (seed_below(3) == 0) {
			strcat(path, "{");
			strcat(path, names[n_params]);
			strcat(path, "}");
			t->fields[i][n_params] =
				(struct field){ .name = names[n_params], .type = FIELD_STR };
			n_params++;
		} else {
			strcat(path, words[seed_below(4)]);
		}
	}
	t->schemas[i] = (struct schema){ .name = "P",
					 .fields = t->fields[i],
					 .n_fields = n_params,
					 .size = sizeof(struct str) };
	snprintf(t->ids[i], sizeof(t->ids[i]), "r.n%zu", i);
	t->routes[i] = (struct route){
		.id = t->ids[i],
		.method = (enum http_method)(1 + seed_below(HTTP_METHOD_MAX - 1)),
		.path = path,
		.handle = handle,
		.permission = PERMISSION_SELF,
		.class = CLASS_READ,
		.access = ACCESS_NONE,
		.status = 204,
		.in_size = sizeof(struct str),
		.path_params = n_params > 0 ? &t->schemas[i] : NULL,
		.tag = "T",
		.summary = "s",
	};
	for (size_t j = 0; j < i; j++) {
		if (t->routes[j].method == t->routes[i].method &&
		    strcmp(t->paths[j], t->paths[i]) == 0)
			return; /* not taken */
	}
	t->n++;
}

/* How well the pattern fits: 0 not at all, else more for literals the further left they stand. */
static unsigned int naive_score(const char *pattern, struct str path)
{
	struct str p = str_from(pattern);
	unsigned int score = 1;
	size_t n = 0;

	while (p.p != NULL && path.p != NULL) {
		struct str want = str_cut(&p, '/');
		struct str have = str_cut(&path, '/');

		if (n++ == 0) {
			if (have.n != 0)
				return 0;
			continue;
		}
		if (have.n == 0)
			return 0;
		if (want.p[0] != '{' && !str_eq(want, have))
			return 0;
		score = score * 2 + (want.p[0] != '{');
	}
	return p.p == NULL && path.p == NULL ? score : 0;
}

static enum err naive_find(const struct random_table *t, enum http_method method, struct str path,
			   const struct route **ret_route)
{
	const char *best = NULL;
	unsigned int high = 0;

	for (size_t i = 0; i < t->n; i++) {
		unsigned int score = naive_score(t->paths[i], path);

		if (score > high) {
			high = score;
			best = t->paths[i];
		}
	}
	if (best == NULL)
		return ERR_ROUTE_NOT_FOUND;
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->paths[i], best) == 0 && t->routes[i].method == method) {
			*ret_route = &t->routes[i];
			return ERR_OK;
		}
	}
	return ERR_METHOD_NOT_ALLOWED;
}

static void random_path(char path[PATH_ROOM])
{
	static const char *const odd[] = { "", "x", "abc", "{p0}", "%61" };
	uint64_t depth = seed_below(RANDOM_DEPTH + 2);

	path[0] = '\0';
	for (uint64_t d = 0; d < depth; d++) {
		strcat(path, "/");
		strcat(path, seed_below(6) == 0 ? odd[seed_below(5)] : words[seed_below(4)]);
	}
}

START_TEST(test_random)
{
	static const char *const methods[] = { NULL, "GET", "POST", "PATCH", "DELETE" };
	static struct random_table t;
	size_t found = 0;

	seed_init();
	for (int round = 0; round < 200; round++) {
		struct router *r = NULL;
		const char *message = NULL;

		t.n = 0;
		for (int i = 0; i < RANDOM_ROWS; i++)
			random_row(&t);
		ck_assert_msg(make(t.routes, t.n, &r, &message) == ERR_OK, "%s", message);
		for (int i = 0; i < 500; i++) {
			enum http_method method =
				(enum http_method)(1 + seed_below(HTTP_METHOD_MAX - 1));
			const struct route *want = NULL;
			const char *allow = NULL;
			struct route_match m;
			char path[PATH_ROOM];
			enum err expected;
			enum err e;

			random_path(path);
			expected = naive_find(&t, method, str_from(path), &want);
			e = router_find(r, str_from(methods[method]), str_from(path), &m, &allow);
			ck_assert_msg(e == expected, "%s %s: %s", methods[method], path,
				      err_name(e));
			if (e == ERR_OK) {
				ck_assert_ptr_eq(m.route, want);
				found++;
			}
			ck_assert((e == ERR_METHOD_NOT_ALLOWED) == (allow != NULL));
		}
		router_free(r);
	}
	ck_assert_uint_gt(found, 1000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("router");
	TCase *t = tcase_create("router");
	SRunner *sr;
	int failed;

	tcase_add_test(t, test_good_rows);
	tcase_add_test(t, test_identity_faults);
	tcase_add_test(t, test_path_faults);
	tcase_add_test(t, test_input_faults);
	tcase_add_test(t, test_output_faults);
	tcase_add_test(t, test_collisions);
	tcase_add_test(t, test_find);
	tcase_add_test(t, test_find_bounds);
	tcase_add_test(t, test_random);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
