/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the API's answers. Strings are copied, for json-c's own end with its tree. */
#include "app/ctl/import_answer.h"

#include <stddef.h>

#include <json-c/json.h>

#include "app/base/buf.h"

enum { PROBLEM_MAX = 1000, FAULTS_SHOWN = 3 };

static const struct {
	const char *name;
	size_t offset;
} texts[] = {
	{ "id", offsetof(struct import_object, id) },
	{ "external_id", offsetof(struct import_object, external_id) },
	{ "sku", offsetof(struct import_object, external_id) },
	{ "status", offsetof(struct import_object, status) },
	{ "number", offsetof(struct import_object, number) },
	{ "issue_date", offsetof(struct import_object, issue_date) },
	{ "created_at", offsetof(struct import_object, created_at) },
	{ "finalized_at", offsetof(struct import_object, finalized_at) },
	{ "currency", offsetof(struct import_object, currency) },
};

static const struct {
	const char *name;
	size_t offset;
} integers[] = {
	{ "subtotal", offsetof(struct import_object, subtotal) },
	{ "total", offsetof(struct import_object, total) },
	{ "amount", offsetof(struct import_object, amount) },
	{ "amount_paid", offsetof(struct import_object, amount_paid) },
	{ "line_count", offsetof(struct import_object, line_count) },
	{ "code", offsetof(struct import_object, code) },
	{ "balance", offsetof(struct import_object, balance) },
};

static struct json_object *parse(struct str body)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *root = NULL;

	if (tokener == NULL || body.n > INT32_MAX) {
		json_tokener_free(tokener);
		return NULL;
	}
	root = json_tokener_parse_ex(tokener, body.p, (int)body.n);
	if (json_tokener_get_error(tokener) != json_tokener_success) {
		json_object_put(root);
		root = NULL;
	}
	json_tokener_free(tokener);
	return root;
}

/* The member when it has this type. */
static struct json_object *member(struct json_object *o, const char *name, enum json_type type)
{
	struct json_object *value;

	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, name, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

/* A view into the tree. */
static struct str member_text(struct json_object *o, const char *name)
{
	struct json_object *value = member(o, name, json_type_string);

	if (value == NULL)
		return STR_NONE;
	return (struct str){ .p = json_object_get_string(value),
			     .n = (size_t)json_object_get_string_len(value) };
}

static int64_t member_i64(struct json_object *o, const char *name)
{
	return json_object_get_int64(member(o, name, json_type_int));
}

static void sum_lines(struct json_object *o, struct import_object *ret)
{
	struct json_object *lines = member(o, "lines", json_type_array);
	const size_t n = lines != NULL ? json_object_array_length(lines) : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *line = json_object_array_get_idx(lines, i);
		const int64_t net = member_i64(line, "net");

		if (member(line, "product_id", json_type_string) != NULL) {
			ret->lines++;
			ret->net += net;
		} else {
			ret->freight_lines++;
			ret->freight += net;
		}
	}
}

static enum err read_object(struct arena *a, struct json_object *o, struct import_object *ret)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct str *to = (struct str *)(void *)((char *)ret + texts[i].offset);
		const struct str text = member_text(o, texts[i].name);

		if (text.p == NULL)
			continue;
		*to = arena_dup(a, text);
		if (to->p == NULL)
			return ERR_NO_MEMORY;
	}
	for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
		int64_t *to = (int64_t *)(void *)((char *)ret + integers[i].offset);

		*to = member_i64(o, integers[i].name);
	}
	sum_lines(o, ret);
	return ERR_OK;
}

/* The elements of an array, or the object itself. */
static enum err read_objects(struct arena *a, struct json_object *root, struct json_object *array,
			     struct import_answer *ret)
{
	const size_t n = array != NULL ? json_object_array_length(array) : 1;
	enum err e = ERR_OK;

	ret->objects = arena_array(a, n, sizeof(*ret->objects));
	if (ret->objects == NULL)
		return ERR_NO_MEMORY;
	ret->n = n;
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = read_object(a, array != NULL ? json_object_array_get_idx(array, i) : root,
				&ret->objects[i]);
	return e;
}

enum err import_answer_read(struct arena *a, struct str body, struct import_answer *ret_answer)
{
	struct json_object *root = parse(body);
	struct json_object *array;
	struct import_answer answer = { .ok = true };
	struct str cursor, as_of;
	enum err e;

	if (!json_object_is_type(root, json_type_object)) {
		json_object_put(root);
		return ERR_MALFORMED;
	}
	array = member(root, "data", json_type_array);
	if (array == NULL)
		array = member(root, "rows", json_type_array);
	e = read_objects(a, root, array, &answer);
	cursor = member_text(root, "next_cursor");
	as_of = member_text(root, "as_of");
	if (e == ERR_OK && cursor.p != NULL)
		answer.next_cursor = arena_dup(a, cursor);
	if (e == ERR_OK && as_of.p != NULL)
		answer.as_of = arena_dup(a, as_of);
	answer.balanced = json_object_get_boolean(member(root, "balanced", json_type_boolean));
	json_object_put(root);
	if (e == ERR_OK)
		*ret_answer = answer;
	return e;
}

/* Appends ", /lines/3/quantity: must be positive". */
static void put_faults(struct buf *b, struct json_object *root)
{
	struct json_object *faults = member(root, "errors", json_type_array);
	const size_t n = faults != NULL ? json_object_array_length(faults) : 0;

	for (size_t i = 0; i < n && i < FAULTS_SHOWN; i++) {
		struct json_object *fault = json_object_array_get_idx(faults, i);
		const struct str pointer = member_text(fault, "pointer");
		const struct str detail = member_text(fault, "detail");

		buf_lit(b, "; ");
		buf_str(b, pointer.p != NULL ? pointer : member_text(fault, "parameter"));
		buf_lit(b, ": ");
		buf_str(b, detail.p != NULL ? detail : member_text(fault, "code"));
	}
	if (n > FAULTS_SHOWN)
		buf_lit(b, "; ...");
}

/* The error that a status means where the answer is not one of the API. */
static enum err status_err(int status)
{
	for (int e = 1; e < ERR_MAX; e++)
		if (err_code((enum err)e) != NULL && err_status((enum err)e) == status)
			return (enum err)e;
	return status >= 500 ? ERR_INTERNAL : ERR_MALFORMED;
}

enum err import_problem_read(struct arena *a, int status, struct str body, const char **ret_text)
{
	struct json_object *root = parse(body);
	const struct str code = member_text(root, "code");
	struct str detail = member_text(root, "detail");
	enum err e = ERR_MAX;
	struct buf b;
	struct str text;

	buf_init(&b, a, 256, 4 * PROBLEM_MAX);
	buf_i64(&b, status);
	if (code.p != NULL) {
		e = err_from_code(json_object_get_string(member(root, "code", json_type_string)));
		buf_char(&b, ' ');
		buf_str(&b, code);
	}
	if (detail.p == NULL)
		detail = member_text(root, "title");
	if (detail.n > 0) {
		buf_lit(&b, ": ");
		buf_str(&b, detail);
	}
	put_faults(&b, root);
	buf_char(&b, '\0');
	*ret_text = buf_finish(&b, &text) == ERR_OK ? text.p : "an answer too long to show";
	json_object_put(root);
	return e == ERR_MAX || e == ERR_OK ? status_err(status) : e;
}
