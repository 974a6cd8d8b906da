/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Keys while a message is chosen: moving, and what can be done with it. */
#include "client/chat/chat.h"

#include "libshared/error.h"

#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NEAR = 8 /* messages before the end of what is loaded, when more is */, TIME_ROOM = 96 };

static const struct said *chosen(const struct chat *chat)
{
	for (size_t i = 0; i < chat->n_said; i++)
		if (chat->said[i].id >= chat->chosen) /* its neighbour, if it is gone */
			return &chat->said[i];
	return NULL;
}

/* Nothing is there: keys stay those of writing. */
void choose_newest(struct chat *chat)
{
	chat->chosen = chat->n_said ? chat->said[chat->n_said - 1].id : 0;
	chat->follow = true;
	if (!chat->chosen)
		chat_note(chat, "nothing is here that could be chosen");
}

static int leave(struct chat *chat)
{
	chat->chosen = chat->asked = 0;
	if (*chat->words) {
		chat->words[0] = '\0';
		place_newest(chat);
	}
	return 0;
}

void choose_settle(struct chat *chat)
{
	const struct said *s = chat->chosen ? chosen(chat) : NULL;

	if (s)
		chat->chosen = s->id;
	else if (chat->chosen)
		chat->chosen = chat->n_said ? chat->said[chat->n_said - 1].id : 0;
}

static int move_by(struct chat *chat, int by)
{
	const struct said *s = chosen(chat);
	const size_t at = s ? (size_t)(s - chat->said) : chat->n_said, n = chat->n_said;
	size_t to = by < 0 && at < (size_t)-by ? 0 : at + (size_t)by;

	if (!n || (at >= n - 1 && by > 0 && !chat->before))
		return n && *chat->words ? 0 : leave(chat);
	to = to < n ? to : n - 1;
	chat->chosen = chat->said[to].id;
	chat->follow = true;
	if (*chat->words)
		return 0;
	if (to < NEAR && n >= chat->n_wanted) {
		chat->n_wanted += CHAT_SHOWN;
		chat->stale = true;
	}
	return to + NEAR >= n && chat->before ? place_scroll(chat, -1) : 0;
}

/* --- what is known of it ------------------------------------------------ */

struct telling {
	char **out;
	struct chat *chat;
	int64_t id;
	bool text; /* alone */
};

static int describe_file(void *userdata, const struct sotto_file *f)
{
	struct sotto_file *out = userdata;

	if (f->id != out->id)
		return 0;
	out->size = f->size;
	out->done = f->done;
	out->state = f->state;
	return 0;
}

static int tell_file(char *out, size_t size, struct chat *chat, int64_t id)
{
	struct sotto_file file = { .id = id };
	static const char *const states[] = { "nothing of it is here", "a part is moved",
		"it is whole" };
	const int rc = sotto_files(chat->sotto, describe_file, &file);

	if (rc == 0)
		snprintf(out, size, "\nfile %lld, %llu bytes, %llu of them done: %s", (long long)id,
				(unsigned long long)file.size, (unsigned long long)file.done,
				states[file.state]);
	return rc;
}

struct copies {
	size_t n;
	char text[4096]; /* 31 people's */
};

static int tell_copy(void *userdata, const struct sotto_copy *c)
{
	struct copies *out = userdata;
	char name[SOTTO_NAME_MOST + 1];

	text_one_line(name, sizeof name, c->name);
	if (out->n < sizeof out->text)
		out->n += (size_t)snprintf(out->text + out->n, sizeof out->text - out->n,
				"\n%s: %s%s%s", name, said_states[c->state],
				c->in ? "" : ", is not in the group",
				c->blocked ? ", is blocked" : "");
	return 0;
}

/* Who of a group has it. */
static int tell_copies(struct copies *out, struct chat *chat, const struct sotto_message *m)
{
	int rc;

	if (!m->n_copies)
		return 0;
	out->n = (size_t)snprintf(out->text, sizeof out->text, "\n\nsent to %u of %u, come to %u%s",
			m->n_sent, m->n_copies, m->n_received,
			m->n_ended ? "; some are no contacts any more" : "");
	rc = sotto_group_copies(chat->sotto, m->group, m->number, tell_copy, out);
	return rc == SOTTO_NO_MESSAGE || rc == SOTTO_NO_GROUP ? 0 : rc; /* meanwhile */
}

static void write_time(char out[static TIME_ROOM], const char *before, int64_t at_s)
{
	const time_t at = (time_t)at_s;
	const size_t n = strlen(before);
	struct tm local;

	snprintf(out, TIME_ROOM, "%s", before);
	if (localtime_r(&at, &local))
		strftime(out + n, TIME_ROOM - n, "%A, %Y-%m-%d %H:%M:%S", &local);
}

static int tell(void *userdata, const struct sotto_message *m)
{
	struct telling *t = userdata;
	char when[TIME_ROOM], ends[TIME_ROOM] = "", parts[80] = "", file[160] = "";
	char name[SOTTO_NAME_MOST + 1];
	struct copies copies = { .text = "" };
	int rc = 0;

	if (m->id != t->id)
		return 0;
	if (t->text)
		return (*t->out = strdup(m->text)) ? 0 : E_NOMEM;
	text_one_line(name, sizeof name, m->contact);
	write_time(when, "", m->at_s);
	if (m->ends_s)
		write_time(ends, "\ndisappears ", m->ends_s);
	if (m->parts > 1)
		snprintf(parts, sizeof parts, ", %u parts, of which %u are here", m->parts,
				m->n_parts);
	if (m->file && !m->deleted)
		rc = tell_file(file, sizeof file, t->chat, m->file);
	rc = rc ? rc : tell_copies(&copies, t->chat, m);
	if (rc == 0 &&
			asprintf(t->out, "%s%s\n%s\nnumber %lld, %s%s%s%s%s%s\n\n%s",
					m->state == SOTTO_CAME	   ? "from "
							: m->group ? "from you"
								   : "to ",
					m->group && m->state != SOTTO_CAME ? "" : name, when,
					(long long)m->number, said_states[m->state], parts,
					m->edited ? ", edited" : "", ends, file, copies.text,
					m->deleted ? "(deleted)" : m->text) < 0)
		return E_NOMEM;
	return rc;
}

/* Owned, to be wiped; NULL: it is there no more. */
static int tell_of(char **out, struct chat *chat, const struct said *s, bool text)
{
	const struct sotto_range range = { s->id + 1, 1 };
	struct telling telling = { out, chat, s->id, text };

	*out = NULL;
	return s->group ? sotto_group_history(chat->sotto, s->where, &range, tell, &telling)
			: sotto_history(chat->sotto, s->where, &range, tell, &telling);
}

static int show_whole(struct chat *chat, const struct said *s)
{
	char *text;
	int rc = tell_of(&text, chat, s, false);

	if (rc == 0 && text)
		rc = chat_panel(chat, text);
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
	return chat_told(chat, rc);
}

int choose_change(struct chat *chat, const struct change *c)
{
	int rc;

	if (c->text)
		rc = c->group ? sotto_group_edit(chat->sotto, c->where, c->number, c->text)
			      : sotto_edit(chat->sotto, c->where, c->number, c->text);
	else
		rc = c->group ? sotto_group_delete(chat->sotto, c->where, c->number)
			      : sotto_delete(chat->sotto, c->where, c->number);
	return rc;
}

/* --- what is done with it ----------------------------------------------- */

static int go_there(struct chat *chat, const struct said *s)
{
	const int64_t id = s->id;
	char where[SOTTO_NAME_MOST + 1];
	const bool group = s->group;
	int rc;

	snprintf(where, sizeof where, "%s", s->where);
	rc = people_go(chat, where, group);
	if (rc)
		return chat_told(chat, rc);
	chat->chosen = id;
	return place_around(chat, id);
}

static int begin_edit(struct chat *chat, const struct said *s)
{
	char *text;
	int rc;

	if (!s->out || s->deleted || s->file || chat->n_input) {
		chat_note(chat,
				chat->n_input ? "first send what you are writing, or Ctrl-U"
					      : "only texts of your own can be edited");
		return 0;
	}
	rc = tell_of(&text, chat, s, true);
	if (rc == 0 && text) {
		chat->editing = input_add(chat, text) ? s->number : 0;
		chat->chosen = 0;
		if (!chat->editing) {
			input_clear(chat);
			chat_note(chat, "this terminal cannot show all of it");
		}
	}
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
	return chat_told(chat, rc);
}

static int delete_it(struct chat *chat, const struct said *s)
{
	struct change change;

	if (!s->out || s->deleted) {
		chat_note(chat, "only what is your own can be deleted");
		return 0;
	}
	if (chat->asked != s->id) {
		chat->asked = s->id;
		chat_note(chat, "d again deletes it, here and there");
		return 0;
	}
	change = (struct change){ s->where, s->group, s->number, NULL };
	return chat_told(chat, choose_change(chat, &change));
}

/* The line can be added to: where it is to go. */
static int begin_get(struct chat *chat, const struct said *s)
{
	char line[48];

	if (s->out || s->deleted || !s->file || chat->n_input) {
		chat_note(chat,
				chat->n_input ? "first send what you are writing, or Ctrl-U"
					      : "that is no file of theirs");
		return 0;
	}
	snprintf(line, sizeof line, "/get %lld ", (long long)s->file);
	if (!input_add(chat, line))
		return E_NOMEM;
	chat_note(chat, "Enter fetches it into this folder; or first name another");
	chat->chosen = 0;
	return 0;
}

static int do_it(struct chat *chat, const struct said *s, wint_t key)
{
	if (key == '\r' || key == '\n')
		return *chat->words ? go_there(chat, s) : show_whole(chat, s);
	if (key == ' ' || key == 'v')
		return show_whole(chat, s);
	if (*chat->words && strchr("edg", (int)key)) {
		chat_note(chat, "Enter goes there first");
		return 0;
	}
	if (key == 'e')
		return begin_edit(chat, s);
	if (key == 'd')
		return delete_it(chat, s);
	if (key == 'g')
		return begin_get(chat, s);
	chat_note(chat, "no such key: Esc, and one writes again");
	return 0;
}

static int choose_text_key(struct chat *chat, wint_t key)
{
	const struct said *s = chosen(chat);

	if (key == INPUT_ESCAPE || key == '\t' || key == 'q' || !s)
		return leave(chat);
	if (key == 'k' || key == 'j')
		return move_by(chat, key == 'k' ? -1 : 1);
	if (key == 's') {
		moving_stop(chat);
		return 0;
	}
	if (key == '/') {
		chat->chosen = 0;
		return input_add(chat, "/") ? 0 : E_NOMEM;
	}
	return do_it(chat, s, key);
}

int choose_key(struct chat *chat, int kind, wint_t key)
{
	const int64_t asked = chat->asked;
	int rc;

	if (kind == KEY_CODE_YES && (key == KEY_UP || key == KEY_DOWN))
		return move_by(chat, key == KEY_UP ? -1 : 1);
	if (kind == KEY_CODE_YES && (key == KEY_PPAGE || key == KEY_NPAGE))
		return move_by(chat, key == KEY_PPAGE ? -NEAR : NEAR);
	if (kind == KEY_CODE_YES && key == KEY_HOME && !*chat->words)
		return place_first(chat);
	if (kind == KEY_CODE_YES && (key == KEY_HOME || key == KEY_END)) {
		place_newest(chat);
		chat->chosen = key == KEY_HOME ? 1 : INT64_MAX;
		chat->follow = true;
		return 0;
	}
	if (kind == KEY_CODE_YES)
		return 0;
	rc = choose_text_key(chat, key);
	chat->asked = asked == chat->asked ? 0 : chat->asked; /* twice in a row */
	return rc;
}
