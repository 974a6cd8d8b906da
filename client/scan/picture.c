/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* libpng's simplified interface and libjpeg-turbo's: both tell errors by a return value. */
#include "client/scan/picture.h"

#include <png.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

/* Room for the pixels; the sizes are the file's own words. */
static bool make_room(struct picture *p, uint64_t width, uint64_t height)
{
	if (width < 1 || height < 1 || width > PICTURE_SIDE_MOST || height > PICTURE_SIDE_MOST ||
			width * height > PICTURE_PIXELS_MOST)
		return false;
	p->width = (unsigned)width;
	p->height = (unsigned)height;
	p->grey = malloc(width * height);
	return p->grey;
}

static int read_png(struct picture *p, const uint8_t *bytes, size_t len)
{
	const png_color white = { 255, 255, 255 };
	png_image image = { .version = PNG_IMAGE_VERSION };
	bool is = png_image_begin_read_from_memory(&image, bytes, len) &&
			make_room(p, image.width, image.height);

	image.format = PNG_FORMAT_GRAY;
	/* What is transparent becomes white. */
	is = is && png_image_finish_read(&image, &white, p->grey, 0, NULL);
	png_image_free(&image);
	return is ? 0 : PICTURE_BAD;
}

static int read_jpeg(struct picture *p, const uint8_t *bytes, size_t len)
{
	tjhandle jpeg = tjInitDecompress();
	int width = 0, height = 0, subsampling, colours;
	bool is = jpeg &&
			tjDecompressHeader3(jpeg, bytes, len, &width, &height, &subsampling,
					&colours) == 0 &&
			width > 0 && height > 0 &&
			make_room(p, (uint64_t)width, (uint64_t)height) &&
			tjDecompress2(jpeg, bytes, len, p->grey, width, 0, height, TJPF_GRAY,
					TJFLAG_LIMITSCANS) == 0;

	tjDestroy(jpeg);
	return is ? 0 : PICTURE_BAD;
}

int picture_read(struct picture *out, const uint8_t *bytes, size_t len)
{
	static const uint8_t png[] = { 0x89, 'P', 'N', 'G' }, jpeg[] = { 0xff, 0xd8, 0xff };
	struct picture p = { 0 };
	int rc = PICTURE_BAD;

	if (len > sizeof png && memcmp(bytes, png, sizeof png) == 0)
		rc = read_png(&p, bytes, len);
	else if (len > sizeof jpeg && memcmp(bytes, jpeg, sizeof jpeg) == 0)
		rc = read_jpeg(&p, bytes, len);
	if (rc)
		picture_clear(&p);
	else
		*out = p;
	return rc;
}

void picture_clear(struct picture *p)
{
	free(p->grey);
	p->grey = NULL;
}
