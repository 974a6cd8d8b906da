/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The cost is bounded before anything is hashed. */
#include "client/lib/cost.h"

#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

enum { OPS_LEAST = 3, OPS_MOST = 64, MEM_LEAST = 64 << 20, MEM_MOST = 1 << 30 };

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int cost_measure(struct cost *out)
{
	static const uint8_t salt[crypto_pwhash_SALTBYTES];
	uint64_t mem = crypto_pwhash_MEMLIMIT_MODERATE, ops = OPS_LEAST;
	uint8_t sink[16];

	for (; mem >= MEM_LEAST; mem /= 2, ops *= 2) {
		int64_t began = now_ms(), took;

		if (crypto_pwhash(sink, sizeof sink, "", 0, salt, ops, (size_t)mem,
				    crypto_pwhash_ALG_ARGON2ID13))
			continue;
		took = now_ms() - began;
		if (took < 1000)
			ops = ops * 1000 / (uint64_t)(took + 1);
		*out = (struct cost){ .ops = ops < OPS_MOST ? ops : OPS_MOST, .mem = mem };
		return 0;
	}
	return E_NOMEM;
}

void cost_head(uint8_t out[static COST_HEAD_BYTES], const struct cost_kind *kind,
		const struct cost *cost)
{
	struct writer w = writer_over(out, COST_HEAD_BYTES);

	writer_copy(&w, kind->magic, sizeof kind->magic);
	writer_u32(&w, kind->version);
	writer_u32(&w, (uint32_t)cost->ops);
	writer_u64(&w, cost->mem);
	randombytes_buf(writer_take(&w, crypto_pwhash_SALTBYTES), crypto_pwhash_SALTBYTES);
}

int cost_derive(struct key *out, const uint8_t head[static COST_HEAD_BYTES],
		const struct cost_kind *kind, const char *passphrase)
{
	struct reader rd = reader_over(head, COST_HEAD_BYTES);
	const uint8_t *magic = reader_take(&rd, COST_MAGIC_BYTES);
	uint32_t version = reader_u32(&rd), ops = reader_u32(&rd);
	uint64_t mem = reader_u64(&rd);
	const uint8_t *salt = reader_take(&rd, crypto_pwhash_SALTBYTES);

	if (memcmp(magic, kind->magic, COST_MAGIC_BYTES) != 0 || version != kind->version ||
			ops < 1 || ops > OPS_MOST || mem < crypto_pwhash_MEMLIMIT_MIN ||
			mem > MEM_MOST)
		return E_CONFIG;
	return crypto_pwhash(out->b, sizeof out->b, passphrase, strlen(passphrase), salt, ops,
			       (size_t)mem, crypto_pwhash_ALG_ARGON2ID13)
			? E_NOMEM
			: 0;
}
