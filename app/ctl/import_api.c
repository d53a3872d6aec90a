/* SPDX-License-Identifier: Apache-2.0 */
/* Slots of requests, repetition with back-off, look-up of what is there already. */
#include "app/ctl/import_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "app/base/buf.h"
#include "app/base/check.h"
#include "app/base/clock.h"
#include "app/base/limits.h"
#include "app/ctl/ctl.h"
#include "app/net/client.h"

#define SECOND INT64_C(1000000)

enum {
	STEP_MS = 100,
	CONNECT_MS = 5000,
	REQUEST_MS = 60000,
	HEADER_MAX = 400,
	ARENA_MAX = 64 << 20,
	CONSISTENCY_MAX = 300,
	TROUBLE_MAX = 200,
	FAULTS_MAX = 3,
	SHIFT_MAX = 7,
};

/* How long a request is repeated: an outage is waited for, a wrong address is not. */
static const int64_t patience = 120 * SECOND;
static const int64_t first_patience = 2 * SECOND;
static const int64_t backoff_min = SECOND / 10;
static const int64_t backoff_max = 10 * SECOND;

enum slot_state { SLOT_FREE, SLOT_FLYING, SLOT_WAITING };

struct slot {
	struct import_api *api;
	struct arena *arena;
	struct import_request rq;
	enum slot_state state;
	unsigned attempts;
	int64_t began;
	int64_t due; /* waiting: when it is sent again */
	/* looking for what a POST was refused for: why it was */
	const char *refusal;
};

struct import_api {
	struct net_client *client;
	struct slot *slots;
	struct slot *begun;
	unsigned parallel;
	unsigned busy;
	uint64_t sent;
	bool answered; /* the server has answered before */
	char trouble[TROUBLE_MAX];
	int64_t hold; /* nothing is sent before: the server asked for a pause */
	char consistency[CONSISTENCY_MAX]; /* header line: reads must not be older than our writes
					    */
};

/* Making ------------------------------------------------------------------------------------- */

static bool key_is_plain(const char *key)
{
	for (const char *p = key; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return *key != '\0';
}

static enum err new_client(struct import_api *api, const char *url, const char *key)
{
	char authorization[HEADER_MAX] = "Authorization: Bearer ";
	const char *const headers[] = { authorization, "Accept: application/json", NULL };
	char base[LIMIT_URI];
	size_t n = strlen(url);
	enum err e;

	while (n > 0 && url[n - 1] == '/')
		n--;
	if (n >= sizeof(base) || strlen(key) > HEADER_MAX / 2) {
		ctl_say("the URL or the API key is too long");
		return ERR_CONFIG;
	}
	memcpy(base, url, n);
	base[n] = '\0';
	strncat(authorization, key, HEADER_MAX / 2);
	e = net_client_new(&(struct net_client_options){ .base_url = base,
							 .user_agent = "remitctl",
							 .headers = headers,
							 .parallel = api->parallel,
							 .connect_timeout_ms = CONNECT_MS,
							 .timeout_ms = REQUEST_MS,
							 .answer_max = LIMIT_ANSWER },
			   &api->client);
	explicit_bzero(authorization, sizeof(authorization));
	if (e == ERR_CONFIG)
		ctl_say("\"%s\" is not an http or https URL", url);
	return e;
}

enum err import_api_new(const char *url, const char *key, unsigned parallel,
			struct import_api **ret_api)
{
	struct import_api *api;
	enum err e;

	if (!key_is_plain(key)) {
		ctl_say("the API key has characters that no API key has, or none");
		return ERR_CONFIG;
	}
	api = calloc(1, sizeof(*api));
	if (api == NULL)
		return ERR_NO_MEMORY;
	api->parallel = parallel;
	api->slots = calloc(parallel, sizeof(*api->slots));
	e = api->slots != NULL ? new_client(api, url, key) : ERR_NO_MEMORY;
	for (unsigned i = 0; i < parallel && e == ERR_OK; i++) {
		api->slots[i].api = api;
		api->slots[i].arena = arena_new(ARENA_MAX);
		if (api->slots[i].arena == NULL)
			e = ERR_NO_MEMORY;
	}
	if (e != ERR_OK) {
		import_api_free(api);
		return e;
	}
	*ret_api = api;
	return ERR_OK;
}

void import_api_free(struct import_api *api)
{
	if (api == NULL)
		return;
	net_client_free(api->client);
	for (unsigned i = 0; api->slots != NULL && i < api->parallel; i++)
		arena_free(api->slots[i].arena);
	free(api->slots);
	free(api);
}

/* Ends --------------------------------------------------------------------------------------- */

static void finish(struct slot *s, const struct import_answer *answer)
{
	/* the slot is free only then: the answer is in its arena */
	s->rq.done(s->rq.arg, answer);
	s->state = SLOT_FREE;
	s->api->busy--;
}

static void fail(struct slot *s, enum ctl_exit exit_code, const char *problem)
{
	finish(s, &(struct import_answer){ .exit_code = (int)exit_code, .problem = problem });
}

/* Sends again later: doubling times with jitter, or what the server asks for. */
static void again(struct slot *s, const struct net_answer *answer, const char *problem)
{
	struct import_api *api = s->api;
	const struct str after = net_answer_header(answer, STR("Retry-After"));
	const int64_t now = clock_monotonic();
	int64_t wait = backoff_min << (s->attempts < SHIFT_MAX ? s->attempts : SHIFT_MAX);
	uint32_t random = 0;
	int64_t seconds;

	/* a fault of the server is seldom cured by waiting */
	if (now - s->began > (api->answered ? patience : first_patience) ||
	    (answer->status == 500 && s->attempts >= FAULTS_MAX)) {
		fail(s, CTL_UNAVAILABLE, problem);
		return;
	}
	if (answer->status != 429)
		snprintf(api->trouble, sizeof(api->trouble), "%s", problem);
	wait = wait < backoff_max ? wait : backoff_max;
	/* jitter alone: without entropy nothing is lost */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = 0;
	wait = wait / 2 + (int64_t)random % (wait / 2);
	if (answer->status == 429 && str_to_i64(after, 0, 60, &seconds) == ERR_OK) {
		api->hold = now + seconds * SECOND;
		wait = seconds * SECOND;
	}
	s->state = SLOT_WAITING;
	s->due = now + wait;
}

static void fly(struct slot *s);

/* What was refused may be there already: then all is well. */
static void look_up(struct slot *s, const char *problem)
{
	s->refusal = problem;
	s->attempts = 0;
	s->began = clock_monotonic();
	fly(s);
}

static void refused(struct slot *s, const struct net_answer *answer)
{
	enum ctl_exit exit_code = CTL_DATA;
	const char *problem;
	const enum err e = import_problem_read(s->arena, answer->status, answer->body, &problem);

	if (err_retryable(e)) {
		again(s, answer, problem);
		return;
	}
	if (e == ERR_UNAUTHENTICATED || e == ERR_FORBIDDEN)
		exit_code = CTL_PERMISSION;
	else if (s->rq.lookup != NULL && s->refusal == NULL)
		return look_up(s, problem);
	fail(s, exit_code, s->refusal != NULL ? s->refusal : problem);
}

static void accepted(struct slot *s, const struct net_answer *net)
{
	struct import_answer answer;
	const enum err e = import_answer_read(s->arena, net->body, &answer);

	if (e != ERR_OK)
		fail(s, CTL_SOFTWARE, "an answer that is not one of this API; is the URL right?");
	else if (s->refusal != NULL && answer.n != 1)
		fail(s, CTL_DATA, s->refusal);
	else
		finish(s, &answer);
}

static void note_consistency(struct import_api *api, const struct net_answer *answer)
{
	static const struct str name = STR("Remit-Consistency: ");
	const struct str token = net_answer_header(answer, STR("Remit-Consistency"));

	if (token.p == NULL || name.n + token.n >= sizeof(api->consistency))
		return;
	memcpy(api->consistency, name.p, name.n);
	memcpy(api->consistency + name.n, token.p, token.n);
	api->consistency[name.n + token.n] = '\0';
}

static void on_answer(void *arg, const struct net_answer *answer)
{
	struct slot *s = arg;

	if (answer->status == 0) {
		const struct str failure = arena_dup(s->arena, str_from(answer->failure));

		again(s, answer, failure.p != NULL ? failure.p : "no answer");
		return;
	}
	s->api->answered = true;
	note_consistency(s->api, answer);
	if (answer->status >= 200 && answer->status < 300) {
		s->api->trouble[0] = '\0';
		accepted(s, answer);
	} else {
		refused(s, answer);
	}
}

/* Sending ------------------------------------------------------------------------------------ */

static void fly(struct slot *s)
{
	struct import_api *api = s->api;
	const bool get = s->rq.body.p == NULL || s->refusal != NULL;
	char idempotency[HEADER_MAX] = "Idempotency-Key: ";
	const char *headers[2] = { NULL, NULL };
	enum err e;

	if (get && api->consistency[0] != '\0')
		headers[0] = api->consistency;
	if (!get) {
		strncat(idempotency, s->rq.key, LIMIT_IDEMPOTENCY_KEY);
		headers[0] = idempotency;
	}
	s->state = SLOT_FLYING;
	s->attempts++;
	api->sent++;
	e = net_client_send(
		api->client,
		&(struct net_request){ .target = s->refusal != NULL ? s->rq.lookup : s->rq.target,
				       .body = get ? STR_NONE : s->rq.body,
				       .headers = headers,
				       .done = on_answer,
				       .arg = s });
	if (e != ERR_OK)
		fail(s, CTL_SOFTWARE, "the request could not be made");
}

struct arena *import_api_begin(struct import_api *api)
{
	if (clock_monotonic() < api->hold)
		return NULL;
	for (unsigned i = 0; i < api->parallel; i++) {
		if (api->slots[i].state != SLOT_FREE)
			continue;
		api->begun = &api->slots[i];
		arena_reset(api->begun->arena);
		return api->begun->arena;
	}
	return NULL;
}

enum err import_api_send(struct import_api *api, const struct import_request *rq)
{
	struct slot *s = api->begun;

	CHECK(s != NULL && s->state == SLOT_FREE);
	api->begun = NULL;
	if (arena_overflowed(s->arena))
		return ERR_NO_MEMORY;
	s->rq = *rq;
	s->attempts = 0;
	s->refusal = NULL;
	s->began = clock_monotonic();
	api->busy++;
	fly(s);
	return ERR_OK;
}

unsigned import_api_busy(const struct import_api *api)
{
	return api->busy;
}

const char *import_api_trouble(const struct import_api *api)
{
	return api->trouble[0] != '\0' ? api->trouble : NULL;
}

uint64_t import_api_sent(const struct import_api *api)
{
	return api->sent;
}

enum err import_api_step(struct import_api *api)
{
	const int64_t now = clock_monotonic();
	int64_t until = now + STEP_MS * (SECOND / 1000);

	for (unsigned i = 0; i < api->parallel; i++) {
		struct slot *s = &api->slots[i];

		if (s->state != SLOT_WAITING)
			continue;
		if (s->due <= now)
			fly(s);
		else if (s->due < until)
			until = s->due;
	}
	return net_client_run(api->client, (int)((until - now) / (SECOND / 1000)) + 1);
}
