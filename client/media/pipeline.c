/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Texts of elements; what a person names (paths) is set as a property, never pasted into a text. */
#include "client/media/pipeline.h"

#include <stdlib.h>
#include <string.h>

#define VALVE "valve name=gate drop=true drop-mode=forward-sticky-events"

/* Constant bit rate: else packet sizes tell speech from silence. 60 ms: a third of the packets. No
 * error correction: TCP loses nothing, and its decoder holds back two packets. */
#define OPUS                                                                                     \
	"audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=1 ! volume name=volume " \
	"! opusenc bitrate=16000 bitrate-type=cbr frame-size=60 dtx=false audio-type=voice "     \
	"! rtpopuspay pt=%d ! "                                                                  \
	"application/x-rtp,media=audio,encoding-name=OPUS,encoding-params=(string)2,payload=%d " \
	"! " VALVE " ! wb."
#define VP8                                                                                \
	"videoconvert ! videoscale ! videorate ! "                                         \
	"video/x-raw,format=I420,width=320,height=240,framerate=15/1 ! vp8enc deadline=1 " \
	"cpu-used=8 target-bitrate=150000 end-usage=cbr keyframe-max-dist=75 "             \
	"error-resilient=partitions ! rtpvp8pay pt=%d picture-id-mode=15-bit ! "           \
	"application/x-rtp,media=video,encoding-name=VP8,payload=%d ! queue ! " VALVE " ! wb."

/* Behind its end comes silence: else the other side would look for another way. */
#define AS_WE_SEND "audio/x-raw,format=S16LE,rate=48000,channels=1,layout=interleaved"
#define FILE_SOURCE                                                                         \
	"filesrc name=source ! wavparse ! audioconvert ! audioresample ! " AS_WE_SEND " ! " \
	"after. audiotestsrc wave=silence ! " AS_WE_SEND " ! after. concat name=after ! clocksync"

static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return text && strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

static const char *audio_source(const char *in)
{
	if (after(in, "test:") || strcmp(in, "silence") == 0)
		return "audiotestsrc name=source is-live=true";
	if (after(in, "file:"))
		return FILE_SOURCE;
	return strcmp(in, "auto") == 0 ? "autoaudiosrc name=source" : NULL;
}

static const char *audio_sink(const char *out)
{
	if (after(out, "file:"))
		return "audio/x-raw,format=S16LE,rate=48000,channels=1 ! clocksync ! wavenc ! "
		       "filesink name=sink sync=true async=false buffer-mode=unbuffered";
	if (strcmp(out, "none") == 0)
		return "fakesink sync=true async=false";
	return strcmp(out, "auto") == 0 ? "autoaudiosink" : NULL;
}

static const char *video_source(const char *in)
{
	if (strcmp(in, "test") == 0)
		return "videotestsrc is-live=true pattern=ball";
	return strcmp(in, "auto") == 0 ? "autovideosrc" : NULL;
}

static const char *video_sink(const char *out)
{
	if (!out || strcmp(out, "none") == 0)
		return "fakesink sync=true async=false";
	return strcmp(out, "auto") == 0 ? "videoconvert ! autovideosink" : NULL;
}

/* --- valves ------------------------------------------------------------- */

static void gates_add(struct gates *gates, GstElement *bin)
{
	GstElement *valve = gst_bin_get_by_name(GST_BIN(bin), "gate");

	g_mutex_lock(&gates->lock);
	g_object_set(valve, "drop", !gates->open, NULL);
	g_ptr_array_add(gates->valves, valve);
	g_mutex_unlock(&gates->lock);
}

void gates_open(struct gates *gates)
{
	g_mutex_lock(&gates->lock);
	gates->open = true;
	for (guint i = 0; i < gates->valves->len; i++)
		g_object_set(g_ptr_array_index(gates->valves, i), "drop", FALSE, NULL);
	g_mutex_unlock(&gates->lock);
}

/* --- what we send ------------------------------------------------------- */

static void set_source(GstElement *bin, const char *in)
{
	GstElement *source = gst_bin_get_by_name(GST_BIN(bin), "source");
	const char *value;

	if ((value = after(in, "test:")))
		g_object_set(source, "freq", strtod(value, NULL), NULL);
	else if ((value = after(in, "file:")))
		g_object_set(source, "location", value, NULL);
	else if (strcmp(in, "silence") == 0)
		gst_util_set_object_arg(G_OBJECT(source), "wave", "silence");
	gst_object_unref(source);
}

/* One branch in a bin of its own, linked to webrtcbin: the order of the calls is that of the
 * streams. */
static bool add_branch(GstElement *pipeline, const char *text, struct gates *gates, const char *in)
{
	GstElement *wb = gst_bin_get_by_name(GST_BIN(pipeline), "wb"), *bin;
	char *cut = g_strndup(text, strlen(text) - strlen(" ! wb."));
	GError *error = NULL;
	bool linked;

	bin = gst_parse_bin_from_description(cut, TRUE, &error);
	g_free(cut);
	g_clear_error(&error);
	if (bin) {
		gst_bin_add(GST_BIN(pipeline), bin);
		gates_add(gates, bin);
		if (in)
			set_source(bin, in);
	}
	linked = bin && gst_element_link(bin, wb);
	gst_object_unref(wb);
	return linked;
}

GstElement *pipeline_new(const struct engine_options *o, const struct sdp *sdp, struct gates *gates)
{
	GstElement *pipeline = gst_pipeline_new("call"),
		   *wb = gst_element_factory_make("webrtcbin", "wb");
	const char *audio = audio_source(o->audio_in),
		   *video = o->video_in ? video_source(o->video_in) : NULL;
	bool ok = wb && audio && (video || !o->video_in);
	char *text;

	if (wb) {
		gst_util_set_object_arg(G_OBJECT(wb), "bundle-policy", "max-bundle");
		gst_bin_add(GST_BIN(pipeline), wb);
	}
	if (ok) {
		int pt = sdp->streams[SDP_AUDIO].payload_type;

		text = g_strdup_printf("%s ! " OPUS, audio, pt, pt);
		ok = add_branch(pipeline, text, gates, o->audio_in);
		g_free(text);
	}
	if (ok && video && sdp->n_streams == SDP_STREAMS && !sdp->streams[SDP_VIDEO].refused) {
		int pt = sdp->streams[SDP_VIDEO].payload_type;

		text = g_strdup_printf("%s ! " VP8, video, pt, pt);
		ok = add_branch(pipeline, text, gates, NULL);
		g_free(text);
	}
	if (ok)
		return pipeline;
	gst_object_unref(pipeline);
	return NULL;
}

/* --- what we play ------------------------------------------------------- */

static void on_frame(GstElement *element, GstBuffer *buffer, gpointer frames)
{
	(void)element;
	(void)buffer;
	g_atomic_int_inc((gint *)frames);
}

static char *player_text(const struct engine_options *o, bool video)
{
	const char *sink = video ? video_sink(o->video_out) : audio_sink(o->audio_out);

	if (!sink)
		return NULL;
	return g_strdup_printf(VALVE " ! %s ! %s",
			video ? "rtpvp8depay ! vp8dec ! identity name=frames signal-handoffs=true"
			      : "rtpopusdepay ! opusdec plc=true ! "
				"audioconvert ! audioresample",
			sink);
}

bool pipeline_play(const struct playing *p, GstPad *pad)
{
	GstCaps *caps = gst_pad_get_current_caps(pad);
	const char *media = caps
			? gst_structure_get_string(gst_caps_get_structure(caps, 0), "media")
			: NULL;
	bool video = media && strcmp(media, "video") == 0, linked;
	char *text = media ? player_text(p->options, video) : NULL;
	GstElement *bin = text ? gst_parse_bin_from_description(text, TRUE, NULL) : NULL, *part;
	GstPad *sink;

	g_free(text);
	gst_clear_caps(&caps);
	if (!bin)
		return false;
	gates_add(p->gates, bin);
	if ((part = gst_bin_get_by_name(GST_BIN(bin), "frames")))
		g_signal_connect(part, "handoff", G_CALLBACK(on_frame), p->frames);
	g_clear_object(&part);
	if ((part = gst_bin_get_by_name(GST_BIN(bin), "sink")))
		g_object_set(part, "location", after(p->options->audio_out, "file:"), NULL);
	g_clear_object(&part);
	gst_bin_add(GST_BIN(p->pipeline), bin);
	sink = gst_element_get_static_pad(bin, "sink");
	linked = gst_pad_link(pad, sink) == GST_PAD_LINK_OK;
	gst_object_unref(sink);
	return linked && gst_element_sync_state_with_parent(bin);
}

/* What is broken inside webrtcbin is the way, which has its own words. */
struct watcher {
	GstElement *wb;
	void (*broken)(gpointer userdata);
	gpointer userdata;
};

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer userdata)
{
	struct watcher *w = userdata;

	(void)bus;
	if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR &&
			!gst_object_has_as_ancestor(GST_MESSAGE_SRC(message), GST_OBJECT(w->wb)))
		w->broken(w->userdata);
	return G_SOURCE_CONTINUE;
}

static void unwatch(gpointer userdata)
{
	struct watcher *w = userdata;

	gst_object_unref(w->wb);
	g_free(w);
}

void pipeline_watch(GstElement *pipeline, void (*broken)(gpointer userdata), gpointer userdata)
{
	GstBus *bus = gst_pipeline_get_bus(GST_PIPELINE(pipeline));
	struct watcher *w = g_new0(struct watcher, 1);

	w->wb = gst_bin_get_by_name(GST_BIN(pipeline), "wb");
	w->broken = broken;
	w->userdata = userdata;
	gst_bus_add_watch_full(bus, G_PRIORITY_DEFAULT, on_message, w, unwatch);
	gst_object_unref(bus);
}

const char *pipeline_missing(void)
{
	static const char *const needed[] = { "webrtcbin", "nicesrc", "dtlsdec", "srtpdec",
		"rtpbin", "opusenc", "opusdec", "rtpopuspay", "rtpopusdepay", "vp8enc", "vp8dec",
		"rtpvp8pay", "rtpvp8depay", "concat", "audioconvert", "audioresample", "volume",
		"valve", "clocksync", "autoaudiosrc", "wavparse", "wavenc", "videoconvert",
		"videoscale", "videorate", "autovideosink" };

	for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
		GstElementFactory *found = gst_element_factory_find(needed[i]);
		GstPluginFeature *loaded = found
				? gst_plugin_feature_load(GST_PLUGIN_FEATURE(found))
				: NULL;

		g_clear_object(&found);
		if (!loaded)
			return needed[i];
		gst_object_unref(loaded);
	}
	return NULL;
}
