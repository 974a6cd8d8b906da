/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The loop: keys, and what the watch says. */
#include "client/chat/chat.h"

#include "libshared/error.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static int on_event(void *userdata, enum sotto_event event)
{
	struct chat *chat = userdata;

	if (event == SOTTO_CHANGED) {
		chat->stale = true;
	} else if (event == SOTTO_LIVE) {
		if (chat->away_s)
			chat_note(chat, "connected again");
		chat->live = true;
		chat->away_s = 0;
	} else if (chat->live) {
		chat_note(chat, "Tor or the server is away: what you write waits here");
		chat->live = false;
		chat->away_s = time(NULL);
	}
	return event == SOTTO_ENDED ? sotto_unwatch(chat->sotto) : 0;
}

static int on_ring(void *userdata, const struct sotto_ring *ring)
{
	struct chat *chat = userdata;
	char text[CHAT_NOTE];

	chat->note[0] = '\0'; /* it would stand over who calls */
	snprintf(text, sizeof text, "%s has called you", ring->contact);
	snprintf(chat->rings, sizeof chat->rings, "%s", ring->missed ? "" : ring->contact);
	chat->rings_s = time(NULL);
	if (ring->missed)
		chat_note(chat, text);
	if (!chat->quiet)
		beep();
	return 0;
}

static int load(struct chat *chat)
{
	int rc = chat->stale ? people_load(chat) : 0;

	if (*chat->rings && time(NULL) > chat->rings_s + SOTTO_RING_S)
		chat->rings[0] = '\0'; /* somebody answered elsewhere */
	if (rc == 0 && chat->stale)
		rc = sotto_rings(chat->sotto, on_ring, chat);
	if (rc == 0 && chat->stale)
		rc = said_load(chat, screen_pane_width());
	if (chat->stale)
		choose_settle(chat);
	chat->stale = false;
	if (chat->follow)
		place_follow(chat);
	return rc;
}

/* Keys that terminfo does not know are none, and no part of the text; Alt-Enter is Ctrl-J. */
static bool is_unknown_key(void)
{
	wint_t next;
	const int kind = get_wch(&next);

	if (kind == KEY_CODE_YES)
		ungetch((int)next);
	else if (kind == OK && next == '\r')
		unget_wch(L'\n');
	else if (kind == OK && next != '[' && next != 'O')
		unget_wch((wchar_t)next);
	if (kind != OK || (next != '[' && next != 'O'))
		return kind == OK && next == '\r';
	while (get_wch(&next) == OK && (next < 0x40 || next > 0x7e))
		;
	return true;
}

static int take_keys(struct chat *chat)
{
	wint_t key;
	int kind, rc = 0;

	while (rc == 0 && (kind = get_wch(&key)) != ERR)
		if (kind != OK || key != INPUT_ESCAPE || chat->pasting || !is_unknown_key())
			rc = input_key(chat, kind, key);
	return rc;
}

static void eventfd_clear(const struct chat *chat)
{
	eventfd_t n;

	(void)!eventfd_read(chat->moving_fd, &n);
}

/* Signals come while it waits and at no other time, so that none comes just before. */
static int turn(struct chat *chat, const sigset_t *signals)
{
	struct pollfd fds[3] = { { STDIN_FILENO, POLLIN, 0 }, { chat->watch_fd, POLLIN, 0 },
		{ chat->moving_fd, POLLIN, 0 } };
	const struct timespec look = { CHAT_LOOK_S, 0 };
	int n, rc;

	screen_draw(chat);
	n = ppoll(fds, 3, &look, signals);
	chat->stale = chat->stale || n == 0;
	if (n < 0) {
		if (errno != EINTR)
			return E_IO;
		fds[0].revents = fds[1].revents = 0;
	}
	if (chat->is_panic())
		return CHAT_PANIC;
	eventfd_clear(chat);
	moving_turn(chat);
	calling_turn(chat);
	rc = take_keys(chat); /* a resize too */
	if (rc == 0 && fds[0].revents & (POLLHUP | POLLERR))
		return CHAT_LEFT; /* the terminal is gone */
	rc = rc ? rc : sotto_events(chat->sotto, on_event, chat);
	return rc ? rc : load(chat);
}

static int run(struct chat *chat, const char *dir)
{
	sigset_t all, signals;
	int rc;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &signals);
	rc = load(chat);
	while (rc == 0)
		rc = turn(chat, &signals);
	if (rc == CHAT_PANIC && sotto_destroy(dir)) {
		/* Before all else, which may wait; sotto_panic tries again, and tells. */
	}
	screen_close();
	moving_end(chat);
	calling_end(chat, rc == CHAT_PANIC);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	said_clear(chat);
	said_wipe(chat->panel);
	draft_clear(chat);
	return rc;
}

int chat_run(const struct chat_options *options)
{
	CLEANUP(scope_free) struct chat *chat = calloc(1, sizeof *chat);
	__attribute__((cleanup(scope_close_ref))) int moving_fd = eventfd(
			0, EFD_CLOEXEC | EFD_NONBLOCK);
	int rc;

	if (!chat || moving_fd < 0)
		return E_NOMEM;
	chat->sotto = options->sotto;
	chat->is_panic = options->is_panic;
	chat->call = options->call;
	chat->moving_fd = moving_fd;
	chat->n_wanted = CHAT_SHOWN;
	chat->stale = true;
	rc = sotto_watch(chat->sotto, &chat->watch_fd);
	rc = rc ? rc : screen_open();
	rc = rc ? rc : run(chat, options->dir);
	explicit_bzero(chat, sizeof *chat);
	return rc;
}
