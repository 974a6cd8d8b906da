/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The server's nonce of the hour: BLAKE2b-128 under the nonce key of the hour's number. Bounds the
 * life of a recorded owner request without any state and without comparing clocks: the client only
 * echoes it.
 */
#ifndef SOTTO_NONCE_H
#define SOTTO_NONCE_H

#include "libshared/key.h"
#include "libshared/owner.h"

#include <stdbool.h>

void nonce_at(uint8_t out[static NONCE_BYTES], const struct key *nonce_key, uint64_t unix_s);

/* The nonce of this hour or the one before. Constant time. */
bool nonce_is_fresh(const struct key *nonce_key, uint64_t unix_s,
		const uint8_t nonce[static NONCE_BYTES]);

#endif
