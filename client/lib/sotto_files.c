/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The public functions around files. */
#include "client/lib/change.h"
#include "client/lib/download.h"
#include "client/lib/handle.h"
#include "client/lib/upload.h"
#include "libshared/error.h"

#include <string.h>

struct showing {
	sotto_on_file *on_file;
	void *userdata;
	char contact[CONTACT_NAME_MOST + 1], group[CONTACT_NAME_MOST + 1]; /* "": none */
};

/* SOTTO_NO_FILE: its contact or group has just ended, and so has it. */
static int find_names(struct showing *out, struct sotto *s, const struct transfer *t)
{
	struct contact c = { .name = "" };
	struct group g = { .name = "" };
	int rc = t->contact ? contact_by_id(&c, s->profile, t->contact) : 0;

	rc = rc || !t->group ? rc : group_by_id(&g, s->profile, t->group);
	memcpy(out->contact, c.name, sizeof out->contact);
	memcpy(out->group, g.name, sizeof out->group);
	return rc > 0 ? SOTTO_NO_FILE : rc;
}

static enum sotto_file_state state_of(const struct transfer *t)
{
	if (t->state == TRANSFER_CLOSED)
		return SOTTO_FILE_WHOLE;
	return t->out || t->done ? SOTTO_FILE_MOVES : SOTTO_FILE_WAITS;
}

/* placed: or NULL. */
static int show(const struct showing *to, const struct transfer *t, const char *placed)
{
	const uint64_t done = (uint64_t)t->done * file_piece_contents(&t->file);
	const struct sotto_file file = {
		.id = t->id,
		.contact = to->contact,
		.out = t->out,
		.state = state_of(t),
		.name = t->file.name,
		.type = t->file.type,
		.size = t->file.size,
		.done = done < t->file.size ? done : t->file.size,
		.pieces = file_pieces(&t->file),
		.n_done = t->done,
		.placed = placed,
		.group = *to->group ? to->group : NULL,
	};

	return to->on_file ? to->on_file(to->userdata, &file) : 0;
}

int sotto_files(struct sotto *s, sotto_on_file *on_file, void *userdata)
{
	CLEANUP(transfer_wipe) struct transfer t = { .id = 0 };
	struct showing to = { on_file, userdata, "", "" };
	int rc;

	while ((rc = transfer_next(&t, s->profile, t.id)) == 0) {
		rc = find_names(&to, s, &t);
		if (rc == SOTTO_NO_FILE)
			continue;
		rc = rc ? rc : show(&to, &t, NULL);
		if (rc)
			return rc;
	}
	return rc == TRANSFER_NONE ? 0 : rc;
}

/* --- sending ------------------------------------------------------------ */

static int send_all(struct sotto *s, struct transfer *t, const struct showing *to)
{
	int rc;

	do {
		rc = show(to, t, NULL);
		if (rc)
			return rc;
		rc = upload_step(&s->net, s->profile, t);
	} while (rc == 0);
	if (rc != TRANSFER_DONE)
		return sotto_of_transfer(rc);
	rc = show(to, t, NULL);
	if (rc == 0)
		sotto_wake(s);
	if (rc || s->watch || t->group) /* the copies have times of their own */
		return rc;
	return sync_flush_contact(&s->net, s->profile, t->contact);
}

static int send_begun(struct sotto *s, struct transfer *t, struct showing *to)
{
	const int rc = find_names(to, s, t);

	if (rc == SOTTO_NO_FILE)
		return t->group ? SOTTO_NO_GROUP : SOTTO_NO_CONTACT;
	return rc ? rc : send_all(s, t, to);
}

static int of_begin(int rc)
{
	return rc == TRANSFER_WRONG ? SOTTO_FILE_TOO_LARGE : sotto_of_transfer(rc);
}

int sotto_send_file(struct sotto *s, const char *contact, const char *path, sotto_on_file *on_file,
		void *userdata)
{
	CLEANUP(transfer_wipe) struct transfer t = { .id = 0 };
	struct showing to = { on_file, userdata, "", "" };
	int rc = upload_begin(&t, s->profile, contact, path);

	return rc ? of_begin(rc) : send_begun(s, &t, &to);
}

int sotto_group_send_file(struct sotto *s, const char *group, const char *path,
		sotto_on_file *on_file, void *userdata)
{
	CLEANUP(transfer_wipe) struct transfer t = { .id = 0 };
	struct showing to = { on_file, userdata, "", "" };
	struct group g;
	int rc = sotto_of_group(group_by_name(&g, s->profile, group));

	if (rc)
		return rc;
	rc = upload_begin_in(&t, s->profile, &g, path);
	return rc ? of_begin(rc) : send_begun(s, &t, &to);
}

/* --- fetching ----------------------------------------------------------- */

int sotto_get_file(struct sotto *s, int64_t id, const char *path, sotto_on_file *on_file,
		void *userdata)
{
	CLEANUP(download_close) struct download d = { .folder = -1, .part = -1 };
	struct showing to = { on_file, userdata, "", "" };
	int rc = download_open(&d, s->profile, id, path), named;

	if (rc == TRANSFER_DONE && !*d.name)
		return SOTTO_NOTHING;
	if (rc && rc != TRANSFER_DONE)
		return sotto_of_transfer(rc);
	named = find_names(&to, s, &d.transfer);
	if (named)
		return named;
	while (rc == 0) {
		rc = show(&to, &d.transfer, NULL);
		if (rc)
			return rc;
		rc = download_step(&s->net, s->profile, &d);
	}
	if (rc != TRANSFER_DONE)
		return sotto_of_transfer(rc);
	d.transfer.state = TRANSFER_CLOSED;
	return show(&to, &d.transfer, d.name);
}

int sotto_forget_file(struct sotto *s, int64_t id)
{
	return sotto_of_transfer(change_forget_file(s->profile, id));
}

int sotto_end_pieces(struct sotto *s)
{
	bool left;

	return transfer_clean(&s->net, s->profile, UINT32_MAX, &left);
}
