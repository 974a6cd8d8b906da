/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What GET /v1/server tells, as far as a client needs it (docs/protocol.md). */
#ifndef SOTTO_CLIENT_SERVER_H
#define SOTTO_CLIENT_SERVER_H

#include "libshared/encode.h"
#include "libshared/key.h"
#include "libshared/token.h"

enum { DAEMONS = 3, TOKEN_KEYS_MOST = 4 * TOKEN_OPERATIONS };
enum registration { REGISTRATION_OPEN, REGISTRATION_INVITE, REGISTRATION_CLOSED };

struct token_key {
	enum token_operation operation;
	uint32_t epoch;
	uint8_t pub[VOPRF_ELEMENT_BYTES];
};

struct server {
	bool known;
	struct key keys[DAEMONS]; /* by port - PORT_PREKEYD */
	char live[ONION_TEXT + 1];
	int mqtt_port;
	int turn_port; /* of the relay for calls */
	enum registration registration;
	struct token_key tokens[TOKEN_KEYS_MOST];
	size_t n_tokens;
	uint8_t said[HASH_BYTES]; /* of its whole text: what two circuits were told must be equal */
};

/* E_PROTO: something else. */
int server_read(struct server *out, const void *text, size_t len) MUST_CHECK;

/* The key of the highest epoch listed, under which one lets tokens be made. NULL: the operation
 * costs nothing there. */
const struct token_key *server_newest(const struct server *server, enum token_operation operation);
bool server_lists(const struct server *server, const uint8_t key_id[static HASH_BYTES]);

#endif
