# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a peer that is gone without a word is noticed, though its end of the relay tells nothing."""
from callers import CallBed


class Vanish(CallBed):
    def test_a_peer_that_vanishes_ends_the_call_with_a_word(self):
        call, _ = self.ring()
        answer = self.answer(self.bob)
        self.talk(call, answer)
        answer.process.kill()
        call.next("nothing is heard")
        call.next("the way is lost, looking for another")
        self.assertEqual(call.ended(), ("the way was lost, and no other found in time", False))
