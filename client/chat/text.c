/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Text of other people for a terminal. Nothing that steers it passes (C0, C1, DEL), nothing that
 * makes text look like other text (directions, joiners, tags), nothing that the locale cannot
 * show.
 */
#include "client/chat/chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

enum { MARKS_MOST = 4 }; /* on one character: a tower of them would cover the lines above */

bool text_is_hidden(wchar_t c)
{
	static const wchar_t ranges[][2] = { { 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c },
		{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff } };

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return false;
}

static wchar_t replacement(void)
{
	return wcwidth(0xfffd) == 1 ? 0xfffd : L'?';
}

/* 0: it goes without a trace. */
static wchar_t clean(wchar_t c, int *marks)
{
	const int width = wcwidth(c);

	if (c == L'\n')
		return c;
	if (c == L'\t' || c == L'\r')
		return L' ';
	if (text_is_hidden(c))
		return 0;
	if (width < 0 || !iswprint((wint_t)c))
		return replacement();
	*marks = width == 0 ? *marks + 1 : 0;
	return *marks <= MARKS_MOST ? c : 0;
}

wchar_t *text_clean(const char *utf8)
{
	size_t left = strlen(utf8), n = 0;
	const size_t most = left < CHAT_TEXT ? left : CHAT_TEXT;
	wchar_t *out = malloc((most + 1) * sizeof *out);
	mbstate_t state = { 0 };
	int marks = MARKS_MOST; /* a mark at the beginning would go to what is before */

	while (out && left && n < most) {
		wchar_t c;
		size_t took = mbrtowc(&c, utf8, left, &state);

		if (took == 0 || took > left) { /* the locale has no such character */
			memset(&state, 0, sizeof state);
			took = 1;
			c = replacement();
		}
		c = clean(c, &marks);
		if (c)
			out[n++] = c;
		utf8 += took;
		left -= took;
	}
	if (out)
		out[n] = L'\0';
	return out;
}

void text_one_line(char *out, size_t size, const char *utf8)
{
	snprintf(out, size, "%s", utf8);
	for (; *out; out++)
		if ((unsigned char)*out < ' ')
			*out = ' ';
}

int text_columns(const wchar_t *text, size_t n)
{
	int columns = 0;

	for (size_t i = 0; i < n && text[i]; i++)
		columns += wcwidth(text[i]) > 0 ? wcwidth(text[i]) : 0;
	return columns;
}

size_t text_fit(const wchar_t *text, int columns)
{
	size_t n = 0, word = 0;
	int used = 0;

	for (; text[n] && text[n] != L'\n'; n++) {
		int width = wcwidth(text[n]);

		used += width > 0 ? width : 0;
		if (text[n] == L' ') /* the last one may hang over */
			word = n + 1;
		else if (used > columns)
			return word ? word : n ? n : 1;
	}
	return n;
}
