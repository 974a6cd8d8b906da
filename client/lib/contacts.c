/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Rows of contact and mailbox. */
#include "client/lib/contacts.h"

#include "client/lib/store.h"
#include "libshared/error.h"
#include "libshared/owner.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS \
	"SELECT id, name, state, identity, link, address, renew, bundle_s FROM contact WHERE "

static int read_contact(struct contact *out, sqlite3_stmt *s)
{
	uint8_t link[LINK_BYTES], address[ONION_KEY_BYTES + KEY_BYTES];
	int rc = sqlite3_step(s);

	if (rc == SQLITE_DONE)
		return CONTACT_NONE;
	if (rc != SQLITE_ROW)
		return E_IO;
	*out = (struct contact){ .id = sqlite3_column_int64(s, 0),
		.state = (enum contact_state)sqlite3_column_int(s, 2) };
	snprintf(out->name, sizeof out->name, "%s", (const char *)sqlite3_column_text(s, 1));
	out->has_identity = q_column(out->identity, sizeof out->identity, s, 3);
	out->has_link = q_column(link, sizeof link, s, 4) && link_unpack(&out->link, link) == 0;
	out->renew = sqlite3_column_int(s, 6) != 0;
	out->bundle_s = sqlite3_column_int64(s, 7);
	out->has_address = q_column(address, sizeof address, s, 5);
	if (out->has_address) {
		memcpy(out->address.onion, address, ONION_KEY_BYTES);
		memcpy(out->address.deposit.b, address + ONION_KEY_BYTES, KEY_BYTES);
	}
	return 0;
}

int contact_by_name(struct contact *out, struct profile *p, const char *name)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, COLUMNS "name = ?", "t", name);

	return rc ? rc : read_contact(out, s);
}

int contact_by_id(struct contact *out, struct profile *p, int64_t id)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, COLUMNS "id = ?", "i", id);

	return rc ? rc : read_contact(out, s);
}

int contact_by_identity(struct contact *out, struct profile *p, const uint8_t identity[static 32])
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	uint8_t hash[HASH_BYTES];
	int rc;

	link_identity_hash(hash, identity);
	rc = q_open(&s, p->db, COLUMNS "identity_hash = ?", "b", hash, sizeof hash);
	return rc ? rc : read_contact(out, s);
}

int contact_add(struct profile *p, const char *name, const struct contact_link *link)
{
	uint8_t bytes[LINK_BYTES];
	int64_t n;
	int rc;

	if (!*name || strlen(name) > CONTACT_NAME_MOST)
		return E_CONFIG;
	link_pack(bytes, link);
	/* A request of that person becomes the contact, under the new name. */
	rc = q_number(&n, p->db,
			"UPDATE OR IGNORE contact SET name = ?, state = 1, link = ? WHERE "
			"identity_hash = ? AND "
			"state = 0 RETURNING id",
			"tbb", name, bytes, sizeof bytes, link->identity_hash, (size_t)HASH_BYTES);
	if (rc <= 0)
		return rc;
	rc = q_number(&n, p->db,
			"INSERT INTO contact (name, state, identity_hash, link) VALUES (?, 1, ?, "
			"?) "
			"ON CONFLICT DO NOTHING RETURNING id",
			"tbb", name, link->identity_hash, (size_t)HASH_BYTES, bytes, sizeof bytes);
	return rc == STORE_NONE ? CONTACT_EXISTS : rc;
}

static int set_state(struct profile *p, const char *name, enum contact_state state)
{
	int64_t id;
	int rc = q_number(&id, p->db, "UPDATE contact SET state = ? WHERE name = ? RETURNING id",
			"it", (int64_t)state, name);

	return rc == STORE_NONE ? CONTACT_NONE : rc;
}

int contact_accept(struct profile *p, const char *request, const char *name)
{
	struct contact c;
	int64_t id;
	int rc = contact_by_name(&c, p, request);

	if (rc)
		return rc;
	if (!*name || strlen(name) > CONTACT_NAME_MOST)
		return E_CONFIG;
	rc = q_number(&id, p->db,
			"UPDATE OR IGNORE contact SET state = 1, name = ? WHERE id = ? RETURNING "
			"id",
			"ti", name, c.id);
	return rc == STORE_NONE ? CONTACT_EXISTS : rc;
}

int contact_block(struct profile *p, const char *name)
{
	return set_state(p, name, CONTACT_BLOCKED);
}

int contact_request(struct contact *out, struct profile *p, const uint8_t identity[static 32])
{
	uint8_t hash[HASH_BYTES];
	char name[CONTACT_NAME_MOST + 1] = "request-";
	int64_t n;
	int rc = q_number(&n, p->db, "SELECT count(*) FROM contact WHERE state = 0", "");

	if (rc)
		return E_IO;
	if (n >= REQUESTS_MOST)
		return CONTACT_NONE;
	link_identity_hash(hash, identity);
	/* So much of the hash that nobody can make two of one name. */
	sodium_bin2hex(name + strlen(name), 2 * 16 + 1, hash, 16);
	rc = q_run(p->db,
			"INSERT INTO contact (name, state, identity_hash, identity) VALUES (?, 0, "
			"?, ?)",
			"tbb", name, hash, sizeof hash, identity, (size_t)32);
	return rc ? rc : contact_by_identity(out, p, identity);
}

/* --- mailboxes ---------------------------------------------------------- */

#define BOX_COLUMNS                                                                         \
	"SELECT id, coalesce(contact, 0), kind, made, owner_secret, deposit, request FROM " \
	"mailbox WHERE "

static int read_mailbox(struct own_mailbox *out, sqlite3_stmt *s)
{
	CLEANUP(key_wipe) struct key secret = { { 0 } };
	int rc = sqlite3_step(s);

	if (rc == SQLITE_DONE)
		return CONTACT_NONE;
	if (rc != SQLITE_ROW)
		return E_IO;
	*out = (struct own_mailbox){
		.id = sqlite3_column_int64(s, 0),
		.contact = sqlite3_column_int64(s, 1),
		.inbox = sqlite3_column_int(s, 2) == 0,
		.made = sqlite3_column_int(s, 3) != 0,
	};
	if (!q_column(secret.b, sizeof secret.b, s, 4) ||
			!q_column(out->deposit.b, KEY_BYTES, s, 5) ||
			!q_column(out->request, sizeof out->request, s, 6) ||
			key_pair_from_secret(&out->owner, &secret))
		return E_IO;
	owner_mailbox_id(out->mailbox, &out->owner.pub);
	hash256(out->deposit_hash, out->deposit.b, sizeof out->deposit.b);
	return 0;
}

static int find_mailbox(struct own_mailbox *out, struct profile *p, int64_t contact)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, BOX_COLUMNS "coalesce(contact, 0) = ? ORDER BY id DESC LIMIT 1",
			"i", contact);

	return rc ? rc : read_mailbox(out, s);
}

int mailbox_for(struct own_mailbox *out, struct profile *p, int64_t contact)
{
	CLEANUP(key_wipe) struct key owner = { { 0 } };
	CLEANUP(key_wipe) struct key deposit = { { 0 } };
	uint8_t request[16];
	int rc = find_mailbox(out, p, contact);

	if (rc != CONTACT_NONE)
		return rc;
	key_random(&owner);
	key_random(&deposit);
	randombytes_buf(request, sizeof request);
	rc = q_run(p->db,
			"INSERT INTO mailbox (kind, contact, owner_secret, deposit, request) "
			"VALUES (?, nullif(?, 0), ?, ?, ?)",
			"iibbb", (int64_t)(contact ? 1 : 0), contact, owner.b, sizeof owner.b,
			deposit.b, sizeof deposit.b, request, sizeof request);
	return rc ? rc : find_mailbox(out, p, contact);
}

int mailbox_made(struct profile *p, int64_t id)
{
	return q_run(p->db, "UPDATE mailbox SET made = 1 WHERE id = ?", "i", id);
}

int mailbox_seen_empty(struct profile *p, int64_t id)
{
	return q_run(p->db, "UPDATE mailbox SET empty_s = ? WHERE id = ?", "ii", profile_now(p),
			id);
}

int mailbox_next(struct own_mailbox *out, struct profile *p, int64_t after)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, BOX_COLUMNS "id > ? AND made ORDER BY id LIMIT 1", "i", after);

	return rc ? rc : read_mailbox(out, s);
}
