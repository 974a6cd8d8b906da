/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is wrong, from near to far, as the library finds it. */
#include "client/cli/cli.h"

struct visit {
	const struct cli *cli;
	int n_bad;
};

static int show_finding(void *userdata, const struct sotto_finding *finding)
{
	struct visit *v = userdata;

	show_event(v->cli, finding->good ? "ok" : "bad", finding->text);
	v->n_bad += !finding->good;
	return 0;
}

int doctor_command(struct cli *cli)
{
	struct visit v = { .cli = cli };
	int rc = sotto_examine(cli->sotto, show_finding, &v);

	return rc ? tell_answer(cli, rc) : v.n_bad ? SOTTO_REFUSED : 0;
}
