/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Three people in one process and a group of theirs, the garden. */
#ifndef SOTTO_TEST_GARDEN_H
#define SOTTO_TEST_GARDEN_H

#include "client/lib/group.h"
#include "tests/unit/client/people.h"

enum { PEOPLE = 3 };
/* Anna makes the groups; bert and carl have never met. */
static struct person third, *const anna = &alice, *const bert = &bob, *const carl = &third;
static struct person *const people[PEOPLE] = { &alice, &bob, &third };
static const char *const names[PEOPLE] = { "anna", "bert", "carl" };

/* --- moving packets ------------------------------------------------------ */

static inline struct person *person_of(struct person *a, int64_t contact)
{
	struct contact c;
	struct contact_link link;

	ck_assert_int_eq(contact_by_id(&c, a->p, contact), 0);
	for (int i = 0; i < PEOPLE; i++) {
		profile_link(people[i]->p, &link);
		if (memcmp(link.identity_hash, c.link.identity_hash, HASH_BYTES) == 0)
			return people[i];
	}
	return NULL;
}

/* All that a has for b arrives. */
static inline int move(struct person *a, struct person *b)
{
	struct parcel parcel;
	int64_t contact = 0;
	int n = 0;

	while (outbox_contact(&contact, a->p, contact) == 0) {
		if (person_of(a, contact) != b)
			continue;
		a->peer = b;
		for (;; n++) {
			int rc = outbox_next(&parcel, a->p, contact);

			if (rc == OUTBOX_EMPTY)
				break;
			parcel = peek(a, contact);
			ck_assert_int_eq(outbox_done(a->p, &parcel), 0);
			ck_assert_int_eq(deliver(b, &parcel), RECEIVE_NEW);
		}
	}
	return n;
}

static inline void settle(void)
{
	int n;

	do {
		n = 0;
		for (int i = 0; i < PEOPLE * PEOPLE; i++)
			if (i / PEOPLE != i % PEOPLE)
				n += move(people[i / PEOPLE], people[i % PEOPLE]);
	} while (n);
}

/* --- scenes -------------------------------------------------------------- */

static inline struct group group_of(struct person *a, const char *name)
{
	struct group g;

	ck_assert_int_eq(group_by_name(&g, a->p, name), 0);
	return g;
}

static inline void people_meet(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	for (int i = 0; i < PEOPLE; i++)
		person_make(people[i]);
	for (int i = 1; i < PEOPLE; i++) {
		add(anna, names[i], people[i]);
		add(people[i], "anna", anna);
	}
}

static inline void people_part(void)
{
	for (int i = 0; i < PEOPLE; i++)
		person_end(people[i]);
}

static inline void make_garden(void)
{
	struct group g;

	ck_assert_int_eq(group_make(anna->p, "garden"), 0);
	g = group_of(anna, "garden");
	ck_assert_int_eq(group_invite(anna->p, &g, "bert"), 0);
	ck_assert_int_eq(group_invite(anna->p, &g, "carl"), 0);
	settle();
}

static inline void join_garden(struct person *a)
{
	struct group g = group_of(a, "garden");

	ck_assert_int_eq(g.state, GROUP_INVITED);
	ck_assert_int_eq(group_join(a->p, &g), 0);
}

static inline int tell_garden(struct person *a, const char *text)
{
	struct group g = group_of(a, "garden");

	return group_send(a->p, &g, text, 0);
}

/* Joined members, as a knows them, by name: "anna carl". */
static inline const char *joined(struct person *a)
{
	static char text[256];
	struct group_member m = { .contact = 0 };
	struct group g = group_of(a, "garden");

	text[0] = '\0';
	while (group_member_next(&m, a->p, g.id) == 0)
		if (m.joined)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s",
					*text ? " " : "", m.name);
	return text;
}

/* The texts heard in the group that may be shown, in order: "anna:one bert:two". */
static inline const char *heard(struct person *a)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	static char text[4096];

	text[0] = '\0';
	ck_assert_int_eq(q_open(&s, a->p->db,
					 "SELECT c.name, m.text FROM message m JOIN contact c ON "
					 "c.id = m.contact WHERE m.grp IS NOT NULL AND NOT m.out "
					 "AND "
					 "m.text <> '' AND m.shown < 2 ORDER BY m.id",
					 ""),
			0);
	while (sqlite3_step(s) == SQLITE_ROW)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s:%s",
				*text ? " | " : "", (const char *)sqlite3_column_text(s, 0),
				(const char *)sqlite3_column_text(s, 1));
	return text;
}

/* In any row, also of those who have it only to send it. */
static inline int64_t has(struct person *a, const char *text)
{
	int64_t n = -1;

	ck_assert_int_eq(q_number(&n, a->p->db,
					 "SELECT count(*) FROM message WHERE instr(text, ?1) OR "
					 "instr(body, CAST(?1 AS BLOB))",
					 "t", text),
			0);
	return n;
}

/* Carl has joined, and bert, whose list does not name him yet, has heard nothing of it. */
static inline void carl_comes_early(void)
{
	struct group g;

	ck_assert_int_eq(group_make(anna->p, "garden"), 0);
	g = group_of(anna, "garden");
	ck_assert_int_eq(group_invite(anna->p, &g, "bert"), 0);
	settle();
	join_garden(bert);
	settle();
	ck_assert_int_eq(group_invite(anna->p, &g, "carl"), 0);
	move(anna, carl);
	join_garden(carl);
}

static inline void all_join(void)
{
	make_garden();
	join_garden(bert);
	join_garden(carl);
	settle();
}

#endif
