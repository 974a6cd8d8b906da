/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the files of a call share: call.c decides, call_say.c tells the peer, call_way.c finds the
 * way. */
#ifndef SOTTO_CALL_PRIVATE_H
#define SOTTO_CALL_PRIVATE_H

#include "client/lib/call.h"
#include "client/lib/live.h"
#include "client/lib/media.h"

enum {
	REPEAT_MS = 4000,
	SEEK_MS = 15000, /* a lost way is found again within, or the call is over */
	READY_MS = 90000,
};

enum call_state { IDLE, CALLING, CONNECTING, TALKING, SEEKING, OVER };

struct call {
	struct net *net;
	struct profile *profile;
	struct call_options options;
	struct contact contact;
	struct live *live;
	struct media *media;
	int lock;
	enum call_state state;
	bool ready, offers, reached, muted; /* offers: we began; reached: they may know of us */
	bool bought;			    /* credentials that no offer has named yet */
	uint8_t id[CALL_ID_BYTES], attempt;
	struct call_relay relay, theirs;
	char sdp[SDP_WRITTEN_MOST]; /* the offer that we answer */
	struct parcel parcel;	    /* what is posted again */
	bool repeats;
	int64_t repeat_ms, since_ms; /* since_ms: the calling, or the seeking */
	int64_t seen;		     /* the last signal looked at */
	struct call_end end;
};

/* call_say.c */
int64_t call_now_ms(void);
void call_tell(struct call *call, enum call_news news, const json_t *detail);
/* Sends it, and again and again if it repeats; a post that fails is a signal that is lost. */
int call_say(struct call *call, struct call_signal *signal, bool repeats) MUST_CHECK;
void call_post(struct call *call); /* what was said last, once more */
void call_over(struct call *call, enum call_reason reason, bool by_them);
/* why: the media program's word. */
void call_fail(struct call *call, const char *why);
/* 0 for what the network does and a server refuses: the call goes on without it. */
int call_passes(int rc) MUST_CHECK;

/* call_way.c */
int call_make_offer(struct call *call) MUST_CHECK;
int call_take_offer(struct call *call, const struct call_signal *offer) MUST_CHECK;
/* The way is lost: begins to look for another. */
int call_seek(struct call *call) MUST_CHECK;
void call_begin_seeking(struct call *call);

#endif
