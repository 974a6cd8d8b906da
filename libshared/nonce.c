/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The hour's nonce. Trusts the nonce key to be secret and shared by a daemon's instances. */
#include "libshared/nonce.h"

#include "libshared/writer.h"

#include <sodium.h>

enum { HOUR_S = 3600 };

void nonce_at(uint8_t out[static NONCE_BYTES], const struct key *nonce_key, uint64_t unix_s)
{
	uint8_t hour[8];
	struct writer w = writer_over(hour, sizeof hour);

	writer_u64(&w, unix_s / HOUR_S);
	crypto_generichash(out, NONCE_BYTES, hour, sizeof hour, nonce_key->b, sizeof nonce_key->b);
}

bool nonce_is_fresh(const struct key *nonce_key, uint64_t unix_s,
		const uint8_t nonce[static NONCE_BYTES])
{
	uint8_t now[NONCE_BYTES], before[NONCE_BYTES];
	bool is_now, is_before;

	nonce_at(now, nonce_key, unix_s);
	nonce_at(before, nonce_key, unix_s < HOUR_S ? 0 : unix_s - HOUR_S);
	is_now = sodium_memcmp(now, nonce, NONCE_BYTES) == 0;
	is_before = sodium_memcmp(before, nonce, NONCE_BYTES) == 0;
	return is_now | is_before;
}
