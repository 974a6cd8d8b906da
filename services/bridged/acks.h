/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Acknowledgements that sessions publish to their "up": the same effect as POST .../acks. */
#ifndef SOTTO_BRIDGED_ACKS_H
#define SOTTO_BRIDGED_ACKS_H

#include "services/bridged/bridged.h"

extern const char *const acks_statements[1];

/* rest is the topic behind "sotto/v1/session/". */
void acks_on_up(struct bridged *bridged, const char *rest, const uint8_t *payload, size_t len);

#endif
