/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The public functions around messages. */
#include "client/lib/change.h"
#include "client/lib/conversation.h"
#include "client/lib/group.h"
#include "client/lib/handle.h"
#include "client/lib/history.h"
#include "client/lib/parts.h"
#include "client/lib/store.h"
#include "client/lib/timer.h"
#include "client/lib/upkeep.h"
#include "libshared/error.h"

/* --- what was said ------------------------------------------------------ */

struct listening {
	struct sotto *s;
	sotto_on_message *on_message;
	void *userdata;
};

static int on_line(void *userdata, const struct line *line)
{
	static const enum sotto_message_state states[] = {
		[LINE_CAME] = SOTTO_CAME,
		[LINE_QUEUED] = SOTTO_WAITING,
		[LINE_DEPOSITED] = SOTTO_SENT,
		[LINE_RECEIVED] = SOTTO_RECEIVED,
		[LINE_NEVER] = SOTTO_NEVER,
	};
	const struct listening *l = userdata;
	const struct sotto_message message = {
		.id = line->id,
		.contact = line->contact,
		.contact_state = (enum sotto_state)line->contact_state,
		.state = states[line->state],
		.read = line->read,
		.number = line->number,
		.at_s = line->at_s,
		.text = line->text,
		.group = line->group,
		.file = line->file,
		.parts = (uint32_t)line->parts,
		.n_parts = (uint32_t)line->n_parts,
		.n_missing = (uint32_t)line->n_missing,
		.edited = line->is_edited,
		.deleted = line->is_deleted,
		.ends_s = line->ends_s,
		.n_copies = (uint32_t)line->copies.n,
		.n_waiting = (uint32_t)line->copies.n_waiting,
		.n_sent = (uint32_t)line->copies.n_sent,
		.n_received = (uint32_t)line->copies.n_received,
		.n_ended = (uint32_t)line->copies.n_ended,
	};

	return l->on_message(l->userdata, &message);
}

static int find_lines(struct sotto *s, const struct history_wish *wish,
		sotto_on_message *on_message, void *userdata)
{
	struct listening l = { s, on_message, userdata };

	return history(s->profile, wish, on_line, &l);
}

/* A request's name is long, so its beginning will do as where it is accepted. */
static int who_said(struct contact *out, struct sotto *s, const char *name)
{
	int rc = sotto_person(out, s, name);

	return rc == SOTTO_NO_CONTACT ? sotto_of_contact(contact_by_request(out, s->profile, name))
				      : rc;
}

int sotto_history(struct sotto *s, const char *contact, const struct sotto_range *range,
		sotto_on_message *on_message, void *userdata)
{
	struct history_wish wish = { .between = true };
	struct contact c = { .id = 0 };
	int rc = who_said(&c, s, contact);

	wish.contact = c.id;
	if (range) {
		wish.before = range->before;
		wish.most = range->most;
	}
	return rc ? rc : find_lines(s, &wish, on_message, userdata);
}

int sotto_group_history(struct sotto *s, const char *group, const struct sotto_range *range,
		sotto_on_message *on_message, void *userdata)
{
	struct history_wish wish = { .contact = 0 };
	struct group g;
	int rc = sotto_of_group(group_by_name(&g, s->profile, group));

	wish.group = g.id;
	if (range) {
		wish.before = range->before;
		wish.most = range->most;
	}
	return rc ? rc : find_lines(s, &wish, on_message, userdata);
}

int sotto_search(struct sotto *s, const char *contact, const char *words,
		sotto_on_message *on_message, void *userdata)
{
	struct history_wish wish = { .words = words };
	struct contact c = { .id = 0 };
	int rc = contact ? who_said(&c, s, contact) : 0;

	wish.contact = c.id;
	return rc ? rc : find_lines(s, &wish, on_message, userdata);
}

int sotto_group_search(struct sotto *s, const char *group, const char *words,
		sotto_on_message *on_message, void *userdata)
{
	struct history_wish wish = { .words = words };
	struct group g;
	int rc = sotto_of_group(group_by_name(&g, s->profile, group));

	wish.group = g.id;
	return rc ? rc : find_lines(s, &wish, on_message, userdata);
}

enum { READ_AT_ONCE = 256 };

struct reading { /* what was told and is to be noted as read: one commit for many */
	struct listening to;
	int64_t ids[READ_AT_ONCE];
	size_t n;
};

static int note_each(struct profile *p, const struct reading *r)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->n; i++)
		rc = q_run(p->db, "UPDATE message SET shown = 1 WHERE id = ?", "i", r->ids[i]);
	return rc;
}

static int note_read(struct reading *r)
{
	struct profile *p = r->to.s->profile;
	int rc = r->n ? q_begin(p->db) : 0;

	rc = rc || !r->n ? rc : q_end(p->db, note_each(p, r));
	r->n = 0;
	return rc;
}

static int on_unread(void *userdata, const struct line *line)
{
	struct reading *r = userdata;
	int rc;

	if (line->read)
		return 0; /* meanwhile */
	rc = on_line(&r->to, line);
	if (rc)
		return rc;
	r->ids[r->n++] = line->id;
	return r->n == READ_AT_ONCE ? note_read(r) : 0;
}

int sotto_unread(struct sotto *s, sotto_on_message *on_message, void *userdata)
{
	const struct history_wish wish = { .unread = true };
	struct reading r = { .to = { s, on_message, userdata } };
	int rc = history(s->profile, &wish, on_unread, &r), noted = note_read(&r);

	rc = rc ? rc : noted;
	return rc ? rc : timer_due(s->profile); /* of what disappears, the clock starts now */
}

int sotto_read(struct sotto *s, const char *contact)
{
	struct contact c;
	int rc = sotto_person(&c, s, contact);

	rc = rc ? rc
		: q_run(s->profile->db,
				  "UPDATE message AS m SET shown = 1 WHERE contact = ?2 AND grp IS "
				  "NULL AND NOT shown AND " PARTS_READY("?1"),
				  "ii", profile_now(s->profile), c.id);
	return rc ? rc : timer_due(s->profile);
}

int sotto_group_read(struct sotto *s, const char *group)
{
	struct group g;
	int rc = sotto_of_group(group_by_name(&g, s->profile, group));

	rc = rc ? rc
		: q_run(s->profile->db,
				  "UPDATE message AS m SET shown = 1 WHERE grp = ?2 AND NOT shown "
				  "AND " PARTS_READY("?1"),
				  "ii", profile_now(s->profile), g.id);
	return rc ? rc : timer_due(s->profile);
}

/* --- changing it -------------------------------------------------------- */

static int of_change(struct sotto *s, int rc)
{
	if (rc == 0)
		sotto_wake(s);
	switch (rc) {
	case CHANGE_NONE:
		return SOTTO_NO_MESSAGE;
	case CHANGE_NOT_TEXT:
		return SOTTO_NOT_TEXT;
	case CHANGE_TOO_LONG:
		return SOTTO_LONG_TEXT;
	}
	return rc;
}

int sotto_edit(struct sotto *s, const char *contact, int64_t number, const char *words)
{
	struct contact c;
	int rc = sotto_accepted(&c, s, contact);

	return rc ? rc : of_change(s, change_text(s->profile, &c, number, words));
}

int sotto_delete(struct sotto *s, const char *contact, int64_t number)
{
	struct contact c;
	int rc = sotto_accepted(&c, s, contact);

	return rc ? rc : of_change(s, change_take_back(s->profile, &c, number));
}

int sotto_set_timer(struct sotto *s, const char *contact, int64_t after_s)
{
	struct contact c;
	int rc = sotto_accepted(&c, s, contact);

	rc = rc ? rc : timer_set(s->profile, &c, after_s);
	if (rc == 0)
		sotto_wake(s);
	return rc == TIMER_NO_CONTACT	       ? SOTTO_NO_CONTACT
			: rc == TIMER_TOO_LONG ? SOTTO_TOO_LONG
					       : rc;
}

/* --- sending and receiving ---------------------------------------------- */

int sotto_write(struct sotto *s, const char *contact, const char *words)
{
	struct contact c;
	int rc = sotto_accepted(&c, s, contact);

	if (rc)
		return rc;
	rc = sync_of_send(conversation_send(s->profile, &c, words));
	if (rc == 0)
		sotto_wake(s);
	return rc;
}

int sotto_send(struct sotto *s, const char *contact, const char *words)
{
	return sync_send(&s->net, s->profile, contact, words);
}

int sotto_flush(struct sotto *s, uint32_t *out_sent)
{
	unsigned n;
	int rc = sync_flush(&s->net, s->profile, &n);

	if (out_sent)
		*out_sent = n;
	return rc;
}

static int fetch(struct sotto *s, enum sync_pace pace, uint32_t *out_new)
{
	unsigned n;
	int rc = sync_fetch(&s->net, s->profile, pace, &n);

	if (out_new)
		*out_new = n;
	return rc;
}

int sotto_fetch(struct sotto *s, uint32_t *out_new)
{
	return fetch(s, SYNC_SPREAD, out_new);
}

int sotto_fetch_at_once(struct sotto *s, uint32_t *out_new)
{
	return fetch(s, SYNC_AT_ONCE, out_new);
}

void sotto_show_reading(struct sotto *s, sotto_on_reading *on_reading, void *userdata)
{
	s->net.on_reading = on_reading;
	s->net.on_reading_userdata = userdata;
}

int sotto_keep(struct sotto *s)
{
	return upkeep(&s->net, s->profile);
}

int sotto_receive(struct sotto *s)
{
	int sent = sotto_flush(s, NULL), fetched = sotto_fetch(s, NULL), kept = sotto_keep(s);

	return sent ? sent : fetched ? fetched : kept;
}
