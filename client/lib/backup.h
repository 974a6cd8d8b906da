/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A profile in one encrypted file (docs/protocol.md "Export"): who one is, contacts, mailboxes,
 * what was said. Nothing of a ratchet is in it: no session, prekey, sealing key, token. What comes
 * back knows that it is an old copy (loss.h), and begins anew with everybody.
 */
#ifndef SOTTO_BACKUP_H
#define SOTTO_BACKUP_H

#include "client/lib/profile.h"
#include "client/lib/stream.h"

enum { BACKUP_OFF = 16, BACKUP_PATH_MOST = 1024 };

int backup_key(struct stream_key *out, const char *passphrase, const struct cost *cost) MUST_CHECK;

/* The file is whole, or as it was before. E_IO. */
int backup_write(
		struct profile *profile, const char *path, const struct stream_key *key) MUST_CHECK;

struct backup {
	const char *path, *passphrase; /* of the file */
	const char *own;	       /* passphrase of the profile that is made of it */
	const struct cost *cost;
};
/* As profile_create; a failure leaves nothing. STREAM_*; E_LOCKED: it is not the file's passphrase.
 */
int backup_read(struct profile **out, const char *dir, const struct backup *backup) MUST_CHECK;

/* From now on the file is written again about once a day, whenever backup_keep is called. The key
 * is kept in the profile. path NULL: no more. E_CONFIG: the path is too long. */
int backup_daily(
		struct profile *profile, const char *path, const struct stream_key *key) MUST_CHECK;
/* BACKUP_OFF: nothing was to be done. A failure is tried again in an hour. */
int backup_keep(struct profile *profile) MUST_CHECK;

#endif
