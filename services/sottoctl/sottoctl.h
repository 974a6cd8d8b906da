/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The administrator's tool. Each command is a file; main.c has the table. */
#ifndef SOTTO_SOTTOCTL_H
#define SOTTO_SOTTOCTL_H

#include "libshared/scope.h"

struct context {
	const char *database; /* libpq conninfo; the role is each command's own */
	const char *sql;      /* directory with migrations/ and functions/ */
	const char *config;   /* sotto.conf */
	const char *args;     /* of the command, as its usage says */
	int argc;	      /* what follows the command */
	char **argv;
};

/* Tells how the command is used, and is its exit status then. */
int usage_wrong(const struct context *context);

/*
 * Each returns 0, a negative E_* (status 1), or another exit status above 1, having said on
 * standard error what went wrong.
 */
int cluster_command(const struct context *context);
int migrate_command(const struct context *context);
int sweep_command(const struct context *context);
int keys_command(const struct context *context);
int rotate_command(const struct context *context);
int invite_command(const struct context *context);
int policy_command(const struct context *context);
int init_command(const struct context *context);
int status_command(const struct context *context);
int doctor_command(const struct context *context);
int top_command(const struct context *context);
int backup_command(const struct context *context);
int restore_command(const struct context *context);
int move_command(const struct context *context);

/* rotate.c, for keys_command too: the token-keys of all daemons below base. */
int rotate_below(const char *base) MUST_CHECK;

#endif
