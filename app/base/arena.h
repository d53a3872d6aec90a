/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_BASE_ARENA_H
#define REMIT_BASE_ARENA_H

/*
 * A bump allocator: one for each request. Everything taken from it is released at once by
 * arena_reset. It has a hard cap: an allocation above it returns NULL and sets a sticky overflow
 * flag, which the edge turns into one answer. Under AddressSanitizer each allocation has a
 * poisoned red zone of 16 bytes. Not thread-safe: one owner.
 */

#include "app/base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* An arena that may hold up to `cap` bytes, rounded up. NULL when memory is short. */
struct arena *arena_new(size_t cap);
/* Runs what was deferred, frees all. NULL is allowed. */
void arena_free(struct arena *a);

/*
 * n bytes aligned for any type, uninitialized; NULL when they would pass the cap or memory is
 * short (arena_overflowed). A smaller allocation may still succeed then, so that an error answer
 * has room. n may be 0 (not NULL then).
 */
void *arena_alloc(struct arena *a, size_t n) __attribute__((malloc, alloc_size(2)));
/* As arena_alloc, all bytes zero. */
void *arena_zalloc(struct arena *a, size_t n) __attribute__((malloc, alloc_size(2)));
/* An array of n elements of `size`, zeroed; NULL when n * size overflows or passes the cap. */
void *arena_array(struct arena *a, size_t n, size_t size) __attribute__((malloc, alloc_size(2, 3)));
#define ARENA_NEW(a, type) ((type *)arena_zalloc((a), sizeof(type)))

/*
 * Extends p from old_n to new_n bytes: in place when it is the latest allocation and its chunk
 * has room, else by a copy. NULL on overflow; p stays valid then. p may be NULL with old_n 0.
 */
void *arena_grow(struct arena *a, void *p, size_t old_n, size_t new_n);

/* A copy of s in the arena; a terminating NUL follows it. STR_NONE on overflow or for STR_NONE. */
struct str arena_dup(struct arena *a, struct str s);
/* A terminated copy, NULL on overflow. */
char *arena_dupz(struct arena *a, struct str s);

/*
 * Calls fn(ptr) at arena_reset or arena_free, last deferred first. ERR_NO_MEMORY when it could
 * not be noted; fn was called at once then.
 */
MUST_CHECK enum err arena_defer(struct arena *a, void (*fn)(void *), void *ptr);

/* A point to go back to. Deferred calls noted after the mark run at the rewind. */
struct arena_mark {
	void *chunk;
	size_t used;
	void *defers;
	size_t total;
};
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark m);

/* Releases everything but keeps the first chunk for the next request; clears overflow. */
void arena_reset(struct arena *a);

/* Whether an allocation failed since the last reset. */
bool arena_overflowed(const struct arena *a);
/* Bytes handed out since the last reset, each allocation rounded up to the alignment. */
size_t arena_used(const struct arena *a);

#endif
