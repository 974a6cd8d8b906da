/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The terminal: people on the left where there is room, what was said on the right, below it a
 * line that says how things are, and the line one writes. ncurses sends whatever it is given, so
 * it is given clean text only.
 */
#include "client/chat/chat.h"

#include "client/cli/span.h"
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

static void bracket(bool on)
{
	fputs(on ? "\033[?2004h" : "\033[?2004l", stdout);
	fflush(stdout);
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
	/* What is pasted comes in brackets, so that none of it is a key. */
	define_key("\033[200~", INPUT_PASTE);
	define_key("\033[201~", INPUT_PASTED);
	bracket(true);
	return 0;
}

void screen_close(void)
{
	screen_forget();
	bracket(false);
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

	for (wchar_t *c = clean; c && *c; c++)
		if (*c == L'\n') /* it would go to the next line, over what is there */
			*c = L' ';
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

/* As much of it as there is room for. */
static void draw_panel(const struct chat *chat, int rows)
{
	CLEANUP(scope_free) wchar_t *text = text_clean(chat->panel);
	const wchar_t *at = text;

	for (int y = 0; at && *at && y < rows; y++) {
		const size_t n = text_fit(at, screen_pane_width() - 1);

		mvaddnwstr(y, side() + 1, at, (int)n);
		at += n;
		at += *at == L'\n';
	}
}

/* What is to be known of whom one talks with. */
static void describe(char *out, size_t size, const struct chat *chat, const struct person *p)
{
	static const char *const trust[] = { "", " (verified)", " (ANOTHER KEY: /verify)" };
	char span[SPAN_ROOM], moves[MOVING_NAME];
	int n = snprintf(out, size, " %s%s%s", p->group ? "group " : "", p->name,
			trust[p->group ? 0 : p->trust]);

	span_write(span, p->timer_s);
	if (p->timer_s && n > 0 && (size_t)n < size)
		n += snprintf(out + n, size - (size_t)n, "   timer %s", span);
	if (chat->up && n > 0 && (size_t)n < size)
		n += snprintf(out + n, size - (size_t)n, "   (PgDn: to the newest)");
	if (n > 0 && (size_t)n < size && moving_says(chat, moves, sizeof moves))
		snprintf(out + n, size - (size_t)n, "   %s", moves);
}

static void draw_status(struct chat *chat, int y)
{
	const struct person *p = people_selected(chat);
	char text[CHAT_NOTE + SOTTO_NAME_MOST + MOVING_NAME];

	if (*chat->note)
		snprintf(text, sizeof text, " %s", chat->note);
	else if (!p)
		snprintf(text, sizeof text, " nobody is there yet: /add NAME LINK, /help");
	else if (p->group && p->state == SOTTO_REQUEST)
		snprintf(text, sizeof text, " group %s invites you: /join", p->name);
	else if (*chat->words)
		snprintf(text, sizeof text, " %s: %.64s   (/find: back)", p->name, chat->words);
	else if (p->state == SOTTO_REQUEST)
		snprintf(text, sizeof text, " wants to write to you: /accept NAME or /block");
	else
		describe(text, sizeof text, chat, p);
	attrset(A_REVERSE);
	mvprintw(y, 0, "%*s", COLS, "");
	put_utf8(y, 0, text, COLS - 12);
	mvaddstr(y, COLS > 12 ? COLS - 11 : 0, chat->live ? "      live" : "connecting");
	attrset(A_NORMAL);
}

static int input_columns(wchar_t c)
{
	return c == L'\n' ? 1 : text_columns(&c, 1);
}

static void draw_input(const struct chat *chat, int y)
{
	const int room = COLS - 3;
	const wchar_t line_end = wcwidth(0x21b5) == 1 ? 0x21b5 : L'|';
	int before = 0, drawn = 0;
	size_t first = chat->cursor;

	for (int x; first; first--, before += x) {
		x = input_columns(chat->input[first - 1]);
		if (before + x > room)
			break;
	}
	mvaddstr(y, 0, "> ");
	for (size_t i = first; i < chat->n_input; i++) {
		const wchar_t c = chat->input[i] == L'\n' ? line_end : chat->input[i];

		drawn += input_columns(chat->input[i]);
		if (drawn > room)
			break;
		if (!text_is_hidden(c))
			addnwstr(&c, 1);
	}
	move(y, 2 + before);
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
		if (*chat->panel)
			draw_panel(chat, rows);
		else
			draw_said(chat, rows);
		draw_status(chat, rows);
		draw_input(chat, rows + 1);
	}
	refresh();
}
