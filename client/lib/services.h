/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What answers of a server: its daemons at the one onion, its broker and relay at the other. Asked
 * as anybody may, so it tells nothing about who asks.
 */
#ifndef SOTTO_SERVICES_H
#define SOTTO_SERVICES_H

#include "client/lib/probe.h"

enum { FINDING_ROOM = 320 };

/* The first three in the order of their ports. */
enum service { PREKEYD, BLOBD, BRIDGED, BROKER, RELAY, SERVICES };

struct services {
	enum probe_end of[SERVICES];
	/* As one of the daemons says. */
	bool no_database, no_broker;
};

/* E_NET, E_NOMEM: of probe_all. */
int services_ask_daemons(struct services *out, const struct net *net,
		const uint8_t onion[static ONION_KEY_BYTES]) MUST_CHECK;
int services_ask_live(struct services *out, const struct net *net,
		const struct known_server *at) MUST_CHECK;

/* Tor got to the onion for one of these, for certain; or as it seems; or at least it said that it
 * did not. */
bool services_are_reached(const struct services *services, enum service first, enum service last);
bool services_are_there(const struct services *services, enum service first, enum service last);
bool services_are_denied(const struct services *services, enum service first, enum service last);

/* All of them, and they have what they need. */
bool services_are_well(const struct services *services);

/* What is wrong with one at an onion that is there, and what follows from it. */
void service_tell(
		char out[static FINDING_ROOM], const struct services *services, enum service which);

#endif
