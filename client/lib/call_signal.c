/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is read comes from a contact, authenticated, but may be anything. */
#include "client/lib/call_signal.h"

#include "libshared/reader.h"
#include "libshared/writer.h"

#include <string.h>

enum {
	HEAD_BYTES = 1 + CALL_ID_BYTES + 1,
	RELAY_BYTES_MOST = ONION_KEY_BYTES + 2 + 2 * (1 + CALL_CREDENTIAL_MOST),
};
_Static_assert(HEAD_BYTES + 1 + RELAY_BYTES_MOST + SDP_WRITTEN_MOST <= CONTENT_TEXT_MOST,
		"the longest offer is one message");

static void write_text(struct writer *w, const char *text)
{
	size_t len = strlen(text);

	writer_u8(w, (uint8_t)len);
	writer_copy(w, text, len);
}

size_t call_signal_write(uint8_t out[static CONTENT_TEXT_MOST], const struct call_signal *s)
{
	struct writer w = writer_over(out, CONTENT_TEXT_MOST);

	writer_u8(&w, (uint8_t)s->kind);
	writer_copy(&w, s->call, sizeof s->call);
	writer_u8(&w, s->attempt);
	if (s->kind == CALL_HANG_UP)
		writer_u8(&w, (uint8_t)s->reason);
	if (s->kind == CALL_OFFER || s->kind == CALL_MISSED)
		writer_u8(&w, s->video);
	if (s->kind == CALL_OFFER) {
		writer_copy(&w, s->relay.onion, sizeof s->relay.onion);
		writer_u16(&w, s->relay.port);
		write_text(&w, s->relay.user);
		write_text(&w, s->relay.password);
	}
	if (s->kind == CALL_OFFER || s->kind == CALL_ANSWER)
		writer_copy(&w, s->sdp, strlen(s->sdp));
	return w.used;
}

/* A credential goes into a command for the media: printable, and nothing else. */
static int read_text(char out[static CALL_CREDENTIAL_MOST + 1], struct reader *rd)
{
	size_t len = reader_u8(rd);
	const uint8_t *text = len <= CALL_CREDENTIAL_MOST ? reader_take(rd, len) : NULL;

	if (!text || !len)
		return CALL_SIGNAL_BAD;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] >= 0x7f)
			return CALL_SIGNAL_BAD;
	memcpy(out, text, len);
	out[len] = '\0';
	return 0;
}

static int read_relay(struct call_relay *out, struct reader *rd)
{
	reader_copy(rd, out->onion, sizeof out->onion);
	out->port = reader_u16(rd);
	if (out->port == 0 || read_text(out->user, rd))
		return CALL_SIGNAL_BAD;
	return read_text(out->password, rd);
}

/* Of their text only what a call has is kept, in our own form. */
static int read_sdp(char out[static SDP_WRITTEN_MOST], struct reader *rd, bool offers)
{
	size_t len;
	const uint8_t *text = reader_rest(rd, &len);
	struct sdp sdp;

	if (!text || sdp_read(&sdp, (const char *)text, len) || !sdp.relay_port ||
			(sdp.setup == SDP_ACTPASS) != offers)
		return CALL_SIGNAL_BAD;
	sdp_write(out, &sdp);
	return 0;
}

int call_signal_read(struct call_signal *out, const void *bytes, size_t len)
{
	struct reader rd = reader_over(bytes, len);
	struct call_signal s = { .kind = reader_u8(&rd) };
	uint8_t flag = 0;
	int rc = 0;

	reader_copy(&rd, s.call, sizeof s.call);
	s.attempt = reader_u8(&rd);
	if (s.kind == CALL_HANG_UP || s.kind == CALL_OFFER || s.kind == CALL_MISSED)
		flag = reader_u8(&rd);
	if (rd.failed || s.attempt == 0 || s.kind < CALL_OFFER || s.kind > CALL_MISSED)
		return CALL_SIGNAL_BAD;
	if (s.kind == CALL_HANG_UP) /* reasons of a later version end a call too */
		s.reason = flag < CALL_REASONS ? (enum call_reason)flag : CALL_ENDED;
	s.video = s.kind != CALL_HANG_UP && (flag & 1);
	if (s.kind == CALL_OFFER)
		rc = read_relay(&s.relay, &rd);
	if (rc == 0 && (s.kind == CALL_OFFER || s.kind == CALL_ANSWER))
		rc = read_sdp(s.sdp, &rd, s.kind == CALL_OFFER);
	if (rc || !reader_is_done(&rd))
		return CALL_SIGNAL_BAD;
	*out = s;
	return 0;
}
