/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A full-screen chat in the terminal, on client/sotto.h alone. What other people wrote reaches the
 * terminal only through text.c.
 */
#ifndef SOTTO_CHAT_H
#define SOTTO_CHAT_H

#include "client/sotto.h"
#include "libshared/scope.h"

#include <wchar.h>

enum {
	/* Far from the library's answers: none of those may ever be taken for one of these. */
	CHAT_LEFT = 1000,  /* the person is done */
	CHAT_PANIC = 1001, /* the profile is to be destroyed now: sotto_panic */

	CHAT_SHOWN = 200,	      /* messages that are loaded; PgUp loads as many more */
	CHAT_PEOPLE = 1024,	      /* conversations listed */
	CHAT_INPUT = SOTTO_TEXT_MOST, /* characters of a line */
	CHAT_PANEL = 4096,	      /* bytes that are shown in place of the conversation */
	CHAT_NOTE = 200,	      /* characters of what the chat itself says */
	CHAT_TEXT = 1 << 17,	      /* characters shown of one message */
	CHAT_WORDS = 256,	      /* bytes that are searched for */
	CHAT_LOOK_S = 30,	      /* what disappears is gone from the screen so soon after */
};

struct person { /* or a group */
	char name[SOTTO_NAME_MOST + 1];
	bool group;
	enum sotto_state state; /* of a group: a request is an invitation */
	uint32_t n_unread;
	int64_t last_s, timer_s;
	enum sotto_trust trust;
};

struct line {				 /* of a message, as wide as the pane */
	wchar_t *text;			 /* owned */
	bool out, waits, request, aside; /* aside: of the chat itself */
};

struct chat_options {
	struct sotto *sotto;	/* borrowed, as all is */
	const char *dir;	/* its folder */
	bool (*is_panic)(void); /* asked for from outside */
};

struct moving; /* a file that is sent or fetched */

struct chat {
	struct sotto *sotto;
	bool (*is_panic)(void);
	int watch_fd, moving_fd;
	struct moving *moving; /* or NULL */
	bool live, asked_panic, pasting;
	bool stale; /* the profile, the selection or the terminal has changed */
	char note[CHAT_NOTE], panel[CHAT_PANEL];

	struct person people[CHAT_PEOPLE]; /* the latest first */
	unsigned n_people, selected;

	struct line *lines; /* owned, as the array is; of the selected conversation */
	size_t n_lines, room;
	int64_t oldest_id,
			newest_ours; /* newest_ours: number of what /edit and /delete mean, or 0 */
	char words[CHAT_WORDS];	     /* searched for; "": the whole conversation */
	uint32_t n_wanted;
	size_t up; /* how many lines the view is above the newest */

	wchar_t input[CHAT_INPUT + 1];
	size_t n_input, cursor;
};

/* CHAT_LEFT, or a failure that was not shown; CHAT_PANIC: nobody can open the profile any more,
 * sotto_panic does the rest. E_IO: also when the terminal cannot. */
int chat_run(const struct chat_options *options) MUST_CHECK;

/* people.c: what is in the profile. */
int people_load(struct chat *chat) MUST_CHECK;	   /* the selected one stays it */
struct person *people_selected(struct chat *chat); /* or NULL */
void people_select(struct chat *chat, int by);

/* said.c: the lines of the selected conversation, `width` columns wide; they are read then. */
int said_load(struct chat *chat, int width) MUST_CHECK;
void said_clear(struct chat *chat);

/* text.c: characters that only show, or a space or U+FFFD in the place of what would do more;
 * '\n' stays. Owned; NULL: no memory. */
wchar_t *text_clean(const char *utf8);
/* A name: no line of a list may look like another. */
void text_one_line(char *out, size_t size, const char *utf8);
bool text_is_hidden(wchar_t c); /* it would not be seen, but change what is */
/* How many characters of it fit into so many columns; what is left begins with the next word. */
size_t text_fit(const wchar_t *text, int columns);
int text_columns(const wchar_t *text, size_t n);

/* screen.c */
int screen_open(void) MUST_CHECK; /* E_IO */
void screen_close(void);
void screen_draw(struct chat *chat);
int screen_pane_width(void);
void screen_forget(void); /* nothing of it stays visible */

/* input.c: a key. CHAT_LEFT, CHAT_PANIC. */
int input_key(struct chat *chat, int kind, wint_t key) MUST_CHECK;
enum { INPUT_PASTE = 0x1001, INPUT_PASTED }; /* codes for: a text that is pasted begins, ends */
/* Until the next key: in the status line; in the place of the conversation. */
void chat_note(struct chat *chat, const char *text);
void chat_panel(struct chat *chat, const char *text);

/* commands.c: a line that begins with a slash. CHAT_LEFT. */
int command_run(struct chat *chat, char *line) MUST_CHECK;

/* moving.c */
enum { MOVING_PATH = 4096, MOVING_NAME = 160 };
struct moving_wish {
	int64_t file; /* to be fetched; 0: one is sent, to that contact */
	char contact[SOTTO_NAME_MOST + 1], name[MOVING_NAME];
	char path[MOVING_PATH]; /* the folder, or the file */
};
int moving_begin(struct chat *chat, const struct moving_wish *wish) MUST_CHECK; /* SOTTO_BUSY */
void moving_stop(struct chat *chat); /* soon; its end comes by moving_turn */
void moving_end(struct chat *chat);  /* now; nothing moves: allowed */
void moving_turn(struct chat *chat); /* moving_fd is readable */
bool moving_says(const struct chat *chat, char *out, size_t size);

#endif
