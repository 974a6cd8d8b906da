/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* gaps.c: was an event lost on the way? */
#include "services/bridged/gaps.h"

#include "tests/unit/unit.h"

static const uint8_t first[16] = { 1 }, second[16] = { 2 };

static bool beat(struct gaps *g, const char *name, const uint8_t *boot, uint64_t counter,
		uint64_t now)
{
	const struct beat b = { name, boot, counter };

	return gaps_beat(g, &b, now);
}

START_TEST(counting_on_is_no_gap_and_skipping_is_one)
{
	struct gaps g = { 0 };

	ck_assert(gaps_event(&g, first, 1, 0)); /* a new boot id */
	ck_assert(!gaps_event(&g, first, 2, 0));
	ck_assert(!beat(&g, "blobd/1", first, 2, 0));
	ck_assert(!gaps_event(&g, first, 3, 0));
	ck_assert(gaps_event(&g, first, 5, 0));
	ck_assert(!gaps_event(&g, first, 6, 0)); /* told once */
}
END_TEST

START_TEST(a_beat_shows_what_no_later_event_did)
{
	struct gaps g = { 0 };

	ck_assert(gaps_event(&g, first, 1, 0));
	ck_assert(beat(&g, "blobd/1", first, 2, 0));
	ck_assert(!beat(&g, "blobd/1", first, 2, 1));
}
END_TEST

START_TEST(a_new_boot_id_under_a_name_replaces_the_old_one)
{
	struct gaps g = { 0 };

	ck_assert(beat(&g, "blobd/1", first, 7, 0));
	ck_assert(beat(&g, "blobd/1", second, 0, 1));
	ck_assert(!beat(&g, "blobd/1", second, 0, 2));
	ck_assert(!gaps_tick(&g, 2 + BEAT_MISSING_US)); /* the old one is not missed */
}
END_TEST

START_TEST(silence_is_told_once)
{
	struct gaps g = { 0 };

	ck_assert(beat(&g, "blobd/1", first, 0, 1000));
	ck_assert(!gaps_tick(&g, 1000 + BEAT_MISSING_US));
	ck_assert(gaps_tick(&g, 1001 + BEAT_MISSING_US));
	ck_assert(!gaps_tick(&g, 1002 + BEAT_MISSING_US));
}
END_TEST

START_TEST(more_publishers_than_places_push_out_the_most_silent)
{
	struct gaps g = { 0 };
	uint8_t boot[16] = { 0 };

	for (uint8_t i = 0; i <= PUBLISHERS_MOST; i++) {
		boot[0] = i;
		ck_assert(gaps_event(&g, boot, 1, i));
	}
	boot[0] = PUBLISHERS_MOST;
	ck_assert(!gaps_event(&g, boot, 2, 100));
	boot[0] = 0; /* the oldest: unknown now, so a gap, never a false calm */
	ck_assert(gaps_event(&g, boot, 2, 101));
}
END_TEST

UNIT("gaps", counting_on_is_no_gap_and_skipping_is_one, a_beat_shows_what_no_later_event_did,
		a_new_boot_id_under_a_name_replaces_the_old_one, silence_is_told_once,
		more_publishers_than_places_push_out_the_most_silent)
