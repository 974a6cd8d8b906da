/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One call, from the first offer or the answer to its end (docs/protocol.md "Calls"). It has a
 * session of its own on the contact's mailbox, a media program, and the profile's lock; what comes
 * for it is in the table of calls.h. Turns of it may wait for the network.
 */
#ifndef SOTTO_CALL_H
#define SOTTO_CALL_H

#include "client/lib/calls.h"
#include "client/lib/net.h"

#include <jansson.h>

struct call;

enum call_news {
	CALL_CALLS,    /* we offer, and wait */
	CALL_CONNECTS, /* both want it */
	CALL_TALKS,    /* the certificate is right: both hear each other */
	CALL_WAITS,    /* nothing has come for a while */
	CALL_SEEKS,    /* the way is lost, another is looked for */
	CALL_MEASURES, /* detail is the media program's "stats" */
	CALL_OVER,     /* see call_end */
};

struct call_options {
	void (*on_news)(void *userdata, enum call_news news, const json_t *detail);
	void *userdata;
	const char *program; /* sotto-media */
	int ring_s;	     /* at most CALLS_RING_S */
	/* As in docs/protocol.md "Media"; video_in NULL: none is sent. */
	const char *audio_in, *audio_out, *video_in, *video_out;
};

/* How it ended; what: the media program's word, when it was that, or "". */
struct call_end {
	enum call_reason reason;
	bool by_them, answered;
	char what[64];
};

enum {
	CALL_NO_MEDIA = 40,
	CALL_TAKEN = 41,
	CALL_NO_CONTACT = 42
}; /* apart from SYNC_*, TOKENS_* */

/* Calls that person, or answers who calls: ringing (calls_ringing) or NULL. Borrows all. */
int call_open(struct call **out, struct net *net, struct profile *profile,
		const struct call_options *options) MUST_CHECK;
int call_begin(struct call *call, int64_t contact, const struct call_heard *ringing) MUST_CHECK;
/* Waits for at most wait_ms. Negative: our own failure, the call is over. */
int call_turn(struct call *call, int wait_ms) MUST_CHECK;
bool call_is_over(const struct call *call, struct call_end *out);
void call_mute(struct call *call, bool on);
void call_hang_up(struct call *call);
void call_close(struct call *call);
DEFINE_CLEANUP(struct call *, call_close)

/* Tells who rings that it will not be answered; takes no call. */
int call_refuse(struct net *net, struct profile *profile, const struct call_heard *ringing,
		enum call_reason reason) MUST_CHECK;

#endif
