/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * START HERE: all that prekeyd answers. The table is the security policy; each row's two functions
 * stand in the file of their name, with the SQL function they call beside it.
 */
#include "services/prekeyd/account_end.h"
#include "services/prekeyd/account_put.h"
#include "services/prekeyd/bundle_take.h"
#include "services/prekeyd/bundles_count.h"
#include "services/prekeyd/bundles_put.h"
#include "services/prekeyd/challenges.h"
#include "services/prekeyd/prekeyd.h"
#include "services/prekeyd/server.h"
#include "services/prekeyd/tokens.h"

/* clang-format off */
const struct route prekeyd_routes[] = {
	/* method    path                          who         pays         key         body
	   function                                ask         answer */
	{ "GET",    "/v1/health",                  AUTH_NONE,  PAY_NOTHING, KEY_NONE,   0,
	  NULL,                                    NULL,       health_answer },
	{ "GET",    "/v1/server",                  AUTH_NONE,  PAY_NOTHING, KEY_NONE,   0,
	  "server_policy()",                       NULL,       server_answer },
	{ "POST",   "/v1/challenges",              AUTH_NONE,  PAY_NOTHING, KEY_NONE,   JSON_BYTES,
	  NULL,                                    NULL,       challenges_answer },
	{ "POST",   "/v1/tokens",                  AUTH_IF_SIGNED, PAY_NOTHING, KEY_NONE, JSON_LARGE_BYTES,
	  "tokens_pay($1, $2, $3, $4, $5, $6, $7, $8)", tokens_ask, tokens_answer },
	{ "PUT",    "/v1/accounts/{uuid}",         AUTH_OWNER, PAY_ACCOUNT, KEY_NONE,   BUNDLE_BYTES,
	  "account_put($1, $2, $3, $4, $5, $6)",   account_put_ask, account_put_answer },
	{ "PUT",    "/v1/accounts/{uuid}/bundles", AUTH_OWNER, PAY_NOTHING, KEY_NONE,   BUNDLES_PUT_BYTES,
	  "bundles_put($1, $2, $3, $4, $5, $6)",   bundles_put_ask, bundles_put_answer },
	{ "GET",    "/v1/accounts/{uuid}/bundles", AUTH_OWNER, PAY_NOTHING, KEY_NONE,   0,
	  "bundles_count($1, $2)",                 bundles_count_ask, bundles_count_answer },
	{ "POST",   "/v1/accounts/{uuid}/bundle",  AUTH_NONE,  PAY_PREKEY,  KEY_NONE,   0,
	  "bundle_take($1, $2, $3, $4)",           bundle_take_ask, bundle_take_answer },
	{ "DELETE", "/v1/accounts/{uuid}",         AUTH_OWNER, PAY_NOTHING, KEY_NONE,   0,
	  "account_end($1, $2)",                   account_end_ask, account_end_answer },
};
/* clang-format on */
const size_t prekeyd_n_routes = ARRAY_LEN(prekeyd_routes);
