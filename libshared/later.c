/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Answers that take milliseconds of computing: a bounded queue, one in a turn of the loop, so that
 * everybody else's requests go on in between. Their effect is committed already; whoever finds the
 * queue full repeats the request.
 */
#include "libshared/http_private.h"

#include "libshared/error.h"

enum { LATER_MOST = 256 };

bool later_is_full(const struct http *http)
{
	return http->n_later >= LATER_MOST;
}

int later_add(struct exchange *ex)
{
	struct http *http = ex->http;

	if (later_is_full(http) || sd_event_source_set_enabled(http->later, SD_EVENT_ONESHOT) < 0)
		return E_BUSY;
	ex->later = NULL;
	*http->later_end = ex;
	http->later_end = &ex->later;
	http->n_later++;
	return 0;
}

static struct exchange *pop(struct http *http)
{
	struct exchange *ex = http->later_first;

	if (!ex)
		return NULL;
	http->later_first = ex->later;
	if (!http->later_first)
		http->later_end = &http->later_first;
	http->n_later--;
	return ex;
}

static int on_later(sd_event_source *source, void *userdata)
{
	struct http *http = userdata;
	struct exchange *ex = pop(http);

	if (http->later_first)
		sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	if (ex)
		exchange_finish(ex);
	return 0;
}

int later_start(struct http *http)
{
	http->later_end = &http->later_first;
	if (sd_event_add_defer(http->event, &http->later, on_later, http) < 0 ||
			sd_event_source_set_enabled(http->later, SD_EVENT_OFF) < 0)
		return E_NOMEM;
	return 0;
}

void later_stop(struct http *http)
{
	struct exchange *ex;

	sd_event_source_disable_unref(http->later);
	http->later = NULL;
	while (http->later_end && (ex = pop(http)))
		exchange_finish(ex);
}
