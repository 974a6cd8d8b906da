/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Making and opening a profile. dir/key: version 4 || opslimit 8 || memlimit 8 || salt 16; the
 * limits are bounded before hashing, else a swapped file could ask for all memory. dir/db: the
 * encrypted database.
 */
#include "client/lib/profile.h"

#include "client/lib/signal_provider.h"
#include "client/lib/store.h"
#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <omemo/curve.h>
#include <omemo/key_helper.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { KEY_FILE_BYTES = 4 + 8 + 8 + crypto_pwhash_SALTBYTES, KEY_VERSION = 1 };

struct kdf {
	uint64_t ops, mem;
	uint8_t salt[crypto_pwhash_SALTBYTES];
};

static int64_t wall_clock(void *clock)
{
	(void)clock;
	return time(NULL);
}

/* --- the key file ------------------------------------------------------- */

static int key_file_write(const char *path, const struct kdf *kdf)
{
	__attribute__((cleanup(scope_close_ref))) int fd = open(
			path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	uint8_t bytes[KEY_FILE_BYTES];
	struct writer w = writer_over(bytes, sizeof bytes);

	writer_u32(&w, KEY_VERSION);
	writer_u64(&w, kdf->ops);
	writer_u64(&w, kdf->mem);
	writer_copy(&w, kdf->salt, sizeof kdf->salt);
	if (fd < 0 || write(fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes || fsync(fd) < 0)
		return E_IO;
	return 0;
}

static int key_file_read(const char *path, struct kdf *kdf)
{
	__attribute__((cleanup(scope_close_ref))) int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t bytes[KEY_FILE_BYTES];
	struct reader rd = reader_over(bytes, sizeof bytes);

	if (fd < 0 || read(fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes)
		return E_IO;
	if (reader_u32(&rd) != KEY_VERSION)
		return E_CONFIG;
	kdf->ops = reader_u64(&rd);
	kdf->mem = reader_u64(&rd);
	reader_copy(&rd, kdf->salt, sizeof kdf->salt);
	if (kdf->ops > crypto_pwhash_OPSLIMIT_SENSITIVE ||
			kdf->mem > crypto_pwhash_MEMLIMIT_SENSITIVE)
		return E_CONFIG;
	return 0;
}

static int derive(struct key *out, const char *passphrase, const struct kdf *kdf)
{
	return crypto_pwhash(out->b, sizeof out->b, passphrase, strlen(passphrase), kdf->salt,
			       kdf->ops, (size_t)kdf->mem, crypto_pwhash_ALG_ARGON2ID13) == 0
			? 0
			: E_NOMEM;
}

/* --- what is in meta ---------------------------------------------------- */

static int put(const struct profile *p, const char *name, const void *bytes, size_t len)
{
	return q_run(p->db, "INSERT INTO meta VALUES (?, ?)", "tb", name, bytes, len);
}

static int get(const struct profile *p, const char *name, void *out, size_t len)
{
	const struct q_blob into = { out, len };

	return q_blob(&into, p->db, "SELECT value FROM meta WHERE name = ?", "t", name) ? E_IO : 0;
}

static int make_identity(struct profile *p)
{
	SIGNAL_OWNED(ratchet_identity_key_pair) *pair = NULL;
	__attribute__((cleanup(signal_buffer_free_ref))) signal_buffer *public_key = NULL,
								       *secret = NULL;
	int rc;

	if (signal_protocol_key_helper_generate_identity_key_pair(&pair, p->signal) ||
			signal_protocol_key_helper_generate_registration_id(
					&p->registration_id, 0, p->signal) ||
			ec_public_key_serialize(
					&public_key, ratchet_identity_key_pair_get_public(pair)) ||
			ec_private_key_serialize(
					&secret, ratchet_identity_key_pair_get_private(pair)))
		return E_CRYPTO;
	memcpy(p->identity, signal_buffer_data(public_key) + 1, sizeof p->identity);
	rc = put(p, "identity", p->identity, sizeof p->identity);
	rc = rc ? rc
		: put(p, "identity secret", signal_buffer_data(secret), signal_buffer_len(secret));
	return rc ? rc : put(p, "registration", &p->registration_id, sizeof p->registration_id);
}

static int fill(struct profile *p, const uint8_t *onion)
{
	int rc = make_identity(p);

	randombytes_buf(p->uuid, sizeof p->uuid);
	p->uuid[6] = (p->uuid[6] & 0x0f) | 0x40; /* RFC 9562 version 4 */
	p->uuid[8] = (p->uuid[8] & 0x3f) | 0x80;
	key_pair_random(&p->owner);
	key_random(&p->bundle_key);
	memcpy(p->onion, onion, sizeof p->onion);
	rc = rc ? rc : put(p, "uuid", p->uuid, sizeof p->uuid);
	rc = rc ? rc : put(p, "owner", p->owner.secret.b, KEY_BYTES);
	rc = rc ? rc : put(p, "bundle key", p->bundle_key.b, KEY_BYTES);
	return rc ? rc : put(p, "onion", p->onion, sizeof p->onion);
}

static int load(struct profile *p)
{
	CLEANUP(key_wipe) struct key owner = { { 0 } };
	int rc = get(p, "identity", p->identity, sizeof p->identity);

	rc = rc ? rc : get(p, "registration", &p->registration_id, sizeof p->registration_id);
	rc = rc ? rc : get(p, "uuid", p->uuid, sizeof p->uuid);
	rc = rc ? rc : get(p, "owner", owner.b, sizeof owner.b);
	rc = rc ? rc : get(p, "bundle key", p->bundle_key.b, KEY_BYTES);
	rc = rc ? rc : get(p, "onion", p->onion, sizeof p->onion);
	return rc ? rc : key_pair_from_secret(&p->owner, &owner);
}

/* --- the interface ------------------------------------------------------ */

static int open_with(struct profile **out, const char *dir, const char *passphrase,
		const struct kdf *kdf)
{
	CLEANUP(profile_close) struct profile *p = sodium_malloc(sizeof *p);
	CLEANUP(key_wipe) struct key key = { { 0 } };
	int rc;

	if (!p)
		return E_NOMEM;
	memset(p, 0, sizeof *p);
	p->now_s = wall_clock;
	rc = derive(&key, passphrase, kdf);
	rc = rc ? rc : store_open(&p->db, dir, &key);
	rc = rc ? rc : signal_open(p);
	if (rc)
		return rc;
	*out = STEAL(p);
	return 0;
}

int profile_create(struct profile **out, const char *dir, const char *passphrase,
		const uint8_t onion[static ONION_KEY_BYTES])
{
	CLEANUP(profile_close) struct profile *p = NULL;
	struct kdf kdf = { crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE,
		{ 0 } };
	char path[4096];
	int rc;

	if (snprintf(path, sizeof path, "%s/key", dir) >= (int)sizeof path)
		return E_CONFIG;
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return E_IO;
	randombytes_buf(kdf.salt, sizeof kdf.salt);
	rc = key_file_write(path, &kdf);
	rc = rc ? rc : open_with(&p, dir, passphrase, &kdf);
	rc = rc ? rc : q_begin(p->db);
	if (rc)
		return rc;
	rc = q_end(p->db, fill(p, onion));
	if (rc == 0)
		*out = STEAL(p);
	return rc;
}

int profile_open(struct profile **out, const char *dir, const char *passphrase)
{
	CLEANUP(profile_close) struct profile *p = NULL;
	struct kdf kdf;
	char path[4096];
	int rc;

	if (snprintf(path, sizeof path, "%s/key", dir) >= (int)sizeof path)
		return E_CONFIG;
	rc = key_file_read(path, &kdf);
	rc = rc ? rc : open_with(&p, dir, passphrase, &kdf);
	rc = rc ? rc : load(p);
	if (rc == 0)
		*out = STEAL(p);
	return rc;
}

void profile_close(struct profile *p)
{
	if (!p)
		return;
	signal_close(p);
	sqlite3_close_v2(p->db);
	sodium_free(p); /* wipes */
}

void profile_link(const struct profile *p, struct contact_link *out)
{
	memcpy(out->onion, p->onion, sizeof out->onion);
	memcpy(out->uuid, p->uuid, sizeof out->uuid);
	out->bundle_key = p->bundle_key;
	link_identity_hash(out->identity_hash, p->identity);
}

int64_t profile_now(const struct profile *p)
{
	return p->now_s(p->clock);
}

bool profile_has_passed(const struct profile *p, int64_t then_s, int64_t span_s)
{
	int64_t now = profile_now(p);

	return now < then_s || now - then_s > span_s;
}
