/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Argon2id, and the 40 bytes in front of a file that is opened by a passphrase (docs/protocol.md
 * "Key file"): what it is, version, cost, salt.
 */
#ifndef SOTTO_COST_H
#define SOTTO_COST_H

#include "libshared/key.h"

#include <stdbool.h>

enum {
	COST_MAGIC_BYTES = 8,
	COST_SALT_BYTES = 16,
	COST_HEAD_BYTES = COST_MAGIC_BYTES + 16 + COST_SALT_BYTES
};

struct cost { /* of Argon2id */
	uint64_t ops, mem;
	bool device; /* a vault: its device's secret besides */
};

struct cost_kind {
	char magic[COST_MAGIC_BYTES];
	uint32_t version;
};

/* 256 MiB (less where there is less, but 64) and as many passes as take a second. E_NOMEM. */
int cost_measure(struct cost *out) MUST_CHECK;

/* With a new salt. */
void cost_head(uint8_t out[static COST_HEAD_BYTES], const struct cost_kind *kind,
		const struct cost *cost);

/* E_CONFIG: not of that kind or version, or a cost beyond the bounds: a swapped file could else ask
 * for all memory. E_NOMEM. */
int cost_derive(struct key *out, const uint8_t head[static COST_HEAD_BYTES],
		const struct cost_kind *kind, const char *passphrase) MUST_CHECK;

#endif
