/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The key of an archive and the head that leads to it: Argon2id of a passphrase, or a random key
 * that age, as a child, encrypts for a recipient. Numbers that a head names are bounded before they
 * cost anything.
 */
#include "services/sottoctl/archive.h"

#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"
#include "services/sottoctl/passphrase.h"
#include "services/sottoctl/run.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* "SOTTOBAK" version 1, kind 1, length 2, and what the kind needs. */
static const char magic[8] = { 'S', 'O', 'T', 'T', 'O', 'B', 'A', 'K' };

enum { START = sizeof magic + 1 + 1 + 2, VERSION = 1 };
enum kind { KIND_PASSPHRASE = 1, KIND_AGE = 2 };

/* A machine of 1 GB makes and opens it; a guess costs half a second of a core and 128 MiB. */
enum { OPS = 4, OPS_MOST = 64, MEM_KIB = 128 << 10, MEM_KIB_LEAST = 8, MEM_KIB_MOST = 1 << 20 };
enum { COST_BYTES = crypto_pwhash_SALTBYTES + 4 + 4 };

static int stretch(struct key *out, const uint8_t cost[static COST_BYTES],
		const struct passphrase *passphrase)
{
	struct reader rd = reader_over(cost + crypto_pwhash_SALTBYTES, 8);
	uint32_t ops = reader_u32(&rd), mem_kib = reader_u32(&rd);

	if (ops < 1 || ops > OPS_MOST || mem_kib < MEM_KIB_LEAST || mem_kib > MEM_KIB_MOST)
		return TROUBLE_LOCKED;
	if (crypto_pwhash(out->b, sizeof out->b, passphrase->text, strlen(passphrase->text), cost,
			    ops, (size_t)mem_kib << 10, crypto_pwhash_ALG_ARGON2ID13) == 0)
		return 0;
	fprintf(stderr, "sottoctl: not enough memory for Argon2id: it takes %u MiB\n",
			mem_kib >> 10);
	return E_NOMEM;
}

static void start(struct archive_head *head, enum kind kind, const void *body, size_t len)
{
	struct writer w = writer_over(head->b, sizeof head->b);

	writer_copy(&w, magic, sizeof magic);
	writer_u8(&w, VERSION);
	writer_u8(&w, (uint8_t)kind);
	writer_u16(&w, (uint16_t)len);
	writer_copy(&w, body, len);
	head->len = w.used;
}

static int make_by_passphrase(struct key *out, struct archive_head *head, int fd)
{
	CLEANUP(passphrase_wipe) struct passphrase passphrase = { "" };
	uint8_t cost[COST_BYTES];
	struct writer w = writer_over(cost, sizeof cost);
	int rc = passphrase_ask(&passphrase, fd, true);

	if (rc)
		return rc;
	randombytes_buf(writer_take(&w, crypto_pwhash_SALTBYTES), crypto_pwhash_SALTBYTES);
	writer_u32(&w, OPS);
	writer_u32(&w, MEM_KIB);
	start(head, KIND_PASSPHRASE, cost, sizeof cost);
	return stretch(out, cost, &passphrase);
}

static int make_for_recipient(struct key *out, struct archive_head *head, const char *recipient)
{
	const char *const age[] = { "age", "--encrypt", "--recipient", recipient, NULL };
	uint8_t locked[ARCHIVE_HEAD_MOST - START];
	size_t len = sizeof locked;
	int rc;

	key_random(out);
	rc = run_filter(age, out->b, sizeof out->b, locked, &len);
	if (rc)
		fprintf(stderr, "sottoctl: age (the package) encrypts for no such recipient\n");
	else
		start(head, KIND_AGE, locked, len);
	return rc;
}

int lock_make(struct key *out, struct archive_head *head, const struct lock *lock)
{
	return lock->recipient ? make_for_recipient(out, head, lock->recipient)
			       : make_by_passphrase(out, head, lock->passphrase_fd);
}

/* --- opening ------------------------------------------------------------- */

static int open_by_age(struct key *out, const uint8_t *locked, size_t len, const char *identity)
{
	const char *const age[] = { "age", "--decrypt", "--identity", identity, NULL };
	size_t n = sizeof out->b;

	if (!identity) {
		fprintf(stderr, "sottoctl: this file is for an age recipient: give --identity\n");
		return E_CONFIG;
	}
	return run_filter(age, locked, len, out->b, &n) || n != sizeof out->b ? TROUBLE_LOCKED : 0;
}

static int get(int fd, uint8_t *out, size_t len)
{
	size_t got = 0;
	ssize_t n = 1;

	while (got < len && n > 0) {
		n = read(fd, out + got, len - got);
		got += n > 0 ? (size_t)n : 0;
	}
	return n < 0 ? E_IO : got == len ? 0 : TROUBLE_TRUNCATED;
}

int lock_open(struct key *out, struct archive_head *head, int fd, const struct lock *lock)
{
	CLEANUP(passphrase_wipe) struct passphrase passphrase = { "" };
	const uint8_t *body = head->b + START;
	struct reader rd;
	int rc = get(fd, head->b, START);
	size_t len;
	uint8_t version, kind;

	if (rc)
		return rc == TROUBLE_TRUNCATED ? TROUBLE_FOREIGN : rc;
	rd = reader_over(head->b + sizeof magic, START - sizeof magic);
	version = reader_u8(&rd);
	kind = reader_u8(&rd);
	len = reader_u16(&rd);
	if (memcmp(head->b, magic, sizeof magic) != 0)
		return TROUBLE_FOREIGN;
	if (version != VERSION || (kind != KIND_PASSPHRASE && kind != KIND_AGE))
		return TROUBLE_NEWER;
	if (len > sizeof head->b - START || (kind == KIND_PASSPHRASE && len != COST_BYTES))
		return TROUBLE_LOCKED;
	rc = get(fd, head->b + START, len);
	head->len = START + len;
	if (rc)
		return rc;
	if (kind == KIND_AGE)
		return open_by_age(out, body, len, lock->identity);
	rc = passphrase_ask(&passphrase, lock->passphrase_fd, false);
	return rc ? rc : stretch(out, body, &passphrase);
}
