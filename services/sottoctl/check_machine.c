/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the machine gives: room, the right time, a timer that runs. */
#include "libshared/error.h"
#include "services/sottoctl/checks.h"
#include "services/sottoctl/samples.h"
#include "services/sottoctl/span.h"

#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>

enum { SWEEP_S = 3600, MB_SHIFT = 20 };

bool check_settings(struct site *site, struct findings *f)
{
	unsigned at = 0;
	int rc = settings_load(site->context->config, &site->settings, &at);

	if (rc == 0) {
		found_good(f, "settings", "%s is right", site->context->config);
		return true;
	}
	if (at)
		found_bad(f, "settings", "correct that line, see sotto.conf(5)", "%s: line %u: %s",
				site->context->config, at, error_text(rc));
	else
		found_bad(f, "settings", "sottoctl init, or see sotto.conf(5)", "%s: %s",
				site->context->config,
				rc == E_IO ? "cannot be read" : "a setting is missing");
	return false;
}

void check_disk(const struct site *site, struct findings *f)
{
	unsigned long long reserve = (unsigned long long)site->settings.disk_reserve_mb, free_mb;
	struct statvfs fs;

	if (statvfs(site->settings.disk_path, &fs) < 0) {
		found_bad(f, "disk", "correct disk_path in sotto.conf", "%s: no such directory",
				site->settings.disk_path);
		return;
	}
	free_mb = (unsigned long long)fs.f_bavail * fs.f_frsize >> MB_SHIFT;
	if (free_mb < reserve)
		found_bad(f, "disk", "make room now: a full disk stops PostgreSQL",
				"%llu MB free, less than the reserve of %llu: deposits are refused",
				free_mb, reserve);
	else if (free_mb < 2 * reserve)
		found_look(f, "disk", "make room, or move to a larger disk",
				"%llu MB free, less than twice the reserve of %llu: new accounts "
				"are "
				"refused",
				free_mb, reserve);
	else
		found_good(f, "disk", "%llu MB free, reserve %llu MB", free_mb, reserve);
}

/* Tor does not work with a clock that is hours off; nonces and epochs go by it too. */
void check_clock(struct findings *f)
{
	struct timex now = { .modes = 0 };
	int state = adjtimex(&now);

	if (state < 0 || state == TIME_ERROR || now.status & STA_UNSYNC)
		found_look(f, "clock", "systemctl enable --now systemd-timesyncd (or chrony)",
				"is not synchronised: Tor and the epochs of keys need the right "
				"time");
	else
		found_good(f, "clock", "is synchronised");
}

void check_sweep(const struct site *site, struct findings *f)
{
	CLEANUP(sd_journal_close) sd_journal *journal = NULL;
	uint64_t at_us = 0, now_us = moment_now_us();
	const char *remedy = "systemctl status sotto-sweep.timer sotto-sweep.service";

	if (samples_open(&journal, site->journal))
		found_look(f, "sweep", "run it as root, or in the group systemd-journal",
				"the journal cannot be read");
	else if (samples_last(journal, EVENT_SWEPT, &at_us))
		found_look(f, "sweep", remedy, "the journal knows of none");
	else if (now_us > at_us && (now_us - at_us) / 1000000 > SWEEP_S)
		found_bad(f, "sweep", remedy, "the last one was %llu minutes ago",
				(unsigned long long)(now_us - at_us) / 60000000);
	else
		found_good(f, "sweep", "the last one was %llu minutes ago",
				(unsigned long long)(now_us > at_us ? now_us - at_us : 0) /
						60000000);
}
