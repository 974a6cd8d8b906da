/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The selected conversation, broken into lines. */
#include "client/chat/chat.h"

#include "libshared/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HEAD = 64, INDENT = 8, DAY_ROOM = 80 };

struct breaking {
	struct chat *chat;
	int width, day; /* day: of the last message, as tm_year and tm_yday have it */
};

const char *const said_states[] = {
	[SOTTO_CAME] = "came",
	[SOTTO_WAITING] = "waits here",
	[SOTTO_SENT] = "is in their mailbox",
	[SOTTO_RECEIVED] = "has come, as they tell",
	[SOTTO_NEVER] = "does not go",
};

void said_wipe(wchar_t *text)
{
	if (text)
		explicit_bzero(text, wcslen(text) * sizeof *text);
	free(text);
}

static inline void wipe_free_ref(wchar_t **text)
{
	said_wipe(*text);
}

void said_clear(struct chat *chat)
{
	for (size_t i = 0; i < chat->n_lines; i++)
		said_wipe(chat->lines[i].text);
	if (chat->said)
		explicit_bzero(chat->said, chat->n_said * sizeof *chat->said);
	free(chat->lines);
	free(chat->said);
	chat->lines = NULL;
	chat->said = NULL;
	chat->n_lines = chat->room = chat->n_said = chat->said_room = 0;
}

/* Takes the text. */
static int add_line(struct chat *chat, const struct line *line)
{
	if (chat->n_lines == chat->room) {
		const size_t room = chat->room ? chat->room * 2 : 256;
		struct line *lines = reallocarray(chat->lines, room, sizeof *lines);

		if (!lines) {
			said_wipe(line->text);
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
	unsigned nth = 0;
	int rc = 0;

	do {
		const size_t n_head = wcslen(head), n = text_fit(text, b->width - INDENT);
		struct line line = *kind;

		line.nth = nth++;
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

/* Where a hit was said, and by whom: its line stands among those of other days and people. */
static void name_it(char *out, size_t size, const struct chat *chat, const struct sotto_message *m)
{
	char name[SOTTO_NAME_MOST + 1], group[SOTTO_NAME_MOST + 1] = "", day[DAY_ROOM] = "";
	const bool everywhere = *chat->words && chat->everywhere;
	const bool names = everywhere ? !m->group || m->state == SOTTO_CAME
				      : m->group && m->state == SOTTO_CAME;
	const time_t at = (time_t)m->at_s;
	struct tm local;

	text_one_line(name, sizeof name, m->contact);
	if (*chat->words && localtime_r(&at, &local))
		strftime(day, sizeof day, "%Y-%m-%d ", &local);
	if (everywhere && m->group)
		text_one_line(group, sizeof group, m->group);
	snprintf(out, size, "%s%s%s%s%s", day, group, *group && names ? ", " : "",
			names ? name : "", *group || names ? ": " : "");
}

/* What we said in a group may be here for one and there for another. */
static void write_copies(char *out, size_t size, const struct sotto_message *m)
{
	*out = '\0';
	if (m->n_sent < m->n_copies)
		snprintf(out, size, "  (sent to %u of %u)", m->n_sent, m->n_copies);
	else if (m->n_received && m->n_received < m->n_copies)
		snprintf(out, size, "  (has come to %u of %u)", m->n_received, m->n_copies);
}

/* Owned; NULL: no memory. */
static char *describe(struct chat *chat, const struct sotto_message *m)
{
	struct sized sized = { m->file, 0, "" };
	char *text = NULL, parts[48] = "", copies[48], name[2 * SOTTO_NAME_MOST + DAY_ROOM + 8];
	int n;

	name_it(name, sizeof name, chat, m);
	write_copies(copies, sizeof copies, m);
	if (m->file && !m->deleted && sotto_files(chat->sotto, find_size, &sized))
		return NULL;
	if (m->n_parts < m->parts)
		snprintf(parts, sizeof parts, "  (%u of %u parts are here)", m->n_parts, m->parts);
	if (m->deleted)
		n = asprintf(&text, "%s(deleted)", name);
	else if (m->file)
		n = asprintf(&text, "%s[file %lld, %.1f MB] %s%s", name, (long long)m->file,
				(double)sized.size / 1e6, m->text, sized.state);
	else
		n = asprintf(&text, "%s%s%s%s%s", name, m->text, parts,
				m->edited ? "  (edited)" : "", copies);
	return n < 0 ? NULL : text;
}

/* --- what stands between messages --------------------------------------- */

static int add_aside(struct breaking *b, const wchar_t *text)
{
	const struct line line = { .text = wcsdup(text), .aside = true };

	return line.text ? add_line(b->chat, &line) : E_NOMEM;
}

static int show_day(struct breaking *b, const struct tm *local)
{
	const int day = local->tm_year * 1000 + local->tm_yday;
	wchar_t text[DAY_ROOM];

	if (day == b->day || *b->chat->words)
		return 0;
	b->day = day;
	return wcsftime(text, DAY_ROOM, L"--- %A, %e %B %Y", local) ? add_aside(b, text) : 0;
}

static int show_gap(struct breaking *b, const struct sotto_message *m)
{
	wchar_t text[HEAD];

	if (!m->n_missing || *b->chat->words)
		return 0;
	swprintf(text, HEAD, L"        (%u missing here)", m->n_missing);
	return add_aside(b, text);
}

/* It stays until one leaves or answers. */
static int show_news(struct breaking *b, const struct sotto_message *m)
{
	struct chat *chat = b->chat;

	if (*chat->words || (chat->new_from && chat->new_from != m->id) ||
			(!chat->new_from && (m->read || m->state != SOTTO_CAME)))
		return 0;
	if (!chat->new_from && !chat->up && !chat->before)
		chat->begins = true;
	chat->new_from = m->id;
	return add_aside(b, L"--- new:");
}

static int show_key(struct breaking *b, const struct person *p)
{
	if (p->group || p->trust != SOTTO_KEY_CHANGED || b->chat->before || *b->chat->words)
		return 0;
	return add_aside(b,
			L"!!! THEIR KEY IS NOT THE ONE YOU VERIFIED: it may be another "
			L"person. /verify");
}

/* --- messages ----------------------------------------------------------- */

static int add_said(struct chat *chat, const struct sotto_message *m)
{
	struct said *said;

	if (chat->n_said == chat->said_room) {
		const size_t room = chat->said_room ? chat->said_room * 2 : 256;

		said = reallocarray(chat->said, room, sizeof *said);
		if (!said)
			return E_NOMEM;
		chat->said = said;
		chat->said_room = room;
	}
	said = &chat->said[chat->n_said++];
	*said = (struct said){ .id = m->id,
		.number = m->number,
		.file = m->file,
		.out = m->state != SOTTO_CAME,
		.deleted = m->deleted,
		.group = m->group != NULL };
	snprintf(said->where, sizeof said->where, "%s", m->group ? m->group : m->contact);
	return 0;
}

static wchar_t mark(const struct sotto_message *m)
{
	return m->state == SOTTO_CAME		     ? L'>'
			: m->state == SOTTO_WAITING  ? L'~'
			: m->state == SOTTO_RECEIVED ? L'='
			: m->state == SOTTO_NEVER    ? L'x'
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
		.id = m->id,
		.waits = m->state == SOTTO_WAITING,
		.aside = m->deleted };
	wchar_t head[HEAD];
	const time_t at = (time_t)m->at_s;
	struct tm local;
	int rc;

	if (!text || !localtime_r(&at, &local))
		return E_NOMEM;
	/* As wide as the indent. */
	swprintf(head, HEAD, L"%02d:%02d %lc ", local.tm_hour, local.tm_min, (wint_t)mark(m));
	rc = show_day(b, &local);
	rc = rc ? rc : show_gap(b, m);
	rc = rc ? rc : show_news(b, m);
	rc = rc ? rc : add_said(b->chat, m);
	return rc ? rc : break_text(b, &kind, head, text);
}

/* --- all of them -------------------------------------------------------- */

static int older_said(const void *a, const void *b)
{
	const struct said *p = a, *q = b;

	return p->id < q->id ? -1 : p->id > q->id;
}

static int older_line(const void *a, const void *b)
{
	const struct line *p = a, *q = b;

	return p->id != q->id ? (p->id < q->id ? -1 : 1) : (int)p->nth - (int)q->nth;
}

static int take_hit(void *userdata, const struct sotto_message *m)
{
	const struct chat *chat = ((const struct breaking *)userdata)->chat;

	/* What a person said in a group is no part of the conversation with them. */
	return m->group && !chat->everywhere ? 0 : take(userdata, m);
}

/* The library finds them contact by contact. */
static int search(struct breaking *b, const struct person *p)
{
	struct chat *chat = b->chat;
	int rc;

	if (p->group && !chat->everywhere)
		rc = sotto_group_search(chat->sotto, p->name, chat->words, take, b);
	else
		rc = sotto_search(chat->sotto, chat->everywhere ? NULL : p->name, chat->words,
				take_hit, b);
	if (rc == 0 && chat->n_lines) {
		qsort(chat->lines, chat->n_lines, sizeof *chat->lines, older_line);
		qsort(chat->said, chat->n_said, sizeof *chat->said, older_said);
	}
	return rc || chat->n_lines ? rc : add_aside(b, L"        (nothing has these words)");
}

static int read_said(struct breaking *b, const struct person *p)
{
	struct chat *chat = b->chat;
	const struct sotto_range range = { chat->before, chat->n_wanted };
	int rc;

	if (*chat->words)
		return search(b, p);
	rc = p->group ? sotto_group_history(chat->sotto, p->name, &range, take, b)
		      : sotto_history(chat->sotto, p->name, &range, take, b);
	return rc ? rc : show_key(b, p);
}

/* The view: at the first that is new, or where it was whatever has come below, or at the end. */
static void set_view(struct chat *chat, const struct line *was)
{
	const size_t n = chat->n_lines, rows = (size_t)screen_rows();
	size_t top = n > rows ? n - rows : 0;

	for (size_t i = 0; i < n; i++) {
		const struct line *line = &chat->lines[i];

		if (was->id && line->id == was->id && line->nth <= was->nth)
			chat->up = n - i - 1;
		if (chat->begins && line->id == chat->new_from) {
			top = n - i + 1 < rows ? 0 : n - i + 1 - rows; /* with its head */
			chat->up = SIZE_MAX;
			break;
		}
	}
	chat->up = chat->up < top ? chat->up : top;
	chat->begins = chat->hold = false;
}

static int mark_read(struct chat *chat, struct person *p)
{
	int rc;

	if (!p->n_unread || *chat->words || chat->before || chat->up || chat->panel)
		return 0;
	rc = p->group ? sotto_group_read(chat->sotto, p->name) : sotto_read(chat->sotto, p->name);
	if (rc == 0)
		p->n_unread = 0;
	return rc;
}

int said_load(struct chat *chat, int width)
{
	struct person *p = people_selected(chat);
	struct breaking b = { chat, width < 2 * INDENT ? 2 * INDENT : width, 0 };
	struct line was = { .id = 0 };
	int rc;

	if ((chat->up || chat->hold) && chat->up < chat->n_lines)
		was = chat->lines[chat->n_lines - chat->up - 1];
	said_clear(chat);
	if (!p)
		return 0;
	rc = read_said(&b, p);
	if (rc == 0)
		set_view(chat, &was);
	rc = rc ? rc : mark_read(chat, p);
	/* ended meanwhile, by another process */
	return rc == SOTTO_NO_CONTACT || rc == SOTTO_NO_GROUP ? 0 : rc;
}
