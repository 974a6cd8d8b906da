/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * /server: where the profile lives, and who knows of which server. What would change that is shown
 * first, and done when the same comes again with "yes". One at a time asks servers, on a thread
 * with a handle of its own, as files do: keys are heard meanwhile.
 */
#include "client/chat/chat.h"

#include "libshared/error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

enum { SERVER_ROOM = 512 }; /* a name, or an invite */

enum kind { ADD, MAIN, USE, LEAVE, FORGET };
static const struct {
	const char *name, *asks, *done;
	bool is_ours; /* of one that the profile knows, by the beginning of its name */
} kinds[] = {
	[ADD] = { "add", "Enter: you live at that server too", "you live there too: /server",
			false },
	[MAIN] = { "main", "Enter: new contacts are told of that server",
			"new contacts are told of it: /id", true },
	[USE] = { "use", "Enter: this contact is told to write to that server",
			"they are told, under encryption", true },
	[LEAVE] = { "leave", "Enter: you leave it, and its contacts are told of the main one",
			"left: its contacts are told, others need another link of yours", true },
	[FORGET] = { "forget", "Enter: what is left there is given up", "forgotten", true },
};

struct serving {
	enum kind kind;
	char server[SERVER_ROOM];
	struct sotto *sotto; /* owned */
	pthread_t thread;
	bool runs;
	atomic_bool over;
	unsigned n_before; /* homes */
	int rc;		   /* once it is over */
};

/* --- on the thread -------------------------------------------------------- */

static void *run(void *userdata)
{
	struct chat *chat = userdata;
	struct serving *s = chat->serving;

	if (s->kind == ADD)
		s->rc = sotto_add_server(s->sotto, s->server);
	else if (s->kind == LEAVE)
		s->rc = sotto_leave_server(s->sotto, s->server);
	else
		s->rc = sotto_forget_server(s->sotto, s->server);
	if (s->rc == 0 && s->kind == LEAVE && sotto_flush(s->sotto, NULL)) {
		/* what is to be told waits for the next time */
	}
	atomic_store(&s->over, true);
	(void)!eventfd_write(chat->moving_fd, 1);
	return NULL;
}

/* --- on the chat's -------------------------------------------------------- */

static void serving_free(struct serving *s)
{
	if (!s)
		return;
	sotto_close(s->sotto);
	explicit_bzero(s, sizeof *s);
	free(s);
}
DEFINE_CLEANUP(struct serving *, serving_free)

static int count_home(void *userdata, const struct sotto_server *server)
{
	*(unsigned *)userdata += server->lives_here;
	return 0;
}

static int begin(struct chat *chat, enum kind kind, const char *server)
{
	CLEANUP(serving_free) struct serving *s = calloc(1, sizeof *s);
	int rc;

	if (!s)
		return E_NOMEM;
	s->kind = kind;
	snprintf(s->server, sizeof s->server, "%s", server);
	rc = sotto_servers(chat->sotto, count_home, &s->n_before);
	rc = rc ? rc : sotto_open_beside(&s->sotto, chat->sotto);
	if (rc)
		return rc;
	chat->serving = STEAL(s); /* signals are blocked here, and so on its thread */
	rc = pthread_create(&chat->serving->thread, NULL, run, chat) ? E_NOMEM : 0;
	chat->serving->runs = rc == 0;
	if (rc)
		serving_end(chat);
	return rc;
}

void serving_end(struct chat *chat)
{
	struct serving *s = chat->serving;

	if (!s)
		return;
	sotto_stop(s->sotto);
	if (s->runs)
		pthread_join(s->thread, NULL);
	serving_free(s);
	chat->serving = NULL;
}

static void tell_end(struct chat *chat, const struct serving *s)
{
	char text[CHAT_NOTE];
	unsigned n = 0;

	if (s->rc && sotto_servers(chat->sotto, count_home, &n) == 0 && n > s->n_before)
		snprintf(text, sizeof text, "%s; the same again goes on",
				sotto_text((enum sotto_result)s->rc));
	else
		snprintf(text, sizeof text, "%s",
				s->rc ? sotto_text((enum sotto_result)s->rc) : kinds[s->kind].done);
	chat_note(chat, text);
}

void serving_turn(struct chat *chat)
{
	if (!chat->serving || !atomic_load(&chat->serving->over))
		return;
	tell_end(chat, chat->serving);
	serving_end(chat);
	chat->stale = true;
}

/* --- showing -------------------------------------------------------------- */

struct showing {
	struct chat *chat;
	FILE *to;
	const char *server;
	unsigned n;
};

static int show_contact(void *userdata, const struct sotto_contact *c)
{
	struct showing *s = userdata;
	char name[SOTTO_NAME_MOST + 1];

	if (c->state != SOTTO_ACCEPTED || strcmp(c->server, s->server) != 0)
		return 0;
	text_one_line(name, sizeof name, c->name);
	fprintf(s->to, "%s%s", s->n++ ? ", " : "    ", name);
	return 0;
}

static int show_server(void *userdata, const struct sotto_server *server)
{
	struct showing *s = userdata;
	int rc;

	if (!server->lives_here) {
		fprintf(s->to, "%s\n    left, and read until nobody writes there\n", server->name);
		return 0;
	}
	fprintf(s->to, "%s%s\n", server->name, server->is_main ? " (main)" : "");
	s->server = server->name;
	s->n = 0;
	rc = sotto_contacts(s->chat->sotto, show_contact, s);
	fputs(s->n ? "\n" : "    nobody has been told of it\n", s->to);
	return rc;
}

static int show(struct chat *chat)
{
	char *text = NULL;
	size_t len = 0;
	struct showing s = { chat, open_memstream(&text, &len), "", 0 };
	int rc = s.to ? sotto_servers(chat->sotto, show_server, &s) : E_NOMEM;

	if (s.to) {
		fputs("\n/server add INVITE    live there too\n"
		      "/server main NAME     new contacts are told of that one\n"
		      "/server use NAME      whom you talk with is told of that one\n"
		      "/server leave NAME    its contacts are told of the main one\n"
		      "/server forget NAME   give up what is left at a server\n"
		      "NAME: so much of it that it is clear\n",
				s.to);
		rc = fclose(s.to) && rc == 0 ? E_NOMEM : rc;
	}
	rc = rc ? rc : chat_panel(chat, text);
	if (text)
		explicit_bzero(text, len);
	free(text);
	return chat_told(chat, rc);
}

/* --- changing ------------------------------------------------------------- */

struct naming {
	const char *said;
	char *out; /* of SERVER_ROOM */
	int n;
};

static int compare_name(void *userdata, const struct sotto_server *server)
{
	struct naming *n = userdata;

	if (strncmp(server->name, n->said, strlen(n->said)) == 0) {
		snprintf(n->out, SERVER_ROOM, "%s", server->name);
		n->n++;
	}
	return 0;
}

/* False: that was told. */
static bool is_clear(
		struct chat *chat, enum kind kind, const char *said, char out[static SERVER_ROOM])
{
	struct naming naming = { said, out, 0 };

	snprintf(out, SERVER_ROOM, "%s", said);
	if (!kinds[kind].is_ours) {
		if (sotto_kind_of(said) == SOTTO_LINK_INVITE ||
				sotto_kind_of(said) == SOTTO_LINK_SERVER)
			return true;
		chat_note(chat, "/server add INVITE, or NAME.onion where anybody may register");
		return false;
	}
	if (sotto_servers(chat->sotto, compare_name, &naming) == 0 && naming.n == 1)
		return true;
	chat_note(chat,
			naming.n ? "several servers begin so: say more of the name"
				 : "nothing of yours is at that server: /server");
	return false;
}

/* The line becomes one that does it. */
static int ask(struct chat *chat, enum kind kind, const char *server)
{
	char line[SERVER_ROOM + 32];

	snprintf(line, sizeof line, "/server %s %s yes", kinds[kind].name, server);
	chat_note(chat, kinds[kind].asks);
	return input_add(chat, line) ? 0 : E_NOMEM;
}

static int do_it(struct chat *chat, const struct person *p, enum kind kind, const char *server)
{
	const bool local = kind == MAIN || kind == USE;
	int rc;

	if (kind == MAIN)
		rc = sotto_main_server(chat->sotto, server);
	else if (kind == USE)
		rc = p && !p->group ? sotto_use_server(chat->sotto, server, p->name)
				    : SOTTO_NO_CONTACT;
	else if (chat->serving)
		rc = SOTTO_BUSY;
	else
		rc = begin(chat, kind, server);
	if (rc == SOTTO_BUSY)
		chat_note(chat, "one after the other: a server is being asked");
	else if (rc == 0)
		chat_note(chat, local ? kinds[kind].done : "asking the server");
	return rc == SOTTO_BUSY ? 0 : chat_told(chat, rc);
}

int server_verb(struct chat *chat, const struct person *p, char *rest)
{
	const char *verb = strtok_r(rest, " ", &rest), *said = strtok_r(rest, " ", &rest),
		   *yes = strtok_r(rest, " ", &rest);
	char server[SERVER_ROOM];

	if (!verb)
		return show(chat);
	for (enum kind kind = ADD; kind <= FORGET; kind++) {
		if (strcmp(verb, kinds[kind].name) != 0 || !said)
			continue;
		if (!is_clear(chat, kind, said, server))
			return 0;
		return yes && strcmp(yes, "yes") == 0 ? do_it(chat, p, kind, server)
						      : ask(chat, kind, server);
	}
	chat_note(chat, "/server, or /server add|main|use|leave|forget NAME");
	return 0;
}

int id_verb(struct chat *chat, const struct person *p, char *rest)
{
	char link[SOTTO_LINK_ROOM], text[SOTTO_LINK_ROOM + 96];

	(void)p;
	(void)rest;
	sotto_link(chat->sotto, link);
	snprintf(text, sizeof text, "Your contact link; who has it can write to you:\n\n%s\n",
			link);
	return chat_panel(chat, text);
}
