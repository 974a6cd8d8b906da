# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: who lives at two servers never waits for one that says nothing: at the other, texts come and go meanwhile."""
import json
import signal
import threading

from people import STEP_S, TwoTowns, friends
from stack import DAEMONS, until
from terminal import chat
from test_away import Watch


class Silent(TwoTowns):
    def setUp(self):
        """Alice has a home at either: bob writes to her in the south, carl in the north."""
        self.alice, self.bob = self.person("alice"), self.person("bob")
        self.carl = self.person("carl", self.north)
        friends(self.alice, self.bob)
        at = "--server", self.north.onion_api[:12]
        self.alice.do("server", "add", self.north.invite_link())
        self.alice.do("add", self.carl.name, self.carl.link(), *at)
        self.carl.do("add", self.alice.name, json.loads(self.alice.do("--json", "id", *at))["text"])
        for other in (self.bob, self.carl):
            for one, to in ((self.alice, other), (other, self.alice)):
                one.do("send", to.name, "hello")
                to.do("recv")
        for one in (self.bob, self.carl):
            self.assertEqual(self.alice.texts(one.name), ["hello"])

    def hung(self):
        """Requests to the north that were not answered yet."""
        return {stream for stream, (host, _, asked) in list(self.socks.streams.items())
                if asked and host == self.north.onion_api}

    def stop_north(self):
        """It still accepts, and says nothing; the sessions there are lost."""
        for daemon in DAEMONS:
            self.north.send(daemon, signal.SIGSTOP)
            self.addCleanup(self.north.send, daemon, signal.SIGCONT)
        self.north.stop("broker")

    def writes_while_away(self, stack, person, other, text):
        """So that it waits to be sent."""
        self.socks.stacks.remove(stack)
        done = person.run("send", other.name, text)
        self.socks.stacks.append(stack)
        self.assertEqual(done.returncode, 4, done)

    def comes(self, person, other, text):
        until(text, lambda: person.do("recv") and text in person.texts(other.name), self.stack.check)

    def test_a_chat_goes_on_while_a_server_accepts_and_says_nothing(self):
        a = chat(self, self.alice)
        a.until("live")
        self.stop_north()
        a.line("/go " + self.carl.name)
        a.line("to the silent north")
        until("a request that hangs", self.hung, self.north.check)
        hung = self.hung()
        a.line("/go " + self.bob.name)
        self.bob.do("send", self.alice.name, "from the south")
        a.until("> from the south")
        a.line("and back")
        a.until("< and back")
        self.comes(self.bob, self.alice, "and back")
        self.assertTrue(hung & self.hung(), "the request has ended before")
        a.line("/quit")
        self.assertEqual(a.end(), 0)
        for daemon in DAEMONS:
            self.north.send(daemon, signal.SIGCONT)
        self.north.start("broker")
        for daemon in DAEMONS:
            self.north.wait_healthy(daemon)
        self.alice.do("recv")
        self.comes(self.carl, self.alice, "to the silent north")

    def test_a_watch_goes_on_while_an_onion_is_away_and_lock_ends_it(self):
        watch, back = Watch(self, self.alice), threading.Event()
        watch.until("live\n")
        self.addCleanup(back.set)
        self.addCleanup(setattr, self.socks, "held", self.socks.held)
        self.socks.held = lambda host: host in (self.north.onion_api, self.north.onion_live) and not back.is_set()
        self.writes_while_away(self.north, self.alice, self.carl, "to the north")
        until("a request that hangs", self.hung, self.north.check)
        hung = self.hung()
        self.bob.do("send", self.alice.name, "from the south")
        watch.until("> from the south\n")
        self.writes_while_away(self.stack, self.alice, self.bob, "waited")
        self.comes(self.bob, self.alice, "waited")
        self.assertTrue(hung & self.hung(), "the request has ended before")
        self.alice.do("lock")
        watch.process.wait(STEP_S)
        back.set()
        self.alice.do("recv")
        self.comes(self.carl, self.alice, "to the north")
