/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Two people who mend what was lost between them. */
#ifndef SOTTO_TEST_MEND_H
#define SOTTO_TEST_MEND_H

#include "client/lib/loss.h"
#include "tests/unit/client/people.h"

static inline void lose(struct person *from, const char *name, struct person *to, const char *text)
{
	say(from, name, to, text);
	post(from);
}

static inline unsigned waiting(struct person *a)
{
	return (unsigned)count(a, "SELECT count(*) FROM outbox");
}

/* Delivers all that waits, of both, and mends, until nobody has anything to say. */
static inline void settle(void)
{
	struct parcel parcel;

	do {
		ck_assert_int_eq(loss_mend(alice.p), 0);
		ck_assert_int_eq(loss_mend(bob.p), 0);
		while (waiting(&alice)) {
			parcel = post(&alice);
			ck_assert_int_ge(deliver(&bob, &parcel), 0);
		}
		while (waiting(&bob)) {
			parcel = post(&bob);
			ck_assert_int_ge(deliver(&alice, &parcel), 0);
		}
		ck_assert_int_eq(loss_mend(alice.p), 0);
		ck_assert_int_eq(loss_mend(bob.p), 0);
	} while (waiting(&alice) || waiting(&bob));
}

static inline int64_t heard(struct person *a, const char *text)
{
	int64_t n = -1;

	ck_assert_int_eq(q_number(&n, a->p->db,
					 "SELECT count(*) FROM message WHERE NOT out AND text = ?",
					 "t", text),
			0);
	return n;
}

#endif
