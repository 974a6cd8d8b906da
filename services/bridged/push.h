/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* From the broker to the sessions: events become pushes, gaps become "fetch" (docs/protocol.md
 * "MQTT"). */
#ifndef SOTTO_BRIDGED_PUSH_H
#define SOTTO_BRIDGED_PUSH_H

#include "services/bridged/bridged.h"

int push_start(struct bridged *bridged) MUST_CHECK;

/* "sotto/v1/session/<id>/<end>"; end is "down" or "up". */
void push_topic(char out[static 64], const struct session *session, const char *end);

/* The broker's plugin learns the new expiry, so that it does not end a renewed session; one in the
 * past ends it. */
void push_renewed(struct bridged *bridged, const struct session *session);

/* Bytes for whoever is live on that mailbox; gone if nobody is, or if they have not acknowledged
 * enough of what they got before. */
void push_signal(struct bridged *bridged, const uint8_t mailbox[static MAILBOX_ID_BYTES],
		const uint8_t body[static BLOB_BYTES]);

/* A session acknowledged one push. */
void push_acked(struct bridged *bridged, struct session *session);

/* The link's callbacks; app is struct bridged. */
void push_on_up(void *app);
void push_on_message(void *app, const char *topic, const uint8_t *payload, size_t len);
void push_on_unheard(void *app, const uint8_t session[SESSION_BYTES]);

#endif
