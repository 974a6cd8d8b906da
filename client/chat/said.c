/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The selected conversation, broken into lines. */
#include "client/chat/chat.h"

#include "libshared/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HEAD = 64, INDENT = 8 };

struct breaking {
	struct chat *chat;
	int width;
};

static void wipe_free(wchar_t *text)
{
	if (text)
		explicit_bzero(text, wcslen(text) * sizeof *text);
	free(text);
}

static inline void wipe_free_ref(wchar_t **text)
{
	wipe_free(*text);
}

void said_clear(struct chat *chat)
{
	for (size_t i = 0; i < chat->n_lines; i++)
		wipe_free(chat->lines[i].text);
	free(chat->lines);
	chat->lines = NULL;
	chat->n_lines = chat->room = 0;
}

/* Takes the text. */
static int add_line(struct chat *chat, const struct line *line)
{
	if (chat->n_lines == chat->room) {
		const size_t room = chat->room ? chat->room * 2 : 256;
		struct line *lines = reallocarray(chat->lines, room, sizeof *lines);

		if (!lines) {
			wipe_free(line->text);
			return E_NOMEM;
		}
		chat->lines = lines;
		chat->room = room;
	}
	chat->lines[chat->n_lines++] = *line;
	return 0;
}

/* The first line has a head in its place of the indent. */
static int break_text(struct breaking *b, const struct line *kind, const wchar_t *head,
		const wchar_t *text)
{
	int rc = 0;

	do {
		const size_t n_head = wcslen(head), n = text_fit(text, b->width - INDENT);
		struct line line = *kind;

		line.text = malloc((n_head + n + 1) * sizeof *line.text);
		if (!line.text)
			return E_NOMEM;
		wmemcpy(line.text, head, n_head);
		wmemcpy(line.text + n_head, text, n);
		line.text[n_head + n] = L'\0';
		rc = add_line(b->chat, &line);
		text += n;
		text += *text == L'\n';
		head = L"        ";
	} while (rc == 0 && *text);
	return rc;
}

static int take(void *userdata, const struct sotto_message *m)
{
	struct breaking *b = userdata;
	__attribute__((cleanup(wipe_free_ref))) wchar_t *text = text_clean(m->text);
	const struct line kind = { .out = m->state != SOTTO_CAME,
		.waits = m->state == SOTTO_WAITING,
		.request = m->contact_state == SOTTO_REQUEST };
	wchar_t head[HEAD];
	const time_t at = (time_t)m->at_s;
	struct tm local;

	if (!text || !localtime_r(&at, &local))
		return E_NOMEM;
	/* As wide as the indent. */
	swprintf(head, HEAD, L"%02d:%02d %c ", local.tm_hour, local.tm_min,
			!kind.out		     ? '>'
					: kind.waits ? '~'
						     : '<');
	if (b->chat->oldest_id == 0)
		b->chat->oldest_id = m->id;
	return break_text(b, &kind, head, text);
}

int said_load(struct chat *chat, int width)
{
	const struct person *p = people_selected(chat);
	struct breaking b = { chat, width < 2 * INDENT ? 2 * INDENT : width };
	const struct sotto_range range = { 0, chat->n_wanted };
	int rc;

	said_clear(chat);
	chat->oldest_id = 0;
	if (!p)
		return 0;
	rc = sotto_history(chat->sotto, p->name, &range, take, &b);
	if (rc == 0 && p->n_unread)
		rc = sotto_read(chat->sotto, p->name);
	if (rc == 0)
		chat->people[chat->selected].n_unread = 0;
	return rc == SOTTO_NO_CONTACT ? 0 : rc; /* ended meanwhile, by another process */
}
