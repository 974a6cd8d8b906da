/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sotto.conf(5) as text: what the administrator wrote there stays. */
#ifndef SOTTO_SOTTOCTL_SETTINGS_TEXT_H
#define SOTTO_SOTTOCTL_SETTINGS_TEXT_H

#include "libshared/scope.h"

#include <stdbool.h>

/*
 * Makes *text, which the caller owns, hold the line "name = value": a line of that name is
 * replaced if `force`, else kept whatever it says; a missing one is added at the end.
 */
int settings_text_set(char **text, const char *name, const char *value, bool force) MUST_CHECK;

#endif
