/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Who is a contact, and whose key it is. */
#include "tests/unit/client/people.h"

#define OTHER_KEY "X'0909090909090909090909090909090909090909090909090909090909090909'"

static struct contact_link link_of(const struct person *a)
{
	struct contact_link link;

	profile_link(a->p, &link);
	return link;
}

static void verify(struct person *a, const char *name, bool is)
{
	struct contact c = the_contact(a, name);

	ck_assert_int_eq(contact_verify(a->p, &c, is), 0);
}

START_TEST(both_see_one_safety_number_once_a_message_has_passed)
{
	struct safety alices, bobs;
	struct contact c;
	char text[SAFETY_TEXT + 1];

	set_up();
	add(&alice, "bob", &bob);
	add(&bob, "alice", &alice);
	c = the_contact(&alice, "bob");
	ck_assert_int_eq(contact_safety(&alices, alice.p, &c), CONTACT_NONE);
	pass(&alice, "bob", &bob, "hello");
	c = the_contact(&alice, "bob");
	ck_assert_int_eq(contact_safety(&alices, alice.p, &c), 0);
	c = the_contact(&bob, "alice");
	ck_assert_int_eq(contact_safety(&bobs, bob.p, &c), 0);
	ck_assert_str_eq(alices.digits, bobs.digits);
	safety_text(text, &alices);
	ck_assert_int_eq(safety_compare(&bobs, text), 0);
	tear_down();
}
END_TEST

START_TEST(verified_is_a_key_and_no_other_one)
{
	set_up();
	add(&alice, "bob", &bob);
	add(&bob, "alice", &alice);
	ck_assert_int_eq(the_contact(&alice, "bob").trust, CONTACT_UNVERIFIED);
	verify(&alice, "bob", true); /* by the link, before there was a message */
	pass(&alice, "bob", &bob, "hello");
	ck_assert_int_eq(the_contact(&alice, "bob").trust, CONTACT_VERIFIED);
	ck_assert_int_eq(the_contact(&bob, "alice").trust, CONTACT_UNVERIFIED);
	verify(&alice, "bob", false);
	ck_assert_int_eq(the_contact(&alice, "bob").trust, CONTACT_UNVERIFIED);
	verify(&alice, "bob", true);
	ck_assert_int_eq(q_run(alice.p->db, "UPDATE contact SET identity = " OTHER_KEY, ""), 0);
	ck_assert_int_eq(the_contact(&alice, "bob").trust, CONTACT_KEY_CHANGED);
	tear_down();
}
END_TEST

START_TEST(a_link_with_another_key_never_becomes_a_contact_that_is_there)
{
	struct contact_link link, forged;
	struct contact c;

	set_up();
	link = link_of(&bob);
	forged = link;
	add(&alice, "bob", &bob);
	verify(&alice, "bob", true);
	forged.identity_hash[0] ^= 1;
	ck_assert_int_eq(contact_add(alice.p, "bob", &forged), CONTACT_EXISTS);
	c = the_contact(&alice, "bob");
	ck_assert_mem_eq(c.link.identity_hash, link.identity_hash, HASH_BYTES);
	ck_assert_int_eq(c.trust, CONTACT_VERIFIED);
	ck_assert_int_eq(contact_add(alice.p, "bob too", &forged), 0);
	ck_assert_int_eq(the_contact(&alice, "bob too").trust, CONTACT_UNVERIFIED);
	tear_down();
}
END_TEST

START_TEST(one_person_is_one_contact_and_nobody_is_ones_own)
{
	struct contact_link link, own;
	struct contact c;

	set_up();
	link = link_of(&bob);
	own = link_of(&alice);
	add(&alice, "bob", &bob);
	ck_assert_int_eq(contact_add(alice.p, "robert", &link), CONTACT_EXISTS);
	ck_assert_int_eq(contact_by_link(&c, alice.p, &link), 0);
	ck_assert_str_eq(c.name, "bob");
	ck_assert_int_eq(contact_by_link(&c, alice.p, &own), CONTACT_NONE);
	ck_assert_int_eq(contact_add(alice.p, "me", &own), CONTACT_SELF);
	tear_down();
}
END_TEST

START_TEST(names_are_short_utf8)
{
	struct contact_link link;
	char name[CONTACT_NAME_MOST + 2];

	set_up();
	link = link_of(&bob);
	memset(name, 'n', sizeof name);
	name[CONTACT_NAME_MOST + 1] = '\0';
	ck_assert_int_eq(contact_add(alice.p, name, &link), CONTACT_BAD_NAME);
	ck_assert_int_eq(contact_add(alice.p, "", &link), CONTACT_BAD_NAME);
	ck_assert_int_eq(contact_add(alice.p, "b\xff", &link), CONTACT_BAD_NAME);
	name[CONTACT_NAME_MOST] = '\0';
	ck_assert_int_eq(contact_add(alice.p, name, &link), 0);
	tear_down();
}
END_TEST

UNIT("contacts", both_see_one_safety_number_once_a_message_has_passed,
		verified_is_a_key_and_no_other_one,
		a_link_with_another_key_never_becomes_a_contact_that_is_there,
		one_person_is_one_contact_and_nobody_is_ones_own, names_are_short_utf8)
