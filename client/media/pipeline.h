/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The elements before and behind webrtcbin. Every branch, either way, has a valve that starts shut
 * (struct gates), so that nothing is sent or played before the peer's certificate is checked.
 */
#ifndef SOTTO_MEDIA_PIPELINE_H
#define SOTTO_MEDIA_PIPELINE_H

#include "client/media/engine.h"

enum { PACKET_MS = 60 }; /* of sound */

struct gates {
	GMutex lock;
	GPtrArray *valves;
	bool open;
};
void gates_open(struct gates *gates);

/* A pipeline with a webrtcbin "wb" and what we send, with the payload types of sdp: video only if
 * it has a stream for it. NULL: an element or device is missing. */
GstElement *pipeline_new(
		const struct engine_options *options, const struct sdp *sdp, struct gates *gates);

/* What plays a stream that has come, linked to pad. frames counts decoded pictures. */
struct playing {
	GstElement *pipeline;
	const struct engine_options *options;
	struct gates *gates;
	gint *frames;
};
bool pipeline_play(const struct playing *playing, GstPad *pad);

/* broken: a source or sink fails, a device that is unplugged for one. From the main loop. */
void pipeline_watch(GstElement *pipeline, void (*broken)(gpointer userdata), gpointer userdata);

/* The name of an element that is not installed or cannot be loaded, or NULL: all are loaded, while
 * there is time. */
const char *pipeline_missing(void);

#endif
