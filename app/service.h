/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_SERVICE_H
#define REMIT_SERVICE_H

/*
 * What a service manager and a program tell each other: sd_listen_fds(3) and sd_notify(3), whose
 * protocol is an environment variable and a datagram. For the composition roots.
 */

#include "app/base/err.h"

/* The one socket that was passed (LISTEN_FDS); ERR_NOT_FOUND when none was. */
MUST_CHECK enum err service_listen_fd(int *ret_fd);
/* Sends a state to $NOTIFY_SOCKET; does nothing where there is none. */
void service_notify(const char *state);
/* RELOADING=1 with the monotonic time that systemd asks for. */
void service_notify_reloading(void);

#endif
