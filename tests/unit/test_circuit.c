/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "libshared/circuit.h"

#include <arpa/inet.h>
#include <sys/socket.h>

static const char usual[] = "PROXY TCP6 fc00:dead:beef:4dad::0:2f ::1 47 7001\r\n";
static const char longest[] = "PROXY TCP6 fc00:dead:beef:4dad::ffff:ffff ::1 65535 65535\r\n";

static int parse(const char *text, size_t len)
{
	/* A copy of exactly this size, so that the sanitiser sees a read beyond it. */
	char *bytes = malloc(len ? len : 1);
	struct in6_addr address;
	size_t line_len;
	int rc;

	memcpy(bytes, text, len);
	rc = circuit_parse(&address, &line_len, bytes, len);
	free(bytes);
	return rc;
}

START_TEST(takes_tors_line_and_its_number)
{
	struct in6_addr address, expected;
	size_t len = 0;

	inet_pton(AF_INET6, "fc00:dead:beef:4dad::0:2f", &expected);
	ck_assert_int_eq(circuit_parse(&address, &len, usual, strlen(usual)), 0);
	ck_assert_uint_eq(len, strlen(usual));
	ck_assert_mem_eq(&address, &expected, sizeof address);
	ck_assert_uint_eq(circuit_number(&address), 47);
}
END_TEST

START_TEST(takes_the_longest_line)
{
	struct in6_addr address, expected;
	size_t len = 0;

	ck_assert_uint_eq(strlen(longest), CIRCUIT_LINE_MOST);
	inet_pton(AF_INET6, "fc00:dead:beef:4dad::ffff:ffff", &expected);
	ck_assert_int_eq(circuit_parse(&address, &len, longest, strlen(longest)), 0);
	ck_assert_uint_eq(len, CIRCUIT_LINE_MOST);
	ck_assert_mem_eq(&address, &expected, sizeof address);
}
END_TEST

START_TEST(every_beginning_of_a_line_may_become_one)
{
	for (size_t len = 0; len < strlen(usual); len++)
		ck_assert_int_eq(parse(usual, len), CIRCUIT_MORE);
	for (size_t len = 0; len < strlen(longest); len++)
		ck_assert_int_eq(parse(longest, len), CIRCUIT_MORE);
}
END_TEST

START_TEST(a_glued_request_is_not_counted)
{
	static const char glued[] = "PROXY TCP6 fc00:dead:beef:4dad::0:2f ::1 47 7001\r\nGET "
				    "/v1/health HTTP/1.1\r\n";
	struct in6_addr address;
	size_t len = 0;

	ck_assert_int_eq(circuit_parse(&address, &len, glued, strlen(glued)), 0);
	ck_assert_uint_eq(len, strlen(usual));
}
END_TEST

START_TEST(refuses_what_tor_does_not_write)
{
	static const char *const lines[] = {
		"GET /v1/health HTTP/1.1\r\n",
		"proxy TCP6 fc00:dead:beef:4dad::0:2f ::1 47 7001\r\n",
		"PROXY TCP4 127.0.0.1 127.0.0.1 47 7001\r\n",
		"PROXY UNKNOWN\r\n",
		"PROXY TCP6 fc00:dead:beef:4dae::0:2f ::1 47 7001\r\n",	 /* another prefix */
		"PROXY TCP6 fc00:dead:beef:4dad::2f ::1 47 7001\r\n",	 /* one number */
		"PROXY TCP6 fc00:dead:beef:4dad::0:2F ::1 47 7001\r\n",	 /* capitals */
		"PROXY TCP6 fc00:dead:beef:4dad::0:02f ::1 47 7001\r\n", /* leading zeros */
		"PROXY TCP6 fc00:dead:beef:4dad::00:2f ::1 47 7001\r\n",
		"PROXY TCP6 fc00:dead:beef:4dad::0:1002f ::1 47 7001\r\n",
		"PROXY TCP6 fc00:dead:beef:4dad::0:0x2f ::1 47 7001\r\n",
		"PROXY TCP6 fc00:dead:beef:4dad:::2f ::1 47 7001\r\n",
		"PROXY TCP6 fc00:dead:beef:4dad::0:2f ::2 47 7001\r\n", /* another target */
		"PROXY TCP6 fc00:dead:beef:4dad::0:2f ::1 48 7001\r\n", /* not the low half */
		"PROXY TCP6 fc00:dead:beef:4dad::0:2f ::1 047 7001\r\n",
		"PROXY TCP6 fc00:dead:beef:4dad::0:2f ::1 +47 7001\r\n",
		"PROXY TCP6 fc00:dead:beef:4dad::0:2f ::1 47 65536\r\n",
		"PROXY TCP6 fc00:dead:beef:4dad::0:2f ::1 47 \r\n",
		"PROXY TCP6 fc00:dead:beef:4dad::0:2f ::1 47\r\n",
		"PROXY TCP6 fc00:dead:beef:4dad::0:2f ::1 47 7001\n", /* no CR */
		"PROXY TCP6 fc00:dead:beef:4dad::0:2f ::1 47 7001 \r\n",
		"PROXY TCP6  fc00:dead:beef:4dad::0:2f ::1 47 7001\r\n",
		"PROXY TCP6 fc00:dead:beef:4dad::0:2f\t::1 47 7001\r\n",
		"\r\nPROXY TCP6 fc00:dead:beef:4dad::0:2f ::1 47 7001\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		ck_assert_msg(parse(lines[i], strlen(lines[i])) == CIRCUIT_BAD, "%s", lines[i]);
	ck_assert_int_eq(parse("PROXY\0TCP6 fc00:", 16), CIRCUIT_BAD);
}
END_TEST

START_TEST(refuses_every_other_byte_at_every_place)
{
	for (size_t i = 0; i < strlen(usual); i++)
		for (int c = 0; c < 256; c++) {
			char line[sizeof usual], text[INET6_ADDRSTRLEN];
			struct in6_addr address;
			unsigned low;
			size_t len;

			memcpy(line, usual, sizeof usual);
			line[i] = (char)c;
			if (circuit_parse(&address, &len, line, strlen(usual)) != 0)
				continue;
			/* What still passes is another circuit or another port of the onion. */
			low = (unsigned)address.s6_addr[14] << 8 | address.s6_addr[15];
			ck_assert_uint_eq(low, 47);
			ck_assert_ptr_nonnull(inet_ntop(AF_INET6, &address, text, sizeof text));
			ck_assert(line[i] == usual[i] || i == 32 || i >= 44);
		}
}
END_TEST

START_TEST(refuses_at_the_first_wrong_byte)
{
	ck_assert_int_eq(parse("G", 1), CIRCUIT_BAD);
	ck_assert_int_eq(parse("PROXY TCP6 fc00:dead:beef:4dad::g", 33), CIRCUIT_BAD);
	ck_assert_int_eq(parse("PROXY TCP6 fc00:dead:beef:4dad::12345", 37), CIRCUIT_BAD);
}
END_TEST

START_TEST(consumes_exactly_the_line_from_a_socket)
{
	static const char request[] = "GET / HTTP/1.1\r\n";
	struct in6_addr address;
	char rest[64];
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(circuit_take(&address, fds[0]), CIRCUIT_MORE);
	for (size_t i = 0; i < strlen(longest); i++) {
		ck_assert_int_eq(circuit_take(&address, fds[0]), CIRCUIT_MORE);
		ck_assert_int_eq(send(fds[1], longest + i, 1, 0), 1);
	}
	ck_assert_int_eq(send(fds[1], request, strlen(request), 0), (ssize_t)strlen(request));
	ck_assert_int_eq(circuit_take(&address, fds[0]), 0);
	ck_assert_int_eq(recv(fds[0], rest, sizeof rest, MSG_DONTWAIT), (ssize_t)strlen(request));
	ck_assert_mem_eq(rest, request, strlen(request));
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(consumes_nothing_of_a_line_that_is_refused)
{
	struct in6_addr address;
	char rest[8];
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(send(fds[1], "GET /", 5, 0), 5);
	ck_assert_int_eq(circuit_take(&address, fds[0]), CIRCUIT_BAD);
	ck_assert_int_eq(recv(fds[0], rest, sizeof rest, MSG_DONTWAIT), 5);
	close(fds[1]);
	ck_assert_int_eq(circuit_take(&address, fds[0]), CIRCUIT_BAD); /* closed */
	close(fds[0]);
}
END_TEST

UNIT("circuit", takes_tors_line_and_its_number, takes_the_longest_line,
		every_beginning_of_a_line_may_become_one, a_glued_request_is_not_counted,
		refuses_what_tor_does_not_write, refuses_every_other_byte_at_every_place,
		refuses_at_the_first_wrong_byte, consumes_exactly_the_line_from_a_socket,
		consumes_nothing_of_a_line_that_is_refused)
