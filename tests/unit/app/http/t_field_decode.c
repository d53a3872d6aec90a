/* SPDX-License-Identifier: Apache-2.0 */
#include "app/http/field.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/limits.h"
#include "tests/unit/app/http/field_fixture.h"

#define ID_GOOD	 "thg_01h455vb4pex5vsknk084sn02q"
#define PRD_GOOD "prd_01h455vb4pex5vsknk084sn02q"

static enum err decode(const char *text, bool partial, struct thing *ret_thing)
{
	struct str s = heap_copy(text, strlen(text));
	enum err e;

	call_again();
	e = schema_decode_json(&call, &thing_schema, s, partial, ret_thing);
	heap_free(s); /* nothing may point into the body */
	return e;
}

START_TEST(test_every_type)
{
	struct thing t;
	const struct part *part;

	ck_assert_int_eq(
		decode("{\"id\":\"" ID_GOOD "\",\"name\":\"\\u00e4\",\"text\":\"a\\n\\tb\","
		       "\"email\":\"Ada@EXAMPLE.Com\",\"count\":-9007199254740991,\"price\":0,"
		       "\"quantity\":\"-0.000001\",\"flag\":true,"
		       "\"at\":\"1970-01-01T00:00:01.5Z\",\"day\":\"1970-01-02\","
		       "\"state\":\"placed\",\"currency\":\"EUR\","
		       "\"place\":{\"city\":\"Graz\",\"country\":\"AT\"},"
		       "\"parts\":[{\"product\":\"" PRD_GOOD "\"},{\"product\":\"" PRD_GOOD
		       "\",\"quantity\":\"2\",\"places\":[{},{\"city\":\"Linz\"}]}],"
		       "\"metadata\":{\"b\":\"\\\"1\",\"a\":\"\"}}",
		       false, &t),
		ERR_OK);
	ck_assert(!id_is_none(t.id));
	ck_assert(str_eq_z(t.name, "\xc3\xa4"));
	ck_assert(str_eq_z(t.text, "a\n\tb"));
	ck_assert(str_eq_z(t.email, "Ada@example.com"));
	ck_assert_int_eq(t.count, INT64_C(-9007199254740991));
	ck_assert_int_eq(t.price, 0);
	ck_assert_int_eq(t.quantity, -1);
	ck_assert(t.flag);
	ck_assert_int_eq(t.at, 1500000);
	ck_assert_int_eq(t.day, 1);
	ck_assert_int_eq(t.state, 1);
	ck_assert(str_eq_z(t.currency, "EUR"));
	ck_assert(str_eq_z(t.place.city, "Graz"));
	ck_assert(str_eq_z(t.place.country, "AT"));
	ck_assert_uint_eq(t.place.present, 3);
	ck_assert_uint_eq(t.parts.n, 2);
	part = t.parts.p;
	ck_assert_int_eq(part[0].quantity, DEC6_ONE); /* the fallback */
	ck_assert_int_eq(part[0].price, MONEY_NONE);
	ck_assert_ptr_null(part[0].places.p);
	ck_assert_int_eq(part[1].quantity, 2 * DEC6_ONE);
	ck_assert_uint_eq(part[1].places.n, 2);
	ck_assert(str_eq_z(((const struct place *)part[1].places.p)[1].city, "Linz"));
	ck_assert(str_eq_z(t.metadata, "{\"b\":\"\\\"1\",\"a\":\"\"}"));
	ck_assert_uint_eq(t.present, (1 << 15) - 1);
}
END_TEST

START_TEST(test_absent)
{
	struct thing absent;
	struct thing t;

	memset(&t, 0x5a, sizeof(t));
	ck_assert_int_eq(decode("{}", false, &t), ERR_OK);
	ck_assert(id_is_none(t.id));
	ck_assert_ptr_null(t.name.p);
	ck_assert_ptr_null(t.email.p);
	ck_assert_int_eq(t.count, INT64_MIN);
	ck_assert_int_eq(t.price, MONEY_NONE);
	ck_assert_int_eq(t.quantity, DEC6_NONE);
	ck_assert(!t.flag);
	ck_assert_int_eq(t.at, TIME_NONE);
	ck_assert_int_eq(t.day, DATE_NONE);
	ck_assert_int_eq(t.state, -1);
	ck_assert_ptr_null(t.place.city.p);
	ck_assert_ptr_null(t.parts.p);
	ck_assert(str_eq_z(t.metadata, "{}"));
	ck_assert_uint_eq(t.present, 0);
	ck_assert_uint_eq(t.place.present, 0);
	schema_defaults(&thing_schema, &absent);
	ck_assert(schema_eq(&thing_schema, &absent, &t));

	memset(&t, 0x5a, sizeof(t));
	ck_assert_int_eq(decode("{\"id\":null,\"name\":null,\"text\":null,\"email\":null,"
				"\"count\":null,\"price\":null,\"quantity\":null,\"flag\":null,"
				"\"at\":null,\"day\":null,\"state\":null,\"currency\":null,"
				"\"place\":null,\"parts\":null,\"metadata\":null}",
				false, &t),
			 ERR_OK);
	ck_assert(schema_eq(&thing_schema, &absent, &t));
	ck_assert_uint_eq(t.present, (1 << 15) - 1);
	ck_assert_uint_eq(t.place.present, 0);
}
END_TEST

START_TEST(test_patch)
{
	struct thing t;

	ck_assert_int_eq(decode("{\"name\":null,\"place\":{\"country\":null}}", true, &t), ERR_OK);
	ck_assert_uint_eq(t.present, 1 << 0 | 1 << 12);
	ck_assert_uint_eq(t.place.present, 2);
	ck_assert(str_eq_z(t.metadata, "{}"));
	ck_assert_int_eq(decode("{\"place\":null,\"metadata\":null}", true, &t), ERR_OK);
	ck_assert_uint_eq(t.place.present, 3);
	ck_assert_ptr_null(t.metadata.p);
	ck_assert_int_eq(decode("{\"metadata\":{\"a\":null,\"b\":\"x\"}}", true, &t), ERR_OK);
	ck_assert(str_eq_z(t.metadata, "{\"a\":null,\"b\":\"x\"}"));
	/* Elements of arrays are replaced as a whole. */
	ck_assert_int_eq(decode("{\"parts\":[{}]}", true, &t), ERR_VALIDATION);
	ck_assert_str_eq(fault_at("/parts/0/product")->code, "required");
}
END_TEST

/* Bodies with one fault each: member, its JSON value, the code; NULL: it is taken. */
static const struct {
	const char *member;
	const char *value;
	const char *code;
} rows[] = {
	{ "id", "\"" ID_GOOD "\"", NULL },
	{ "id", "\"" PRD_GOOD "\"", "invalid_id" },
	{ "id", "\"01h455vb4pex5vsknk084sn02q\"", "invalid_id" },
	{ "id", "\"thg_00000000000000000000000000\"", "invalid_id" },
	{ "id", "\"thg_81h455vb4pex5vsknk084sn02q\"", "invalid_id" },
	{ "id", "\"THG_01h455vb4pex5vsknk084sn02q\"", "invalid_id" },
	{ "id", "\"" ID_GOOD "0\"", "invalid_id" },
	{ "id", "\"\"", "invalid_id" },
	{ "id", "7", "wrong_type" },
	{ "name", "\"a\"", NULL },
	{ "name", "\"\"", "too_short" },
	{ "name",
	  "\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
	  "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
	  "abcdefghijklmnopqrstuvwxyz123456\"",
	  NULL },
	{ "name", "\"abcdefghijklmnopqrstuvwxyzabcdefghijklmno\"", "too_long" },
	{ "name", "\"a\\nb\"", "control_character" },
	{ "name", "\"a\\u007fb\"", "control_character" },
	{ "name", "\"a\\u0085b\"", "control_character" },
	{ "name", "\"a\\u009fb\"", "control_character" },
	{ "name", "\"a\\u00a0\\u00c2\\u0442b\"", NULL },
	{ "name", "true", "wrong_type" },
	{ "name", "{}", "wrong_type" },
	{ "name", "[]", "wrong_type" },
	{ "name", "1", "wrong_type" },
	{ "text", "\"a\\n\\tb\"", NULL },
	{ "text", "\"\"", NULL },
	{ "text", "\"a\\rb\"", "control_character" },
	{ "text", "\"a\\u0001b\"", "control_character" },
	{ "email", "\"a@b.c\"", NULL },
	{ "email", "\"a.b+c@b-b.c\"", NULL },
	{ "email", "\"\\u00e4@\\u00e4.at\"", NULL },
	{ "email", "\"\"", "invalid_email" },
	{ "email", "\"a\"", "invalid_email" },
	{ "email", "\"@b.c\"", "invalid_email" },
	{ "email", "\"a@\"", "invalid_email" },
	{ "email", "\"a@b\"", "invalid_email" },
	{ "email", "\"a@b@c.d\"", "invalid_email" },
	{ "email", "\"a b@c.d\"", "invalid_email" },
	{ "email", "\"a@c d.e\"", "invalid_email" },
	{ "email", "\" a@c.d\"", "invalid_email" },
	{ "email", "\"a@c.d \"", "invalid_email" },
	{ "email", "\"a\\u0001@c.d\"", "invalid_email" },
	{ "email", "\"a\\n@c.d\"", "invalid_email" },
	{ "email", "\".a@c.d\"", "invalid_email" },
	{ "email", "\"a.@c.d\"", "invalid_email" },
	{ "email", "\"a..b@c.d\"", "invalid_email" },
	{ "email", "\"a@.c.d\"", "invalid_email" },
	{ "email", "\"a@c..d\"", "invalid_email" },
	{ "email", "\"a@c.d.\"", "invalid_email" },
	{ "email", "\"a@-c.d\"", "invalid_email" },
	{ "email", "\"a@c-.d\"", "invalid_email" },
	{ "email", "\"a@[1.2.3.4]\"", "invalid_email" },
	{ "email", "\"<a@c.d>\"", "invalid_email" },
	{ "email", "\"a,b@c.d\"", "invalid_email" },
	{ "email", "1", "wrong_type" },
	{ "count", "9007199254740991", NULL },
	{ "count", "-9007199254740991", NULL },
	{ "count", "-0", NULL },
	{ "count", "9007199254740992", "too_large" },
	{ "count", "-9007199254740992", "too_small" },
	{ "count", "9223372036854775807", "out_of_range" },
	{ "count", "9223372036854775808", "out_of_range" },
	{ "count", "-9223372036854775808", "out_of_range" },
	{ "count", "-9223372036854775809", "out_of_range" },
	{ "count", "18446744073709551615", "out_of_range" },
	{ "count", "18446744073709551616", "out_of_range" },
	{ "count", "12345678901234567890123", "out_of_range" },
	{ "count", "-12345678901234567890123", "out_of_range" },
	{ "count", "1.0", "wrong_type" },
	{ "count", "1e2", "wrong_type" },
	{ "count", "1E2", "wrong_type" },
	{ "count", "1e400", "wrong_type" },
	{ "count", "-0.0", "wrong_type" },
	{ "count", "\"1\"", "wrong_type" },
	{ "count", "true", "wrong_type" },
	{ "price", "100", NULL },
	{ "price", "1.5", "wrong_type" },
	{ "price", "\"100\"", "wrong_type" },
	{ "price", "99999999999999999999999999999999", "out_of_range" },
	{ "quantity", "\"1.5\"", NULL },
	{ "quantity", "\"1.500000\"", NULL },
	{ "quantity", "\"999999999999.999999\"", NULL },
	{ "quantity", "\"-999999999999.999999\"", NULL },
	{ "quantity", "\"1000000000000\"", "out_of_range" },
	{ "quantity", "\"1.0000000\"", "too_many_decimals" },
	{ "quantity", "\"-0.1234567\"", "too_many_decimals" },
	{ "quantity", "\"0.123456x\"", "invalid_format" },
	{ "quantity", "\"0.123456789x\"", "invalid_format" },
	{ "quantity", "\"x.1234567\"", "invalid_format" },
	{ "quantity", "\"\"", "invalid_format" },
	{ "quantity", "\".5\"", "invalid_format" },
	{ "quantity", "\"5.\"", "invalid_format" },
	{ "quantity", "\"1e2\"", "invalid_format" },
	{ "quantity", "\"+1\"", "invalid_format" },
	{ "quantity", "\" 1\"", "invalid_format" },
	{ "quantity", "1", "wrong_type" },
	{ "quantity", "1.5", "wrong_type" },
	{ "flag", "false", NULL },
	{ "flag", "0", "wrong_type" },
	{ "flag", "\"true\"", "wrong_type" },
	{ "at", "\"2026-11-30T08:15:00+01:00\"", NULL },
	{ "at", "\"2026-11-30T08:15:00\"", "invalid_time" },
	{ "at", "\"2026-11-30\"", "invalid_time" },
	{ "at", "1", "wrong_type" },
	{ "day", "\"2024-02-29\"", NULL },
	{ "day", "\"2026-02-29\"", "invalid_date" },
	{ "day", "\"2026-2-1\"", "invalid_date" },
	{ "day", "20260201", "wrong_type" },
	{ "state", "\"draft\"", NULL },
	{ "state", "\"done\"", NULL },
	{ "state", "\"Draft\"", "not_one_of" },
	{ "state", "\"draftx\"", "not_one_of" },
	{ "state", "\"\"", "not_one_of" },
	{ "state", "0", "wrong_type" },
	{ "currency", "\"JPY\"", NULL },
	{ "currency", "\"eur\"", "invalid_currency" },
	{ "currency", "\"QQQ\"", "invalid_currency" },
	{ "currency", "\"EU\"", "invalid_currency" },
	{ "place", "{}", NULL },
	{ "place", "[]", "wrong_type" },
	{ "place", "\"\"", "wrong_type" },
	{ "parts", "[]", NULL },
	{ "parts", "{}", "wrong_type" },
	{ "metadata", "{}", NULL },
	{ "metadata", "[]", "wrong_type" },
	{ "metadata", "\"{}\"", "wrong_type" },
	{ "other", "1", "unknown_member" },
	{ "Name", "\"a\"", "unknown_member" },
	{ "nam", "\"a\"", "unknown_member" },
	{ "names", "\"a\"", "unknown_member" },
	{ "", "1", "unknown_member" },
};

START_TEST(test_values)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char body[512];
		char pointer[32];
		struct thing t;
		enum err e;

		snprintf(body, sizeof(body), "{\"%s\":%s}", rows[i].member, rows[i].value);
		snprintf(pointer, sizeof(pointer), "/%s", rows[i].member);
		e = decode(body, false, &t);
		if (rows[i].code == NULL) {
			ck_assert_msg(e == ERR_OK && call.n_faults == 0, "%s", body);
			continue;
		}
		ck_assert_msg(e == ERR_VALIDATION && call.n_faults == 1, "%s: %s", body,
			      err_name(e));
		ck_assert_msg(str_eq_z(call.faults[0].pointer, pointer), "%s", body);
		ck_assert_msg(strcmp(call.faults[0].code, rows[i].code) == 0, "%s: %s", body,
			      call.faults[0].code);
		ck_assert_uint_gt(strlen(call.faults[0].detail), 0);
	}
}
END_TEST

START_TEST(test_email_lengths)
{
	static const struct {
		int local, label;
		size_t labels;
		bool ok;
	} cases[] = {
		{ 64, 10, 1, true },  { 65, 10, 1, false }, { 1, 63, 1, true },
		{ 1, 64, 1, false },  { 57, 63, 3, true }, /* 57 + 1 + 3 * 64 + 4 = 254 */
		{ 58, 63, 3, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char body[1024];
		struct thing t;
		int n = snprintf(body, sizeof(body), "{\"email\":\"%0*d@", cases[i].local, 0);

		for (size_t j = 0; j < cases[i].labels; j++)
			n += snprintf(body + n, sizeof(body) - (size_t)n, "%0*d.", cases[i].label,
				      0);
		snprintf(body + n, sizeof(body) - (size_t)n, "%s\"}",
			 cases[i].labels == 3 ? "info" : "at");
		ck_assert_msg((decode(body, false, &t) == ERR_OK) == cases[i].ok, "%s", body);
	}
}
END_TEST

/* ISO 3166-1 alpha-2, written out unlike the table under test. */
static const char countries[] =
	"AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ "
	"BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR "
	"CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR "
	"GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU "
	"ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ "
	"LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ "
	"MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF "
	"PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI "
	"SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR "
	"TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW ";

START_TEST(test_countries)
{
	size_t n = 0;

	for (char a = 'A'; a <= 'Z'; a++) {
		for (char b = 'A'; b <= 'Z'; b++) {
			const char code[] = { a, b, ' ', '\0' };
			char body[64];
			struct thing t;
			enum err e;

			snprintf(body, sizeof(body), "{\"place\":{\"country\":\"%c%c\"}}", a, b);
			e = decode(body, false, &t);
			ck_assert_msg((e == ERR_OK) == (strstr(countries, code) != NULL), "%s",
				      code);
			if (e == ERR_OK)
				n++;
			else
				ck_assert_str_eq(fault_at("/place/country")->code,
						 "invalid_country");
		}
	}
	ck_assert_uint_eq(n, 249);
	for (size_t i = 0; i < 6; i++) {
		static const char *const wrong[] = { "", "A", "at", "AUT", "A ", "UK" };
		char body[64];
		struct thing t;

		snprintf(body, sizeof(body), "{\"place\":{\"country\":\"%s\"}}", wrong[i]);
		ck_assert_int_eq(decode(body, false, &t), ERR_VALIDATION);
	}
}
END_TEST

START_TEST(test_all_faults_at_once)
{
	struct thing t;

	ck_assert_int_eq(
		decode("{\"name\":1,\"a/b~c\":1,\"state\":\"x\",\"metadata\":{\"k/\":1,\"j\":null,"
		       "\"\":\"x\",\"n\":\"\\u0001\"},\"parts\":[{\"quantity\":\"0\",\"note\":"
		       "\"1234567890123456789012345678901\"},3,{\"product\":null,\"quantity\":"
		       "\"1000.000001\",\"price\":-1,\"places\":[{},{},{}]},{\"product\":"
		       "\"" PRD_GOOD "\",\"places\":[{\"country\":\"XX\"}]},null]}",
		       false, &t),
		ERR_VALIDATION);
	ck_assert_str_eq(fault_at("/name")->code, "wrong_type");
	ck_assert_str_eq(fault_at("/a~1b~0c")->code, "unknown_member");
	ck_assert_str_eq(fault_at("/state")->code, "not_one_of");
	ck_assert_str_eq(fault_at("/state")->detail, "must be one of: draft, placed, done");
	ck_assert_str_eq(fault_at("/metadata/k~1")->code, "wrong_type");
	ck_assert_str_eq(fault_at("/metadata/j")->code, "wrong_type");
	ck_assert_str_eq(fault_at("/metadata/")->code, "too_short");
	ck_assert_str_eq(fault_at("/metadata/n")->code, "control_character");
	ck_assert_str_eq(fault_at("/parts/0/product")->code, "required");
	ck_assert_str_eq(fault_at("/parts/0/quantity")->code, "too_small");
	ck_assert_str_eq(fault_at("/parts/0/quantity")->detail, "must be at least 0.000001");
	ck_assert_str_eq(fault_at("/parts/0/note")->code, "too_long");
	ck_assert_str_eq(fault_at("/parts/0/note")->detail, "must have at most 30 characters");
	ck_assert_str_eq(fault_at("/parts/1")->code, "wrong_type");
	ck_assert_str_eq(fault_at("/parts/2/product")->code, "null_not_allowed");
	ck_assert_str_eq(fault_at("/parts/2/quantity")->code, "too_large");
	ck_assert_str_eq(fault_at("/parts/2/places")->code, "too_many");
	ck_assert_str_eq(fault_at("/parts/3/places/0/country")->code, "invalid_country");
	ck_assert_str_eq(fault_at("/parts/4")->code, "wrong_type");
	ck_assert_uint_eq(call.n_faults, 16);
}
END_TEST

START_TEST(test_more_faults_than_are_kept)
{
	struct thing t;
	char body[8192] = "{\"parts\":[0";

	for (size_t i = 1; i < 1000; i++)
		strcat(body, ",0");
	strcat(body, "]}");
	ck_assert_int_eq(decode(body, false, &t), ERR_VALIDATION);
	ck_assert_uint_eq(call.n_faults, LIMIT_FAULTS);
	ck_assert(str_eq_z(call.faults[LIMIT_FAULTS - 1].pointer, "/parts/63"));
}
END_TEST

START_TEST(test_body)
{
	static const struct {
		const char *body;
		enum err e;
	} bodies[] = {
		{ "", ERR_INVALID_JSON },
		{ "{", ERR_INVALID_JSON },
		{ "{\"flag\":true,\"flag\":true}", ERR_INVALID_JSON },
		{ "[]", ERR_VALIDATION },
		{ "null", ERR_VALIDATION },
		{ "1", ERR_VALIDATION },
		{ "\"{\"", ERR_VALIDATION },
		{ " \t\r\n{\"flag\":true}\n ", ERR_OK },
		{ "{}", ERR_OK },
	};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct thing t;

		ck_assert_msg(decode(bodies[i].body, false, &t) == bodies[i].e, "%s",
			      bodies[i].body);
		if (bodies[i].e == ERR_VALIDATION) {
			ck_assert_uint_eq(call.n_faults, 1);
			ck_assert(str_eq_z(call.faults[0].pointer, ""));
			ck_assert_str_eq(call.faults[0].code, "wrong_type");
		}
	}
}
END_TEST

struct flags {
	int64_t plain, required, out_only, both;
	struct str json;
	struct slice few;
	int64_t fallback;
	bool on;
	int32_t state;
};

START_TEST(test_flags)
{
	static const struct field fields[] = {
		{ FIELD_OF(struct flags, plain, FIELD_I64), .min = 1 },
		{ FIELD_OF(struct flags, required, FIELD_I64), .flags = FIELD_REQUIRED, .min = -5 },
		{ FIELD_OF(struct flags, out_only, FIELD_I64),
		  .flags = FIELD_OUT_ONLY | FIELD_REQUIRED },
		{ FIELD_OF(struct flags, both, FIELD_I64), .flags = FIELD_REQUIRED | FIELD_NULLABLE,
		  .min = 0, .max = 3 },
		{ FIELD_OF(struct flags, json, FIELD_JSON) },
		{ FIELD_OF(struct flags, few, FIELD_ARRAY), .of = &place_schema, .min = 1 },
		{ FIELD_OF(struct flags, fallback, FIELD_I64), .fallback = 7,
		  .has_fallback = true },
		{ FIELD_OF(struct flags, on, FIELD_BOOL), .fallback = 1, .has_fallback = true },
		{ FIELD_OF(struct flags, state, FIELD_ENUM), .names = states, .n_names = 3,
		  .fallback = 2, .has_fallback = true },
	};
	static const struct schema s = {
		.name = "Flags",
		.object = "flags",
		SCHEMA_FIELDS(fields, struct flags),
	};
	struct flags v;

	ck_assert_int_eq(schema_decode_json(&call, &s, STR("{}"), false, &v), ERR_VALIDATION);
	ck_assert_uint_eq(call.n_faults, 2);
	ck_assert_str_eq(fault_at("/required")->code, "required");
	ck_assert_str_eq(fault_at("/both")->code, "required");
	call_again();
	ck_assert_int_eq(schema_decode_json(&call, &s, STR("{}"), true, &v), ERR_OK);
	ck_assert_int_eq(v.fallback, INT64_MIN); /* a patch has no fallbacks */
	ck_assert(!v.on);
	ck_assert_int_eq(
		schema_decode_json(&call, &s, STR("{\"required\":0,\"both\":3}"), false, &v),
		ERR_OK);
	ck_assert_int_eq(v.fallback, 7);
	ck_assert(v.on);
	ck_assert_int_eq(v.state, 2);
	ck_assert_int_eq(schema_decode_json(&call, &s,
					    STR("{\"plain\":0,\"required\":-6,\"out_only\":1,"
						"\"both\":null,\"json\":{},\"object\":\"flags\","
						"\"few\":[],\"on\":null}"),
					    true, &v),
			 ERR_VALIDATION);
	ck_assert_str_eq(fault_at("/plain")->code, "too_small");
	ck_assert_str_eq(fault_at("/required")->code, "too_small");
	ck_assert_str_eq(fault_at("/out_only")->code, "read_only");
	ck_assert_str_eq(fault_at("/both")->code, "null_not_allowed");
	ck_assert_str_eq(fault_at("/json")->code, "read_only");
	ck_assert_str_eq(fault_at("/object")->code, "read_only");
	ck_assert_str_eq(fault_at("/few")->code, "too_few");
	ck_assert_str_eq(fault_at("/on")->code, "null_not_allowed");
	ck_assert_uint_eq(call.n_faults, 8);
	call_again();
	/* min alone leaves the type's max; a negative min makes a max of 0 count. */
	ck_assert_int_eq(
		schema_decode_json(&call, &s, STR("{\"plain\":5,\"required\":0}"), true, &v),
		ERR_OK);
	ck_assert_int_eq(schema_decode_json(&call, &s,
					    STR("{\"plain\":9007199254740992,\"required\":1}"),
					    true, &v),
			 ERR_VALIDATION);
	ck_assert_str_eq(fault_at("/plain")->code, "too_large");
	ck_assert_str_eq(fault_at("/required")->code, "too_large");
}
END_TEST

/* An object of a patch whose schema has no mask is replaced, so its required members are. */
START_TEST(test_patch_of_object_without_mask)
{
	static const struct field fields[] = {
		{ .name = "part", .type = FIELD_OBJECT, .of = &part_schema },
	};
	static const struct schema s = { .name = "Outer", SCHEMA_FIELDS(fields, struct part) };
	struct part p;

	ck_assert_int_eq(schema_decode_json(&call, &s, STR("{\"part\":{}}"), true, &p),
			 ERR_VALIDATION);
	ck_assert_str_eq(fault_at("/part/product")->code, "required");
	call_again();
	ck_assert_int_eq(schema_decode_json(&call, &s, STR("{\"part\":null}"), true, &p),
			 ERR_VALIDATION);
	ck_assert_str_eq(fault_at("/part")->code, "null_not_allowed");
}
END_TEST

START_TEST(test_round_trip)
{
	for (int i = 0; i < 2000; i++) {
		struct thing in;
		struct thing out;
		struct buf b;
		struct str s;
		enum err e;

		call_again();
		in = random_thing();
		buf_init(&b, call.arena, 0, 1 << 20);
		schema_encode(&b, &thing_schema, &in);
		ck_assert_int_eq(buf_finish(&b, &s), ERR_OK);
		memset(&out, 0x5a, sizeof(out));
		e = schema_decode_json(&call, &thing_schema, s, false, &out);
		ck_assert_msg(e == ERR_OK, STR_FMT " %s %s", STR_ARG(s), err_name(e),
			      call.n_faults > 0 ? call.faults[0].code : call.detail);
		ck_assert_msg(schema_eq(&thing_schema, &in, &out), STR_FMT, STR_ARG(s));
	}
}
END_TEST

/* Documents with random bytes changed: no crash, and no success without a well-formed value. */
START_TEST(test_mutations)
{
	static const char likely[] = "{}[]\",:\\u0d8e+-.tfn\n\x01\x80\xc3\xff";
	size_t outcomes[ERR_MAX] = { 0 };

	for (int i = 0; i < 8000; i++) {
		struct thing t;
		struct buf b;
		struct str s;
		struct str copy;
		enum err e;

		call_again();
		t = random_thing();
		buf_init(&b, call.arena, 0, 1 << 20);
		schema_encode(&b, &thing_schema, &t);
		ck_assert_int_eq(buf_finish(&b, &s), ERR_OK);
		copy = heap_copy(s.p, s.n);
		for (size_t n = 1 + seed_below(3); n > 0; n--)
			((char *)(uintptr_t)copy.p)[seed_below(copy.n)] =
				seed_below(2) ? likely[seed_below(sizeof(likely))]
					      : (char)seed_next();
		e = schema_decode_json(&call, &thing_schema, copy, seed_below(2) != 0, &t);
		ck_assert(e == ERR_OK || e == ERR_VALIDATION || e == ERR_INVALID_JSON);
		ck_assert_int_eq(e == ERR_VALIDATION, call.n_faults > 0);
		for (size_t j = 0; j < call.n_faults; j++)
			ck_assert(str_is_utf8(call.faults[j].pointer));
		outcomes[e]++;
		heap_free(copy);
	}
	ck_assert_uint_gt(outcomes[ERR_OK], 0);
	ck_assert_uint_gt(outcomes[ERR_VALIDATION], 0);
	ck_assert_uint_gt(outcomes[ERR_INVALID_JSON], 0);
}
END_TEST

/* With little memory the answer is ERR_NO_MEMORY, never a wrong success or a crash. */
START_TEST(test_small_arenas)
{
	const struct str good =
		STR("{\"email\":\"a@b.at\",\"place\":{\"city\":\"x\"},"
		    "\"parts\":[{\"product\":\"" PRD_GOOD "\"}],\"metadata\":{\"a\":\"b\"}}");
	const struct str bad = STR("{\"a\":1,\"state\":\"x\",\"quantity\":\"1000000000000\"}");
	struct arena *whole = call.arena;
	size_t taken = 0;

	for (size_t cap = 1; cap < 4096; cap += 7) {
		struct thing t;
		enum err e;

		call.arena = arena_new(cap);
		call.n_faults = 0;
		if (call.arena == NULL)
			continue;
		e = schema_decode_json(&call, &thing_schema, good, false, &t);
		ck_assert(e == ERR_OK || e == ERR_NO_MEMORY);
		ck_assert_int_eq(e == ERR_OK, !arena_overflowed(call.arena));
		taken += e == ERR_OK;
		e = schema_decode_json(&call, &thing_schema, bad, false, &t);
		ck_assert(e == ERR_VALIDATION || e == ERR_NO_MEMORY);
		arena_free(call.arena);
	}
	ck_assert_uint_gt(taken, 0);
	call.arena = whole;
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/http/field_decode");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_every_type);
	tcase_add_test(tc, test_absent);
	tcase_add_test(tc, test_patch);
	tcase_add_test(tc, test_values);
	tcase_add_test(tc, test_email_lengths);
	tcase_add_test(tc, test_countries);
	tcase_add_test(tc, test_all_faults_at_once);
	tcase_add_test(tc, test_more_faults_than_are_kept);
	tcase_add_test(tc, test_body);
	tcase_add_test(tc, test_flags);
	tcase_add_test(tc, test_patch_of_object_without_mask);
	tcase_add_test(tc, test_round_trip);
	tcase_add_test(tc, test_mutations);
	tcase_add_test(tc, test_small_arenas);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
