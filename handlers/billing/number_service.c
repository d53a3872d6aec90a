/* SPDX-License-Identifier: Apache-2.0 */
/* Gapless numbers: the row of a series is locked until the document that takes the number commits.
 */

#include "handlers/billing/billing_internal.h"

enum { DIGITS = 6 };

static enum err lock(struct call *c, const char *series, const char *prefix,
		     struct number_sequence *ret_sequence)
{
	const struct number_sequence fresh = {
		.series = str_from(series),
		.prefix = str_from(prefix),
		.digits = DIGITS,
	};
	enum err e = number_store_lock(c, fresh.series, ret_sequence);

	if (e != ERR_NOT_FOUND)
		return e;
	e = number_store_add(c, &fresh);
	return e != ERR_OK ? e : number_store_lock(c, fresh.series, ret_sequence);
}

/* The number with leading zeros behind the prefix; more digits than asked for stay. */
static enum err format(struct call *c, const struct number_sequence *s, struct str *ret_text)
{
	int64_t digits = s->digits;
	struct buf b;

	buf_init(&b, c->arena, 64, 128);
	buf_str(&b, s->prefix);
	for (int64_t n = s->last_number; n > 0; n /= 10)
		digits--;
	for (; digits > 0; digits--)
		buf_char(&b, '0');
	buf_i64(&b, s->last_number);
	return buf_finish(&b, ret_text);
}

enum err number_take(struct call *c, const char *series, const char *prefix, int32_t issue_date,
		     struct document_number *ret_number)
{
	struct number_sequence s;
	enum err e;

	/* a mistyped year would be the earliest date of every later document; somewhere on earth it
	 * is tomorrow already */
	if (issue_date > date_from_time(c->now) + 1)
		return call_fault(c, STR("/issue_date"), "in_the_future",
				  "must not be later than tomorrow (UTC)");
	e = lock(c, series, prefix, &s);
	if (e != ERR_OK)
		return e;
	if (s.last_date != DATE_NONE && issue_date < s.last_date)
		return call_fault(c, STR("/issue_date"), "date_order",
				  "is before the date of the last number of this series");
	s.last_number++;
	s.last_date = issue_date;
	e = number_store_update(c, &s);
	if (e != ERR_OK)
		return e;
	ret_number->seq = s.last_number;
	return format(c, &s, &ret_number->text);
}
