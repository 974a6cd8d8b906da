/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A blob as a server hands it out: no key opens what was not sealed to it, nor a packet of which a
 * byte was changed. */
#include "client/lib/packet.h"

#include <sodium.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* One packet sealed to a fixed key; the input is laid over it. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t pub[HPKE_PUBLIC_BYTES], secret[HPKE_SECRET_BYTES], sealed[BLOB_BYTES];
	static const uint8_t deposit_hash[HASH_BYTES];
	static uint8_t key_hash[HASH_BYTES];
	const struct opener opener = { secret, key_hash, deposit_hash };
	uint8_t packet[BLOB_BYTES];
	struct inside in = { .type = PACKET_MESSAGE, .body_len = 5 };

	if (!sealed[0]) {
		if (sodium_init() < 0)
			return 0;
		hpke_keypair(pub, secret);
		crypto_hash_sha256(key_hash, pub, sizeof pub);
		if (packet_seal(sealed, &in, pub, deposit_hash) != 0)
			__builtin_trap();
	}
	memcpy(packet, sealed, sizeof packet);
	for (size_t i = 0; i + 2 < len; i += 3) /* place 2, change 1 */
		packet[(bytes[i] << 8 | bytes[i + 1]) % BLOB_BYTES] ^= bytes[i + 2];
	if ((packet_open(&in, packet, &opener) == 0) !=
			(memcmp(packet, sealed, sizeof packet) == 0))
		__builtin_trap();
	return 0;
}
