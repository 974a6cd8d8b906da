# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: people at two servers talk, and who moves from one to the other loses nothing and nobody, and leaves nothing there."""
import concurrent.futures
import json
import os
import re

from people import Person, Town, friends
from stack import Stack, until


class Move(Town):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.north = Stack(cls.stack.build)
        cls.addClassCleanup(cls.north.down)
        cls.north.up()
        cls.socks.stacks.append(cls.north)

    def setUp(self):
        self.addCleanup(setattr, self.socks, "stacks", [self.stack, self.north])
        for stack in self.socks.stacks:
            stack.sql("DELETE FROM sotto.account; DELETE FROM sotto.mailbox; DELETE FROM sotto.blob")

    def tearDown(self):
        super().tearDown()
        self.north.check()

    def at(self, stack, name):
        person = Person(stack, self.socks, self.name(name))
        self.addCleanup(person.run, "lock")
        return person

    def count(self, stack, table):
        return int(stack.sql(f"SELECT count(*) FROM sotto.{table}"))

    def servers(self, person):
        return [(row["event"], row["text"]) for row in map(json.loads, person.do("--json", "server").splitlines())]

    def say(self, one, other, text):
        one.do("send", other.name, text)
        self.assertIn(f"{one.name} > {text}\n", other.do("recv"))

    def test_people_at_two_servers_talk_and_send_files(self):
        alice, bob = self.at(self.stack, "alice"), self.at(self.north, "bob")
        friends(alice, bob)
        alice.do("send", bob.name, "from the south")
        self.assertEqual((self.count(self.stack, "blob"), self.count(self.north, "blob")), (0, 1))
        self.assertIn(f"{alice.name} > from the south\n", bob.do("recv"))
        self.say(bob, alice, "from the north")
        self.say(alice, bob, "and back")
        path = f"{self.stack.dir}/picture.png"
        with open(path, "wb") as file:
            file.write(os.urandom(100000))
        alice.do("send", bob.name, "--file", path)
        self.assertEqual((self.count(self.stack, "chunk"), self.count(self.north, "chunk")), (2, 0))
        number = re.search(r"\[file (\d+)\]", bob.do("recv"))[1]
        bob.do("get", number, self.north.dir)
        with open(path, "rb") as sent, open(f"{self.north.dir}/picture.png", "rb") as got:
            self.assertEqual(sent.read(), got.read())

    def test_who_moves_loses_nothing_and_is_found_and_leaves_nothing(self):
        alice, bob, carl = self.at(self.stack, "alice"), self.at(self.stack, "bob"), self.at(self.north, "carl")
        friends(alice, bob, carl)
        for other in (bob, carl):
            self.say(alice, other, "hello")
            self.say(other, alice, "hello yourself")
        old = alice.link()
        bob.do("send", alice.name, "before")
        self.assertIn("moved", alice.do("server", "move", self.north.invite_link()))
        self.assertNotEqual(alice.link(), old)
        self.assertEqual(self.count(self.stack, "account"), 2 - 1) # bob's
        bob.do("send", alice.name, "meanwhile") # who has not heard of it
        self.assertEqual(re.findall(rf"{bob.name} > (.*)", alice.do("recv")), ["before", "meanwhile"])
        for other in (bob, carl):
            other.do("recv")
        self.stack.sql("DELETE FROM sotto.blob")
        bob.do("send", alice.name, "after")
        self.assertEqual(self.count(self.stack, "blob"), 0)
        self.assertIn(f"{bob.name} > after\n", alice.do("recv"))
        self.say(carl, alice, "welcome")
        self.say(alice, bob, "thank you")
        self.assertEqual(self.servers(alice), [("home", self.north.onion_api), ("left", self.stack.onion_api)])
        left = self.stack.sql("SELECT count(*) FROM sotto.mailbox")
        for alice.days in (1, 3, 4): # seen empty two days later, and ended
            alice.do("recv")
        self.assertEqual(self.servers(alice), [("home", self.north.onion_api)])
        self.assertEqual(int(left) - self.count(self.stack, "mailbox"), 3) # inbox, bob's, carl's
        self.say(bob, alice, "still there?")
        dora = self.at(self.stack, "dora")
        dora.do("add", alice.name, old)
        self.assertIn("cannot be reached", dora.run("send", alice.name, "hi").stderr)
        dora.do("end", alice.name)
        dora.do("add", alice.name, alice.link())
        dora.do("send", alice.name, "found you")
        self.assertIn(" > found you", alice.do("recv"))

    def test_without_the_new_server_or_its_invite_nothing_is_changed(self):
        alice, bob = self.at(self.stack, "alice"), self.at(self.stack, "bob")
        friends(alice, bob)
        link, servers, invite = alice.link(), self.servers(alice), self.north.invite_link()
        self.socks.stacks.remove(self.north)
        done = alice.run("server", "move", invite)
        self.assertEqual((done.returncode, "nothing was changed" in done.stderr), (1, True), done)
        self.socks.stacks.append(self.north)
        self.at(self.north, "carl").do("id")
        used = self.north.invite_link()
        self.north.sql("DELETE FROM sotto.invite")
        done = alice.run("server", "move", used)
        self.assertIn("the invite is used up", done.stderr)
        self.assertEqual((alice.link(), self.servers(alice)), (link, servers))
        self.say(alice, bob, "here I am")
        self.say(bob, alice, "there you are")

    def test_panic_asks_a_left_server_while_the_new_one_is_away(self):
        alice, bob = self.at(self.stack, "alice"), self.at(self.north, "bob")
        friends(alice, bob)
        self.say(alice, bob, "hello")
        alice.do("server", "move", self.north.invite_link())
        self.assertGreater(self.count(self.stack, "mailbox"), 0)
        alice.do("unlock")
        self.socks.stacks.remove(self.north)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            panic = pool.submit(alice.run, "panic")
            try:
                until("the left server was asked", lambda: self.count(self.stack, "mailbox") == 0)
            finally:
                self.socks.stacks.append(self.north)
            self.assertEqual(panic.result().returncode, 0)
        self.assertEqual(self.count(self.north, "account"), 1) # bob's

    def test_a_server_that_is_gone_is_left_and_forgotten(self):
        alice, bob = self.at(self.stack, "alice"), self.at(self.north, "bob")
        friends(alice, bob)
        self.say(alice, bob, "hello")
        self.say(bob, alice, "hello yourself")
        self.socks.stacks.remove(self.stack)
        alice.run("server", "move", self.north.invite_link())
        self.assertIn(("home", self.north.onion_api), self.servers(alice))
        self.assertEqual(alice.run("recv").returncode, 1) # the old one cannot be read
        bob.do("recv")
        bob.do("send", alice.name, "I heard")
        self.assertIn(f"{bob.name} > I heard\n", alice.run("recv").stdout)
        alice.do("server", "forget", self.stack.onion_api)
        self.assertEqual(self.servers(alice), [("home", self.north.onion_api)])
        self.say(bob, alice, "all well")
        self.assertIn("nothing of yours", alice.run("server", "forget", self.stack.onion_api).stderr)
