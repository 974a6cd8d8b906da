/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Signals of calls: who may send them, what is told of them, and that they disturb nothing else. */
#include "tests/unit/client/people.h"

#include "client/lib/calls.h"

static const uint8_t one[CALL_ID_BYTES] = { 1 }, two[CALL_ID_BYTES] = { 2 };

static struct parcel seal(
		struct person *from, const char *name, uint8_t type, const void *body, size_t len)
{
	const struct outgoing o = {
		.contact = the_contact(from, name).id, .type = type, .body = body, .len = len
	};
	struct parcel parcel;
	struct own_mailbox box;
	int rc = outbox_signal(&parcel, from->p, &o);

	if (rc == OUTBOX_NEEDS_MAILBOX) {
		ck_assert_int_eq(mailbox_for(&box, from->p, o.contact), 0);
		ck_assert_int_eq(mailbox_made(from->p, &box), 0);
		rc = outbox_signal(&parcel, from->p, &o);
	}
	if (rc == OUTBOX_NEEDS_BUNDLE) {
		take_bundle(from, o.contact);
		rc = outbox_signal(&parcel, from->p, &o);
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(count(from, "SELECT count(*) FROM outbox WHERE type = 8"), 0);
	return parcel;
}

static struct parcel say_of_call(
		struct person *from, const char *name, enum call_kind kind, const uint8_t *call)
{
	struct call_signal s = { .kind = kind, .attempt = 1 };
	uint8_t body[CONTENT_TEXT_MOST];

	memcpy(s.call, call, sizeof s.call);
	if (kind == CALL_OFFER) {
		s.relay.port = 3478;
		strcpy(s.relay.user, "u");
		strcpy(s.relay.password, "p");
		strcpy(s.sdp,
				"v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
				"a=fingerprint:sha-256 "
				"0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:"
				"19:1A:1B:1C:1D:1E:1F:20:21:22:23:24:25:26:27:28:29\r\n"
				"m=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=setup:actpass\r\n"
				"a=rtpmap:96 OPUS/48000/2\r\n"
				"a=candidate:1 1 UDP 1 127.0.0.2 5000 typ relay\r\n");
	}
	return seal(from, name, CONTENT_CALL, body, call_signal_write(body, &s));
}

static int push(struct person *to, const struct parcel *parcel)
{
	struct own_mailbox box;
	int rc = their_box(&box, to, parcel);

	return rc ? rc : conversation_receive_signal(to->p, &box, parcel->packet);
}

static void bring(enum call_kind kind, const uint8_t *call)
{
	struct parcel parcel = say_of_call(&alice, "bob", kind, call);

	ck_assert_int_eq(push(&bob, &parcel), RECEIVE_NEW);
}

/* What a person is told next; 0: nothing. */
static enum calls_news told(const uint8_t *call)
{
	struct call_heard h;
	enum calls_news news;

	if (calls_tell(&h, &news, bob.p))
		return 0;
	ck_assert_mem_eq(h.signal.call, call, CALL_ID_BYTES);
	return news;
}

START_TEST(a_call_rings_once_and_is_found_until_given_up)
{
	struct call_heard h;

	meet();
	bring(CALL_OFFER, one);
	ck_assert_int_eq(calls_ringing(&h, bob.p, 0), 0);
	ck_assert_int_eq(told(one), CALLS_RINGS);
	ck_assert_int_eq(told(one), 0);
	ck_assert_int_eq(calls_ringing(&h, bob.p, the_contact(&bob, "alice").id), 0);
	ck_assert_mem_eq(h.signal.call, one, CALL_ID_BYTES);
	bring(CALL_HANG_UP, one);
	ck_assert_int_eq(calls_ringing(&h, bob.p, 0), CALLS_NONE);
	ck_assert_int_eq(told(one), CALLS_MISSED);
	bring(CALL_MISSED, one);
	ck_assert_int_eq(told(one), 0);
	tear_down();
}
END_TEST

START_TEST(what_is_settled_is_no_news)
{
	struct call_heard h;

	meet();
	bring(CALL_OFFER, one);
	ck_assert_int_eq(calls_settle(bob.p, the_contact(&bob, "alice").id, one), 0);
	ck_assert_int_eq(calls_ringing(&h, bob.p, 0), CALLS_NONE);
	bring(CALL_HANG_UP, one);
	ck_assert_int_eq(told(one), 0);
	bring(CALL_MISSED, two);
	ck_assert_int_eq(told(two), CALLS_MISSED);
	tear_down();
}
END_TEST

START_TEST(who_vanished_while_it_rang_is_missed)
{
	struct call_heard h;

	meet();
	bring(CALL_OFFER, one);
	ck_assert_int_eq(told(one), CALLS_RINGS);
	test_now += CALLS_STALE_S;
	ck_assert_int_eq(calls_ringing(&h, bob.p, 0), CALLS_NONE);
	ck_assert_int_eq(told(one), CALLS_MISSED);
	ck_assert_int_eq(told(one), 0);
	tear_down();
}
END_TEST

START_TEST(the_same_signal_again_is_a_duplicate)
{
	struct parcel parcel;

	meet();
	parcel = say_of_call(&alice, "bob", CALL_OFFER, one);
	ck_assert_int_eq(push(&bob, &parcel), RECEIVE_NEW);
	ck_assert_int_eq(push(&bob, &parcel), RECEIVE_DUPLICATE);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM call_signal"), 1);
	tear_down();
}
END_TEST

/* Nobody pays for a signal, so no stranger may come in by one. */
START_TEST(only_an_accepted_contact_is_heard)
{
	struct parcel parcel;

	set_up();
	add(&alice, "bob", &bob);
	alice.peer = &bob;
	parcel = say_of_call(&alice, "bob", CALL_OFFER, one);
	ck_assert_int_eq(push(&bob, &parcel), RECEIVE_JUNK);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM contact"), 0);
	say(&alice, "bob", &bob, "may I?");
	parcel = post(&alice);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_NEW); /* a request, not accepted */
	parcel = say_of_call(&alice, "bob", CALL_OFFER, one);
	ck_assert_int_eq(push(&bob, &parcel), RECEIVE_JUNK);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM call_signal"), 0);
	tear_down();
}
END_TEST

START_TEST(a_signal_is_about_a_call_or_junk)
{
	struct parcel parcel;

	meet();
	say(&alice, "bob", &bob, "by the wrong way");
	parcel = post(&alice);
	ck_assert_int_eq(push(&bob, &parcel), RECEIVE_JUNK);
	ck_assert_int_eq(deliver(&bob, &parcel), RECEIVE_NEW);
	parcel = seal(&alice, "bob", CONTENT_CALL, "\x01\x02", 2);
	ck_assert_int_eq(push(&bob, &parcel), RECEIVE_NEW); /* ignored, and not asked for again */
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM call_signal"), 0);
	tear_down();
}
END_TEST

/* It is lost, or overtakes a text: nobody asks for anything. */
START_TEST(signals_make_no_gap)
{
	struct parcel text, signal;

	meet();
	say(&alice, "bob", &bob, "slow");
	text = post(&alice);
	say_of_call(&alice, "bob", CALL_OFFER, one); /* lost */
	signal = say_of_call(&alice, "bob", CALL_HANG_UP, one);
	ck_assert_int_eq(push(&bob, &signal), RECEIVE_NEW);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM missing"), 0);
	ck_assert_int_eq(deliver(&bob, &text), RECEIVE_NEW);
	ck_assert_int_eq(count(&bob, "SELECT broken FROM contact"), 0);
	pass(&alice, "bob", &bob, "after");
	pass(&bob, "alice", &alice, "and back");
	tear_down();
}
END_TEST

START_TEST(a_contact_cannot_fill_the_table)
{
	uint8_t call[CALL_ID_BYTES] = { 0 };

	meet();
	for (unsigned i = 0; i < CALLS_SIGNALS_MOST + 5; i++) {
		call[0] = (uint8_t)i;
		bring(CALL_MISSED, call);
	}
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM call_signal"), CALLS_SIGNALS_MOST);
	tear_down();
}
END_TEST

START_TEST(an_answer_by_signal_teaches_the_address)
{
	struct parcel parcel;
	struct own_mailbox box;

	set_up();
	add(&alice, "bob", &bob);
	add(&bob, "alice", &alice);
	alice.peer = &bob;
	bob.peer = &alice;
	parcel = say_of_call(&alice, "bob", CALL_OFFER, one); /* to the inbox */
	ck_assert_int_eq(push(&bob, &parcel), RECEIVE_NEW);
	parcel = say_of_call(&bob, "alice", CALL_HANG_UP, one);
	ck_assert_int_eq(push(&alice, &parcel), RECEIVE_NEW);
	parcel = say_of_call(&alice, "bob", CALL_OFFER, two);
	ck_assert_int_eq(count(&bob, "SELECT count(*) FROM mailbox WHERE kind = 1"), 1);
	ck_assert_int_eq(push(&bob, &parcel), RECEIVE_NEW);
	ck_assert_int_eq(mailbox_for(&box, bob.p, the_contact(&bob, "alice").id), 0);
	ck_assert(key_equal(&parcel.address.deposit, &box.deposit));
	tear_down();
}
END_TEST

START_TEST(one_call_at_a_time)
{
	int fd, other;

	set_up();
	ck_assert(!calls_is_locked(alice.p));
	ck_assert_int_eq(calls_lock(&fd, alice.p), 0);
	ck_assert(calls_is_locked(alice.p));
	ck_assert_int_eq(calls_lock(&other, alice.p), CALLS_TAKEN);
	ck_assert(!calls_is_locked(bob.p));
	close(fd);
	ck_assert_int_eq(calls_lock(&fd, alice.p), 0);
	close(fd);
	tear_down();
}
END_TEST

UNIT("calls", a_call_rings_once_and_is_found_until_given_up, what_is_settled_is_no_news,
		who_vanished_while_it_rang_is_missed, the_same_signal_again_is_a_duplicate,
		only_an_accepted_contact_is_heard, a_signal_is_about_a_call_or_junk,
		signals_make_no_gap, a_contact_cannot_fill_the_table,
		an_answer_by_signal_teaches_the_address, one_call_at_a_time)
