/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * START HERE: all that bridged answers over HTTP. A session's request proves itself inside its
 * body, once for each mailbox (sessions.c), so its row demands no signature.
 */
#include "services/bridged/bridged.h"
#include "services/bridged/sessions.h"
#include "services/bridged/signals.h"
#include "services/bridged/turn.h"

/* clang-format off */
const struct route bridged_routes[] = {
	/* method  path           who           pays         key       body
	   function                             ask           answer */
	{ "GET",  "/v1/health",   AUTH_NONE,    PAY_NOTHING, KEY_NONE, 0,
	  NULL,                                 NULL,         health_answer },
	{ "POST", "/v1/sessions", AUTH_NONE,    PAY_NOTHING, KEY_NONE, JSON_LARGE_BYTES,
	  "session_open($1, $2, $3)",           sessions_ask, sessions_answer },
	{ "POST", "/v1/signals",  AUTH_DEPOSIT, PAY_NOTHING, KEY_NONE, BLOB_BYTES,
	  "signal_to($1)",                      signals_ask,  signals_answer },
	{ "POST", "/v1/turn",     AUTH_NONE,    PAY_TURN,    KEY_NONE, JSON_BYTES,
	  "turn_pay($1, $2, $3)",               turn_ask,     turn_answer },
};
/* clang-format on */
const size_t bridged_n_routes = ARRAY_LEN(bridged_routes);
