# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: whatever is away, slow or full, a client says so in a line, and goes on when it is back with nothing lost or twice."""
import unittest

from people import Person, Town, friends


class Cramped(Person):
    """most: no file may grow beyond, as when the disk is full."""
    most = None

    def argv(self, *words):
        full = ["env", "--ignore-signal=XFSZ", "prlimit", f"--fsize={self.most}"] if self.most else []
        return [*full, *super().argv(*words)]


class Away(Town):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alice, cls.bob = (Cramped(cls.stack, cls.socks, name) for name in ("alice", "bob"))
        friends(cls.alice, cls.bob)
        cls.n_said = 0

    def setUp(self):
        self.text = f"text {self.n_said}"
        type(self).n_said += 1

    def fails(self, person, *words):
        """The line that is seen."""
        done = person.run(*words)
        self.assertEqual(done.returncode, 1, done)
        return done.stderr.strip()

    def arrives(self, times=1):
        """What waited goes out and comes once, and an answer comes back."""
        for person in (self.alice, self.bob, self.bob):
            person.do("recv")
        self.bob.do("send", self.alice.name, f"answer to {self.text}")
        self.alice.do("recv")
        self.assertEqual(self.bob.texts(self.alice.name).count(self.text), times)
        self.assertEqual(self.alice.texts(self.bob.name)[-1], f"answer to {self.text}")

    def test_no_tor(self):
        port, self.socks.server_address = self.socks.server_address, ("127.0.0.1", 1)
        try:
            self.assertIn("could not be reached", self.fails(self.alice, "send", self.bob.name, self.text))
            self.assertIn("is Tor running?", self.alice.run("doctor").stdout)
        finally:
            self.socks.server_address = port
        self.arrives()

    def test_a_slow_tor(self):
        self.socks.delay_s = 1
        try:
            self.alice.do("send", self.bob.name, self.text)
            self.bob.do("recv")
        finally:
            self.socks.delay_s = 0
        self.arrives()

    def test_the_onion_is_away(self):
        self.socks.open = False
        self.assertIn("could not be reached", self.fails(self.alice, "send", self.bob.name, self.text))
        self.assertIn("waits here", self.fails(self.bob, "recv"))
        self.socks.open = True
        self.arrives()

    def test_each_daemon_is_away(self):
        for daemon in ("blobd", "prekeyd"):
            self.stack.stop(daemon)
            self.socks.refuse = {daemon}
            self.assertIn("could not be reached", self.fails(self.alice, "recv"))
            self.alice.run("send", self.bob.name, f"{self.text} without {daemon}")
            self.socks.refuse = set()
            self.stack.start(daemon)
            self.stack.wait_healthy(daemon)
        self.stack.stop("bridged") # who does not watch does not miss it
        self.alice.do("send", self.bob.name, self.text)
        self.stack.start("bridged")
        self.stack.wait_healthy("bridged")
        self.arrives()
        for daemon in ("blobd", "prekeyd"):
            self.assertEqual(self.bob.texts(self.alice.name).count(f"{self.text} without {daemon}"), 1)

    def test_a_full_disk(self):
        for most in (16384, 40960, 65536, 131072): # it gets ever further
            self.text = f"{most} bytes"
            self.alice.most = self.bob.most = most
            done = self.alice.run("send", self.bob.name, self.text)
            self.bob.run("recv")
            self.alice.most = self.bob.most = None
            if self.text not in self.alice.do("log", self.bob.name):
                self.assertIn("is the disk full?", done.stderr)
                self.alice.do("send", self.bob.name, self.text)
            self.arrives()
        self.alice.most = 16384
        self.assertIn("is the disk full?", self.fails(self.alice, "recv"))
        self.alice.most = None

    def test_a_full_mailbox(self):
        self.alice.do("send", self.bob.name, self.text)
        fill = ("INSERT INTO sotto.blob (mailbox, id, expires_on, head, body) SELECT mailbox, gen_random_uuid(), expires_on, head, "
                "body FROM (SELECT * FROM sotto.blob LIMIT 1) b, generate_series(1, 999)")
        self.stack.sql(fill)
        self.assertIn("their mailbox is full; the message waits here", self.fails(self.alice, "send", self.bob.name, "later"))
        self.stack.sql("DELETE FROM sotto.blob WHERE seq NOT IN (SELECT min(seq) FROM sotto.blob GROUP BY mailbox)")
        self.arrives()
        self.assertEqual(self.bob.texts(self.alice.name)[-1], "later")


if __name__ == "__main__":
    unittest.main()
