# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: who lives at two servers, or moves from one to the other, loses nothing and nobody, and leaves nothing behind."""
import concurrent.futures
import json
import re
import shutil
import subprocess
import threading

from people import STEP_S, TwoTowns, friends, gather
from stack import until
from terminal import chat


class Move(TwoTowns):
    def setUp(self):
        self.addCleanup(setattr, self.socks, "stacks", [self.stack, self.north])
        for stack in self.socks.stacks:
            stack.sql("DELETE FROM sotto.account; DELETE FROM sotto.mailbox; DELETE FROM sotto.blob; DELETE FROM sotto.chunk")

    def count(self, stack, table):
        return int(stack.sql(f"SELECT count(*) FROM sotto.{table}"))

    def servers(self, person):
        return [(row["event"], row["text"]) for row in map(json.loads, person.do("--json", "server").splitlines())]

    def contact(self, one, other):
        row, = [row for row in map(json.loads, one.do("--json", "contacts").splitlines()) if row["text"] == other.name]
        return row

    def say(self, one, other, text):
        one.do("send", other.name, text)
        self.assertIn(f"{one.name} > {text}\n", other.do("recv"))

    def test_people_at_two_servers_talk_and_send_files(self):
        alice, bob = self.person("alice"), self.person("bob", self.north)
        friends(alice, bob)
        alice.do("send", bob.name, "from the south")
        self.assertEqual((self.count(self.stack, "blob"), self.count(self.north, "blob")), (0, 1))
        self.assertIn(f"{alice.name} > from the south\n", bob.do("recv"))
        self.say(bob, alice, "from the north")
        self.say(alice, bob, "and back")
        path = self.source(100000, "picture.png")
        alice.do("send", bob.name, "--file", path)
        self.assertEqual((self.count(self.stack, "chunk"), self.count(self.north, "chunk")), (2, 0))
        number = re.search(r"\[file (\d+)\]", bob.do("recv"))[1]
        bob.do("get", number, self.north.dir)
        with open(path, "rb") as sent, open(f"{self.north.dir}/picture.png", "rb") as got:
            self.assertEqual(sent.read(), got.read())

    def test_who_moves_loses_nothing_and_is_found_and_leaves_nothing(self):
        alice, bob, carl = self.person("alice"), self.person("bob"), self.person("carl", self.north)
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
        dora = self.person("dora")
        dora.do("add", alice.name, old)
        self.assertIn("cannot be reached", dora.run("send", alice.name, "hi").stderr)
        dora.do("end", alice.name)
        dora.do("add", alice.name, alice.link())
        dora.do("send", alice.name, "found you")
        self.assertIn(" > found you", alice.do("recv"))

    def test_without_the_new_server_or_its_invite_nothing_is_changed(self):
        alice, bob = self.person("alice"), self.person("bob")
        friends(alice, bob)
        link, servers, invite = alice.link(), self.servers(alice), self.north.invite_link()
        self.socks.stacks.remove(self.north)
        done = alice.run("server", "move", invite)
        self.assertEqual((done.returncode, "nothing was changed" in done.stderr), (4, True), done)
        self.socks.stacks.append(self.north)
        self.person("carl", self.north).do("id")
        used = self.north.invite_link()
        self.north.sql("DELETE FROM sotto.invite")
        done = alice.run("server", "move", used)
        self.assertIn("the invite is used up", done.stderr)
        self.assertEqual((alice.link(), self.servers(alice)), (link, servers))
        self.say(alice, bob, "here I am")
        self.say(bob, alice, "there you are")

    def test_panic_asks_a_left_server_while_the_new_one_is_away(self):
        alice, bob = self.person("alice"), self.person("bob", self.north)
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
        alice, bob = self.person("alice"), self.person("bob", self.north)
        friends(alice, bob)
        self.say(alice, bob, "hello")
        self.say(bob, alice, "hello yourself")
        self.socks.stacks.remove(self.stack)
        alice.run("server", "move", self.north.invite_link())
        self.assertIn(("home", self.north.onion_api), self.servers(alice))
        self.assertEqual(alice.run("recv").returncode, 4) # the old one cannot be read
        bob.do("recv")
        bob.do("send", alice.name, "I heard")
        self.assertIn(f"{bob.name} > I heard\n", alice.run("recv").stdout)
        alice.do("server", "forget", self.stack.onion_api)
        self.assertEqual(self.servers(alice), [("home", self.north.onion_api)])
        self.say(bob, alice, "all well")
        self.assertIn("nothing of yours", alice.run("server", "forget", self.stack.onion_api).stderr)

    def link_at(self, person, stack):
        return json.loads(person.do("--json", "id", "--server", stack.onion_api[:12]))["text"]

    def circuits_at(self):
        """Of each stack, the circuits over which people came to it from now on."""
        seen, path = {stack.run: set() for stack in self.socks.stacks}, type(self.socks).path

        def note(host, port):
            found = path(self.socks, host, port)
            names.append(next((run for run in seen if found and found.startswith(run)), None))
            return found
        names, began = [], len(self.socks.seen)
        self.socks.path = note
        self.addCleanup(self.socks.__dict__.pop, "path", None)

        def result():
            for (user, _), run in zip(self.socks.seen[began:], [name for name in names if name]):
                seen[run].add(user)
            return seen.values()
        return result

    def test_who_lives_at_two_servers_is_reached_at_both_and_leaves_a_dead_one(self):
        alice, bob, carl, dora = (self.person(name) for name in ("alice", "bob", "carl", "dora"))
        friends(alice, bob)
        self.say(bob, alice, "hello")
        circuits = self.circuits_at()
        self.assertIn("added", alice.do("server", "add", self.north.invite_link()))
        self.assertEqual(self.servers(alice), [("home", self.stack.onion_api), ("home", self.north.onion_api)])
        self.assertEqual(self.count(self.north, "account"), 1)
        north = self.link_at(alice, self.north)
        self.assertNotEqual(north, alice.link())
        links = [json.loads(line)["text"] for line in alice.do("--json", "id").splitlines()]
        self.assertEqual(links, [alice.link(), north])
        alice.do("recv")
        self.assertFalse(set.intersection(*circuits()), "one circuit led to both servers")
        carl.do("add", alice.name, north) # carl has his account in the south
        alice.do("add", dora.name, dora.link(), "--server", self.north.onion_api[:12])
        carl.do("send", alice.name, "by the north")
        request = json.loads(alice.do("--json", "requests").splitlines()[0] if alice.do("recv") else "{}")
        alice.do("accept", request["text"], carl.name)
        alice.do("send", dora.name, "it is me")
        dora.do("recv")
        dora.do("accept", json.loads(dora.do("--json", "requests"))["text"], alice.name)
        self.say(alice, carl, "welcome")
        path = f"{self.stack.dir}/note.txt"
        with open(path, "w", encoding="utf-8") as file:
            file.write("small")
        before = self.count(self.stack, "chunk")
        alice.do("send", carl.name, "--file", path) # it tells him of no other server
        self.assertEqual((self.count(self.stack, "chunk"), self.count(self.north, "chunk")), (before, 1))
        for stack in self.socks.stacks:
            stack.sql("DELETE FROM sotto.blob")
        for other in (bob, carl, dora):
            other.do("send", alice.name, f"from {other.name}")
        self.assertEqual((self.count(self.stack, "blob"), self.count(self.north, "blob")), (1, 2))
        alice.do("recv")
        for other in (bob, carl, dora):
            self.assertIn(f"from {other.name}", alice.texts(other.name))

        self.socks.stacks.remove(self.north)
        bob.do("send", alice.name, "are you there?")
        done = alice.run("recv")
        self.assertIn(f"{bob.name} > are you there?\n", done.stdout)
        self.assertEqual((done.returncode, f"{self.north.onion_api} is away" in done.stderr), (4, True), done)
        self.assertNotIn(f"{self.stack.onion_api} is away", done.stderr)
        told = alice.run("doctor").stdout
        self.assertIn(f"bad: {self.north.onion_api}: the server cannot be reached", told)
        self.assertIn(f"ok: {self.stack.onion_api}: the account is there", told)
        alice.do("server", "leave", self.north.onion_api)
        self.assertEqual(self.servers(alice), [("home", self.stack.onion_api), ("left", self.north.onion_api)])
        for other in (carl, dora):
            other.do("recv")
            other.do("send", alice.name, "I heard")
            self.assertIn(f"{other.name} > I heard\n", alice.run("recv").stdout)
        self.assertIn("lives at no other", alice.run("server", "leave", self.stack.onion_api).stderr)

        self.socks.stacks.append(self.north) # it comes back, and is told
        alice.do("recv")
        self.assertEqual(self.count(self.north, "account"), 0)
        for alice.days in (1, 3, 4):
            alice.do("recv")
        self.assertEqual(self.servers(alice), [("home", self.stack.onion_api)])
        self.assertEqual(self.count(self.north, "mailbox"), 0)

    def test_in_a_chat_servers_are_shown_added_left_and_chosen_when_it_is_said_twice(self):
        alice, bob = self.person("alice"), self.person("bob")
        friends(alice, bob)
        self.say(alice, bob, "hello")
        self.say(bob, alice, "hello yourself")
        south, north = self.stack.onion_api, self.north.onion_api
        a = chat(self, alice)
        a.until("live")
        link = alice.link()
        a.line("/id")
        a.until(lambda text: link in text.replace("\n", ""))
        a.press("Escape")
        a.line("/server")
        a.until(re.compile(rf"{south} \(main\)\n    {bob.name}\n\n").search)
        a.press("Escape")
        a.line("/server add nonsense")
        a.until("/server add INVITE, or NAME.onion")
        goes_on = threading.Event()
        self.socks.passed = lambda n, up: goes_on.wait(60)
        self.addCleanup(goes_on.set)
        self.addCleanup(setattr, self.socks, "passed", lambda n, up: None)
        a.line(f"/server add {self.north.invite_link()}")
        a.until("Enter: you live at that server too")
        self.assertEqual(self.servers(alice), [("home", south)])
        a.press("Enter")
        a.until("asking the server")
        a.line("/server add " + north)
        a.press("Enter")
        a.until("one after the other")   # keys are heard
        a.line("/server main " + south[:9])
        a.press("Enter")
        a.until("new contacts are told of it")   # which asks nobody
        goes_on.set()
        a.until("you live there too")
        self.assertEqual(self.servers(alice), [("home", south), ("home", north)])
        a.line("/server use " + north[:9])
        a.until("Enter: this contact is told")
        self.assertEqual(self.contact(alice, bob)["server"], south)
        a.press("Enter")
        a.until("they are told")
        self.assertEqual(self.contact(alice, bob)["server"], north)
        a.line("/server main " + north[:9])
        a.press("Enter")
        a.until("new contacts are told of it")
        a.line("/server")
        a.until(re.compile(rf"{north} \(main\)\n    {bob.name}\n{south}\n    nobody has been told of it\n").search)
        a.press("Escape")
        a.line("/server leave " + south[:9])
        a.until("Enter: you leave it")
        self.assertEqual(self.servers(alice), [("home", north), ("home", south)])
        a.press("C-u")   # or not
        a.line("/server leave " + south[:9])
        a.press("Enter")
        a.until("left: its contacts are told")
        self.assertEqual(self.servers(alice)[0], ("home", north))
        self.assertNotIn(("home", south), self.servers(alice))
        a.line("/server leave " + north[:9])
        a.press("Enter")
        a.until("lives at no other")
        a.line("/server leave nowhere")
        a.until("nothing of yours is at that server")
        bob.do("recv")
        bob.do("send", alice.name, "to the north")
        a.until("> to the north")
        a.line("/quit")
        self.assertEqual(a.end(), 0)

    def test_another_main_server_is_for_new_people_and_for_whom_one_says(self):
        alice, bob, carl = (self.person(name) for name in ("alice", "bob", "carl"))
        friends(alice, bob)
        self.say(alice, bob, "hello")
        self.say(bob, alice, "hello yourself")
        south = alice.link()
        alice.do("server", "add", self.north.invite_link())
        alice.do("server", "main", self.north.onion_api)
        self.assertEqual((alice.link(), self.link_at(alice, self.stack)), (self.link_at(alice, self.north), south))
        friends(alice, carl)
        self.say(alice, carl, "hello")
        for person in (bob, carl):
            person.do("send", alice.name, "where does it go?")
        self.assertEqual((self.count(self.stack, "blob"), self.count(self.north, "blob")), (1, 1))
        alice.do("recv")
        alice.do("server", "use", self.north.onion_api, bob.name)
        bob.do("recv")
        bob.do("send", alice.name, "and now?")
        self.assertEqual((self.count(self.stack, "blob"), self.count(self.north, "blob")), (0, 1))
        export, secret = f"{self.stack.dir}/{alice.name}.export", "correct horse battery staple\n"
        alice.do("export", export)
        alice.do("lock")
        shutil.rmtree(alice.profile)
        subprocess.run(alice.argv("import", export), input=secret * 2, text=True, timeout=STEP_S, capture_output=True, check=True,
                       env=alice.environment())
        alice.run("unlock", "60")
        self.assertEqual(alice.link(), self.link_at(alice, self.north))
        alice.do("recv")
        self.hear(bob, carl, alice)
        self.say(bob, alice, "still there?")
        self.assertIn("and now?", alice.texts(bob.name))
        alice.do("unlock")
        alice.do("panic")
        self.assertEqual((self.count(self.stack, "account"), self.count(self.north, "account")), (2, 0))

    def hear(self, *people):
        """Everybody fetches and answers until nothing moves."""
        for _ in range(3):
            for person in people:
                person.do("recv")

    def test_of_an_export_from_before_the_move_one_goes_on_at_the_new_server(self):
        alice, bob = self.person("alice"), self.person("bob")
        friends(alice, bob)
        self.say(alice, bob, "one")
        self.say(bob, alice, "two")
        export, secret = f"{self.stack.dir}/{alice.name}.export", "correct horse battery staple\n"
        alice.do("export", export)
        alice.do("server", "move", self.north.invite_link())
        bob.do("recv")
        self.say(alice, bob, "three")
        self.say(bob, alice, "four")
        alice.do("lock")
        shutil.rmtree(alice.profile)
        subprocess.run(alice.argv("import", export), input=secret * 2, text=True, timeout=STEP_S, capture_output=True, check=True,
                       env=alice.environment())
        alice.run("unlock", "60")
        bob.do("send", alice.name, "five") # to where nobody reads any more
        self.assertIn("see sotto doctor", alice.run("recv").stderr)
        self.assertIn("the server knows no such account", alice.run("doctor").stdout)
        alice.do("server", "move", self.north.invite_link())
        for alice.days in (0.1, 0.2, 0.3):
            bob.days = alice.days
            self.hear(alice, bob)
        self.say(alice, bob, "six")
        self.say(bob, alice, "seven")
        self.assertEqual(sorted(alice.texts(bob.name)), ["five", "four", "seven", "two"])
        self.assertEqual(bob.texts(alice.name), ["one", "three", "six"])

    def test_a_member_who_moves_stays_in_the_group(self):
        anna, bert, carl = people = [self.person(name) for name in ("anna", "bert", "carl")]
        for other in (bert, carl): # who have never met
            friends(anna, other)
        gather("garden", *people)
        self.hear(*people)
        bert.do("group", "send", "garden", "before")
        carl.do("server", "move", self.north.invite_link())
        for text, who in (("from anna", anna), ("from bert", bert), ("from carl", carl)):
            who.do("group", "send", "garden", text)
        self.hear(*people)
        self.stack.sql("DELETE FROM sotto.blob")
        bert.do("group", "send", "garden", "to the new server")
        for who in (anna, carl):
            who.do("recv")
        for who in people:
            heard = re.findall(r"^garden/\S+ > ((?:from|before|to) .*|before)$", who.do("group", "log", "garden"), re.M)
            want = ["before", "from anna", "from bert", "from carl", "to the new server"]
            own = {anna: ["from anna"], bert: ["before", "from bert", "to the new server"], carl: ["from carl"]}[who]
            self.assertEqual(sorted(heard), [text for text in want if text not in own], who.name)
