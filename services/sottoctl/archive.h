/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One encrypted file, written or read in order, from or to any descriptor (docs/backup.md has its
 * bytes). Nothing of it is believed before it was authenticated, and all of it only when
 * archive_end said 0.
 */
#ifndef SOTTO_SOTTOCTL_ARCHIVE_H
#define SOTTO_SOTTOCTL_ARCHIVE_H

#include "libshared/key.h"
#include "libshared/scope.h"

/* What may be wrong with a file; each has a text and a remedy. */
enum trouble {
	TROUBLE_FOREIGN = 1, /* not made by sottoctl */
	TROUBLE_NEWER,	     /* by a later version */
	TROUBLE_LOCKED,	     /* wrong passphrase or identity */
	TROUBLE_TRUNCATED,
	TROUBLE_CHANGED,
	TROUBLE_USED, /* a move that was received here before */
};

/* Says it on standard error, with its remedy; E_CONFIG. A failure below 0 comes back in silence. */
int trouble_tell(const char *command, int trouble) MUST_CHECK;

/* How the file's key is locked: by a passphrase, or for an age recipient. */
struct lock {
	int passphrase_fd;     /* -1: ask the terminal */
	const char *recipient; /* to make one; NULL: by passphrase */
	const char *identity;  /* to open one: file of age's */
};

enum { ARCHIVE_HEAD_MOST = 4096 };

struct archive_head { /* what stands before the ciphertext, and is authenticated with it */
	size_t len;
	uint8_t b[ARCHIVE_HEAD_MOST];
};

/* A fresh key, locked. Told on standard error when it fails. */
int lock_make(struct key *out, struct archive_head *head, const struct lock *lock) MUST_CHECK;

/* Reads the head from fd and opens it: 0, a trouble, or a failure that was told. */
int lock_open(struct key *out, struct archive_head *head, int fd,
		const struct lock *lock) MUST_CHECK;

struct archive;

/* Borrows fd. */
int archive_create(struct archive **out, int fd, const struct key *key,
		const struct archive_head *head) MUST_CHECK;
int archive_open(struct archive **out, int fd, const struct key *key,
		const struct archive_head *head) MUST_CHECK;
void archive_close(struct archive *a);
DEFINE_CLEANUP(struct archive *, archive_close)

int archive_write(struct archive *a, const void *bytes, size_t len) MUST_CHECK;
int archive_write_u32(struct archive *a, uint32_t value) MUST_CHECK;
int archive_write_text(struct archive *a, const char *text) MUST_CHECK; /* a u32 of length first */

/* 0, a trouble, or E_IO. */
int archive_read(struct archive *a, void *out, size_t len) MUST_CHECK;
int archive_read_u32(struct archive *a, uint32_t *out) MUST_CHECK;
int archive_read_text(struct archive *a, char *out, size_t room) MUST_CHECK;

/*
 * Writing: the last piece, without which nobody takes the file. Reading: there was that piece, and
 * nothing is left.
 */
int archive_end(struct archive *a) MUST_CHECK;

/* Bytes of the file so far. */
uint64_t archive_bytes(const struct archive *a);

#endif
