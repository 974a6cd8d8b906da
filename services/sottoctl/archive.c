/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * libsodium's secretstream in pieces, each after its length: one that is missing, changed, or in
 * another place does not open, and only the last one is marked as last. The first is empty and
 * belongs to the head: it tells a wrong key from a damaged file.
 */
#include "services/sottoctl/archive.h"

#include "libshared/error.h"
#include "libshared/reader.h"
#include "libshared/writer.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define STREAM(name) crypto_secretstream_xchacha20poly1305_##name

enum { LENGTH = 4, PIECE = 65536, TAG = STREAM(ABYTES), SEALED = LENGTH + PIECE + TAG };

struct archive {
	int fd;
	bool writing, last; /* last: the piece marked so was read */
	STREAM(state) state;
	size_t used, len; /* of piece: taken and filled */
	uint64_t bytes;
	uint8_t piece[PIECE], sealed[SEALED];
};

/* --- telling ------------------------------------------------------------- */

static const struct {
	const char *name, *text, *remedy;
} troubles[] = {
	[TROUBLE_FOREIGN] = { "not-a-backup", "this is no file of sottoctl's",
			"name the file that sottoctl backup or move wrote" },
	[TROUBLE_NEWER] = { "newer-version", "it was made by a later version of sotto",
			"install that version or a later one here, then restore" },
	[TROUBLE_LOCKED] = { "locked",
			"it does not open: the passphrase or identity is another's, "
			"or its beginning was changed",
			"try the passphrase again; if it is right, take another copy of the file" },
	[TROUBLE_TRUNCATED] = { "truncated", "it ends too early",
			"copy it again, or take another copy: without its end nothing is "
			"restored" },
	[TROUBLE_CHANGED] = { "damaged", "its bytes are not those that were written",
			"copy it again, or take another copy: nothing of this one is believed" },
	[TROUBLE_USED] = { "move-received-before", "this move was received here before",
			"if this server's state is lost, restore --as-backup: what was handed out "
			"or "
			"spent since is not handed out or taken again" },
};

int trouble_tell(const char *command, int trouble)
{
	if (trouble <= 0)
		return trouble;
	fprintf(stderr, "sottoctl: %s: %s: %s\n  do: %s\n", command, troubles[trouble].name,
			troubles[trouble].text, troubles[trouble].remedy);
	return E_CONFIG;
}

/* --- making -------------------------------------------------------------- */

static int make(struct archive **out, int fd)
{
	struct archive *a = sodium_malloc(sizeof *a); /* wiped, and kept out of swap and cores */

	if (!a)
		return E_NOMEM;
	sodium_memzero(a, sizeof *a);
	a->fd = fd;
	*out = a;
	return 0;
}

void archive_close(struct archive *a)
{
	sodium_free(a);
}

uint64_t archive_bytes(const struct archive *a)
{
	return a->bytes;
}

/* --- writing ------------------------------------------------------------- */

static int put(struct archive *a, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(a->fd, bytes, len);

		if (n < 0)
			return E_IO; /* EINTR: a signal that wants an end, see progress.c */
		bytes += n;
		len -= (size_t)n;
		a->bytes += (uint64_t)n;
	}
	return 0;
}

/* What is in piece, under a tag; `with` is authenticated besides. */
static int push(struct archive *a, uint8_t tag, const void *with, size_t with_len)
{
	struct writer w = writer_over(a->sealed, LENGTH);
	unsigned long long len = 0;

	writer_u32(&w, (uint32_t)a->len + TAG);
	STREAM(push)(&a->state, a->sealed + LENGTH, &len, a->piece, a->len, with, with_len, tag);
	a->len = 0;
	return put(a, a->sealed, LENGTH + (size_t)len);
}

int archive_create(struct archive **out, int fd, const struct key *key,
		const struct archive_head *head)
{
	CLEANUP(archive_close) struct archive *a = NULL;
	uint8_t start[STREAM(HEADERBYTES)];
	int rc = make(&a, fd);

	if (rc)
		return rc;
	a->writing = true;
	STREAM(init_push)(&a->state, start, key->b);
	rc = put(a, head->b, head->len);
	rc = rc ? rc : put(a, start, sizeof start);
	rc = rc ? rc : push(a, 0, head->b, head->len);
	if (rc == 0)
		*out = STEAL(a);
	return rc;
}

int archive_write(struct archive *a, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;

	while (len) {
		size_t n = len < PIECE - a->len ? len : PIECE - a->len;
		int rc = n ? 0 : push(a, 0, NULL, 0);

		if (rc)
			return rc;
		memcpy(a->piece + a->len, from, n);
		a->len += n;
		from += n;
		len -= n;
	}
	return 0;
}

int archive_write_u32(struct archive *a, uint32_t value)
{
	uint8_t bytes[4];
	struct writer w = writer_over(bytes, sizeof bytes);

	writer_u32(&w, value);
	return archive_write(a, bytes, sizeof bytes);
}

int archive_write_text(struct archive *a, const char *text)
{
	int rc = archive_write_u32(a, (uint32_t)strlen(text));

	return rc ? rc : archive_write(a, text, strlen(text));
}

/* --- reading ------------------------------------------------------------- */

/* As much as there is, up to len. */
static int get(struct archive *a, uint8_t *out, size_t len, size_t *out_n)
{
	size_t got = 0;
	ssize_t n = 1;

	while (got < len && n) {
		n = read(a->fd, out + got, len - got);
		if (n < 0)
			return E_IO;
		got += (size_t)n;
	}
	a->bytes += got;
	*out_n = got;
	return 0;
}

/* The next piece. */
static int pull(struct archive *a, const void *with, size_t with_len)
{
	struct reader rd = reader_over(a->sealed, LENGTH);
	unsigned long long len = 0;
	uint8_t tag = 0;
	size_t n = 0, wanted;
	int rc = a->last ? TROUBLE_CHANGED : get(a, a->sealed, LENGTH, &n);

	if (rc || n < LENGTH)
		return rc ? rc : TROUBLE_TRUNCATED;
	wanted = reader_u32(&rd);
	if (wanted < TAG || wanted > PIECE + TAG)
		return TROUBLE_CHANGED;
	rc = get(a, a->sealed, wanted, &n);
	if (rc || n < wanted)
		return rc ? rc : TROUBLE_TRUNCATED;
	if (STREAM(pull)(&a->state, a->piece, &len, &tag, a->sealed, n, with, with_len))
		return TROUBLE_CHANGED;
	a->used = 0;
	a->len = (size_t)len;
	a->last = tag == STREAM(TAG_FINAL);
	return 0;
}

int archive_open(struct archive **out, int fd, const struct key *key,
		const struct archive_head *head)
{
	CLEANUP(archive_close) struct archive *a = NULL;
	uint8_t start[STREAM(HEADERBYTES)];
	size_t n = 0;
	int rc = make(&a, fd);

	if (rc)
		return rc;
	a->bytes = head->len;
	rc = get(a, start, sizeof start, &n);
	if (rc || n < sizeof start)
		return rc ? rc : TROUBLE_TRUNCATED;
	if (STREAM(init_pull)(&a->state, start, key->b))
		return TROUBLE_LOCKED;
	rc = pull(a, head->b, head->len);
	if (rc == 0)
		*out = STEAL(a);
	return rc == TROUBLE_CHANGED ? TROUBLE_LOCKED : rc;
}

int archive_read(struct archive *a, void *out, size_t len)
{
	uint8_t *to = out;

	while (len) {
		size_t there = a->len - a->used, n = len < there ? len : there;
		int rc = n ? 0 : pull(a, NULL, 0);

		if (rc)
			return rc;
		memcpy(to, a->piece + a->used, n);
		a->used += n;
		to += n;
		len -= n;
	}
	return 0;
}

int archive_read_u32(struct archive *a, uint32_t *out)
{
	uint8_t bytes[4];
	struct reader rd;
	int rc = archive_read(a, bytes, sizeof bytes);

	rd = reader_over(bytes, sizeof bytes);
	if (rc == 0)
		*out = reader_u32(&rd);
	return rc;
}

int archive_read_text(struct archive *a, char *out, size_t room)
{
	uint32_t len = 0;
	int rc = archive_read_u32(a, &len);

	if (rc == 0 && len >= room)
		return TROUBLE_CHANGED;
	rc = rc ? rc : archive_read(a, out, len);
	if (rc == 0)
		out[len] = '\0';
	return rc;
}

int archive_end(struct archive *a)
{
	uint8_t more;
	size_t n = 0;
	int rc;

	if (a->writing)
		return push(a, STREAM(TAG_FINAL), NULL, 0);
	while (!a->last && a->used == a->len) {
		rc = pull(a, NULL, 0);
		if (rc)
			return rc;
	}
	rc = get(a, &more, 1, &n);
	return rc ? rc : a->used == a->len && n == 0 ? 0 : TROUBLE_CHANGED;
}
