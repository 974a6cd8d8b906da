/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The terminal: people on the left where there is room, what was said on the right, below it a
 * line that says how things are, and the line one writes. ncurses sends whatever it is given, so
 * it is given clean text only.
 */
#include "client/chat/chat.h"

#include "libshared/error.h"

#include <curses.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = 22, WIDE = 60 }; /* columns of the list, and from how many on it is there */

static int side(void)
{
	return COLS >= WIDE ? SIDE : 0;
}

int screen_pane_width(void)
{
	return COLS - side();
}

int screen_open(void)
{
	if (!newterm(NULL, stdout, stdin)) /* initscr would end the process */
		return E_IO;
	set_escdelay(50);
	raw(); /* Ctrl-C, Ctrl-Z are keys: a chat does not vanish with a message half written */
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	return 0;
}

void screen_close(void)
{
	screen_forget();
	endwin();
}

void screen_forget(void)
{
	erase();
	clearok(stdscr, TRUE);
	refresh();
}

/* At most so many columns of it. */
static void put(int y, int x, const wchar_t *text, int columns)
{
	size_t n = 0;

	while (text[n] && text_columns(text, n + 1) <= columns)
		n++;
	mvaddnwstr(y, x, text, (int)n);
}

static void put_utf8(int y, int x, const char *text, int columns)
{
	CLEANUP(scope_free) wchar_t *clean = text_clean(text);

	if (clean)
		put(y, x, clean, columns);
}

static void draw_people(struct chat *chat, int rows)
{
	const unsigned first = chat->selected >= (unsigned)rows
			? chat->selected - (unsigned)rows + 1
			: 0;

	for (int y = 0; y < rows; y++) {
		const unsigned i = first + (unsigned)y;
		const struct person *p = i < chat->n_people ? &chat->people[i] : NULL;
		char count[16] = "";

		put(y, SIDE - 1, wcwidth(0x2502) == 1 ? L"\x2502" : L"|", 1);
		if (!p)
			continue;
		attrset(i == chat->selected				    ? A_REVERSE
						: p->state == SOTTO_REQUEST ? A_DIM
									    : A_NORMAL);
		if (p->n_unread)
			snprintf(count, sizeof count, " %u", p->n_unread);
		mvprintw(y, 0, "%*s", SIDE - 2, "");
		put_utf8(y, 1, p->name, SIDE - 3 - (int)strlen(count));
		attron(A_BOLD);
		mvaddstr(y, SIDE - 2 - (int)strlen(count), count);
		attrset(A_NORMAL);
	}
}

static void draw_said(const struct chat *chat, int rows)
{
	const size_t below = chat->n_lines > chat->up ? chat->n_lines - chat->up : 0,
		     first = below > (size_t)rows ? below - (size_t)rows : 0;
	int y = rows - (int)(below - first);

	for (size_t i = first; i < below; i++, y++) {
		const struct line *line = &chat->lines[i];

		attrset(line->waits || line->aside ? A_DIM : line->out ? A_BOLD : A_NORMAL);
		put(y, side(), line->text, screen_pane_width());
		attrset(A_NORMAL);
	}
}

static void draw_status(struct chat *chat, int y)
{
	const struct person *p = people_selected(chat);
	char text[CHAT_NOTE + SOTTO_NAME_MOST + 64];

	if (*chat->note)
		snprintf(text, sizeof text, " %s", chat->note);
	else if (!p)
		snprintf(text, sizeof text, " nobody is there yet: /add NAME LINK, /help");
	else if (p->group)
		snprintf(text, sizeof text, " group %s%s", p->name,
				p->state == SOTTO_REQUEST ? " invites you: /join" : "");
	else if (*chat->words)
		snprintf(text, sizeof text, " %s: %.64s   (/find: back)", p->name, chat->words);
	else if (p->state == SOTTO_REQUEST)
		snprintf(text, sizeof text, " wants to write to you: /accept NAME or /block");
	else
		snprintf(text, sizeof text, " %s%s", p->name,
				chat->up ? "   (PgDn: to the newest)" : "");
	attrset(A_REVERSE);
	mvprintw(y, 0, "%*s", COLS, "");
	put_utf8(y, 0, text, COLS - 12);
	mvaddstr(y, COLS > 12 ? COLS - 11 : 0, chat->live ? "      live" : "connecting");
	attrset(A_NORMAL);
}

static void draw_input(const struct chat *chat, int y)
{
	const int room = COLS - 3;
	size_t first = 0;

	while (text_columns(chat->input + first, chat->cursor - first) > room)
		first++;
	mvaddstr(y, 0, "> ");
	put(y, 2, chat->input + first, room);
	move(y, 2 + text_columns(chat->input + first, chat->cursor - first));
}

void screen_draw(struct chat *chat)
{
	const int rows = LINES - 2;

	erase();
	if (rows < 1 || COLS < 16) {
		mvaddnstr(0, 0, "too small", COLS);
	} else {
		if (side())
			draw_people(chat, rows);
		draw_said(chat, rows);
		draw_status(chat, rows);
		draw_input(chat, rows + 1);
	}
	refresh();
}
