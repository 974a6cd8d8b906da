/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What results mean. Those of sync.h and tokens.h are public as they are. */
#include "client/lib/call.h"
#include "client/lib/group.h"
#include "client/lib/handle.h"
#include "client/lib/history.h"
#include "client/lib/move.h"
#include "client/lib/parts.h"
#include "client/lib/stream.h"
#include "client/lib/transfer.h"
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
IS(SOTTO_LONG_TEXT, SYNC_LONG_TEXT);
IS(SOTTO_TEXT_MOST, PARTS_TEXT_MOST);
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
IS(SOTTO_UNVERIFIED, CONTACT_UNVERIFIED);
IS(SOTTO_VERIFIED, CONTACT_VERIFIED);
IS(SOTTO_KEY_CHANGED, CONTACT_KEY_CHANGED);
IS(SOTTO_REQUESTS_MOST, REQUESTS_MOST);
IS(SOTTO_HOMES_MOST, HOMES_MOST);
IS(SOTTO_INVITED, GROUP_INVITED);
IS(SOTTO_IN, GROUP_IN);
IS(SOTTO_OVER, GROUP_OUT);
IS(SOTTO_FILE_DAYS, PIECE_KEEP_DAYS);
IS(SOTTO_FOUND_MOST, HISTORY_FOUND_MOST);
IS(SOTTO_RING_S, CALLS_RING_S);
IS(SOTTO_CALL_RINGS, CALL_CALLS);
IS(SOTTO_CALL_CONNECTS, CALL_CONNECTS);
IS(SOTTO_CALL_TALKS, CALL_TALKS);
IS(SOTTO_CALL_WAITS, CALL_WAITS);
IS(SOTTO_CALL_SEEKS, CALL_SEEKS);
IS(SOTTO_CALL_MEASURES, CALL_MEASURES);
IS(SOTTO_CALL_OVER, CALL_OVER);
IS(SOTTO_CALL_ENDED, CALL_ENDED);
IS(SOTTO_CALL_DECLINED, CALL_DECLINED);
IS(SOTTO_CALL_BUSY, CALL_BUSY);
IS(SOTTO_CALL_UNABLE, CALL_UNABLE);
IS(SOTTO_CALL_FORGED, CALL_FORGED);
IS(SOTTO_CALL_GIVEN_UP, CALL_GIVEN_UP);
IS(SOTTO_CALL_LOST, CALL_LOST);
IS(SOTTO_NAME_MOST, CONTACT_NAME_MOST);
IS(SOTTO_NO_DEVICE, VAULT_NO_DEVICE);
IS(SOTTO_LINK_ROOM, LINK_TEXT + 1);
IS(SOTTO_PASSPHRASE_MOST, PASSPHRASE_MOST);

/* clang-format off */
static const struct {
	enum sotto_result result;
	const char *code, *text; /* text NULL: that of error.h */
} texts[] = {
	{ SOTTO_DONE, "done", NULL },
	{ SOTTO_E_MEMORY, "memory", NULL },
	{ SOTTO_E_FILE, "file", NULL },
	{ SOTTO_E_ARGUMENT, "argument", NULL },
	{ SOTTO_E_CRYPTO, "crypto", NULL },
	{ SOTTO_E_LOCKED, "locked", NULL },
	{ SOTTO_E_NETWORK, "network", NULL },
	{ SOTTO_E_PEER, "peer", NULL },
	{ SOTTO_E_BUG, "bug", NULL },
	{ SOTTO_REFUSED, "refused", "the server refused" },
	{ SOTTO_NO_CONTACT, "no-contact", "there is no accepted contact of that name" },
	{ SOTTO_NO_BUNDLE, "no-bundle",
		"this person cannot be reached: the account is gone, or its server gave a wrong "
		"bundle" },
	{ SOTTO_NOT_TEXT, "not-text", "that is no text of UTF-8" },
	{ SOTTO_FULL, "full",
		"their mailbox is full; the message waits here and goes out with a later send or "
		"recv" },
	{ SOTTO_GONE, "gone", "their mailbox is gone; the message waits here for a new address" },
	{ SOTTO_NO_MESSAGE, "no-message", "there is no such message of yours" },
	{ SOTTO_TOO_LONG, "too-long", "messages may stay for a year at most" },
	{ SOTTO_LONG_TEXT, "long-text", "a message has at most 65,536 bytes: send a file" },
	{ SOTTO_UNPAID, "unpaid",
		"the server wants more than this account may spend: try again tomorrow, or see "
		"sotto doctor" },
	{ SOTTO_NO_INVITE, "no-invite", "this server wants an invite: sotto init INVITE" },
	{ SOTTO_BAD_INVITE, "bad-invite",
		"the invite is used up, expired or unknown to its server" },
	{ SOTTO_CLOSED, "closed", "this server registers nobody now" },
	{ SOTTO_TWO_FACED, "two-faced",
		"the server shows different keys to different circuits, so it may be trying to "
		"recognise you: nothing was sent. If it happens again, ask its operator and do not "
		"use it" },
	{ SOTTO_TOO_HARD, "too-hard", "the server wants too much work just now: try again later" },
	{ SOTTO_EXISTS, "exists", "that is there already" },
	{ SOTTO_BAD_NAME, "bad-name", "a name has 1 to 64 bytes" },
	{ SOTTO_BAD_LINK, "bad-link", "that is no link of the kind that is wanted" },
	{ SOTTO_OWN_LINK, "own-link", "that link is your own" },
	{ SOTTO_NO_KEY, "no-key", "their key is not here yet: write to them first" },
	{ SOTTO_OTHER_NUMBER, "other-number",
		"this is another number: it is of other people, or somebody is between you two" },
	{ SOTTO_BAD_NUMBER, "bad-number",
		"that is no safety number: 60 digits, or the text of its QR code" },
	{ SOTTO_NOTHING, "nothing", "there was nothing to do" },
	{ SOTTO_NO_HOME, "no-home", "the profile does not live at that server: see sotto server" },
	{ SOTTO_LAST_HOME, "last-home",
		"the profile lives at no other server: sotto server add, or move" },
	{ SOTTO_MANY_HOMES, "many-homes", "a profile lives at 8 servers at most" },
	{ SOTTO_NO_DECOY, "no-decoy", "there is no decoy" },
	{ SOTTO_NO_KEYRING, "no-keyring", "there is no kernel keyring here to keep it in" },
	{ SOTTO_NO_DEVICE, "no-device",
		"the profile opens only with a secret that the desktop's keyring keeps, and that "
		"is not to be had: is it unlocked, and secret-tool installed?" },
	{ SOTTO_FOREIGN, "foreign", "that file is no export" },
	{ SOTTO_OTHER_VERSION, "other-version", "it is of another version of sotto" },
	{ SOTTO_DAMAGED, "damaged", "it is damaged" },
	{ SOTTO_CUT_OFF, "cut-off", "the export is not whole: its end is missing" },
	{ SOTTO_NO_FILE, "no-file", "no such file came from a contact" },
	{ SOTTO_NO_ROOM, "no-room",
		"the server has no room for files now: the same again goes on later" },
	{ SOTTO_FILE_EXPIRED, "file-expired",
		"the server has that file no more: it keeps files for 21 days" },
	{ SOTTO_FILE_WRONG, "file-wrong", "what came is not the file that was announced" },
	{ SOTTO_FILE_CHANGED, "file-changed", "the file was changed meanwhile: send it again" },
	{ SOTTO_FILE_TOO_LARGE, "file-too-large", "that file is too large: 64 GiB at most" },
	{ SOTTO_NAME_TAKEN, "name-taken",
		"there is a file of that name already; nothing is overwritten" },
	{ SOTTO_NO_PLACE, "no-place", "there is no such place, or it cannot be read or written" },
	{ SOTTO_BUSY, "busy", "another process is fetching it to the same place" },
	{ SOTTO_NO_GROUP, "no-group", "there is no group of that name" },
	{ SOTTO_GROUP_FULL, "group-full", "a group has at most 32 people" },
	{ SOTTO_NOT_YOURS, "not-yours", "only who made the group may do that" },
	{ SOTTO_NOT_IN, "not-in", "you are not in it, or nobody else has joined it yet" },
	{ SOTTO_NOT_WHOLE, "not-whole", "a part of its list is still on the way" },
	{ SOTTO_STILL_IN, "still-in", "you are still in it: leave it first" },
	{ SOTTO_NO_CALL, "no-call", "nobody is calling" },
	{ SOTTO_IN_CALL, "in-call", "you are in a call" },
	{ SOTTO_NO_MEDIA, "no-media", "calls need the program sotto-media" },
};
/* clang-format on */

const char *sotto_text(enum sotto_result result)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].result == result && texts[i].text)
			return texts[i].text;
	return error_text(result);
}

const char *sotto_code(enum sotto_result result)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].result == result)
			return texts[i].code;
	return "unknown";
}

const char *sotto_version(void)
{
	return SOTTO_VERSION;
}

/* --- of the inside ------------------------------------------------------ */

struct answer_of {
	int own;
	enum sotto_result is;
};

/* What is not listed is public as it is. */
static int find(int rc, const struct answer_of *answers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (answers[i].own == rc)
			return (int)answers[i].is;
	return rc;
}

int sotto_of_contact(int rc)
{
	static const struct answer_of answers[] = {
		{ CONTACT_NONE, SOTTO_NO_CONTACT },
		{ CONTACT_EXISTS, SOTTO_EXISTS },
		{ CONTACT_BAD_NAME, SOTTO_BAD_NAME },
		{ CONTACT_SELF, SOTTO_OWN_LINK },
	};

	return find(rc, answers, ARRAY_LEN(answers));
}

int sotto_of_move(int rc)
{
	static const struct answer_of answers[] = {
		{ MOVE_NONE, SOTTO_NO_HOME },
		{ MOVE_LAST, SOTTO_LAST_HOME },
	};

	return find(rc, answers, ARRAY_LEN(answers));
}

int sotto_of_transfer(int rc)
{
	static const struct answer_of answers[] = {
		{ TRANSFER_NONE, SOTTO_NO_FILE },
		{ TRANSFER_FULL, SOTTO_NO_ROOM },
		{ TRANSFER_GONE, SOTTO_FILE_EXPIRED },
		{ TRANSFER_WRONG, SOTTO_FILE_WRONG },
		{ TRANSFER_CHANGED, SOTTO_FILE_CHANGED },
		{ TRANSFER_TAKEN, SOTTO_NAME_TAKEN },
		{ TRANSFER_PLACE, SOTTO_NO_PLACE },
		{ TRANSFER_BUSY, SOTTO_BUSY },
		{ TRANSFER_NOT_IN, SOTTO_NOT_IN },
	};

	return find(rc, answers, ARRAY_LEN(answers));
}

int sotto_of_group(int rc)
{
	static const struct answer_of answers[] = {
		{ GROUP_NONE, SOTTO_NO_GROUP },
		{ GROUP_EXISTS, SOTTO_EXISTS },
		{ GROUP_FULL, SOTTO_GROUP_FULL },
		{ GROUP_NOT_OURS, SOTTO_NOT_YOURS },
		{ GROUP_NOT_IN, SOTTO_NOT_IN },
		{ GROUP_BAD_NAME, SOTTO_BAD_NAME },
		{ GROUP_NOT_TEXT, SOTTO_NOT_TEXT },
		{ GROUP_TOO_LONG, SOTTO_LONG_TEXT },
		{ GROUP_NO_LINE, SOTTO_NO_MESSAGE },
		{ GROUP_LONG_TIME, SOTTO_TOO_LONG },
		{ GROUP_NO_CONTACT, SOTTO_NO_CONTACT },
		{ GROUP_NOT_WHOLE, SOTTO_NOT_WHOLE },
		{ GROUP_STILL_IN, SOTTO_STILL_IN },
	};

	return find(rc, answers, ARRAY_LEN(answers));
}

int sotto_of_stream(int rc)
{
	static const struct answer_of answers[] = {
		{ STREAM_FOREIGN, SOTTO_FOREIGN },
		{ STREAM_VERSION, SOTTO_OTHER_VERSION },
		{ STREAM_DAMAGED, SOTTO_DAMAGED },
		{ STREAM_CUT, SOTTO_CUT_OFF },
	};

	return find(rc, answers, ARRAY_LEN(answers));
}

int sotto_of_call(int rc)
{
	static const struct answer_of answers[] = {
		{ CALL_NO_MEDIA, SOTTO_NO_MEDIA },
		{ CALL_TAKEN, SOTTO_IN_CALL },
		{ CALL_NO_CONTACT, SOTTO_NO_CONTACT },
	};

	return find(rc, answers, ARRAY_LEN(answers));
}
