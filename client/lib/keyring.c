/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* keyctl(2) by its system calls: the library around them would be larger than this. */
#include "client/lib/keyring.h"

#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <linux/keyctl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

enum {
	NAME_ROOM = 6 + 2 * VAULT_NAME_BYTES + 1,
	PAYLOAD_BYTES = 4 + 2 * KEY_BYTES + 1,
	/* Linux/include/linux/key.h: the possessor all; the user view, read, write, search, setattr:
	   a new session of the same user has the key without possessing it. */
	PERMISSIONS = 0x3f2f0000,
};

static int name(char out[static NAME_ROOM], const char *dir)
{
	uint8_t bytes[VAULT_NAME_BYTES];
	int rc = vault_name(bytes, dir);

	memcpy(out, "sotto:", 6);
	if (rc == 0)
		sodium_bin2hex(out + 6, NAME_ROOM - 6, bytes, sizeof bytes);
	return rc;
}

/* The key's serial number, or less than 1. */
static long find(const char *dir)
{
	char description[NAME_ROOM];

	return name(description, dir) ? 0
				      : syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING,
							"user", description, 0);
}

int keyring_keep(const struct vault *vault, const char *dir, uint32_t idle_s)
{
	char description[NAME_ROOM];
	uint8_t payload[PAYLOAD_BYTES];
	struct writer w = writer_over(payload, sizeof payload);
	long key;

	if (name(description, dir))
		return E_IO;
	writer_u32(&w, idle_s);
	writer_copy(&w, vault->key.b, KEY_BYTES);
	writer_copy(&w, vault->other.b, KEY_BYTES);
	writer_u8(&w, vault->database);
	key = syscall(SYS_add_key, "user", description, payload, sizeof payload,
			KEY_SPEC_USER_KEYRING);
	sodium_memzero(payload, sizeof payload);
	if (key < 1)
		return E_IO;
	if (syscall(SYS_keyctl, KEYCTL_SETPERM, key, PERMISSIONS) == 0 &&
			syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, key, idle_s) == 0)
		return 0;
	syscall(SYS_keyctl, KEYCTL_REVOKE, key); /* never without an end */
	return E_IO;
}

int keyring_use(struct vault *out, const char *dir)
{
	uint8_t payload[PAYLOAD_BYTES] = { 0 };
	struct reader rd = reader_over(payload, sizeof payload);
	long key = find(dir);
	uint32_t idle_s;

	if (key < 1 ||
			syscall(SYS_keyctl, KEYCTL_READ, key, payload, sizeof payload) !=
					PAYLOAD_BYTES)
		return KEYRING_NONE;
	idle_s = reader_u32(&rd);
	reader_copy(&rd, out->key.b, KEY_BYTES);
	reader_copy(&rd, out->other.b, KEY_BYTES);
	out->database = reader_u8(&rd) & 1;
	sodium_memzero(payload, sizeof payload);
	syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, key, idle_s);
	return 0;
}

void keyring_forget(const char *dir)
{
	long key = find(dir);

	if (key > 0)
		syscall(SYS_keyctl, KEYCTL_REVOKE, key);
}
