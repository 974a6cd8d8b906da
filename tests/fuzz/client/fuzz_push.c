/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a server sends to a live session: its answer to POST /v1/sessions, and MQTT messages on any
 * topic. None of it is taken for another mailbox. The file itself is included: these are its own. */
#include "client/lib/live_push.c"    /* NOLINT(bugprone-suspicious-include) */
#include "client/lib/live_request.c" /* NOLINT(bugprone-suspicious-include) */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void answered(const uint8_t *bytes, size_t len)
{
	const struct answer answer = { .body = (uint8_t *)(uintptr_t)bytes, .len = len };
	const struct known_server at = { .server = { .live = "live" } };
	struct live_grant g;

	if (take_grant(&g, &at, &answer) != 0)
		return;
	if (strlen(g.id) > SESSION_TEXT || strlen(g.password) >= sizeof g.password ||
			strlen(g.down) >= sizeof g.down || strlen(g.up) >= sizeof g.up)
		__builtin_trap();
}

/* The first byte says on which topic. */
static void push(uint8_t *bytes, size_t len)
{
	struct net net = { .fast = true };
	struct live live = { .net = &net }; /* no profile: what reaches one would crash */
	struct own_mailbox box = { .id = 1 };
	struct session s = { .live = &live, .boxes = &box, .n = 1, .grant = { .down = "down" } };
	struct mosquitto_message m = {
		.topic = (char[]){ "down" }, .payload = bytes + 1, .payloadlen = (int)len - 1
	};

	if (bytes[0] & 1)
		m.topic = (char[]){ "sotto/v1/live" };
	memset(box.mailbox, 0xa5, MAILBOX_ID_BYTES);
	if (len >= 1 + DOWN_BYTES && memcmp(bytes + 2, box.mailbox, MAILBOX_ID_BYTES) == 0)
		return; /* that one is fuzz_packet's */
	on_message(NULL, &s, &m);
	if (s.fetch_at_ms && bytes[1] != DOWN_FETCH)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(scope_free) uint8_t *exact = malloc(len ? len : 1);

	if (!exact)
		return 0;
	memcpy(exact, bytes, len);
	answered(exact, len);
	if (len)
		push(exact, len);
	return 0;
}
