/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One function for each part of a server that can be tested by itself; each adds what it found.
 * Nothing is changed by any of them.
 */
#ifndef SOTTO_SOTTOCTL_CHECKS_H
#define SOTTO_SOTTOCTL_CHECKS_H

#include "libshared/settings.h"
#include "services/sottoctl/findings.h"
#include "services/sottoctl/sottoctl.h"

struct site { /* where the parts are */
	const struct context *context;
	const char *keys;    /* /etc/sotto/keys */
	const char *run;     /* /run: the daemons' sockets lie below */
	const char *socks;   /* unix socket of a Tor */
	const char *journal; /* directory, or NULL */
	struct engine_settings settings;
};

/* False: without settings nothing else can be tested. */
bool check_settings(struct site *site, struct findings *f);

void check_keys(const struct site *site, struct findings *f);	  /* check_keys.c */
void check_daemons(const struct site *site, struct findings *f);  /* check_daemons.c */
void check_database(const struct site *site, struct findings *f); /* check_database.c */
void check_broker(const struct site *site, struct findings *f);	  /* check_broker.c */
void check_turn(const struct site *site, struct findings *f);	  /* check_turn.c */
void check_onion(const struct site *site, struct findings *f);	  /* check_onion.c */

/* check_turn.c: true, or what is wrong with the relay is found under that part. */
bool relay_is_well(const struct site *site, struct findings *f, const char *part, bool through_tor);

/* check_machine.c */
void check_disk(const struct site *site, struct findings *f);
void check_clock(struct findings *f);
void check_sweep(const struct site *site, struct findings *f);

#endif
