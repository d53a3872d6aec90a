/* SPDX-License-Identifier: Apache-2.0 */
/* The list of domains. */

#include "handlers/domains.h"

#include "handlers/billing/billing.h"
#include "handlers/customers/customers.h"
#include "handlers/orders/orders.h"
#include "handlers/system/system.h"
#include "handlers/users/users.h"

const struct domain *const domains[] = {
	&system_domain, &users_domain, &customers_domain, &orders_domain, &billing_domain,
};
const size_t domains_n = sizeof(domains) / sizeof(domains[0]);
