/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The watch: news as they come, behind one descriptor. Part of sotto.h. */
#ifndef SOTTO_WATCH_H
#define SOTTO_WATCH_H
#ifndef SOTTO_H
#error "include sotto.h"
#endif

/*
 * Stays connected: receives as things come, sends what waits, looks after the account. The
 * descriptor becomes readable when there is an event; sotto_events then gives those that
 * happened, each kind once.
 * An event is a hint: what is true is in the profile.
 */
enum sotto_event {
	SOTTO_CHANGED = 1, /* messages, contacts or their states: look again */
	SOTTO_LIVE = 2,	   /* every mailbox is connected, and was fetched since the start */
	SOTTO_AWAY = 3,	   /* not all, or no more: it is tried again, and polled until then */
	SOTTO_ENDED = 4, /* a failure of this machine; the watch has stopped: sotto_unwatch tells why */
};
typedef int sotto_on_event(void *userdata, enum sotto_event event);

/* SOTTO_EXISTS: there is one. Do not close the descriptor. */
SOTTO_MUST int sotto_watch(struct sotto *sotto, int *out_fd);
/* Without waiting; nothing happened: 0. */
SOTTO_MUST int sotto_events(struct sotto *sotto, sotto_on_event *on_event, void *userdata);
/* Stops it: 0, or what had ended it. A request under way is given up, within seconds. */
SOTTO_API int sotto_unwatch(struct sotto *sotto);

#endif
