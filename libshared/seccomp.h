/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Words for seccomp filters (seccomp(2)): a table of struct sock_filter begins with
 * SECCOMP_NUMBER, which loads the number of the system call, and goes on with what is answered. */
#ifndef SOTTO_SECCOMP_H
#define SOTTO_SECCOMP_H

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

#if defined __x86_64__
#define SECCOMP_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define SECCOMP_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error system call numbers of this machine are not known
#endif

#define SECCOMP_FIELD(name) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, name))
#define SECCOMP_ANSWER(what) BPF_STMT(BPF_RET | BPF_K, what)
#define SECCOMP_DENIED SECCOMP_ANSWER(SECCOMP_RET_ERRNO | EPERM)
/* One call's answer; others go on to the next. */
#define SECCOMP_CALL(call, answer) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), answer
/* Calls of another processor's kind mean something else: the process ends. */
#define SECCOMP_NUMBER                                                                        \
	SECCOMP_FIELD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SECCOMP_ARCHITECTURE, 1, 0), \
			SECCOMP_ANSWER(SECCOMP_RET_KILL_PROCESS), SECCOMP_FIELD(nr)

#endif
