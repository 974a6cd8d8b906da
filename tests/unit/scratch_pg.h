/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A real PostgreSQL for one test program: made by tests/system/cluster.sh in a directory under
 * /tmp, filled by the sottoctl of the same build, gone afterwards. All tests of the program share
 * it; setup and teardown run around each.
 *
 *   SCRATCH_UNIT("db", up, setup, teardown, a_restart_is_survived, ...)      up may be
 * scratch_pg_up itself
 */
#ifndef SOTTO_TESTS_SCRATCH_PG_H
#define SOTTO_TESTS_SCRATCH_PG_H

#include "libshared/scope.h"
#include "libshared/sizes.h"

#include <check.h>
#include <libgen.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCRATCH_TIMEOUT_S = 120 };

static char scratch_pg_dir[32];

static inline int PRINTF_LIKE(1, 2) scratch_try(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (system(line) == 0)
		return 0;
	fprintf(stderr, "failed: %s\n", line);
	return -1;
}

/* cluster.sh, found from this file. */
static inline int scratch_cluster(const char *verb, const char *more)
{
	char here[512];

	snprintf(here, sizeof here, "%s", __FILE__);
	return scratch_try("%s/../system/cluster.sh %s %s %s >/dev/null", dirname(here), verb,
			scratch_pg_dir, more);
}

/* The build directory: the nearest above this program that has SQL for sottoctl. */
static inline const char *scratch_build(void)
{
	static char dir[512], path[sizeof dir + 16];
	ssize_t len = readlink("/proc/self/exe", dir, sizeof dir - 1);

	dir[len < 0 ? 0 : len] = '\0';
	do {
		char *slash = strrchr(dir, '/');

		if (!slash) {
			fprintf(stderr, "no SQL beside this test: make server\n");
			abort();
		}
		*slash = '\0';
		snprintf(path, sizeof path, "%s/sql/migrations", dir);
	} while (access(path, X_OK) != 0);
	return dir;
}

static inline void scratch_pg_down(void)
{
	scratch_cluster("down", "");
	scratch_try("rm -rf %s", scratch_pg_dir);
}

static inline void scratch_pg_up(void)
{
	strcpy(scratch_pg_dir, "/tmp/so.XXXXXX");
	if (!mkdtemp(scratch_pg_dir) || chmod(scratch_pg_dir, 0711) < 0)
		abort();
	if (scratch_cluster("up", "") || scratch_cluster("fill", scratch_build())) {
		scratch_pg_down();
		exit(EXIT_FAILURE);
	}
}

static inline const char *scratch_conninfo(const char *role)
{
	static char info[160];

	snprintf(info, sizeof info, "host=%s/pg port=5432 dbname=sotto user=%s", scratch_pg_dir,
			role);
	return info;
}

static inline PGconn *scratch_connect(const char *role)
{
	PGconn *conn = PQconnectdb(scratch_conninfo(role));

	ck_assert_msg(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
	return conn;
}

/*
 * The first row's columns, each cut to 10 characters, joined by '|'; "none" for no row; the
 * SQLSTATE in brackets for an error. Valid until the next call.
 */
static inline const char *scratch_row(PGresult *r)
{
	static char text[256];
	size_t used = 0;

	text[0] = '\0';
	if (PQresultStatus(r) == PGRES_FATAL_ERROR)
		snprintf(text, sizeof text, "[%s]", PQresultErrorField(r, PG_DIAG_SQLSTATE));
	else if (PQntuples(r) == 0)
		snprintf(text, sizeof text, "none");
	for (int i = 0; PQntuples(r) > 0 && i < PQnfields(r); i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%.10s", i ? "|" : "",
				PQgetvalue(r, 0, i));
	PQclear(r);
	return text;
}

static inline const char *scratch_ask(PGconn *conn, const char *statement)
{
	return scratch_row(PQexec(conn, statement));
}

/* Waits until so many backends wait for a lock. */
static inline void scratch_await_waiting(PGconn *admin, int n)
{
	char expected[16];

	snprintf(expected, sizeof expected, "%d", n);
	while (strcmp(scratch_ask(admin,
				      "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"),
			       expected) != 0)
		;
}

static inline int scratch_unit_run(
		const char *name, TCase *facts, const TTest *const *tests, size_t n)
{
	Suite *suite = suite_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(facts, SCRATCH_TIMEOUT_S);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(facts, tests[i]);
	suite_add_tcase(suite, facts);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A bytea literal of len bytes `byte`; a few are valid at once. */
static inline const char *bytes(unsigned byte, size_t len)
{
	static char texts[4][2 * BLOB_BYTES + 8];
	static unsigned turn;
	char *text = texts[turn++ % ARRAY_LEN(texts)], *at = text;

	at += sprintf(at, "'\\x");
	for (size_t i = 0; i < len; i++)
		at += sprintf(at, "%02x", byte & 0xff);
	strcpy(at, "'");
	return text;
}

#define SCRATCH_UNIT(name, up, setup, teardown, ...)                           \
	int main(void)                                                         \
	{                                                                      \
		const TTest *const tests[] = { __VA_ARGS__ };                  \
		TCase *facts = tcase_create(name);                             \
                                                                               \
		tcase_add_unchecked_fixture(facts, up, scratch_pg_down);       \
		tcase_add_checked_fixture(facts, setup, teardown);             \
		return scratch_unit_run(name, facts, tests, ARRAY_LEN(tests)); \
	}

#endif
