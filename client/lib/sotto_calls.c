/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The public functions around calls. */
#include "client/lib/call.h"
#include "client/lib/handle.h"
#include "libshared/error.h"

#include <string.h>

struct sotto_call {
	struct sotto *s;
	struct call *call;
	sotto_on_call *on_call;
	void *userdata;
	int result; /* of on_call, for the turn */
};

/* --- who calls ---------------------------------------------------------- */

int sotto_rings(struct sotto *s, sotto_on_ring *on_ring, void *userdata)
{
	struct call_heard h;
	enum calls_news news;
	struct contact c;
	int rc;

	/* While there is a call it is for that one to say that we are busy. */
	if (calls_is_locked(s->profile))
		return 0;
	while ((rc = calls_tell(&h, &news, s->profile)) == 0) {
		rc = contact_by_id(&c, s->profile, h.contact);
		if (rc < 0)
			return rc;
		if (rc > 0)
			continue; /* ended meanwhile */
		rc = on_ring(userdata,
				&(struct sotto_ring){
						c.name, h.signal.video, news == CALLS_MISSED });
		if (rc)
			return rc;
	}
	return rc == CALLS_NONE ? 0 : rc;
}

/* SOTTO_NO_CALL. name: or NULL. */
static int find_ringing(struct call_heard *out, struct sotto *s, const char *name)
{
	struct contact c = { .id = 0 };
	int rc = name ? sotto_person(&c, s, name) : 0;

	if (rc)
		return rc;
	rc = calls_ringing(out, s->profile, c.id);
	return rc == CALLS_NONE ? SOTTO_NO_CALL : rc;
}

/* --- the call ----------------------------------------------------------- */

static double number(const json_t *stats, const char *name)
{
	return json_number_value(json_object_get(stats, name));
}

static void on_news(void *userdata, enum call_news news, const json_t *stats)
{
	struct sotto_call *call = userdata;
	char *text = news == CALL_MEASURES ? json_dumps(stats, JSON_COMPACT) : NULL;
	struct sotto_call_event event = { .news = (enum sotto_call_news)news, .measures = text };

	if (news == CALL_MEASURES) {
		event.round_trip_ms = number(stats, "round_trip_ms");
		event.delay_ms = number(stats, "delay_ms");
		event.jitter_ms = number(stats, "jitter_ms");
		event.kbit_s = number(stats, "kbit_s");
		event.n_received = json_integer_value(json_object_get(stats, "received"));
		event.n_lost = json_integer_value(json_object_get(stats, "lost"));
	}
	if (call->on_call && call->result == 0)
		call->result = call->on_call(call->userdata, &event);
	free(text);
}

/* One of the words, or what begins with one that ends in ":". */
static bool is_one_of(const char *what, const char *const words[])
{
	for (; *words; words++) {
		size_t len = strlen(*words);

		if (strncmp(what, *words, len) == 0 &&
				((*words)[len - 1] == ':') == (what[len] != '\0'))
			return true;
	}
	return false;
}

static int take_options(struct sotto_call_options *o, const struct sotto_call_options *given)
{
	static const char *const sources[] = { "auto", "silence", "test:", "file:", NULL };
	static const char *const sinks[] = { "auto", "none", "file:", NULL };
	static const char *const cameras[] = { "auto", "test", NULL };
	static const char *const screens[] = { "auto", "none", NULL };
	const struct sized into = { o, sizeof *o, sizeof *o };
	int rc = sotto_take(&into, given);

	if (rc)
		return rc;
	return o->program && o->ring_s > 0 && o->ring_s <= CALLS_RING_S && o->audio_in &&
					o->audio_out && is_one_of(o->audio_in, sources) &&
					is_one_of(o->audio_out, sinks) &&
					(!o->video_in || is_one_of(o->video_in, cameras)) &&
					(!o->video_out || is_one_of(o->video_out, screens))
			? 0
			: E_CONFIG;
}

static int begin(struct sotto_call *call, const struct sotto_call_options *o, int64_t contact,
		const struct call_heard *ringing)
{
	const struct call_options options = {
		.on_news = on_news,
		.userdata = call,
		.program = o->program,
		.ring_s = o->ring_s,
		.audio_in = o->audio_in,
		.audio_out = o->audio_out,
		.video_in = o->video_in,
		.video_out = o->video_out,
	};
	int rc;

	call->on_call = o->on_call;
	call->userdata = o->userdata;
	call->s->net.work_bits_most = WORK_BITS_UNASKED;
	rc = call_open(&call->call, &call->s->net, call->s->profile, &options);
	rc = rc ? rc : call_begin(call->call, contact, ringing);
	return sotto_of_call(rc);
}

DEFINE_CLEANUP(struct sotto_call *, sotto_call_close)

static int open_call(struct sotto_call **out, struct sotto *s,
		const struct sotto_call_options *options, int64_t contact,
		const struct call_heard *ringing)
{
	CLEANUP(sotto_call_close) struct sotto_call *call = calloc(1, sizeof *call);
	struct sotto_call_options o = { .size = 0 };
	int rc = take_options(&o, options);

	if (!call)
		return E_NOMEM;
	call->s = s;
	rc = rc ? rc : begin(call, &o, contact, ringing);
	if (rc == 0)
		*out = STEAL(call);
	return rc;
}

int sotto_call_to(struct sotto_call **out, struct sotto *s, const char *contact,
		const struct sotto_call_options *options)
{
	struct contact c;
	struct call_heard h;
	int rc = sotto_person(&c, s, contact);

	if (rc)
		return rc;
	rc = calls_ringing(&h, s->profile, c.id);
	return rc < 0 ? rc : open_call(out, s, options, c.id, rc == 0 ? &h : NULL);
}

int sotto_call_answer(struct sotto_call **out, struct sotto *s, const char *contact,
		const struct sotto_call_options *options)
{
	struct call_heard h;
	int rc = find_ringing(&h, s, contact);

	return rc ? rc : open_call(out, s, options, h.contact, &h);
}

int sotto_call_decline(struct sotto *s, const char *contact)
{
	struct call_heard h;
	int rc = find_ringing(&h, s, contact);

	rc = rc ? rc : calls_settle(s->profile, h.contact, h.signal.call);
	return rc ? rc : call_refuse(&s->net, s->profile, &h, CALL_DECLINED);
}

int sotto_call_turn(struct sotto_call *call, int wait_ms)
{
	int rc = call_turn(call->call, wait_ms);

	return rc ? sotto_of_call(rc) : call->result;
}

bool sotto_call_is_over(const struct sotto_call *call, struct sotto_call_end *out)
{
	struct call_end end;

	if (!call_is_over(call->call, &end))
		return false;
	*out = (struct sotto_call_end){ .reason = (enum sotto_call_reason)end.reason,
		.by_them = end.by_them,
		.answered = end.answered };
	memcpy(out->what, end.what, sizeof out->what);
	return true;
}

void sotto_call_mute(struct sotto_call *call, bool on)
{
	call_mute(call->call, on);
}

void sotto_call_hang_up(struct sotto_call *call)
{
	call_hang_up(call->call);
}

void sotto_call_close(struct sotto_call *call)
{
	if (!call)
		return;
	call_close(call->call);
	free(call);
}
