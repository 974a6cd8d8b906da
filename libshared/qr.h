/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A QR code for a terminal: light on dark, by libqrencode. */
#ifndef SOTTO_QR_H
#define SOTTO_QR_H

#include <stdio.h>

/* Nothing is printed when there is no memory or the text is too long (some 2,900 bytes). */
void qr_print(FILE *to, const char *text);

#endif
