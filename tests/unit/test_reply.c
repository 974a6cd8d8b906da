/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "libshared/error.h"
#include "libshared/route.h"

static void check_padded(const struct reply *rp, const char *text, size_t size)
{
	ck_assert_uint_eq(rp->len, size);
	ck_assert_mem_eq(rp->body, text, strlen(text));
	for (size_t i = strlen(text); i < size; i++)
		ck_assert_uint_eq(rp->body[i], ' ');
}

START_TEST(json_is_padded_with_spaces_to_its_size)
{
	struct reply rp = { 0 };

	ck_assert_int_eq(reply_json(&rp, 201, JSON_BYTES, json_pack("{s:i}", "next", 51)), 0);
	check_padded(&rp, "{\"next\":51}", JSON_BYTES);
	ck_assert_uint_eq(rp.status, 201);
	ck_assert_str_eq(rp.content_type, "application/json");
	reply_clear(&rp);
	ck_assert_ptr_null(rp.body);
}
END_TEST

START_TEST(an_empty_reply_is_an_empty_object)
{
	struct reply rp = { 0 };

	ck_assert_int_eq(reply_empty(&rp, 200), 0);
	check_padded(&rp, "{}", JSON_BYTES);
	reply_clear(&rp);
}
END_TEST

START_TEST(every_problem_has_one_size)
{
	for (int problem = 1; problem < PROBLEMS; problem++) {
		const struct problem_text *p = problem_text(problem);
		struct reply rp = { 0 };
		json_t *json;

		ck_assert_int_eq(reply_problem(&rp, problem), 0);
		ck_assert_uint_eq(rp.len, JSON_BYTES);
		ck_assert_uint_eq(rp.status, p->status);
		ck_assert_str_eq(rp.content_type, "application/problem+json");
		json = json_loadb((char *)rp.body, rp.len, JSON_REJECT_DUPLICATES, NULL);
		ck_assert_str_eq(json_string_value(json_object_get(json, "type")), p->urn);
		ck_assert_str_eq(json_string_value(json_object_get(json, "title")), p->title);
		ck_assert_int_eq(json_integer_value(json_object_get(json, "status")), p->status);
		ck_assert_uint_eq(json_object_size(json), 3);
		json_decref(json);
		reply_clear(&rp);
	}
}
END_TEST

START_TEST(bytes_are_zeros_until_filled)
{
	struct reply rp = { 0 };

	ck_assert_int_eq(reply_bytes(&rp, 200, FETCH_BYTES), 0);
	ck_assert_uint_eq(rp.len, FETCH_BYTES);
	ck_assert(sodium_is_zero(rp.body, rp.len));
	ck_assert_str_eq(rp.content_type, "application/octet-stream");
	reply_clear(&rp);
}
END_TEST

START_TEST(json_that_does_not_fit_is_a_failure_of_ours)
{
	struct reply rp = { 0 };
	char text[JSON_BYTES + 1];

	memset(text, 'a', JSON_BYTES);
	text[JSON_BYTES] = '\0';
	ck_assert_int_lt(reply_json(&rp, 200, JSON_BYTES, json_pack("{s:s}", "a", text)), 0);
	text[JSON_BYTES - 8] = '\0'; /* {"a":"..."} fills it exactly */
	ck_assert_int_eq(reply_json(&rp, 200, JSON_BYTES, json_pack("{s:s}", "a", text)), 0);
	reply_clear(&rp);
	ck_assert_ptr_null(rp.body);
}
END_TEST

START_TEST(no_json_is_a_failed_allocation)
{
	struct reply rp = { 0 };

	ck_assert_int_eq(reply_json(&rp, 200, JSON_BYTES, NULL), E_NOMEM);
	ck_assert_ptr_null(rp.body);
}
END_TEST

UNIT("reply", json_is_padded_with_spaces_to_its_size, an_empty_reply_is_an_empty_object,
		every_problem_has_one_size, bytes_are_zeros_until_filled,
		json_that_does_not_fit_is_a_failure_of_ours, no_json_is_a_failed_allocation)
