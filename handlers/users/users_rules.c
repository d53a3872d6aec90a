/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of users that need no database: what covers what, how long, how many, which form. */

#include "handlers/users/users_internal.h"

#include <stdlib.h>
#include <string.h>

enum { SCOPES_TEXT_MAX = 4096 };
#define USEC_PER_S INT64_C(1000000)

bool users_mask_covers(permission_mask have, permission_mask wanted)
{
	return (wanted & ~have) == 0;
}

enum err users_may_grant(struct call *c, permission_mask mask)
{
	if (users_mask_covers(c->who.mask, mask))
		return ERR_OK;
	return call_fail(c, ERR_FORBIDDEN, "nobody can grant or take what he does not have");
}

static int64_t earliest_end(int64_t absolute, int64_t used, int64_t idle_s)
{
	const int64_t idle_end = used + idle_s * USEC_PER_S;

	return idle_end < absolute ? idle_end : absolute;
}

int64_t users_session_good_until(int64_t absolute, int64_t last_used, int64_t idle_s, int64_t now)
{
	const int64_t end = earliest_end(absolute, last_used, idle_s);

	return now < end ? earliest_end(absolute, now, idle_s) : end;
}

static int compare_created(const void *a, const void *b)
{
	return id_cmp(((const struct session_ref *)a)->id, ((const struct session_ref *)b)->id);
}

size_t users_sessions_surplus(struct session_ref *sessions, size_t n, int64_t idle_s, int64_t now)
{
	size_t ended = 0;

	if (n > 1)
		qsort(sessions, n, sizeof(*sessions), compare_created);
	for (size_t i = 0; i < n; i++) {
		const struct session_ref s = sessions[i];

		if (now < earliest_end(s.expires_at, s.last_used_at, idle_s))
			continue;
		/* the good ones before it move up and stay in their order */
		memmove(sessions + ended + 1, sessions + ended, (i - ended) * sizeof(*sessions));
		sessions[ended++] = s;
	}
	if (n - ended < SESSIONS_MAX)
		return ended;
	return n - (SESSIONS_MAX - 1);
}

enum err users_scopes_parse(struct call *c, struct str scopes, permission_mask *ret_mask)
{
	permission_mask mask = 0;
	permission_mask bit;
	struct str rest = scopes;

	do {
		if (permission_parse(str_cut(&rest, ' '), &bit) != ERR_OK)
			return call_fault(c, STR("/scopes"), "unknown_scope",
					  "must be known scopes with one space between them");
		mask |= bit;
	} while (rest.p != NULL);
	*ret_mask = mask;
	return ERR_OK;
}

enum err users_scopes_text(struct call *c, permission_mask mask, struct str *ret_json)
{
	struct buf b;

	buf_init(&b, c->arena, 256, SCOPES_TEXT_MAX);
	permission_put_scopes(&b, mask);
	return buf_finish(&b, ret_json);
}

enum err users_password_check(struct call *c, struct str pointer, struct str email,
			      struct str password)
{
	const size_t n = str_utf8_len(password);

	if (n < PASSWORD_MIN || n > PASSWORD_MAX)
		return call_fault(c, pointer, n < PASSWORD_MIN ? "too_short" : "too_long",
				  "must have 10 to 128 characters");
	if (str_eq_nocase(password, email))
		return call_fault(c, pointer, "weak_password", "must not be the e-mail address");
	return ERR_OK;
}

enum err users_email_key(struct call *c, struct str email, struct str *ret_key)
{
	char *p = arena_alloc(c->arena, email.n);

	if (p == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < email.n; i++) {
		const char ch = email.p[i];

		p[i] = ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch;
	}
	*ret_key = (struct str){ .p = p, .n = email.n };
	return ERR_OK;
}

struct str users_header_text(struct str s, size_t max)
{
	if (s.p == NULL || !str_is_utf8(s))
		return STR_NONE;
	if (s.n <= max)
		return s;
	/* back to the first byte of a character */
	while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return (struct str){ .p = s.p, .n = max };
}
