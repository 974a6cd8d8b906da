/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* GStreamer's "auto" elements take a fake where they find no device; a warning says so. */
#include "client/media/devices.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool finds_device(const char *element)
{
	GstElement *e = gst_element_factory_make(element, NULL);
	GstBus *bus = gst_bus_new();
	GstMessage *trouble = NULL;
	bool found = false;

	if (e) {
		gst_element_set_bus(e, bus);
		found = gst_element_set_state(e, GST_STATE_READY) != GST_STATE_CHANGE_FAILURE;
		trouble = gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
		gst_element_set_state(e, GST_STATE_NULL);
		gst_element_set_bus(e, NULL);
		gst_object_unref(e);
	}
	found = found && !trouble;
	if (trouble)
		gst_message_unref(trouble);
	gst_object_unref(bus);
	return found;
}

static bool can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0600);

	close(fd);
	return fd >= 0;
}

static bool works(const char *what, const char *element, int flags)
{
	if (!what)
		return true;
	if (strcmp(what, "auto") == 0)
		return finds_device(element);
	return strncmp(what, "file:", 5) != 0 || can_open(what + 5, flags);
}

const char *devices_trouble(const struct engine_options *o)
{
	if (!works(o->audio_in, "autoaudiosrc", O_RDONLY))
		return "microphone";
	if (!works(o->audio_out, "autoaudiosink", O_RDWR | O_CREAT))
		return "loudspeaker";
	if (!works(o->video_in, "autovideosrc", O_RDONLY))
		return "camera";
	return works(o->video_out, "autovideosink", O_RDONLY) ? NULL : "screen";
}
