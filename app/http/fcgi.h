/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_HTTP_FCGI_H
#define REMIT_HTTP_FCGI_H

/*
 * The FastCGI front: threads that wait in one epoll set for readable connections from nginx, read
 * a request, hand it to the handler and write the answer. Idle kept-alive connections hold no
 * thread, so any number of them starves nobody. The ready list of the epoll set is the queue: it is
 * bounded by the number of connections, above which no more are accepted. Only fcgi.c includes
 * fcgiapp.h; it uses the members ipcFd and keepConnection of FCGX_Request as of libfcgi 2.4.2.
 */

#include "app/base/err.h"
#include "app/http/message.h"

#include <stddef.h>

struct fcgi;

/* What the front needs of its user; each thread has its own context. */
struct fcgi_options {
	int listen_fd; /* listening, taken over */
	unsigned threads;
	unsigned max_connections;
	void *arg;
	/* Makes a thread's context; NULL: the front does not start. */
	void *(*thread_new)(void *arg);
	void (*thread_free)(void *context);
	/* The arena the next request is read into; it was reset. */
	struct arena *(*request_arena)(void *context);
	/* Answers a request; both live in the arena until it returns and the answer is written. */
	void (*handle)(void *context, const struct http_request *rq, struct http_response *ret);
	/* The answer has been written: what the client need not wait for. */
	void (*done)(void *context);
};

/* Starts the threads. The caller owns *ret_front. */
MUST_CHECK enum err fcgi_start(const struct fcgi_options *options, struct fcgi **ret_front);
/*
 * Ends gracefully: accepts nothing more, answers what arrives on the connections there are, closes
 * each once it was idle for a second (less, the longer it takes), and returns when none is left or
 * after limit_s. Blocks. Frees the front.
 */
void fcgi_drain(struct fcgi *front, int limit_s);

/* Binds and listens on "unix:/path" (mode 0660, an old socket is replaced) or "host:port". */
MUST_CHECK enum err fcgi_listen(const char *endpoint, int *ret_fd);

#endif
