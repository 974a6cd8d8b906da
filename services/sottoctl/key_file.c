/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "services/sottoctl/key_file.h"

#include "libshared/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int fail(const char *path)
{
	fprintf(stderr, "sottoctl: %s: %s\n", path, strerror(errno));
	return E_IO;
}

static bool holds(const char *path, const void *bytes, size_t len)
{
	uint8_t there[KEY_FILE_MOST + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, there, sizeof there);
	bool same = got == (ssize_t)len && sodium_memcmp(there, bytes, len) == 0;

	if (fd >= 0)
		close(fd);
	sodium_memzero(there, sizeof there);
	return same;
}

int key_file_place(const char *path, const void *bytes, size_t len)
{
	char fresh[4200];
	int fd, rc = 0;

	if (holds(path, bytes, len))
		return 0;
	snprintf(fresh, sizeof fresh, "%s.new", path);
	unlink(fresh); /* of a run that was interrupted */
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0)
		return fail(fresh);
	if (write(fd, bytes, len) != (ssize_t)len || fsync(fd) < 0)
		rc = fail(fresh);
	close(fd);
	if (rc == 0 && rename(fresh, path) < 0)
		rc = fail(path);
	return rc;
}
