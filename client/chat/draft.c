/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What one was writing to each of them, in memory only. */
#include "client/chat/chat.h"

#include "libshared/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct draft {
	struct draft *next;
	char name[SOTTO_NAME_MOST + 1];
	bool group;
	int64_t editing;
	wchar_t *text;
};

static void draft_free(struct draft *d)
{
	said_wipe(d->text);
	free(d);
}

int draft_keep(struct chat *chat, const struct person *p)
{
	struct draft *d;

	if (!p || !chat->n_input)
		return 0;
	d = calloc(1, sizeof *d);
	if (!d || !(d->text = wcsdup(chat->input))) {
		free(d);
		return E_NOMEM;
	}
	snprintf(d->name, sizeof d->name, "%s", p->name);
	d->group = p->group;
	d->editing = chat->editing;
	d->next = chat->drafts;
	chat->drafts = d;
	input_clear(chat);
	return 0;
}

void draft_take(struct chat *chat)
{
	const struct person *p = people_selected(chat);
	struct draft **at = &chat->drafts, *d;

	while (p && *at && (strcmp((*at)->name, p->name) != 0 || (*at)->group != p->group))
		at = &(*at)->next;
	if (!p || !(d = *at))
		return;
	*at = d->next;
	wcscpy(chat->input, d->text);
	chat->n_input = chat->cursor = wcslen(d->text);
	chat->editing = d->editing;
	draft_free(d);
}

void draft_clear(struct chat *chat)
{
	struct draft *d;

	while ((d = chat->drafts)) {
		chat->drafts = d->next;
		draft_free(d);
	}
}
