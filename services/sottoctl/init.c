/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From installed packages to a server that answers through Tor. Every step looks first and
 * changes only what is not right yet, so it may run again at any time: it repairs. PostgreSQL
 * and Tor are instances of our own; nothing that belongs to the distribution or to the
 * administrator is edited.
 */
#include "services/sottoctl/init.h"

#include "libshared/encode.h"
#include "libshared/error.h"
#include "libshared/qr.h"
#include "services/sottoctl/hold.h"
#include "services/sottoctl/instances.h"
#include "services/sottoctl/onion.h"
#include "services/sottoctl/progress.h"
#include "services/sottoctl/run.h"
#include "services/sottoctl/settings_text.h"
#include "services/sottoctl/sottoctl.h"
#include "services/sottoctl/sql.h"

#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#define SHARE "/usr/share/sotto"
#define TOR_DATA "/var/lib/tor-instances/sotto"
#define TORRC "/etc/tor/instances/sotto/torrc"
#define CONFIG "/etc/sotto/sotto.conf"
#define KEYS "/etc/sotto/keys"
#define DATABASE "host=/run/postgresql port=" INIT_PORT

enum { ONION_WAIT_S = 600, ONION_FORGET_S = 20 };

struct init {
	const struct context *context;
	char version[16];    /* of PostgreSQL: "15" */
	char cluster[5][80]; /* unit, and the files that are ours in it: see name_cluster */
	char api[ONION_TEXT + 1], live[ONION_TEXT + 1];
	bool tor_changed, daemons_changed;
};

enum { UNIT, CONF, HBA, IDENT, LIMITS };

static int say(int error, const char *format, ...) PRINTF_LIKE(2, 3);
static int say(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("sottoctl: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	va_end(args);
	return error;
}

static int check_machine(void)
{
	if (geteuid() != 0)
		return say(E_CONFIG, "init must be run by root");
	if (sd_booted() <= 0)
		return say(E_CONFIG, "this machine does not run systemd");
	if (access(SHARE "/torrc", R_OK) < 0)
		return say(E_CONFIG, SHARE " is missing: install the package sotto-server");
	return 0;
}

/* --- PostgreSQL ---------------------------------------------------------- */

/*
 * The last name that matches, without what is before and after the star. Numbers of versions
 * have two digits.
 */
static int newest(char *out, size_t room, const char *before, const char *after)
{
	char pattern[256];
	glob_t found;
	int rc = E_CONFIG;

	snprintf(pattern, sizeof pattern, "%s*%s", before, after);
	if (glob(pattern, 0, NULL, &found) == 0) {
		const char *last = found.gl_pathv[found.gl_pathc - 1];
		size_t len = strlen(last) - strlen(before) - strlen(after);

		if (len < room) {
			snprintf(out, room, "%.*s", (int)len, last + strlen(before));
			rc = 0;
		}
	}
	globfree(&found);
	return rc;
}

static void name_cluster(struct init *init)
{
	static const char *const files[] = {
		[CONF] = "conf.d/sotto.conf", [HBA] = "pg_hba.conf", [IDENT] = "pg_ident.conf"
	};

	snprintf(init->cluster[UNIT], sizeof init->cluster[UNIT], "postgresql@%s-sotto.service",
			init->version);
	for (size_t i = CONF; i <= IDENT; i++)
		snprintf(init->cluster[i], sizeof init->cluster[i], "/etc/postgresql/%s/sotto/%s",
				init->version, files[i]);
	snprintf(init->cluster[LIMITS], sizeof init->cluster[LIMITS],
			"/etc/systemd/system/postgresql@%s-sotto.service.d/sotto.conf",
			init->version);
}

static int have_cluster(struct init *init)
{
	const char *const make[] = { "pg_createcluster", "--port", INIT_PORT, "--start-conf",
		"auto", "--locale", "C.UTF-8", "--encoding", "UTF8", init->version, "sotto", "--",
		"--wal-segsize=1", "--data-checksums", NULL };
	const char *const reload[] = { "systemctl", "daemon-reload", NULL };
	int rc;

	if (newest(init->version, sizeof init->version, "/etc/postgresql/",
			    "/sotto/postgresql.conf") == 0)
		return 0;
	if (newest(init->version, sizeof init->version, "/usr/lib/postgresql/", "/bin/postgres"))
		return say(E_CONFIG,
				"there is no PostgreSQL server: install the package postgresql");
	printf("database: making the PostgreSQL cluster %s/sotto\n", init->version);
	rc = run_program(make);
	return rc ? rc : run_program(reload);
}

static int place_shared(const char *name, const char *path, bool *changed)
{
	CLEANUP(scope_free) char *text = NULL;
	char from[128];

	snprintf(from, sizeof from, SHARE "/%s", name);
	if (file_read(&text, from))
		return say(E_IO, "cannot read %s", from);
	return file_place(path, text, 0644, changed);
}

/* Before it starts: what it takes while it starts is counted, too. */
static int limit_cluster(const struct init *init)
{
	const char *const reload[] = { "systemctl", "daemon-reload", NULL };
	CLEANUP(scope_free) char *folder = strdup(init->cluster[LIMITS]);
	bool changed = false;
	int rc;

	if (!folder)
		return E_NOMEM;
	*strrchr(folder, '/') = '\0';
	mkdir(folder, 0755);
	rc = place_shared("postgresql.service.conf", init->cluster[LIMITS], &changed);
	return rc || !changed ? rc : run_program(reload);
}

static int set_up_database(struct init *init)
{
	struct context as_postgres = *init->context, as_owner = *init->context;
	const char *verb[] = { "systemctl", "start", init->cluster[UNIT], NULL };
	char start[128];
	bool changed = false;
	int rc = have_cluster(init);

	name_cluster(init);
	snprintf(start, sizeof start, "/etc/postgresql/%s/sotto/start.conf", init->version);
	rc = rc ? rc : place_shared("postgresql.conf", init->cluster[CONF], &changed);
	rc = rc ? rc : place_shared("pg_hba.conf", init->cluster[HBA], &changed);
	rc = rc ? rc : place_shared("pg_ident.conf", init->cluster[IDENT], &changed);
	rc = rc ? rc : file_place(start, "auto\n", 0644, &changed);
	rc = rc ? rc : limit_cluster(init);
	if (changed)
		verb[1] = "restart";
	rc = rc ? rc : run_program(verb);
	as_postgres.database = DATABASE " user=postgres";
	as_owner.database = INIT_OWNER;
	rc = rc ? rc : cluster_command(&as_postgres);
	return rc ? rc : migrate_command(&as_owner);
}

/* --- Tor ----------------------------------------------------------------- */

/* All of `from` in text by `to`. */
static int replace(char **text, const char *from, const char *to)
{
	char *at, *out;

	while ((at = strstr(*text, from))) {
		if (asprintf(&out, "%.*s%s%s", (int)(at - *text), *text, to, at + strlen(from)) < 0)
			return E_NOMEM;
		free(*text);
		*text = out;
	}
	return 0;
}

static int place_torrc(struct init *init)
{
	static const char more[] = "\n# Lines of the administrator, bridges for example, in files "
				   "of their own.\n"
				   "%include /etc/sotto/torrc.d/*.conf\n";
	CLEANUP(scope_free) char *text = NULL;
	char *all;
	int rc = file_read(&text, SHARE "/torrc");

	rc = rc ? rc : replace(&text, "@ONIONS@", TOR_DATA);
	rc = rc ? rc : replace(&text, "@RUN@", "/run");
	if (rc || asprintf(&all, "%s%s", text, more) < 0)
		return rc ? rc : E_NOMEM;
	mkdir("/etc/sotto", 0755);
	mkdir("/etc/sotto/torrc.d", 0755);
	mkdir("/etc/tor/instances", 0755);
	mkdir("/etc/tor/instances/sotto", 0755);
	rc = file_place(TORRC, all, 0644, &init->tor_changed);
	free(all);
	return rc;
}

static int read_onion_name(char out[static ONION_TEXT + 1], const char *service)
{
	CLEANUP(scope_free) char *text = NULL;
	uint8_t key[ONION_KEY_BYTES];
	char path[128];

	snprintf(path, sizeof path, TOR_DATA "/%s/hostname", service);
	if (file_read(&text, path))
		return E_IO;
	text[strcspn(text, "\n")] = '\0';
	if (onion_read(key, text, strlen(text)))
		return E_CONFIG;
	memcpy(out, text, ONION_TEXT + 1);
	return 0;
}

/* Tor's unit is ready before it has made the keys of its services. */
static int wait_for_names(struct init *init)
{
	const struct timespec moment = { .tv_nsec = 100000000 };

	for (int tries = 0; tries < 600; tries++) {
		if (read_onion_name(init->api, "api") == 0 &&
				read_onion_name(init->live, "live") == 0)
			return 0;
		nanosleep(&moment, NULL);
	}
	return say(E_IO, "Tor has made no onion names: see journalctl -u tor@sotto");
}

static int set_up_tor(struct init *init)
{
	const char *verb[] = { "systemctl", "start", "tor@sotto.service", NULL };
	int rc = place_torrc(init);

	if (init->tor_changed)
		verb[1] = "restart";
	rc = rc ? rc : run_program(verb);
	return rc ? rc : wait_for_names(init);
}

/* --- keys and settings --------------------------------------------------- */

/* Lines "prekeyd_key = ..." as `sottoctl keys` prints them. */
static int set_keys(char **text, char *lines)
{
	char *save = NULL;
	int rc = 0;

	for (char *line = strtok_r(lines, "\n", &save); rc == 0 && line;
			line = strtok_r(NULL, "\n", &save)) {
		char *equals = strstr(line, " = ");

		if (!equals)
			return say(E_BUG, "keys printed no setting");
		*equals = '\0';
		rc = settings_text_set(text, line, equals + 3, true);
	}
	return rc;
}

/* When a key was last made. */
static uint64_t newest_key_ns(void)
{
	uint64_t at, newest = 0;
	struct stat st;
	glob_t found;

	if (glob(KEYS "/*/*", 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			if (stat(found.gl_pathv[i], &st) < 0)
				continue;
			at = (uint64_t)st.st_mtim.tv_sec * 1000000000 +
					(uint64_t)st.st_mtim.tv_nsec;
			newest = at > newest ? at : newest;
		}
	globfree(&found);
	return newest;
}

static int place_keys(struct init *init, char **lines)
{
	const char *const make[] = { "/proc/self/exe", "keys", KEYS, NULL };
	const char *const own[] = { "chown", "-R", "_sotto-keys:", KEYS, NULL };
	const char *const hide[] = { "chmod", "-R", "go=", KEYS, NULL };
	const uint64_t before_ns = newest_key_ns();
	int rc = run_and_read(lines, make);

	rc = rc ? rc : run_program(own);
	rc = rc ? rc : run_program(hide);
	if (newest_key_ns() != before_ns)
		init->daemons_changed = true;
	return rc;
}

static int place_settings(struct init *init)
{
	CLEANUP(scope_free) char *text = NULL, *keys = NULL;
	int rc = place_keys(init, &keys);

	if (rc == 0 && file_read(&text, CONFIG))
		text = strdup("# sotto.conf(5). sottoctl init keeps the names and keys right; the "
			      "rest is yours.\n[sotto]\n");
	if (rc == 0 && !text)
		rc = E_NOMEM;
	rc = rc ? rc : settings_text_set(&text, "database", DATABASE " dbname=sotto", false);
	rc = rc ? rc : settings_text_set(&text, "broker", "/run/sotto-broker/d/s", false);
	rc = rc ? rc : settings_text_set(&text, "circuit_line", "required", false);
	rc = rc ? rc : settings_text_set(&text, "onion_api", init->api, true);
	rc = rc ? rc : settings_text_set(&text, "onion_live", init->live, true);
	rc = rc ? rc : set_keys(&text, keys);
	return rc ? rc : file_place(CONFIG, text, 0644, &init->daemons_changed);
}

/* --- start, and see it from outside -------------------------------------- */

static int start_all(const struct init *init)
{
	const char *const enable[] = { "systemctl", "--quiet", "enable", "sotto.target", NULL };
	const char *const restart[] = { "systemctl", "try-restart", "sotto-broker.service",
		"sotto-turn.service", "prekeyd*.service", "blobd*.service", "bridged.service",
		NULL };
	const char *const start[] = { "systemctl", "start", "sotto.target", "sotto-sweep.service",
		NULL };
	int rc = run_program(enable);

	rc = rc ? rc : instances_take_up(CONFIG);
	if (init->daemons_changed)
		rc = rc ? rc : run_program(restart);
	return rc ? rc : run_program(start);
}

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/*
 * A new onion's descriptor takes Tor half a minute to spread. Who asks too early, or learns after a
 * move where the old host was, is made to ask anew; that it cannot be made to is no matter: it
 * takes longer then.
 */
static int wait_for_onion(const struct init *init, unsigned port)
{
	const struct onion_target target = { ONION_SOCKS, init->api, "/v1/health", port };
	const struct timespec moment = { .tv_sec = 1 };
	const time_t began = now_s();
	time_t asked = began;
	unsigned socks = 0;
	int status = 0;

	do {
		if (onion_get(&target, &status, &socks) == 0 && status == 200) {
			progress_waited(NULL, 0);
			return 0;
		}
		progress_waited("onion: waiting", now_s() - began);
		if (now_s() - asked >= ONION_FORGET_S &&
				onion_forget(ONION_CONTROL, ONION_COOKIE) == 0)
			asked = now_s();
		nanosleep(&moment, NULL);
	} while (now_s() - began < ONION_WAIT_S);
	progress_waited(NULL, 0);
	if (status)
		return say(E_NET,
				"port %u answers %d through Tor: see journalctl -u sotto.target -u "
				"'*d.service'",
				port, status);
	return say(E_NET,
			"port %u is not reached through Tor after %d s: see journalctl -u "
			"tor@sotto",
			port, ONION_WAIT_S);
}

static int wait_until_reached(const struct init *init)
{
	const time_t began = now_s();

	printf("onion: waiting until it answers through Tor\n");
	fflush(stdout);
	for (unsigned port = 7001; port <= 7003; port++) {
		int rc = wait_for_onion(init, port);

		if (rc)
			return rc;
	}
	printf("onion: all three daemons answer through Tor, after %ld s\n",
			(long)(now_s() - began));
	return 0;
}

/* The first invite, when nobody has come yet and none is there. */
static int welcome(const struct init *init)
{
	CLEANUP(PQfinish) PGconn *conn = NULL;
	struct context invite = {
		.database = INIT_OWNER, .config = CONFIG, .argv = init->context->argv
	};
	long known = 0;
	int rc = sql_connect(&conn, invite.database, "sotto");

	rc = rc ? rc
		: sql_number(conn,
				  "SELECT count(*) FROM (SELECT FROM sotto.invite UNION ALL "
				  "SELECT FROM sotto.account) known",
				  &known);
	if (rc)
		return rc;
	printf("server: %s\n", init->api);
	if (known) {
		qr_print(stdout, init->api);
		return 0;
	}
	printf("the first invite, for one person, good for seven days (more: sottoctl invite):\n");
	return invite_command(&invite);
}

static int check_hold(const struct context *context)
{
	switch (hold_read(context->config)) {
	case HOLD_RESTORING:
		return say(E_CONFIG, "a restore was interrupted: run it again");
	case HOLD_MOVING:
		return say(E_CONFIG, "a move was interrupted: sottoctl move --back ends it");
	case HOLD_MOVED:
		return say(E_CONFIG,
				"this server was moved to another host, which has its "
				"addresses now: see sottoctl(8), move --back");
	default:
		return 0;
	}
}

int init_database(const struct context *context)
{
	struct init init = { .context = context };
	int rc = check_machine();

	return rc ? rc : set_up_database(&init);
}

int init_again(const struct context *context)
{
	struct init init = { .context = context };
	int rc = check_machine();

	rc = rc ? rc : check_hold(context);
	rc = rc ? rc : set_up_database(&init);
	rc = rc ? rc : set_up_tor(&init);
	rc = rc ? rc : place_settings(&init);
	rc = rc ? rc : start_all(&init);
	rc = rc ? rc : wait_until_reached(&init);
	return rc ? rc : welcome(&init);
}

int init_command(const struct context *context)
{
	return init_again(context);
}
