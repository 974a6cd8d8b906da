/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Hashcash. The MAC makes a challenge ours without a table; the caller's table makes it count once.
 */
#include "libshared/work.h"

#include "libshared/reader.h"
#include "libshared/writer.h"

#include <sodium.h>
#include <string.h>

enum { VERSION = 1, HOUR_S = 3600, HEAD_BYTES = 1 + 1 + 1 + 8 + 16 };

static void mac_of(uint8_t out[static HASH_BYTES], const struct key *nonce_key,
		const uint8_t head[static HEAD_BYTES])
{
	static const char label[] = "sotto work v1";
	uint8_t message[sizeof label - 1 + HEAD_BYTES];

	memcpy(message, label, sizeof label - 1);
	memcpy(message + sizeof label - 1, head, HEAD_BYTES);
	hash256_keyed(out, nonce_key, message, sizeof message);
}

void work_challenge(uint8_t out[static WORK_CHALLENGE_BYTES], const struct key *nonce_key,
		uint64_t unix_s, enum token_operation operation, unsigned bits)
{
	struct writer w = writer_over(out, WORK_CHALLENGE_BYTES);

	writer_u8(&w, VERSION);
	writer_u8(&w, (uint8_t)operation);
	writer_u8(&w, bits < WORK_BITS_MOST ? (uint8_t)bits : WORK_BITS_MOST);
	writer_u64(&w, unix_s / HOUR_S);
	randombytes_buf(writer_take(&w, 16), 16);
	mac_of(writer_take(&w, HASH_BYTES), nonce_key, out);
}

struct head {
	uint8_t version, operation, bits;
	uint64_t hour;
};

static struct head head_read(const uint8_t challenge[static WORK_CHALLENGE_BYTES])
{
	struct reader rd = reader_over(challenge, WORK_CHALLENGE_BYTES);
	struct head head;

	head.version = reader_u8(&rd);
	head.operation = reader_u8(&rd);
	head.bits = reader_u8(&rd);
	head.hour = reader_u64(&rd);
	return head;
}

/* --- hashing -------------------------------------------------------------------------------- */

struct attempt {
	uint8_t bytes[WORK_CHALLENGE_BYTES + WORK_SOLUTION_BYTES];
};

static bool is_solved(const struct attempt *attempt, unsigned bits)
{
	uint8_t hash[HASH_BYTES];
	unsigned i = 0;

	hash256(hash, attempt->bytes, sizeof attempt->bytes);
	for (; bits >= 8; bits -= 8)
		if (hash[i++])
			return false;
	return hash[i] >> (8 - bits) == 0;
}

int work_verify(const struct work_proof *proof, const struct key *nonce_key, uint64_t unix_s,
		enum token_operation operation)
{
	const struct head head = head_read(proof->challenge);
	struct attempt attempt;
	uint8_t mac[HASH_BYTES];

	mac_of(mac, nonce_key, proof->challenge);
	if (sodium_memcmp(mac, proof->challenge + HEAD_BYTES, sizeof mac) != 0)
		return WORK_REFUSED;
	if (head.version != VERSION || head.operation != operation ||
			(head.hour != unix_s / HOUR_S && head.hour + 1 != unix_s / HOUR_S))
		return WORK_REFUSED;
	memcpy(attempt.bytes, proof->challenge, WORK_CHALLENGE_BYTES);
	memcpy(attempt.bytes + WORK_CHALLENGE_BYTES, proof->solution, WORK_SOLUTION_BYTES);
	return is_solved(&attempt, head.bits) ? 0 : WORK_REFUSED;
}

void work_hash(uint8_t out[static HASH_BYTES], const uint8_t challenge[static WORK_CHALLENGE_BYTES])
{
	hash256(out, challenge, WORK_CHALLENGE_BYTES);
}

uint64_t work_last_hour(const uint8_t challenge[static WORK_CHALLENGE_BYTES])
{
	return head_read(challenge).hour + 1;
}

/* --- the client's side ---------------------------------------------------------------------- */

int work_bits(unsigned *out, const uint8_t challenge[static WORK_CHALLENGE_BYTES],
		enum token_operation operation)
{
	const struct head head = head_read(challenge);

	if (head.version != VERSION || head.operation != operation || head.bits > WORK_BITS_MOST)
		return WORK_REFUSED;
	*out = head.bits;
	return 0;
}

int work_search(uint8_t out[static WORK_SOLUTION_BYTES],
		const uint8_t challenge[static WORK_CHALLENGE_BYTES], uint64_t from, uint64_t n)
{
	const unsigned bits = head_read(challenge).bits;
	struct attempt attempt;
	uint8_t *solution = attempt.bytes + WORK_CHALLENGE_BYTES;

	if (bits > WORK_BITS_MOST)
		return WORK_NOT_YET;
	memcpy(attempt.bytes, challenge, WORK_CHALLENGE_BYTES);
	for (uint64_t i = 0; i < n; i++) {
		struct writer w = writer_over(solution, WORK_SOLUTION_BYTES);

		writer_u64(&w, from + i);
		if (is_solved(&attempt, bits)) {
			memcpy(out, solution, WORK_SOLUTION_BYTES);
			return 0;
		}
	}
	return WORK_NOT_YET;
}
