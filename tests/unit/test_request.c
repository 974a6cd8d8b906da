/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "libshared/route.h"

/* text padded with spaces to JSON_BYTES, in memory of exactly that size. */
static int read_text(const char *text)
{
	CLEANUP(scope_free) uint8_t *body = malloc(JSON_BYTES);
	struct request rq = { .body = body, .body_len = JSON_BYTES };
	json_t *json = NULL;
	int rc;

	memset(body, ' ', JSON_BYTES);
	for (size_t i = 0; text[i]; i++)
		body[i] = (uint8_t)text[i];
	rc = request_json(&rq, &json);
	ck_assert((rc == 0) == (json != NULL));
	json_decref(json);
	return rc;
}

static int read_bytes(const void *bytes, size_t len)
{
	CLEANUP(scope_free) uint8_t *body = malloc(len ? len : 1);
	struct request rq = { .body = body, .body_len = len };
	json_t *json = NULL;
	int rc;

	memcpy(body, bytes, len);
	rc = request_json(&rq, &json);
	json_decref(json);
	return rc;
}

START_TEST(takes_an_object_padded_with_spaces)
{
	ck_assert_int_eq(read_text("{}"), 0);
	ck_assert_int_eq(read_text("{\"a\": [{\"b\": [1, null, true]}], \"c\": \"\\u20ac\"}"), 0);
	ck_assert_int_eq(read_bytes("{}", 2), 0);
}
END_TEST

START_TEST(refuses_what_is_no_object)
{
	static const char *const texts[] = { "", "[]", "1", "\"a\"", "null", "true", "{", "}", "{]",
		"{}{}", "{} {}", " {}", "{}x", "{\"a\"}", "{\"a\":}", "{a: 1}", "{'a': 1}",
		"{\"a\": 1,}", "{\"a\": NaN}", "{\"a\": 01}" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		ck_assert_msg(read_text(texts[i]) == PROBLEM_BAD_REQUEST, "%s", texts[i]);
	ck_assert_int_eq(read_bytes("", 0), PROBLEM_BAD_REQUEST);
}
END_TEST

START_TEST(refuses_names_that_come_twice)
{
	ck_assert_int_eq(read_text("{\"a\": 1, \"a\": 1}"), PROBLEM_BAD_REQUEST);
	ck_assert_int_eq(read_text("{\"a\": 1, \"\\u0061\": 2}"), PROBLEM_BAD_REQUEST);
	ck_assert_int_eq(read_text("{\"o\": {\"a\": 1, \"a\": 2}}"), PROBLEM_BAD_REQUEST);
}
END_TEST

START_TEST(refuses_more_than_four_levels)
{
	ck_assert_int_eq(read_text("{\"a\": [{\"b\": []}]}"), 0);
	ck_assert_int_eq(read_text("{\"a\": [{\"b\": [[]]}]}"), PROBLEM_BAD_REQUEST);
	ck_assert_int_eq(read_text("{\"a\": [{\"b\": [{}]}]}"), PROBLEM_BAD_REQUEST);
	ck_assert_int_eq(read_text("{\"[[[[[[\": \"\\\"{{{{{{\"}"),
			0); /* within strings they are letters */
}
END_TEST

START_TEST(refuses_nul_bytes)
{
	ck_assert_int_eq(read_bytes("{\"a\": \"b\0c\"}", 12), PROBLEM_BAD_REQUEST);
	ck_assert_int_eq(read_bytes("{}\0\0\0", 5), PROBLEM_BAD_REQUEST);
	ck_assert_int_eq(read_bytes("\0{}", 3), PROBLEM_BAD_REQUEST);
	ck_assert_int_eq(read_text("{\"a\": \"b\\u0000c\"}"), PROBLEM_BAD_REQUEST);
	ck_assert_int_eq(read_text("{\"a\\u0000b\": 1}"), PROBLEM_BAD_REQUEST);
}
END_TEST

START_TEST(refuses_padding_that_is_not_spaces)
{
	ck_assert_int_eq(read_text("{}\n"), PROBLEM_BAD_REQUEST);
	ck_assert_int_eq(read_text("{}\t "), PROBLEM_BAD_REQUEST);
	ck_assert_int_eq(read_text("{}/* */"), PROBLEM_BAD_REQUEST);
}
END_TEST

START_TEST(refuses_text_that_is_not_utf8)
{
	ck_assert_int_eq(read_text("{\"a\": \"\xff\"}"), PROBLEM_BAD_REQUEST);
	ck_assert_int_eq(read_text("{\"a\": \"\xc0\x80\"}"), PROBLEM_BAD_REQUEST);
	ck_assert_int_eq(read_text("{\"a\": \"\\ud800\"}"), PROBLEM_BAD_REQUEST);
}
END_TEST

START_TEST(refuses_every_truncation)
{
	static const char text[] =
			"{\"deposit\": \"x\\\"\\\\\", \"keep_days\": 21, \"list\": [1, {}]}";

	ck_assert_int_eq(read_bytes(text, strlen(text)), 0);
	for (size_t len = 0; len < strlen(text); len++)
		ck_assert_int_eq(read_bytes(text, len), PROBLEM_BAD_REQUEST);
}
END_TEST

UNIT("request", takes_an_object_padded_with_spaces, refuses_what_is_no_object,
		refuses_names_that_come_twice, refuses_more_than_four_levels, refuses_nul_bytes,
		refuses_padding_that_is_not_spaces, refuses_text_that_is_not_utf8,
		refuses_every_truncation)
