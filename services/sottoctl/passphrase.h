/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A passphrase from the terminal or a descriptor, never from arguments or the environment. */
#ifndef SOTTO_SOTTOCTL_PASSPHRASE_H
#define SOTTO_SOTTOCTL_PASSPHRASE_H

#include "libshared/scope.h"

#include <stdbool.h>

enum { PASSPHRASE_LEAST = 12, PASSPHRASE_MOST = 255 };

struct passphrase {
	char text[PASSPHRASE_MOST + 1];
};

void passphrase_wipe(struct passphrase *p);
static inline __attribute__((unused)) void passphrase_wipe_ref(struct passphrase *p)
{
	passphrase_wipe(p);
}

/*
 * One line from fd; -1: from the terminal, without echo. `fresh`: one that is to be made, of at
 * least PASSPHRASE_LEAST bytes, which a terminal is asked for twice. Told when it fails.
 */
int passphrase_ask(struct passphrase *out, int fd, bool fresh) MUST_CHECK;

#endif
