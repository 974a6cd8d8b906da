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
	"h.left_s NOT NULL), place FROM mailbox WHERE "

void mailbox_wipe(struct own_mailbox *m)
{
	sodium_memzero(m, sizeof *m);
}

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
		.group = { sqlite3_column_int64(s, 9), sqlite3_column_int64(s, 11) },
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

/* Nobody's, nor where one has left or been forgotten meanwhile: then there is none. */
static int prepare(struct profile *p, enum kind kind, int64_t contact, int64_t home)
{
	CLEANUP(key_wipe) struct key owner = { { 0 } };
	CLEANUP(key_wipe) struct key deposit = { { 0 } };
	uint8_t request[REQUEST_BYTES];

	key_random(&owner);
	key_random(&deposit);
	randombytes_buf(request, sizeof request);
	return q_run(p->db,
			"INSERT INTO mailbox (kind, contact, owner_secret, deposit, request, home) "
			"SELECT ?, nullif(?, 0), ?, ?, ?, id FROM home WHERE id = ? AND left_s IS "
			"NULL AND (?2 = 0 OR EXISTS (SELECT 1 FROM contact WHERE id = ?2))",
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
			"WHERE kind = 2 AND made AND home = ? ORDER BY random() LIMIT 1) AND "
			"EXISTS (SELECT 1 FROM contact WHERE id = ?1) RETURNING id",
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
	int rc = q_begin(p->db);

	rc = rc ? rc : q_end(p->db, find_or_make(out, p, 0, home->id));
	return rc == CONTACT_NONE ? HOME_NONE : rc;
}

/* That one: once it has ended, another process may have made another one under its id. */
#define THAT "id = ? AND deposit = ?"

int mailbox_made(struct profile *p, const struct own_mailbox *m)
{
	return q_run(p->db, "UPDATE mailbox SET made = 1 WHERE " THAT, "ib", m->id, m->deposit.b,
			sizeof m->deposit.b);
}

int mailbox_seen_empty(struct profile *p, const struct own_mailbox *m)
{
	return q_run(p->db, "UPDATE mailbox SET empty_s = ? WHERE " THAT, "iib", profile_now(p),
			m->id, m->deposit.b, sizeof m->deposit.b);
}

int mailbox_fetched(struct profile *p, const struct own_mailbox *m)
{
	return q_run(p->db, "UPDATE mailbox SET fetched_s = ? WHERE " THAT, "iib", profile_now(p),
			m->id, m->deposit.b, sizeof m->deposit.b);
}

int mailbox_heard(struct profile *p, const struct own_mailbox *m)
{
	return q_run(p->db, "UPDATE mailbox SET heard_s = ? WHERE heard_s IS NULL AND " THAT, "iib",
			profile_now(p), m->id, m->deposit.b, sizeof m->deposit.b);
}

static int next(struct own_mailbox *out, struct profile *p, const char *sql, int64_t after)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, sql, "i", after);

	return rc ? rc : read_mailbox(out, s);
}

/* --- places ------------------------------------------------------------- */

#define LIVES                                                                            \
	"made AND kind < 3 AND home = " BELONGS " AND NOT EXISTS (SELECT 1 FROM home h " \
	"WHERE h.id = mailbox.home AND h.left_s NOT NULL)"

/* What is to end leaves room, and so does what has ended. What is left keeps its place. */
static int count_places(int64_t n[static PLACES], struct profile *p, int64_t home)
{
	int rc = 0;

	for (int64_t place = 1; rc == 0 && place <= PLACES; place++)
		rc = q_number(&n[place - 1], p->db,
				"SELECT count(*) FROM mailbox WHERE home = ? AND place = ? AND "
				"kind < 3",
				"ii", home, place);
	return rc ? E_IO : 0;
}

/* 0: all are full. */
static int64_t draw_place(const int64_t n[static PLACES])
{
	int64_t most = 0, open[PLACES] = { 0 };
	uint32_t n_open = 0;

	for (int i = 0; i < PLACES; i++)
		most = n[i] == 0 ? 1 : most;
	most = most ? most : PLACE_MAILBOXES;
	for (int64_t i = 0; i < PLACES; i++)
		if (n[i] < most)
			open[n_open++] = i + 1;
	return n_open ? open[randombytes_uniform(n_open)] : 0;
}

static int place_one(struct profile *p, int64_t id, int64_t home)
{
	int64_t n[PLACES], place;
	int rc = count_places(n, p, home);

	if (rc)
		return rc;
	place = draw_place(n);
	return place ? q_run(p->db, "UPDATE mailbox SET place = ? WHERE id = ?", "ii", place, id)
		     : 0;
}

static int next_without(int64_t *out_id, int64_t *out_home, struct profile *p)
{
	int rc = q_number(out_id, p->db,
			"SELECT id FROM mailbox WHERE id > ? AND place = 0 AND " LIVES
			" ORDER BY id LIMIT 1",
			"i", *out_id);

	return rc ? rc
		  : q_number(out_home, p->db, "SELECT home FROM mailbox WHERE id = ?", "i",
				    *out_id);
}

static int place_all(struct profile *p)
{
	int64_t id = 0, home;
	int rc;

	while ((rc = next_without(&id, &home, p)) == 0)
		if ((rc = place_one(p, id, home)) != 0)
			return rc;
	return rc == STORE_NONE ? 0 : rc;
}

/* Mostly nobody is without. */
int mailbox_place(struct profile *p)
{
	int64_t id = 0, home;
	int rc = next_without(&id, &home, p);

	if (rc)
		return rc == STORE_NONE ? 0 : rc;
	rc = q_begin(p->db);
	return rc ? rc : q_end(p->db, place_all(p));
}

int mailbox_next_group(
		struct mailbox_group *out, struct profile *p, const struct mailbox_group *after)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db,
			"SELECT home, place FROM mailbox WHERE place > 0 AND (home > ?1 OR (home = "
			"?1 AND place > ?2)) AND " LIVES " ORDER BY home, place LIMIT 1",
			"ii", after->home, after->place);

	if (rc)
		return rc;
	rc = sqlite3_step(s);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? CONTACT_NONE : E_IO;
	*out = (struct mailbox_group){ sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1) };
	return 0;
}

#define IN_GROUP "home = ?1 AND place = ?2 AND id > ?3 AND " LIVES " ORDER BY id LIMIT ?4"

int mailbox_next_in(struct own_mailbox *out, struct profile *p, const struct mailbox_group *group,
		int64_t after)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, BOX_COLUMNS IN_GROUP, "iiii", group->home, group->place, after,
			(int64_t)1);

	return rc ? rc : read_mailbox(out, s);
}

int mailbox_requests_in(uint8_t out[static PLACE_MAILBOXES][REQUEST_BYTES], size_t *out_n,
		struct profile *p, const struct mailbox_group *group)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	size_t n = 0;
	int step,
			rc = q_open(&s, p->db, "SELECT request FROM mailbox WHERE " IN_GROUP,
					"iiii", group->home, group->place, (int64_t)0,
					(int64_t)PLACE_MAILBOXES);

	if (rc)
		return rc;
	while ((step = sqlite3_step(s)) == SQLITE_ROW)
		if (!q_column(out[n++], REQUEST_BYTES, s, 0))
			return E_IO;
	if (step != SQLITE_DONE)
		return E_IO;
	*out_n = n;
	return 0;
}

/* --- all of them -------------------------------------------------------- */

int mailbox_next(struct own_mailbox *out, struct profile *p, int64_t after)
{
	return next(out, p, BOX_COLUMNS "id > ? AND made AND kind < 3 ORDER BY id LIMIT 1", after);
}

int mailbox_lives(struct profile *p, const struct own_mailbox *m)
{
	int64_t n;
	int rc = q_number(&n, p->db, "SELECT count(*) FROM mailbox WHERE kind < 3 AND " THAT, "ib",
			m->id, m->deposit.b, sizeof m->deposit.b);

	return rc || n ? rc : CONTACT_NONE;
}

int mailbox_next_ending(struct own_mailbox *out, struct profile *p, int64_t after)
{
	return next(out, p, BOX_COLUMNS "id > ? AND kind = 3 ORDER BY id LIMIT 1", after);
}

int mailbox_any(struct own_mailbox *out, struct profile *p, int64_t after)
{
	return next(out, p, BOX_COLUMNS "id > ? ORDER BY id LIMIT 1", after);
}

int mailbox_ended(struct profile *p, const struct own_mailbox *m)
{
	return q_run(p->db, "DELETE FROM mailbox WHERE " THAT, "ib", m->id, m->deposit.b,
			sizeof m->deposit.b);
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
