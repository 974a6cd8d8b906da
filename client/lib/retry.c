/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "client/lib/retry.h"

#include <sodium.h>

int64_t retry_wait_ms(int64_t *step_ms)
{
	*step_ms = *step_ms ? *step_ms * 2 : RETRY_FIRST_MS;
	if (*step_ms > RETRY_MOST_MS)
		*step_ms = RETRY_MOST_MS;
	return *step_ms / 2 + randombytes_uniform((uint32_t)*step_ms);
}
