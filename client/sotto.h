/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * libsotto: a person's side of sotto, a messenger over Tor. One handle is one open profile. This
 * header is the one to include; the themes below are in a file each.
 * Results. Functions return 0, a negative failure (SOTTO_E_: this machine, Tor or a server;
 * nothing is lost, the same call may work later) or a positive answer; sotto_text has a sentence
 * for each.
 * Ownership. What is passed in is borrowed until the call returns. What a callback is given lives
 * until it returns; later versions may add fields at the end of it. A callback returns 0, or
 * anything else, which ends the call and is its result; it may use the handle, but not close it.
 * Text is UTF-8 and ends with NUL. Names and messages of other people may hold control
 * characters: a terminal must not see them.
 * Threads. The library has no globals. One thread at a time may use a handle, and callbacks come
 * on that thread, within the call. Only the watch works on threads of its own, which the caller
 * never meets.
 * Time. Functions marked "network" go through Tor and may take minutes; all others only open the
 * database. Times are seconds since 1970 by this machine's clock.
 * Files. Several handles and processes may have one profile open. Do not fork with an open
 * handle.
 */
#ifndef SOTTO_H
#define SOTTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SOTTO_VERSION "0.1.0"

#define SOTTO_API __attribute__((visibility("default")))
#define SOTTO_MUST __attribute__((visibility("default"), warn_unused_result))

enum {
	SOTTO_NAME_MOST = 64,	     /* bytes of a contact's or group's name */
	SOTTO_LINK_ROOM = 160,	     /* bytes of a contact link, with its NUL */
	SOTTO_PASSPHRASE_MOST = 255, /* bytes */
};

enum sotto_result {
	SOTTO_DONE = 0,
	SOTTO_E_MEMORY = -1,
	SOTTO_E_FILE = -2,     /* no room, not allowed, or damaged */
	SOTTO_E_ARGUMENT = -5, /* the caller's, or a file of another version */
	SOTTO_E_CRYPTO = -6,
	SOTTO_E_LOCKED = -8,  /* wrong passphrase; without one: the keyring does not hold it */
	SOTTO_E_NETWORK = -9, /* Tor or the server could not be reached */
	SOTTO_E_PEER = -10,   /* who answered broke the protocol */
	SOTTO_E_BUG = -11,

	SOTTO_REFUSED = 1,    /* the server said no */
	SOTTO_NO_CONTACT = 2, /* none of that name, or not accepted */
	SOTTO_NO_BUNDLE = 3,  /* their account is gone, or their server lies */
	SOTTO_NOT_TEXT = 4,   /* not UTF-8, or empty where that means nothing */
	SOTTO_FULL = 5,	      /* their mailbox is full; the message waits */
	SOTTO_GONE = 6,	      /* their mailbox is gone; the message waits */
	SOTTO_NO_MESSAGE = 7, /* none of ours of that number, or it is deleted */
	SOTTO_TOO_LONG = 8,   /* such a time */
	SOTTO_LONG_TEXT = 9,  /* more than SOTTO_TEXT_MOST */

	SOTTO_UNPAID = 20,    /* the account may spend no more today */
	SOTTO_NO_INVITE = 21, /* this server registers invited people only */
	SOTTO_BAD_INVITE = 22,
	SOTTO_CLOSED = 23,    /* this server registers nobody */
	SOTTO_TWO_FACED = 24, /* it shows different keys to different circuits */
	SOTTO_TOO_HARD = 25,  /* it wants too much work */

	SOTTO_EXISTS = 40,	 /* the name, the person, or the profile is there already */
	SOTTO_BAD_NAME = 41,	 /* empty, too long, or not UTF-8 */
	SOTTO_BAD_LINK = 42,	 /* no contact link, no invite, no name of a server */
	SOTTO_OWN_LINK = 43,	 /* the link is our own */
	SOTTO_NO_KEY = 44,	 /* theirs is not here before the first message */
	SOTTO_OTHER_NUMBER = 45, /* a safety number, but not that of us two */
	SOTTO_BAD_NUMBER = 46,	 /* no safety number */
	SOTTO_NOTHING = 47,	 /* nothing was to be done, or nothing waits */
	SOTTO_NO_HOME = 48,	 /* the profile does not live at that server */
	SOTTO_LAST_HOME = 49,	 /* it lives nowhere else */
	SOTTO_MANY_HOMES = 50,	 /* it lives at SOTTO_HOMES_MOST servers already */

	SOTTO_NO_DECOY = 60,
	SOTTO_NO_KEYRING = 61,	  /* this system keeps no keys for us */
	SOTTO_FOREIGN = 62,	  /* the file is no export */
	SOTTO_OTHER_VERSION = 63, /* of sotto has written that database or export */
	SOTTO_DAMAGED = 64,	  /* that database or export */
	SOTTO_CUT_OFF = 65,	  /* the end of that export is missing */
	SOTTO_NO_DEVICE = 66,	  /* the desktop does not give its secret: see sotto_options */

	SOTTO_NO_FILE = 80,	   /* none of that number that could be fetched */
	SOTTO_NO_ROOM = 81,	   /* the server has no room for files now */
	SOTTO_FILE_EXPIRED = 82,   /* the server has it no more */
	SOTTO_FILE_WRONG = 83,	   /* what came is not what was announced, and thrown away */
	SOTTO_FILE_CHANGED = 84,   /* while it was sent: to be sent again */
	SOTTO_FILE_TOO_LARGE = 85, /* more than 64 GiB */
	SOTTO_NAME_TAKEN = 86,	   /* by a file; nothing is overwritten */
	SOTTO_NO_PLACE = 87,	   /* no such file or folder, or it cannot be read or written */
	SOTTO_BUSY = 88,	   /* another process fetches it to the same place */

	SOTTO_NO_GROUP = 100,
	SOTTO_GROUP_FULL = 101,
	SOTTO_NOT_YOURS = 102, /* only who made the group may do that */
	SOTTO_NOT_IN = 103,    /* not joined, left, removed, over, or nobody else is in it */
	SOTTO_NOT_WHOLE = 104, /* a part of the group's list is on its way */
	SOTTO_STILL_IN = 105,  /* the group is not over: leave it first */

	SOTTO_NO_CALL = 120,  /* nobody is calling */
	SOTTO_IN_CALL = 121,  /* this profile */
	SOTTO_NO_MEDIA = 122, /* the program for calls does not start */
};

/* One fixed English sentence each, without a secret; never NULL. */
SOTTO_API const char *sotto_text(enum sotto_result result);
/* One fixed word each, for programs: its name in lower case, without SOTTO_ and E_, with dashes.
 * "unknown": no result of this version. Never NULL. */
SOTTO_API const char *sotto_code(enum sotto_result result);
/* Of the library that is loaded; SOTTO_VERSION is the header's. */
SOTTO_API const char *sotto_version(void);

struct sotto;

#include "sotto/profile.h"

#include "sotto/contacts.h"
#include "sotto/messages.h"

#include "sotto/calls.h"
#include "sotto/files.h"
#include "sotto/groups.h"
#include "sotto/watch.h"

#ifdef __cplusplus
}
#endif

#endif
