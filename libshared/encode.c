/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Text forms of bytes. Trusts nothing it reads; base64 in constant time by libsodium, since some of
 * it is secret. */
#include "libshared/encode.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

enum { LARGEST_BYTES = 256, LARGEST_TEXT = 352 }; /* no key, proof or password is longer */

void base64url_write(char *out, const void *bytes, size_t len)
{
	sodium_bin2base64(out, BASE64URL_ROOM(len), bytes, len,
			sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void base64_write(char *out, const void *bytes, size_t len)
{
	sodium_bin2base64(out, BASE64_ROOM(len), bytes, len, sodium_base64_VARIANT_ORIGINAL);
}

/* One text for one value: what decodes must encode to the same text again. */
static int base64_any_read(void *out, size_t len, const char *text, size_t text_len, int variant)
{
	uint8_t bytes[LARGEST_BYTES];
	char again[LARGEST_TEXT];
	const char *end;
	size_t got;
	int rc = ENCODE_BAD;

	if (len > sizeof bytes || text_len >= sizeof again)
		return ENCODE_BAD;
	if (sodium_base642bin(bytes, len, text, text_len, NULL, &got, &end, variant) == 0 &&
			got == len && end == text + text_len &&
			sodium_base64_encoded_len(len, variant) == text_len + 1) {
		sodium_bin2base64(again, sizeof again, bytes, len, variant);
		if (sodium_memcmp(again, text, text_len) == 0) {
			memcpy(out, bytes, len);
			rc = 0;
		}
	}
	sodium_memzero(bytes, sizeof bytes);
	sodium_memzero(again, sizeof again);
	return rc;
}

int base64url_read(void *out, size_t len, const char *text, size_t text_len)
{
	return base64_any_read(out, len, text, text_len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

int base64_read(void *out, size_t len, const char *text, size_t text_len)
{
	return base64_any_read(out, len, text, text_len, sodium_base64_VARIANT_ORIGINAL);
}

static bool uuid_dash_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

void uuid_write(char out[static UUID_TEXT + 1], const uint8_t uuid[static UUID_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < UUID_TEXT; i++) {
		if (uuid_dash_at(i)) {
			out[i] = '-';
			continue;
		}
		out[i] = digits[n % 2 ? uuid[n / 2] & 15 : uuid[n / 2] >> 4];
		n++;
	}
	out[UUID_TEXT] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int uuid_read(uint8_t out[static UUID_BYTES], const char *text, size_t text_len)
{
	uint8_t uuid[UUID_BYTES] = { 0 };
	size_t n = 0;

	if (text_len != UUID_TEXT)
		return ENCODE_BAD;
	for (size_t i = 0; i < UUID_TEXT; i++) {
		int digit = hex_digit(text[i]);

		if (uuid_dash_at(i) ? text[i] != '-' : digit < 0)
			return ENCODE_BAD;
		if (uuid_dash_at(i))
			continue;
		uuid[n / 2] = (uint8_t)(uuid[n / 2] << 4 | digit);
		n++;
	}
	memcpy(out, uuid, sizeof uuid);
	return 0;
}

static int base32_digit(char c)
{
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= '2' && c <= '7')
		return c - '2' + 26;
	return -1;
}

int onion_read(uint8_t out[static ONION_KEY_BYTES], const char *text, size_t text_len)
{
	uint8_t bytes[35]; /* key 32 || checksum 2 || version 1 */
	unsigned bits = 0, n_bits = 0;
	size_t n = 0;

	if (text_len != ONION_TEXT || memcmp(text + 56, ".onion", 6) != 0)
		return ENCODE_BAD;
	for (size_t i = 0; i < 56; i++) {
		int digit = base32_digit(text[i]);

		if (digit < 0)
			return ENCODE_BAD;
		bits = (bits << 5 | (unsigned)digit) & 0xfff;
		n_bits += 5;
		if (n_bits >= 8) {
			n_bits -= 8;
			bytes[n++] = (uint8_t)(bits >> n_bits);
		}
	}
	if (bytes[34] != 3)
		return ENCODE_BAD;
	memcpy(out, bytes, ONION_KEY_BYTES);
	return 0;
}
