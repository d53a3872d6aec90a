/* SPDX-License-Identifier: Apache-2.0 */
/* Names of countries as trading histories write them. */
#include "app/ctl/import_plan.h"

static const struct {
	const char *name;
	const char *code;
} countries[] = {
	{ "Argentina", "AR" },
	{ "Australia", "AU" },
	{ "Austria", "AT" },
	{ "Bahrain", "BH" },
	{ "Belgium", "BE" },
	{ "Brazil", "BR" },
	{ "Canada", "CA" },
	{ "Cyprus", "CY" },
	{ "Czech Republic", "CZ" },
	{ "Denmark", "DK" },
	{ "EIRE", "IE" },
	{ "Finland", "FI" },
	{ "France", "FR" },
	{ "Germany", "DE" },
	{ "Greece", "GR" },
	{ "Hong Kong", "HK" },
	{ "Iceland", "IS" },
	{ "Ireland", "IE" },
	{ "Israel", "IL" },
	{ "Italy", "IT" },
	{ "Japan", "JP" },
	{ "Lebanon", "LB" },
	{ "Lithuania", "LT" },
	{ "Malta", "MT" },
	{ "Mexico", "MX" },
	{ "Netherlands", "NL" },
	{ "Norway", "NO" },
	{ "Poland", "PL" },
	{ "Portugal", "PT" },
	{ "RSA", "ZA" },
	{ "Saudi Arabia", "SA" },
	{ "Singapore", "SG" },
	{ "Spain", "ES" },
	{ "Sweden", "SE" },
	{ "Switzerland", "CH" },
	{ "UK", "GB" },
	{ "USA", "US" },
	{ "United Arab Emirates", "AE" },
	{ "United Kingdom", "GB" },
	{ "Venezuela", "VE" },
};

struct str import_country(struct str name)
{
	for (size_t i = 0; i < sizeof(countries) / sizeof(countries[0]); i++)
		if (str_eq_z(name, countries[i].name))
			return str_from(countries[i].code);
	return STR_NONE;
}
