/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Strangers who have written, and how much of it there is. */
#include "client/cli/cli.h"

#include "client/lib/store.h"
#include "libshared/error.h"

#include <stdio.h>

struct request {
	const char *name;
	int64_t n_texts, at_s;
	bool has_more; /* which comes when they are accepted */
};

static void show_request(const struct cli *cli, const struct request *r)
{
	char text[CONTACT_NAME_MOST + 96];

	if (cli->json) {
		show_json(json_pack("{s:s, s:s, s:I, s:b, s:I}", "event", "request", "text",
				r->name, "texts", (json_int_t)r->n_texts, "more", r->has_more, "at",
				(json_int_t)r->at_s));
		return;
	}
	snprintf(text, sizeof text, "%s   %lld texts%s", r->name, (long long)r->n_texts,
			r->has_more ? " here, more when you accept" : "");
	show_event(cli, "request", text);
}

/* Blobs that wait at the server because there are as many requests as may be. */
static int show_held(const struct cli *cli)
{
	char text[96];
	int64_t n = 0;
	int rc = q_number(&n, cli->profile->db,
			"SELECT count(*) FROM held WHERE since_s > ? AND NOT EXISTS (SELECT 1 FROM "
			"envelope e WHERE e.id = held.id)",
			"i", profile_now(cli->profile) - RECEIVE_HELD_S);

	if (rc || n == 0)
		return rc;
	if (cli->json) {
		show_json(json_pack("{s:s, s:I}", "event", "no room", "held", (json_int_t)n));
		return 0;
	}
	snprintf(text, sizeof text,
			"%lld or more texts of others wait, for a day: accept, block or end",
			(long long)n);
	show_event(cli, "no room", text);
	return 0;
}

int requests_command(struct cli *cli)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int step,
			rc = q_open(&s, cli->profile->db,
					"SELECT name, count(m.id), coalesce(min(m.at_s), 0), "
					"EXISTS "
					"(SELECT 1 FROM missing g WHERE g.contact = c.id) FROM "
					"contact c LEFT JOIN message m ON m.contact = c.id WHERE "
					"c.state = 0 GROUP BY c.id ORDER BY c.id",
					"");

	if (rc)
		return rc;
	while ((step = sqlite3_step(s)) == SQLITE_ROW)
		show_request(cli,
				&(struct request){ (const char *)sqlite3_column_text(s, 0),
						sqlite3_column_int64(s, 1),
						sqlite3_column_int64(s, 2),
						sqlite3_column_int(s, 3) != 0 });
	return step == SQLITE_DONE ? show_held(cli) : E_IO;
}
