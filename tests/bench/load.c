/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Deposits over HTTP: N keep-alive connections to blobd's unix socket, each with one request under
 * way. One thread, one epoll, and as little work for each request as can be, because it runs on the
 * cores that it measures. Any answer but 201 ends it.
 *
 *   load SOCKET CONNECTIONS WARM_S SECONDS
 */
#include "libshared/encode.h"
#include "tests/bench/deposits.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum { EVENTS = 256, REPLY_MOST = 2048 };

static const char head[] =
		"POST /v1/blobs HTTP/1.1\r\nHost: sotto\r\nContent-Type: "
		"application/octet-stream\r\n"
		"Content-Length: 4096\r\nSotto-Deposit: %s\r\nIdempotency-Key: %s\r\n\r\n";

struct conn {
	int fd;
	uint64_t sent_us;
	size_t have;
	char reply[REPLY_MOST + 1];
};

struct load {
	struct deposits deposits;
	char secrets[BENCH_MAILBOXES][BASE64URL_ROOM(DEPOSIT_SECRET_BYTES)];
	char (*keys)[BASE64URL_ROOM(BLOB_ID_BYTES)];
	uint32_t *waits_us;
	size_t n_waits;
};

static void prepare(struct load *l)
{
	uint8_t secret[DEPOSIT_SECRET_BYTES];

	deposits_prepare(&l->deposits);
	l->keys = malloc(BENCH_KEYS * sizeof *l->keys);
	l->waits_us = malloc(BENCH_KEYS * sizeof *l->waits_us);
	if (!l->keys || !l->waits_us)
		bench_fail("no memory");
	for (size_t i = 0; i < BENCH_KEYS; i++)
		base64url_write(l->keys[i], l->deposits.keys[i], BLOB_ID_BYTES);
	for (uint32_t i = 0; i < BENCH_MAILBOXES; i++) {
		deposits_secret(secret, i);
		base64url_write(l->secrets[i], secret, sizeof secret);
	}
}

/* The socket is empty when a request is sent, and takes one whole. */
static void ask(struct load *l, struct conn *c)
{
	const char *key = l->keys[l->deposits.n_taken];
	struct deposit d = deposits_next(&l->deposits);
	char text[sizeof head + sizeof l->secrets[0] + sizeof l->keys[0]];
	int len = snprintf(text, sizeof text, head, l->secrets[d.mailbox], key);
	struct iovec parts[] = { { text, (size_t)len }, { (void *)(uintptr_t)d.body, BLOB_BYTES } };

	c->have = 0;
	c->sent_us = bench_now_us();
	if (writev(c->fd, parts, 2) != len + BLOB_BYTES)
		bench_fail("a request was not taken whole");
}

/* True when the reply is whole. */
static bool take(struct conn *c)
{
	ssize_t n = recv(c->fd, c->reply + c->have, REPLY_MOST - c->have, 0);
	const char *length, *body;

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0)
		bench_fail("a connection ended");
	c->have += (size_t)n;
	c->reply[c->have] = '\0';
	body = strstr(c->reply, "\r\n\r\n");
	if (!body)
		return false;
	if (strncmp(c->reply, "HTTP/1.1 201 ", 13) != 0)
		bench_fail(c->reply);
	length = strcasestr(c->reply, "\r\nContent-Length:");
	if (!length)
		bench_fail("a reply without length");
	return c->have == (size_t)(body + 4 - c->reply) + strtoul(length + 17, NULL, 10);
}

static void turn(struct load *l, int epoll)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(epoll, events, EVENTS, 1000);

	for (int i = 0; i < n; i++) {
		struct conn *c = events[i].data.ptr;
		uint64_t now;

		if (!take(c))
			continue;
		now = bench_now_us();
		if (now >= l->deposits.warm_us)
			l->waits_us[l->n_waits++] = (uint32_t)(now - c->sent_us);
		ask(l, c);
	}
}

static void dial(struct load *l, struct conn *c, int epoll, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0 ||
			epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
		bench_fail(path);
	ask(l, c);
}

int main(int argc, char **argv)
{
	static struct load l;
	struct conn *conns;
	int n, epoll = epoll_create1(EPOLL_CLOEXEC);

	if (argc != 5 || (n = atoi(argv[2])) < 1 || epoll < 0)
		bench_fail("usage: load SOCKET CONNECTIONS WARM_S SECONDS");
	prepare(&l);
	conns = calloc((size_t)n, sizeof *conns);
	if (!conns)
		bench_fail("no memory");
	deposits_begin(&l.deposits, argv[3], argv[4]);
	for (int i = 0; i < n; i++)
		dial(&l, &conns[i], epoll, argv[1]);
	while (bench_now_us() < l.deposits.end_us)
		turn(&l, epoll);
	bench_report(&l.deposits, l.waits_us, l.n_waits);
	free(conns);
	free(l.keys);
	free(l.waits_us);
	free(l.deposits.keys);
	free(l.deposits.pool);
	return 0;
}
