/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* expiry 8 || MAC 32. Trusts the session key; the password comes from anybody. */
#include "services/bridged/password.h"

#include "libshared/reader.h"
#include "libshared/writer.h"

#include <sodium.h>
#include <string.h>

#define PURPOSE "sotto live v1"

static void mac(uint8_t out[static HASH_BYTES], const struct key *session_key, const char *text,
		uint64_t expiry_s)
{
	uint8_t message[sizeof PURPOSE - 1 + SESSION_TEXT + 8];
	struct writer w = writer_over(message, sizeof message);

	writer_copy(&w, PURPOSE, sizeof PURPOSE - 1);
	writer_copy(&w, text, SESSION_TEXT);
	writer_u64(&w, expiry_s);
	hash256_keyed(out, session_key, message, sizeof message);
}

void password_make(char *out, const struct key *session_key, const char *text, uint64_t expiry_s)
{
	uint8_t bytes[PASSWORD_BYTES];
	struct writer w = writer_over(bytes, sizeof bytes);

	writer_u64(&w, expiry_s);
	mac(writer_take(&w, HASH_BYTES), session_key, text, expiry_s);
	base64url_write(out, bytes, sizeof bytes);
}

int password_check(const struct key *session_key, const char *text, const char *password,
		uint64_t *out_expiry_s)
{
	uint8_t bytes[PASSWORD_BYTES] = { 0 }, expected[HASH_BYTES];
	struct reader rd = reader_over(bytes, sizeof bytes);
	uint64_t expiry_s;

	if (strlen(text) != SESSION_TEXT ||
			base64url_read(bytes, sizeof bytes, password, strlen(password)))
		return PASSWORD_REFUSED;
	expiry_s = reader_u64(&rd);
	mac(expected, session_key, text, expiry_s);
	if (sodium_memcmp(expected, reader_take(&rd, HASH_BYTES), HASH_BYTES) != 0)
		return PASSWORD_REFUSED;
	*out_expiry_s = expiry_s;
	return 0;
}
