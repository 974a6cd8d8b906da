/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The answers come from our own Tor, and are read exactly, so that no byte of the stream is
 * taken. */
#include "client/lib/socks.h"

#include "libshared/error.h"
#include "libshared/writer.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { SOCKS5 = 5, BY_PASSWORD = 2, PASSWORD_FORM = 1, CONNECT = 1 };
enum { IPV4 = 1, NAME = 3, IPV6 = 4 };
enum { FAILED = 1, REFUSED = 5 };

DEFINE_CLEANUP(struct addrinfo *, freeaddrinfo)

static int put(int fd, const struct writer *w)
{
	if (!writer_is_ok(w))
		return E_BUG;
	return send(fd, w->start, w->used, MSG_NOSIGNAL) == (ssize_t)w->used ? 0 : E_NET;
}

static int get(int fd, uint8_t *out, size_t len)
{
	return recv(fd, out, len, MSG_WAITALL) == (ssize_t)len ? 0 : E_NET;
}

static int greet(int fd, const char *user)
{
	uint8_t room[64], answer[2];
	struct writer w = writer_over(room, sizeof room);
	int rc;

	writer_copy(&w, (uint8_t[]){ SOCKS5, 1, BY_PASSWORD }, 3);
	rc = put(fd, &w);
	rc = rc ? rc : get(fd, answer, sizeof answer);
	if (rc || answer[0] != SOCKS5 || answer[1] != BY_PASSWORD)
		return E_NET;
	w = writer_over(room, sizeof room);
	writer_u8(&w, PASSWORD_FORM);
	writer_u8(&w, (uint8_t)strlen(user));
	writer_copy(&w, user, strlen(user));
	writer_copy(&w, "\5sotto", 6);
	rc = put(fd, &w);
	rc = rc ? rc : get(fd, answer, sizeof answer);
	return rc || answer[1] != 0 ? E_NET : 0;
}

static int ask(int fd, const struct socks_to *to)
{
	uint8_t room[300], head[4], rest[16 + 2];
	struct writer w = writer_over(room, sizeof room);
	size_t len = strlen(to->host);
	int rc;

	writer_copy(&w, (uint8_t[]){ SOCKS5, CONNECT, 0, NAME, (uint8_t)len }, 5);
	writer_copy(&w, to->host, len);
	writer_u16(&w, (uint16_t)to->port);
	rc = put(fd, &w);
	rc = rc ? rc : get(fd, head, sizeof head);
	if (rc == 0 && head[0] == SOCKS5 && head[1] != 0)
		return head[1] == REFUSED	    ? SOCKS_SHUT
				: head[1] == FAILED ? SOCKS_FAILED
						    : SOCKS_NO_WAY;
	if (rc || head[1] != 0 || (head[3] != IPV4 && head[3] != IPV6))
		return E_NET;
	return get(fd, rest, (head[3] == IPV4 ? 4 : 16) + 2);
}

int socks_dial(int *out_fd, const struct net *net, int wait_s)
{
	CLEANUP(freeaddrinfo) struct addrinfo *to = NULL;
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const struct timeval wait = { .tv_sec = wait_s };
	char port[8];
	int fd, one = 1;

	snprintf(port, sizeof port, "%d", net->socks_port);
	if (getaddrinfo(net->socks_host, port, &hints, &to))
		return E_NET;
	fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return E_IO;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) < 0 ||
			setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) < 0 ||
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0 ||
			connect(fd, to->ai_addr, to->ai_addrlen) < 0) {
		close(fd);
		return E_NET;
	}
	*out_fd = fd;
	return 0;
}

int socks_ask(int fd, const struct socks_to *to)
{
	int rc = greet(fd, to->circuit);

	return rc ? rc : ask(fd, to);
}
