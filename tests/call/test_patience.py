# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: what Tor does to a call is borne, or ends it with a word."""
from callers import CallBed


class Patience(CallBed):
    def test_a_circuit_that_takes_its_time_is_waited_for(self):
        """The WebRTC library gives an allocation two seconds, connecting included."""
        self.socks.relay_s = 6
        try:
            call, _ = self.ring()
            self.talk(call, self.answer(self.bob))
        finally:
            self.socks.relay_s = 0

    def test_a_way_that_is_not_found_again_in_time_ends_the_call(self):
        call, _ = self.ring()
        answer = self.answer(self.bob)
        self.talk(call, answer)
        self.stack.stop("turn")
        for one in (call, answer):
            one.next("the way is lost, looking for another")
        try:
            self.assertEqual({one.ended()[0] for one in (call, answer)}, {"the way was lost, and no other found in time"})
        finally:
            self.stack.start("turn")

    def test_a_peer_that_vanishes_is_noticed(self):
        """Its end of the relay tells nothing."""
        call, _ = self.ring()
        answer = self.answer(self.bob)
        self.talk(call, answer)
        answer.process.kill()
        call.next("nothing is heard")
        call.next("the way is lost, looking for another")
        self.assertEqual(call.ended(), ("the way was lost, and no other found in time", False))
