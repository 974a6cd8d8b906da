/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What happens in a call. Signals may be lost, so an offer, an answer and a request for another way
 * are posted again until something comes of them: the same bytes, which the peer knows by their
 * envelope.
 */
#include "client/lib/call_private.h"

#include "libshared/error.h"

#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

/* --- what the media say ------------------------------------------------- */

/* Whatever program it is (any WebRTC client will do), only what a call has goes out. */
static int on_local(struct call *c, const char *text)
{
	struct sdp sdp;

	if (!text || sdp_read(&sdp, text, strlen(text)) || !sdp.relay_port) {
		call_fail(c, "media");
		return 0;
	}
	sdp_write(c->sdp, &sdp);
	c->described = true;
	return 0;
}

static int on_ended(struct call *c, const json_t *event)
{
	const char *why = json_string_value(json_object_get(event, "why")),
		   *what = json_string_value(json_object_get(event, "what"));
	const bool passes = why &&
			(strcmp(why, "lost") == 0 || strcmp(why, "no-relay") == 0 ||
					strcmp(why, "no-connection") == 0);

	if (why && strcmp(why, "no-relay") == 0) { /* expired, or its places are taken */
		c->uses = 0;
		c->unnamed = false;
	}
	if (passes && (c->state == TALKING || c->state == SEEKING))
		return call_seek(c);
	call_fail(c, what ? what : why ? why : "media");
	return 0;
}

static void on_verified(struct call *c)
{
	c->state = TALKING;
	c->repeats = false;
	c->end.answered = true;
	call_tell(c, CALL_TALKS, NULL);
}

static int on_media(struct call *c, const json_t *event)
{
	const char *name = json_string_value(json_object_get(event, "event"));

	if (!name)
		return 0;
	if (strcmp(name, "local") == 0)
		return on_local(c, json_string_value(json_object_get(event, "sdp")));
	if (strcmp(name, "ended") == 0)
		return on_ended(c, event);
	if (strcmp(name, "verified") == 0)
		on_verified(c);
	else if (strcmp(name, "waiting") == 0)
		call_tell(c, CALL_WAITS, NULL);
	else if (strcmp(name, "stats") == 0)
		call_tell(c, CALL_MEASURES, event);
	else if (strcmp(name, "refused") == 0)
		call_fail(c, "media");
	return 0;
}

static int listen_to_media(struct call *c)
{
	int rc = 0;

	while (rc == 0 && c->media) {
		json_t *event = NULL;

		rc = media_next(c->media, &event);
		if (rc == MEDIA_GONE)
			call_fail(c, "media");
		if (rc)
			return rc < 0 ? rc : 0;
		rc = on_media(c, event);
		json_decref(event);
	}
	return rc;
}

/* --- what they say ------------------------------------------------------ */

static int on_answer(struct call *c, const struct call_signal *s)
{
	if (!c->offers || s->attempt != c->attempt || !c->repeats || !c->media)
		return 0;
	c->repeats = false;
	c->end.answered = true;
	if (c->state == CALLING) {
		c->state = CONNECTING;
		call_tell(c, CALL_CONNECTS, NULL);
	}
	media_tell(c->media, json_pack("{s:s, s:s}", "do", "remote", "sdp", s->sdp));
	return 0;
}

/* Another offer for this call: they have lost the way. */
static int on_offer(struct call *c, const struct call_signal *s)
{
	if (c->offers || s->attempt <= c->attempt)
		return 0;
	call_begin_seeking(c);
	return call_take_offer(c, s);
}

static int on_signal(struct call *c, const struct call_signal *s)
{
	switch (s->kind) {
	case CALL_OFFER:
		return on_offer(c, s);
	case CALL_ANSWER:
		return on_answer(c, s);
	case CALL_HANG_UP:
		call_over(c, s->reason, true);
		return 0;
	case CALL_AGAIN:
		return c->offers && s->attempt == c->attempt && c->end.answered ? call_seek(c) : 0;
	case CALL_MISSED:
		break;
	}
	return 0;
}

/*
 * They call while we call them: of the two calls the one with the lower id is made, and who began
 * the other answers it. Both see both ids, so both choose alike.
 */
static int on_other_call(struct call *c, const struct call_heard *h)
{
	int rc;

	if (h->signal.kind != CALL_OFFER)
		return 0;
	if (c->state != IDLE && c->state != CALLING)
		return call_passes(call_refuse(c->net, c->profile, h, CALL_BUSY));
	rc = calls_settle(c->profile, h->contact, h->signal.call);
	if (rc || memcmp(h->signal.call, c->id, sizeof c->id) > 0)
		return rc;
	c->state = CONNECTING;
	call_tell(c, CALL_CONNECTS, NULL);
	return call_take_offer(c, &h->signal);
}

static int listen_to_them(struct call *c)
{
	struct call_heard h;
	int rc;

	while (c->state != OVER &&
			(rc = calls_next(&h, c->profile, c->contact.id, c->seen)) != CALLS_NONE) {
		if (rc)
			return rc;
		c->seen = h.id;
		rc = memcmp(h.signal.call, c->id, sizeof c->id) == 0 ? on_signal(c, &h.signal)
								     : on_other_call(c, &h);
		if (rc)
			return rc;
	}
	if (c->state == OVER || calls_intruder(&h, c->profile, c->contact.id))
		return 0;
	return call_passes(call_refuse(c->net, c->profile, &h, CALL_BUSY));
}

/* --- time --------------------------------------------------------------- */

static int keep_time(struct call *c)
{
	int64_t now = call_now_ms();

	if ((c->state == IDLE || c->state == CALLING) && !c->reached &&
			now - c->since_ms > READY_MS)
		return E_NET;
	if (c->state == CALLING && c->reached && now - c->since_ms > c->options.ring_s * 1000)
		call_over(c, CALL_GIVEN_UP, false);
	if (c->state == SEEKING && now - c->since_ms > SEEK_MS)
		call_over(c, CALL_LOST, false);
	if (c->state == SEEKING && !c->media && c->offers && now >= c->repeat_ms)
		return call_seek(c);
	if (c->state != OVER && c->repeats && now >= c->repeat_ms)
		call_post(c);
	return 0;
}

static void on_ready(void *userdata)
{
	((struct call *)userdata)->ready = true;
}

static void on_stored(void *userdata)
{
	(void)userdata; /* it is in the table */
}

/* Whatever stops us, they are told. */
static int settle(struct call *c, int rc)
{
	if (rc == 0 || c->state == OVER)
		return rc;
	call_over(c, rc == E_NET ? CALL_LOST : CALL_UNABLE, false);
	return rc;
}

static int begin_calling(struct call *c)
{
	int rc;

	c->state = CALLING;
	call_tell(c, CALL_CALLS, NULL);
	rc = calls_settle(c->profile, c->contact.id, c->id);
	return rc ? rc : call_make_offer(c);
}

static int open_live(struct call *c)
{
	const struct live_events events = { .userdata = c,
		.contact = c->contact.id,
		.on_ready = on_ready,
		.on_news = on_stored,
		.wake_fd = &c->media_fd };

	return live_open(&c->live, c->net, c->profile, &events);
}

/* An offer once its answer is heard. Who answers listens only afterwards: the other waits. */
static int say_description(struct call *c)
{
	struct call_signal signal = { .kind = c->offers ? CALL_OFFER : CALL_ANSWER,
		.relay = c->theirs };
	int rc;

	if (!c->described || (c->offers && !c->ready))
		return 0;
	memcpy(signal.sdp, c->sdp, sizeof signal.sdp);
	if (c->offers && c->attempt == 1)
		c->since_ms = call_now_ms();
	c->described = c->unnamed = false;
	rc = call_say(c, &signal, true);
	return rc || c->live ? rc : open_live(c);
}

static int wait_for(struct call *c, int wait_ms)
{
	struct pollfd fd = { c->media_fd, POLLIN, 0 };

	if (c->live)
		return live_turn(c->live, wait_ms);
	poll(&fd, 1, wait_ms); /* a signal ends it too */
	return 0;
}

/* --- the interface ------------------------------------------------------ */

int call_turn(struct call *c, int wait_ms)
{
	int rc = wait_for(c, wait_ms);

	if (rc == 0 && c->state == IDLE && live_is_granted(c->live))
		rc = begin_calling(c);
	rc = rc ? rc : listen_to_them(c);
	rc = rc ? rc : call_start_media(c);
	rc = rc ? rc : listen_to_media(c);
	rc = rc ? rc : say_description(c);
	rc = rc ? rc : keep_time(c);
	return settle(c, rc);
}

int call_open(struct call **out, struct net *net, struct profile *p,
		const struct call_options *options)
{
	CLEANUP(call_close) struct call *c = calloc(1, sizeof *c);
	int rc;

	if (!c)
		return E_NOMEM;
	c->lock = c->media_fd = -1;
	c->net = net;
	c->profile = p;
	c->options = *options;
	rc = calls_lock(&c->lock, p);
	if (rc)
		return rc == CALLS_TAKEN ? CALL_TAKEN : rc;
	/* Whether there is one, before anybody is called. */
	rc = access(options->program, X_OK) == 0 ? 0 : CALL_NO_MEDIA;
	if (rc)
		return rc;
	*out = STEAL(c);
	return 0;
}

static int note_seen(struct call *c)
{
	struct call_heard h;
	int rc;

	while ((rc = calls_next(&h, c->profile, c->contact.id, c->seen)) == 0)
		c->seen = h.id;
	return rc == CALLS_NONE ? 0 : rc;
}

int call_begin(struct call *c, int64_t contact, const struct call_heard *ringing)
{
	int rc = contact_by_id(&c->contact, c->profile, contact);

	if (rc || c->contact.state != CONTACT_ACCEPTED)
		return rc < 0 ? rc : CALL_NO_CONTACT;
	c->since_ms = call_now_ms();
	c->seen = ringing ? ringing->id : 0;
	rc = ringing ? 0 : note_seen(c);
	rc = rc ? rc : sync_mailbox(c->net, c->profile, contact);
	if (rc)
		return rc;
	rc = mailbox_for(&c->mailbox, c->profile, contact);
	if (rc)
		return rc < 0 ? rc : E_BUG;
	randombytes_buf(c->id, sizeof c->id);
	c->offers = !ringing;
	rc = call_dial_ahead(c);
	if (rc || !ringing)
		return rc ? rc : open_live(c);
	c->state = CONNECTING;
	call_tell(c, CALL_CONNECTS, NULL);
	rc = calls_settle(c->profile, contact, ringing->signal.call);
	return settle(c, rc ? rc : call_take_offer(c, &ringing->signal));
}

bool call_is_over(const struct call *c, struct call_end *out)
{
	*out = c->end;
	return c->state == OVER;
}

void call_mute(struct call *c, bool on)
{
	c->muted = on;
	if (c->media)
		media_tell(c->media, json_pack("{s:s, s:b}", "do", "mute", "on", on));
}

void call_hang_up(struct call *c)
{
	call_over(c, c->end.answered ? CALL_ENDED : CALL_GIVEN_UP, false);
}

void call_close(struct call *c)
{
	if (!c)
		return;
	call_close_way(c);
	call_end_ahead(c);
	live_close(c->live);
	close(c->lock);
	sodium_memzero(c, sizeof *c);
	free(c);
}
