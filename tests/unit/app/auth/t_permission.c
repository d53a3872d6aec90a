/* SPDX-License-Identifier: Apache-2.0 */
#include "app/auth/auth.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define CAP ((size_t)1 << 20)

/* Every permission of every role, as the documentation says it: one letter a role. */
static const struct {
	enum permission p;
	const char *scope;
	const char *roles; /* o(wner) a(dmin) c (accountant) s(ales) v(iewer) */
} table[] = {
	{ PERMISSION_ACCOUNT_READ, "account:read", "oacsv" },
	{ PERMISSION_ACCOUNT_WRITE, "account:write", "o" },
	{ PERMISSION_USERS_READ, "users:read", "oa" },
	{ PERMISSION_USERS_WRITE, "users:write", "oa" },
	{ PERMISSION_API_KEYS_READ, "api_keys:read", "oa" },
	{ PERMISSION_API_KEYS_WRITE, "api_keys:write", "oa" },
	{ PERMISSION_CUSTOMERS_READ, "customers:read", "oacsv" },
	{ PERMISSION_CUSTOMERS_WRITE, "customers:write", "oas" },
	{ PERMISSION_PRODUCTS_READ, "products:read", "oacsv" },
	{ PERMISSION_PRODUCTS_WRITE, "products:write", "oas" },
	{ PERMISSION_ORDERS_READ, "orders:read", "oacsv" },
	{ PERMISSION_ORDERS_WRITE, "orders:write", "oas" },
	{ PERMISSION_INVOICES_READ, "invoices:read", "oacsv" },
	{ PERMISSION_INVOICES_WRITE, "invoices:write", "oac" },
	{ PERMISSION_PAYMENTS_READ, "payments:read", "oacv" },
	{ PERMISSION_PAYMENTS_WRITE, "payments:write", "oac" },
	{ PERMISSION_LEDGER_READ, "ledger:read", "oacv" },
	{ PERMISSION_EVENTS_READ, "events:read", "oacv" },
};
#define ROWS (sizeof(table) / sizeof(table[0]))

static const char letters[ROLE_MAX + 1] = "oacsv";

START_TEST(test_table_is_whole)
{
	ck_assert_uint_eq(ROWS, PERMISSION_MAX - PERMISSION_SELF - 1);
	for (size_t i = 0; i < ROWS; i++)
		ck_assert_uint_eq(table[i].p, PERMISSION_SELF + 1 + i);
}
END_TEST

START_TEST(test_roles)
{
	for (int r = 0; r < ROLE_MAX; r++) {
		permission_mask mask = permission_mask_of_role((enum role)r);

		for (size_t i = 0; i < ROWS; i++)
			ck_assert_msg(permission_allows(mask, table[i].p) ==
					      (strchr(table[i].roles, letters[r]) != NULL),
				      "%s %s", role_names[r], table[i].scope);
		/* No bits beyond. */
		ck_assert_uint_eq(mask >> PERMISSION_MAX, 0);
		ck_assert_uint_eq(mask & ((1U << (PERMISSION_SELF + 1)) - 1), 0);
	}
}
END_TEST

START_TEST(test_special_permissions)
{
	static const permission_mask masks[] = { 0, 1, UINT64_MAX };

	for (size_t i = 0; i < 3; i++) {
		ck_assert(!permission_allows(masks[i], PERMISSION_NONE));
		ck_assert(permission_allows(masks[i], PERMISSION_PUBLIC));
		ck_assert(permission_allows(masks[i], PERMISSION_SELF));
		ck_assert(!permission_allows(masks[i], PERMISSION_MAX));
		ck_assert(!permission_allows(masks[i], (enum permission)63));
		ck_assert(!permission_allows(masks[i], (enum permission)200));
	}
	ck_assert(!permission_allows(0, PERMISSION_ORDERS_READ));
	ck_assert_ptr_null(permission_scope(PERMISSION_NONE));
	ck_assert_ptr_null(permission_scope(PERMISSION_PUBLIC));
	ck_assert_ptr_null(permission_scope(PERMISSION_SELF));
}
END_TEST

START_TEST(test_scopes)
{
	static const char *const bad[] = { "",
					   "orders",
					   "orders:",
					   "orders:read ",
					   "Orders:read",
					   "orders:readx",
					   "ledger:write",
					   "orders:read\n",
					   "none",
					   "orders:read,x",
					   "self" };
	permission_mask bit;

	for (size_t i = 0; i < ROWS; i++) {
		ck_assert_str_eq(permission_scope(table[i].p), table[i].scope);
		ck_assert_int_eq(permission_parse(str_from(table[i].scope), &bit), ERR_OK);
		ck_assert_uint_eq(bit, UINT64_C(1) << table[i].p);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(permission_parse(str_from(bad[i]), &bit), ERR_MALFORMED);
	ck_assert_int_eq(permission_parse(STR_NONE, &bit), ERR_MALFORMED);
}
END_TEST

static void put_is(permission_mask mask, const char *expected)
{
	struct arena *a = arena_new(CAP);
	struct buf b;
	struct str s;

	buf_init(&b, a, 0, CAP);
	permission_put_scopes(&b, mask);
	ck_assert_int_eq(buf_finish(&b, &s), ERR_OK);
	ck_assert_msg(str_eq_z(s, expected), STR_FMT, STR_ARG(s));
	arena_free(a);
}

START_TEST(test_put_scopes)
{
	put_is(0, "[]");
	put_is(7, "[]");
	put_is(UINT64_C(1) << PERMISSION_ORDERS_READ, "[\"orders:read\"]");
	put_is(UINT64_C(1) << PERMISSION_EVENTS_READ | UINT64_C(1) << PERMISSION_ACCOUNT_READ |
		       UINT64_C(1) << 63,
	       "[\"account:read\",\"events:read\"]");
}
END_TEST

START_TEST(test_role_names)
{
	static const char *const names[] = { "owner", "admin", "accountant", "sales", "viewer" };

	for (int r = 0; r < ROLE_MAX; r++)
		ck_assert_str_eq(role_names[r], names[r]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/auth/permission");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, test_table_is_whole);
	tcase_add_test(tc, test_roles);
	tcase_add_test(tc, test_special_permissions);
	tcase_add_test(tc, test_scopes);
	tcase_add_test(tc, test_put_scopes);
	tcase_add_test(tc, test_role_names);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
