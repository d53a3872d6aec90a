/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_BASE_CHECK_H
#define REMIT_BASE_CHECK_H

/*
 * CHECK(x) aborts the process when x is false. It stays on in release builds and is for
 * programming errors only, never for input, files, the network or the database.
 */

#define CHECK(x) ((x) ? (void)0 : check_failed(#x, __FILE__, __LINE__))

_Noreturn void check_failed(const char *expression, const char *file, int line);

#endif
