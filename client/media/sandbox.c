/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "client/media/sandbox.h"

#include "libshared/seccomp.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define DENY(call) SECCOMP_CALL(call, SECCOMP_DENIED)

/* Other processes, other namespaces, and calls that do either behind a table's back. Numbers of
 * another kind, x32's, are none of ours. */
#define BEGIN                                                                                      \
	SECCOMP_NUMBER, BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),                     \
			SECCOMP_ANSWER(SECCOMP_RET_KILL_PROCESS), DENY(SYS_setns),                 \
			DENY(SYS_ptrace), DENY(SYS_process_vm_readv), DENY(SYS_process_vm_writev), \
			DENY(SYS_pidfd_getfd), DENY(SYS_bpf), DENY(SYS_io_uring_setup)

/* What is the person's in the kernel: an unlocked profile's key is in the keyring. */
static struct sock_filter rules[] = {
	BEGIN,
	DENY(SYS_add_key),
	DENY(SYS_request_key),
	DENY(SYS_keyctl),
	DENY(SYS_unshare),
	DENY(SYS_mount),
	SECCOMP_ANSWER(SECCOMP_RET_ALLOW),
};

/* Besides, what gets round a network namespace: sockets that have none (vsock), or that other
 * processes give theirs away by. The keyring stays. Of unix sockets those remain that a call's lock
 * is. */
static struct sock_filter isolation[] = {
	BEGIN,
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 7),
	SECCOMP_FIELD(args[0]),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 5, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 4, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 0, 4),
	SECCOMP_FIELD(args[1]),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf), /* without SOCK_CLOEXEC and the like */
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOCK_DGRAM, 0, 1),
	SECCOMP_ANSWER(SECCOMP_RET_ALLOW),
	SECCOMP_DENIED,
};

static int filter(struct sock_filter *table, size_t n)
{
	const struct sock_fprog program = { (unsigned short)n, table };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int sandbox_narrow(void)
{
	return filter(rules, ARRAY_LEN(rules));
}

int sandbox_isolate(void)
{
	return filter(isolation, ARRAY_LEN(isolation));
}

/* Without root a user namespace has to come along; files stay ours in it. */
static int leave_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd, rc;

	if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	rc = fd < 0 ? -1 : ioctl(fd, SIOCSIFFLAGS, &lo);
	close(fd);
	return rc;
}

static int hand_over(int to, int listener)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec data = { .iov_base = (char[]){ 'l' }, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof listener);
	memcpy(CMSG_DATA(head), &listener, sizeof listener);
	return sendmsg(to, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int sandbox_enter(int to, int *out_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	int listener, rc = leave_network();

	if (rc < 0)
		return rc;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) < 0 ||
			listen(listener, SOMAXCONN) < 0 ||
			getsockname(listener, (struct sockaddr *)&address, &len) < 0)
		rc = -1;
	rc = rc ? rc : hand_over(to, listener);
	close(listener);
	close(to);
	if (rc == 0) /* new privileges could leave it again */
		rc = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	*out_port = ntohs(address.sin_port);
	return rc;
}
