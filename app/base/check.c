/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One write, so that lines of several processes on one stderr do not mix. */
_Noreturn void check_failed(const char *expression, const char *file, int line)
{
	char text[512];
	size_t n;
	ssize_t ignored;

	(void)snprintf(text, sizeof(text) - 1, "%s:%d: CHECK(%s) failed", file, line, expression);
	n = strlen(text);
	text[n++] = '\n';
	ignored = write(STDERR_FILENO, text, n);
	(void)ignored;
	abort();
}
