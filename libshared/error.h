/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Failures. Whatever can fail returns int: 0 done; negative, one of these: we failed, pass it on
 * unchanged; positive: an answer that the function's header names.
 */
#ifndef SOTTO_ERROR_H
#define SOTTO_ERROR_H

enum {
	E_NOMEM = -1,  /* memory */
	E_IO = -2,     /* a file or socket; errno says more */
	E_DB = -3,     /* the database failed, or its answer is unknown */
	E_BROKER = -4, /* the broker is away */
	E_CONFIG = -5, /* a setting or credential is missing or wrong */
	E_CRYPTO = -6, /* a key is unusable, or a primitive failed */
	E_BUSY = -7,   /* a bounded table or queue of ours is full */
	E_LOCKED = -8, /* local store locked, or wrong passphrase */
	E_NET = -9,    /* the proxy or the server could not be reached */
	E_PROTO = -10, /* a peer broke the protocol */
	E_BUG = -11,   /* what cannot happen */
};

/* One fixed English text each, without a secret; never NULL. */
const char *error_text(int error);

#endif
