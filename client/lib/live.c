/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sessions over libmosquitto's external loop. Subscribe first, fetch second: nothing falls between.
 * A session that is lost is renewed (the same request gives the same session) after a growing
 * random delay.
 */
#include "client/lib/live.h"

#include "client/lib/fault.h"
#include "client/lib/live_request.h"
#include "client/lib/retry.h"
#include "client/lib/upkeep.h"
#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <mosquitto.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

enum {
	MAILBOXES_MOST = 16,
	TICK_MS = 60000,
	TICK_FAST_MS = 1000,
	KEEPALIVE_S = 30,
	SPREAD_MS = 30000,
	POLL_MS = 600000, /* while there is no session */
	POLL_FAST_MS = 1000,
	RENEW_MS = 2700000
};
enum { DOWN_BLOB = 1, DOWN_FETCH = 2, DOWN_SIGNAL = 5 };

struct session {
	struct live *live;
	struct own_mailbox mailbox;
	struct mosquitto *mosq;
	struct live_grant grant;
	bool subscribed, fetched, knows_boot;
	uint8_t boot[16]; /* bridged's, as it was last told */
	int64_t open_at_ms, fetch_at_ms, poll_at_ms, renew_at_ms; /* 0: not planned */
	int64_t retry_ms;
};

struct live {
	struct net *net;
	struct profile *profile;
	struct live_events events;
	struct session sessions[MAILBOXES_MOST];
	unsigned n, n_first; /* n_first: those there were at the beginning */
	bool ready, away;    /* what was told last */
	int64_t tick_at_ms;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* "Fetch" and "renew" always mean after a random delay, so that many clients do not come at once.
 */
static int64_t spread(const struct live *live, uint32_t most_ms)
{
	return now_ms() + 1 + (live->net->fast ? 0 : randombytes_uniform(most_ms));
}

/* --- libmosquitto's callbacks ------------------------------------------- */

static void on_connect(struct mosquitto *mosq, void *userdata, int rc)
{
	struct session *s = userdata;

	if (rc)
		return;
	fault_before("SUBSCRIBE", "/down");
	mosquitto_subscribe(mosq, NULL, s->grant.down, 1);
	mosquitto_subscribe(mosq, NULL, "sotto/v1/live", 1);
	if (fault_after("SUBSCRIBE", "/down"))
		mosquitto_disconnect(mosq);
}

static void on_subscribe(struct mosquitto *mosq, void *userdata, int mid, int n, const int *granted)
{
	struct session *s = userdata;

	(void)mosq;
	(void)mid;
	if (n != 1 || granted[0] != 1 || s->subscribed)
		return;
	s->subscribed = true;
	s->retry_ms = 0;
	s->poll_at_ms = 0;
	s->fetch_at_ms = now_ms() + 1;
}

static int64_t next_poll(const struct live *live)
{
	const int64_t about_ms = live->net->fast ? POLL_FAST_MS : POLL_MS;

	return now_ms() + about_ms / 2 + randombytes_uniform((uint32_t)about_ms);
}

static void tell_away(struct live *live)
{
	if (live->away || !live->events.on_lost)
		return;
	live->ready = false;
	live->away = true;
	live->events.on_lost(live->events.userdata);
}

/* The mailbox may still be read: the broker alone may be away. */
static void on_disconnect(struct mosquitto *mosq, void *userdata, int rc)
{
	struct session *s = userdata;

	(void)mosq;
	(void)rc;
	s->subscribed = false;
	tell_away(s->live);
	s->open_at_ms = now_ms() + retry_wait_ms(&s->retry_ms);
	if (!s->poll_at_ms)
		s->poll_at_ms = next_poll(s->live);
}

static void acknowledge(struct session *s, const uint8_t *blob_id)
{
	uint8_t payload[UP_BYTES];
	struct writer w = writer_over(payload, sizeof payload);

	writer_copy(&w, s->mailbox.mailbox, MAILBOX_ID_BYTES);
	writer_copy(&w, blob_id, BLOB_ID_BYTES);
	writer_zeros(&w);
	fault_before("PUBLISH", "/up");
	mosquitto_publish(s->mosq, NULL, s->grant.up, sizeof payload, payload, 1, false);
	if (fault_after("PUBLISH", "/up"))
		mosquitto_disconnect(s->mosq);
}

/* Whatever a signal was, it is acknowledged: who has 16 open gets no more. */
static void on_signal(struct session *s, const uint8_t *id, const uint8_t *packet)
{
	int rc = conversation_receive_signal(s->live->profile, &s->mailbox, packet);

	acknowledge(s, id);
	if (rc == RECEIVE_NEW)
		s->live->events.on_news(s->live->events.userdata);
}

static void on_blob(struct session *s, const uint8_t *mailbox, struct reader *rd, bool is_signal)
{
	const uint8_t *id = reader_take(rd, BLOB_ID_BYTES), *packet = reader_take(rd, BLOB_BYTES);
	int rc;

	if (!reader_is_done(rd) || memcmp(mailbox, s->mailbox.mailbox, MAILBOX_ID_BYTES) != 0)
		return;
	if (is_signal) {
		on_signal(s, id, packet);
		return;
	}
	rc = conversation_receive(s->live->profile, &s->mailbox, packet);
	if (rc >= 0 && rc != RECEIVE_HELD)
		acknowledge(s, id);
	if (rc == RECEIVE_NEW)
		s->live->events.on_news(s->live->events.userdata);
}

/* Told at every subscription; another one means that bridged began anew: renew, then fetch. */
static void on_boot(struct session *s, struct reader *rd)
{
	const uint8_t *boot = reader_take(rd, sizeof s->boot);

	if (!boot)
		return;
	if (s->knows_boot && memcmp(s->boot, boot, sizeof s->boot) != 0)
		s->open_at_ms = spread(s->live, SPREAD_MS);
	s->knows_boot = true;
	memcpy(s->boot, boot, sizeof s->boot);
}

static void on_message(struct mosquitto *mosq, void *userdata, const struct mosquitto_message *m)
{
	struct session *s = userdata;
	struct reader rd = reader_over(m->payload, m->payloadlen > 0 ? (size_t)m->payloadlen : 0);
	const uint8_t *mailbox;
	uint8_t kind;

	(void)mosq;
	if (strcmp(m->topic, s->grant.down) != 0) {
		on_boot(s, &rd);
		return;
	}
	kind = reader_u8(&rd);
	mailbox = reader_take(&rd, MAILBOX_ID_BYTES);
	if ((kind == DOWN_BLOB || kind == DOWN_SIGNAL) && mailbox)
		on_blob(s, mailbox, &rd, kind == DOWN_SIGNAL);
	else if (kind == DOWN_FETCH)
		s->fetch_at_ms = spread(s->live, SPREAD_MS);
}

/* --- opening a session -------------------------------------------------- */

static int connect_session(struct session *s)
{
	struct net *net = s->live->net;
	const struct known_server *at = net_known(net, s->mailbox.onion);
	const struct circuit circuit = { "read", s->mailbox.mailbox, MAILBOX_ID_BYTES, false };
	char user[33];

	mosquitto_destroy(s->mosq);
	s->mosq = mosquitto_new(s->grant.id, true, s);
	if (!s->mosq)
		return E_NOMEM;
	net_circuit_name(user, net, &circuit);
	mosquitto_connect_callback_set(s->mosq, on_connect);
	mosquitto_subscribe_callback_set(s->mosq, on_subscribe);
	mosquitto_disconnect_callback_set(s->mosq, on_disconnect);
	mosquitto_message_callback_set(s->mosq, on_message);
	if (mosquitto_username_pw_set(s->mosq, s->grant.id, s->grant.password) ||
			mosquitto_socks5_set(
					s->mosq, net->socks_host, net->socks_port, user, "sotto") ||
			mosquitto_connect_async(s->mosq, at->server.live, at->server.mqtt_port,
					KEEPALIVE_S))
		return E_NET;
	return 0;
}

static int request(struct session *s)
{
	return live_request(&s->grant, s->live->net, &s->mailbox);
}

static void open_session(struct session *s)
{
	s->open_at_ms = 0;
	s->subscribed = false;
	if (request(s) || connect_session(s)) {
		on_disconnect(NULL, s, 1);
		return;
	}
	s->renew_at_ms = now_ms() + RENEW_MS;
}

/* --- the loop ----------------------------------------------------------- */

static int64_t last_mailbox(const struct live *live)
{
	return live->n ? live->sessions[live->n - 1].mailbox.id : 0;
}

static void add_session(struct live *live, const struct own_mailbox *m)
{
	struct session *s = &live->sessions[live->n++];

	s->live = live;
	s->mailbox = *m;
	s->open_at_ms = spread(live, SPREAD_MS / 10);
}

/* Under a request of its own: the same one would take the place of `watch`. */
static int adopt_one(struct live *live)
{
	struct own_mailbox m;
	int rc = mailbox_for(&m, live->profile, live->events.contact);

	if (rc)
		return rc < 0 ? rc : E_BUG;
	randombytes_buf(m.request, sizeof m.request);
	add_session(live, &m);
	live->sessions[0].open_at_ms = now_ms(); /* somebody waits */
	return 0;
}

/* A session for each mailbox that has none, as far as there is room. */
static int adopt(struct live *live)
{
	struct own_mailbox m = { .id = last_mailbox(live) };
	int rc = 0;

	if (live->events.contact)
		return live->n ? 0 : adopt_one(live);
	while (live->n < MAILBOXES_MOST && (rc = mailbox_next(&m, live->profile, m.id)) == 0)
		if (!m.is_left) /* those are polled */
			add_session(live, &m);
	return rc < 0 ? rc : 0;
}

/* Besides the sessions: sends what waits, fetches what is not live, looks after the account. */
static int tick(struct live *live)
{
	int64_t every_ms = live->net->fast ? TICK_FAST_MS : TICK_MS;
	unsigned n_new = 0;
	int rc;

	if (live->tick_at_ms > now_ms() || live->events.contact)
		return 0;
	live->tick_at_ms = now_ms() + every_ms / 2 + randombytes_uniform((uint32_t)every_ms);
	rc = upkeep_tick(live->net, live->profile, last_mailbox(live), &n_new);
	if (n_new)
		live->events.on_news(live->events.userdata);
	rc = rc < 0 && rc != E_NET && rc != E_PROTO ? rc : 0; /* the network's faults pass */
	return rc ? rc : adopt(live);
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
	live->tick_at_ms = now_ms() + TICK_MS;
	rc = adopt(live);
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
	for (unsigned i = 0; i < live->n; i++)
		mosquitto_destroy(live->sessions[i].mosq);
	sodium_memzero(live, sizeof *live);
	free(live);
}

static int fetch(struct session *s)
{
	unsigned n_new = 0;
	int rc;

	s->fetch_at_ms = 0;
	rc = sync_fetch_one(s->live->net, s->live->profile, &s->mailbox, &n_new);
	if (n_new)
		s->live->events.on_news(s->live->events.userdata);
	if (rc == E_NET)
		s->fetch_at_ms = now_ms() + 1000 + randombytes_uniform(2000);
	else
		s->fetched = true;
	return rc < 0 && rc != E_NET && rc != E_PROTO ? rc : 0;
}

static int poll_mailbox(struct session *s)
{
	int rc = fetch(s);

	s->fetch_at_ms = 0;
	s->poll_at_ms = next_poll(s->live);
	return rc;
}

static int due(struct session *s)
{
	int64_t now = now_ms();

	if (s->open_at_ms && s->open_at_ms <= now)
		open_session(s);
	if (s->renew_at_ms &&
			s->renew_at_ms <=
					now) { /* the connection stays; only the password is new */
		s->renew_at_ms = request(s) ? now + 60000 : now + RENEW_MS;
	}
	if (s->subscribed)
		return s->fetch_at_ms && s->fetch_at_ms <= now ? fetch(s) : 0;
	return s->poll_at_ms && s->poll_at_ms <= now ? poll_mailbox(s) : 0;
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
	if (rc && !s->open_at_ms)
		on_disconnect(s->mosq, s, rc);
}

static void tell_ready(struct live *live)
{
	if (live->ready)
		return;
	for (unsigned i = 0; i < live->n_first; i++)
		if (!live->sessions[i].subscribed || !live->sessions[i].fetched)
			return;
	live->events.on_ready(live->events.userdata);
	live->ready = true;
	live->away = false;
	live->tick_at_ms = now_ms();
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
	const int64_t now = now_ms();
	int64_t next = now + most_ms;

	if (live->tick_at_ms > now)
		next = sooner(next, live->tick_at_ms);
	for (unsigned i = 0; i < live->n; i++) {
		const struct session *s = &live->sessions[i];

		next = sooner(sooner(next, s->open_at_ms), s->renew_at_ms);
		next = sooner(next, s->subscribed ? s->fetch_at_ms : s->poll_at_ms);
	}
	return next > now ? (int)(next - now) : 0;
}

static void poll_sessions(struct live *live, int wait_ms)
{
	struct pollfd fds[MAILBOXES_MOST + 1] = { { 0 } };

	for (unsigned i = 0; i < live->n; i++) {
		struct session *s = &live->sessions[i];

		fds[i].fd = s->mosq && !s->open_at_ms ? mosquitto_socket(s->mosq) : -1;
		fds[i].events = (short)(POLLIN |
				(s->mosq && mosquitto_want_write(s->mosq) ? POLLOUT : 0));
	}
	fds[live->n] = (struct pollfd){ live->events.wake_fd ? *live->events.wake_fd : -1, POLLIN,
		0 };
	if (poll(fds, live->n + 1, wait_ms) < 0)
		return; /* a signal */
	for (unsigned i = 0; i < live->n; i++)
		if (fds[i].fd >= 0)
			drive(&live->sessions[i], fds[i].revents);
}

int live_turn(struct live *live, int wait_ms)
{
	int rc = 0;

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
