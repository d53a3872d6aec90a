/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_TEST_NET_SCRIPT_SERVER_H
#define REMIT_TEST_NET_SCRIPT_SERVER_H

/*
 * An HTTP server on the loopback that answers what a test's function says. A thread for each
 * connection; the function is called under a lock, with the whole request as it arrived.
 */

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SCRIPT_ROOM = 1 << 20 };

/* Writes the answer; false: the connection is closed without one. n: requests so far, from 1. */
typedef bool (*script_answer)(int n, const char *request, char *ret_answer, size_t room);

static struct {
	int fd;
	int requests, connections;
	script_answer answer;
	pthread_mutex_t lock;
	char url[64];
} script = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* The length of the first whole request among n bytes; 0: there is none yet. */
static inline size_t script_whole(const char *p, size_t n)
{
	const char *end = memmem(p, n, "\r\n\r\n", 4);
	const char *length;
	size_t whole;

	if (end == NULL)
		return 0;
	whole = (size_t)(end - p) + 4;
	length = memmem(p, whole, "Content-Length: ", 16);
	if (length != NULL)
		whole += strtoul(length + 16, NULL, 10);
	return n >= whole ? whole : 0;
}

static inline bool script_reply(int fd, const char *request, char *answer)
{
	bool ok;

	pthread_mutex_lock(&script.lock);
	script.requests++;
	ok = script.answer(script.requests, request, answer, SCRIPT_ROOM);
	pthread_mutex_unlock(&script.lock);
	return ok && send(fd, answer, strlen(answer), MSG_NOSIGNAL) == (ssize_t)strlen(answer);
}

static inline void *script_serve(void *arg)
{
	const int fd = (int)(intptr_t)arg;
	char *request = calloc(1, SCRIPT_ROOM + 1);
	char *answer = calloc(1, SCRIPT_ROOM + 1);
	size_t n = 0;
	bool open = request != NULL && answer != NULL;

	while (open) {
		const ssize_t got = recv(fd, request + n, SCRIPT_ROOM - n, 0);
		size_t whole;

		if (got <= 0)
			break;
		n += (size_t)got;
		whole = script_whole(request, n);
		if (whole == 0)
			continue;
		request[whole] = '\0'; /* one request at a time: nothing follows */
		open = script_reply(fd, request, answer);
		n = 0;
	}
	close(fd);
	free(request);
	free(answer);
	return NULL;
}

static inline void *script_accept(void *arg)
{
	(void)arg;
	for (;;) {
		const int fd = accept(script.fd, NULL, NULL);
		pthread_t thread;

		if (fd < 0)
			return NULL;
		pthread_mutex_lock(&script.lock);
		script.connections++;
		pthread_mutex_unlock(&script.lock);
		if (pthread_create(&thread, NULL, script_serve, (void *)(intptr_t)fd) == 0)
			pthread_detach(thread);
	}
}

/* Starts it in this process; it ends with the process. */
static inline void script_start(script_answer answer)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(at);
	pthread_t thread;

	script.answer = answer;
	script.requests = 0;
	script.connections = 0;
	script.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (script.fd < 0 || bind(script.fd, (struct sockaddr *)&at, n) != 0 ||
	    listen(script.fd, 64) != 0 || getsockname(script.fd, (struct sockaddr *)&at, &n) != 0 ||
	    pthread_create(&thread, NULL, script_accept, NULL) != 0)
		abort();
	pthread_detach(thread);
	snprintf(script.url, sizeof(script.url), "http://127.0.0.1:%d", ntohs(at.sin_port));
}

/* Writes a whole answer with this head (status line and header lines) and body. */
static inline bool script_say(char *ret_answer, size_t room, const char *head, const char *body)
{
	snprintf(ret_answer, room, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", head,
		 strlen(body), body);
	return true;
}

#endif
