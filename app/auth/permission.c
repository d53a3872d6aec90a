/* SPDX-License-Identifier: Apache-2.0 */
#include "app/auth/auth.h"

#include <stddef.h>

#include "app/base/check.h"

#define FIRST	  (PERMISSION_SELF + 1)
#define BIT(name) (UINT64_C(1) << PERMISSION_##name)

_Static_assert(PERMISSION_MAX <= 64, "a mask has 64 bits");

static const char *const scopes[PERMISSION_MAX] = {
#define PERMISSION(name, scope) [PERMISSION_##name] = (scope),
#include "app/auth/permissions.def"
#undef PERMISSION
};

const char *const role_names[ROLE_MAX] = {
	[ROLE_OWNER] = "owner", [ROLE_ADMIN] = "admin",	  [ROLE_ACCOUNTANT] = "accountant",
	[ROLE_SALES] = "sales", [ROLE_VIEWER] = "viewer",
};

#define EVERYTHING (((UINT64_C(1) << PERMISSION_MAX) - 1) & ~((UINT64_C(1) << FIRST) - 1))

/*
 * Listed one by one, so that a new permission is nobody's but the owner's and the admin's until
 * someone decides. What an admin may not do is change the account itself: its name, its currency,
 * its numbering; that is the owner's.
 */
static const permission_mask roles[ROLE_MAX] = {
	[ROLE_OWNER] = EVERYTHING,
	[ROLE_ADMIN] = EVERYTHING & ~BIT(ACCOUNT_WRITE),
	[ROLE_ACCOUNTANT] = BIT(ACCOUNT_READ) | BIT(CUSTOMERS_READ) | BIT(PRODUCTS_READ) |
			    BIT(ORDERS_READ) | BIT(INVOICES_READ) | BIT(INVOICES_WRITE) |
			    BIT(PAYMENTS_READ) | BIT(PAYMENTS_WRITE) | BIT(LEDGER_READ) |
			    BIT(EVENTS_READ),
	[ROLE_SALES] = BIT(ACCOUNT_READ) | BIT(CUSTOMERS_READ) | BIT(CUSTOMERS_WRITE) |
		       BIT(PRODUCTS_READ) | BIT(PRODUCTS_WRITE) | BIT(ORDERS_READ) |
		       BIT(ORDERS_WRITE) | BIT(INVOICES_READ),
	[ROLE_VIEWER] = BIT(ACCOUNT_READ) | BIT(CUSTOMERS_READ) | BIT(PRODUCTS_READ) |
			BIT(ORDERS_READ) | BIT(INVOICES_READ) | BIT(PAYMENTS_READ) |
			BIT(LEDGER_READ) | BIT(EVENTS_READ),
};

bool permission_allows(permission_mask mask, enum permission p)
{
	if (p == PERMISSION_PUBLIC || p == PERMISSION_SELF)
		return true;
	if (p < FIRST || p >= PERMISSION_MAX)
		return false;
	return (mask >> p & 1) != 0;
}

permission_mask permission_mask_of_role(enum role r)
{
	CHECK(r < ROLE_MAX);
	return roles[r];
}

const char *permission_scope(enum permission p)
{
	CHECK(p < PERMISSION_MAX);
	return scopes[p];
}

enum err permission_parse(struct str scope, permission_mask *ret_bit)
{
	for (int p = FIRST; p < PERMISSION_MAX; p++) {
		if (!str_eq_z(scope, scopes[p]))
			continue;
		*ret_bit = UINT64_C(1) << p;
		return ERR_OK;
	}
	return ERR_MALFORMED;
}

void permission_put_scopes(struct buf *b, permission_mask mask)
{
	bool first = true;

	buf_char(b, '[');
	for (int p = FIRST; p < PERMISSION_MAX; p++) {
		if ((mask >> p & 1) == 0)
			continue;
		if (!first)
			buf_char(b, ',');
		buf_json_str(b, str_from(scopes[p]));
		first = false;
	}
	buf_char(b, ']');
}
