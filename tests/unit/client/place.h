/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A profile's folder: what opens it, and what a cut at any step of something leaves of it. */
#ifndef SOTTO_TEST_PLACE_H
#define SOTTO_TEST_PLACE_H

#include "tests/unit/client/people.h"
#include "tests/unit/client/steps.h"

#include <errno.h>

/* In memory: the thousands of syncs below would take minutes on a disk. */
#define SCRATCH "/dev/shm/so.XXXXXX"

static const char own[] = "own", duress[] = "duress", third[] = "third";

/* --- places ------------------------------------------------------------- */

struct place {
	char dir[48];
	uint8_t identity[32], decoy[32];
};

static inline void place_make(struct place *a)
{
	static const uint8_t onion[32] = { 7 };
	struct profile *p;

	snprintf(a->dir, sizeof a->dir, SCRATCH);
	ck_assert_ptr_nonnull(mkdtemp(a->dir));
	ck_assert_int_eq(profile_create(&p, a->dir, own, onion, &cheap), 0);
	memcpy(a->identity, p->identity, 32);
	profile_close(p);
}

static inline void place_end(struct place *a)
{
	remove_dir(a->dir);
	ck_assert(access(a->dir, F_OK) < 0 && errno == ENOENT); /* nothing else was left in it */
}

/* As a copy of the disk: the same files in another folder. */
static inline struct place place_copy(const struct place *a)
{
	struct place b = *a;
	char command[256];

	snprintf(b.dir, sizeof b.dir, SCRATCH);
	ck_assert_ptr_nonnull(mkdtemp(b.dir));
	snprintf(command, sizeof command, "cp -r --sparse=always %s/. %s/ 2>&1", a->dir, b.dir);
	ck_assert_int_eq(system(command), 0); /* NOLINT: names of our own */
	return b;
}

/* What that passphrase opens: its answer, and the identity that is found. */
static inline int identity_under(
		uint8_t out[static 32], const struct place *a, const char *passphrase)
{
	CLEANUP(profile_close) struct profile *p = NULL;
	struct vault vault;
	int rc = profile_unlock(&vault, a->dir, passphrase);

	if (rc)
		return rc;
	rc = profile_open(&p, a->dir, &vault);
	if (rc == 0)
		memcpy(out, p->identity, 32);
	return rc;
}

static inline bool opens(
		const struct place *a, const char *passphrase, const uint8_t identity[static 32])
{
	uint8_t found[32];

	return identity_under(found, a, passphrase) == 0 && memcmp(found, identity, 32) == 0;
}

static inline bool is_locked(const struct place *a, const char *passphrase)
{
	uint8_t found[32];

	return identity_under(found, a, passphrase) == E_LOCKED;
}

static inline struct profile *open_place(const struct place *a, const char *passphrase)
{
	struct vault vault;
	struct profile *p = NULL;

	ck_assert_int_eq(profile_unlock(&vault, a->dir, passphrase), 0);
	ck_assert_int_eq(profile_open(&p, a->dir, &vault), 0);
	return p;
}

static inline void add_decoy(struct place *a)
{
	CLEANUP(profile_close) struct profile *p = NULL;
	struct vault decoy;

	ck_assert_int_eq(profile_add_decoy(open_place(a, own), a->dir, own, duress), 0);
	p = open_place(a, own);
	vault_decoy(&decoy, &p->vault);
	profile_close(STEAL(p));
	ck_assert_int_eq(profile_open(&p, a->dir, &decoy), 0);
	memcpy(a->decoy, p->identity, 32);
}

static struct place scene; /* what the acts below work on, in a process of their own */

/* Runs act on copies of the place, killed ever later, and lets judge look at what each leaves. */
static inline int cut_everywhere(const struct place *from, void (*act)(void *data),
		const void *data, void (*judge)(void))
{
	struct steps steps = { .kill_at = 0 };
	bool killed = true;

	while (killed) {
		scene = place_copy(from);
		killed = steps_run(&steps, act, (void *)data);
		judge();
		place_end(&scene);
		steps.kill_at++;
	}
	return steps.kill_at - 1;
}

#endif
