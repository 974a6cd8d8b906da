# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a client that is killed at any step of sending and receiving, or loses an answer, loses nothing and repeats nothing.

Some of its points; `make faults` tries all and prints the table.
"""
import unittest

from faulty import Talk, build
from people import Town


class Faults(Town):
    @classmethod
    def setUpClass(cls):
        build()
        super().setUpClass()
        cls.talk = Talk(cls.stack, cls.socks)

    def all_well(self, step, stride):
        outcomes = list(self.talk.points([step], stride))
        self.assertEqual([o for o in outcomes if o.wrong], [])
        self.assertGreater(len({o.point for o in outcomes}), 4)
        self.assertEqual({o.how for o in outcomes}, {"killed", "answer lost"})

    def test_a_first_message_survives_a_kill_and_a_lost_answer(self):
        self.all_well(0, 3)

    def test_receiving_survives_a_kill_and_a_lost_answer(self):
        self.all_well(1, 3)


if __name__ == "__main__":
    unittest.main()
