/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The lock: after some minutes without a key, or when asked for, the profile is closed and nothing
 * of it is on the screen until a passphrase opens one. Where one was, and what one was writing,
 * stays in this memory for the same profile, and is wiped for any other, such as the decoy.
 */
#include "client/chat/chat.h"

#include "libshared/error.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct asking {
	char text[SOTTO_PASSPHRASE_MOST + 1];
	unsigned char bytes[64]; /* that came at once */
	size_t n;
	enum { NONE, ESCAPE, NUMBER } part; /* of a key */
	unsigned number;
	bool asked_panic, pasting;
	const char *said; /* fixed */
};

/* --- when ----------------------------------------------------------------- */

/* Counts while the machine sleeps, too: a lid that is opened hours later shows nothing. */
static int64_t now_s(void)
{
	struct timespec now = { 0, 0 };

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

/* The timer only wakes; 0 ends it. */
static void wake_after(const struct chat *chat, int64_t after_s)
{
	const struct itimerspec then = { .it_value = { (time_t)after_s, 0 } };

	(void)timerfd_settime(chat->idle_fd, 0, &then, NULL);
}

void lock_put_off(struct chat *chat)
{
	chat->key_s = now_s();
	wake_after(chat, chat->options->lock_after_s);
}

bool lock_is_due(const struct chat *chat)
{
	const int64_t after_s = chat->options->lock_after_s;

	return after_s && now_s() - chat->key_s >= after_s;
}

int lock_verb(struct chat *chat, const struct person *p, char *rest)
{
	(void)chat;
	(void)p;
	(void)rest;
	return CHAT_LOCK;
}

/* --- what is kept --------------------------------------------------------- */

static void keep_place(struct chat *chat)
{
	struct place *at = &chat->place;
	const struct person *p = people_selected(chat);

	sotto_link(chat->sotto, at->link);
	snprintf(at->name, sizeof at->name, "%s", p ? p->name : "");
	at->group = p && p->group;
	at->before = chat->before;
	at->n_wanted = chat->n_wanted;
	at->up = chat->up;
	if (draft_keep(chat, p)) {
		/* no memory: it is lost, but locked it is */
	}
}

/* All else that came out of the profile, or went to it. */
static void forget(struct chat *chat)
{
	input_clear(chat);
	said_clear(chat);
	said_wipe(chat->panel);
	chat->panel = NULL;
	explicit_bzero(chat->people, sizeof chat->people);
	explicit_bzero(chat->words, sizeof chat->words);
	explicit_bzero(chat->note, sizeof chat->note);
	explicit_bzero(chat->rings, sizeof chat->rings);
	chat->n_people = chat->selected = 0;
	chat->n_unread = 0;
	chat->opened = chat->live = chat->asked_panic = chat->warned = chat->pasting = false;
	chat->away_s = chat->chosen = chat->asked = chat->new_from = 0;
	place_newest(chat);
}

static void close_all(struct chat *chat)
{
	keep_place(chat);
	forget(chat);
	chat->place.moves = moving_end(chat, &chat->place.wish);
	serving_end(chat);
	calling_end(chat, false);
	chat->watch_fd = -1;
	chat->sotto = NULL;
	chat->options->lock(chat->options->userdata);
	wake_after(chat, 0);
}

static int go_back(struct chat *chat)
{
	const struct place *at = &chat->place;
	int rc = people_load(chat);

	rc = rc ? rc : *at->name ? people_go(chat, at->name, at->group) : 0;
	if (rc)
		return rc == SOTTO_NO_CONTACT ? 0 : rc; /* another process has ended it */
	chat->before = at->before;
	chat->n_wanted = at->n_wanted;
	chat->up = at->up;
	return at->moves ? chat_told(chat, moving_begin(chat, &at->wish)) : 0;
}

static int open_all(struct chat *chat)
{
	char link[SOTTO_LINK_ROOM];
	int rc;

	chat->sotto = *chat->options->sotto;
	rc = sotto_watch(chat->sotto, &chat->watch_fd);
	if (rc)
		return rc;
	sotto_link(chat->sotto, link);
	if (strcmp(link, chat->place.link) == 0) {
		rc = go_back(chat);
	} else {
		draft_clear(chat);
		chat->quiet = false;
	}
	explicit_bzero(&chat->place, sizeof chat->place);
	explicit_bzero(link, sizeof link);
	chat->stale = true;
	lock_put_off(chat);
	return rc;
}

/* --- asking --------------------------------------------------------------- */

static void start_again(struct asking *a, const char *said)
{
	explicit_bzero(a->text, sizeof a->text);
	a->n = 0;
	a->said = said;
}

/* Takes a second, in which panic is heard as it is at other times. SOTTO_E_LOCKED: to be asked
 * again, as for all else that is told. */
static int try_it(struct chat *chat, struct asking *a)
{
	sigset_t all;
	int rc;

	screen_draw_locked("one moment");
	sigprocmask(SIG_SETMASK, &chat->signals, &all);
	rc = chat->options->unlock(chat->options->userdata, a->text);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (chat->options->is_panic())
		return CHAT_PANIC;
	start_again(a,
			rc == SOTTO_E_LOCKED ? "wrong passphrase"
					     : sotto_text((enum sotto_result)rc));
	return rc ? SOTTO_E_LOCKED : 0;
}

static void erase_one(struct asking *a)
{
	bool within = true; /* a character of several bytes */

	while (a->n && within) {
		within = ((unsigned char)a->text[--a->n] & 0xc0) == 0x80;
		a->text[a->n] = '\0';
	}
}

/* Bytes, as a prompt takes them. */
static void add_byte(struct asking *a, unsigned char c)
{
	if (a->n == SOTTO_PASSPHRASE_MOST)
		start_again(a, "a passphrase has 1 to 255 bytes");
	else if (c >= ' ')
		a->text[a->n++] = (char)c;
}

/* Keys that terminals send as several bytes; a text that is pasted comes between two of them. */
static bool is_of_key(struct asking *a, unsigned char c)
{
	if (a->part == NONE) {
		a->part = c == INPUT_ESCAPE ? ESCAPE : NONE;
		return a->part;
	}
	if (a->part == ESCAPE) {
		a->part = c == '[' || c == 'O' ? NUMBER : c == INPUT_ESCAPE ? ESCAPE : NONE;
		a->number = 0;
	} else if (c >= '0' && c <= '9') {
		a->number = (10 * a->number + c - '0') % 1000;
	} else if (c >= 0x40) {
		a->part = NONE;
		if (c == '~' && a->number / 2 == 100) /* 200, 201 */
			a->pasting = a->number == 200;
	}
	return true;
}

static int ask_byte(struct chat *chat, struct asking *a, unsigned char c)
{
	const bool is_panic = c == INPUT_CTRL('X') && !a->pasting,
		   is_text = a->pasting || (c >= ' ' && c != 0x7f);

	if (is_of_key(a, c))
		return SOTTO_E_LOCKED;
	if (is_panic && a->asked_panic)
		return CHAT_PANIC;
	a->asked_panic = is_panic;
	a->said = is_panic ? "Ctrl-X again destroys this profile" : "locked";
	if (is_text)
		add_byte(a, c);
	else if (c == '\r' && a->n)
		return try_it(chat, a);
	else if (c == INPUT_CTRL('C') || c == INPUT_CTRL('D'))
		return CHAT_LEFT;
	else if (c == INPUT_CTRL('U'))
		start_again(a, "locked");
	else if (c == INPUT_CTRL('H') || c == 0x7f)
		erase_one(a);
	return SOTTO_E_LOCKED;
}

/* ncurses keeps the keys that it has read, and these it must not have. */
static int take_bytes(struct chat *chat, struct asking *a)
{
	int rc = SOTTO_E_LOCKED;

	for (ssize_t i = 0, n = read(STDIN_FILENO, a->bytes, sizeof a->bytes);
			rc == SOTTO_E_LOCKED && i < n; i++)
		rc = ask_byte(chat, a, a->bytes[i]);
	explicit_bzero(a->bytes, sizeof a->bytes);
	if (a->part == ESCAPE) /* the key of that name */
		a->part = NONE;
	return rc;
}

/* SOTTO_E_LOCKED, until it is open. */
static int ask(struct chat *chat, struct asking *a)
{
	int rc;

	screen_draw_locked(a->said);
	rc = chat_wait(chat);
	if (rc)
		return rc;
	rc = chat->has_keys ? take_bytes(chat, a) : SOTTO_E_LOCKED;
	return rc == SOTTO_E_LOCKED && chat->hung_up ? CHAT_LEFT : rc;
}

int lock_hold(struct chat *chat)
{
	struct asking a = { .said = "locked" };
	int rc;

	screen_lock(); /* before what may wait for a network */
	screen_draw_locked("locking");
	close_all(chat);
	if (mlock(&a, sizeof a)) {
		/* the limit: it is wiped all the same */
	}
	do
		rc = ask(chat, &a);
	while (rc == SOTTO_E_LOCKED);
	explicit_bzero(&a, sizeof a);
	return rc ? rc : open_all(chat);
}
