/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "libshared/http_private.h"

#define ID "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define UUID "f81d4fae-7dec-41d0-a765-00a0c91e6bf6"

static const struct route routes[] = {
	{ .method = "GET", .path = "/v1/health" },
	{ .method = "PUT", .path = "/v1/mailboxes/{mailbox}" },
	{ .method = "DELETE", .path = "/v1/mailboxes/{mailbox}" },
	{ .method = "GET", .path = "/v1/mailboxes/{mailbox}/blobs" },
	{ .method = "PUT", .path = "/v1/accounts/{uuid}/bundles" },
	{ .method = "POST", .path = "/v1/accounts/{uuid}/bundle" },
};
static const struct http_options options = { .routes = routes, .n_routes = ARRAY_LEN(routes) };

static int find(const char *method, const char *path, struct request *rq)
{
	memset(rq, 0, sizeof *rq);
	return route_find(&options, method, path, rq);
}

START_TEST(finds_each_row_and_its_variable)
{
	uint8_t id[MAILBOX_ID_BYTES], uuid[16];
	struct request rq;

	for (size_t i = 0; i < sizeof id; i++)
		id[i] = (uint8_t)i;
	unit_hex(uuid, sizeof uuid, "f81d4fae7dec41d0a76500a0c91e6bf6");
	ck_assert_int_eq(find("GET", "/v1/health", &rq), 0);
	ck_assert_ptr_eq(rq.route, &routes[0]);
	ck_assert_int_eq(find("DELETE", "/v1/mailboxes/" ID, &rq), 0);
	ck_assert_ptr_eq(rq.route, &routes[2]);
	ck_assert_mem_eq(rq.mailbox, id, sizeof id);
	ck_assert_int_eq(find("GET", "/v1/mailboxes/" ID "/blobs", &rq), 0);
	ck_assert_ptr_eq(rq.route, &routes[3]);
	ck_assert_mem_eq(rq.mailbox, id, sizeof id);
	ck_assert_int_eq(find("POST", "/v1/accounts/" UUID "/bundle", &rq), 0);
	ck_assert_ptr_eq(rq.route, &routes[5]);
	ck_assert_mem_eq(rq.uuid, uuid, sizeof uuid);
}
END_TEST

START_TEST(another_method_on_a_known_path_is_told_apart)
{
	static const char *const methods[] = { "POST", "HEAD", "OPTIONS", "get", "", "PATCH" };
	struct request rq;

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		ck_assert_int_eq(find(methods[i], "/v1/health", &rq), PROBLEM_METHOD);
	ck_assert_int_eq(find("GET", "/v1/mailboxes/" ID, &rq), PROBLEM_METHOD);
}
END_TEST

static void check_allow(const char *path, const char *expected)
{
	char allow[ALLOW_MOST] = "x";

	route_allow(&options, path, allow);
	ck_assert_str_eq(allow, expected);
}

START_TEST(the_methods_of_a_path_are_those_of_its_rows)
{
	check_allow("/v1/health", "GET");
	check_allow("/v1/mailboxes/" ID, "PUT, DELETE");
	check_allow("/v1/mailboxes/" ID "/blobs", "GET");
	check_allow("/v1/nothing", "");
}
END_TEST

START_TEST(paths_are_compared_byte_for_byte)
{
	static const char *const paths[] = {
		"",
		"/",
		"/v1",
		"/v1/",
		"/v1/health/",
		"//v1/health",
		"/v1/./health",
		"/V1/health",
		"/v1/healt",
		"/v1/health?",
		"/v1/mailboxes/",
		"/v1/mailboxes//blobs",
		("/v1/mailboxes/" ID "/"),
		("/v1/mailboxes/" ID "/blob"),
		("/v1/mailboxes/" ID "/blobs/"),
		("/v1/mailboxes/" ID "="),
		("/v1/mailboxes/" ID "A"),
		("/v1/mailboxes/" UUID),
		"/v1/mailboxes/{mailbox}",
		("/v1/accounts/" UUID "/Bundle"),
		("/v1/accounts/" ID "/bundle"),
		"/v1/accounts/F81D4FAE-7DEC-41D0-A765-00A0C91E6BF6/bundle",
	};
	struct request rq;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		ck_assert_msg(find("GET", paths[i], &rq) == PROBLEM_NOT_FOUND, "%s", paths[i]);
}
END_TEST

START_TEST(every_truncation_of_a_path_is_unknown)
{
	static const char path[] = "/v1/mailboxes/" ID "/blobs";
	struct request rq;

	for (size_t len = 0; len < strlen(path); len++) {
		char *cut = strndup(path, len);

		if (len != strlen("/v1/mailboxes/" ID)) /* that is another row's */
			ck_assert_int_eq(find("GET", cut, &rq), PROBLEM_NOT_FOUND);
		free(cut);
	}
}
END_TEST

UNIT("route", finds_each_row_and_its_variable, another_method_on_a_known_path_is_told_apart,
		the_methods_of_a_path_are_those_of_its_rows, paths_are_compared_byte_for_byte,
		every_truncation_of_a_path_is_unknown)
