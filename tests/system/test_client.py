# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client's life over weeks, against the real servers."""
import re
import subprocess
import unittest

from people import STEP_S, Town, friends


class Client(Town):
    def setUp(self):
        self.socks.open = True
        self.stack.sql("DELETE FROM sotto.account; DELETE FROM sotto.mailbox")
        self.alice, self.bob = self.person("alice"), self.person("bob")

    def meet(self):
        friends(self.alice, self.bob)
        self.alice.do("send", self.bob.name, "hello")
        self.bob.do("recv")
        self.bob.do("send", self.alice.name, "hello yourself")
        self.alice.do("recv")

    def left(self):
        return int(self.stack.sql("SELECT count(*) FROM sotto.bundle WHERE account = "
                                  "(SELECT id FROM sotto.account WHERE generation = "
                                  "(SELECT max(generation) FROM sotto.account)) AND token IS NULL"))

    def mailboxes(self):
        return set(self.stack.sql("SELECT encode(id, 'hex') FROM sotto.mailbox").split())

    def test_a_text_written_without_a_network_waits(self):
        friends(self.alice, self.bob)
        self.socks.open = False
        done = self.alice.run("send", self.bob.name, "written on a mountain")
        self.assertEqual(done.returncode, 4, done)
        self.socks.open = True
        self.alice.do("recv")
        self.bob.do("recv")
        self.assertEqual(self.bob.texts(self.alice.name), ["written on a mountain"])

    def test_bundles_are_renewed_every_week_and_people_meet_by_the_new_ones(self):
        generations = "SELECT string_agg(generation::text, ' ' ORDER BY generation) FROM sotto.account"
        self.assertEqual(self.stack.sql(generations), "1 1")
        self.alice.days = 6
        self.alice.do("recv")
        self.assertEqual(self.stack.sql(generations), "1 1")
        self.alice.days, before = 8, len(self.socks.seen)
        self.alice.do("recv")
        self.assertEqual(self.stack.sql(generations), "1 2")
        circuits = [{user for user, at in self.socks.seen[before:] if at == port} for port in (7001, 7002)]
        self.assertTrue(all(circuits))
        self.assertEqual(circuits[0] & circuits[1], set())
        self.assertEqual(self.left(), 50)
        self.alice.days = 11
        self.alice.do("recv") # what is old is forgotten now
        self.meet()
        self.assertEqual(self.alice.texts(self.bob.name), ["hello yourself"])

    def test_bundles_are_refilled_below_twenty(self):
        self.bob.days = 8
        self.bob.do("recv") # its generation tells which one is meant
        take = "DELETE FROM sotto.bundle WHERE number > (SELECT min(number) + {} FROM sotto.bundle WHERE generation = 2)" \
            " AND generation = 2"
        self.stack.sql(take.format(19))
        self.bob.days = 10
        self.bob.do("recv")
        self.assertEqual(self.left(), 20)
        self.stack.sql(take.format(18))
        self.bob.days = 10.5
        self.bob.do("recv") # not yet: once a day
        self.assertEqual(self.left(), 19)
        self.bob.days = 12
        self.bob.do("recv")
        self.assertEqual(self.left(), 69)

    def test_a_text_that_the_server_lost_is_asked_for(self):
        self.meet()
        self.alice.do("send", self.bob.name, "lost")
        self.stack.sql("DELETE FROM sotto.blob")
        self.alice.do("send", self.bob.name, "kept")
        self.bob.do("recv")
        self.assertEqual(self.bob.texts(self.alice.name), ["hello", "kept"])
        self.alice.do("recv")
        self.bob.do("recv")
        self.assertEqual(self.bob.texts(self.alice.name), ["hello", "kept", "lost"])

    def test_recv_reads_mailboxes_apart_and_says_so_unless_it_is_to_be_now(self):
        self.meet()
        fast = self.alice.argv("recv").index("--pacing")
        for words, told in (((), r"^Read 1 of \d+ mailboxes, a few seconds apart \(--now: at once\)\n$"), (("--now",), r"^$"),
                            (("--json",), r"^$")):
            self.bob.do("send", self.alice.name, "are you there?")
            argv = self.alice.argv("recv", *words)
            done = subprocess.run(argv[:fast] + argv[fast + 2:], input="correct horse battery staple\n", timeout=STEP_S,
                                  capture_output=True, text=True, check=True)
            self.assertRegex(done.stderr, told)
            self.assertEqual(done.stdout.count("are you there?"), 1)
            self.assertEqual(re.findall(r'^\{"event": ?"reading", ?"done": ?1,', done.stdout, re.M) != [], words == ("--json",))

    def test_doctor_tells_how_far_one_gets_and_of_bundles_that_came_twice(self):
        self.assertIn("with 50 bundles", self.bob.run("doctor").stdout)
        link = self.bob.link()
        for name in ("one", "two"):   # both are handed the same bundle
            self.stack.sql("UPDATE sotto.bundle SET token = NULL, taken_on = NULL")
            stranger = self.person(name)
            stranger.do("add", self.bob.name, link)
            stranger.do("send", self.bob.name, name)
        self.bob.do("recv")
        done = self.bob.run("doctor")
        self.assertEqual(done.returncode, 1)
        self.assertIn("bad: 1 first messages came under a bundle that was used already", done.stdout)
        self.stack.sql("DELETE FROM sotto.account")
        self.assertIn("bad: the server knows no such account", self.bob.run("doctor").stdout)
        self.socks.open = False
        self.assertIn("bad: the server cannot be reached", self.bob.run("doctor").stdout)

    def test_four_spare_mailboxes_are_kept_and_a_new_contact_takes_one(self):
        self.assertEqual(len(self.mailboxes()), 2)
        for days in range(1, 7):
            self.alice.days = days
            self.alice.do("recv")
            self.assertEqual(len(self.mailboxes()), 2 + min(days, 4))
        friends(self.alice, self.bob)
        before = self.mailboxes()
        self.alice.do("send", self.bob.name, "hello")
        self.assertEqual(self.mailboxes(), before)

    def test_the_end_of_a_contact_ends_its_mailbox_even_later(self):
        self.meet()
        before = self.mailboxes()
        self.socks.open = False
        self.assertIn("ended", self.alice.do("end", self.bob.name))
        self.socks.open = True
        self.assertEqual(self.mailboxes(), before)
        self.alice.do("recv")
        self.assertEqual(len(before - self.mailboxes()), 1)
        self.assertNotIn(self.bob.name, self.alice.do("contacts"))


if __name__ == "__main__":
    unittest.main()
