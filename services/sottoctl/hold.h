/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The file `held` beside sotto.conf: while it is there neither Tor nor a daemon of ours starts,
 * whoever asks and whatever happens to the machine. It says why.
 */
#ifndef SOTTO_SOTTOCTL_HOLD_H
#define SOTTO_SOTTOCTL_HOLD_H

#include "libshared/scope.h"

#include <stdbool.h>

enum hold { HOLD_NOT, HOLD_RESTORING, HOLD_MOVING, HOLD_MOVED };

enum hold hold_read(const char *config);

/* On disk when it returns. Told when it fails. */
int hold_set(const char *config, enum hold why) MUST_CHECK;

/* The units of sotto.target, stopped or started; *was says whether they ran. */
int units_stop(bool *was) MUST_CHECK;
int units_start(void) MUST_CHECK;

#endif
