/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A seccomp filter (seccomp(2)): what is not listed fails with EPERM. */
#include "client/scan/cage.h"

#include "libshared/seccomp.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { MEMORY_MOST = 1 << 30, SECONDS_MOST = 30 };

#define ALLOW(call) SECCOMP_CALL(call, SECCOMP_ANSWER(SECCOMP_RET_ALLOW))
/* Of mmap and mprotect; the flags are in the lower half of the third argument. */
#define ALLOW_DATA(call)                                                           \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 4), SECCOMP_FIELD(args[2]), \
			BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0),     \
			SECCOMP_ANSWER(SECCOMP_RET_ALLOW), SECCOMP_DENIED

/* clang-format off */
static struct sock_filter rules[] = {
	SECCOMP_NUMBER,
	ALLOW(SYS_read),
	ALLOW(SYS_write),
	ALLOW(SYS_exit_group),
	ALLOW(SYS_brk),
	ALLOW(SYS_munmap),
	ALLOW(SYS_mremap),
	ALLOW(SYS_madvise),
	ALLOW(SYS_futex),
	ALLOW(SYS_getrandom),
	ALLOW(SYS_clock_gettime),
	ALLOW(SYS_sigaltstack), /* asked for by sanitisers */
	ALLOW_DATA(SYS_mmap),
	ALLOW_DATA(SYS_mprotect),
	SECCOMP_DENIED,
};
/* clang-format on */

int cage_enter(void)
{
	const struct rlimit memory = { MEMORY_MOST, MEMORY_MOST },
			    cpu = { SECONDS_MOST, SECONDS_MOST }, none = { 0, 0 };
	const struct sock_fprog program = { ARRAY_LEN(rules), rules };

#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes */
	if (setrlimit(RLIMIT_AS, &memory) < 0)
		return -1;
#else
	(void)memory;
#endif
	if (setrlimit(RLIMIT_CPU, &cpu) < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
