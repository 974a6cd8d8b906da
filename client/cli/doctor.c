/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is wrong, from near to far, as the library finds it. */
#include "client/cli/cli.h"

struct visit {
	const struct cli *cli;
	int n_bad;
};

static int show_finding(void *userdata, const struct sotto_finding *finding)
{
	static const char *const parts[] = { "profile", "tor", "server", "account" };
	struct visit *v = userdata;
	const char *event = finding->good ? "ok" : "bad";

	v->n_bad += !finding->good;
	if (v->cli->json) {
		show_json(json_pack("{s:s, s:s, s:s}", "event", event, "part", parts[finding->part],
				"text", finding->text));
		return 0;
	}
	paint(stdout, finding->good ? GREEN : RED, event);
	printf(": %s\n", finding->text);
	return fflush(stdout) ? SOTTO_E_FILE : 0;
}

/* Not counted as bad: the machine's owner may want it so. */
static void look_at_memory(const struct cli *cli)
{
	char text[160];
	const bool good = memory_examine(text, sizeof text);

	if (cli->json) {
		show_json(json_pack("{s:s, s:s, s:s}", "event", good ? "ok" : "note", "part",
				"memory", "text", text));
		return;
	}
	paint(stdout, good ? GREEN : YELLOW, good ? "ok" : "note");
	printf(": %s\n", text);
}

int doctor_command(struct cli *cli)
{
	struct visit v = { .cli = cli };
	int rc;

	look_at_memory(cli);
	rc = sotto_examine(cli->sotto, show_finding, &v);
	if (rc)
		return tell_answer(cli, rc);
	return v.n_bad ? answer(cli, CLI_UNWELL, "something is wrong: see what is bad") : 0;
}
