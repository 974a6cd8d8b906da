/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What webrtcbin's "get-stats" says of each stream, added up. */
#ifndef SOTTO_MEDIA_SUMS_H
#define SOTTO_MEDIA_SUMS_H

#include "client/media/engine.h"

struct sums {
	struct engine_stats stats;
	guint64 bytes;
};
void sums_read(struct sums *sums, const GstStructure *stats);

#endif
