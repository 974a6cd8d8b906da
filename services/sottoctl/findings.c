/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Findings, in the order in which they were made. */
#include "services/sottoctl/findings.h"

#include "libshared/error.h"
#include "services/sottoctl/draw.h"

#include <jansson.h>
#include <stdarg.h>

static const char *const words[] = { "ok", "look", "BAD" };

/* The next one; when there are too many, the last place again. */
static struct finding *place(
		struct findings *f, enum verdict verdict, const char *part, const char *remedy)
{
	struct finding *to = &f->list[f->n < ARRAY_LEN(f->list) ? f->n++ : f->n - 1];

	to->verdict = verdict;
	to->remedy = remedy;
	snprintf(to->part, sizeof to->part, "%s", part);
	return to;
}

void found_good(struct findings *f, const char *part, const char *format, ...)
{
	struct finding *to = place(f, VERDICT_GOOD, part, NULL);
	va_list args;

	va_start(args, format);
	vsnprintf(to->text, sizeof to->text, format, args);
	va_end(args);
}

void found_look(struct findings *f, const char *part, const char *remedy, const char *format, ...)
{
	struct finding *to = place(f, VERDICT_LOOK, part, remedy);
	va_list args;

	va_start(args, format);
	vsnprintf(to->text, sizeof to->text, format, args);
	va_end(args);
}

void found_bad(struct findings *f, const char *part, const char *remedy, const char *format, ...)
{
	struct finding *to = place(f, VERDICT_BAD, part, remedy);
	va_list args;

	va_start(args, format);
	vsnprintf(to->text, sizeof to->text, format, args);
	va_end(args);
}

static void tell_text(const struct findings *f, FILE *to)
{
	static const enum tone tones[] = { TONE_GOOD, TONE_WARN, TONE_BAD };
	const struct drawing d = drawing_of(to);

	for (size_t i = 0; i < f->n; i++) {
		const struct finding *one = &f->list[i];

		draw_text(&d, tones[one->verdict], "%-5s", words[one->verdict]);
		draw_text(&d, TONE_PLAIN, "%-12s %s\n", one->part, one->text);
		if (one->remedy)
			draw_text(&d, TONE_PLAIN, "%-17s do: %s\n", "", one->remedy);
	}
}

static int tell_json(const struct findings *f, FILE *to)
{
	json_t *list = json_array();
	int rc;

	for (size_t i = 0; i < f->n; i++)
		json_array_append_new(list,
				json_pack("{s:s, s:s, s:s, s:s?}", "verdict",
						words[f->list[i].verdict], "part", f->list[i].part,
						"text", f->list[i].text, "remedy",
						f->list[i].remedy));
	rc = json_dumpf(list, to, JSON_INDENT(1));
	json_decref(list);
	return rc < 0 || fputc('\n', to) == EOF ? E_IO : 0;
}

int findings_tell(const struct findings *f, FILE *to, int json)
{
	enum verdict worst = VERDICT_GOOD;

	for (size_t i = 0; i < f->n; i++)
		if (f->list[i].verdict > worst)
			worst = f->list[i].verdict;
	if (!json)
		tell_text(f, to);
	else if (tell_json(f, to))
		return E_IO;
	return worst == VERDICT_BAD ? STATUS_BAD : worst == VERDICT_LOOK ? STATUS_LOOK : 0;
}
