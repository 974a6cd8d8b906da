/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Characters of other people's words that do more than show. */
#ifndef SOTTO_PLAIN_H
#define SOTTO_PLAIN_H

#include <stddef.h>

/*
 * The length in UTF-8 of the character that s begins with, if it steers terminals (C0, DEL, C1) or
 * turns the direction of writing, so that a text looks like another; else 0. U+061C; U+200E,
 * U+200F, U+2028 to U+202E; U+2066 to U+2069 (Unicode Standard Annex 9). s may be any bytes.
 */
size_t plain_unwanted(const char *s);

#endif
