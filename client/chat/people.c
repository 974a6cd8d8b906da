/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whom one talks with, groups too: the latest first, requests and contacts alike, blocked people
 * not at all. */
#include "client/chat/chat.h"

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

int people_load(struct chat *chat)
{
	const struct person *was = people_selected(chat);
	char name[SOTTO_NAME_MOST + 1] = "";
	const bool group = was && was->group;
	int rc;

	if (was)
		snprintf(name, sizeof name, "%s", was->name);
	chat->n_people = 0;
	rc = sotto_contacts(chat->sotto, note, chat);
	rc = rc ? rc : sotto_groups(chat->sotto, note_group, chat);
	qsort(chat->people, chat->n_people, sizeof *chat->people, later_first);
	chat->selected = 0;
	for (unsigned i = 0; i < chat->n_people; i++)
		if (strcmp(chat->people[i].name, name) == 0 && chat->people[i].group == group)
			chat->selected = i;
	return rc;
}

struct person *people_selected(struct chat *chat)
{
	return chat->selected < chat->n_people ? &chat->people[chat->selected] : NULL;
}

void people_select(struct chat *chat, int by)
{
	const int n = (int)chat->n_people, now = (int)chat->selected + by;

	if (n)
		chat->selected = (unsigned)(now < 0 ? n - 1 : now >= n ? 0 : now);
	chat->n_wanted = CHAT_SHOWN;
	chat->words[0] = '\0';
	chat->up = 0;
	chat->stale = true;
}
