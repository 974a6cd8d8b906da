/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "services/sottoctl/dial.h"

#include "libshared/error.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

int dial(int *out, const char *path, int silence_s)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = silence_s };
	__attribute__((cleanup(scope_close_ref))) int fd = socket(
			AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof to.sun_path)
		return E_CONFIG;
	memcpy(to.sun_path, path, strlen(path));
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
			connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
		return E_NET;
	*out = STEAL_FD(fd);
	return 0;
}
