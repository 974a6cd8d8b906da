/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A property over the key life-cycle: whatever two people do, in whatever order, with mail lost,
 * late and crossing and the clock running for months, every packet that comes within the retention
 * opens, once. Seeded, so a failure repeats.
 */
#include "tests/unit/client/people.h"

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
		ck_assert_int_eq(mailbox_seen_empty(a->p, box.id), 0);
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

UNIT("lifecycle", every_packet_within_the_retention_opens_once_seed_1,
		every_packet_within_the_retention_opens_once_seed_2)
