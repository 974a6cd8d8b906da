/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One block for each daemon: a row for each number that says something, then outcomes as bars. */
#include "services/sottoctl/top.h"

#include "libshared/pressure.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { SECOND_US = 1000000, LABEL = 18, BAR = 20, HEIGHT_FULL = 50 };

enum per { PER_SECOND, PER_MINUTE, AS_MS, AS_IS, AS_MB };

static const struct row {
	const char *label;
	enum metric metric;
	enum per per;
	bool always; /* also when it was nothing all the time */
	bool detail; /* not where there are few lines */
} rows[] = {
	{ "requests/s", METRIC_REQUESTS, PER_SECOND, true, false },
	{ "p50 ms", METRIC_LATENCY_P50_US, AS_MS, true, true },
	{ "p99 ms", METRIC_LATENCY_P99_US, AS_MS, true, false },
	{ "refused/min", METRIC_REFUSED, PER_MINUTE, false, false },
	{ "failed/min", METRIC_FAILED, PER_MINUTE, false, false },
	{ "cut off/min", METRIC_OVER_CONNECTIONS, PER_MINUTE, false, true },
	{ "commits/s", METRIC_BATCHES, PER_SECOND, false, true },
	{ "calls a commit", METRIC_BATCH_MOST, AS_IS, false, true },
	{ "queue", METRIC_QUEUE_MOST, AS_IS, false, true },
	{ "connections", METRIC_CONNECTIONS, AS_IS, false, true },
	{ "accounts/min", METRIC_ACCOUNTS_MADE, PER_MINUTE, false, false },
	{ "bundles/min", METRIC_BUNDLES_TAKEN, PER_MINUTE, false, false },
	{ "mailboxes/min", METRIC_MAILBOXES_MADE, PER_MINUTE, false, true },
	{ "stored/min", METRIC_BLOBS_STORED, PER_MINUTE, false, false },
	{ "fetched/min", METRIC_BLOBS_FETCHED, PER_MINUTE, false, false },
	{ "live sessions", METRIC_SESSIONS, AS_IS, false, false },
	{ "pushes/min", METRIC_PUSHES, PER_MINUTE, false, false },
	{ "gaps/min", METRIC_GAPS, PER_MINUTE, false, false },
	{ "blobs MB", METRIC_BLOBS_MB, AS_IS, false, true },
	{ "disk free MB", METRIC_DISK_FREE_MB, AS_IS, false, true },
	{ "memory MB", METRIC_MEMORY_KB, AS_MB, true, true },
};

static double value_of(const struct row *row, const struct column *column)
{
	double value = (double)column->sum.value[row->metric];
	double period_s = (double)column->sum.value[METRIC_PERIOD_MS] / 1000;

	if (!column->n)
		return NAN;
	switch (row->per) {
	case PER_SECOND:
		return period_s > 0 ? value / period_s : 0;
	case PER_MINUTE:
		return period_s > 0 ? value / period_s * 60 : 0;
	case AS_MS:
		return value / 1000;
	case AS_MB:
		return value / 1024;
	case AS_IS:
		break;
	}
	return value;
}

static void draw_number(const struct drawing *d, double value)
{
	if (isnan(value))
		draw_text(d, TONE_PLAIN, "%9s", "-");
	else
		draw_text(d, TONE_PLAIN,
				value < 100 && value != (unsigned)value ? "%9.1f" : "%9.0f", value);
}

/* Label, the newest value, the highest, and the line between. */
static void draw_row(const struct drawing *d, const struct samples *s, const struct source *source,
		const struct row *row)
{
	double values[SAMPLES_COLUMNS], most = 0, last = NAN;

	for (unsigned i = 0; i < s->n_columns; i++) {
		values[i] = value_of(row, &source->columns[i]);
		if (isnan(values[i]))
			continue;
		last = values[i];
		if (values[i] > most)
			most = values[i];
	}
	if (!(most > 0) && !row->always)
		return;
	draw_text(d, TONE_PLAIN, "  %-*s", LABEL - 2, row->label);
	draw_number(d, last);
	draw_number(d, most);
	draw_text(d, TONE_PLAIN, "  ");
	draw_spark(d, values, s->n_columns, most);
	draw_text(d, TONE_PLAIN, "\n");
}

static void draw_share(const struct drawing *d, const char *label, enum tone tone, double share)
{
	draw_text(d, TONE_PLAIN, "  %s ", label);
	draw_bar(d, tone, share, BAR);
	draw_text(d, TONE_PLAIN, "%5.1f %%", share * 100);
}

static void draw_outcomes(const struct drawing *d, const struct source *source)
{
	const uint64_t *v = source->total.sum.value;
	double all = (double)(v[METRIC_SERVED] + v[METRIC_REFUSED] + v[METRIC_FAILED]);
	char field[JOURNAL_FIELD];
	const char *comma = "  because ";

	if (!(all > 0))
		return;
	draw_share(d, "served", TONE_GOOD, (double)v[METRIC_SERVED] / all);
	draw_share(d, "refused", TONE_WARN, (double)v[METRIC_REFUSED] / all);
	draw_share(d, "failed", TONE_BAD, (double)v[METRIC_FAILED] / all);
	draw_text(d, TONE_PLAIN, "\n");
	for (int i = PROBLEM_NONE + 1; i < PROBLEMS; i++) {
		if (!source->total.sum.problems[i])
			continue;
		metrics_problem_field(field, i);
		draw_text(d, TONE_FAINT, "%s%s %lu", comma, strrchr(problem_text(i)->urn, ':') + 1,
				(unsigned long)source->total.sum.problems[i]);
		comma = ", ";
	}
	if (*comma == ',')
		draw_text(d, TONE_PLAIN, "\n");
}

static void draw_part(const struct drawing *d, const char *name, uint64_t up, uint64_t down_s)
{
	draw_text(d, TONE_PLAIN, "   %s ", name);
	draw_text(d, up ? TONE_GOOD : TONE_BAD, "%s", up ? "up" : "DOWN");
	if (down_s)
		draw_text(d, TONE_WARN, " (away for %lu s)", (unsigned long)down_s);
}

static void draw_source(
		const struct drawing *d, const struct samples *s, const struct source *source)
{
	const uint64_t *v = source->total.sum.value;

	draw_text(d, TONE_BOLD, "\n%s", source->daemon);
	if (strcmp(source->instance, "1") != 0)
		draw_text(d, TONE_BOLD, "@%s", source->instance);
	draw_part(d, "database", v[METRIC_DATABASE_UP], v[METRIC_DATABASE_DOWN_S]);
	draw_part(d, "broker", v[METRIC_BROKER_UP], v[METRIC_BROKER_DOWN_S]);
	if (v[METRIC_PRESSURE])
		draw_text(d, TONE_BAD, "   refuses new accounts, mailboxes, pieces of files%s",
				v[METRIC_PRESSURE] == PRESSURE_ALL ? ", and deposits" : "");
	draw_text(d, TONE_FAINT, "\n  %-*s%9s%9s\n", LABEL - 2, "", "last", "most");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!rows[i].detail || d->height >= HEIGHT_FULL)
			draw_row(d, s, source, &rows[i]);
	draw_outcomes(d, source);
}

static const char *clock_text(char out[static 32], uint64_t at_us)
{
	time_t at_s = (time_t)(at_us / SECOND_US);
	struct tm tm;

	localtime_r(&at_s, &tm);
	strftime(out, 32, "%d %b %H:%M:%S", &tm);
	return out;
}

static void draw_events(const struct drawing *d, const struct samples *s)
{
	char at[32];

	if (!s->n_events)
		return;
	draw_text(d, TONE_BOLD, "\nevents\n");
	for (unsigned i = s->n_events < 6 ? s->n_events : 6; i-- > 0;) {
		const struct happening *h = &s->events[i];
		enum tone tone = h->priority <= 3  ? TONE_BAD
				: h->priority == 4 ? TONE_WARN
						   : TONE_PLAIN;

		draw_text(d, tone, "  %s  %s %s: %.60s\n", clock_text(at, h->at_us), h->daemon,
				h->event, h->text);
	}
}

void top_draw(const struct samples *s, const struct drawing *d)
{
	char from[32], to[32];

	draw_text(d, TONE_BOLD, "sotto top");
	draw_text(d, TONE_PLAIN, "   %s to %s, a column is %lu s\n",
			clock_text(from, s->window.from_us), clock_text(to, s->window.to_us),
			(unsigned long)(s->window.step_us / SECOND_US));
	if (!s->n_sources)
		draw_text(d, TONE_WARN,
				"\nno record of this time: daemons write one a minute, see "
				"journalctl SOTTO_EVENT=metrics\n");
	for (unsigned i = 0; i < s->n_sources; i++)
		draw_source(d, s, &s->sources[i]);
	draw_events(d, s);
}
