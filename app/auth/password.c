/* SPDX-License-Identifier: Apache-2.0 */
#include "app/auth/auth.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

#include "app/base/check.h"

#define WAIT_S	     2
#define BYTES_IN_KIB 1024

/* Parameters and bulkhead of the process; set by auth_start, then only `running` changes. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	bool started;
	unsigned long long passes;
	size_t memory;
	int64_t parallel;
	int64_t running;
	int64_t waiting;
	char dummy[crypto_pwhash_STRBYTES]; /* a hash that no password matches */
} state = { .lock = PTHREAD_MUTEX_INITIALIZER };

/*
 * Each hash takes many MiB and milliseconds of CPU: no more than some at once, and no more than as
 * many waiting, since each of them holds a thread that others need.
 */
static enum err enter(void)
{
	struct timespec until;
	int rc = 0;
	enum err e = ERR_OK;

	CHECK(state.started);
	CHECK(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
	until.tv_sec += WAIT_S;
	pthread_mutex_lock(&state.lock);
	if (state.running >= state.parallel && state.waiting >= state.parallel)
		rc = EBUSY;
	state.waiting++;
	while (state.running >= state.parallel && rc == 0)
		rc = pthread_cond_timedwait(&state.freed, &state.lock, &until);
	state.waiting--;
	if (state.running < state.parallel)
		state.running++;
	else
		e = ERR_OVERLOADED;
	pthread_mutex_unlock(&state.lock);
	return e;
}

static void leave(void)
{
	pthread_mutex_lock(&state.lock);
	state.running--;
	pthread_cond_signal(&state.freed);
	pthread_mutex_unlock(&state.lock);
}

static enum err hash(const char *password, size_t n, char ret_phc[crypto_pwhash_STRBYTES])
{
	/* It fails only when it cannot have its memory. */
	if (crypto_pwhash_str_alg(ret_phc, password, n, state.passes, state.memory,
				  crypto_pwhash_ALG_ARGON2ID13) != 0)
		return ERR_NO_MEMORY;
	return ERR_OK;
}

/* Sets the bulkhead up once; its waits must not depend on the wall clock. */
static enum err bulkhead_init(void)
{
	pthread_condattr_t attr;
	bool ok;

	if (state.started)
		return ERR_OK;
	if (pthread_condattr_init(&attr) != 0)
		return ERR_INTERNAL;
	ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
	     pthread_cond_init(&state.freed, &attr) == 0;
	pthread_condattr_destroy(&attr);
	return ok ? ERR_OK : ERR_INTERNAL;
}

enum err auth_start(const struct config *c)
{
	char secret[32];
	enum err e;

	if (sodium_init() < 0)
		return ERR_INTERNAL;
	if (c->password_passes < (int64_t)crypto_pwhash_OPSLIMIT_MIN ||
	    c->password_passes > (int64_t)crypto_pwhash_OPSLIMIT_MAX || c->password_parallel < 1 ||
	    c->password_memory_kib < (int64_t)(crypto_pwhash_MEMLIMIT_MIN / BYTES_IN_KIB) ||
	    c->password_memory_kib > (int64_t)(crypto_pwhash_MEMLIMIT_MAX / BYTES_IN_KIB))
		return ERR_CONFIG;
	e = bulkhead_init();
	if (e != ERR_OK)
		return e;
	state.passes = (unsigned long long)c->password_passes;
	state.memory = (size_t)c->password_memory_kib * BYTES_IN_KIB;
	state.parallel = c->password_parallel;
	randombytes_buf(secret, sizeof(secret));
	e = hash(secret, sizeof(secret), state.dummy);
	sodium_memzero(secret, sizeof(secret));
	state.started = e == ERR_OK || state.started;
	return e;
}

enum err auth_password_hash(struct arena *a, struct str password, struct str *ret_phc)
{
	char phc[crypto_pwhash_STRBYTES];
	struct str copy;
	enum err e = enter();

	if (e != ERR_OK)
		return e;
	e = hash(password.p, password.n, phc);
	leave();
	if (e != ERR_OK)
		return e;
	copy = arena_dup(a, str_from(phc));
	sodium_memzero(phc, sizeof(phc));
	if (copy.p == NULL)
		return ERR_NO_MEMORY;
	*ret_phc = copy;
	return ERR_OK;
}

enum err auth_password_verify(struct str phc, struct str password, bool *ret_rehash)
{
	const struct str argon2id = STR(crypto_pwhash_argon2id_STRPREFIX);
	char text[crypto_pwhash_STRBYTES] = { 0 };
	bool known = phc.p != NULL && phc.n < sizeof(text) && str_starts(phc, argon2id);
	bool matches;
	enum err e = enter();

	if (e != ERR_OK)
		return e;
	if (known)
		memcpy(text, phc.p, phc.n);
	else
		memcpy(text, state.dummy, sizeof(text));
	matches = crypto_pwhash_str_verify(text, password.p, password.n) == 0;
	leave();
	if (known && matches) {
		*ret_rehash = crypto_pwhash_str_needs_rehash(text, state.passes, state.memory) != 0;
		e = ERR_OK;
	} else {
		e = ERR_UNAUTHENTICATED;
	}
	sodium_memzero(text, sizeof(text));
	return e;
}
