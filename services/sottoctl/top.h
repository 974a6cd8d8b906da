/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What top.c reads and others show. */
#ifndef SOTTO_SOTTOCTL_TOP_H
#define SOTTO_SOTTOCTL_TOP_H

#include "services/sottoctl/draw.h"
#include "services/sottoctl/samples.h"

void top_draw(const struct samples *samples, const struct drawing *drawing);
int top_json(const struct samples *samples, FILE *to) MUST_CHECK;

#endif
