/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Contact links, invites and addresses (docs/protocol.md "Contact link"), and the onion name of a
 * key. */
#ifndef SOTTO_CLIENT_LINK_H
#define SOTTO_CLIENT_LINK_H

#include "libshared/encode.h"
#include "libshared/key.h"
#include "libshared/sizes.h"

enum {
	LINK_ONION_AT = 1, /* after the version */
	LINK_BYTES = LINK_ONION_AT + ONION_KEY_BYTES + UUID_BYTES + KEY_BYTES + HASH_BYTES,
	LINK_TEXT = 8 + 151, /* "sotto://" and base64url */
	LINK_BAD = 1,
	INVITE_BYTES = 1 + ONION_KEY_BYTES + INVITE_CODE_BYTES,
};

struct contact_link {
	uint8_t onion[ONION_KEY_BYTES];
	uint8_t uuid[UUID_BYTES];
	struct key bundle_key;
	uint8_t identity_hash[HASH_BYTES]; /* SHA-256 of 0x05 || identity key */
};

struct address { /* where a contact's mailbox for one sender is */
	uint8_t onion[ONION_KEY_BYTES];
	struct key deposit; /* whoever knows it can add blobs */
};

void link_write(char out[static LINK_TEXT + 1], const struct contact_link *link);
int link_read(struct contact_link *out, const char *text) MUST_CHECK; /* LINK_BAD */

/* The same without the text form, for messages. */
void link_pack(uint8_t out[static LINK_BYTES], const struct contact_link *link);
int link_unpack(struct contact_link *out, const uint8_t bytes[static LINK_BYTES]) MUST_CHECK;

struct invite { /* names a server, and pays for an account there */
	uint8_t onion[ONION_KEY_BYTES];
	uint8_t code[INVITE_CODE_BYTES];
};
int invite_read(struct invite *out, const char *text) MUST_CHECK; /* LINK_BAD */

void link_identity_hash(uint8_t out[static HASH_BYTES], const uint8_t identity[static 32]);

/* "<56>.onion" with Tor's checksum (rend-spec-v3 section 6). */
void onion_write(char out[static ONION_TEXT + 1], const uint8_t key[static ONION_KEY_BYTES]);
/* As onion_read, and the checksum fits. LINK_BAD. */
int onion_check(uint8_t out[static ONION_KEY_BYTES], const char *text) MUST_CHECK;

#endif
