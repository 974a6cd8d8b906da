/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What this program holds is not written to swap, as far as the limit on locked memory goes (8 MiB
 * for most people): the heap, where the Signal library's and SQLite's words lie too, and the stack.
 * The library locks its keys itself; all else is the program's to decide.
 */
#include "client/cli/cli.h"

#include <dirent.h>
#include <limits.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { HEAP_MOST = 16 << 20, STACK_ROOM = 256 << 10, LINE_MOST = 4096, DEPTH_MOST = 4 };

/* Locks do not nest: SQLCipher and libsodium let go of whole pages, whatever else lies there. What
 * was locked here stays so. */
int munlock(const void *at, size_t len)
{
	(void)at;
	(void)len;
	return 0;
}

/* --- locking ------------------------------------------------------------ */

/* Half of the limit, for one heap that all threads share and that does not shrink. */
static void widen_heap(void)
{
	struct rlimit limit;
	void *volatile room; /* else a compiler leaves both out */
	size_t len;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
	len = limit.rlim_cur / 2 < HEAP_MOST ? (size_t)limit.rlim_cur / 2 : HEAP_MOST;
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	mallopt(M_MMAP_THRESHOLD, HEAP_MOST + 1);
	room = malloc(len);
	free(room);
}

static void widen_stack(void)
{
	char room[STACK_ROOM];

	explicit_bzero(room, sizeof room);
}

/* One part of this process's memory, in a line of /proc/self/maps. */
static bool read_part(char **from, size_t *len, const char *line, const char *name)
{
	char *dash, *space;
	const unsigned long begins = strtoul(line, &dash, 16),
			    ends = *dash == '-' ? strtoul(dash + 1, &space, 16) : 0;

	if (ends == 0 || *space != ' ' || !strstr(line, name))
		return false;
	*from = (char *)begins; /* NOLINT(performance-no-int-to-ptr) */
	*len = ends - begins;
	return true;
}

void memory_lock(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char line[LINE_MOST], *from;
	FILE *maps;
	size_t len;

	widen_heap();
	widen_stack();
	maps = fopen("/proc/self/maps", "re");
	while (maps && fgets(line, sizeof line, maps)) {
		if (read_part(&from, &len, line, "[heap]") && mlock2(from, len, MLOCK_ONFAULT)) {
			/* the limit: memory_examine tells */
		}
		/* Its lowest page grows, and must not when the limit is reached. */
		if (read_part(&from, &len, line, "[stack]") && len > page &&
				mlock2(from + page, len - page, MLOCK_ONFAULT)) {
		}
	}
	if (maps)
		fclose(maps);
}

/* --- looking ------------------------------------------------------------ */

/* The heap's pages that are here, and those that stay; kB. */
static void count_heap(unsigned long *out_here, unsigned long *out_locked)
{
	FILE *maps = fopen("/proc/self/smaps", "re");
	char line[LINE_MOST], *from;
	bool is_heap = false;
	size_t len;

	*out_here = *out_locked = 0;
	while (maps && fgets(line, sizeof line, maps)) {
		if (read_part(&from, &len, line, " "))
			is_heap = strstr(line, "[heap]");
		if (is_heap && strncmp(line, "Rss:", 4) == 0)
			*out_here += strtoul(line + 4, NULL, 10);
		if (is_heap && strncmp(line, "Locked:", 7) == 0)
			*out_locked += strtoul(line + 7, NULL, 10);
	}
	if (maps)
		fclose(maps);
}

static bool starts(const char *path, const char *with)
{
	FILE *file = fopen(path, "re");
	char line[64] = "";
	bool is = file && fgets(line, sizeof line, file) && strncmp(line, with, strlen(with)) == 0;

	if (file)
		fclose(file);
	return is;
}

/* A block device in sysfs: dm-crypt itself, or all that it lies on is. */
static bool is_encrypted(const char *device, int depth)
{
	char path[LINE_MOST];
	const struct dirent *below;
	bool is = false;
	DIR *slaves;

	snprintf(path, sizeof path, "%s/dm/uuid", device);
	if (starts(path, "CRYPT-"))
		return true;
	snprintf(path, sizeof path, "%s/slaves", device);
	slaves = depth < DEPTH_MOST ? opendir(path) : NULL;
	while (slaves && (below = readdir(slaves))) {
		if (*below->d_name == '.')
			continue;
		snprintf(path, sizeof path, "%s/slaves/%s", device, below->d_name);
		is = is_encrypted(path, depth + 1);
		if (!is)
			break;
	}
	if (slaves)
		closedir(slaves);
	return is;
}

/* zram is memory, unless it has a device behind it. */
static bool is_safe(const char *swap)
{
	char device[64], path[96];
	struct stat st;
	dev_t at;

	if (stat(swap, &st) < 0)
		return false;
	at = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	snprintf(device, sizeof device, "/sys/dev/block/%u:%u", major(at), minor(at));
	snprintf(path, sizeof path, "%s/backing_dev", device);
	return starts(path, "none") || is_encrypted(device, 0);
}

/* Whether there is swap that a thief of the disk can read. */
static bool swap_is_open(void)
{
	FILE *swaps = fopen("/proc/swaps", "re");
	char line[LINE_MOST], name[LINE_MOST];
	bool is = false;

	while (swaps && fgets(line, sizeof line, swaps))
		if (sscanf(line, "%4095s", name) == 1 && *name == '/')
			is = is || !is_safe(name);
	if (swaps)
		fclose(swaps);
	return is;
}

bool memory_examine(char *out, size_t room)
{
	const bool open = swap_is_open();
	unsigned long here, locked;

	count_heap(&here, &locked);
	if (here > locked)
		snprintf(out, room, "%lu of %lu kB could be swapped out: see ulimit -l%s",
				here - locked, here, open ? "; and swap is not encrypted" : "");
	else
		snprintf(out, room, "what this program holds is not swapped out%s",
				open ? ", but swap is not encrypted: what a terminal shows may get "
				       "there"
				     : "");
	return here == locked && !open;
}
