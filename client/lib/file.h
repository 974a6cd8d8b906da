/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A file as a message announces it, and its pieces as a server keeps them (docs/protocol.md
 * "Files"). Bytes only: what is sent and fetched is in upload.h and download.h.
 */
#ifndef SOTTO_FILE_H
#define SOTTO_FILE_H

#include "client/lib/content.h"
#include "libshared/sizes.h"

enum {
	FILE_BAD = 1,
	FILE_NAME_MOST = 120, /* bytes */
	FILE_TYPE_MOST = 64,
	FILE_ONION_AT = 1 + 8 + HASH_BYTES + KEY_BYTES, /* in what file_write writes */
	FILE_PIECES_MOST = 65535,
	FILE_SMALL_PIECES_MOST = 8, /* a file that takes more has large ones */
	PIECE_NONCE_BYTES = 24,
	PIECE_ROOM_BYTES = PIECE_NONCE_BYTES + 16, /* of a piece, that its contents do not get */
	PIECE_KEEP_DAYS = 21,
};

struct file {
	struct key key;		  /* all secrets of its pieces are made of it, but in groups: */
	struct key end_key;	  /* those that end them; not announced; between two = key */
	uint8_t hash[HASH_BYTES]; /* BLAKE2b-256 of the contents */
	uint8_t onion[ONION_KEY_BYTES]; /* where the pieces lie */
	uint64_t size;			/* bytes */
	bool large;			/* pieces of 1 MiB, else of 64 KiB */
	char name[FILE_NAME_MOST + 1], type[FILE_TYPE_MOST + 1];
};

void file_wipe(struct file *file);
static inline __attribute__((unused)) void file_wipe_ref(struct file *file)
{
	file_wipe(file);
}

/* New keys, pieces of the right size, and of the path only a plain name and what it tells of the
 * type. FILE_BAD: too large. */
int file_init(struct file *out, const char *path, uint64_t size) MUST_CHECK;

/* A name that may be made in a folder and shown: UTF-8 without a slash, control characters or those
 * that turn the direction of writing, and not hidden. */
bool file_name_is_plain(const char *name);

size_t file_write(uint8_t out[static CONTENT_TEXT_MOST], const struct file *file);
/* FILE_BAD: something else, or a name that is not plain. */
int file_read(struct file *out, const void *bytes, size_t len) MUST_CHECK;

/* How many pieces it has, and how many bytes of it are in each but the last. */
uint32_t file_pieces(const struct file *file);
size_t file_piece_contents(const struct file *file);
/* All of a piece. */
static inline size_t file_piece_bytes(const struct file *file)
{
	return file_piece_contents(file) + PIECE_ROOM_BYTES;
}

struct piece {
	uint8_t id[CHUNK_ID_BYTES];
	struct key read, end; /* secrets */
};
void file_piece(struct piece *out, const struct file *file, uint32_t index);
void piece_wipe(struct piece *piece);
static inline __attribute__((unused)) void piece_wipe_ref(struct piece *piece)
{
	piece_wipe(piece);
}

/* contents: file_piece_contents() bytes, the last piece filled up with zeros. out: the body of POST
 * /v1/chunks, CHUNK_HEAD_BYTES more than file_piece_bytes(). The same contents give the same bytes,
 * so a repeat is one; others have another nonce. */
void file_piece_seal(
		uint8_t *out, const struct file *file, uint32_t index, const uint8_t *contents);
/* FILE_BAD: not what was sealed as this piece. contents has room for file_piece_contents(). */
int file_piece_open(uint8_t *contents, const struct file *file, uint32_t index,
		const uint8_t *piece) MUST_CHECK;

#endif
