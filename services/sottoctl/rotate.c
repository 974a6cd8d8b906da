/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Issuing keys of anonymous tokens. prekeyd's file has all of them and is written first: whatever
 * happens in between, the next run gives the others their part of it.
 */
#include "libshared/error.h"
#include "libshared/token_keys.h"
#include "libshared/writer.h"
#include "services/sottoctl/key_file.h"
#include "services/sottoctl/sottoctl.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400, EPOCHS = 2 };

static const struct {
	const char *daemon;
	unsigned operations; /* a bit each */
} holders[] = {
	{ "prekeyd", ~0U },
	{ "blobd", 1U << TOKEN_MAILBOX | 1U << TOKEN_INBOX | 1U << TOKEN_CHUNK },
	{ "bridged", 1U << TOKEN_TURN },
};

static int write_part(const char *path, const struct token_keys *keys, unsigned operations)
{
	uint8_t bytes[TOKEN_KEYS_MOST * TOKEN_KEY_RECORD_BYTES];
	struct writer w = writer_over(bytes, sizeof bytes);
	int rc;

	_Static_assert(sizeof bytes <= KEY_FILE_MOST, "key_file_place takes them");

	for (size_t i = 0; i < keys->n; i++) {
		const struct token_key *key = &keys->keys[i];

		if (!(operations & 1U << key->operation))
			continue;
		writer_u8(&w, (uint8_t)key->operation);
		writer_u32(&w, key->epoch);
		writer_copy(&w, key->voprf.secret, sizeof key->voprf.secret);
	}
	rc = key_file_place(path, bytes, w.used);
	sodium_memzero(bytes, sizeof bytes);
	return rc;
}

static const struct token_key *find(
		const struct token_keys *keys, enum token_operation operation, uint32_t epoch)
{
	for (size_t i = 0; i < keys->n; i++)
		if (keys->keys[i].operation == operation && keys->keys[i].epoch == epoch)
			return &keys->keys[i];
	return NULL;
}

/* Out of `old` what is not over, and for each operation the current and the next epoch. */
static void renew(struct token_keys *out, const struct token_keys *old, uint64_t day)
{
	const uint32_t now = token_epoch(day);

	for (unsigned op = 1; op <= TOKEN_OPERATIONS; op++)
		for (uint32_t epoch = now ? now - 1 : 0; epoch < now + EPOCHS; epoch++) {
			enum token_operation operation = (enum token_operation)op;
			const struct token_key *kept = find(old, operation, epoch);
			struct token_key *key = &out->keys[out->n];

			if (epoch < now && (!kept || !token_epoch_counts(epoch, day)))
				continue;
			out->n++;
			key->operation = operation;
			key->epoch = epoch;
			if (kept)
				key->voprf = kept->voprf;
			else
				voprf_key_random(&key->voprf);
		}
}

int rotate_below(const char *base)
{
	CLEANUP(token_keys_wipe) struct token_keys old = { 0 };
	CLEANUP(token_keys_wipe) struct token_keys keys = { 0 };
	char path[4096];
	int rc;

	snprintf(path, sizeof path, "%s/%s/token-keys", base, holders[0].daemon);
	rc = token_keys_load(&old, path);
	if (rc == E_IO && errno == ENOENT)
		rc = 0;
	if (rc) {
		fprintf(stderr, "sottoctl: %s: %s\n", path, error_text(rc));
		return rc;
	}
	renew(&keys, &old, (uint64_t)time(NULL) / DAY_S);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(holders); i++) {
		snprintf(path, sizeof path, "%s/%s/token-keys", base, holders[i].daemon);
		rc = write_part(path, &keys, holders[i].operations);
	}
	return rc;
}

int rotate_command(const struct context *context)
{
	int rc = rotate_below(context->argv[0]);

	if (rc == 0)
		printf("keys of this epoch and the next are there: restart prekeyd, blobd, "
		       "bridged\n");
	return rc;
}
