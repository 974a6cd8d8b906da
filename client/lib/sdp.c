/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A line is a letter, "=", a value. What is read comes from a contact, and may be anything. */
#include "client/lib/sdp.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINE_MOST = 512, NOTHING = -1 };

struct reading {
	struct sdp *sdp;
	bool has_fingerprint, has_setup;
	int wanted[SDP_STREAMS]; /* payload type of the codec we speak */
	bool bundled[SDP_STREAMS];
};

/* --- words -------------------------------------------------------------- */

/* The value behind a prefix, or NULL. */
static const char *after(const char *line, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(line, prefix, len) == 0 ? line + len : NULL;
}

/* A word of the characters of ice-char and of mids; the same again is fine, another one is not. */
static int read_word(char out[static SDP_WORD_MOST + 1], const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789+/-_";
	size_t len = strspn(text, allowed);

	if (!len || len > SDP_WORD_MOST || text[len] || (*out && strcmp(out, text) != 0))
		return SDP_BAD;
	memcpy(out, text, len + 1);
	return 0;
}

/* Decimal, at most most, ended by end; *text moves behind it. */
static int read_number(long *out, const char **text, long most, char end)
{
	size_t len = strspn(*text, "0123456789");

	if (!len || len > 10 || (*text)[len] != end)
		return SDP_BAD;
	*out = strtol(*text, NULL, 10);
	*text += len + (end ? 1 : 0);
	return *out <= most ? 0 : SDP_BAD;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

	return at ? (int)(at - digits) : NOTHING;
}

static int read_fingerprint(struct reading *r, const char *text)
{
	uint8_t hash[32];

	for (size_t i = 0; i < sizeof hash; i++, text += 3) {
		int high = hex_digit(text[0]), low = high < 0 ? NOTHING : hex_digit(text[1]);

		if (low < 0 || text[2] != (i + 1 < sizeof hash ? ':' : '\0'))
			return SDP_BAD;
		hash[i] = (uint8_t)(high << 4 | low);
	}
	if (r->has_fingerprint && memcmp(hash, r->sdp->fingerprint, sizeof hash) != 0)
		return SDP_BAD;
	r->has_fingerprint = true;
	memcpy(r->sdp->fingerprint, hash, sizeof hash);
	return 0;
}

static int read_setup(struct reading *r, const char *text)
{
	static const char *const names[] = { "actpass", "active", "passive" };

	for (unsigned i = 0; i < 3; i++) {
		if (strcmp(text, names[i]) != 0)
			continue;
		if (r->has_setup && r->sdp->setup != i)
			return SDP_BAD;
		r->has_setup = true;
		r->sdp->setup = i;
		return 0;
	}
	return SDP_BAD;
}

/* --- candidates --------------------------------------------------------- */

/* "<foundation> <component> UDP <priority> <address> <port> typ relay ..." */
int sdp_candidate(struct sdp *sdp, const char *text)
{
	char transport[8], address[64], type[8];
	long component, priority, port;
	int end = 0;

	text = after(text, "candidate:");
	if (!text || strlen(text) > LINE_MOST ||
			/* widths bound the numbers */
			/* NOLINTNEXTLINE(cert-err34-c) */
			sscanf(text, "%*32s %3ld %7s %10ld %63s %5ld typ %7s%n", &component,
					transport, &priority, address, &port, type, &end) != 6 ||
			(text[end] && text[end] != ' '))
		return SDP_BAD;
	if (component != 1 || strcasecmp(transport, "udp") != 0 || strcmp(type, "relay") != 0 ||
			strcmp(address, SDP_RELAY_ADDRESS) != 0 || port < 1 || port > UINT16_MAX)
		return SDP_BAD;
	if (!sdp->relay_port)
		sdp->relay_port = (uint16_t)port;
	return 0;
}

/* --- lines -------------------------------------------------------------- */

/* "audio 9 UDP/TLS/RTP/SAVPF 96 97": what kinds and how many there may be is in sdp.h. */
static int read_stream(struct reading *r, const char *value)
{
	static const char *const kinds[] = { "audio ", "video " };
	struct sdp *sdp = r->sdp;
	long port;

	if (sdp->n_streams == SDP_STREAMS)
		return SDP_BAD;
	value = after(value, kinds[sdp->n_streams]);
	if (!value || read_number(&port, &value, UINT16_MAX, ' ') ||
			!after(value, "UDP/TLS/RTP/SAVPF "))
		return SDP_BAD;
	sdp->streams[sdp->n_streams].refused = port == 0;
	r->wanted[sdp->n_streams++] = NOTHING;
	return 0;
}

/* "96 VP8/90000": the first payload type of our codec is it. */
static void read_rtpmap(struct reading *r, unsigned n, const char *value)
{
	static const char *const codecs[] = { "opus/48000/2", "VP8/90000" };
	long payload_type;

	if (read_number(&payload_type, &value, 127, ' ') == 0 && r->wanted[n] == NOTHING &&
			strcasecmp(value, codecs[n]) == 0)
		r->wanted[n] = (int)payload_type;
}

static bool read_direction(struct sdp_stream *stream, const char *value)
{
	static const char *const names[] = { "sendrecv", "sendonly", "recvonly", "inactive" };

	for (unsigned i = 0; i < 4; i++)
		if (strcmp(value, names[i]) == 0) {
			stream->direction = i;
			return true;
		}
	return false;
}

static int read_stream_attribute(struct reading *r, const char *value)
{
	unsigned n = r->sdp->n_streams - 1;
	struct sdp_stream *stream = &r->sdp->streams[n];
	const char *rest;

	if ((rest = after(value, "mid:")))
		return read_word(stream->mid, rest);
	if ((rest = after(value, "rtpmap:")))
		read_rtpmap(r, n, rest);
	else if (strcmp(value, "bundle-only") == 0)
		r->bundled[n] = true;
	else if (!read_direction(stream, value) && sdp_candidate(r->sdp, value))
		return 0; /* what is none of ours is left out */
	return 0;
}

static int read_attribute(struct reading *r, const char *value)
{
	const char *rest;

	if ((rest = after(value, "ice-ufrag:")))
		return read_word(r->sdp->ufrag, rest);
	if ((rest = after(value, "ice-pwd:")))
		return read_word(r->sdp->password, rest);
	if ((rest = after(value, "fingerprint:sha-256 ")))
		return read_fingerprint(r, rest);
	if (after(value, "fingerprint:"))
		return SDP_BAD; /* one hash, one certificate */
	if ((rest = after(value, "setup:")))
		return read_setup(r, rest);
	return r->sdp->n_streams ? read_stream_attribute(r, value) : 0;
}

static int read_line(struct reading *r, const char *line)
{
	if (line[0] < 'a' || line[0] > 'z' || line[1] != '=')
		return SDP_BAD;
	if (line[0] == 'm')
		return read_stream(r, line + 2);
	return line[0] == 'a' ? read_attribute(r, line + 2) : 0;
}

/* All that a call needs was there. */
static int finish(struct reading *r)
{
	struct sdp *sdp = r->sdp;

	for (unsigned i = 0; i < sdp->n_streams; i++) {
		struct sdp_stream *stream = &sdp->streams[i];

		if (r->wanted[i] == NOTHING || !*stream->mid)
			return SDP_BAD;
		stream->payload_type = (uint8_t)r->wanted[i];
		stream->refused = stream->refused && !r->bundled[i];
	}
	if (!sdp->n_streams || sdp->streams[SDP_AUDIO].refused || !r->has_fingerprint ||
			!r->has_setup || strlen(sdp->ufrag) < 4 || strlen(sdp->password) < 22)
		return SDP_BAD; /* the lengths of RFC 8839 */
	return sdp->n_streams == 2 && strcmp(sdp->streams[0].mid, sdp->streams[1].mid) == 0
			? SDP_BAD
			: 0;
}

int sdp_read(struct sdp *out, const char *text, size_t len)
{
	struct sdp sdp = { .setup = SDP_ACTPASS };
	struct reading r = { .sdp = &sdp };
	const char *end = text + len;
	char line[LINE_MOST + 1];
	int rc = 0;

	if (len > SDP_TEXT_MOST || memchr(text, '\0', len))
		return SDP_BAD;
	while (rc == 0 && text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		size_t n = eol ? (size_t)(eol - text) : LINE_MOST + 1;

		if (n > LINE_MOST)
			return SDP_BAD;
		memcpy(line, text, n);
		line[n && line[n - 1] == '\r' ? n - 1 : n] = '\0';
		text = eol + 1;
		rc = read_line(&r, line);
	}
	rc = rc ? rc : finish(&r);
	if (rc == 0)
		*out = sdp;
	return rc;
}

/* --- writing ------------------------------------------------------------ */

__attribute__((format(printf, 3, 4))) static void put(
		char *out, size_t *len, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(out + *len, SDP_WRITTEN_MOST - *len, format, args);
	va_end(args);
	*len += (size_t)n; /* the longest description fits: fields are bounded */
}

static void put_stream(char *out, size_t *len, const struct sdp *sdp, unsigned n)
{
	static const char *const kinds[] = { "audio", "video" };
	static const char *const codecs[] = { "OPUS/48000/2", "VP8/90000" };
	static const char *const directions[] = { "sendrecv", "sendonly", "recvonly", "inactive" };
	static const char *const setups[] = { "actpass", "active", "passive" };
	const struct sdp_stream *stream = &sdp->streams[n];
	int pt = stream->payload_type;

	put(out, len, "m=%s %d UDP/TLS/RTP/SAVPF %d\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\n", kinds[n],
			stream->refused ? 0 : 9, pt, stream->mid);
	put(out, len, "a=setup:%s\r\na=rtcp-mux\r\na=%s\r\na=rtpmap:%d %s\r\n", setups[sdp->setup],
			directions[stream->direction], pt, codecs[n]);
	if (n == SDP_VIDEO)
		put(out, len, "a=rtcp-fb:%d nack pli\r\n", pt);
	if (n == SDP_AUDIO && sdp->relay_port)
		put(out, len,
				"a=candidate:1 1 UDP 1 " SDP_RELAY_ADDRESS
				" %d typ relay raddr 0.0.0.0 rport 0\r\n",
				sdp->relay_port);
}

size_t sdp_write(char out[static SDP_WRITTEN_MOST], const struct sdp *sdp)
{
	size_t len = 0;

	put(out, &len, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE %s",
			sdp->streams[0].mid);
	if (sdp->n_streams == 2 && !sdp->streams[SDP_VIDEO].refused)
		put(out, &len, " %s", sdp->streams[1].mid);
	put(out, &len, "\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 ", sdp->ufrag,
			sdp->password);
	for (size_t i = 0; i < sizeof sdp->fingerprint; i++)
		put(out, &len, "%s%02X", i ? ":" : "", sdp->fingerprint[i]);
	put(out, &len, "\r\n");
	for (unsigned i = 0; i < sdp->n_streams; i++)
		put_stream(out, &len, sdp, i);
	return len;
}
