/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "client/media/sums.h"

static double number(const GstStructure *s, const char *name)
{
	const GValue *value = gst_structure_get_value(s, name);
	GValue out = G_VALUE_INIT;

	g_value_init(&out, G_TYPE_DOUBLE);
	return value && g_value_transform(value, &out) ? g_value_get_double(&out) : 0;
}

static gboolean add_up(GQuark field, const GValue *value, gpointer userdata)
{
	struct sums *sums = userdata;
	const GstStructure *s = GST_VALUE_HOLDS_STRUCTURE(value) ? gst_value_get_structure(value)
								 : NULL;

	(void)field;
	if (!s)
		return TRUE;
	if (gst_structure_has_field(s, "packets-received") &&
			gst_structure_has_field(s, "jitter")) {
		sums->stats.received += (guint64)number(s, "packets-received");
		sums->stats.lost += (guint64)MAX(0, number(s, "packets-lost"));
		sums->stats.jitter_ms = MAX(sums->stats.jitter_ms, 1000 * number(s, "jitter"));
		sums->bytes += (guint64)number(s, "bytes-received");
	}
	sums->stats.sent += (guint64)number(s, "packets-sent");
	sums->stats.round_trip_ms = MAX(
			sums->stats.round_trip_ms, 1000 * number(s, "round-trip-time"));
	return TRUE;
}

void sums_read(struct sums *sums, const GstStructure *stats)
{
	gst_structure_foreach(stats, add_up, sums);
}
