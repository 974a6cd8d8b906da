/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Files that hold secrets, and follow from others or from the day. */
#ifndef SOTTO_SOTTOCTL_KEY_FILE_H
#define SOTTO_SOTTOCTL_KEY_FILE_H

#include "libshared/scope.h"

enum { KEY_FILE_MOST = 4096 };

/*
 * Makes path hold these bytes, at most KEY_FILE_MOST, with mode 0400. A file that holds them
 * already is not touched; whoever reads it meanwhile sees the old one whole, or the new one. Says
 * on standard error what failed.
 */
int key_file_place(const char *path, const void *bytes, size_t len) MUST_CHECK;

#endif
