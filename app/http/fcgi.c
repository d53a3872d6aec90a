/* SPDX-License-Identifier: Apache-2.0 */
/* The FastCGI front on an epoll set (docs/decisions/0005-fastcgi-front.md). */

#include "app/http/fcgi.h"

#include "app/base/check.h"
#include "app/base/clock.h"
#include "app/base/limits.h"
#include "app/observe/log.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fcgiapp.h>

enum {
	BACKLOG = 512,	    /* a full backlog of a unix socket is an immediate 502 */
	READ_TIMEOUT_S = 2, /* of a peer that stops in the middle of a request */
	WRITE_TIMEOUT_S = 5,
	DRAIN_STEP_MS = 20,
};

/* One connection from nginx. In the epoll set, or served by exactly one thread. */
struct connection {
	int fd;
	atomic_bool busy;      /* a thread serves it */
	_Atomic(int64_t) used; /* monotonic time of the last answer */
	struct connection *next, *prev;
};

struct fcgi {
	struct fcgi_options options;
	int epoll_fd;
	int stop_fd;
	atomic_bool draining;
	atomic_bool listening;
	pthread_mutex_t lock; /* of the list and the count */
	struct connection *connections;
	unsigned n_connections;
	unsigned n_threads;
	pthread_t *threads;
};

/* What data.ptr of the epoll events points to for the two special descriptors. */
static char listen_mark, stop_mark;

static void listen_arm(struct fcgi *front)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = &listen_mark };

	if (!atomic_exchange(&front->listening, true))
		(void)epoll_ctl(front->epoll_fd, EPOLL_CTL_ADD, front->options.listen_fd, &ev);
}

static void listen_disarm(struct fcgi *front)
{
	if (atomic_exchange(&front->listening, false))
		(void)epoll_ctl(front->epoll_fd, EPOLL_CTL_DEL, front->options.listen_fd, NULL);
}

static bool connection_arm(struct fcgi *front, struct connection *conn, int op)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = conn };

	return epoll_ctl(front->epoll_fd, op, conn->fd, &ev) == 0;
}

static void connection_free(struct fcgi *front, struct connection *conn)
{
	pthread_mutex_lock(&front->lock);
	if (conn->prev != NULL)
		conn->prev->next = conn->next;
	else
		front->connections = conn->next;
	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	front->n_connections--;
	/* under the lock, so that arming and disarming cannot pass each other */
	if (!atomic_load(&front->draining) && front->n_connections < front->options.max_connections)
		listen_arm(front);
	pthread_mutex_unlock(&front->lock);
	if (conn->fd >= 0)
		close(conn->fd);
	free(conn);
}

static void connection_add(struct fcgi *front, int fd)
{
	const struct timeval read_limit = { .tv_sec = READ_TIMEOUT_S };
	const struct timeval write_limit = { .tv_sec = WRITE_TIMEOUT_S };
	struct connection *conn = calloc(1, sizeof(*conn));

	if (conn == NULL) {
		close(fd);
		return;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &read_limit, sizeof(read_limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &write_limit, sizeof(write_limit));
	conn->fd = fd;
	atomic_store(&conn->used, clock_monotonic());
	pthread_mutex_lock(&front->lock);
	conn->next = front->connections;
	if (conn->next != NULL)
		conn->next->prev = conn;
	front->connections = conn;
	front->n_connections++;
	if (front->n_connections >= front->options.max_connections)
		listen_disarm(front);
	pthread_mutex_unlock(&front->lock);
	if (!connection_arm(front, conn, EPOLL_CTL_ADD))
		connection_free(front, conn);
}

/* One connection for each wake-up: the others are left to other threads and processes. */
static void accept_one(struct fcgi *front)
{
	const int fd = accept4(front->options.listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		connection_add(front, fd);
	else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED && errno != EINVAL)
		log_line(LOG_WARN, "accept failed", LOG_Z("error", strerrordesc_np(errno)));
}

/* A header that must come once: the second one makes the request malformed. */
static void once(struct http_request *rq, struct str *member, struct str value)
{
	if (member->p != NULL)
		rq->repeated = true;
	*member = value;
}

struct request_size {
	int64_t content_length;
};

static void param_http(struct http_request *rq, struct str name, struct str value)
{
	if (str_eq(name, STR("AUTHORIZATION")))
		once(rq, &rq->authorization, value);
	else if (str_eq(name, STR("IF_NONE_MATCH")))
		once(rq, &rq->if_none_match, value);
	else if (str_eq(name, STR("IF_MATCH")))
		once(rq, &rq->if_match, value);
	else if (str_eq(name, STR("IDEMPOTENCY_KEY")))
		once(rq, &rq->idempotency_key, value);
	else if (str_eq(name, STR("REMIT_CONSISTENCY")))
		once(rq, &rq->consistency, value);
	else if (str_eq(name, STR("TRACEPARENT")))
		once(rq, &rq->traceparent, value);
	else if (str_eq(name, STR("ORIGIN")))
		rq->origin = value;
	else if (str_eq(name, STR("ACCESS_CONTROL_REQUEST_METHOD")))
		rq->access_control_method = value;
	else if (str_eq(name, STR("USER_AGENT")))
		rq->user_agent = value;
}

/* nginx's $msec, "1700000000.123", as microseconds; 0 when it is not one. */
static int64_t msec_parse(struct str value)
{
	const struct str seconds = str_cut(&value, '.');
	int64_t s, ms;

	if (str_to_i64(seconds, 0, INT64_C(1) << 40, &s) != ERR_OK || value.n != 3)
		return 0;
	while (value.n > 1 && value.p[0] == '0') {
		value.p++;
		value.n--;
	}
	if (str_to_i64(value, 0, 999, &ms) != ERR_OK)
		return 0;
	return s * 1000000 + ms * 1000;
}

static void param_cgi(struct http_request *rq, struct request_size *size, struct str name,
		      struct str value)
{
	if (str_eq(name, STR("REQUEST_METHOD"))) {
		rq->method = value;
	} else if (str_eq(name, STR("REQUEST_URI"))) {
		rq->query = value;
		rq->path = str_cut(&rq->query, '?');
	} else if (str_eq(name, STR("CONTENT_TYPE"))) {
		rq->content_type = value;
	} else if (str_eq(name, STR("CONTENT_LENGTH"))) {
		if (value.n > 0 && str_to_i64(value, 0, INT64_MAX, &size->content_length) != ERR_OK)
			size->content_length = INT64_MAX;
	} else if (str_eq(name, STR("REMOTE_ADDR"))) {
		rq->remote_addr = value;
	} else if (str_eq(name, STR("REQUEST_ID"))) {
		rq->request_id = value;
	} else if (str_eq(name, STR("REQUEST_MSEC"))) {
		rq->arrived = msec_parse(value);
	}
}

/* Walks all parameters: a repeated header arrives as a repeated one. The values are borrowed. */
static void read_params(char **envp, struct http_request *rq, struct request_size *size)
{
	for (char **p = envp; p != NULL && *p != NULL; p++) {
		struct str value = str_from(*p);
		const struct str name = str_cut(&value, '=');

		if (value.p == NULL)
			continue;
		if (name.n > 5 && memcmp(name.p, "HTTP_", 5) == 0)
			param_http(rq, (struct str){ name.p + 5, name.n - 5 }, value);
		else
			param_cgi(rq, size, name, value);
	}
}

/*
 * Whether the body ends here. Its end is a record of its own: one that were left in the socket
 * would be taken for the beginning of the next request.
 */
static bool at_end(FCGX_Request *fr)
{
	return FCGX_GetChar(fr->in) < 0; /* EOF */
}

/* False when the body was not read to its end: the connection cannot be used any more. */
static bool read_body(FCGX_Request *fr, struct arena *arena, struct request_size size,
		      struct http_request *rq)
{
	char *p;
	int got;

	rq->body = STR("");
	if (size.content_length == 0)
		return at_end(fr);
	if (size.content_length > LIMIT_BODY) {
		rq->body_too_large = true;
		return false;
	}
	p = arena_alloc(arena, (size_t)size.content_length);
	if (p == NULL)
		return false;
	got = FCGX_GetStr(p, (int)size.content_length, fr->in);
	if (got != (int)size.content_length)
		return false;
	rq->body = (struct str){ p, (size_t)got };
	return at_end(fr);
}

static bool write_answer(FCGX_Request *fr, const struct http_response *res)
{
	char status[] = "Status: 000\r\n";

	CHECK(res->status >= 100 && res->status <= 599);
	status[8] = (char)('0' + res->status / 100);
	status[9] = (char)('0' + res->status / 10 % 10);
	status[10] = (char)('0' + res->status % 10);
	(void)FCGX_PutStr(status, sizeof(status) - 1, fr->out);
	(void)FCGX_PutStr(res->head.p, (int)res->head.n, fr->out);
	(void)FCGX_PutStr("\r\n", 2, fr->out);
	if (res->body.n > 0)
		(void)FCGX_PutStr(res->body.p, (int)res->body.n, fr->out);
	return FCGX_GetError(fr->out) == 0;
}

/*
 * A body that broke off: what the client meant is unknown, so nothing is done, and nobody is left
 * to be told.
 */
static bool abandon(FCGX_Request *fr, struct connection *conn)
{
	fr->keepConnection = 1; /* we close it ourselves */
	FCGX_Finish_r(fr);
	if (fr->ipcFd < 0)
		conn->fd = -1;
	return false;
}

/* Reads one request from the connection and answers it; whether the connection can be kept. */
static bool serve(struct fcgi *front, void *context, FCGX_Request *fr, struct connection *conn)
{
	struct arena *arena = front->options.request_arena(context);
	struct http_request rq = { .accepted = clock_monotonic() };
	struct http_response res = { .status = 0 };
	struct request_size size = { 0 };
	bool keep;

	fr->ipcFd = conn->fd;
	fr->keepConnection = 1; /* so that FCGX_Accept_r reads from this descriptor */
	if (FCGX_Accept_r(fr) != 0) {
		conn->fd = -1; /* closed by the library: end of file, a time-out, garbage */
		return false;
	}
	read_params(fr->envp, &rq, &size);
	keep = read_body(fr, arena, size, &rq);
	if (!keep && !rq.body_too_large)
		return abandon(fr, conn);
	front->options.handle(context, &rq, &res);
	keep = write_answer(fr, &res) && keep && fr->keepConnection;
	fr->keepConnection = 1; /* we close it ourselves: the library would linger */
	FCGX_Finish_r(fr);
	front->options.done(context);
	if (fr->ipcFd < 0)
		conn->fd = -1;
	return keep && fr->ipcFd >= 0;
}

static void serve_event(struct fcgi *front, void *context, FCGX_Request *fr,
			struct connection *conn)
{
	bool keep;

	atomic_store(&conn->busy, true);
	keep = serve(front, context, fr, conn);
	fr->ipcFd = -1;
	atomic_store(&conn->used, clock_monotonic());
	atomic_store(&conn->busy, false);
	if (!keep || !connection_arm(front, conn, EPOLL_CTL_MOD))
		connection_free(front, conn);
}

struct thread_start {
	struct fcgi *front;
	void *context;
};

static void *thread_main(void *arg)
{
	const struct thread_start start = *(struct thread_start *)arg;
	struct fcgi *front = start.front;
	FCGX_Request fr;

	free(arg);
	CHECK(FCGX_InitRequest(&fr, -1, 0) == 0);
	for (;;) {
		struct epoll_event ev;
		const int n = epoll_wait(front->epoll_fd, &ev, 1, -1);

		if (n < 0 && errno == EINTR)
			continue;
		CHECK(n == 1);
		if (ev.data.ptr == &stop_mark)
			break;
		if (ev.data.ptr == &listen_mark)
			accept_one(front);
		else
			serve_event(front, start.context, &fr, ev.data.ptr);
	}
	FCGX_Free(&fr, 0);
	front->options.thread_free(start.context);
	return NULL;
}

static bool thread_add(struct fcgi *front)
{
	struct thread_start *start = calloc(1, sizeof(*start));

	if (start == NULL)
		return false;
	start->front = front;
	start->context = front->options.thread_new(front->options.arg);
	if (start->context == NULL) {
		free(start);
		return false;
	}
	if (pthread_create(&front->threads[front->n_threads], NULL, thread_main, start) != 0) {
		front->options.thread_free(start->context);
		free(start);
		return false;
	}
	front->n_threads++;
	return true;
}

static void front_free(struct fcgi *front)
{
	while (front->connections != NULL) {
		struct connection *conn = front->connections;

		front->connections = conn->next;
		close(conn->fd);
		free(conn);
	}
	if (front->epoll_fd >= 0)
		close(front->epoll_fd);
	if (front->stop_fd >= 0)
		close(front->stop_fd);
	pthread_mutex_destroy(&front->lock);
	free(front->threads);
	free(front);
}

/* Wakes all threads for good: the counter is never read, so each of them sees it. */
static void threads_stop(struct fcgi *front)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &stop_mark };
	const uint64_t one = 1;

	CHECK(write(front->stop_fd, &one, sizeof(one)) == (ssize_t)sizeof(one));
	CHECK(epoll_ctl(front->epoll_fd, EPOLL_CTL_ADD, front->stop_fd, &ev) == 0);
	for (unsigned i = 0; i < front->n_threads; i++)
		pthread_join(front->threads[i], NULL);
}

enum err fcgi_start(const struct fcgi_options *options, struct fcgi **ret_front)
{
	struct fcgi *front = calloc(1, sizeof(*front));

	if (front == NULL)
		return ERR_NO_MEMORY;
	front->options = *options;
	pthread_mutex_init(&front->lock, NULL);
	front->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	front->stop_fd = eventfd(0, EFD_CLOEXEC);
	front->threads = calloc(options->threads, sizeof(*front->threads));
	if (front->epoll_fd < 0 || front->stop_fd < 0 || front->threads == NULL ||
	    FCGX_Init() != 0) {
		front_free(front);
		return ERR_IO;
	}
	while (front->n_threads < options->threads && thread_add(front))
		;
	if (front->n_threads < options->threads) {
		threads_stop(front);
		front_free(front);
		return ERR_UNAVAILABLE;
	}
	listen_arm(front);
	*ret_front = front;
	return ERR_OK;
}

static bool readable(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

/*
 * How long a connection must have been idle to be closed while draining. A write of nginx that
 * crosses our close is an error for its client, and is the less likely the longer the connection
 * was idle; so patience is long at first. Busy connections end by themselves: nginx closes them
 * after some hundred requests (keepalive_requests).
 */
static int64_t patience(int64_t drained_us)
{
	if (drained_us < 5000000)
		return 1000000;
	return drained_us < 15000000 ? 100000 : 20000;
}

static unsigned close_idle(struct fcgi *front, int64_t idle_us)
{
	const int64_t limit = clock_monotonic() - idle_us;
	unsigned left;

	pthread_mutex_lock(&front->lock);
	for (struct connection *conn = front->connections; conn != NULL; conn = conn->next) {
		if (atomic_load(&conn->used) > limit || readable(conn->fd) ||
		    atomic_load(&conn->busy) || conn->fd < 0)
			continue;
		/* the thread that the hang-up wakes frees it */
		(void)shutdown(conn->fd, SHUT_RDWR);
	}
	left = front->n_connections;
	pthread_mutex_unlock(&front->lock);
	return left;
}

void fcgi_drain(struct fcgi *front, int limit_s)
{
	const int64_t start = clock_monotonic();
	const int64_t end = start + (int64_t)limit_s * 1000000;

	atomic_store(&front->draining, true);
	pthread_mutex_lock(&front->lock);
	listen_disarm(front);
	pthread_mutex_unlock(&front->lock);
	close(front->options.listen_fd);
	while (close_idle(front, patience(clock_monotonic() - start)) > 0 &&
	       clock_monotonic() < end)
		usleep(DRAIN_STEP_MS * 1000);
	threads_stop(front);
	front_free(front);
}

static int listen_unix(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const size_t n = strlen(path);
	int fd;

	if (n >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(addr.sun_path, path, n + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)unlink(path);
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0 || chmod(path, 0660) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int listen_tcp(const char *endpoint)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
					.ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(endpoint, ':');
	struct addrinfo *list;
	char host[256];
	int fd = -1;

	if (colon == NULL || (size_t)(colon - endpoint) >= sizeof(host)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(host, endpoint, (size_t)(colon - endpoint));
	host[colon - endpoint] = '\0';
	if (getaddrinfo(host[0] != '\0' ? host : NULL, colon + 1, &hints, &list) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	for (const struct addrinfo *ai = list; ai != NULL && fd < 0; ai = ai->ai_next) {
		const int on = 1;

		fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd < 0)
			continue;
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	return fd;
}

enum err fcgi_listen(const char *endpoint, int *ret_fd)
{
	const int fd = strncmp(endpoint, "unix:", 5) == 0 ? listen_unix(endpoint + 5)
							  : listen_tcp(endpoint);

	if (fd < 0)
		return ERR_IO;
	*ret_fd = fd;
	return ERR_OK;
}
