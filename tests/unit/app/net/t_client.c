/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client against a server of the test's own. */
#include "app/net/client.h"

#include <check.h>

#include "app/base/clock.h"
#include "tests/unit/app/net/script_server.h"

struct got {
	int status;
	int calls;
	char failure[200];
	char body[1 << 17];
	char etag[100];
};
static struct got got[64];
static char last_request[SCRIPT_ROOM + 1];

static void on_done(void *arg, const struct net_answer *answer)
{
	struct got *g = arg;
	const struct str etag = net_answer_header(answer, STR("ETag"));

	g->calls++;
	g->status = answer->status;
	snprintf(g->failure, sizeof(g->failure), "%s",
		 answer->failure != NULL ? answer->failure : "");
	snprintf(g->body, sizeof(g->body), STR_FMT, STR_ARG(answer->body));
	snprintf(g->etag, sizeof(g->etag), STR_FMT, STR_ARG(etag));
}

static struct net_client *new_client(unsigned parallel, size_t answer_max)
{
	static const char *const headers[] = { "Authorization: Bearer secret", NULL };
	struct net_client *c;
	const struct net_client_options options = {
		.base_url = script.url,
		.user_agent = "t_client",
		.headers = headers,
		.parallel = parallel,
		.connect_timeout_ms = 2000,
		.timeout_ms = 2000,
		.answer_max = answer_max,
	};

	memset(got, 0, sizeof(got));
	ck_assert_int_eq(net_client_new(&options, &c), ERR_OK);
	return c;
}

static void send_one(struct net_client *c, const char *target, struct str body, int i)
{
	static const char *const headers[] = { "Idempotency-Key: k1", NULL };

	ck_assert_int_eq(net_client_send(c, &(struct net_request){ .target = target,
								   .body = body,
								   .headers = headers,
								   .done = on_done,
								   .arg = &got[i] }),
			 ERR_OK);
}

static void drain(struct net_client *c, unsigned parallel)
{
	const int64_t until = clock_monotonic() + 10 * INT64_C(1000000);

	while (net_client_idle(c) < parallel && clock_monotonic() < until)
		ck_assert_int_eq(net_client_run(c, 100), ERR_OK);
	ck_assert_uint_eq(net_client_idle(c), parallel);
}

static bool answer_echo(int n, const char *request, char *ret_answer, size_t room)
{
	const char *body = strstr(request, "\r\n\r\n");

	(void)n;
	snprintf(last_request, sizeof(last_request), "%s", request);
	return script_say(ret_answer, room, "201 Created\r\nContent-Type: x\r\netag:  \"7-a\" ",
			  body + 4);
}

START_TEST(test_post)
{
	struct net_client *c;

	script_start(answer_echo);
	c = new_client(2, 1000);
	send_one(c, "/v1/orders?x=%20y", STR("{\"a\":1}"), 0);
	ck_assert_uint_eq(net_client_idle(c), 1);
	drain(c, 2);
	ck_assert_int_eq(got[0].calls, 1);
	ck_assert_int_eq(got[0].status, 201);
	ck_assert_str_eq(got[0].body, "{\"a\":1}");
	ck_assert_str_eq(got[0].etag, "\"7-a\"");
	ck_assert_ptr_eq(strstr(last_request, "POST /v1/orders?x=%20y HTTP/1.1\r\n"), last_request);
	ck_assert_ptr_nonnull(strstr(last_request, "\r\nContent-Type: application/json\r\n"));
	ck_assert_ptr_nonnull(strstr(last_request, "\r\nAuthorization: Bearer secret\r\n"));
	ck_assert_ptr_nonnull(strstr(last_request, "\r\nIdempotency-Key: k1\r\n"));
	ck_assert_ptr_nonnull(strstr(last_request, "\r\nUser-Agent: t_client\r\n"));
	net_client_free(c);
}
END_TEST

START_TEST(test_get)
{
	struct net_client *c;

	script_start(answer_echo);
	c = new_client(1, 1000);
	send_one(c, "/v1/orders", STR_NONE, 0);
	drain(c, 1);
	ck_assert_int_eq(got[0].status, 201);
	ck_assert_str_eq(got[0].body, "");
	ck_assert_ptr_eq(strstr(last_request, "GET /v1/orders HTTP/1.1\r\n"), last_request);
	ck_assert_ptr_null(strstr(last_request, "Content-Type"));
	net_client_free(c);
}
END_TEST

/* A large body goes out at once, and connections are kept: as many as run at a time. */
START_TEST(test_many)
{
	enum { PARALLEL = 4, ROUNDS = 25 };
	static char large[100001];
	struct net_client *c;

	script_start(answer_echo);
	c = new_client(PARALLEL, sizeof(large));
	memset(large, 'x', sizeof(large) - 1);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < PARALLEL; i++)
			send_one(c, "/", (struct str){ large, sizeof(large) - 1 }, i);
		ck_assert_int_eq(
			net_client_send(c, &(struct net_request){ .target = "/", .done = on_done }),
			ERR_LIMIT);
		drain(c, PARALLEL);
	}
	for (int i = 0; i < PARALLEL; i++) {
		ck_assert_int_eq(got[i].calls, ROUNDS);
		ck_assert_str_eq(got[i].body, large);
	}
	ck_assert_int_eq(script.requests, PARALLEL * ROUNDS);
	ck_assert_int_le(script.connections, PARALLEL);
	ck_assert_ptr_null(strstr(last_request, "Expect"));
	net_client_free(c);
}
END_TEST

static bool answer_nothing(int n, const char *request, char *ret_answer, size_t room)
{
	(void)n;
	(void)request;
	(void)ret_answer;
	(void)room;
	return false;
}

static bool answer_cut(int n, const char *request, char *ret_answer, size_t room)
{
	/* says more than it sends, then closes with the next request */
	(void)request;
	snprintf(ret_answer, room, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort");
	return n > 0;
}

static bool answer_redirect(int n, const char *request, char *ret_answer, size_t room)
{
	(void)n;
	(void)request;
	return script_say(ret_answer, room, "302 Found\r\nLocation: /elsewhere", "moved");
}

static bool answer_interim(int n, const char *request, char *ret_answer, size_t room)
{
	(void)n;
	(void)request;
	snprintf(ret_answer, room,
		 "HTTP/1.1 103 Early Hints\r\nETag: early\r\n\r\n"
		 "HTTP/1.1 200 OK\r\nETag: late\r\nContent-Length: 2\r\n\r\nok");
	return true;
}

static const struct {
	script_answer answer;
	int status;
	const char *body;
	const char *etag;
} answers[] = {
	{ answer_nothing, 0, "", "" },
	{ answer_cut, 0, "", "" }, /* the timeout ends it */
	{ answer_redirect, 302, "moved", "" },
	{ answer_interim, 200, "ok", "late" },
};

START_TEST(test_answers)
{
	struct net_client *c;

	script_start(answers[_i].answer);
	c = new_client(1, 1000);
	send_one(c, "/", STR("{}"), 0);
	drain(c, 1);
	ck_assert_int_eq(got[0].calls, 1);
	ck_assert_int_eq(got[0].status, answers[_i].status);
	ck_assert_str_eq(got[0].body, answers[_i].body);
	ck_assert_str_eq(got[0].etag, answers[_i].etag);
	ck_assert_int_eq(got[0].failure[0] != '\0', answers[_i].status == 0);
	net_client_free(c);
}
END_TEST

/* An answer of the most bytes is taken, one more is not. */
START_TEST(test_answer_max)
{
	struct net_client *c;

	script_start(answer_echo);
	c = new_client(1, 10);
	send_one(c, "/", STR("0123456789"), 0);
	drain(c, 1);
	ck_assert_int_eq(got[0].status, 201);
	send_one(c, "/", STR("0123456789a"), 1);
	drain(c, 1);
	ck_assert_int_eq(got[1].status, 0);
	net_client_free(c);
}
END_TEST

START_TEST(test_no_server)
{
	struct net_client *c;

	script_start(answer_echo);
	ck_assert_int_eq(shutdown(script.fd, SHUT_RDWR), 0);
	ck_assert_int_eq(close(script.fd), 0);
	c = new_client(1, 10);
	send_one(c, "/", STR_NONE, 0);
	drain(c, 1);
	ck_assert_int_eq(got[0].status, 0);
	ck_assert_str_ne(got[0].failure, "");
	net_client_free(c);
}
END_TEST

START_TEST(test_urls)
{
	static const char *const bad[] = { "", "ftp://x", "file:///etc/passwd", "127.0.0.1" };
	struct net_client *c = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(net_client_new(&(struct net_client_options){ .base_url = bad[i],
									      .user_agent = "x",
									      .parallel = 1 },
						&c),
				 ERR_CONFIG);
	net_client_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/net/client");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_post);
	tcase_add_test(tc, test_get);
	tcase_add_test(tc, test_many);
	tcase_add_loop_test(tc, test_answers, 0, (int)(sizeof(answers) / sizeof(answers[0])));
	tcase_add_test(tc, test_answer_max);
	tcase_add_test(tc, test_no_server);
	tcase_add_test(tc, test_urls);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
