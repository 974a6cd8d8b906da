/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How much memory this process holds. */
#ifndef SOTTO_MEMORY_H
#define SOTTO_MEMORY_H

#include <stdint.h>

/* Resident bytes; 0 when /proc does not tell. */
uint64_t memory_resident(void);

#endif
