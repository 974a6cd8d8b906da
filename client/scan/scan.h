/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What `sotto` and sotto-scan have agreed on. */
#ifndef SOTTO_SCAN_H
#define SOTTO_SCAN_H

#define SCAN_SCHEME "sotto://"

enum {
	SCAN_TEXT_MOST = 256, /* on standard output, without an end of line */

	/* exit status, but 0 */
	SCAN_BAD = 1,	  /* no PNG or JPEG, damaged, or too large */
	SCAN_NO_CODE = 2, /* none that begins with the scheme */
	SCAN_NO_CAGE = 3, /* this kernel cannot cage it, so nothing was read */
};

#endif
