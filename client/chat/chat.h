/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A full-screen chat in the terminal, on client/sotto.h alone. What other people wrote reaches the
 * terminal only through text.c.
 */
#ifndef SOTTO_CHAT_H
#define SOTTO_CHAT_H

#include "client/sotto.h"
#include "libshared/scope.h"

#include <signal.h>
#include <wchar.h>

enum {
	/* Far from the library's answers: none of those may ever be taken for one of these. */
	CHAT_LEFT = 1000,  /* the person is done */
	CHAT_PANIC = 1001, /* the profile is to be destroyed now: sotto_panic */
	CHAT_LOCK = 1003,  /* it is to be closed until its passphrase comes */

	CHAT_SHOWN = 200,	      /* messages that are loaded, and so many more at its ends */
	CHAT_PEOPLE = 1024,	      /* conversations listed */
	CHAT_INPUT = SOTTO_TEXT_MOST, /* characters of a line */
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

struct line {	       /* of a message, as wide as the pane */
	wchar_t *text; /* owned */
	int64_t id;    /* of the message; 0: the chat's own */
	unsigned nth;
	bool out, waits, aside; /* aside: of the chat itself, or deleted */
};

struct said {			  /* a message that has lines */
	int64_t id, number, file; /* as of sotto_message */
	bool out, deleted;
	bool group;
	char where[SOTTO_NAME_MOST + 1]; /* it was said: a contact, or a group */
};

struct draft; /* what one was writing elsewhere */

struct chat_options {
	struct sotto **sotto;		       /* borrowed, as all is; NULL while it is locked */
	const char *dir;		       /* its folder */
	bool (*is_panic)(void);		       /* asked for from outside */
	const struct sotto_call_options *call; /* sources and sinks of calls */
	int64_t lock_after_s;		       /* without a key; 0: never */
	/* What *sotto is closed and forgotten by, and opened again: as sotto_open. */
	void (*lock)(void *userdata);
	int (*unlock)(void *userdata, const char *passphrase);
	void *userdata;
};

struct moving; /* a file that is sent or fetched */
struct calling;
struct serving; /* a server that is added or left */

enum { MOVING_PATH = 4096, MOVING_NAME = 160 };
struct moving_wish {
	int64_t file; /* to be fetched; 0: one is sent, to that contact or group */
	bool group;
	char to[SOTTO_NAME_MOST + 1], name[MOVING_NAME];
	char path[MOVING_PATH]; /* the folder, or the file */
};

struct place { /* where one was when it was locked */
	bool group, moves;
	struct moving_wish wish;    /* if it moves */
	char link[SOTTO_LINK_ROOM]; /* whose profile it is: for no other */
	char name[SOTTO_NAME_MOST + 1];
	int64_t before;
	uint32_t n_wanted;
	size_t up;
};

struct chat {
	struct sotto *sotto;
	const struct chat_options *options;
	sigset_t signals; /* blocked while it waits */
	/* moving_fd: a file's or a call's thread has news; signal_fd: it is to end; idle_fd: it may
	 * be time to lock. */
	int watch_fd, moving_fd, signal_fd, idle_fd;
	bool ended, has_keys, hung_up; /* the terminal is gone */
	int64_t key_s;		       /* when the last one was pressed */
	struct place place;
	struct moving *moving;		 /* or NULL */
	struct serving *serving;	 /* or NULL */
	struct calling *calling;	 /* or NULL */
	char rings[SOTTO_NAME_MOST + 1]; /* who calls; "": nobody */
	int64_t rings_s;		 /* since then */
	bool live, asked_panic, pasting;
	bool warned;	/* that it goes to another key than was verified, by the key before */
	int64_t away_s; /* since then, having been live; 0: it is, or never was */
	bool stale;	/* the profile, the selection or the terminal has changed */
	bool quiet;	/* no bell */
	char note[CHAT_NOTE];
	wchar_t *panel;		    /* owned, or NULL: in the place of the conversation */
	size_t panel_line, n_panel; /* its first line on the screen; how many it has */

	struct person people[CHAT_PEOPLE]; /* the latest first */
	unsigned n_people, selected;
	uint32_t n_unread; /* of accepted ones, as it was when they were looked at last */
	bool opened;	   /* they were */

	struct line *lines; /* owned, as the array is; of the selected conversation */
	size_t n_lines, room;
	struct said *said; /* owned; the oldest first */
	size_t n_said, said_room;
	int64_t chosen;	  /* id of a message: keys are for it; 0: one writes */
	bool follow;	  /* the chosen one is to be seen */
	int64_t asked;	  /* id of the one that d was pressed for once */
	int64_t new_from; /* id of the first that was unread when one came here, or 0 */
	int64_t before;	  /* the view ends there; 0: with the newest */
	uint32_t n_wanted;
	char words[CHAT_WORDS]; /* searched for; "": the conversation itself */
	bool everywhere;	/* in all of them */
	size_t up;		/* how many lines the view is above its end */
	bool hold;		/* what is added below does not move the view */
	bool begins;		/* the view is to begin with what is new */

	wchar_t input[CHAT_INPUT + 1];
	size_t n_input, cursor;
	int64_t editing; /* number of ours that the input is to become, or 0 */
	struct draft *drafts;
};

/* CHAT_LEFT, or a failure that was not shown; CHAT_PANIC: nobody can open the profile any more,
 * sotto_panic does the rest. E_IO: also when the terminal cannot. */
int chat_run(const struct chat_options *options) MUST_CHECK;
/* Until something comes, or it is time to look: then it is stale. CHAT_LEFT, CHAT_PANIC, E_IO. */
int chat_wait(struct chat *chat) MUST_CHECK;

/* lock.c: the time without a key begins anew. */
void lock_put_off(struct chat *chat);
bool lock_is_due(const struct chat *chat);
/* Closes the profile and asks for its passphrase, until it is open. CHAT_LEFT, CHAT_PANIC. */
int lock_hold(struct chat *chat) MUST_CHECK;
int lock_verb(struct chat *chat, const struct person *p, char *rest) MUST_CHECK; /* of commands.c */

/* people.c: what is in the profile. */
int people_load(struct chat *chat) MUST_CHECK;	   /* the selected one stays it */
struct person *people_selected(struct chat *chat); /* or NULL */
int people_select(struct chat *chat, int by) MUST_CHECK;
int people_go(struct chat *chat, const char *name, bool group) MUST_CHECK; /* SOTTO_NO_CONTACT */

/* said.c: the lines of the selected conversation, `width` columns wide; they are read once their
 * end is on the screen. */
int said_load(struct chat *chat, int width) MUST_CHECK;
void said_clear(struct chat *chat);
void said_wipe(wchar_t *text);		/* and frees it; NULL is allowed */
extern const char *const said_states[]; /* of a message, in words */

/* place.c: which part of the conversation is loaded, and how far up the view is. */
void place_newest(struct chat *chat);
int place_first(struct chat *chat) MUST_CHECK;
int place_around(struct chat *chat, int64_t id) MUST_CHECK;
int place_scroll(struct chat *chat, int lines) MUST_CHECK; /* up; negative: down */
void place_follow(struct chat *chat);

/* What we said there becomes that text; NULL: is deleted. As sotto_edit, sotto_group_edit. */
struct change {
	const char *where;
	bool group;
	int64_t number;
	const char *text;
};
int choose_change(struct chat *chat, const struct change *change) MUST_CHECK;
/* choose.c: keys while a message is chosen. */
int choose_key(struct chat *chat, int kind, wint_t key) MUST_CHECK;
void choose_newest(struct chat *chat);
void choose_settle(struct chat *chat); /* on one that is there, after a load */

/* draft.c: the input is kept for that one (or NULL: not), or is what was kept for the selected. */
int draft_keep(struct chat *chat, const struct person *p) MUST_CHECK;
void draft_take(struct chat *chat);
void draft_clear(struct chat *chat);

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
int screen_rows(void);	  /* of the pane */
void screen_forget(void); /* nothing of it stays visible */
void screen_lock(void);	  /* nor anything that the terminal could scroll back to */
void screen_draw_locked(const char *said);

/* input.c: a key. CHAT_LEFT, CHAT_PANIC. */
int input_key(struct chat *chat, int kind, wint_t key) MUST_CHECK;
enum { INPUT_PASTE = 0x1001, INPUT_PASTED }; /* codes for: a text that is pasted begins, ends */
#define INPUT_CTRL(c) ((c)&0x1f)
enum { INPUT_ESCAPE = 0x1b };
void input_clear(struct chat *chat);
bool input_add(struct chat *chat, const char *utf8); /* where the cursor is; all of it? */
/* What is to go to them goes to another key than was verified: told, and true, but for an Enter
 * that follows at once. */
bool input_warns(struct chat *chat, const struct person *p);
int input_read(char **out, const struct chat *chat) MUST_CHECK; /* owned, to be wiped */
/* Until the next key: in the status line; in the place of the conversation, where it scrolls. */
void chat_note(struct chat *chat, const char *text);
int chat_panel(struct chat *chat, const char *text) MUST_CHECK; /* NULL: none */
/* The answer is shown; only our own failures end the chat. */
int chat_told(struct chat *chat, int rc) MUST_CHECK;

/* commands.c: a line that begins with a slash. CHAT_LEFT. */
int command_run(struct chat *chat, char *line) MUST_CHECK;
const char *command_name(size_t i, const char **out_args); /* NULL: there are no more */

/* complete.c: a command, a name, a path. */
int complete(struct chat *chat) MUST_CHECK;

/* moving.c */
int moving_begin(struct chat *chat, const struct moving_wish *wish) MUST_CHECK; /* SOTTO_BUSY */
void moving_stop(struct chat *chat); /* soon; its end comes by moving_turn */
/* Now; nothing moves: allowed. Whether it was cut off, and nobody had stopped it; left, or NULL: by
 * what it goes on. */
bool moving_end(struct chat *chat, struct moving_wish *left);
void moving_turn(struct chat *chat); /* its thread may have news */
bool moving_says(const struct chat *chat, char *out, size_t size);
void moving_path(char out[static MOVING_PATH], const char *path); /* "~/" as a shell has it */

/* calling.c: SOTTO_IN_CALL, SOTTO_NO_CALL */
enum calling_kind { CALLING_TO, CALLING_ANSWER, CALLING_DECLINE };
int calling_begin(struct chat *chat, enum calling_kind kind, const char *contact) MUST_CHECK;
int calling_ring(struct chat *chat, enum calling_kind kind) MUST_CHECK; /* whoever rings last */
int calling_hang_up(struct chat *chat) MUST_CHECK;
int calling_mute(struct chat *chat) MUST_CHECK; /* and the other way round */
void calling_end(struct chat *chat, bool now);	/* not now: they are told, for seconds */
void calling_turn(struct chat *chat);		/* its thread may have news */
bool calling_says(const struct chat *chat, char *out, size_t size);

/* serving.c: of commands.c. */
int server_verb(struct chat *chat, const struct person *p, char *rest) MUST_CHECK;
int id_verb(struct chat *chat, const struct person *p, char *rest) MUST_CHECK;
void serving_end(struct chat *chat);  /* now; the same again goes on */
void serving_turn(struct chat *chat); /* its thread may have news */

#endif
