/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The key file: written whole into key.new and renamed, so a power cut leaves the old one or the
 * new one; what is to be destroyed is overwritten in place, and so is the file that a new one has
 * replaced. On flash and copy-on-write file systems overwriting is a request, not a fact.
 */
#include "client/lib/vault.h"

#include "client/lib/device.h"
#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>

#define FD __attribute__((cleanup(scope_close_ref))) int

static const struct cost_kind key_files[] = { { { 'S', 'O', 'T', 'T', 'O', 'K', 'E', 'Y' }, 2 },
	{ { 'S', 'O', 'T', 'T', 'O', 'K', 'E', 'Y' }, 3 } }; /* wants a secret of its device */

enum {
	HEAD_BYTES = COST_HEAD_BYTES,
	PLAIN_BYTES = KEY_BYTES + KEY_BYTES + 1 + 1 + 6,
	NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	SLOT_BYTES = NONCE + PLAIN_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES,
	FILE_BYTES = HEAD_BYTES + 2 * SLOT_BYTES,
};

enum kind { KIND_PROFILE = 1, KIND_DECOY = 2 };

struct file {
	uint8_t head[HEAD_BYTES], slots[2][SLOT_BYTES];
};
_Static_assert(sizeof(struct file) == FILE_BYTES, "no padding");

struct opened { /* kept in locked memory */
	struct file file;
	struct key kek; /* wraps the slot that it opens */
	struct vault vault;
	enum kind kind;
	int slot;
};

void vault_random(struct vault *out)
{
	key_random(&out->key);
	key_random(&out->other);
	out->database = (uint8_t)randombytes_uniform(2);
}

void vault_wipe(struct vault *vault)
{
	sodium_memzero(vault, sizeof *vault);
}

void vault_decoy(struct vault *out, const struct vault *vault)
{
	out->key = vault->other;
	key_random(&out->other);
	out->database = !vault->database;
}

/* --- what opens a slot -------------------------------------------------- */

static bool wants_device(const uint8_t head[static HEAD_BYTES])
{
	return head[COST_MAGIC_BYTES + 3] == key_files[1].version;
}

static const uint8_t *name_of(const uint8_t head[static HEAD_BYTES])
{
	return head + HEAD_BYTES - COST_SALT_BYTES;
}

/* Neither that secret nor the passphrase says anything of the key without the other. */
static int mix_device(struct key *kek, const uint8_t head[static HEAD_BYTES])
{
	static const uint8_t label[] = "sotto device v1";
	CLEANUP(key_wipe) struct key device = { { 0 } };
	crypto_generichash_state state;
	int rc = device_use(&device, name_of(head));

	if (rc)
		return rc == DEVICE_NONE ? VAULT_NO_DEVICE : rc;
	crypto_generichash_init(&state, device.b, sizeof device.b, sizeof kek->b);
	crypto_generichash_update(&state, label, sizeof label - 1);
	crypto_generichash_update(&state, kek->b, sizeof kek->b);
	crypto_generichash_final(&state, kek->b, sizeof kek->b);
	sodium_memzero(&state, sizeof state);
	return 0;
}

static int derive(struct key *kek, const uint8_t head[static HEAD_BYTES], const char *passphrase)
{
	const bool device = wants_device(head);
	int rc = cost_derive(kek, head, &key_files[device], passphrase);

	return rc || !device ? rc : mix_device(kek, head);
}

/* --- slots -------------------------------------------------------------- */

static int wrap(struct file *f, int slot, const struct vault *vault, enum kind kind,
		const struct key *kek)
{
	uint8_t plain[PLAIN_BYTES], *at = f->slots[slot];
	struct writer w = writer_over(plain, sizeof plain);
	int rc;

	writer_copy(&w, vault->key.b, KEY_BYTES);
	writer_copy(&w, vault->other.b, KEY_BYTES);
	writer_u8(&w, vault->database);
	writer_u8(&w, (uint8_t)kind);
	writer_zeros(&w);
	randombytes_buf(at, NONCE);
	rc = crypto_aead_xchacha20poly1305_ietf_encrypt(at + NONCE, NULL, plain, sizeof plain,
			f->head, HEAD_BYTES, NULL, at, kek->b);
	sodium_memzero(plain, sizeof plain);
	return rc ? E_CRYPTO : 0;
}

static int unwrap(struct opened *o, int slot)
{
	uint8_t plain[PLAIN_BYTES] = { 0 };
	const uint8_t *at = o->file.slots[slot];
	struct reader rd = reader_over(plain, sizeof plain);

	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, at + NONCE,
			    SLOT_BYTES - NONCE, o->file.head, HEAD_BYTES, at, o->kek.b))
		return E_LOCKED;
	reader_copy(&rd, o->vault.key.b, KEY_BYTES);
	reader_copy(&rd, o->vault.other.b, KEY_BYTES);
	o->vault.database = reader_u8(&rd) & 1;
	o->kind = reader_u8(&rd) == KIND_DECOY ? KIND_DECOY : KIND_PROFILE;
	o->slot = slot;
	sodium_memzero(plain, sizeof plain);
	return 0;
}

/* Both are tried, whichever it is. */
static int unwrap_any(struct opened *o)
{
	int first = unwrap(o, 0), second = unwrap(o, 1);

	return first && second ? E_LOCKED : 0;
}

/* --- the file ----------------------------------------------------------- */

static int file_read(struct file *out, int dir)
{
	FD fd = openat(dir, "key", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint8_t beyond;

	if (fd < 0)
		return E_IO;
	return read(fd, out, sizeof *out) == (ssize_t)sizeof *out && read(fd, &beyond, 1) == 0
			? 0
			: E_CONFIG;
}

/* Twice, and each time until the disk says it is there. */
static int overwrite(int fd, const void *bytes, size_t len, off_t at)
{
	int rc = 0;

	if (fd < 0)
		return E_IO;
	for (int i = 0; i < 2; i++)
		if (pwrite(fd, bytes, len, at) != (ssize_t)len || fsync(fd) < 0)
			rc = E_IO;
	return rc;
}

static int destroy_slots(int dir, const char *name)
{
	FD fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	uint8_t noise[2 * SLOT_BYTES] = { 0 };

	if (fd < 0)
		return errno == ENOENT ? 0 : E_IO;
	if (getrandom(noise, sizeof noise, GRND_NONBLOCK) < 0) {
		/* zeros destroy as well */
	}
	return overwrite(fd, noise, sizeof noise, HEAD_BYTES);
}

static int put_new(const struct file *f, int dir)
{
	FD fd = openat(dir, "key.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 || write(fd, f, sizeof *f) != (ssize_t)sizeof *f || fsync(fd) < 0 ? E_IO : 0;
}

/* The old one is overwritten after the new one has taken its place. */
static int replace(const struct file *f, int dir)
{
	FD old = openat(dir, "key", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	struct file noise;

	randombytes_buf(&noise, sizeof noise);
	if (put_new(f, dir) || renameat(dir, "key.new", dir, "key") < 0 || fsync(dir) < 0) {
		unlinkat(dir, "key.new", 0);
		return E_IO;
	}
	return old < 0 ? 0 : overwrite(old, &noise, sizeof noise, 0);
}

static int lock(int *out, const char *dir)
{
	*out = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *out < 0 || flock(*out, LOCK_EX) < 0 ? E_IO : 0;
}

/* Opens a slot and leaves the folder locked as *out_dir. Hashing takes a second, so it comes before
 * the lock. */
static int unlock(struct opened *o, int *out_dir, const char *dir, const char *passphrase)
{
	struct file before;
	FD early = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = early < 0 ? E_IO : file_read(&before, early);

	rc = rc ? rc : derive(&o->kek, before.head, passphrase);
	rc = rc ? rc : lock(out_dir, dir);
	rc = rc ? rc : file_read(&o->file, *out_dir);
	/* Of a power cut; what is destroyed in the one must not stay in the other. */
	if (rc == 0 && destroy_slots(*out_dir, "key.new")) {
		/* a full or read-only disk: see vault_open */
	}
	if (rc == 0 && memcmp(before.head, o->file.head, HEAD_BYTES) != 0)
		rc = E_LOCKED; /* another profile has taken its place */
	return rc ? rc : unwrap_any(o);
}

DEFINE_CLEANUP(struct opened *, sodium_free)

/* --- the interface ------------------------------------------------------ */

int vault_create(const struct vault *vault, const char *dir, const char *passphrase,
		const struct cost *cost)
{
	struct file f;
	FD fd = -1;
	CLEANUP(key_wipe) struct key kek = { { 0 } };
	int rc, slot = (int)randombytes_uniform(2);

	randombytes_buf(&f, sizeof f);
	cost_head(f.head, &key_files[cost->device], cost);
	if (cost->device && device_make(name_of(f.head)))
		return VAULT_NO_DEVICE;
	rc = derive(&kek, f.head, passphrase);
	rc = rc ? rc : wrap(&f, slot, vault, KIND_PROFILE, &kek);
	rc = rc ? rc : lock(&fd, dir);
	rc = rc								       ? rc
			: faccessat(fd, "key", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? E_IO
									       : replace(&f, fd);
	if (rc && cost->device)
		device_forget(name_of(f.head));
	return rc;
}

/* The same writes whether the other slot is destroyed or stays. That the slot was a decoy's goes
 * last; whoever looks then finds a profile without one. */
static int settle(struct opened *o, int dir)
{
	uint8_t *other = o->file.slots[!o->slot];
	FD fd = openat(dir, "key", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	int rc;

	if (o->kind == KIND_DECOY)
		randombytes_buf(other, SLOT_BYTES);
	rc = overwrite(fd, other, SLOT_BYTES, HEAD_BYTES + SLOT_BYTES * !o->slot);
	rc = wrap(&o->file, o->slot, &o->vault, KIND_PROFILE, &o->kek) ? E_CRYPTO : rc;
	return rc ? rc : replace(&o->file, dir);
}

int vault_open(struct vault *out, int *out_lost, const char *dir, const char *passphrase)
{
	CLEANUP(sodium_free) struct opened *o = sodium_malloc(sizeof *o);
	FD fd = -1;
	int rc = o ? unlock(o, &fd, dir, passphrase) : E_NOMEM;

	if (rc)
		return rc;
	if (settle(o, fd)) {
		/* A full or read-only disk does not keep anybody out of a profile. */
	}
	*out = o->vault;
	*out_lost = o->kind == KIND_DECOY ? !o->vault.database : -1;
	return 0;
}

/* The key of a passphrase. VAULT_TAKEN: it opens that slot. */
static int new_kek(struct key *out, const struct opened *o, const char *passphrase, int slot)
{
	CLEANUP(sodium_free) struct opened *probe = sodium_malloc(sizeof *probe);
	int rc = probe ? derive(out, o->file.head, passphrase) : E_NOMEM;

	if (rc)
		return rc;
	probe->file = o->file;
	probe->kek = *out;
	return unwrap(probe, slot) ? 0 : VAULT_TAKEN;
}

int vault_change(const char *dir, const char *old, const char *passphrase)
{
	CLEANUP(sodium_free) struct opened *o = sodium_malloc(sizeof *o);
	CLEANUP(key_wipe) struct key kek = { { 0 } };
	FD fd = -1;
	int rc = o ? unlock(o, &fd, dir, old) : E_NOMEM;

	if (rc == 0 && o->kind == KIND_DECOY)
		rc = settle(o, fd);
	rc = rc ? rc : new_kek(&kek, o, passphrase, !o->slot);
	rc = rc ? rc : wrap(&o->file, o->slot, &o->vault, KIND_PROFILE, &kek);
	return rc ? rc : replace(&o->file, fd);
}

int vault_add_decoy(const struct vault *vault, const char *dir, const char *passphrase,
		const char *duress)
{
	CLEANUP(sodium_free) struct opened *o = sodium_malloc(sizeof *o);
	CLEANUP(key_wipe) struct key kek = { { 0 } };
	CLEANUP(vault_wipe) struct vault decoy = { 0 };
	FD fd = -1;
	int rc = o ? unlock(o, &fd, dir, passphrase) : E_NOMEM;

	if (rc == 0 && !key_equal(&o->vault.key, &vault->key))
		rc = E_LOCKED;
	rc = rc ? rc : new_kek(&kek, o, duress, o->slot);
	if (rc)
		return rc;
	vault_decoy(&decoy, vault);
	rc = wrap(&o->file, !o->slot, &decoy, KIND_DECOY, &kek);
	rc = rc ? rc : wrap(&o->file, o->slot, vault, KIND_PROFILE, &o->kek);
	return rc ? rc : replace(&o->file, fd);
}

/* --- panic -------------------------------------------------------------- */

/* What a power cut may have left beside it holds slots too. */
static const char *const with_slots[] = { "key", "key.new" };

/* Whoever was killed right after a rename has left another file under that name on the disk than
 * the one we have just written to: it must not come back with the power. */
static int destroy(int dir)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(with_slots); i++)
		rc = destroy_slots(dir, with_slots[i]) ? E_IO : rc;
	return fsync(dir) < 0 ? E_IO : rc;
}

int vault_destroy(const char *dir)
{
	FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? E_IO : destroy(fd);
}

/* Whoever has the lock is about to put a new key file in its place. Not for ever: it may be a
 * process that was stopped. */
static void lock_soon(int dir)
{
	const struct timespec pause = { 0, 5000000 };

	for (int i = 0; i < 400 && flock(dir, LOCK_EX | LOCK_NB) < 0; i++)
		nanosleep(&pause, NULL);
}

int vault_remove(const char *dir)
{
	FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return E_IO;
	lock_soon(fd);
	rc = destroy(fd);
	for (size_t i = 0; i < ARRAY_LEN(with_slots); i++)
		if (unlinkat(fd, with_slots[i], 0) < 0 && errno != ENOENT)
			rc = E_IO;
	return fsync(fd) < 0 ? E_IO : rc;
}

int vault_name(uint8_t out[static VAULT_NAME_BYTES], const char *dir)
{
	FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct file f;
	int rc = fd < 0 ? E_IO : file_read(&f, fd);

	if (rc == 0)
		memcpy(out, name_of(f.head), VAULT_NAME_BYTES);
	return rc;
}

bool vault_wants_device(const char *dir)
{
	FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct file f;

	return fd >= 0 && file_read(&f, fd) == 0 && wants_device(f.head);
}
