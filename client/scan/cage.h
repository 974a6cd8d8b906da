/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Decoders of pictures have had their holes, and this one reads what a stranger sent. From here on
 * the process has memory and the descriptors that are open: no file, no network, no other process,
 * no new code.
 */
#ifndef SOTTO_SCAN_CAGE_H
#define SOTTO_SCAN_CAGE_H

#include "libshared/scope.h"

/* 0, or -1 where the kernel has no seccomp filters: then nothing may be read. */
int cage_enter(void) MUST_CHECK;

#endif
