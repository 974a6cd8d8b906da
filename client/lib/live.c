/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sessions over libmosquitto's external loop. Subscribe first, fetch second: nothing falls between.
 * A session that is lost is renewed (the same request gives the same session) after a growing
 * random delay.
 */
#include "client/lib/live.h"

#include "client/lib/upkeep.h"
#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <jansson.h>
#include <mosquitto.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	MAILBOXES_MOST = 16,
	TICK_MS = 60000,
	TICK_FAST_MS = 1000,
	KEEPALIVE_S = 30,
	SPREAD_MS = 30000,
	BACKOFF_MOST_MS = 60000,
	RENEW_MS = 2700000
};
enum { DOWN_BLOB = 1, DOWN_FETCH = 2, DOWN_SIGNAL = 5 };

DEFINE_CLEANUP(json_t *, json_decref)

struct session {
	struct live *live;
	struct own_mailbox mailbox;
	struct mosquitto *mosq;
	char id[SESSION_TEXT + 1], password[64], down[64], up[64];
	bool subscribed, fetched, knows_boot;
	uint8_t boot[16];			      /* bridged's, as it was last told */
	int64_t open_at_ms, fetch_at_ms, renew_at_ms; /* 0: not planned */
	int64_t backoff_ms;
};

struct live {
	struct net *net;
	struct profile *profile;
	struct live_events events;
	struct session sessions[MAILBOXES_MOST];
	unsigned n, n_first; /* n_first: those there were at the beginning */
	bool ready;
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
	mosquitto_subscribe(mosq, NULL, s->down, 1);
	mosquitto_subscribe(mosq, NULL, "sotto/v1/live", 1);
}

static void on_subscribe(struct mosquitto *mosq, void *userdata, int mid, int n, const int *granted)
{
	struct session *s = userdata;

	(void)mosq;
	(void)mid;
	if (n != 1 || granted[0] != 1 || s->subscribed)
		return;
	s->subscribed = true;
	s->backoff_ms = 0;
	s->fetch_at_ms = now_ms() + 1;
}

static void on_disconnect(struct mosquitto *mosq, void *userdata, int rc)
{
	struct session *s = userdata;

	(void)mosq;
	(void)rc;
	s->subscribed = false;
	s->backoff_ms = s->backoff_ms ? s->backoff_ms * 2 : 500;
	if (s->backoff_ms > BACKOFF_MOST_MS)
		s->backoff_ms = BACKOFF_MOST_MS;
	s->open_at_ms = now_ms() + s->backoff_ms / 2 + randombytes_uniform((uint32_t)s->backoff_ms);
}

static void acknowledge(struct session *s, const uint8_t *blob_id)
{
	uint8_t payload[UP_BYTES];
	struct writer w = writer_over(payload, sizeof payload);

	writer_copy(&w, s->mailbox.mailbox, MAILBOX_ID_BYTES);
	writer_copy(&w, blob_id, BLOB_ID_BYTES);
	writer_zeros(&w);
	mosquitto_publish(s->mosq, NULL, s->up, sizeof payload, payload, 1, false);
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
	if (strcmp(m->topic, s->down) != 0) {
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

static int make_proof(uint8_t out[static 32], struct session *s)
{
	static const char purpose[] = "sotto session v1";
	struct net *net = s->live->net;
	CLEANUP(key_wipe) struct key key = { { 0 } };
	uint8_t message[sizeof purpose - 1 + NONCE_BYTES + 16 + 1];
	struct writer w = writer_over(message, sizeof message);
	int rc = net_request_key(
			&key, net, &s->mailbox.owner, s->live->profile->onion, PORT_BRIDGED);

	writer_copy(&w, purpose, sizeof purpose - 1);
	writer_copy(&w, net->nonces[PORT_BRIDGED - PORT_PREKEYD], NONCE_BYTES);
	writer_copy(&w, s->mailbox.request, 16);
	writer_u8(&w, 1); /* a mailbox */
	if (rc == 0)
		crypto_auth_hmacsha256(out, message, sizeof message, key.b);
	return rc;
}

static int make_body(uint8_t out[static JSON_LARGE_BYTES], struct session *s)
{
	char request[BASE64URL_ROOM(16)], nonce[BASE64URL_ROOM(NONCE_BYTES)],
			owner[BASE64URL_ROOM(32)];
	char proof_text[BASE64URL_ROOM(32)];
	uint8_t proof[32];
	int n, rc = make_proof(proof, s);

	if (rc)
		return rc;
	base64url_write(request, s->mailbox.request, 16);
	base64url_write(nonce, s->live->net->nonces[PORT_BRIDGED - PORT_PREKEYD], NONCE_BYTES);
	base64url_write(owner, s->mailbox.owner.pub.b, KEY_BYTES);
	base64url_write(proof_text, proof, sizeof proof);
	memset(out, ' ', JSON_LARGE_BYTES);
	n = snprintf((char *)out, JSON_LARGE_BYTES,
			"{\"request\": \"%s\", \"nonce\": \"%s\", \"owners\": [{\"kind\": "
			"\"mailbox\", \"owner\": \"%s\", \"proof\": \"%s\"}]}",
			request, nonce, owner, proof_text);
	out[n] = ' ';
	return 0;
}

static int copy_text(char *out, size_t size, const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	if (!text || strlen(text) >= size)
		return E_PROTO;
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int read_session(struct session *s, const struct answer *a)
{
	CLEANUP(json_decref) json_t *json = json_loadb((const char *)a->body, a->len, 0, NULL);
	int rc = copy_text(s->id, sizeof s->id, json, "session");

	rc = rc ? rc : copy_text(s->password, sizeof s->password, json, "password");
	rc = rc ? rc : copy_text(s->down, sizeof s->down, json, "down");
	return rc ? rc : copy_text(s->up, sizeof s->up, json, "up");
}

static int request_session(struct session *s)
{
	struct net *net = s->live->net;
	const struct profile *p = s->live->profile;
	uint8_t *nonce = net->nonces[PORT_BRIDGED - PORT_PREKEYD];
	int rc = net_know_server(net, p->onion);

	for (int tries = 0; rc == 0 && tries < 2; tries++) { /* the first may have a stale nonce */
		__attribute__((cleanup(answer_clear_ref))) struct answer answer = { 0 };
		uint8_t body[JSON_LARGE_BYTES];
		const struct ask ask = {
			.circuit = { "read", s->mailbox.mailbox, MAILBOX_ID_BYTES, false },
			.onion = p->onion,
			.port = PORT_BRIDGED,
			.method = "POST",
			.path = "/v1/sessions",
			.body = body,
			.body_len = sizeof body,
		};

		rc = make_body(body, s);
		rc = rc ? rc : net_ask(net, &ask, &answer);
		if (rc)
			return rc;
		if (base64url_read(nonce, NONCE_BYTES, answer.nonce, strlen(answer.nonce)))
			return E_PROTO;
		if (answer.status == 201)
			return read_session(s, &answer);
		rc = answer.status == 401 ? 0 : E_NET;
	}
	return rc ? rc : E_NET;
}

static int connect_session(struct session *s)
{
	const struct net *net = s->live->net;
	const struct circuit circuit = { "read", s->mailbox.mailbox, MAILBOX_ID_BYTES, false };
	char user[33];

	mosquitto_destroy(s->mosq);
	s->mosq = mosquitto_new(s->id, true, s);
	if (!s->mosq)
		return E_NOMEM;
	net_circuit_name(user, net, &circuit);
	mosquitto_connect_callback_set(s->mosq, on_connect);
	mosquitto_subscribe_callback_set(s->mosq, on_subscribe);
	mosquitto_disconnect_callback_set(s->mosq, on_disconnect);
	mosquitto_message_callback_set(s->mosq, on_message);
	if (mosquitto_username_pw_set(s->mosq, s->id, s->password) ||
			mosquitto_socks5_set(
					s->mosq, net->socks_host, net->socks_port, user, "sotto") ||
			mosquitto_connect_async(s->mosq, net->server.live, net->server.mqtt_port,
					KEEPALIVE_S))
		return E_NET;
	return 0;
}

static void open_session(struct session *s)
{
	s->open_at_ms = 0;
	s->subscribed = false;
	if (request_session(s) || connect_session(s)) {
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

static int due(struct session *s)
{
	int64_t now = now_ms();

	if (s->open_at_ms && s->open_at_ms <= now)
		open_session(s);
	if (s->renew_at_ms &&
			s->renew_at_ms <=
					now) { /* the connection stays; only the password is new */
		s->renew_at_ms = request_session(s) ? now + 60000 : now + RENEW_MS;
	}
	return s->subscribed && s->fetch_at_ms && s->fetch_at_ms <= now ? fetch(s) : 0;
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
	live->tick_at_ms = now_ms();
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
		next = s->subscribed ? sooner(next, s->fetch_at_ms) : next;
	}
	return next > now ? (int)(next - now) : 0;
}

int live_turn(struct live *live, int wait_ms)
{
	struct pollfd fds[MAILBOXES_MOST + 1] = { { 0 } };
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < live->n; i++)
		rc = due(&live->sessions[i]);
	if (rc)
		return rc;
	tell_ready(live);
	rc = tick(live);
	if (rc)
		return rc;
	for (unsigned i = 0; i < live->n; i++) {
		struct session *s = &live->sessions[i];

		fds[i].fd = s->mosq && !s->open_at_ms ? mosquitto_socket(s->mosq) : -1;
		fds[i].events = (short)(POLLIN |
				(s->mosq && mosquitto_want_write(s->mosq) ? POLLOUT : 0));
	}
	fds[live->n] = (struct pollfd){ live->events.wake_fd ? *live->events.wake_fd : -1, POLLIN,
		0 };
	if (poll(fds, live->n + 1, wait_for(live, wait_ms)) < 0)
		return 0; /* a signal */
	for (unsigned i = 0; i < live->n; i++)
		if (fds[i].fd >= 0)
			drive(&live->sessions[i], fds[i].revents);
	return 0;
}
