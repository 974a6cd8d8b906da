/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is to be done again some time, by name, kept over restarts. Times are drawn at random, so
 * that what one client does cannot be told by its rhythm. */
#ifndef SOTTO_PLAN_H
#define SOTTO_PLAN_H

#include "client/lib/profile.h"

/* What was never planned is due; so is what a clock that ran ahead put further off than ever. */
int plan_is_due(bool *out, struct profile *profile, const char *name) MUST_CHECK;
/* In at least from_s seconds, and less than spread_s more. */
int plan_in(struct profile *profile, const char *name, int64_t from_s,
		uint32_t spread_s) MUST_CHECK;

#endif
