/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_DOMAINS_H
#define REMIT_DOMAINS_H

/* The list of domains. Adding one is a folder, a line in domains.c, and a migration. */

#include "app/http/route.h"

extern const struct domain *const domains[];
extern const size_t domains_n;

#endif
