/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One call at a time, on a thread with a handle of its own, as files are: keys are heard
 * meanwhile. Sound is another program's.
 */
#include "client/chat/chat.h"

#include "client/cli/call_text.h"
#include "libshared/error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

enum { TURN_MS = 100, GOODBYE_S = 5 };

struct calling {
	enum calling_kind kind;
	char contact[SOTTO_NAME_MOST + 1];
	struct sotto_call_options options;
	char program[CALL_PROGRAM];
	struct sotto *sotto; /* owned */
	pthread_t thread;
	bool runs;
	atomic_bool hang_up, mute, over;
	atomic_int news;
	atomic_llong talks_s; /* since then; 0: not yet */
	int rc;		      /* these two once it is over */
	struct sotto_call_end end;
};

/* --- on the thread ------------------------------------------------------ */

static int on_call(void *userdata, const struct sotto_call_event *e)
{
	struct chat *chat = userdata;
	struct calling *c = chat->calling;

	if (e->news == SOTTO_CALL_TALKS && !atomic_load(&c->talks_s))
		atomic_store(&c->talks_s, (long long)time(NULL));
	if (e->news != SOTTO_CALL_MEASURES)
		atomic_store(&c->news, e->news);
	(void)!eventfd_write(chat->moving_fd, 1);
	return 0;
}

static int talk(struct calling *c, struct sotto_call *call)
{
	bool muted = false;
	int rc = 0;

	while (rc == 0 && !sotto_call_is_over(call, &c->end)) {
		if (atomic_load(&c->hang_up))
			sotto_call_hang_up(call);
		if (atomic_load(&c->mute) != muted)
			sotto_call_mute(call, muted = !muted);
		rc = sotto_call_turn(call, TURN_MS);
	}
	return rc;
}

static void *run(void *userdata)
{
	struct chat *chat = userdata;
	struct calling *c = chat->calling;
	struct sotto_call *call = NULL;

	if (c->kind == CALLING_DECLINE)
		c->rc = sotto_call_decline(c->sotto, c->contact);
	else if (c->kind == CALLING_ANSWER)
		c->rc = sotto_call_answer(&call, c->sotto, c->contact, &c->options);
	else
		c->rc = sotto_call_to(&call, c->sotto, c->contact, &c->options);
	if (call)
		c->rc = talk(c, call);
	sotto_call_close(call);
	atomic_store(&c->over, true);
	(void)!eventfd_write(chat->moving_fd, 1);
	return NULL;
}

/* --- on the chat's ------------------------------------------------------ */

static void calling_free(struct calling *c)
{
	if (!c)
		return;
	sotto_close(c->sotto);
	explicit_bzero(c, sizeof *c);
	free(c);
}
DEFINE_CLEANUP(struct calling *, calling_free)

int calling_begin(struct chat *chat, enum calling_kind kind, const char *contact)
{
	CLEANUP(calling_free) struct calling *c = calloc(1, sizeof *c);
	int rc;

	if (chat->calling)
		return SOTTO_IN_CALL;
	if (!c)
		return E_NOMEM;
	c->kind = kind;
	c->options = *chat->options->call;
	c->options.program = call_program(c->program);
	c->options.on_call = on_call;
	c->options.userdata = chat;
	snprintf(c->contact, sizeof c->contact, "%s", contact);
	atomic_store(&c->news, SOTTO_CALL_CONNECTS);
	rc = sotto_open_beside(&c->sotto, chat->sotto);
	if (rc)
		return rc;
	chat->calling = STEAL(c); /* signals are blocked here, and so on its thread */
	rc = pthread_create(&chat->calling->thread, NULL, run, chat) ? E_NOMEM : 0;
	chat->calling->runs = rc == 0;
	if (rc)
		calling_end(chat, true);
	return rc;
}

int calling_ring(struct chat *chat, enum calling_kind kind)
{
	const int rc = *chat->rings ? calling_begin(chat, kind, chat->rings) : SOTTO_NO_CALL;

	chat->rings[0] = '\0';
	return rc;
}

int calling_hang_up(struct chat *chat)
{
	if (!chat->calling)
		return SOTTO_NO_CALL;
	atomic_store(&chat->calling->hang_up, true);
	return 0;
}

int calling_mute(struct chat *chat)
{
	if (!chat->calling)
		return SOTTO_NO_CALL;
	atomic_store(&chat->calling->mute, !atomic_load(&chat->calling->mute));
	return 0;
}

void calling_end(struct chat *chat, bool now)
{
	struct calling *c = chat->calling;
	struct timespec until;

	if (!c)
		return;
	atomic_store(&c->hang_up, true);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += now ? 0 : GOODBYE_S;
	if (c->runs && pthread_timedjoin_np(c->thread, NULL, &until)) {
		sotto_stop(c->sotto); /* the other side hears nothing of it */
		pthread_join(c->thread, NULL);
	}
	calling_free(c);
	chat->calling = NULL;
}

static void tell_end(struct chat *chat, const struct calling *c)
{
	char text[CALL_TEXT], note[CHAT_NOTE];

	call_end_text(text, &c->end);
	if (c->rc)
		snprintf(text, sizeof text, "%s",
				c->rc == SOTTO_E_ARGUMENT ? "no such --audio-in, --audio-out or "
							    "--video-in: sotto --help"
							  : sotto_text((enum sotto_result)c->rc));
	else if (c->kind == CALLING_DECLINE)
		snprintf(text, sizeof text, "you declined");
	snprintf(note, sizeof note, "call, %.30s: %s", c->contact, text);
	chat_note(chat, note);
}

void calling_turn(struct chat *chat)
{
	if (!chat->calling || !atomic_load(&chat->calling->over))
		return;
	tell_end(chat, chat->calling);
	calling_end(chat, true);
	chat->stale = true;
}

bool calling_says(const struct chat *chat, char *out, size_t size)
{
	const struct calling *c = chat->calling;
	const long long s = c ? atomic_load(&c->talks_s) : 0, for_s = s ? time(NULL) - s : 0;
	const char *news = c ? call_news_text((enum sotto_call_news)atomic_load(&c->news)) : "";

	if (!c)
		return false;
	if (c->kind == CALLING_DECLINE)
		snprintf(out, size, "declining");
	else if (s)
		snprintf(out, size, "%s with %.30s %lld:%02lld%s (/hangup)", news, c->contact,
				for_s / 60, for_s % 60, atomic_load(&c->mute) ? ", MUTED" : "");
	else
		snprintf(out, size, "%s %.30s%s (/hangup)", news, c->contact,
				atomic_load(&c->mute) ? ", MUTED" : "");
	return true;
}
