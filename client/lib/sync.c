/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a person's client does over the network, one request after the other, each on its purpose's
 * circuit. */
#include "client/lib/sync.h"

#include "client/lib/spread.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { KEEP_DAYS = 21 };

#define ANSWER __attribute__((cleanup(answer_clear_ref))) struct answer

int sync_verdict(int rc, const struct answer *a)
{
	if (rc)
		return rc;
	if (a->status >= 200 && a->status < 300)
		return 0;
	return a->status >= 500 || a->status == 429 ? E_NET : SYNC_REFUSED;
}

/* --- mailboxes ---------------------------------------------------------- */

static void mailbox_path(char out[static 128], const struct own_mailbox *m, const char *end)
{
	char id[BASE64URL_ROOM(MAILBOX_ID_BYTES)];

	base64url_write(id, m->mailbox, sizeof m->mailbox);
	snprintf(out, 128, "/v1/mailboxes/%s%s", id, end);
}

struct circuit sync_circuit(const struct own_mailbox *m)
{
	if (m->group.place)
		return (struct circuit){ "read group", &m->group, sizeof m->group, false };
	return (struct circuit){ "read", m->mailbox, sizeof m->mailbox, false };
}

static struct ask mailbox_ask(const struct own_mailbox *m, const char *method, const char *path)
{
	return (struct ask){
		.circuit = sync_circuit(m),
		.onion = m->onion,
		.port = PORT_BLOBD,
		.method = method,
		.path = path,
		.owner = &m->owner,
	};
}

static int mailbox_body(uint8_t out[static JSON_BYTES], const struct own_mailbox *m)
{
	char hash[BASE64URL_ROOM(HASH_BYTES)];
	int n;

	base64url_write(hash, m->deposit_hash, sizeof m->deposit_hash);
	memset(out, ' ', JSON_BYTES);
	n = snprintf((char *)out, JSON_BYTES,
			"{\"deposit\": \"%s\", \"keep_days\": %d, \"inbox\": %s}", hash, KEEP_DAYS,
			m->inbox ? "true" : "false");
	out[n] = ' ';
	return 0;
}

int sync_make_mailbox(struct net *net, struct profile *p, const struct own_mailbox *m)
{
	ANSWER answer = { 0 };
	const struct payment payment = { TOKEN_MAILBOX, m->mailbox, sizeof m->mailbox, false };
	uint8_t body[JSON_BYTES];
	char path[128];
	struct ask ask;
	int rc;

	mailbox_path(path, m, "");
	ask = mailbox_ask(m, "PUT", path);
	ask.body = body;
	ask.body_len = sizeof body;
	rc = mailbox_body(body, m);
	rc = rc ? rc : tokens_ask(net, p, &ask, &payment, &answer);
	rc = sync_verdict(rc, &answer);
	rc = rc ? rc : mailbox_made(p, m);
	return rc ? rc : tokens_spent(p, &ask, &payment);
}

int sync_end_mailbox(struct net *net, const struct own_mailbox *m)
{
	ANSWER answer = { 0 };
	char path[128];
	struct ask ask;

	mailbox_path(path, m, "");
	ask = mailbox_ask(m, "DELETE", path);
	return sync_verdict(net_ask(net, &ask, &answer), &answer);
}

int sync_mailbox(struct net *net, struct profile *p, int64_t contact)
{
	CLEANUP(mailbox_wipe) struct own_mailbox m;
	int rc = q_begin(p->db);

	rc = rc ? rc : q_end(p->db, mailbox_for(&m, p, contact));
	if (rc || m.made)
		return rc == CONTACT_NONE ? SYNC_NO_CONTACT : rc;
	rc = sync_make_mailbox(net, p, &m);
	net->n_prepared += rc == 0;
	return rc;
}

/* --- sending ------------------------------------------------------------ */

/* Paid when it is to an inbox, which only its server knows. */
static int deposit(struct net *net, struct profile *p, const struct parcel *parcel)
{
	ANSWER answer = { 0 };
	const struct payment payment = { TOKEN_INBOX, parcel->key, sizeof parcel->key, true };
	const struct ask ask = {
		.circuit = { "write", &parcel->address, sizeof parcel->address, true },
		.onion = parcel->address.onion,
		.port = PORT_BLOBD,
		.method = "POST",
		.path = "/v1/blobs",
		.body = parcel->packet,
		.body_len = BLOB_BYTES,
		.deposit = &parcel->address.deposit,
		.key = parcel->key,
	};
	int rc = tokens_ask(net, p, &ask, &payment, &answer);

	if (rc == 0 && (answer.status == 507 || answer.status == 404))
		return answer.status == 507 ? SYNC_FULL : SYNC_GONE;
	rc = sync_verdict(rc, &answer);
	rc = rc ? rc : outbox_done(p, parcel);
	return rc ? rc : tokens_spent(p, &ask, &payment);
}

/* What this taking of a bundle is called until the bundle has come: its token is bound to the name,
 * so a lost reply costs no second one. */
static int taking_name(struct profile *p, int64_t contact, uint8_t out[static 16])
{
	const struct q_blob into = { out, 16 };
	uint8_t fresh[16];
	int rc;

	randombytes_buf(fresh, sizeof fresh);
	rc = q_blob(&into, p->db,
			"UPDATE contact SET taking = coalesce(taking, ?) WHERE id = ? "
			"RETURNING taking",
			"bi", fresh, sizeof fresh, contact);
	return rc == STORE_NONE ? SYNC_NO_CONTACT : rc;
}

static int begin(struct net *net, struct profile *p, const struct contact *c)
{
	ANSWER answer = { 0 };
	char uuid[UUID_TEXT + 1], path[96];
	uint8_t name[16];
	const struct payment payment = { TOKEN_PREKEY, name, sizeof name, false };
	const struct ask ask = {
		.circuit = { "take", c->link.uuid, sizeof c->link.uuid, true },
		.onion = c->link.onion,
		.port = PORT_PREKEYD,
		.method = "POST",
		.path = path,
	};
	int rc = net_serves(net, c->link.onion) ? taking_name(p, c->id, name) : E_NET, spent;

	uuid_write(uuid, c->link.uuid);
	snprintf(path, sizeof path, "/v1/accounts/%s/bundle", uuid);
	rc = sync_verdict(rc ? rc : tokens_ask(net, p, &ask, &payment, &answer), &answer);
	if (rc)
		return rc == SYNC_REFUSED ? SYNC_NO_BUNDLE : rc;
	if (answer.len != BUNDLE_BYTES)
		return SYNC_NO_BUNDLE;
	rc = conversation_begin(p, c, answer.body);
	if (rc < 0)
		return rc;
	/* Of a bad bundle too, or the same one would come again for ever. */
	spent = tokens_spent(p, &ask, &payment);
	return spent ? spent : rc ? SYNC_NO_BUNDLE : 0;
}

/* The next parcel for that contact, or a signal. */
static int seal_parcel(struct parcel *out, struct profile *p, int64_t contact,
		const struct outgoing *signal)
{
	return signal ? outbox_signal(out, p, signal) : outbox_next(out, p, contact);
}

/* The same, with all that it takes. SYNC_NO_CONTACT: who has ended meanwhile gets none. */
static int make_parcel(struct parcel *out, struct net *net, struct profile *p,
		const struct outgoing *signal)
{
	const int64_t contact = signal ? signal->contact : out->contact;
	struct contact c;
	int rc = seal_parcel(out, p, contact, signal);

	if (rc == OUTBOX_NEEDS_MAILBOX) {
		rc = sync_mailbox(net, p, contact);
		rc = rc ? rc : seal_parcel(out, p, contact, signal);
	}
	if (rc != OUTBOX_NEEDS_BUNDLE)
		return rc;
	rc = contact_by_id(&c, p, contact);
	rc = rc == CONTACT_NONE ? SYNC_NO_CONTACT : rc;
	rc = rc ? rc : begin(net, p, &c);
	if (rc == SYNC_NO_BUNDLE)
		rc = outbox_without_bundle(p, contact);
	rc = rc ? rc : seal_parcel(out, p, contact, signal);
	net->n_prepared += rc == 0;
	return rc == OUTBOX_NEEDS_BUNDLE ? SYNC_NO_BUNDLE : rc;
}

static int next_parcel(struct parcel *out, struct net *net, struct profile *p, int64_t contact)
{
	int rc;

	out->contact = contact;
	rc = make_parcel(out, net, p, NULL);
	return rc == SYNC_NO_CONTACT ? OUTBOX_EMPTY : rc;
}

int sync_signal(struct parcel *out, struct net *net, struct profile *p, const struct outgoing *o)
{
	int rc = make_parcel(out, net, p, o);

	return rc == OUTBOX_EMPTY ? SYNC_NO_CONTACT : rc;
}

int sync_post(struct net *net, const struct parcel *parcel)
{
	ANSWER answer = { 0 };
	const struct ask ask = {
		.circuit = { "write", &parcel->address, sizeof parcel->address, true },
		.onion = parcel->address.onion,
		.port = PORT_BRIDGED,
		.method = "POST",
		.path = "/v1/signals",
		.body = parcel->packet,
		.body_len = BLOB_BYTES,
		.deposit = &parcel->address.deposit,
	};

	return sync_verdict(net_ask(net, &ask, &answer), &answer);
}

static int flush_contact(struct net *net, struct profile *p, int64_t contact, unsigned *out_sent)
{
	struct parcel parcel;
	bool moved = false;
	int rc;

	while ((rc = next_parcel(&parcel, net, p, contact)) == 0) {
		rc = deposit(net, p, &parcel);
		if (rc == SYNC_GONE && !moved) {
			moved = true;
			rc = outbox_moved(p, &parcel);
			if (rc == 0)
				continue;
		}
		if (rc)
			break;
		++*out_sent;
	}
	return rc;
}

int sync_flush(struct net *net, struct profile *p, unsigned *out_sent)
{
	int64_t contact = 0;
	int rc, result = 0;

	*out_sent = 0;
	while ((rc = outbox_contact(&contact, p, contact)) == 0) {
		rc = flush_contact(net, p, contact, out_sent);
		if (rc != OUTBOX_EMPTY)
			result = rc; /* the others may fare better */
	}
	return rc == OUTBOX_EMPTY ? result : rc;
}

int sync_flush_contact(struct net *net, struct profile *p, int64_t contact)
{
	unsigned sent = 0;
	int rc = flush_contact(net, p, contact, &sent);

	return rc == OUTBOX_EMPTY ? 0 : rc;
}

int sync_of_send(int rc)
{
	return rc == SEND_TOO_LONG		? SYNC_LONG_TEXT
			: rc == SEND_NO_CONTACT ? SYNC_NO_CONTACT
			: rc > 0		? SYNC_NOT_TEXT
						: rc;
}

int sync_send(struct net *net, struct profile *p, const char *name, const char *text)
{
	struct contact c;
	int rc = contact_by_name(&c, p, name);

	if (rc)
		return rc > 0 ? SYNC_NO_CONTACT : rc;
	if (c.state != CONTACT_ACCEPTED)
		return SYNC_NO_CONTACT;
	rc = sync_of_send(conversation_send(p, &c, text));
	return rc ? rc : sync_flush_contact(net, p, c.id);
}

/* --- fetching ----------------------------------------------------------- */

static int acknowledge(struct net *net, const struct own_mailbox *m, const uint8_t *ids)
{
	ANSWER answer = { 0 };
	char path[128];
	struct ask ask;

	mailbox_path(path, m, "/acks");
	ask = mailbox_ask(m, "POST", path);
	ask.body = ids;
	ask.body_len = ACKS_BYTES;
	return sync_verdict(net_ask(net, &ask, &answer), &answer);
}

/* Takes 8 slots; *out_n_acks says how many were there and are to be forgotten. */
static int take_slots(struct profile *p, const struct own_mailbox *m, const uint8_t *slots,
		uint8_t acks[static ACKS_BYTES], unsigned *out_new)
{
	int n_acks = 0;

	for (int i = 0; i < FETCH_SLOTS; i++) {
		const uint8_t *id = slots + i * (BLOB_ID_BYTES + BLOB_BYTES);
		int rc;

		if (sodium_is_zero(id, BLOB_ID_BYTES))
			continue;
		rc = conversation_receive(p, m, id + BLOB_ID_BYTES);
		if (rc < 0)
			return rc;
		if (rc == RECEIVE_HELD)
			continue;
		if (rc == RECEIVE_NEW)
			++*out_new;
		memcpy(acks + n_acks++ * BLOB_ID_BYTES, id, BLOB_ID_BYTES);
	}
	return n_acks;
}

/* The server lost it: its state is that of a backup. What peers know of it becomes true again;
 * where we have left, they hear of another one. */
static int make_again(struct net *net, struct profile *p, const struct own_mailbox *m)
{
	int rc = mailbox_lives(p, m);

	if (rc == CONTACT_NONE) /* somebody has ended it while it was read */
		return 0;
	if (rc == 0)
		rc = m->is_left ? mailbox_ended(p, m) : sync_make_mailbox(net, p, m);
	return rc || m->is_left ? rc : mailbox_fetched(p, m);
}

int sync_fetch_one(
		struct net *net, struct profile *p, const struct own_mailbox *m, unsigned *out_new)
{
	char path[128];
	struct ask ask;

	mailbox_path(path, m, "/blobs");
	ask = mailbox_ask(m, "GET", path);
	for (;;) {
		ANSWER answer = { 0 };
		uint8_t acks[ACKS_BYTES] = { 0 };
		int rc = net_ask(net, &ask, &answer);

		if (rc == 0 && answer.status == 404)
			return make_again(net, p, m);
		rc = sync_verdict(rc, &answer);
		if (rc)
			return rc;
		if (answer.len != FETCH_BYTES)
			return E_PROTO;
		rc = mailbox_fetched(p, m);
		if (rc)
			return rc;
		if (sodium_is_zero(answer.body, answer.len))
			return mailbox_seen_empty(p, m);
		rc = take_slots(p, m, answer.body, acks, out_new);
		if (rc <= 0)
			return rc; /* nothing but held requests: no use in asking again */
		rc = acknowledge(net, m, acks);
		if (rc)
			return rc;
	}
}

/* After one that answered: where there is no way nothing is seen. */
static int wait_for_next(struct net *net, size_t done, size_t of)
{
	if (net->on_reading)
		net->on_reading(net->on_reading_userdata, (uint32_t)done, (uint32_t)of);
	return net->pause(net, spread_gap_ms(of));
}

int sync_fetch(struct net *net, struct profile *p, enum sync_pace pace, unsigned *out_new)
{
	CLEANUP(scope_free) int64_t *ids = NULL;
	bool answered = false;
	size_t n = 0;
	int rc = spread_mailboxes(&ids, &n, p), result = 0;

	*out_new = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		CLEANUP(mailbox_wipe) struct own_mailbox m;

		if (answered && pace == SYNC_SPREAD && !net->fast)
			rc = wait_for_next(net, i, n);
		rc = rc ? rc : mailbox_next(&m, p, ids[i] - 1);
		if (rc == CONTACT_NONE || (rc == 0 && m.id != ids[i])) {
			rc = 0; /* ended meanwhile */
			continue;
		}
		if (rc)
			break;
		rc = sync_fetch_one(net, p, &m, out_new);
		answered = rc != E_NET;
		if (rc)
			result = rc; /* the others may fare better */
		rc = 0;
	}
	return rc ? rc : result;
}
