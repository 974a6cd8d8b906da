/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Contact links, invites and onion names, from anybody's QR code: what is taken has one spelling,
 * and no text is two of them. */
#include "client/lib/link.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_onion(const char *text)
{
	uint8_t onion[ONION_KEY_BYTES];
	char again[ONION_TEXT + 1];

	if (onion_check(onion, text) != 0)
		return;
	onion_write(again, onion);
	if (strcmp(again, text) != 0)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(scope_free) char *text = strndup((const char *)bytes, len);
	char again[LINK_TEXT + 1];
	struct contact_link link;
	struct invite invite;

	if (!text)
		return 0;
	check_onion(text);
	if (link_read(&link, text) != 0) {
		(void)!invite_read(&invite, text);
		return 0;
	}
	link_write(again, &link);
	if (strcmp(again, text) != 0 || invite_read(&invite, text) == 0)
		__builtin_trap();
	return 0;
}
