/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What decodes a stranger's media has no network but one way out: this process enters an empty
 * network namespace, listens on its loopback, and hands that listening socket to the one who
 * started it, who decides what is behind it.
 */
#ifndef SOTTO_MEDIA_SANDBOX_H
#define SOTTO_MEDIA_SANDBOX_H

#include "libshared/scope.h"

/* Before any thread is started. to is a unix socket that takes the listener. 0 and the port, or -1
 * with errno. */
int sandbox_enter(int to, int *out_port) MUST_CHECK;

/* Afterwards: no system call that reaches the person's keyring (where the key of an unlocked
 * profile is), other processes or other namespaces. 0, or -1 with errno. */
int sandbox_narrow(void) MUST_CHECK;

/* Instead of it, where the keyring is needed: nothing that gets round the namespace. */
int sandbox_isolate(void) MUST_CHECK;

#endif
