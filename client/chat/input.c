/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Keys, and the line that one writes. */
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

void chat_panel(struct chat *chat, const char *text)
{
	snprintf(chat->panel, sizeof chat->panel, "%s", text);
}

/* --- lines -------------------------------------------------------------- */

/* The answer is shown; only our own failures end the chat. */
static int told(struct chat *chat, int rc)
{
	if (rc)
		chat_note(chat, sotto_text((enum sotto_result)rc));
	return rc == SOTTO_E_BUG || rc == SOTTO_E_MEMORY ? rc : 0;
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
	const size_t room = chat->n_input * MB_LEN_MAX + 1;
	CLEANUP(scope_free) char *line = calloc(1, room);
	const size_t len = line ? wcstombs(line, chat->input, room) : 0;
	int rc;

	if (!line)
		return E_NOMEM;
	if (len == (size_t)-1 || len == 0)
		return 0;
	if (line[0] == '/' && line[1] != '/')
		rc = command_run(chat, line);
	else
		rc = send(chat, line[0] == '/' ? line + 1 : line);
	explicit_bzero(line, room);
	explicit_bzero(chat->input, sizeof chat->input);
	chat->n_input = chat->cursor = 0;
	chat->up = 0;
	chat->stale = true;
	return rc;
}

/* --- the line one writes ------------------------------------------------ */

static void insert(struct chat *chat, wchar_t c)
{
	if (c != L'\n' && wcwidth(c) < 0)
		return;
	if (chat->n_input == CHAT_INPUT) {
		chat_note(chat, "there is no room for more: a message has at most 65,536 bytes");
		return;
	}
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
	else if (key != L'\n')
		insert(chat, (wchar_t)key);
}

/* Whatever is in it is text: no line of it is sent, no character of it is a key. */
static void paste(struct chat *chat, wint_t key)
{
	insert(chat, key == '\r' ? L'\n' : key == '\t' ? L' ' : (wchar_t)key);
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
	const bool is_panic = kind == OK && key == CTRL('X') && !chat->pasting;

	if (is_panic && chat->asked_panic)
		return CHAT_PANIC;
	chat->note[0] = chat->panel[0] = '\0';
	chat->asked_panic = is_panic;
	if (is_panic)
		chat_note(chat, "Ctrl-X again destroys this profile, here and at its server");
	else if (kind == KEY_CODE_YES && (key == INPUT_PASTE || key == INPUT_PASTED))
		chat->pasting = key == INPUT_PASTE;
	else if (kind == KEY_CODE_YES && (!chat->pasting || key == KEY_RESIZE))
		special(chat, key);
	else if (chat->pasting && kind == OK)
		paste(chat, key);
	else if (chat->pasting)
		return 0; /* what is a key elsewhere */
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
