/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Whether somebody answers behind the ports of an onion: all asked at once, each over a circuit of
 * its own, and with less patience than a request has.
 */
#ifndef SOTTO_PROBE_H
#define SOTTO_PROBE_H

#include "client/lib/socks.h"

#include <pthread.h>

enum {
	PROBE_WAY_S = 60,    /* Tor may have to look for the onion first */
	PROBE_ANSWER_S = 20, /* and is there then */
	PROBE_HEARS = 4096,
};

/* Each further than the one before. */
enum probe_end {
	PROBE_NO_WORD, /* Tor did not get there in time, nor did it say so */
	PROBE_NO_WAY,  /* Tor says that it does not get there */
	PROBE_FAILED, /* or that something failed: mostly, behind that port is no socket any more */
	PROBE_SHUT,   /* the onion is there, and nobody listens behind that port */
	PROBE_MUTE,   /* somebody accepts, and says nothing */
	PROBE_ENDED,  /* or hangs up */
	PROBE_HEARD,
	PROBE_OTHER, /* for the caller to say: that is not who was asked for */
};

struct probe {
	struct socks_to to;
	const void *says; /* borrowed until probe_all returns */
	size_t says_len;
	size_t wants; /* bytes, PROBE_HEARS at most: it hears no more than those */
	enum probe_end end;
	uint8_t heard[PROBE_HEARS];
	size_t n_heard;
	pthread_t thread;
	int fd;
	atomic_bool done;
};

/* E_NET: stopped by the net, or nobody is at the SOCKS port; E_NOMEM. */
int probe_all(struct probe *probes, size_t n, const struct net *net) MUST_CHECK;

#endif
