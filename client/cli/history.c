/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What was said, when, and what became of it; and whether contacts are told that theirs came. */
#include "client/cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

const char *const state_words[] = {
	[SOTTO_CAME] = "came",
	[SOTTO_WAITING] = "queued",
	[SOTTO_SENT] = "deposited",
	[SOTTO_RECEIVED] = "received",
	[SOTTO_NEVER] = "never",
};

/* Owned; NULL: it has none. */
static json_t *json_copies(const struct sotto_message *m)
{
	if (!m->n_copies)
		return NULL;
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "of", (json_int_t)m->n_copies, "queued",
			(json_int_t)m->n_waiting, "deposited", (json_int_t)m->n_sent, "received",
			(json_int_t)m->n_received, "never",
			(json_int_t)(m->n_copies - m->n_waiting - m->n_sent - m->n_ended), "ended",
			(json_int_t)m->n_ended);
}

static void show_json_line(const struct sotto_message *m)
{
	show_json(json_pack("{s:s, s:s*, s:s*, s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:s, "
			    "s:o*, s:o*, s:o*}",
			"event", "message", "contact", *m->contact ? m->contact : NULL, "group",
			m->group, "out", m->state != SOTTO_CAME, "state", state_words[m->state],
			"number", (json_int_t)m->number, "at", (json_int_t)m->at_s, "parts",
			(json_int_t)m->parts, "parts_here", (json_int_t)m->n_parts,
			"missing_before", (json_int_t)m->n_missing, "edited", m->edited, "deleted",
			m->deleted, "text", m->text, "file", m->file ? json_integer(m->file) : NULL,
			"ends", m->ends_s ? json_integer((json_int_t)m->ends_s) : NULL, "copies",
			json_copies(m)));
}

/* What we said in a group may be here for one and there for another. */
static void show_state(const struct sotto_message *m)
{
	const unsigned never = m->n_copies - m->n_waiting - m->n_sent - m->n_ended;

	printf("  (%s",
			state_words[m->n_sent && m->state != SOTTO_RECEIVED ? SOTTO_SENT
									    : m->state]);
	if (m->n_sent && m->n_sent < m->n_copies)
		printf(" %u of %u", m->n_sent, m->n_copies);
	if (m->n_received && m->state != SOTTO_RECEIVED)
		printf(", received %u", m->n_received);
	if (never && m->state != SOTTO_NEVER)
		printf(", %u never", never);
	if (m->n_ended)
		printf(", %u ended", m->n_ended);
	printf(", %lld)", (long long)m->number);
}

int show_line(void *userdata, const struct sotto_message *m)
{
	const struct cli *cli = userdata;
	const bool came = m->state == SOTTO_CAME;
	const time_t at = (time_t)m->at_s;
	char when[32] = "";
	struct tm tm;

	if (cli->json) {
		show_json_line(m);
		return 0;
	}
	if (localtime_r(&at, &tm))
		strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
	if (m->n_missing)
		printf("%16s   (%u missing here)\n", "", m->n_missing);
	printf("%s  ", when);
	if (m->group) {
		show_clean(m->group);
		if (came)
			putchar('/');
	}
	if (!m->group || came)
		show_clean(m->contact);
	fputs(came ? " > " : " < ", stdout);
	if (m->file)
		printf("[file %lld] ", (long long)m->file);
	show_clean(m->deleted ? "(deleted)" : m->text);
	if (m->edited)
		fputs("  (edited)", stdout);
	if (m->n_parts < m->parts)
		printf("  (%u of %u parts are here)", m->n_parts, m->parts);
	if (!came)
		show_state(m);
	putchar('\n');
	return 0;
}

static int tell_history(const struct cli *cli, int rc)
{
	if (rc == SOTTO_NO_CONTACT)
		return tell(cli, rc, "there is no contact of that name");
	return tell_answer(cli, rc);
}

int history_command(struct cli *cli)
{
	const char *contact = cli->argc ? cli->argv[0] : NULL;

	return tell_history(cli, sotto_search(cli->sotto, contact, cli->search, show_line, cli));
}

int log_command(struct cli *cli)
{
	return tell_history(cli, sotto_history(cli->sotto, cli->argv[0], NULL, show_message, cli));
}

int receipts_command(struct cli *cli)
{
	const bool on = strcmp(cli->argv[1], "on") == 0;
	int rc;

	if (!on && strcmp(cli->argv[1], "off") != 0)
		return tell(cli, SOTTO_E_ARGUMENT, "receipts are on or off");
	rc = sotto_set_receipts(cli->sotto, cli->argv[0], on);
	if (rc)
		return tell_history(cli, rc);
	show_event(cli, on ? "receipts on" : "receipts off", cli->argv[0]);
	return 0;
}
