/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Two people for tests of the client: their profiles in scratch folders, a clock of the test's, no
 * network. */
#ifndef SOTTO_TEST_PEOPLE_H
#define SOTTO_TEST_PEOPLE_H

#include "client/lib/conversation.h"
#include "client/lib/packet.h"
#include "client/lib/store.h"
#include "client/lib/turns.h"
#include "libshared/error.h"
#include "tests/unit/unit.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static int64_t test_now = 1000000;

/* clock: how far off somebody's is, or NULL. */
static inline int64_t test_clock(void *clock)
{
	return test_now + (clock ? *(int64_t *)clock : 0);
}

static const struct cost cheap = { .ops = 1, .mem = 8192 };

struct person {
	char dir[32];
	struct person *peer; /* who says() last wrote to: whose bundles are taken */
	struct profile *p;
	struct bundle_batch bundles;
	int next_bundle;
};

/* All that a profile may consist of. */
static const char *const profile_files[] = { "key", "key.new", "db.0", "db.0-wal", "db.0-shm",
	"db.0-journal", "db.1", "db.1-wal", "db.1-shm", "db.1-journal" };

static inline void remove_dir(const char *dir)
{
	char path[64];

	for (size_t i = 0; i < ARRAY_LEN(profile_files); i++) {
		snprintf(path, sizeof path, "%s/%s", dir, profile_files[i]);
		unlink(path);
	}
	rmdir(dir);
}

static inline void person_make(struct person *a)
{
	uint8_t onion[32];
	struct own_mailbox inbox;

	randombytes_buf(onion, sizeof onion);
	snprintf(a->dir, sizeof a->dir, "/tmp/so.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(a->dir));
	ck_assert_int_eq(profile_create(&a->p, a->dir, "correct horse", onion, &cheap), 0);
	a->p->now_s = test_clock;
	ck_assert_int_eq(mailbox_for(&inbox, a->p, 0), 0);
	ck_assert_int_eq(mailbox_made(a->p, &inbox), 0);
	ck_assert_int_eq(bundle_make_batch(a->p, &a->p->home, &a->bundles, 1), 0);
	a->next_bundle = 0;
}

static inline void person_end(struct person *a)
{
	profile_close(a->p);
	remove_dir(a->dir);
}

static inline struct contact the_contact(struct person *a, const char *name)
{
	struct contact c;

	ck_assert_int_eq(contact_by_name(&c, a->p, name), 0);
	return c;
}

static inline void add(struct person *a, const char *name, struct person *b)
{
	struct contact_link link;
	char text[LINK_TEXT + 1];

	profile_link(b->p, &link);
	link_write(text, &link);
	ck_assert_int_eq(link_read(&link, text), 0);
	ck_assert_int_eq(contact_add(a->p, name, &link), 0);
}

static inline void take_bundle(struct person *a, int64_t contact)
{
	struct contact c;

	ck_assert_int_eq(contact_by_id(&c, a->p, contact), 0);
	ck_assert_int_lt(a->peer->next_bundle, BUNDLES_PER_PUT);
	ck_assert_int_eq(conversation_begin(a->p, &c,
					 a->peer->bundles.one_time[a->peer->next_bundle++]),
			0);
}

/* The oldest parcel for that contact, sealed; as sync.c does, without its network. */
static inline struct parcel peek(struct person *a, int64_t contact)
{
	struct parcel parcel;
	struct own_mailbox box;
	int rc = outbox_next(&parcel, a->p, contact);

	if (rc == OUTBOX_NEEDS_MAILBOX) {
		ck_assert_int_eq(mailbox_for(&box, a->p, contact), 0);
		ck_assert_int_eq(mailbox_made(a->p, &box), 0);
		rc = outbox_next(&parcel, a->p, contact);
	}
	if (rc == OUTBOX_NEEDS_BUNDLE) {
		take_bundle(a, contact);
		rc = outbox_next(&parcel, a->p, contact);
	}
	ck_assert_int_eq(rc, 0);
	return parcel;
}

/* Writes, and seals what is first in the outbox. */
static inline void say(struct person *a, const char *name, struct person *peer, const char *text)
{
	struct contact c = the_contact(a, name);

	a->peer = peer;
	ck_assert_int_eq(conversation_send(a->p, &c, text), 0);
	peek(a, c.id);
}

/* Takes the oldest parcel of a's outbox. */
static inline struct parcel post(struct person *a)
{
	struct parcel parcel;
	int64_t contact;

	ck_assert_int_eq(outbox_contact(&contact, a->p, 0), 0);
	parcel = peek(a, contact);
	ck_assert_int_eq(outbox_done(a->p, &parcel), 0);
	return parcel;
}

/* Whichever mailbox of b has that deposit secret. */
static inline int their_box(struct own_mailbox *out, struct person *b, const struct parcel *parcel)
{
	out->id = 0;
	while (mailbox_next(out, b->p, out->id) == 0)
		if (key_equal(&out->deposit, &parcel->address.deposit))
			return 0;
	return E_BUG;
}

static inline int deliver(struct person *b, const struct parcel *parcel)
{
	struct own_mailbox box;
	int rc = their_box(&box, b, parcel);

	return rc ? rc : conversation_receive(b->p, &box, parcel->packet);
}

static inline int push_blob(struct person *b, const struct parcel *parcel)
{
	struct own_mailbox box;
	int rc = their_box(&box, b, parcel);

	return rc ? rc : conversation_receive_push(b->p, &box, parcel->packet);
}

static inline int64_t count(struct person *a, const char *sql)
{
	int64_t n = -1;

	ck_assert_int_eq(q_number(&n, a->p->db, sql, ""), 0);
	return n;
}

static inline void last_text(struct person *a, char *out, size_t size)
{
	sqlite3_stmt *s;

	ck_assert_int_eq(q_open(&s, a->p->db,
					 "SELECT text FROM message WHERE NOT out AND whole IS NULL "
					 "ORDER BY id DESC LIMIT 1",
					 ""),
			0);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	snprintf(out, size, "%s", (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
}

static inline void pass(struct person *from, const char *name, struct person *to, const char *text)
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

static inline void set_up(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	person_make(&alice);
	person_make(&bob);
}

/* Both know each other and have talked, so that later gaps are gaps. */
static inline void meet(void)
{
	set_up();
	add(&alice, "bob", &bob);
	add(&bob, "alice", &alice);
	alice.peer = &bob;
	bob.peer = &alice;
	pass(&alice, "bob", &bob, "one");
	pass(&bob, "alice", &alice, "one");
}

/* The next packet that waits. */
static inline void carry(struct person *from, struct person *to)
{
	struct parcel parcel = post(from);

	ck_assert_int_eq(deliver(to, &parcel), RECEIVE_NEW);
}

static inline void tear_down(void)
{
	person_end(&alice);
	person_end(&bob);
}

#endif
