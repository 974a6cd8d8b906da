/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Safety numbers: against libsignal's published vectors (rust/protocol/src/fingerprint.rs), and who
 * would get one past us. */
#include "client/lib/safety.h"
#include "libshared/encode.h"
#include "tests/unit/unit.h"

#define ALICE "06863bc66d02b40d27b8d49ca7c09e9239236f9d7d25d6fcca5ce13c7064d868"
#define BOB "f781b6fb32fed9ba1cf2de978d4d5da28dc34046ae814402b5c0dbd96fda907b"
#define DIGITS "300354477692869396892869876765458257569162576843440918079131"
#define ALICE_PART "1e301a0353dce3dbe7684cb8336e85136cdc0ee96219494ada305d62a7bd61df"
#define BOB_PART "d62cbf73a11592015b6b9f1682ac306fea3aaf3885b84d12bca631e9d4fb3a4d"
#define ALICE_SCAN "080212220a20" ALICE_PART "1a220a20" BOB_PART

static uint8_t alice_key[32], bob_key[32];
static const struct safety_person alice = { alice_key, "+14152222222" };
static const struct safety_person bob = { bob_key, "+14153333333" };

static void both(struct safety *alices, struct safety *bobs)
{
	unit_hex(alice_key, sizeof alice_key, ALICE);
	unit_hex(bob_key, sizeof bob_key, BOB);
	safety_number(alices, &alice, &bob);
	safety_number(bobs, &bob, &alice);
}

START_TEST(is_the_published_number_for_both)
{
	struct safety alices, bobs;
	uint8_t scan[SAFETY_SCAN_BYTES], want[SAFETY_SCAN_BYTES];

	both(&alices, &bobs);
	ck_assert_str_eq(alices.digits, DIGITS);
	ck_assert_str_eq(bobs.digits, DIGITS);
	safety_scan(scan, &alices);
	unit_hex(want, sizeof want, ALICE_SCAN);
	ck_assert_mem_eq(scan, want, sizeof want);
}
END_TEST

START_TEST(the_text_holds_the_published_code)
{
	struct safety alices, bobs;
	uint8_t scan[SAFETY_SCAN_BYTES], bytes[1 + SAFETY_SCAN_BYTES];
	char text[SAFETY_TEXT + 1];

	both(&alices, &bobs);
	safety_text(text, &alices);
	ck_assert_uint_eq(strlen(text), SAFETY_TEXT);
	ck_assert_int_eq(strncmp(text, "sotto://", 8), 0);
	ck_assert_int_eq(base64url_read(bytes, sizeof bytes, text + 8, strlen(text) - 8), 0);
	unit_hex(scan, sizeof scan, ALICE_SCAN);
	ck_assert_int_eq(bytes[0], 3);
	ck_assert_mem_eq(bytes + 1, scan, sizeof scan);
}
END_TEST

START_TEST(fits_what_the_other_reads_out_or_shows)
{
	struct safety alices, bobs;
	char text[SAFETY_TEXT + 1];

	both(&alices, &bobs);
	ck_assert_int_eq(safety_compare(&bobs, DIGITS), 0);
	ck_assert_int_eq(safety_compare(&bobs,
					 "30035 44776 92869 39689\n28698 76765 45825 75691\r\n"
					 "\t62576 84344 09180 79131 "),
			0);
	safety_text(text, &alices);
	ck_assert_int_eq(safety_compare(&bobs, text), 0);
	/* Held against the own one it is the wrong way round. */
	ck_assert_int_eq(safety_compare(&alices, text), SAFETY_OTHER);
}
END_TEST

START_TEST(every_digit_counts)
{
	struct safety alices, bobs;
	char digits[] = DIGITS;

	both(&alices, &bobs);
	for (int i = 0; i < SAFETY_DIGITS; i++) {
		char was = digits[i];

		digits[i] = was == '9' ? '0' : (char)(was + 1);
		ck_assert_int_eq(safety_compare(&alices, digits), SAFETY_OTHER);
		digits[i] = was;
	}
	ck_assert_int_eq(safety_compare(&alices, digits), 0);
}
END_TEST

START_TEST(every_byte_of_a_code_counts)
{
	struct safety alices, bobs;
	uint8_t bytes[1 + SAFETY_SCAN_BYTES];
	char text[SAFETY_TEXT + 1];

	both(&alices, &bobs);
	for (size_t i = 0; i < sizeof bytes; i++) {
		safety_text(text, &alices);
		ck_assert_int_eq(base64url_read(bytes, sizeof bytes, text + 8, SAFETY_TEXT - 8), 0);
		bytes[i] ^= 1;
		base64url_write(text + 8, bytes, sizeof bytes);
		ck_assert_int_eq(safety_compare(&bobs, text), i < 3 ? SAFETY_NONE : SAFETY_OTHER);
	}
}
END_TEST

START_TEST(somebody_in_between_is_seen)
{
	struct safety alices, bobs;
	uint8_t mallory_key[32];
	const struct safety_person mallory = { mallory_key, bob.name };
	char text[SAFETY_TEXT + 1];

	both(&alices, &bobs);
	memset(mallory_key, 9, sizeof mallory_key);
	safety_number(&alices, &alice, &mallory);
	ck_assert_int_eq(safety_compare(&alices, bobs.digits), SAFETY_OTHER);
	safety_text(text, &bobs);
	ck_assert_int_eq(safety_compare(&alices, text), SAFETY_OTHER);
}
END_TEST

START_TEST(what_is_no_number_is_told_from_another_one)
{
	static const char *const bad[] = { "", " ", "123", DIGITS "1", "sotto://", "sotto://AAAA",
		"3003544776928693968928698767654582575691625768434409180791x1", "yes" };
	struct safety alices, bobs;
	char text[SAFETY_TEXT + 2];

	both(&alices, &bobs);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_int_eq(safety_compare(&alices, bad[i]), SAFETY_NONE);
	safety_text(text, &bobs);
	text[SAFETY_TEXT] = 'A';
	text[SAFETY_TEXT + 1] = '\0';
	ck_assert_int_eq(safety_compare(&alices, text), SAFETY_NONE);
	for (size_t i = 0; i < SAFETY_TEXT; i++) {
		safety_text(text, &bobs);
		text[i] = '\0';
		ck_assert_int_eq(safety_compare(&alices, text), SAFETY_NONE);
	}
}
END_TEST

UNIT("safety", is_the_published_number_for_both, the_text_holds_the_published_code,
		fits_what_the_other_reads_out_or_shows, every_digit_counts,
		every_byte_of_a_code_counts, somebody_in_between_is_seen,
		what_is_no_number_is_told_from_another_one)
