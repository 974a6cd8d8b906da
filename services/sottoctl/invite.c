/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An invite: a link, also as QR code, that names the server and carries a code which buys account
 * tokens. Only the code's hash is kept, and no account names it.
 */
#include "libshared/encode.h"
#include "libshared/error.h"
#include "libshared/qr.h"
#include "libshared/settings.h"
#include "libshared/sizes.h"
#include "libshared/writer.h"
#include "services/sottoctl/sottoctl.h"
#include "services/sottoctl/sql.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { USES_MOST = 1000, DAYS_MOST = 365 };
enum { LINK_VERSION = 2, LINK_BYTES = 1 + ONION_KEY_BYTES + INVITE_CODE_BYTES };

struct wish {
	long uses, days;
};

static int read_number(long *out, const char *text, long most)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < 1 || value > most) {
		fprintf(stderr, "sottoctl: not a number from 1 to %ld: %s\n", most, text);
		return E_CONFIG;
	}
	*out = value;
	return 0;
}

static int read_wish(struct wish *out, const struct context *context)
{
	static const struct option options[] = {
		{ "uses", required_argument, NULL, 'u' },
		{ "days", required_argument, NULL, 'd' },
		{ NULL, 0, NULL, 0 },
	};
	int option, rc = 0;

	*out = (struct wish){ .uses = 1, .days = 7 };
	optind = 0; /* getopt again, from argv[1] */
	while (rc == 0 &&
			(option = getopt_long(context->argc + 1, context->argv - 1, "+", options,
					 NULL)) != -1) {
		if (option == 'u')
			rc = read_number(&out->uses, optarg, USES_MOST);
		else
			rc = option == 'd' ? read_number(&out->days, optarg, DAYS_MOST)
					   : usage_wrong(context);
	}
	return rc == 0 && optind != context->argc + 1 ? usage_wrong(context) : rc;
}

static int read_onion(uint8_t out[static ONION_KEY_BYTES], const char *config)
{
	struct engine_settings settings = { 0 };
	unsigned line;
	int rc = settings_load(config, &settings, &line);

	if (rc == 0 && onion_read(out, settings.onion_api, strlen(settings.onion_api)))
		rc = E_CONFIG;
	if (rc)
		fprintf(stderr, "sottoctl: %s: %s\n", config, error_text(rc));
	return rc;
}

static int keep(const char *database, const struct wish *wish, const uint8_t *code)
{
	CLEANUP(PQfinish) PGconn *conn = NULL;
	uint8_t hash[HASH_BYTES];
	char hex[2 * HASH_BYTES + 1], statement[256];
	int rc = sql_connect(&conn, database, "sotto");

	hash256(hash, code, INVITE_CODE_BYTES);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	snprintf(statement, sizeof statement,
			"INSERT INTO sotto.invite (code, uses, expires_on) "
			"VALUES ('\\x%s', %ld, current_date + %ld)",
			hex, wish->uses, wish->days);
	return rc ? rc : sql_run(conn, "invite", statement);
}

int invite_command(const struct context *context)
{
	uint8_t onion[ONION_KEY_BYTES], code[INVITE_CODE_BYTES], bytes[LINK_BYTES];
	struct writer w = writer_over(bytes, sizeof bytes);
	char link[8 + BASE64URL_ROOM(LINK_BYTES)] = "sotto://";
	struct wish wish;
	int rc = read_wish(&wish, context);

	rc = rc ? rc : read_onion(onion, context->config);
	randombytes_buf(code, sizeof code);
	rc = rc ? rc : keep(context->database, &wish, code);
	if (rc)
		return rc;
	writer_u8(&w, LINK_VERSION);
	writer_copy(&w, onion, sizeof onion);
	writer_copy(&w, code, sizeof code);
	base64url_write(link + 8, bytes, sizeof bytes);
	puts(link);
	qr_print(stdout, link);
	sodium_memzero(code, sizeof code);
	sodium_memzero(bytes, sizeof bytes);
	sodium_memzero(link, sizeof link);
	return 0;
}
