# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: people of different servers call each other, both through the relay of who calls."""
import re

from callers import CallBed


class TwoServers(CallBed):
    names = ("alice", "bob")

    @classmethod
    def home(cls, name):
        return cls.other if name == "bob" else cls.stack

    @classmethod
    def begin(cls):
        super().begin()
        cls.other = cls.another_stack()
        cls.other.start("turn")

    def meet_without(self, stack, caller, callee):
        """They hear each other while that server has no relay."""
        stack.stop("turn")
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
        stack.start("turn")

    def test_both_meet_at_the_callers_and_bring_nothing_to_the_other_relay(self):
        for caller, callee in ((self.alice, self.bob), (self.bob, self.alice)):
            self.meet_without(self.home(callee.name), caller, callee)

    def test_who_lives_at_two_servers_calls_through_the_one_that_the_contact_knows(self):
        """Carl lives where alice first did, and knows of her second home only."""
        carl, second = self.person("carl"), self.other.onion_api
        self.alice.do("server", "add", self.other.invite_link())
        carl.do("add", self.alice.name, re.search(r"sotto://\S+", self.alice.do("id", "--server", second))[0])
        self.alice.do("add", carl.name, carl.link(), "--server", second)
        for one, other in ((carl, self.alice), (self.alice, carl)):
            one.do("send", other.name, "hello")
            other.do("recv")
        self.meet_without(self.stack, self.alice, carl)
        self.meet_without(self.other, carl, self.alice)
