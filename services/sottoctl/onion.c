/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SOCKS5 (RFC 1928) over a unix socket, one question each, then one HTTP request; and one word to
 * Tor's control port. Trusts nothing that it reads.
 */
#include "services/sottoctl/onion.h"

#include "libshared/encode.h"
#include "libshared/error.h"
#include "services/sottoctl/dial.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { SILENCE_S = 60, COOKIE_BYTES = 32 };

static int ask(int fd, const void *bytes, size_t len)
{
	return send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : E_NET;
}

static int hear(int fd, uint8_t *out, size_t len)
{
	return recv(fd, out, len, MSG_WAITALL) == (ssize_t)len ? 0 : E_NET;
}

/* What Tor says of its own address, which means nothing: IPv6 on a unix socket, IPv4 else. */
static int skip_address(int fd, uint8_t type)
{
	uint8_t address[16 + 2];

	if (type != 1 && type != 4)
		return E_PROTO;
	return hear(fd, address, type == 1 ? 4 + 2 : 16 + 2);
}

static int connect_through(int fd, const struct onion_target *target, unsigned *out_socks)
{
	uint8_t hello[2], answer[4], wish[5 + ONION_TEXT + 2] = { 5, 1, 0, 3, ONION_TEXT };
	int rc = strlen(target->onion) == ONION_TEXT ? 0 : E_CONFIG;

	rc = rc ? rc : ask(fd, "\5\1\0", 3);
	rc = rc ? rc : hear(fd, hello, sizeof hello);
	if (rc == 0 && (hello[0] != 5 || hello[1] != 0))
		rc = E_PROTO;
	if (rc)
		return rc;
	memcpy(wish + 5, target->onion, ONION_TEXT);
	wish[5 + ONION_TEXT] = (uint8_t)(target->port >> 8);
	wish[6 + ONION_TEXT] = (uint8_t)target->port;
	rc = ask(fd, wish, sizeof wish);
	rc = rc ? rc : hear(fd, answer, sizeof answer);
	if (rc == 0 && answer[1]) {
		*out_socks = answer[1];
		return E_NET;
	}
	return rc ? rc : skip_address(fd, answer[3]);
}

int onion_connect(const struct onion_target *target, int *out_fd, unsigned *out_socks)
{
	__attribute__((cleanup(scope_close_ref))) int fd = -1;
	int rc = dial(&fd, target->socks, SILENCE_S);

	*out_socks = 0;
	rc = rc ? rc : connect_through(fd, target, out_socks);
	if (rc == 0)
		*out_fd = STEAL_FD(fd);
	return rc;
}

int onion_get(const struct onion_target *target, int *out_status, unsigned *out_socks)
{
	__attribute__((cleanup(scope_close_ref))) int fd = -1;
	char request[256], line[13] = "";
	int n, rc;

	*out_socks = 0;
	n = snprintf(request, sizeof request,
			"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", target->path,
			target->onion);
	rc = n < (int)sizeof request ? dial(&fd, target->socks, SILENCE_S) : E_CONFIG;
	rc = rc ? rc : connect_through(fd, target, out_socks);
	rc = rc ? rc : ask(fd, request, (size_t)n);
	rc = rc ? rc : hear(fd, (uint8_t *)line, sizeof line - 1); /* "HTTP/1.1 200" */
	if (rc)
		return rc;
	if (strncmp(line, "HTTP/1.1 ", 9) != 0)
		return E_PROTO;
	*out_status = (int)strtol(line + 9, NULL, 10);
	return *out_status >= 100 ? 0 : E_PROTO;
}

int onion_forget(const char *control, const char *cookie)
{
	static const char wanted[] = "250 OK\r\n250 OK\r\n";
	__attribute__((cleanup(scope_close_ref))) int fd = -1;
	__attribute__((cleanup(scope_close_ref))) int from = open(cookie, O_RDONLY | O_CLOEXEC);
	uint8_t secret[COOKIE_BYTES];
	char hex[2 * COOKIE_BYTES + 1], words[128], answer[sizeof wanted] = "";
	int n, rc;

	if (from < 0 || read(from, secret, sizeof secret) != sizeof secret)
		return E_NET;
	sodium_bin2hex(hex, sizeof hex, secret, sizeof secret);
	n = snprintf(words, sizeof words, "AUTHENTICATE %s\r\nSIGNAL NEWNYM\r\n", hex);
	rc = dial(&fd, control, SILENCE_S);
	rc = rc ? rc : ask(fd, words, (size_t)n);
	rc = rc ? rc : hear(fd, (uint8_t *)answer, sizeof wanted - 1);
	sodium_memzero(secret, sizeof secret);
	sodium_memzero(hex, sizeof hex);
	sodium_memzero(words, sizeof words);
	return rc || strcmp(answer, wanted) == 0 ? rc : E_NET;
}
