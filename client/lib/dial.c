/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The thread touches nothing but its own struct, and ends when the socket is shut down. */
#include "client/lib/dial.h"

#include "libshared/error.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct dial {
	pthread_t thread;
	struct socks_to to;
	int fd, rc;
	atomic_bool done;
};

static void *run(void *userdata)
{
	struct dial *d = userdata;

	d->rc = socks_ask(d->fd, &d->to);
	atomic_store(&d->done, true);
	return NULL;
}

int dial_begin(struct dial **out, const struct net *net, const struct socks_to *to, int wait_s)
{
	struct dial *d = calloc(1, sizeof *d);
	int rc = d ? socks_dial(&d->fd, net, wait_s) : E_NOMEM;

	if (rc) {
		free(d);
		return rc;
	}
	d->to = *to;
	if (pthread_create(&d->thread, NULL, run, d)) {
		close(d->fd);
		free(d);
		return E_NOMEM;
	}
	*out = d;
	return 0;
}

int dial_take(struct dial *d, int *out_fd)
{
	if (!atomic_load(&d->done))
		return DIAL_WAITS;
	if (d->rc || d->fd < 0)
		return E_NET;
	*out_fd = d->fd;
	d->fd = -1;
	return 0;
}

void dial_end(struct dial *d)
{
	if (!d)
		return;
	if (d->fd >= 0)
		shutdown(d->fd, SHUT_RDWR);
	pthread_join(d->thread, NULL);
	close(d->fd);
	sodium_memzero(d, sizeof *d);
	free(d);
}
