/* SPDX-License-Identifier: ISC */
/*
 * VOPRF of RFC 9497, suite ristretto255-SHA512, mode VOPRF, on libsodium alone (1.0.18 or newer).
 * Needs no other file of this project.
 *
 * A client hides an input (voprf_blind); a server evaluates it without seeing it and proves which
 * key it took (voprf_evaluate); the client checks the proof and takes the hiding off
 * (voprf_finalise). The output is what the server would compute from the input itself
 * (voprf_redeem), so a server that is shown input and output later knows that it made the output,
 * and not for whom.
 *
 *   client                                          server
 *   voprf_blind(blind, element, input, len)
 *                     element  ------------------>  voprf_element_check, voprf_evaluate
 *                              <------------------  evaluated, proof
 *   voprf_finalise(&batch)
 *                     input, output  ------------>  voprf_redeem, compare with sodium_memcmp
 *
 * Functions return 0, or VOPRF_REFUSED for what is not as it must be; then what they write is all
 * zeros. Time does not depend on keys, blinds or inputs of one length. No function keeps a secret;
 * blinds and keys are the caller's to wipe. The program calls sodium_init first.
 */
#ifndef VOPRF_H
#define VOPRF_H

#include <stddef.h>
#include <stdint.h>

enum {
	VOPRF_SCALAR_BYTES = 32,
	VOPRF_ELEMENT_BYTES = 32,
	VOPRF_PROOF_BYTES = 64,
	VOPRF_OUTPUT_BYTES = 64,
	VOPRF_BATCH_MOST = 64,
	VOPRF_INPUT_MOST = 65535, /* bytes of an input or of a key's info */
	VOPRF_REFUSED = 1,
};

#define VOPRF_CHECKED __attribute__((warn_unused_result))

struct voprf_key {
	uint8_t secret[VOPRF_SCALAR_BYTES];
	uint8_t pub[VOPRF_ELEMENT_BYTES];
};

void voprf_key_wipe(struct voprf_key *key);

/* A key from the system's randomness; from a stored secret, refused unless it is canonical and not
 * zero; or by RFC 9497's DeriveKeyPair from a random seed and a public info. */
void voprf_key_random(struct voprf_key *out);
int voprf_key_from_secret(struct voprf_key *out,
		const uint8_t secret[static VOPRF_SCALAR_BYTES]) VOPRF_CHECKED;
int voprf_key_derive(struct voprf_key *out, const uint8_t seed[static VOPRF_SCALAR_BYTES],
		const void *info, size_t info_len) VOPRF_CHECKED;

/* Refused: not the one canonical form of a group element, or the identity. */
int voprf_element_check(const uint8_t element[static VOPRF_ELEMENT_BYTES]) VOPRF_CHECKED;

/* A fresh blind, which the client keeps secret until voprf_finalise, and the element to send. */
int voprf_blind(uint8_t out_blind[static VOPRF_SCALAR_BYTES],
		uint8_t out_element[static VOPRF_ELEMENT_BYTES], const void *input,
		size_t len) VOPRF_CHECKED;

/* n elements one after the other, 1 to VOPRF_BATCH_MOST; out_evaluated has the same room. One proof
 * is for all. Repeated, it gives the same elements under another proof. */
int voprf_evaluate(uint8_t *out_evaluated, uint8_t out_proof[static VOPRF_PROOF_BYTES],
		const struct voprf_key *key, const uint8_t *blinded, size_t n) VOPRF_CHECKED;

struct voprf_input {
	const void *bytes;
	size_t len;
};

/* What a client knows when the answer is there; all borrowed, arrays of n, one after the other. */
struct voprf_batch {
	size_t n;
	const uint8_t *pub; /* the server's key, from where all clients have it */
	const struct voprf_input *inputs;
	const uint8_t *blinds;
	const uint8_t *blinded;
	const uint8_t *evaluated;
	const uint8_t *proof;
	uint8_t *outputs; /* n x VOPRF_OUTPUT_BYTES, written */
};

/* Refused: the evaluated elements were not made by the key `pub`, all of them. */
int voprf_finalise(const struct voprf_batch *batch) VOPRF_CHECKED;

int voprf_redeem(uint8_t out[static VOPRF_OUTPUT_BYTES], const struct voprf_key *key,
		const void *input, size_t len) VOPRF_CHECKED;

static inline __attribute__((unused)) void voprf_key_wipe_ref(struct voprf_key *key)
{
	voprf_key_wipe(key);
}

#endif
