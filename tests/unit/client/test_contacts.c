/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Who is a contact, and whose key it is. */
#include "tests/unit/client/people.h"

#include "client/lib/call_signal.h"
#include "client/lib/loss.h"

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

/* Bob, whom Alice does not know, writes n texts. */
static int insist(int n)
{
	struct parcel parcel;
	int rc = 0;

	add(&bob, "alice", &alice);
	for (int i = 0; i < n; i++) {
		say(&bob, "alice", &alice, "let me in");
		parcel = post(&bob);
		rc = deliver(&alice, &parcel);
	}
	return rc;
}

static struct contact the_request(struct person *a)
{
	struct contact c;

	ck_assert_int_eq(contact_by_request(&c, a->p, "request-"), 0);
	return c;
}

static int64_t texts(struct person *a)
{
	return count(a, "SELECT count(*) FROM message WHERE NOT out");
}

/* Everything that waits is delivered, and what is missing asked for and sent again. */
static void settle(void)
{
	struct person *const both[] = { &alice, &bob };
	struct parcel parcel;

	for (int round = 0; round < 4; round++)
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(loss_mend(both[i]->p), 0);
			while (count(both[i], "SELECT count(*) FROM outbox")) {
				parcel = post(both[i]);
				ck_assert_int_ge(deliver(both[!i], &parcel), 0);
			}
		}
}

START_TEST(a_request_may_lay_up_little_and_the_rest_comes_when_it_is_accepted)
{
	set_up();
	ck_assert_int_eq(insist(REQUEST_TEXTS_MOST), RECEIVE_NEW);
	ck_assert_int_eq(texts(&alice), REQUEST_TEXTS_MOST);
	for (int i = 0; i < 5; i++) {
		struct parcel parcel;

		say(&bob, "alice", &alice, "let me in");
		parcel = post(&bob);
		ck_assert_int_eq(deliver(&alice, &parcel), RECEIVE_JUNK);
		ck_assert_int_eq(deliver(&alice, &parcel), RECEIVE_JUNK);
	}
	ck_assert_int_eq(texts(&alice), REQUEST_TEXTS_MOST);
	ck_assert_int_eq(contact_accept(alice.p, the_request(&alice).name, "bob"), 0);
	alice.peer = &bob;
	settle();
	ck_assert_int_eq(texts(&alice), REQUEST_TEXTS_MOST + 5);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM missing"), 0);
	pass(&bob, "alice", &alice, "thank you");
	tear_down();
}
END_TEST

START_TEST(a_request_learns_nothing_and_an_ended_one_begins_again)
{
	struct contact c;

	set_up();
	insist(REQUEST_TEXTS_MOST + 2);
	ck_assert_int_eq(loss_mend(alice.p), 0);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM outbox"), 0);
	c = the_request(&alice);
	ck_assert_int_eq(contact_end(alice.p, &c), 0);
	ck_assert_int_eq(texts(&alice), 0);
	ck_assert_int_eq(contact_next(&c, alice.p, ""), CONTACT_NONE);
	test_now += 86401; /* then bob takes another bundle, as nobody has answered */
	pass(&bob, "alice", &alice, "again");
	ck_assert_int_eq(the_request(&alice).state, CONTACT_REQUEST);
	tear_down();
}
END_TEST

/* Deposited, as for somebody who is offline. */
static void call(struct person *from, const char *name, struct person *to)
{
	const struct call_signal signal = { .kind = CALL_MISSED, .call = { 1 }, .attempt = 1 };
	uint8_t body[CONTENT_TEXT_MOST];
	const struct outgoing out = { .contact = the_contact(from, name).id,
		.type = CONTENT_CALL,
		.body = body,
		.len = call_signal_write(body, &signal) };
	struct parcel parcel;

	ck_assert_int_eq(outbox_put(from->p, &out), 0);
	parcel = post(from);
	ck_assert_int_eq(deliver(to, &parcel), RECEIVE_NEW);
}

START_TEST(a_request_does_not_ring)
{
	set_up();
	insist(1);
	call(&bob, "alice", &alice);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM call_signal"), 0);
	ck_assert_int_eq(contact_accept(alice.p, the_request(&alice).name, "bob"), 0);
	call(&bob, "alice", &alice);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM call_signal"), 1);
	tear_down();
}
END_TEST

START_TEST(who_is_blocked_is_not_heard_and_who_was_a_contact_is_one_again)
{
	struct contact c;
	struct parcel parcel;

	set_up();
	ck_assert_int_eq(insist(1), RECEIVE_NEW);
	c = the_request(&alice);
	ck_assert_int_eq(contact_block(alice.p, "request-"), 0);
	ck_assert_int_eq(contact_by_request(&c, alice.p, "request-"), CONTACT_NONE);
	say(&bob, "alice", &alice, "hear me");
	parcel = post(&bob);
	ck_assert_int_eq(deliver(&alice, &parcel), RECEIVE_JUNK);
	ck_assert_int_eq(contact_unblock(alice.p, c.name), 0);
	c = the_request(&alice);
	ck_assert_int_eq(c.state, CONTACT_REQUEST);
	ck_assert_int_eq(contact_unblock(alice.p, c.name), CONTACT_NONE);
	ck_assert_int_eq(contact_accept(alice.p, c.name, "bob"), 0);
	pass(&alice, "bob", &bob, "hello");
	ck_assert_int_eq(contact_block(alice.p, "bob"), 0);
	say(&bob, "alice", &alice, "hear me");
	parcel = post(&bob);
	ck_assert_int_eq(deliver(&alice, &parcel), RECEIVE_JUNK);
	ck_assert_int_eq(contact_unblock(alice.p, "bob"), 0);
	ck_assert_int_eq(the_contact(&alice, "bob").state, CONTACT_ACCEPTED);
	pass(&bob, "alice", &alice, "thank you");
	tear_down();
}
END_TEST

START_TEST(a_request_is_called_by_as_much_as_tells_it_from_others)
{
	struct contact c;

	set_up();
	ck_assert_int_eq(q_run(alice.p->db,
					 "INSERT INTO contact (name, state, identity_hash) VALUES "
					 "('request-12', 0, 'a'), ('request-123', 0, 'b'), "
					 "('request-2', 0, 'c'), ('request-3', 2, 'd'), "
					 "('request-4', 1, 'e')",
					 ""),
			0);
	ck_assert_int_eq(contact_by_request(&c, alice.p, "request-2"), 0);
	ck_assert_int_eq(contact_by_request(&c, alice.p, "request-1"), CONTACT_NONE);
	ck_assert_int_eq(contact_by_request(&c, alice.p, "request-12"), 0);
	ck_assert_str_eq(c.name, "request-12");
	ck_assert_int_eq(contact_by_request(&c, alice.p, "request-3"), CONTACT_NONE);
	ck_assert_int_eq(contact_by_request(&c, alice.p, "request-4"), CONTACT_NONE);
	ck_assert_int_eq(contact_by_request(&c, alice.p, ""), CONTACT_NONE);
	ck_assert_int_eq(contact_accept(alice.p, "request-2", "request-4"), CONTACT_EXISTS);
	ck_assert_int_eq(contact_accept(alice.p, "request-2", ""), CONTACT_BAD_NAME);
	tear_down();
}
END_TEST

START_TEST(a_renamed_contact_stays_who_it_is)
{
	set_up();
	add(&alice, "bob", &bob);
	add(&bob, "alice", &alice);
	pass(&alice, "bob", &bob, "hello");
	verify(&alice, "bob", true);
	ck_assert_int_eq(contact_rename(alice.p, "bob", "robert"), 0);
	ck_assert_int_eq(contact_rename(alice.p, "bob", "robert"), CONTACT_NONE);
	ck_assert_int_eq(contact_rename(alice.p, "robert", ""), CONTACT_BAD_NAME);
	ck_assert_int_eq(the_contact(&alice, "robert").trust, CONTACT_VERIFIED);
	pass(&alice, "robert", &bob, "hello");
	ck_assert_int_eq(q_run(alice.p->db,
					 "INSERT INTO contact (name, state, identity_hash) VALUES "
					 "('carol', 1, 'c')",
					 ""),
			0);
	ck_assert_int_eq(contact_rename(alice.p, "robert", "carol"), CONTACT_EXISTS);
	tear_down();
}
END_TEST

/* SQLite gives the newest row's id again. */
START_TEST(a_bundle_that_comes_after_the_end_is_nobody_elses)
{
	struct contact_link link;
	struct contact c;

	set_up();
	add(&alice, "bob", &bob);
	c = the_contact(&alice, "bob");
	ck_assert_int_eq(contact_end(alice.p, &c), 0);
	link = c.link;
	link.identity_hash[0] ^= 1;
	ck_assert_int_eq(contact_add(alice.p, "carol", &link), 0);
	ck_assert_int_eq(the_contact(&alice, "carol").id, c.id);
	ck_assert_int_eq(conversation_begin(alice.p, &c, bob.bundles.one_time[0]), BUNDLE_BAD);
	ck_assert(!the_contact(&alice, "carol").has_identity);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM session"), 0);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM peer_turn"), 0);
	tear_down();
}
END_TEST

/* As a disk does that is full. */
static int refuse(void *userdata)
{
	(void)userdata;
	return 1;
}

START_TEST(what_cannot_be_stored_is_not_said_to_be)
{
	uint8_t value[4];
	const struct q_blob into = { value, sizeof value };

	set_up();
	add(&alice, "bob", &bob);
	sqlite3_commit_hook(alice.p->db, refuse, NULL);
	ck_assert_int_eq(contact_rename(alice.p, "bob", "robert"), E_IO);
	ck_assert_int_eq(q_blob(&into, alice.p->db,
					 "INSERT INTO meta VALUES ('it', X'01020304') RETURNING "
					 "value",
					 ""),
			E_IO);
	sqlite3_commit_hook(alice.p->db, NULL, NULL);
	ck_assert_int_eq(the_contact(&alice, "bob").state, CONTACT_ACCEPTED);
	ck_assert_int_eq(contact_rename(alice.p, "bob", "robert"), 0);
	ck_assert_int_eq(the_contact(&alice, "robert").state, CONTACT_ACCEPTED);
	tear_down();
}
END_TEST

UNIT("contacts", both_see_one_safety_number_once_a_message_has_passed,
		verified_is_a_key_and_no_other_one,
		a_link_with_another_key_never_becomes_a_contact_that_is_there,
		one_person_is_one_contact_and_nobody_is_ones_own, names_are_short_utf8,
		a_request_may_lay_up_little_and_the_rest_comes_when_it_is_accepted,
		a_request_learns_nothing_and_an_ended_one_begins_again, a_request_does_not_ring,
		who_is_blocked_is_not_heard_and_who_was_a_contact_is_one_again,
		a_request_is_called_by_as_much_as_tells_it_from_others,
		a_renamed_contact_stays_who_it_is,
		a_bundle_that_comes_after_the_end_is_nobody_elses,
		what_cannot_be_stored_is_not_said_to_be)
