/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the lease and renews it in the background. */
#include "app/ctl/migrate_lease.h"

#include "app/base/arena.h"
#include "app/base/clock.h"
#include "app/base/id.h"
#include "app/ctl/ctl.h"
#include "app/ctl/migrate_store.h"
#include "app/db/db.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	LEASE_S = 15,
	RENEW_S = 5,
	POLL_MS = 250,
	ARENA_BYTES = 1 << 16,
};

struct migrate_lease {
	struct db_admin *db;
	struct arena *arena;
	char owner[MIGRATE_OWNER_MAX + 1];
	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* guards stopping */
	pthread_cond_t wake;
	bool stopping;
	_Atomic int64_t until; /* monotonic time up to which it is surely ours */
};

/* host:pid:random, of the characters that put_text allows. */
static void owner_make(char owner[MIGRATE_OWNER_MAX + 1])
{
	char host[41] = "";
	char random[ID_TEXT_LEN];

	gethostname(host, sizeof(host) - 1);
	for (char *p = host; *p != '\0'; p++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.",
			   *p) == NULL)
			*p = '_';
	id_text(id_new(), random);
	(void)snprintf(owner, MIGRATE_OWNER_MAX + 1, "%s:%d:%.*s", host, getpid(), ID_TEXT_LEN,
		       random);
}

static enum err renew(struct migrate_lease *l, struct str *ret_owner)
{
	/* Counted from before the statement: the server's time begins later. */
	const int64_t from = clock_monotonic();
	enum err e;

	arena_reset(l->arena);
	e = migrate_store_lease(l->db, l->arena, str_from(l->owner), LEASE_S, ret_owner);
	if (e == ERR_OK)
		atomic_store(&l->until, from + LEASE_S * INT64_C(1000000));
	return e;
}

/* Waits; false when the lease is to be given back. */
static bool wait_for_turn(struct migrate_lease *l)
{
	struct timespec until;
	bool go_on;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += RENEW_S;
	pthread_mutex_lock(&l->lock);
	while (!l->stopping &&
	       pthread_cond_clockwait(&l->wake, &l->lock, CLOCK_MONOTONIC, &until) != ETIMEDOUT)
		continue;
	go_on = !l->stopping;
	pthread_mutex_unlock(&l->lock);
	return go_on;
}

/* A renewal that fails is tried again; what counts is the time for which the last one was good. */
static void *renewer(void *arg)
{
	struct migrate_lease *l = arg;
	struct str owner;

	while (wait_for_turn(l)) {
		enum err e = renew(l, &owner);

		if (e == ERR_CONFLICT)
			atomic_store(&l->until, 0);
	}
	return NULL;
}

static enum err wait_for_lease(struct migrate_lease *l, int wait_s)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	const int64_t end = clock_monotonic() + wait_s * INT64_C(1000000);
	struct str owner = STR_NONE;
	bool said = false;
	enum err e = renew(l, &owner);

	while (e == ERR_CONFLICT && clock_monotonic() < end) {
		if (!said)
			ctl_say("waiting: " STR_FMT " migrates now", STR_ARG(owner));
		said = true;
		nanosleep(&pause, NULL);
		e = renew(l, &owner);
	}
	if (e == ERR_CONFLICT)
		ctl_say(STR_FMT " still migrates: run this again when it is done", STR_ARG(owner));
	else if (e != ERR_OK)
		ctl_say("cannot take the lease: %s", db_admin_message(l->db));
	return e;
}

enum err migrate_lease_take(const struct config *c, int wait_s, struct migrate_lease **ret_lease)
{
	struct migrate_lease *l = calloc(1, sizeof(*l));
	struct str message = STR_NONE;
	enum err e;

	if (l == NULL)
		return ERR_NO_MEMORY;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->wake, NULL);
	owner_make(l->owner);
	l->arena = arena_new(ARENA_BYTES);
	e = l->arena == NULL ? ERR_NO_MEMORY
			     : db_admin_open(c, c->db_migrate_user, c->db_migrate_password, &l->db,
					     &message);
	if (e != ERR_OK)
		ctl_say("cannot take the lease: " STR_FMT, STR_ARG(message));
	if (e == ERR_OK)
		e = wait_for_lease(l, wait_s);
	if (e == ERR_OK) {
		l->running = pthread_create(&l->thread, NULL, renewer, l) == 0;
		e = l->running ? ERR_OK : ERR_NO_MEMORY;
	}
	if (e != ERR_OK) {
		migrate_lease_release(l);
		return e;
	}
	*ret_lease = l;
	return ERR_OK;
}

bool migrate_lease_held(const struct migrate_lease *l)
{
	return clock_monotonic() < atomic_load(&l->until);
}

void migrate_lease_release(struct migrate_lease *l)
{
	if (l == NULL)
		return;
	if (l->running) {
		pthread_mutex_lock(&l->lock);
		l->stopping = true;
		pthread_cond_signal(&l->wake);
		pthread_mutex_unlock(&l->lock);
		pthread_join(l->thread, NULL);
	}
	if (l->db != NULL) {
		arena_reset(l->arena);
		if (migrate_store_release(l->db, l->arena, str_from(l->owner)) != ERR_OK)
			ctl_say("the lease could not be given back; it ends in %d s", LEASE_S);
	}
	db_admin_close(l->db);
	arena_free(l->arena);
	pthread_cond_destroy(&l->wake);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
