/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_SYSTEM_H
#define REMIT_SYSTEM_H

/*
 * Health, metrics and the OpenAPI document. The composition root hands over the parts that are
 * looked at; they are constant afterwards. Thread-safe.
 */

#include "app/cache/cache.h"
#include "app/db/db.h"
#include "app/http/route.h"

struct system_parts {
	const struct config *config;
	const struct router *router;
	struct db_pools *pools;
	struct cache *cache;
};

/* Makes the OpenAPI document once. */
MUST_CHECK enum err system_start(const struct system_parts *parts);
void system_stop(void);
/* From now on /health/ready answers 503, so that load balancers look elsewhere. */
void system_draining(void);

extern const struct domain system_domain;

#endif
