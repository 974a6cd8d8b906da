/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "services/sottoctl/sottoctl.h"

#include <stdio.h>

int usage_wrong(const struct context *context)
{
	fprintf(stderr, "usage: sottoctl %s %s\n", context->argv[-1], context->args);
	return 2;
}
