/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the broker says in a session. It may be anything, and none of it is taken for another
 * mailbox. */
#include "client/lib/live_private.h"

#include "client/lib/fault.h"
#include "client/lib/retry.h"
#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <sodium.h>
#include <string.h>

enum { KEEPALIVE_S = 30, SPREAD_MS = 30000 };
enum { POLL_MS = 600000, POLL_FAST_MS = 1000 }; /* while there is no session */
enum { DOWN_BLOB = 1, DOWN_FETCH = 2, DOWN_SIGNAL = 5 };

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
	s->fetched = s->fetching = false;
	s->retry_ms = 0;
	s->poll_at_ms = 0;
	s->fetch_at_ms = live_now_ms() + 1;
}

int64_t live_next_poll(const struct live *live)
{
	const int64_t about_ms = live->net->fast ? POLL_FAST_MS : POLL_MS;

	return live_now_ms() + about_ms / 2 + randombytes_uniform((uint32_t)about_ms);
}

static void tell_away(struct live *live)
{
	if (live->away || !live->events.on_lost)
		return;
	live->ready = false;
	live->away = true;
	live->n_first = live->n; /* or one that came later would be away and back in one turn */
	live->events.on_lost(live->events.userdata);
}

/* The mailbox may still be read: the broker alone may be away. */
void live_lose(struct session *s)
{
	s->subscribed = false;
	tell_away(s->live);
	if (!s->opening)
		s->open_at_ms = live_now_ms() + retry_wait_ms(&s->retry_ms);
	if (!s->poll_at_ms)
		s->poll_at_ms = live_next_poll(s->live);
}

static void on_disconnect(struct mosquitto *mosq, void *userdata, int rc)
{
	struct session *s = userdata;

	(void)mosq;
	(void)rc;
	s->connected = false;
	live_lose(s);
}

static void acknowledge(struct session *s, const struct own_mailbox *box, const uint8_t *blob_id)
{
	uint8_t payload[UP_BYTES];
	struct writer w = writer_over(payload, sizeof payload);

	writer_copy(&w, box->mailbox, MAILBOX_ID_BYTES);
	writer_copy(&w, blob_id, BLOB_ID_BYTES);
	writer_zeros(&w);
	fault_before("PUBLISH", "/up");
	mosquitto_publish(s->mosq, NULL, s->grant.up, sizeof payload, payload, 1, false);
	if (fault_after("PUBLISH", "/up"))
		mosquitto_disconnect(s->mosq);
}

/* Whatever a signal was, it is acknowledged: who has 16 open gets no more. */
static void on_signal(struct session *s, const struct own_mailbox *box, const uint8_t *id,
		const uint8_t *packet)
{
	int rc = conversation_receive_signal(s->live->profile, box, packet);

	acknowledge(s, box, id);
	if (rc == RECEIVE_NEW)
		s->live->events.on_news(s->live->events.userdata);
}

static const struct own_mailbox *find_box(const struct session *s, const uint8_t *mailbox)
{
	for (size_t i = 0; i < s->n; i++)
		if (memcmp(mailbox, s->boxes[i].mailbox, MAILBOX_ID_BYTES) == 0)
			return &s->boxes[i];
	return NULL;
}

/* --- what comes before its turn ----------------------------------------- */

/* Over the limit it stays in the mailbox only. */
static void put_off(
		struct session *s, const uint8_t *mailbox, const uint8_t *id, const uint8_t *packet)
{
	struct early **last = &s->early, *e = s->n_early < EARLY_MOST ? malloc(sizeof *e) : NULL;

	s->fetch_at_ms = live_now_ms() + 1;
	if (!e)
		return;
	e->next = NULL;
	memcpy(e->mailbox, mailbox, sizeof e->mailbox);
	memcpy(e->id, id, sizeof e->id);
	memcpy(e->packet, packet, sizeof e->packet);
	while (*last)
		last = &(*last)->next;
	*last = e;
	s->n_early++;
}

static void forget_first(struct session *s)
{
	struct early *e = s->early;

	s->early = e->next;
	s->n_early--;
	free(e);
}

static void forget_early(struct session *s)
{
	while (s->early)
		forget_first(s);
	s->n_fetched = 0;
}

void live_fetch_begins(struct session *s)
{
	s->n_fetched = s->n_early;
}

/* Most are duplicates by now, and all the same acknowledged here: else nobody would be told that
 * there is room for more pushes. */
void live_fetch_ended(struct session *s)
{
	for (; s->n_fetched; s->n_fetched--) {
		const struct own_mailbox *box = find_box(s, s->early->mailbox);
		int rc = box ? conversation_receive(s->live->profile, box, s->early->packet)
			     : RECEIVE_JUNK;

		if (box && rc >= 0 && rc != RECEIVE_HELD)
			acknowledge(s, box, s->early->id);
		if (rc == RECEIVE_NEW)
			s->live->events.on_news(s->live->events.userdata);
		forget_first(s);
	}
}

/* --- what is pushed ----------------------------------------------------- */

static void on_blob(struct session *s, const uint8_t *mailbox, struct reader *rd, bool is_signal)
{
	const struct own_mailbox *box = find_box(s, mailbox);
	const uint8_t *id = reader_take(rd, BLOB_ID_BYTES), *packet = reader_take(rd, BLOB_BYTES);
	int rc;

	if (!reader_is_done(rd) || !box)
		return;
	if (is_signal) {
		on_signal(s, box, id, packet);
		return;
	}
	rc = conversation_receive_push(s->live->profile, box, packet);
	if (rc < 0 || rc == RECEIVE_EARLY)
		put_off(s, mailbox, id, packet);
	else if (rc != RECEIVE_HELD)
		acknowledge(s, box, id);
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
		s->open_at_ms = live_spread(s->live, SPREAD_MS);
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
		s->fetch_at_ms = live_spread(s->live, SPREAD_MS);
}

/* --- connecting --------------------------------------------------------- */

void live_disconnect(struct session *s)
{
	mosquitto_destroy(s->mosq);
	s->mosq = NULL;
	s->connected = s->subscribed = false;
	forget_early(s);
}

int live_connect(struct session *s)
{
	const struct net *net = s->live->net;
	const struct circuit circuit = sync_circuit(s->boxes);
	char user[33];

	live_disconnect(s);
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
			mosquitto_connect_async(s->mosq, s->grant.host, s->grant.port, KEEPALIVE_S))
		return E_NET;
	s->connected = true;
	return 0;
}
