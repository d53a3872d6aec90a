/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_TEST_HTTP_FIELD_FIXTURE_H
#define REMIT_TEST_HTTP_FIELD_FIXTURE_H

/*
 * A call with an arena, a schema that has a member of every type, and a comparison that goes by
 * the table and not by what is encoded.
 */

#include "app/base/arena.h"
#include "app/call/call.h"
#include "app/http/field.h"
#include "tests/unit/app/base/seed.h"

#include <check.h>
#include <string.h>

static struct call call;

static inline void call_begin(size_t cap)
{
	memset(&call, 0, sizeof(call));
	call.arena = arena_new(cap);
	call.if_match = -1;
	ck_assert_ptr_nonnull(call.arena);
}

static inline void call_end(void)
{
	arena_free(call.arena);
	call.arena = NULL;
}

/* For the next input of a loop. */
static inline void call_again(void)
{
	arena_reset(call.arena);
	call.n_faults = 0;
	call.detail = NULL;
}

static inline void setup(void)
{
	call_begin(64 << 20);
}

static inline void teardown(void)
{
	call_end();
}

/* A copy on the heap without a terminator, so that AddressSanitizer sees each byte too far. */
static inline struct str heap_copy(const char *p, size_t n)
{
	char *copy = malloc(n == 0 ? 1 : n);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, p, n);
	return (struct str){ .p = copy, .n = n };
}

static inline void heap_free(struct str s)
{
	free((void *)(uintptr_t)s.p);
}

static inline const struct fault *fault_at(const char *pointer)
{
	for (size_t i = 0; i < call.n_faults; i++) {
		if (str_eq_z(call.faults[i].pointer, pointer))
			return &call.faults[i];
	}
	return NULL;
}

struct place {
	uint64_t present;
	struct str city;
	struct str country;
};

struct part {
	struct id product;
	struct str note;
	dec6 quantity;
	int64_t price;
	struct slice places;
};

struct thing {
	uint64_t present;
	struct id id;
	struct str name;
	struct str text;
	struct str email;
	int64_t count;
	int64_t price;
	dec6 quantity;
	bool flag;
	int64_t at;
	int32_t day;
	int32_t state;
	struct str currency;
	struct place place;
	struct slice parts;
	struct str metadata;
};

static const char *const states[] = { "draft", "placed", "done" };

static const struct field place_fields[] = {
	{ FIELD_OF(struct place, city, FIELD_STR), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct place, country, FIELD_COUNTRY), .flags = FIELD_NULLABLE },
};
static const struct schema place_schema = {
	.name = "Place",
	SCHEMA_FIELDS(place_fields, struct place),
	SCHEMA_PRESENT(struct place, present),
};

static const struct field part_fields[] = {
	{ FIELD_OF(struct part, product, FIELD_ID), .flags = FIELD_REQUIRED, .prefix = "prd" },
	{ FIELD_OF(struct part, note, FIELD_TEXT), .flags = FIELD_NULLABLE, .max = 30 },
	{ FIELD_OF(struct part, quantity, FIELD_DEC6), .min = 1, .max = 1000 * DEC6_ONE,
	  .fallback = DEC6_ONE, .has_fallback = true },
	{ FIELD_OF(struct part, price, FIELD_MONEY), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct part, places, FIELD_ARRAY), .of = &place_schema, .max = 2 },
};
static const struct schema part_schema = { .name = "Part",
					   SCHEMA_FIELDS(part_fields, struct part) };

static const struct field thing_fields[] = {
	{ FIELD_OF(struct thing, name, FIELD_STR), .flags = FIELD_NULLABLE, .min = 1, .max = 40 },
	{ FIELD_OF(struct thing, id, FIELD_ID), .flags = FIELD_NULLABLE, .prefix = "thg" },
	{ FIELD_OF(struct thing, text, FIELD_TEXT), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct thing, email, FIELD_EMAIL), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct thing, count, FIELD_I64), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct thing, price, FIELD_MONEY), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct thing, quantity, FIELD_DEC6), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct thing, flag, FIELD_BOOL), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct thing, at, FIELD_TIME), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct thing, day, FIELD_DATE), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct thing, state, FIELD_ENUM), .flags = FIELD_NULLABLE, .names = states,
	  .n_names = 3 },
	{ FIELD_OF(struct thing, currency, FIELD_CURRENCY), .flags = FIELD_NULLABLE },
	{ FIELD_OF(struct thing, place, FIELD_OBJECT), .flags = FIELD_NULLABLE,
	  .of = &place_schema },
	{ FIELD_OF(struct thing, parts, FIELD_ARRAY), .flags = FIELD_NULLABLE, .of = &part_schema },
	{ FIELD_OF(struct thing, metadata, FIELD_METADATA), .flags = FIELD_NULLABLE },
};
static const struct schema thing_schema = {
	.name = "Thing",
	SCHEMA_FIELDS(thing_fields, struct thing),
	SCHEMA_PRESENT(struct thing, present),
};

static inline bool schema_eq(const struct schema *s, const void *a, const void *b);

static inline bool str_same(const void *a, const void *b)
{
	const struct str *x = a;
	const struct str *y = b;

	return (x->p == NULL) == (y->p == NULL) && x->n == y->n &&
	       (x->n == 0 || memcmp(x->p, y->p, x->n) == 0);
}

static inline bool slice_eq(const struct schema *s, const struct slice *a, const struct slice *b)
{
	bool eq = a->n == b->n && (a->p == NULL) == (b->p == NULL);

	for (size_t i = 0; i < a->n && eq; i++)
		eq = schema_eq(s, (const char *)a->p + i * s->size,
			       (const char *)b->p + i * s->size);
	return eq;
}

static inline bool field_eq(const struct field *f, const void *a, const void *b)
{
	switch (f->type) {
	case FIELD_ID:
		return memcmp(a, b, sizeof(struct id)) == 0;
	case FIELD_STR:
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_CURRENCY:
	case FIELD_COUNTRY:
	case FIELD_METADATA:
	case FIELD_JSON:
		return str_same(a, b);
	case FIELD_I64:
	case FIELD_MONEY:
	case FIELD_DEC6:
	case FIELD_TIME:
		return memcmp(a, b, sizeof(int64_t)) == 0;
	case FIELD_BOOL:
		return memcmp(a, b, sizeof(bool)) == 0;
	case FIELD_DATE:
	case FIELD_ENUM:
		return memcmp(a, b, sizeof(int32_t)) == 0;
	case FIELD_OBJECT:
		return schema_eq(f->of, a, b);
	case FIELD_ARRAY:
		return slice_eq(f->of, a, b);
	}
	return false;
}

static inline bool schema_eq(const struct schema *s, const void *a, const void *b)
{
	for (uint32_t i = 0; i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];

		if (!field_eq(f, (const char *)a + f->offset, (const char *)b + f->offset))
			return false;
	}
	return true;
}

/* A string of up to `max` code points: ASCII, two, three and four bytes, what JSON escapes. */
static inline struct str random_text(size_t max, bool multiline)
{
	static const char *const pieces[] = {
		"a",	    "Z",  " ",	      "\"",	      "\\",
		"/",	    "~",  "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"\xc2\xa0", "\n", "\t"
	};
	size_t n = seed_below(max + 1);
	struct str s = { .p = "", .n = 0 };
	struct buf b;

	buf_init(&b, call.arena, 0, 1 << 20);
	for (size_t i = 0; i < n; i++)
		buf_z(&b, pieces[seed_below(multiline ? 13 : 11)]);
	ck_assert_int_eq(buf_finish(&b, &s), ERR_OK);
	return s;
}

static inline struct str random_metadata(void)
{
	size_t n = seed_below(4);
	struct str s;
	struct buf b;

	buf_init(&b, call.arena, 0, 1 << 20);
	buf_char(&b, '{');
	for (size_t i = 0; i < n; i++) {
		buf_z(&b, i == 0 ? "\"key" : ",\"key");
		buf_u64(&b, i);
		buf_z(&b, "\":");
		buf_json_str(&b, random_text(20, true));
	}
	buf_char(&b, '}');
	ck_assert_int_eq(buf_finish(&b, &s), ERR_OK);
	return s;
}

static inline struct place random_place(void)
{
	struct place p = { .city = STR_NONE, .country = STR_NONE };

	if (seed_below(2))
		p.city = random_text(255, false);
	if (seed_below(2))
		p.country = STR("AT");
	return p;
}

static inline struct slice random_parts(void)
{
	struct slice s = { .n = seed_below(4) };
	struct part *parts = arena_array(call.arena, s.n, sizeof(*parts));

	ck_assert_ptr_nonnull(parts);
	for (size_t i = 0; i < s.n; i++) {
		struct place *places = arena_array(call.arena, 2, sizeof(*places));

		ck_assert_ptr_nonnull(places);
		places[0] = random_place();
		places[1] = random_place();
		parts[i] = (struct part){
			.product = id_new(),
			.note = seed_below(2) ? random_text(30, true) : STR_NONE,
			.quantity = (dec6)seed_below(1000000000) + 1,
			.price = seed_below(2) ? MONEY_NONE : seed_i64() / 2048,
			.places = { .p = places, .n = seed_below(3) },
		};
	}
	s.p = parts;
	return s;
}

/* Each member is absent in one of four. Times have the milliseconds that are written. */
static inline struct thing random_thing(void)
{
	struct thing t;

	schema_defaults(&thing_schema, &t);
	if (seed_below(4))
		t.id = id_new();
	if (seed_below(4)) {
		t.name = random_text(40, false);
		if (t.name.n == 0)
			t.name = STR_NONE;
	}
	if (seed_below(4))
		t.text = random_text(300, true);
	if (seed_below(4))
		t.email = STR("Ada.L\xc3\xb6w+x@example.com");
	if (seed_below(4))
		t.count = seed_i64() / 1024;
	if (seed_below(4))
		t.price = seed_i64() / 1024;
	if (seed_below(4))
		t.quantity = seed_i64() % (DEC6_MAX + 1);
	t.flag = seed_below(2) != 0;
	if (seed_below(4))
		t.at = (int64_t)seed_below((uint64_t)TIME_MAX) / 1000 * 1000;
	if (seed_below(4))
		t.day = DATE_MIN + (int32_t)seed_below((uint64_t)(DATE_MAX - DATE_MIN + 1));
	t.state = (int32_t)seed_below(4) - 1;
	if (seed_below(4))
		t.currency = STR("JPY");
	t.place = random_place();
	if (seed_below(4))
		t.parts = random_parts();
	t.metadata = random_metadata();
	return t;
}

#endif
