/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * webrtcbin's callbacks come on threads of its own; each only hands over to the main loop. The
 * library sees no text of the peer's (client/lib/sdp.h) and one local address, 127.0.0.1: with
 * others its candidates would name them.
 */
#include "client/media/engine.h"

#include "client/media/devices.h"
#include "client/media/pipeline.h"
#include "client/media/sums.h"

#include <nice/agent.h>
#include <gst/sdp/sdp.h>
#include <string.h>

enum { CONNECT_S = 60, WAITING_S = 6, LOST_S = 20, LATENCY_MS = 100 };
/* Each check of theirs makes libnice ask again and forget what it asked before. At its own pace of
 * 20 ms two such questions chase each other over a round trip of 600 ms for most of a minute. */
enum { CHECK_EVERY_MS = 300 };
enum { STATE_CONNECTED = 2, STATE_FAILED = 4, GATHERING_COMPLETE = 2 }; /* of webrtcbin */

/* GstWebRTCSessionDescription, whose header comes with OpenCV's in Debian. */
enum { TYPE_OFFER = 1, TYPE_ANSWER = 3 };
struct description {
	int type;
	GstSDPMessage *sdp;
};

struct engine {
	struct engine_options options;
	struct engine_events events;
	struct gates gates;
	GstElement *pipeline, *wb;
	uint8_t fingerprint[32]; /* that the peer's certificate must have */
	bool told_local, has_remote, verified, is_waiting, ended;
	unsigned seconds, silent_s;
	gint frames;
	guint tick;
	struct engine_stats stats;
	guint64 bytes;
};

static void end(struct engine *e, const char *why)
{
	if (e->ended)
		return;
	e->ended = true;
	e->events.ended(why);
}

/* --- from webrtcbin's threads to the main loop -------------------------- */

struct news {
	struct engine *engine;
	char *text;
};

static void hand_on(struct engine *e, const char *text, GSourceFunc handle)
{
	struct news *news = g_new0(struct news, 1);

	news->engine = e;
	news->text = g_strdup(text);
	g_idle_add(handle, news);
}

static gboolean done(struct news *news)
{
	g_free(news->text);
	g_free(news);
	return G_SOURCE_REMOVE;
}

static gboolean handle_failure(gpointer userdata)
{
	struct news *news = userdata;

	end(news->engine, news->text);
	return done(news);
}

/* --- our description ---------------------------------------------------- */

/* One candidate is all there is: with it the description is whole. */
static gboolean handle_candidate(gpointer userdata)
{
	struct news *news = userdata;
	struct engine *e = news->engine;
	struct description *local = NULL;
	char out[SDP_WRITTEN_MOST], *text;
	struct sdp sdp;

	if (!e->told_local)
		g_object_get(e->wb, "local-description", &local, NULL);
	if (!local)
		return done(news);
	text = gst_sdp_message_as_text(local->sdp);
	if (sdp_read(&sdp, text, strlen(text)) == 0 && sdp_candidate(&sdp, news->text) == 0) {
		e->told_local = true;
		sdp_write(out, &sdp);
		e->events.local(out);
	}
	g_free(text);
	g_boxed_free(g_type_from_name("GstWebRTCSessionDescription"), local);
	return done(news);
}

static void on_candidate(GstElement *wb, guint line, const char *text, struct engine *e)
{
	(void)wb;
	(void)line;
	hand_on(e, text, handle_candidate);
}

static gboolean handle_gathered(gpointer userdata)
{
	struct news *news = userdata;

	if (!news->engine->told_local)
		end(news->engine, "no-relay");
	return done(news);
}

/* The last candidate may be told a moment after this. */
static void on_gathering(GstElement *wb, GParamSpec *spec, struct engine *e)
{
	struct news *news;
	int state;

	(void)spec;
	g_object_get(wb, "ice-gathering-state", &state, NULL);
	if (state != GATHERING_COMPLETE)
		return;
	news = g_new0(struct news, 1);
	news->engine = e;
	g_timeout_add(2000, handle_gathered, news);
}

static void on_made(GstPromise *promise, gpointer userdata)
{
	struct engine *e = userdata;
	const GstStructure *reply = gst_promise_get_reply(promise);
	const GValue *made = reply
			? gst_structure_get_value(reply, e->options.offers ? "offer" : "answer")
			: NULL;

	if (made)
		g_signal_emit_by_name(
				e->wb, "set-local-description", g_value_get_boxed(made), NULL);
	else
		hand_on(e, "media", handle_failure);
	gst_promise_unref(promise);
}

static void make(struct engine *e, const char *signal)
{
	g_signal_emit_by_name(
			e->wb, signal, NULL, gst_promise_new_with_change_func(on_made, e, NULL));
}

/* --- the peer's --------------------------------------------------------- */

static void on_remote(GstPromise *promise, gpointer userdata)
{
	struct engine *e = userdata;
	const GstStructure *reply = gst_promise_get_reply(promise);

	if (reply && gst_structure_has_field(reply, "error"))
		hand_on(e, "media", handle_failure);
	else if (!e->options.offers)
		make(e, "create-answer");
	gst_promise_unref(promise);
}

static void set_remote(struct engine *e, const struct sdp *sdp)
{
	struct description remote = { .type = e->options.offers ? TYPE_ANSWER : TYPE_OFFER };
	char text[SDP_WRITTEN_MOST];

	sdp_write(text, sdp);
	if (gst_sdp_message_new_from_text(text, &remote.sdp) != GST_SDP_OK) {
		end(e, "media");
		return;
	}
	g_signal_emit_by_name(e->wb, "set-remote-description", &remote,
			gst_promise_new_with_change_func(on_remote, e, NULL));
	gst_sdp_message_free(remote.sdp);
}

/* --- the certificate ---------------------------------------------------- */

/* SHA-256 of the DER inside a PEM certificate is the peer's fingerprint? */
static bool is_theirs(const struct engine *e, const char *pem)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----", finish[] = "-----END";
	const char *from = pem ? strstr(pem, begin) : NULL,
		   *to = from ? strstr(from, finish) : NULL;
	gsize len = 0, hash_len = 32;
	guint8 hash[32];
	GChecksum *sum;
	guchar *der;
	char *text;

	if (!to)
		return false;
	text = g_strndup(from + sizeof begin - 1, (gsize)(to - from) - (sizeof begin - 1));
	der = g_base64_decode(text, &len);
	sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_checksum_update(sum, der, (gssize)len);
	g_checksum_get_digest(sum, hash, &hash_len);
	g_checksum_free(sum);
	g_free(der);
	g_free(text);
	return memcmp(hash, e->fingerprint, sizeof hash) == 0;
}

static bool transport_is_theirs(const struct engine *e, GObject *transceiver)
{
	GObject *sender = NULL, *transport = NULL;
	char *pem = NULL;
	bool same = false;

	g_object_get(transceiver, "sender", &sender, NULL);
	if (sender)
		g_object_get(sender, "transport", &transport, NULL);
	if (transport) {
		g_object_get(transport, "remote-certificate", &pem, NULL);
		same = is_theirs(e, pem);
	}
	g_free(pem);
	g_clear_object(&transport);
	g_clear_object(&sender);
	return same;
}

static gboolean handle_connected(gpointer userdata)
{
	struct news *news = userdata;
	struct engine *e = news->engine;
	GArray *transceivers = NULL;
	bool all = false;

	g_signal_emit_by_name(e->wb, "get-transceivers", &transceivers);
	for (guint i = 0; transceivers && i < transceivers->len; i++) {
		all = transport_is_theirs(e, g_array_index(transceivers, GObject *, i));
		if (!all)
			break;
	}
	if (transceivers)
		g_array_unref(transceivers);
	if (!all) {
		end(e, "fingerprint");
	} else if (!e->verified) {
		e->verified = true;
		gates_open(&e->gates);
		e->events.verified();
	}
	return done(news);
}

static void on_state(GstElement *wb, GParamSpec *spec, struct engine *e)
{
	int state;

	(void)spec;
	g_object_get(wb, "connection-state", &state, NULL);
	if (state == STATE_CONNECTED)
		hand_on(e, NULL, handle_connected);
	else if (state == STATE_FAILED)
		hand_on(e, "lost", handle_failure);
}

static void on_pad(GstElement *wb, GstPad *pad, struct engine *e)
{
	const struct playing playing = { e->pipeline, &e->options, &e->gates, &e->frames };

	(void)wb;
	if (GST_PAD_IS_SRC(pad) && !pipeline_play(&playing, pad))
		hand_on(e, "media", handle_failure);
}

/* --- statistics --------------------------------------------------------- */

/* A packet is filled there, travels, and waits here so that late ones are still in time. */
static double delay_ms(const struct engine *e)
{
	GstQuery *query = gst_query_new_latency();
	GstClockTime wait = 0;

	if (gst_element_query(e->pipeline, query))
		gst_query_parse_latency(query, NULL, &wait, NULL);
	gst_query_unref(query);
	wait = MAX(wait, LATENCY_MS * GST_MSECOND); /* not known at once */
	return PACKET_MS + e->stats.round_trip_ms / 2 + (double)wait / GST_MSECOND;
}

static void judge(struct engine *e, const struct sums *sums)
{
	bool moved = sums->stats.received > e->stats.received;

	e->silent_s = moved ? 0 : e->silent_s + 1;
	if (moved)
		e->is_waiting = false;
	e->stats = sums->stats;
	e->stats.kbit_s = (double)(sums->bytes - MIN(sums->bytes, e->bytes)) * 8 / 1000;
	e->stats.delay_ms = delay_ms(e);
	e->stats.frames = (guint64)g_atomic_int_get(&e->frames);
	e->bytes = sums->bytes;
	e->events.stats(&e->stats);
	if (e->silent_s >= LOST_S)
		end(e, "lost");
	else if (e->silent_s >= WAITING_S && !e->is_waiting) {
		e->is_waiting = true;
		e->events.waiting();
	}
}

struct measured {
	struct engine *engine;
	struct sums sums;
};

static gboolean handle_stats(gpointer userdata)
{
	struct measured *m = userdata;

	if (!m->engine->ended)
		judge(m->engine, &m->sums);
	g_free(m);
	return G_SOURCE_REMOVE;
}

static void on_stats(GstPromise *promise, gpointer userdata)
{
	struct measured *m = g_new0(struct measured, 1);
	const GstStructure *reply = gst_promise_get_reply(promise);

	m->engine = userdata;
	if (reply)
		sums_read(&m->sums, reply);
	gst_promise_unref(promise);
	g_idle_add(handle_stats, m);
}

/* A dead stream is seen by nobody else: the state stays "connected" for ever. */
static gboolean on_tick(gpointer userdata)
{
	struct engine *e = userdata;

	if (!e->verified) {
		/* As long as it rings is not for us to say. */
		if ((e->has_remote || !e->told_local) && ++e->seconds >= CONNECT_S)
			end(e, "no-connection");
	} else if (e->wb) {
		g_signal_emit_by_name(e->wb, "get-stats", NULL,
				gst_promise_new_with_change_func(on_stats, e, NULL));
	}
	return G_SOURCE_CONTINUE;
}

/* --- start and end ------------------------------------------------------ */

/* Relay only, one local address, and patience for Tor: by default an allocation has two seconds. */
static void configure(struct engine *e)
{
	const struct engine_options *o = &e->options;
	char *user = g_uri_escape_string(o->user, NULL, FALSE),
	     *password = g_uri_escape_string(o->password, NULL, FALSE),
	     *uri = g_strdup_printf(
			     "turn://%s:%s@127.0.0.1:%d?transport=tcp", user, password, o->port);
	GObject *ice = NULL;
	NiceAgent *agent = NULL;
	NiceAddress *loopback = nice_address_new();

	gst_util_set_object_arg(G_OBJECT(e->wb), "ice-transport-policy", "relay");
	g_object_set(e->wb, "turn-server", uri, "latency", LATENCY_MS, NULL);
	g_object_get(e->wb, "ice-agent", &ice, NULL);
	g_object_get(ice, "agent", &agent, NULL);
	g_object_set(ice, "ice-tcp", FALSE, NULL);
	g_object_set(agent, "upnp", FALSE, "stun-pacing-timer", CHECK_EVERY_MS,
			"stun-initial-timeout", 2000, "stun-max-retransmissions", 5, NULL);
	nice_address_set_from_string(loopback, "127.0.0.1");
	nice_agent_add_local_address(agent, loopback);
	nice_address_free(loopback);
	g_object_unref(agent);
	g_object_unref(ice);
	g_free(uri);
	g_free(password);
	g_free(user);
}

static void on_broken(gpointer userdata)
{
	end(userdata, "media");
}

static bool start(struct engine *e, const struct sdp *sdp)
{
	e->pipeline = pipeline_new(&e->options, sdp, &e->gates);
	if (!e->pipeline)
		return false;
	e->wb = gst_bin_get_by_name(GST_BIN(e->pipeline), "wb");
	configure(e);
	g_signal_connect(e->wb, "on-ice-candidate", G_CALLBACK(on_candidate), e);
	g_signal_connect(e->wb, "notify::ice-gathering-state", G_CALLBACK(on_gathering), e);
	g_signal_connect(e->wb, "notify::connection-state", G_CALLBACK(on_state), e);
	g_signal_connect(e->wb, "pad-added", G_CALLBACK(on_pad), e);
	pipeline_watch(e->pipeline, on_broken, e);
	return gst_element_set_state(e->pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE;
}

struct engine *engine_new(const struct engine_options *options, const struct engine_events *events)
{
	const struct sdp ours = { .n_streams = options->video_in ? 2 : 1,
		.streams = { { .payload_type = 96 }, { .payload_type = 97 } } };
	struct engine *e = g_new0(struct engine, 1);
	const char *trouble;

	e->options = *options;
	e->events = *events;
	g_mutex_init(&e->gates.lock);
	e->gates.valves = g_ptr_array_new_with_free_func(gst_object_unref);
	e->tick = g_timeout_add_seconds(1, on_tick, e);
	trouble = devices_trouble(options);
	if (trouble)
		end(e, trouble);
	if (trouble || !options->offers)
		return e;
	if (start(e, &ours))
		make(e, "create-offer");
	else
		end(e, "media");
	return e;
}

int engine_remote(struct engine *e, const char *text)
{
	struct sdp sdp;

	/* An answer names who begins the handshake, an offer leaves it open. */
	if (e->has_remote || e->ended || sdp_read(&sdp, text, strlen(text)) || !sdp.relay_port ||
			(sdp.setup == SDP_ACTPASS) != !e->options.offers)
		return SDP_BAD;
	e->has_remote = true;
	memcpy(e->fingerprint, sdp.fingerprint, sizeof e->fingerprint);
	if (!e->options.offers && !start(e, &sdp))
		end(e, "media");
	else
		set_remote(e, &sdp);
	return 0;
}

void engine_mute(struct engine *e, bool on)
{
	GstElement *volume = e->pipeline ? gst_bin_get_by_name(GST_BIN(e->pipeline), "volume")
					 : NULL;

	if (volume)
		g_object_set(volume, "mute", on, NULL);
	g_clear_object(&volume);
}

/* No end-of-stream first: it blocks for ever when the peer is gone. */
void engine_free(struct engine *e)
{
	if (!e)
		return;
	e->ended = true;
	g_source_remove(e->tick);
	if (e->pipeline) {
		gst_element_set_state(e->pipeline, GST_STATE_NULL);
		gst_bus_remove_watch(GST_ELEMENT_BUS(e->pipeline));
	}
	g_clear_object(&e->wb);
	g_clear_object(&e->pipeline);
	g_ptr_array_unref(e->gates.valves);
	g_mutex_clear(&e->gates.lock);
	g_free(e);
}
