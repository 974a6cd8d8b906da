/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An HTTP side of our own for one test: a listening unix socket, a loop, and clients in the same
 * process. The loop turns only while a client waits for something, so a test says in which order
 * things happen.
 */
#ifndef SOTTO_TESTS_HTTP_BED_H
#define SOTTO_TESTS_HTTP_BED_H

#include "tests/unit/unit.h"

#include "libshared/error.h"
#include "libshared/http.h"
#include "libshared/journal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#define HOST "Host: x\r\n"
#define KEY "Idempotency-Key: AQIDBAUGBwgJCgsMDQ4PEA\r\n"
#define SECRET "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define LINE "PROXY TCP6 fc00:dead:beef:4dad::0:2f ::1 47 7001\r\n"
#define BED_ONION "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.onion"
#define GET "GET /v1/health HTTP/1.1\r\n" HOST "\r\n"

struct bed {
	sd_event *event;
	struct db *db;
	struct http *http;
	struct http_options options;
	struct key_pair server[2];
	struct key nonce_key;
	struct token_keys token_keys; /* none, unless a test adds some before bed_open */
	char path[64];
};

struct answer {
	char bytes[64 << 10];
	size_t len;
	bool ended; /* the connection */
	int status;
	const char *head; /* NUL-terminated */
	const char *body;
	size_t body_len;
};

/* Says who asked, so that a test sees what ask and answer saw. */
static inline int echo(struct request *rq, const struct result *rs, struct reply *rp)
{
	char text[256], body[32] = "";

	ck_assert_ptr_null(rs);
	if (rq->body_len)
		memcpy(body, rq->body, rq->body_len < 8 ? rq->body_len : 8);
	sodium_bin2hex(text, sizeof text, rq->deposit_hash, sizeof rq->deposit_hash);
	return reply_json(rp, 200, JSON_BYTES,
			json_pack("{s:s, s:i, s:s}", "body", body, "key", rq->key[0], "deposit",
					text));
}

static inline int app_says(struct request *rq, const struct result *rs, struct reply *rp)
{
	(void)rs;
	(void)rp;
	return (int)(intptr_t)rq->app;
}

static inline int ask_nothing(struct request *rq, struct params *p)
{
	params_bytes(p, rq->mailbox, sizeof rq->mailbox);
	return 0;
}

static inline int found_nothing(struct request *rq, const struct result *rs, struct reply *rp)
{
	(void)rq;
	ck_assert_uint_eq(result_rows(rs), 0);
	return reply_empty(rp, 200);
}

static const struct route bed_routes[] = {
	{ "GET", "/v1/health", AUTH_NONE, PAY_NOTHING, KEY_NONE, 0, NULL, NULL, echo },
	{ "POST", "/v1/small", AUTH_NONE, PAY_NOTHING, KEY_NEEDED, 5, NULL, NULL, echo },
	{ "POST", "/v1/blobs", AUTH_DEPOSIT, PAY_INBOX, KEY_NEEDED, BLOB_BYTES, NULL, NULL, echo },
	{ "POST", "/v1/large", AUTH_NONE, PAY_NOTHING, KEY_NONE, BUNDLES_PUT_BYTES, NULL, NULL,
			echo },
	{ "GET", "/v1/mailboxes/{mailbox}/blobs", AUTH_OWNER, PAY_NOTHING, KEY_NONE, 0, NULL, NULL,
			echo },
	{ "PUT", "/v1/accounts/{uuid}", AUTH_OWNER, PAY_NOTHING, KEY_NONE, 4, NULL, NULL, echo },
	{ "GET", "/v1/fails", AUTH_NONE, PAY_NOTHING, KEY_NONE, 0, NULL, NULL, app_says },
	{ "GET", "/v1/parked", AUTH_NONE, PAY_NOTHING, KEY_NONE, 0, "fetch($1)", ask_nothing,
			found_nothing },
};

static const struct journal bed_journal = { .daemon = "test", .instance = "1" };

/* Fills in what is always the same; the test sets deadlines and limits before bed_open. */
static inline void bed_init(struct bed *bed)
{
	*bed = (struct bed){ 0 };
	key_pair_random(&bed->server[0]);
	key_pair_random(&bed->server[1]);
	key_random(&bed->nonce_key);
	bed->options = (struct http_options){
		.circuit_line = CIRCUIT_OFF,
		.routes = bed_routes,
		.n_routes = ARRAY_LEN(bed_routes),
		.server_keys = bed->server,
		.n_server_keys = 2,
		.nonce_key = &bed->nonce_key,
		.onion = { 'o', 'n' },
		.onion_name = BED_ONION,
		.token_keys = &bed->token_keys,
		.max_connections = 100,
		.deadline_ms = 60000,
		.yield_ms = 60000,
		.circuit_connections = 100,
		.circuit_requests = 1000000,
		.circuit_burst = 1000000,
	};
	ck_assert_int_ge(sd_event_new(&bed->event), 0);
}

static inline void bed_listen(struct bed *bed)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(bed->path, sizeof bed->path, "/tmp/so.http.%d", (int)getpid());
	unlink(bed->path);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", bed->path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	bed->options.listen_fd = fd;
}

/* With a database that is never there. */
static inline void bed_open(struct bed *bed)
{
	struct db_options db = { .conninfo = "host=/nonexistent",
		.batch_calls = 1,
		.batch_bytes = 1,
		.queue_calls = 1 };

	bed_listen(bed);
	if (!bed->db)
		ck_assert_int_eq(db_new(&bed->db, bed->event, &bed_journal, &db), 0);
	bed->options.db = bed->db;
	ck_assert_int_eq(http_new(&bed->http, bed->event, &bed_journal, &bed->options), 0);
}

static inline void bed_close(struct bed *bed)
{
	http_free(bed->http);
	db_free(bed->db);
	close(bed->options.listen_fd);
	unlink(bed->path);
	sd_event_unref(bed->event);
}

static inline void bed_turn(struct bed *bed)
{
	ck_assert_int_ge(sd_event_run(bed->event, 1000), 0);
}

static inline int bed_connect(const struct bed *bed)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", bed->path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static inline void bed_send_bytes(struct bed *bed, int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			bed_turn(bed);
			continue;
		}
		if (n < 0)
			return; /* it was closed: what came before tells more */
		at += n;
		len -= (size_t)n;
	}
}

static inline void bed_send(struct bed *bed, int fd, const char *text)
{
	bed_send_bytes(bed, fd, text, strlen(text));
}

static inline bool answer_is_whole(struct answer *a)
{
	char *end = memmem(a->bytes, a->len, "\r\n\r\n", 4), *length;

	if (!end)
		return false;
	a->head = a->bytes;
	a->body = end + 4;
	length = memmem(a->bytes, (size_t)(end - a->bytes), "Content-Length: ", 16);
	ck_assert_ptr_nonnull(length);
	a->body_len = strtoul(length + 16, NULL, 10);
	if (a->len - (size_t)(a->body - a->bytes) < a->body_len)
		return false;
	*end = '\0';
	ck_assert_int_eq(strncmp(a->bytes, "HTTP/1.1 ", 9), 0);
	a->status = (int)strtol(a->bytes + 9, NULL, 10);
	return true;
}

/* Until one answer is there, or the end. out->status is 0 when none came. */
static inline void bed_receive(struct bed *bed, int fd, struct answer *out)
{
	out->len = 0;
	out->status = 0;
	out->ended = false;
	for (;;) {
		/* One answer at most: what follows it stays in the socket. */
		ssize_t n = recv(fd, out->bytes + out->len, sizeof out->bytes - out->len,
				MSG_DONTWAIT);

		if (n > 0) {
			out->len += (size_t)n;
			if (answer_is_whole(out))
				return;
		} else if (n < 0 && errno == EAGAIN) {
			bed_turn(bed);
		} else {
			out->ended = true;
			return;
		}
	}
}

static inline void bed_await_end(struct bed *bed, int fd)
{
	static struct answer a;

	do
		bed_receive(bed, fd, &a);
	while (!a.ended);
}

/* One request on a connection of its own. Static: overwritten by the next. */
static inline struct answer *bed_ask_bytes(struct bed *bed, const void *bytes, size_t len)
{
	static struct answer a;
	int fd = bed_connect(bed);

	bed_send_bytes(bed, fd, bytes, len);
	bed_receive(bed, fd, &a);
	close(fd);
	return &a;
}

static inline struct answer *bed_ask(struct bed *bed, const char *text)
{
	return bed_ask_bytes(bed, text, strlen(text));
}

static inline void check_status(const struct answer *a, int status)
{
	ck_assert_msg(a->status == status, "%d, not %d: %s", a->status, status,
			a->len ? a->bytes : "nothing");
}

#endif
