/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Calls. Sound and pictures are another program's (sotto-media), which is started without a
 * network; the library finds the way, carries its stream through Tor, and compares the certificate.
 * Part of sotto.h.
 */
#ifndef SOTTO_CALLS_PUBLIC_H
#define SOTTO_CALLS_PUBLIC_H
#ifndef SOTTO_H
#error "include sotto.h"
#endif

enum { SOTTO_RING_S = 60 }; /* so long somebody calls, at most */

struct sotto_ring {
	const char *contact;
	bool video, missed; /* missed: it rings no more */
};
typedef int sotto_on_ring(void *userdata, const struct sotto_ring *ring);
/* Who rings and whom one has missed, as far as it was not told yet; it is from now on. Nobody while
 * this profile is in a call. To be asked at each event, and now and then. */
SOTTO_MUST int sotto_rings(struct sotto *sotto, sotto_on_ring *on_ring, void *userdata);

enum sotto_call_news {
	SOTTO_CALL_RINGS = 0,	 /* we call, and wait */
	SOTTO_CALL_CONNECTS = 1, /* both want it */
	SOTTO_CALL_TALKS = 2,	 /* the certificate is right: both hear each other */
	SOTTO_CALL_WAITS = 3,	 /* nothing has come for a while */
	SOTTO_CALL_SEEKS = 4,	 /* the way is lost, another is looked for */
	SOTTO_CALL_MEASURES = 5, /* the numbers below */
	SOTTO_CALL_OVER = 6,	 /* see sotto_call_end */
};

struct sotto_call_event {
	enum sotto_call_news news;
	const char *measures; /* what the media program measures, a JSON object; or NULL */
	double round_trip_ms, jitter_ms, kbit_s;
	int64_t n_received, n_lost; /* packets */
	double delay_ms;	    /* from their mouth to our ear, about; devices add theirs */
};
/* Its result, if it is not 0, is that of the turn. */
typedef int sotto_on_call(void *userdata, const struct sotto_call_event *event);

struct sotto_call_options {  /* all of it is borrowed until sotto_call_close */
	size_t size;	     /* sizeof(struct sotto_call_options) */
	const char *program; /* sotto-media */
	int ring_s;	     /* 1 to SOTTO_RING_S */
	/* auto, silence, test:HZ, file:PATH.wav; auto, none, file:PATH.wav; auto, test, NULL for no
	 * pictures; auto, none, NULL. */
	const char *audio_in, *audio_out, *video_in, *video_out;
	sotto_on_call *on_call;
	void *userdata;
};

enum sotto_call_reason {
	SOTTO_CALL_ENDED = 0,
	SOTTO_CALL_DECLINED = 1,
	SOTTO_CALL_BUSY = 2,
	SOTTO_CALL_UNABLE = 3,	 /* no media there, or none in common */
	SOTTO_CALL_FORGED = 4,	 /* the certificate is not the one that was named */
	SOTTO_CALL_GIVEN_UP = 5, /* before it was answered */
	SOTTO_CALL_LOST = 6,	 /* no way is found again */
};
struct sotto_call_end {
	enum sotto_call_reason reason;
	bool by_them, answered;
	char what[64]; /* the media program's word, when it was that: "no-relay", "media", ..; or "" */
};

struct sotto_call; /* one call of one handle, which outlives it */

/* Network. Calls that contact or, if they are calling us, answers. SOTTO_NO_CONTACT, SOTTO_IN_CALL,
 * SOTTO_NO_MEDIA; SOTTO_E_ARGUMENT: the options. */
SOTTO_MUST int sotto_call_to(struct sotto_call **out, struct sotto *sotto, const char *contact,
		const struct sotto_call_options *options);
/* Network. Answers who calls: that contact, or whoever (NULL). The same, and SOTTO_NO_CALL. */
SOTTO_MUST int sotto_call_answer(struct sotto_call **out, struct sotto *sotto, const char *contact,
		const struct sotto_call_options *options);
/* Network. Tells who calls that it will not be answered. The same. */
SOTTO_MUST int sotto_call_decline(struct sotto *sotto, const char *contact);

/* Waits for at most wait_ms, longer where the network is slow. Negative: our own failure, the call
 * is over. */
SOTTO_MUST int sotto_call_turn(struct sotto_call *call, int wait_ms);
SOTTO_API bool sotto_call_is_over(const struct sotto_call *call, struct sotto_call_end *out);
SOTTO_API void sotto_call_mute(struct sotto_call *call, bool on);
SOTTO_API void sotto_call_hang_up(struct sotto_call *call); /* turns bring it to its end */
SOTTO_API void sotto_call_close(struct sotto_call *call);

#endif
