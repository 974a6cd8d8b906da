/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* GET /v1/server, from a server that may be anybody's: what is taken can be dialled and used. */
#include "client/lib/server.h"

#include "client/lib/link.h"

#include <sodium.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(scope_free) uint8_t *exact = malloc(len ? len : 1);
	uint8_t onion[ONION_KEY_BYTES], id[HASH_BYTES];
	struct server server;

	if (!exact || sodium_init() < 0)
		return 0;
	memcpy(exact, bytes, len);
	if (server_read(&server, exact, len) != 0)
		return 0;
	if (!server.known || onion_check(onion, server.live) != 0 || server.mqtt_port < 1 ||
			server.mqtt_port > 65535 || server.n_tokens > TOKEN_KEYS_MOST)
		__builtin_trap();
	for (size_t i = 0; i < server.n_tokens; i++) {
		const struct token_key *newest = server_newest(&server, server.tokens[i].operation);

		token_key_id(id, server.tokens[i].pub);
		if (voprf_element_check(server.tokens[i].pub) != 0 || !server_lists(&server, id) ||
				!newest || newest->epoch < server.tokens[i].epoch)
			__builtin_trap();
	}
	return 0;
}
