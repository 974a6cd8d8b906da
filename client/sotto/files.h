/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Files, sent and fetched piece by piece. Part of sotto.h. */
#ifndef SOTTO_FILES_H
#define SOTTO_FILES_H
#ifndef SOTTO_H
#error "include sotto.h"
#endif

enum { SOTTO_FILE_DAYS = 21 }; /* so long a server keeps one */

enum sotto_file_state {
	SOTTO_FILE_WAITS = 0, /* theirs, nothing of it was fetched */
	SOTTO_FILE_MOVES = 1, /* is being sent or fetched, or was and goes on by the same call */
	SOTTO_FILE_WHOLE = 2, /* sent, or fetched */
};

struct sotto_file {
	int64_t id;	     /* in this profile */
	const char *contact; /* "": ours, in a group */
	bool out;	     /* ours */
	enum sotto_file_state state;
	const char *name;	 /* its own, without a path; safe to make in a folder */
	const char *type;	 /* as the sender says, of RFC 2046; perhaps "" */
	uint64_t size, done;	 /* bytes */
	uint32_t pieces, n_done; /* of it */
	const char *placed;	 /* the name that it got, once fetched by sotto_get_file; or NULL */
	const char *group;	 /* it is said in; NULL: between us two */
};
typedef int sotto_on_file(void *userdata, const struct sotto_file *file);

/* All that came or were sent, the oldest first. */
SOTTO_MUST int sotto_files(struct sotto *sotto, sotto_on_file *on_file, void *userdata);

/*
 * Network. on_file is called before each piece and at the end, when it is whole; NULL is allowed.
 * What was ended by it, or by a failure, goes on where it was when the same is asked for again, by
 * whichever process.
 */
/* The message that announces it goes out when all is at our server. SOTTO_NO_CONTACT,
 * SOTTO_NO_PLACE, SOTTO_FILE_TOO_LARGE (64 GiB), SOTTO_FILE_CHANGED, SOTTO_NO_ROOM, SOTTO_NO_FILE:
 * it was forgotten meanwhile; and those of sotto_send. */
SOTTO_MUST int sotto_send_file(struct sotto *sotto, const char *contact, const char *path,
		sotto_on_file *on_file, void *userdata);
/* The same for all of a group who have joined when it is whole: it is sent once, and what announces
 * it goes out as by sotto_group_write. SOTTO_NO_GROUP; SOTTO_NOT_IN: also when nobody else is in it
 * any more, and then what was sent of it is ended. */
SOTTO_MUST int sotto_group_send_file(struct sotto *sotto, const char *group, const char *path,
		sotto_on_file *on_file, void *userdata);
/* path: a folder, or a new name in one. SOTTO_NO_FILE; SOTTO_NOTHING: it was fetched already;
 * SOTTO_NO_PLACE, SOTTO_NAME_TAKEN, SOTTO_BUSY, SOTTO_FILE_EXPIRED, SOTTO_FILE_WRONG. */
SOTTO_MUST int sotto_get_file(struct sotto *sotto, int64_t id, const char *path,
		sotto_on_file *on_file, void *userdata);
/* It was never here: its name, its key and its line in the history go, and what was sent and waits
 * still. Nobody is told, and what was fetched stays where it was put. Pieces of what was not sent
 * whole, or was fetched, end as by sotto_end_pieces; others may fetch what they were sent, in a
 * group also what we have fetched.
 * SOTTO_NO_FILE. */
SOTTO_MUST int sotto_forget_file(struct sotto *sotto, int64_t id);
/* Network. Ends the pieces at their servers that nobody needs any more, as sotto_receive does by
 * and by. */
SOTTO_MUST int sotto_end_pieces(struct sotto *sotto);

#endif
