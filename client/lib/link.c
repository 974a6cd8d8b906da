/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Contact links and invites. Trusts nothing it reads: a link comes from anybody's QR code. */
#include "client/lib/link.h"

#include "libshared/reader.h"
#include "libshared/writer.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define SCHEME "sotto://"
enum { LINK_VERSION = 1, INVITE_VERSION = 2 };

void link_pack(uint8_t out[static LINK_BYTES], const struct contact_link *link)
{
	struct writer w = writer_over(out, LINK_BYTES);

	writer_u8(&w, LINK_VERSION);
	writer_copy(&w, link->onion, sizeof link->onion);
	writer_copy(&w, link->uuid, sizeof link->uuid);
	writer_copy(&w, link->bundle_key.b, sizeof link->bundle_key.b);
	writer_copy(&w, link->identity_hash, sizeof link->identity_hash);
}

int link_unpack(struct contact_link *out, const uint8_t bytes[static LINK_BYTES])
{
	struct reader rd = reader_over(bytes, LINK_BYTES);
	uint8_t version = reader_u8(&rd);

	reader_copy(&rd, out->onion, sizeof out->onion);
	reader_copy(&rd, out->uuid, sizeof out->uuid);
	reader_copy(&rd, out->bundle_key.b, sizeof out->bundle_key.b);
	reader_copy(&rd, out->identity_hash, sizeof out->identity_hash);
	return reader_is_done(&rd) && version == LINK_VERSION ? 0 : LINK_BAD;
}

void link_write(char out[static LINK_TEXT + 1], const struct contact_link *link)
{
	uint8_t bytes[LINK_BYTES];

	link_pack(bytes, link);
	memcpy(out, SCHEME, sizeof SCHEME);
	base64url_write(out + sizeof SCHEME - 1, bytes, sizeof bytes);
	sodium_memzero(bytes, sizeof bytes);
}

static int text_read(void *out, size_t len, const char *text)
{
	if (strncmp(text, SCHEME, sizeof SCHEME - 1) != 0)
		return LINK_BAD;
	text += sizeof SCHEME - 1;
	return base64url_read(out, len, text, strlen(text)) ? LINK_BAD : 0;
}

int link_read(struct contact_link *out, const char *text)
{
	uint8_t bytes[LINK_BYTES];
	int rc = text_read(bytes, sizeof bytes, text);

	rc = rc ? rc : link_unpack(out, bytes);
	sodium_memzero(bytes, sizeof bytes);
	return rc;
}

int invite_read(struct invite *out, const char *text)
{
	uint8_t bytes[INVITE_BYTES] = { 0 };
	struct reader rd = reader_over(bytes, sizeof bytes);
	int rc = text_read(bytes, sizeof bytes, text);

	if (rc == 0 && reader_u8(&rd) != INVITE_VERSION)
		rc = LINK_BAD;
	if (rc == 0) {
		reader_copy(&rd, out->onion, sizeof out->onion);
		reader_copy(&rd, out->code, sizeof out->code);
	}
	sodium_memzero(bytes, sizeof bytes);
	return rc;
}

void link_identity_hash(uint8_t out[static HASH_BYTES], const uint8_t identity[static 32])
{
	uint8_t serialised[33] = { 0x05 };

	memcpy(serialised + 1, identity, 32);
	crypto_hash_sha256(out, serialised, sizeof serialised);
}

void onion_write(char out[static ONION_TEXT + 1], const uint8_t key[static ONION_KEY_BYTES])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t bytes[35], hash[crypto_hash_sha3256_BYTES], message[15 + 32 + 1];
	unsigned bits = 0, n_bits = 0;
	size_t n = 0;

	memcpy(message, ".onion checksum", 15);
	memcpy(message + 15, key, 32);
	message[47] = 3;
	crypto_hash_sha3256(hash, message, sizeof message);
	memcpy(bytes, key, 32);
	memcpy(bytes + 32, hash, 2);
	bytes[34] = 3;
	for (size_t i = 0; i < sizeof bytes; i++) {
		bits = (bits << 8 | bytes[i]) & 0xffff;
		for (n_bits += 8; n_bits >= 5; n_bits -= 5)
			out[n++] = digits[bits >> (n_bits - 5) & 31];
	}
	memcpy(out + n, ".onion", 7);
}

int onion_check(uint8_t out[static ONION_KEY_BYTES], const char *text)
{
	uint8_t key[ONION_KEY_BYTES];
	char again[ONION_TEXT + 1];

	if (onion_read(key, text, strlen(text)))
		return LINK_BAD;
	onion_write(again, key);
	if (strcmp(again, text) != 0)
		return LINK_BAD;
	memcpy(out, key, sizeof key);
	return 0;
}
