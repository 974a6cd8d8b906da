/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The public functions about servers. */
#include "client/lib/handle.h"
#include "client/lib/move.h"
#include "client/lib/store.h"
#include "libshared/error.h"

int sotto_read_server(struct invite *out, bool *out_invited, const char *server)
{
	*out_invited = onion_check(out->onion, server) != 0;
	return *out_invited && invite_read(out, server) ? SOTTO_BAD_LINK : 0;
}

int sotto_move(struct sotto *s, const char *server)
{
	struct invite invite;
	bool invited;
	int rc = sotto_read_server(&invite, &invited, server);

	return rc ? rc : move_to(&s->net, s->profile, invite.onion, invited ? invite.code : NULL);
}

int sotto_forget_server(struct sotto *s, const char *name)
{
	uint8_t onion[ONION_KEY_BYTES];
	int rc = onion_check(onion, name) ? SOTTO_BAD_LINK : 0;

	rc = rc ? rc : move_forget(&s->net, s->profile, onion);
	return rc == MOVE_NONE ? SOTTO_NOTHING : rc;
}

int sotto_servers(struct sotto *s, sotto_on_server *on_server, void *userdata)
{
	char name[ONION_TEXT + 1];
	struct sotto_server server = { .name = name, .lives_here = true };
	struct left_server left;
	const uint8_t *after = NULL;
	int64_t n = 0;
	int rc = profile_refresh(s->profile);

	if (rc == 0 &&
			q_number(&n, s->profile->db,
					"SELECT count(*) FROM mailbox WHERE onion IS NULL", ""))
		rc = E_IO;
	server.n_mailboxes = (uint32_t)n;
	onion_write(name, s->profile->onion);
	rc = rc ? rc : on_server(userdata, &server);
	server.lives_here = false;
	while (rc == 0 && (rc = move_next(&left, s->profile, after)) == 0) {
		after = left.onion;
		onion_write(name, left.onion);
		server.n_mailboxes = (uint32_t)left.n_mailboxes;
		rc = on_server(userdata, &server);
	}
	return rc == MOVE_NONE ? 0 : rc;
}
