# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a Tor that needs most of a minute for each connection is waited for; one that needs longer is told, and loses nothing."""
import subprocess

from people import Person, Town, friends

CONNECTING_S = 60 # client/lib/net.c: CONNECT_S


class Patient(Person):
    def slowly(self, *words):
        return subprocess.run(self.argv(*words), input="correct horse battery staple\n", capture_output=True, text=True, timeout=1200,
                              check=False, env=self.environment())


class Slow(Town):
    def test_a_tor_that_takes_most_of_a_minute_is_waited_for_and_one_that_takes_more_is_told(self):
        alice, bob = people = [Patient(self.stack, self.socks, self.name(name)) for name in ("alice", "bob")]
        friends(*people)
        for one, other in ((alice, bob), (bob, alice)):
            one.do("send", other.name, "hello")
            other.do("recv")
        self.addCleanup(setattr, self.socks, "delay_s", 0)
        self.socks.delay_s = CONNECTING_S - 10
        done = alice.slowly("send", bob.name, "slowly")
        self.assertEqual(done.returncode, 0, done)
        self.socks.delay_s = CONNECTING_S + 10
        done = alice.slowly("send", bob.name, "more slowly")
        self.assertEqual((done.returncode, "waits here" in done.stderr), (4, True), done)
        self.socks.delay_s = 0
        for person in (alice, bob):
            person.do("recv")
        self.assertEqual(bob.texts(alice.name), ["hello", "slowly", "more slowly"])
