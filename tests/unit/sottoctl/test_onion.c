/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* onion.c against a SOCKS server that says what it is told to. */
#include "services/sottoctl/onion.h"

#include "libshared/error.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define ONION "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.onion"

struct saying {
	const char *bytes;
	size_t len;
};
#define SAYING(text)                   \
	{                              \
		text, sizeof(text) - 1 \
	}

/* A child accepts once and answers each thing it hears with the next saying, then hangs up. */
static pid_t serve(const char *path, const struct saying *sayings, size_t n)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;
	char heard[512];
	pid_t pid;

	memcpy(at.sun_path, path, strlen(path));
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	pid = fork();
	if (pid)
		return close(listener) ? -1 : pid;
	fd = accept(listener, NULL, NULL);
	for (size_t i = 0; i < n; i++)
		if (recv(fd, heard, sizeof heard, 0) <= 0 ||
				send(fd, sayings[i].bytes, sayings[i].len, MSG_NOSIGNAL) < 0)
			break;
	_exit(0);
}

static int get(const struct saying *sayings, size_t n, int *status, unsigned *socks)
{
	char dir[] = "/tmp/onion.XXXXXX", path[64];
	const struct onion_target target = { path, ONION, "/v1/health", 7001 };
	pid_t pid;
	int rc;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/s", dir);
	pid = serve(path, sayings, n);
	rc = onion_get(&target, status, socks);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	unlink(path);
	rmdir(dir);
	return rc;
}

START_TEST(the_status_is_read_after_either_kind_of_address)
{
	static const struct saying ipv6[] = { SAYING("\5\0"), SAYING("\5\0\0\4ssssssssssssssssss"),
		SAYING("HTTP/1.1 200 OK\r\n\r\n") };
	static const struct saying ipv4[] = { SAYING("\5\0"), SAYING("\5\0\0\1ssssss"),
		SAYING("HTTP/1.1 503 No\r\n\r\n") };
	unsigned socks = 9;
	int status = 0;

	ck_assert_int_eq(get(ipv6, 3, &status, &socks), 0);
	ck_assert_int_eq(status, 200);
	ck_assert_int_eq(get(ipv4, 3, &status, &socks), 0);
	ck_assert_int_eq(status, 503);
	ck_assert_uint_eq(socks, 0);
}
END_TEST

START_TEST(tors_refusal_is_told)
{
	static const struct saying no[] = { SAYING("\5\0"), SAYING("\5\4\0\1ssssss") };
	unsigned socks = 0;
	int status = 0;

	ck_assert_int_eq(get(no, 2, &status, &socks), E_NET);
	ck_assert_uint_eq(socks, 4);
}
END_TEST

START_TEST(nonsense_and_silence_are_failures)
{
	static const struct saying method[] = { SAYING("\5\377") };
	static const struct saying address[] = { SAYING("\5\0"),
		SAYING("\5\0\0\3ssssssssssssssssss") };
	static const struct saying http[] = { SAYING("\5\0"), SAYING("\5\0\0\1ssssss"),
		SAYING("SSH-2.0-OpenSSH_9.2") };
	static const struct saying gone[] = { SAYING("\5\0"), SAYING("\5\0\0\1ssssss") };
	unsigned socks;
	int status = 0;

	ck_assert_int_eq(get(method, 1, &status, &socks), E_PROTO);
	ck_assert_int_eq(get(address, 2, &status, &socks), E_PROTO);
	ck_assert_int_eq(get(http, 3, &status, &socks), E_PROTO);
	ck_assert_int_lt(get(gone, 2, &status, &socks), 0);
	ck_assert_int_eq(status, 0);
}
END_TEST

UNIT("onion", the_status_is_read_after_either_kind_of_address, tors_refusal_is_told,
		nonsense_and_silence_are_failures)
