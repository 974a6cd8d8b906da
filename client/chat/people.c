/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whom one talks with, groups too: the latest first, requests and contacts alike, blocked people
 * not at all. */
#include "client/chat/chat.h"

#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int note(void *userdata, const struct sotto_contact *c)
{
	struct chat *chat = userdata;
	struct person *p = &chat->people[chat->n_people];

	if (c->state == SOTTO_BLOCKED || chat->n_people == CHAT_PEOPLE)
		return 0;
	snprintf(p->name, sizeof p->name, "%s", c->name);
	p->state = c->state;
	p->n_unread = c->n_unread;
	p->last_s = c->last_s;
	p->timer_s = c->timer_s;
	p->trust = c->trust;
	p->group = false;
	chat->n_people++;
	return 0;
}

static int note_group(void *userdata, const struct sotto_group *g)
{
	struct chat *chat = userdata;
	struct person *p = &chat->people[chat->n_people];

	if (g->state == SOTTO_OVER || chat->n_people == CHAT_PEOPLE)
		return 0;
	*p = (struct person){ .group = true,
		.n_unread = g->n_unread,
		.last_s = g->last_s,
		.timer_s = g->timer_s,
		.state = g->state == SOTTO_IN ? SOTTO_ACCEPTED : SOTTO_REQUEST };
	snprintf(p->name, sizeof p->name, "%s", g->name);
	chat->n_people++;
	return 0;
}

static int later_first(const void *a, const void *b)
{
	const struct person *p = a, *q = b;

	if (p->last_s != q->last_s)
		return p->last_s < q->last_s ? 1 : -1;
	return strcmp(p->name, q->name);
}

/* Once for however much has come, and never for strangers. */
static void ring_bell(struct chat *chat)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < chat->n_people; i++)
		n += chat->people[i].state == SOTTO_ACCEPTED ? chat->people[i].n_unread : 0;
	if (n > chat->n_unread && !chat->quiet && chat->opened)
		beep();
	chat->n_unread = n;
	chat->opened = true;
}

static unsigned find(const struct chat *chat, const char *name, bool group)
{
	unsigned i = 0;

	while (i < chat->n_people &&
			(strcmp(chat->people[i].name, name) != 0 || chat->people[i].group != group))
		i++;
	return i;
}

/* It is gone, or is called otherwise. Nobody takes its place while one writes: what was meant for
 * one must not go to another. */
static int lose(struct chat *chat, const struct person *was)
{
	const bool writes = chat->n_input != 0;
	const int rc = draft_keep(chat, was);

	chat->selected = writes ? chat->n_people : 0;
	chat->words[0] = '\0';
	chat->new_from = chat->chosen = 0;
	place_newest(chat);
	draft_take(chat);
	return rc;
}

int people_load(struct chat *chat)
{
	const bool first = chat->n_people == 0;
	const struct person was = people_selected(chat) ? *people_selected(chat)
							: (struct person){ .name = "" };
	int rc;

	chat->n_people = 0;
	rc = sotto_contacts(chat->sotto, note, chat);
	rc = rc ? rc : sotto_groups(chat->sotto, note_group, chat);
	qsort(chat->people, chat->n_people, sizeof *chat->people, later_first);
	chat->selected = first ? 0 : find(chat, was.name, was.group);
	if (rc == 0 && *was.name && chat->selected == chat->n_people)
		rc = lose(chat, &was);
	ring_bell(chat);
	return rc;
}

struct person *people_selected(struct chat *chat)
{
	return chat->selected < chat->n_people ? &chat->people[chat->selected] : NULL;
}

static int select_one(struct chat *chat, unsigned i)
{
	const int rc = draft_keep(chat, people_selected(chat));

	if (rc)
		return rc;
	chat->selected = i;
	chat->words[0] = '\0';
	chat->new_from = chat->chosen = 0;
	place_newest(chat);
	draft_take(chat);
	return 0;
}

int people_select(struct chat *chat, int by)
{
	const int n = (int)chat->n_people, to = (int)chat->selected + by;

	return n ? select_one(chat, (unsigned)(to < 0 ? n - 1 : to >= n ? 0 : to)) : 0;
}

int people_go(struct chat *chat, const char *name, bool group)
{
	const unsigned i = find(chat, name, group);

	return i < chat->n_people ? select_one(chat, i) : SOTTO_NO_CONTACT;
}
