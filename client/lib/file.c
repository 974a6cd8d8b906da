/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is read comes from a contact, authenticated, or from a server, and may be anything. */
#include "client/lib/file.h"

#include "libshared/plain.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PIECES_SMALL = 1, PIECES_LARGE = 2 };
enum secret { SECRET_ID = 1, SECRET_READ, SECRET_END, SECRET_KEY, SECRET_NONCE };

void file_wipe(struct file *file)
{
	sodium_memzero(file, sizeof *file);
}

void piece_wipe(struct piece *piece)
{
	sodium_memzero(piece, sizeof *piece);
}

/* --- names -------------------------------------------------------------- */

/* Of a character that must not be in a name, its length in UTF-8; 0 for others. */
static size_t unwanted(const char *s)
{
	return *s == '/' || *s == '\\' ? 1 : plain_unwanted(s);
}

bool file_name_is_plain(const char *name)
{
	if (!*name || *name == '.' || strlen(name) > FILE_NAME_MOST ||
			!content_is_utf8(name, strlen(name)))
		return false;
	for (; *name; name++)
		if (unwanted(name))
			return false;
	return true;
}

/* The end of a name tells more than its beginning. */
static const char *shortened(const char *name)
{
	size_t len = strlen(name);

	if (len > FILE_NAME_MOST)
		name += len - FILE_NAME_MOST;
	while (((uint8_t)*name & 0xc0) == 0x80)
		name++;
	return name;
}

static void make_plain(char out[static FILE_NAME_MOST + 1], const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t n = 0;

	if (!content_is_utf8(name, strlen(name)))
		name = "";
	name = shortened(name);
	for (size_t skip; *name; name += skip ? skip : 1) {
		skip = unwanted(name);
		if (n == 0 && *name == '.')
			skip = 1;
		out[n++] = (char)(skip ? '_' : *name);
	}
	out[n] = '\0';
	if (n == 0)
		memcpy(out, "file", sizeof "file");
}

static const char *type_of(const char *name)
{
	static const char *const types[][2] = { { ".jpg", "image/jpeg" }, { ".jpeg", "image/jpeg" },
		{ ".png", "image/png" }, { ".gif", "image/gif" }, { ".webp", "image/webp" },
		{ ".heic", "image/heic" }, { ".mp4", "video/mp4" }, { ".mp3", "audio/mpeg" },
		{ ".ogg", "audio/ogg" }, { ".opus", "audio/ogg" }, { ".pdf", "application/pdf" },
		{ ".txt", "text/plain" }, { ".zip", "application/zip" } };
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < ARRAY_LEN(types); i++)
		if (strcasecmp(dot, types[i][0]) == 0)
			return types[i][1];
	return "application/octet-stream";
}

static bool is_type(const char *type)
{
	return type[strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789+-./")] == '\0';
}

/* --- the announcement --------------------------------------------------- */

int file_init(struct file *out, const char *path, uint64_t size)
{
	memset(out, 0, sizeof *out);
	key_random(&out->key);
	out->end_key = out->key;
	out->size = size;
	out->large = file_pieces(out) > FILE_SMALL_PIECES_MOST;
	make_plain(out->name, path);
	snprintf(out->type, sizeof out->type, "%s", type_of(out->name));
	return size / file_piece_contents(out) < FILE_PIECES_MOST ? 0 : FILE_BAD;
}

size_t file_write(uint8_t out[static CONTENT_TEXT_MOST], const struct file *f)
{
	struct writer w = writer_over(out, CONTENT_TEXT_MOST);
	const uint8_t name_len = (uint8_t)strlen(f->name), type_len = (uint8_t)strlen(f->type);

	writer_u8(&w, f->large ? PIECES_LARGE : PIECES_SMALL);
	writer_u64(&w, f->size);
	writer_copy(&w, f->hash, sizeof f->hash);
	writer_copy(&w, f->key.b, sizeof f->key.b);
	writer_copy(&w, f->onion, sizeof f->onion);
	writer_u8(&w, name_len);
	writer_copy(&w, f->name, name_len);
	writer_u8(&w, type_len);
	writer_copy(&w, f->type, type_len);
	return w.used;
}

/* A length and so many bytes without NUL. */
static void read_text(char *out, size_t most, struct reader *rd)
{
	size_t len = reader_u8(rd);

	if (len > most)
		rd->failed = true;
	else
		reader_copy(rd, out, len);
	out[len > most ? 0 : len] = '\0';
	if (!rd->failed && strlen(out) != len)
		rd->failed = true;
}

int file_read(struct file *out, const void *bytes, size_t len)
{
	struct reader rd = reader_over(bytes, len);
	const uint8_t pieces = reader_u8(&rd);

	out->large = pieces == PIECES_LARGE;
	out->size = reader_u64(&rd);
	reader_copy(&rd, out->hash, sizeof out->hash);
	reader_copy(&rd, out->key.b, sizeof out->key.b);
	out->end_key = out->key;
	reader_copy(&rd, out->onion, sizeof out->onion);
	read_text(out->name, FILE_NAME_MOST, &rd);
	read_text(out->type, FILE_TYPE_MOST, &rd);
	if (!reader_is_done(&rd) || (pieces != PIECES_SMALL && pieces != PIECES_LARGE) ||
			out->size / file_piece_contents(out) >= FILE_PIECES_MOST ||
			!file_name_is_plain(out->name) || !is_type(out->type))
		return FILE_BAD;
	return 0;
}

/* --- pieces ------------------------------------------------------------- */

size_t file_piece_contents(const struct file *f)
{
	return (f->large ? CHUNK_LARGE_BYTES : CHUNK_SMALL_BYTES) - PIECE_ROOM_BYTES;
}

uint32_t file_pieces(const struct file *f)
{
	const size_t n = file_piece_contents(f);

	return (uint32_t)(f->size / n + (f->size % n != 0));
}

static void derive(struct key *out, const struct key *key, enum secret secret, uint32_t index)
{
	static const char label[] = "sotto piece v1";
	uint8_t input[sizeof label - 1 + 1 + 4];
	struct writer w = writer_over(input, sizeof input);

	writer_copy(&w, label, sizeof label - 1);
	writer_u8(&w, (uint8_t)secret);
	writer_u32(&w, index);
	hash256_keyed(out->b, key, input, sizeof input);
}

void file_piece(struct piece *out, const struct file *f, uint32_t index)
{
	CLEANUP(key_wipe) struct key id = { { 0 } };

	derive(&id, &f->key, SECRET_ID, index);
	memcpy(out->id, id.b, sizeof out->id);
	derive(&out->read, &f->key, SECRET_READ, index);
	derive(&out->end, &f->end_key, SECRET_END, index);
}

void file_piece_seal(uint8_t *out, const struct file *f, uint32_t index, const uint8_t *contents)
{
	CLEANUP(key_wipe) struct key key = { { 0 } };
	CLEANUP(key_wipe) struct key nonce_key = { { 0 } };
	CLEANUP(piece_wipe) struct piece piece = { .id = { 0 } };
	uint8_t *nonce = out + CHUNK_HEAD_BYTES;
	const size_t len = file_piece_contents(f);

	file_piece(&piece, f, index);
	hash256(out, piece.read.b, KEY_BYTES);
	hash256(out + HASH_BYTES, piece.end.b, KEY_BYTES);
	out[2 * HASH_BYTES] = PIECE_KEEP_DAYS;
	derive(&key, &f->key, SECRET_KEY, index);
	derive(&nonce_key, &f->key, SECRET_NONCE, index);
	crypto_generichash(nonce, PIECE_NONCE_BYTES, contents, len, nonce_key.b, KEY_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + PIECE_NONCE_BYTES, NULL, contents, len,
			NULL, 0, NULL, nonce, key.b);
}

int file_piece_open(uint8_t *contents, const struct file *f, uint32_t index, const uint8_t *piece)
{
	CLEANUP(key_wipe) struct key key = { { 0 } };
	const size_t len = file_piece_contents(f);
	uint64_t used = f->size - (uint64_t)index * len;

	derive(&key, &f->key, SECRET_KEY, index);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(contents, NULL, NULL,
			    piece + PIECE_NONCE_BYTES, file_piece_bytes(f) - PIECE_NONCE_BYTES,
			    NULL, 0, piece, key.b))
		return FILE_BAD;
	used = used < len ? used : len;
	return sodium_is_zero(contents + used, len - used) ? 0 : FILE_BAD;
}
