/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor under remit's benchmarks: the least that nginx, libfcgi, libmemcached and Connector/C
 * cost for the work of a route, with no product around it. One process serves every kind by path:
 *
 *	/static      800 bytes
 *	/get/N       one value of 800 bytes from Memcached
 *	/select/N    order number N, one row of 12 columns by a prepared statement
 *	/list/N      25 rows of 12 columns of account N
 *	/insert      the order transaction (POST)
 *
 * Kept-alive connections of nginx wait in one epoll set and cost no thread while they are idle; a
 * readable one is handed to FCGX_Accept_r through FCGX_Request.ipcFd. That member is public in
 * the header but called internal by it, so this is bound to libfcgi 2.4.2.
 */
#include "bench/floor_db.h"

#include <errno.h>
#include <fcgiapp.h>
#include <getopt.h>
#include <libmemcached/memcached.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREADS_MAX 64
#define BODY_SIZE   800
#define ROOM	    65536
#define BACKLOG	    1024

struct options {
	const char *socket;
	const char *memcached;	    /* path of a socket, or HOST:PORT; NULL: /get answers 503 */
	struct floor_db_options db; /* socket NULL: the database paths answer 503 */
	long threads;
};

struct floor {
	struct options opt;
	char body[BODY_SIZE + 1]; /* what /static and /get answer */
	int listener;
	int stop; /* eventfd, readable when the threads shall end */
	int epoll;
};

struct worker {
	const struct floor *floor;
	pthread_t thread;
	struct floor_db *db;
	memcached_st *cache;
	FCGX_Request request;
	struct floor_text out;
};

static void fail(const char *what)
{
	(void)fprintf(stderr, "floor: %s: %m\n", what);
	exit(1);
}

/* Header and body in one FCGX call each; both leave in a single write up to 8 KB. */
static void answer(struct worker *w, const char *status, const char *body, size_t n)
{
	char room[128];
	struct floor_text head = { room, 0, sizeof(room) };

	floor_text_add(&head, "Status: ", 8);
	floor_text_add(&head, status, strlen(status));
	floor_text_add(&head, "\r\nContent-Type: application/json\r\nContent-Length: ", 50);
	floor_text_add_u64(&head, n);
	floor_text_add(&head, "\r\n\r\n", 4);
	(void)FCGX_PutStr(head.p, (int)head.n, w->request.out);
	(void)FCGX_PutStr(body, (int)n, w->request.out);
}

static void answer_out(struct worker *w, bool is_ok, const char *status)
{
	if (is_ok)
		answer(w, status, w->out.p, w->out.n);
	else
		answer(w, "503 Service Unavailable", "{}", 2);
}

static void serve_get(struct worker *w, uint32_t n)
{
	char room[32];
	struct floor_text key = { room, 0, sizeof(room) };
	memcached_return_t rc;
	uint32_t flags;
	size_t len;
	char *value;

	if (w->cache == NULL) {
		answer_out(w, false, "");
		return;
	}
	floor_text_add(&key, "floor:", 6);
	floor_text_add_u64(&key, n);
	value = memcached_get(w->cache, key.p, key.n, &len, &flags, &rc);
	if (value != NULL) {
		answer(w, "200 OK", value, len);
		free(value);
		return;
	}
	rc = memcached_set(w->cache, key.p, key.n, w->floor->body, BODY_SIZE, 0, 0);
	if (memcached_success(rc))
		answer(w, "200 OK", w->floor->body, BODY_SIZE);
	else
		answer_out(w, false, "");
}

/* A request body is always read to its end: nginx may not reuse the connection otherwise. */
static void body_drain(struct worker *w)
{
	char part[4096];

	while (FCGX_GetStr(part, sizeof(part), w->request.in) > 0) {
	}
}

static bool path_is(const char *path, const char *kind, uint32_t *ret_n)
{
	size_t len = strlen(kind);

	if (strncmp(path, kind, len) != 0)
		return false;
	*ret_n = 0;
	if (path[len] == '/')
		*ret_n = (uint32_t)strtoul(path + len + 1, NULL, 10);
	return path[len] == '\0' || path[len] == '/' || path[len] == '?';
}

static void serve(struct worker *w)
{
	const char *path = FCGX_GetParam("REQUEST_URI", w->request.envp);
	const struct floor *floor = w->floor;
	uint32_t n;

	w->out.n = 0;
	body_drain(w);
	if (path == NULL)
		path = "";
	if (path_is(path, "/static", &n))
		answer(w, "200 OK", floor->body, BODY_SIZE);
	else if (path_is(path, "/get", &n))
		serve_get(w, n);
	else if (path_is(path, "/select", &n))
		answer_out(w, w->db != NULL && floor_db_select(w->db, n, &w->out), "200 OK");
	else if (path_is(path, "/list", &n))
		answer_out(w, w->db != NULL && floor_db_list(w->db, n, &w->out), "200 OK");
	else if (path_is(path, "/insert", &n))
		answer_out(w,
			   w->db != NULL && floor_db_insert(w->db, floor->body, BODY_SIZE, &w->out),
			   "201 Created");
	else
		answer(w, "404 Not Found", "{}", 2);
}

static void watch(const struct floor *floor, int op, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.fd = fd };

	if (epoll_ctl(floor->epoll, op, fd, &ev) != 0)
		fail("epoll_ctl");
}

static void accept_one(const struct floor *floor)
{
	int fd = accept4(floor->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		watch(floor, EPOLL_CTL_ADD, fd);
}

/* One request from a readable connection; then the connection goes back into the set. */
static void serve_connection(struct worker *w, int fd)
{
	w->request.ipcFd = fd;
	w->request.keepConnection = 1;
	if (FCGX_Accept_r(&w->request) < 0) {
		/* the peer is gone: libfcgi closed fd, and had no listener to accept from */
		w->request.ipcFd = -1;
		return;
	}
	serve(w);
	FCGX_Finish_r(&w->request);
	if (w->request.ipcFd >= 0)
		watch(w->floor, EPOLL_CTL_MOD, w->request.ipcFd);
	w->request.ipcFd = -1;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	const struct floor *floor = w->floor;
	struct epoll_event ev;

	for (;;) {
		int n = epoll_wait(floor->epoll, &ev, 1, -1);

		if (n < 0 && errno != EINTR)
			fail("epoll_wait");
		if (n <= 0)
			continue;
		if (ev.data.fd == floor->stop)
			return NULL;
		if (ev.data.fd == floor->listener)
			accept_one(floor);
		else if ((ev.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
			(void)close(ev.data.fd);
		else
			serve_connection(w, ev.data.fd);
	}
}

static memcached_st *cache_new(const char *address)
{
	static const struct {
		memcached_behavior_t behavior;
		uint64_t value;
	} behaviors[] = {
		{ MEMCACHED_BEHAVIOR_POLL_TIMEOUT, 50 },
		{ MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, 50 },
		{ MEMCACHED_BEHAVIOR_SND_TIMEOUT, 50000 },
		{ MEMCACHED_BEHAVIOR_RCV_TIMEOUT, 50000 },
	};
	memcached_st *cache = memcached_create(NULL);
	const char *colon = strrchr(address, ':');
	memcached_return_t rc;

	if (cache == NULL)
		fail("memcached_create");
	if (address[0] == '/' || colon == NULL) {
		rc = memcached_server_add_unix_socket(cache, address);
	} else {
		char host[256];

		(void)snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
		rc = memcached_server_add(cache, host, (in_port_t)strtoul(colon + 1, NULL, 10));
	}
	for (size_t i = 0; i < sizeof(behaviors) / sizeof(behaviors[0]); i++)
		(void)memcached_behavior_set(cache, behaviors[i].behavior, behaviors[i].value);
	if (!memcached_success(rc))
		fail(address);
	return cache;
}

static void worker_start(struct worker *w, const struct floor *floor)
{
	const struct options *opt = &floor->opt;

	w->floor = floor;
	w->out.p = malloc(ROOM);
	w->out.room = ROOM;
	if (w->out.p == NULL || FCGX_InitRequest(&w->request, -1, 0) != 0)
		fail("worker");
	if (opt->memcached != NULL)
		w->cache = cache_new(opt->memcached);
	if (opt->db.socket != NULL) {
		w->db = floor_db_new(&opt->db);
		if (w->db == NULL)
			exit(1);
	}
	if (pthread_create(&w->thread, NULL, worker_main, w) != 0)
		fail("pthread_create");
}

static void worker_end(struct worker *w)
{
	(void)pthread_join(w->thread, NULL);
	floor_db_free(w->db);
	if (w->cache != NULL)
		memcached_free(w->cache);
	free(w->out.p);
}

/* The listener and the stop signal stay level-triggered: any thread may take them. */
static void watch_shared(struct floor *floor, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	if (fd < 0 || epoll_ctl(floor->epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
		fail("epoll_ctl");
}

static void open_all(struct floor *floor)
{
	int on = 1;

	/* libfcgi lingers up to 2 s on a connection that it closes; nobody listens there */
	(void)setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "20", 0);
	if (FCGX_Init() != 0)
		fail("FCGX_Init");
	floor->listener = FCGX_OpenSocket(floor->opt.socket, BACKLOG);
	if (floor->listener < 0 || chmod(floor->opt.socket, 0666) != 0)
		fail(floor->opt.socket);
	/* several threads may wake for one connection; the late ones must not block in accept */
	if (ioctl(floor->listener, FIONBIO, &on) != 0)
		fail("FIONBIO");
	floor->epoll = epoll_create1(EPOLL_CLOEXEC);
	floor->stop = eventfd(0, EFD_CLOEXEC);
	watch_shared(floor, floor->listener, EPOLLIN | EPOLLEXCLUSIVE);
	watch_shared(floor, floor->stop, EPOLLIN);
	memset(floor->body, 'x', BODY_SIZE);
	memcpy(floor->body, "{\"text\":\"", 9);
	memcpy(floor->body + BODY_SIZE - 2, "\"}", 2);
}

static void usage(FILE *out)
{
	(void)fputs(
		"Usage: floor --socket PATH [--memcached PATH|HOST:PORT]\n"
		"             [--db-socket PATH [--db-user NAME] [--db-name NAME]] [--threads N]\n"
		"FastCGI worker that does the bare work of remit's benchmark cases.\n",
		out);
}

static void options_parse(struct options *opt, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "memcached", required_argument, NULL, 'm' },
		{ "db-socket", required_argument, NULL, 'd' },
		{ "db-user", required_argument, NULL, 'u' },
		{ "db-name", required_argument, NULL, 'n' },
		{ "threads", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	for (;;) {
		int o = getopt_long(argc, argv, "", longs, NULL);
		if (o == -1)
			break;
		if (o == 's')
			opt->socket = optarg;
		else if (o == 'm')
			opt->memcached = optarg;
		else if (o == 'd')
			opt->db.socket = optarg;
		else if (o == 'u')
			opt->db.user = optarg;
		else if (o == 'n')
			opt->db.database = optarg;
		else if (o == 't')
			opt->threads = strtol(optarg, NULL, 10);
		else {
			usage(o == 'h' ? stdout : stderr);
			exit(o == 'h' ? 0 : 2);
		}
	}
	if (opt->socket == NULL || opt->threads < 1 || opt->threads > THREADS_MAX) {
		usage(stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static struct worker workers[THREADS_MAX];
	static struct floor floor = {
		.opt = { .threads = 16, .db = { .user = "root", .database = "remit_floor" } },
	};
	sigset_t signals;
	int which;

	options_parse(&floor.opt, argc, argv);
	open_all(&floor);
	/* libfcgi's own handlers only set a flag, so the signals are blocked and waited for here */
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	if (pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0)
		fail("pthread_sigmask");
	for (long i = 0; i < floor.opt.threads; i++)
		worker_start(&workers[i], &floor);
	(void)puts("ready");
	(void)fflush(stdout);
	(void)sigwait(&signals, &which);
	if (eventfd_write(floor.stop, 1) != 0)
		fail("eventfd");
	for (long i = 0; i < floor.opt.threads; i++)
		worker_end(&workers[i]);
	(void)unlink(floor.opt.socket);
	return 0;
}
