/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The key file of a profile (docs/protocol.md "Key file"): two slots of equal look, each random
 * bytes, or a database key wrapped under Argon2id of a passphrase. One slot is the profile's; the
 * other may be a decoy's, whose passphrase destroys the first as it opens. Opening writes the same
 * in either case, so that neither the file's bytes nor its writing tell which it was.
 */
#ifndef SOTTO_VAULT_H
#define SOTTO_VAULT_H

#include "client/lib/cost.h"

enum {
	VAULT_TAKEN = 1,      /* that passphrase opens the other slot */
	VAULT_NO_DEVICE = 66, /* it wants a secret of its device, which is not to be had */
	VAULT_NAME_BYTES = 16,
	PASSPHRASE_MOST = 255,
};

struct vault {		  /* what a slot holds */
	struct key key;	  /* of the profile's database */
	struct key other; /* of the decoy's; random bytes when there is none */
	uint8_t database; /* which of the two files is ours: 0 or 1 */
};

/* Random keys; nothing is written. */
void vault_random(struct vault *out);
void vault_wipe(struct vault *vault);
/* The decoy as its own slot has it. */
void vault_decoy(struct vault *out, const struct vault *vault);

/* Writes the key file; with cost->device its passphrases open it only together with a new secret of
 * this device (device.h). E_IO: also when there is one. VAULT_NO_DEVICE. */
int vault_create(const struct vault *vault, const char *dir, const char *passphrase,
		const struct cost *cost) MUST_CHECK;

/* E_LOCKED: opens neither slot. E_CONFIG: the file is none of ours, or asks for too much memory.
 * VAULT_NO_DEVICE, as from the next two.
 * *out_lost: the database whose slot that passphrase has destroyed, else -1. */
int vault_open(struct vault *out, int *out_lost, const char *dir,
		const char *passphrase) MUST_CHECK;

/* A new passphrase for the slot that `old` opens. All of it or nothing. VAULT_TAKEN, E_LOCKED. */
int vault_change(const char *dir, const char *old, const char *passphrase) MUST_CHECK;

/* The other slot becomes a decoy's: it opens under `duress`, with the key vault->other. */
int vault_add_decoy(const struct vault *vault, const char *dir, const char *passphrase,
		const char *duress) MUST_CHECK;

/* Panic's first step, at once and whoever else is at it: both slots become random bytes, on the
 * disk when it returns. Async-signal-safe. 0: also when there is no key file. E_IO: one of them
 * could not be written; the rest is done. */
int vault_destroy(const char *dir) MUST_CHECK;
/* The same, and the key file goes. */
int vault_remove(const char *dir) MUST_CHECK;

/* The device's secret of a key file that wants one is named as the key file is. */
bool vault_wants_device(const char *dir) MUST_CHECK;

/* Random bytes that name this key file. */
int vault_name(uint8_t out[static VAULT_NAME_BYTES], const char *dir) MUST_CHECK;

static inline __attribute__((unused)) void vault_wipe_ref(struct vault *vault)
{
	vault_wipe(vault);
}

#endif
