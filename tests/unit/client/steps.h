/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a function does to files, seen by its system calls: their order, and a kill at any of them. */
#ifndef SOTTO_TEST_STEPS_H
#define SOTTO_TEST_STEPS_H

#include "tests/unit/client/traced.h"

#include <fcntl.h>

enum { STEPS_TEXT = 4096, STEPS_BULK = 256, STEPS_SLOT = 112, STEPS_FILE = 264 };

struct steps {
	int kill_at; /* after so many; negative: never */
	int n, n_bulk;
	char text[STEPS_TEXT]; /* a letter each */
};

/* o creates, w writes, s syncs, r renames, u unlinks, m makes a folder, t sets the length, l locks. */
static const struct {
	unsigned call;
	char letter;
} step_letters[] = {
	{ SYS_openat, 'o' },
	{ SYS_write, 'w' },
	{ SYS_pwrite64, 'w' },
	{ SYS_fsync, 's' },
	{ SYS_fdatasync, 's' },
	{ SYS_renameat, 'r' },
	{ SYS_renameat2, 'r' },
	{ SYS_unlinkat, 'u' },
	{ SYS_mkdirat, 'm' },
	{ SYS_mknodat, 'm' },
	{ SYS_flock, 'l' },
	{ SYS_ftruncate, 't' },
	{ SYS_fallocate, 't' },
#ifdef SYS_unlink /* not on arm64 */
	{ SYS_rename, 'r' },
	{ SYS_unlink, 'u' },
	{ SYS_mkdir, 'm' },
	{ SYS_mknod, 'm' },
#endif
};

static inline void steps_be_traced(void)
{
	unsigned calls[ARRAY_LEN(step_letters)];

	for (size_t i = 0; i < ARRAY_LEN(step_letters); i++)
		calls[i] = step_letters[i].call;
	traced_be(calls, ARRAY_LEN(calls));
}

/* 0 when it is no step. Of SQLite's writes and those of noise one in STEPS_BULK is: they are alike.
 * Those to the key file count. */
static inline char step_letter(struct steps *s, const struct __ptrace_syscall_info *info)
{
	uint64_t call = info->seccomp.nr, len = info->seccomp.args[2];
	char letter = 0;

	for (size_t i = 0; i < ARRAY_LEN(step_letters); i++)
		if (step_letters[i].call == call)
			letter = step_letters[i].letter;
	if (letter == 'o' && !(len & O_CREAT))
		return 0;
	if (letter == 'w' && len != STEPS_SLOT && len != 2 * STEPS_SLOT && len != STEPS_FILE &&
			++s->n_bulk % STEPS_BULK)
		return 0;
	return letter;
}

/* Runs act(data) in a process of its own. True when it was killed on the way; else it ended well. */
static inline bool steps_run(struct steps *s, void (*act)(void *data), void *data)
{
	struct __ptrace_syscall_info info = { 0 };
	pid_t pid = fork();

	if (pid == 0) {
		steps_be_traced();
		act(data);
		_exit(0);
	}
	s->n = s->n_bulk = 0;
	memset(s->text, 0, sizeof s->text);
	traced_take(pid, 0);
	while (traced_next(pid, &info)) {
		const char letter = step_letter(s, &info);

		if (!letter)
			continue;
		if (s->n == s->kill_at) {
			traced_kill(pid);
			return true;
		}
		if (s->n < STEPS_TEXT - 1)
			s->text[s->n] = letter;
		s->n++;
	}
	return false;
}

#endif
