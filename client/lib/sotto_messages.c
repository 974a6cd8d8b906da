/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The public functions around messages, and lists of people and of what was said. */
#include "client/lib/handle.h"
#include "client/lib/store.h"
#include "client/lib/upkeep.h"
#include "libshared/error.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define ROWS __attribute__((cleanup(q_finalize_ref))) sqlite3_stmt

/* In all lists: the next row is read and copied, and nothing runs while a callback does, which may
 * therefore use the handle. */

/* --- people ------------------------------------------------------------- */

/* STORE_NONE: there is no further one. */
static int next_contact(struct sotto_contact *out, char name[static CONTACT_NAME_MOST + 1],
		sqlite3_stmt *rows)
{
	int rc;

	sqlite3_reset(rows);
	sqlite3_bind_text(rows, 1, name, -1, SQLITE_TRANSIENT);
	rc = sqlite3_step(rows);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? STORE_NONE : E_IO;
	snprintf(name, CONTACT_NAME_MOST + 1, "%s", (const char *)sqlite3_column_text(rows, 0));
	*out = (struct sotto_contact){
		.name = name,
		.state = (enum sotto_state)sqlite3_column_int(rows, 1),
		.n_unread = (uint32_t)sqlite3_column_int64(rows, 2),
		.n_waiting = (uint32_t)sqlite3_column_int64(rows, 3),
		.n_missing = (uint32_t)sqlite3_column_int64(rows, 4),
		.last_s = sqlite3_column_int64(rows, 5),
	};
	sqlite3_reset(rows);
	return 0;
}

int sotto_contacts(struct sotto *s, sotto_on_contact *on_contact, void *userdata)
{
	/* clang-format off */
	static const char sql[] =
		"SELECT name, state,"
		" (SELECT count(*) FROM message WHERE contact = c.id AND grp IS NULL AND NOT shown),"
		" (SELECT count(*) FROM outbox WHERE contact = c.id AND message > 0),"
		" (SELECT coalesce(sum(last - first + 1), 0) FROM missing WHERE contact = c.id),"
		" coalesce((SELECT at_s FROM message WHERE contact = c.id ORDER BY id DESC LIMIT 1), 0)"
		" FROM contact c WHERE name > ? ORDER BY name LIMIT 1";
	/* clang-format on */
	ROWS *rows = NULL;
	struct sotto_contact contact;
	char name[CONTACT_NAME_MOST + 1] = "";
	int rc = q_open(&rows, s->profile->db, sql, "");

	while (rc == 0 && (rc = next_contact(&contact, name, rows)) == 0)
		if ((rc = on_contact(userdata, &contact)) != 0)
			return rc;
	return rc == STORE_NONE ? 0 : rc;
}

/* --- what was said ------------------------------------------------------ */

#define MESSAGES                                                                          \
	"SELECT m.id, c.name, c.state, m.out, m.shown, m.number, m.at_s, m.text, EXISTS " \
	"(SELECT 1 FROM outbox o WHERE o.contact = m.contact AND o.message = m.id) FROM " \
	"message m JOIN contact c ON c.id = m.contact WHERE "

struct said {
	struct sotto_message message;
	char contact[CONTACT_NAME_MOST + 1];
	char *text; /* owned */
};

static void said_clear(struct said *said)
{
	if (said->text)
		sodium_memzero(said->text, strlen(said->text));
	free(said->text);
	said->text = NULL;
}

/* STORE_NONE. */
static int next_message(struct said *out, sqlite3_stmt *rows)
{
	int rc = sqlite3_step(rows);

	said_clear(out);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? STORE_NONE : E_IO;
	out->text = strdup((const char *)sqlite3_column_text(rows, 7));
	snprintf(out->contact, sizeof out->contact, "%s",
			(const char *)sqlite3_column_text(rows, 1));
	out->message = (struct sotto_message){
		.id = sqlite3_column_int64(rows, 0),
		.contact = out->contact,
		.contact_state = (enum sotto_state)sqlite3_column_int(rows, 2),
		.state = !sqlite3_column_int(rows, 3)	      ? SOTTO_CAME
				: sqlite3_column_int(rows, 8) ? SOTTO_WAITING
							      : SOTTO_SENT,
		.read = sqlite3_column_int(rows, 4) != 0,
		.number = sqlite3_column_int64(rows, 5),
		.at_s = sqlite3_column_int64(rows, 6),
		.text = out->text,
	};
	sqlite3_reset(rows);
	return out->text ? 0 : E_NOMEM;
}

static int find(struct contact *out, struct sotto *s, const char *name)
{
	return sotto_of_contact(contact_by_name(out, s->profile, name));
}

/* The id after which the range begins. */
static int range_begin(
		int64_t *out, struct sotto *s, int64_t contact, const struct sotto_range *range)
{
	int rc;

	*out = 0;
	if (!range || !range->most)
		return 0;
	rc = q_number(out, s->profile->db,
			"SELECT id FROM message WHERE contact = ? AND grp IS NULL AND id < ? ORDER "
			"BY id DESC "
			"LIMIT 1 "
			"OFFSET ?",
			"iii", contact, range->before ? range->before : INT64_MAX,
			(int64_t)range->most);
	return rc == STORE_NONE ? 0 : rc;
}

int sotto_history(struct sotto *s, const char *contact, const struct sotto_range *range,
		sotto_on_message *on_message, void *userdata)
{
	__attribute__((cleanup(said_clear))) struct said said = { .text = NULL };
	const int64_t before = range && range->before ? range->before : INT64_MAX;
	ROWS *rows = NULL;
	struct contact c;
	int64_t after;
	int rc = find(&c, s, contact);

	rc = rc ? rc : range_begin(&after, s, c.id, range);
	rc = rc ? rc
		: q_open(&rows, s->profile->db,
				  MESSAGES "m.contact = ? AND m.id > ? AND m.id < ? ORDER BY m.id "
					   "LIMIT 1",
				  "iii", c.id, after, before);
	while (rc == 0 && (rc = next_message(&said, rows)) == 0) {
		sqlite3_bind_int64(rows, 2, said.message.id);
		if ((rc = on_message(userdata, &said.message)) != 0)
			return rc;
	}
	return rc == STORE_NONE ? 0 : rc;
}

int sotto_unread(struct sotto *s, sotto_on_message *on_message, void *userdata)
{
	__attribute__((cleanup(said_clear))) struct said said = { .text = NULL };
	ROWS *rows = NULL;
	int rc = q_open(&rows, s->profile->db,
			MESSAGES "NOT m.shown ORDER BY m.contact, m.number, m.id LIMIT 1", "");

	while (rc == 0 && (rc = next_message(&said, rows)) == 0) {
		if ((rc = on_message(userdata, &said.message)) != 0)
			return rc;
		rc = q_run(s->profile->db, "UPDATE message SET shown = 1 WHERE id = ?", "i",
				said.message.id);
	}
	return rc == STORE_NONE ? 0 : rc;
}

int sotto_read(struct sotto *s, const char *contact)
{
	struct contact c;
	int rc = find(&c, s, contact);

	return rc ? rc
		  : q_run(s->profile->db,
				    "UPDATE message SET shown = 1 WHERE contact = ? AND NOT shown",
				    "i", c.id);
}

/* --- sending and receiving ---------------------------------------------- */

int sotto_send(struct sotto *s, const char *contact, const char *words)
{
	return sync_send(&s->net, s->profile, contact, words);
}

int sotto_receive(struct sotto *s)
{
	unsigned n_new, n_sent;
	int sent = sync_flush(&s->net, s->profile, &n_sent),
	    fetched = sync_fetch(&s->net, s->profile, &n_new), kept = upkeep(&s->net, s->profile);

	return sent ? sent : fetched ? fetched : kept;
}
