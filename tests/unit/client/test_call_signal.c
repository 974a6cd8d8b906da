/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is said about a call: one form, and nothing else is taken. */
#include "client/lib/call_signal.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define HASH                                                                                      \
	"0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F:20:21:22:23:24:25:26:" \
	"27:28:29"
#define SDP(setup)                                                                            \
	"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE "                    \
	"0\r\na=ice-ufrag:abcd\r\n"                                                           \
	"a=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 " HASH                     \
	"\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=setup:" setup \
	"\r\na=rtcp-mux\r\na=sendrecv\r\na=rtpmap:96 OPUS/48000/2\r\n"
#define RELAY "a=candidate:1 1 UDP 1 127.0.0.2 50000 typ relay raddr 0.0.0.0 rport 0\r\n"

static struct call_signal make(enum call_kind kind)
{
	struct call_signal s = { .kind = kind, .attempt = 3 };

	memset(s.call, 7, sizeof s.call);
	if (kind == CALL_HANG_UP)
		s.reason = CALL_BUSY;
	if (kind == CALL_OFFER || kind == CALL_MISSED)
		s.video = true;
	if (kind == CALL_OFFER) {
		memset(s.relay.onion, 9, sizeof s.relay.onion);
		s.relay.port = 3478;
		strcpy(s.relay.user, "1700000000:abcdefghijklmnopqrstuv");
		strcpy(s.relay.password, "0123456789012345678901234567");
		strcpy(s.sdp, SDP("actpass") RELAY);
	}
	if (kind == CALL_ANSWER)
		strcpy(s.sdp, SDP("active") RELAY);
	return s;
}

START_TEST(every_kind_is_read_as_it_was_written)
{
	for (enum call_kind kind = CALL_OFFER; kind <= CALL_MISSED; kind++) {
		struct call_signal s = make(kind), got;
		uint8_t bytes[CONTENT_TEXT_MOST];
		size_t len = call_signal_write(bytes, &s);

		ck_assert_int_eq(call_signal_read(&got, bytes, len), 0);
		ck_assert_int_eq(got.kind, s.kind);
		ck_assert_mem_eq(got.call, s.call, sizeof s.call);
		ck_assert_int_eq(got.attempt, 3);
		ck_assert_int_eq(got.reason, s.reason);
		ck_assert_int_eq(got.video, s.video);
		ck_assert_mem_eq(got.relay.onion, s.relay.onion, sizeof s.relay.onion);
		ck_assert_int_eq(got.relay.port, s.relay.port);
		ck_assert_str_eq(got.relay.user, s.relay.user);
		ck_assert_str_eq(got.relay.password, s.relay.password);
		ck_assert_str_eq(got.sdp, s.sdp);
	}
}
END_TEST

START_TEST(every_truncation_and_every_byte_more_is_refused)
{
	for (enum call_kind kind = CALL_OFFER; kind <= CALL_MISSED; kind++) {
		struct call_signal s = make(kind), got;
		uint8_t bytes[CONTENT_TEXT_MOST + 1] = { 0 };
		size_t len = call_signal_write(bytes, &s);

		for (size_t n = 0; n < len; n++)
			ck_assert_int_eq(call_signal_read(&got, bytes, n), CALL_SIGNAL_BAD);
		ck_assert_int_eq(call_signal_read(&got, bytes, len + 1), CALL_SIGNAL_BAD);
	}
}
END_TEST

START_TEST(what_no_call_can_have_is_refused)
{
	struct call_signal s = make(CALL_OFFER), got;
	uint8_t bytes[CONTENT_TEXT_MOST];

#define REFUSED(change)                                                                       \
	do {                                                                                  \
		s = make(CALL_OFFER);                                                         \
		change;                                                                       \
		ck_assert_int_eq(call_signal_read(&got, bytes, call_signal_write(bytes, &s)), \
				CALL_SIGNAL_BAD);                                             \
	} while (0)
	REFUSED(s.attempt = 0);
	REFUSED(s.kind = 0);
	REFUSED(s.kind = 6);
	REFUSED(s.relay.port = 0);
	REFUSED(*s.relay.user = '\0');
	REFUSED(strcpy(s.relay.user, "1:a b"));
	REFUSED(strcpy(s.relay.password, "a\nb"));
	REFUSED(strcpy(s.sdp, SDP("actpass")));	     /* no way to it */
	REFUSED(strcpy(s.sdp, SDP("active") RELAY)); /* an answer */
#undef REFUSED
	s = make(CALL_ANSWER);
	strcpy(s.sdp, SDP("actpass") RELAY);
	ck_assert_int_eq(call_signal_read(&got, bytes, call_signal_write(bytes, &s)),
			CALL_SIGNAL_BAD);
}
END_TEST

START_TEST(their_text_is_not_kept_but_written_anew)
{
	struct call_signal s = make(CALL_OFFER), got;
	uint8_t bytes[CONTENT_TEXT_MOST];

	strcat(s.sdp, "a=candidate:2 1 UDP 1 evil.example.org 5000 typ relay\r\na=x:10.1.2.3\r\n");
	ck_assert_int_eq(call_signal_read(&got, bytes, call_signal_write(bytes, &s)), 0);
	ck_assert_str_eq(got.sdp, SDP("actpass") RELAY);
}
END_TEST

/* All words as long as they may be: an offer is always one message. */
START_TEST(the_longest_offer_fits)
{
	static const char word[] =
			"0123456789012345678901234567890123456789012345678901234567890123";
	struct sdp sdp = { .relay_port = 65535, .n_streams = 2 };
	struct call_signal s = make(CALL_OFFER), got;
	uint8_t bytes[CONTENT_TEXT_MOST];
	char written[SDP_WRITTEN_MOST];

	strcpy(sdp.ufrag, word);
	strcpy(sdp.password, word);
	for (unsigned i = 0; i < 2; i++) {
		strcpy(sdp.streams[i].mid, word);
		sdp.streams[i].mid[0] = (char)('a' + i);
		sdp.streams[i].payload_type = 127;
	}
	ck_assert_uint_lt(sdp_write(written, &sdp), SDP_WRITTEN_MOST);
	strcpy(s.sdp, written);
	strcpy(s.relay.user, word);
	strcpy(s.relay.password, word);
	ck_assert_int_eq(call_signal_read(&got, bytes, call_signal_write(bytes, &s)), 0);
	ck_assert_str_eq(got.sdp, written);
}
END_TEST

UNIT("call_signal", every_kind_is_read_as_it_was_written,
		every_truncation_and_every_byte_more_is_refused, what_no_call_can_have_is_refused,
		their_text_is_not_kept_but_written_anew, the_longest_offer_fits)
