/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a person says becomes numbered messages that wait in the outbox; it takes no network and no
 * session. */
#include "client/lib/conversation.h"

#include "client/lib/parts.h"
#include "client/lib/session.h"
#include "client/lib/store.h"
#include "client/lib/timer.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

/* --- a new session needs a bundle ------------------------------------ */

static int begin(struct profile *p, const struct contact *c, const struct bundle *b)
{
	uint8_t address[ONION_KEY_BYTES + KEY_BYTES];
	int64_t id;
	int rc;

	memcpy(address, c->link.onion, ONION_KEY_BYTES);
	memcpy(address + ONION_KEY_BYTES, b->inbox.b, KEY_BYTES);
	rc = q_number(&id, p->db,
			"UPDATE contact SET identity = ?, address = coalesce(address, ?), taking "
			"= NULL, renew = 0, bundle_s = ? WHERE id = ? AND identity_hash = ? "
			"RETURNING id",
			"bbiib", b->identity, sizeof b->identity, address, sizeof address,
			profile_now(p), c->id, c->link.identity_hash, (size_t)HASH_BYTES);
	if (rc)
		return rc == STORE_NONE ? BUNDLE_BAD : rc;
	return session_start(p, c->id, b);
}

int conversation_begin(struct profile *p, const struct contact *c,
		const uint8_t sealed[static BUNDLE_BYTES])
{
	struct bundle b;
	int rc = bundle_open(&b, p, &c->link, sealed);

	if (rc)
		return rc;
	rc = q_begin(p->db);
	rc = rc ? rc : q_end(p->db, begin(p, c, &b));
	sodium_memzero(&b, sizeof b);
	return rc;
}

/* --- messages ----------------------------------------------------------- */

/* As its first part has it, which was put in just before. */
#define TEXT_ID                                                                               \
	"iif(?4 > 1, coalesce((SELECT f.text_id FROM message f WHERE f.contact = ?1 AND f"    \
	".out AND f.number = ?2 - ?3 AND f.part = 0 AND ?3 > 0 ORDER BY f.id DESC LIMIT 1), " \
	"?11), NULL)"

int conversation_put(struct profile *p, int64_t contact, const struct saying *saying,
		int64_t *out_message)
{
	struct outgoing out = {
		.contact = contact, .type = saying->type, .after_s = saying->after_s
	};
	uint8_t envelope[16], text_id[CONTENT_TEXT_ID_BYTES];
	int64_t number;
	const int64_t parts = saying->parts ? saying->parts : 1;
	int rc = q_run(p->db, "UPDATE outbox SET after_s = 0 WHERE contact = ? AND message IS NULL",
			"i", contact); /* what is not said by anybody keeps no text waiting */

	if (rc)
		return rc;
	rc = q_number(&number, p->db,
			"UPDATE contact SET sent = sent + 1 WHERE id = ? RETURNING sent", "i",
			contact);

	if (rc)
		return rc == STORE_NONE ? SEND_NO_CONTACT : rc;
	randombytes_buf(envelope, sizeof envelope);
	randombytes_buf(text_id, sizeof text_id);
	out.envelope = envelope;
	rc = q_number(out_message, p->db,
			"INSERT INTO message (contact, out, number, part, parts, at_s, shown, "
			"envelope, text, type, body, whole, text_id, lives_s) VALUES (?1, 1, ?2, "
			"?3, ?4, ?, 1, ?, ?, ?8, ?, nullif(?10, 0), " TEXT_ID
			", iif(?10, 0, " TIMER_OF("?1", "?8") ")) RETURNING id",
			"iiiiibtibib", contact, number, (int64_t)saying->part, parts,
			profile_now(p), envelope, sizeof envelope, saying->text,
			(int64_t)saying->type, saying->body, saying->len, saying->whole, text_id,
			sizeof text_id);
	if (rc)
		return E_IO;
	out.message = *out_message;
	return outbox_put(p, &out);
}

/* The row of the first part has all of the text; the others have only what they send. */
static int put_all(struct profile *p, int64_t contact, const char *text, unsigned parts)
{
	struct saying saying = { .type = CONTENT_TEXT, .parts = (uint8_t)parts, .text = text };
	int64_t message = 0;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < parts; i++) {
		if (parts > 1) {
			saying.body = text;
			saying.len = parts_piece_len(text, CONTENT_TEXT_MOST, parts);
			text += saying.len;
		}
		saying.part = (uint8_t)i;
		rc = conversation_put(p, contact, &saying, &message);
		if (i == 0)
			saying.whole = message;
		saying.text = "";
	}
	return rc;
}

int conversation_send(struct profile *p, const struct contact *contact, const char *text)
{
	const size_t len = strlen(text);
	int rc;

	if (!content_is_utf8(text, len))
		return SEND_NOT_TEXT;
	if (len > PARTS_TEXT_MOST)
		return SEND_TOO_LONG;
	rc = q_begin(p->db);
	return rc ? rc
		  : q_end(p->db,
				    put_all(p, contact->id, text,
						    parts_count(text, CONTENT_TEXT_MOST)));
}
