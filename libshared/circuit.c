/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Tor's PROXY line. Trusts the socket's permissions: whoever may connect could write any line.
 * Reads as far as there are bytes, so that what cannot become a line is refused at its first wrong
 * byte.
 */
#include "libshared/circuit.h"

#include "libshared/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

struct scan {
	const char *at, *end;
	int rc; /* the first thing that was not 0 stays */
};

static void scan_text(struct scan *s, const char *text)
{
	for (; !s->rc && *text; text++) {
		if (s->at == s->end)
			s->rc = CIRCUIT_MORE;
		else if (*s->at++ != *text)
			s->rc = CIRCUIT_BAD;
	}
}

static int digit_of(char c, unsigned base)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (base == 16 && c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* printf's %x or %u of 16 bits: no sign, no leading zero, no capitals. */
static unsigned scan_number(struct scan *s, unsigned base)
{
	const char *start = s->at;
	unsigned value = 0;

	for (; !s->rc; s->at++) {
		int digit;

		if (s->at == s->end) {
			s->rc = CIRCUIT_MORE;
			return 0;
		}
		digit = digit_of(*s->at, base);
		if (digit < 0)
			break;
		if (s->at > start && *start == '0')
			s->rc = CIRCUIT_BAD;
		value = value * base + (unsigned)digit;
		if (value > 0xffff)
			s->rc = CIRCUIT_BAD;
	}
	if (!s->rc && s->at == start)
		s->rc = CIRCUIT_BAD;
	return value;
}

int circuit_parse(struct in6_addr *out, size_t *out_len, const char *bytes, size_t len)
{
	struct scan s = { bytes, bytes + (len < CIRCUIT_LINE_MOST ? len : CIRCUIT_LINE_MOST), 0 };
	unsigned high, low, port;

	scan_text(&s, "PROXY TCP6 fc00:dead:beef:4dad::");
	high = scan_number(&s, 16);
	scan_text(&s, ":");
	low = scan_number(&s, 16);
	scan_text(&s, " ::1 ");
	port = scan_number(&s, 10);
	scan_text(&s, " ");
	(void)scan_number(&s, 10); /* the onion's port: each daemon has a socket of its own */
	scan_text(&s, "\r\n");
	if (s.rc)
		return s.rc;
	if (port != low) /* Tor writes the low half of the circuit's number twice */
		return CIRCUIT_BAD;
	*out = (struct in6_addr){ .s6_addr = { 0xfc, 0x00, 0xde, 0xad, 0xbe, 0xef, 0x4d, 0xad, 0, 0,
						  0, 0, (uint8_t)(high >> 8), (uint8_t)high,
						  (uint8_t)(low >> 8), (uint8_t)low } };
	*out_len = (size_t)(s.at - bytes);
	return 0;
}

static ssize_t receive(int fd, char *bytes, size_t len, int flags)
{
	ssize_t n;

	do
		n = recv(fd, bytes, len, flags | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n;
}

int circuit_take(struct in6_addr *out, int fd)
{
	char bytes[CIRCUIT_LINE_MOST];
	size_t len;
	ssize_t n = receive(fd, bytes, sizeof bytes, MSG_PEEK);
	int rc;

	if (n < 0)
		return errno == EAGAIN ? CIRCUIT_MORE : E_IO;
	if (n == 0)
		return CIRCUIT_BAD;
	rc = circuit_parse(out, &len, bytes, (size_t)n);
	if (rc)
		return rc;
	return receive(fd, bytes, len, 0) == (ssize_t)len ? 0 : E_IO;
}

uint32_t circuit_number(const struct in6_addr *address)
{
	const uint8_t *a = address->s6_addr;

	return (uint32_t)a[12] << 24 | (uint32_t)a[13] << 16 | (uint32_t)a[14] << 8 | a[15];
}
