/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The HTTP side over a real socket, without a database: what strangers can send, and what they get.
 */
#include "libshared/http_private.h"
#include "tests/unit/http_bed.h"

#include <microhttpd.h>

#define FIVE "Content-Length: 5\r\n\r\nabcde"
#define SMALL "POST /v1/small HTTP/1.1\r\n" HOST

static struct bed bed;

static void start(void)
{
	bed_init(&bed);
	bed_open(&bed);
}

/* --- replies ------------------------------------------------------------ */

START_TEST(a_reply_has_one_size_the_nonce_and_neither_date_nor_server)
{
	uint8_t nonce[NONCE_BYTES];
	char text[128];
	struct answer *a;

	start();
	a = bed_ask(&bed, GET);
	check_status(a, 200);
	ck_assert_uint_eq(a->body_len, JSON_BYTES);
	nonce_at(nonce, &bed.nonce_key, (uint64_t)time(NULL));
	strcpy(text, "Sotto-Nonce: ");
	base64url_write(text + strlen(text), nonce, sizeof nonce);
	ck_assert_ptr_nonnull(strstr(a->head, text));
	ck_assert_ptr_nonnull(strstr(a->head, "Content-Type: application/json\r\n"));
	ck_assert_ptr_null(strcasestr(a->head, "\nDate:"));
	ck_assert_ptr_null(strcasestr(a->head, "\nServer:"));
	bed_close(&bed);
}
END_TEST

START_TEST(failures_are_503_in_one_place_and_ask_to_come_again)
{
	struct answer *a;

	bed_init(&bed);
	bed.options.app = (void *)(intptr_t)E_BUG;
	bed_open(&bed);
	a = bed_ask(&bed, "GET /v1/fails HTTP/1.1\r\n" HOST "\r\n");
	check_status(a, 503);
	ck_assert_ptr_nonnull(strstr(a->head, "Retry-After: 5"));
	ck_assert_ptr_nonnull(strstr(a->head, "Content-Type: application/problem+json\r\n"));
	ck_assert_ptr_nonnull(strstr(a->head, "Sotto-Nonce: "));
	ck_assert_uint_eq(a->body_len, JSON_BYTES);
	ck_assert_uint_eq(http_counters(bed.http)->failed, 1);
	bed_close(&bed);
}
END_TEST

START_TEST(a_problem_of_the_route_becomes_the_reply)
{
	bed_init(&bed);
	bed.options.app = (void *)(intptr_t)PROBLEM_TOO_MANY;
	bed_open(&bed);
	check_status(bed_ask(&bed, "GET /v1/fails HTTP/1.1\r\n" HOST "\r\n"), 429);
	bed_close(&bed);
}
END_TEST

START_TEST(without_a_database_a_call_is_503_and_the_connection_goes_on)
{
	static struct answer a;
	int fd;

	start();
	fd = bed_connect(&bed);
	for (int i = 0; i < 3; i++) {
		bed_send(&bed, fd, "GET /v1/parked HTTP/1.1\r\n" HOST "\r\n");
		bed_receive(&bed, fd, &a);
		check_status(&a, 503);
	}
	ck_assert_uint_eq(http_counters(bed.http)->parked, 0);
	close(fd);
	bed_close(&bed);
}
END_TEST

/* --- headers ------------------------------------------------------------ */

/* clang-format off */
struct head {
	const char *request;
	int status;
};

static const struct head heads[] = {
	{ "GET /v1/health HTTP/1.1\r\nHost:\r\n\r\n", 400 },
	{ "GET /v1/health HTTP/1.0\r\n" HOST "\r\n", 400 },
	{ "GET /v1/health HTTP/1.1\r\n" HOST "X: \t a\r\nY:z\r\nZ:\r\n\r\n", 200 },
	{ "GET /v1/health? HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "GET /v1/health?a=b HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "GET /v1/healt%68 HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "GET http://x/v1/health HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "GET /v1/nothing HTTP/1.1\r\n" HOST "\r\n", 404 },
	{ "GET /v1/health/ HTTP/1.1\r\n" HOST "\r\n", 404 },
	{ "POST /v1/health HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 405 },
	{ "OPTIONS /v1/health HTTP/1.1\r\n" HOST "\r\n", 405 },
	{ "get /v1/health HTTP/1.1\r\n" HOST "\r\n", 405 },
	{ "GET /v1/health HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 413 },
	{ SMALL KEY "\r\n", 413 },
	{ SMALL KEY "Content-Length: 4\r\n\r\nabcd", 413 },
	{ SMALL KEY "Content-Length: 6\r\n\r\nabcdef", 413 },
	{ SMALL KEY "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", 411 },
	{ SMALL KEY KEY FIVE, 400 },
	{ SMALL FIVE, 400 },
	{ SMALL "Idempotency-Key: AAAAAAAAAAAAAAAAAAAAAA\r\n" FIVE, 400 },
	{ SMALL "Idempotency-Key: AQIDBAUGBwgJCgsMDQ4PE\r\n" FIVE, 400 },
	{ SMALL "Idempotency-Key: AQIDBAUGBwgJCgsMDQ4PEB\r\n" FIVE, 400 },
	{ SMALL KEY "Sotto-Deposit: a\r\nSotto-Deposit: b\r\n" FIVE, 400 },
	{ SMALL KEY "Signature: a\r\nsignature: b\r\n" FIVE, 400 },
	{ SMALL KEY "Signature-Input: a\r\nSignature-Input: a\r\n" FIVE, 400 },
	{ SMALL KEY "Content-Digest: a\r\nContent-Digest: a\r\n" FIVE, 400 },
	{ SMALL KEY "Authorization: a\r\nAuthorization: a\r\n" FIVE, 400 },
	{ SMALL KEY FIVE, 200 },
};

/* Broken as HTTP: libmicrohttpd 1.0 (Debian 13) answers most of these itself, later ones all. */
static const struct head broken[] = {
	{ SMALL KEY "Content-Length: 5\r\n" FIVE, 400 },
	{ "GET /v1/health HTTP/1.1\r\n" HOST "Host: y\r\n\r\n", 400 },
	{ "GET /v1/health HTTP/1.1\r\n" HOST "host: x\r\n\r\n", 400 },
	{ SMALL KEY "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", 400 },
	{ "GET /v1/health HTTP/1.1\r\n\r\n", 400 }, /* no Host */
	{ "GET /v1/health HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400 }, /* folded */
	{ "GET /v1/health HTTP/1.1\r\n" HOST "X:  \r\n b\r\n\r\n", 400 },
	{ "GET /v1/health HTTP/1.1\r\nHo: x\r\n st\r\n\r\n", 400 },
	{ "GET /v1/health HTTP/1.1\r\n" HOST "X: a\r\n\tb: c\r\nY: z\r\n\r\n", 400 },
	{ "GET /v1/health HTTP/1.1\r\n" HOST "X : a\r\n\r\n", 400 },
	{ SMALL KEY "Transfer-Encoding: identity\r\n" FIVE, 411 },
	{ SMALL KEY "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 411 },
};
/* clang-format on */

static void check_head(const struct head *head, const struct answer *a)
{
	ck_assert_msg(a->status == head->status, "%s: %d", head->request, a->status);
	ck_assert_msg(a->body_len == JSON_BYTES, "%s: %zu", head->request, a->body_len);
	ck_assert_ptr_nonnull(strstr(a->head, "Sotto-Nonce: "));
	ck_assert(a->status == 200 ||
			strstr(a->head, "Content-Type: application/problem+json\r\n"));
	ck_assert((a->status == 405) == (strstr(a->head, "Allow: GET") != NULL));
}

START_TEST(headers_are_held_to_the_rules)
{
	start();
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		check_head(&heads[i], bed_ask(&bed, heads[i].request));
	bed_close(&bed);
}
END_TEST

/* What never came near a route has no size of ours (3.5 in docs/design.md), but tells no more. */
START_TEST(broken_headers_are_refused_by_us_or_by_the_library)
{
	const struct answer *a;

	start();
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		a = bed_ask(&bed, broken[i].request);
		if (MHD_VERSION < 0x01000000 || a->body_len == JSON_BYTES) {
			check_head(&broken[i], a);
			continue;
		}
		ck_assert_msg(a->status == 400 || a->status == 501, "%d", a->status);
		ck_assert_ptr_nonnull(strstr(a->head, "Connection: close"));
		ck_assert_ptr_null(strstr(a->head, "Date:"));
		ck_assert_ptr_null(strstr(a->head, "Server:"));
	}
	bed_close(&bed);
}
END_TEST

START_TEST(head_is_another_method_and_has_no_body)
{
	static const char refused[] = "HTTP/1.1 405 ";
	char bytes[2048];
	size_t len = 0;
	int fd;

	start();
	fd = bed_connect(&bed);
	bed_send(&bed, fd, "HEAD /v1/health HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	for (ssize_t n = -1; n != 0;) {
		n = recv(fd, bytes + len, sizeof bytes - len, MSG_DONTWAIT);
		if (n > 0)
			len += (size_t)n;
		else if (n < 0)
			bed_turn(&bed);
	}
	ck_assert_mem_eq(bytes, refused, strlen(refused));
	ck_assert_mem_eq(bytes + len - 4, "\r\n\r\n", 4);
	close(fd);
	bed_close(&bed);
}
END_TEST

START_TEST(where_headers_lie_the_connection_ends)
{
	static struct answer a;
	int fd;

	start();
	fd = bed_connect(&bed);
	bed_send(&bed, fd, SMALL KEY "Content-Length: 5\r\nContent-Length: 70\r\n\r\nabcde");
	bed_send(&bed, fd, GET);
	bed_receive(&bed, fd, &a);
	check_status(&a, 400);
	ck_assert_ptr_nonnull(strstr(a.head, "Connection: close"));
	ck_assert_uint_eq(a.len, (size_t)(a.body - a.bytes) + a.body_len); /* nothing after it */
	bed_await_end(&bed, fd);
	ck_assert_uint_eq(http_counters(bed.http)->requests, a.body_len == JSON_BYTES);
	close(fd);
	bed_close(&bed);
}
END_TEST

START_TEST(a_refused_body_is_read_to_its_end_and_the_connection_goes_on)
{
	static const char body[100000];
	static struct answer a;
	int fd;

	start();
	fd = bed_connect(&bed);
	bed_send(&bed, fd, SMALL KEY "Content-Length: 100000\r\n\r\n");
	bed_send_bytes(&bed, fd, body, 100000);
	bed_receive(&bed, fd, &a);
	check_status(&a, 413);
	bed_send(&bed, fd, GET);
	bed_receive(&bed, fd, &a);
	check_status(&a, 200);
	close(fd);
	bed_close(&bed);
}
END_TEST

START_TEST(a_huge_body_is_not_waited_for)
{
	struct answer *a;

	start();
	a = bed_ask(&bed, SMALL KEY "Content-Length: 1000000000\r\n\r\nabc");
	check_status(a, 413);
	bed_close(&bed);
}
END_TEST

START_TEST(a_huge_header_is_no_request_and_the_next_one_is_served)
{
	static char request[2 * HTTP_CONNECTION_MEMORY];
	static const char *const begins[] = { "GET /v1/health HTTP/1.1\r\n" HOST "X: ", "GET /v1/",
		"G" };
	struct answer *a;

	start();
	for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
		memset(request, 'x', sizeof request);
		memcpy(request, begins[i], strlen(begins[i]));
		memcpy(request + sizeof request - 4, "\r\n\r\n", 4);
		a = bed_ask_bytes(&bed, request, sizeof request);
		ck_assert(a->status == 0 || a->status >= 400);
		ck_assert_uint_eq(http_counters(bed.http)->served, i);
		check_status(bed_ask(&bed, GET), 200);
	}
	bed_close(&bed);
}
END_TEST

START_TEST(the_largest_body_arrives_whole)
{
	static const char body[BUNDLES_PUT_BYTES] = "largest";
	static struct answer a;
	char head[128];
	int fd;

	start();
	snprintf(head, sizeof head, "POST /v1/large HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n",
			BUNDLES_PUT_BYTES);
	fd = bed_connect(&bed);
	bed_send(&bed, fd, head);
	bed_send_bytes(&bed, fd, body, BUNDLES_PUT_BYTES);
	bed_receive(&bed, fd, &a);
	check_status(&a, 200);
	ck_assert_ptr_nonnull(strstr(a.body, "\"body\":\"largest\""));
	close(fd);
	bed_close(&bed);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
	static const long expected[4] = { 200, 503, 404 };
	static char bytes[3 * 2048];
	size_t len = 0;
	int fd, n_answers = 0;

	start();
	fd = bed_connect(&bed);
	bed_send(&bed, fd,
			GET "GET /v1/parked HTTP/1.1\r\n" HOST "\r\n"
			    "GET /v1/nothing HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	for (ssize_t n = -1; n != 0;) {
		n = recv(fd, bytes + len, sizeof bytes - 1 - len, MSG_DONTWAIT);
		if (n > 0)
			len += (size_t)n;
		else if (n < 0)
			bed_turn(&bed);
	}
	for (const char *at = bytes; n_answers < 4 && (at = strstr(at, "HTTP/1.1 ")) != NULL;
			at++, n_answers++)
		ck_assert_int_eq(strtol(at + 9, NULL, 10), expected[n_answers]);
	ck_assert_int_eq(n_answers, 3);
	close(fd);
	bed_close(&bed);
}
END_TEST

/* --- who is asking ------------------------------------------------------ */

static struct answer *deposit(const char *secret)
{
	char request[512 + BLOB_BYTES] = { 0 };
	int n = snprintf(request, sizeof request,
			"POST /v1/blobs HTTP/1.1\r\n" HOST KEY
			"Sotto-Deposit: %s\r\nContent-Length: %d\r\n\r\n",
			secret, BLOB_BYTES);

	return bed_ask_bytes(&bed, request, (size_t)n + BLOB_BYTES);
}

START_TEST(a_deposit_secret_is_known_by_its_hash_only)
{
	uint8_t secret[DEPOSIT_SECRET_BYTES], hash[HASH_BYTES];
	char text[65];
	struct answer *a;

	start();
	for (size_t i = 0; i < sizeof secret; i++)
		secret[i] = (uint8_t)i;
	hash256(hash, secret, sizeof secret);
	sodium_bin2hex(text, sizeof text, hash, sizeof hash);
	a = deposit(SECRET);
	check_status(a, 200);
	ck_assert_ptr_nonnull(strstr(a->body, text));
	bed_close(&bed);
}
END_TEST

START_TEST(a_malformed_deposit_secret_is_as_unknown_as_any)
{
	static const char *const secrets[] = { "", "x", SECRET "A", SECRET "=", "AAEC", "====" };

	start();
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		check_status(deposit(secrets[i]), 404);
	bed_close(&bed);
}
END_TEST

struct owner_case {
	struct key_pair owner;
	uint8_t nonce[NONCE_BYTES];
	uint8_t mailbox[MAILBOX_ID_BYTES]; /* of the path */
	uint8_t onion[ONION_KEY_BYTES];
	const struct key_pair *server;
	char path[128];
	struct owner_headers h;
};

static void owner_case(struct owner_case *c)
{
	*c = (struct owner_case){ .onion = { 'o', 'n' }, .server = &bed.server[0] };
	key_pair_random(&c->owner);
	nonce_at(c->nonce, &bed.nonce_key, (uint64_t)time(NULL));
	owner_mailbox_id(c->mailbox, &c->owner.pub);
}

static void sign_case(struct owner_case *c)
{
	char id[BASE64URL_ROOM(32)];
	struct key key;
	struct owner_request request = { "GET", c->path, "?", NULL, 0 };

	base64url_write(id, c->mailbox, sizeof c->mailbox);
	snprintf(c->path, sizeof c->path, "/v1/mailboxes/%s/blobs", id);
	ck_assert_int_eq(owner_request_key(&key, &c->owner.secret, &c->owner.pub, &c->server->pub,
					 c->onion),
			0);
	ck_assert_int_eq(owner_sign(&c->h, &key, &c->owner.pub, c->nonce, &request), 0);
}

static struct answer *send_case(const struct owner_case *c)
{
	char request[1024];

	snprintf(request, sizeof request,
			"GET %s HTTP/1.1\r\n" HOST "Content-Digest: %s\r\nSignature-Input: %s\r\n"
			"Signature: %s\r\n\r\n",
			c->path, c->h.digest, c->h.input, c->h.signature);
	return bed_ask(&bed, request);
}

static struct answer *ask_case(struct owner_case *c)
{
	sign_case(c);
	return send_case(c);
}

START_TEST(an_owner_is_let_in_under_each_server_key)
{
	struct owner_case c;

	start();
	owner_case(&c);
	check_status(ask_case(&c), 200);
	c.server = &bed.server[1]; /* the overlap after a change */
	check_status(ask_case(&c), 200);
	nonce_at(c.nonce, &bed.nonce_key, (uint64_t)time(NULL) - 3600);
	check_status(ask_case(&c), 200);
	bed_close(&bed);
}
END_TEST

START_TEST(a_wrong_signature_is_401_whatever_is_wrong)
{
	struct key_pair other;
	struct owner_case c;

	start();
	key_pair_random(&other);
	owner_case(&c);
	c.server = &other;
	check_status(ask_case(&c), 401);
	owner_case(&c);
	c.onion[0] = 'x';
	check_status(ask_case(&c), 401);
	owner_case(&c);
	nonce_at(c.nonce, &bed.nonce_key, (uint64_t)time(NULL) - 7200);
	check_status(ask_case(&c), 401);
	owner_case(&c);
	sign_case(&c);
	c.h.signature[10] ^= 1;
	check_status(send_case(&c), 401);
	sign_case(&c);
	strcpy(c.h.digest, "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:");
	check_status(send_case(&c), 401);
	check_status(bed_ask(&bed, "GET /v1/mailboxes/" SECRET "/blobs HTTP/1.1\r\n" HOST "\r\n"),
			401);
	bed_close(&bed);
}
END_TEST

START_TEST(a_low_order_key_is_401)
{
	struct owner_case c;
	struct key zero = { { 0 } }, key;
	struct owner_request request = { "GET", c.path, "?", NULL, 0 };

	start();
	owner_case(&c);
	sign_case(&c);
	key_random(&key);
	ck_assert_int_eq(owner_sign(&c.h, &key, &zero, c.nonce, &request), 0);
	check_status(send_case(&c), 401);
	bed_close(&bed);
}
END_TEST

START_TEST(another_owners_mailbox_looks_like_an_unknown_path)
{
	struct owner_case c;
	struct answer *a;
	char other[JSON_BYTES];

	start();
	a = bed_ask(&bed, "GET /v1/nothing HTTP/1.1\r\n" HOST "\r\n");
	check_status(a, 404);
	memcpy(other, a->body, sizeof other);
	owner_case(&c);
	c.mailbox[0] ^= 1;
	a = ask_case(&c);
	check_status(a, 404);
	ck_assert_mem_eq(a->body, other, sizeof other);
	bed_close(&bed);
}
END_TEST

UNIT("http", a_reply_has_one_size_the_nonce_and_neither_date_nor_server,
		failures_are_503_in_one_place_and_ask_to_come_again,
		a_problem_of_the_route_becomes_the_reply,
		without_a_database_a_call_is_503_and_the_connection_goes_on,
		headers_are_held_to_the_rules, broken_headers_are_refused_by_us_or_by_the_library,
		head_is_another_method_and_has_no_body, where_headers_lie_the_connection_ends,
		a_refused_body_is_read_to_its_end_and_the_connection_goes_on,
		a_huge_body_is_not_waited_for,
		a_huge_header_is_no_request_and_the_next_one_is_served,
		the_largest_body_arrives_whole, pipelined_requests_are_answered_in_order,
		a_deposit_secret_is_known_by_its_hash_only,
		a_malformed_deposit_secret_is_as_unknown_as_any,
		an_owner_is_let_in_under_each_server_key,
		a_wrong_signature_is_401_whatever_is_wrong, a_low_order_key_is_401,
		another_owners_mailbox_looks_like_an_unknown_path)
