/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sottoctl doctor: every part of the server tested, from its files to its onion seen through Tor,
 * each finding with its remedy. sottoctl status: one screen of how it is now.
 */
#include "libshared/error.h"
#include "services/sottoctl/checks.h"
#include "services/sottoctl/onion.h"
#include "services/sottoctl/span.h"
#include "services/sottoctl/top.h"

#include <getopt.h>
#include <locale.h>
#include <string.h>
#include <time.h>

enum { SECOND_US = 1000000, STATUS_S = 180 };

struct wanted {
	struct site site;
	int json, local; /* local: not through Tor */
};

static int read_options(struct wanted *w, const struct context *context)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "local", no_argument, NULL, 'l' },
		{ "keys", required_argument, NULL, 'k' },
		{ "run", required_argument, NULL, 'r' },
		{ "socks", required_argument, NULL, 's' },
		{ "directory", required_argument, NULL, 'D' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	w->site = (struct site){
		.context = context, .keys = "/etc/sotto/keys", .run = "/run", .socks = ONION_SOCKS
	};
	setlocale(LC_CTYPE, "");
	optind = 0; /* main has been through the words before the command */
	while ((option = getopt_long(context->argc + 1, context->argv - 1, "D:", options, NULL)) !=
			-1) {
		if (option == 'j')
			w->json = 1;
		else if (option == 'l')
			w->local = 1;
		else if (option == 'k')
			w->site.keys = optarg;
		else if (option == 'r')
			w->site.run = optarg;
		else if (option == 's')
			w->site.socks = optarg;
		else if (option == 'D')
			w->site.journal = optarg;
		else
			return usage_wrong(context);
	}
	return optind == context->argc + 1 ? 0 : usage_wrong(context);
}

/* Before all that only looks broken. */
static void check_root(struct findings *f)
{
	if (geteuid() != 0)
		found_look(f, "you", "run it as root",
				"are not root: what is BAD below may only be closed to you");
}

int doctor_command(const struct context *context)
{
	CLEANUP(scope_free) struct findings *f = calloc(1, sizeof *f);
	struct wanted w = { 0 };
	int rc = f ? read_options(&w, context) : E_NOMEM;

	if (rc)
		return rc;
	check_root(f);
	check_clock(f);
	if (check_settings(&w.site, f)) {
		check_disk(&w.site, f);
		check_keys(&w.site, f);
		check_database(&w.site, f);
		check_sweep(&w.site, f);
		check_broker(&w.site, f);
		check_daemons(&w.site, f);
		check_turn(&w.site, f);
		if (!w.local)
			check_onion(&w.site, f);
	}
	return findings_tell(f, stdout, w.json);
}

/* --- status -------------------------------------------------------------- */

static void add_minute(struct findings *f, const struct source *source)
{
	const uint64_t *v = source->total.sum.value;
	double period_s = (double)v[METRIC_PERIOD_MS] / 1000;
	char sessions[48] = "";

	if (v[METRIC_SESSIONS])
		snprintf(sessions, sizeof sessions, ", %lu live sessions",
				(unsigned long)v[METRIC_SESSIONS]);
	if (v[METRIC_PRESSURE])
		found_look(f, source->daemon, "sottoctl doctor; journalctl -x SOTTO_EVENT=pressure",
				"refuses new accounts, mailboxes, pieces of files%s",
				v[METRIC_PRESSURE] > 1 ? ", and deposits" : "");
	found_good(f, source->daemon,
			"%.1f requests/s, p99 %.1f ms, %lu refused, %lu failed in %.0f s%s",
			period_s > 0 ? (double)v[METRIC_REQUESTS] / period_s : 0,
			(double)v[METRIC_LATENCY_P99_US] / 1000, (unsigned long)v[METRIC_REFUSED],
			(unsigned long)v[METRIC_FAILED], period_s, sessions);
}

/* The last minutes, out of the journal. */
static void add_minutes(struct findings *f, const struct site *site)
{
	CLEANUP(sd_journal_close) sd_journal *journal = NULL;
	CLEANUP(scope_free) struct samples *s = malloc(sizeof *s);
	uint64_t now_us = moment_now_us();
	const struct window window = { now_us - (uint64_t)STATUS_S * SECOND_US, now_us,
		(uint64_t)STATUS_S * SECOND_US };

	if (!s || samples_open(&journal, site->journal) || samples_read(s, journal, &window)) {
		found_look(f, "journal", "run it as root, or in the group systemd-journal",
				"cannot be read");
		return;
	}
	for (unsigned i = 0; i < s->n_sources; i++)
		add_minute(f, &s->sources[i]);
}

int status_command(const struct context *context)
{
	CLEANUP(scope_free) struct findings *f = calloc(1, sizeof *f);
	struct wanted w = { 0 };
	int rc = f ? read_options(&w, context) : E_NOMEM;

	if (rc)
		return rc;
	check_root(f);
	if (check_settings(&w.site, f)) {
		check_daemons(&w.site, f);
		add_minutes(f, &w.site);
		check_disk(&w.site, f);
		check_sweep(&w.site, f);
		if (!w.json)
			printf("server %s\n", w.site.settings.onion_api);
	}
	return findings_tell(f, stdout, w.json);
}
