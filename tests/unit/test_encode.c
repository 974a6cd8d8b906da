/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "libshared/encode.h"

static int url(size_t len, const char *text)
{
	uint8_t out[256];

	return base64url_read(out, len, text, strlen(text));
}

START_TEST(writes_the_vectors_of_rfc_4648)
{
	static const char *const plain[] = { "", "f", "fo", "foo", "foob", "fooba", "foobar" };
	static const char *const padded[] = { "", "Zg==", "Zm8=", "Zm9v",
		"Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
	static const char *const bare[] = { "", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE",
		"Zm9vYmFy" };

	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		char text[BASE64_ROOM(6)], back[6];

		base64_write(text, plain[i], i);
		ck_assert_str_eq(text, padded[i]);
		ck_assert_int_eq(base64_read(back, i, text, strlen(text)), 0);
		ck_assert_mem_eq(back, plain[i], i);
		base64url_write(text, plain[i], i);
		ck_assert_str_eq(text, bare[i]);
		ck_assert_int_eq(base64url_read(back, i, text, strlen(text)), 0);
		ck_assert_mem_eq(back, plain[i], i);
	}
}
END_TEST

START_TEST(url_text_has_its_own_two_letters)
{
	char text[BASE64_ROOM(3)];

	base64url_write(text, "\xfb\xff\xbf", 3);
	ck_assert_str_eq(text, "-_-_");
	ck_assert_int_eq(url(3, "+/+/"), ENCODE_BAD);
	ck_assert_int_eq(base64_read(text, 3, "-_-_", 4), ENCODE_BAD);
}
END_TEST

START_TEST(takes_only_the_canonical_form)
{
	ck_assert_int_eq(url(1, "Zg"), 0);
	ck_assert_int_eq(url(1, "Zh"), ENCODE_BAD); /* bits that are not used */
	ck_assert_int_eq(url(2, "Zm8"), 0);
	ck_assert_int_eq(url(2, "Zm9"), ENCODE_BAD);
	ck_assert_int_eq(url(1, "Zg=="), ENCODE_BAD);
	ck_assert_int_eq(url(1, "Zg="), ENCODE_BAD);
	ck_assert_int_eq(url(1, " Zg"), ENCODE_BAD);
	ck_assert_int_eq(url(1, "Zg\n"), ENCODE_BAD);
	ck_assert_int_eq(url(3, "Zm.v"), ENCODE_BAD);
}
END_TEST

START_TEST(takes_only_the_exact_length)
{
	ck_assert_int_eq(url(3, "Zm8"), ENCODE_BAD);
	ck_assert_int_eq(url(1, "Zm8"), ENCODE_BAD);
	ck_assert_int_eq(url(0, ""), 0);
	ck_assert_int_eq(url(0, "A"), ENCODE_BAD);
	ck_assert_int_eq(url(3, "Zm9vA"), ENCODE_BAD);
}
END_TEST

START_TEST(writes_nothing_on_failure)
{
	uint8_t out[3] = { 7, 7, 7 };

	ck_assert_int_eq(base64url_read(out, 3, "Zm9", 3), ENCODE_BAD);
	ck_assert_mem_eq(out, "\7\7\7", 3);
}
END_TEST

START_TEST(every_changed_character_changes_or_breaks_the_value)
{
	uint8_t key[32], back[32];
	char text[BASE64URL_ROOM(32)];

	randombytes_buf(key, sizeof key);
	base64url_write(text, key, sizeof key);
	for (size_t i = 0; i < strlen(text); i++)
		for (int c = 1; c < 256; c++) {
			char saved = text[i];

			text[i] = (char)c;
			if (text[i] != saved && base64url_read(back, 32, text, 43) == 0)
				ck_assert(memcmp(back, key, 32) != 0);
			text[i] = saved;
		}
}
END_TEST

START_TEST(uuids_have_one_form)
{
	static const char text[] = "f81d4fae-7dec-41d0-a765-00a0c91e6bf6";
	uint8_t uuid[UUID_BYTES], expected[UUID_BYTES];
	char again[UUID_TEXT + 1];

	unit_hex(expected, sizeof expected, "f81d4fae7dec41d0a76500a0c91e6bf6");
	ck_assert_int_eq(uuid_read(uuid, text, UUID_TEXT), 0);
	ck_assert_mem_eq(uuid, expected, sizeof uuid);
	uuid_write(again, uuid);
	ck_assert_str_eq(again, text);
	ck_assert_int_eq(uuid_read(uuid, "F81D4FAE-7DEC-41D0-A765-00A0C91E6BF6", UUID_TEXT),
			ENCODE_BAD);
	ck_assert_int_eq(uuid_read(uuid, "f81d4fae-7dec-41d0-a765000a0c91e6bf6", UUID_TEXT),
			ENCODE_BAD);
	ck_assert_int_eq(uuid_read(uuid, "f81d4fae-7dec-41d0-a765-00a0c91e6bf-", UUID_TEXT),
			ENCODE_BAD);
	for (size_t len = 0; len < UUID_TEXT; len++)
		ck_assert_int_eq(uuid_read(uuid, text, len), ENCODE_BAD);
}
END_TEST

START_TEST(reads_the_key_of_an_onion_name)
{
	/* The Tor Project's own; rend-spec-v3 section 6: key || checksum || version. */
	static const char name[] = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion";
	uint8_t key[ONION_KEY_BYTES], expected[ONION_KEY_BYTES];
	char bad[sizeof name];

	unit_hex(expected, sizeof expected,
			"d1b38b83a83b3ed918c5bb69dd444ad56bc8d5835a914de73447474e5f02591b");
	ck_assert_int_eq(onion_read(key, name, ONION_TEXT), 0);
	ck_assert_mem_eq(key, expected, sizeof key);
	for (size_t len = 0; len < ONION_TEXT; len++)
		ck_assert_int_eq(onion_read(key, name, len), ENCODE_BAD);
	memcpy(bad, name, sizeof name);
	bad[55] = 'c'; /* version 2 */
	ck_assert_int_eq(onion_read(key, bad, ONION_TEXT), ENCODE_BAD);
	memcpy(bad, name, sizeof name);
	bad[0] = 'A';
	ck_assert_int_eq(onion_read(key, bad, ONION_TEXT), ENCODE_BAD);
	bad[0] = '1';
	ck_assert_int_eq(onion_read(key, bad, ONION_TEXT), ENCODE_BAD);
	memcpy(bad, name, sizeof name);
	bad[ONION_TEXT - 1] = 'm';
	ck_assert_int_eq(onion_read(key, bad, ONION_TEXT), ENCODE_BAD);
}
END_TEST

UNIT("encode", writes_the_vectors_of_rfc_4648, url_text_has_its_own_two_letters,
		takes_only_the_canonical_form, takes_only_the_exact_length,
		writes_nothing_on_failure, every_changed_character_changes_or_breaks_the_value,
		uuids_have_one_form, reads_the_key_of_an_onion_name)
