/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Calls in words, and where their program is. */
#ifndef SOTTO_CALL_TEXT_H
#define SOTTO_CALL_TEXT_H

#include "client/sotto.h"

enum { CALL_TEXT = 160, CALL_PROGRAM = 4096 };

const char *call_news_text(enum sotto_call_news news); /* NULL: of SOTTO_CALL_MEASURES */
void call_end_text(char out[static CALL_TEXT], const struct sotto_call_end *end);
/* Beside ourselves in a build tree, or where the package puts it. */
const char *call_program(char room[static CALL_PROGRAM]);

#endif
