/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Two people in one process, with a clock of the test's: what one sends the other reads, once, in
 * any order. */
#include "tests/unit/client/people.h"

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
	ck_assert_int_eq(contact_accept(alice.p, name, "bob"), 0);
	pass(&alice, "bob", &bob, "hello yourself");
	for (int i = 0; i < 20; i++) {
		pass(&bob, "alice", &alice, "ping");
		pass(&alice, "bob", &bob, "pong");
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
	char text[5 * CONTENT_TEXT_MOST], got[sizeof text];

	for (size_t i = 0; i + 2 < sizeof text; i += 2)
		memcpy(text + i, "\xc3\xa9", 3);
	set_up();
	add(&bob, "alice", &alice);
	say(&bob, "alice", &alice, text);
	for (int64_t contact; outbox_contact(&contact, bob.p, 0) == 0;)
		carry(&bob, &alice); /* a part that is no UTF-8 would be junk */
	last_text(&alice, got, sizeof got);
	ck_assert_str_eq(got, text);
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
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM sealing WHERE base IS NOT NULL"),
			living);
	test_now += QUIET_S;
	ck_assert_int_eq(mailbox_for(&box, alice.p, the_contact(&alice, "bob").id), 0);
	ck_assert_int_eq(mailbox_seen_empty(alice.p, &box), 0);
	ck_assert_int_eq(turns_forget(alice.p), 0);
	ck_assert_int_lt(count(&alice, "SELECT count(*) FROM sealing WHERE base IS NOT NULL"),
			living);
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

/* Whoever holds a sealing secret could put another envelope around the session's message: the guard
 * tells. */
START_TEST(another_envelope_around_a_message_is_junk)
{
	struct parcel parcel, forged;
	struct inside in;
	uint8_t secret[HPKE_SECRET_BYTES], public_key[HPKE_PUBLIC_BYTES], hash[HASH_BYTES],
			deposit[HASH_BYTES];
	const struct opener opener = { secret, hash, deposit };
	sqlite3_stmt *s;
	bool opened = false;

	set_up();
	add(&bob, "alice", &alice);
	say(&bob, "alice", &alice, "genuine");
	parcel = forged = post(&bob);
	hash256(deposit, parcel.address.deposit.b, KEY_BYTES);
	ck_assert_int_eq(
			q_open(&s, alice.p->db, "SELECT key_hash, secret, public FROM sealing", ""),
			0);
	while (!opened && sqlite3_step(s) == SQLITE_ROW) {
		ck_assert(q_column(hash, sizeof hash, s, 0) &&
				q_column(secret, sizeof secret, s, 1) &&
				q_column(public_key, sizeof public_key, s, 2));
		opened = packet_open(&in, parcel.packet, &opener) == 0;
	}
	sqlite3_finalize(s);
	ck_assert(opened);
	in.next_key[0] ^= 1;
	ck_assert_int_eq(packet_seal(forged.packet, &in, public_key, deposit), 0);
	ck_assert_int_eq(deliver(&alice, &forged), RECEIVE_JUNK);
	ck_assert_int_eq(deliver(&alice, &parcel), RECEIVE_NEW);
	tear_down();
}
END_TEST

/* True when any file of the profile holds those bytes. */
static bool files_hold(const struct person *a, const void *bytes, size_t len)
{
	bool found = false;

	for (size_t i = 0; i < ARRAY_LEN(profile_files); i++) {
		char path[64];
		uint8_t *all = malloc(1 << 24);
		size_t n = 0;
		FILE *file;

		snprintf(path, sizeof path, "%s/%s", a->dir, profile_files[i]);
		file = fopen(path, "re");
		ck_assert_ptr_nonnull(all);
		if (file) {
			n = fread(all, 1, 1 << 24, file);
			fclose(file);
		}
		found = found || memmem(all, n, bytes, len);
		free(all);
	}
	return found;
}

START_TEST(the_files_hold_nothing_readable)
{
	static const char text[] = "a sentence that must not be found";
	char path[64];

	set_up();
	add(&bob, "alice", &alice);
	pass(&bob, "alice", &alice, text);
	ck_assert(files_hold(&alice, "SOTTOKEY", 8)); /* the search itself works */
	snprintf(path, sizeof path, "%s/db.%d-wal", alice.dir, alice.p->vault.database);
	ck_assert_int_eq(access(path, R_OK), 0); /* and what was written last is still there */
	ck_assert(!files_hold(&alice, alice.p->vault.key.b, KEY_BYTES));
	ck_assert(!files_hold(&alice, text, sizeof text - 1));
	ck_assert(!files_hold(&bob, text, sizeof text - 1));
	ck_assert(!files_hold(&bob, "sealing", 7)); /* no word of the schema */
	ck_assert(!files_hold(&bob, bob.p->identity, sizeof bob.p->identity));
	ck_assert(!files_hold(&bob, "SQLite format", 13));
	tear_down();
}
END_TEST

START_TEST(a_wrong_passphrase_opens_nothing)
{
	struct vault vault;

	set_up();
	ck_assert_int_eq(profile_unlock(&vault, alice.dir, "wrong"), E_LOCKED);
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

/* --- what a reviewer broke ---------------------------------------------- */

static void sql(struct person *a, const char *statement)
{
	ck_assert_int_eq(q_run(a->p->db, statement, ""), 0);
}

/* All mailboxes are empty; what is quiet is forgotten. */
static void rest(struct person *a)
{
	struct own_mailbox box = { .id = 0 };

	while (mailbox_next(&box, a->p, box.id) == 0)
		ck_assert_int_eq(mailbox_seen_empty(a->p, &box), 0);
	ck_assert_int_eq(turns_forget(a->p), 0);
}

START_TEST(a_bundles_sealing_key_lives_until_a_later_turn_was_opened)
{
	static const char used[] =
			"SELECT count(*) FROM sealing WHERE turn = 0 AND base IS NOT NULL";

	set_up();
	add(&alice, "bob", &bob);
	add(&bob, "alice", &alice);
	pass(&alice, "bob", &bob, "one");
	for (int day = 0; day < 60; day++) {
		rest(&bob);
		test_now += 86400;
	}
	pass(&alice, "bob", &bob, "two, unanswered still: by a fresh bundle");
	ck_assert_int_eq(count(&bob, used), 2);
	pass(&bob, "alice", &alice, "an answer");
	pass(&alice, "bob", &bob, "under a later turn");
	rest(&bob);
	ck_assert_int_eq(count(&bob, used), 2);
	test_now += QUIET_S;
	rest(&bob);
	ck_assert_int_eq(count(&bob, used), 1); /* the first session's newest */
	pass(&alice, "bob", &bob, "understood");
	tear_down();
}
END_TEST

/* While `trouble` stands, the packet is not refused but fails, and leaves no trace; then it is
 * received. */
static void fails_and_recovers(const char *trouble, const char *relief)
{
	struct parcel parcel;

	say(&alice, "bob", &bob, "hi");
	parcel = post(&alice);
	sql(&bob, trouble);
	ck_assert_int_eq(deliver(&bob, &parcel), E_IO);
	sql(&bob, relief);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_NEW);
}

START_TEST(a_failing_disk_is_not_junk)
{
	set_up();
	add(&alice, "bob", &bob);
	fails_and_recovers("CREATE TRIGGER full BEFORE INSERT ON session BEGIN SELECT RAISE(ABORT, "
			   "'full'); END",
			"DROP TRIGGER full");
	fails_and_recovers(
			"ALTER TABLE session RENAME TO lost", "ALTER TABLE lost RENAME TO session");
	add(&bob, "alice", &alice);
	pass(&bob, "alice", &alice, "an answer");
	fails_and_recovers(
			"ALTER TABLE session RENAME TO lost", "ALTER TABLE lost RENAME TO session");
	tear_down();
}
END_TEST

START_TEST(a_failing_disk_does_not_look_like_no_session)
{
	struct contact c;
	struct parcel parcel;

	set_up();
	add(&alice, "bob", &bob);
	pass(&alice, "bob", &bob, "hi");
	c = the_contact(&alice, "bob");
	ck_assert_int_eq(conversation_send(alice.p, &c, "x"), 0);
	sql(&alice, "ALTER TABLE session RENAME TO lost");
	ck_assert_int_eq(outbox_next(&parcel, alice.p, c.id), E_IO);
	sql(&alice, "ALTER TABLE lost RENAME TO session");
	parcel = post(&alice);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_NEW);
	tear_down();
}
END_TEST

START_TEST(a_request_is_named_by_half_the_hash)
{
	char name[CONTACT_NAME_MOST + 1] = "request-";
	struct contact c;
	uint8_t hash[HASH_BYTES];

	set_up();
	add(&alice, "bob", &bob);
	link_identity_hash(hash, alice.p->identity);
	sodium_bin2hex(name + 8, 33, hash, 16);
	pass(&alice, "bob", &bob, "hi");
	c = the_contact(&bob, name);
	ck_assert_mem_eq(c.identity, alice.p->identity, sizeof c.identity);
	tear_down();
}
END_TEST

/* As many as there may be. */
static void fill_requests(struct person *a)
{
	sql(a,
			"WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i "
			"< 32) "
			"INSERT INTO contact (name, state, identity_hash) SELECT 'r' || i, 0, "
			"CAST('r' || i AS BLOB) FROM n");
}

START_TEST(a_request_without_room_is_held_a_day)
{
	struct parcel early, late;

	set_up();
	add(&alice, "bob", &bob);
	fill_requests(&bob);
	say(&alice, "bob", &bob, "hi");
	early = post(&alice);
	ck_assert_int_eq(deliver(&bob, &early), RECEIVE_HELD);
	test_now += 86399;
	ck_assert_int_eq(deliver(&bob, &early), RECEIVE_HELD);
	test_now += 1;
	ck_assert_int_eq(deliver(&bob, &early), RECEIVE_JUNK);
	say(&alice, "bob", &bob, "again");
	late = post(&alice);
	ck_assert_int_eq(deliver(&bob, &late), RECEIVE_HELD);
	sql(&bob, "DELETE FROM contact WHERE name = 'r1'");
	ck_assert_int_eq(deliver(&bob, &late), RECEIVE_NEW);
	test_now += RETENTION_S + QUIET_S;
	rest(&bob);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM held"), 0);
	tear_down();
}
END_TEST

/* A server shows the oldest FETCH_SLOTS of a mailbox. */
START_TEST(what_is_held_leaves_a_view_of_what_comes_after_it)
{
	struct parcel parcels[FETCH_SLOTS];
	int n_held = 0;

	set_up();
	add(&alice, "bob", &bob);
	fill_requests(&bob);
	for (int i = 0; i < FETCH_SLOTS; i++) {
		say(&alice, "bob", &bob, "hi");
		parcels[i] = post(&alice);
		n_held += deliver(&bob, &parcels[i]) == RECEIVE_HELD;
	}
	ck_assert_int_eq(n_held, RECEIVE_HELD_MOST);
	ck_assert_int_lt(n_held, FETCH_SLOTS);
	ck_assert_int_eq(deliver(&bob, &parcels[0]), RECEIVE_HELD);
	test_now += RECEIVE_HELD_S; /* the first make room */
	ck_assert_int_eq(deliver(&bob, &parcels[0]), RECEIVE_JUNK);
	say(&alice, "bob", &bob, "hi");
	parcels[1] = post(&alice);
	ck_assert_int_eq(deliver(&bob, &parcels[1]), RECEIVE_HELD);
	tear_down();
}
END_TEST

START_TEST(numbers_that_begin_again_swallow_no_text)
{
	set_up();
	add(&alice, "bob", &bob);
	pass(&alice, "bob", &bob, "one");
	sql(&alice, "DELETE FROM session"); /* lost all but her identity */
	sql(&alice, "DELETE FROM message");
	sql(&alice, "UPDATE contact SET sent = 0");
	pass(&alice, "bob", &bob, "one again");
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM message WHERE number = 1"), 2);
	tear_down();
}
END_TEST

static void bob_writes_to_alices_mailbox(void)
{
	struct own_mailbox box;
	struct contact at_bob;

	ck_assert_int_eq(mailbox_for(&box, alice.p, the_contact(&alice, "bob").id), 0);
	ck_assert_int_eq(contact_by_identity(&at_bob, bob.p, alice.p->identity), 0);
	ck_assert(key_equal(&at_bob.address.deposit, &box.deposit));
}

START_TEST(a_late_setup_brings_no_old_address_back_but_a_new_session_counts)
{
	struct parcel one, two;

	set_up();
	add(&alice, "bob", &bob);
	say(&alice, "bob", &bob, "one");
	one = post(&alice);
	sql(&alice, "UPDATE mailbox SET deposit = randomblob(32) WHERE kind = 1");
	say(&alice, "bob", &bob, "two");
	two = post(&alice);
	ck_assert_int_eq(deliver(&bob, &two), RECEIVE_NEW);
	ck_assert_int_eq(deliver(&bob, &one), RECEIVE_NEW);
	bob_writes_to_alices_mailbox();
	sql(&alice, "DELETE FROM session");
	sql(&alice, "UPDATE contact SET sent = 0");
	sql(&alice, "UPDATE mailbox SET deposit = randomblob(32) WHERE kind = 1");
	pass(&alice, "bob", &bob, "one again");
	bob_writes_to_alices_mailbox();
	tear_down();
}
END_TEST

START_TEST(a_late_message_brings_no_old_link_back)
{
	struct contact_link before, now;
	struct contact at_bob;
	struct parcel one, two;
	uint8_t onion[ONION_KEY_BYTES];
	int64_t home;

	set_up();
	add(&alice, "bob", &bob);
	say(&alice, "bob", &bob, "before the move");
	one = post(&alice);
	profile_link(alice.p, &before);
	randombytes_buf(onion, sizeof onion);
	ck_assert_int_eq(home_put(&home, alice.p, onion), 0);
	ck_assert_int_eq(home_make_main(alice.p, home), 0);
	ck_assert_int_eq(profile_refresh(alice.p), 0);
	sql(&alice, "UPDATE contact SET home = (SELECT id FROM home WHERE main)");
	say(&alice, "bob", &bob, "after the move");
	two = post(&alice);
	ck_assert_int_eq(deliver(&bob, &two), RECEIVE_NEW);
	ck_assert_int_eq(deliver(&bob, &one), RECEIVE_NEW);
	profile_link(alice.p, &now);
	ck_assert_mem_ne(&before, &now, sizeof now);
	ck_assert_int_eq(contact_by_identity(&at_bob, bob.p, alice.p->identity), 0);
	ck_assert_mem_eq(&at_bob.link, &now, sizeof now);
	tear_down();
}
END_TEST

/* Of that type, sealed to a bundle's key of bob's, without a session's message. */
static struct parcel forged(uint8_t type)
{
	struct inside in = { .type = type, .turn = 1 };
	uint8_t public_key[HPKE_PUBLIC_BYTES], hash[HASH_BYTES];
	const struct q_blob into = { public_key, sizeof public_key };
	struct own_mailbox inbox;
	struct parcel parcel = { 0 };

	randombytes_buf(in.envelope_id, sizeof in.envelope_id);
	memcpy(in.sender, alice.p->identity, sizeof in.sender);
	ck_assert_int_eq(mailbox_for(&inbox, bob.p, 0), 0);
	parcel.address.deposit = inbox.deposit;
	hash256(hash, inbox.deposit.b, KEY_BYTES);
	ck_assert_int_eq(q_blob(&into, bob.p->db, "SELECT public FROM sealing LIMIT 1", ""), 0);
	ck_assert_int_eq(packet_seal(parcel.packet, &in, public_key, hash), 0);
	return parcel;
}

START_TEST(unknown_types_are_acknowledged_and_ignored)
{
	struct parcel parcel;

	set_up();
	for (int type = 0; type < 256; type += 3) {
		parcel = forged((uint8_t)type);
		ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_JUNK);
	}
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM contact"), 0);
	tear_down();
}
END_TEST

/* A packet for bob, opened and sealed to another key of his. */
static struct parcel resealed(const struct parcel *from, const char *to)
{
	sqlite3_stmt *s;
	uint8_t hash[HASH_BYTES], secret[HPKE_SECRET_BYTES], deposit[HASH_BYTES],
			public_key[HPKE_PUBLIC_BYTES];
	const struct q_blob into = { public_key, sizeof public_key };
	const struct opener opener = { secret, hash, deposit };
	struct parcel parcel = *from;
	struct inside in;
	bool open = false;

	hash256(deposit, from->address.deposit.b, KEY_BYTES);
	ck_assert_int_eq(q_open(&s, bob.p->db, "SELECT key_hash, secret FROM sealing", ""), 0);
	while (!open && sqlite3_step(s) == SQLITE_ROW)
		open = q_column(hash, sizeof hash, s, 0) && q_column(secret, sizeof secret, s, 1) &&
				packet_open(&in, from->packet, &opener) == 0;
	sqlite3_finalize(s);
	ck_assert(open);
	ck_assert_int_eq(q_blob(&into, bob.p->db, to, ""), 0);
	ck_assert_int_eq(packet_seal(parcel.packet, &in, public_key, deposit), 0);
	return parcel;
}

START_TEST(setups_come_under_bundle_keys_and_messages_under_turn_keys)
{
	static const char bundle[] = "SELECT public FROM sealing WHERE turn = 0 AND base IS NULL "
				     "ORDER BY id DESC";
	static const char turn[] = "SELECT public FROM sealing WHERE turn > 0 ORDER BY id DESC";
	struct parcel parcel, moved;

	set_up();
	add(&alice, "bob", &bob);
	add(&bob, "alice", &alice);
	say(&alice, "bob", &bob, "one");
	parcel = post(&alice);
	pass(&alice, "bob", &bob, "two");
	pass(&bob, "alice", &alice, "makes a turn key");
	moved = resealed(&parcel, turn);
	ck_assert_int_eq(deliver(&bob, &moved), RECEIVE_JUNK);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_NEW);
	say(&alice, "bob", &bob, "three");
	parcel = post(&alice);
	moved = resealed(&parcel, bundle);
	ck_assert_int_eq(deliver(&bob, &moved), RECEIVE_JUNK);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_NEW);
	tear_down();
}
END_TEST

START_TEST(a_contacts_mailbox_is_for_that_contact_only)
{
	struct person carol;
	struct own_mailbox box;
	struct contact c;
	struct parcel parcel;

	set_up();
	person_make(&carol);
	add(&bob, "alice", &alice);
	add(&carol, "bob", &bob);
	pass(&bob, "alice", &alice, "hi");
	say(&carol, "bob", &bob, "fetches a bundle");
	ck_assert_int_eq(mailbox_for(&box, bob.p, the_contact(&bob, "alice").id), 0);
	c = the_contact(&carol, "bob");
	c.address.deposit = box.deposit;
	ck_assert_int_eq(q_run(carol.p->db, "UPDATE contact SET address = ?", "b", &c.address,
					 sizeof c.address),
			0);
	post(&carol);
	say(&carol, "bob", &bob, "in alice's mailbox");
	parcel = post(&carol);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_JUNK);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM contact"),
			1); /* nor is carol a request */
	add(&bob, "carol", &carol);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_JUNK);
	person_end(&carol);
	tear_down();
}
END_TEST

START_TEST(the_next_key_has_a_turn)
{
	struct parcel parcel;

	set_up();
	add(&alice, "bob", &bob);
	/* as a peer would that counts from 0: guard, session and all else are right */
	sql(&alice,
			"CREATE TRIGGER zero AFTER INSERT ON sealing WHEN new.turn = 1 BEGIN "
			"UPDATE sealing SET turn = 0 WHERE id = new.id; END");
	say(&alice, "bob", &bob, "makes the key of turn 0");
	post(&alice);
	say(&alice, "bob", &bob, "names it");
	parcel = post(&alice);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_JUNK);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM contact"), 0);
	tear_down();
}
END_TEST

START_TEST(a_schema_is_made_whole_or_not_at_all)
{
	static const char *const tables = "SELECT count(*) FROM sqlite_master WHERE type = 'table'";
	struct person a = { .dir = "/tmp/so.XXXXXX" };
	struct profile p = { 0 };
	struct key key;
	sqlite3 *second = NULL;
	int64_t whole;

	a.p = &p;
	key_random(&key);
	ck_assert_ptr_nonnull(mkdtemp(a.dir));
	ck_assert_int_eq(store_open(&p.db, a.dir, 0, &key), 0);
	whole = count(&a, tables);
	/* a database in which creation fails at its last table */
	for (const char *const *t = (const char *const[]){ "room", "meta", "mailbox", "contact",
			     "session", "missing", "prekey", "signed_prekey", "sealing",
			     "peer_turn", "envelope", "held", "message", "outbox", "token", "file",
			     "call_signal", "words", "grp", "grp_member", "grp_list", "home",
			     NULL };
			*t; t++) {
		char drop[64];

		snprintf(drop, sizeof drop, "DROP TABLE %s", *t);
		sql(&a, drop);
	}
	sql(&a, "PRAGMA user_version = 0");
	ck_assert_int_eq(store_open(&second, a.dir, 0, &key), E_IO);
	ck_assert_int_eq(count(&a, tables), 1);
	sql(&a, "DROP TABLE issue");
	ck_assert_int_eq(store_open(&second, a.dir, 0, &key), 0);
	ck_assert_int_eq(count(&a, tables), whole);
	sqlite3_close_v2(second);
	sqlite3_close_v2(p.db);
	remove_dir(a.dir);
}
END_TEST

UNIT("conversation", two_people_talk_and_a_stranger_is_a_request_until_accepted,
		a_packet_counts_once_and_a_changed_one_not_at_all,
		both_may_begin_at_once_and_packets_may_cross_and_be_late,
		long_texts_are_split_between_characters, a_sealing_secret_dies_quiet_and_not_before,
		sixty_days_away_lose_nothing_that_was_kept,
		another_envelope_around_a_message_is_junk, the_files_hold_nothing_readable,
		a_wrong_passphrase_opens_nothing, a_bundle_of_another_person_or_changed_is_refused,
		a_bundles_sealing_key_lives_until_a_later_turn_was_opened,
		a_failing_disk_is_not_junk, a_failing_disk_does_not_look_like_no_session,
		a_request_is_named_by_half_the_hash, a_request_without_room_is_held_a_day,
		what_is_held_leaves_a_view_of_what_comes_after_it,
		numbers_that_begin_again_swallow_no_text,
		a_late_setup_brings_no_old_address_back_but_a_new_session_counts,
		a_late_message_brings_no_old_link_back, unknown_types_are_acknowledged_and_ignored,
		setups_come_under_bundle_keys_and_messages_under_turn_keys,
		a_contacts_mailbox_is_for_that_contact_only, the_next_key_has_a_turn,
		a_schema_is_made_whole_or_not_at_all)
