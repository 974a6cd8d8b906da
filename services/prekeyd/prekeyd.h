/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* prekeyd's state: nothing that must survive it. */
#ifndef SOTTO_PREKEYD_H
#define SOTTO_PREKEYD_H

#include "libshared/engine.h"
#include "services/prekeyd/load.h"

enum { FEW_BUNDLES = 20 }; /* below: the account's live session is told */
enum { ACCOUNT_FEW_BUNDLES = 1, ACCOUNT_ENDED = 2 };

struct prekeyd {
	struct engine *engine; /* first: engine_main fills it */
	struct load load;
};

/* Tells the account's live session, if there is one. */
void prekeyd_tell(const struct prekeyd *prekeyd, const uint8_t uuid[static 16], uint8_t kind);

extern const struct route prekeyd_routes[];
extern const size_t prekeyd_n_routes;

#endif
