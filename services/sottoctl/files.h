/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The files that make a server the one that people know: keys, settings, both onion services. They
 * pass through memory only, until they are where they belong.
 */
#ifndef SOTTO_SOTTOCTL_FILES_H
#define SOTTO_SOTTOCTL_FILES_H

#include "services/sottoctl/archive.h"

#include <stdbool.h>

struct places {
	const char *config; /* sotto.conf; torrc.d lies beside it */
	const char *keys;   /* /etc/sotto/keys */
	const char *onions; /* below which api and live lie, as Tor made them */
};

/* `all`: with the issuing keys of tokens. Told when it fails. */
int files_write(struct archive *to, const struct places *places, bool all) MUST_CHECK;

enum { FILES_MOST = 256, FILES_BYTES_MOST = 4 << 20 };

struct files { /* wiped when it goes */
	size_t n, bytes;
	struct {
		char name[160]; /* "keys/blobd/server.key" */
		uint8_t *b;
		size_t len;
	} list[FILES_MOST];
};

void files_free(struct files *f);
DEFINE_CLEANUP(struct files *, files_free)

/* 0, a trouble, or a failure. */
int files_read(struct files *out, struct archive *from) MUST_CHECK;

/* Beside the places, written and synced; nothing that is there is touched. Told when it fails. */
int files_stage(const struct files *f, const struct places *places) MUST_CHECK;

/* Puts what was staged in its place; each folder changes at once. May be repeated. */
int files_place(const struct files *f, const struct places *places) MUST_CHECK;

/* Away with what was staged and did not come to be placed. */
void files_unstage(const struct files *f, const struct places *places);

#endif
