# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: panic leaves nothing of a profile, on the device or at the server, whoever has it open."""
import os
import signal
import subprocess
import unittest

from bed import until
from people import STEP_S, Person, Town

PASSPHRASE = b"correct horse battery staple\n"


class Panic(Town):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bob = Person(cls.stack, cls.socks, "bob")

    def setUp(self):
        self.socks.open = True
        accounts, mailboxes = self.rows()
        self.alice = self.person("alice")
        alone = self.rows()
        self.bob.do("add", self.alice.name, self.alice.link())
        self.without_alice = accounts, mailboxes + self.rows()[1] - alone[1]
        self.alice.do("add", self.bob.name, self.bob.link())
        self.alice.do("recv") # makes a spare mailbox
        self.before = self.rows()

    def rows(self):
        return [int(self.stack.sql(f"SELECT count(*) FROM sotto.{name}")) for name in ("account", "mailbox")]

    def start(self, person, *words, secret=b""):
        """A process that stays; without a secret it has what the keyring keeps."""
        process = subprocess.Popen([f"{self.stack.build}/sotto", "--profile", person.profile, "--socks", "127.0.0.1:%d" %
                                    self.socks.server_address[1], "--pacing", "fast", *words], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=person.environment())
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        process.stdin.write(secret)
        process.stdin.close()
        return process

    def watch(self, person):
        process = self.start(person, "watch", secret=PASSPHRASE)
        while b"live" not in process.stdout.readline():
            self.assertIsNone(process.poll())
        return process

    def end(self, process):
        """What is printed, and the status."""
        out = process.stdout.read().decode()
        return out, process.wait(STEP_S)

    def panic(self, person):
        return self.end(self.start(person, "panic"))

    def is_destroyed(self, person):
        self.assertEqual(os.listdir(person.profile), [])
        self.assertNotEqual(person.run("id").returncode, 0)

    def only_bob_is_left(self):
        self.assertEqual(tuple(self.rows()), self.without_alice)
        self.assertEqual(self.stack.sql("SELECT count(DISTINCT account) FROM sotto.bundle"), str(self.without_alice[0]))

    def test_unlocked_by_the_keyring_the_command_asks_and_whoever_has_it_open_ends(self):
        self.alice.do("unlock")
        watch = self.watch(self.alice)
        out, status = self.panic(self.alice)
        self.assertEqual(status, 0, out)
        self.assertIn("destroyed\n", out)
        self.assertIn("ended at the server\n", out)
        self.assertNotEqual(watch.wait(STEP_S), 0)
        self.is_destroyed(self.alice)
        self.only_bob_is_left()

    def test_locking_ends_whoever_has_it_open_and_destroys_nothing(self):
        watch = self.watch(self.alice)
        self.alice.do("lock")
        self.assertEqual(watch.wait(STEP_S), 0)
        self.alice.do("id")
        self.assertEqual(self.rows()[0], self.before[0])

    def test_a_process_that_has_it_open_asks_when_the_keyring_has_nothing(self):
        self.alice.do("lock")
        watch = self.watch(self.alice)
        self.assertEqual(self.panic(self.alice), ("destroyed\n", 0))
        self.is_destroyed(self.alice)
        out, status = self.end(watch)
        self.assertIn("ended at the server\n", out)
        self.assertEqual(status, 0)
        self.only_bob_is_left()

    def test_a_signal_is_enough_and_a_server_that_is_away_keeps_nothing_from_being_destroyed(self):
        watch = self.watch(self.alice)
        self.socks.close()
        watch.send_signal(signal.SIGUSR1)
        until("the files to go", lambda: not os.listdir(self.alice.profile))
        self.is_destroyed(self.alice)
        accounts, mailboxes = self.rows()
        self.assertEqual(accounts, self.before[0])
        self.assertGreaterEqual(mailboxes, self.before[1]) # the watch may have made a spare one before
        self.assertIsNone(watch.poll()) # goes on asking
        self.socks.open = True
        out, _ = self.end(watch)
        self.assertIn("ended at the server\n", out)
        self.only_bob_is_left()

    def test_locked_it_asks_nothing(self):
        self.alice.do("lock")
        seen = len(self.socks.seen)
        self.assertEqual(self.panic(self.alice), ("destroyed\n", 0))
        self.is_destroyed(self.alice)
        self.assertEqual(len(self.socks.seen), seen)
        self.assertEqual(self.rows(), self.before)
        self.alice.do("init", self.stack.invite_link()) # the folder is free


if __name__ == "__main__":
    unittest.main()
