/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a traced program that wants another way than its one port cannot do. Each try is a process of
 * its own, as there is no way out. The file itself is included: it is no part of the library. */
#include "client/media/sandbox.c" /* NOLINT(bugprone-suspicious-include) */

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <sys/un.h>
#include <sys/wait.h>

static int outer_port; /* of a listener outside, on both loopbacks if there are two */
static bool has_ip6;
static struct sockaddr_un outer_name;
static socklen_t outer_name_len;

static int to(int family, int type, const void *address, socklen_t len)
{
	int fd = socket(family, type, 0);

	return fd < 0 ? -1 : connect(fd, address, len);
}

static int try_tcp(void)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)outer_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return to(AF_INET, SOCK_STREAM, &at, sizeof at);
}

static int try_tcp6(void)
{
	const struct sockaddr_in6 at = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)outer_port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };

	return to(AF_INET6, SOCK_STREAM, &at, sizeof at);
}

static int try_udp(void)
{
	const struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(0xc0000201)
	};

	return to(AF_INET, SOCK_DGRAM, &at, sizeof at);
}

static int try_vsock(void)
{
	const struct sockaddr_vm at = { .svm_family = AF_VSOCK, .svm_cid = 2, .svm_port = 22 };

	return to(AF_VSOCK, SOCK_STREAM, &at, sizeof at);
}

static int try_unix(void)
{
	const struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "/run/x" };

	return to(AF_UNIX, SOCK_STREAM, &at, sizeof at);
}

static int try_unix_packets(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

static int try_abstract(void)
{
	return to(AF_UNIX, SOCK_DGRAM, &outer_name, outer_name_len);
}

static int try_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

static int try_ring(void)
{
	return (int)syscall(SYS_io_uring_setup, 1, NULL);
}

static int try_namespace(void)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)getppid());
	return setns(open(path, O_RDONLY | O_CLOEXEC), CLONE_NEWNET);
}

static int try_debug(void)
{
	return (int)syscall(SYS_ptrace, 16, getppid(), 0, 0);
}

/* The errno of it where there is one way only; 0: it worked. */
static int outcome(int (*attempt)(void))
{
	int ends[2], status, port;
	pid_t child;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	child = fork();
	if (child == 0) {
		if (sandbox_enter(ends[1], &port) < 0 || sandbox_isolate() < 0)
			_exit(255);
		_exit(attempt() >= 0 ? 0 : errno);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	close(ends[0]);
	close(ends[1]);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 255);
	return WEXITSTATUS(status);
}

/* In both families at one port, or in the one that this machine has; and a name that no file stands
 * for. */
static void listen_outside(int fd[static 2])
{
	const struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT };
	const struct sockaddr_in any = { .sin_family = AF_INET };
	struct sockaddr_storage at;
	socklen_t len = sizeof at;

	fd[0] = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	has_ip6 = fd[0] >= 0 && bind(fd[0], (const struct sockaddr *)&any6, sizeof any6) == 0;
	if (!has_ip6) {
		close(fd[0]);
		fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_eq(bind(fd[0], (const struct sockaddr *)&any, sizeof any), 0);
	}
	ck_assert_int_eq(listen(fd[0], 8), 0);
	ck_assert_int_eq(getsockname(fd[0], (struct sockaddr *)&at, &len), 0);
	outer_port = ntohs(has_ip6 ? ((struct sockaddr_in6 *)&at)->sin6_port
				   : ((struct sockaddr_in *)&at)->sin_port);
	fd[1] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	outer_name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	ck_assert_int_eq(bind(fd[1], (struct sockaddr *)&outer_name, sizeof(sa_family_t)), 0);
	outer_name_len = sizeof outer_name;
	ck_assert_int_eq(getsockname(fd[1], (struct sockaddr *)&outer_name, &outer_name_len), 0);
}

START_TEST(there_is_no_way_but_one)
{
	static const struct {
		int (*attempt)(void);
		int why;
	} tries[] = { { try_tcp, ECONNREFUSED }, { try_udp, ENETUNREACH }, { try_vsock, EPERM },
		{ try_unix, EPERM }, { try_unix_packets, EPERM }, { try_abstract, ECONNREFUSED },
		{ try_netlink, EPERM }, { try_ring, EPERM }, { try_namespace, EPERM },
		{ try_debug, EPERM } };
	int fd[2];

	listen_outside(fd);
	ck_assert_int_eq(try_tcp(), 0);
	ck_assert_int_eq(try_tcp6() == 0, has_ip6);
	ck_assert_int_ne(outcome(try_tcp6), 0);
	ck_assert_int_eq(try_abstract(), 0);
	for (size_t i = 0; i < ARRAY_LEN(tries); i++)
		ck_assert_msg(outcome(tries[i].attempt) == tries[i].why, "%zu: %s", i,
				strerror(outcome(tries[i].attempt)));
	close(fd[0]);
	close(fd[1]);
}
END_TEST

UNIT("sandbox", there_is_no_way_but_one)
