/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One call's media: webrtcbin, relay only, behind our own check of the peer's certificate. It sends
 * and plays nothing before that check: webrtcbin 1.22 and 1.26 compare no fingerprint themselves.
 * Everything runs in GLib's main loop; what happens is told by engine_events.
 */
#ifndef SOTTO_MEDIA_ENGINE_H
#define SOTTO_MEDIA_ENGINE_H

#include "client/lib/sdp.h"

#include <gst/gst.h>

struct engine_options {
	bool offers;
	const char *user, *password; /* of the relay */
	int port;		     /* on our loopback, where the relay is reached */
	const char *audio_in;	     /* "auto", "test:<Hz>", "silence", "file:<path>.wav" */
	const char *audio_out;	     /* "auto", "none", "file:<path>.wav" */
	const char *video_in;	     /* NULL: none is sent; "auto", "test" */
	const char *video_out;	     /* "auto", "none" */
};

struct engine_stats {
	guint64 received, lost, sent, frames; /* packets; frames decoded */
	double jitter_ms, round_trip_ms;
	double delay_ms; /* from their mouth to our ear, about; devices add theirs */
	double kbit_s;	 /* received */
};

struct engine_events {			/* called from the main loop */
	void (*local)(const char *sdp); /* to be brought to the peer */
	void (*verified)(void);		/* the certificate is the one the peer named: talk */
	void (*stats)(const struct engine_stats *stats);
	void (*waiting)(void); /* nothing has come for a while */
	/* "fingerprint", "no-relay", "no-connection", "lost", "media", or as in devices.h */
	void (*ended)(const char *why);
};

struct engine;

/* An offering side starts at once, the other when the offer is there. */
struct engine *engine_new(const struct engine_options *options, const struct engine_events *events);
void engine_free(struct engine *engine);

/* The peer's description. SDP_BAD: refused, nothing was done. */
int engine_remote(struct engine *engine, const char *sdp) MUST_CHECK;
void engine_mute(struct engine *engine, bool on);

#endif
