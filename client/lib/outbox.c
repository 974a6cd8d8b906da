/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Sealing. Each packet is encrypted in the session that is current when its turn comes. */
#include "client/lib/outbox.h"

#include "client/lib/session.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

struct sealing {
	struct contact contact;
	struct own_mailbox mailbox; /* where answers shall go */
	uint8_t base[BASE_BYTES];
	uint32_t turn;
	uint8_t seal_to[HPKE_PUBLIC_BYTES];
};

static void sealing_wipe_ref(struct sealing *s)
{
	sodium_memzero(s, sizeof *s);
}

/* --- which session ------------------------------------------------------ */

/*
 * While no answer came, the bundle's keys may die with the peer's next rotation: a packet written
 * more than a day after the bundle was fetched uses a fresh one. So does a session grown large.
 */
static int wants_bundle(struct profile *p, const struct sealing *s)
{
	size_t size = 0;
	int rc;

	if (s->contact.renew)
		return OUTBOX_NEEDS_BUNDLE;
	if (!profile_has_passed(p, s->contact.bundle_s, SEALED_S))
		return 0;
	if (s->turn == 0)
		return OUTBOX_NEEDS_BUNDLE;
	rc = session_size(&size, p, s->contact.identity);
	return rc ? rc : size > SESSION_BYTES_MOST ? OUTBOX_NEEDS_BUNDLE : 0;
}

static int prepare(struct sealing *s, struct profile *p, int64_t contact)
{
	int rc = contact_by_id(&s->contact, p, contact);

	if (rc) /* of a signal: it has ended */
		return rc == CONTACT_NONE ? OUTBOX_EMPTY : rc;
	rc = mailbox_for(&s->mailbox, p, contact);
	if (rc)
		return rc > 0 ? E_BUG : rc;
	if (!s->mailbox.made)
		return OUTBOX_NEEDS_MAILBOX; /* an address is named only when it exists */
	if (!s->contact.has_identity || !s->contact.has_address)
		return OUTBOX_NEEDS_BUNDLE;
	rc = session_base(s->base, p, s->contact.identity);
	rc = rc ? rc : turns_peer(&s->turn, s->seal_to, p, s->base);
	if (rc)
		return rc > 0 ? OUTBOX_NEEDS_BUNDLE : rc;
	return wants_bundle(p, s);
}

/* --- what it says ------------------------------------------------------- */

static int read_body(struct content *c, sqlite3_stmt *s, int column)
{
	size_t len = (size_t)sqlite3_column_bytes(s, column);

	if (len > CONTENT_TEXT_MOST)
		return E_BUG;
	c->text_len = (uint16_t)len;
	if (len)
		memcpy(c->text, sqlite3_column_blob(s, column), len);
	c->text[len] = '\0';
	return 0;
}

/* The row's own content; other types than text name the highest number sent before. What is about
 * calls overtakes texts that are on their way, so it names none. */
static int read_content(
		struct content *c, uint8_t envelope[static 16], struct profile *p, int64_t id)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db,
			"SELECT o.type, o.envelope, CASE o.type WHEN 8 THEN 0 ELSE "
			"coalesce(m.number, (SELECT min(t.number) - 1 FROM "
			"outbox b JOIN message t ON t.id = b.message WHERE b.contact = o.contact "
			"AND b.id > o.id), c.sent) END, coalesce(m.part, 0), coalesce(m.parts, 1), "
			"coalesce(m.body, m.text, o.body), m.text_id FROM outbox o JOIN contact c "
			"ON c.id = "
			"o.contact "
			"LEFT JOIN message m ON m.id = o.message "
			"WHERE o.id = ?",
			"i", id);

	if (rc)
		return rc;
	if (sqlite3_step(s) != SQLITE_ROW || !q_column(envelope, 16, s, 1))
		return E_IO;
	c->type = (uint8_t)sqlite3_column_int(s, 0);
	c->number = (uint64_t)sqlite3_column_int64(s, 2);
	c->part = (uint8_t)sqlite3_column_int(s, 3);
	c->parts = (uint8_t)sqlite3_column_int(s, 4);
	if (c->parts > 1 && !q_column(c->text_id, sizeof c->text_id, s, 6))
		return E_BUG;
	return read_body(c, s, 5);
}

static int fill(struct content *c, struct inside *in, struct profile *p, const struct sealing *s,
		int64_t id)
{
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	int rc = read_content(c, in->envelope_id, p, id);

	rc = rc ? rc : home_by_id(&home, p, s->mailbox.home);

	/* Until the peer has answered, the library's messages are set-ups. */
	in->type = s->turn == 0 ? PACKET_SETUP : PACKET_MESSAGE;
	memcpy(in->sender, p->identity, sizeof in->sender);
	rc = rc ? rc : turns_own(p, s->contact.id, s->base, in);
	if (rc)
		return rc;
	packet_guard(in);
	memcpy(c->guard, in->guard, sizeof c->guard);
	memcpy(c->address.onion, s->mailbox.onion, ONION_KEY_BYTES);
	c->address.deposit = s->mailbox.deposit;
	home_link(&c->link, p, &home);
	return 0;
}

/* --- the packet --------------------------------------------------------- */

static int make_packet(uint8_t out[static BLOB_BYTES], struct profile *p, const struct sealing *s,
		int64_t id)
{
	struct inside in = { 0 };
	struct content content = { 0 };
	uint8_t plain[CONTENT_BYTES_MOST], deposit_hash[HASH_BYTES];
	size_t len;
	int rc = fill(&content, &in, p, s, id);

	if (rc)
		return rc;
	len = content_write(plain, &content);
	rc = session_encrypt(&in, p, s->contact.identity, plain, len);
	sodium_memzero(plain, sizeof plain);
	sodium_memzero(&content, sizeof content);
	if (rc)
		return rc > 0 ? E_BUG : rc;
	hash256(deposit_hash, s->contact.address.deposit.b, KEY_BYTES);
	rc = packet_seal(out, &in, s->seal_to, deposit_hash);
	return rc > 0 ? E_CRYPTO : rc;
}

static int seal(struct profile *p, int64_t contact, int64_t id)
{
	CLEANUP(sealing_wipe) struct sealing s;
	uint8_t packet[BLOB_BYTES], key[BLOB_ID_BYTES];
	int rc = prepare(&s, p, contact);

	rc = rc ? rc : make_packet(packet, p, &s, id);
	if (rc)
		return rc;
	randombytes_buf(key, sizeof key);
	return q_run(p->db,
			"UPDATE outbox SET onion = ?, deposit = ?, key = ?, packet = ?, "
			"sealed_s = ? WHERE id = ?",
			"bbbbii", s.contact.address.onion, (size_t)ONION_KEY_BYTES,
			s.contact.address.deposit.b, (size_t)KEY_BYTES, key, sizeof key, packet,
			sizeof packet, profile_now(p), id);
}

/* --- the interface ------------------------------------------------------ */

int outbox_put(struct profile *p, const struct outgoing *o)
{
	uint8_t envelope[16];

	randombytes_buf(envelope, sizeof envelope);
	return q_run(p->db,
			"INSERT INTO outbox (contact, message, type, body, envelope, after_s) "
			"VALUES (?, nullif(?, 0), ?, ?, ?, ?)",
			"iiibbi", o->contact, o->message, (int64_t)o->type, o->body, o->len,
			o->envelope ? o->envelope : envelope, sizeof envelope, o->after_s);
}

int outbox_contact(int64_t *out, struct profile *p, int64_t after)
{
	int rc = q_number(out, p->db,
			"SELECT o.contact FROM outbox o JOIN contact c ON c.id = o.contact AND "
			"c.state = 1 WHERE o.contact > ? ORDER BY o.contact LIMIT 1",
			"i", after);

	return rc == STORE_NONE ? OUTBOX_EMPTY : rc;
}

/* The oldest of a contact, or the one with that id. */
static int read_parcel(struct parcel *out, struct profile *p, int64_t contact, bool *out_stale)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db,
			"SELECT * FROM (SELECT id, onion, deposit, key, packet, sealed_s, after_s "
			"FROM outbox WHERE contact = ?1 AND ?2 IN (0, id) ORDER BY id LIMIT 1) "
			"WHERE after_s - ?3 NOT BETWEEN 1 AND ?4",
			"iiii", contact, out->id, profile_now(p), (int64_t)AFTER_S_MOST);

	if (rc)
		return rc;
	rc = sqlite3_step(s);
	if (rc == SQLITE_DONE)
		return OUTBOX_EMPTY;
	if (rc != SQLITE_ROW)
		return E_IO;
	out->id = sqlite3_column_int64(s, 0);
	out->contact = contact;
	*out_stale = !q_column(out->packet, BLOB_BYTES, s, 4) ||
			profile_has_passed(p, sqlite3_column_int64(s, 5), SEALED_S);
	if (!*out_stale &&
			(!q_column(out->address.onion, ONION_KEY_BYTES, s, 1) ||
					!q_column(out->address.deposit.b, KEY_BYTES, s, 2) ||
					!q_column(out->key, BLOB_ID_BYTES, s, 3)))
		return E_IO;
	return 0;
}

static int next(struct parcel *out, struct profile *p, int64_t contact)
{
	bool stale = false;
	int rc;

	out->id = 0;
	rc = read_parcel(out, p, contact, &stale);
	if (rc || !stale)
		return rc;
	rc = seal(p, contact, out->id);
	return rc ? rc : read_parcel(out, p, contact, &stale);
}

int outbox_next(struct parcel *out, struct profile *p, int64_t contact)
{
	int rc = q_begin(p->db);

	return rc ? rc : q_end(p->db, next(out, p, contact));
}

static int seal_signal(struct parcel *out, struct profile *p, const struct outgoing *o)
{
	bool stale;
	int sealed, rc = outbox_put(p, o);

	out->id = sqlite3_last_insert_rowid(p->db);
	sealed = rc ? rc : seal(p, o->contact, out->id);
	rc = sealed ? sealed : read_parcel(out, p, o->contact, &stale);
	if (rc >= 0 && q_run(p->db, "DELETE FROM outbox WHERE id = ?", "i", out->id))
		return E_IO;
	return rc;
}

int outbox_signal(struct parcel *out, struct profile *p, const struct outgoing *o)
{
	int rc = q_begin(p->db);

	return rc ? rc : q_end(p->db, seal_signal(out, p, o));
}

/* The first of each contact counts: the others come after it. */
int outbox_wait_s(int64_t *out, struct profile *p)
{
	int rc = q_number(out, p->db,
			"SELECT min(after_s) - ?1 FROM (SELECT o.after_s, min(o.id) FROM outbox o "
			"JOIN contact c ON c.id = o.contact AND c.state = 1 GROUP BY o.contact) "
			"WHERE after_s - ?1 BETWEEN 1 AND ?2 HAVING count(*) > 0",
			"ii", profile_now(p), (int64_t)AFTER_S_MOST);

	return rc == STORE_NONE ? OUTBOX_EMPTY : rc;
}

/* Another process may have sent it, too, and something else be there under its id since. */
int outbox_done(struct profile *p, const struct parcel *parcel)
{
	return q_run(p->db, "DELETE FROM outbox WHERE id = ? AND key = ?", "ib", parcel->id,
			parcel->key, sizeof parcel->key);
}

static int move(struct profile *p, const struct parcel *parcel)
{
	int rc = q_run(p->db, "UPDATE outbox SET packet = NULL WHERE contact = ? AND deposit = ?",
			"ib", parcel->contact, parcel->address.deposit.b, (size_t)KEY_BYTES);

	/* Unless they have told another one meanwhile. */
	return rc ? rc
		  : q_run(p->db,
				    "UPDATE contact SET address = NULL, address_number = 0 WHERE "
				    "id = ? "
				    "AND address = ?",
				    "ib", parcel->contact, &parcel->address,
				    sizeof parcel->address);
}

int outbox_moved(struct profile *p, const struct parcel *parcel)
{
	int rc = q_begin(p->db);

	return rc ? rc : q_end(p->db, move(p, parcel));
}

int outbox_without_bundle(struct profile *p, int64_t contact)
{
	return q_run(p->db, "UPDATE contact SET renew = 0, bundle_s = ? WHERE id = ?", "ii",
			profile_now(p), contact);
}
