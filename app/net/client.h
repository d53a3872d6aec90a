/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_NET_CLIENT_H
#define REMIT_NET_CLIENT_H

/*
 * An HTTP client of many requests at a time to one server, over connections that are kept alive.
 * It sends and answers; whether to try again is its user's decision. Redirects are not followed.
 * Only client.c includes libcurl. Not thread-safe: one owner, who drives it with net_client_run.
 */

#include "app/base/err.h"
#include "app/base/str.h"

#include <stddef.h>

struct net_client;

struct net_client_options {
	const char *base_url; /* "https://host[:port][/path]" without a slash at its end */
	const char *user_agent;
	const char *const *headers; /* of every request: "Name: value", NULL after the last */
	unsigned parallel;	    /* requests in flight, and connections kept */
	long connect_timeout_ms;
	long timeout_ms; /* of a whole request */
	size_t answer_max;
};

struct net_answer {
	int status;	     /* 0: there was no answer; whether the request arrived is unknown */
	const char *failure; /* why there was none */
	struct str head;     /* its header lines */
	struct str body;
};

struct net_request {
	const char *target;	    /* "/v1/orders?limit=1" */
	struct str body;	    /* of a POST, JSON; STR_NONE: a GET */
	const char *const *headers; /* as above; NULL: none */
	void (*done)(void *arg, const struct net_answer *answer);
	void *arg;
};

/* The strings of the options are copied. ERR_CONFIG when the URL is not http or https. */
MUST_CHECK enum err net_client_new(const struct net_client_options *options,
				   struct net_client **ret_client);
/* Requests in flight are dropped; their done is not called. NULL is allowed. */
void net_client_free(struct net_client *c);

/* How many requests can be sent now. */
unsigned net_client_idle(const struct net_client *c);
/*
 * Starts a request. The body is borrowed until done is called, the rest is copied. The answer is
 * valid inside done, which may send the next request. ERR_LIMIT when nothing is idle.
 */
MUST_CHECK enum err net_client_send(struct net_client *c, const struct net_request *rq);
/* Moves the requests on, and calls done of those that end. Blocks up to timeout_ms, or until
 * something happens. */
MUST_CHECK enum err net_client_run(struct net_client *c, int timeout_ms);

/* The value of a header of the answer, STR_NONE when it has none. */
struct str net_answer_header(const struct net_answer *a, struct str name);

#endif
