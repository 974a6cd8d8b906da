/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What was said, when, and what became of it; and whether contacts are told that theirs came. */
#include "client/cli/cli.h"

#include "client/lib/history.h"
#include "client/lib/receipts.h"
#include "libshared/error.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const states[] = { "came", "queued", "deposited", "received" };

static void show_json_line(const struct line *line)
{
	show_json(json_pack("{s:s, s:s, s:s*, s:b, s:s, s:I, s:I, s:i, s:i, s:I, s:s, s:o*}",
			"event", "message", "contact", line->contact, "group", line->group, "out",
			line->state != LINE_CAME, "state", states[line->state], "number",
			(json_int_t)line->number, "at", (json_int_t)line->at_s, "part",
			line->part + 1, "parts", line->parts, "missing_before",
			(json_int_t)line->n_missing, "text", line->text, "file",
			line->file ? json_integer(line->file) : NULL));
}

static int on_line(void *userdata, const struct line *line)
{
	const struct cli *cli = userdata;
	const time_t at = (time_t)line->at_s;
	char when[32] = "";
	struct tm tm;

	if (cli->json) {
		show_json_line(line);
		return 0;
	}
	if (localtime_r(&at, &tm))
		strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
	if (line->n_missing)
		printf("%16s   (%lld missing here)\n", "", (long long)line->n_missing);
	printf("%s  ", when);
	if (line->group) {
		show_clean(line->group);
		if (line->state == LINE_CAME)
			putchar('/');
	}
	if (!line->group || line->state == LINE_CAME)
		show_clean(line->contact);
	fputs(line->state == LINE_CAME ? " > " : " < ", stdout);
	if (line->file)
		printf("[file %lld] ", (long long)line->file);
	show_clean(line->text);
	if (line->parts > 1)
		printf("  [%d/%d]", line->part + 1, line->parts);
	if (line->state != LINE_CAME)
		printf("  (%s)", states[line->state]);
	putchar('\n');
	return 0;
}

int history_command(struct cli *cli)
{
	struct history_wish wish = { .words = cli->search };
	struct contact c;
	int rc;

	if (cli->argc) {
		rc = contact_by_name(&c, cli->profile, cli->argv[0]);
		if (rc)
			return tell(cli, rc, "there is no contact of that name");
		wish.contact = c.id;
	}
	rc = history(cli->profile, &wish, on_line, cli);
	return rc ? tell(cli, rc, error_text(rc)) : 0;
}

int receipts_command(struct cli *cli)
{
	const bool on = strcmp(cli->argv[1], "on") == 0;
	int rc;

	if (!on && strcmp(cli->argv[1], "off") != 0)
		return tell(cli, E_CONFIG, "receipts are on or off");
	rc = receipts_set(cli->profile, cli->argv[0], on);
	if (rc)
		return tell(cli, rc, "there is no contact of that name");
	show_event(cli, on ? "receipts on" : "receipts off", cli->argv[0]);
	return 0;
}
