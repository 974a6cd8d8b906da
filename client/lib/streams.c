/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SQLCipher's archive is made for programs: it takes stdout and stderr by their address, as a
 * shared library cannot. There (module.mk: --wrap) it gets these, which nobody else sees. It writes
 * to them only when it logs, and store.c lets nobody turn that on.
 */
#include <stdio.h>

extern FILE *__real_stdout, *__real_stderr;
FILE *__wrap_stdout, *__wrap_stderr;

static __attribute__((constructor)) void streams_begin(void)
{
	__wrap_stdout = __real_stdout;
	__wrap_stderr = __real_stderr;
}
