/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One text for each failure. Trusts nothing, knows nothing of its users. */
#include "libshared/error.h"

#include "libshared/scope.h"

static const char *const texts[] = {
	[0] = "done",
	[-E_NOMEM] = "out of memory",
	[-E_IO] = "input or output failed",
	[-E_DB] = "database unavailable",
	[-E_BROKER] = "broker unavailable",
	[-E_CONFIG] = "wrong configuration",
	[-E_CRYPTO] = "cryptography failed",
	[-E_BUSY] = "too much at once",
	[-E_LOCKED] = "locked or wrong passphrase",
	[-E_NET] = "server not reachable",
	[-E_PROTO] = "the other side broke the protocol",
	[-E_BUG] = "internal error",
};

const char *error_text(int error)
{
	if (error > 0 || -error >= (int)ARRAY_LEN(texts) || !texts[-error])
		return "unknown error";
	return texts[-error];
}
