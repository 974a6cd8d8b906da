/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * libmosquitto without threads, in our loop. Trusts the broker to be ours (a unix socket), not to
 * be there. After every call into libmosquitto the write interest is set again, because it may have
 * queued something.
 */
#include "libshared/link.h"

#include "libshared/encode.h"
#include "libshared/error.h"
#include "libshared/journal.h"
#include "libshared/writer.h"

#include <mosquitto.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#if LIBMOSQUITTO_VERSION_NUMBER < 2001000 /* the header of later ones is whole */
#include <mqtt_protocol.h>
#endif

enum {
	SECOND_US = 1000000,
	BACKOFF_LEAST_US = 50000,
	BACKOFF_MOST_US = 2 * SECOND_US,
	KEEPALIVE_S = 10,
	BEAT_S = 5,
	STALL_S = 5,
	RECEIVE_MAXIMUM = 1000, /* our window in the broker, whose own limits are small for the
				   sessions' sake */
	WINDOW = 64,
	ADDRESSED = 2048, /* remembered publishes to sessions; above any max_pending */
};

struct addressed {
	int mid;
	uint8_t session[SESSION_BYTES];
};

struct link {
	sd_event *event;
	const struct journal *journal;
	struct link_options options;
	char path[108], beat_topic[64];
	struct mosquitto *mosq;
	sd_event_source *io, *retry, *tick;
	uint64_t backoff_us;
	bool up, told_lost;
	uint8_t boot_id[16];
	uint64_t counter;
	unsigned pending, acked, acked_seen, stall_s, beat_s;
	unsigned long dropped;
	struct addressed addressed[ADDRESSED];
};

static void dial(struct link *l);

static uint64_t now_us(const struct link *l)
{
	uint64_t now = 0;

	sd_event_now(l->event, CLOCK_MONOTONIC, &now);
	return now;
}

static void arm(struct link *l)
{
	if (l->io)
		sd_event_source_set_io_events(
				l->io, EPOLLIN | (mosquitto_want_write(l->mosq) ? EPOLLOUT : 0u));
}

static void retry_later(struct link *l)
{
	uint64_t wait = l->backoff_us / 2 + randombytes_uniform((uint32_t)l->backoff_us / 2 + 1);

	l->backoff_us = l->backoff_us * 2 < BACKOFF_MOST_US ? l->backoff_us * 2 : BACKOFF_MOST_US;
	sd_event_source_set_time(l->retry, now_us(l) + wait);
	sd_event_source_set_enabled(l->retry, SD_EVENT_ONESHOT);
}

/* --- libmosquitto's callbacks ------------------------------------------- */

static void on_connect(struct mosquitto *m, void *userdata, int rc, int flags,
		const mosquitto_property *props)
{
	struct link *l = userdata;

	(void)m;
	(void)flags;
	(void)props;
	if (rc)
		return; /* refused: on_disconnect follows */
	l->up = true;
	l->backoff_us = BACKOFF_LEAST_US;
	l->beat_s = BEAT_S; /* retained messages died with the old broker */
	if (l->told_lost)
		journal_say(l->journal, EVENT_BROKER_BACK, "connected again");
	l->told_lost = false;
	if (l->options.on_up)
		l->options.on_up(l->options.app);
}

static void on_disconnect(
		struct mosquitto *m, void *userdata, int rc, const mosquitto_property *props)
{
	struct link *l = userdata;

	(void)m;
	(void)rc;
	(void)props;
	/* The descriptor is closed already: drop the source before the number is used again. */
	l->io = sd_event_source_disable_unref(l->io);
	l->up = false;
	if (!l->told_lost)
		journal_say(l->journal, EVENT_BROKER_LOST, "connection lost; dialling again");
	l->told_lost = true;
	retry_later(l);
}

static void on_publish(struct mosquitto *m, void *userdata, int mid, int reason,
		const mosquitto_property *props)
{
	struct link *l = userdata;
	const struct addressed *a = &l->addressed[mid % ADDRESSED];

	(void)m;
	(void)props;
	if (l->pending)
		l->pending--;
	l->acked++;
	if (reason == MQTT_RC_NO_MATCHING_SUBSCRIBERS && a->mid == mid && l->options.on_unheard)
		l->options.on_unheard(l->options.app, a->session);
}

static void on_message(struct mosquitto *m, void *userdata, const struct mosquitto_message *message,
		const mosquitto_property *props)
{
	struct link *l = userdata;

	(void)m;
	(void)props;
	if (l->options.on_message && message->payloadlen >= 0)
		l->options.on_message(l->options.app, message->topic, message->payload,
				(size_t)message->payloadlen);
}

/* --- the loop ----------------------------------------------------------- */

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct link *l = userdata;
	int rc = 0;

	(void)source;
	(void)fd;
	if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR))
		rc = mosquitto_loop_read(l->mosq, 1);
	if (!rc && (revents & EPOLLOUT))
		mosquitto_loop_write(l->mosq, 1);
	arm(l);
	return 0;
}

static void dial(struct link *l)
{
	l->io = sd_event_source_disable_unref(l->io);
	l->up = false;
	if (mosquitto_connect_async(l->mosq, l->path, 0, KEEPALIVE_S)) {
		if (!l->told_lost)
			journal_say(l->journal, EVENT_BROKER_LOST, "broker away; dialling again");
		l->told_lost = true;
		retry_later(l);
		return;
	}
	if (sd_event_add_io(l->event, &l->io, mosquitto_socket(l->mosq), EPOLLIN, on_io, l) < 0)
		retry_later(l);
	arm(l);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	dial(userdata);
	return 0;
}

static void beat(struct link *l)
{
	uint8_t payload[BEAT_BYTES];
	struct writer w = writer_over(payload, sizeof payload);

	writer_copy(&w, l->boot_id, sizeof l->boot_id);
	writer_u64(&w, l->counter);
	if (link_publish(l, l->beat_topic, payload, sizeof payload, true))
		return; /* the next one tells the same */
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct link *l = userdata;

	(void)usec;
	if (l->io) {
		mosquitto_loop_misc(l->mosq);
		arm(l);
	}
	if (l->up && l->options.beats && ++l->beat_s >= BEAT_S) {
		l->beat_s = 0;
		beat(l);
	}
	/* A broker that dropped acknowledgements of ours looks alive for ever: dial again. */
	if (!l->pending || l->acked != l->acked_seen) {
		l->acked_seen = l->acked;
		l->stall_s = 0;
	} else if (l->io && ++l->stall_s >= STALL_S) {
		l->stall_s = 0;
		dial(l);
	}
	sd_event_source_set_time(source, now_us(l) + SECOND_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* --- the interface ------------------------------------------------------ */

static int make_client(struct link *l)
{
	char id[64], boot[33], password[BASE64URL_ROOM(KEY_BYTES)];
	int rc;

	sodium_bin2hex(boot, sizeof boot, l->boot_id, sizeof l->boot_id);
	snprintf(id, sizeof id, "%s.%s", l->options.role, boot);
	base64url_write(password, l->options.password->b, sizeof l->options.password->b);
	mosquitto_lib_init();
	l->mosq = mosquitto_new(id, true, l);
	rc = l->mosq ? mosquitto_username_pw_set(l->mosq, l->options.role, password)
		     : MOSQ_ERR_NOMEM;
	sodium_memzero(password, sizeof password);
	if (rc)
		return E_NOMEM;
	mosquitto_int_option(l->mosq, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_int_option(l->mosq, MOSQ_OPT_RECEIVE_MAXIMUM, RECEIVE_MAXIMUM);
	mosquitto_max_inflight_messages_set(l->mosq, WINDOW);
	mosquitto_connect_v5_callback_set(l->mosq, on_connect);
	mosquitto_disconnect_v5_callback_set(l->mosq, on_disconnect);
	mosquitto_publish_v5_callback_set(l->mosq, on_publish);
	mosquitto_message_v5_callback_set(l->mosq, on_message);
	return 0;
}

int link_new(struct link **out, sd_event *event, const struct journal *journal,
		const struct link_options *options)
{
	CLEANUP(link_free) struct link *l = calloc(1, sizeof *l);
	int rc;

	if (!l)
		return E_NOMEM;
	l->event = sd_event_ref(event);
	l->journal = journal;
	l->options = *options;
	l->backoff_us = BACKOFF_LEAST_US;
	randombytes_buf(l->boot_id, sizeof l->boot_id);
	snprintf(l->path, sizeof l->path, "%s", options->path);
	snprintf(l->beat_topic, sizeof l->beat_topic, "sotto/v1/beat/%s/%s", options->role,
			options->instance);
	rc = make_client(l);
	l->options.password = NULL; /* borrowed for the call only */
	if (rc)
		return rc;
	if (sd_event_add_time(event, &l->retry, CLOCK_MONOTONIC, 0, 1, on_retry, l) < 0 ||
			sd_event_add_time(event, &l->tick, CLOCK_MONOTONIC, 0, SECOND_US / 10,
					on_tick, l) < 0)
		return E_NOMEM;
	*out = STEAL(l);
	return 0;
}

void link_free(struct link *l)
{
	if (!l)
		return;
	sd_event_source_disable_unref(l->io);
	sd_event_source_disable_unref(l->retry);
	sd_event_source_disable_unref(l->tick);
	if (l->mosq) {
		mosquitto_disconnect_v5_callback_set(l->mosq, NULL);
		if (l->up)
			mosquitto_disconnect(l->mosq);
		mosquitto_destroy(l->mosq);
	}
	mosquitto_lib_cleanup();
	sd_event_unref(l->event);
	free(l);
}

bool link_is_up(const struct link *l)
{
	return l->up;
}

const uint8_t *link_boot_id(const struct link *l)
{
	return l->boot_id;
}

static int publish(struct link *l, int *mid, const char *topic, const struct writer *payload,
		bool retain)
{
	int rc;

	if (!l->up || l->pending >= l->options.max_pending) {
		l->dropped++;
		return E_BROKER;
	}
	l->pending++;
	rc = mosquitto_publish(l->mosq, mid, topic, (int)payload->used, payload->start, 1, retain);
	if (rc && rc != MOSQ_ERR_NO_CONN &&
			rc != MOSQ_ERR_CONN_LOST) { /* those two are kept and sent later */
		l->pending--;
		l->dropped++;
		return E_BROKER;
	}
	arm(l);
	return 0;
}

int link_publish(struct link *l, const char *topic, const void *bytes, size_t len, bool retain)
{
	const struct writer payload = { .start = (uint8_t *)(uintptr_t)bytes, .used = len };

	return publish(l, NULL, topic, &payload, retain);
}

int link_publish_to(struct link *l, const uint8_t session[static SESSION_BYTES], const char *topic,
		const void *bytes, size_t len)
{
	const struct writer payload = { .start = (uint8_t *)(uintptr_t)bytes, .used = len };
	int mid = 0, rc = publish(l, &mid, topic, &payload, false);
	struct addressed *a = &l->addressed[mid % ADDRESSED];

	if (rc)
		return rc;
	a->mid = mid;
	memcpy(a->session, session, SESSION_BYTES);
	return 0;
}

int link_subscribe(struct link *l, const char *filter)
{
	int rc = mosquitto_subscribe(l->mosq, NULL, filter, 1);

	arm(l);
	return rc ? E_BROKER : 0;
}

void link_event(struct link *l, const char *topic, const void *bytes, size_t len)
{
	uint8_t payload[EVENT_BLOB_BYTES];
	struct writer w = writer_over(payload, sizeof payload);

	writer_copy(&w, l->boot_id, sizeof l->boot_id);
	writer_u64(&w, ++l->counter);
	writer_copy(&w, bytes, len);
	if (!writer_is_ok(&w) || publish(l, NULL, topic, &w, false))
		return; /* a gap now; the next event or beat shows it */
}

unsigned long link_dropped(const struct link *l)
{
	return l->dropped;
}

unsigned link_pending(const struct link *l)
{
	return l->pending;
}
