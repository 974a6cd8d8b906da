/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* When a lost connection is tried again: after 0.5 s, then twice as long each time up to a minute,
 * and each time half to one and a half of it at random, so that clients of a server that comes back
 * do not come together, nor one client's circuits. */
#ifndef SOTTO_RETRY_H
#define SOTTO_RETRY_H

#include <stdint.h>

enum { RETRY_FIRST_MS = 500, RETRY_MOST_MS = 60000 };

/* How long to wait now. *step_ms: 0 after a success; kept in between. */
int64_t retry_wait_ms(int64_t *step_ms);

#endif
