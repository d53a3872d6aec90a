/* SPDX-License-Identifier: Apache-2.0 */
/* The OpenAPI 3.1 document: operations from the rows of the route tables. */
#include "app/http/openapi_internal.h"

#include "app/base/limits.h"

#include <string.h>

/* configure gives the version; a compiler that is called by hand does not know it. */
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0.0.0"
#endif

static const char *const method_names[HTTP_METHOD_MAX] = {
	[HTTP_GET] = "get",
	[HTTP_POST] = "post",
	[HTTP_PATCH] = "patch",
	[HTTP_DELETE] = "delete",
};

static const char description[] =
	"Order-to-cash back end: customers, orders, invoices, payments and the ledger behind "
	"them.\n\n"
	"Amounts are integers in minor units of their currency; quantities, prices and percentages "
	"are decimals in strings. Times are RFC 3339 in UTC. Unknown members and parameters are "
	"refused. Lists are paged with cursors; there are no offsets and no totals. Errors are "
	"problem documents (RFC 9457) whose `code` never changes its meaning.";

/* The components that do not depend on the table. */
static const char security_schemes[] =
	"\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\","
	"\"description\":\"An API key (`rk_...`) or the token of a session (`rs_...`).\"}}";

static const char parameters[] =
	"\"parameters\":{"
	"\"RequestId\":{\"name\":\"X-Request-Id\",\"in\":\"header\",\"description\":"
	"\"Names the request in logs and problems; made when it is not given.\","
	"\"schema\":{\"type\":\"string\",\"maxLength\":128}},"
	"\"IdempotencyKey\":{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"description\":"
	"\"Makes the call safe to repeat: the first answer is stored together with its effect and "
	"repeated for the same key.\","
	"\"schema\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":255,"
	"\"pattern\":\"^[!-~]+$\"}},"
	"\"IfMatch\":{\"name\":\"If-Match\",\"in\":\"header\",\"description\":"
	"\"The ETag of the object as it was read; 412 when it has changed since.\","
	"\"schema\":{\"type\":\"string\"}},"
	"\"IfNoneMatch\":{\"name\":\"If-None-Match\",\"in\":\"header\",\"description\":"
	"\"ETags that the client has; 304 when one of them is current.\","
	"\"schema\":{\"type\":\"string\"}},"
	"\"Consistency\":{\"name\":\"Remit-Consistency\",\"in\":\"header\",\"description\":"
	"\"The token of a write: the answer is not older than it.\","
	"\"schema\":{\"type\":\"string\",\"maxLength\":160}},"
	"\"Limit\":{\"name\":\"limit\",\"in\":\"query\",\"description\":\"Rows of a page.\","
	"\"schema\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100,\"default\":25}},"
	"\"Cursor\":{\"name\":\"cursor\",\"in\":\"query\",\"description\":"
	"\"`next_cursor` of the page before, with the same filters and sort.\","
	"\"schema\":{\"type\":\"string\"}}}";
_Static_assert(LIMIT_LIST == 100 && LIMIT_LIST_DEFAULT == 25 && LIMIT_IDEMPOTENCY_KEY == 255,
	       "the texts above say so");

static const char headers[] =
	"\"headers\":{"
	"\"RequestId\":{\"description\":\"The request's name in logs.\","
	"\"schema\":{\"type\":\"string\"}},"
	"\"ETag\":{\"description\":\"The version of the "
	"object.\",\"schema\":{\"type\":\"string\"}},"
	"\"Location\":{\"description\":\"Where the created object is.\","
	"\"schema\":{\"type\":\"string\",\"format\":\"uri-reference\"}},"
	"\"Link\":{\"description\":\"The next page (RFC 8288).\",\"schema\":{\"type\":\"string\"}},"
	"\"Consistency\":{\"description\":\"Send it with reads that must see this write.\","
	"\"schema\":{\"type\":\"string\"}},"
	"\"IdempotentReplayed\":{\"description\":\"Present when the answer is a stored one.\","
	"\"schema\":{\"type\":\"string\",\"const\":\"true\"}},"
	"\"RetryAfter\":{\"description\":\"Seconds to wait.\","
	"\"schema\":{\"type\":\"integer\",\"minimum\":0}},"
	"\"WwwAuthenticate\":{\"description\":\"The scheme to use.\","
	"\"schema\":{\"type\":\"string\"}}}";

#define REQUEST_ID_HEADER "\"X-Request-Id\":{\"$ref\":\"#/components/headers/RequestId\"}"
#define PROBLEM_CONTENT                                          \
	"\"content\":{\"application/problem+json\":{\"schema\":" \
	"{\"$ref\":\"#/components/schemas/Problem\"}}}"

static const char responses[] =
	"\"responses\":{"
	"\"NotModified\":{\"description\":\"The client has the current version.\","
	"\"headers\":{" REQUEST_ID_HEADER ",\"ETag\":{\"$ref\":\"#/components/headers/ETag\"}}},"
	"\"Problem\":{\"description\":\"A problem.\","
	"\"headers\":{" REQUEST_ID_HEADER "}," PROBLEM_CONTENT "},"
	"\"Unauthenticated\":{\"description\":\"A problem.\",\"headers\":{" REQUEST_ID_HEADER
	",\"WWW-Authenticate\":{\"$ref\":\"#/components/headers/"
	"WwwAuthenticate\"}}," PROBLEM_CONTENT "},"
	"\"Retry\":{\"description\":\"A problem that may go away by itself.\","
	"\"headers\":{" REQUEST_ID_HEADER
	",\"Retry-After\":{\"$ref\":\"#/components/headers/RetryAfter\"}}," PROBLEM_CONTENT "}}";

static bool has_version(const struct route *rt)
{
	for (uint32_t i = 0; rt->result != NULL && i < rt->result->n_fields; i++) {
		const struct field *f = &rt->result->fields[i];

		if (strcmp(f->name, "version") == 0 && f->type == FIELD_I64)
			return true;
	}
	return false;
}

/* Keys belong to an account, which only a principal has. */
static bool is_idempotent(const struct route *rt)
{
	return rt->method != HTTP_GET && rt->access == ACCESS_WRITE &&
	       rt->permission != PERMISSION_PUBLIC;
}

static void put_ref(struct buf *b, const char *section, const char *name)
{
	buf_lit(b, "{\"$ref\":\"#/components/");
	buf_z(b, section);
	buf_char(b, '/');
	buf_z(b, name);
	buf_lit(b, "\"}");
}

static void put_parameter_ref(struct buf *b, const char *name, bool wanted)
{
	if (!wanted)
		return;
	json_next(b);
	put_ref(b, "parameters", name);
}

static void put_field_parameters(struct buf *b, const struct components *cs, const struct schema *s,
				 const char *in)
{
	bool path = strcmp(in, "path") == 0;

	for (uint32_t i = 0; s != NULL && i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];
		struct field bare = *f;

		json_next(b);
		buf_char(b, '{');
		json_text(b, "name", f->name);
		json_text(b, "in", in);
		json_text(b, "description", f->doc);
		if (path || (f->flags & FIELD_REQUIRED) != 0)
			buf_lit(b, ",\"required\":true");
		/* A parameter is there or not; there is no null. */
		bare.flags &= ~(uint32_t)FIELD_NULLABLE;
		bare.doc = NULL;
		json_name(b, "schema");
		field_schema_put(b, cs, &bare, FORM_INPUT);
		buf_char(b, '}');
	}
}

static void put_sort(struct buf *b, const struct list *list)
{
	json_next(b);
	buf_lit(b, "{\"name\":\"sort\",\"in\":\"query\",\"description\":"
		   "\"`-` before the name: descending.\",\"schema\":{\"type\":\"string\","
		   "\"enum\":[");
	for (size_t i = 0; i < list->n_sorts; i++) {
		json_next(b);
		buf_json_str(b, str_from(list->sorts[i].name));
		buf_lit(b, ",\"-");
		buf_z(b, list->sorts[i].name);
		buf_char(b, '"');
	}
	buf_lit(b, "],\"default\":\"");
	if (!list->sorts[0].ascending_default)
		buf_char(b, '-');
	buf_z(b, list->sorts[0].name);
	buf_lit(b, "\"}}");
}

static void put_parameters(struct buf *b, const struct components *cs, const struct route *rt)
{
	json_name(b, "parameters");
	buf_char(b, '[');
	put_field_parameters(b, cs, rt->path_params, "path");
	if (rt->list != NULL) {
		put_parameter_ref(b, "Limit", true);
		put_parameter_ref(b, "Cursor", true);
		put_sort(b, rt->list);
	}
	put_field_parameters(b, cs, rt->query, "query");
	put_parameter_ref(b, "IdempotencyKey", is_idempotent(rt));
	put_parameter_ref(b, "IfMatch", rt->if_match);
	put_parameter_ref(b, "IfNoneMatch", rt->method == HTTP_GET && has_version(rt));
	put_parameter_ref(b, "Consistency",
			  rt->access == ACCESS_READ && rt->permission != PERMISSION_PUBLIC);
	put_parameter_ref(b, "RequestId", true);
	buf_char(b, ']');
}

static void put_media(struct buf *b, const struct components *cs, const struct route *rt,
		      const char *media)
{
	json_name(b, media);
	buf_lit(b, "{\"schema\":");
	component_ref_put(b, cs, rt->body, rt->partial ? FORM_PATCH : FORM_INPUT);
	buf_char(b, '}');
}

static void put_body(struct buf *b, const struct components *cs, const struct route *rt)
{
	if (rt->body == NULL)
		return;
	json_name(b, "requestBody");
	buf_z(b, rt->body_optional ? "{" : "{\"required\":true");
	json_name(b, "content");
	buf_char(b, '{');
	put_media(b, cs, rt, "application/json");
	if (rt->partial)
		put_media(b, cs, rt, "application/merge-patch+json");
	buf_lit(b, "}}");
}

static void put_header_ref(struct buf *b, const char *name, const char *component, bool wanted)
{
	if (!wanted)
		return;
	json_name(b, name);
	put_ref(b, "headers", component);
}

static void put_content(struct buf *b, const struct components *cs, const struct route *rt)
{
	if (rt->status == 204)
		return;
	json_name(b, "content");
	buf_char(b, '{');
	json_name(b, rt->media != NULL ? rt->media : "application/json");
	buf_lit(b, "{\"schema\":");
	if (rt->list != NULL)
		component_ref_put(b, cs, rt->list->row, FORM_LIST);
	else if (rt->result != NULL)
		component_ref_put(b, cs, rt->result, FORM_OUTPUT);
	else if (rt->media == NULL || strcmp(rt->media, "application/json") == 0)
		buf_lit(b, "{\"type\":\"object\"}");
	else
		buf_lit(b, "{\"type\":\"string\"}");
	buf_lit(b, "}}");
}

static const char *success_text(const struct route *rt)
{
	if (rt->list != NULL)
		return "One page.";
	switch (rt->status) {
	case 201:
		return "Created.";
	case 202:
		return "Accepted.";
	case 204:
		return "Done.";
	default:
		return "OK.";
	}
}

static void put_success(struct buf *b, const struct components *cs, const struct route *rt)
{
	buf_char(b, '"');
	buf_i64(b, rt->status);
	buf_lit(b, "\":{");
	json_text(b, "description", success_text(rt));
	json_name(b, "headers");
	buf_char(b, '{');
	put_header_ref(b, "X-Request-Id", "RequestId", true);
	put_header_ref(b, "ETag", "ETag", has_version(rt));
	put_header_ref(b, "Location", "Location", rt->location != NULL);
	put_header_ref(b, "Link", "Link", rt->list != NULL);
	put_header_ref(b, "Remit-Consistency", "Consistency", rt->access == ACCESS_WRITE);
	put_header_ref(b, "Idempotent-Replayed", "IdempotentReplayed", is_idempotent(rt));
	buf_char(b, '}');
	put_content(b, cs, rt);
	buf_char(b, '}');
	if (rt->method == HTTP_GET && has_version(rt)) {
		json_name(b, "304");
		put_ref(b, "responses", "NotModified");
	}
}

static bool row_names_error(const struct route *rt, enum err e)
{
	for (size_t i = 0; i < sizeof(rt->errors) / sizeof(rt->errors[0]); i++) {
		if (rt->errors[i] == e)
			return true;
	}
	return false;
}

/* Whether a row can answer e: by its own list, or because of what it is. */
static bool may_answer(const struct route *rt, enum err e)
{
	bool write = rt->access == ACCESS_WRITE;

	if (row_names_error(rt, e))
		return true;
	switch ((int)e) {
	case ERR_MALFORMED:
	case ERR_INVALID_PARAMETER:
	case ERR_INTERNAL:
	case ERR_OVERLOADED:
		return true;
	case ERR_INVALID_JSON:
	case ERR_BODY_TOO_LARGE:
	case ERR_MEDIA_TYPE:
	case ERR_VALIDATION:
		return rt->body != NULL;
	case ERR_INVALID_CURSOR:
		return rt->list != NULL;
	case ERR_UNAUTHENTICATED:
		return rt->permission != PERMISSION_PUBLIC;
	case ERR_FORBIDDEN:
		return rt->permission != PERMISSION_PUBLIC && rt->permission != PERMISSION_SELF;
	case ERR_NOT_FOUND:
		return rt->path_params != NULL;
	case ERR_CONFLICT:
		return write;
	case ERR_IDEMPOTENCY_IN_USE:
	case ERR_IDEMPOTENCY_REUSED:
		return is_idempotent(rt);
	case ERR_STALE:
		return rt->if_match;
	case ERR_RATE_LIMITED:
		return rt->class != CLASS_HEALTH;
	case ERR_UNAVAILABLE:
	case ERR_DEADLINE:
		return rt->access != ACCESS_NONE;
	default:
		return false;
	}
}

/* One answer for each status, its codes in the description. err.def is in order of the status. */
static void put_problems(struct buf *b, const struct route *rt)
{
	int open = 0;

	for (unsigned int i = 1; i < ERR_MAX; i++) {
		enum err e = (enum err)i;
		int status = err_status(e);
		const char *response = "Problem";

		if (err_code(e) == NULL || !may_answer(rt, e))
			continue;
		if (status == open) {
			buf_lit(b, ", `");
			buf_z(b, err_code(e));
			buf_char(b, '`');
			continue;
		}
		if (open != 0)
			buf_lit(b, "\"}");
		open = status;
		if (status == 401)
			response = "Unauthenticated";
		else if (status == 409 || status == 429 || status == 503 || status == 504)
			response = "Retry";
		json_next(b);
		buf_char(b, '"');
		buf_i64(b, status);
		buf_lit(b, "\":{\"$ref\":\"#/components/responses/");
		buf_z(b, response);
		buf_lit(b, "\",\"description\":\"`");
		buf_z(b, err_code(e));
		buf_char(b, '`');
	}
	if (open != 0)
		buf_lit(b, "\"}");
}

static void put_security(struct buf *b, const struct route *rt)
{
	const char *scope = permission_scope(rt->permission);

	if (rt->permission == PERMISSION_PUBLIC) {
		buf_lit(b, ",\"security\":[]");
		scope = "public";
	} else {
		buf_lit(b, ",\"security\":[{\"bearer\":[]}]");
		if (rt->permission == PERMISSION_SELF)
			scope = "self";
	}
	json_text(b, "x-permission", scope);
}

static void put_operation(struct buf *b, const struct components *cs, const struct route *rt)
{
	json_name(b, method_names[rt->method]);
	buf_char(b, '{');
	json_text(b, "operationId", rt->id);
	json_name(b, "tags");
	buf_char(b, '[');
	buf_json_str(b, str_from(rt->tag));
	buf_char(b, ']');
	json_text(b, "summary", rt->summary);
	json_text(b, "description", rt->doc);
	put_security(b, rt);
	put_parameters(b, cs, rt);
	put_body(b, cs, rt);
	json_name(b, "responses");
	buf_char(b, '{');
	put_success(b, cs, rt);
	put_problems(b, rt);
	buf_lit(b, "}}");
}

/* The first row that has the path (or, with tags, the tag) of row i. */
static bool is_first(const struct router *r, size_t i, bool tags)
{
	const struct route *rt = router_route(r, i);

	for (size_t j = 0; j < i; j++) {
		const struct route *before = router_route(r, j);

		if (strcmp(tags ? before->tag : before->path, tags ? rt->tag : rt->path) == 0)
			return false;
	}
	return true;
}

static void put_paths(struct buf *b, const struct components *cs, const struct router *r)
{
	json_name(b, "paths");
	buf_char(b, '{');
	for (size_t i = 0; i < router_count(r); i++) {
		const char *path = router_route(r, i)->path;

		if (!is_first(r, i, false))
			continue;
		json_name(b, path);
		buf_char(b, '{');
		for (size_t j = i; j < router_count(r); j++) {
			if (strcmp(router_route(r, j)->path, path) == 0)
				put_operation(b, cs, router_route(r, j));
		}
		buf_char(b, '}');
	}
	buf_char(b, '}');
}

static void put_tags(struct buf *b, const struct router *r)
{
	json_name(b, "tags");
	buf_char(b, '[');
	for (size_t i = 0; i < router_count(r); i++) {
		if (!is_first(r, i, true))
			continue;
		json_next(b);
		buf_char(b, '{');
		json_text(b, "name", router_route(r, i)->tag);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

/* The form of problem.c. */
static void put_problem_schema(struct buf *b)
{
	buf_lit(b, "\"Problem\":{\"type\":\"object\",\"description\":\"RFC 9457.\","
		   "\"required\":[\"type\",\"title\",\"status\",\"code\","
		   "\"request_id\"],\"properties\":{"
		   "\"type\":{\"type\":\"string\",\"format\":\"uri-reference\","
		   "\"description\":\"The page that explains the code.\"},"
		   "\"title\":{\"type\":\"string\"},"
		   "\"status\":{\"type\":\"integer\",\"minimum\":400,\"maximum\":599},"
		   "\"detail\":{\"type\":\"string\"},"
		   "\"instance\":{\"type\":\"string\",\"format\":\"uri-reference\","
		   "\"description\":\"The path of the request.\"},"
		   "\"code\":{\"type\":\"string\",\"enum\":[");
	for (unsigned int i = 1; i < ERR_MAX; i++) {
		if (err_code((enum err)i) == NULL)
			continue;
		json_next(b);
		buf_json_str(b, str_from(err_code((enum err)i)));
	}
	buf_lit(b, "]},\"request_id\":{\"type\":\"string\"},"
		   "\"errors\":{\"type\":\"array\",\"description\":\"All faults of the input.\","
		   "\"items\":{\"type\":\"object\",\"required\":[\"code\"],\"properties\":{"
		   "\"pointer\":{\"type\":\"string\",\"format\":\"json-pointer\","
		   "\"description\":\"Into the body (RFC 6901).\"},"
		   "\"parameter\":{\"type\":\"string\","
		   "\"description\":\"The name of a parameter or header.\"},"
		   "\"code\":{\"type\":\"string\"},\"detail\":{\"type\":\"string\"}}}},"
		   "\"state\":{\"type\":\"string\","
		   "\"description\":\"With `state_conflict`: the state of the object.\"},"
		   "\"available_actions\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"
		   "\"description\":\"With `state_conflict`: what is possible in it.\"}}}");
}

static void put_head(struct buf *b, const struct config *c)
{
	bool has_url = c != NULL && c->public_url != NULL && c->public_url[0] != '\0';

	buf_lit(b, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"remit\"");
	json_text(b, "version", PACKAGE_VERSION);
	json_text(b, "description", description);
	buf_lit(b, ",\"license\":{\"name\":\"Apache License 2.0\",\"identifier\":\"Apache-2.0\"}}"
		   ",\"servers\":[{");
	json_text(b, "url", has_url ? c->public_url : "/");
	buf_lit(b, "}]");
}

void openapi_put(struct buf *b, const struct router *r, const struct config *c)
{
	struct components cs;
	enum err e = components_init(&cs, b->arena, r);

	if (e != ERR_OK) {
		if (b->err == ERR_OK)
			b->err = e;
		return;
	}
	put_head(b, c);
	put_tags(b, r);
	put_paths(b, &cs, r);
	json_name(b, "components");
	buf_char(b, '{');
	buf_z(b, security_schemes);
	json_next(b);
	buf_z(b, parameters);
	json_next(b);
	buf_z(b, headers);
	json_next(b);
	buf_z(b, responses);
	json_name(b, "schemas");
	buf_char(b, '{');
	put_problem_schema(b);
	components_put(b, &cs);
	buf_lit(b, "}}}");
}
