/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The schema against this version's files, and the settings that privacy and durability need. */
#include "libshared/error.h"
#include "services/sottoctl/checks.h"
#include "services/sottoctl/sql.h"

#include <string.h>

static const char *const part = "database";

static const struct {
	const char *name, *wanted, *why;
} settings[] = {
	{ "fsync", "on", "a 2xx must mean that it is on disk" },
	{ "full_page_writes", "on", "a crash must not tear pages" },
	{ "log_statement", "none", "the log would hold what people ask" },
	{ "log_min_duration_statement", "-1", "the log would hold what people ask" },
	{ "log_error_verbosity", "terse", "the log would hold keys" },
	{ "track_commit_timestamp", "off", "it would keep times" },
	{ "archive_mode", "off", "it would keep times" },
};

static void check_setting(PGconn *conn, struct findings *f, size_t i, bool *good)
{
	const char *const values[] = { settings[i].name };
	CLEANUP(PQclear)
	PGresult *r = PQexecParams(
			conn, "SELECT current_setting($1)", 1, NULL, values, NULL, NULL, 0);

	if (PQresultStatus(r) != PGRES_TUPLES_OK ||
			strcmp(PQgetvalue(r, 0, 0), settings[i].wanted) == 0)
		return;
	*good = false;
	found_bad(f, part, "sottoctl init (it writes our cluster's settings anew)",
			"%s is %.40s: %s", settings[i].name, PQgetvalue(r, 0, 0), settings[i].why);
}

static void check_schema(PGconn *conn, const struct site *site, struct findings *f)
{
	struct migrate_state state;

	if (migrate_look(conn, site->context, &state)) {
		found_bad(f, part, "sottoctl migrate", "no schema of ours is in it");
		return;
	}
	if (state.n_changed)
		found_bad(f, part, "install the version that it was made with, or restore a backup",
				"%ld migrations were applied with another text", state.n_changed);
	if (state.n_new)
		found_bad(f, part, "sottoctl migrate", "%ld migrations are not applied",
				state.n_new);
	if (!state.functions_are_ours)
		found_bad(f, part, "sottoctl migrate",
				"its functions are not those of this version");
	if (!state.n_changed && !state.n_new && state.functions_are_ours)
		found_good(f, part, "schema version %ld, functions of this version", state.version);
}

void check_database(const struct site *site, struct findings *f)
{
	CLEANUP(PQfinish) PGconn *conn = NULL;
	char conninfo[1024];
	bool good = true;

	snprintf(conninfo, sizeof conninfo, "%s user=sotto_owner", site->settings.database);
	if (sql_connect(&conn, *site->context->database ? site->context->database : conninfo,
			    "sotto")) {
		found_bad(f, part, "systemctl start postgresql; journalctl -u 'postgresql@*-sotto'",
				"cannot be reached as sotto_owner");
		return;
	}
	check_schema(conn, site, f);
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		check_setting(conn, f, i, &good);
	if (good)
		found_good(f, part, "durable, and its log tells nothing");
}
