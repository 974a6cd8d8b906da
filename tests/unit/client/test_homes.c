/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Alice lives at two servers. */
#include "client/lib/account.h"
#include "client/lib/errand.h"
#include "client/lib/file.h"
#include "client/lib/move.h"
#include "client/lib/upkeep.h"
#include "tests/unit/client/people.h"

static struct person carl;
static struct home north; /* her second; alice.p->home is the first */
static struct bundle_batch south_bundles;

static void move_in(void)
{
	uint8_t onion[ONION_KEY_BYTES];
	struct own_mailbox inbox;
	uint32_t generation;

	randombytes_buf(onion, sizeof onion);
	ck_assert_int_eq(home_put(&north.id, alice.p, onion), 0);
	ck_assert_int_eq(home_at(&north, alice.p, onion), 0);
	ck_assert_int_eq(mailbox_inbox(&inbox, alice.p, &north), 0);
	ck_assert_int_eq(mailbox_made(alice.p, &inbox), 0);
	south_bundles = alice.bundles;
	ck_assert_int_eq(bundle_next(&generation, alice.p, 0), 0);
	ck_assert_int_eq(bundle_make_batch(alice.p, &north, &alice.bundles, generation), 0);
}

/* Bob knows alice by the south, carl by the north; both have written. */
static void setup(void)
{
	struct contact_link link;

	set_up();
	person_make(&carl);
	add(&bob, "alice", &alice);
	pass(&bob, "alice", &alice, "to the south");
	move_in();
	alice.next_bundle = 0;
	home_link(&link, alice.p, &north);
	ck_assert_int_eq(contact_add(carl.p, "alice", &link), 0);
	pass(&carl, "alice", &alice, "to the north");
	for (int i = 0; i < 2; i++) {
		struct contact c;

		ck_assert_int_eq(contact_by_identity(&c, alice.p,
						 i ? carl.p->identity : bob.p->identity),
				0);
		ck_assert_int_eq(contact_accept(alice.p, c.name, i ? "carl" : "bob"), 0);
	}
}

static void end(void)
{
	person_end(&carl);
	tear_down();
}

/* What of alice's that person knows. */
static void knows(struct person *who, const struct home *home)
{
	struct contact_link want;
	struct contact c = the_contact(who, "alice");

	home_link(&want, alice.p, home);
	ck_assert_mem_eq(c.link.uuid, want.uuid, sizeof want.uuid);
	ck_assert_mem_eq(c.link.onion, want.onion, sizeof want.onion);
	ck_assert_mem_eq(c.address.onion, want.onion, sizeof want.onion);
}

static struct home of(const char *name)
{
	struct home home;

	ck_assert_int_eq(home_of(&home, alice.p, the_contact(&alice, name).id), 0);
	return home;
}

START_TEST(who_came_by_a_home_knows_of_that_one_only)
{
	setup();
	pass(&alice, "bob", &bob, "from the south");
	pass(&alice, "carl", &carl, "from the north");
	knows(&bob, &alice.p->home);
	knows(&carl, &north);
	pass(&bob, "alice", &alice, "and back");
	pass(&carl, "alice", &alice, "and back");
	/* Both compare one number with her, of the account that they know. */
	for (int i = 0; i < 2; i++) {
		struct person *other = i ? &carl : &bob;
		struct contact at_hers = the_contact(&alice, i ? "carl" : "bob"),
			       hers = the_contact(other, "alice");
		struct safety one, two;

		ck_assert_int_eq(contact_safety(&one, alice.p, &at_hers), 0);
		ck_assert_int_eq(contact_safety(&two, other->p, &hers), 0);
		ck_assert_str_eq(one.digits, two.digits);
	}
	end();
}
END_TEST

START_TEST(no_key_of_one_home_is_named_like_one_of_another)
{
	setup();
	ck_assert_int_ne(alice.bundles.generation, south_bundles.generation);
	ck_assert_int_eq(count(&alice,
					 "SELECT count(*) - count(DISTINCT prekey) FROM sealing "
					 "WHERE "
					 "turn = 0 AND prekey > 0"),
			0);
	/* What the server at one of them has confirmed is nothing about the other's. */
	ck_assert_int_eq(bundle_confirmed(alice.p, &north, alice.bundles.generation), 0);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM sealing WHERE superseded_s NOT NULL"),
			0);
	ck_assert_int_eq(bundle_ended(alice.p, &north), 0);
	ck_assert_int_eq(count(&alice,
					 "SELECT count(DISTINCT home) FROM sealing WHERE "
					 "superseded_s "
					 "NOT NULL"),
			1);
	end();
}
END_TEST

/* --- leaving -------------------------------------------------------------- */

/* A network on which nobody answers, and what was asked over it. */
static struct net net;
static struct key_pair asked[64];
static char circuits[64][33];
static int n_asked;

static int nobody(struct net *n, const struct ask *ask, struct answer *out)
{
	(void)out;
	if (ask->owner && n_asked < 64) {
		net_circuit_name(circuits[n_asked], n, &ask->circuit);
		asked[n_asked++] = *ask->owner;
	}
	return E_NET;
}

static int64_t no_time(void)
{
	return 100;
}

static void dead_net(void)
{
	struct server at = { .known = true };

	net = (struct net){ .fast = true, .carry = nobody, .up_s = no_time };
	n_asked = 0;
	for (struct known_server *k = net.known; k < net.known + 2; k++) {
		k->server = at;
		memcpy(k->onion, k == net.known ? north.onion : alice.p->home.onion,
				ONION_KEY_BYTES);
	}
}

START_TEST(a_home_whose_server_is_dead_is_left_and_its_contacts_hear_of_the_other)
{
	struct home south;

	setup();
	south = alice.p->home;
	pass(&alice, "carl", &carl, "from the north");
	dead_net();
	ck_assert_int_eq(move_leave(&net, alice.p, north.onion), 0);
	ck_assert_int_eq(of("carl").id, south.id);
	carry(&alice, &carl);
	knows(&carl, &south);
	pass(&carl, "alice", &alice, "heard");
	ck_assert_int_eq(move_leave(&net, alice.p, north.onion), MOVE_NONE);
	ck_assert_int_eq(move_leave(&net, alice.p, south.onion), MOVE_LAST);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM outbox"),
			0); /* bob knew of the south */
	end();
}
END_TEST

START_TEST(who_leaves_the_main_home_has_another)
{
	struct home south;

	setup();
	south = alice.p->home;
	pass(&alice, "bob", &bob, "from the south");
	dead_net();
	ck_assert_int_eq(move_leave(&net, alice.p, south.onion), 0);
	ck_assert_int_eq(alice.p->home.id, north.id);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM home WHERE main"), 1);
	carry(&alice, &bob);
	knows(&bob, &north);
	end();
}
END_TEST

START_TEST(what_was_left_is_read_until_its_contacts_write_elsewhere)
{
	struct own_mailbox box = { .id = 0 };
	int64_t left;

	setup();
	pass(&alice, "carl", &carl, "from the north");
	pass(&carl, "alice", &alice, "to the north");
	dead_net();
	ck_assert_int_eq(move_leave(&net, alice.p, north.onion), 0);
	left = count(&alice,
			"SELECT count(*) FROM mailbox WHERE kind = 1 AND home <> (SELECT id FROM "
			"home WHERE main)");
	ck_assert_int_eq(left, 1);
	carry(&alice, &carl);
	test_now += 30 * 86400;
	while (mailbox_next(&box, alice.p, box.id) == 0)
		ck_assert_int_eq(mailbox_seen_empty(alice.p, &box), 0);
	ck_assert_int_eq(move_keep(&net, alice.p), E_NET);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM mailbox WHERE kind = 3"), 0);
	pass(&carl, "alice", &alice, "to the south");
	test_now += QUIET_S;
	box.id = 0;
	while (mailbox_next(&box, alice.p, box.id) == 0)
		ck_assert_int_eq(mailbox_seen_empty(alice.p, &box), 0);
	ck_assert_int_eq(move_keep(&net, alice.p), E_NET);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM mailbox WHERE kind = 3"), 1);
	end();
}
END_TEST

START_TEST(a_contact_is_told_of_another_home_and_of_the_first_again)
{
	struct home south;

	setup();
	south = alice.p->home;
	pass(&alice, "bob", &bob, "from the south");
	pass(&bob, "alice", &alice, "to the mailbox in the south");
	for (int i = 0; i < 2; i++) {
		const struct home *to = i ? &south : &north;

		ck_assert_int_eq(move_contact(alice.p, the_contact(&alice, "bob").id, to, true), 0);
		carry(&alice, &bob);
		knows(&bob, to);
		/* Nobody has written to it since, so the other one is read. */
		test_now += 30 * 86400;
		dead_net();
		ck_assert_int_eq(move_keep(&net, alice.p), 0);
		ck_assert_int_eq(count(&alice, "SELECT count(*) FROM mailbox WHERE kind = 3"), 0);
		pass(&bob, "alice", &alice, "heard");
	}
	ck_assert_int_eq(move_contact(alice.p, the_contact(&alice, "bob").id, &south, true), 0);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM outbox"), 0);
	end();
}
END_TEST

/* --- apart ---------------------------------------------------------------- */

START_TEST(homes_share_no_circuit_no_key_and_no_time)
{
	struct account account;
	char one[HOME_PLAN], two[HOME_PLAN];

	setup();
	dead_net();
	ck_assert_int_eq(account_ask(&account, &net, &alice.p->home), E_NET);
	ck_assert_int_eq(account_ask(&account, &net, &north), E_NET);
	ck_assert_int_eq(n_asked, 2);
	ck_assert_str_ne(circuits[0], circuits[1]);
	ck_assert_mem_ne(&asked[0].pub, &asked[1].pub, KEY_BYTES);
	home_plan(one, "account due", &alice.p->home);
	home_plan(two, "account due", &north);
	ck_assert_str_ne(one, two);
	end();
}
END_TEST

START_TEST(the_account_that_was_left_does_not_sign_for_another_home)
{
	struct home home;

	setup();
	dead_net();
	ck_assert_int_eq(move_leave(&net, alice.p, north.onion), 0);
	ck_assert_int_eq(n_asked, 1);
	ck_assert_mem_eq(&asked[0].pub, &north.owner.pub, KEY_BYTES);
	ck_assert_int_eq(home_at(&home, alice.p, north.onion), HOME_NONE);
	ck_assert_int_eq(home_next(&home, alice.p, alice.p->home.id), HOME_NONE);
	end();
}
END_TEST

/* Else a mailbox that nobody was asked about would count as gone. */
START_TEST(who_speaks_to_one_server_touches_nothing_at_another)
{
	static const uint8_t elsewhere[ONION_KEY_BYTES] = { 1 };
	static const char *const ours[] = {
		"SELECT count(*) FROM mailbox WHERE kind = 3",
		"SELECT count(*) FROM home WHERE ended_s IS NULL",
		"SELECT count(*) FROM contact WHERE taking NOT NULL",
	};
	const uint8_t *const only[] = { elsewhere, NULL };
	struct own_mailbox box;
	struct contact bobs;
	int64_t n[ARRAY_LEN(ours)];
	unsigned n_new;

	setup();
	dead_net();
	ck_assert_int_eq(move_leave(&net, alice.p, north.onion), 0);
	ck_assert_int_eq(
			q_run(alice.p->db,
					"UPDATE mailbox SET kind = 3, fetched_s = 1 WHERE home = ?",
					"i", north.id),
			0);
	bobs = the_contact(&alice, "bob");
	ck_assert_int_eq(conversation_send(alice.p, &bobs, "hi"), 0);
	ck_assert_int_eq(mailbox_for(&box, alice.p, bobs.id), 0);
	ck_assert_int_eq(mailbox_made(alice.p, &box), 0);
	ck_assert_int_eq(q_run(alice.p->db, "UPDATE contact SET renew = 1", ""), 0);
	test_now += 100 * 86400;
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		n[i] = count(&alice, ours[i]);
	for (int turn = 0; turn < 2; turn++) {
		net.only = only[turn];
		n_asked = 0;
		ck_assert_int_eq(upkeep_tick(&net, alice.p, &n_new), E_NET);
		ck_assert_int_eq(n_asked > 0, turn == 1);
		for (size_t i = 0; i < ARRAY_LEN(ours); i++)
			ck_assert_int_eq(count(&alice, ours[i]) == n[i], turn == 0);
	}
	end();
}
END_TEST

/* How many servers are asked, each once and in order; *out_is: that one too. */
static int n_asked_at(bool keep, const uint8_t *onion, bool *out_is)
{
	uint8_t at[ONION_KEY_BYTES], last[ONION_KEY_BYTES];
	const uint8_t *after = NULL;
	int n = 0, rc;

	*out_is = false;
	while ((rc = errand_server(at, alice.p, keep, after)) == 0) {
		ck_assert(!after || memcmp(last, at, sizeof at) < 0);
		*out_is = *out_is || memcmp(at, onion, sizeof at) == 0;
		memcpy(last, at, sizeof last);
		after = last;
		n++;
	}
	ck_assert_int_eq(rc, STORE_NONE);
	return n;
}

START_TEST(each_server_where_something_is_to_be_done_is_asked)
{
	CLEANUP(file_wipe) struct file file = { .size = 0 };
	uint8_t body[CONTENT_TEXT_MOST];
	struct contact bobs;
	bool is;

	setup();
	ck_assert_int_eq(n_asked_at(false, bob.p->home.onion, &is), 0);
	ck_assert_int_eq(n_asked_at(true, north.onion, &is), 2);
	ck_assert(is);
	bobs = the_contact(&alice, "bob");
	ck_assert_int_eq(conversation_send(alice.p, &bobs, "hi"), 0);
	ck_assert_int_eq(n_asked_at(false, bobs.address.onion, &is), 2);
	ck_assert(is);
	ck_assert_int_eq(q_run(alice.p->db, "UPDATE contact SET address = NULL", ""), 0);
	ck_assert_int_eq(n_asked_at(false, bobs.link.onion, &is), 2); /* for a bundle */
	ck_assert(is);
	ck_assert_int_eq(n_asked_at(false, alice.p->home.onion, &is), 2); /* for our mailbox */
	ck_assert(is);
	ck_assert_int_eq(file_init(&file, "picture.jpg", 1), 0);
	randombytes_buf(file.onion, sizeof file.onion);
	ck_assert_int_eq(q_run(alice.p->db,
					 "INSERT INTO file (contact, out, state, begun_s, body) "
					 "VALUES (?, 0, 1, 1, ?)",
					 "ib", bobs.id, body, file_write(body, &file)),
			0);
	ck_assert_int_eq(n_asked_at(false, file.onion, &is), 2);
	ck_assert(!is);
	ck_assert_int_eq(n_asked_at(true, file.onion, &is), 4);
	ck_assert(is);
	end();
}
END_TEST

UNIT("homes", who_came_by_a_home_knows_of_that_one_only,
		no_key_of_one_home_is_named_like_one_of_another,
		a_home_whose_server_is_dead_is_left_and_its_contacts_hear_of_the_other,
		who_leaves_the_main_home_has_another,
		what_was_left_is_read_until_its_contacts_write_elsewhere,
		a_contact_is_told_of_another_home_and_of_the_first_again,
		homes_share_no_circuit_no_key_and_no_time,
		the_account_that_was_left_does_not_sign_for_another_home,
		who_speaks_to_one_server_touches_nothing_at_another,
		each_server_where_something_is_to_be_done_is_asked)
