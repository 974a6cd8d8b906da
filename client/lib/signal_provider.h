/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the Signal library needs of us: primitives (libsodium; AES-CBC from libcrypto) and its five
 * stores over the profile's database. A peer's name in it is its 32-byte identity key, so a name
 * cannot change its key.
 */
#ifndef SOTTO_SIGNAL_PROVIDER_H
#define SOTTO_SIGNAL_PROVIDER_H

#include "client/lib/profile.h"

/* Sets profile->signal and profile->stores; profile->db is open. */
int signal_open(struct profile *profile) MUST_CHECK;
void signal_close(struct profile *profile);
int signal_provide(signal_context *context) MUST_CHECK;

static inline __attribute__((unused)) void signal_buffer_free_ref(signal_buffer **buffer)
{
	signal_buffer_bzero_free(*buffer);
}

#define SIGNAL_OWNED(type) __attribute__((cleanup(signal_unref_##type))) type
#define SIGNAL_DEFINE_OWNED(type)                                                \
	static inline __attribute__((unused)) void signal_unref_##type(type **p) \
	{                                                                        \
		SIGNAL_UNREF(*p);                                                \
	}

SIGNAL_DEFINE_OWNED(ratchet_identity_key_pair)

#endif
