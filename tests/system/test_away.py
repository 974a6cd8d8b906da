# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: whatever is away, slow or full, a client says so in a line, and goes on when it is back with nothing lost or twice."""
import os
import socketserver
import subprocess
import threading
import time
import unittest

from people import STEP_S, Person, Socks, Town, friends
from stack import until


ON_DISK = """\
mkdir "$1.disk"
mount -t tmpfs -o "size=$2,mode=700" none "$1.disk"
cp -a "$1" "$1.disk/p"
mkdir "$1.disk/got"
echo there
exec cat
"""
# All but so many bytes, rounded to pages.
FILL = """\
rm -f "$1/full"
free=$(df --output=avail -B1 "$1" | tail -1)
[ "$2" = all ] || head -c $((free - $2)) /dev/zero >"$1/full"
"""


class Cramped(Person):
    """most: no file may grow beyond, as with a quota. disk: the process that holds a small file system with the profile."""
    most, disk = None, None

    def inside(self, *words):
        return ["nsenter", "-m" if self.stack.root else "-mU", "-t", str(self.disk.pid), "--", *words] if self.disk else list(words)

    def argv(self, *words):
        full = ["env", "--ignore-signal=XFSZ", "prlimit", f"--fsize={self.most}"] if self.most else []
        return self.inside(*full, *super().argv(*words))

    def move_to_disk(self, test, size):
        """Until the end of that test."""
        before = self.profile
        self.disk = subprocess.Popen(["unshare", "-m" if self.stack.root else "-mr", "bash", "-ec", ON_DISK, "-", before, size],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        test.addCleanup(setattr, self, "disk", None)
        test.addCleanup(self.disk.communicate)
        test.assertEqual(self.disk.stdout.readline(), b"there\n")
        self.profile = f"{before}.disk/p"

    def leave_free(self, n_bytes):
        subprocess.run(self.inside("bash", "-ec", FILL, "-", os.path.dirname(self.profile), str(n_bytes)), check=True)


class NoProxy(socketserver.StreamRequestHandler):
    def handle(self):
        self.request.recv(16)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


class Watch:
    """`sotto watch` of somebody, and what is seen there so far."""

    def __init__(self, test, person):
        self.path, self.check = f"{person.profile}.watch", person.stack.check
        with open(self.path, "wb") as log:
            self.process = subprocess.Popen(person.argv("watch"), stdin=subprocess.PIPE, stdout=log, stderr=log,
                                            env=person.environment())
        test.addCleanup(self.end)
        self.process.stdin.write(b"correct horse battery staple\n")
        self.process.stdin.close()

    def text(self):
        with open(self.path, encoding="utf-8") as log:
            return log.read()

    def until(self, text, times=1):
        until(text, lambda: self.text().count(text) >= times, self.check, 60)

    def end(self):
        self.process.terminate()
        return self.process.wait(STEP_S)


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

    def fails(self, status, person, *words):
        """The line that is seen."""
        done = person.run(*words)
        self.assertEqual(done.returncode, status, done)
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
            self.assertIn("could not be reached", self.fails(4, self.alice, "send", self.bob.name, self.text))
            self.assertIn("is Tor running?", self.alice.run("doctor").stdout)
            with socketserver.ThreadingTCPServer(("127.0.0.1", 0), NoProxy) as other:
                threading.Thread(target=other.serve_forever, daemon=True).start()
                self.socks.server_address = other.server_address
                self.assertIn("is no SOCKS proxy: see --socks", self.alice.run("doctor").stdout)
                other.shutdown()
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

    def test_a_tor_that_trickles(self):
        self.socks.piece, self.socks.passed = 1024, lambda n, up: time.sleep(0.02)
        try:
            self.alice.do("send", self.bob.name, self.text)
            self.bob.do("recv")
        finally:
            self.socks.piece, self.socks.passed = 65536, lambda n, up: None
        self.arrives()

    def test_the_onion_is_away(self):
        self.socks.open = False
        self.assertIn("could not be reached", self.fails(4, self.alice, "send", self.bob.name, self.text))
        self.assertIn("waits here", self.fails(4, self.bob, "recv"))
        self.assertIn("cannot be reached: it is off, or Tor has no way to it", self.bob.run("doctor").stdout)
        self.socks.open = True
        self.arrives()

    def test_each_daemon_is_away(self):
        for daemon in ("blobd", "prekeyd"):
            self.stack.stop(daemon)
            self.socks.refuse = {daemon}
            self.assertIn("could not be reached", self.fails(4, self.alice, "recv"))
            self.alice.run("send", self.bob.name, f"{self.text} without {daemon}")
            self.assertIn(f"bad: {daemon} is away, though the server is there", self.alice.run("doctor").stdout)
            self.socks.refuse = set()
            self.stack.start(daemon)
            self.stack.wait_healthy(daemon)
        self.stack.stop("bridged") # who does not watch does not miss it
        self.alice.do("send", self.bob.name, self.text)
        self.socks.refuse = {"bridged"}
        self.assertIn("bad: bridged is away, though the server is there", self.alice.run("doctor").stdout)
        self.socks.refuse = set()
        self.stack.start("bridged")
        self.stack.wait_healthy("bridged")
        self.arrives()
        for daemon in ("blobd", "prekeyd"):
            self.assertEqual(self.bob.texts(self.alice.name).count(f"{self.text} without {daemon}"), 1)

    def test_the_broker_is_away_while_somebody_watches(self):
        watch = Watch(self, self.bob)
        watch.until("live\n")
        self.stack.stop("broker")
        watch.until("away: it is tried again")
        self.assertIn("bad: the broker is away", self.alice.run("doctor").stdout)
        self.alice.do("send", self.bob.name, self.text)
        watch.until(f"> {self.text}\n")
        self.stack.start("broker")
        self.stack.wait_healthy("bridged")
        watch.until("live\n", 2)
        self.alice.do("send", self.bob.name, f"{self.text} is pushed")
        watch.until(f"> {self.text} is pushed\n")
        self.assertEqual(watch.end(), 0)
        self.arrives()

    def test_what_is_pushed_overtakes_nothing_that_waits(self):
        bob, way, texts, n = self.person("bob"), Socks(self.stack), [], {"down": 0}
        for stop in way.server_close, way.shutdown:
            self.addCleanup(stop)
        def say():
            texts.append(f"text {len(texts)}")
            self.alice.do("send", bob.name, texts[-1])
        def passed(size, up):
            n["down"] += 0 if up else size
        friends(self.alice, bob)
        say()
        bob.do("recv")
        bob.do("send", self.alice.name, "so you have my mailbox")
        self.alice.do("recv")
        bob.socks = way
        watch = Watch(self, bob)
        watch.until("live\n")
        way.close("broker", "blobd")
        watch.until("away: it is tried again")
        say()
        way.refuse, way.passed = {"blobd"}, passed
        until("16 pushes", lambda: say() or n["down"] >= 16 * 4145, self.stack.check)
        for _ in range(32): # that many are pushed without an acknowledgement
            say()
        self.assertEqual(watch.text().count("live\n"), 1)
        way.refuse = set()
        watch.until("live\n", 2)
        watch.until(f"> {texts[-1]}\n")
        say()
        watch.until(f"> {texts[-1]}\n")
        self.assertEqual(bob.texts(self.alice.name), texts)

    def test_both_begin_at_once_with_clocks_that_are_years_off(self):
        one, other = self.person("carl"), self.person("dora")
        friends(one, other)
        for text, one.days, other.days in (("first", -3650, 3650), ("then", 3650, -3650), ("now", 0, 0)):
            one.do("send", other.name, f"{text}, one")
            other.do("send", one.name, f"{text}, other")
            for person in (one, other, one, other):
                person.do("recv")
        for person, name in ((one, "other"), (other, "one")):
            whom = other if person is one else one
            self.assertEqual(person.texts(whom.name), [f"{text}, {name}" for text in ("first", "then", "now")])
        self.assertNotIn("clock", one.run("doctor").stdout)
        one.days = -400
        self.assertRegex(one.run("doctor").stdout, r"bad: the clock is (399|400) days behind the last message here: set it")

    def test_a_disk_that_is_really_full(self):
        carl = Cramped(self.stack, self.socks, self.name("carl"))
        self.addCleanup(carl.run, "lock")
        friends(self.alice, carl)
        carl.do("send", self.alice.name, "hello")
        self.alice.do("recv")
        carl.move_to_disk(self, "20m")
        said, heard = ["hello"], []
        for free in (0, 16384, 65536, 262144): # it gets ever further
            heard.append(f"to {free} bytes")
            self.alice.do("send", carl.name, heard[-1])
            carl.leave_free(free)
            said.append(f"from {free} bytes")
            for words in (("recv",), ("send", self.alice.name, said[-1])):
                done = carl.run(*words)
                self.assertEqual(done.returncode != 0, "is the disk full?" in done.stderr, done)
                self.assertTrue(free or done.returncode)
            carl.leave_free("all")
            if said[-1] not in carl.do("log", self.alice.name):
                carl.do("send", self.alice.name, said[-1])
            for person in (carl, self.alice):
                person.do("recv")
        self.assertEqual((carl.texts(self.alice.name), self.alice.texts(carl.name)), (heard, said))
        self.fetches_where_there_is_no_room(carl)

    def fetches_where_there_is_no_room(self, carl):
        path, got = self.source(3 << 20, "large.bin"), f"{carl.profile}/../got"
        self.alice.do("send", carl.name, "--file", path)
        carl.do("recv")
        for free in (1 << 19, 5 << 19):
            carl.leave_free(free)
            self.assertIn("is the disk full?", self.fails(9, carl, "get", "1", got))
        self.assertRegex(carl.run("doctor").stdout, r"bad: the disk is full but for \d MB: make room")
        carl.leave_free("all")
        carl.do("get", "1", got)
        subprocess.run(carl.inside("cmp", path, f"{got}/large.bin"), check=True)
        self.assertEqual(self.stack.sql("SELECT count(*) FROM sotto.chunk"), "0")

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
        self.assertIn("is the disk full?", self.fails(9, self.alice, "recv"))
        self.alice.most = None

    def test_a_full_mailbox(self):
        self.alice.do("send", self.bob.name, self.text)
        fill = ("INSERT INTO sotto.blob (mailbox, id, expires_on, head, body) SELECT mailbox, gen_random_uuid(), expires_on, head, "
                "body FROM (SELECT * FROM sotto.blob LIMIT 1) b, generate_series(1, 999)")
        self.stack.sql(fill)
        self.assertIn("their mailbox is full; the message waits here", self.fails(5, self.alice, "send", self.bob.name, "later"))
        self.stack.sql("DELETE FROM sotto.blob WHERE seq NOT IN (SELECT min(seq) FROM sotto.blob GROUP BY mailbox)")
        self.arrives()
        self.assertEqual(self.bob.texts(self.alice.name)[-1], "later")


if __name__ == "__main__":
    unittest.main()
