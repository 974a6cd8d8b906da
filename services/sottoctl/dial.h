/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A connection to a unix socket that gives up when nothing comes for silence_s. E_NET, E_CONFIG. */
#ifndef SOTTO_SOTTOCTL_DIAL_H
#define SOTTO_SOTTOCTL_DIAL_H

#include "libshared/scope.h"

int dial(int *out, const char *path, int silence_s) MUST_CHECK;

#endif
