/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Rows of contact and mailbox. */
#include "client/lib/contacts.h"

#include "client/lib/content.h"
#include "client/lib/group.h"
#include "client/lib/group_copies.h"
#include "client/lib/store.h"
#include "libshared/error.h"
#include "libshared/owner.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS                                                                                    \
	"SELECT id, name, state, identity, link, address, renew, bundle_s, verified FROM contact " \
	"WHERE "

/* Of the key that messages go to, which before the first one is known by the link's hash only. */
static void identity_hash(uint8_t out[static HASH_BYTES], const struct contact *c)
{
	if (c->has_identity)
		link_identity_hash(out, c->identity);
	else
		memcpy(out, c->link.identity_hash, HASH_BYTES);
}

static enum contact_trust read_trust(const struct contact *c, sqlite3_stmt *s, int column)
{
	uint8_t verified[HASH_BYTES], hash[HASH_BYTES];

	if (sqlite3_column_type(s, column) == SQLITE_NULL)
		return CONTACT_UNVERIFIED;
	identity_hash(hash, c);
	return q_column(verified, sizeof verified, s, column) &&
					sodium_memcmp(verified, hash, sizeof hash) == 0
			? CONTACT_VERIFIED
			: CONTACT_KEY_CHANGED;
}

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
	out->trust = read_trust(out, s, 8);
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

int contact_by_request(struct contact *out, struct profile *p, const char *name)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db,
			COLUMNS "?1 <> '' AND state = 0 AND substr(name, 1, length(?1)) = ?1 AND "
				"(name = ?1 OR 1 = (SELECT count(*) FROM contact WHERE state = 0 "
				"AND substr(name, 1, length(?1)) = ?1)) ORDER BY length(name)",
			"t", name);

	return rc ? rc : read_contact(out, s);
}

int contact_by_id(struct contact *out, struct profile *p, int64_t id)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, COLUMNS "id = ?", "i", id);

	return rc ? rc : read_contact(out, s);
}

int contact_next(struct contact *out, struct profile *p, const char *after)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, COLUMNS "name > ? ORDER BY name LIMIT 1", "t", after);

	return rc ? rc : read_contact(out, s);
}

static int by_hash(struct contact *out, struct profile *p, const uint8_t hash[static HASH_BYTES])
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, COLUMNS "identity_hash = ?", "b", hash, (size_t)HASH_BYTES);

	return rc ? rc : read_contact(out, s);
}

int contact_by_identity(struct contact *out, struct profile *p, const uint8_t identity[static 32])
{
	uint8_t hash[HASH_BYTES];

	link_identity_hash(hash, identity);
	return by_hash(out, p, hash);
}

int contact_by_link(struct contact *out, struct profile *p, const struct contact_link *link)
{
	return by_hash(out, p, link->identity_hash);
}

static bool name_is_good(const char *name)
{
	return *name && strlen(name) <= CONTACT_NAME_MOST && content_is_utf8(name, strlen(name));
}

int contact_add(struct profile *p, const char *name, const struct contact_link *link)
{
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	int rc = home_main(&home, p);

	return rc ? rc : contact_add_at(p, name, link, &home);
}

/* The main one where that one was left meanwhile: there is nobody who has to be told. */
#define LIVES_AT                                                                           \
	"coalesce((SELECT id FROM home WHERE id = ? AND left_s IS NULL), (SELECT id FROM " \
	"home WHERE main)) "

int contact_add_at(struct profile *p, const char *name, const struct contact_link *link,
		const struct home *home)
{
	struct contact_link own;
	uint8_t bytes[LINK_BYTES];
	int64_t n;
	int rc;

	if (!name_is_good(name))
		return CONTACT_BAD_NAME;
	profile_link(p, &own);
	if (memcmp(own.identity_hash, link->identity_hash, HASH_BYTES) == 0)
		return CONTACT_SELF;
	link_pack(bytes, link);
	/* A request of that person becomes the contact, under the new name. */
	rc = q_number(&n, p->db,
			"UPDATE OR IGNORE contact SET name = ?, state = 1, link = ?, "
			"home = " LIVES_AT "WHERE identity_hash = ? AND state = 0 RETURNING id",
			"tbib", name, bytes, sizeof bytes, home->id, link->identity_hash,
			(size_t)HASH_BYTES);
	if (rc <= 0)
		return rc;
	rc = q_number(&n, p->db,
			"INSERT INTO contact (name, state, identity_hash, link, home) VALUES (?, "
			"1, ?, ?, " LIVES_AT ") ON CONFLICT DO NOTHING RETURNING id",
			"tbbi", name, link->identity_hash, (size_t)HASH_BYTES, bytes, sizeof bytes,
			home->id);
	return rc == STORE_NONE ? CONTACT_EXISTS : rc;
}

int contact_accept(struct profile *p, const char *request, const char *name)
{
	struct contact c;
	int64_t id;
	int rc = contact_by_request(&c, p, request);

	if (rc)
		return rc;
	if (!name_is_good(name))
		return CONTACT_BAD_NAME;
	rc = q_number(&id, p->db,
			"UPDATE OR IGNORE contact SET state = 1, name = ? WHERE id = ? RETURNING "
			"id",
			"ti", name, c.id);
	return rc == STORE_NONE ? CONTACT_EXISTS : rc;
}

int contact_block(struct profile *p, const char *name)
{
	struct contact c;
	int rc = contact_by_name(&c, p, name);

	rc = rc == CONTACT_NONE ? contact_by_request(&c, p, name) : rc;
	return rc ? rc : q_run(p->db, "UPDATE contact SET state = 2 WHERE id = ?", "i", c.id);
}

/* Who was accepted once has a mailbox here. */
int contact_unblock(struct profile *p, const char *name)
{
	int64_t id;
	int rc = q_number(&id, p->db,
			"UPDATE contact SET state = EXISTS (SELECT 1 FROM mailbox m WHERE "
			"m.contact = contact.id) WHERE name = ? AND state = 2 RETURNING id",
			"t", name);

	return rc == STORE_NONE ? CONTACT_NONE : rc;
}

int contact_rename(struct profile *p, const char *name, const char *now)
{
	struct contact c;
	int64_t id;
	int rc = contact_by_name(&c, p, name);

	if (rc)
		return rc;
	if (!name_is_good(now))
		return CONTACT_BAD_NAME;
	rc = q_number(&id, p->db, "UPDATE OR IGNORE contact SET name = ? WHERE id = ? RETURNING id",
			"ti", now, c.id);
	return rc == STORE_NONE ? CONTACT_EXISTS : rc;
}

int contact_safety(struct safety *out, struct profile *p, const struct contact *c)
{
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	char own[UUID_TEXT + 1], theirs[UUID_TEXT + 1];
	const struct safety_person we = { p->identity, own }, they = { c->identity, theirs };
	int rc;

	if (!c->has_identity || !c->has_link)
		return CONTACT_NONE;
	rc = home_of(&home, p, c->id); /* the account that they know */
	if (rc)
		return rc;
	uuid_write(own, home.uuid);
	uuid_write(theirs, c->link.uuid);
	safety_number(out, &we, &they);
	return 0;
}

int contact_verify(struct profile *p, const struct contact *c, bool is)
{
	uint8_t hash[HASH_BYTES];

	identity_hash(hash, c);
	return q_run(p->db, "UPDATE contact SET verified = CASE WHEN ? THEN ? END WHERE id = ?",
			"ibi", (int64_t)is, hash, sizeof hash, c->id);
}

int contact_end(struct profile *p, const struct contact *c)
{
	static const char *const theirs[] = {
		"UPDATE mailbox SET kind = 3, contact = NULL WHERE contact = ?",
		"DELETE FROM session WHERE peer = (SELECT identity FROM contact WHERE id = ?)",
		"DELETE FROM peer_turn WHERE contact = ?",
		"DELETE FROM sealing WHERE contact = ?",
		"DELETE FROM missing WHERE contact = ?",
		"DELETE FROM outbox WHERE contact = ?",
		"DELETE FROM file WHERE contact = ?",
		"DELETE FROM message WHERE contact = ?",
		"DELETE FROM call_signal WHERE contact = ?",
		"UPDATE grp SET maker = NULL WHERE maker = ?",
		"DELETE FROM grp_member WHERE contact = ?",
		"DELETE FROM contact WHERE id = ?",
	};
	int rc = q_begin(p->db);

	if (rc)
		return rc;
	rc = group_without(p, c->id);
	rc = rc ? rc : group_copies_lose(p, c->id);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(theirs); i++)
		rc = q_run(p->db, theirs[i], "i", c->id);
	rc = q_end(p->db, rc ? rc : store_overwrote(p->db));
	return rc ? rc : store_forget(p->db);
}

int contact_request(struct contact *out, struct profile *p, const uint8_t identity[static 32],
		int64_t home)
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
			"INSERT INTO contact (name, state, identity_hash, identity, home) VALUES "
			"(?, 0, ?, ?, (SELECT id FROM home WHERE id = ? AND left_s IS NULL UNION "
			"ALL SELECT id FROM home WHERE main))",
			"tbbi", name, hash, sizeof hash, identity, (size_t)32, home);
	return rc ? rc : contact_by_identity(out, p, identity);
}
