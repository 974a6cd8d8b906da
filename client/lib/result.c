/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What results mean. Those of sync.h and tokens.h are public as they are. */
#include "client/lib/call.h"
#include "client/lib/group.h"
#include "client/lib/handle.h"
#include "client/lib/history.h"
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
	const char *text;
} texts[] = {
	{ SOTTO_REFUSED, "the server refused" },
	{ SOTTO_NO_CONTACT, "there is no accepted contact of that name" },
	{ SOTTO_NO_BUNDLE, "this person cannot be reached: the account is gone, or its server gave a "
			   "wrong bundle" },
	{ SOTTO_NOT_TEXT, "that is no text of UTF-8" },
	{ SOTTO_FULL, "their mailbox is full; the message waits here and goes out with a later send or "
		      "recv" },
	{ SOTTO_GONE, "their mailbox is gone; the message waits here for a new address" },
	{ SOTTO_NO_MESSAGE, "there is no such message of yours" },
	{ SOTTO_TOO_LONG, "messages may stay for a year at most" },
	{ SOTTO_LONG_TEXT, "a message has at most 65,536 bytes: send a file" },
	{ SOTTO_UNPAID, "the server wants more than this account may spend: try again tomorrow, or see "
			"sotto doctor" },
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
	{ SOTTO_OWN_LINK, "that link is your own" },
	{ SOTTO_NO_KEY, "their key is not here yet: write to them first" },
	{ SOTTO_OTHER_NUMBER, "this is another number: it is of other people, or somebody is between "
			      "you two" },
	{ SOTTO_BAD_NUMBER, "that is no safety number: 60 digits, or the text of its QR code" },
	{ SOTTO_NOTHING, "there was nothing to do" },
	{ SOTTO_NO_DECOY, "there is no decoy" },
	{ SOTTO_NO_KEYRING, "there is no kernel keyring here to keep it in" },
	{ SOTTO_NO_DEVICE, "the profile opens only with a secret that the desktop's keyring keeps, and "
			   "that is not to be had: is it unlocked, and secret-tool installed?" },
	{ SOTTO_FOREIGN, "that file is no export" },
	{ SOTTO_OTHER_VERSION, "it is of another version of sotto" },
	{ SOTTO_DAMAGED, "it is damaged" },
	{ SOTTO_CUT_OFF, "the export is not whole: its end is missing" },
	{ SOTTO_NO_FILE, "no such file came from a contact" },
	{ SOTTO_NO_ROOM, "the server has no room for files now: the same again goes on later" },
	{ SOTTO_FILE_EXPIRED, "the server has that file no more: it keeps files for 21 days" },
	{ SOTTO_FILE_WRONG, "what came is not the file that was announced" },
	{ SOTTO_FILE_CHANGED, "the file was changed meanwhile: send it again" },
	{ SOTTO_FILE_TOO_LARGE, "that file is too large: 64 GiB at most" },
	{ SOTTO_NAME_TAKEN, "there is a file of that name already; nothing is overwritten" },
	{ SOTTO_NO_PLACE, "there is no such place, or it cannot be read or written" },
	{ SOTTO_BUSY, "another process is fetching it to the same place" },
	{ SOTTO_NO_GROUP, "there is no group of that name" },
	{ SOTTO_GROUP_FULL, "a group has at most 32 people" },
	{ SOTTO_NOT_YOURS, "only who made the group may do that" },
	{ SOTTO_NOT_IN, "you are not in it, or nobody else has joined it yet" },
	{ SOTTO_NOT_WHOLE, "a part of its list is still on the way" },
	{ SOTTO_NO_CALL, "nobody is calling" },
	{ SOTTO_IN_CALL, "you are in a call" },
	{ SOTTO_NO_MEDIA, "calls need the program sotto-media" },
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
		{ GROUP_NO_CONTACT, SOTTO_NO_CONTACT },
		{ GROUP_NOT_WHOLE, SOTTO_NOT_WHOLE },
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
