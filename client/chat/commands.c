/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Lines that begin with a slash: the table below is also the help. */
#include "client/chat/chat.h"

#include "client/cli/span.h"
#include "libshared/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int say(struct chat *chat, int rc, const char *done)
{
	if (rc == 0)
		chat_note(chat, done);
	return chat_told(chat, rc);
}

enum { PANEL = 4096 }; /* bytes that are shown */

/* --- people ------------------------------------------------------------- */

/* It stays the selected one. */
static int renamed(struct chat *chat, int rc, const char *name)
{
	struct person *p = people_selected(chat);

	if (rc == 0 && p)
		snprintf(p->name, sizeof p->name, "%s", name);
	return chat_told(chat, rc);
}

static int accept_verb(struct chat *chat, const struct person *p, char *name)
{
	if (p->state != SOTTO_REQUEST) {
		chat_note(chat, "that is no request");
		return 0;
	}
	return renamed(chat, sotto_accept(chat->sotto, p->name, name), name);
}

static int add_verb(struct chat *chat, const struct person *p, char *rest)
{
	const char *name = strtok_r(rest, " ", &rest), *link = strtok_r(rest, " ", &rest);

	(void)p;
	if (!name || !link) {
		chat_note(chat, "/add NAME LINK");
		return 0;
	}
	return chat_told(chat, sotto_add(chat->sotto, name, link));
}

static int block_verb(struct chat *chat, const struct person *p, char *rest)
{
	(void)rest;
	return say(chat, sotto_block(chat->sotto, p->name), "blocked: /unblock NAME undoes it");
}

static int unblock_verb(struct chat *chat, const struct person *p, char *name)
{
	(void)p;
	return chat_told(chat, sotto_unblock(chat->sotto, name));
}

static int rename_verb(struct chat *chat, const struct person *p, char *name)
{
	return renamed(chat,
			p->group ? sotto_group_rename(chat->sotto, p->name, name)
				 : sotto_rename(chat->sotto, p->name, name),
			name);
}

static int receipts_verb(struct chat *chat, const struct person *p, char *word)
{
	const bool on = strcmp(word, "on") == 0;

	if (!on && strcmp(word, "off") != 0) {
		chat_note(chat, "/receipts on, or /receipts off");
		return 0;
	}
	return say(chat, sotto_set_receipts(chat->sotto, p->name, on),
			on ? "they are told that theirs has come" : "they are told nothing");
}

static int timer_verb(struct chat *chat, const struct person *p, char *word)
{
	const int64_t s = span_read(word);

	if (s < 0) {
		chat_note(chat, "/timer off, or a time like 30s, 5m, 8h, 7d or 4w");
		return 0;
	}
	return chat_told(chat,
			p->group ? sotto_group_set_timer(chat->sotto, p->name, s)
				 : sotto_set_timer(chat->sotto, p->name, s));
}

/* Twelve groups of five, four a line, as people read them out. */
static int show_number(struct chat *chat, const struct person *p)
{
	struct sotto_safety safety;
	char text[512] = "Your safety number with ";
	int rc = sotto_safety_number(chat->sotto, p->name, &safety);

	if (rc)
		return chat_told(chat, rc);
	snprintf(text + strlen(text), sizeof text - strlen(text), "%s:\n", p->name);
	for (int i = 0; i < 12; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.5s",
				i % 4 ? "  " : "\n    ", safety.digits + 5 * i);
	snprintf(text + strlen(text), sizeof text - strlen(text),
			"\n\nThey see the same, or somebody is between you. /verify and the digits "
			"that they read out compares it; /verify yes: you have; /verify no takes "
			"that back.");
	return chat_panel(chat, text);
}

static int verify_verb(struct chat *chat, const struct person *p, char *said)
{
	const bool yes = strcmp(said, "yes") == 0, no = strcmp(said, "no") == 0;
	int rc = 0;

	if (!*said)
		return show_number(chat, p);
	if (!yes && !no)
		rc = sotto_compare(chat->sotto, p->name, said);
	rc = rc ? rc : sotto_verify(chat->sotto, p->name, !no);
	return say(chat, rc, no ? "not verified any more" : "verified");
}

/* --- what was said ------------------------------------------------------ */

/* Without words: the conversation again. */
static int find_verb(struct chat *chat, const struct person *p, char *words)
{
	(void)p;
	snprintf(chat->words, sizeof chat->words, "%s", words);
	chat->everywhere = false;
	place_newest(chat);
	chat->chosen = *words ? INT64_MAX : 0; /* the newest */
	return 0;
}

static int findall_verb(struct chat *chat, const struct person *p, char *words)
{
	const int rc = find_verb(chat, p, words);

	chat->everywhere = true;
	return rc;
}

/* The newest of ours. */
static const struct said *newest_ours(struct chat *chat)
{
	for (size_t i = chat->n_said; i-- > 0;)
		if (chat->said[i].out && !chat->said[i].deleted)
			return &chat->said[i];
	chat_note(chat, "there is nothing of yours here that could be changed");
	return NULL;
}

static int change_newest(struct chat *chat, const struct person *p, const char *text)
{
	const struct said *s = newest_ours(chat);
	const struct change change = { p->name, p->group, s ? s->number : 0, text };

	return s ? chat_told(chat, choose_change(chat, &change)) : 0;
}

/* For another Enter. */
static int put_back(struct chat *chat, const char *verb, const char *rest)
{
	return input_add(chat, verb) && input_add(chat, rest) ? 0 : E_NOMEM;
}

static int edit_verb(struct chat *chat, const struct person *p, char *text)
{
	if (input_warns(chat, p))
		return put_back(chat, "/edit ", text);
	return change_newest(chat, p, text);
}

static int delete_verb(struct chat *chat, const struct person *p, char *rest)
{
	(void)rest;
	return change_newest(chat, p, NULL);
}

/* --- files -------------------------------------------------------------- */

static int begin(struct chat *chat, const struct moving_wish *wish)
{
	const int rc = moving_begin(chat, wish);

	if (rc != SOTTO_BUSY)
		return chat_told(chat, rc);
	chat_note(chat, "one file at a time: /stop ends that one");
	return 0;
}

static int send_verb(struct chat *chat, const struct person *p, char *path)
{
	struct moving_wish wish = { .file = 0 };
	const char *slash = strrchr(path, '/');

	if (input_warns(chat, p))
		return put_back(chat, "/send ", path);
	wish.group = p->group;
	snprintf(wish.to, sizeof wish.to, "%s", p->name);
	snprintf(wish.name, sizeof wish.name, "%s", slash ? slash + 1 : path);
	moving_path(wish.path, path);
	return begin(chat, &wish);
}

struct finding {
	const struct person *where;
	int64_t id; /* 0: the newest that is not fetched */
	struct moving_wish *wish;
};

static int find_file(void *userdata, const struct sotto_file *f)
{
	struct finding *want = userdata;

	if (f->out || !f->group == want->where->group ||
			strcmp(f->group ? f->group : f->contact, want->where->name) != 0 ||
			(want->id ? f->id != want->id : f->state == SOTTO_FILE_WHOLE))
		return 0;
	snprintf(want->wish->name, sizeof want->wish->name, "%s", f->name);
	want->wish->file = f->id;
	return 0;
}

static int get_verb(struct chat *chat, const struct person *p, char *rest)
{
	struct moving_wish wish = { .file = 0 };
	struct finding want = { p, 0, &wish };
	const size_t digits = strspn(rest, "0123456789");
	int rc;

	if (digits && digits < 18 && (rest[digits] == ' ' || !rest[digits])) {
		want.id = strtoll(rest, NULL, 10);
		rest += digits + strspn(rest + digits, " ");
	}
	moving_path(wish.path, *rest ? rest : ".");
	rc = sotto_files(chat->sotto, find_file, &want);
	return rc || !wish.file ? chat_told(chat, rc ? rc : SOTTO_NO_FILE) : begin(chat, &wish);
}

static int stop_verb(struct chat *chat, const struct person *p, char *rest)
{
	(void)p;
	(void)rest;
	moving_stop(chat);
	return 0;
}

/* --- calls -------------------------------------------------------------- */

static int call_verb(struct chat *chat, const struct person *p, char *rest)
{
	(void)rest;
	if (input_warns(chat, p))
		return put_back(chat, "/call", "");
	return chat_told(chat, calling_begin(chat, CALLING_TO, p->name));
}

static int answer_verb(struct chat *chat, const struct person *p, char *rest)
{
	(void)p;
	(void)rest;
	return chat_told(chat, calling_ring(chat, CALLING_ANSWER));
}

static int decline_verb(struct chat *chat, const struct person *p, char *rest)
{
	(void)p;
	(void)rest;
	return chat_told(chat, calling_ring(chat, CALLING_DECLINE));
}

static int hangup_verb(struct chat *chat, const struct person *p, char *rest)
{
	(void)p;
	(void)rest;
	return chat_told(chat, calling_hang_up(chat));
}

static int mute_verb(struct chat *chat, const struct person *p, char *rest)
{
	(void)p;
	(void)rest;
	return chat_told(chat, calling_mute(chat));
}

/* --- groups ------------------------------------------------------------- */

static int join_verb(struct chat *chat, const struct person *p, char *rest)
{
	(void)rest;
	return chat_told(chat, sotto_group_join(chat->sotto, p->name));
}

static int leave_verb(struct chat *chat, const struct person *p, char *rest)
{
	(void)rest;
	return chat_told(chat, sotto_group_leave(chat->sotto, p->name));
}

static int forget_verb(struct chat *chat, const struct person *p, char *rest)
{
	(void)rest;
	return chat_told(chat, sotto_group_forget(chat->sotto, p->name));
}

static int group_verb(struct chat *chat, const struct person *p, char *name)
{
	(void)p;
	return chat_told(chat, sotto_group_make(chat->sotto, name));
}

static int invite_verb(struct chat *chat, const struct person *p, char *name)
{
	return say(chat, sotto_group_invite(chat->sotto, p->name, name), "invited");
}

static int list_member(void *userdata, const struct sotto_member *m)
{
	char *text = userdata, name[SOTTO_NAME_MOST + 1];
	const size_t len = strlen(text);

	text_one_line(name, sizeof name, m->name);
	snprintf(text + len, PANEL - len, "\n    %s%s", name, m->joined ? "" : " (has not joined)");
	return 0;
}

static int members_verb(struct chat *chat, const struct person *p, char *rest)
{
	char text[PANEL];
	int rc;

	(void)rest;
	snprintf(text, sizeof text, "In %s with you:\n", p->name);
	rc = sotto_members(chat->sotto, p->name, list_member, text);
	rc = rc ? rc : chat_panel(chat, text);
	return chat_told(chat, rc);
}

/* --- the table ---------------------------------------------------------- */

static int quit_verb(struct chat *chat, const struct person *p, char *rest)
{
	(void)chat;
	(void)p;
	(void)rest;
	return CHAT_LEFT;
}

static int go_verb(struct chat *chat, const struct person *p, char *name)
{
	int rc = people_go(chat, name, false);

	(void)p;
	rc = rc == SOTTO_NO_CONTACT ? people_go(chat, name, true) : rc;
	return chat_told(chat, rc);
}

static int bell_verb(struct chat *chat, const struct person *p, char *word)
{
	(void)p;
	chat->quiet = strcmp(word, "off") == 0;
	chat_note(chat, chat->quiet ? "the bell is off" : "the bell rings when something comes");
	return 0;
}

static int help_verb(struct chat *chat, const struct person *p, char *rest);

enum whose { ANY = 0, PERSON = 1, GROUP = 2, BOTH = 3 };

static const struct verb {
	const char *name, *args, *help;
	enum whose whose;
	bool wants; /* an argument */
	int (*run)(struct chat *chat, const struct person *p, char *rest);
} verbs[] = {
	{ "add", "NAME LINK", "a person, by contact link", ANY, true, add_verb },
	{ "accept", "NAME", "a request, under a name of yours", PERSON, true, accept_verb },
	{ "block", "", "hear of them no more", PERSON, false, block_verb },
	{ "unblock", "NAME", "and again", ANY, true, unblock_verb },
	{ "rename", "NAME", "call them, or your group, otherwise", BOTH, true, rename_verb },
	{ "verify", "[NUMBER]", "your safety number; compare it", PERSON, false, verify_verb },
	{ "timer", "TIME", "messages disappear: 30s, 8h, 7d, off", BOTH, true, timer_verb },
	{ "receipts", "on|off", "tell them that theirs has come", PERSON, true, receipts_verb },
	{ "go", "NAME", "to that person or group", ANY, true, go_verb },
	{ "find", "WORDS", "search here; without words: back", BOTH, false, find_verb },
	{ "findall", "WORDS", "search everywhere", ANY, true, findall_verb },
	{ "edit", "TEXT", "your newest message here", BOTH, true, edit_verb },
	{ "delete", "", "your newest message here", BOTH, false, delete_verb },
	{ "send", "PATH", "a file", BOTH, true, send_verb },
	{ "get", "[NUMBER] [PATH]", "fetch a file into a folder (this one)", BOTH, false,
			get_verb },
	{ "stop", "", "sending or fetching; the same again goes on", ANY, false, stop_verb },
	{ "call", "", "talk to them", PERSON, false, call_verb },
	{ "answer", "", "who calls you", ANY, false, answer_verb },
	{ "decline", "", "to talk to them", ANY, false, decline_verb },
	{ "hangup", "", "the call", ANY, false, hangup_verb },
	{ "mute", "", "they hear you no more; and again", ANY, false, mute_verb },
	{ "group", "NAME", "a new group", ANY, true, group_verb },
	{ "invite", "NAME", "into this group", GROUP, true, invite_verb },
	{ "join", "", "this group, which invites you", GROUP, false, join_verb },
	{ "leave", "", "this group", GROUP, false, leave_verb },
	{ "forget", "", "this group, which is over", GROUP, false, forget_verb },
	{ "members", "", "of this group", GROUP, false, members_verb },
	{ "id", "", "your contact link", ANY, false, id_verb },
	{ "server", "[VERB NAME]", "where you live; add, main, use, leave", ANY, false,
			server_verb },
	{ "bell", "on|off", "rings when something comes", ANY, true, bell_verb },
	{ "lock", "", "or Ctrl-Z: until your passphrase comes", ANY, false, lock_verb },
	{ "quit", "", "or Ctrl-C", ANY, false, quit_verb },
	{ "help", "", "this", ANY, false, help_verb },
};

static const char keys[] =
		"\nUp Down, Ctrl-P Ctrl-N   another conversation (/go NAME)\n"
		"PgUp PgDn                back and forth in this one; Home End with an empty line\n"
		"Tab                      chooses a message, or completes what follows a slash\n"
		"  then Up Down PgUp PgDn Home End move; Enter shows it whole, or goes to\n"
		"  what was found; e edits, d d deletes, g gets a file, s stops; Esc: back\n"
		"Ctrl-J                   another line of the same message\n"
		"Ctrl-A E U K W L         begin, end, remove all, to the end, a word; redraw\n"
		"Esc                      to the newest\n"
		"Ctrl-X Ctrl-X            destroys all, here and at the server\n\n"
		"> came   ~ waits here   < is in their mailbox   = has come, as they tell\n"
		"x goes to nobody: they have left, or are blocked\n";

static int help_verb(struct chat *chat, const struct person *p, char *rest)
{
	char text[PANEL] = "";

	(void)p;
	(void)rest;
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		const size_t len = strlen(text);
		char line[40];

		snprintf(line, sizeof line, "/%s %s", verbs[i].name, verbs[i].args);
		snprintf(text + len, sizeof text - len, "%-24s %s\n", line, verbs[i].help);
	}
	snprintf(text + strlen(text), sizeof text - strlen(text), "%s", keys);
	return chat_panel(chat, text);
}

const char *command_name(size_t i, const char **out_args)
{
	if (i >= ARRAY_LEN(verbs))
		return NULL;
	*out_args = verbs[i].args;
	return verbs[i].name;
}

static const struct verb *find_verb_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static bool is_for(const struct verb *v, const struct person *p)
{
	return v->whose == ANY || (p && v->whose & (p->group ? GROUP : PERSON));
}

int command_run(struct chat *chat, char *line)
{
	const struct person *p = people_selected(chat);
	char *rest = line + strcspn(line, " "), text[CHAT_NOTE];
	const struct verb *v;

	if (*rest)
		*rest++ = '\0';
	rest += strspn(rest, " ");
	v = find_verb_of(line + 1);
	if (!v || !is_for(v, p))
		snprintf(text, sizeof text, v ? "that is for %s" : "/help tells what there is",
				v && v->whose == GROUP ? "groups" : "people");
	else if (v->wants && !*rest)
		snprintf(text, sizeof text, "/%s %s: %s", v->name, v->args, v->help);
	else
		return v->run(chat, p, rest);
	chat_note(chat, text);
	return 0;
}
