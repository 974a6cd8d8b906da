/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The watch: a thread with a profile of its own, which keeps the live sessions and hands all that
 * is asked of servers to the lanes' threads, so that none waits for another. Between it and the
 * caller's thread are two eventfds and three atomics; all else is in the database.
 */
#include "client/lib/handle.h"
#include "client/lib/lanes.h"
#include "client/lib/live.h"
#include "libshared/error.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

enum {
	TURN_MS = 5000
}; /* or until something is due: the longest without a look at the connections */

struct watch {
	pthread_t thread;
	bool runs; /* the thread is there to be joined */
	struct profile *profile;
	struct net net;
	const char *dir; /* the handle's */
	int wake_fd, told_fd;
	atomic_int stop;
	atomic_uint events;
	atomic_int result;
};

static void watch_free(struct watch *w)
{
	if (!w)
		return;
	profile_close(w->profile);
	net_close(&w->net);
	scope_close_ref(&w->wake_fd);
	scope_close_ref(&w->told_fd);
	free(w);
}
DEFINE_CLEANUP(struct watch *, watch_free)

/* --- on the thread ------------------------------------------------------ */

static void tell(struct watch *w, enum sotto_event event)
{
	atomic_fetch_or(&w->events, 1u << event);
	(void)!eventfd_write(w->told_fd, 1);
}

/* Whoever has not asked meanwhile hears of the last of these only. */
static void tell_way(struct watch *w, enum sotto_event event, enum sotto_event other)
{
	atomic_fetch_and(&w->events, ~(1u << other));
	tell(w, event);
}

static void on_ready(void *userdata)
{
	tell_way(userdata, SOTTO_LIVE, SOTTO_AWAY);
}

static void on_lost(void *userdata)
{
	tell_way(userdata, SOTTO_AWAY, SOTTO_LIVE);
}

static void on_news(void *userdata)
{
	tell(userdata, SOTTO_CHANGED);
}

/* What was written on the other thread goes at once. */
static int flush(struct watch *w, struct live *live)
{
	eventfd_t n;

	return eventfd_read(w->wake_fd, &n) < 0 ? 0 : live_flush(live);
}

static int turn(struct watch *w, struct live *live)
{
	const int changes = sqlite3_total_changes(w->profile->db);
	int rc = live_turn(live, TURN_MS);

	rc = rc ? rc : flush(w, live);
	if (sqlite3_total_changes(w->profile->db) != changes)
		tell(w, SOTTO_CHANGED);
	return atomic_load(&w->stop) ? 0 : rc;
}

static int watch(struct watch *w)
{
	CLEANUP(live_close) struct live *live = NULL;
	CLEANUP(lanes_close) struct lanes *lanes = NULL; /* ends first: it has what is live's */
	const struct lanes_of of = { &w->net, w->dir, &w->profile->vault };
	struct live_events events = { .userdata = w,
		.on_ready = on_ready,
		.on_news = on_news,
		.on_lost = on_lost,
		.wake_fd = &w->wake_fd };
	int rc = lanes_open(&lanes, &of);

	events.lanes = lanes;
	rc = rc ? rc : live_open(&live, &w->net, w->profile, &events);
	while (rc == 0 && !atomic_load(&w->stop))
		rc = turn(w, live);
	return rc;
}

static void *run(void *userdata)
{
	struct watch *w = userdata;
	int rc = watch(w);

	if (rc) {
		atomic_store(&w->result, rc);
		tell(w, SOTTO_ENDED);
	}
	return NULL;
}

/* --- on the caller's ---------------------------------------------------- */

static int make(struct watch **out, struct sotto *s)
{
	CLEANUP(watch_free) struct watch *w = calloc(1, sizeof *w);
	int rc;

	if (!w)
		return E_NOMEM;
	w->wake_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK); /* what waits goes at once */
	w->told_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake_fd < 0 || w->told_fd < 0)
		return E_IO;
	rc = profile_open(&w->profile, s->dir, &s->profile->vault);
	rc = rc ? rc : net_open(&w->net, s->socks, s->fast);
	if (rc)
		return rc;
	w->net.work_bits_most = WORK_BITS_UNASKED;
	w->dir = s->dir;
	*out = STEAL(w);
	return 0;
}

/* Signals are for the threads of the program. */
static int start(struct watch *w)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &old))
		return E_BUG;
	rc = pthread_create(&w->thread, NULL, run, w) ? E_NOMEM : 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	w->runs = rc == 0;
	return rc;
}

int sotto_watch(struct sotto *s, int *out_fd)
{
	CLEANUP(watch_free) struct watch *w = NULL;
	int rc = s->watch ? SOTTO_EXISTS : make(&w, s);

	rc = rc ? rc : start(w);
	if (rc)
		return rc;
	s->watch = STEAL(w);
	*out_fd = s->watch->told_fd;
	return 0;
}

int sotto_events(struct sotto *s, sotto_on_event *on_event, void *userdata)
{
	eventfd_t n;
	unsigned events;
	int rc = 0;

	if (!s->watch || eventfd_read(s->watch->told_fd, &n) < 0)
		return 0;
	events = atomic_exchange(&s->watch->events, 0);
	for (enum sotto_event event = SOTTO_CHANGED; rc == 0 && event <= SOTTO_ENDED; event++)
		if (events & 1u << event)
			rc = on_event(userdata, event);
	return rc;
}

int sotto_unwatch(struct sotto *s)
{
	int rc = 0;

	if (!s->watch)
		return 0;
	atomic_store(&s->watch->stop, true);
	(void)!eventfd_write(s->watch->wake_fd, 1);
	pthread_join(s->watch->thread, NULL);
	rc = atomic_load(&s->watch->result);
	watch_free(s->watch);
	s->watch = NULL;
	return rc;
}

void sotto_wake(struct sotto *s)
{
	if (s->watch)
		(void)!eventfd_write(s->watch->wake_fd, 1);
}
