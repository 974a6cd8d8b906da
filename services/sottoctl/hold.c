/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Trusts that the units have ConditionPathExists=!/etc/sotto/held, as a test holds. */
#include "services/sottoctl/hold.h"

#include "libshared/error.h"
#include "services/sottoctl/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const words[] = {
	[HOLD_RESTORING] = "restoring\n", [HOLD_MOVING] = "moving\n", [HOLD_MOVED] = "moved\n"
};

static void path_of(char out[static 4096], const char *config)
{
	const char *slash = strrchr(config, '/');

	snprintf(out, 4096, "%.*sheld", slash ? (int)(slash - config + 1) : 0, config);
}

enum hold hold_read(const char *config)
{
	CLEANUP(scope_free) char *text = NULL;
	char path[4096];

	path_of(path, config);
	if (access(path, F_OK) < 0)
		return HOLD_NOT;
	for (size_t i = HOLD_RESTORING; file_read(&text, path) == 0 && i < HOLD_MOVED; i++) {
		if (strcmp(text, words[i]) == 0)
			return (enum hold)i;
		free(STEAL(text));
	}
	return HOLD_MOVED; /* the strictest, whatever it says */
}

int hold_set(const char *config, enum hold why)
{
	char path[4096];
	bool changed = false;
	int rc;

	path_of(path, config);
	if (why != HOLD_NOT) {
		if (strcmp(path, "/etc/sotto/held") == 0)
			mkdir("/etc/sotto", 0755); /* a host that has no server yet */
		rc = file_place(path, words[why], 0644, &changed);
	} else {
		rc = unlink(path) < 0 && errno != ENOENT ? E_IO : 0;
		if (rc)
			fprintf(stderr, "sottoctl: %s: %s\n", path, strerror(errno));
	}
	sync(); /* its folder */
	return rc;
}

int units_stop(bool *was)
{
	const char *const active[] = { "systemctl", "show", "--property=ActiveState", "--value",
		"sotto.target", NULL };
	/* What does not belong to the target any more, or was started by hand, too. */
	const char *const stop[] = { "systemctl", "stop", "sotto.target", "prekeyd.socket",
		"blobd.socket", "bridged.socket", "sotto-turn.socket", "tor@sotto.service", NULL };
	CLEANUP(scope_free) char *state = NULL;
	int rc = run_and_read(&state, active);

	*was = rc == 0 && strncmp(state, "active", 6) == 0;
	return rc ? rc : run_program(stop);
}

int units_start(void)
{
	const char *const start[] = { "systemctl", "start", "sotto.target", NULL };

	return run_program(start);
}
