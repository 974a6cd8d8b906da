/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* QR codes out of half blocks, two rows of modules a line. */
#include "libshared/qr.h"

#include <qrencode.h>
#include <stdbool.h>

enum { QUIET = 2 }; /* the white border that readers need */

static bool is_dark(const QRcode *qr, int x, int y)
{
	return x >= 0 && x < qr->width && y >= 0 && y < qr->width &&
			(qr->data[y * qr->width + x] & 1);
}

void qr_print(FILE *to, const char *text)
{
	QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);

	if (!qr)
		return;
	for (int y = -QUIET; y < qr->width + QUIET; y += 2) {
		for (int x = -QUIET; x < qr->width + QUIET; x++) {
			bool top = is_dark(qr, x, y), low = is_dark(qr, x, y + 1);

			fputs(top ? (low ? " " : "\u2584") : (low ? "\u2580" : "\u2588"), to);
		}
		putc('\n', to);
	}
	QRcode_free(qr);
}
