/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Keys, and lines that begin with a slash. */
#include "client/chat/chat.h"

#include "libshared/error.h"

#include <curses.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CTRL(c) ((c)&0x1f)

void chat_note(struct chat *chat, const char *text)
{
	snprintf(chat->note, sizeof chat->note, "%s", text);
}

/* The answer is shown; only our own failures end the chat. */
static int told(struct chat *chat, int rc)
{
	if (rc)
		chat_note(chat, sotto_text((enum sotto_result)rc));
	chat->stale = true;
	return rc == SOTTO_E_BUG || rc == SOTTO_E_MEMORY ? rc : 0;
}

/* --- lines -------------------------------------------------------------- */

static int accept_request(struct chat *chat, const struct person *p, char *name)
{
	if (p->state != SOTTO_REQUEST || p->group) {
		chat_note(chat, "that is no request");
		return 0;
	}
	return told(chat, sotto_accept(chat->sotto, p->name, name));
}

static int add(struct chat *chat, char *rest)
{
	const char *name = strtok_r(rest, " ", &rest), *link = strtok_r(rest, " ", &rest);

	if (!name || !link) {
		chat_note(chat, "/add NAME LINK");
		return 0;
	}
	return told(chat, sotto_add(chat->sotto, name, link));
}

/* Without words: the whole conversation again. */
static int find_words(struct chat *chat, const char *words)
{
	snprintf(chat->words, sizeof chat->words, "%s", words);
	return 0;
}

/* The newest of ours: the one that people see to be wrong. */
static int change_newest(struct chat *chat, const struct person *p, const char *text)
{
	const int64_t number = chat->newest_ours;

	if (p->group || !number) {
		chat_note(chat, "there is nothing of yours here that could be changed");
		return 0;
	}
	return told(chat,
			text ? sotto_edit(chat->sotto, p->name, number, text)
			     : sotto_delete(chat->sotto, p->name, number));
}

static int about(struct chat *chat, const struct person *p, const char *verb, char *rest)
{
	if (strcmp(verb, "/accept") == 0)
		return accept_request(chat, p, rest);
	if (strcmp(verb, "/block") == 0 && !p->group)
		return told(chat, sotto_block(chat->sotto, p->name));
	if (strcmp(verb, "/join") == 0 && p->group)
		return told(chat, sotto_group_join(chat->sotto, p->name));
	if (strcmp(verb, "/find") == 0 && !p->group)
		return find_words(chat, rest);
	if (strcmp(verb, "/edit") == 0)
		return change_newest(chat, p, rest);
	if (strcmp(verb, "/delete") == 0)
		return change_newest(chat, p, NULL);
	chat_note(chat,
			"/add NAME LINK  /accept NAME  /block  /join  /find WORDS  /edit TEXT  "
			"/delete  "
			"/quit  Up Down PgUp PgDn  Ctrl-X Ctrl-X: destroy all");
	return 0;
}

static int command(struct chat *chat, char *line)
{
	const struct person *p = people_selected(chat);
	char *rest = NULL;
	const char *verb = strtok_r(line, " ", &rest);

	if (strcmp(verb, "/quit") == 0)
		return CHAT_LEFT;
	if (strcmp(verb, "/add") == 0)
		return add(chat, rest);
	if (p)
		return about(chat, p, verb, rest ? rest : line + strlen(line));
	chat_note(chat, "/add NAME LINK  /quit  Ctrl-X Ctrl-X: destroy all");
	return 0;
}

static int send(struct chat *chat, const char *text)
{
	const struct person *p = people_selected(chat);

	if (!p)
		return 0;
	if (p->state != SOTTO_ACCEPTED) {
		chat_note(chat,
				p->group ? "join first: /join"
					 : "accept the request first: /accept NAME");
		return 0;
	}
	chat->words[0] = '\0';
	if (p->group)
		return told(chat, sotto_group_write(chat->sotto, p->name, text));
	return told(chat, sotto_write(chat->sotto, p->name, text));
}

/* Two slashes: a text that begins with one. */
static int enter(struct chat *chat)
{
	char line[CHAT_INPUT * MB_LEN_MAX + 1];
	size_t len = wcstombs(line, chat->input, sizeof line);
	int rc = 0;

	if (len == (size_t)-1 || len == 0)
		return 0;
	if (line[0] == '/' && line[1] != '/')
		rc = command(chat, line);
	else
		rc = send(chat, line[0] == '/' ? line + 1 : line);
	explicit_bzero(line, sizeof line);
	explicit_bzero(chat->input, sizeof chat->input);
	chat->n_input = chat->cursor = 0;
	chat->up = 0;
	chat->stale = true;
	return rc;
}

/* --- the line one writes ------------------------------------------------ */

static void insert(struct chat *chat, wchar_t c)
{
	if (chat->n_input == CHAT_INPUT || wcwidth(c) < 0)
		return;
	wmemmove(chat->input + chat->cursor + 1, chat->input + chat->cursor,
			chat->n_input - chat->cursor + 1);
	chat->input[chat->cursor++] = c;
	chat->n_input++;
}

static void remove_before(struct chat *chat, size_t n)
{
	wmemmove(chat->input + chat->cursor - n, chat->input + chat->cursor,
			chat->n_input - chat->cursor + 1);
	chat->cursor -= n;
	chat->n_input -= n;
}

static void edit(struct chat *chat, wint_t key)
{
	if (key == CTRL('A'))
		chat->cursor = 0;
	else if (key == CTRL('E'))
		chat->cursor = chat->n_input;
	else if (key == CTRL('U'))
		remove_before(chat, chat->cursor);
	else if (key == CTRL('H') || key == 0x7f)
		remove_before(chat, chat->cursor > 0);
	else
		insert(chat, (wchar_t)key);
}

/* --- keys --------------------------------------------------------------- */

static void scroll_by(struct chat *chat, int lines)
{
	if (lines < 0) {
		const size_t down = (size_t)-lines;

		chat->up = chat->up > down ? chat->up - down : 0;
		return;
	}
	chat->up += (size_t)lines;
	if (chat->up >= chat->n_lines) { /* further back */
		chat->up = chat->n_lines ? chat->n_lines - 1 : 0;
		chat->n_wanted += CHAT_SHOWN;
		chat->stale = true;
	}
}

static void special(struct chat *chat, wint_t key)
{
	if (key == KEY_UP || key == KEY_DOWN)
		people_select(chat, key == KEY_UP ? -1 : 1);
	else if (key == KEY_PPAGE || key == KEY_NPAGE)
		scroll_by(chat, key == KEY_PPAGE ? LINES / 2 : -LINES / 2);
	else if (key == KEY_LEFT)
		chat->cursor -= chat->cursor > 0;
	else if (key == KEY_RIGHT)
		chat->cursor += chat->cursor < chat->n_input;
	else if (key == KEY_HOME || key == KEY_END)
		chat->cursor = key == KEY_HOME ? 0 : chat->n_input;
	else if (key == KEY_BACKSPACE)
		edit(chat, CTRL('H'));
	else if (key == KEY_RESIZE)
		chat->stale = true;
}

int input_key(struct chat *chat, int kind, wint_t key)
{
	const bool is_panic = kind == OK && key == CTRL('X');

	if (is_panic && chat->asked_panic)
		return CHAT_PANIC;
	chat->note[0] = '\0';
	chat->asked_panic = is_panic;
	if (is_panic)
		chat_note(chat, "Ctrl-X again destroys this profile, here and at its server");
	else if (kind == KEY_CODE_YES)
		special(chat, key);
	else if (key == CTRL('C') || key == CTRL('D'))
		return CHAT_LEFT;
	else if (key == CTRL('P') || key == CTRL('N'))
		people_select(chat, key == CTRL('P') ? -1 : 1);
	else if (key == '\r' || key == '\n')
		return enter(chat);
	else
		edit(chat, key);
	return 0;
}
