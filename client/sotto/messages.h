/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What was said, and saying it. Part of sotto.h. */
#ifndef SOTTO_MESSAGES_H
#define SOTTO_MESSAGES_H
#ifndef SOTTO_H
#error "include sotto.h"
#endif

enum sotto_message_state {
	SOTTO_CAME = 0,	    /* from them */
	SOTTO_WAITING = 1,  /* ours, not at their server yet */
	SOTTO_SENT = 2,	    /* ours, in their mailbox */
	SOTTO_RECEIVED = 3, /* ours, and they have told that it came */
	SOTTO_NEVER = 4,    /* ours in a group: goes to nobody; in sotto_copy: not to them */
};

struct sotto_message {
	int64_t id;	     /* in this profile; later ones have greater ones */
	const char *contact; /* whom it came from or went to; of ours in a group "" */
	enum sotto_state contact_state;
	enum sotto_message_state state;
	bool read;	/* shown to the person, as far as sotto_unread or sotto_read know */
	int64_t number; /* of its sender to this contact: a jump is a gap, a long text has many; of
			 * ours in a group: of ours in that group, from 1 */
	int64_t at_s;	/* when it was stored here */
	const char *text;
	const char *group;	 /* it was said in; NULL: between us two */
	int64_t file;		 /* of sotto_file, whose name is the text; 0: a text */
	uint32_t parts, n_parts; /* packets that it takes, and that are here: fewer, and the text
				  * has [...] for what is not; sotto_unread waits a day for it */
	uint32_t n_missing; /* so many of theirs, before it, have not come; not in sotto_unread */
	bool edited;	    /* by its sender, afterwards */
	bool deleted;	    /* by its sender; the text is "" */
	int64_t ends_s;	    /* it disappears then; 0: it stays, or that is not known yet */
	/* Of ours in a group, unless it is deleted: copies for so many people, of which so many wait,
	 * are sent, and of those have come, as they told; of so many nothing is known, as the
	 * contact was ended. The rest does not go. state: of all that go. */
	uint32_t n_copies, n_waiting, n_sent, n_received, n_ended;
};
typedef int sotto_on_message(void *userdata, const struct sotto_message *message);

struct sotto_range { /* the last `most` before the message `before`; 0: all, and up to the newest */
	int64_t before;
	uint32_t most;
};
/* Between us two, in the order in which it was stored. range NULL: all. Of a request so much of its
 * name will do as tells it from others. SOTTO_NO_CONTACT. */
SOTTO_MUST int sotto_history(struct sotto *sotto, const char *contact,
		const struct sotto_range *range, sotto_on_message *on_message, void *userdata);
/* With that contact or, NULL, each of them, in groups too. words not NULL: only what has them all,
 * the last perhaps only begun, and of that the newest SOTTO_FOUND_MOST. SOTTO_NO_CONTACT. */
enum { SOTTO_FOUND_MOST = 500 };
SOTTO_MUST int sotto_search(struct sotto *sotto, const char *contact, const char *words,
		sotto_on_message *on_message, void *userdata);
/* What has come and was not read: each is read once the callback has returned 0, which is noted for
 * many at once: what a killed process has told of comes again. */
SOTTO_MUST int sotto_unread(struct sotto *sotto, sotto_on_message *on_message, void *userdata);
/* What has come of that contact, between us two, or in that group is read. SOTTO_NO_CONTACT,
 * SOTTO_NO_GROUP. */
SOTTO_MUST int sotto_read(struct sotto *sotto, const char *contact);
SOTTO_MUST int sotto_group_read(struct sotto *sotto, const char *group);

enum { SOTTO_TEXT_MOST = 65536 }; /* bytes of a message that one writes, in groups too */
/* Keeps the text, to be sent by a watch, sotto_send or sotto_receive. SOTTO_NO_CONTACT,
 * SOTTO_NOT_TEXT, SOTTO_LONG_TEXT. */
SOTTO_MUST int sotto_write(struct sotto *sotto, const char *contact, const char *text);
/* Network. The same, and sends it. Any other answer than those of sotto_write: it waits. */
SOTTO_MUST int sotto_send(struct sotto *sotto, const char *contact, const char *text);

/* Our message of that number says something else now, or is deleted, here and, which is asked of
 * the other's client, there. In groups: sotto_group_edit. SOTTO_NO_CONTACT, SOTTO_NO_MESSAGE,
 * SOTTO_NOT_TEXT: it is a file, or the new text is none; SOTTO_LONG_TEXT. */
SOTTO_MUST int sotto_edit(
		struct sotto *sotto, const char *contact, int64_t number, const char *text);
SOTTO_MUST int sotto_delete(struct sotto *sotto, const char *contact, int64_t number);
/* Texts and files between us two disappear from now on: ours so long after they were written,
 * theirs after they were read; 0: they stay. SOTTO_NO_CONTACT, SOTTO_TOO_LONG: a year is the
 * longest. */
SOTTO_MUST int sotto_set_timer(struct sotto *sotto, const char *contact, int64_t after_s);

/* Network. Sends what waits, fetches what has come, and looks after the account where that is
 * due. */
SOTTO_MUST int sotto_receive(struct sotto *sotto);
/* The three of it, each for itself; out NULL is allowed. One who cannot be reached holds back no
 * other. */
SOTTO_MUST int sotto_flush(struct sotto *sotto, uint32_t *out_sent);
SOTTO_MUST int sotto_fetch(struct sotto *sotto, uint32_t *out_new);
SOTTO_MUST int sotto_keep(struct sotto *sotto);

/* sotto_fetch, and so sotto_receive, reads the mailboxes in an order drawn anew each time and, but
 * for `fast`, with gaps of up to 3 s between them, of 20 s in all at most: who watches a server has
 * it harder to tell which belong to one person. This one leaves no gaps: for a person in a
 * hurry. */
SOTTO_MUST int sotto_fetch_at_once(struct sotto *sotto, uint32_t *out_new);
/* Called before each gap: done of so many mailboxes were read; it may look into the profile. NULL:
 * no more of it. */
typedef void sotto_on_reading(void *userdata, uint32_t done, uint32_t of);
SOTTO_API void sotto_show_reading(
		struct sotto *sotto, sotto_on_reading *on_reading, void *userdata);

#endif
