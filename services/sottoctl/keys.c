/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The daemons' credentials. Made once: DIR/<daemon>/{server,nonce,broker}.key and token-keys
 * (rotate.c), DIR/bridged/{session,turn}.key, DIR/turn/secret for coturn, and for the broker's
 * plugin DIR/broker/session.key and the hashes of the daemons' passwords. Prints the public halves
 * as settings.
 */
#include "libshared/encode.h"
#include "libshared/error.h"
#include "libshared/key.h"
#include "services/sottoctl/key_file.h"
#include "services/sottoctl/sottoctl.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const daemons[] = { "prekeyd", "blobd", "bridged" };

static int fail(const char *path)
{
	fprintf(stderr, "sottoctl: %s: %s\n", path, strerror(errno));
	return E_IO;
}

static int make_dir(const char *base, const char *name)
{
	char path[4096];

	snprintf(path, sizeof path, "%s%s%s", base, *name ? "/" : "", name);
	return mkdir(path, 0700) < 0 && errno != EEXIST ? fail(path) : 0;
}

/* Writes a new file of mode 0400 and syncs it; an existing one is left alone. */
static int write_once(const char *path, const void *bytes, size_t len)
{
	__attribute__((cleanup(scope_close_ref))) int fd = open(
			path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);

	if (fd < 0)
		return errno == EEXIST ? 0 : fail(path);
	if (write(fd, bytes, len) != (ssize_t)len || fsync(fd) < 0) {
		int rc = fail(path);

		unlink(path); /* half a key would stay for ever */
		return rc;
	}
	return 0;
}

/* The key in that file, made first if it is missing. */
static int have_key(struct key *out, const char *base, const char *file)
{
	CLEANUP(key_wipe) struct key fresh;
	char path[4096];
	int rc;

	snprintf(path, sizeof path, "%s/%s", base, file);
	key_random(&fresh);
	rc = write_once(path, fresh.b, sizeof fresh.b);
	if (rc == 0 && key_load(out, path))
		rc = fail(path);
	return rc;
}

/* What another part is told of a key follows it, also when it had to be made anew. */
static int copy_key(const struct key *key, const char *base, const char *file)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", base, file);
	return key_file_place(path, key->b, sizeof key->b);
}

static int make_daemon(const char *base, const char *name)
{
	CLEANUP(key_wipe) struct key key = { { 0 } };
	CLEANUP(key_pair_wipe) struct key_pair pair;
	struct key hash;
	char file[64], text[BASE64URL_ROOM(KEY_BYTES)];
	int rc = make_dir(base, name);

	snprintf(file, sizeof file, "%s/nonce.key", name);
	rc = rc ? rc : have_key(&key, base, file);
	snprintf(file, sizeof file, "%s/broker.key", name);
	rc = rc ? rc : have_key(&key, base, file);
	hash256(hash.b, key.b, sizeof key.b);
	snprintf(file, sizeof file, "broker/%s.hash", name);
	rc = rc ? rc : copy_key(&hash, base, file);
	snprintf(file, sizeof file, "%s/server.key", name);
	rc = rc ? rc : have_key(&key, base, file);
	rc = rc ? rc : key_pair_from_secret(&pair, &key);
	if (rc)
		return rc;
	base64url_write(text, pair.pub.b, sizeof pair.pub.b);
	printf("%s_key = %s\n", name, text);
	return 0;
}

/* bridged signs credentials for calls with the text that coturn has in its configuration. */
static int make_turn(const char *base)
{
	static const char name[] = "static-auth-secret=";
	CLEANUP(key_wipe) struct key key = { { 0 } };
	char path[4096], text[BASE64URL_ROOM(KEY_BYTES)], line[sizeof name + sizeof text];
	int rc = have_key(&key, base, "bridged/turn.key");

	rc = rc ? rc : make_dir(base, "turn");
	if (rc)
		return rc;
	base64url_write(text, key.b, sizeof key.b);
	snprintf(line, sizeof line, "%s%s\n", name, text);
	snprintf(path, sizeof path, "%s/turn/secret", base);
	rc = key_file_place(path, line, strlen(line));
	sodium_memzero(line, sizeof line);
	sodium_memzero(text, sizeof text);
	return rc;
}

int keys_command(const struct context *context)
{
	CLEANUP(key_wipe) struct key session = { { 0 } };
	const char *base;
	int rc;

	base = context->argv[0];
	rc = make_dir(base, "");
	rc = rc ? rc : make_dir(base, "broker");
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(daemons); i++)
		rc = make_daemon(base, daemons[i]);
	rc = rc ? rc : make_turn(base);
	rc = rc ? rc : have_key(&session, base, "bridged/session.key");
	rc = rc ? rc : copy_key(&session, base, "broker/session.key");
	return rc ? rc : rotate_below(base);
}
