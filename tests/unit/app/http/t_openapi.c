/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The document of a small table that has every kind of row and field. REMIT_OPENAPI_OUT names a
 * file to write it to, for the linters of others.
 */
#include "app/http/route.h"

#include <check.h>
#include <json-c/json.h>
#include <json-c/json_pointer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct address {
	struct str city;
	struct str country;
};
struct patchable {
	struct str color;
	uint64_t present;
};
struct line {
	struct str text;
	dec6 quantity;
};
struct thing {
	struct id id;
	struct id owner;
	struct str name;
	struct str note;
	struct str email;
	int64_t count;
	int64_t total;
	dec6 rate;
	bool active;
	int64_t created_at;
	int32_t due;
	int32_t status;
	struct str currency;
	struct address address;
	struct patchable look;
	struct slice lines;
	struct str metadata;
	struct str raw;
	struct str secret;
	struct str token;
	int64_t version;
	uint64_t present;
};
struct in {
	struct id id;
	struct str q;
	int32_t status;
	struct thing body;
};

static const char *const statuses[] = { "open", "closed" };

static const struct field address_fields[] = {
	{ FIELD_OF(struct address, city, FIELD_STR), .flags = FIELD_REQUIRED, .max = 80 },
	{ FIELD_OF(struct address, country, FIELD_COUNTRY), .flags = FIELD_NULLABLE },
};
static const struct schema address = { .name = "Address",
				       SCHEMA_FIELDS(address_fields, struct address) };

static const struct field look_fields[] = {
	{ FIELD_OF(struct patchable, color, FIELD_STR), .flags = FIELD_REQUIRED },
};
static const struct schema look = { .name = "Look",
				    SCHEMA_FIELDS(look_fields, struct patchable),
				    SCHEMA_PRESENT(struct patchable, present) };

static const struct field line_fields[] = {
	{ FIELD_OF(struct line, text, FIELD_TEXT), .flags = FIELD_REQUIRED, .min = 1, .max = 200 },
	{ FIELD_OF(struct line, quantity, FIELD_DEC6), .min = 1, .max = DEC6_MAX,
	  .fallback = 1500000, .has_fallback = true },
};
static const struct schema line = { .name = "Line", SCHEMA_FIELDS(line_fields, struct line) };

static const struct field thing_fields[] = {
	{ FIELD_OF(struct thing, id, FIELD_ID), .prefix = "thg", .flags = FIELD_OUT_ONLY },
	{ FIELD_OF(struct thing, owner, FIELD_ID), .prefix = "usr",
	  .flags = FIELD_NULLABLE | FIELD_OMIT, .doc = "Who \"owns\" it." },
	{ FIELD_OF(struct thing, name, FIELD_STR), .flags = FIELD_REQUIRED, .min = 1, .max = 255,
	  .example = "\"Chai {\"" },
	{ FIELD_OF(struct thing, note, FIELD_TEXT), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct thing, email, FIELD_EMAIL) },
	{ FIELD_OF(struct thing, count, FIELD_I64), .min = 0, .max = 10, .fallback = 3,
	  .has_fallback = true, .example = "4" },
	{ FIELD_OF(struct thing, total, FIELD_MONEY), .flags = FIELD_OUT_ONLY },
	{ FIELD_OF(struct thing, rate, FIELD_DEC6), .doc = "Percent.", .max = INT64_C(100000000),
	  .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct thing, active, FIELD_BOOL), .fallback = 1, .has_fallback = true },
	{ FIELD_OF(struct thing, created_at, FIELD_TIME), .flags = FIELD_OUT_ONLY },
	{ FIELD_OF(struct thing, due, FIELD_DATE), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct thing, status, FIELD_ENUM), .names = statuses, .n_names = 2,
	  .flags = FIELD_NULLABLE, .fallback = 1, .has_fallback = true },
	{ FIELD_OF(struct thing, currency, FIELD_CURRENCY), .flags = FIELD_REQUIRED },
	{ FIELD_OF(struct thing, address, FIELD_OBJECT), .of = &address, .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct thing, look, FIELD_OBJECT), .of = &look },
	{ FIELD_OF(struct thing, lines, FIELD_ARRAY), .of = &line, .min = 1, .max = 900 },
	{ FIELD_OF(struct thing, metadata, FIELD_METADATA) },
	{ FIELD_OF(struct thing, raw, FIELD_JSON) },
	{ FIELD_OF(struct thing, secret, FIELD_STR), .flags = FIELD_IN_ONLY | FIELD_SECRET },
	{ FIELD_OF(struct thing, token, FIELD_STR), .flags = FIELD_OUT_ONLY | FIELD_OMIT },
	{ FIELD_OF(struct thing, version, FIELD_I64), .flags = FIELD_OUT_ONLY },
};
static const struct schema thing = { .name = "Thing",
				     .object = "thing",
				     .doc = "A thing.",
				     SCHEMA_FIELDS(thing_fields, struct thing),
				     SCHEMA_PRESENT(struct thing, present) };

/* Another schema of the same name, and one whose patch loses its "Input". */
static const struct field other_fields[] = {
	{ FIELD_OF(struct patchable, color, FIELD_STR) },
};
static const struct schema other = { .name = "Thing",
				     SCHEMA_FIELDS(other_fields, struct patchable),
				     SCHEMA_PRESENT(struct patchable, present) };
static const struct schema note_input = { .name = "NoteInput",
					  SCHEMA_FIELDS(other_fields, struct patchable),
					  SCHEMA_PRESENT(struct patchable, present) };

static const struct field id_fields[] = {
	{ FIELD_OF(struct in, id, FIELD_ID), .prefix = "thg", .doc = "The thing." },
};
static const struct schema by_id = { .name = "ById", SCHEMA_FIELDS(id_fields, struct in) };

static const struct field query_fields[] = {
	{ .name = "filter[status]",
	  .type = FIELD_ENUM,
	  .offset = offsetof(struct in, status),
	  .names = statuses,
	  .n_names = 2,
	  .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct in, q, FIELD_STR), .max = 40 },
};
static const struct schema query = { .name = "Query", SCHEMA_FIELDS(query_fields, struct in) };

static const struct list_sort sorts[] = {
	{ .name = "created_at", .key_offset = -1 },
	{ .name = "total", .key_offset = offsetof(struct thing, total) },
};
static const struct list list = {
	.row = &thing, .id_offset = offsetof(struct thing, id), .sorts = sorts, .n_sorts = 2
};

static enum err handle(struct call *call, const void *in, void *out)
{
	(void)call;
	(void)in;
	(void)out;
	return ERR_OK;
}

#define ROW(id_, method_, path_, permission_, access_, status_)                                   \
	.id = (id_), .method = (method_), .path = (path_), .permission = (permission_),           \
	.access = (access_), .status = (status_), .handle = handle, .in_size = sizeof(struct in), \
	.summary = "A \"summary\""
#define RESULT(schema_, struct_) .result = (schema_), .out_size = sizeof(struct_)
#define BODY(schema_)		 .body = (schema_), .body_offset = offsetof(struct in, body)

static const struct route routes[] = {
	{ ROW("things.list", HTTP_GET, "/v1/things", PERMISSION_ORDERS_READ, ACCESS_READ, 200),
	  .query = &query, .list = &list, .out_size = sizeof(struct list_out), .class = CLASS_WRITE,
	  .tag = "Things" },
	{ ROW("health.get", HTTP_GET, "/health", PERMISSION_PUBLIC, ACCESS_NONE, 200),
	  .class = CLASS_HEALTH, .media = "text/plain", .out_size = sizeof(struct raw_out),
	  .tag = "System" },
	{ ROW("things.create", HTTP_POST, "/v1/things", PERMISSION_ORDERS_WRITE, ACCESS_WRITE, 201),
	  BODY(&thing), RESULT(&thing, struct thing), .location = "/v1/things/{id}",
	  .class = CLASS_WRITE, .tag = "Things", .doc = "Some *Markdown*.",
	  .errors = { ERR_ALREADY_EXISTS, ERR_OVERFLOW } },
	{ ROW("things.get", HTTP_GET, "/v1/things/{id}", PERMISSION_ORDERS_READ, ACCESS_READ, 200),
	  .path_params = &by_id, RESULT(&thing, struct thing), .class = CLASS_WRITE,
	  .tag = "Things" },
	{ ROW("things.update", HTTP_PATCH, "/v1/things/{id}", PERMISSION_ORDERS_WRITE, ACCESS_WRITE,
	      200),
	  .path_params = &by_id, BODY(&thing), .partial = true, RESULT(&thing, struct thing),
	  .if_match = true, .class = CLASS_WRITE, .tag = "Things" },
	{ ROW("things.delete", HTTP_DELETE, "/v1/things/{id}", PERMISSION_ORDERS_WRITE,
	      ACCESS_WRITE, 204),
	  .path_params = &by_id, .if_match = true, .class = CLASS_WRITE, .tag = "Things",
	  .errors = { ERR_STATE_CONFLICT } },
	{ ROW("things.note", HTTP_POST, "/v1/things/{id}/note", PERMISSION_SELF, ACCESS_WRITE, 200),
	  .path_params = &by_id, BODY(&note_input), .body_optional = true,
	  RESULT(&other, struct patchable), .class = CLASS_WRITE, .tag = "Things" },
	{ ROW("notes.update", HTTP_PATCH, "/v1/note", PERMISSION_SELF, ACCESS_WRITE, 200),
	  BODY(&note_input), .partial = true, RESULT(&other, struct patchable),
	  .class = CLASS_WRITE, .tag = "Things" },
	{ ROW("sessions.create", HTTP_POST, "/v1/sessions", PERMISSION_PUBLIC, ACCESS_WRITE, 201),
	  .class = CLASS_LOGIN, BODY(&other), RESULT(&other, struct patchable), .tag = "Sessions" },
};

static struct arena *arena;
static struct router *router;
static struct str text;
static struct json_object *root;
static const struct config config = { .public_url = "https://api.example.com" };

static struct str put(const struct config *c)
{
	struct str s = STR_NONE;
	struct buf b;

	buf_init(&b, arena, 0, 4 << 20);
	openapi_put(&b, router, c);
	ck_assert_int_eq(buf_finish(&b, &s), ERR_OK);
	return s;
}

static void setup(void)
{
	static const size_t n = sizeof(routes) / sizeof(routes[0]);
	static const struct domain domain = { .name = "t", .routes = { { routes, &n } } };
	const struct domain *domains[] = { &domain };
	const char *message = NULL;
	char *z;

	arena = arena_new(64 << 20);
	ck_assert_msg(router_new(domains, 1, &router, &message) == ERR_OK, "%s", message);
	text = put(&config);
	z = arena_dupz(arena, text);
	root = json_tokener_parse(z);
	ck_assert_msg(root != NULL, "not JSON: %s", z);
}

static void teardown(void)
{
	json_object_put(root);
	router_free(router);
	arena_free(arena);
}

/* The value at an RFC 6901 pointer, NULL when there is none. */
static struct json_object *at(const char *pointer)
{
	struct json_object *value = NULL;

	return json_pointer_get(root, pointer, &value) == 0 ? value : NULL;
}

/* The value at a pointer is this JSON text; NULL: it is not there. */
static void is(const char *pointer, const char *want)
{
	struct json_object *value = at(pointer);
	const char *have = json_object_to_json_string_ext(
		value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (want == NULL)
		ck_assert_msg(value == NULL, "%s is %s", pointer, have);
	else
		ck_assert_msg(value != NULL && strcmp(have, want) == 0, "\n%s\nhave %s\nwant %s",
			      pointer, have, want);
}

START_TEST(test_document)
{
	const char *out = getenv("REMIT_OPENAPI_OUT");

	is("/openapi", "\"3.1.0\"");
	is("/info/title", "\"remit\"");
	is("/info/license/identifier", "\"Apache-2.0\"");
	is("/servers", "[{\"url\":\"https://api.example.com\"}]");
	is("/tags", "[{\"name\":\"Things\"},{\"name\":\"System\"},{\"name\":\"Sessions\"}]");
	ck_assert_int_eq(json_object_object_length(at("/paths")), 6);
	ck_assert_int_eq(json_object_object_length(at("/paths/~1v1~1things~1{id}")), 3);
	if (out != NULL) {
		FILE *f = fopen(out, "w");

		ck_assert_ptr_nonnull(f);
		ck_assert_uint_eq(fwrite(text.p, 1, text.n, f), text.n);
		ck_assert_int_eq(fclose(f), 0);
	}
}
END_TEST

START_TEST(test_deterministic)
{
	struct config none = { .public_url = "" };

	ck_assert(str_eq(put(&config), text));
	ck_assert(str_eq(put(NULL), put(&none)));
	ck_assert(memmem(put(NULL).p, 2000, "\"servers\":[{\"url\":\"/\"}]", 23) != NULL);
}
END_TEST

#define THINGS	      "/paths/~1v1~1things"
#define BY_ID	      THINGS "~1{id}"
#define PARAM(name_)  "{\"$ref\":\"#/components/parameters/" name_ "\"}"
#define SCHEMA(name_) "{\"$ref\":\"#/components/schemas/" name_ "\"}"
#define HEADER(name_) "{\"$ref\":\"#/components/headers/" name_ "\"}"

START_TEST(test_operations)
{
	is(THINGS "/get/operationId", "\"things.list\"");
	is(THINGS "/get/security", "[{\"bearer\":[]}]");
	is(THINGS "/get/x-permission", "\"orders:read\"");
	is(THINGS "/get/description", NULL);
	is(THINGS "/post/description", "\"Some *Markdown*.\"");
	is(THINGS "/post/summary", "\"A \\\"summary\\\"\"");
	is("/paths/~1v1~1note/patch/x-permission", "\"self\"");
	is("/paths/~1health/get/x-permission", "\"public\"");
	is("/paths/~1health/get/security", "[]");
	is("/paths/~1health/get/responses/200/content",
	   "{\"text/plain\":{\"schema\":{\"type\":\"string\"}}}");
	is(BY_ID "/delete/responses/204/content", NULL);
	is(BY_ID "/get/requestBody", NULL);
	is(THINGS "/post/requestBody/required", "true");
	is(BY_ID "~1note/post/requestBody/required", NULL);
	is(THINGS "/post/requestBody/content",
	   "{\"application/json\":{\"schema\":" SCHEMA("ThingInput") "}}");
	is(BY_ID "/patch/requestBody/content",
	   "{\"application/json\":{\"schema\":" SCHEMA(
		   "ThingPatch") "},"
				 "\"application/merge-patch+json\":{\"schema\":" SCHEMA(
					 "ThingPatch") "}}");
	is(THINGS "/get/responses/200/content",
	   "{\"application/json\":{\"schema\":" SCHEMA("ThingList") "}}");
}
END_TEST

START_TEST(test_parameters)
{
	is(THINGS "/get/parameters",
	   "[" PARAM("Limit") "," PARAM(
		   "Cursor") ","
			     "{\"name\":\"sort\",\"in\":\"query\",\"description\":\"`-` before the "
			     "name: descending.\","
			     "\"schema\":{\"type\":\"string\",\"enum\":[\"created_at\",\"-created_"
			     "at\",\"total\","
			     "\"-total\"],\"default\":\"-created_at\"}},"
			     "{\"name\":\"filter[status]\",\"in\":\"query\",\"schema\":{\"type\":"
			     "\"string\","
			     "\"enum\":[\"open\",\"closed\"]}},"
			     "{\"name\":\"q\",\"in\":\"query\",\"schema\":{\"type\":\"string\","
			     "\"maxLength\":40}}," PARAM("Consistency") "," PARAM("RequestId") "]");
	is(THINGS "/post/parameters", "[" PARAM("IdempotencyKey") "," PARAM("RequestId") "]");
	is(BY_ID "/get/parameters/0",
	   "{\"name\":\"id\",\"in\":\"path\",\"description\":\"The thing.\",\"required\":true,"
	   "\"schema\":{\"type\":\"string\",\"pattern\":"
	   "\"^thg_[0-7][0-9a-hjkmnp-tv-z]{25}$\"}}");
	is(BY_ID "/get/parameters/1", PARAM("IfNoneMatch"));
	is(BY_ID "/patch/parameters/1", PARAM("IdempotencyKey"));
	is(BY_ID "/patch/parameters/2", PARAM("IfMatch"));
	is("/paths/~1v1~1sessions/post/parameters", "[" PARAM("RequestId") "]");
	is("/paths/~1health/get/parameters", "[" PARAM("RequestId") "]");
}
END_TEST

/* The statuses of an operation, in order. */
static void statuses_are(const char *operation, const char *want)
{
	char pointer[128];
	char have[256] = "";

	snprintf(pointer, sizeof(pointer), "%s/responses", operation);
	json_object_object_foreach(at(pointer), name, value)
	{
		(void)value;
		strcat(have, " ");
		strcat(have, name);
	}
	ck_assert_str_eq(have, want);
}

START_TEST(test_responses)
{
	statuses_are(THINGS "/get", " 200 400 401 403 429 500 503 504");
	statuses_are(THINGS "/post", " 201 400 401 403 409 413 415 422 429 500 503 504");
	statuses_are(BY_ID "/get", " 200 304 400 401 403 404 429 500 503 504");
	statuses_are(BY_ID "/patch", " 200 400 401 403 404 409 412 413 415 422 429 500 503 504");
	statuses_are(BY_ID "/delete", " 204 400 401 403 404 409 412 422 429 500 503 504");
	statuses_are("/paths/~1v1~1note/patch", " 200 400 401 409 413 415 422 429 500 503 504");
	statuses_are("/paths/~1health/get", " 200 400 500 503");
	is(THINGS "/post/responses/409",
	   "{\"$ref\":\"#/components/responses/Retry\",\"description\":"
	   "\"`conflict`, `already_exists`, `idempotency_key_in_use`\"}");
	is(THINGS "/post/responses/422",
	   "{\"$ref\":\"#/components/responses/Problem\",\"description\":"
	   "\"`validation_failed`, `idempotency_key_reused`, `amount_overflow`\"}");
	is(THINGS "/get/responses/400/description",
	   "\"`malformed_request`, `invalid_parameter`, `invalid_cursor`\"");
	is(THINGS "/get/responses/401/$ref", "\"#/components/responses/Unauthenticated\"");
	is(THINGS "/post/responses/201/headers",
	   "{\"X-Request-Id\":" HEADER("RequestId") ",\"ETag\":" HEADER(
		   "ETag") ",\"Location\""
			   ":" HEADER("Locatio"
				      "n") ","
					   "\""
					   "Re"
					   "mi"
					   "t-"
					   "Co"
					   "ns"
					   "is"
					   "te"
					   "nc"
					   "y"
					   "\""
					   ":" HEADER("Consistency") ",\"Idempotent-"
								     "Replayed\":" HEADER(
									     "IdempotentReplay"
									     "ed") "}");
	is(THINGS "/get/responses/200/headers",
	   "{\"X-Request-Id\":" HEADER("RequestId") ",\"Link\":" HEADER("Link") "}");
}
END_TEST

#define SCHEMAS "/components/schemas/"

START_TEST(test_forms)
{
	is(SCHEMAS "Thing/required",
	   "[\"object\",\"id\",\"name\",\"note\",\"email\",\"count\",\"total\",\"rate\",\"active\","
	   "\"created_at\",\"due\",\"status\",\"currency\",\"address\",\"look\",\"lines\","
	   "\"metadata\",\"raw\",\"version\"]");
	is(SCHEMAS "Thing/properties/object", "{\"type\":\"string\",\"const\":\"thing\"}");
	is(SCHEMAS "Thing/properties/secret", NULL);
	is(SCHEMAS "Thing/additionalProperties", NULL);
	is(SCHEMAS "Thing/description", "\"A thing.\"");
	is(SCHEMAS "ThingInput/required", "[\"name\",\"currency\"]");
	is(SCHEMAS "ThingInput/additionalProperties", "false");
	is(SCHEMAS "ThingInput/properties/object", NULL);
	is(SCHEMAS "ThingInput/properties/id", NULL);
	is(SCHEMAS "ThingInput/properties/raw", NULL);
	is(SCHEMAS "ThingPatch/required", NULL);
	is(SCHEMAS "ThingPatch/additionalProperties", "false");
	is(SCHEMAS "ThingPatch/properties/count/default", NULL);
	/* inside of a patch: replaced as a whole without `present`, patched with it */
	is(SCHEMAS "ThingPatch/properties/address/anyOf/0", SCHEMA("AddressInput"));
	is(SCHEMAS "ThingPatch/properties/look", SCHEMA("LookPatch"));
	is(SCHEMAS "ThingPatch/properties/lines/items", SCHEMA("LineInput"));
	is(SCHEMAS "LookPatch/required", NULL);
	is(SCHEMAS "LookInput/required", "[\"color\"]");
	/* two schemas of one name; a patch of what is an input by name */
	is(SCHEMAS "Thing2/properties/color/type", "\"string\"");
	is(SCHEMAS "Thing2Input", NULL);
	is(SCHEMAS "NoteInput/additionalProperties", "false");
	is(SCHEMAS "NotePatch/additionalProperties", "false");
	is(SCHEMAS "ThingList/properties/data/items", SCHEMA("Thing"));
	is(SCHEMAS "ThingList/required", "[\"object\",\"data\",\"has_more\",\"next_cursor\"]");
	is("/paths/~1v1~1sessions/post/requestBody/content/application~1json/schema",
	   SCHEMA("ThingInput2"));
}
END_TEST

START_TEST(test_fields)
{
	static const struct {
		const char *pointer;
		const char *schema;
	} cases[] = {
		{ "Thing/properties/id",
		  "{\"type\":\"string\",\"pattern\":\"^thg_[0-7][0-9a-hjkmnp-tv-z]{25}$\"}" },
		{ "Thing/properties/owner",
		  "{\"type\":\"string\",\"pattern\":\"^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$\","
		  "\"description\":\"Who \\\"owns\\\" it.\"}" },
		{ "ThingInput/properties/owner/type", "[\"string\",\"null\"]" },
		{ "ThingInput/properties/name",
		  "{\"type\":\"string\",\"minLength\":1,\"maxLength\":255,"
		  "\"examples\":[\"Chai {\"]}" },
		{ "Thing/properties/note", "{\"type\":[\"string\",\"null\"]}" },
		{ "ThingInput/properties/note",
		  "{\"type\":[\"string\",\"null\"],\"maxLength\":10000}" },
		{ "Thing/properties/email", "{\"type\":\"string\",\"format\":\"email\"}" },
		{ "ThingInput/properties/email",
		  "{\"type\":\"string\",\"format\":\"email\",\"maxLength\":254}" },
		{ "ThingInput/properties/count",
		  "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":0,\"maximum\":10,"
		  "\"default\":3,\"examples\":[4]}" },
		{ "Thing/properties/total",
		  "{\"type\":\"integer\",\"format\":\"int64\","
		  "\"description\":\"In minor units of the currency.\"}" },
		{ "ThingInput/properties/rate",
		  "{\"type\":[\"string\",\"null\"],\"format\":\"decimal\","
		  "\"pattern\":\"^(0|[1-9][0-9]{0,11})(\\\\.[0-9]{1,6})?$\","
		  "\"description\":\"Percent. From 0 to 100.\"}" },
		{ "LineInput/properties/quantity",
		  "{\"type\":\"string\",\"format\":\"decimal\","
		  "\"pattern\":\"^(0|[1-9][0-9]{0,11})(\\\\.[0-9]{1,6})?$\","
		  "\"description\":\"From 0.000001 to "
		  "999999999999.999999.\",\"default\":\"1.5\"}" },
		{ "ThingInput/properties/active", "{\"type\":\"boolean\",\"default\":true}" },
		{ "Thing/properties/active", "{\"type\":\"boolean\"}" },
		{ "Thing/properties/created_at", "{\"type\":\"string\",\"format\":\"date-time\"}" },
		{ "Thing/properties/due", "{\"type\":[\"string\",\"null\"],\"format\":\"date\"}" },
		{ "ThingInput/properties/status",
		  "{\"type\":[\"string\",\"null\"],\"enum\":[\"open\",\"closed\",null],"
		  "\"default\":\"closed\"}" },
		{ "Thing/properties/currency", "{\"type\":\"string\",\"pattern\":\"^[A-Z]{3}$\","
					       "\"description\":\"ISO 4217.\"}" },
		{ "Address/properties/country",
		  "{\"type\":[\"string\",\"null\"],\"pattern\":\"^[A-Z]{2}$\","
		  "\"description\":\"ISO 3166-1.\"}" },
		{ "Thing/properties/address",
		  "{\"anyOf\":[" SCHEMA("Address") ",{\"type\":\"null\"}]}" },
		{ "Thing/properties/look", SCHEMA("Look") },
		{ "Thing/properties/lines",
		  "{\"type\":\"array\",\"items\":" SCHEMA("Line") ",\"minItems\":1,"
								  "\"maxItems\":900}" },
		{ "ThingPatch/properties/metadata",
		  "{\"type\":\"object\",\"maxProperties\":50,\"propertyNames\":{\"maxLength\":40},"
		  "\"additionalProperties\":{\"type\":[\"string\",\"null\"],\"maxLength\":500}}" },
		{ "Thing/properties/metadata/additionalProperties/type", "\"string\"" },
		{ "Thing/properties/raw", "{}" },
		{ "ThingInput/properties/secret",
		  "{\"type\":\"string\",\"format\":\"password\",\"maxLength\":255,"
		  "\"writeOnly\":true}" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char pointer[128];

		snprintf(pointer, sizeof(pointer), SCHEMAS "%s", cases[i].pointer);
		is(pointer, cases[i].schema);
	}
}
END_TEST

/* Every reference of the document has its target. */
static void check_refs(struct json_object *value)
{
	if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			check_refs(json_object_array_get_idx(value, i));
	}
	if (!json_object_is_type(value, json_type_object))
		return;
	json_object_object_foreach(value, name, member)
	{
		if (strcmp(name, "$ref") == 0)
			ck_assert_msg(at(json_object_get_string(member) + 1) != NULL, "%s",
				      json_object_get_string(member));
		check_refs(member);
	}
}

START_TEST(test_refs)
{
	check_refs(root);
}
END_TEST

/* A full buffer and a full arena end in an error, not in a broken document. */
START_TEST(test_limits)
{
	for (size_t cap = 0; cap < text.n; cap += 97) {
		struct arena_mark mark = arena_mark(arena);
		struct str s;
		struct buf b;

		buf_init(&b, arena, 0, cap);
		openapi_put(&b, router, &config);
		ck_assert_int_eq(buf_finish(&b, &s), ERR_LIMIT);
		arena_rewind(arena, mark);
	}
	for (size_t cap = 64; cap < text.n; cap += 997) {
		struct arena *small = arena_new(cap);
		struct str s;
		struct buf b;

		buf_init(&b, small, 0, 4 << 20);
		openapi_put(&b, router, &config);
		ck_assert_int_eq(buf_finish(&b, &s), ERR_NO_MEMORY);
		arena_free(small);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("openapi");
	TCase *t = tcase_create("openapi");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_document);
	tcase_add_test(t, test_deterministic);
	tcase_add_test(t, test_operations);
	tcase_add_test(t, test_parameters);
	tcase_add_test(t, test_responses);
	tcase_add_test(t, test_forms);
	tcase_add_test(t, test_fields);
	tcase_add_test(t, test_refs);
	tcase_add_test(t, test_limits);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
