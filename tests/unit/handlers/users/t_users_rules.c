/* SPDX-License-Identifier: Apache-2.0 */
#include "handlers/users/users_internal.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/app/base/seed.h"

#define S INT64_C(1000000)

static struct arena *arena;
static struct call call;

static void setup(void)
{
	arena = arena_new(1 << 20);
	ck_assert_ptr_nonnull(arena);
	call = (struct call){ .arena = arena };
}

static void teardown(void)
{
	arena_free(arena);
}

START_TEST(test_mask_covers)
{
	ck_assert(users_mask_covers(0, 0));
	ck_assert(users_mask_covers(1, 0));
	ck_assert(!users_mask_covers(0, 1));
	ck_assert(!users_mask_covers(UINT64_MAX >> 1, UINT64_MAX));
	for (int i = 0; i < 1000; i++) {
		const permission_mask have = seed_next();
		const permission_mask wanted = seed_next();
		bool covers = true;

		for (int bit = 0; bit < 64; bit++)
			if ((wanted >> bit & 1) != 0 && (have >> bit & 1) == 0)
				covers = false;
		ck_assert(users_mask_covers(have, wanted) == covers);
		ck_assert(users_mask_covers(have, have & wanted));
		ck_assert(users_mask_covers(have | wanted, wanted));
	}
}
END_TEST

/* Which role (row) can make which one (column), in the order of enum role. */
static const char *const grants[ROLE_MAX] = { "yyyyy", "nyyyy", "nnyny", "nnnyn", "nnnny" };

START_TEST(test_may_grant)
{
	for (int have = 0; have < ROLE_MAX; have++) {
		for (int wanted = 0; wanted < ROLE_MAX; wanted++) {
			const bool may = grants[have][wanted] == 'y';

			call.who.mask = permission_mask_of_role((enum role)have);
			ck_assert_msg(users_may_grant(&call,
						      permission_mask_of_role((enum role)wanted)) ==
					      (may ? ERR_OK : ERR_FORBIDDEN),
				      "%s makes %s", role_names[have], role_names[wanted]);
		}
	}
}
END_TEST

START_TEST(test_session_good_until)
{
	static const struct {
		int64_t absolute, used, idle_s, now, until;
	} table[] = {
		/* good now: the idle time begins anew */
		{ 1000 * S, 0, 100, 0, 100 * S },
		{ 1000 * S, 0, 100, 50 * S, 150 * S },
		{ 1000 * S, 0, 100, 100 * S - 1, 200 * S - 1 },
		/* the absolute end stays */
		{ 1000 * S, 900 * S, 100, 950 * S, 1000 * S },
		{ 1000 * S, 950 * S, 100, 999 * S, 1000 * S },
		{ 100 * S, 0, 100, 1, 100 * S },
		/* not good any more: asking does not help */
		{ 1000 * S, 0, 100, 100 * S, 100 * S },
		{ 1000 * S, 0, 100, 500 * S, 100 * S },
		{ 1000 * S, 990 * S, 100, 1000 * S, 1000 * S },
		{ 1000 * S, 990 * S, 100, 2000 * S, 1000 * S },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		ck_assert_msg(users_session_good_until(table[i].absolute, table[i].used,
						       table[i].idle_s,
						       table[i].now) == table[i].until,
			      "row %zu", i);
}
END_TEST

/* n good sessions of which those in `idle` and `old` (bit i: session i) have ended. */
static size_t make_sessions(struct session_ref *sessions, size_t n, uint32_t idle, uint32_t old)
{
	for (size_t i = 0; i < n; i++) {
		sessions[i] = (struct session_ref){
			.id = id_first_at((int64_t)(i + 1) * S),
			.last_used_at = (idle >> i & 1) != 0 ? 900 * S : 901 * S,
			.expires_at = (old >> i & 1) != 0 ? 1000 * S : 1001 * S,
		};
	}
	return n;
}

static void shuffle(struct session_ref *sessions, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		const size_t j = (size_t)seed_below(i);
		const struct session_ref s = sessions[j];

		sessions[j] = sessions[i - 1];
		sessions[i - 1] = s;
	}
}

START_TEST(test_sessions_surplus)
{
	struct session_ref sessions[SESSIONS_MAX + 5];

	ck_assert_uint_eq(users_sessions_surplus(NULL, 0, 100, 0), 0);
	for (int round = 0; round < 2000; round++) {
		const size_t n = (size_t)seed_below(SESSIONS_MAX + 6);
		const uint32_t all = (1U << n) - 1;
		const uint32_t idle = (uint32_t)(seed_next() & seed_next()) & all;
		const uint32_t old = (uint32_t)(seed_next() & seed_next()) & all;
		const size_t ended = (size_t)__builtin_popcount(idle | old);
		uint32_t seen = 0;
		size_t surplus;
		size_t expected;

		make_sessions(sessions, n, idle, old);
		shuffle(sessions, n);
		surplus = users_sessions_surplus(sessions, n, 100, 1000 * S);
		expected = n - ended >= SESSIONS_MAX ? n - (SESSIONS_MAX - 1) : ended;
		ck_assert_uint_eq(surplus, expected);
		ck_assert_uint_lt(n - surplus, SESSIONS_MAX);
		for (size_t i = 0; i < n; i++) {
			const uint32_t k = (uint32_t)(id_time(sessions[i].id) / S) - 1;
			const bool gone = ((idle | old) >> k & 1) != 0;

			seen |= 1U << k;
			/* first what has ended, then the oldest first */
			ck_assert(gone == (i < ended));
			if (i != 0 && i != ended)
				ck_assert_int_lt(id_cmp(sessions[i - 1].id, sessions[i].id), 0);
		}
		ck_assert_uint_eq(seen, all);
	}
}
END_TEST

START_TEST(test_scopes)
{
	static const struct {
		const char *text;
		const char *json; /* NULL: refused */
	} table[] = {
		{ "orders:read", "[\"orders:read\"]" },
		{ "orders:write account:read", "[\"account:read\",\"orders:write\"]" },
		{ "orders:read orders:read", "[\"orders:read\"]" },
		{ "", NULL },
		{ " ", NULL },
		{ " orders:read", NULL },
		{ "orders:read ", NULL },
		{ "orders:read  account:read", NULL },
		{ "orders:read,account:read", NULL },
		{ "orders:rea", NULL },
		{ "orders:readx", NULL },
		{ "Orders:read", NULL },
		{ "owner", NULL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		permission_mask mask = 0;
		struct str json;

		call.n_faults = 0;
		if (table[i].json == NULL) {
			ck_assert_msg(users_scopes_parse(&call, str_from(table[i].text), &mask) ==
					      ERR_VALIDATION,
				      "\"%s\"", table[i].text);
			ck_assert_uint_eq(call.n_faults, 1);
			ck_assert(str_eq_z(call.faults[0].pointer, "/scopes"));
			ck_assert_uint_eq(mask, 0);
			continue;
		}
		ck_assert_int_eq(users_scopes_parse(&call, str_from(table[i].text), &mask), ERR_OK);
		ck_assert_int_eq(users_scopes_text(&call, mask, &json), ERR_OK);
		ck_assert(str_eq_z(json, table[i].json));
	}
}
END_TEST

/* All scopes of every role fit and come back. */
START_TEST(test_scopes_of_roles)
{
	for (int r = 0; r < ROLE_MAX; r++) {
		const permission_mask mask = permission_mask_of_role((enum role)r);
		permission_mask parsed = 0;
		struct str json;
		struct str text;
		struct buf b;

		buf_init(&b, arena, 64, 4096);
		for (int p = 0; p < PERMISSION_MAX; p++) {
			if ((mask >> p & 1) == 0)
				continue;
			if (b.n > 0)
				buf_char(&b, ' ');
			buf_z(&b, permission_scope((enum permission)p));
		}
		ck_assert_int_eq(buf_finish(&b, &text), ERR_OK);
		ck_assert_int_eq(users_scopes_parse(&call, text, &parsed), ERR_OK);
		ck_assert_uint_eq(parsed, mask);
		ck_assert_int_eq(users_scopes_text(&call, mask, &json), ERR_OK);
	}
}
END_TEST

static struct str repeat(const char *z, size_t n)
{
	struct str text;
	struct buf b;

	buf_init(&b, arena, 64, 4096);
	for (size_t i = 0; i < n; i++)
		buf_z(&b, z);
	ck_assert_int_eq(buf_finish(&b, &text), ERR_OK);
	return text;
}

START_TEST(test_password)
{
	const struct str email = STR("Ada.Lovelace@example.com");
	const struct {
		struct str password;
		const char *code; /* NULL: taken */
	} table[] = {
		{ STR(""), "too_short" },
		{ repeat("a", 9), "too_short" },
		{ repeat("a", 10), NULL },
		{ repeat("a", 128), NULL },
		{ repeat("a", 129), "too_long" },
		/* characters, not bytes */
		{ repeat("\xc3\xa4", 9), "too_short" },
		{ repeat("\xc3\xa4", 10), NULL },
		{ repeat("\xf0\x9f\x94\x91", 128), NULL },
		{ repeat("\xf0\x9f\x94\x91", 129), "too_long" },
		{ email, "weak_password" },
		{ STR("ada.lovelace@EXAMPLE.com"), "weak_password" },
		{ STR("ada.lovelace@example.com!"), NULL },
		{ STR("correct horse battery staple"), NULL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		enum err e;

		call.n_faults = 0;
		e = users_password_check(&call, STR("/password"), email, table[i].password);
		ck_assert_msg(e == (table[i].code == NULL ? ERR_OK : ERR_VALIDATION), "row %zu", i);
		ck_assert_uint_eq(call.n_faults, table[i].code != NULL);
		if (table[i].code != NULL)
			ck_assert_str_eq(call.faults[0].code, table[i].code);
	}
}
END_TEST

START_TEST(test_email_key)
{
	struct str key;

	ck_assert_int_eq(users_email_key(&call, STR("Ada@Example.COM"), &key), ERR_OK);
	ck_assert(str_eq_z(key, "ada@example.com"));
	ck_assert_int_eq(users_email_key(&call, STR("[@`z{AZ\xc3\x84"), &key), ERR_OK);
	ck_assert(str_eq_z(key, "[@`z{az\xc3\x84"));
}
END_TEST

START_TEST(test_header_text)
{
	static const struct {
		const char *text;
		size_t max;
		const char *cut; /* NULL: absent */
	} table[] = {
		{ "curl/8", 6, "curl/8" },
		{ "curl/8", 5, "curl/" },
		{ "", 5, "" },
		{ "a\xc3\xa4", 2, "a" },
		{ "a\xc3\xa4", 3, "a\xc3\xa4" },
		{ "a\xf0\x9f\x94\x91x", 4, "a" },
		{ "a\xf0\x9f\x94\x91x", 5, "a\xf0\x9f\x94\x91" },
		{ "a\xff", 5, NULL },
	};

	ck_assert_ptr_null(users_header_text(STR_NONE, 5).p);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct str cut = users_header_text(str_from(table[i].text), table[i].max);

		if (table[i].cut == NULL)
			ck_assert_ptr_null(cut.p);
		else
			ck_assert_msg(str_eq_z(cut, table[i].cut), "row %zu", i);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("handlers/users/users_rules");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_mask_covers);
	tcase_add_test(tc, test_may_grant);
	tcase_add_test(tc, test_session_good_until);
	tcase_add_test(tc, test_sessions_surplus);
	tcase_add_test(tc, test_scopes);
	tcase_add_test(tc, test_scopes_of_roles);
	tcase_add_test(tc, test_password);
	tcase_add_test(tc, test_email_key);
	tcase_add_test(tc, test_header_text);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
