/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* proc(5), /proc/pid/statm. */
#include "libshared/memory.h"

#include <stdio.h>
#include <unistd.h>

uint64_t memory_resident(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(file);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
