/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which part of the conversation is loaded, and how far up the view is. The library counts
 * backwards only; ids grow with time, and are those of the whole profile.
 */
#include "client/chat/chat.h"

static int take_id(void *userdata, const struct sotto_message *m)
{
	*(int64_t *)userdata = m->id;
	return 0;
}

/* 0: there is none before it; before 0: the newest. */
static int last_before(struct chat *chat, int64_t before, int64_t *out)
{
	const struct person *p = people_selected(chat);
	const struct sotto_range range = { before, 1 };

	*out = 0;
	if (!p)
		return 0;
	return p->group ? sotto_group_history(chat->sotto, p->name, &range, take_id, out)
			: sotto_history(chat->sotto, p->name, &range, take_id, out);
}

/* 0: there is none after it. By halves: none is in (after, none], one is in (none, *out]. */
static int first_after(struct chat *chat, int64_t after, int64_t *out)
{
	int64_t none = after, id;
	int rc = last_before(chat, 0, out);

	while (rc == 0 && *out - none > 1) {
		const int64_t middle = none + (*out - none) / 2;

		rc = last_before(chat, middle + 1, &id);
		if (id > none)
			*out = id;
		else
			none = middle;
	}
	*out = *out > after ? *out : 0;
	return rc;
}

/* So that what comes is not looked for where nothing can be. */
static int end_before(struct chat *chat, int64_t before)
{
	int64_t newest;
	const int rc = last_before(chat, 0, &newest);

	chat->before = before > newest ? 0 : before;
	chat->stale = true;
	return rc;
}

void place_newest(struct chat *chat)
{
	chat->up = 0;
	chat->before = 0;
	chat->n_wanted = CHAT_SHOWN;
	chat->stale = true;
}

int place_first(struct chat *chat)
{
	int64_t id;
	const int rc = first_after(chat, 0, &id);

	if (rc || !id)
		return rc;
	chat->chosen = chat->chosen ? id : 0;
	chat->up = SIZE_MAX; /* as far as there is */
	return place_around(chat, id);
}

int place_around(struct chat *chat, int64_t id)
{
	chat->n_wanted = CHAT_SHOWN;
	chat->follow = chat->chosen != 0;
	return end_before(chat, id + CHAT_SHOWN / 2);
}

static int go_on(struct chat *chat)
{
	int64_t end, next;
	int rc = last_before(chat, chat->before, &end);

	rc = rc ? rc : first_after(chat, end, &next);
	chat->n_wanted += CHAT_SHOWN;
	chat->hold = true;
	return rc ? rc : end_before(chat, next ? next + CHAT_SHOWN / 2 : INT64_MAX);
}

int place_scroll(struct chat *chat, int lines)
{
	const size_t rows = (size_t)screen_rows(), down = (size_t)-lines,
		     top = chat->n_lines > rows ? chat->n_lines - rows : 0;

	chat->stale = true; /* its end may be seen now, and is read then */
	if (lines < 0) {
		chat->up = chat->up > down ? chat->up - down : 0;
		return chat->up <= rows && chat->before ? go_on(chat) : 0; /* later ones, soon */
	}
	chat->up += (size_t)lines;
	if (chat->up + rows > top && chat->n_said >= chat->n_wanted) /* earlier ones, soon */
		chat->n_wanted += CHAT_SHOWN;
	chat->up = chat->up < top ? chat->up : top;
	return 0;
}

void place_follow(struct chat *chat)
{
	const size_t rows = (size_t)screen_rows(), n = chat->n_lines;
	size_t first = n, end = n;

	for (size_t i = n; i-- > 0;)
		if (chat->lines[i].id == chat->chosen) {
			end = first == n ? i + 1 : end;
			first = i;
		}
	chat->follow = false;
	if (first == n)
		return;
	if (n - end < chat->up)
		chat->up = n - end;
	if (n - first > chat->up + rows)
		chat->up = n - first - rows;
}
