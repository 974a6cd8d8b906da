/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The table of settings. Trusts the administrator, but not their typing. */
#include "libshared/settings.h"

#include "libshared/options.h"

#define AT(field) \
	offsetof(struct engine_settings, field), sizeof(((struct engine_settings *)0)->field)

static const struct option settings[] = {
	{ "database", OPTION_TEXT, AT(database), NULL, 0, 0, NULL },
	{ "broker", OPTION_TEXT, AT(broker), NULL, 0, 0, NULL },
	{ "onion_api", OPTION_TEXT, AT(onion_api), NULL, 0, 0, NULL },
	{ "onion_live", OPTION_TEXT, AT(onion_live), NULL, 0, 0, NULL },
	{ "circuit_line", OPTION_CHOICE, AT(circuit_line), NULL, 0, 0, "off required" },
	{ "circuit_connections", OPTION_NUMBER, AT(circuit_connections), "8", 1, 65536, NULL },
	{ "circuit_requests", OPTION_NUMBER, AT(circuit_requests), "600", 1, 1000000, NULL },
	{ "circuit_burst", OPTION_NUMBER, AT(circuit_burst), "200", 1, 1000000, NULL },
	{ "connections", OPTION_NUMBER, AT(connections), "2048", 1, 65536, NULL },
	{ "deadline_ms", OPTION_NUMBER, AT(deadline_ms), "60000", 100, 600000, NULL },
	{ "batch_calls", OPTION_NUMBER, AT(batch_calls), "128", 1, 128, NULL },
	{ "mailbox_limit", OPTION_NUMBER, AT(mailbox_limit), "1000", 1, 1000000, NULL },
	{ "chunk_mb", OPTION_NUMBER, AT(chunk_mb), "10240", 0, 1 << 24, NULL },
	{ "sessions", OPTION_NUMBER, AT(sessions), "10000", 1, 100000, NULL },
	{ "disk_path", OPTION_TEXT, AT(disk_path), "/var/lib/postgresql", 0, 0, NULL },
	{ "disk_reserve_mb", OPTION_NUMBER, AT(disk_reserve_mb), "1024", 0, 1000000, NULL },
	{ "blob_budget_mb", OPTION_NUMBER, AT(blob_budget_mb), "0", 0, 100000000, NULL },
	{ "memory_mb", OPTION_NUMBER, AT(memory_mb), "80", 16, 1000000, NULL },
	{ "measure_ms", OPTION_NUMBER, AT(measure_ms), "5000", 100, 60000, NULL },
	{ "metrics_s", OPTION_NUMBER, AT(metrics_s), "60", 1, 3600, NULL },
	{ "work_bits", OPTION_NUMBER, AT(work_bits), "20", 1, 28, NULL },
	{ "work_rate", OPTION_NUMBER, AT(work_rate), "60", 1, 1000000, NULL },
	{ "allowance_prekey", OPTION_NUMBER, AT(allowance[TOKEN_PREKEY]), "1", 0, 1000, NULL },
	{ "allowance_mailbox", OPTION_NUMBER, AT(allowance[TOKEN_MAILBOX]), "1", 0, 1000, NULL },
	{ "allowance_inbox", OPTION_NUMBER, AT(allowance[TOKEN_INBOX]), "1", 0, 1000, NULL },
	{ "allowance_chunk", OPTION_NUMBER, AT(allowance[TOKEN_CHUNK]), "32", 0, 1000, NULL },
	{ "allowance_turn", OPTION_NUMBER, AT(allowance[TOKEN_TURN]), "1", 0, 1000, NULL },
	{ "prekeyd_key", OPTION_KEY, AT(prekeyd_key), NULL, 0, 0, NULL },
	{ "blobd_key", OPTION_KEY, AT(blobd_key), NULL, 0, 0, NULL },
	{ "bridged_key", OPTION_KEY, AT(bridged_key), NULL, 0, 0, NULL },
};

int settings_load(const char *path, struct engine_settings *out, unsigned *out_line)
{
	const struct options_source source = { path, "sotto", settings, ARRAY_LEN(settings) };

	return options_load(&source, out, out_line);
}
