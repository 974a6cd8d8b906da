/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Proof of work (docs/protocol.md "Proof of work"): BLAKE2b hashcash over a challenge that the
 * server need not remember.
 *
 *   challenge = version 1 || operation 1 || bits 1 || hour 8 || random 16 || mac 32
 *   mac       = keyed BLAKE2b-256 of "sotto work v1" || the 27 bytes before, under the nonce key
 *   solution  = 8 bytes with which BLAKE2b-256(challenge || solution) begins with `bits` zero bits
 */
#ifndef SOTTO_WORK_H
#define SOTTO_WORK_H

#include "libshared/key.h"
#include "libshared/token.h"

enum {
	WORK_CHALLENGE_BYTES = 1 + 1 + 1 + 8 + 16 + 32,
	WORK_SOLUTION_BYTES = 8,
	WORK_BITS_MOST = 40, /* days of work: no honest server asks for more */
	WORK_REFUSED = 1,
	WORK_NOT_YET = 2,
};

/* --- the server's side ---------------------------------------------------------------------- */

/* bits at most WORK_BITS_MOST; above, WORK_BITS_MOST is written. */
void work_challenge(uint8_t out[static WORK_CHALLENGE_BYTES], const struct key *nonce_key,
		uint64_t unix_s, enum token_operation operation, unsigned bits);

struct work_proof {
	const uint8_t *challenge; /* WORK_CHALLENGE_BYTES */
	const uint8_t *solution;  /* WORK_SOLUTION_BYTES */
};

/* Our own challenge of this hour or the one before, for this operation, and solved. WORK_REFUSED
 * for whatever reason. */
int work_verify(const struct work_proof *proof, const struct key *nonce_key, uint64_t unix_s,
		enum token_operation operation) MUST_CHECK;

/* What stands for the challenge in the table of those that were used. */
void work_hash(uint8_t out[static HASH_BYTES],
		const uint8_t challenge[static WORK_CHALLENGE_BYTES]);

/* The last hour in which a challenge is taken. Only for a challenge that work_verify took. */
uint64_t work_last_hour(const uint8_t challenge[static WORK_CHALLENGE_BYTES]);

/* --- the client's side ---------------------------------------------------------------------- */

/* How hard it is: 2^bits hashes on average. WORK_REFUSED: another version or operation, or harder
 * than WORK_BITS_MOST. */
int work_bits(unsigned *out, const uint8_t challenge[static WORK_CHALLENGE_BYTES],
		enum token_operation operation) MUST_CHECK;

/* Tries the numbers from `from` on, `n` of them. WORK_NOT_YET: none of these. */
int work_search(uint8_t out[static WORK_SOLUTION_BYTES],
		const uint8_t challenge[static WORK_CHALLENGE_BYTES], uint64_t from,
		uint64_t n) MUST_CHECK;

#endif
