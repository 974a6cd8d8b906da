/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "client/lib/folder.h"

#include "libshared/error.h"

#include <fcntl.h>
#include <libgen.h>
#include <string.h>

int folder_sync(const char *dir)
{
	__attribute__((cleanup(scope_close_ref))) int fd = open(
			dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? E_IO : 0;
}

int folder_sync_around(const char *path)
{
	CLEANUP(scope_free) char *copy = strdup(path); /* dirname writes into it */

	return copy ? folder_sync(dirname(copy)) : E_NOMEM;
}
