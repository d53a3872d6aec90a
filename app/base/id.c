/* SPDX-License-Identifier: Apache-2.0 */
#include "app/base/id.h"

#include "app/base/check.h"
#include "app/base/clock.h"

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#define USEC_PER_MSEC 1000
#define COUNTER_MAX   0xfffU
/* A new millisecond starts below this, so that 2048 ids always fit into it. */
#define COUNTER_START_MAX 0x7ffU
#define VERSION_BITS	  UINT64_C(0x7000)
#define VARIANT_BITS	  (UINT64_C(1) << 63)
#define RANDOM_62	  ((UINT64_C(1) << 62) - 1)
#define RANDOM_WORDS	  128 /* 1 KiB */
#define BAD		  0x80

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* Value of each character, offset by '0'; BAD for what is not in the alphabet. */
static const uint8_t values['z' - '0' + 1] = {
	0,   1,	  2,   3,   4,	 5,   6,   7,	8,   9,	  BAD, BAD, BAD, BAD, BAD,
	BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD,
	BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD,
	BAD, BAD, BAD, BAD, 10,	 11,  12,  13,	14,  15,  16,  17,  BAD, 18,  19,
	BAD, 20,  21,  BAD, 22,	 23,  24,  25,	26,  BAD, 27,  28,  29,	 30,  31,
};

/* One for each thread: the last time and counter handed out, and random bits in stock. */
struct generator {
	uint64_t msec;
	uint32_t counter;
	uint32_t stock; /* words left */
	uint64_t random[RANDOM_WORDS];
};

static _Thread_local struct generator generator;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

/* The child must not hand out the random bits its parent has in stock. */
static void forget_random(void)
{
	generator.stock = 0;
}

static void watch_forks(void)
{
	CHECK(pthread_atfork(NULL, NULL, forget_random) == 0);
}

static void refill(struct generator *g)
{
	unsigned char *p = (unsigned char *)g->random;
	size_t n = 0;

	CHECK(pthread_once(&fork_once, watch_forks) == 0);
	while (n < sizeof(g->random)) {
		ssize_t got = getrandom(p + n, sizeof(g->random) - n, 0);

		/* Ids that can be guessed or collide are worse than no process. */
		CHECK(got > 0 || (got < 0 && errno == EINTR));
		if (got > 0)
			n += (size_t)got;
	}
	g->stock = RANDOM_WORDS;
}

static uint64_t random_word(struct generator *g)
{
	if (g->stock == 0)
		refill(g);
	return g->random[--g->stock];
}

static void store(uint8_t *to, uint64_t v)
{
	v = htobe64(v);
	memcpy(to, &v, sizeof(v));
}

static uint64_t load(const uint8_t *from)
{
	uint64_t v;

	memcpy(&v, from, sizeof(v));
	return be64toh(v);
}

/* The layout of RFC 9562 section 5.7: 48 bits of time, version, rand_a, variant, rand_b. */
static struct id assemble(uint64_t msec, uint32_t rand_a, uint64_t rand_b)
{
	struct id id;

	store(id.b, msec << 16 | VERSION_BITS | (rand_a & COUNTER_MAX));
	store(id.b + 8, VARIANT_BITS | (rand_b & RANDOM_62));
	return id;
}

static uint64_t msec_of(int64_t t)
{
	return t < 0 ? 0 : (uint64_t)(t / USEC_PER_MSEC);
}

struct id id_new(void)
{
	struct generator *g = &generator;
	uint64_t msec = msec_of(clock_now());

	if (msec > g->msec) {
		g->msec = msec;
		g->counter = (uint32_t)random_word(g) & COUNTER_START_MAX;
	} else if (g->counter < COUNTER_MAX) {
		g->counter++;
	} else {
		/* More than the counter holds: borrow from the future (RFC 9562 section 6.2). */
		g->msec++;
		g->counter = 0;
	}
	return assemble(g->msec, g->counter, random_word(g));
}

struct id id_new_at(int64_t t)
{
	uint64_t rand_a = random_word(&generator);

	CHECK(t >= 0 && t <= TIME_MAX);
	return assemble(msec_of(t), (uint32_t)rand_a, random_word(&generator));
}

int64_t id_time(struct id id)
{
	return (int64_t)(load(id.b) >> 16) * USEC_PER_MSEC;
}

struct id id_first_at(int64_t t)
{
	return assemble(msec_of(t), 0, 0);
}

struct id id_last_at(int64_t t)
{
	return assemble(msec_of(t), COUNTER_MAX, RANDOM_62);
}

struct id id_lowest(void)
{
	return (struct id){ .b = { [15] = 1 } };
}

bool id_is_none(struct id id)
{
	return (load(id.b) | load(id.b + 8)) == 0;
}

bool id_eq(struct id a, struct id b)
{
	return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

int id_cmp(struct id a, struct id b)
{
	return memcmp(a.b, b.b, sizeof(a.b));
}

/* 128 bits are 26 groups of 5 with two zero bits in front: 3 + 12 x 5 + (1 + 4) + 12 x 5. */
void id_text(struct id id, char ret_text[ID_TEXT_LEN])
{
	uint64_t high = load(id.b);
	uint64_t low = load(id.b + 8);

	ret_text[13] = alphabet[(high & 1) << 4 | low >> 60];
	high >>= 1;
	for (int i = 12; i > 0; i--) {
		ret_text[i] = alphabet[high & 31];
		ret_text[i + 13] = alphabet[low & 31];
		high >>= 5;
		low >>= 5;
	}
	ret_text[0] = alphabet[high];
}

void id_put(struct buf *b, const char *prefix, struct id id)
{
	struct str head = str_from(prefix);
	char *to = buf_reserve(b, head.n + 1 + ID_TEXT_LEN);

	CHECK(head.n > 0 && head.n <= ID_PREFIX_MAX);
	if (to == NULL)
		return;
	memcpy(to, head.p, head.n);
	to[head.n] = '_';
	id_text(id, to + head.n + 1);
	b->n += head.n + 1 + ID_TEXT_LEN;
}

static uint8_t value_of(char c)
{
	unsigned int at = (unsigned int)(unsigned char)c - '0';

	return at < sizeof(values) ? values[at] : BAD;
}

enum err id_parse_text(struct str s, struct id *ret_id)
{
	uint64_t high;
	uint64_t low = 0;
	uint8_t middle;
	uint8_t bad;

	if (s.n != ID_TEXT_LEN)
		return ERR_MALFORMED;
	high = value_of(s.p[0]);
	if (high > 7)
		return ERR_MALFORMED;
	middle = value_of(s.p[13]);
	bad = middle;
	for (int i = 1; i <= 12; i++) {
		uint8_t h = value_of(s.p[i]);
		uint8_t l = value_of(s.p[i + 13]);

		bad |= h | l;
		high = high << 5 | (h & 31);
		low = low << 5 | (l & 31);
	}
	if ((bad & BAD) != 0)
		return ERR_MALFORMED;
	store(ret_id->b, high << 1 | middle >> 4);
	store(ret_id->b + 8, (uint64_t)(middle & 15) << 60 | low);
	return ERR_OK;
}

enum err id_parse(struct str s, const char *prefix, struct id *ret_id)
{
	size_t n = strlen(prefix);

	if (s.n != n + 1 + ID_TEXT_LEN || memcmp(s.p, prefix, n) != 0 || s.p[n] != '_')
		return ERR_MALFORMED;
	return id_parse_text((struct str){ .p = s.p + n + 1, .n = ID_TEXT_LEN }, ret_id);
}
