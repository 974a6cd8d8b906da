/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The way from our media program to the peer's: credentials, Tor, the relay; and another one when
 * it is lost. Each attempt has a media program of its own: no ICE restart brings webrtcbin back.
 */
#include "client/lib/call_private.h"

#include "client/lib/relay.h"
#include "client/lib/socks.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

enum { RELAY_WAIT_S = 40 }; /* Tor may have to build a circuit */

/* --- media -------------------------------------------------------------- */

/* The way first: the library gives an allocation little time. */
static int reach_relay(struct call *c)
{
	const struct circuit circuit = { "relay", c->relay.user, strlen(c->relay.user), false };
	char host[ONION_TEXT + 1];
	const struct socks_to to = { &circuit, host, c->relay.port,
		c->state == SEEKING ? SEEK_MS / 1000 : RELAY_WAIT_S };
	int fd, rc;

	onion_write(host, c->relay.onion);
	rc = socks_connect(&fd, c->net, &to);
	return rc ? rc : media_carry(c->media, fd);
}

static int start_media(struct call *c)
{
	const struct call_options *o = &c->options;
	int rc;

	media_close(c->media);
	c->media = NULL;
	rc = media_open(&c->media, o->program);
	if (rc)
		return rc == MEDIA_NONE ? CALL_NO_MEDIA : rc;
	rc = reach_relay(c);
	if (rc)
		return rc;
	media_tell(c->media,
			json_pack("{s:s, s:b, s:s, s:s, s:s, s:s, s:s*, s:s*}", "do", "start",
					"offers", c->offers, "user", c->relay.user, "password",
					c->relay.password, "audio_in", o->audio_in, "audio_out",
					o->audio_out, "video_in", o->video_in, "video_out",
					o->video_out));
	if (!c->offers)
		media_tell(c->media, json_pack("{s:s, s:s}", "do", "remote", "sdp", c->sdp));
	if (c->muted)
		call_mute(c, true);
	return 0;
}

/* Both ends on our server, each by a credential of its own. */
static int buy_credentials(struct call *c)
{
	uint8_t names[2][16];
	int rc;

	randombytes_buf(names, sizeof names);
	rc = relay_credential(&c->relay, c->net, c->profile, names[0]);
	rc = rc ? rc : relay_credential(&c->theirs, c->net, c->profile, names[1]);
	if (rc)
		return rc;
	c->bought = true;
	c->attempt++;
	return 0;
}

int call_make_offer(struct call *c)
{
	int rc = c->bought ? 0 : buy_credentials(c);

	return rc ? rc : start_media(c);
}

int call_take_offer(struct call *c, const struct call_signal *offer)
{
	c->offers = false;
	c->reached = true;
	c->end.answered = true;
	c->attempt = offer->attempt;
	c->relay = offer->relay;
	memcpy(c->id, offer->call, sizeof c->id);
	memcpy(c->sdp, offer->sdp, sizeof c->sdp);
	c->repeats = false;
	return start_media(c);
}

/* --- a lost way --------------------------------------------------------- */

static void close_media(struct call *c)
{
	media_close(c->media);
	c->media = NULL;
}

void call_begin_seeking(struct call *c)
{
	if (c->state == SEEKING)
		return;
	c->since_ms = call_now_ms();
	c->state = SEEKING;
	call_tell(c, CALL_SEEKS, NULL);
}

/* Who began makes another offer, the other asks for one. What the network does passes, as long as
 * there is time. */
int call_seek(struct call *c)
{
	struct call_signal again = { .kind = CALL_AGAIN };
	int rc;

	call_begin_seeking(c);
	close_media(c);
	c->repeats = false;
	c->repeat_ms = call_now_ms() + REPEAT_MS / 4; /* not at once again */
	if (c->attempt == UINT8_MAX)
		return 0;
	rc = c->offers ? call_make_offer(c) : call_say(c, &again, true);
	if (rc)
		close_media(c);
	return call_passes(rc);
}
