/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sotto-scan: reads a picture from standard input and writes the text of the first of our QR codes
 * in it. A program of its own, so that whatever takes it over finds no key in its memory; caged
 * before it reads the first byte. Its exit status is its only other word: see scan.h.
 */
#include "client/scan/cage.h"
#include "client/scan/picture.h"
#include "client/scan/scan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zbar.h>

enum { FILE_MOST = 32 << 20 };

/* All of it, or -1. */
static ssize_t read_all(uint8_t *out, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size && (n = read(STDIN_FILENO, out + used, size - used)) != 0) {
		if (n < 0)
			return -1;
		used += (size_t)n;
	}
	return used < size ? (ssize_t)used : -1;
}

static bool is_ours(const char *text, size_t len)
{
	return len > sizeof SCAN_SCHEME - 1 && len <= SCAN_TEXT_MOST &&
			memcmp(text, SCAN_SCHEME, sizeof SCAN_SCHEME - 1) == 0;
}

static int tell(const zbar_symbol_t *symbol)
{
	for (; symbol; symbol = zbar_symbol_next(symbol)) {
		const char *text = zbar_symbol_get_data(symbol);
		unsigned len = zbar_symbol_get_data_length(symbol);

		if (is_ours(text, len))
			return write(STDOUT_FILENO, text, len) == (ssize_t)len ? 0 : SCAN_BAD;
	}
	return SCAN_NO_CODE;
}

static int find_code(const struct picture *p)
{
	zbar_image_scanner_t *scanner = zbar_image_scanner_create();
	zbar_image_t *image = zbar_image_create();

	if (!scanner || !image)
		return SCAN_BAD;
	zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
	zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
	zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_BINARY, 1);
	zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
	zbar_image_set_size(image, p->width, p->height);
	zbar_image_set_data(image, p->grey, (unsigned long)p->width * p->height, NULL);
	if (zbar_scan_image(scanner, image) < 0)
		return SCAN_BAD;
	return tell(zbar_image_first_symbol(image));
}

int main(void)
{
	struct picture picture;
	uint8_t *bytes;
	ssize_t len;

	if (cage_enter() < 0)
		_exit(SCAN_NO_CAGE);
	bytes = malloc(FILE_MOST);
	len = bytes ? read_all(bytes, FILE_MOST) : -1;
	if (len < 0 || picture_read(&picture, bytes, (size_t)len))
		_exit(SCAN_BAD);
	_exit(find_code(&picture)); /* nothing is left that should be written or removed */
}
