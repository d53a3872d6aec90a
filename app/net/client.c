/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as transfers of one libcurl multi handle. */
#include "app/net/client.h"

#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

/* Bytes that grow up to a cap. */
struct bytes {
	char *p;
	size_t n, room;
};

/* One request in flight, or none. */
struct transfer {
	struct net_client *client;
	CURL *easy;
	struct curl_slist *headers;
	struct bytes url, head, body;
	char failure[CURL_ERROR_SIZE];
	bool busy;
	void (*done)(void *arg, const struct net_answer *answer);
	void *arg;
};

struct net_client {
	CURLM *multi;
	struct net_client_options options; /* its headers are not kept */
	char *base_url;
	char *user_agent;
	struct curl_slist *headers;
	struct transfer *transfers;
	unsigned idle;
};

static bool bytes_put(struct bytes *b, const char *p, size_t n, size_t cap)
{
	char *grown;
	size_t room = b->room < 512 ? 512 : b->room;

	if (n > cap || b->n > cap - n)
		return false;
	while (room < b->n + n)
		room *= 2;
	if (room > b->room) {
		grown = realloc(b->p, room);
		if (grown == NULL)
			return false;
		b->p = grown;
		b->room = room;
	}
	memcpy(b->p + b->n, p, n);
	b->n += n;
	return true;
}

/* libcurl takes any other number than size * n as a failure of the transfer. */
static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	return bytes_put(&t->body, p, size * n, t->client->options.answer_max) ? size * n : 0;
}

static size_t on_head(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	/* a status line: what came before belongs to an interim answer */
	if (size * n >= 5 && memcmp(p, "HTTP/", 5) == 0)
		t->head.n = 0;
	return bytes_put(&t->head, p, size * n, 64 << 10) ? size * n : 0;
}

static bool list_put(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer == NULL)
		return false;
	*list = longer;
	return true;
}

static bool list_copy(struct curl_slist **list, const struct curl_slist *from)
{
	for (; from != NULL; from = from->next)
		if (!list_put(list, from->data))
			return false;
	return true;
}

static bool list_put_all(struct curl_slist **list, const char *const *lines)
{
	for (; lines != NULL && *lines != NULL; lines++)
		if (!list_put(list, *lines))
			return false;
	return true;
}

static enum err client_init(struct net_client *c, const struct net_client_options *o)
{
	c->options = *o;
	c->options.headers = NULL;
	c->base_url = strdup(o->base_url);
	c->user_agent = strdup(o->user_agent);
	c->transfers = calloc(o->parallel, sizeof(*c->transfers));
	c->multi = curl_multi_init();
	if (c->base_url == NULL || c->user_agent == NULL || c->transfers == NULL ||
	    c->multi == NULL || !list_put_all(&c->headers, o->headers))
		return ERR_NO_MEMORY;
	c->idle = o->parallel;
	for (unsigned i = 0; i < o->parallel; i++) {
		c->transfers[i].client = c;
		c->transfers[i].easy = curl_easy_init();
		if (c->transfers[i].easy == NULL)
			return ERR_NO_MEMORY;
	}
	if (curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)o->parallel) != CURLM_OK)
		return ERR_NO_MEMORY;
	return ERR_OK;
}

enum err net_client_new(const struct net_client_options *o, struct net_client **ret_client)
{
	const struct str url = str_from(o->base_url);
	struct net_client *c;
	enum err e;

	if (!str_starts(url, STR("http://")) && !str_starts(url, STR("https://")))
		return ERR_CONFIG;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return ERR_NO_MEMORY;
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		curl_global_cleanup();
		return ERR_NO_MEMORY;
	}
	e = client_init(c, o);
	if (e != ERR_OK) {
		net_client_free(c);
		return e;
	}
	*ret_client = c;
	return ERR_OK;
}

/* Header lists may hold credentials. */
static void list_free(struct curl_slist *list)
{
	for (struct curl_slist *line = list; line != NULL; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(list);
}

void net_client_free(struct net_client *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; c->transfers != NULL && i < c->options.parallel; i++) {
		struct transfer *t = &c->transfers[i];

		if (t->busy)
			(void)curl_multi_remove_handle(c->multi, t->easy);
		curl_easy_cleanup(t->easy);
		list_free(t->headers);
		free(t->url.p);
		free(t->head.p);
		free(t->body.p);
	}
	if (c->multi != NULL)
		(void)curl_multi_cleanup(c->multi);
	list_free(c->headers);
	free(c->transfers);
	free(c->base_url);
	free(c->user_agent);
	free(c);
	curl_global_cleanup();
}

unsigned net_client_idle(const struct net_client *c)
{
	return c->idle;
}

static bool set_url(struct transfer *t, const char *base, const char *target)
{
	t->url.n = 0;
	return bytes_put(&t->url, base, strlen(base), SIZE_MAX) &&
	       bytes_put(&t->url, target, strlen(target) + 1, SIZE_MAX);
}

static bool set_headers(struct transfer *t, const struct net_request *rq)
{
	list_free(t->headers);
	t->headers = NULL;
	if (!list_copy(&t->headers, t->client->headers) || !list_put_all(&t->headers, rq->headers))
		return false;
	if (rq->body.p == NULL)
		return true;
	/* no "Expect: 100-continue": it costs a round trip for each large body */
	return list_put(&t->headers, "Content-Type: application/json") &&
	       list_put(&t->headers, "Expect:");
}

static bool set_options(struct transfer *t, const struct net_request *rq)
{
	const struct net_client *c = t->client;
	CURLcode failed = CURLE_OK;

	curl_easy_reset(t->easy);
#define SET(option, value) \
	failed = failed != CURLE_OK ? failed : curl_easy_setopt(t->easy, option, value)
	SET(CURLOPT_URL, t->url.p);
	SET(CURLOPT_USERAGENT, c->user_agent);
	SET(CURLOPT_HTTPHEADER, t->headers);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, c->options.connect_timeout_ms);
	SET(CURLOPT_TIMEOUT_MS, c->options.timeout_ms);
	SET(CURLOPT_ERRORBUFFER, t->failure);
	SET(CURLOPT_HEADERFUNCTION, on_head);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_PRIVATE, t);
	if (rq->body.p != NULL) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body.n);
		SET(CURLOPT_POSTFIELDS, rq->body.p);
	}
#undef SET
	return failed == CURLE_OK;
}

enum err net_client_send(struct net_client *c, const struct net_request *rq)
{
	struct transfer *t = c->transfers;

	if (c->idle == 0)
		return ERR_LIMIT;
	while (t->busy)
		t++;
	t->head.n = 0;
	t->body.n = 0;
	t->failure[0] = '\0';
	t->done = rq->done;
	t->arg = rq->arg;
	if (!set_url(t, c->base_url, rq->target) || !set_headers(t, rq) || !set_options(t, rq) ||
	    curl_multi_add_handle(c->multi, t->easy) != CURLM_OK)
		return ERR_NO_MEMORY;
	t->busy = true;
	c->idle--;
	return ERR_OK;
}

static void finish(struct transfer *t, CURLcode result)
{
	/* taken out of the transfer: done may start its next request in it */
	struct bytes head = t->head;
	struct bytes body = t->body;
	char failure[CURL_ERROR_SIZE];
	struct net_answer answer = { .status = 0 };
	long status = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_multi_remove_handle(t->client->multi, t->easy);
	memcpy(failure, t->failure, sizeof(failure));
	t->head = (struct bytes){ .p = NULL };
	t->body = (struct bytes){ .p = NULL };
	t->busy = false;
	t->client->idle++;
	if (result == CURLE_OK) {
		answer.status = (int)status;
		answer.head = (struct str){ .p = head.n > 0 ? head.p : "", .n = head.n };
		answer.body = (struct str){ .p = body.n > 0 ? body.p : "", .n = body.n };
	} else {
		answer.failure = failure[0] != '\0' ? failure : curl_easy_strerror(result);
	}
	t->done(t->arg, &answer);
	free(head.p);
	free(body.p);
}

enum err net_client_run(struct net_client *c, int timeout_ms)
{
	struct transfer *t = NULL;
	int running, left;
	CURLMsg *message;

	if (curl_multi_perform(c->multi, &running) != CURLM_OK)
		return ERR_IO;
	if (curl_multi_poll(c->multi, NULL, 0, timeout_ms, NULL) != CURLM_OK)
		return ERR_IO;
	if (curl_multi_perform(c->multi, &running) != CURLM_OK)
		return ERR_IO;
	for (message = curl_multi_info_read(c->multi, &left); message != NULL;
	     message = curl_multi_info_read(c->multi, &left)) {
		const CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t) != CURLE_OK)
			return ERR_IO;
		finish(t, result);
	}
	return ERR_OK;
}

struct str net_answer_header(const struct net_answer *a, struct str name)
{
	struct str rest = a->head;

	while (rest.p != NULL) {
		struct str value = str_cut(&rest, '\n');
		const struct str this_name = str_cut(&value, ':');

		if (value.p == NULL || !str_eq_nocase(this_name, name))
			continue;
		if (value.n > 0 && value.p[value.n - 1] == '\r')
			value.n--;
		return str_trim(value);
	}
	return STR_NONE;
}
