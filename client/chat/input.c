/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Keys, and the line that one writes. */
#include "client/chat/chat.h"

#include "libshared/error.h"

#include <curses.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#define CTRL(c) INPUT_CTRL(c)

void chat_note(struct chat *chat, const char *text)
{
	snprintf(chat->note, sizeof chat->note, "%s", text);
}

int chat_panel(struct chat *chat, const char *text)
{
	said_wipe(chat->panel);
	chat->panel = text ? text_clean(text) : NULL;
	chat->panel_line = 0;
	chat->stale = true;
	return text && !chat->panel ? E_NOMEM : 0;
}

int chat_told(struct chat *chat, int rc)
{
	if (rc)
		chat_note(chat, sotto_text((enum sotto_result)rc));
	chat->stale = true;
	return rc == SOTTO_E_BUG || rc == SOTTO_E_MEMORY ? rc : 0;
}

/* --- lines -------------------------------------------------------------- */

bool input_warns(struct chat *chat, const struct person *p)
{
	const bool warns = !p->group && p->trust == SOTTO_KEY_CHANGED && !chat->warned;

	if (warns)
		chat_note(chat, "THEIR KEY IS NOT THE ONE YOU VERIFIED. Enter again does it");
	chat->warned = warns;
	return warns;
}

/* What was not taken stays in the input. */
static int send(struct chat *chat, const char *text)
{
	const struct person *p = people_selected(chat);
	int rc;

	if (!p || p->state != SOTTO_ACCEPTED) {
		chat_note(chat,
				!p ? "this would go to nobody: Up, Down, or /add NAME LINK"
						: p->group
						? "join first: /join"
						: "accept the request first: /accept NAME");
		return 0;
	}
	if (input_warns(chat, p))
		return 0;
	if (chat->editing)
		rc = choose_change(
				chat, &(struct change){ p->name, p->group, chat->editing, text });
	else if (p->group)
		rc = sotto_group_write(chat->sotto, p->name, text);
	else
		rc = sotto_write(chat->sotto, p->name, text);
	if (rc)
		return chat_told(chat, rc);
	input_clear(chat);
	chat->words[0] = '\0';
	chat->new_from = 0;
	place_newest(chat);
	return 0;
}

int input_read(char **out, const struct chat *chat)
{
	const size_t room = chat->n_input * MB_LEN_MAX + 1;
	char *line = calloc(1, room);

	if (!line)
		return E_NOMEM;
	if (wcstombs(line, chat->input, room) == (size_t)-1)
		*line = '\0';
	*out = line;
	return 0;
}

void input_clear(struct chat *chat)
{
	explicit_bzero(chat->input, sizeof chat->input);
	chat->n_input = chat->cursor = 0;
	chat->editing = 0;
}

/* Two slashes: a text that begins with one. What is edited is a text whatever it begins with. */
static int enter(struct chat *chat)
{
	char *line;
	size_t len;
	int rc = input_read(&line, chat);

	if (rc || !*line) {
		free(rc ? NULL : line);
		return rc;
	}
	len = strlen(line);
	if (line[0] == '/' && line[1] != '/' && !chat->editing) {
		input_clear(chat); /* a command may fill it */
		rc = command_run(chat, line);
	} else {
		rc = send(chat, line[0] == '/' && !chat->editing ? line + 1 : line);
	}
	explicit_bzero(line, len);
	free(line);
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

bool input_add(struct chat *chat, const char *utf8)
{
	wchar_t c;
	size_t took;
	mbstate_t state = { 0 };

	while ((took = mbrtowc(&c, utf8, MB_CUR_MAX, &state)) != 0 && took <= MB_CUR_MAX) {
		insert(chat, c);
		utf8 += took;
	}
	return took == 0;
}

static void remove_before(struct chat *chat, size_t n)
{
	wmemmove(chat->input + chat->cursor - n, chat->input + chat->cursor,
			chat->n_input - chat->cursor + 1);
	chat->cursor -= n;
	chat->n_input -= n;
}

/* To where a character begins: what joins it goes with it. */
static void step(struct chat *chat, bool back)
{
	const size_t n = chat->n_input;
	size_t *at = &chat->cursor;

	if (back ? *at == 0 : *at == n)
		return;
	*at = back ? *at - 1 : *at + 1;
	while (*at > 0 && *at < n && chat->input[*at] != L'\n' &&
			!text_columns(chat->input + *at, 1))
		*at = back ? *at - 1 : *at + 1;
}

static void step_word(struct chat *chat)
{
	while (chat->cursor && iswspace((wint_t)chat->input[chat->cursor - 1]))
		chat->cursor--;
	while (chat->cursor && !iswspace((wint_t)chat->input[chat->cursor - 1]))
		chat->cursor--;
}

/* From where the cursor was to where it is. */
static void remove_to(struct chat *chat, size_t was)
{
	const size_t here = chat->cursor;

	chat->cursor = was > here ? was : here;
	remove_before(chat, was > here ? was - here : here - was);
}

static void erase_here(struct chat *chat)
{
	const size_t was = chat->cursor;

	step(chat, false);
	remove_to(chat, was);
}

static void edit(struct chat *chat, wint_t key)
{
	const size_t was = chat->cursor;

	if (key == CTRL('A')) {
		chat->cursor = 0;
	} else if (key == CTRL('E')) {
		chat->cursor = chat->n_input;
	} else if (key == CTRL('U')) {
		input_clear(chat);
	} else if (key == CTRL('K')) {
		chat->cursor = chat->n_input;
		remove_to(chat, was);
	} else if (key == CTRL('W')) {
		step_word(chat);
		remove_to(chat, was);
	} else if (key == CTRL('H') || key == 0x7f) {
		step(chat, true);
		remove_to(chat, was);
	} else {
		insert(chat, (wchar_t)key);
	}
}

/* Whatever is in it is text: no line of it is sent, no character of it is a key. */
static void paste(struct chat *chat, wint_t key)
{
	insert(chat, key == '\r' ? L'\n' : key == '\t' ? L' ' : (wchar_t)key);
}

/* --- keys --------------------------------------------------------------- */

static int special(struct chat *chat, wint_t key)
{
	if (key == KEY_UP || key == KEY_DOWN)
		return people_select(chat, key == KEY_UP ? -1 : 1);
	if (key == KEY_PPAGE || key == KEY_NPAGE)
		return place_scroll(chat, (key == KEY_PPAGE ? 1 : -1) * (screen_rows() + 1) / 2);
	if (key == KEY_LEFT || key == KEY_RIGHT)
		step(chat, key == KEY_LEFT);
	else if (key == KEY_HOME && !chat->n_input)
		return place_first(chat);
	else if (key == KEY_END && !chat->n_input)
		place_newest(chat);
	else if (key == KEY_HOME || key == KEY_END)
		chat->cursor = key == KEY_HOME ? 0 : chat->n_input;
	else if (key == KEY_BACKSPACE)
		edit(chat, CTRL('H'));
	else if (key == KEY_DC)
		erase_here(chat);
	else if (key == KEY_RESIZE)
		chat->stale = true;
	return 0;
}

/* Where one has been looking, and what one would edit, is left; a search too. */
static void escape(struct chat *chat)
{
	if (chat->editing)
		input_clear(chat);
	chat->words[0] = '\0';
	place_newest(chat);
}

static int text_key(struct chat *chat, wint_t key)
{
	if (key == CTRL('C') || key == CTRL('D'))
		return CHAT_LEFT;
	if (key == CTRL('P') || key == CTRL('N'))
		return people_select(chat, key == CTRL('P') ? -1 : 1);
	if (key == '\r')
		return enter(chat);
	if (key == '\t' && chat->n_input)
		return complete(chat);
	if (key == '\t')
		choose_newest(chat);
	else if (key == INPUT_ESCAPE)
		escape(chat);
	else if (key == CTRL('L'))
		clearok(curscr, TRUE);
	else
		edit(chat, key);
	return 0;
}

/* Whatever ends the panel does nothing else, but for what one begins to write. */
static int panel_key(struct chat *chat, int kind, wint_t key)
{
	const size_t page = (size_t)screen_rows(), n = chat->n_panel, top = n > page ? n - page : 0,
		     by = key == KEY_UP || key == KEY_DOWN ? 1
			: page > 1			   ? page - 1
							   : 1;

	if (kind == KEY_CODE_YES && top && (key == KEY_UP || key == KEY_PPAGE)) {
		chat->panel_line -= chat->panel_line < by ? chat->panel_line : by;
		return 0;
	}
	if (kind == KEY_CODE_YES && top && (key == KEY_DOWN || key == KEY_NPAGE)) {
		chat->panel_line += by;
		chat->panel_line = chat->panel_line < top ? chat->panel_line : top;
		return 0;
	}
	if (kind == KEY_CODE_YES && key == KEY_RESIZE) {
		chat->stale = true;
		return 0;
	}
	return chat_panel(chat, NULL);
}

static int plain_key(struct chat *chat, int kind, wint_t key)
{
	if (kind == KEY_CODE_YES && key == KEY_RESIZE)
		return special(chat, key);
	if (chat->chosen &&
			!(kind == OK && (key == CTRL('C') || key == CTRL('D') || key == CTRL('L'))))
		return choose_key(chat, kind, key);
	return kind == KEY_CODE_YES ? special(chat, key) : text_key(chat, key);
}

int input_key(struct chat *chat, int kind, wint_t key)
{
	const bool is_panic = kind == OK && key == CTRL('X') && !chat->pasting;
	bool had_panel = chat->panel != NULL;
	int rc;

	if (is_panic && chat->asked_panic)
		return CHAT_PANIC;
	if (kind == OK && key == CTRL('Z') && !chat->pasting)
		return CHAT_LOCK;
	chat->note[0] = '\0';
	chat->asked_panic = is_panic;
	chat->warned = chat->warned && kind == OK && key == '\r';
	rc = had_panel ? panel_key(chat, kind, key) : 0;
	if (rc || chat->panel)
		return rc;
	if (is_panic) {
		chat_note(chat, "Ctrl-X again destroys this profile, here and at its server");
		return 0;
	}
	if (kind == KEY_CODE_YES && (key == INPUT_PASTE || key == INPUT_PASTED)) {
		chat->pasting = key == INPUT_PASTE;
		chat->chosen = 0;
		return 0;
	}
	if (!chat->pasting)
		return had_panel && (chat->chosen || key == INPUT_ESCAPE)
				? 0
				: plain_key(chat, kind, key);
	if (kind == OK) /* what is a key elsewhere */
		paste(chat, key);
	return 0;
}
