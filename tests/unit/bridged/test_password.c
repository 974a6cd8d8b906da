/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* password.c: what lets a session into the broker. */
#include "services/bridged/password.h"

#include "tests/unit/unit.h"

static const char session[] = "AAAAAAAAAAAAAAAAAAAAAA", other[] = "AAAAAAAAAAAAAAAAAAAAAQ";

START_TEST(what_was_made_is_taken_with_its_expiry)
{
	struct key key;
	char password[PASSWORD_TEXT + 1];
	uint64_t expiry = 0;

	key_random(&key);
	password_make(password, &key, session, 0x1122334455667788);
	ck_assert_uint_eq(strlen(password), PASSWORD_TEXT);
	ck_assert_int_eq(password_check(&key, session, password, &expiry), 0);
	ck_assert(expiry == 0x1122334455667788);
}
END_TEST

START_TEST(refuses_every_changed_character_and_every_truncation)
{
	struct key key;
	char password[PASSWORD_TEXT + 1], changed[PASSWORD_TEXT + 1];
	uint64_t expiry = 77;

	key_random(&key);
	password_make(password, &key, session, 5);
	for (size_t i = 0; i < PASSWORD_TEXT; i++) {
		memcpy(changed, password, sizeof changed);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		ck_assert_int_eq(password_check(&key, session, changed, &expiry), PASSWORD_REFUSED);
		memcpy(changed, password, sizeof changed);
		changed[i] = '\0';
		ck_assert_int_eq(password_check(&key, session, changed, &expiry), PASSWORD_REFUSED);
	}
	ck_assert(expiry == 77);
}
END_TEST

START_TEST(another_session_or_another_key_is_refused)
{
	struct key key, stranger;
	char password[PASSWORD_TEXT + 1];
	uint64_t expiry;

	key_random(&key);
	key_random(&stranger);
	password_make(password, &key, session, 5);
	ck_assert_int_eq(password_check(&key, other, password, &expiry), PASSWORD_REFUSED);
	ck_assert_int_eq(password_check(&stranger, session, password, &expiry), PASSWORD_REFUSED);
	ck_assert_int_eq(password_check(&key, "short", password, &expiry), PASSWORD_REFUSED);
}
END_TEST

UNIT("password", what_was_made_is_taken_with_its_expiry,
		refuses_every_changed_character_and_every_truncation,
		another_session_or_another_key_is_refused)
