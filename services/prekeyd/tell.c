/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What an account's live session hears of. */
#include "services/prekeyd/prekeyd.h"

#include "libshared/encode.h"

#include <stdio.h>

void prekeyd_tell(const struct prekeyd *prekeyd, const uint8_t uuid[static 16], uint8_t kind)
{
	char name[UUID_TEXT + 1], topic[80];

	uuid_write(name, uuid);
	snprintf(topic, sizeof topic, "sotto/v1/event/account/%s", name);
	link_event(prekeyd->engine->link, topic, &kind, sizeof kind);
}
