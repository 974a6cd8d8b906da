/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Times and spans as an administrator types them, in local time, as journalctl takes them. */
#ifndef SOTTO_SOTTOCTL_SPAN_H
#define SOTTO_SOTTOCTL_SPAN_H

#include "libshared/scope.h"

#include <stdint.h>

/* "90s" "5min" "2h" "7d", or a number of seconds. E_CONFIG */
int span_read(const char *text, uint64_t *out_us) MUST_CHECK;

/* Microseconds of Unix time: whole seconds would leave out what is in the journal since. */
uint64_t moment_now_us(void);

/*
 * "now" "today" "yesterday" "2026-11-25" "2026-11-25 10:00" "10:00:30", or a span before now_us:
 * "-2h" and "2h" alike. Microseconds of Unix time. E_CONFIG
 */
int moment_read(const char *text, uint64_t now_us, uint64_t *out_us) MUST_CHECK;

#endif
