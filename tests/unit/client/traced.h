/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A process whose chosen system calls its parent sees, by a seccomp filter, and no other. */
#ifndef SOTTO_TEST_TRACED_H
#define SOTTO_TEST_TRACED_H

#include "tests/unit/unit.h"

#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { TRACED_MOST = 64 };

/* From now on the tracer hears of those system calls. */
static inline void traced_be(const unsigned *calls, size_t n_calls)
{
	struct sock_filter code[2 * TRACED_MOST + 2];
	struct sock_fprog program = { (unsigned short)(2 * n_calls + 2), code };
	size_t n = 0;

	if (n_calls > TRACED_MOST)
		_exit(2);
	code[n++] = (struct sock_filter)BPF_STMT(
			BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < n_calls; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	}
	code[n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(2);
}

/* The parent's side, before the first call: takes the child over. */
static inline void traced_take(pid_t pid, int options)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(ptrace(PTRACE_SETOPTIONS, pid, 0,
					 PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEEXEC |
							 PTRACE_O_EXITKILL | options),
			0);
}

/* Lets it go on until the next call. False: it has ended, and well. */
static inline bool traced_next(pid_t pid, struct __ptrace_syscall_info *out)
{
	int status;

	do {
		ck_assert_int_eq(ptrace(PTRACE_CONT, pid, 0, 0), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	} while (status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXEC << 8)));
	if (WIFEXITED(status)) {
		ck_assert_int_eq(WEXITSTATUS(status), 0);
		return false;
	}
	ck_assert_int_eq(status >> 8, SIGTRAP | (PTRACE_EVENT_SECCOMP << 8));
	ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof *out, out);
	return true;
}

static inline void traced_read(pid_t pid, uint64_t from, void *out, size_t len)
{
	const struct iovec here = { out, len }, there = { (void *)from, len };

	ck_assert_int_eq(process_vm_readv(pid, &here, 1, &there, 1, 0), (ssize_t)len);
}

static inline void traced_text(pid_t pid, uint64_t from, char out[static PATH_MAX])
{
	size_t n = 0;

	do {
		ck_assert_uint_lt(n, PATH_MAX);
		traced_read(pid, from + n, out + n, 1);
	} while (out[n++]);
}

/* The call goes to its end, which needs PTRACE_O_TRACESYSGOOD: its answer. */
static inline int64_t traced_result(pid_t pid)
{
	struct __ptrace_syscall_info info = { 0 };
	int status;

	ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, 0, 0), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80));
	ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
	ck_assert_int_eq(info.op, PTRACE_SYSCALL_INFO_EXIT);
	return info.exit.rval;
}

static inline void traced_kill(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}

#endif
