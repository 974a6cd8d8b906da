/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A property over the key life-cycle: whatever two people do, in whatever order, with mail lost,
 * late and crossing and the clock running for months, every packet that comes within the retention
 * opens, once. Seeded, so a failure repeats.
 */
#include "tests/unit/client/people.h"

#include "client/lib/loss.h"

enum { STEPS = 500, PENDING_MOST = 64, DAY_S = 86400 };

struct flight {
	struct parcel parcel;
	int64_t sent_s;
	bool to_alice;
};

static struct flight flights[PENDING_MOST];
static unsigned n_flights;
static uint64_t state;

static unsigned draw(unsigned n) /* SplitMix64 */
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (unsigned)((z ^ z >> 31) % n);
}

static void write_one(bool from_alice)
{
	struct person *from = from_alice ? &alice : &bob, *to = from_alice ? &bob : &alice;

	if (n_flights == PENDING_MOST || to->next_bundle == BUNDLES_PER_PUT)
		return;
	say(from, from_alice ? "bob" : "alice", to, "anything");
	flights[n_flights++] = (struct flight){ post(from), test_now, !from_alice };
}

static struct flight take(unsigned i)
{
	struct flight f = flights[i];

	flights[i] = flights[--n_flights];
	return f;
}

static void arrive(unsigned i)
{
	struct flight f = take(i);
	struct person *to = f.to_alice ? &alice : &bob;

	if (test_now - f.sent_s > RETENTION_S)
		return; /* the server has forgotten it */
	ck_assert_int_eq(deliver(to, &f.parcel), RECEIVE_NEW);
	if (draw(4) == 0)
		ck_assert_int_eq(deliver(to, &f.parcel), RECEIVE_DUPLICATE);
}

/* As a client that has fetched everything: nothing is in flight to it. */
static void come_home(struct person *a, bool is_alice)
{
	struct own_mailbox box = { .id = 0 };

	for (unsigned i = n_flights; i-- > 0;)
		if (flights[i].to_alice == is_alice)
			arrive(i);
	while (mailbox_next(&box, a->p, box.id) == 0)
		ck_assert_int_eq(mailbox_seen_empty(a->p, &box), 0);
	ck_assert_int_eq(turns_forget(a->p), 0);
}

static void step(void)
{
	switch (draw(10)) {
	case 0:
	case 1:
	case 2:
		write_one(draw(2));
		break;
	case 3:
	case 4:
	case 5:
	case 6:
		if (n_flights)
			arrive(draw(n_flights));
		break;
	case 7:
		if (n_flights && draw(3) == 0)
			take(draw(n_flights)); /* lost */
		break;
	case 8:
		test_now += draw(20) ? (int64_t)draw(DAY_S) : 60 * (int64_t)DAY_S;
		break;
	default:
		if (draw(2))
			come_home(&alice, true);
		else
			come_home(&bob, false);
	}
}

static void play(uint64_t seed)
{
	state = seed;
	n_flights = 0;
	set_up();
	add(&bob, "alice", &alice);
	add(&alice, "bob", &bob);
	for (int i = 0; i < STEPS; i++)
		step();
	come_home(&alice, true);
	come_home(&bob, false);
	test_now += 3 * DAY_S;
	for (int i = 0; i < 3; i++) { /* and they still talk */
		pass(&alice, "bob", &bob, "there you are");
		pass(&bob, "alice", &alice, "yes");
	}
	tear_down();
}

/* --- everything that can go wrong --------------------------------------- */

/*
 * Besides: profiles that are restored from an old copy, clocks that are years off, generations that
 * follow each other, bundles that run out. Then packets may not open; but once the two can reach
 * each other again, every text that its writer still has is with the other, and none is there
 * twice.
 */
enum { TURMOIL = 300, HEALING = 50, YEAR_S = 365 * DAY_S };

struct party {
	struct person *person;
	const char *other;
	int64_t clock_off_s;
	uint32_t generation;
	int64_t generation_s;
	bool has_copy;
	int n_texts;
};

static struct party parties[2];
static int playing; /* the seed, for whoever reads a failure */

static void run(struct party *a, const char *sql)
{
	ck_assert_int_eq(q_run(a->person->p->db, sql, ""), 0);
}

/* For each table of the schema: before NAME, or before NAME between NAME. */
static void each_table(struct party *a, const char *before, const char *between)
{
	char names[32][32];
	int n = 0;
	sqlite3_stmt *s;

	ck_assert_int_eq(
			q_open(&s, a->person->p->db,
					"SELECT name FROM pragma_table_list WHERE schema = 'main' "
					"AND type = 'table' AND name NOT LIKE 'copy_of_%' AND name "
					"NOT LIKE 'sqlite_%'",
					""),
			0);
	while (sqlite3_step(s) == SQLITE_ROW && n < 32)
		snprintf(names[n++], sizeof names[0], "%s",
				(const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	ck_assert_int_lt(n, 32);
	for (int i = 0; i < n; i++) {
		char sql[4096];

		snprintf(sql, sizeof sql, "%s%s%s%s", before, names[i], between,
				*between ? names[i] : "");
		run(a, sql);
	}
}

static void copy(struct party *a)
{
	if (a->has_copy)
		each_table(a, "DROP TABLE copy_of_", "");
	each_table(a, "CREATE TABLE copy_of_", " AS SELECT * FROM ");
	a->has_copy = true;
}

static void renew(struct party *a)
{
	ck_assert_int_eq(bundle_make_batch(a->person->p, &a->person->p->home, &a->person->bundles,
					 ++a->generation),
			0);
	ck_assert_int_eq(bundle_confirmed(a->person->p, &a->person->p->home, a->generation), 0);
	a->person->next_bundle = 0;
	a->generation_s = test_now;
}

static void restore(struct party *a)
{
	if (!a->has_copy)
		return;
	each_table(a, "DELETE FROM ", "");
	each_table(a, "INSERT INTO ", " SELECT * FROM copy_of_");
	ck_assert_int_eq(loss_restored(a->person->p), 0);
	renew(a);
}

static void write_text(struct party *a)
{
	struct contact c = the_contact(a->person, a->other);
	char text[32];

	snprintf(text, sizeof text, "%s %d", a->other, a->n_texts++);
	ck_assert_int_eq(conversation_send(a->person->p, &c, text), 0);
}

/* As sync_flush, to a server that keeps everything; lost: one of so many never gets there. */
static void flush(struct party *a, unsigned lost)
{
	for (int64_t contact; outbox_contact(&contact, a->person->p, 0) == 0;) {
		if (n_flights == PENDING_MOST)
			return;
		if (a->person->peer->next_bundle == BUNDLES_PER_PUT)
			renew(&parties[a == &parties[0]]);
		flights[n_flights] = (struct flight){ post(a->person), test_now, a != &parties[0] };
		if (!lost || draw(lost))
			n_flights++;
	}
}

static void bring(unsigned i)
{
	struct flight f = take(i);
	struct own_mailbox box = { .id = 0 };
	struct profile *p = (f.to_alice ? &alice : &bob)->p;

	if (test_now - f.sent_s > RETENTION_S)
		return;
	while (mailbox_next(&box, p, box.id) == 0)
		if (key_equal(&box.deposit, &f.parcel.address.deposit))
			ck_assert_int_ge(conversation_receive(p, &box, f.parcel.packet), 0);
}

/* A client that has fetched everything, and does what is due. */
static void visit(struct party *a, unsigned lost)
{
	struct own_mailbox box = { .id = 0 };
	struct profile *p = a->person->p;

	for (unsigned i = n_flights; i-- > 0;)
		if (flights[i].to_alice == (a == &parties[0]))
			bring(i);
	while (mailbox_next(&box, p, box.id) == 0)
		ck_assert_int_eq(mailbox_seen_empty(p, &box), 0);
	if (test_now - a->generation_s > 7 * DAY_S)
		renew(a);
	ck_assert_int_eq(loss_mend(p), 0);
	flush(a, lost);
	ck_assert_int_eq(turns_forget(p), 0);
}

static void shake(void)
{
	struct party *a = &parties[draw(2)];

	switch (draw(16)) {
	case 0:
		copy(a);
		break;
	case 1:
		if (draw(4) == 0)
			restore(a);
		break;
	case 2:
		a->clock_off_s = draw(3) ? 0 : (int64_t)(draw(21) - 10) * YEAR_S;
		break;
	case 3:
		test_now += draw(20) ? (int64_t)draw(DAY_S) : 60 * (int64_t)DAY_S;
		break;
	case 4:
	case 5:
		visit(a, 4);
		break;
	case 6:
		flush(a, 3);
		break;
	case 7:
	case 8:
	case 9:
		write_text(a);
		break;
	default:
		if (n_flights)
			bring(draw(n_flights));
	}
}

static void heal(void)
{
	parties[0].clock_off_s = parties[1].clock_off_s = 0;
	for (int round = 0; round < HEALING; round++) {
		if (round % 20 == 0) {
			write_text(&parties[0]);
			write_text(&parties[1]);
		}
		visit(&parties[0], 0);
		visit(&parties[1], 0);
		test_now += 9 * 3600;
	}
}

static void check(struct party *from, struct party *to)
{
	for (int i = 0; i < from->n_texts; i++) {
		char text[32];
		int64_t kept, came;

		snprintf(text, sizeof text, "%s %d", from->other, i);
		ck_assert_int_eq(q_number(&kept, from->person->p->db,
						 "SELECT count(*) FROM message WHERE out AND text "
						 "= ?",
						 "t", text),
				0);
		ck_assert_int_eq(q_number(&came, to->person->p->db,
						 "SELECT count(*) FROM message WHERE NOT out AND "
						 "text = "
						 "?",
						 "t", text),
				0);
		ck_assert_msg(came == kept || (kept == 0 && came == 1),
				"seed %d, %s: kept %d, came %d", playing, text, (int)kept,
				(int)came);
	}
}

static void open_party(
		struct party *a, struct person *person, struct person *peer, const char *other)
{
	*a = (struct party){ .person = person, .other = other, .generation = 1 };
	a->generation_s = test_now;
	person->p->clock = &a->clock_off_s;
	person->peer = peer;
}

static void survive(int seed)
{
	playing = seed;
	state = (uint64_t)seed;
	n_flights = 0;
	set_up();
	add(&bob, "alice", &alice);
	add(&alice, "bob", &bob);
	open_party(&parties[0], &alice, &bob, "bob");
	open_party(&parties[1], &bob, &alice, "alice");
	for (int i = 0; i < TURMOIL; i++)
		shake();
	heal();
	check(&parties[0], &parties[1]);
	check(&parties[1], &parties[0]);
	ck_assert_int_eq(count(&alice, "SELECT count(*) FROM missing"), 0);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
	tear_down();
}

START_TEST(every_packet_within_the_retention_opens_once_seed_1)
{
	play(1);
}
END_TEST
START_TEST(every_packet_within_the_retention_opens_once_seed_2)
{
	play(20261124);
}
END_TEST

START_TEST(nothing_is_lost_for_good_and_nothing_comes_twice)
{
	survive(1);
	survive(2);
}
END_TEST
START_TEST(nothing_is_lost_for_good_and_nothing_comes_twice_again)
{
	survive(3);
	survive(4);
}
END_TEST

UNIT("lifecycle", every_packet_within_the_retention_opens_once_seed_1,
		every_packet_within_the_retention_opens_once_seed_2,
		nothing_is_lost_for_good_and_nothing_comes_twice,
		nothing_is_lost_for_good_and_nothing_comes_twice_again)
