/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Session descriptions of calls: what passes, in one form, and what does not. */
#include "client/lib/sdp.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define HEAD "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
#define HASH                                                                                      \
	"0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F:20:21:22:23:24:25:26:" \
	"27:28:29"
#define OTHER_HASH                                                                                \
	"0B:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F:20:21:22:23:24:25:26:" \
	"27:28:29"
#define AUDIO                                                                                 \
	"m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\n" \
	"a=rtpmap:63 red/48000/2\r\na=rtpmap:111 opus/48000/2\r\n"
#define KEYS                                                                                  \
	"a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 " HASH \
	"\r\na=setup:actpass\r\n"
#define RELAY "a=candidate:7 1 udp 41885439 127.0.0.2 50000 typ relay raddr 10.1.2.3 rport 9\r\n"
#define VIDEO "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=recvonly\r\na=rtpmap:96 VP8/90000\r\n"

static int read_text(struct sdp *out, const char *text)
{
	return sdp_read(out, text, strlen(text));
}

START_TEST(a_call_is_read_and_written_in_one_form)
{
	char once[SDP_WRITTEN_MOST], twice[SDP_WRITTEN_MOST];
	struct sdp sdp, again;

	ck_assert_int_eq(read_text(&sdp, HEAD AUDIO KEYS RELAY VIDEO KEYS), 0);
	ck_assert_str_eq(sdp.ufrag, "abcd");
	ck_assert_int_eq(sdp.fingerprint[0], 0x0a);
	ck_assert_int_eq(sdp.fingerprint[31], 0x29);
	ck_assert_int_eq(sdp.relay_port, 50000);
	ck_assert_int_eq(sdp.n_streams, 2);
	ck_assert_int_eq(sdp.streams[0].payload_type, 111);
	ck_assert_int_eq(sdp.streams[1].payload_type, 96);
	ck_assert_int_eq(sdp.streams[1].direction, SDP_RECVONLY);
	ck_assert_uint_eq(sdp_write(once, &sdp), strlen(once));
	ck_assert_int_eq(read_text(&again, once), 0);
	sdp_write(twice, &again);
	ck_assert_str_eq(once, twice);
	ck_assert_ptr_null(strstr(once, "10.1.2.3"));
	ck_assert_ptr_null(strstr(once, "red/48000"));
}
END_TEST

START_TEST(only_a_relay_on_the_relays_address_is_kept)
{
	static const char *const others[] = {
		"candidate:1 1 UDP 1 192.168.1.2 5000 typ host",
		"candidate:1 1 UDP 1 127.0.0.2 5000 typ host",
		"candidate:1 1 UDP 1 127.0.0.2 5000 typ srflx raddr 1.2.3.4 rport 5",
		"candidate:1 1 UDP 1 127.0.0.1 5432 typ relay raddr 0.0.0.0 rport 0",
		"candidate:1 1 UDP 1 8.8.8.8 5000 typ relay raddr 0.0.0.0 rport 0",
		"candidate:1 1 UDP 1 ::1 5000 typ relay",
		"candidate:1 1 UDP 1 a.local 5000 typ relay",
		"candidate:1 1 UDP 1 evil.example.org 5000 typ relay",
		"candidate:1 1 TCP 1 127.0.0.2 5000 typ relay",
		"candidate:1 2 UDP 1 127.0.0.2 5000 typ relay",
		"candidate:1 1 UDP 1 127.0.0.2 0 typ relay",
		"candidate:1 1 UDP 1 127.0.0.2 65536 typ relay",
		"candidate:1 1 UDP 1 127.0.0.2 5000 typ relays",
		"candidate:1 1 UDP 1 127.0.0.2",
		"",
	};
	struct sdp sdp;

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		char text[2048];

		snprintf(text, sizeof text, "%sa=%s\r\n", HEAD AUDIO KEYS, others[i]);
		ck_assert_int_eq(read_text(&sdp, text), 0);
		ck_assert_int_eq(sdp.relay_port, 0);
		ck_assert_int_eq(sdp_candidate(&sdp, others[i]), SDP_BAD);
		ck_assert_int_eq(sdp.relay_port, 0);
	}
	ck_assert_int_eq(sdp_candidate(&sdp, "candidate:1 1 UDP 1 127.0.0.2 1 typ relay"), 0);
	ck_assert_int_eq(sdp_candidate(&sdp, "candidate:1 1 UDP 1 127.0.0.2 2 typ relay"), 0);
	ck_assert_int_eq(sdp.relay_port, 1);
}
END_TEST

START_TEST(what_is_no_call_is_refused)
{
	static const char *const bad[] = {
		"",
		HEAD,
		HEAD AUDIO,
		HEAD KEYS,
		HEAD VIDEO KEYS,
		HEAD AUDIO AUDIO KEYS,
		HEAD AUDIO KEYS VIDEO VIDEO,
		HEAD AUDIO KEYS "a=fingerprint:sha-1 00:11\r\n",
		HEAD AUDIO KEYS "a=fingerprint:sha-256 " OTHER_HASH "\r\n",
		HEAD AUDIO KEYS "a=ice-pwd:another-password-of-22-characters\r\n",
		HEAD AUDIO KEYS "a=setup:active\r\n",
		HEAD AUDIO KEYS "a=mid:with space\r\n",
		HEAD AUDIO KEYS "no line",
		HEAD AUDIO KEYS "=\r\n",
		HEAD AUDIO KEYS "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
		HEAD
		"m=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\n" KEYS,
		HEAD "m=audio 9 RTP/AVP 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\n" KEYS,
		HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=rtpmap:0 PCMU/8000\r\n" KEYS,
	};
	struct sdp sdp;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(read_text(&sdp, bad[i]) == SDP_BAD, "number %zu is taken", i);
	ck_assert_int_eq(sdp_read(&sdp, HEAD "\0", sizeof HEAD), SDP_BAD);
}
END_TEST

START_TEST(every_truncation_is_refused_or_read)
{
	static const char text[] = HEAD AUDIO KEYS RELAY VIDEO KEYS;
	struct sdp sdp;

	for (size_t len = 0; len < sizeof text - 1; len++) {
		char out[SDP_WRITTEN_MOST], *part = strndup(text, len);

		if (sdp_read(&sdp, part, len) == 0)
			ck_assert_uint_lt(sdp_write(out, &sdp), SDP_WRITTEN_MOST);
		free(part);
	}
}
END_TEST

START_TEST(the_longest_description_fits)
{
	char out[SDP_WRITTEN_MOST];
	struct sdp sdp = { .relay_port = 65535, .n_streams = 2 };

	memset(sdp.ufrag, 'u', SDP_WORD_MOST);
	memset(sdp.password, 'p', SDP_WORD_MOST);
	for (int i = 0; i < 2; i++) {
		memset(sdp.streams[i].mid, '0' + i, SDP_WORD_MOST);
		sdp.streams[i].payload_type = 127;
	}
	ck_assert_uint_lt(sdp_write(out, &sdp), SDP_WRITTEN_MOST - 1);
	ck_assert_int_eq(read_text(&sdp, out), 0);
}
END_TEST

UNIT("sdp", a_call_is_read_and_written_in_one_form, only_a_relay_on_the_relays_address_is_kept,
		what_is_no_call_is_refused, every_truncation_is_refused_or_read,
		the_longest_description_fits)
