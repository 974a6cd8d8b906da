/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* An empty piece comes first: it opens under the right key only, before anything is believed. */
#include "client/lib/stream.h"

#include "libshared/error.h"
#include "libshared/reader.h"

#include <errno.h>
#include <string.h>

enum {
	HEADER = crypto_secretstream_xchacha20poly1305_HEADERBYTES,
	TAG = crypto_secretstream_xchacha20poly1305_ABYTES,
	MORE = crypto_secretstream_xchacha20poly1305_TAG_MESSAGE,
	FINAL = crypto_secretstream_xchacha20poly1305_TAG_FINAL,
};

int stream_key_make(struct stream_key *out, const struct cost_kind *kind, const char *passphrase,
		const struct cost *cost)
{
	cost_head(out->head, kind, cost);
	return cost_derive(&out->key, out->head, kind, passphrase);
}

/* --- writing ------------------------------------------------------------ */

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return E_IO;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static int push(struct stream *s, size_t len, uint8_t tag)
{
	uint8_t sealed[STREAM_PIECE + TAG];

	if (crypto_secretstream_xchacha20poly1305_push(
			    &s->state, sealed, NULL, s->piece, len, NULL, 0, tag))
		return E_CRYPTO;
	s->used = 0;
	return write_all(s->fd, sealed, len + TAG);
}

int stream_begin(struct stream *out, int fd, const struct stream_key *key)
{
	uint8_t header[HEADER], sealed[TAG];
	int rc;

	out->fd = fd;
	out->used = 0;
	if (crypto_secretstream_xchacha20poly1305_init_push(&out->state, header, key->key.b) ||
			crypto_secretstream_xchacha20poly1305_push(&out->state, sealed, NULL, NULL,
					0, key->head, sizeof key->head, MORE))
		return E_CRYPTO;
	rc = write_all(fd, key->head, sizeof key->head);
	rc = rc ? rc : write_all(fd, header, sizeof header);
	return rc ? rc : write_all(fd, sealed, sizeof sealed);
}

int stream_put(struct stream *s, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len > 0) {
		size_t room = STREAM_PIECE - s->used, n = len < room ? len : room;
		int rc;

		memcpy(s->piece + s->used, at, n);
		s->used += n;
		at += n;
		len -= n;
		rc = s->used == STREAM_PIECE ? push(s, STREAM_PIECE, MORE) : 0;
		if (rc)
			return rc;
	}
	return 0;
}

int stream_finish(struct stream *s)
{
	memset(s->piece + s->used, 0, STREAM_PIECE - s->used);
	return push(s, STREAM_PIECE, FINAL);
}

/* --- reading ------------------------------------------------------------ */

/* STREAM_CUT: the file has fewer. */
static int read_all(int fd, uint8_t *out, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, out, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return E_IO;
		if (n == 0)
			return STREAM_CUT;
		out += n;
		len -= (size_t)n;
	}
	return 0;
}

static int look_at_head(const uint8_t head[static COST_HEAD_BYTES], const struct cost_kind *kind)
{
	struct reader rd = reader_over(head, COST_HEAD_BYTES);

	if (memcmp(reader_take(&rd, COST_MAGIC_BYTES), kind->magic, COST_MAGIC_BYTES) != 0)
		return STREAM_FOREIGN;
	return reader_u32(&rd) == kind->version ? 0 : STREAM_VERSION;
}

static int read_head(struct stream_key *out, int fd, const struct cost_kind *kind,
		const char *passphrase)
{
	int rc = read_all(fd, out->head, sizeof out->head);

	if (rc)
		return rc == STREAM_CUT ? STREAM_FOREIGN : rc;
	rc = look_at_head(out->head, kind);
	rc = rc ? rc : cost_derive(&out->key, out->head, kind, passphrase);
	return rc == E_CONFIG ? STREAM_DAMAGED : rc; /* no such cost is ever written */
}

int stream_open(struct stream *out, int fd, const struct cost_kind *kind, const char *passphrase)
{
	struct stream_key key = { { 0 }, { { 0 } } };
	uint8_t header[HEADER], sealed[TAG], tag;
	int rc = read_head(&key, fd, kind, passphrase);

	*out = (struct stream){ .fd = fd };
	rc = rc ? rc : read_all(fd, header, sizeof header);
	rc = rc ? rc : read_all(fd, sealed, sizeof sealed);
	if (rc == 0 &&
			(crypto_secretstream_xchacha20poly1305_init_pull(
					 &out->state, header, key.key.b) ||
					crypto_secretstream_xchacha20poly1305_pull(&out->state,
							NULL, NULL, &tag, sealed, sizeof sealed,
							key.head, sizeof key.head)))
		rc = E_LOCKED;
	sodium_memzero(&key, sizeof key);
	return rc;
}

static int pull(struct stream *s)
{
	uint8_t sealed[STREAM_PIECE + TAG], tag = 0;
	int rc = s->last ? STREAM_DAMAGED : read_all(s->fd, sealed, sizeof sealed);

	if (rc)
		return rc;
	if (crypto_secretstream_xchacha20poly1305_pull(
			    &s->state, s->piece, NULL, &tag, sealed, sizeof sealed, NULL, 0))
		return STREAM_DAMAGED;
	s->last = tag == FINAL;
	s->used = 0;
	s->len = STREAM_PIECE;
	return 0;
}

int stream_get(struct stream *s, void *out, size_t len)
{
	uint8_t *at = out;

	while (len > 0) {
		size_t n = s->len - s->used < len ? s->len - s->used : len;
		int rc = n ? 0 : pull(s);

		if (rc)
			return rc;
		memcpy(at, s->piece + s->used, n);
		s->used += n;
		at += n;
		len -= n;
	}
	return 0;
}

int stream_end(struct stream *s)
{
	uint8_t beyond;
	int rc = s->used == s->len && !s->last ? pull(s) : 0;

	if (rc)
		return rc;
	if (!s->last || !sodium_is_zero(s->piece + s->used, s->len - s->used))
		return STREAM_DAMAGED;
	return read_all(s->fd, &beyond, 1) == STREAM_CUT ? 0 : STREAM_DAMAGED;
}
