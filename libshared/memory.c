/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* proc(5), /proc/pid/statm. */
#include "libshared/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint64_t memory_resident(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	char text[128] = ""; /* size, resident, and more, in pages */
	const char *resident;
	uint64_t pages;

	if (!file)
		return 0;
	resident = fgets(text, sizeof text, file) ? strchr(text, ' ') : NULL;
	fclose(file);
	pages = resident ? strtoull(resident, NULL, 10) : 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
