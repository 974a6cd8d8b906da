/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sottoctl top: the daemons' numbers of a window of time, drawn once, or again with every record
 * when it is a terminal that looks on and the window ends now.
 */
#include "services/sottoctl/top.h"

#include "libshared/error.h"
#include "services/sottoctl/sottoctl.h"
#include "services/sottoctl/span.h"

#include <getopt.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <time.h>

enum { SECOND_US = 1000000, STEP_US = 60 * SECOND_US, MARGIN = 38, REDRAW_MS = 5000 };
#define HOUR_US ((uint64_t)3600 * SECOND_US)

struct wanted {
	const struct context *context;
	const char *directory;
	uint64_t since_us, until_us; /* 0: an hour ago, now */
	uint64_t step_us;	     /* 0: as fits */
	bool once, json;
};

/* --- what is asked ------------------------------------------------------ */

static int read_option(struct wanted *w, int option, const char *text)
{
	switch (option) {
	case 'S':
		return moment_read(text, moment_now_us(), &w->since_us);
	case 'U':
		return moment_read(text, moment_now_us(), &w->until_us);
	case 's':
		return span_read(text, &w->step_us) || !w->step_us ? E_CONFIG : 0;
	case 'D':
		w->directory = text;
		return 0;
	case 'j':
		w->json = true;
		return 0;
	case '1':
		w->once = true;
		return 0;
	}
	return E_CONFIG;
}

static int read_options(struct wanted *w, const struct context *context)
{
	static const struct option options[] = {
		{ "since", required_argument, NULL, 'S' },
		{ "until", required_argument, NULL, 'U' },
		{ "step", required_argument, NULL, 's' },
		{ "directory", required_argument, NULL, 'D' },
		{ "json", no_argument, NULL, 'j' },
		{ "once", no_argument, NULL, '1' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	optind = 0; /* main has been through the words before the command */
	while ((option = getopt_long(context->argc + 1, context->argv - 1, "S:U:D:", options,
				NULL)) != -1)
		if (read_option(w, option, optarg)) {
			if (option != '?')
				fprintf(stderr, "sottoctl: no time or span: %s\n", optarg);
			return usage_wrong(context);
		}
	return optind == context->argc + 1 ? 0 : usage_wrong(context);
}

/* Whole steps of at least a minute, so that each column has a record; the last column ends now. */
static int choose_window(struct window *out, const struct wanted *w, unsigned columns)
{
	uint64_t to = w->until_us ? w->until_us : moment_now_us();
	uint64_t from = w->since_us ? w->since_us : to - HOUR_US, step = w->step_us;

	if (from >= to) {
		fprintf(stderr, "sottoctl: the window ends before it begins\n");
		return usage_wrong(w->context);
	}
	if (!step)
		step = ((to - from + columns - 1) / columns + STEP_US - 1) / STEP_US * STEP_US;
	if ((to - from + step - 1) / step > SAMPLES_COLUMNS) {
		fprintf(stderr, "sottoctl: more than %d columns: give a wider --step\n",
				SAMPLES_COLUMNS);
		return usage_wrong(w->context);
	}
	*out = (struct window){ from, to, step };
	return 0;
}

/* --- looking on --------------------------------------------------------- */

static volatile sig_atomic_t ended;

static void on_end(int number)
{
	(void)number;
	ended = 1;
}

/* Keys are read one by one and not shown. */
static void raw_terminal(struct termios *old)
{
	struct termios raw;

	tcgetattr(STDIN_FILENO, old);
	raw = *old;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

/* From the top of the screen, all at once, and no more lines than it has. */
static int show(const struct samples *s, struct drawing d)
{
	CLEANUP(scope_free) char *text = NULL;
	size_t len = 0;
	unsigned lines = 0;
	const char *end;

	d.to = open_memstream(&text, &len);
	if (!d.to)
		return E_NOMEM;
	top_draw(s, &d);
	if (fclose(d.to) || !text)
		return E_NOMEM;
	for (end = text; *end && lines + 2 < d.height; end++)
		lines += *end == '\n';
	printf("\033[H\033[2J%.*sq ends ", (int)(end - text), text);
	return fflush(stdout) ? E_IO : 0;
}

/* Until something new is in the journal, or a while has gone. */
static void wait_for_more(sd_journal *journal)
{
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = sd_journal_get_fd(journal), .events = POLLIN } };
	char key = 0;

	if (poll(fds, 2, REDRAW_MS) <= 0)
		return;
	if (fds[1].revents)
		sd_journal_process(journal);
	if (fds[0].revents && (read(STDIN_FILENO, &key, 1) <= 0 || key == 'q'))
		ended = 1;
}

static int look_on(struct samples *s, sd_journal *journal, const struct wanted *wanted)
{
	struct wanted moving = *wanted;
	uint64_t span_us = wanted->since_us ? moment_now_us() - wanted->since_us : HOUR_US;
	struct termios old;
	int rc = 0;

	signal(SIGINT, on_end);
	signal(SIGTERM, on_end);
	raw_terminal(&old);
	while (rc == 0 && !ended) {
		struct drawing d = drawing_of(stdout);
		struct window window;

		moving.since_us = moment_now_us() - span_us;
		rc = choose_window(&window, &moving, d.width - MARGIN);
		rc = rc ? rc : samples_read(s, journal, &window);
		rc = rc ? rc : show(s, d);
		if (rc == 0)
			wait_for_more(journal);
	}
	tcsetattr(STDIN_FILENO, TCSANOW, &old);
	putchar('\n');
	return rc;
}

int top_command(const struct context *context)
{
	CLEANUP(sd_journal_close) sd_journal *journal = NULL;
	CLEANUP(scope_free) struct samples *s = malloc(sizeof *s);
	struct wanted wanted = { .context = context };
	struct window window;
	struct drawing d;
	int rc;

	setlocale(LC_CTYPE, "");
	setlocale(LC_TIME, "");
	rc = read_options(&wanted, context);
	if (rc)
		return rc;
	d = drawing_of(stdout);
	rc = s ? choose_window(&window, &wanted, d.width - MARGIN) : E_NOMEM;
	rc = rc ? rc : samples_open(&journal, wanted.directory);
	if (rc)
		return rc;
	if (!wanted.once && !wanted.json && !wanted.until_us && isatty(STDOUT_FILENO) &&
			isatty(STDIN_FILENO))
		return look_on(s, journal, &wanted);
	rc = samples_read(s, journal, &window);
	if (rc)
		return rc;
	if (wanted.json)
		return top_json(s, stdout);
	top_draw(s, &d);
	return 0;
}
