/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The same for programs: names as in docs/monitoring.md, in small letters; Unix seconds. */
#include "libshared/error.h"
#include "services/sottoctl/top.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

static void small(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

/* null where there is no record. */
static json_t *column_json(const struct column *column)
{
	json_t *json = json_object();
	char field[JOURNAL_FIELD];

	if (!column->n) {
		json_decref(json);
		return json_null();
	}
	for (int i = 0; i < METRICS; i++) {
		snprintf(field, sizeof field, "%s", metric_rows[i].field);
		small(field);
		json_object_set_new(json, field, json_integer((json_int_t)column->sum.value[i]));
	}
	for (int i = PROBLEM_NONE + 1; i < PROBLEMS; i++) {
		metrics_problem_field(field, i);
		small(field);
		json_object_set_new(json, field, json_integer((json_int_t)column->sum.problems[i]));
	}
	return json;
}

static json_t *source_json(const struct samples *s, const struct source *source)
{
	json_t *columns = json_array();

	for (unsigned i = 0; i < s->n_columns; i++)
		json_array_append_new(columns, column_json(&source->columns[i]));
	return json_pack("{s:s, s:s, s:i, s:o, s:o}", "daemon", source->daemon, "instance",
			source->instance, "records", (int)source->total.n, "total",
			column_json(&source->total), "columns", columns);
}

static json_t *event_json(const struct happening *h)
{
	return json_pack("{s:f, s:s, s:s, s:s, s:i, s:s}", "at", (double)h->at_us / 1e6, "daemon",
			h->daemon, "instance", h->instance, "event", h->event, "priority",
			h->priority, "text", h->text);
}

int top_json(const struct samples *s, FILE *to)
{
	json_t *sources = json_array(), *events = json_array(), *json;
	int rc;

	for (unsigned i = 0; i < s->n_sources; i++)
		json_array_append_new(sources, source_json(s, &s->sources[i]));
	for (unsigned i = s->n_events; i-- > 0;)
		json_array_append_new(events, event_json(&s->events[i]));
	json = json_pack("{s:f, s:f, s:f, s:o, s:o}", "from", (double)s->window.from_us / 1e6, "to",
			(double)s->window.to_us / 1e6, "step_s", (double)s->window.step_us / 1e6,
			"daemons", sources, "events", events);
	rc = json ? json_dumpf(json, to, JSON_COMPACT | JSON_REAL_PRECISION(16)) : -1;
	json_decref(json);
	return rc < 0 || fputc('\n', to) == EOF ? E_IO : 0;
}
