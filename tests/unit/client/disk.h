/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What whoever has a database's key finds in its files: each page, as SQLCipher writes it
 * (AES-256-CBC, a tail of IV and MAC), in the database and in the write-ahead log. */
#ifndef SOTTO_TEST_DISK_H
#define SOTTO_TEST_DISK_H

#include "tests/unit/client/people.h"

#include <openssl/evp.h>

enum { PAGE = 4096, TAIL = 80, SALT = 16, LOG_HEAD = 32, FRAME_HEAD = 24 };

static inline bool page_has(
		const struct key *key, const uint8_t *page, bool first, const char *word)
{
	uint8_t plain[PAGE];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const int skip = first ? SALT : 0;
	int len = 0;

	EVP_DecryptInit_ex(ctx, EVP_aes_256_cbc(), NULL, key->b, page + PAGE - TAIL);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	EVP_DecryptUpdate(ctx, plain, &len, page + skip, PAGE - TAIL - skip);
	EVP_CIPHER_CTX_free(ctx);
	return memmem(plain, (size_t)len, word, strlen(word)) != NULL;
}

static inline bool file_has(struct person *a, const char *ending, size_t head, size_t frame_head,
		const char *word)
{
	char path[64];
	uint8_t frame[FRAME_HEAD + PAGE];
	FILE *f;
	bool found = false;

	snprintf(path, sizeof path, "%s/db.%d%s", a->dir, a->p->vault.database, ending);
	f = fopen(path, "r");
	if (!f)
		return false;
	for (long n = 0; !found &&
			fseek(f, (long)head + n * (long)(frame_head + PAGE), SEEK_SET) == 0 &&
			fread(frame, frame_head + PAGE, 1, f) == 1;
			n++)
		found = page_has(&a->p->vault.key, frame + frame_head,
				frame_head ? memcmp(frame, "\0\0\0\1", 4) == 0 : n == 0, word);
	fclose(f);
	return found;
}

static inline bool disk_has(struct person *a, const char *word)
{
	return file_has(a, "", 0, 0, word) || file_has(a, "-wal", LOG_HEAD, FRAME_HEAD, word);
}

#endif
