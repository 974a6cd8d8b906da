/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Session ids and passwords (docs/protocol.md "POST /v1/sessions"). Shared by bridged, which makes
 * them, and the broker's plugin, which checks them; the session key is known to these two only.
 */
#ifndef SOTTO_BRIDGED_PASSWORD_H
#define SOTTO_BRIDGED_PASSWORD_H

#include "libshared/encode.h"
#include "libshared/key.h"
#include "libshared/sizes.h"

enum { PASSWORD_TEXT = 54, PASSWORD_REFUSED = 1 };

/* text has SESSION_TEXT + 1 bytes; out has PASSWORD_TEXT + 1. expiry_s is Unix time of this
 * machine. */
void password_make(char *out, const struct key *session_key, const char *text, uint64_t expiry_s);

/* 0 and the expiry, or PASSWORD_REFUSED: not ours for this session. Whether it has passed is the
 * caller's to see. */
int password_check(const struct key *session_key, const char *text, const char *password,
		uint64_t *out_expiry_s) MUST_CHECK;

#endif
