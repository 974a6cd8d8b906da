/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One run of sotto-media, a program without a network (docs/protocol.md "Media"): JSON lines to and
 * from it, and the one stream that it may have, carried to the relay by a thread of ours.
 */
#ifndef SOTTO_MEDIA_H
#define SOTTO_MEDIA_H

#include "libshared/scope.h"

#include <jansson.h>

enum { MEDIA_NOTHING = 1, MEDIA_GONE = 2, MEDIA_NONE = 3 };

struct media;

/* MEDIA_NONE: there is no such program. */
int media_open(struct media **out, const char *program) MUST_CHECK;
void media_close(struct media *media);
DEFINE_CLEANUP(struct media *, media_close)

/* A connected socket to the relay; taken. Once, before "start". */
int media_carry(struct media *media, int relay_fd) MUST_CHECK;

/* Readable when there may be an event. */
int media_fd(const struct media *media);

/* A command; taken. One for a program that is gone is lost: media_next tells that. */
void media_tell(struct media *media, json_t *command);

/* The next event, owned by the caller; never waits. MEDIA_NOTHING, MEDIA_GONE. */
int media_next(struct media *media, json_t **out) MUST_CHECK;

#endif
