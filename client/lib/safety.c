/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The construction is libsignal's (rust/protocol/src/fingerprint.rs); libomemo-c has none. What is
 * compared comes from anybody's screen. */
#include "client/lib/safety.h"

#include "client/lib/link.h"
#include "libshared/writer.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { ITERATIONS = 5200, GROUPS = 6, SCAN_VERSION = 2, TEXT_VERSION = 3 };

#define SCHEME "sotto://"

/* SHA-512 of version || key || name || key, then of the hash before || key, 5200 times in all. */
static void fingerprint(
		uint8_t hash[static crypto_hash_sha512_BYTES], const struct safety_person *person)
{
	static const uint8_t version[2] = { 0, 0 };
	uint8_t key[33] = { 0x05 };
	crypto_hash_sha512_state state;

	memcpy(key + 1, person->identity, 32);
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, version, sizeof version);
	crypto_hash_sha512_update(&state, key, sizeof key);
	crypto_hash_sha512_update(&state, (const uint8_t *)person->name, strlen(person->name));
	crypto_hash_sha512_update(&state, key, sizeof key);
	crypto_hash_sha512_final(&state, hash);
	for (int i = 1; i < ITERATIONS; i++) {
		crypto_hash_sha512_init(&state);
		crypto_hash_sha512_update(&state, hash, crypto_hash_sha512_BYTES);
		crypto_hash_sha512_update(&state, key, sizeof key);
		crypto_hash_sha512_final(&state, hash);
	}
}

/* Six groups of five digits, each out of five bytes. */
static void write_digits(char out[static SAFETY_DIGITS / 2 + 1], const uint8_t *hash)
{
	for (int i = 0; i < GROUPS; i++, hash += 5) {
		uint64_t n = (uint64_t)hash[0] << 32 | (uint64_t)hash[1] << 24 |
				(uint64_t)hash[2] << 16 | (uint64_t)hash[3] << 8 | hash[4];

		snprintf(out + 5 * i, 6, "%05u", (unsigned)(n % 100000));
	}
}

void safety_number(struct safety *out, const struct safety_person *own,
		const struct safety_person *theirs)
{
	uint8_t hash[crypto_hash_sha512_BYTES];
	char one[SAFETY_DIGITS / 2 + 1], other[SAFETY_DIGITS / 2 + 1];
	int order;

	fingerprint(hash, own);
	write_digits(one, hash);
	memcpy(out->own, hash, sizeof out->own);
	fingerprint(hash, theirs);
	write_digits(other, hash);
	memcpy(out->theirs, hash, sizeof out->theirs);
	/* Both see the same number. */
	order = strcmp(one, other);
	snprintf(out->digits, sizeof out->digits, "%s%s", order < 0 ? one : other,
			order < 0 ? other : one);
}

/* --- scanned ------------------------------------------------------------ */

/* A protobuf: version (1), fingerprints (2, 3), each a message whose field 1 is its bytes. */
static void write_scan(uint8_t *out, const uint8_t *first, const uint8_t *second)
{
	struct writer w = writer_over(out, SAFETY_SCAN_BYTES);

	writer_u8(&w, 0x08);
	writer_u8(&w, SCAN_VERSION);
	for (uint8_t field = 2; field <= 3; field++) {
		writer_u8(&w, (uint8_t)(field << 3 | 2));
		writer_u8(&w, 2 + SAFETY_BYTES);
		writer_u8(&w, 0x0a);
		writer_u8(&w, SAFETY_BYTES);
		writer_copy(&w, field == 2 ? first : second, SAFETY_BYTES);
	}
}

void safety_scan(uint8_t out[static SAFETY_SCAN_BYTES], const struct safety *s)
{
	write_scan(out, s->own, s->theirs);
}

void safety_text(char out[static SAFETY_TEXT + 1], const struct safety *s)
{
	uint8_t bytes[1 + SAFETY_SCAN_BYTES] = { TEXT_VERSION };

	safety_scan(bytes + 1, s);
	memcpy(out, SCHEME, sizeof SCHEME);
	base64url_write(out + sizeof SCHEME - 1, bytes, sizeof bytes);
}

static int compare_text(const struct safety *s, const char *text)
{
	uint8_t bytes[1 + SAFETY_SCAN_BYTES], expected[SAFETY_SCAN_BYTES];

	if (base64url_read(bytes, sizeof bytes, text, strlen(text)) || bytes[0] != TEXT_VERSION)
		return SAFETY_NONE;
	write_scan(expected, s->theirs, s->own); /* as they see it */
	if (memcmp(bytes + 1, expected, 2) != 0)
		return SAFETY_NONE; /* of another version */
	return sodium_memcmp(bytes + 1, expected, sizeof expected) == 0 ? 0 : SAFETY_OTHER;
}

int safety_compare(const struct safety *s, const char *said)
{
	char digits[SAFETY_DIGITS + 1];
	size_t n = 0;

	if (strncmp(said, SCHEME, sizeof SCHEME - 1) == 0)
		return compare_text(s, said + sizeof SCHEME - 1);
	for (; *said; said++) {
		if (*said >= '0' && *said <= '9' && n < SAFETY_DIGITS)
			digits[n++] = *said;
		else if (!strchr(" \t\r\n", *said))
			return SAFETY_NONE;
	}
	digits[n] = '\0';
	if (n != SAFETY_DIGITS)
		return SAFETY_NONE;
	return sodium_memcmp(digits, s->digits, SAFETY_DIGITS) == 0 ? 0 : SAFETY_OTHER;
}
