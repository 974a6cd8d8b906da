/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Names on the disk: a file's own sync says nothing of its name, which its folder holds. */
#ifndef SOTTO_FOLDER_H
#define SOTTO_FOLDER_H

#include "libshared/scope.h"

/* What was made, renamed and removed in that folder survives a power cut from here on. E_IO. */
int folder_sync(const char *dir) MUST_CHECK;
/* The same of the folder where path has its name. */
int folder_sync_around(const char *path) MUST_CHECK;

#endif
