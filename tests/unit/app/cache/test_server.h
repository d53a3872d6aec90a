/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_TEST_CACHE_TEST_SERVER_H
#define REMIT_TEST_CACHE_TEST_SERVER_H

/*
 * A Memcached of the test's own, on a unix socket in a temporary folder. It ends with the test,
 * however that ends.
 */

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct test_server {
	pid_t pid;
	char path[80];
};

static inline bool test_server_listens(const struct test_server *m)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	memcpy(a.sun_path, m->path, strlen(m->path) + 1);
	ok = fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Starts it where m->path says. */
static inline void test_server_start(struct test_server *m)
{
	pid_t parent = getpid();

	unlink(m->path);
	m->pid = fork();
	ck_assert_int_ge(m->pid, 0);
	if (m->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			execlp("memcached", "memcached", "-u", geteuid() == 0 ? "root" : "nobody",
			       "-s", m->path, "-t", "2", "-m", "16", (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 500 && !test_server_listens(m); i++)
		usleep(10000);
	ck_assert_msg(test_server_listens(m), "memcached does not listen");
}

static inline void test_server_new(struct test_server *m)
{
	char dir[] = "/tmp/remit-cache-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(m->path, sizeof(m->path), "%s/s", dir);
	test_server_start(m);
}

/* Returns when SIGSTOP has stopped it. */
static inline void test_server_signal(const struct test_server *m, int signal)
{
	int status;

	ck_assert_int_eq(kill(m->pid, signal), 0);
	if (signal != SIGSTOP)
		return;
	ck_assert_int_eq(waitpid(m->pid, &status, WUNTRACED), m->pid);
	ck_assert(WIFSTOPPED(status));
}

static inline void test_server_kill(struct test_server *m)
{
	test_server_signal(m, SIGKILL);
	ck_assert_int_eq(waitpid(m->pid, NULL, 0), m->pid);
	m->pid = 0;
}

static inline void test_server_free(struct test_server *m)
{
	char *slash = strrchr(m->path, '/');

	if (m->pid > 0)
		test_server_kill(m);
	unlink(m->path);
	*slash = '\0';
	rmdir(m->path);
}

/* Whether there is one to test with. */
static inline bool test_server_available(void)
{
	const char *path = getenv("PATH");
	char file[512];

	for (const char *p = path; p != NULL && *p != '\0';) {
		size_t n = strcspn(p, ":");

		snprintf(file, sizeof(file), "%.*s/memcached", (int)n, p);
		if (access(file, X_OK) == 0)
			return true;
		p += n + (p[n] == ':' ? 1 : 0);
	}
	return false;
}

#endif
