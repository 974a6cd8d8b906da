/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One file at a time is sent or fetched, on a thread with a handle of its own, so that keys are
 * heard meanwhile, the panic key above all. What is cut off goes on when it is asked for again.
 */
#include "client/chat/chat.h"

#include "libshared/error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { STOPPED = 1002 }; /* far from the library's answers, as in chat.h */

struct moving {
	struct moving_wish wish;
	struct sotto *sotto; /* owned */
	pthread_t thread;
	bool runs;
	atomic_bool stop, over;
	atomic_uint percent;
	char name[MOVING_NAME]; /* at last; these three once it is over */
	bool whole;		/* nothing is left to go on with */
	int rc;
};

/* --- on the thread ------------------------------------------------------ */

static int on_piece(void *userdata, const struct sotto_file *f)
{
	struct chat *chat = userdata;
	struct moving *m = chat->moving;

	atomic_store(&m->percent, f->pieces ? 100 * f->n_done / f->pieces : 100);
	snprintf(m->name, sizeof m->name, "%s", f->placed ? f->placed : f->name);
	m->whole = f->state == SOTTO_FILE_WHOLE;
	(void)!eventfd_write(chat->moving_fd, 1);
	return atomic_load(&m->stop) && !m->whole ? STOPPED : 0;
}

static void *run(void *userdata)
{
	struct chat *chat = userdata;
	struct moving *m = chat->moving;
	const struct moving_wish *w = &m->wish;

	if (w->file)
		m->rc = sotto_get_file(m->sotto, w->file, w->path, on_piece, chat);
	else
		m->rc = w->group ? sotto_group_send_file(m->sotto, w->to, w->path, on_piece, chat)
				 : sotto_send_file(m->sotto, w->to, w->path, on_piece, chat);
	/* Nobody needs the pieces any more; what cannot be ended now is ended later. */
	if (m->rc == 0 && w->file && sotto_end_pieces(m->sotto))
		atomic_store(&m->percent, 100);
	atomic_store(&m->over, true);
	(void)!eventfd_write(chat->moving_fd, 1);
	return NULL;
}

/* --- on the chat's ------------------------------------------------------ */

static void moving_free(struct moving *m)
{
	if (!m)
		return;
	sotto_close(m->sotto);
	explicit_bzero(m, sizeof *m);
	free(m);
}
DEFINE_CLEANUP(struct moving *, moving_free)

int moving_begin(struct chat *chat, const struct moving_wish *wish)
{
	CLEANUP(moving_free) struct moving *m = calloc(1, sizeof *m);
	int rc;

	if (chat->moving)
		return SOTTO_BUSY;
	if (!m)
		return E_NOMEM;
	m->wish = *wish;
	snprintf(m->name, sizeof m->name, "%s", wish->name);
	rc = sotto_open_beside(&m->sotto, chat->sotto);
	if (rc)
		return rc;
	chat->moving = STEAL(m); /* signals are blocked here, and so on its thread */
	rc = pthread_create(&chat->moving->thread, NULL, run, chat) ? E_NOMEM : 0;
	chat->moving->runs = rc == 0;
	if (rc)
		moving_end(chat, NULL);
	return rc;
}

void moving_stop(struct chat *chat)
{
	if (!chat->moving)
		return;
	atomic_store(&chat->moving->stop, true);
	sotto_stop(chat->moving->sotto);
}

bool moving_end(struct chat *chat, struct moving_wish *left)
{
	struct moving *m = chat->moving;
	const bool wanted = m && !atomic_load(&m->stop);
	bool cut;

	moving_stop(chat);
	if (m && m->runs)
		pthread_join(m->thread, NULL);
	cut = wanted && !m->whole;
	if (cut && left)
		*left = m->wish;
	moving_free(m);
	chat->moving = NULL;
	return cut;
}

static void tell_end(struct chat *chat, const struct moving *m)
{
	const bool got = m->wish.file != 0;
	char text[CHAT_NOTE];

	if (m->rc == 0 && got)
		snprintf(text, sizeof text, "fetched: %.100s in %.60s", m->name, m->wish.path);
	else if (m->rc == 0)
		snprintf(text, sizeof text, "sent to %s: %.100s", m->wish.to, m->name);
	else if (atomic_load(&m->stop) && !m->whole)
		snprintf(text, sizeof text, "stopped: the same again goes on from there");
	else
		snprintf(text, sizeof text, "%.60s: %s", m->name,
				sotto_text((enum sotto_result)m->rc));
	chat_note(chat, text);
}

void moving_turn(struct chat *chat)
{
	if (!chat->moving || !atomic_load(&chat->moving->over))
		return;
	tell_end(chat, chat->moving);
	moving_end(chat, NULL);
	chat->stale = true;
}

bool moving_says(const struct chat *chat, char *out, size_t size)
{
	const struct moving *m = chat->moving;

	if (m)
		snprintf(out, size, "%s %.40s %u%%", m->wish.file ? "fetching" : "sending",
				m->wish.name, atomic_load(&m->percent));
	return m;
}

void moving_path(char out[static MOVING_PATH], const char *path)
{
	const char *home = getenv("HOME");
	const bool is_home = path[0] == '~' && path[1] == '/' && home;

	snprintf(out, MOVING_PATH, "%s%s", is_home ? home : "", is_home ? path + 1 : path);
}
