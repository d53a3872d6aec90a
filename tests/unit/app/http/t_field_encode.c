/* SPDX-License-Identifier: Apache-2.0 */
#include "app/http/field.h"

#include <check.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/app/http/field_fixture.h"

static struct str encode(const struct schema *s, const void *v)
{
	struct str text = STR_NONE;
	struct buf b;

	buf_init(&b, call.arena, 0, 1 << 20);
	schema_encode(&b, s, v);
	ck_assert_int_eq(buf_finish(&b, &text), ERR_OK);
	return text;
}

#define ASSERT_TEXT(text_, z_)                                               \
	do {                                                                 \
		struct str text = (text_);                                   \
                                                                             \
		ck_assert_msg(str_eq_z(text, (z_)), STR_FMT, STR_ARG(text)); \
	} while (0)

static struct id id_of_text(const char *text)
{
	struct id id = ID_NONE;

	ck_assert_int_eq(id_parse_text(str_from(text), &id), ERR_OK);
	return id;
}

START_TEST(test_every_type)
{
	struct place places[2];
	struct part part;
	struct thing t;

	schema_defaults(&thing_schema, &t);
	schema_defaults(&place_schema, &places[0]);
	schema_defaults(&place_schema, &places[1]);
	places[1].city = STR("L\"");
	part = (struct part){
		.product = id_of_text("01h455vb4pex5vsknk084sn02q"),
		.note = STR("a\nb"),
		.quantity = 1500000,
		.price = MONEY_NONE,
		.places = { .p = places, .n = 2 },
	};
	t.id = id_of_text("01h455vb4pex5vsknk084sn02q");
	t.name = STR("\xc3\xa4\\");
	t.text = STR("");
	t.email = STR("a@b.c");
	t.count = -1;
	t.price = INT64_MAX;
	t.quantity = -250000;
	t.flag = true;
	t.at = 1500000;
	t.day = 0;
	t.state = 2;
	t.currency = STR("EUR");
	t.place.country = STR("AT");
	t.parts = (struct slice){ .p = &part, .n = 1 };
	t.metadata = STR("{\"a\":\"b\"}");
	ASSERT_TEXT(
		encode(&thing_schema, &t),
		"{\"id\":\"thg_01h455vb4pex5vsknk084sn02q\",\"name\":\"\xc3\xa4\\\\\","
		"\"text\":\"\",\"email\":\"a@b.c\",\"count\":-1,"
		"\"price\":9223372036854775807,\"quantity\":\"-0.25\",\"flag\":true,"
		"\"at\":\"1970-01-01T00:00:01.500Z\",\"day\":\"1970-01-01\","
		"\"state\":\"done\",\"currency\":\"EUR\",\"place\":{\"city\":null,"
		"\"country\":\"AT\"},\"parts\":[{\"product\":\"prd_01h455vb4pex5vsknk084sn02q\","
		"\"note\":\"a\\nb\",\"quantity\":\"1.5\",\"price\":null,\"places\":[{\"city\":"
		"null,\"country\":null},{\"city\":\"L\\\"\",\"country\":null}]}],"
		"\"metadata\":{\"a\":\"b\"}}");
}
END_TEST

START_TEST(test_absent)
{
	struct thing t;

	schema_defaults(&thing_schema, &t);
	t.metadata = STR_NONE;
	ASSERT_TEXT(encode(&thing_schema, &t),
		    "{\"id\":null,\"name\":null,\"text\":null,\"email\":null,\"count\":null,"
		    "\"price\":null,\"quantity\":null,\"flag\":false,\"at\":null,\"day\":null,"
		    "\"state\":null,\"currency\":null,\"place\":null,\"parts\":null,"
		    "\"metadata\":{}}");
}
END_TEST

struct answer {
	int64_t a, b, in;
	struct str json;
	struct place omitted, kept;
	struct slice none, left_out;
	struct id id, bare;
	struct str meta;
};

static const struct field answer_fields[] = {
	{ FIELD_OF(struct answer, a, FIELD_I64), .flags = FIELD_OMIT },
	{ FIELD_OF(struct answer, b, FIELD_I64), .flags = FIELD_OMIT | FIELD_OUT_ONLY },
	{ FIELD_OF(struct answer, in, FIELD_I64), .flags = FIELD_IN_ONLY },
	{ FIELD_OF(struct answer, json, FIELD_JSON) },
	{ FIELD_OF(struct answer, omitted, FIELD_OBJECT), .flags = FIELD_OMIT,
	  .of = &place_schema },
	{ FIELD_OF(struct answer, kept, FIELD_OBJECT), .of = &place_schema },
	{ FIELD_OF(struct answer, none, FIELD_ARRAY), .of = &place_schema },
	{ FIELD_OF(struct answer, left_out, FIELD_ARRAY), .flags = FIELD_OMIT,
	  .of = &place_schema },
	{ FIELD_OF(struct answer, id, FIELD_ID), .prefix = "ans" },
	{ FIELD_OF(struct answer, bare, FIELD_ID), .flags = FIELD_OMIT, .prefix = "" },
	{ FIELD_OF(struct answer, meta, FIELD_METADATA), .flags = FIELD_OMIT },
};
static const struct schema answer_schema = {
	.name = "Answer",
	.object = "answer",
	SCHEMA_FIELDS(answer_fields, struct answer),
};

START_TEST(test_flags_and_order)
{
	struct answer v;

	schema_defaults(&answer_schema, &v);
	v.meta = STR_NONE;
	v.in = 7;
	ASSERT_TEXT(encode(&answer_schema, &v),
		    "{\"id\":null,\"object\":\"answer\",\"json\":null,"
		    "\"kept\":{\"city\":null,\"country\":null},\"none\":[]}");
	v.b = 0;
	v.json = STR("[1]");
	v.omitted.city = STR("");
	v.left_out = (struct slice){ .p = &v.kept, .n = 0 };
	v.id = id_of_text("01h455vb4pex5vsknk084sn02q");
	v.bare = v.id;
	v.meta = STR("{}");
	ASSERT_TEXT(encode(&answer_schema, &v),
		    "{\"id\":\"ans_01h455vb4pex5vsknk084sn02q\",\"object\":\"answer\",\"b\":0,"
		    "\"json\":[1],\"omitted\":{\"city\":\"\",\"country\":null},"
		    "\"kept\":{\"city\":null,\"country\":null},\"none\":[],\"left_out\":[],"
		    "\"bare\":\"01h455vb4pex5vsknk084sn02q\",\"meta\":{}}");
}
END_TEST

/* false and {} do not make an object present: they are what its absence decodes to. */
START_TEST(test_absent_object_with_bool)
{
	static const struct field fields[] = {
		{ .name = "thing",
		  .type = FIELD_OBJECT,
		  .flags = FIELD_NULLABLE,
		  .of = &thing_schema },
	};
	static const struct schema s = { .name = "Outer", SCHEMA_FIELDS(fields, struct thing) };
	struct thing t;

	schema_defaults(&s, &t);
	ASSERT_TEXT(encode(&s, &t), "{\"thing\":null}");
	t.flag = true;
	ck_assert(str_starts(encode(&s, &t), STR("{\"thing\":{\"id\":null,")));
	t.flag = false;
	t.place.city = STR("");
	ck_assert(str_starts(encode(&s, &t), STR("{\"thing\":{\"id\":null,")));
}
END_TEST

START_TEST(test_empty_object)
{
	static const struct field fields[] = {
		{ FIELD_OF(struct answer, a, FIELD_I64), .flags = FIELD_OMIT },
	};
	static const struct schema bare = { .name = "Bare", SCHEMA_FIELDS(fields, struct answer) };
	static const struct schema named = {
		.name = "Named",
		.object = "named",
		SCHEMA_FIELDS(fields, struct answer),
	};
	struct answer v;

	schema_defaults(&answer_schema, &v);
	ASSERT_TEXT(encode(&bare, &v), "{}");
	ASSERT_TEXT(encode(&named, &v), "{\"object\":\"named\"}");
	v.a = 1;
	ASSERT_TEXT(encode(&bare, &v), "{\"a\":1}");
}
END_TEST

/* An index outside the table and a full buffer are errors of the answer, not of the process. */
START_TEST(test_errors)
{
	struct thing t;
	struct buf b;
	struct str s;

	schema_defaults(&thing_schema, &t);
	t.state = 3;
	buf_init(&b, call.arena, 0, 1 << 20);
	schema_encode(&b, &thing_schema, &t);
	ck_assert_int_eq(buf_finish(&b, &s), ERR_INTERNAL);
	t.state = -2;
	buf_init(&b, call.arena, 0, 1 << 20);
	schema_encode(&b, &thing_schema, &t);
	ck_assert_int_eq(buf_finish(&b, &s), ERR_INTERNAL);
	t.state = 0;
	s = encode(&thing_schema, &t);
	for (size_t cap = 0, n = s.n; cap < n; cap++) {
		buf_init(&b, call.arena, 0, cap);
		schema_encode(&b, &thing_schema, &t);
		ck_assert_int_eq(buf_finish(&b, &s), ERR_LIMIT);
	}
}
END_TEST

START_TEST(test_random_is_json)
{
	for (int i = 0; i < 1000; i++) {
		struct thing t;
		struct str s;
		struct json_object *root;

		call_again();
		t = random_thing();
		s = encode(&thing_schema, &t);
		ck_assert_int_eq(json_scan(&call, s), ERR_OK);
		root = json_tokener_parse(arena_dupz(call.arena, s));
		ck_assert(json_object_is_type(root, json_type_object));
		ck_assert_int_eq(json_object_object_length(root), 15);
		json_object_put(root);
	}
}
END_TEST

START_TEST(test_fingerprint)
{
	struct field fields[11];
	struct schema s = answer_schema;
	const uint32_t all = schema_fingerprint(&answer_schema);

	memcpy(fields, answer_fields, sizeof(fields));
	s.fields = fields;
	ck_assert_uint_eq(schema_fingerprint(&s), all);
	fields[0].doc = "another text";
	ck_assert_uint_eq(schema_fingerprint(&s), all);
	fields[0].name = "c";
	ck_assert_uint_ne(schema_fingerprint(&s), all);
	fields[0] = answer_fields[0];
	fields[1].flags = 0;
	ck_assert_uint_ne(schema_fingerprint(&s), all);
	fields[1] = answer_fields[1];
	fields[3].type = FIELD_STR;
	ck_assert_uint_ne(schema_fingerprint(&s), all);
	fields[3] = answer_fields[3];
	fields[4].of = &part_schema;
	ck_assert_uint_ne(schema_fingerprint(&s), all);
	fields[4] = answer_fields[4];
	fields[8].prefix = "any";
	ck_assert_uint_ne(schema_fingerprint(&s), all);
	fields[8] = answer_fields[8];
	s.object = "other";
	ck_assert_uint_ne(schema_fingerprint(&s), all);
	s.object = "answer";
	s.n_fields--;
	ck_assert_uint_ne(schema_fingerprint(&s), all);
	s.n_fields++;
	ck_assert_uint_eq(schema_fingerprint(&s), all);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("app/http/field_encode");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	seed_init();
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_every_type);
	tcase_add_test(tc, test_absent);
	tcase_add_test(tc, test_flags_and_order);
	tcase_add_test(tc, test_absent_object_with_bool);
	tcase_add_test(tc, test_empty_object);
	tcase_add_test(tc, test_errors);
	tcase_add_test(tc, test_random_is_json);
	tcase_add_test(tc, test_fingerprint);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
