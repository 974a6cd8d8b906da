/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A daemon's link to the broker: libmosquitto by its external-loop calls over a unix path, MQTT 5
 * with a large receive maximum, reconnecting with back-off for ever. What cannot be sent is dropped
 * and counted: a push is a hint, the mailbox is the truth (docs/design.md 7.6).
 */
#ifndef SOTTO_LINK_H
#define SOTTO_LINK_H

#include "libshared/key.h"
#include "libshared/scope.h"
#include "libshared/sizes.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

struct link;
struct journal;

struct link_options {
	const char *path; /* the broker's socket for daemons */
	const char *role; /* "blobd": user name, and client id is "<role>.<32 hex of boot id>" */
	const char *instance;	    /* "1": names the beat */
	const struct key *password; /* sent as base64url */
	unsigned max_pending;	    /* publishes without acknowledgement */
	bool beats;		    /* publish the retained beat every 5 s */

	/* All called from the loop with app. */
	void *app;
	void (*on_up)(void *app); /* connected: subscribe and publish retained messages here */
	void (*on_message)(void *app, const char *topic, const uint8_t *payload, size_t len);
	/* MQTT 5 reason 0x10 for a publish made by link_publish_to: nobody listens. NULL: not
	 * wanted. */
	void (*on_unheard)(void *app, const uint8_t session[SESSION_BYTES]);
};

int link_new(struct link **out, sd_event *event, const struct journal *journal,
		const struct link_options *options) MUST_CHECK;
void link_free(struct link *link);
DEFINE_CLEANUP(struct link *, link_free)

bool link_is_up(const struct link *link);
const uint8_t *link_boot_id(const struct link *link); /* 16 random bytes of this process */

/* 0, or E_BROKER: not sent, counted as dropped. QoS 1. */
int link_publish(struct link *link, const char *topic, const void *payload, size_t len,
		bool retain) MUST_CHECK;
int link_publish_to(struct link *link, const uint8_t session[static SESSION_BYTES],
		const char *topic, const void *payload, size_t len) MUST_CHECK;
int link_subscribe(struct link *link, const char *filter) MUST_CHECK;

/*
 * An event for the other daemons: boot id || next counter || bytes, on topic. The counter advances
 * whether it could be sent or not, so that a drop shows as a gap; a retained beat tells boot id and
 * counter every 5 s.
 */
void link_event(struct link *link, const char *topic, const void *bytes, size_t len);

unsigned long link_dropped(const struct link *link);
unsigned link_pending(const struct link *link);

#endif
