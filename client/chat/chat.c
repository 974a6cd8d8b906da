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
#include <sys/signalfd.h>
#include <sys/timerfd.h>
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

/* A window that changes its size is nobody at the keys. */
static int heard_key(struct chat *chat, int kind, wint_t key)
{
	if (kind != KEY_CODE_YES || key != KEY_RESIZE)
		lock_put_off(chat);
	return input_key(chat, kind, key);
}

static int take_keys(struct chat *chat)
{
	wint_t key;
	int kind, rc = 0;

	while (rc == 0 && (kind = get_wch(&key)) != ERR)
		if (kind != OK || key != INPUT_ESCAPE || chat->pasting || !is_unknown_key())
			rc = heard_key(chat, kind, key);
	return rc;
}

static void eventfd_clear(const struct chat *chat)
{
	eventfd_t n;

	(void)!eventfd_read(chat->moving_fd, &n);
}

/* Signals come while it waits and at no other time, so that none comes just before. Those that end
 * it are read, so that it ends as by a key: nothing stays on the screen. */
int chat_wait(struct chat *chat)
{
	struct pollfd fds[] = { { STDIN_FILENO, POLLIN, 0 }, { chat->watch_fd, POLLIN, 0 },
		{ chat->moving_fd, POLLIN, 0 }, { chat->signal_fd, POLLIN, 0 },
		{ chat->idle_fd, POLLIN, 0 } };
	const struct timespec look = { CHAT_LOOK_S, 0 };
	struct signalfd_siginfo end;
	const int n = ppoll(fds, ARRAY_LEN(fds), &look, &chat->signals);

	if (n < 0 && errno != EINTR)
		return E_IO;
	chat->stale = chat->stale || n == 0;
	chat->has_keys = n > 0 && fds[0].revents & POLLIN;
	chat->hung_up = n > 0 && fds[0].revents & (POLLHUP | POLLERR);
	if (chat->options->is_panic())
		return CHAT_PANIC;
	chat->ended = read(chat->signal_fd, &end, sizeof end) == sizeof end;
	if (chat->ended)
		return CHAT_LEFT;
	eventfd_clear(chat);
	return 0;
}

static int turn(struct chat *chat)
{
	int rc;

	screen_draw(chat);
	rc = chat_wait(chat);
	if (rc)
		return rc;
	if (chat->calling) /* whoever talks needs no keys */
		lock_put_off(chat);
	if (lock_is_due(chat)) /* before a key does anything */
		return CHAT_LOCK;
	moving_turn(chat);
	calling_turn(chat);
	serving_turn(chat);
	rc = take_keys(chat); /* a resize too */
	if (rc == 0 && chat->hung_up)
		return CHAT_LEFT;
	rc = rc ? rc : sotto_events(chat->sotto, on_event, chat);
	return rc ? rc : load(chat);
}

static void add_ends(sigset_t *signals)
{
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGHUP);
	sigaddset(signals, SIGINT);
}

static int run(struct chat *chat)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	chat->signals = old;
	add_ends(&chat->signals);
	lock_put_off(chat);
	rc = load(chat);
	while (rc == 0) {
		rc = turn(chat);
		if (rc == CHAT_LOCK)
			rc = lock_hold(chat);
		rc = rc ? rc : load(chat);
	}
	if (rc == CHAT_PANIC && sotto_destroy(chat->options->dir)) {
		/* Before all else, which may wait; sotto_panic tries again, and tells. */
	}
	screen_close();
	moving_end(chat, NULL);
	serving_end(chat);
	calling_end(chat, rc == CHAT_PANIC || chat->ended); /* sotto lock gives it two seconds */
	sigprocmask(SIG_SETMASK, &old, NULL);
	said_clear(chat);
	said_wipe(chat->panel);
	draft_clear(chat);
	return rc;
}

static int ends_fd(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	add_ends(&ends);
	return signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

int chat_run(const struct chat_options *options)
{
	CLEANUP(scope_free) struct chat *chat = calloc(1, sizeof *chat);
	__attribute__((cleanup(scope_close_ref))) int moving_fd = eventfd(
			0, EFD_CLOEXEC | EFD_NONBLOCK);
	__attribute__((cleanup(scope_close_ref))) int signal_fd = ends_fd();
	__attribute__((cleanup(scope_close_ref))) int idle_fd = timerfd_create(
			CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	int rc;

	if (!chat || moving_fd < 0 || signal_fd < 0 || idle_fd < 0)
		return E_NOMEM;
	chat->sotto = *options->sotto;
	chat->options = options;
	chat->moving_fd = moving_fd;
	chat->signal_fd = signal_fd;
	chat->idle_fd = idle_fd;
	chat->n_wanted = CHAT_SHOWN;
	chat->stale = true;
	rc = sotto_watch(chat->sotto, &chat->watch_fd);
	rc = rc ? rc : screen_open();
	rc = rc ? rc : run(chat);
	explicit_bzero(chat, sizeof *chat);
	return rc;
}
