/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * 8 times mailbox id || blob id. Trusts the plugin that the session is the one of the topic; that
 * it holds the mailbox is checked here. A lost acknowledgement costs nothing: the blob is fetched
 * again and acknowledged again.
 */
#include "services/bridged/acks.h"

#include "libshared/encode.h"
#include "libshared/reader.h"
#include "services/bridged/push.h"

#include <sodium.h>
#include <string.h>

const char *const acks_statements[1] = { "live_ack($1, $2)" };

struct ack {
	struct call call;
	uint8_t mailbox[MAILBOX_ID_BYTES];
	uint8_t ids[UP_ACKS][BLOB_ID_BYTES];
	unsigned n;
};

static void ack_done(struct call *call, int rc, const struct result *result)
{
	(void)rc;
	(void)result;
	free((char *)call - offsetof(struct ack, call));
}

static void submit(struct bridged *bridged, const struct ack *like)
{
	struct ack *ack = malloc(sizeof *ack);

	if (!ack)
		return;
	*ack = *like;
	ack->call = (struct call){ .statement = acks_statements[0], .done = ack_done };
	params_bytes(&ack->call.params, ack->mailbox, sizeof ack->mailbox);
	params_uuids(&ack->call.params, ack->ids[0], ack->n);
	if (db_submit(bridged->engine->db, &ack->call))
		free(ack);
}

/* One call for each run of the same mailbox. */
static void take(struct bridged *bridged, struct session *session, struct reader *rd)
{
	struct ack ack = { .n = 0 };

	for (int i = 0; i < UP_ACKS; i++) {
		const uint8_t *mailbox = reader_take(rd, MAILBOX_ID_BYTES),
			      *id = reader_take(rd, BLOB_ID_BYTES);

		if (sodium_is_zero(id, BLOB_ID_BYTES) || !session_holds(session, mailbox))
			continue;
		if (ack.n && memcmp(ack.mailbox, mailbox, MAILBOX_ID_BYTES) != 0) {
			submit(bridged, &ack);
			ack.n = 0;
		}
		memcpy(ack.mailbox, mailbox, MAILBOX_ID_BYTES);
		memcpy(ack.ids[ack.n++], id, BLOB_ID_BYTES);
		push_acked(bridged, session);
	}
	if (ack.n)
		submit(bridged, &ack);
}

void acks_on_up(struct bridged *bridged, const char *rest, const uint8_t *payload, size_t len)
{
	uint8_t id[SESSION_BYTES];
	struct reader rd = reader_over(payload, len);
	struct session *session;

	if (len != UP_BYTES || base64url_read(id, sizeof id, rest, strcspn(rest, "/")))
		return;
	session = registry_find(bridged->registry, id);
	if (session)
		take(bridged, session, &rd);
}
