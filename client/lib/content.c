/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Message content. What is read comes from a contact, authenticated, but may be anything. */
#include "client/lib/content.h"

#include "libshared/reader.h"
#include "libshared/writer.h"

#include <string.h>

/* Length of the well-formed sequence at the start (Unicode 3.9, table 3-7), or 0. */
static size_t sequence(const uint8_t *s, size_t len)
{
	size_t n = s[0] < 0x80			      ? 1
			: s[0] >= 0xc2 && s[0] < 0xe0 ? 2
			: (s[0] & 0xf0) == 0xe0	      ? 3
			: s[0] >= 0xf0 && s[0] < 0xf5 ? 4
						      : 0;

	if (!n || n > len || s[0] == 0)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
			(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

bool content_is_utf8(const char *text, size_t len)
{
	for (size_t n; len; text += n, len -= n) {
		n = sequence((const uint8_t *)text, len);
		if (!n)
			return false;
	}
	return true;
}

bool content_is_numbered(uint8_t type)
{
	return type == CONTENT_TEXT || type == CONTENT_FILE || type == CONTENT_CHANGE ||
			type == CONTENT_TIMER || type == CONTENT_GROUP;
}

size_t content_piece_len(const char *text, size_t most)
{
	size_t n = strnlen(text, most);

	while (n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

size_t content_write(uint8_t out[static CONTENT_BYTES_MOST], const struct content *c)
{
	uint8_t link[LINK_BYTES];
	struct writer w = writer_over(out, CONTENT_BYTES_MOST);

	link_pack(link, &c->link);
	writer_copy(&w, c->guard, sizeof c->guard);
	writer_u8(&w, c->type);
	writer_u64(&w, c->number);
	writer_copy(&w, c->address.onion, sizeof c->address.onion);
	writer_copy(&w, c->address.deposit.b, sizeof c->address.deposit.b);
	writer_copy(&w, link, sizeof link);
	writer_u8(&w, c->part);
	writer_u8(&w, c->parts);
	if (c->parts > 1)
		writer_copy(&w, c->text_id, sizeof c->text_id);
	writer_u16(&w, c->text_len);
	writer_copy(&w, c->text, c->text_len);
	return w.used;
}

/* What is of one packet always. */
static bool is_short(uint8_t type)
{
	return type != CONTENT_TEXT && type != CONTENT_CHANGE && type != CONTENT_GROUP &&
			type <= CONTENT_GROUP;
}

/* Whether a part of so many may be so long. */
static bool fits(const struct content *c)
{
	return c->part < c->parts && c->parts <= CONTENT_PARTS_MOST &&
			(c->parts == 1 ? c->text_len <= CONTENT_TEXT_MOST
				       : c->text_len <= CONTENT_PART_MOST && !is_short(c->type));
}

int content_read(struct content *out, const uint8_t *bytes, size_t len)
{
	struct reader rd = reader_over(bytes, len);
	const uint8_t *link;

	reader_copy(&rd, out->guard, sizeof out->guard);
	out->type = reader_u8(&rd);
	out->number = reader_u64(&rd);
	reader_copy(&rd, out->address.onion, sizeof out->address.onion);
	reader_copy(&rd, out->address.deposit.b, sizeof out->address.deposit.b);
	link = reader_take(&rd, LINK_BYTES);
	out->part = reader_u8(&rd);
	out->parts = reader_u8(&rd);
	if (out->parts > 1)
		reader_copy(&rd, out->text_id, sizeof out->text_id);
	out->text_len = reader_u16(&rd);
	if (!link || link_unpack(&out->link, link) || !fits(out) ||
			out->number > CONTENT_NUMBER_MOST)
		return CONTENT_BAD;
	reader_copy(&rd, out->text, out->text_len);
	out->text[out->text_len] = '\0';
	if (out->type == CONTENT_TEXT && !content_is_utf8(out->text, out->text_len))
		return CONTENT_BAD;
	if (content_is_numbered(out->type) && out->number == 0)
		return CONTENT_BAD;
	return reader_is_done(&rd) ? 0 : CONTENT_BAD;
}
