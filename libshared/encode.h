/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Text forms of bytes: base64url without padding (keys and ids, RFC 4648 section 5), base64 with
 * padding (HTTP fields, RFC 8941), onion names (Tor rend-spec-v3 section 6), UUIDs (RFC 9562).
 * Every decoder demands the exact length and the one canonical form; it returns 0 or ENCODE_BAD and
 * writes only on success.
 */
#ifndef SOTTO_ENCODE_H
#define SOTTO_ENCODE_H

#include "libshared/scope.h"

#include <stdint.h>

enum { ENCODE_BAD = 1 };

enum {
	UUID_BYTES = 16,
	UUID_TEXT = 36, /* without the closing NUL */
	ONION_KEY_BYTES = 32,
	ONION_TEXT = 62, /* 56 characters and ".onion", without the NUL */
};

/* Room for the text of n bytes and its NUL. */
#define BASE64URL_ROOM(n) (((n)*4 + 2) / 3 + 1)
#define BASE64_ROOM(n) (((n) + 2) / 3 * 4 + 1)

/* out has BASE64URL_ROOM(len) or BASE64_ROOM(len) bytes. */
void base64url_write(char *out, const void *bytes, size_t len);
void base64_write(char *out, const void *bytes, size_t len);

/* text_len characters must give exactly len bytes. */
int base64url_read(void *out, size_t len, const char *text, size_t text_len) MUST_CHECK;
int base64_read(void *out, size_t len, const char *text, size_t text_len) MUST_CHECK;

/* Lower-case with dashes; a reader takes exactly that form. */
void uuid_write(char out[static UUID_TEXT + 1], const uint8_t uuid[static UUID_BYTES]);
int uuid_read(uint8_t out[static UUID_BYTES], const char *text, size_t text_len) MUST_CHECK;

/*
 * The 32-byte key of an onion name ("<56 characters>.onion"), version 3 only. The checksum is
 * SHA3-256, which libsodium 1.0.18 lacks, so it is compared only by the client (onion_check in
 * client/lib); Tor refuses wrong ones anyway.
 */
int onion_read(uint8_t out[static ONION_KEY_BYTES], const char *text, size_t text_len) MUST_CHECK;

#endif
