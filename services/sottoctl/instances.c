/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Trusts systemd's folder. The file may come out of an archive: only our own names are enabled. */
#include "services/sottoctl/instances.h"

#include "libshared/error.h"
#include "services/sottoctl/run.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#define WANTED "/etc/systemd/system/sotto.target.wants/"

enum { DIGITS_MOST = 4 };

static const char *const daemons[] = { "blobd@", "prekeyd@" };

/* "blobd@2.service" */
static bool is_instance(const char *unit)
{
	for (size_t i = 0; i < ARRAY_LEN(daemons); i++) {
		const size_t len = strlen(daemons[i]);
		size_t digits;

		if (strncmp(unit, daemons[i], len) != 0)
			continue;
		digits = strspn(unit + len, "0123456789");
		return digits && digits <= DIGITS_MOST &&
				strcmp(unit + len + digits, ".service") == 0;
	}
	return false;
}

int instances_list(char **out)
{
	CLEANUP(scope_free) char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	glob_t found;

	if (!to)
		return E_NOMEM;
	if (glob(WANTED "*@*.service", 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *unit = found.gl_pathv[i] + strlen(WANTED);

			if (is_instance(unit))
				fprintf(to, "%s\n", unit);
		}
	globfree(&found);
	if (fclose(to) || !text)
		return E_NOMEM;
	*out = STEAL(text);
	return 0;
}

int instances_take_up(const char *config)
{
	CLEANUP(scope_free) char *text = NULL;
	const char *slash = strrchr(config, '/');
	char path[4096], *save = NULL;
	int rc = 0;

	snprintf(path, sizeof path, "%.*sinstances", slash ? (int)(slash - config + 1) : 0, config);
	if (access(path, F_OK) < 0)
		return 0;
	if (file_read(&text, path)) {
		fprintf(stderr, "sottoctl: %s: %s\n", path, strerror(errno));
		return E_IO;
	}
	for (char *unit = strtok_r(text, "\n", &save); rc == 0 && unit;
			unit = strtok_r(NULL, "\n", &save)) {
		const char *const enable[] = { "systemctl", "--quiet", "enable", unit, NULL };

		if (!is_instance(unit)) {
			fprintf(stderr, "sottoctl: %s: %s is no instance of a daemon\n", path,
					unit);
			return E_CONFIG;
		}
		rc = run_program(enable);
	}
	if (rc == 0 && unlink(path) < 0)
		rc = E_IO;
	return rc;
}
