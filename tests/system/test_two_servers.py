# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: people of different servers call each other, both through the relay of who calls."""
import os

from callers import CallBed
from stack import Stack


class TwoServers(CallBed):
    names = ("alice", "bob")

    @classmethod
    def home(cls, name):
        return cls.other if name == "bob" else cls.stack

    @classmethod
    def begin(cls):
        super().begin()
        cls.other = Stack(os.environ["SOTTO_BUILD"])
        cls.addClassCleanup(cls.other.down)
        cls.other.up()
        cls.socks.stacks.append(cls.other)
        cls.other.start("turn")

    def test_both_meet_at_the_callers_and_bring_nothing_to_the_other_relay(self):
        for caller, callee in ((self.alice, self.bob), (self.bob, self.alice)):
            relays = {caller: self.home(caller.name), callee: self.home(callee.name)}
            self.assertNotEqual(*relays.values())
            relays[callee].stop("turn")
            watch = self.watch(callee)
            call = self.call(caller, callee)
            watch.next("call")
            answer = self.answer(callee)
            self.talk(call, answer)
            call.type("h")
            self.assertEqual([one.ended() for one in (call, answer)], [("you hung up", True), ("they hung up", True)])
            watch.stop()
            self.heard(caller, 660)
            self.heard(callee, 440)
            relays[callee].start("turn")
