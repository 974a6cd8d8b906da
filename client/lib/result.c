/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What results mean. Those of sync.h and tokens.h are public as they are. */
#include "client/lib/handle.h"
#include "client/lib/sync.h"
#include "libshared/error.h"

#define IS(public, own) _Static_assert((int)(public) == (int)(own), "part of the ABI")

IS(SOTTO_E_MEMORY, E_NOMEM);
IS(SOTTO_E_FILE, E_IO);
IS(SOTTO_E_ARGUMENT, E_CONFIG);
IS(SOTTO_E_CRYPTO, E_CRYPTO);
IS(SOTTO_E_LOCKED, E_LOCKED);
IS(SOTTO_E_NETWORK, E_NET);
IS(SOTTO_E_PEER, E_PROTO);
IS(SOTTO_E_BUG, E_BUG);
IS(SOTTO_REFUSED, SYNC_REFUSED);
IS(SOTTO_NO_CONTACT, SYNC_NO_CONTACT);
IS(SOTTO_NO_BUNDLE, SYNC_NO_BUNDLE);
IS(SOTTO_NOT_TEXT, SYNC_NOT_TEXT);
IS(SOTTO_FULL, SYNC_FULL);
IS(SOTTO_GONE, SYNC_GONE);
IS(SOTTO_UNPAID, TOKENS_UNPAID);
IS(SOTTO_NO_INVITE, TOKENS_NO_INVITE);
IS(SOTTO_BAD_INVITE, TOKENS_BAD_INVITE);
IS(SOTTO_CLOSED, TOKENS_CLOSED);
IS(SOTTO_TWO_FACED, TOKENS_TWO_FACED);
IS(SOTTO_TOO_HARD, TOKENS_TOO_HARD);
IS(SOTTO_REQUEST, CONTACT_REQUEST);
IS(SOTTO_ACCEPTED, CONTACT_ACCEPTED);
IS(SOTTO_BLOCKED, CONTACT_BLOCKED);
IS(SOTTO_NAME_MOST, CONTACT_NAME_MOST);
IS(SOTTO_LINK_ROOM, LINK_TEXT + 1);
IS(SOTTO_PASSPHRASE_MOST, PASSPHRASE_MOST);

/* clang-format off */
static const struct {
	enum sotto_result result;
	const char *text;
} texts[] = {
	{ SOTTO_REFUSED, "the server refused" },
	{ SOTTO_NO_CONTACT, "there is no accepted contact of that name" },
	{ SOTTO_NO_BUNDLE, "this person cannot be reached: the account is gone, or its server gave a "
			   "wrong bundle" },
	{ SOTTO_NOT_TEXT, "the text is not UTF-8, or too long" },
	{ SOTTO_FULL, "their mailbox is full; the message waits here and goes out with a later send or "
		      "recv" },
	{ SOTTO_GONE, "their mailbox is gone; the message waits here for a new address" },
	{ SOTTO_UNPAID, "the server wants more than this account may spend: try again tomorrow" },
	{ SOTTO_NO_INVITE, "this server wants an invite: sotto init INVITE" },
	{ SOTTO_BAD_INVITE, "the invite is used up, expired or unknown to its server" },
	{ SOTTO_CLOSED, "this server registers nobody now" },
	{ SOTTO_TWO_FACED, "the server shows different keys to different circuits, so it may be trying "
			   "to recognise you: nothing was sent. If it happens again, ask its operator "
			   "and do not use it" },
	{ SOTTO_TOO_HARD, "the server wants too much work just now: try again later" },
	{ SOTTO_EXISTS, "that is there already" },
	{ SOTTO_BAD_NAME, "a name has 1 to 64 bytes" },
	{ SOTTO_BAD_LINK, "that is no link of the kind that is wanted" },
};
/* clang-format on */

const char *sotto_text(enum sotto_result result)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].result == result)
			return texts[i].text;
	return error_text(result);
}

const char *sotto_version(void)
{
	return SOTTO_VERSION;
}
