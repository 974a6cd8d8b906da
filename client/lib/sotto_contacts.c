/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The public functions around people. */
#include "client/lib/handle.h"
#include "client/lib/parts.h"
#include "client/lib/receipts.h"
#include "client/lib/store.h"
#include "client/lib/upkeep.h"
#include "libshared/error.h"

#include <stdio.h>
#include <string.h>

#define ROWS __attribute__((cleanup(q_finalize_ref))) sqlite3_stmt

/* In all lists: the next row is read and copied, and nothing runs while a callback does, which may
 * therefore use the handle. */

/* --- lists -------------------------------------------------------------- */

/* CONTACT_NONE: it was ended meanwhile. */
static int count(struct sotto_contact *out, uint8_t onion[static ONION_KEY_BYTES], struct sotto *s,
		int64_t id)
{
	/* clang-format off */
	static const char sql[] =
		"SELECT"
		" (SELECT count(*) FROM message m WHERE contact = c.id AND grp IS NULL AND NOT shown"
		" AND " PARTS_READY("?2") "),"
		" (SELECT count(DISTINCT coalesce(m.whole, m.id)) FROM outbox o"
		" JOIN message m ON m.id = o.message WHERE o.contact = c.id),"
		" (SELECT coalesce(sum(last - first + 1), 0) FROM missing WHERE contact = c.id),"
		" coalesce((SELECT at_s FROM message WHERE contact = c.id ORDER BY id DESC LIMIT 1), 0),"
		" receipts, timer_s, (SELECT onion FROM home WHERE id = " HOME_OF("?1") ")"
		" FROM contact c WHERE id = ?1";
	/* clang-format on */
	ROWS *row = NULL;
	int rc = q_open(&row, s->profile->db, sql, "ii", id, profile_now(s->profile));

	rc = rc ? rc : sqlite3_step(row);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? CONTACT_NONE : E_IO;
	out->n_unread = (uint32_t)sqlite3_column_int64(row, 0);
	out->n_waiting = (uint32_t)sqlite3_column_int64(row, 1);
	out->n_missing = (uint32_t)sqlite3_column_int64(row, 2);
	out->last_s = sqlite3_column_int64(row, 3);
	out->receipts = sqlite3_column_int(row, 4) != 0;
	out->timer_s = sqlite3_column_int64(row, 5);
	return q_column(onion, ONION_KEY_BYTES, row, 6) ? 0 : E_IO;
}

struct described {
	struct sotto_contact contact;
	char server[ONION_TEXT + 1];
};

/* CONTACT_NONE */
static int describe(struct described *out, struct sotto *s, const struct contact *c)
{
	uint8_t onion[ONION_KEY_BYTES];
	int rc;

	out->contact = (struct sotto_contact){ .name = c->name,
		.state = (enum sotto_state)c->state,
		.trust = (enum sotto_trust)c->trust,
		.server = out->server };
	rc = count(&out->contact, onion, s, c->id);
	if (rc == 0)
		onion_write(out->server, onion);
	return rc;
}

static int tell(struct sotto *s, const struct contact *c, sotto_on_contact *on_contact,
		void *userdata)
{
	struct described d;
	int rc = sotto_of_contact(describe(&d, s, c));

	return rc ? rc : on_contact(userdata, &d.contact);
}

int sotto_contacts(struct sotto *s, sotto_on_contact *on_contact, void *userdata)
{
	struct contact c = { .name = "" };
	struct described d;
	int rc;

	while ((rc = contact_next(&c, s->profile, c.name)) == 0) {
		rc = describe(&d, s, &c);
		if (rc == CONTACT_NONE)
			continue;
		rc = rc ? rc : on_contact(userdata, &d.contact);
		if (rc)
			return rc;
	}
	return rc == CONTACT_NONE ? 0 : rc;
}

int sotto_person(struct contact *out, struct sotto *s, const char *name)
{
	return sotto_of_contact(contact_by_name(out, s->profile, name));
}

int sotto_accepted(struct contact *out, struct sotto *s, const char *name)
{
	int rc = sotto_person(out, s, name);

	return rc == 0 && out->state != CONTACT_ACCEPTED ? SOTTO_NO_CONTACT : rc;
}

int sotto_find(struct sotto *s, const char *name, sotto_on_contact *on_contact, void *userdata)
{
	struct contact c;
	int rc = sotto_person(&c, s, name);

	return rc ? rc : tell(s, &c, on_contact, userdata);
}

int sotto_whose_link(
		struct sotto *s, const char *text, sotto_on_contact *on_contact, void *userdata)
{
	struct contact_link link;
	struct contact c;
	int rc = link_read(&link, text) ? SOTTO_BAD_LINK : 0;

	rc = rc ? rc : sotto_of_contact(contact_by_link(&c, s->profile, &link));
	return rc ? rc : tell(s, &c, on_contact, userdata);
}

/* STORE_NONE: there is no further one. */
static int next_request(struct sotto_request *out, char name[static CONTACT_NAME_MOST + 1],
		int64_t *id, struct sotto *s)
{
	ROWS *row = NULL;
	int rc = q_open(&row, s->profile->db,
			"SELECT c.id, name, count(m.id), coalesce(min(m.at_s), 0), EXISTS (SELECT "
			"1 FROM missing g WHERE g.contact = c.id) FROM contact c LEFT JOIN message "
			"m ON m.contact = c.id AND m.whole IS NULL WHERE c.state = 0 AND c.id > ? "
			"GROUP BY c.id ORDER "
			"BY c.id LIMIT 1",
			"i", *id);

	rc = rc ? rc : sqlite3_step(row);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? STORE_NONE : E_IO;
	*id = sqlite3_column_int64(row, 0);
	snprintf(name, CONTACT_NAME_MOST + 1, "%s", (const char *)sqlite3_column_text(row, 1));
	*out = (struct sotto_request){
		.name = name,
		.n_texts = (uint32_t)sqlite3_column_int64(row, 2),
		.first_s = sqlite3_column_int64(row, 3),
		.has_more = sqlite3_column_int(row, 4) != 0,
	};
	return 0;
}

int sotto_requests(struct sotto *s, sotto_on_request *on_request, void *userdata)
{
	struct sotto_request request;
	char name[CONTACT_NAME_MOST + 1];
	int64_t id = 0;
	int rc;

	while ((rc = next_request(&request, name, &id, s)) == 0)
		if ((rc = on_request(userdata, &request)) != 0)
			return rc;
	return rc == STORE_NONE ? 0 : rc;
}

int sotto_held(struct sotto *s, uint32_t *out)
{
	int64_t n = 0;
	int rc = q_number(&n, s->profile->db,
			"SELECT count(*) FROM held WHERE since_s > ? AND NOT EXISTS (SELECT 1 FROM "
			"envelope e WHERE e.id = held.id)",
			"i", profile_now(s->profile) - RECEIVE_HELD_S);

	if (rc == 0)
		*out = (uint32_t)n;
	return rc;
}

/* --- changes ------------------------------------------------------------ */

/* The mailbox that they shall write to. A watch makes it when a message has to name it. */
static int prepare(struct sotto *s, const char *name)
{
	struct contact c;
	int rc = sotto_person(&c, s, name);

	return rc || s->watch ? rc : sync_mailbox(&s->net, s->profile, c.id);
}

int sotto_add(struct sotto *s, const char *name, const char *text)
{
	return sotto_add_at(s, name, text, NULL);
}

int sotto_add_at(struct sotto *s, const char *name, const char *text, const char *server)
{
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	struct contact_link link;
	int rc = link_read(&link, text) ? SOTTO_BAD_LINK : 0;

	rc = rc ? rc : server ? sotto_home(&home, s, server) : home_main(&home, s->profile);
	rc = rc ? rc : sotto_of_contact(contact_add_at(s->profile, name, &link, &home));
	return rc ? rc : prepare(s, name);
}

int sotto_accept(struct sotto *s, const char *request, const char *name)
{
	int rc = sotto_of_contact(contact_accept(s->profile, request, name));

	return rc ? rc : prepare(s, name);
}

int sotto_block(struct sotto *s, const char *name)
{
	return sotto_of_contact(contact_block(s->profile, name));
}

int sotto_unblock(struct sotto *s, const char *name)
{
	return sotto_of_contact(contact_unblock(s->profile, name));
}

int sotto_rename(struct sotto *s, const char *name, const char *now)
{
	return sotto_of_contact(contact_rename(s->profile, name, now));
}

int sotto_end(struct sotto *s, const char *name)
{
	struct contact c;
	int rc;

	if (!s->watch)
		return upkeep_end_contact(&s->net, s->profile, name);
	rc = sotto_person(&c, s, name);
	return rc ? rc : contact_end(s->profile, &c);
}

int sotto_set_receipts(struct sotto *s, const char *name, bool on)
{
	int rc = receipts_set(s->profile, name, on);

	return rc == RECEIPTS_NONE ? SOTTO_NO_CONTACT : rc;
}

/* --- safety numbers ----------------------------------------------------- */

static int find_safety(struct safety *out, struct sotto *s, const char *name)
{
	struct contact c;
	int rc = sotto_person(&c, s, name);

	rc = rc ? rc : contact_safety(out, s->profile, &c);
	return rc == CONTACT_NONE ? SOTTO_NO_KEY : rc;
}

int sotto_safety_number(struct sotto *s, const char *name, struct sotto_safety *out)
{
	struct safety safety;
	int rc = find_safety(&safety, s, name);

	if (rc)
		return rc;
	_Static_assert(sizeof out->digits == SAFETY_DIGITS + 1, "part of the ABI");
	_Static_assert(sizeof out->code == SAFETY_TEXT + 1, "part of the ABI");
	memcpy(out->digits, safety.digits, sizeof out->digits);
	safety_text(out->code, &safety);
	return 0;
}

int sotto_compare(struct sotto *s, const char *name, const char *said)
{
	struct safety safety;
	int rc = find_safety(&safety, s, name);

	if (rc)
		return rc;
	rc = safety_compare(&safety, said);
	return rc == SAFETY_OTHER ? SOTTO_OTHER_NUMBER : rc ? SOTTO_BAD_NUMBER : 0;
}

int sotto_verify(struct sotto *s, const char *name, bool is)
{
	struct contact c;
	int rc = sotto_person(&c, s, name);

	return rc ? rc : contact_verify(s->profile, &c, is);
}
