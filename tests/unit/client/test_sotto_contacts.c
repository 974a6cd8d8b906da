/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The public functions around people: what is found of them, changed, and compared. */
#include "tests/unit/client/opened.h"

static int hear_contact(void *userdata, const struct sotto_contact *c)
{
	(void)userdata;
	note("%s:%d%s%d ", c->name, (int)c->state, c->receipts ? "r" : "", (int)c->trust);
	return 0;
}

static const char *who_is(const char *name)
{
	forget();
	ck_assert_int_eq(sotto_find(opened, name, hear_contact, NULL), 0);
	return heard;
}

START_TEST(one_is_found_by_name_and_by_link)
{
	struct contact_link link;
	char text[SOTTO_LINK_ROOM];

	meet_and_open();
	ck_assert_str_eq(who_is("alice"), "alice:10 ");
	ck_assert_int_eq(sotto_find(opened, "nobody", hear_contact, NULL), SOTTO_NO_CONTACT);
	profile_link(alice.p, &link);
	link_write(text, &link);
	ck_assert_int_eq(sotto_kind_of(text), SOTTO_LINK_CONTACT);
	forget();
	ck_assert_int_eq(sotto_whose_link(opened, text, hear_contact, NULL), 0);
	ck_assert_str_eq(heard, "alice:10 ");
	sotto_link(opened, text);
	ck_assert_int_eq(sotto_whose_link(opened, text, hear_contact, NULL), SOTTO_NO_CONTACT);
	ck_assert_int_eq(sotto_whose_link(opened, "x", hear_contact, NULL), SOTTO_BAD_LINK);
	ck_assert_int_eq(sotto_add(opened, "me", text), SOTTO_OWN_LINK);
	part();
}
END_TEST

START_TEST(a_person_is_renamed_blocked_and_unblocked)
{
	meet_and_open();
	ck_assert_int_eq(sotto_rename(opened, "alice", ""), SOTTO_BAD_NAME);
	ck_assert_int_eq(sotto_rename(opened, "nobody", "anna"), SOTTO_NO_CONTACT);
	ck_assert_int_eq(sotto_rename(opened, "alice", "anna"), 0);
	ck_assert_str_eq(who_is("anna"), "anna:10 ");
	ck_assert_int_eq(sotto_unblock(opened, "anna"), SOTTO_NO_CONTACT);
	ck_assert_int_eq(sotto_block(opened, "anna"), 0);
	ck_assert_str_eq(who_is("anna"), "anna:20 ");
	ck_assert_int_eq(sotto_unblock(opened, "anna"), 0);
	ck_assert_str_ne(who_is("anna"), "anna:20 ");
	part();
}
END_TEST

START_TEST(receipts_are_seen_as_they_were_set)
{
	meet_and_open();
	ck_assert_int_eq(sotto_set_receipts(opened, "nobody", true), SOTTO_NO_CONTACT);
	ck_assert_int_eq(sotto_set_receipts(opened, "alice", true), 0);
	ck_assert_str_eq(who_is("alice"), "alice:1r0 ");
	ck_assert_int_eq(sotto_set_receipts(opened, "alice", false), 0);
	ck_assert_str_eq(who_is("alice"), "alice:10 ");
	part();
}
END_TEST

static int hear_request(void *userdata, const struct sotto_request *r)
{
	note("%.8s%s%u ", r->name, r->has_more ? "more" : "", r->n_texts);
	snprintf(userdata, SOTTO_NAME_MOST + 1, "%s", r->name);
	return 0;
}

START_TEST(a_stranger_is_a_request_that_is_accepted_by_name)
{
	struct person carl;
	char name[SOTTO_NAME_MOST + 1] = "";
	uint32_t n = 7;

	meet_and_open();
	ck_assert_int_eq(sotto_requests(opened, hear_request, name), 0);
	ck_assert_str_eq(heard, "");
	person_make(&carl);
	add(&carl, "bob", &bob);
	pass(&carl, "bob", &bob, "hello");
	ck_assert_int_eq(sotto_requests(opened, hear_request, name), 0);
	ck_assert_str_eq(heard, "request-1 ");
	ck_assert_int_eq(sotto_held(opened, &n), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(sotto_accept(opened, name, "alice"), SOTTO_EXISTS);
	/* The mailbox needs a server; the rest is done. */
	ck_assert_int_eq(sotto_accept(opened, name, "carl"), SOTTO_E_NETWORK);
	ck_assert_str_eq(who_is("carl"), "carl:10 ");
	person_end(&carl);
	part();
}
END_TEST

START_TEST(what_both_see_is_compared_and_noted_apart)
{
	struct sotto_safety own;
	struct safety theirs;
	struct contact c;
	char code[SAFETY_TEXT + 1];

	meet_and_open();
	ck_assert_int_eq(sotto_safety_number(opened, "nobody", &own), SOTTO_NO_CONTACT);
	ck_assert_int_eq(sotto_safety_number(opened, "alice", &own), 0);
	c = the_contact(&alice, "bob");
	ck_assert_int_eq(contact_safety(&theirs, alice.p, &c), 0);
	ck_assert_str_eq(own.digits, theirs.digits);
	safety_text(code, &theirs);
	ck_assert_int_eq(sotto_compare(opened, "alice", own.digits), 0);
	ck_assert_int_eq(sotto_compare(opened, "alice", code), 0);
	ck_assert_int_eq(sotto_compare(opened, "alice", own.code), SOTTO_OTHER_NUMBER);
	ck_assert_int_eq(sotto_compare(opened, "alice", "12345"), SOTTO_BAD_NUMBER);
	own.digits[0] = own.digits[0] == '1' ? '2' : '1';
	ck_assert_int_eq(sotto_compare(opened, "alice", own.digits), SOTTO_OTHER_NUMBER);
	ck_assert_str_eq(who_is("alice"), "alice:10 ");
	ck_assert_int_eq(sotto_verify(opened, "alice", true), 0);
	ck_assert_str_eq(who_is("alice"), "alice:11 ");
	ck_assert_int_eq(sotto_verify(opened, "alice", false), 0);
	ck_assert_str_eq(who_is("alice"), "alice:10 ");
	part();
}
END_TEST

START_TEST(a_key_that_is_not_here_has_no_number)
{
	struct person carl;
	struct sotto_safety safety;

	meet_and_open();
	person_make(&carl);
	add(&bob, "carl", &carl);
	ck_assert_int_eq(sotto_safety_number(opened, "carl", &safety), SOTTO_NO_KEY);
	ck_assert_int_eq(sotto_compare(opened, "carl", "1"), SOTTO_NO_KEY);
	person_end(&carl);
	part();
}
END_TEST

UNIT("sotto_contacts", one_is_found_by_name_and_by_link, a_person_is_renamed_blocked_and_unblocked,
		receipts_are_seen_as_they_were_set,
		a_stranger_is_a_request_that_is_accepted_by_name,
		what_both_see_is_compared_and_noted_apart, a_key_that_is_not_here_has_no_number)
