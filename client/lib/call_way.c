/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The way from our media program to the peer's: credentials, Tor, the relay; and another one when
 * it is lost. Each attempt has a media program of its own: no ICE restart brings webrtcbin back.
 * Each round trip costs a second or more, so what can be done at once is.
 */
#include "client/lib/call_private.h"

#include "client/lib/relay.h"
#include "libshared/error.h"

#include <sodium.h>
#include <string.h>

enum { RELAY_WAIT_S = 40 }; /* Tor may have to build a circuit */

/* --- what takes time ---------------------------------------------------- */

static int dial(struct dial **out, const struct call *c, const struct circuit *circuit,
		const uint8_t onion[static ONION_KEY_BYTES], int port)
{
	struct socks_to to = { .port = port };

	net_circuit_name(to.circuit, c->net, circuit);
	onion_write(to.host, onion);
	return dial_begin(out, c->net, &to, c->state == SEEKING ? SEEK_MS / 1000 : RELAY_WAIT_S);
}

/* Requests that come later find their circuit built. */
int call_dial_ahead(struct call *c)
{
	const struct address *to = &c->contact.address;
	const struct circuit read = sync_circuit(&c->mailbox),
			     turn = { "turn", c->id, sizeof c->id, false },
			     write = { "write", to, sizeof *to, true };
	int rc = dial(&c->ahead[0], c, &read, c->mailbox.onion, PORT_BRIDGED);

	if (rc == 0 && c->offers)
		rc = dial(&c->ahead[1], c, &turn, c->mailbox.onion, PORT_BRIDGED);
	if (rc == 0 && c->contact.has_address)
		rc = dial(&c->ahead[2], c, &write, to->onion, PORT_BRIDGED);
	return rc;
}

void call_end_ahead(struct call *c)
{
	for (size_t i = 0; i < ARRAY_LEN(c->ahead); i++) {
		dial_end(c->ahead[i]);
		c->ahead[i] = NULL;
	}
}

void call_close_way(struct call *c)
{
	dial_end(c->dial);
	media_close(c->media);
	c->dial = NULL;
	c->media = NULL;
	c->media_fd = -1;
	c->starts = c->started = c->described = false;
}

/* A circuit of its own for each attempt, and a program that loads its plugins meanwhile. */
static int open_way(struct call *c)
{
	uint8_t id[16];
	const struct circuit circuit = { "relay", id, sizeof id, false };
	int rc;

	call_close_way(c);
	randombytes_buf(id, sizeof id);
	rc = dial(&c->dial, c, &circuit, c->relay.onion, c->relay.port);
	rc = rc ? rc : media_open(&c->media, c->options.program);
	if (rc)
		return rc == MEDIA_NONE ? CALL_NO_MEDIA : rc;
	c->media_fd = media_fd(c->media);
	return 0;
}

/* --- media -------------------------------------------------------------- */

static void tell_start(struct call *c)
{
	const struct call_options *o = &c->options;

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
}

/* While a way is sought, what the network does passes: whoever began tries again in a while, the
 * other asks for another offer. */
static int miss(struct call *c, int rc)
{
	if (rc != E_NET || c->state != SEEKING)
		return rc;
	if (!c->offers)
		return call_seek(c);
	call_close_way(c);
	c->repeat_ms = call_now_ms() + REPEAT_MS / 4;
	return 0;
}

/* The relay first: the library gives an allocation little time. */
int call_start_media(struct call *c)
{
	int fd, rc;

	if (!c->starts || c->started || !c->dial)
		return 0;
	rc = dial_take(c->dial, &fd);
	if (rc == DIAL_WAITS)
		return 0;
	dial_end(c->dial);
	c->dial = NULL;
	rc = rc ? rc : media_carry(c->media, fd);
	if (rc)
		return miss(c, rc);
	c->started = true;
	tell_start(c);
	return 0;
}

/* --- offers ------------------------------------------------------------- */

static void listen_meanwhile(void *userdata)
{
	live_drive(userdata);
}

/* Both ends on the server where this contact writes to us, each by a credential of its own. */
static int buy_credentials(struct call *c)
{
	struct call_relay both[2];
	int rc;

	c->net->meanwhile = listen_meanwhile;
	c->net->meanwhile_userdata = c->live;
	rc = relay_buy(both, c->net, c->profile, c->mailbox.onion, c->id);
	c->net->meanwhile = NULL;
	if (rc)
		return rc;
	c->relay = both[0];
	c->theirs = both[1];
	sodium_memzero(both, sizeof both);
	c->uses = CREDENTIAL_USES;
	c->bought_ms = call_now_ms();
	return 0;
}

static int begin_attempt(struct call *c)
{
	int rc = 0;

	if (c->unnamed)
		return 0;
	if (c->uses == 0 || call_now_ms() - c->bought_ms > CREDENTIALS_MS)
		rc = buy_credentials(c);
	if (rc)
		return rc;
	c->uses--;
	c->attempt++;
	c->unnamed = true;
	return 0;
}

int call_make_offer(struct call *c)
{
	int rc = relay_find(&c->relay, c->net, c->mailbox.onion);

	rc = rc ? rc : open_way(c);
	rc = rc ? rc : begin_attempt(c);
	c->starts = rc == 0;
	return rc;
}

/* Who has lost the way has opened one by the time the offer comes. */
int call_take_offer(struct call *c, const struct call_signal *offer)
{
	const bool is_open = c->media && !c->starts && c->relay.port == offer->relay.port &&
			memcmp(c->relay.onion, offer->relay.onion, ONION_KEY_BYTES) == 0;
	int rc;

	c->offers = false;
	c->reached = true;
	c->end.answered = true;
	c->attempt = offer->attempt;
	c->relay = offer->relay;
	memcpy(c->id, offer->call, sizeof c->id);
	memcpy(c->sdp, offer->sdp, sizeof c->sdp);
	c->repeats = false;
	rc = is_open ? 0 : open_way(c);
	c->starts = rc == 0;
	return rc;
}

/* --- a lost way --------------------------------------------------------- */

void call_begin_seeking(struct call *c)
{
	if (c->state == SEEKING)
		return;
	c->since_ms = call_now_ms();
	c->state = SEEKING;
	call_tell(c, CALL_SEEKS, NULL);
}

static int ask_again(struct call *c)
{
	struct call_signal again = { .kind = CALL_AGAIN };
	int rc = open_way(c);

	if (rc == E_NET) /* then once the offer is there */
		call_close_way(c);
	return rc && rc != E_NET ? rc : call_say(c, &again, true);
}

/* Who began makes another offer, the other asks for one. What the network does passes, as long as
 * there is time. */
int call_seek(struct call *c)
{
	int rc;

	call_begin_seeking(c);
	call_close_way(c);
	c->repeats = false;
	c->repeat_ms = call_now_ms() + REPEAT_MS / 4; /* not at once again */
	if (c->attempt == UINT8_MAX)
		return 0;
	rc = c->offers ? call_make_offer(c) : ask_again(c);
	if (rc)
		call_close_way(c);
	return call_passes(rc);
}
