/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Receiving, in the order of docs/protocol.md: a living key fits, it opens, the envelope is new,
 * the contact may write; then one transaction decrypts and stores. Everything before that
 * transaction trusts nothing.
 */
#include "client/lib/conversation.h"

#include "client/lib/calls.h"
#include "client/lib/change.h"
#include "client/lib/group.h"
#include "client/lib/loss.h"
#include "client/lib/parts.h"
#include "client/lib/receipts.h"
#include "client/lib/session.h"
#include "client/lib/store.h"
#include "client/lib/timer.h"
#include "client/lib/transfer.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

struct arrival {
	struct inside in;
	int64_t sealing, turn;	       /* our key that opened it; turn 0: a bundle's */
	const struct own_mailbox *box; /* as it was read; whose it is now: below */
	int64_t home;
	int64_t key_contact, box_contact; /* the only one who may use key and mailbox; 0: anybody */
	uint8_t base[BASE_BYTES];	  /* of the key's session, when there is one already */
	bool reused;			  /* a second set-up under a one-time bundle */
	bool unopened;			  /* it was for us, from that mailbox's contact */
	int64_t over;			  /* the request that has no room for it, or 0 */
	uint64_t number;		  /* of its text */
	bool is_signal;			  /* it came live only, and nobody paid for it */
	bool is_push;			  /* what it follows may still be in the mailbox */
};

/* Tries every living key that fits, newest first. RECEIVE_JUNK: none opens it. */
static int open_packet(struct arrival *out, struct profile *p, const struct own_mailbox *mailbox,
		const uint8_t packet[static BLOB_BYTES])
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	CLEANUP(key_wipe) struct key secret = { { 0 } };
	uint8_t hash[HASH_BYTES];
	const struct opener opener = { secret.b, hash, mailbox->deposit_hash };
	int step,
			rc = q_open(&s, p->db,
					"SELECT id, key_hash, secret, turn, coalesce(contact, 0), "
					"base FROM sealing "
					"ORDER BY contact IS ? DESC, id DESC",
					"i", out->box_contact);

	if (rc)
		return rc;
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		if (!q_column(hash, sizeof hash, s, 1) ||
				!q_column(secret.b, sizeof secret.b, s, 2))
			return E_IO;
		if (packet_fits(packet, hash) && packet_open(&out->in, packet, &opener) == 0) {
			out->sealing = sqlite3_column_int64(s, 0);
			out->turn = sqlite3_column_int64(s, 3);
			out->key_contact = sqlite3_column_int64(s, 4);
			out->reused = false;
			if (!q_column(out->base, sizeof out->base, s, 5))
				memset(out->base, 0, sizeof out->base);
			return 0;
		}
	}
	return step == SQLITE_DONE ? RECEIVE_JUNK : E_IO;
}

/* A set-up comes under a bundle's key, a message under a turn's. Unknown types have no place. */
static bool is_in_place(const struct arrival *a)
{
	return a->in.turn > 0 &&
			(a->turn == 0 ? a->in.type == PACKET_SETUP : a->in.type == PACKET_MESSAGE);
}

/* May this sender write, there and under that key? Makes a request of a stranger. */
static int admit(struct contact *out, struct profile *p, const struct arrival *a)
{
	bool for_anybody = a->key_contact == 0 && a->box_contact == 0;
	int rc = contact_by_identity(out, p, a->in.sender);

	if (rc == CONTACT_NONE && (a->in.type != PACKET_SETUP || !for_anybody || a->is_signal))
		return RECEIVE_JUNK;
	if (rc == CONTACT_NONE) {
		rc = contact_request(out, p, a->in.sender, a->home);
		return rc == CONTACT_NONE ? RECEIVE_HELD : rc;
	}
	if (rc)
		return rc;
	if ((a->key_contact && a->key_contact != out->id) ||
			(a->box_contact && a->box_contact != out->id))
		return RECEIVE_JUNK;
	if (a->is_signal && out->state != CONTACT_ACCEPTED)
		return RECEIVE_JUNK;
	return out->state == CONTACT_BLOCKED ? RECEIVE_JUNK : 0;
}

/* A later address wins by message number, among equal ones by arrival; and the first set-up of a
 * session we did not know always counts. */
static int learn_contact(struct profile *p, const struct contact *c, const struct content *m,
		const struct peer_turn *turn)
{
	uint8_t address[ONION_KEY_BYTES + KEY_BYTES], link[LINK_BYTES];
	int64_t known;
	int rc = q_number(&known, p->db, "SELECT 1 FROM peer_turn WHERE base = ?", "b", turn->base,
			(size_t)BASE_BYTES);

	if (rc < 0)
		return rc;
	memcpy(address, m->address.onion, ONION_KEY_BYTES);
	memcpy(address + ONION_KEY_BYTES, m->address.deposit.b, KEY_BYTES);
	link_pack(link, &m->link);
	return q_run(p->db,
			"UPDATE contact SET link = CASE WHEN link IS NULL OR ?2 OR ?3 >= "
			"address_number THEN ?1 ELSE link END, "
			"address = CASE WHEN ?2 OR ?3 >= address_number THEN ?4 ELSE address END, "
			"address_number = CASE WHEN ?2 THEN ?3 ELSE max(?3, address_number) END "
			"WHERE id = ?5",
			"biibi", link, sizeof link, (int64_t)(rc == STORE_NONE), (int64_t)m->number,
			address, sizeof address, c->id);
}

/* Another envelope put around the session's message, or a link to somebody else? */
static bool is_genuine(const struct content *m, const struct inside *in)
{
	uint8_t hash[HASH_BYTES];

	link_identity_hash(hash, in->sender);
	return sodium_memcmp(m->guard, in->guard, sizeof m->guard) == 0 &&
			sodium_memcmp(hash, m->link.identity_hash, sizeof hash) == 0;
}

/* What a stranger may lay up here. More of it comes once the request is accepted: see loss.h. */
static int is_over(struct profile *p, const struct contact *c, const struct content *m)
{
	int64_t n = 0;
	int rc;

	if (c->state != CONTACT_REQUEST || !content_is_numbered(m->type))
		return 0;
	rc = q_number(&n, p->db, "SELECT count(*) FROM message WHERE contact = ?", "i", c->id);
	return rc ? E_IO : n >= REQUEST_TEXTS_MOST;
}

struct arrived { /* whose, and in which envelope */
	int64_t contact;
	const uint8_t *envelope;
	const struct content *content;
	bool is_accepted;
};

/* Texts and files disappear when the contact's timer says so. */
static int store(int64_t *out_message, struct profile *p, const struct arrived *a, const char *text)
{
	const struct content *m = a->content;
	int rc = q_number(out_message, p->db,
			"INSERT INTO message (contact, out, number, part, parts, at_s, envelope, "
			"text, type, text_id, lives_s) VALUES (?1, 0, ?, ?, ?4, ?, ?, ?, ?8, "
			"iif(?4 > 1, ?, NULL), " TIMER_OF("?1", "?8") ") RETURNING id",
			"iiiiibtib", a->contact, (int64_t)m->number, (int64_t)m->part,
			(int64_t)m->parts, profile_now(p), a->envelope, (size_t)16, text,
			(int64_t)m->type, m->text_id, sizeof m->text_id);

	return rc ? E_IO : 0;
}

static int keep_text(struct profile *p, const struct arrived *a)
{
	const struct content *m = a->content;
	const bool is_part = m->parts > 1;
	int64_t message;
	int rc = store(&message, p, a, is_part ? "" : m->text);

	rc = rc || !is_part ? rc : parts_came(p, message, m->text);
	return rc ? rc : change_late(p, a->contact, (int64_t)m->number);
}

static int keep_file(struct profile *p, const struct arrived *a)
{
	CLEANUP(file_wipe) struct file file = { .size = 0 };
	int64_t message;
	int rc;

	if (file_read(&file, a->content->text, a->content->text_len))
		return 0; /* its number counts all the same */
	rc = store(&message, p, a, file.name);
	rc = rc ? rc
		: transfer_announced(p,
				  &(struct announced){ a->contact, 0, message, a->content->text,
						  a->content->text_len });
	return rc ? rc : change_late(p, a->contact, (int64_t)a->content->number);
}

static int keep_group(struct profile *p, const struct arrived *a)
{
	struct group_said said;
	bool is_part;
	int64_t message;
	int rc = group_heard(&said, p, a->contact, a->content);

	if (rc || !said.group)
		return rc;
	is_part = said.type == CONTENT_GROUP && a->content->parts > 1;
	rc = store(&message, p, a, is_part ? "" : said.text);
	rc = rc ? rc : group_kept(p, message, &said);
	rc = rc || !is_part ? rc : parts_came(p, message, said.text);
	if (rc == 0 && said.type == CONTENT_FILE)
		rc = transfer_announced(p,
				&(struct announced){ a->contact, said.group, message, said.file,
						said.file_len });
	return rc || said.type == CONTENT_SIGN
			? rc
			: change_late(p, a->contact, (int64_t)a->content->number);
}

/* Of no text: it is not shown, but known if it comes again. */
static int keep_change(struct profile *p, const struct arrived *a)
{
	int64_t message;
	int rc = store(&message, p, a, "");

	rc = rc ? rc : parts_check(p, message);
	rc = rc ? rc : change_heard(p, message, a->content);
	return rc == PARTS_ODD ? 0 : rc;
}

static int keep_timer(struct profile *p, const struct arrived *a)
{
	int64_t message;
	int rc = store(&message, p, a, "");

	return rc ? rc : timer_heard(p, a->contact, message, a->content);
}

static int keep_content(struct profile *p, const struct arrived *a)
{
	switch (a->content->type) {
	case CONTENT_TEXT:
		return keep_text(p, a);
	case CONTENT_CHANGE:
		return keep_change(p, a);
	case CONTENT_TIMER:
		return keep_timer(p, a);
	case CONTENT_CALL: /* nobody else makes it ring */
		return a->is_accepted ? calls_heard(p, a->contact, a->content) : 0;
	case CONTENT_FILE:
		return keep_file(p, a);
	case CONTENT_GROUP:
		return keep_group(p, a);
	}
	return 0;
}

static int wait_for_its_turn(struct profile *p, const struct contact *c, const struct arrival *a,
		const struct content *m)
{
	bool is_early = false;
	int rc = a->is_push ? loss_is_early(&is_early, p, c->id, m) : 0;

	return rc ? rc : is_early ? RECEIVE_EARLY : 0;
}

static int keep(struct profile *p, const struct contact *c, struct arrival *a,
		const struct plaintext *plain)
{
	const struct inside *in = &a->in;
	struct content m;
	const struct peer_turn turn = { c->id, plain->base, in->turn, in->next_key };
	int rc = content_read(&m, plain->bytes, plain->len);

	if (rc || !is_genuine(&m, in) || (a->is_signal && m.type != CONTENT_CALL))
		return RECEIVE_JUNK;
	rc = is_over(p, c, &m);
	if (rc) {
		a->over = c->id;
		a->number = m.number;
		return rc > 0 ? RECEIVE_JUNK : rc;
	}
	rc = wait_for_its_turn(p, c, a, &m);
	rc = rc ? rc : learn_contact(p, c, &m, &turn);
	rc = rc ? rc
		: q_run(p->db, "UPDATE contact SET identity = ? WHERE id = ?", "bi", in->sender,
				  sizeof in->sender, c->id);
	rc = rc ? rc : turns_learn(p, &turn);
	rc = rc ? rc : loss_heard(p, c->id, &m);
	rc = rc ? rc : receipts_heard(p, c->id, &m);
	rc = rc ? rc
		: keep_content(p,
				  &(struct arrived){ c->id, in->envelope_id, &m,
						  c->state == CONTACT_ACCEPTED });
	sodium_memzero(&m, sizeof m);
	return rc;
}

/* An honest server hands a one-time bundle out once, so its key starts one session. */
static bool is_reuse(struct profile *p, const struct arrival *a)
{
	uint8_t base[BASE_BYTES];

	return a->turn == 0 && a->key_contact && session_setup_base(base, p, &a->in) == 0 &&
			memcmp(base, a->base, sizeof base) != 0;
}

static int take(struct profile *p, struct arrival *a)
{
	const struct inside *in = &a->in;
	struct contact c;
	struct plaintext plain;
	int64_t seen;
	int rc = q_number(&seen, p->db,
			"SELECT 1 FROM envelope WHERE id = ?1 UNION ALL "
			"SELECT 1 FROM message WHERE envelope = ?1",
			"b", in->envelope_id, sizeof in->envelope_id);

	if (rc != STORE_NONE)
		return rc ? rc : RECEIVE_DUPLICATE;
	a->reused = is_in_place(a) && is_reuse(p, a);
	if (a->reused || !is_in_place(a))
		return RECEIVE_JUNK;
	rc = admit(&c, p, a);
	if (rc)
		return rc;
	rc = session_decrypt(p, in, &plain);
	a->unopened = rc > 0 && a->box_contact;
	if (rc)
		return rc > 0 ? RECEIVE_JUNK : rc;
	rc = keep(p, &c, a, &plain);
	if (rc == 0 && in->type == PACKET_SETUP) {
		rc = turns_started(p, a->sealing, c.id, plain.base);
		rc = rc ? rc : session_prune(p, c.id, in->sender);
	}
	sodium_memzero(&plain, sizeof plain);
	rc = rc ? rc
		: q_run(p->db, "INSERT INTO envelope VALUES (?, ?)", "bi", in->envelope_id,
				  sizeof in->envelope_id, a->sealing);
	rc = rc ? rc : mailbox_heard(p, a->box);
	return rc ? rc : turns_opened(p, a->sealing);
}

/* Fetching shows the oldest only: what is held must not fill the view, or nobody else is heard. */
static int has_room(bool *out, struct profile *p, const struct inside *in)
{
	int64_t n;
	int rc = q_number(&n, p->db,
			"SELECT count(*) FROM held WHERE id <> ? AND since_s > ? AND NOT EXISTS "
			"(SELECT 1 FROM envelope e WHERE e.id = held.id)",
			"bi", in->envelope_id, sizeof in->envelope_id,
			profile_now(p) - RECEIVE_HELD_S);

	*out = n < RECEIVE_HELD_MOST;
	return rc ? E_IO : 0;
}

/* A day is what a request may wait for room. The row stays, should the acknowledgement be lost. */
static int hold(struct profile *p, const struct inside *in)
{
	int64_t since;
	bool room = false;
	int rc = has_room(&room, p, in);

	if (rc || !room)
		return rc ? rc : RECEIVE_JUNK;
	rc = q_number(&since, p->db,
			"INSERT INTO held VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET since_s = "
			"since_s "
			"RETURNING since_s",
			"bi", in->envelope_id, sizeof in->envelope_id, profile_now(p));

	if (rc)
		return E_IO;
	return since + RECEIVE_HELD_S <= profile_now(p) ? RECEIVE_JUNK : RECEIVE_HELD;
}

/* What is noted of a packet that was refused. */
static int note(struct profile *p, const struct arrival *a)
{
	int rc = 0;

	if (a->reused)
		rc = q_run(p->db,
				"INSERT INTO meta VALUES ('bundles reused', 1) ON CONFLICT (name) "
				"DO UPDATE SET value = value + 1",
				"");
	if (rc == 0 && a->over)
		rc = loss_refused(p, a->over, a->number);
	return rc || !a->unopened || a->is_signal ? rc : loss_unopened(p, a->box_contact);
}

/* A spare one may have become a contact's since it was read: a session has it for long. By then its
 * id may also be another one's. */
static int whose(int64_t *contact, struct profile *p, const struct own_mailbox *mailbox)
{
	int rc = q_number(contact, p->db,
			"SELECT contact FROM mailbox WHERE id = ? AND deposit = ? AND contact NOT "
			"NULL",
			"ib", mailbox->id, mailbox->deposit.b, sizeof mailbox->deposit.b);

	return rc == STORE_NONE ? 0 : rc;
}

static int receive(struct profile *p, const struct own_mailbox *mailbox,
		const uint8_t packet[static BLOB_BYTES], struct arrival *a)
{
	int rc;

	a->box = mailbox;
	a->home = mailbox->home;
	a->box_contact = mailbox->contact;
	rc = whose(&a->box_contact, p, mailbox);
	rc = rc ? rc : open_packet(a, p, mailbox, packet);
	if (rc == RECEIVE_JUNK && a->box_contact) {
		a->unopened = true;
		rc = note(p, a);
		return rc ? rc : RECEIVE_JUNK;
	}
	if (rc)
		return rc;
	rc = q_begin(p->db);
	if (rc)
		return rc;
	rc = take(p, a);
	/* Only a whole success is kept: what was refused half-way leaves no trace but this. */
	if (rc > 0) {
		int ended = q_run(p->db, "ROLLBACK", "");

		ended = ended ? ended : note(p, a);
		return ended ? ended : rc == RECEIVE_HELD ? hold(p, &a->in) : rc;
	}
	return q_end(p->db, rc);
}

int conversation_receive(struct profile *p, const struct own_mailbox *mailbox,
		const uint8_t packet[static BLOB_BYTES])
{
	return receive(p, mailbox, packet, &(struct arrival){ .is_push = false });
}

int conversation_receive_push(struct profile *p, const struct own_mailbox *mailbox,
		const uint8_t packet[static BLOB_BYTES])
{
	return receive(p, mailbox, packet, &(struct arrival){ .is_push = true });
}

int conversation_receive_signal(struct profile *p, const struct own_mailbox *mailbox,
		const uint8_t packet[static BLOB_BYTES])
{
	return receive(p, mailbox, packet, &(struct arrival){ .is_signal = true });
}
