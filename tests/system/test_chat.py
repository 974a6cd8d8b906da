# SPDX-License-Identifier: AGPL-3.0-or-later
"""The chat, typed into and looked at."""
import os
import re
import signal

from people import Town, friends
from terminal import Terminal


class Chat(Town):
    def setUp(self):
        self.alice, self.bob = self.person("alice"), self.person("bob")

    def chat(self, person, rows=24, columns=80, **env):
        """It asks for the passphrase where there is no keyring."""
        terminal = Terminal(person.argv("chat"), {**person.environment(), "LC_ALL": "C.UTF-8",
                                                  **env}, rows, columns)
        self.addCleanup(terminal.close)
        terminal.wait(lambda: re.search(rb"Passphrase|connecting|live|sotto:", terminal.raw()), "a beginning")
        if b"Passphrase" in terminal.raw():
            terminal.line("correct horse battery staple")
        return terminal

    def test_two_people_talk_and_each_sees_what_waits_and_what_is_sent(self):
        friends(self.alice, self.bob)
        a, b = self.chat(self.alice), self.chat(self.bob)
        for terminal in a, b:
            terminal.until("live")
        self.socks.open = False
        self.addCleanup(setattr, self.socks, "open", True)
        a.line("h\u00e4llo bob, from a hill")
        a.until(lambda text: re.search(r"\d\d:\d\d ~ h\u00e4llo bob, from a hill", text))
        self.socks.open = True
        a.line("and down again")
        a.until(lambda text: re.search(r"\d\d:\d\d < h\u00e4llo bob, from a hill\n.*\d\d:\d\d < and down again", text))
        b.until(lambda text: re.search(r"> h\u00e4llo bob, from a hill\n.*> and down again", text))
        b.type("hello \u6f22\u5b57xx")
        b.until("> hello \u6f22\u5b57xx")
        b.press("BSpace", "BSpace", "Left", "BSpace")
        b.until("> hello \u5b57")
        b.press("C-u")
        b.line("//not a command")
        a.until("> /not a command")
        a.line("/quit")
        self.assertEqual(a.end(), 0)

    def test_what_was_said_is_searched_edited_and_deleted_and_states_show(self):
        friends(self.alice, self.bob)
        self.bob.do("receipts", self.alice.name, "on")
        a, b = self.chat(self.alice), self.chat(self.bob)
        for terminal in a, b:
            terminal.until("live")
        for line in "the harbour at nine", "or the airport":
            a.line(line)
        a.until(lambda text: re.search(r"\d\d:\d\d = the harbour at nine\n.*\d\d:\d\d = or the airport", text))
        a.line("/edit or the station")
        b.until("> or the station  (edited)")
        self.assertNotIn("airport", b.text())
        a.line("/find harb")
        a.until(lambda text: "(/find: back)" in text and "harbour" in text and "station" not in text)
        a.line("/find")
        a.until("station  (edited)")
        a.line("/delete")
        for terminal in a, b:
            terminal.until(lambda text: "(deleted)" in text and "station" not in text)
        path = f"{self.stack.dir}/plan.pdf"
        with open(path, "wb") as file:
            file.write(b"x" * 1500000)
        self.alice.do("send", self.bob.name, "--file", path)
        b.until(lambda text: re.search(r"> \[file 1, 1\.5 MB\] plan\.pdf  \(sotto get\)", text))

    def test_groups_are_conversations_too(self):
        friends(self.alice, self.bob)
        self.alice.do("group", "new", "crew")
        self.alice.do("group", "invite", "crew", self.bob.name)
        b = self.chat(self.bob)
        b.until(lambda text: re.search(r"^ crew ", text, re.M))
        b.press("Up")
        b.until("group crew invites you: /join")
        b.line("/join")
        b.until(lambda text: "group crew" in text and "/join" not in text)
        a = self.chat(self.alice)
        a.until(lambda text: re.search(r"^ crew ", text, re.M))
        a.press("Up")
        a.until("has joined")
        b.line("all aboard")
        a.until(f"> {self.bob.name}: all aboard")

    def test_nothing_that_steers_a_terminal_reaches_it(self):
        friends(self.alice, self.bob)
        evil = "red\x1b[31m\x1b]0;owned\x07\x9b2J\u202egnp\u200b.exe\r\x08\x7f\u0301" + "e" + "\u0301" * 40 + "\x0e end"
        a = self.chat(self.alice)
        a.until("live")
        self.bob.do("send", self.alice.name, evil)
        a.until("end")
        for bad in (b"\x1b[31m", b"\x1b]0;", b"\x07", "\x9b".encode(), "\u202e".encode(), "\u200b".encode(), b"\x0e"):
            self.assertNotIn(bad, a.raw().split(b"\x1b[?1049h")[-1], bad)
        self.assertNotIn("owned", a.title())
        self.assertLessEqual(a.raw().count("\u0301".encode()), 8)
        self.assertIn("red\ufffd[31m\ufffd]0;owned\ufffd\ufffd2Jgnp.exe", a.text())

    def test_requests_are_accepted_or_blocked_and_others_are_counted_unread(self):
        a = self.chat(self.alice)
        a.until("nobody is there yet")
        self.bob.do("add", self.alice.name, self.alice.link())
        self.bob.do("send", self.alice.name, "do you know me?")
        a.until("do you know me?")
        a.until("wants to write to you: /accept NAME or /block")
        a.line("yes")
        a.until("accept the request first")
        a.press("C-u")
        a.line("/accept bobby")
        a.until(lambda text: re.search(r"^ bobby", text, re.M) and "request" not in text)
        a.line("now I do")
        a.until("< now I do")
        self.bob.do("recv")
        self.assertEqual(self.bob.texts(self.alice.name), ["now I do"])
        carol = self.person("carol")
        carol.do("add", self.alice.name, self.alice.link())
        carol.do("send", self.alice.name, "buy this")
        a.until(lambda text: re.search(r"^ request-\w+ +1", text, re.M))
        a.until(lambda text: re.search(r"^ bobby  ", text, re.M))
        a.press("Up")
        a.until(lambda text: "buy this" in text and "now I do" not in text)
        a.line("/block")
        a.until(lambda text: "request" not in text and "now I do" in text)
        a.line("/nonsense")
        a.until("/add NAME LINK  /accept NAME")

    def test_it_fits_every_size_and_scrolls(self):
        friends(self.alice, self.bob)
        a = self.chat(self.alice)
        for i in range(30):
            a.line(f"number {i} of thirty, all of them long enough")
        a.until("number 29 of thirty")
        self.assertRegex(a.text(), r"(?m)^ bob\d+ ")
        a.resize(20, 40)   # no room for the list, and lines break
        a.until(lambda text: re.search(r"(?m)^\d\d:\d\d . number 29 of thirty, all of them\n {8}long enough$", text))
        a.resize(3, 30)
        a.until(lambda text: text.count("\n") == 3 and "enough" in text)
        a.resize(2, 10)
        a.until("too small")
        a.resize(24, 100)
        a.until(lambda text: re.search(r"(?m)number 29 of thirty, all of them long enough$", text))
        for _ in range(4):
            a.press("PageUp")
        a.until("number 0 of thirty")

    def test_ctrl_x_twice_destroys_the_profile_and_once_does_not(self):
        friends(self.alice, self.bob)
        a = self.chat(self.alice)
        a.until("live")
        a.press("C-x")
        a.until("Ctrl-X again destroys")
        a.press("x", "C-x")
        a.until("Ctrl-X again destroys")
        a.press("y", "C-u")
        self.assertTrue(os.path.exists(f"{self.alice.profile}/key"))
        a.press("C-x", "C-x")
        self.assertEqual(a.end(), 0, a.text())
        self.assertIn(b"destroyed", a.raw())
        self.assertEqual(os.listdir(self.alice.profile) if os.path.exists(self.alice.profile) else [], [])
        self.assertNotIn(self.bob.name, a.text())
        b = self.chat(self.bob)
        b.until("live")
        os.kill(b.pid(), signal.SIGUSR1)
        self.assertEqual(b.end(), 0, b.text())
        self.assertFalse(os.path.exists(f"{self.bob.profile}/key"))
        self.assertEqual(self.stack.sql("SELECT count(*) FROM sotto.account"), "0")

    def test_without_a_terminal_that_can_do_it_it_says_so(self):
        done = self.alice.run("chat")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("chat wants a terminal", done.stderr)
        a = self.chat(self.alice, TERM="nonsense")
        self.assertEqual(a.end(), 1)
        self.assertIn(b"sotto: the terminal cannot", a.raw())
