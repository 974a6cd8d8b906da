/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Files on their way, one row each. A file is sent or fetched piece by piece; every step may be the
 * last, and the next process goes on after it (docs/protocol.md "Files"). upload.h sends,
 * download.h fetches; here is what both know.
 */
#ifndef SOTTO_TRANSFER_H
#define SOTTO_TRANSFER_H

#include "client/lib/file.h"
#include "client/lib/sync.h"

enum {			       /* apart from SYNC_* and TOKENS_* */
	TRANSFER_DONE = 40,    /* nothing is left to do */
	TRANSFER_NONE = 41,    /* no such file, or not this way */
	TRANSFER_FULL = 42,    /* the server has no room for pieces now */
	TRANSFER_GONE = 43,    /* the server has the piece no more */
	TRANSFER_WRONG = 44,   /* what came is not what was announced; it is thrown away */
	TRANSFER_CHANGED = 45, /* the source is not the file that it was */
	TRANSFER_TAKEN = 46,   /* a file of that name is there already; nothing is overwritten */
	TRANSFER_PLACE = 47,   /* no such folder, or it cannot be written */
	TRANSFER_BUSY = 48,    /* another process fetches it to the same place */
	TRANSFER_NOT_IN = 49,  /* one is not in that group, or nobody else is: it is given up */

	TRANSFER_PATH_MOST = 4096,
	TRANSFER_OLD_S = 7 * 86400, /* an unfinished upload is dropped then */
};

enum transfer_state {
	TRANSFER_OPEN = 0,   /* being sent; or announced, and perhaps being fetched */
	TRANSFER_CLOSED = 1, /* sent; or fetched */
	TRANSFER_ENDING = 2, /* its pieces end at the server, then it is forgotten */
};

struct transfer {
	int64_t id, contact, group, message; /* group, or 0: ours there has no contact */
	bool out;
	enum transfer_state state;
	uint32_t done;			  /* pieces that are sent, or fetched */
	uint32_t ended;			  /* of those, ended at the server */
	int64_t begun_s;		  /* local time */
	int64_t as_of_ns;		  /* out: when the source was last changed */
	char path[TRANSFER_PATH_MOST];	  /* out: the source, until it is sent */
	char placed[FILE_NAME_MOST + 16]; /* in: the name that it gets, once it is whole */
	struct file file;
};

static inline __attribute__((unused)) void transfer_wipe_ref(struct transfer *t)
{
	file_wipe(&t->file);
}

/* Not those that are ending, or were said in a group by who is not listed there (so far). */
int transfer_load(struct transfer *out, struct profile *profile, int64_t id) MUST_CHECK;
/* Goes through them: start with 0. TRANSFER_NONE: no further one. */
int transfer_next(struct transfer *out, struct profile *profile, int64_t after) MUST_CHECK;

/* In the transaction that received it. 0 too when it announces nothing that could be fetched. */
struct announced {
	int64_t contact, group, message; /* group: or 0 */
	const void *head;		 /* file_write's */
	size_t len;
};
int transfer_announced(struct profile *profile, const struct announced *announced) MUST_CHECK;

/* That row of file, by id and begun_s: once it is gone a newer one may have its id. */
#define TRANSFER_ROW "id = ? AND begun_s = ?"

/* One more piece is sent or fetched. */
int transfer_did(struct profile *profile, struct transfer *transfer) MUST_CHECK;
/* What others of that group may fetch as well: only its sender ends it. */
static inline bool transfer_is_shared(const struct transfer *transfer)
{
	return transfer->group && !transfer->out;
}
/* Not of a shared one. All pieces that may be at the server will be ended, the row forgotten. */
int transfer_end(struct profile *profile, const struct transfer *transfer) MUST_CHECK;

/* Rows of file whose pieces nobody needs any more. */
#define TRANSFER_TO_CLEAN "NOT cleaned AND (state = 2 OR (state = 1 AND NOT out))"
/* Ends pieces at their servers that nobody needs any more, at most so many; *out_left: there are
 * more. */
int transfer_clean(
		struct net *net, struct profile *profile, unsigned most, bool *out_left) MUST_CHECK;

/* The request for a piece; path has room for 64. Its secret is not in it. */
struct ask transfer_ask(const struct transfer *transfer, const char *method,
		const struct piece *piece, char path[static 64]);

#endif
