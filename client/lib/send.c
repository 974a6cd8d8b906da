/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Sending: one transaction encrypts, seals and stores the finished packet. Never encrypted twice.
 */
#include "client/lib/conversation.h"

#include "client/lib/session.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

/* --- the first packet needs a bundle ------------------------------------ */

static int begin(struct profile *p, const struct contact *c, const struct bundle *b)
{
	uint8_t address[ONION_KEY_BYTES + KEY_BYTES];
	int rc;

	memcpy(address, c->link.onion, ONION_KEY_BYTES);
	memcpy(address + ONION_KEY_BYTES, b->inbox.b, KEY_BYTES);
	rc = q_run(p->db,
			"UPDATE contact SET identity = ?, address = coalesce(address, ?), take_key "
			"= NULL WHERE id = ?",
			"bbi", b->identity, sizeof b->identity, address, sizeof address, c->id);
	return rc ? rc : session_start(p, c->id, b);
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

/* --- packets ------------------------------------------------------------ */

struct sending {
	struct contact contact;
	struct own_mailbox mailbox; /* where answers shall go */
	uint8_t base[BASE_BYTES];
	uint8_t seal_to[HPKE_PUBLIC_BYTES];
};

static int store_packet(
		struct profile *p, const struct sending *s, const uint8_t packet[static BLOB_BYTES])
{
	uint8_t key[BLOB_ID_BYTES];

	randombytes_buf(key, sizeof key);
	return q_run(p->db,
			"INSERT INTO outbox (contact, onion, deposit, key, packet, made_s) VALUES "
			"(?, ?, ?, ?, ?, ?)",
			"ibbbbi", s->contact.id, s->contact.address.onion, (size_t)ONION_KEY_BYTES,
			s->contact.address.deposit.b, (size_t)KEY_BYTES, key, sizeof key, packet,
			(size_t)BLOB_BYTES, profile_now(p));
}

/* Until the peer has answered, the library's messages are set-ups: they begin with its version and
 * a prekey part. */
static uint8_t type_of(struct profile *p, const struct sending *s, int *out_rc)
{
	int64_t turn = 0;

	*out_rc = q_number(&turn, p->db, "SELECT turn FROM peer_turn WHERE base = ?", "b", s->base,
			(size_t)BASE_BYTES);
	return turn == 0 ? PACKET_SETUP : PACKET_MESSAGE;
}

static int send_part(struct profile *p, const struct sending *s, struct content *content)
{
	struct inside in = { 0 };
	uint8_t plain[CONTENT_BYTES_MOST], packet[BLOB_BYTES];
	size_t len;
	int rc;

	in.type = type_of(p, s, &rc);
	randombytes_buf(in.envelope_id, sizeof in.envelope_id);
	memcpy(in.sender, p->identity, sizeof in.sender);
	rc = rc ? E_BUG : turns_own(p, s->contact.id, s->base, &in);
	if (rc)
		return rc;
	packet_guard(&in);
	memcpy(content->guard, in.guard, sizeof content->guard);
	len = content_write(plain, content);
	rc = session_encrypt(&in, p, s->contact.identity, plain, len);
	sodium_memzero(plain, sizeof plain);
	if (rc)
		return rc;
	{
		uint8_t deposit_hash[HASH_BYTES];

		hash256(deposit_hash, s->contact.address.deposit.b, KEY_BYTES);
		rc = packet_seal(packet, &in, s->seal_to, deposit_hash);
	}
	rc = rc > 0 ? E_CRYPTO : rc;
	rc = rc ? rc : store_packet(p, s, packet);
	return rc ? rc
		  : q_run(p->db,
				    "INSERT INTO message (contact, out, number, part, parts, at_s, "
				    "shown, text) "
				    "VALUES (?, 1, ?, ?, ?, ?, 1, ?)",
				    "iiiiit", s->contact.id, (int64_t)content->number,
				    (int64_t)content->part, (int64_t)content->parts, profile_now(p),
				    content->text);
}

static int next_number(struct profile *p, int64_t contact, uint64_t *out)
{
	int64_t n;
	int rc = q_number(&n, p->db,
			"UPDATE contact SET sent = sent + 1 WHERE id = ? RETURNING sent", "i",
			contact);

	*out = (uint64_t)n;
	return rc ? E_IO : 0;
}

static unsigned count_parts(const char *text, size_t len)
{
	unsigned n = 1;

	for (size_t took; (took = content_part_len(text, len)) < len; n++) {
		text += took;
		len -= took;
	}
	return n;
}

static int send_all(struct profile *p, const struct sending *s, const char *text)
{
	struct content content = { .type = CONTENT_TEXT };
	size_t len = strlen(text);
	unsigned parts = count_parts(text, len);
	int rc = 0;

	content.parts = (uint8_t)parts;
	memcpy(content.address.onion, p->onion, ONION_KEY_BYTES);
	content.address.deposit = s->mailbox.deposit;
	profile_link(p, &content.link);
	for (unsigned i = 0; rc == 0 && i < parts; i++) {
		size_t took = content_part_len(text, len);

		content.part = (uint8_t)i;
		content.text_len = (uint16_t)took;
		memcpy(content.text, text, took);
		content.text[took] = '\0';
		text += took;
		len -= took;
		rc = next_number(p, s->contact.id, &content.number);
		rc = rc ? rc : send_part(p, s, &content);
	}
	sodium_memzero(&content, sizeof content);
	return rc;
}

static int prepare(struct profile *p, struct sending *s, int64_t contact)
{
	int rc = contact_by_id(&s->contact, p, contact);

	rc = rc ? rc : mailbox_for(&s->mailbox, p, contact);
	if (rc)
		return rc > 0 ? E_BUG : rc;
	if (!s->mailbox.made)
		return E_BUG; /* an address is named only when it exists */
	if (!s->contact.has_identity || !s->contact.has_address)
		return s->contact.has_link ? SEND_NEEDS_BUNDLE : SEND_NO_LINK;
	rc = session_base(s->base, p, s->contact.identity);
	if (rc == SESSION_NONE)
		return s->contact.has_link ? SEND_NEEDS_BUNDLE : SEND_NO_LINK;
	rc = rc ? rc : turns_peer(s->seal_to, p, s->base);
	return rc > 0 ? SEND_NEEDS_BUNDLE : rc;
}

int conversation_send(struct profile *p, const struct contact *contact, const char *text)
{
	struct sending s;
	size_t len = strlen(text);
	int rc;

	if (!content_is_utf8(text, len))
		return SEND_NOT_TEXT;
	if (count_parts(text, len) > CONTENT_PARTS_MOST)
		return SEND_TOO_LONG;
	rc = q_begin(p->db);
	if (rc)
		return rc;
	rc = prepare(p, &s, contact->id);
	rc = q_end(p->db, rc ? rc : send_all(p, &s, text));
	sodium_memzero(&s, sizeof s);
	return rc;
}

/* --- the outbox --------------------------------------------------------- */

int outbox_next(struct parcel *out, struct profile *p, int64_t after)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db,
			"SELECT id, onion, deposit, key, packet FROM outbox WHERE id > ? ORDER BY "
			"id LIMIT 1",
			"i", after);

	if (rc)
		return rc;
	rc = sqlite3_step(s);
	if (rc == SQLITE_DONE)
		return CONTACT_NONE;
	if (rc != SQLITE_ROW || !q_column(out->address.onion, ONION_KEY_BYTES, s, 1) ||
			!q_column(out->address.deposit.b, KEY_BYTES, s, 2) ||
			!q_column(out->key, BLOB_ID_BYTES, s, 3) ||
			!q_column(out->packet, BLOB_BYTES, s, 4))
		return E_IO;
	out->id = sqlite3_column_int64(s, 0);
	return 0;
}

int outbox_done(struct profile *p, int64_t id)
{
	return q_run(p->db, "DELETE FROM outbox WHERE id = ?", "i", id);
}
