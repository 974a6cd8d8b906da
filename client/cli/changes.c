/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What was said is changed, taken back, or disappears. */
#include "client/cli/cli.h"
#include "client/cli/span.h"

#include <stdio.h>

int tell_span(const struct cli *cli, int rc)
{
	return tell(cli, rc,
			"timer wants off, or a time like 30s, 5m, 8h, 7d or 4w; a year at most");
}

static int tell_change(struct cli *cli, int rc)
{
	if (rc == SOTTO_NO_MESSAGE)
		return tell(cli, rc, "there is no such message of yours: see sotto history");
	if (rc == SOTTO_NOT_TEXT)
		return tell(cli, rc,
				"only a text can be changed, into one of UTF-8 that is not empty");
	if (rc == SOTTO_TOO_LONG)
		return tell_span(cli, rc);
	return tell_answer(cli, rc);
}

/* What waits goes out now or later: it is done here already. */
static int finish(struct cli *cli, int rc, const char *event)
{
	if (rc)
		return tell_change(cli, rc);
	show_event(cli, event, cli->argv[0]);
	return tell_answer(cli, sotto_flush(cli->sotto, NULL));
}

int edit_command(struct cli *cli)
{
	CLEANUP(text_free) char *text = NULL;
	int rc = text_read(&text, cli->argv[2]);

	rc = rc ? rc : sotto_edit(cli->sotto, cli->argv[0], read_number(cli->argv[1]), text);
	return finish(cli, rc, "edited");
}

int delete_command(struct cli *cli)
{
	int rc = sotto_delete(cli->sotto, cli->argv[0], read_number(cli->argv[1]));

	return finish(cli, rc, "deleted");
}

int timer_command(struct cli *cli)
{
	int rc = sotto_set_timer(cli->sotto, cli->argv[0], span_read(cli->argv[1]));

	return finish(cli, rc, "timer set");
}
