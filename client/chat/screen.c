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
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { SIDE = 22, WIDE = 60 }; /* columns of the list, and from how many on it is there */

static int side(void)
{
	return COLS >= WIDE ? SIDE : 0;
}

int screen_pane_width(void)
{
	return COLS - side();
}

int screen_rows(void)
{
	return LINES > 2 ? LINES - 2 : 1;
}

static void bracket(bool on)
{
	fputs(on ? "\033[?2004h" : "\033[?2004l", stdout);
	fflush(stdout);
}

int screen_open(void)
{
	/* As terminals send them, whatever terminfo says: in tmux, over ssh. */
	static const struct {
		const char *code;
		int key;
	} keys[] = { { "\033[1~", KEY_HOME }, { "\033[7~", KEY_HOME }, { "\033[H", KEY_HOME },
		{ "\033OH", KEY_HOME }, { "\033[4~", KEY_END }, { "\033[8~", KEY_END },
		{ "\033[F", KEY_END }, { "\033OF", KEY_END }, { "\033[3~", KEY_DC } };

	if (!newterm(NULL, stdout, stdin)) /* initscr would end the process */
		return E_IO;
	set_escdelay(50);
	raw(); /* Ctrl-C, Ctrl-Z are keys: a chat does not vanish with a message half written */
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		define_key(keys[i].code, keys[i].key);
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

/* Where there is no alternate screen, what went by is what can be scrolled back to. */
void screen_lock(void)
{
	screen_forget();
	fputs("\033[3J", stdout);
	fflush(stdout);
	flushinp(); /* what was typed was for the chat */
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
		/* Attributes are not all: a terminal may have none. */
		mvprintw(y, 0, "%-*s", SIDE - 2,
				i == chat->selected				? ">"
						: p->trust == SOTTO_KEY_CHANGED ? "!"
										: "");
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

		const bool chosen = chat->chosen && line->id == chat->chosen;

		attrset(chosen						     ? A_REVERSE
						: line->waits || line->aside ? A_DIM
						: line->out		     ? A_BOLD
									     : A_NORMAL);
		put(y, side(), line->text, screen_pane_width());
		if (chosen) /* between the time and the state */
			mvaddch(y, side() + 5, '*');
		attrset(A_NORMAL);
	}
}

/* As wide as the terminal, so that it can be copied. Returns how many lines it has. */
static size_t draw_text(const wchar_t *at, size_t first, int rows)
{
	size_t i = 0;

	for (; *at; i++) {
		const size_t n = text_fit(at, COLS);

		if (i >= first && i - first < (size_t)rows)
			mvaddnwstr((int)(i - first), 0, at, (int)n);
		at += n;
		at += *at == L'\n';
	}
	return i;
}

/* Printed behind what is there, as far as there is room. */
static void __attribute__((format(printf, 3, 4))) add(char *out, size_t size, const char *form, ...)
{
	const size_t n = strlen(out);
	va_list args;

	va_start(args, form);
	vsnprintf(out + n, size - n, form, args);
	va_end(args);
}

/* What is to be known of whom one talks with, the most important first. */
static void describe(char *out, size_t size, const struct chat *chat, const struct person *p)
{
	static const char *const trust[] = { "", " (verified)", " (ANOTHER KEY: /verify)" };
	char span[SPAN_ROOM], moves[MOVING_NAME];
	uint32_t n_unread = 0;

	snprintf(out, size, " %s%s%s", p->group ? "group " : "", p->name,
			trust[p->group ? 0 : p->trust]);
	span_write(span, p->timer_s);
	if (p->timer_s)
		add(out, size, "   timer %s", span);
	for (unsigned i = 0; i < chat->n_people && !side(); i++)
		n_unread += i == chat->selected ? 0 : chat->people[i].n_unread;
	if (n_unread)
		add(out, size, "   %u unread elsewhere", n_unread);
	if (chat->up || chat->before)
		add(out, size, p->n_unread ? "   (PgDn: %u new)" : "   (PgDn: to the newest)",
				p->n_unread);
	if (moving_says(chat, moves, sizeof moves))
		add(out, size, "   %s", moves);
}

static void describe_status(char *out, size_t size, struct chat *chat)
{
	const struct person *p = people_selected(chat);
	char calls[MOVING_NAME];

	if (*chat->note)
		snprintf(out, size, " %s", chat->note);
	else if (*chat->rings)
		snprintf(out, size, " %.40s CALLS YOU: /answer or /decline", chat->rings);
	else if (calling_says(chat, calls, sizeof calls))
		snprintf(out, size, " %s", calls);
	else if (chat->panel && chat->n_panel > (size_t)screen_rows())
		snprintf(out, size, " PgUp, PgDn: the rest; any other key: back");
	else if (chat->panel)
		snprintf(out, size, " any key: back");
	else if (*chat->words)
		snprintf(out, size, " %s: %.64s   (/find: back)",
				chat->everywhere    ? "everywhere"
						: p ? p->name
						    : "",
				chat->words);
	else if (!p && chat->n_people)
		snprintf(out, size, " that one is gone, or is called otherwise: Up, Down");
	else if (!p)
		snprintf(out, size, " nobody is there yet: /add NAME LINK, /help");
	else if (p->group && p->state == SOTTO_REQUEST)
		snprintf(out, size, " group %s invites you: /join", p->name);
	else if (p->state == SOTTO_REQUEST)
		snprintf(out, size, " wants to write to you: /accept NAME or /block");
	else if (chat->editing)
		snprintf(out, size, " this message of yours becomes (Esc: leave it):");
	else
		describe(out, size, chat, p);
}

static void draw_status(struct chat *chat, int y)
{
	char text[CHAT_NOTE + SOTTO_NAME_MOST + MOVING_NAME], state[16] = "connecting";
	const time_t since = (time_t)chat->away_s;
	struct tm local;

	describe_status(text, sizeof text, chat);
	if (chat->live)
		snprintf(state, sizeof state, "live");
	else if (since && localtime_r(&since, &local))
		strftime(state, sizeof state, "AWAY %H:%M", &local);
	attrset(A_REVERSE);
	mvprintw(y, 0, "%*s", COLS, "");
	put_utf8(y, 0, text, COLS - 12);
	mvprintw(y, COLS > 12 ? COLS - 11 : 0, "%10s", state);
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
	if (chat->chosen && !chat->panel) {
		put_utf8(y, 0,
				*chat->words ? "Up Down  Enter: go there  v: whole  Esc: back"
					     : "Up Down  Enter: whole  e: edit  d: delete  g: get  "
					       "s: stop  "
					       "Esc: write",
				COLS - 1);
		return;
	}
	mvaddstr(y, 0, "> ");
	if (!chat->n_input && !chat->panel) {
		attrset(A_DIM);
		put_utf8(y, 2, "/help  Tab: choose a message", room);
		attrset(A_NORMAL);
	}
	move(y, 2);
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
		if (chat->panel) {
			chat->n_panel = draw_text(chat->panel, chat->panel_line, rows);
		} else {
			if (side())
				draw_people(chat, rows);
			draw_said(chat, rows);
		}
		draw_status(chat, rows);
		draw_input(chat, rows + 1);
	}
	refresh();
}

/* Nobody else asks ncurses for the new size here: keys do not go through it. */
static void fit(void)
{
	struct winsize now;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) == 0 && now.ws_row && now.ws_col &&
			is_term_resized(now.ws_row, now.ws_col)) {
		resize_term(now.ws_row, now.ws_col);
		clearok(curscr, TRUE); /* a terminal moves its lines as it likes */
	}
}

void screen_draw_locked(const char *said)
{
	int rows;

	fit();
	rows = LINES > 2 ? LINES - 2 : 0;
	erase();
	draw_text(L"sotto is locked.\n\n"
		  L"Nothing is received meanwhile, and nothing is sent.\n\n"
		  L"Ctrl-C leaves.",
			0, rows);
	if (LINES > 1) {
		attrset(A_REVERSE);
		mvprintw(LINES - 2, 0, "%*s", COLS, "");
		put_utf8(LINES - 2, 1, said, COLS - 1);
		attrset(A_NORMAL);
	}
	mvaddnstr(LINES - 1, 0, "Passphrase: ", COLS - 1);
	refresh();
}
