/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the files of a call share: call.c decides, call_say.c tells the peer, call_way.c finds the
 * way. */
#ifndef SOTTO_CALL_PRIVATE_H
#define SOTTO_CALL_PRIVATE_H

#include "client/lib/call.h"
#include "client/lib/dial.h"
#include "client/lib/live.h"
#include "client/lib/media.h"

enum {
	REPEAT_MS = 4000,
	SEEK_MS = 15000, /* a lost way is found again within, or the call is over */
	READY_MS = 90000,
	/* Credentials are given for an hour at least, and each for two places at once: the second
	   is for another way, while the relay still holds the place of the one that was lost. */
	CREDENTIALS_MS = 3000000,
	CREDENTIAL_USES = 2,
};

enum call_state { IDLE, CALLING, CONNECTING, TALKING, SEEKING, OVER };

struct call {
	struct net *net;
	struct profile *profile;
	struct call_options options;
	struct contact contact;
	struct own_mailbox mailbox; /* for them */
	struct live *live;	    /* who answers has none before the answer is out */
	struct media *media;
	struct dial *dial; /* to the relay, until it is there */
	struct dial *ahead[3];
	int lock, media_fd;
	enum call_state state;
	bool ready, offers, reached, muted; /* offers: we began; reached: they may know of us */
	bool starts, started;		    /* the media may, and were told to */
	bool described;			    /* sdp is ours, and not said yet */
	bool unnamed;			    /* no offer has named this attempt yet */
	uint8_t id[CALL_ID_BYTES], attempt;
	struct call_relay relay, theirs;
	unsigned uses; /* that the credentials are still good for */
	int64_t bought_ms;
	char sdp[SDP_WRITTEN_MOST]; /* the offer that we answer, then ours */
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
/* Starts the media once the relay is reached. */
int call_start_media(struct call *call) MUST_CHECK;
void call_close_way(struct call *call);
int call_dial_ahead(struct call *call) MUST_CHECK;
void call_end_ahead(struct call *call);
/* The way is lost: begins to look for another. */
int call_seek(struct call *call) MUST_CHECK;
void call_begin_seeking(struct call *call);

#endif
