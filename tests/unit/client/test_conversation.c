/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Two people in one process, with a clock of the test's: what one sends the other reads, once, in any order. */
#include "client/lib/conversation.h"
#include "client/lib/store.h"
#include "client/lib/turns.h"
#include "libshared/error.h"
#include "tests/unit/unit.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static int64_t test_now = 1000000;

static int64_t test_clock(void *clock)
{
	(void)clock;
	return test_now;
}

struct person {
	char dir[32];
	struct profile *p;
	struct bundle_batch bundles;
	int next_bundle;
};

static void remove_dir(const char *dir)
{
	static const char *const files[] = { "key", "db", "db-wal", "db-shm" };
	char path[64];

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

static void person_make(struct person *a)
{
	uint8_t onion[32];
	struct own_mailbox inbox;

	randombytes_buf(onion, sizeof onion);
	snprintf(a->dir, sizeof a->dir, "/tmp/so.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(a->dir));
	ck_assert_int_eq(profile_create(&a->p, a->dir, "correct horse", onion), 0);
	a->p->now_s = test_clock;
	ck_assert_int_eq(mailbox_for(&inbox, a->p, 0), 0);
	ck_assert_int_eq(mailbox_made(a->p, inbox.id), 0);
	ck_assert_int_eq(bundle_make_batch(a->p, &a->bundles, false), 0);
	a->next_bundle = 0;
}

static void person_end(struct person *a)
{
	profile_close(a->p);
	remove_dir(a->dir);
}

static struct contact the_contact(struct person *a, const char *name)
{
	struct contact c;

	ck_assert_int_eq(contact_by_name(&c, a->p, name), 0);
	return c;
}

static void add(struct person *a, const char *name, struct person *b)
{
	struct contact_link link;
	char text[LINK_TEXT + 1];

	profile_link(b->p, &link);
	link_write(text, &link);
	ck_assert_int_eq(link_read(&link, text), 0);
	ck_assert_int_eq(contact_add(a->p, name, &link), 0);
}

/* Sends, fetching a bundle of the peer when one is needed. */
static void say(struct person *a, const char *name, struct person *peer, const char *text)
{
	struct contact c = the_contact(a, name);
	struct own_mailbox box;
	int rc;

	ck_assert_int_eq(mailbox_for(&box, a->p, c.id), 0);
	ck_assert_int_eq(mailbox_made(a->p, box.id), 0);
	rc = conversation_send(a->p, &c, text);
	if (rc == SEND_NEEDS_BUNDLE) {
		ck_assert_int_eq(conversation_begin(a->p, &c, peer->bundles.one_time[peer->next_bundle++]), 0);
		rc = conversation_send(a->p, &c, text);
	}
	ck_assert_int_eq(rc, 0);
}

/* Takes the oldest parcel of a's outbox. */
static struct parcel post(struct person *a)
{
	struct parcel parcel;

	ck_assert_int_eq(outbox_next(&parcel, a->p, 0), 0);
	ck_assert_int_eq(outbox_done(a->p, parcel.id), 0);
	return parcel;
}

/* Delivers to whichever mailbox of b has that deposit secret. */
static int deliver(struct person *b, const struct parcel *parcel)
{
	struct own_mailbox box = { .id = 0 };

	while (mailbox_next(&box, b->p, box.id) == 0)
		if (key_equal(&box.deposit, &parcel->address.deposit))
			return conversation_receive(b->p, &box, parcel->packet);
	return E_BUG;
}

static int64_t count(struct person *a, const char *sql)
{
	int64_t n = -1;

	ck_assert_int_eq(q_number(&n, a->p->db, sql, ""), 0);
	return n;
}

static void last_text(struct person *a, char *out, size_t size)
{
	sqlite3_stmt *s;

	ck_assert_int_eq(q_open(&s, a->p->db, "SELECT text FROM message WHERE NOT out ORDER BY id DESC LIMIT 1", ""), 0);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	snprintf(out, size, "%s", (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
}

static void pass(struct person *from, const char *name, struct person *to, const char *text)
{
	struct parcel parcel;
	char got[CONTENT_TEXT_MOST + 1];

	say(from, name, to, text);
	parcel = post(from);
	ck_assert_int_eq(deliver(to, &parcel), RECEIVE_NEW);
	last_text(to, got, sizeof got);
	ck_assert_str_eq(got, text);
}

static struct person alice, bob;

static void set_up(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	person_make(&alice);
	person_make(&bob);
}

static void tear_down(void)
{
	person_end(&alice);
	person_end(&bob);
}

START_TEST(two_people_talk_and_a_stranger_is_a_request_until_accepted)
{
	char name[CONTACT_NAME_MOST + 1];
	sqlite3_stmt *s;

	set_up();
	add(&bob, "alice", &alice);
	pass(&bob, "alice", &alice, "hello");
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM contact WHERE state = 0"), 1);
	ck_assert_int_eq(q_open(&s, alice.p->db, "SELECT name FROM contact", ""), 0);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	snprintf(name, sizeof name, "%s", (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	ck_assert_int_eq(contact_accept(alice.p, name), 0);
	pass(&alice, name, &bob, "hello yourself");
	for (int i = 0; i < 20; i++) {
		pass(&bob, "alice", &alice, "ping");
		pass(&alice, name, &bob, "pong");
	}
	tear_down();
}
END_TEST

START_TEST(a_packet_counts_once_and_a_changed_one_not_at_all)
{
	struct parcel parcel, broken;

	set_up();
	add(&bob, "alice", &alice);
	say(&bob, "alice", &alice, "once");
	parcel = broken = post(&bob);
	for (size_t i = 0; i < BLOB_BYTES; i += 61) {
		broken.packet[i] ^= 1;
		ck_assert_int_eq(deliver(&alice, &broken), RECEIVE_JUNK);
		broken.packet[i] ^= 1;
	}
	ck_assert_int_eq(deliver(&alice, &parcel), RECEIVE_NEW);
	ck_assert_int_eq(deliver(&alice, &parcel), RECEIVE_DUPLICATE);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM message"), 1);
	tear_down();
}
END_TEST

START_TEST(both_may_begin_at_once_and_packets_may_cross_and_be_late)
{
	struct parcel from_bob[6], from_alice[6];

	set_up();
	add(&bob, "alice", &alice);
	add(&alice, "bob", &bob);
	for (int i = 0; i < 6; i++) {
		say(&bob, "alice", &alice, "b");
		from_bob[i] = post(&bob);
		say(&alice, "bob", &bob, "a");
		from_alice[i] = post(&alice);
	}
	for (int i = 5; i >= 0; i--) {
		ck_assert_int_eq(deliver(&alice, &from_bob[i]), RECEIVE_NEW);
		ck_assert_int_eq(deliver(&bob, &from_alice[i]), RECEIVE_NEW);
	}
	for (int i = 0; i < 5; i++) {
		pass(&bob, "alice", &alice, "again");
		pass(&alice, "bob", &bob, "and again");
	}
	tear_down();
}
END_TEST

START_TEST(long_texts_are_split_between_characters)
{
	char text[5 * CONTENT_TEXT_MOST], got[CONTENT_TEXT_MOST + 1], all[5 * CONTENT_TEXT_MOST] = "";
	struct parcel parcel;

	for (size_t i = 0; i + 2 < sizeof text; i += 2)
		memcpy(text + i, "\xc3\xa9", 3);
	set_up();
	add(&bob, "alice", &alice);
	say(&bob, "alice", &alice, text);
	while (outbox_next(&parcel, bob.p, 0) == 0) {
		ck_assert_int_eq(outbox_done(bob.p, parcel.id), 0);
		ck_assert_int_eq(deliver(&alice, &parcel), RECEIVE_NEW);
		last_text(&alice, got, sizeof got);
		strcat(all, got);
	}
	ck_assert_str_eq(all, text);
	tear_down();
}
END_TEST

START_TEST(a_sealing_secret_dies_quiet_and_not_before)
{
	struct own_mailbox box;
	int64_t living;

	set_up();
	add(&bob, "alice", &alice);
	add(&alice, "bob", &bob);
	for (int i = 0; i < 4; i++) {
		pass(&bob, "alice", &alice, "x");
		pass(&alice, "bob", &bob, "y");
	}
	living = count(&alice, "SELECT count(*) FROM sealing WHERE base IS NOT NULL");
	ck_assert_int_gt(living, 1);
	ck_assert_int_eq(turns_forget(alice.p), 0);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM sealing WHERE base IS NOT NULL"), living);
	test_now += QUIET_S;
	ck_assert_int_eq(mailbox_for(&box, alice.p, the_contact(&alice, "bob").id), 0);
	ck_assert_int_eq(mailbox_seen_empty(alice.p, box.id), 0);
	ck_assert_int_eq(turns_forget(alice.p), 0);
	ck_assert_int_lt(count(&alice, "SELECT count(*) FROM sealing WHERE base IS NOT NULL"), living);
	pass(&bob, "alice", &alice, "still understood");
	pass(&alice, "bob", &bob, "still");
	tear_down();
}
END_TEST

START_TEST(sixty_days_away_lose_nothing_that_was_kept)
{
	struct parcel waiting[8];

	set_up();
	add(&bob, "alice", &alice);
	add(&alice, "bob", &bob);
	pass(&bob, "alice", &alice, "before");
	pass(&alice, "bob", &bob, "before");
	for (int i = 0; i < 8; i++) {
		say(&bob, "alice", &alice, "while you were away");
		waiting[i] = post(&bob);
		test_now += 7 * 86400;
		ck_assert_int_eq(turns_forget(bob.p), 0);
	}
	ck_assert_int_eq(turns_forget(alice.p), 0);
	for (int i = 0; i < 8; i += 2) /* the others were lost */
		ck_assert_int_eq(deliver(&alice, &waiting[i]), RECEIVE_NEW);
	pass(&alice, "bob", &bob, "back again");
	pass(&bob, "alice", &alice, "welcome");
	tear_down();
}
END_TEST

START_TEST(a_wrong_passphrase_opens_nothing)
{
	struct profile *p = NULL;

	set_up();
	ck_assert_int_eq(profile_open(&p, alice.dir, "wrong"), E_LOCKED);
	ck_assert_ptr_null(p);
	tear_down();
}
END_TEST

START_TEST(a_bundle_of_another_person_or_changed_is_refused)
{
	struct contact c;

	set_up();
	add(&bob, "alice", &alice);
	c = the_contact(&bob, "alice");
	ck_assert_int_eq(conversation_begin(bob.p, &c, bob.bundles.one_time[0]), BUNDLE_BAD);
	alice.bundles.one_time[0][100] ^= 1;
	ck_assert_int_eq(conversation_begin(bob.p, &c, alice.bundles.one_time[0]), BUNDLE_BAD);
	ck_assert_int_eq(conversation_begin(bob.p, &c, alice.bundles.last_resort), 0);
	tear_down();
}
END_TEST

UNIT("conversation", two_people_talk_and_a_stranger_is_a_request_until_accepted,
	a_packet_counts_once_and_a_changed_one_not_at_all, both_may_begin_at_once_and_packets_may_cross_and_be_late,
	long_texts_are_split_between_characters, a_sealing_secret_dies_quiet_and_not_before,
	sixty_days_away_lose_nothing_that_was_kept, a_wrong_passphrase_opens_nothing,
	a_bundle_of_another_person_or_changed_is_refused)
