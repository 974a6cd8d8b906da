/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A secret of this device in the desktop's Secret Service (freedesktop.org, "Secret Storage
 * Specification"), under the name of a vault. libsecret's own program speaks to it, so neither that
 * library nor a D-Bus connection is in a process that holds our keys.
 */
#ifndef SOTTO_DEVICE_H
#define SOTTO_DEVICE_H

#include "libshared/key.h"

enum { DEVICE_NONE = 1, DEVICE_NAME_BYTES = 16 };

/* A new one is kept. DEVICE_NONE: there is no service, it is locked, or there is no secret-tool. */
int device_make(const uint8_t name[static DEVICE_NAME_BYTES]) MUST_CHECK;
/* The desktop may ask a person to unlock its keyring: waits for two minutes. DEVICE_NONE: also when
 * it has none of that name. */
int device_use(struct key *out, const uint8_t name[static DEVICE_NAME_BYTES]) MUST_CHECK;
/* Waits for five seconds at most. */
void device_forget(const uint8_t name[static DEVICE_NAME_BYTES]);

#endif
