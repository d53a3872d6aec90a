/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of an import: lists that grow, names to places, sums. */
#include "app/ctl/import_plan.h"

#include <stdlib.h>
#include <string.h>

#include "app/base/check.h"
#include "app/base/clock.h"
#include "app/base/limits.h"
#include "app/ctl/ctl.h"

enum { PLAN_MAX = 1 << 30, ROOM_MIN = 256 };

struct import_slot {
	struct str name; /* STR_NONE: free */
	uint32_t place;
};

enum err import_plan_init(struct import_plan *plan, const char *name, const char *prefix,
			  struct str currency)
{
	*plan = (struct import_plan){
		.name = name,
		.prefix = prefix,
		.currency = currency,
		.customers.size = sizeof(struct import_customer),
		.products.size = sizeof(struct import_product),
		.documents.size = sizeof(struct import_document),
		.lines.size = sizeof(struct import_line),
	};
	plan->arena = arena_new(PLAN_MAX);
	return plan->arena != NULL ? ERR_OK : ERR_NO_MEMORY;
}

void import_plan_free(struct import_plan *plan)
{
	arena_free(plan->arena);
	plan->arena = NULL;
}

/* Lists and maps ----------------------------------------------------------------------------- */

/* A new zeroed element at the end; NULL when memory is short. */
static void *list_add(struct arena *a, struct import_list *list)
{
	char *p = list->p;

	if (list->n == list->room) {
		const uint32_t room = list->room == 0 ? ROOM_MIN : list->room * 2;

		if (room > IMPORT_NONE / 4)
			return NULL;
		p = arena_grow(a, p, list->room * list->size, room * list->size);
		if (p == NULL)
			return NULL;
		list->p = p;
		list->room = room;
	}
	p += list->n++ * list->size;
	memset(p, 0, list->size);
	return p;
}

/* FNV-1a. */
static uint32_t hash(struct str s)
{
	uint32_t h = UINT32_C(2166136261);

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT32_C(16777619);
	return h;
}

/* The slot of the name, or the free one where it belongs. room is a power of 2 and never full. */
static struct import_slot *map_slot(const struct import_map *map, struct str name)
{
	uint32_t i = hash(name) & (map->room - 1);

	while (map->slots[i].name.p != NULL && !str_eq(map->slots[i].name, name))
		i = (i + 1) & (map->room - 1);
	return &map->slots[i];
}

uint32_t import_map_find(const struct import_map *map, struct str name)
{
	const struct import_slot *slot;

	if (map->n == 0)
		return IMPORT_NONE;
	slot = map_slot(map, name);
	return slot->name.p != NULL ? slot->place : IMPORT_NONE;
}

static enum err map_grow(struct arena *a, struct import_map *map)
{
	struct import_map grown = { .n = map->n, .room = map->room == 0 ? 64 : map->room * 2 };

	grown.slots = arena_array(a, grown.room, sizeof(*grown.slots));
	if (grown.slots == NULL)
		return ERR_NO_MEMORY;
	for (uint32_t i = 0; i < map->room; i++)
		if (map->slots[i].name.p != NULL)
			*map_slot(&grown, map->slots[i].name) = map->slots[i];
	*map = grown;
	return ERR_OK;
}

static enum err map_put(struct arena *a, struct import_map *map, struct str name, uint32_t place)
{
	if (map->n >= map->room / 2) {
		const enum err e = map_grow(a, map);

		if (e != ERR_OK)
			return e;
	}
	*map_slot(map, name) = (struct import_slot){ .name = name, .place = place };
	map->n++;
	return ERR_OK;
}

/* Finds or makes an element whose number is its first use of the name. */
static enum err find_or_add(struct import_plan *plan, struct import_list *list,
			    struct import_map *map, struct str *number, uint32_t *ret_place,
			    bool *ret_new)
{
	const uint32_t found = import_map_find(map, *number);
	enum err e;

	*ret_new = found == IMPORT_NONE;
	if (!*ret_new) {
		*ret_place = found;
		return ERR_OK;
	}
	*number = arena_dup(plan->arena, *number);
	if (number->p == NULL || list_add(plan->arena, list) == NULL)
		return ERR_NO_MEMORY;
	e = map_put(plan->arena, map, *number, list->n - 1);
	if (e == ERR_OK)
		*ret_place = list->n - 1;
	return e;
}

enum err import_plan_customer(struct import_plan *plan, struct str number, uint32_t *ret_place,
			      bool *ret_new)
{
	const enum err e = find_or_add(plan, &plan->customers, &plan->customer_map, &number,
				       ret_place, ret_new);

	if (e == ERR_OK && *ret_new)
		import_customer_at(plan, *ret_place)->number = number;
	return e;
}

enum err import_plan_product(struct import_plan *plan, struct str number, uint32_t *ret_place,
			     bool *ret_new)
{
	const enum err e =
		find_or_add(plan, &plan->products, &plan->product_map, &number, ret_place, ret_new);

	if (e == ERR_OK && *ret_new)
		import_product_at(plan, *ret_place)->number = number;
	return e;
}

enum err import_plan_document(struct import_plan *plan, struct str number, uint32_t *ret_place,
			      bool *ret_new)
{
	const enum err e = find_or_add(plan, &plan->documents, &plan->document_map, &number,
				       ret_place, ret_new);

	if (e == ERR_OK && *ret_new) {
		struct import_document *d = import_document_at(plan, *ret_place);

		d->number = number;
		d->first = IMPORT_NONE;
		d->last = IMPORT_NONE;
	}
	return e;
}

struct import_customer *import_customer_at(const struct import_plan *plan, uint32_t place)
{
	CHECK(place < plan->customers.n);
	return (struct import_customer *)plan->customers.p + place;
}

struct import_product *import_product_at(const struct import_plan *plan, uint32_t place)
{
	CHECK(place < plan->products.n);
	return (struct import_product *)plan->products.p + place;
}

struct import_document *import_document_at(const struct import_plan *plan, uint32_t place)
{
	CHECK(place < plan->documents.n);
	return (struct import_document *)plan->documents.p + place;
}

struct import_line *import_line_at(const struct import_plan *plan, uint32_t place)
{
	CHECK(place < plan->lines.n);
	return (struct import_line *)plan->lines.p + place;
}

enum err import_plan_line(struct import_plan *plan, uint32_t document,
			  const struct import_line *line)
{
	struct import_document *d = import_document_at(plan, document);
	const struct currency *currency = currency_find(plan->currency);
	struct import_line *added;
	int64_t net, total;
	enum err e;

	CHECK(currency != NULL);
	e = money_line_net(line->quantity, line->unit_price, line->discount_percent,
			   currency->exponent, &net);
	if (e == ERR_OK)
		e = money_add(d->total, net, &total);
	if (e != ERR_OK)
		return e;
	added = list_add(plan->arena, &plan->lines);
	if (added == NULL)
		return ERR_NO_MEMORY;
	*added = *line;
	added->net = net;
	added->next = IMPORT_NONE;
	if (d->last == IMPORT_NONE)
		d->first = plan->lines.n - 1;
	else
		import_line_at(plan, d->last)->next = plan->lines.n - 1;
	d->last = plan->lines.n - 1;
	d->n_lines++;
	d->total = total;
	return ERR_OK;
}

/* Finishing ---------------------------------------------------------------------------------- */

/* Numbers are given in the order of dates; within a date in the order of the file. */
static int compare_documents(const void *a, const void *b)
{
	const struct import_document *x = a;
	const struct import_document *y = b;

	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	if (x->date != y->date)
		return x->date < y->date ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static enum err sum_line(struct import_totals *t, const struct import_document *d,
			 const struct import_line *line)
{
	if (line->product == IMPORT_NONE)
		t->freight_lines++;
	else
		t->lines[d->series]++;
	if (d->series == IMPORT_CREDIT_NOTES)
		return money_add(t->credited, line->net, &t->credited);
	if (line->product == IMPORT_NONE)
		return money_add(t->freight, line->net, &t->freight);
	return money_add(t->net, line->net, &t->net);
}

static enum err sum_up(struct import_plan *plan)
{
	struct import_totals *t = &plan->totals;
	enum err e = ERR_OK;

	*t = (struct import_totals){ .customers = plan->customers.n, .products = plan->products.n };
	for (uint32_t i = 0; i < plan->documents.n; i++) {
		const struct import_document *d = import_document_at(plan, i);

		t->documents[d->series]++;
		t->payments += d->series == IMPORT_INVOICES && d->total > 0;
		for (uint32_t at = d->first; at != IMPORT_NONE && e == ERR_OK;
		     at = import_line_at(plan, at)->next)
			e = sum_line(t, d, import_line_at(plan, at));
	}
	return e;
}

/* Leaves the documents that are worth a document. */
static void drop(struct import_plan *plan)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < plan->documents.n; i++) {
		const struct import_document *d = import_document_at(plan, i);

		plan->notes.found[d->series]++;
		if (d->n_lines == 0)
			plan->notes.empty_documents++;
		else if (d->total < 0)
			plan->notes.negative_documents++;
		else
			*import_document_at(plan, kept++) = *d;
	}
	plan->documents.n = kept;
}

enum err import_plan_finish(struct import_plan *plan)
{
	enum err e = ERR_OK;

	drop(plan);
	/* places of documents change: nobody looks for them any more */
	plan->document_map = (struct import_map){ .slots = NULL };
	if (plan->documents.n > 0)
		qsort(plan->documents.p, plan->documents.n, sizeof(struct import_document),
		      compare_documents);
	for (uint32_t i = 0; i < plan->documents.n; i++) {
		struct import_document *d = import_document_at(plan, i);

		d->state = d->series == IMPORT_INVOICES ? IMPORT_NEW : IMPORT_READY;
		if (d->n_lines <= LIMIT_LINES)
			continue;
		ctl_say("document " STR_FMT " has %u lines; the API takes %d", STR_ARG(d->number),
			d->n_lines, LIMIT_LINES);
		e = ERR_MALFORMED;
	}
	return e != ERR_OK ? e : sum_up(plan);
}

/* Fields ------------------------------------------------------------------------------------- */

enum err import_text(struct import_plan *plan, struct str s, struct str *ret_copy)
{
	char *copy;

	if (s.p == NULL) {
		*ret_copy = STR_NONE;
		return ERR_OK;
	}
	copy = arena_alloc(plan->arena, s.n);
	if (copy == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < s.n; i++)
		copy[i] = (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : s.p[i];
	*ret_copy = (struct str){ .p = copy, .n = s.n };
	return ERR_OK;
}

enum err import_row_decimal(const struct import_row *row, size_t field, const char *name,
			    dec6 *ret_value)
{
	const struct str s = row->fields[field];

	if (s.p != NULL && dec6_parse(s, ret_value) == ERR_OK)
		return ERR_OK;
	return import_row_fail(row, "%s is not a decimal: \"" STR_FMT "\"", name, STR_ARG(s));
}

enum err import_row_date(const struct import_row *row, size_t field, const char *name,
			 int32_t *ret_date)
{
	struct str s = row->fields[field];
	const struct str day = s.p != NULL ? str_cut(&s, ' ') : s;

	if (day.p != NULL && date_parse(day, ret_date) == ERR_OK)
		return ERR_OK;
	return import_row_fail(row, "%s is not a date: \"" STR_FMT "\"", name,
			       STR_ARG(row->fields[field]));
}
