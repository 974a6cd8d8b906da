/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a decoder that was taken over cannot do. Each try is a process of its own, as there is no way
 * out. */
#include "client/scan/cage.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DONE = 0, REFUSED = 1, OTHERWISE = 2, NO_CAGE = 3 };

static long page_of(int protection)
{
	return syscall(SYS_mmap, NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long try_open(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
}

static long try_socket(void)
{
	return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static long try_unix_socket(void)
{
	return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static long try_fork(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static long try_exec(void)
{
	char *const none[] = { NULL };

	return syscall(SYS_execve, "/bin/true", none, none);
}

static long try_kill(void)
{
	return syscall(SYS_kill, getpid(), 0);
}

static long try_debug(void)
{
	return syscall(SYS_ptrace, 16, 1, 0, 0);
}

static long try_keys(void)
{
	return syscall(SYS_keyctl, 0, -4, 0);
}

static long try_new_code(void)
{
	return page_of(PROT_READ | PROT_EXEC);
}

static long try_code_out_of_data(void)
{
	long page = page_of(PROT_READ | PROT_WRITE);

	return syscall(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC);
}

static long try_memory(void)
{
	long page = page_of(PROT_READ | PROT_WRITE);

	return page < 0 ? page : syscall(SYS_munmap, page, 4096);
}

static long try_write(void)
{
	return write(STDOUT_FILENO, "", 0);
}

static int in_cage(long (*attempt)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (cage_enter() < 0)
			_exit(NO_CAGE);
		_exit(attempt() >= 0 ? DONE : errno == EPERM ? REFUSED : OTHERWISE);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(a_decoder_reaches_nothing)
{
	static long (*const attempts[])(void) = { try_open, try_socket, try_unix_socket, try_fork,
		try_exec, try_kill, try_debug, try_keys };

	for (size_t i = 0; i < ARRAY_LEN(attempts); i++)
		ck_assert_int_eq(in_cage(attempts[i]), REFUSED);
}
END_TEST

START_TEST(a_decoder_gets_no_new_code)
{
	ck_assert_int_eq(in_cage(try_new_code), REFUSED);
	ck_assert_int_eq(in_cage(try_code_out_of_data), REFUSED);
}
END_TEST

START_TEST(what_a_decoder_needs_is_allowed)
{
	ck_assert_int_eq(in_cage(try_memory), DONE);
	ck_assert_int_eq(in_cage(try_write), DONE);
}
END_TEST

UNIT("cage", a_decoder_reaches_nothing, a_decoder_gets_no_new_code, what_a_decoder_needs_is_allowed)
