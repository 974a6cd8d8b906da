/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a session's plaintext holds (docs/protocol.md "Message"): the guard, which binds the
 * envelope, then number, where the sender wants answers, the sender's link, and the text or a part
 * of it.
 */
#ifndef SOTTO_CONTENT_H
#define SOTTO_CONTENT_H

#include "client/lib/link.h"

#include <stdbool.h>

enum {
	CONTENT_SIGN = 0, /* of no packet: what somebody did in a group, in our words */
	CONTENT_TEXT = 1,
	CONTENT_ASK = 2,     /* loss.h */
	CONTENT_ANSWER = 3,  /* loss.h */
	CONTENT_FILE = 4,    /* file.h */
	CONTENT_RECEIPT = 5, /* receipts.h */
	CONTENT_CHANGE = 6,  /* change.h */
	CONTENT_TIMER = 7,   /* timer.h */
	CONTENT_CALL = 8,    /* call_signal.h */
	CONTENT_GROUP = 9,   /* group.h */
	CONTENT_HEAD_BYTES = HASH_BYTES + 1 + 8 + ONION_KEY_BYTES + KEY_BYTES + LINK_BYTES + 1 + 1 +
			2,
	CONTENT_TEXT_MOST = 1200,
	CONTENT_TEXT_ID_BYTES = 16, /* of what goes in parts, in each of them */
	CONTENT_PART_MOST = CONTENT_TEXT_MOST - CONTENT_TEXT_ID_BYTES,
	CONTENT_BYTES_MOST = CONTENT_HEAD_BYTES + CONTENT_TEXT_MOST,
	CONTENT_PARTS_MOST = 64,
	CONTENT_BAD = 1,
};

#define CONTENT_NUMBER_MOST (INT64_MAX / 2) /* so that no sum overflows */

struct content {
	uint8_t guard[HASH_BYTES];
	uint8_t type;	 /* CONTENT_*; unknown ones are ignored */
	uint64_t number; /* if it is numbered, per contact and direction, from 1; else the last used */
	struct address address;
	struct contact_link link;
	uint8_t part, parts;			/* part counts from 0 */
	uint8_t text_id[CONTENT_TEXT_ID_BYTES]; /* if there are several: the same in all of them */
	uint16_t text_len;
	char text[CONTENT_TEXT_MOST + 1]; /* of a text UTF-8, checked; ended by NUL */
};

/* The length, at most CONTENT_BYTES_MOST. */
size_t content_write(uint8_t out[static CONTENT_BYTES_MOST], const struct content *content);
int content_read(struct content *out, const uint8_t *bytes, size_t len) MUST_CHECK;

/* Kept by both sides, and sent again when it is lost. */
bool content_is_numbered(uint8_t type);

/* How many bytes of a text go into its first part, at most so many: no character is cut. */
size_t content_piece_len(const char *text, size_t most);
bool content_is_utf8(const char *text, size_t len);

#endif
