/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The reply that several requests share: an account's generation and next bundle number. */
#ifndef SOTTO_PREKEYD_NUMBERS_H
#define SOTTO_PREKEYD_NUMBERS_H

#include "libshared/route.h"

/* From columns 1 and 2 of row 0. */
int numbers_reply(struct reply *rp, unsigned status, const struct result *rs) MUST_CHECK;

#endif
