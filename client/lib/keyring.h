/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An unlocked vault in the kernel's keyring of this user, which forgets it after some idle time.
 * Every process of the user may read it meanwhile. Without a keyring (some containers) nothing is
 * kept.
 */
#ifndef SOTTO_KEYRING_H
#define SOTTO_KEYRING_H

#include "client/lib/vault.h"

enum { KEYRING_NONE = 1 };

/* Forgotten idle_s after the last use. E_IO: there is no keyring here, or no key file. */
int keyring_keep(const struct vault *vault, const char *dir, uint32_t idle_s) MUST_CHECK;
/* A use. KEYRING_NONE: none is kept. */
int keyring_use(struct vault *out, const char *dir) MUST_CHECK;
void keyring_forget(const char *dir);

#endif
