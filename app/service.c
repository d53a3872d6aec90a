/* SPDX-License-Identifier: Apache-2.0 */
/* Socket passing and readiness as systemd defines them. */

#include "app/service.h"

#include "app/base/clock.h"
#include "app/base/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_FD = 3 };

enum err service_listen_fd(int *ret_fd)
{
	int64_t pid, n;
	int flags;

	if (str_to_i64(str_from(getenv("LISTEN_PID")), 1, INT32_MAX, &pid) != ERR_OK ||
	    str_to_i64(str_from(getenv("LISTEN_FDS")), 0, INT32_MAX, &n) != ERR_OK)
		return ERR_NOT_FOUND;
	if (pid != getpid() || n != 1)
		return ERR_NOT_FOUND;
	/* every worker accepts from it: a thread must not block when another one was faster */
	flags = fcntl(FIRST_FD, F_GETFL);
	if (flags < 0 || fcntl(FIRST_FD, F_SETFL, flags | O_NONBLOCK) != 0 ||
	    fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC) != 0)
		return ERR_IO;
	*ret_fd = FIRST_FD;
	return ERR_OK;
}

void service_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const size_t n = path != NULL ? strlen(path) : 0;
	int fd;

	if (n == 0 || n >= sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path, path, n);
	if (addr.sun_path[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&addr,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
}

void service_notify_reloading(void)
{
	char state[64];

	(void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
		       (long long)clock_monotonic());
	service_notify(state);
}
