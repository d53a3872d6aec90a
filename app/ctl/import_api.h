/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CTL_IMPORT_API_H
#define REMIT_CTL_IMPORT_API_H

/*
 * Requests to the API, several at a time, which arrive in the end: what fails for a while is sent
 * again with the same idempotency key, and what somebody refuses because it is there already is
 * looked up. One thread, which drives it with import_api_step.
 */

#include "app/base/arena.h"
#include "app/base/err.h"
#include "app/ctl/import_answer.h"

struct import_api;

struct import_request {
	const char *target;
	struct str body; /* STR_NONE: a GET */
	const char *key; /* idempotency key of a POST */
	/*
	 * A list that has the object of a POST as its only row, when it is there: asked when the
	 * POST is refused. NULL: there is none.
	 */
	const char *lookup;
	/* Called once. The answer is valid until it returns. */
	void (*done)(void *arg, const struct import_answer *answer);
	void *arg;
};

/* key: the API key. Says what is wrong with URL or key. */
MUST_CHECK enum err import_api_new(const char *url, const char *key, unsigned parallel,
				   struct import_api **ret_api);
void import_api_free(struct import_api *api);

/*
 * The memory in which to make the next request; NULL when as many are under way as may be. What it
 * held before is released.
 */
struct arena *import_api_begin(struct import_api *api);
/* Sends the request whose parts are in the arena of import_api_begin. */
MUST_CHECK enum err import_api_send(struct import_api *api, const struct import_request *rq);
/* How many requests are under way. */
unsigned import_api_busy(const struct import_api *api);
/* Moves them on; blocks up to a tenth of a second. ERR_IO. */
MUST_CHECK enum err import_api_step(struct import_api *api);
/* Why requests are sent again at the moment; NULL: they are not. */
const char *import_api_trouble(const struct import_api *api);
/* Requests made so far, answered ones that were sent again included. */
uint64_t import_api_sent(const struct import_api *api);

#endif
