/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A thread touches nothing but its own struct, and ends when the socket is shut down. */
#include "client/lib/probe.h"

#include "libshared/error.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { TURN_NS = 20 * 1000 * 1000 };

/* The time is for all of it: who trickles gains nothing. */
static enum probe_end listen_to(struct probe *p)
{
	const struct timeval wait = { .tv_sec = PROBE_ANSWER_S };
	ssize_t n;

	if (setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) < 0 ||
			send(p->fd, p->says, p->says_len, MSG_NOSIGNAL) != (ssize_t)p->says_len)
		return PROBE_ENDED;
	n = recv(p->fd, p->heard, p->wants, MSG_WAITALL);
	if (n <= 0)
		return n < 0 && errno == EAGAIN ? PROBE_MUTE : PROBE_ENDED;
	p->n_heard = (size_t)n;
	return PROBE_HEARD;
}

static void *run(void *userdata)
{
	struct probe *p = userdata;

	switch (socks_ask(p->fd, &p->to)) {
	case 0:
		p->end = listen_to(p);
		break;
	case SOCKS_SHUT:
		p->end = PROBE_SHUT;
		break;
	case SOCKS_FAILED:
		p->end = PROBE_FAILED;
		break;
	case SOCKS_NO_WAY:
		p->end = PROBE_NO_WAY;
		break;
	default:
		p->end = PROBE_NO_WORD;
	}
	atomic_store(&p->done, true);
	return NULL;
}

static int begin(struct probe *p, const struct net *net)
{
	int rc = socks_dial(&p->fd, net, PROBE_WAY_S);

	if (rc)
		return rc;
	p->end = PROBE_NO_WORD;
	p->n_heard = 0;
	atomic_init(&p->done, false);
	if (pthread_create(&p->thread, NULL, run, p)) {
		close(p->fd);
		return E_NOMEM;
	}
	return 0;
}

static bool all_done(struct probe *probes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!atomic_load(&probes[i].done))
			return false;
	return true;
}

int probe_all(struct probe *probes, size_t n, const struct net *net)
{
	const struct timespec turn = { .tv_nsec = TURN_NS };
	size_t n_begun = 0;
	int rc = 0;

	while (rc == 0 && n_begun < n) {
		rc = begin(&probes[n_begun], net);
		n_begun += rc == 0;
	}
	while (rc == 0 && !all_done(probes, n_begun)) {
		nanosleep(&turn, NULL);
		rc = net_is_stopped(net) ? E_NET : 0;
	}
	for (size_t i = 0; i < n_begun; i++) {
		if (rc)
			shutdown(probes[i].fd, SHUT_RDWR);
		pthread_join(probes[i].thread, NULL);
		close(probes[i].fd);
	}
	return rc;
}
