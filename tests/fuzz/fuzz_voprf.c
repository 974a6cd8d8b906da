/* SPDX-License-Identifier: ISC */
/* Elements and proofs from a stranger: a server evaluates what voprf_element_check takes and only
 * that, and a client takes no answer that its server did not make. */
#include "libshared/voprf.h"

#include <sodium.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void serve(const struct voprf_key *key, const uint8_t element[static 32])
{
	uint8_t evaluated[VOPRF_ELEMENT_BYTES], proof[VOPRF_PROOF_BYTES];

	if (voprf_element_check(element) != voprf_evaluate(evaluated, proof, key, element, 1))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const uint8_t secret[VOPRF_SCALAR_BYTES] = { 7 };
	uint8_t blind[VOPRF_SCALAR_BYTES], blinded[VOPRF_ELEMENT_BYTES], out[VOPRF_OUTPUT_BYTES];
	const struct voprf_input input = { "x", 1 };
	struct voprf_key key;
	struct voprf_batch batch = { 1, key.pub, &input, blind, blinded, bytes,
		bytes + VOPRF_ELEMENT_BYTES, out };

	if (len != VOPRF_ELEMENT_BYTES + VOPRF_PROOF_BYTES || sodium_init() < 0 ||
			voprf_key_from_secret(&key, secret) != 0)
		return 0;
	serve(&key, bytes);
	if (voprf_blind(blind, blinded, "x", 1) != 0 || voprf_finalise(&batch) == 0)
		__builtin_trap(); /* it cannot know the fresh blind */
	return 0;
}
