/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which of our mailboxes share a session. */
#include "client/lib/contacts.h"
#include "client/lib/live_private.h"
#include "client/lib/sync.h"
#include "tests/unit/client/people.h"

enum { ALL = PLACES * PLACE_MAILBOXES, MORE = 40 };

static int64_t south, north;

static void make(int n, int64_t home)
{
	ck_assert_int_eq(
			q_run(alice.p->db,
					"WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 "
					"FROM i WHERE n < ?1) INSERT INTO mailbox (kind, made, "
					"owner_secret, deposit, request, home) SELECT 2, 1, "
					"randomblob(32), randomblob(32), randomblob(16), ?2 FROM i",
					"ii", (int64_t)n, home),
			0);
}

static void start(void)
{
	uint8_t onion[ONION_KEY_BYTES];

	set_up();
	randombytes_buf(onion, sizeof onion);
	south = alice.p->home.id;
	ck_assert_int_eq(home_put(&north, alice.p, onion), 0);
	ck_assert_int_eq(q_run(alice.p->db, "DELETE FROM mailbox", ""), 0);
}

static void place(void)
{
	ck_assert_int_eq(mailbox_place(alice.p), 0);
}

static int64_t in_place(int64_t home, int64_t at)
{
	int64_t n;

	ck_assert_int_eq(q_number(&n, alice.p->db,
					 "SELECT count(*) FROM mailbox WHERE home = ? AND place = "
					 "? AND kind < 3",
					 "ii", home, at),
			0);
	return n;
}

static int64_t without(void)
{
	return count(&alice, "SELECT count(*) FROM mailbox WHERE place = 0");
}

START_TEST(each_of_the_first_is_alone_and_then_all_are_in_groups_that_have_room)
{
	start();
	make(PLACES, south);
	place();
	for (int at = 1; at <= PLACES; at++)
		ck_assert_int_eq(in_place(south, at), 1);
	make(MORE, south);
	place();
	ck_assert_int_eq(without(), 0);
	make(ALL - MORE - PLACES + 3, south);
	place();
	for (int at = 1; at <= PLACES; at++)
		ck_assert_int_eq(in_place(south, at), PLACE_MAILBOXES);
	ck_assert_int_eq(without(), 3); /* those are polled */
	tear_down();
}
END_TEST

static void remember(int64_t places[static PLACES])
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;

	ck_assert_int_eq(q_open(&s, alice.p->db, "SELECT place FROM mailbox ORDER BY id LIMIT ?",
					 "i", (int64_t)PLACES),
			0);
	for (int i = 0; i < PLACES; i++) {
		ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
		places[i] = sqlite3_column_int64(s, 0);
	}
}

/* Neither by others that come or go, nor because there is room now. */
START_TEST(a_mailbox_stays_where_it_is)
{
	int64_t before[PLACES], after[PLACES];

	start();
	make(PLACES, south);
	place();
	remember(before);
	make(MORE, south);
	place();
	ck_assert_int_eq(q_run(alice.p->db,
					 "UPDATE mailbox SET kind = 3 WHERE id IN (SELECT id FROM "
					 "mailbox ORDER BY id DESC LIMIT ?)",
					 "i", (int64_t)MORE),
			0);
	place();
	remember(after);
	ck_assert_mem_eq(after, before, sizeof before);
	ck_assert_int_eq(q_run(alice.p->db, "UPDATE mailbox SET kind = 3 WHERE place = 5", ""), 0);
	make(1, south); /* the free place is better than another's */
	place();
	ck_assert_int_eq(in_place(south, 5), 1);
	tear_down();
}
END_TEST

/* Else the order of the mailboxes would be seen, and who came when. */
START_TEST(which_group_is_chance)
{
	int64_t first[PLACES] = { 0 }, second[PLACES] = { 0 };
	int n_uneven = 0;

	for (int turn = 0; turn < 2; turn++) {
		start();
		make(PLACES, south);
		place();
		remember(turn ? second : first);
		make(8 * PLACES, south);
		place();
		for (int at = 1; at <= PLACES; at++)
			n_uneven += in_place(south, at) != 9;
		tear_down();
	}
	ck_assert_mem_ne(first, second, sizeof first);
	ck_assert_int_gt(n_uneven, 0);
}
END_TEST

START_TEST(homes_share_no_group_and_no_room)
{
	struct mailbox_group group = { .home = 0 };
	struct own_mailbox box = { .id = 0 };
	uint8_t requests[PLACE_MAILBOXES][REQUEST_BYTES];
	size_t n, n_groups = 0, n_boxes = 0;
	int rc;

	start();
	make(ALL, south);
	place();
	make(PLACES + 1, north);
	place();
	ck_assert_int_eq(without(), 0);
	while ((rc = mailbox_next_group(&group, alice.p, &group)) == 0) {
		n_groups++;
		ck_assert_int_eq(mailbox_requests_in(requests, &n, alice.p, &group), 0);
		box.id = 0;
		for (size_t i = 0; i < n; i++, n_boxes++) {
			ck_assert_int_eq(mailbox_next_in(&box, alice.p, &group, box.id), 0);
			ck_assert_int_eq(box.home, group.home);
			ck_assert_mem_eq(box.request, requests[i], REQUEST_BYTES);
		}
		ck_assert_int_eq(mailbox_next_in(&box, alice.p, &group, box.id), CONTACT_NONE);
	}
	ck_assert_int_eq(rc, CONTACT_NONE);
	ck_assert_uint_eq(n_groups, 2 * PLACES);
	ck_assert_uint_eq(n_boxes, ALL + PLACES + 1);
	tear_down();
}
END_TEST

/* What is to be ended, or belongs elsewhere now, is in no session: the server would refuse it, or
 * learn that the contact has moved with others. */
START_TEST(what_is_over_or_left_is_not_live)
{
	struct mailbox_group group = { .home = 0 };
	uint8_t requests[PLACE_MAILBOXES][REQUEST_BYTES];
	size_t n;

	start();
	make(3, south);
	place();
	ck_assert_int_eq(q_run(alice.p->db, "UPDATE mailbox SET place = 7", ""), 0);
	group = (struct mailbox_group){ south, 7 };
	ck_assert_int_eq(mailbox_requests_in(requests, &n, alice.p, &group), 0);
	ck_assert_uint_eq(n, 3);
	add(&alice, "bob", &bob);
	ck_assert_int_eq(q_run(alice.p->db, "UPDATE contact SET home = ?", "i", north), 0);
	ck_assert_int_eq(q_run(alice.p->db,
					 "UPDATE mailbox SET kind = 1, contact = (SELECT id FROM "
					 "contact) WHERE request = ?",
					 "b", requests[0], sizeof requests[0]),
			0);
	ck_assert_int_eq(q_run(alice.p->db, "UPDATE mailbox SET kind = 3 WHERE request = ?", "b",
					 requests[1], sizeof requests[1]),
			0);
	ck_assert_int_eq(mailbox_requests_in(requests, &n, alice.p, &group), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(q_run(alice.p->db, "UPDATE home SET left_s = 1 WHERE id = ?", "i", south),
			0);
	ck_assert_int_eq(mailbox_requests_in(requests, &n, alice.p, &group), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(mailbox_next_group(&group, alice.p, &(struct mailbox_group){ .home = 0 }),
			CONTACT_NONE);
	tear_down();
}
END_TEST

static unsigned n_live(const struct live *live)
{
	unsigned n = 0;

	for (unsigned i = 0; i < live->n; i++)
		n += live->sessions[i].n > 0;
	return n;
}

static int64_t make_home(void)
{
	uint8_t onion[ONION_KEY_BYTES];
	int64_t home;

	randombytes_buf(onion, sizeof onion);
	ck_assert_int_eq(home_put(&home, alice.p, onion), 0);
	make(PLACES, home);
	return home;
}

static void leave(int64_t home)
{
	ck_assert_int_eq(q_run(alice.p->db, "UPDATE home SET left_s = 1 WHERE id = ?", "i", home),
			0);
}

/* However many there were while a watch runs. */
START_TEST(homes_that_were_left_leave_their_sessions_to_others)
{
	static struct net net;
	const struct live_events events = { .userdata = NULL };
	struct live *live;

	start();
	ck_assert_int_eq(live_open(&live, &net, alice.p, &events), 0);
	for (int i = 0; i <= HOMES_MOST; i++) {
		const int64_t home = make_home();

		ck_assert_int_eq(live_adopt(live), 0);
		ck_assert_uint_eq(n_live(live), PLACES);
		leave(home);
		ck_assert_int_eq(live_adopt(live), 0);
		ck_assert_uint_eq(n_live(live), 0);
	}
	ck_assert_uint_eq(live->n, PLACES);
	live_close(live);
	tear_down();
}
END_TEST

START_TEST(what_has_no_session_yet_waits_until_an_errand_is_back)
{
	static struct net net;
	static struct errand under_way;
	const struct live_events events = { .userdata = NULL };
	struct live *live;
	int64_t home = 0;

	start();
	for (int i = 0; i < HOMES_MOST; i++)
		home = make_home();
	ck_assert_int_eq(live_open(&live, &net, alice.p, &events), 0);
	ck_assert_uint_eq(n_live(live), SESSIONS_MOST);
	for (int i = 1; i <= PLACES; i++)
		live->sessions[SESSIONS_MOST - i].errand = &under_way;
	leave(home);
	make_home();
	ck_assert_int_eq(live_adopt(live), 0);
	ck_assert_uint_eq(n_live(live), SESSIONS_MOST - PLACES);
	for (int i = 1; i <= PLACES; i++)
		live->sessions[SESSIONS_MOST - i].errand = NULL;
	ck_assert_int_eq(live_adopt(live), 0);
	ck_assert_uint_eq(n_live(live), SESSIONS_MOST);
	live_close(live);
	tear_down();
}
END_TEST

static unsigned n_ready, n_lost;

static void on_ready(void *userdata)
{
	(void)userdata;
	n_ready++;
}

static void on_lost(void *userdata)
{
	(void)userdata;
	n_lost++;
}

static void answer(struct session *s)
{
	s->open_at_ms = 0;
	s->subscribed = s->fetched = true;
}

START_TEST(who_came_later_and_is_lost_is_away_until_it_is_back)
{
	static struct net net;
	const struct live_events events = { .on_ready = on_ready, .on_lost = on_lost };
	struct live *live;

	start();
	n_ready = n_lost = 0;
	make(1, south);
	ck_assert_int_eq(live_open(&live, &net, alice.p, &events), 0);
	answer(&live->sessions[0]);
	ck_assert_int_eq(live_turn(live, 0), 0);
	ck_assert_uint_eq(n_ready, 1);
	make(1, north);
	ck_assert_int_eq(live_adopt(live), 0);
	ck_assert_uint_eq(n_live(live), 2);
	live_lose(&live->sessions[1]);
	ck_assert_uint_eq(n_lost, 1);
	ck_assert_int_eq(live_turn(live, 0), 0);
	ck_assert_uint_eq(n_ready, 1);
	answer(&live->sessions[1]);
	ck_assert_int_eq(live_turn(live, 0), 0);
	ck_assert_uint_eq(n_ready, 2);
	live_close(live);
	tear_down();
}
END_TEST

static struct live *polling;

static void on_news(void *userdata)
{
	(void)userdata;
}

/* The broker answers in the midst of it. */
static int subscribed_meanwhile(struct net *net, const struct ask *ask, struct answer *out)
{
	struct session *s = &polling->sessions[0];

	(void)net;
	(void)ask;
	(void)out;
	if (!s->subscribed) {
		s->subscribed = true;
		s->fetched = s->fetching = false;
		s->fetch_at_ms = 0;
	}
	return E_PROTO;
}

START_TEST(a_poll_that_began_before_the_subscription_does_not_make_it_live)
{
	static struct net net;
	const struct live_events events = { .on_ready = on_ready, .on_news = on_news };
	struct session *s;

	start();
	make(1, south);
	place();
	ck_assert_int_eq(net_open(&net, "127.0.0.1:1", true), 0);
	net.carry = subscribed_meanwhile;
	ck_assert_int_eq(live_open(&polling, &net, alice.p, &events), 0);
	s = &polling->sessions[0];
	s->open_at_ms = 0;
	s->poll_at_ms = live_now_ms();
	n_ready = 0;
	ck_assert_int_eq(live_turn(polling, 0), 0);
	ck_assert(s->subscribed);
	ck_assert_uint_eq(n_ready, 0);
	s->fetch_at_ms = live_now_ms();
	ck_assert_int_eq(live_turn(polling, 0), 0);
	ck_assert_uint_eq(n_ready, 1);
	live_close(polling);
	net_close(&net);
	tear_down();
}
END_TEST

/* SQLite gives the newest row's id again. */
START_TEST(one_that_takes_the_place_of_another_is_another)
{
	static struct net net;
	const struct live_events events = { .userdata = NULL };
	struct own_mailbox was, is;
	struct live *live;

	start();
	make(PLACES, south);
	ck_assert_int_eq(live_open(&live, &net, alice.p, &events), 0);
	ck_assert_int_eq(mailbox_next(&was, alice.p, PLACES - 1), 0);
	ck_assert_int_eq(mailbox_ended(alice.p, &was), 0);
	make(1, south);
	ck_assert_int_eq(live_adopt(live), 0);
	ck_assert_int_eq(mailbox_next(&is, alice.p, PLACES - 1), 0);
	ck_assert_int_eq(is.id, was.id);
	ck_assert_int_eq(is.group.place, was.group.place);
	ck_assert_mem_eq(live->sessions[was.group.place - 1].boxes->mailbox, is.mailbox,
			sizeof is.mailbox);
	ck_assert_int_eq(mailbox_ended(alice.p, &was), 0);
	ck_assert_int_eq(mailbox_lives(alice.p, &is), 0);
	ck_assert_int_eq(mailbox_lives(alice.p, &was), CONTACT_NONE);
	live_close(live);
	tear_down();
}
END_TEST

/* A session has it as it was then. */
START_TEST(what_comes_to_a_mailbox_that_was_spare_is_its_contacts)
{
	struct own_mailbox box, ended; /* ended: had its id before */
	uint8_t packet[BLOB_BYTES];

	start();
	make(1, south);
	ck_assert_int_eq(mailbox_next(&box, alice.p, 0), 0);
	ck_assert_int_eq(box.contact, 0);
	add(&alice, "bob", &bob);
	ck_assert_int_eq(q_run(alice.p->db,
					 "UPDATE mailbox SET kind = 1, contact = (SELECT id FROM "
					 "contact)",
					 ""),
			0);
	randombytes_buf(packet, sizeof packet);
	ended = box;
	key_random(&ended.deposit);
	ck_assert_int_eq(conversation_receive(alice.p, &ended, packet), RECEIVE_JUNK);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM contact WHERE broken"), 0);
	ck_assert_int_eq(conversation_receive(alice.p, &box, packet), RECEIVE_JUNK);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM contact WHERE broken"), 1);
	tear_down();
}
END_TEST

static void name_of(char out[static 33], const struct own_mailbox *box)
{
	static struct net net;
	const struct circuit circuit = sync_circuit(box);

	net_circuit_name(out, &net, &circuit);
}

START_TEST(a_group_has_one_circuit_and_no_other_has_it)
{
	static const struct own_mailbox alone[] = { { .mailbox = { 1 } }, { .mailbox = { 2 } } },
					grouped[] = { { .mailbox = { 1 }, .group = { 1, 1 } },
						{ .mailbox = { 2 }, .group = { 1, 1 } },
						{ .mailbox = { 3 }, .group = { 1, 2 } },
						{ .mailbox = { 4 }, .group = { 2, 1 } } };
	char one[33], two[33];

	name_of(one, &alone[0]);
	name_of(two, &alone[1]);
	ck_assert_str_ne(one, two);
	name_of(two, &grouped[0]);
	ck_assert_str_ne(one, two);
	name_of(one, &grouped[1]);
	ck_assert_str_eq(one, two);
	for (int i = 2; i < 4; i++) {
		name_of(two, &grouped[i]);
		ck_assert_str_ne(one, two);
	}
	name_of(one, &grouped[2]);
	ck_assert_str_ne(one, two);
}
END_TEST

UNIT("places", each_of_the_first_is_alone_and_then_all_are_in_groups_that_have_room,
		a_mailbox_stays_where_it_is, which_group_is_chance,
		homes_share_no_group_and_no_room, what_is_over_or_left_is_not_live,
		homes_that_were_left_leave_their_sessions_to_others,
		what_has_no_session_yet_waits_until_an_errand_is_back,
		who_came_later_and_is_lost_is_away_until_it_is_back,
		a_poll_that_began_before_the_subscription_does_not_make_it_live,
		one_that_takes_the_place_of_another_is_another,
		what_comes_to_a_mailbox_that_was_spare_is_its_contacts,
		a_group_has_one_circuit_and_no_other_has_it)
