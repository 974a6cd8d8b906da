/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The Signal library: libomemo-c in its Signal mode, or (make SIGNAL=libsignal-protocol-c) the one
 * that it was forked from, which knows one wire version and so is not told which. They speak the
 * same bytes and name the same functions; one process holds one of them.
 */
#ifndef SOTTO_SIGNAL_LIBRARY_H
#define SOTTO_SIGNAL_LIBRARY_H

#ifdef SOTTO_LIBSIGNAL_PROTOCOL_C
#include <signal/curve.h>
#include <signal/key_helper.h>
#include <signal/protocol.h>
#include <signal/ratchet.h>
#include <signal/session_builder.h>
#include <signal/session_cipher.h>
#include <signal/session_pre_key.h>
#include <signal/session_record.h>
#include <signal/session_state.h>
#include <signal/signal_protocol.h>

#define session_builder_set_version(builder, version) ((void)(builder), (void)(version))
#define session_cipher_set_version(cipher, version) ((void)(cipher), (void)(version))
#define signal_protocol_session_load_session(stores, out, address, version) \
	(signal_protocol_session_load_session)(stores, out, address)
#else
#include <omemo/curve.h>
#include <omemo/key_helper.h>
#include <omemo/protocol.h>
#include <omemo/ratchet.h>
#include <omemo/session_builder.h>
#include <omemo/session_cipher.h>
#include <omemo/session_pre_key.h>
#include <omemo/session_record.h>
#include <omemo/session_state.h>
#include <omemo/signal_protocol.h>
#endif

#endif
