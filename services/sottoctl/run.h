/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Other programs of the system, and files that are replaced whole. Errors are told on standard
 * error.
 */
#ifndef SOTTO_SOTTOCTL_RUN_H
#define SOTTO_SOTTOCTL_RUN_H

#include "libshared/scope.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * Runs words[0], found in PATH, with words, ended by NULL; what it prints goes where our output
 * goes. E_IO.
 */
int run_program(const char *const words[]) MUST_CHECK;

/* The same; *out gets what it prints on standard output. The caller frees it. */
int run_and_read(char **out, const char *const words[]) MUST_CHECK;

/*
 * The same, with in_len bytes on its standard input; *len is the room at out, and then how many
 * bytes came. Both fit into a pipe: at most 64 KiB. E_IO
 */
int run_filter(const char *const words[], const void *in, size_t in_len, void *out,
		size_t *len) MUST_CHECK;

/* A whole text file of at most 1 MiB. E_IO without a word: whoever asks knows what it means. */
int file_read(char **out, const char *path) MUST_CHECK;

/*
 * Makes path hold exactly this text with this mode, if it does not yet: a new file is written,
 * synced and renamed over it. *changed becomes true then, and stays as it is otherwise.
 */
int file_place(const char *path, const char *text, mode_t mode, bool *changed) MUST_CHECK;

#endif
