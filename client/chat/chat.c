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
#include <unistd.h>

static int on_event(void *userdata, enum sotto_event event)
{
	struct chat *chat = userdata;

	if (event == SOTTO_CHANGED)
		chat->stale = true;
	else
		chat->live = event == SOTTO_LIVE;
	return event == SOTTO_ENDED ? sotto_unwatch(chat->sotto) : 0;
}

static int load(struct chat *chat)
{
	int rc = chat->stale ? people_load(chat) : 0;

	if (rc == 0 && chat->stale)
		rc = said_load(chat, screen_pane_width());
	chat->stale = false;
	return rc;
}

static int take_keys(struct chat *chat)
{
	wint_t key;
	int kind, rc = 0;

	while (rc == 0 && (kind = get_wch(&key)) != ERR)
		rc = input_key(chat, kind, key);
	return rc;
}

/* Signals come while it waits and at no other time, so that none comes just before. */
static int turn(struct chat *chat, const sigset_t *signals)
{
	struct pollfd fds[2] = { { STDIN_FILENO, POLLIN, 0 }, { chat->watch_fd, POLLIN, 0 } };
	const struct timespec look = { CHAT_LOOK_S, 0 };
	int n, rc;

	screen_draw(chat);
	n = ppoll(fds, 2, &look, signals);
	chat->stale = chat->stale || n == 0;
	if (n < 0) {
		if (errno != EINTR)
			return E_IO;
		fds[0].revents = fds[1].revents = 0;
	}
	if (chat->is_panic())
		return CHAT_PANIC;
	if (fds[0].revents & (POLLHUP | POLLERR) && !(fds[0].revents & POLLIN))
		return CHAT_LEFT; /* the terminal is gone */
	rc = take_keys(chat);	  /* a resize too */
	rc = rc ? rc : sotto_events(chat->sotto, on_event, chat);
	return rc ? rc : load(chat);
}

int chat_run(struct sotto *sotto, bool (*is_panic)(void))
{
	CLEANUP(scope_free) struct chat *chat = calloc(1, sizeof *chat);
	sigset_t all, signals;
	int rc;

	if (!chat)
		return E_NOMEM;
	chat->sotto = sotto;
	chat->is_panic = is_panic;
	chat->n_wanted = CHAT_SHOWN;
	chat->stale = true;
	rc = sotto_watch(sotto, &chat->watch_fd);
	rc = rc ? rc : screen_open();
	if (rc)
		return rc;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &signals);
	rc = load(chat);
	while (rc == 0)
		rc = turn(chat, &signals);
	screen_close();
	sigprocmask(SIG_SETMASK, &signals, NULL);
	said_clear(chat);
	explicit_bzero(chat, sizeof *chat);
	return rc;
}
