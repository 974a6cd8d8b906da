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

int sotto_home(struct home *out, struct sotto *s, const char *name)
{
	uint8_t onion[ONION_KEY_BYTES];
	int rc = onion_check(onion, name) ? SOTTO_BAD_LINK : home_at(out, s->profile, onion);

	return rc == HOME_NONE ? SOTTO_NO_HOME : rc;
}

static int go(struct sotto *s, const char *server, bool leaves)
{
	struct invite invite;
	bool invited;
	int rc = sotto_read_server(&invite, &invited, server);
	const struct move to = { invite.onion, invited ? invite.code : NULL };

	if (rc)
		return rc;
	rc = leaves ? move_to(&s->net, s->profile, &to) : move_add(&s->net, s->profile, &to);
	return rc == MOVE_MANY ? SOTTO_MANY_HOMES : rc;
}

int sotto_add_server(struct sotto *s, const char *server)
{
	return go(s, server, false);
}

int sotto_move(struct sotto *s, const char *server)
{
	return go(s, server, true);
}

int sotto_main_server(struct sotto *s, const char *name)
{
	uint8_t onion[ONION_KEY_BYTES];

	return onion_check(onion, name) ? SOTTO_BAD_LINK
					: sotto_of_move(move_main(s->profile, onion));
}

int sotto_use_server(struct sotto *s, const char *name, const char *contact)
{
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	struct contact c;
	int rc = sotto_home(&home, s, name);

	rc = rc ? rc : sotto_person(&c, s, contact);
	rc = rc ? rc : move_contact(s->profile, c.id, &home, s->net.fast);
	sotto_wake(s);
	return rc;
}

int sotto_leave_server(struct sotto *s, const char *name)
{
	uint8_t onion[ONION_KEY_BYTES];
	int rc = onion_check(onion, name) ? SOTTO_BAD_LINK
					  : sotto_of_move(move_leave(&s->net, s->profile, onion));

	sotto_wake(s);
	return rc;
}

int sotto_forget_server(struct sotto *s, const char *name)
{
	uint8_t onion[ONION_KEY_BYTES];
	int rc = onion_check(onion, name) ? SOTTO_BAD_LINK : 0;

	rc = rc ? rc : move_forget(&s->net, s->profile, onion);
	return rc == MOVE_NONE ? SOTTO_NOTHING : rc;
}

/* --- the list ------------------------------------------------------------- */

struct listing {
	struct sotto *s;
	sotto_on_server *on_server;
	void *userdata;
};

static int count(uint32_t *out, const struct listing *l, const char *sql, int64_t home)
{
	int64_t n = 0;
	int rc = q_number(&n, l->s->profile->db, sql, "i", home);

	*out = (uint32_t)n;
	return rc ? E_IO : 0;
}

static int tell_home(const struct listing *l, const struct home *home)
{
	char name[ONION_TEXT + 1], text[SOTTO_LINK_ROOM];
	struct contact_link link;
	struct sotto_server server = { .name = name,
		.lives_here = true,
		.is_main = home->is_main,
		.is_away = net_is_silent(&l->s->net, home->onion),
		.link = text };
	int rc = count(&server.n_mailboxes, l,
			"SELECT count(*) FROM mailbox WHERE home = ? AND kind < 3", home->id);

	rc = rc ? rc
		: count(&server.n_contacts, l,
				  "SELECT count(*) FROM contact WHERE home = ? AND state = 1",
				  home->id);
	if (rc)
		return rc;
	onion_write(name, home->onion);
	home_link(&link, l->s->profile, home);
	link_write(text, &link);
	return l->on_server(l->userdata, &server);
}

static int tell_others(const struct listing *l)
{
	CLEANUP(home_wipe) struct home home = { .id = 0 };
	int rc;

	while ((rc = home_next(&home, l->s->profile, home.id)) == 0) {
		rc = home.is_main ? 0 : tell_home(l, &home);
		if (rc)
			return rc;
	}
	return rc == HOME_NONE ? 0 : rc;
}

static int tell_left(const struct listing *l)
{
	char name[ONION_TEXT + 1];
	struct sotto_server server = { .name = name };
	struct left_server left;
	const uint8_t *after = NULL;
	int rc;

	while ((rc = move_next(&left, l->s->profile, after)) == 0) {
		after = left.onion;
		onion_write(name, left.onion);
		server.n_mailboxes = (uint32_t)left.n_mailboxes;
		server.is_away = net_is_silent(&l->s->net, left.onion);
		rc = l->on_server(l->userdata, &server);
		if (rc)
			return rc;
	}
	return rc == MOVE_NONE ? 0 : rc;
}

int sotto_servers(struct sotto *s, sotto_on_server *on_server, void *userdata)
{
	const struct listing l = { s, on_server, userdata };
	int rc = profile_refresh(s->profile);

	rc = rc ? rc : tell_home(&l, &s->profile->home);
	rc = rc ? rc : tell_others(&l);
	return rc ? rc : tell_left(&l);
}
