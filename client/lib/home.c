/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Rows of home. */
#include "client/lib/home.h"

#include "client/lib/profile.h"
#include "client/lib/store.h"
#include "libshared/error.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define HOME_COLUMNS                                                                  \
	"SELECT id, main, left_s NOT NULL, onion, uuid, owner, bundle_key FROM home " \
	"WHERE "

void home_wipe(struct home *home)
{
	sodium_memzero(home, sizeof *home);
}

static int read_home(struct home *out, sqlite3_stmt *s)
{
	CLEANUP(key_wipe) struct key owner = { { 0 } };
	int rc = sqlite3_step(s);

	if (rc == SQLITE_DONE)
		return HOME_NONE;
	if (rc != SQLITE_ROW)
		return E_IO;
	out->id = sqlite3_column_int64(s, 0);
	out->is_main = sqlite3_column_int(s, 1) != 0;
	out->is_left = sqlite3_column_int(s, 2) != 0;
	return q_column(out->onion, sizeof out->onion, s, 3) &&
					q_column(out->uuid, sizeof out->uuid, s, 4) &&
					q_column(owner.b, sizeof owner.b, s, 5) &&
					q_column(out->bundle_key.b, KEY_BYTES, s, 6) &&
					key_pair_from_secret(&out->owner, &owner) == 0
			? 0
			: E_IO;
}

static int find(struct home *out, struct profile *p, const char *sql, int64_t id)
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, sql, "i", id);

	return rc ? rc : read_home(out, s);
}

/* One that must be there. */
static int get(struct home *out, struct profile *p, const char *sql, int64_t id)
{
	int rc = find(out, p, sql, id);

	return rc == HOME_NONE ? E_IO : rc;
}

int home_main(struct home *out, struct profile *p)
{
	return get(out, p, HOME_COLUMNS "main AND ? = 0", 0);
}

int home_by_id(struct home *out, struct profile *p, int64_t id)
{
	return get(out, p, HOME_COLUMNS "id = ?", id);
}

int home_of(struct home *out, struct profile *p, int64_t contact)
{
	return get(out, p, HOME_COLUMNS "id = " HOME_OF("?1"), contact);
}

int home_at(struct home *out, struct profile *p, const uint8_t onion[static ONION_KEY_BYTES])
{
	__attribute__((cleanup(q_finalize_ref))) sqlite3_stmt *s = NULL;
	int rc = q_open(&s, p->db, HOME_COLUMNS "onion = ? AND left_s IS NULL", "b", onion,
			(size_t)ONION_KEY_BYTES);

	return rc ? rc : read_home(out, s);
}

int home_next(struct home *out, struct profile *p, int64_t after)
{
	return find(out, p, HOME_COLUMNS "id > ? AND left_s IS NULL ORDER BY id LIMIT 1", after);
}

int home_next_to_end(struct home *out, struct profile *p, int64_t after)
{
	return find(out, p, HOME_COLUMNS "id > ? AND ended_s IS NULL ORDER BY id LIMIT 1", after);
}

int home_put(int64_t *out, struct profile *p, const uint8_t onion[static ONION_KEY_BYTES])
{
	CLEANUP(key_wipe) struct key owner = { { 0 } };
	CLEANUP(key_wipe) struct key bundle_key = { { 0 } };
	uint8_t uuid[UUID_BYTES];

	randombytes_buf(uuid, sizeof uuid);
	uuid[6] = (uuid[6] & 0x0f) | 0x40; /* RFC 9562 version 4 */
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
	key_random(&owner);
	key_random(&bundle_key);
	return q_number(out, p->db,
			       "INSERT INTO home (onion, uuid, owner, bundle_key, main) VALUES (?, "
			       "?, ?, ?, NOT EXISTS (SELECT 1 FROM home WHERE main)) RETURNING id",
			       "bbbb", onion, (size_t)ONION_KEY_BYTES, uuid, sizeof uuid, owner.b,
			       sizeof owner.b, bundle_key.b, sizeof bundle_key.b)
			? E_IO
			: 0;
}

int home_make_main(struct profile *p, int64_t id)
{
	return q_run(p->db, "UPDATE home SET main = (id = ?)", "i", id);
}

void home_link(struct contact_link *out, const struct profile *p, const struct home *home)
{
	memcpy(out->onion, home->onion, sizeof out->onion);
	memcpy(out->uuid, home->uuid, sizeof out->uuid);
	out->bundle_key = home->bundle_key;
	link_identity_hash(out->identity_hash, p->identity);
}

void home_plan(char out[static HOME_PLAN], const char *what, const struct home *home)
{
	snprintf(out, HOME_PLAN, "%s %" PRId64, what, home->id);
}
