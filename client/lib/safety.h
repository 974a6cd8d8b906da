/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Safety numbers: whether two people hold each other's true keys. The numeric fingerprint of Signal
 * (docs/protocol.md "Safety number"): 60 digits to read out, and what is inside of a QR code.
 */
#ifndef SOTTO_SAFETY_H
#define SOTTO_SAFETY_H

#include "libshared/scope.h"

#include <stddef.h>
#include <stdint.h>

enum {
	SAFETY_DIGITS = 60,
	SAFETY_BYTES = 32, /* of a person's fingerprint, in the QR code */
	SAFETY_SCAN_BYTES = 2 + 2 * (4 + SAFETY_BYTES),
	SAFETY_TEXT = 8 + 100, /* "sotto://" and base64url of 3 || the scan bytes */
	SAFETY_NONE = 1,       /* neither 60 digits nor such a text */
	SAFETY_OTHER = 2,      /* it is one, and not this one */
};

struct safety_person {
	const uint8_t *identity; /* 32 bytes, without the type byte */
	const char *name;	 /* what the key is bound to: the uuid of the account, as text */
};

struct safety {
	char digits[SAFETY_DIGITS + 1];
	uint8_t own[SAFETY_BYTES], theirs[SAFETY_BYTES];
};

/* Takes some milliseconds. */
void safety_number(struct safety *out, const struct safety_person *own,
		const struct safety_person *theirs);

/* Signal's scannable fingerprint, version 2, and the text in which it stands in our QR codes. */
void safety_scan(uint8_t out[static SAFETY_SCAN_BYTES], const struct safety *safety);
void safety_text(char out[static SAFETY_TEXT + 1], const struct safety *safety);

/* What the other one read out (digits, with spaces or without) or showed (the text of their QR
 * code): 0 when it fits, SAFETY_NONE, SAFETY_OTHER. */
int safety_compare(const struct safety *safety, const char *said) MUST_CHECK;

#endif
