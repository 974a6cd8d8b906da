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

/* --- what is shown of a message ----------------------------------------- */

struct sized {
	int64_t id;
	uint64_t size;
	char state[48];
};

static int find_size(void *userdata, const struct sotto_file *f)
{
	struct sized *sized = userdata;

	if (f->id != sized->id)
		return 0;
	sized->size = f->size;
	if (f->out)
		return 0;
	if (f->state == SOTTO_FILE_WHOLE)
		snprintf(sized->state, sizeof sized->state, "  (fetched)");
	else if (f->n_done)
		snprintf(sized->state, sizeof sized->state, "  (%u%%: /get %lld)",
				(unsigned)(100 * (uint64_t)f->n_done / f->pieces),
				(long long)f->id);
	else
		snprintf(sized->state, sizeof sized->state, "  (/get %lld)", (long long)f->id);
	return 0;
}

/* Owned; NULL: no memory. */
static char *describe(struct chat *chat, const struct sotto_message *m)
{
	struct sized sized = { m->file, 0, "" };
	char *text = NULL, parts[48] = "", name[SOTTO_NAME_MOST + 1];
	int n;

	text_one_line(name, sizeof name, m->contact);
	if (m->file && !m->deleted && sotto_files(chat->sotto, find_size, &sized))
		return NULL;
	if (m->n_parts < m->parts)
		snprintf(parts, sizeof parts, "  (%u of %u parts are here)", m->n_parts, m->parts);
	if (m->deleted)
		n = asprintf(&text, "(deleted)");
	else if (m->file)
		n = asprintf(&text, "[file %lld, %.1f MB] %s%s", (long long)m->file,
				(double)sized.size / 1e6, m->text, sized.state);
	else
		n = asprintf(&text, "%s%s%s%s%s", m->group && m->state == SOTTO_CAME ? name : "",
				m->group && m->state == SOTTO_CAME ? ": " : "", m->text, parts,
				m->edited ? "  (edited)" : "");
	return n < 0 ? NULL : text;
}

static int show_gap(struct breaking *b, const struct sotto_message *m)
{
	static const struct line kind = { .aside = true };
	wchar_t text[HEAD];

	swprintf(text, HEAD, L"(%u missing here)", m->n_missing);
	return break_text(b, &kind, L"        ", text);
}

static wchar_t mark(const struct sotto_message *m)
{
	return m->state == SOTTO_CAME		     ? L'>'
			: m->state == SOTTO_WAITING  ? L'~'
			: m->state == SOTTO_RECEIVED ? L'='
						     : L'<';
}

static void wipe_free_text_ref(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
}

static int take(void *userdata, const struct sotto_message *m)
{
	struct breaking *b = userdata;
	__attribute__((cleanup(wipe_free_text_ref))) char *whole = describe(b->chat, m);
	__attribute__((cleanup(wipe_free_ref))) wchar_t *text = whole ? text_clean(whole) : NULL;
	const struct line kind = { .out = m->state != SOTTO_CAME,
		.waits = m->state == SOTTO_WAITING,
		.request = m->contact_state == SOTTO_REQUEST,
		.aside = m->deleted };
	wchar_t head[HEAD];
	const time_t at = (time_t)m->at_s;
	struct tm local;

	if (!text || !localtime_r(&at, &local))
		return E_NOMEM;
	/* As wide as the indent. */
	swprintf(head, HEAD, L"%02d:%02d %lc ", local.tm_hour, local.tm_min, (wint_t)mark(m));
	if (b->chat->oldest_id == 0)
		b->chat->oldest_id = m->id;
	if (kind.out && !m->deleted && !m->group)
		b->chat->newest_ours = m->number;
	if (m->n_missing && show_gap(b, m))
		return E_NOMEM;
	return break_text(b, &kind, head, text);
}

static int read_said(struct breaking *b, const struct person *p)
{
	struct chat *chat = b->chat;
	const struct sotto_range range = { 0, chat->n_wanted };

	if (p->group)
		return sotto_group_history(chat->sotto, p->name, &range, take, b);
	if (*chat->words)
		return sotto_search(chat->sotto, p->name, chat->words, take, b);
	return sotto_history(chat->sotto, p->name, &range, take, b);
}

int said_load(struct chat *chat, int width)
{
	const struct person *p = people_selected(chat);
	struct breaking b = { chat, width < 2 * INDENT ? 2 * INDENT : width };
	int rc;

	said_clear(chat);
	chat->oldest_id = chat->newest_ours = 0;
	if (!p)
		return 0;
	rc = read_said(&b, p);
	if (rc == 0 && p->n_unread)
		rc = p->group ? sotto_group_read(chat->sotto, p->name)
			      : sotto_read(chat->sotto, p->name);
	if (rc == 0)
		chat->people[chat->selected].n_unread = 0;
	/* ended meanwhile, by another process */
	return rc == SOTTO_NO_CONTACT || rc == SOTTO_NO_GROUP ? 0 : rc;
}
