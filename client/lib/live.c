/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sessions over libmosquitto's external loop. Subscribe first, fetch second: nothing falls between.
 * A session that is lost is renewed (the same request gives the same session) after a growing
 * random delay. What is asked of a server is an errand: nothing here waits for one that the lanes
 * have.
 */
#include "client/lib/live_private.h"

#include "client/lib/lanes.h"
#include "client/lib/store.h"
#include "client/lib/upkeep.h"
#include "libshared/error.h"

#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

enum { TICK_MS = 60000, TICK_FAST_MS = 1000, RENEW_MS = 2700000, RENEW_AGAIN_MS = 60000 };

int64_t live_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t live_spread(const struct live *live, uint32_t most_ms)
{
	return live_now_ms() + 1 + (live->net->fast ? 0 : randombytes_uniform(most_ms));
}

/* The network's faults pass. */
static int passes(int rc)
{
	return rc < 0 && rc != E_NET && rc != E_PROTO ? rc : 0;
}

/* --- errands of a session ------------------------------------------------ */

static void settle_request(struct session *s, const struct errand *e)
{
	const bool opening = s->opening;

	s->opening = false;
	if (e->rc == 0)
		s->grant = e->grant;
	if (opening && (e->rc || live_connect(s)))
		live_lose(s);
	else /* the connection stays; only the password is new */
		s->renew_at_ms = live_now_ms() + (e->rc ? RENEW_AGAIN_MS : RENEW_MS);
}

static int settle_fetch(struct session *s, const struct errand *e)
{
	if (e->rc == E_NET) {
		s->fetch_at_ms = live_now_ms() + 1000 + randombytes_uniform(2000);
		return 0;
	}
	s->fetched = s->fetched || s->fetching;
	live_fetch_ended(s);
	return passes(e->rc);
}

static int settle(struct session *s, const struct errand *e)
{
	struct live *live = s->live;

	s->errand = NULL;
	if (e->n_new || e->changed)
		live->events.on_news(live->events.userdata);
	if (s->n == 0)
		return 0; /* ended meanwhile */
	if (e->kind == ERRAND_FETCH)
		return settle_fetch(s, e);
	settle_request(s, e);
	return 0;
}

static int send_out(struct session *s, enum errand_kind kind)
{
	struct live *live = s->live;
	CLEANUP(errand_free) struct errand *e = NULL;
	int rc = errand_new(&e, kind, s->boxes->onion, s->boxes, s->n);

	if (rc)
		return rc;
	e->owner = s;
	if (kind == ERRAND_FETCH) {
		s->fetching = true;
		live_fetch_begins(s);
	}
	if (!live->events.lanes) {
		errand_do(e, live->net, live->profile);
		return settle(s, e);
	}
	s->errand = e;
	return lanes_add(live->events.lanes, STEAL(e));
}

static int open_session(struct session *s)
{
	s->open_at_ms = 0;
	s->subscribed = false;
	s->opening = true;
	return send_out(s, ERRAND_SESSION);
}

static int due(struct session *s)
{
	const int64_t now = live_now_ms();

	if (s->errand || s->n == 0)
		return 0;
	if (s->open_at_ms && s->open_at_ms <= now)
		return open_session(s);
	if (s->renew_at_ms && s->renew_at_ms <= now)
		return send_out(s, ERRAND_SESSION);
	if (s->subscribed && s->fetch_at_ms && s->fetch_at_ms <= now) {
		s->fetch_at_ms = 0;
		return send_out(s, ERRAND_FETCH);
	}
	if (!s->subscribed && s->poll_at_ms && s->poll_at_ms <= now) {
		s->poll_at_ms = live_next_poll(s->live);
		return send_out(s, ERRAND_FETCH);
	}
	return 0;
}

/* --- errands of all servers ---------------------------------------------- */

/* At each server where there may be something to do. */
static int go_round(struct live *live, enum errand_kind kind)
{
	uint8_t onion[ONION_KEY_BYTES];
	const uint8_t *after = NULL;
	int rc;

	while ((rc = errand_server(onion, live->profile, kind == ERRAND_KEEP, after)) == 0) {
		struct errand *e;

		rc = errand_new(&e, kind, onion, NULL, 0);
		if (rc)
			return rc;
		rc = lanes_add(live->events.lanes, e);
		if (rc)
			return rc;
		after = onion;
	}
	return rc == STORE_NONE ? 0 : rc;
}

int live_flush(struct live *live)
{
	return go_round(live, ERRAND_FLUSH);
}

/* --- the loop ----------------------------------------------------------- */

/* Under a request of its own: the same one would take the place of `watch`. */
static int adopt_one(struct live *live)
{
	const struct mailbox_group none = { .home = 0 };
	struct session *s;
	int rc = live_add_session(&s, live, &none);

	rc = rc ? rc : mailbox_for(s->boxes, live->profile, live->events.contact);
	if (rc)
		return rc < 0 ? rc : E_BUG;
	randombytes_buf(s->boxes->request, sizeof s->boxes->request);
	s->n = 1;
	s->open_at_ms = live_now_ms(); /* somebody waits */
	return 0;
}

/* Besides the sessions: sends what waits, fetches what is not live, looks after the account. */
static int tick(struct live *live)
{
	int64_t every_ms = live->net->fast ? TICK_FAST_MS : TICK_MS;
	int rc;

	if (live->tick_at_ms > live_now_ms() || !live->events.lanes)
		return 0;
	live->tick_at_ms = live_now_ms() + every_ms / 2 + randombytes_uniform((uint32_t)every_ms);
	rc = passes(upkeep_here(live->profile, live->net->fast));
	rc = rc ? rc : go_round(live, ERRAND_KEEP);
	return rc ? rc : live_adopt(live);
}

/* Of a whole server. */
static int settle_round(struct live *live, const struct errand *e)
{
	int rc = passes(e->rc);

	if (e->n_new || e->changed)
		live->events.on_news(live->events.userdata);
	if (rc == 0 && e->changed)
		rc = live_adopt(live);
	return rc || !e->goes_on ? rc : live_flush(live);
}

static int settle_all(struct live *live)
{
	int rc = 0;

	while (rc == 0 && live->events.lanes) {
		CLEANUP(errand_free) struct errand *e = lanes_done(live->events.lanes);

		if (!e)
			return 0;
		rc = e->owner ? settle(e->owner, e) : settle_round(live, e);
	}
	return rc;
}

/* The library counts its users without a lock. */
static void init_mosquitto(void)
{
	mosquitto_lib_init();
}

int live_open(struct live **out, struct net *net, struct profile *profile,
		const struct live_events *events)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	CLEANUP(live_close) struct live *live = calloc(1, sizeof *live);
	int rc;

	if (!live || pthread_once(&once, init_mosquitto))
		return E_NOMEM;
	live->net = net;
	live->profile = profile;
	live->events = *events;
	live->tick_at_ms = live_now_ms() + TICK_MS;
	rc = events->contact ? adopt_one(live) : live_adopt(live);
	if (rc)
		return rc;
	live->n_first = live->n;
	*out = STEAL(live);
	return 0;
}

void live_close(struct live *live)
{
	if (!live)
		return;
	for (unsigned i = 0; i < live->n; i++) {
		struct session *s = &live->sessions[i];

		live_disconnect(s);
		sodium_memzero(s->boxes, PLACE_MAILBOXES * sizeof *s->boxes);
		free(s->boxes);
	}
	sodium_memzero(live, sizeof *live);
	free(live);
}

static void drive(struct session *s, short revents)
{
	int rc = 0;

	if (revents & (POLLIN | POLLHUP | POLLERR))
		rc = mosquitto_loop_read(s->mosq, 1);
	if (!rc && (revents & POLLOUT))
		rc = mosquitto_loop_write(s->mosq, 1);
	if (!rc)
		rc = mosquitto_loop_misc(s->mosq);
	if (rc && s->connected) {
		s->connected = false;
		live_lose(s);
	}
}

static void tell_ready(struct live *live)
{
	if (live->ready)
		return;
	for (unsigned i = 0; i < live->n_first; i++)
		if (live->sessions[i].n &&
				!(live->sessions[i].subscribed && live->sessions[i].fetched))
			return;
	live->events.on_ready(live->events.userdata);
	live->ready = true;
	live->away = false;
	live->tick_at_ms = live_now_ms();
}

bool live_is_granted(const struct live *live)
{
	for (unsigned i = 0; i < live->n_first; i++)
		if (!live->sessions[i].renew_at_ms)
			return false;
	return live->n_first > 0;
}

static int64_t sooner(int64_t a_ms, int64_t planned_ms)
{
	return planned_ms && planned_ms < a_ms ? planned_ms : a_ms;
}

/* Until what is planned next. */
static int wait_for(const struct live *live, int most_ms)
{
	const int64_t now = live_now_ms();
	int64_t next = now + most_ms;

	if (live->tick_at_ms > now)
		next = sooner(next, live->tick_at_ms);
	for (unsigned i = 0; i < live->n; i++) {
		const struct session *s = &live->sessions[i];

		if (s->errand || s->n == 0)
			continue;
		next = sooner(sooner(next, s->open_at_ms), s->renew_at_ms);
		next = sooner(next, s->subscribed ? s->fetch_at_ms : s->poll_at_ms);
	}
	return next > now ? (int)(next - now) : 0;
}

static void poll_sessions(struct live *live, int wait_ms)
{
	struct pollfd fds[SESSIONS_MOST + 2] = { { 0 } };
	struct pollfd *wake = &fds[live->n], *done = wake + 1;

	for (unsigned i = 0; i < live->n; i++) {
		struct session *s = &live->sessions[i];

		fds[i].fd = s->connected ? mosquitto_socket(s->mosq) : -1;
		fds[i].events = (short)(POLLIN |
				(s->connected && mosquitto_want_write(s->mosq) ? POLLOUT : 0));
	}
	*wake = (struct pollfd){ live->events.wake_fd ? *live->events.wake_fd : -1, POLLIN, 0 };
	*done = (struct pollfd){ live->events.lanes ? lanes_fd(live->events.lanes) : -1, POLLIN,
		0 };
	if (poll(fds, live->n + 2, wait_ms) < 0)
		return; /* a signal */
	for (unsigned i = 0; i < live->n; i++)
		if (fds[i].fd >= 0)
			drive(&live->sessions[i], fds[i].revents);
}

int live_turn(struct live *live, int wait_ms)
{
	int rc = settle_all(live);

	for (unsigned i = 0; rc == 0 && i < live->n; i++)
		rc = due(&live->sessions[i]);
	if (rc)
		return rc;
	tell_ready(live);
	rc = tick(live);
	if (rc == 0)
		poll_sessions(live, wait_for(live, wait_ms));
	return rc;
}

void live_drive(struct live *live)
{
	poll_sessions(live, 0);
}
