/* SPDX-License-Identifier: Apache-2.0 */
/* Time of creation and cursor as a range of ids. */

#include "app/http/filter.h"

#include <string.h>

const struct list_sort filter_sort_created[1] = {
	{ .name = "created_at", .key_offset = -1 },
};

static void raise_low(struct id_range *range, struct id low)
{
	if (id_cmp(low, range->low) > 0)
		range->low = low;
}

static void lower_high(struct id_range *range, struct id high)
{
	if (id_cmp(high, range->high) < 0)
		range->high = high;
}

/* created_at has milliseconds: a bound between two of them is rounded to the next one inside. */
static int64_t ms_up(int64_t t)
{
	const int64_t rest = t % 1000;

	return rest > 0 ? t - rest + 1000 : t - rest;
}

struct id_range filter_id_range(const struct call *c, const struct created_filter *f)
{
	struct id_range range;

	range.low = id_lowest();
	memset(&range.high, 0xff, sizeof(range.high));
	/* exclusive bounds: below the first id of a millisecond, above the last one */
	if (f->gte != TIME_NONE)
		raise_low(&range, id_last_at(ms_up(f->gte) - 1000));
	if (f->gt != TIME_NONE)
		raise_low(&range, id_last_at(f->gt));
	if (f->lt != TIME_NONE)
		lower_high(&range, id_first_at(ms_up(f->lt)));
	if (f->lte != TIME_NONE)
		lower_high(&range, id_first_at(f->lte + 1000));
	if (c->page.has_after && c->page.descending)
		lower_high(&range, c->page.after);
	else if (c->page.has_after)
		raise_low(&range, c->page.after);
	return range;
}
