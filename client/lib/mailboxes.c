/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Rows of mailbox. */
#include "client/lib/contacts.h"
#include "client/lib/store.h"
#include "libshared/error.h"
#include "libshared/owner.h"

#include <sodium.h>

enum kind { MAILBOX_INBOX = 0, MAILBOX_CONTACT = 1, MAILBOX_SPARE = 2 }; /* 3: to be ended */

/* Where a mailbox belongs. */
#define BELONGS \
	"coalesce((SELECT c.home FROM contact c WHERE c.id = mailbox.contact), mailbox.home)"
#define BOX_COLUMNS                                                                           \
	"SELECT id, coalesce(contact, 0), kind, made, owner_secret, deposit, request, "       \
	"coalesce(fetched_s, 0), (SELECT onion FROM home h WHERE h.id = mailbox.home), home," \
	" home <> " BELONGS " OR EXISTS (SELECT 1 FROM home h WHERE h.id = mailbox.home AND " \
	"h.left_s NOT NULL) FROM mailbox WHERE "

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
		.fetched_s = sqlite3_column_int64(s, 7),
		.home = sqlite3_column_int64(s, 9),
		.is_left = sqlite3_column_int(s, 10) != 0,
	};
	if (!q_column(secret.b, sizeof secret.b, s, 4) ||
			!q_column(out->deposit.b, KEY_BYTES, s, 5) ||
			!q_column(out->request, sizeof out->request, s, 6) ||
			!q_column(out->onion, sizeof out->onion, s, 8) ||
			key_pair_from_secret(&out->owner, &secret))
		return E_IO;
	owner_mailbox_id(out->mailbox, &out->owner.pub);
	hash256(out->deposit_hash, out->deposit.b, sizeof out->deposit.b);
	return 0;
}

static int find(struct own_mailbox *out, struct profile *p, int64_t contact, int64_t home)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db,
			BOX_COLUMNS "kind < 2 AND home = ? AND coalesce(contact, 0) = ? ORDER BY "
				    "id DESC LIMIT 1",
			"ii", home, contact);

	return rc ? rc : read_mailbox(out, s);
}

static int prepare(struct profile *p, enum kind kind, int64_t contact, int64_t home)
{
	CLEANUP(key_wipe) struct key owner = { { 0 } };
	CLEANUP(key_wipe) struct key deposit = { { 0 } };
	uint8_t request[16];

	key_random(&owner);
	key_random(&deposit);
	randombytes_buf(request, sizeof request);
	return q_run(p->db,
			"INSERT INTO mailbox (kind, contact, owner_secret, deposit, request, home) "
			"VALUES (?, nullif(?, 0), ?, ?, ?, ?)",
			"iibbbi", (int64_t)kind, contact, owner.b, sizeof owner.b, deposit.b,
			sizeof deposit.b, request, sizeof request, home);
}

/* Which of the spare ones is drawn: the server knows in which order they were made. */
static int take_spare(struct profile *p, int64_t contact, int64_t home)
{
	int64_t id;

	return q_number(&id, p->db,
			"UPDATE mailbox SET kind = 1, contact = ? WHERE id = (SELECT id FROM "
			"mailbox "
			"WHERE kind = 2 AND made AND home = ? ORDER BY random() LIMIT 1) "
			"RETURNING id",
			"ii", contact, home);
}

static int find_or_make(struct own_mailbox *out, struct profile *p, int64_t contact, int64_t home)
{
	int rc = find(out, p, contact, home);

	if (rc != CONTACT_NONE)
		return rc;
	rc = contact ? take_spare(p, contact, home) : STORE_NONE;
	if (rc == STORE_NONE)
		rc = prepare(p, contact ? MAILBOX_CONTACT : MAILBOX_INBOX, contact, home);
	return rc ? rc : find(out, p, contact, home);
}

int mailbox_for(struct own_mailbox *out, struct profile *p, int64_t contact)
{
	int64_t home;
	int rc = q_number(&home, p->db, "SELECT " HOME_OF("?1"), "i", contact);

	return rc ? E_IO : find_or_make(out, p, contact, home);
}

int mailbox_inbox(struct own_mailbox *out, struct profile *p, const struct home *home)
{
	return find_or_make(out, p, 0, home->id);
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

int mailbox_fetched(struct profile *p, int64_t id)
{
	return q_run(p->db, "UPDATE mailbox SET fetched_s = ? WHERE id = ?", "ii", profile_now(p),
			id);
}

int mailbox_heard(struct profile *p, int64_t id)
{
	return q_run(p->db, "UPDATE mailbox SET heard_s = ? WHERE id = ? AND heard_s IS NULL", "ii",
			profile_now(p), id);
}

static int next(struct own_mailbox *out, struct profile *p, const char *sql, int64_t after)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, sql, "i", after);

	return rc ? rc : read_mailbox(out, s);
}

int mailbox_next(struct own_mailbox *out, struct profile *p, int64_t after)
{
	return next(out, p, BOX_COLUMNS "id > ? AND made AND kind < 3 ORDER BY id LIMIT 1", after);
}

int mailbox_next_ending(struct own_mailbox *out, struct profile *p, int64_t after)
{
	return next(out, p, BOX_COLUMNS "id > ? AND kind = 3 ORDER BY id LIMIT 1", after);
}

int mailbox_any(struct own_mailbox *out, struct profile *p, int64_t after)
{
	return next(out, p, BOX_COLUMNS "id > ? ORDER BY id LIMIT 1", after);
}

int mailbox_ended(struct profile *p, int64_t id)
{
	return q_run(p->db, "DELETE FROM mailbox WHERE id = ?", "i", id);
}

int mailbox_count_spare(int64_t *out, struct profile *p, const struct home *home)
{
	return q_number(out, p->db,
			"SELECT count(*) FROM mailbox WHERE kind = 2 AND made AND home = ?", "i",
			home->id);
}

int mailbox_spare(struct own_mailbox *out, struct profile *p, const struct home *home)
{
	static const char unmade[] = BOX_COLUMNS "home = ? AND kind = 2 AND NOT made LIMIT 1";
	int rc = next(out, p, unmade, home->id);

	if (rc != CONTACT_NONE)
		return rc;
	rc = prepare(p, MAILBOX_SPARE, 0, home->id);
	return rc ? rc : next(out, p, unmade, home->id);
}
