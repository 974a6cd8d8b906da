/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Asks the kernel and the database. What it cannot learn stays as it was measured last. */
#include "libshared/overload.h"

#include "libshared/error.h"
#include "libshared/journal.h"
#include "libshared/memory.h"

#include <malloc.h>
#include <sys/statvfs.h>

enum { MS_US = 1000, BETTER_TIMES = 3, BLOB_ON_DISK = 4430 /* bytes, indexes included */ };

static const uint64_t MB = 1 << 20;

struct overload {
	sd_event *event;
	const struct journal *journal;
	struct overload_options options;
	struct pressure_limits limits;
	struct pressure_measure measured;
	struct pressure now;
	unsigned n_better;
	sd_event_source *timer;
	struct call call;
	bool calling;
};

/* --- measuring ---------------------------------------------------------- */

static int measure_disk(struct overload *o, uint64_t *out_size)
{
	struct statvfs fs;

	if (statvfs(o->options.settings->disk_path, &fs) < 0)
		return E_IO;
	o->measured.disk_free = (uint64_t)fs.f_bavail * fs.f_frsize;
	*out_size = (uint64_t)fs.f_blocks * fs.f_frsize;
	return 0;
}

static void tell(const struct overload *o)
{
	const struct pressure *p = &o->now;
	const struct pressure_measure *m = &o->measured;
	const char *what[] = { [PRESSURE_NONE] = "everything is taken",
		[PRESSURE_NEW] = "new accounts, mailboxes and pieces of files are refused",
		[PRESSURE_ALL] = "deposits are refused too" };
	bool eased = p->level == PRESSURE_NONE && p->mailbox_blobs == o->limits.mailbox_blobs;

	journal_say(o->journal, eased ? EVENT_EASED : EVENT_PRESSURE,
			"%s (%s), %ld blobs a mailbox; disk %llu MB free, blobs %llu of %llu MB, "
			"memory %llu MB",
			what[p->level], pressure_cause_text(p->cause), p->mailbox_blobs,
			(unsigned long long)(m->disk_free / MB),
			(unsigned long long)(m->blobs / MB),
			(unsigned long long)(o->limits.blob_budget / MB),
			(unsigned long long)(m->memory / MB));
}

static void conclude(struct overload *o)
{
	struct pressure p = pressure_of(&o->limits, &o->measured);

	o->measured.queue_half_full = false;
	if (pressure_is_worse(&p, &o->now)) {
		o->n_better = 0;
	} else if (!pressure_is_worse(&o->now, &p)) {
		o->n_better = 0;
		return;
	} else if (++o->n_better < BETTER_TIMES) {
		return;
	}
	o->n_better = 0;
	o->now = p;
	tell(o);
}

static void counted(struct call *call, int rc, const struct result *result)
{
	struct overload *o = (struct overload *)((char *)call - offsetof(struct overload, call));

	o->calling = false;
	if (rc == 0)
		o->measured.blobs = (uint64_t)result_i64(result, 0, 0) * BLOB_ON_DISK;
	conclude(o);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct overload *o = userdata;
	uint64_t size, now = 0;

	(void)usec; /* when it was due: at first 0 */
	sd_event_now(o->event, CLOCK_MONOTONIC, &now);
	if (measure_disk(o, &size) == 0 && !o->options.settings->blob_budget_mb)
		o->limits.blob_budget = size / 2;
	o->measured.memory = memory_resident();
	/* What was freed may still lie about. */
	if (o->measured.memory > o->limits.memory && malloc_trim(0))
		o->measured.memory = memory_resident();
	if (!o->calling) {
		o->calling = db_submit(o->options.db, &o->call) == 0;
		if (!o->calling)
			conclude(o);
	}
	sd_event_source_set_time(source, now + (uint64_t)o->options.settings->measure_ms * MS_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* --- the interface ------------------------------------------------------ */

int overload_new(struct overload **out, sd_event *event, const struct journal *journal,
		const struct overload_options *options)
{
	CLEANUP(overload_free) struct overload *o = calloc(1, sizeof *o);
	const struct engine_settings *s = options->settings;
	uint64_t size;

	if (!o)
		return E_NOMEM;
	o->event = sd_event_ref(event);
	o->journal = journal;
	o->options = *options;
	o->call = (struct call){ .statement = options->count_blobs, .done = counted };
	if (measure_disk(o, &size)) {
		journal_say(journal, EVENT_CONFIG, "disk_path: no such directory");
		return E_CONFIG;
	}
	o->limits = (struct pressure_limits){
		.disk_reserve = (uint64_t)s->disk_reserve_mb * MB,
		.blob_budget = s->blob_budget_mb ? (uint64_t)s->blob_budget_mb * MB : size / 2,
		.memory = (uint64_t)s->memory_mb * MB,
		.mailbox_blobs = s->mailbox_limit,
	};
	o->now.mailbox_blobs = s->mailbox_limit;
	conclude(o); /* of the disk, before the first request */
	if (sd_event_add_time(event, &o->timer, CLOCK_MONOTONIC, 0, 1, on_timer, o) < 0)
		return E_NOMEM;
	*out = STEAL(o);
	return 0;
}

void overload_free(struct overload *o)
{
	if (!o)
		return;
	sd_event_source_disable_unref(o->timer);
	sd_event_unref(o->event);
	free(o);
}

int overload_admit(struct overload *o, const struct route *route)
{
	bool first = route->pay == PAY_ACCOUNT || route->pay == PAY_MAILBOX ||
			route->pay == PAY_CHUNK;

	if (first && db_queued(o->options.db) >= o->options.queue_calls / 2) {
		o->measured.queue_half_full = true; /* told with the next measure */
		return PROBLEM_OVERLOADED;
	}
	if (first && o->now.level >= PRESSURE_NEW)
		return PROBLEM_OVERLOADED;
	if (route->pay == PAY_INBOX && o->now.level >= PRESSURE_ALL)
		return PROBLEM_OVERLOADED;
	return 0;
}

const struct pressure *overload_now(const struct overload *o)
{
	return &o->now;
}

const struct pressure_measure *overload_measured(const struct overload *o)
{
	return &o->measured;
}
