# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a client that is killed at any step of what it does, or loses an answer, loses nothing and repeats nothing.

Some of its points; `make faults` tries all and prints the table.
"""
import unittest

import stories
from faulty import build
from people import Town
from stack import Stack


class Faults(Town):
    @classmethod
    def setUpClass(cls):
        build()
        super().setUpClass()

    def all_well(self, story, step, stride):
        outcomes = list(story.points([step], stride))
        self.assertEqual([o for o in outcomes if o.wrong], [])
        self.assertGreater(len({o.point for o in outcomes}), 3)
        self.assertEqual({o.how for o in outcomes}, {"killed", "answer lost"})

    def test_a_first_message_and_its_receiving_survive_a_kill_and_a_lost_answer(self):
        talk = stories.Talk(self.stack, self.socks)
        for step in (0, 1):
            self.all_well(talk, step, 3)

    def test_fetching_a_file_survives_a_kill_and_a_lost_answer(self):
        self.all_well(stories.File(self.stack, self.socks, ("anna", "bert")), 2, 3)

    def test_a_watch_survives_a_kill_and_a_lost_answer(self):
        self.all_well(stories.Watch(self.stack, self.socks, ("carl", "dora")), 0, 12)

    def test_joining_a_group_survives_a_kill_and_a_lost_answer(self):
        self.all_well(stories.Group(self.stack, self.socks, ("emma", "fred", "greta")), 2, 5)

    def test_a_picture_for_a_group_survives_a_kill_and_a_lost_answer(self):
        self.all_well(stories.Picture(self.stack, self.socks, ("jane", "karl", "lena")), 0, 6)

    def test_a_move_survives_a_kill_and_a_lost_answer(self):
        with Stack(self.stack.build) as north:
            self.socks.stacks.append(north)
            self.addCleanup(self.socks.stacks.remove, north)
            self.all_well(stories.Move(self.stack, north, self.socks, ("hugo", "ida")), 0, 9)


if __name__ == "__main__":
    unittest.main()
