/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Strangers who have written, and how much of it there is. */
#include "client/cli/cli.h"

#include <stdio.h>

static int show_request(void *userdata, const struct sotto_request *r)
{
	const struct cli *cli = userdata;
	char text[SOTTO_NAME_MOST + 96];

	if (cli->json) {
		show_json(json_pack("{s:s, s:s, s:I, s:b, s:I}", "event", "request", "text",
				r->name, "texts", (json_int_t)r->n_texts, "more", r->has_more, "at",
				(json_int_t)r->first_s));
		return 0;
	}
	snprintf(text, sizeof text, "%s   %u text%s%s", r->name, r->n_texts,
			r->n_texts == 1 ? "" : "s",
			r->has_more ? " here, more when you accept" : "");
	show_event(cli, "request", text);
	return 0;
}

/* What waits at the server because there are as many requests as may be. */
static int show_held(const struct cli *cli)
{
	char text[96];
	uint32_t n;
	int rc = sotto_held(cli->sotto, &n);

	if (rc || n == 0)
		return rc;
	if (cli->json) {
		show_json(json_pack("{s:s, s:I}", "event", "no room", "held", (json_int_t)n));
		return 0;
	}
	snprintf(text, sizeof text,
			"%u or more texts of others wait, for a day: accept, block or end", n);
	show_event(cli, "no room", text);
	return 0;
}

int requests_command(struct cli *cli)
{
	int rc = sotto_requests(cli->sotto, show_request, cli);

	return tell_answer(cli, rc ? rc : show_held(cli));
}
