/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Where the profile lives: an account at a server, with a contact link and an inbox of its own. A
 * profile has several, one of them the main one, all under one identity; what was left is read
 * until nobody writes there. Each contact knows of one (docs/protocol.md "Homes").
 */
#ifndef SOTTO_HOME_H
#define SOTTO_HOME_H

#include "client/lib/link.h"

#include <stdbool.h>

enum { HOME_NONE = 1, HOMES_MOST = 8 };

/* In SQL: where our mailbox for that contact belongs; of nobody: the main one. */
#define HOME_OF(contact)                                                 \
	"(SELECT coalesce((SELECT home FROM contact WHERE id = " contact \
	"), (SELECT id FROM home WHERE main)))"

struct profile;

struct home {
	int64_t id;
	bool is_main, is_left;
	uint8_t onion[ONION_KEY_BYTES]; /* of its server */
	uint8_t uuid[UUID_BYTES];
	struct key_pair owner; /* the account's */
	struct key bundle_key;
};
void home_wipe(struct home *home);
static inline __attribute__((unused)) void home_wipe_ref(struct home *home)
{
	home_wipe(home);
}

int home_main(struct home *out, struct profile *profile) MUST_CHECK;
int home_by_id(struct home *out, struct profile *profile, int64_t id) MUST_CHECK;
/* As HOME_OF. */
int home_of(struct home *out, struct profile *profile, int64_t contact) MUST_CHECK;
/* Not one that was left. HOME_NONE. */
int home_at(struct home *out, struct profile *profile,
		const uint8_t onion[static ONION_KEY_BYTES]) MUST_CHECK;
/* Goes through those that were not left, the main one among them: start with 0. HOME_NONE: no
 * further one. */
int home_next(struct home *out, struct profile *profile, int64_t after) MUST_CHECK;
/* The same, with those that were left and whose accounts may not be ended yet. */
int home_next_to_end(struct home *out, struct profile *profile, int64_t after) MUST_CHECK;

/* A new one: the first is the main one. In a transaction, like the next. */
int home_put(int64_t *out, struct profile *profile,
		const uint8_t onion[static ONION_KEY_BYTES]) MUST_CHECK;
int home_make_main(struct profile *profile, int64_t id) MUST_CHECK;

void home_link(struct contact_link *out, const struct profile *profile, const struct home *home);

/* What plan.h calls a thing that each home has a time of its own for: no server learns another's
 * rhythm. */
enum { HOME_PLAN = 48 };
void home_plan(char out[static HOME_PLAN], const char *what, const struct home *home);

#endif
