/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Pushes are hints: the mailbox has everything, so whatever cannot be sent becomes "fetch". Trusts
 * the plugin to let only daemons publish events, and only a session publish to its own "up".
 */
#include "services/bridged/push.h"

#include "libshared/encode.h"
#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"
#include "services/bridged/acks.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TOPIC "sotto/v1/"

enum {
	TICK_US = 50000,
	FETCHES_A_TICK = 64,	 /* telling everybody takes a while, so nobody's window fills */
	GRACE_US = 60 * 1000000, /* between POST and the subscription nobody listens */
};

/* --- sending ------------------------------------------------------------ */

void push_topic(char out[static 64], const struct session *session, const char *end)
{
	char text[SESSION_TEXT + 1];

	base64url_write(text, session->id, sizeof session->id);
	snprintf(out, 64, TOPIC "session/%s/%s", text, end);
}

struct down {
	uint8_t kind;
	const uint8_t *mailbox; /* NULL: zeros */
	const uint8_t *blob;	/* id 16 || body 4096; NULL: zeros */
};

static int send_down(
		struct bridged *bridged, const struct session *session, const struct down *down)
{
	static const uint8_t no_mailbox[MAILBOX_ID_BYTES];
	uint8_t payload[DOWN_BYTES];
	struct writer w = writer_over(payload, sizeof payload);
	char topic[64];

	writer_u8(&w, down->kind);
	writer_copy(&w, down->mailbox ? down->mailbox : no_mailbox, MAILBOX_ID_BYTES);
	if (down->blob)
		writer_copy(&w, down->blob, BLOB_ID_BYTES + BLOB_BYTES);
	writer_zeros(&w);
	push_topic(topic, session, "down");
	return link_publish_to(bridged->engine->link, session->id, topic, payload, sizeof payload);
}

static void fetch_soon(struct bridged *bridged, struct session *session)
{
	session->fetch_due = true;
	bridged->fetches_due = true;
}

static void push(struct bridged *bridged, struct session *session, const struct down *down)
{
	if (session->unacked >= UNACKED_MOST) {
		session->must_fetch = true;
		return;
	}
	if (send_down(bridged, session, down)) {
		fetch_soon(bridged, session);
		return;
	}
	engine_count(bridged->engine, METRIC_PUSHES);
	if (down->kind == DOWN_BLOB)
		session->unacked++;
}

/* Half of the window: signals never keep blobs out, and who does not read them gets no more. */
void push_signal(struct bridged *bridged, const uint8_t mailbox[static MAILBOX_ID_BYTES],
		const uint8_t body[static BLOB_BYTES])
{
	uint8_t blob[BLOB_ID_BYTES + BLOB_BYTES];
	const struct down down = { .kind = DOWN_SIGNAL, .mailbox = mailbox, .blob = blob };

	randombytes_buf(blob, BLOB_ID_BYTES);
	memcpy(blob + BLOB_ID_BYTES, body, BLOB_BYTES);
	for (struct holding *h = registry_holding(bridged->registry, mailbox); h;
			h = registry_holding_next(h))
		if (h->session->unacked < UNACKED_MOST / 2 &&
				send_down(bridged, h->session, &down) == 0)
			h->session->unacked++;
}

void push_acked(struct bridged *bridged, struct session *session)
{
	if (session->unacked)
		session->unacked--;
	if (session->must_fetch && session->unacked < UNACKED_MOST / 2) {
		session->must_fetch = false;
		fetch_soon(bridged, session);
	}
}

static void everybody_fetches(struct bridged *bridged)
{
	for (struct session *s = registry_first(bridged->registry); s; s = s->all_next)
		fetch_soon(bridged, s);
}

static void gap(struct bridged *bridged)
{
	engine_count(bridged->engine, METRIC_GAPS);
	if (registry_count(bridged->registry))
		journal_say(&bridged->engine->journal, EVENT_GAP,
				"live sessions are told to fetch");
	everybody_fetches(bridged);
}

static void send_fetches(struct bridged *bridged)
{
	const struct down down = { .kind = DOWN_FETCH };
	int n = 0;

	for (struct session *s = registry_first(bridged->registry); s; s = s->all_next) {
		if (!s->fetch_due)
			continue;
		if (n++ == FETCHES_A_TICK || send_down(bridged, s, &down))
			return; /* the rest at the next tick */
		s->fetch_due = false;
		s->must_fetch = false;
		s->unacked = 0;
	}
	bridged->fetches_due = false;
}

void push_renewed(struct bridged *bridged, const struct session *session)
{
	uint8_t payload[SESSION_TEXT + 8];
	struct writer w = writer_over(payload, sizeof payload);
	char text[SESSION_TEXT + 1];

	base64url_write(text, session->id, sizeof session->id);
	writer_copy(&w, text, SESSION_TEXT);
	writer_u64(&w, session->expiry_s);
	if (link_publish(bridged->engine->link, "$CONTROL/sotto/v1", payload, sizeof payload,
			    false))
		return; /* without it the plugin ends the connection and the client logs in with its
			   new password */
}

/* --- receiving ---------------------------------------------------------- */

static void on_blob(struct bridged *bridged, const char *name, struct reader *rd)
{
	uint8_t mailbox[MAILBOX_ID_BYTES];
	struct down down = { .kind = DOWN_BLOB, .mailbox = mailbox };

	down.blob = reader_take(rd, BLOB_ID_BYTES + BLOB_BYTES);
	if (!reader_is_done(rd) || base64url_read(mailbox, sizeof mailbox, name, strlen(name)))
		return;
	for (struct holding *h = registry_holding(bridged->registry, mailbox); h;
			h = registry_holding_next(h))
		push(bridged, h->session, &down);
}

static void on_account(struct bridged *bridged, const char *name, struct reader *rd)
{
	uint8_t id[MAILBOX_ID_BYTES] = { 0 };
	uint8_t kind = reader_u8(rd);
	const struct down down = { .kind = kind == 1 ? DOWN_FEW_BUNDLES : DOWN_ACCOUNT_ENDED };

	if (!reader_is_done(rd) || uuid_read(id, name, strlen(name)))
		return;
	for (struct holding *h = registry_holding(bridged->registry, id); h;
			h = registry_holding_next(h))
		push(bridged, h->session, &down);
}

static void on_event(struct bridged *bridged, const char *topic, struct reader *rd)
{
	const uint8_t *boot_id = reader_take(rd, 16);
	uint64_t counter = reader_u64(rd);

	if (rd->failed)
		return;
	if (gaps_event(&bridged->gaps, boot_id, counter, engine_now_us(bridged->engine)))
		gap(bridged);
	if (strncmp(topic, "blob/", 5) == 0)
		on_blob(bridged, topic + 5, rd);
	else if (strncmp(topic, "account/", 8) == 0)
		on_account(bridged, topic + 8, rd);
}

static void on_beat(struct bridged *bridged, const char *name, struct reader *rd)
{
	struct beat beat = { .name = name, .boot_id = reader_take(rd, 16) };

	beat.counter = reader_u64(rd);
	if (reader_is_done(rd) && gaps_beat(&bridged->gaps, &beat, engine_now_us(bridged->engine)))
		gap(bridged);
}

void push_on_message(void *app, const char *topic, const uint8_t *payload, size_t len)
{
	struct bridged *bridged = app;
	struct reader rd = reader_over(payload, len);

	if (!bridged->registry)
		return;
	if (strncmp(topic, TOPIC "event/", 15) == 0)
		on_event(bridged, topic + 15, &rd);
	else if (strncmp(topic, TOPIC "beat/", 14) == 0)
		on_beat(bridged, topic + 14, &rd);
	else if (strncmp(topic, TOPIC "session/", 17) == 0)
		acks_on_up(bridged, topic + 17, payload, len);
}

/* Nobody subscribed: that session is gone, unless it is only about to come. */
void push_on_unheard(void *app, const uint8_t id[SESSION_BYTES])
{
	struct bridged *bridged = app;
	struct session *s = bridged->registry ? registry_find(bridged->registry, id) : NULL;

	if (s && engine_now_us(bridged->engine) - s->since_us > GRACE_US)
		registry_remove(bridged->registry, s);
}

/* Connected, or connected again: what the broker knew of us and of renewals is gone, and events may
 * be too. */
void push_on_up(void *app)
{
	struct bridged *bridged = app;
	struct link *link = bridged->engine->link;

	if (link_subscribe(link, TOPIC "event/#") || link_subscribe(link, TOPIC "beat/#") ||
			link_subscribe(link, TOPIC "session/+/up") ||
			link_publish(link, TOPIC "live", link_boot_id(link), 16, true))
		return; /* the link is lost again: this will be run again */
	for (struct session *s = registry_first(bridged->registry); s; s = s->all_next)
		push_renewed(bridged, s);
	if (bridged->was_up)
		everybody_fetches(bridged);
	bridged->was_up = true;
}

/* --- time --------------------------------------------------------------- */

static void expire(struct bridged *bridged)
{
	uint64_t now_s = (uint64_t)time(NULL);
	struct session *next;

	if (now_s == bridged->ticked_s)
		return;
	bridged->ticked_s = now_s;
	for (struct session *s = registry_first(bridged->registry); s; s = next) {
		next = s->all_next;
		if (s->expiry_s <= now_s)
			registry_remove(bridged->registry, s);
	}
	if (gaps_tick(&bridged->gaps, engine_now_us(bridged->engine)))
		gap(bridged);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct bridged *bridged = userdata;

	(void)usec;
	expire(bridged);
	if (bridged->fetches_due)
		send_fetches(bridged);
	sd_event_source_set_time(source, engine_now_us(bridged->engine) + TICK_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int push_start(struct bridged *bridged)
{
	int rc = sd_event_add_time(bridged->engine->event, &bridged->tick, CLOCK_MONOTONIC, 0,
			TICK_US / 2, on_tick, bridged);

	return rc < 0 ? E_NOMEM : 0;
}
