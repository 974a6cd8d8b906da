/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Receiving, in the order of docs/protocol.md: a living key fits, it opens, the envelope is new, the contact may write;
 * then one transaction decrypts and stores. Everything before that transaction trusts nothing.
 */
#include "client/lib/conversation.h"

#include "client/lib/session.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

/* Tries every living key that fits, newest first. RECEIVE_JUNK: none opens it. */
static int open_packet(struct inside *out, int64_t *out_sealing, struct profile *p, const struct own_mailbox *mailbox,
	const uint8_t packet[static BLOB_BYTES])
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	CLEANUP(key_wipe) struct key secret = { { 0 } };
	uint8_t hash[HASH_BYTES];
	const struct opener opener = { secret.b, hash, mailbox->deposit_hash };
	int step, rc = q_open(&s, p->db, "SELECT id, key_hash, secret FROM sealing ORDER BY contact IS ? DESC, id DESC",
		"i", mailbox->contact);

	if (rc)
		return rc;
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		if (!q_column(hash, sizeof hash, s, 1) || !q_column(secret.b, sizeof secret.b, s, 2))
			return E_IO;
		if (packet_fits(packet, hash) && packet_open(out, packet, &opener) == 0) {
			*out_sealing = sqlite3_column_int64(s, 0);
			return 0;
		}
	}
	return step == SQLITE_DONE ? RECEIVE_JUNK : E_IO;
}

/* May this sender write? Makes a request of a stranger. */
static int admit(struct contact *out, struct profile *p, const struct inside *in)
{
	int rc = contact_by_identity(out, p, in->sender);

	if (rc == CONTACT_NONE && in->type != PACKET_SETUP)
		return RECEIVE_JUNK;
	if (rc == CONTACT_NONE) {
		rc = contact_request(out, p, in->sender);
		return rc == CONTACT_NONE ? RECEIVE_HELD : rc;
	}
	if (rc)
		return rc;
	return out->state == CONTACT_BLOCKED ? RECEIVE_JUNK : 0;
}

/* A later address wins by message number, and a new set-up always counts. */
static int learn_contact(struct profile *p, const struct contact *c, const struct inside *in, const struct content *m)
{
	uint8_t address[ONION_KEY_BYTES + KEY_BYTES], link[LINK_BYTES], hash[HASH_BYTES];

	link_identity_hash(hash, in->sender);
	if (sodium_memcmp(hash, m->link.identity_hash, sizeof hash) != 0)
		return RECEIVE_JUNK; /* a link to somebody else */
	memcpy(address, m->address.onion, ONION_KEY_BYTES);
	memcpy(address + ONION_KEY_BYTES, m->address.deposit.b, KEY_BYTES);
	link_pack(link, &m->link);
	return q_run(p->db, "UPDATE contact SET identity = ?1, link = ?2, "
		"address = CASE WHEN ?3 OR ?4 > address_number THEN ?5 ELSE address END, "
		"address_number = CASE WHEN ?3 THEN ?4 ELSE max(?4, address_number) END WHERE id = ?6", "bbiibi",
		in->sender, sizeof in->sender, link, sizeof link, (int64_t)(in->type == PACKET_SETUP), (int64_t)m->number,
		address, sizeof address, c->id);
}

static int keep(struct profile *p, const struct contact *c, const struct inside *in, const struct plaintext *plain)
{
	struct content m;
	const struct peer_turn turn = { c->id, plain->base, in->turn, in->next_key };
	int rc = content_read(&m, plain->bytes, plain->len);

	if (rc || sodium_memcmp(m.guard, in->guard, sizeof m.guard) != 0)
		return RECEIVE_JUNK; /* another envelope was put around the session's message */
	rc = learn_contact(p, c, in, &m);
	rc = rc ? rc : turns_learn(p, &turn);
	if (rc == 0 && m.type == CONTENT_TEXT)
		rc = q_run(p->db, "INSERT OR IGNORE INTO message (contact, out, number, part, parts, at_s, text) "
			"VALUES (?, 0, ?, ?, ?, ?, ?)", "iiiiit", c->id, (int64_t)m.number, (int64_t)m.part,
			(int64_t)m.parts, profile_now(p), m.text);
	sodium_memzero(&m, sizeof m);
	return rc;
}

static int take(struct profile *p, const struct inside *in, int64_t sealing)
{
	struct contact c;
	struct plaintext plain;
	int64_t seen;
	int rc = q_number(&seen, p->db, "SELECT 1 FROM envelope WHERE id = ?", "b", in->envelope_id,
		sizeof in->envelope_id);

	if (rc != STORE_NONE)
		return rc ? rc : RECEIVE_DUPLICATE;
	if (in->type != PACKET_SETUP && in->type != PACKET_MESSAGE)
		return RECEIVE_JUNK;
	rc = admit(&c, p, in);
	if (rc)
		return rc;
	rc = session_decrypt(p, in, &plain);
	if (rc)
		return rc > 0 ? RECEIVE_JUNK : rc;
	rc = keep(p, &c, in, &plain);
	sodium_memzero(&plain, sizeof plain);
	rc = rc ? rc : q_run(p->db, "INSERT INTO envelope VALUES (?, ?)", "bi", in->envelope_id, sizeof in->envelope_id,
		sealing);
	return rc ? rc : turns_opened(p, sealing);
}

int conversation_receive(struct profile *p, const struct own_mailbox *mailbox, const uint8_t packet[static BLOB_BYTES])
{
	struct inside in;
	int64_t sealing = 0;
	int rc = open_packet(&in, &sealing, p, mailbox, packet);

	if (rc)
		return rc;
	rc = q_begin(p->db);
	if (rc)
		return rc;
	rc = take(p, &in, sealing);
	/* Only a whole success is kept: what was refused half-way leaves no trace. */
	if (rc > 0) {
		int ended = q_run(p->db, "ROLLBACK", "");

		return ended ? ended : rc;
	}
	return q_end(p->db, rc);
}
