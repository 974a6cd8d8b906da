/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* bridged's state: who is live, and how far each publisher has counted. All of it is rebuilt after
 * a restart. */
#ifndef SOTTO_BRIDGED_H
#define SOTTO_BRIDGED_H

#include "libshared/engine.h"
#include "services/bridged/gaps.h"
#include "services/bridged/registry.h"

enum { SESSION_LIFE_S = 3600 };
enum {
	DOWN_BLOB = 1,
	DOWN_FETCH = 2,
	DOWN_FEW_BUNDLES = 3,
	DOWN_ACCOUNT_ENDED = 4,
	DOWN_SIGNAL = 5
};

struct bridged {
	struct engine *engine; /* first: engine_main fills it */
	struct key session_key;
	struct key turn_key; /* shared with coturn */
	struct registry *registry;
	struct gaps gaps;
	sd_event_source *tick;
	uint64_t ticked_s;
	bool fetches_due; /* some session has fetch_due */
	bool was_up;	  /* the broker was there before */
};

extern const struct route bridged_routes[];
extern const size_t bridged_n_routes;

#endif
