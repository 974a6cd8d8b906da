/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a group's member says. What was read is written as the same bytes. */
#include "client/lib/group.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct content content = { .type = CONTENT_GROUP };
	struct group_body body;
	uint8_t again[CONTENT_TEXT_MOST];
	size_t n;

	if (len > CONTENT_TEXT_MOST)
		return 0;
	content.text_len = (uint16_t)len;
	memcpy(content.text, data, len);
	if (group_read(&body, &content))
		return 0;
	n = group_write(again, &body);
	if (n != len || (body.kind != GROUP_JOINED && memcmp(again, data, len) != 0))
		abort();
	return 0;
}
