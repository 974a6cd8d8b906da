/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Further instances of daemons, which the administrator enabled: blobd@2.service. They go along to
 * another host, and outlast a removal of the package, as lines of a file that init takes up.
 */
#ifndef SOTTO_SOTTOCTL_INSTANCES_H
#define SOTTO_SOTTOCTL_INSTANCES_H

#include "libshared/scope.h"

/* Those that sotto.target wants, one unit a line; empty if there are none. The caller frees it. */
int instances_list(char **out) MUST_CHECK;

/*
 * Enables what the file beside sotto.conf (`config`) lists, and removes it. Without one it does
 * nothing. A line that names no instance of ours is told, E_CONFIG.
 */
int instances_take_up(const char *config) MUST_CHECK;

#endif
