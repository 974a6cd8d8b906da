/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A server in this process that keeps pieces of files, and the folders of who sends and fetches: any
 * answer may be lost. */
#ifndef SOTTO_TEST_PIECES_H
#define SOTTO_TEST_PIECES_H

#include "client/lib/download.h"
#include "client/lib/upload.h"
#include "tests/unit/client/shop.h"

enum { PIECES_MOST = 16, SMALL_CONTENTS = CHUNK_SMALL_BYTES - PIECE_ROOM_BYTES };

/* What the server keeps. */
static struct kept {
	uint8_t id[16], read[HASH_BYTES], end[HASH_BYTES];
	uint8_t body[CHUNK_SMALL_BYTES];
} kept[PIECES_MOST];
static int n_kept, n_got, n_answers, lose_at;

static struct shop shop;
static struct net net;
static char folder[32], source[64];

static inline struct kept *find_piece(const uint8_t id[static 16])
{
	for (int i = 0; i < n_kept; i++)
		if (memcmp(kept[i].id, id, 16) == 0)
			return &kept[i];
	return NULL;
}

static inline void keep_piece(const struct ask *ask)
{
	const uint8_t *body = ask->body;

	ck_assert_uint_eq(ask->body_len, CHUNK_PUT_64K);
	if (find_piece(ask->key)) /* the first body stays */
		return;
	ck_assert_int_lt(n_kept, PIECES_MOST);
	memcpy(kept[n_kept].id, ask->key, 16);
	memcpy(kept[n_kept].read, body, HASH_BYTES);
	memcpy(kept[n_kept].end, body + HASH_BYTES, HASH_BYTES);
	memcpy(kept[n_kept++].body, body + CHUNK_HEAD_BYTES, CHUNK_SMALL_BYTES);
}

static inline int use_piece(const struct ask *ask, struct answer *out)
{
	const char *text = ask->path + strlen("/v1/chunks/");
	uint8_t id[16], hash[HASH_BYTES];
	struct kept *k;

	ck_assert_int_eq(base64url_read(id, sizeof id, text, strlen(text)), 0);
	hash256(hash, ask->chunk->b, KEY_BYTES);
	k = find_piece(id);
	if (strcmp(ask->method, "DELETE") == 0) {
		if (k && memcmp(k->end, hash, HASH_BYTES) == 0)
			*k = kept[--n_kept];
		return shop_say(out, 200, json_object());
	}
	n_got++;
	if (!k || memcmp(k->read, hash, HASH_BYTES) != 0)
		return shop_problem(out, 404, "urn:sotto:problem:not-found");
	out->status = 200;
	out->len = CHUNK_SMALL_BYTES;
	out->body = malloc(out->len);
	memcpy(out->body, k->body, out->len);
	return 0;
}

static inline int serve(struct net *to, const struct ask *ask, struct answer *out)
{
	const bool of_piece = strncmp(ask->path, "/v1/chunks/", 11) == 0;
	int rc = of_piece ? 0 : shop_serve(to, ask, out);

	if (of_piece) {
		answer_clear(out);
		rc = use_piece(ask, out);
	} else if (rc == 0 && out->status == 201 && strcmp(ask->path, "/v1/chunks") == 0) {
		keep_piece(ask);
	}
	if (++n_answers != lose_at)
		return rc;
	answer_clear(out);
	return E_NET;
}

static inline void write_file(const char *path, size_t len, uint8_t seed)
{
	FILE *file = fopen(path, "we");
	uint32_t x = seed;

	ck_assert_ptr_nonnull(file);
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		fputc((int)(x >> 24), file);
	}
	ck_assert_int_eq(fclose(file), 0);
}

/* That person's is the file to be sent. */
static inline void pieces_open(const struct person *a, size_t size)
{
	shop_open(&shop);
	shop_connect(&net, &shop);
	net.carry = serve;
	n_kept = n_got = n_answers = lose_at = 0;
	snprintf(folder, sizeof folder, "/tmp/so.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(source, sizeof source, "%s/a picture.png", a->dir);
	write_file(source, size, 1);
}

static inline void pieces_close(void)
{
	char command[64];

	unlink(source);
	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static inline const char *in_folder(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static inline bool is_same(const char *path)
{
	char command[256];

	snprintf(command, sizeof command, "cmp -s '%s' '%s'", source, path);
	return system(command) == 0;
}

static inline void clean(struct person *a)
{
	bool left;

	ck_assert_int_eq(transfer_clean(&net, a->p, UINT32_MAX, &left), 0);
	ck_assert(!left);
}

#endif
