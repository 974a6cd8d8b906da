/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reads the journal. Trusts only that it is one: a field that is no number counts as nothing. */
#include "services/sottoctl/samples.h"

#include "libshared/error.h"

#include <stdio.h>
#include <string.h>

/* A record is of the window in which the middle of its time lies, and comes half of that later. */
#define PERIOD_MOST_US ((uint64_t)1800 * 1000000)

int samples_open(sd_journal **out, const char *directory)
{
	int rc = directory ? sd_journal_open_directory(out, directory, 0)
			   : sd_journal_open(out, SD_JOURNAL_LOCAL_ONLY);

	if (rc < 0) {
		fprintf(stderr, "sottoctl: cannot open the journal: %s\n", strerror(-rc));
		return E_IO;
	}
	/* Files that are closed to us are passed over without a word. */
	if (!directory && sd_journal_has_persistent_files(*out) <= 0 &&
			sd_journal_has_runtime_files(*out) <= 0) {
		fprintf(stderr, "sottoctl: cannot read the journal: run it as root\n");
		sd_journal_close(*out);
		*out = NULL;
		return E_IO;
	}
	return 0;
}

/* --- one entry ---------------------------------------------------------- */

/* The value of an entry's field, cut to its room; empty when there is none. */
static void read_text(sd_journal *journal, const char *field, char *out, size_t size)
{
	const void *data;
	size_t len, name = strlen(field) + 1;

	*out = '\0';
	if (sd_journal_get_data(journal, field, &data, &len) < 0 || len < name)
		return;
	len -= name;
	if (len > size - 1)
		len = size - 1;
	memcpy(out, (const char *)data + name, len);
	out[len] = '\0';
	for (char *c = out; *c; c++) /* nothing that would move a terminal */
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

static uint64_t *find_number(struct metrics *m, const char *field, size_t len)
{
	char name[JOURNAL_FIELD];

	for (int i = 0; i < METRICS; i++)
		if (strlen(metric_rows[i].field) == len &&
				memcmp(metric_rows[i].field, field, len) == 0)
			return &m->value[i];
	for (int i = PROBLEM_NONE + 1; i < PROBLEMS; i++) {
		metrics_problem_field(name, i);
		if (strlen(name) == len && memcmp(name, field, len) == 0)
			return &m->problems[i];
	}
	return NULL;
}

static void read_number(struct metrics *m, const char *data, size_t len)
{
	static const char prefix[] = "SOTTO_";
	const char *equals = memchr(data, '=', len);
	char text[24] = "";
	uint64_t *number;

	if (!equals || len < sizeof prefix || memcmp(data, prefix, sizeof prefix - 1) != 0)
		return;
	data += sizeof prefix - 1;
	len -= sizeof prefix - 1;
	number = find_number(m, data, (size_t)(equals - data));
	len -= (size_t)(equals - data) + 1;
	if (!number || len >= sizeof text)
		return;
	memcpy(text, equals + 1, len);
	*number = strtoull(text, NULL, 10);
}

static void read_record(struct metrics *out, sd_journal *journal)
{
	const void *data;
	size_t len;

	memset(out, 0, sizeof *out);
	sd_journal_restart_data(journal);
	while (sd_journal_enumerate_available_data(journal, &data, &len) > 0)
		read_number(out, data, len);
}

/* --- columns ------------------------------------------------------------ */

static void merge(struct column *column, const struct metrics *m)
{
	column->n++;
	for (int i = 0; i < METRICS; i++) {
		uint64_t *to = &column->sum.value[i];

		if (metric_rows[i].kind == METRIC_COUNT || i == METRIC_PERIOD_MS)
			*to += m->value[i];
		else if (metric_rows[i].kind == METRIC_STATE || m->value[i] > *to)
			*to = m->value[i];
	}
	for (int i = 0; i < PROBLEMS; i++)
		column->sum.problems[i] += m->problems[i];
}

/*
 * To the total once, and to each column whose middle the record's time covers, so that columns as
 * wide as records have no holes; a record that covers none goes where its own middle lies.
 */
static void place(struct samples *s, struct source *source, const struct metrics *m,
		int64_t middle_us)
{
	int64_t step = (int64_t)s->window.step_us, half = (int64_t)m->value[METRIC_PERIOD_MS] * 500;
	int64_t begin = middle_us > half ? middle_us - half : 0, end = middle_us + half;
	int64_t first = (begin + step / 2) / step, last = (end + step / 2) / step;

	merge(&source->total, m);
	if (first >= last) {
		first = middle_us / step;
		last = first + 1;
	}
	for (int64_t i = first; i < last && i < s->n_columns; i++)
		merge(&source->columns[i], m);
}

static int compare_sources(const void *a, const void *b)
{
	const struct source *x = a, *y = b;
	int order = strcmp(x->daemon, y->daemon);

	return order ? order : strcmp(x->instance, y->instance);
}

/* NULL when there are too many. */
static struct source *find_source(struct samples *s, const char *daemon, const char *instance)
{
	struct source *source = s->sources;

	for (; source < s->sources + s->n_sources; source++)
		if (strcmp(source->daemon, daemon) == 0 && strcmp(source->instance, instance) == 0)
			return source;
	if (s->n_sources == SAMPLES_SOURCES)
		return NULL;
	snprintf(source->daemon, sizeof source->daemon, "%s", daemon);
	snprintf(source->instance, sizeof source->instance, "%s", instance);
	s->n_sources++;
	return source;
}

static void take_record(struct samples *s, sd_journal *journal, uint64_t at_us)
{
	char daemon[16], instance[16];
	struct source *source;
	struct metrics m;
	uint64_t middle_us;

	read_record(&m, journal);
	middle_us = at_us - m.value[METRIC_PERIOD_MS] * 500;
	if (middle_us < s->window.from_us || middle_us >= s->window.to_us)
		return;
	read_text(journal, "SOTTO_DAEMON", daemon, sizeof daemon);
	read_text(journal, "SOTTO_INSTANCE", instance, sizeof instance);
	source = find_source(s, daemon, instance);
	if (source)
		place(s, source, &m, (int64_t)(middle_us - s->window.from_us));
}

/* --- the journal -------------------------------------------------------- */

static int match(sd_journal *journal, enum event event)
{
	char text[64];

	snprintf(text, sizeof text, "MESSAGE_ID=%s", journal_event_id(event));
	return sd_journal_add_match(journal, text, 0) < 0 ? E_NOMEM : 0;
}

static int read_records(struct samples *s, sd_journal *journal)
{
	uint64_t at_us = 0;
	int rc;

	sd_journal_flush_matches(journal);
	if (match(journal, EVENT_METRICS) ||
			sd_journal_seek_realtime_usec(journal, s->window.from_us) < 0)
		return E_IO;
	while ((rc = sd_journal_next(journal)) > 0) {
		if (sd_journal_get_realtime_usec(journal, &at_us) < 0)
			return E_IO;
		if (at_us >= s->window.to_us + PERIOD_MOST_US)
			break;
		take_record(s, journal, at_us);
	}
	return rc < 0 ? E_IO : 0;
}

static void take_event(struct samples *s, sd_journal *journal, uint64_t at_us)
{
	struct happening *h = &s->events[s->n_events++];
	char priority[8];

	h->at_us = at_us;
	read_text(journal, "PRIORITY", priority, sizeof priority);
	h->priority = *priority ? *priority - '0' : 6;
	read_text(journal, "SOTTO_DAEMON", h->daemon, sizeof h->daemon);
	read_text(journal, "SOTTO_INSTANCE", h->instance, sizeof h->instance);
	read_text(journal, "SOTTO_EVENT", h->event, sizeof h->event);
	read_text(journal, "MESSAGE", h->text, sizeof h->text);
}

static int read_events(struct samples *s, sd_journal *journal)
{
	uint64_t at_us = 0;
	int rc = 0;

	sd_journal_flush_matches(journal);
	for (enum event event = 0; event < EVENTS; event++)
		if (event != EVENT_METRICS && match(journal, event))
			return E_NOMEM;
	if (sd_journal_seek_realtime_usec(journal, s->window.to_us) < 0)
		return E_IO;
	while (s->n_events < SAMPLES_EVENTS && (rc = sd_journal_previous(journal)) > 0) {
		if (sd_journal_get_realtime_usec(journal, &at_us) < 0)
			return E_IO;
		if (at_us < s->window.from_us)
			return 0;
		if (at_us < s->window.to_us)
			take_event(s, journal, at_us);
	}
	return rc < 0 ? E_IO : 0;
}

int samples_last(sd_journal *journal, enum event event, uint64_t *out_at_us)
{
	sd_journal_flush_matches(journal);
	if (match(journal, event) || sd_journal_seek_tail(journal) < 0 ||
			sd_journal_previous(journal) <= 0 ||
			sd_journal_get_realtime_usec(journal, out_at_us) < 0)
		return E_IO;
	return 0;
}

int samples_read(struct samples *out, sd_journal *journal, const struct window *window)
{
	uint64_t n = (window->to_us - window->from_us + window->step_us - 1) / window->step_us;
	int rc;

	if (!n || n > SAMPLES_COLUMNS)
		return E_BUG;
	memset(out, 0, sizeof *out);
	out->window = *window;
	out->n_columns = (unsigned)n;
	rc = read_records(out, journal);
	if (rc == 0)
		rc = read_events(out, journal);
	if (rc == 0)
		qsort(out->sources, out->n_sources, sizeof out->sources[0], compare_sources);
	else
		fprintf(stderr, "sottoctl: cannot read the journal\n");
	return rc;
}
