/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A file of encrypted pieces of one size (libsodium's secretstream), under a key that a passphrase
 * gives (docs/protocol.md "Export"). What is read is whole and unchanged up to there; only
 * stream_end says that nothing is missing.
 */
#ifndef SOTTO_STREAM_H
#define SOTTO_STREAM_H

#include "client/lib/cost.h"

#include <sodium.h>
#include <stdbool.h>

enum {
	STREAM_FOREIGN = 1, /* no such file */
	STREAM_VERSION = 2, /* of another version */
	STREAM_DAMAGED = 3, /* a byte was changed, or more were added */
	STREAM_CUT = 4,	    /* the end is missing */
	STREAM_PIECE = 64 << 10,
};

struct stream {
	int fd;
	crypto_secretstream_xchacha20poly1305_state state;
	uint8_t piece[STREAM_PIECE];
	size_t used, len; /* of piece: written or read; what a read one has */
	bool last;	  /* no further piece will come */
};

/* A key and the head that leads to it again; may be kept, so that no passphrase is needed. */
struct stream_key {
	uint8_t head[COST_HEAD_BYTES];
	struct key key;
};
int stream_key_make(struct stream_key *out, const struct cost_kind *kind, const char *passphrase,
		const struct cost *cost) MUST_CHECK;

/* On a descriptor that stays the caller's. E_IO. */
int stream_begin(struct stream *out, int fd, const struct stream_key *key) MUST_CHECK;
int stream_put(struct stream *stream, const void *bytes, size_t len) MUST_CHECK;
/* Zeros to the end of the piece, and the mark that it was the last. */
int stream_finish(struct stream *stream) MUST_CHECK;

/* E_LOCKED: that is not the passphrase. STREAM_FOREIGN, STREAM_VERSION, STREAM_CUT; E_NOMEM. */
int stream_open(struct stream *out, int fd, const struct cost_kind *kind,
		const char *passphrase) MUST_CHECK;
/* STREAM_DAMAGED, STREAM_CUT. */
int stream_get(struct stream *stream, void *out, size_t len) MUST_CHECK;
/* 0: it was the last piece, and nothing but zeros is left in it. */
int stream_end(struct stream *stream) MUST_CHECK;

#endif
