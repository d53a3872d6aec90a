/* SPDX-License-Identifier: Apache-2.0 */
#include "app/http/problem.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;
static const struct config config = { .public_url = "https://api.example.com" };

static void setup(void)
{
	arena = arena_new(4 << 20);
	ck_assert_ptr_nonnull(arena);
}

static void teardown(void)
{
	arena_free(arena);
}

static struct str put(enum err e, const struct call *call, const struct http_request *rq)
{
	struct str text = STR_NONE;
	struct buf b;

	buf_init(&b, arena, 0, 1 << 16);
	problem_put(&b, e, call, rq);
	ck_assert_int_eq(buf_finish(&b, &text), ERR_OK);
	return text;
}

static void same(struct str have, const char *want)
{
	ck_assert_msg(str_eq_z(have, want), "\nhave " STR_FMT "\nwant %s", STR_ARG(have), want);
}

START_TEST(test_no_call)
{
	struct http_request rq = { .path = STR("/v1/x"), .request_id = STR("r1") };

	same(put(ERR_ROUTE_NOT_FOUND, NULL, &rq),
	     "{\"type\":\"/docs/errors/route_not_found\",\"title\":\"There is no such route\","
	     "\"status\":404,\"instance\":\"/v1/x\",\"code\":\"route_not_found\","
	     "\"request_id\":\"r1\"}");
	rq.request_id = STR_NONE;
	rq.path = STR_NONE;
	same(put(ERR_URI_TOO_LONG, NULL, &rq),
	     "{\"type\":\"/docs/errors/uri_too_long\",\"title\":\"The URI is too long\","
	     "\"status\":414,\"instance\":\"\",\"code\":\"uri_too_long\",\"request_id\":\"\"}");
}
END_TEST

START_TEST(test_call)
{
	struct http_request rq = { .path = STR("/v1/orders"), .request_id = STR("theirs") };
	struct call call = {
		.config = &config,
		.request_id = STR("ours"),
		.detail = "say \"hi\"",
		.state = STR("draft"),
		.actions = STR("[\"place\"]"),
		.faults = { { .pointer = STR("/a~1b/0"), .code = "required", .detail = "is \"x\"" },
			    { .pointer = STR("limit"), .code = "out_of_range" },
			    { .pointer = STR(""), .code = "wrong_type", .detail = "d" },
			    { .pointer = STR("\xff"), .code = "unknown", .detail = "d" } },
		.n_faults = 4,
	};

	same(put(ERR_VALIDATION, &call, &rq),
	     "{\"type\":\"https://api.example.com/docs/errors/validation_failed\","
	     "\"title\":\"The body has invalid members\",\"status\":422,"
	     "\"detail\":\"say \\\"hi\\\"\",\"instance\":\"/v1/orders\","
	     "\"code\":\"validation_failed\",\"request_id\":\"ours\",\"errors\":["
	     "{\"pointer\":\"/a~1b/0\",\"code\":\"required\",\"detail\":\"is \\\"x\\\"\"},"
	     "{\"parameter\":\"limit\",\"code\":\"out_of_range\"},"
	     "{\"pointer\":\"\",\"code\":\"wrong_type\",\"detail\":\"d\"},"
	     "{\"parameter\":\"%FF\",\"code\":\"unknown\",\"detail\":\"d\"}]}");
	/* neither faults nor a detail of something internal leave with a failure of ours */
	same(put(ERR_DB_STATEMENT, &call, &rq),
	     "{\"type\":\"https://api.example.com/docs/errors/internal_error\","
	     "\"title\":\"Something failed on our side\",\"status\":500,"
	     "\"instance\":\"/v1/orders\",\"code\":\"internal_error\",\"request_id\":\"ours\"}");
	call.n_faults = 0;
	call.detail = NULL;
	same(put(ERR_STATE_CONFLICT, &call, &rq),
	     "{\"type\":\"https://api.example.com/docs/errors/state_conflict\","
	     "\"title\":\"The object's state does not allow this\",\"status\":409,"
	     "\"instance\":\"/v1/orders\",\"code\":\"state_conflict\",\"request_id\":\"ours\","
	     "\"state\":\"draft\",\"available_actions\":[\"place\"]}");
}
END_TEST

START_TEST(test_instance)
{
	static const struct {
		struct str path;
		const char *instance;
	} cases[] = {
		{ { "/a/b", 4 }, "/a/b" },
		{ { "/%2F%zz", 7 }, "/%2F%zz" },
		{ { "/\"\\\n", 4 }, "/%22%5C%0A" },
		{ { "/\0x", 3 }, "/%00x" },
		{ { "/\xc3\xa4", 3 }, "/%C3%A4" },
		{ { "/\xff\x80", 3 }, "/%FF%80" },
		{ { "/<script>", 9 }, "/%3Cscript%3E" },
		{ { "/a:b@c;d=e,f+g!$&'()*~-._", 25 }, "/a:b@c;d=e,f+g!$&'()*~-._" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_request rq = { .path = cases[i].path, .request_id = STR("r") };
		struct str text = put(ERR_NOT_FOUND, NULL, &rq);
		char want[128];

		snprintf(want, sizeof(want), "\"instance\":\"%s\",", cases[i].instance);
		ck_assert_msg(memmem(text.p, text.n, want, strlen(want)) != NULL,
			      STR_FMT " lacks %s", STR_ARG(text), want);
	}
}
END_TEST

/* The instance of `path` in a document. */
static struct str instance_of(struct str path)
{
	struct http_request rq = { .path = path, .request_id = STR("r") };
	struct str text = put(ERR_NOT_FOUND, NULL, &rq);
	const char *name = "\"instance\":\"";
	const char *from = memmem(text.p, text.n, name, strlen(name));

	ck_assert_ptr_nonnull(from);
	from += strlen(name);
	return (struct str){ from, (size_t)(strchr(from, '"') - from) };
}

/* Triples are cut whole, wherever the limit falls. */
START_TEST(test_instance_cut)
{
	char path[2000];

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	for (size_t n = 995; n < 1005; n++)
		ck_assert_uint_eq(instance_of((struct str){ path, n }).n, n < 1000 ? n : 1000);
	for (size_t at = 990; at < 1000; at++) {
		struct str instance;

		memset(path, 'a', sizeof(path));
		path[0] = '/';
		path[at] = '\xff';
		instance = instance_of((struct str){ path, sizeof(path) });
		ck_assert_uint_eq(instance.n, at + 3 <= 1000 ? 1000 : at);
		path[at] = '%';
		instance = instance_of((struct str){ path, sizeof(path) });
		ck_assert_uint_eq(instance.n, at + 3 <= 1000 ? 1000 : at);
	}
}
END_TEST

START_TEST(test_public)
{
	ck_assert_int_eq(problem_public(ERR_OK), ERR_OK);
	ck_assert_int_eq(problem_public(ERR_DB_DEADLOCK), ERR_UNAVAILABLE);
	ck_assert_int_eq(problem_public(ERR_DB_STATEMENT), ERR_INTERNAL);
	ck_assert_int_eq(problem_public(ERR_DB_LOCK_WAIT), ERR_CONFLICT);
	for (unsigned int i = 1; i < ERR_MAX; i++) {
		enum err e = (enum err)i;
		enum err shown = problem_public(e);

		ck_assert_msg(err_code(shown) != NULL, "%s has no public face", err_name(e));
		ck_assert_msg(err_status(shown) == err_status(e), "%s changes its status",
			      err_name(e));
		if (err_code(e) != NULL)
			ck_assert_int_eq(shown, e);
	}
}
END_TEST

/* Each public code has its page, which says the same as the table. */
START_TEST(test_pages)
{
	const char *srcdir = getenv("srcdir");

	for (unsigned int i = 1; i < ERR_MAX; i++) {
		enum err e = (enum err)i;
		char path[512];
		char text[8192];
		char want[256];
		size_t n;
		FILE *f;

		if (err_code(e) == NULL)
			continue;
		snprintf(path, sizeof(path), "%s/docs/errors/%s.md", srcdir ? srcdir : ".",
			 err_code(e));
		f = fopen(path, "r");
		ck_assert_msg(f != NULL, "%s is missing", path);
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
		text[n] = '\0';
		snprintf(want, sizeof(want), "# `%s` (%d)\n", err_code(e), err_status(e));
		ck_assert_msg(strncmp(text, want, strlen(want)) == 0, "%s: heading", path);
		snprintf(want, sizeof(want), "\"title\": \"%s\"", err_title(e));
		ck_assert_msg(strstr(text, want) != NULL, "%s: title of the example", path);
		ck_assert_msg(strstr(text, "## What to do") != NULL, "%s: advice", path);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("problem");
	TCase *t = tcase_create("problem");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_no_call);
	tcase_add_test(t, test_call);
	tcase_add_test(t, test_instance);
	tcase_add_test(t, test_instance_cut);
	tcase_add_test(t, test_public);
	tcase_add_test(t, test_pages);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
