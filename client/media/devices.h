/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whether there is what a call is spoken into, heard and seen with: before anybody is called. */
#ifndef SOTTO_MEDIA_DEVICES_H
#define SOTTO_MEDIA_DEVICES_H

#include "client/media/engine.h"

/* "microphone", "loudspeaker", "camera", "screen": the first of the options that does not work. */
const char *devices_trouble(const struct engine_options *options);

#endif
