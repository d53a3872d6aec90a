/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks form a stack; the current one is on top and the first one is never freed before the
 * arena. Only the current chunk has free bytes: [pos, end).
 */
#include "app/base/arena.h"

#include "app/base/check.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#define RED_ZONE       ((size_t)16)
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#define RED_ZONE       ((size_t)0)
#endif

#define ALIGN	    alignof(max_align_t)
#define CHUNK_FIRST ((size_t)64 << 10)
#define CHUNK_MAX   ((size_t)4 << 20) /* growth stops here; one larger allocation still fits */

struct chunk {
	struct chunk *below;
	size_t size; /* of data */
	alignas(max_align_t) unsigned char data[];
};

struct defer {
	struct defer *below;
	void (*fn)(void *);
	void *ptr;
};

struct arena {
	unsigned char *pos;
	unsigned char *end;
	struct chunk *chunk;
	struct defer *defers;
	size_t total; /* of slots handed out, without red zones */
	size_t cap;
	bool overflowed;
};

/* What n bytes take, without the red zone. n is at most the cap, so this cannot wrap. */
static size_t slot_size(size_t n)
{
	if (n == 0)
		return ALIGN;
	return (n + ALIGN - 1) & ~(ALIGN - 1);
}

static void chunk_use(struct arena *a, struct chunk *c, size_t used)
{
	a->chunk = c;
	a->pos = c->data + used;
	a->end = c->data + c->size;
	POISON(a->pos, (size_t)(a->end - a->pos));
}

static bool chunk_push(struct arena *a, size_t size)
{
	struct chunk *c = malloc(sizeof(*c) + size);

	if (c == NULL)
		return false;
	c->below = a->chunk;
	c->size = size;
	chunk_use(a, c, 0);
	return true;
}

static void chunk_pop(struct arena *a)
{
	struct chunk *c = a->chunk;

	a->chunk = c->below;
	UNPOISON(c->data, c->size);
	free(c);
}

struct arena *arena_new(size_t cap)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	/* The head room lets sizes be rounded up without a check of their own. */
	a->cap = slot_size(cap < SIZE_MAX / 4 ? cap : SIZE_MAX / 4);
	if (!chunk_push(a, CHUNK_FIRST)) {
		free(a);
		return NULL;
	}
	return a;
}

static void run_defers(struct arena *a, const struct defer *until)
{
	while (a->defers != until) {
		struct defer *d = a->defers;

		CHECK(d != NULL);
		a->defers = d->below;
		d->fn(d->ptr);
	}
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	run_defers(a, NULL);
	while (a->chunk != NULL)
		chunk_pop(a);
	free(a);
}

static void *overflow(struct arena *a)
{
	a->overflowed = true;
	return NULL;
}

static __attribute__((noinline)) bool chunk_grow(struct arena *a, size_t need)
{
	size_t size = a->chunk->size < CHUNK_MAX / 2 ? 2 * a->chunk->size : CHUNK_MAX;

	return chunk_push(a, size > need ? size : need);
}

void *arena_alloc(struct arena *a, size_t n)
{
	unsigned char *p;
	size_t slot;

	if (n > a->cap)
		return overflow(a);
	slot = slot_size(n);
	if (slot > a->cap - a->total)
		return overflow(a);
	if (slot + RED_ZONE > (size_t)(a->end - a->pos) && !chunk_grow(a, slot + RED_ZONE))
		return overflow(a);
	p = a->pos;
	a->pos += slot + RED_ZONE;
	a->total += slot;
	UNPOISON(p, n);
	return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
	void *p = arena_alloc(a, n);

	if (p != NULL)
		memset(p, 0, n);
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return overflow(a);
	return arena_zalloc(a, bytes);
}

/* Makes the latest allocation p larger where it stands, when there is room. */
static bool grow_in_place(struct arena *a, unsigned char *p, size_t old_n, size_t new_n)
{
	size_t old_slot = slot_size(old_n);
	size_t more;

	if (p + old_slot + RED_ZONE != a->pos || new_n > a->cap)
		return false;
	more = slot_size(new_n) - old_slot;
	if (more > a->cap - a->total || more > (size_t)(a->end - a->pos))
		return false;
	a->pos += more;
	a->total += more;
	UNPOISON(p, new_n);
	return true;
}

void *arena_grow(struct arena *a, void *p, size_t old_n, size_t new_n)
{
	void *copy;

	if (p != NULL && (new_n <= old_n || grow_in_place(a, p, old_n, new_n)))
		return p;
	copy = arena_alloc(a, new_n);
	if (copy != NULL && p != NULL)
		memcpy(copy, p, old_n);
	return copy;
}

char *arena_dupz(struct arena *a, struct str s)
{
	char *p = s.n < SIZE_MAX ? arena_alloc(a, s.n + 1) : overflow(a);

	if (p == NULL)
		return NULL;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

struct str arena_dup(struct arena *a, struct str s)
{
	char *p = s.p == NULL ? NULL : arena_dupz(a, s);

	if (p == NULL)
		return STR_NONE;
	return (struct str){ .p = p, .n = s.n };
}

enum err arena_defer(struct arena *a, void (*fn)(void *), void *ptr)
{
	struct defer *d = arena_alloc(a, sizeof(*d));

	if (d == NULL) {
		fn(ptr);
		return ERR_NO_MEMORY;
	}
	*d = (struct defer){ .below = a->defers, .fn = fn, .ptr = ptr };
	a->defers = d;
	return ERR_OK;
}

struct arena_mark arena_mark(const struct arena *a)
{
	return (struct arena_mark){
		.chunk = a->chunk,
		.used = (size_t)(a->pos - a->chunk->data),
		.defers = a->defers,
		.total = a->total,
	};
}

void arena_rewind(struct arena *a, struct arena_mark m)
{
	run_defers(a, m.defers);
	while (a->chunk != m.chunk) {
		chunk_pop(a);
		CHECK(a->chunk != NULL);
	}
	chunk_use(a, a->chunk, m.used);
	a->total = m.total;
}

void arena_reset(struct arena *a)
{
	run_defers(a, NULL);
	while (a->chunk->below != NULL)
		chunk_pop(a);
	chunk_use(a, a->chunk, 0);
	a->total = 0;
	a->overflowed = false;
}

bool arena_overflowed(const struct arena *a)
{
	return a->overflowed;
}

size_t arena_used(const struct arena *a)
{
	return a->total;
}
