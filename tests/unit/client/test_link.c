/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Links from anybody's QR code: of a person, and to a server. */
#include "tests/unit/unit.h"

#include "client/lib/link.h"

/* base64url, made by Python, of 2 || 32 times 'o' || 16 times 'c', and of the same after a 1. */
#define INVITE "sotto://Am9vb29vb29vb29vb29vb29vb29vb29vb29vb29vb29vY2NjY2NjY2NjY2NjY2NjYw"
#define OTHER "sotto://AW9vb29vb29vb29vb29vb29vb29vb29vb29vb29vb29vY2NjY2NjY2NjY2NjY2NjYw"

START_TEST(an_invite_names_a_server_and_a_code)
{
	uint8_t onion[ONION_KEY_BYTES], code[INVITE_CODE_BYTES];
	struct invite invite;

	memset(onion, 'o', sizeof onion);
	memset(code, 'c', sizeof code);
	ck_assert_int_eq(invite_read(&invite, INVITE), 0);
	ck_assert_mem_eq(invite.onion, onion, sizeof onion);
	ck_assert_mem_eq(invite.code, code, sizeof code);
}
END_TEST

START_TEST(refuses_whatever_is_no_invite)
{
	static const char *const bad[] = { "", "sotto://", OTHER, (INVITE "A"), (INVITE "\n"),
		(" " INVITE), "http://" };
	char text[sizeof INVITE];
	struct invite invite;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_int_eq(invite_read(&invite, bad[i]), LINK_BAD);
	for (size_t i = 0; i < sizeof INVITE - 1; i++) {
		snprintf(text, sizeof text, "%.*s", (int)i, INVITE);
		ck_assert_int_eq(invite_read(&invite, text), LINK_BAD);
	}
}
END_TEST

START_TEST(a_person_is_no_invite_and_an_invite_no_person)
{
	struct contact_link person = { .onion = { 1 } }, again;
	struct invite invite;
	char text[LINK_TEXT + 1];

	link_write(text, &person);
	ck_assert_int_eq(link_read(&again, text), 0);
	ck_assert_int_eq(invite_read(&invite, text), LINK_BAD);
	ck_assert_int_eq(link_read(&again, INVITE), LINK_BAD);
}
END_TEST

UNIT("link", an_invite_names_a_server_and_a_code, refuses_whatever_is_no_invite,
		a_person_is_no_invite_and_an_invite_no_person)
