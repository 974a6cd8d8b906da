/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What we say to the peer, live, and how a call ends. */
#include "client/lib/call_private.h"

#include "libshared/error.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t call_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void call_tell(struct call *c, enum call_news news, const json_t *detail)
{
	c->options.on_news(c->options.userdata, news, detail);
}

/* --- signals out -------------------------------------------------------- */

static int seal(struct parcel *out, struct net *net, struct profile *p, int64_t contact,
		const struct call_signal *signal)
{
	uint8_t body[CONTENT_TEXT_MOST];
	const struct outgoing o = { .contact = contact,
		.type = CONTENT_CALL,
		.body = body,
		.len = call_signal_write(body, signal) };
	int rc = sync_signal(out, net, p, &o);

	sodium_memzero(body, sizeof body);
	return rc;
}

/* A post that fails is a signal that is lost. */
void call_post(struct call *c)
{
	int rc = sync_post(c->net, &c->parcel);

	call_end_ahead(c);
	c->reached = true;
	c->repeat_ms = call_now_ms() + (rc ? REPEAT_MS / 4 : REPEAT_MS);
}

int call_say(struct call *c, struct call_signal *signal, bool repeats)
{
	int rc;

	memcpy(signal->call, c->id, sizeof c->id);
	signal->attempt = c->attempt;
	signal->video = c->options.video_in != NULL;
	rc = seal(&c->parcel, c->net, c->profile, c->contact.id, signal);
	c->repeats = rc == 0 && repeats;
	if (rc == 0)
		call_post(c);
	return rc;
}

/* --- the end ------------------------------------------------------------ */

/* Who did not hear us live finds this. */
static void leave_word(struct call *c)
{
	struct call_signal missed = {
		.kind = CALL_MISSED, .attempt = 1, .video = c->options.video_in != NULL
	};
	uint8_t body[CONTENT_TEXT_MOST];
	const struct outgoing o = { .contact = c->contact.id, .type = CONTENT_CALL, .body = body };
	struct outgoing put = o;
	unsigned sent;

	memcpy(missed.call, c->id, sizeof c->id);
	put.len = call_signal_write(body, &missed);
	if (outbox_put(c->profile, &put) || sync_flush(c->net, c->profile, &sent)) {
		/* it goes out with what else waits, or not at all */
	}
}

void call_over(struct call *c, enum call_reason reason, bool by_them)
{
	struct call_signal bye = { .kind = CALL_HANG_UP, .reason = reason };

	if (c->state == OVER)
		return;
	c->state = OVER;
	c->repeats = false;
	c->end.reason = reason;
	c->end.by_them = by_them;
	call_close_way(c);
	call_tell(c, CALL_OVER, NULL);
	if (!by_them && c->reached && call_say(c, &bye, false)) {
		/* then they notice that nothing comes any more */
	}
	if (c->offers && c->reached && !c->end.answered && reason != CALL_DECLINED)
		leave_word(c);
}

void call_fail(struct call *c, const char *why)
{
	snprintf(c->end.what, sizeof c->end.what, "%s", why);
	call_over(c,
			strcmp(why, "fingerprint") == 0 ? CALL_FORGED
					: strcmp(why, "lost") == 0 || strncmp(why, "no-", 3) == 0
					? CALL_LOST
					: CALL_UNABLE,
			false);
}

int call_refuse(struct net *net, struct profile *p, const struct call_heard *ringing,
		enum call_reason reason)
{
	struct call_signal bye = {
		.kind = CALL_HANG_UP, .attempt = ringing->signal.attempt, .reason = reason
	};
	struct parcel parcel;
	int rc;

	memcpy(bye.call, ringing->signal.call, sizeof bye.call);
	rc = seal(&parcel, net, p, ringing->contact, &bye);
	rc = rc ? rc : sync_post(net, &parcel);
	return rc;
}

int call_passes(int rc)
{
	return rc == E_NET || rc > 0 ? 0 : rc;
}
