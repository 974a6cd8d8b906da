# SPDX-License-Identifier: AGPL-3.0-or-later
"""The chat, typed into and looked at."""
import glob
import os
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import threading

from people import Town, friends, gather
from stack import until
from terminal import chat


class Chat(Town):
    def setUp(self):
        self.alice, self.bob = self.person("alice"), self.person("bob")

    def chat(self, person, argv=None, **env):
        return chat(self, person, argv, **env)

    def test_two_people_talk_and_each_sees_what_waits_and_what_is_sent(self):
        friends(self.alice, self.bob)
        a, b = self.chat(self.alice), self.chat(self.bob)
        for terminal in a, b:
            terminal.until("live")
        self.socks.close()
        self.addCleanup(setattr, self.socks, "open", True)
        a.line("h\u00e4llo bob, from a hill")
        a.until(lambda text: re.search(r"\d\d:\d\d ~ h\u00e4llo bob, from a hill", text))
        for terminal in a, b:
            terminal.until("AWAY")
        self.socks.open = True
        for terminal in a, b:
            terminal.until(re.compile(r" live\n").search)
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
        self.stack.stop("broker")
        a.until("Tor or the server is away")
        a.press("C-u")
        a.until(re.compile(r" AWAY \d\d:\d\d\n").search)
        self.stack.start("broker")
        self.stack.wait_healthy("bridged")
        a.until(re.compile(r"connected again +live\n").search)
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
        self.any_message_is_chosen(a, b)
        path = f"{self.stack.dir}/plan.pdf"
        with open(path, "wb") as file:
            file.write(b"x" * 1500000)
        self.alice.do("send", self.bob.name, "--file", path)
        b.until(lambda text: re.search(r"> \[file 1, 1\.5 MB\] plan\.pdf  \(/get 1\)", text))

    def any_message_is_chosen(self, a, b):
        """The harbour at nine is the first of those that are there."""
        b.line("by boat?")
        a.until("> by boat?")
        a.press("Tab")
        a.until(re.compile(r"\d\d:\d\d\*> by boat\?\n").search)
        a.press("e")
        a.until("only texts of your own can be edited")
        a.press("d")
        a.until("only what is your own can be deleted")
        a.press("Up", "Up")
        a.until(re.compile(r"\d\d:\d\d\*= the harbour at nine\n").search)
        a.press("Enter")
        a.until(re.compile(rf"(?s)^to {self.bob.name}\n.*\d\d:\d\d:\d\d\nnumber 1, has come, as they tell\n\nthe harbour at nine\n").search)
        a.press("Escape", "e")
        a.until(re.compile(r"this message of yours becomes .*\n> the harbour at nine$", re.M).search)
        a.press("C-w")
        a.line("t\u00e9n")
        b.until("> the harbour at t\u00e9n  (edited)")
        self.assertEqual(a.text().count("t\u00e9n"), 1)
        a.press("Tab", "Up", "Up", "d")
        a.until("d again deletes it, here and there")
        a.press("Up", "d")   # it was asked for another one
        a.until("d again deletes it, here and there")
        a.press("d")
        b.until(lambda text: "harbour" not in text)
        a.press("Escape")
        a.until("> /help  Tab")

    def test_files_go_both_ways_and_what_was_stopped_goes_on(self):
        friends(self.alice, self.bob)
        a, b = self.chat(self.alice), self.chat(self.bob)
        for terminal in a, b:
            terminal.until("live")
        path, place = f"{self.stack.dir}/a plan.pdf", f"{self.stack.dir}/place"
        os.mkdir(place)
        contents = os.urandom(9 << 20)
        with open(path, "wb") as file:
            file.write(contents)
        a.line(f"/send {path}")
        a.until(re.compile(r"sending a plan\.pdf +\d+%").search)
        a.line("/send /etc/passwd")
        a.until("one file at a time")
        a.line("a word meanwhile")   # keys are heard
        b.until("> a word meanwhile")
        a.until(f"sent to {self.bob.name}: a plan.pdf")
        b.until("a plan.pdf  (/get 1)")
        goes_on = threading.Event()
        self.addCleanup(goes_on.set)
        self.socks.passed = lambda n, up: goes_on.wait(60)
        b.line(f"/get {place}")
        b.until(re.compile(r"fetching a plan\.pdf +\d+%").search)
        b.line("/stop")
        b.until("stopped: the same again goes on from there")
        goes_on.set()
        b.line(f"/get 1 {place}")
        b.until("fetched: a plan.pdf in ")
        b.until("a plan.pdf  (fetched)")
        with open(f"{place}/a plan.pdf", "rb") as file:
            self.assertEqual(file.read(), contents)
        self.assertEqual(os.listdir(place), ["a plan.pdf"])
        for line, answer in (("/get", "no such file came"), ("/get 1", "nothing to do"), ("/get 7 /", "no such file came"),
                             ("/send /nowhere", "no such place"), ("/send", "/send PATH: a file"), ("/stop now", "")):
            b.line(line)
            b.until(answer)
        for terminal in a, b:   # with 66 if the thread sanitiser saw a race: make check-threads
            terminal.line("/quit")
            self.assertEqual(terminal.end(), 0, terminal.raw()[-4000:].decode(errors="replace"))

    def test_the_head_tells_of_timer_and_key_and_help_and_members_of_all(self):
        friends(self.alice, self.bob)
        self.alice.do("send", self.bob.name, "hello")
        a, b = self.chat(self.alice), self.chat(self.bob)
        for terminal in a, b:
            terminal.until("live")
        a.until("< hello")
        for line, seen in (("/timer soon", "/timer off, or a time like"), ("/timer 1d", f"{self.bob.name}   timer 1d"),
                           ("/timer 2y", "/timer off, or a time like"), ("/timer", "/timer TIME: messages disappear")):
            a.line(line)
            a.until(seen)
        b.until(f"{self.alice.name}   timer 1d")
        a.line("/timer off")
        b.until(lambda text: "timer 1d" not in text.split("\n")[-3] and "messages stay" in text)
        a.line("/verify")
        a.until(lambda text: len(re.findall(r"\b\d{5}\b", text)) == 12)
        number = "".join(re.findall(r"\b\d{5}\b", a.text()))
        b.line("/verify " + number[::-1])
        b.until("another number")
        b.line("/verify " + number)
        b.until(" verified ")
        b.press("C-u")
        b.until(f"{self.alice.name} (verified)")
        b.line("/help")
        b.until(lambda text: "/add NAME LINK" in text and "/timer TIME" in text and "has come" in text)
        b.press("C-u")
        b.until(lambda text: "/timer TIME" not in text and "> hello" in text)
        b.line("/nonsense")
        b.until("/help tells what there is")

    def test_what_is_pasted_is_text_and_none_of_it_is_sent_or_a_key(self):
        friends(self.alice, self.bob)
        a, b = self.chat(self.alice), self.chat(self.bob)
        for terminal in a, b:
            terminal.until("live")
        a.paste("one\n/quit\n\x18\x18three\u202egnp ")
        a.until("> one\u21b5/quit\u21b5threegnp")
        self.assertTrue(os.path.exists(f"{self.alice.profile}/key"))
        self.assertNotIn("\u202e".encode(), a.raw().split(b"\x1b[?1049h")[-1])
        long = "word " * 2000
        a.paste(long + "and its end")
        a.until("word and its end")
        a.press("Enter")
        b.until(lambda text: re.search(r"^>?.*--- new:\n.*> one\n", text) and "its end" not in text)   # from its beginning
        b.press("End")
        b.until(lambda text: re.search(r"word and its end\n", text) and "PgDn" not in text)
        a.line("/find three")
        a.until("(/find: back)")
        self.assertEqual(len(self.bob.texts(self.alice.name)), 1)   # one message of nine parts
        self.assertIn(b"\x1b[?2004h", a.raw())
        a.line("/quit")
        self.assertEqual(a.end(), 0)
        self.assertIn(b"\x1b[?2004l", a.raw())

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
        a.line("/timer 1d")
        for terminal in a, b:
            terminal.until("group crew   timer 1d")
        b.line("all aboard")
        a.until(f"> {self.bob.name}: all aboard")
        a.line("/members")
        a.until(f"In crew with you:\n")
        a.until(re.compile(rf"   {self.bob.name}$", re.M).search)
        a.press("Up")
        a.until(lambda text: f" {self.bob.name} " in text.split("\n")[-3])
        b.line("and off")
        a.until(re.compile(r"^ crew +1\b", re.M).search)
        a.press("Up")
        a.until(f"> {self.bob.name}: and off")
        a.until(lambda text: not re.search(r"^ crew +1\b", text, re.M))
        b.press("Tab", "Up", "Enter")
        b.until(re.compile(r"\ndisappears .*\d\d:\d\d:\d\d\n\nsent to 1 of 1, come to 0\n.*: is in their mailbox\n\nall aboard").search)
        b.press("Escape", "e")
        b.until("this message of yours becomes")
        b.line("!")
        a.until(f"> {self.bob.name}: all aboard!  (edited)")
        b.line("/delete")
        a.until(f"> {self.bob.name}: (deleted)")
        b.line("and off")
        a.until(f"> {self.bob.name}: and off")
        a.line("/find aboard")
        a.until(re.compile(rf"\*> \d{{4}}-\d\d-\d\d {self.bob.name}: all aboard!  \(edited\)\n").search)
        a.line("/go " + self.bob.name)
        a.until(lambda text: f" {self.bob.name} " in text.split("\n")[-3])
        a.line("nobody is aboard here")
        a.line("/find off")
        a.until("(nothing has these words)")
        a.line("/findall aboard")
        a.until(lambda text: f"crew, {self.bob.name}: all aboard" in text and f"{self.bob.name}: nobody is aboard" in text)
        a.press("Up", "Enter")
        a.until(lambda text: re.search(rf"\*> {self.bob.name}: all aboard!  \(edited\)\n", text) and "and off" in text and "nobody" not in text)
        b.line("/forget")
        b.until("you are still in it")
        b.line("/leave")
        b.line("/forget")
        b.until(lambda text: "crew" not in text)

    def test_a_file_goes_to_a_group_and_is_fetched_in_it(self):
        friends(self.alice, self.bob)
        gather("crew", self.alice, self.bob)
        self.alice.do("recv")
        a, b = self.chat(self.alice), self.chat(self.bob)
        path, place = self.source(150000, "a chart.png"), f"{self.stack.dir}/charts"
        os.mkdir(place)
        for terminal in a, b:
            terminal.until("live")
            terminal.line("/go crew")
            terminal.until("group crew")
        a.line(f"/send {path}")
        a.until(lambda text: "sent to crew: a chart.png" in text and "[file 1, 0.1 MB] a chart.png" in text)
        b.until(f"> {self.alice.name}: [file 1, 0.1 MB] a chart.png  (/get 1)")
        for line in f"/go {self.alice.name}", f"/get {place}":
            b.line(line)
        b.until("no such file") # it was not said between the two
        b.line("/go crew")
        b.line(f"/get {place}")
        b.until("a chart.png  (fetched)")
        self.assertEqual(os.listdir(place), ["a chart.png"])
        a.line("/delete")
        for terminal in a, b:
            terminal.until(lambda text: "(deleted)" in text and "a chart.png  " not in text)

    def test_nothing_that_steers_a_terminal_reaches_it(self):
        friends(self.alice, self.bob)
        evil = "red\x1b[31m\x1b]0;owned\x07\x9b2J\u202egnp\u200b.exe\r\x08\x7f\u0301" + "e" + "\u0301" * 40 + "\x0e end"
        a = self.chat(self.alice)
        a.until("live")
        a.line("/bell off")
        a.until("the bell is off")
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
        self.assertNotIn(b"\x07", a.raw())
        a.line("/accept bobby")
        a.until(lambda text: re.search(r"^>bobby", text, re.M) and "request" not in text)
        a.line("now I do")
        a.until("< now I do")
        self.bob.do("recv")
        self.assertEqual(self.bob.texts(self.alice.name), ["now I do"])
        self.bob.do("send", self.alice.name, "at last")
        a.until("> at last")
        self.assertEqual(a.raw().count(b"\x07"), 1)
        a.type("half a th")
        self.alice.do("rename", "bobby", "robert")   # what was meant for one goes to no other
        a.until(lambda text: re.search(r"^ robert ", text, re.M) and "half" not in text)
        a.line("ought")
        a.until("this would go to nobody")
        a.press("C-u", "Up")
        a.type("half a th")
        carol = self.person("carol")
        carol.do("add", self.alice.name, self.alice.link())
        carol.do("send", self.alice.name, "buy this")
        a.until(lambda text: re.search(r"^ request-\w+ +1", text, re.M))
        a.until(lambda text: re.search(r"^>robert  ", text, re.M))
        a.press("Up")
        a.until(lambda text: "buy this" in text and "now I do" not in text and "half" not in text)
        a.line("/block")
        a.until(lambda text: "request" not in text and "now I do" in text)
        a.until("> half a th")
        a.press("C-u")
        a.type("/rec")
        a.press("Tab")
        a.until("> /receipts")
        a.press("C-u")
        a.line("/rename bobby")
        a.until(lambda text: re.search(r"^>bobby ", text, re.M))
        a.type("/go bo")
        a.press("Tab")
        a.until("> /go bobby")
        self.assertEqual(a.raw().count(b"\x07"), 1)

    def test_it_fits_every_size_and_scrolls(self):
        friends(self.alice, self.bob)
        a = self.chat(self.alice)
        a.until("live")
        a.type("".join(f"number {i} of many, all of them long enough\r" for i in range(250)))
        a.until("number 249 of many")
        self.assertRegex(a.text(), r"(?m)^>bob\d+ ")
        a.resize(20, 40)   # no room for the list, and lines break
        a.until(lambda text: re.search(r"(?m)^\d\d:\d\d . number 249 of many, all of them\n {8}long enough$", text))
        a.resize(3, 30)
        a.until(lambda text: text.count("\n") == 3 and "enough" in text)
        a.resize(2, 10)
        a.until("too small")
        a.resize(24, 100)
        a.until(lambda text: re.search(r"(?m)number 249 of many, all of them long enough$", text))
        self.assertNotRegex(a.raw(), rb"\x1b\[[\d;]*[34]\d[\d;]*m")   # no colours
        a.type("x\x1b[99~y")   # a key that is not known
        a.until("> xy")
        a.press("C-u", "Home")
        a.until(lambda text: "--- " in text and "number 0 of" in text and "PgDn: to the newest" in text)
        self.bob.do("send", self.alice.name, "did you see?")
        a.until("PgDn: 1 new")
        a.until("number 0 of many")   # it does not move
        a.press(*["PageDown"] * 40)
        a.until(lambda text: "> did you see?" in text and "--- new" in text and "PgDn" not in text)
        a.press("PageUp", "PageUp")
        a.until(lambda text: "(PgDn: to the newest)" in text and " ~ " not in text)   # all there is sent
        seen = a.text().split("\n")[1:-3]
        self.bob.do("send", self.alice.name, "and this?")
        a.until("(PgDn: 1 new)")
        self.assertEqual(a.text().split("\n")[1:-3], seen)
        a.press(*["PageUp"] * 40)
        a.until(lambda text: re.search(r"(?m)number 0 of many, all of them long enough$", text))

    def sshd(self):
        """The argv of ssh to a server of its own on a free port, with keys of its own."""
        folder = tempfile.mkdtemp(dir=self.stack.dir)
        for key in "host", "user":
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/{key}"], check=True, timeout=60)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with open(f"{folder}/config", "w", encoding="ascii") as config:
            config.write(f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
                         "StrictModes no\nPidFile none\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
                         "UsePAM no\nPrintMotd no\nLogLevel DEBUG\n")
        os.makedirs("/run/sshd", exist_ok=True)   # where it locks itself in
        with open(f"{folder}/log", "wb") as log:
            server = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", f"{folder}/config"], stdin=subprocess.DEVNULL,
                                      stdout=log, stderr=log)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        def log():
            with open(f"{folder}/log", "rb") as file:
                return file.read()
        until("sshd to listen", lambda: b"Server listening" in log(), lambda: self.assertIsNone(server.poll(), log()))
        return ["ssh", "-tt", "-F", "none", "-p", str(port), "-i", f"{folder}/user", "-o", "IdentitiesOnly=yes",
                "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={folder}/known", "-o", "LogLevel=ERROR",
                "127.0.0.1"]

    def test_over_ssh_it_is_the_same_resizes_and_ends_with_the_line(self):
        friends(self.alice, self.bob)
        ssh = self.sshd()
        argv = ["env", "LC_ALL=C.UTF-8", *self.alice.argv("chat")]
        a = self.chat(self.alice, argv=[*ssh, shlex.join(argv)])
        b = self.chat(self.bob)
        for terminal in a, b:
            terminal.until("live")
        a.line("h\u00e4llo from afar \u6f22\u5b57")
        b.until("> h\u00e4llo from afar \u6f22\u5b57")
        b.line("a line that is long enough to be broken when there are fewer columns")
        a.until("fewer columns")
        a.resize(20, 40)
        a.until(lambda text: re.search(r"(?m)^\d\d:\d\d > a line that is long enough to be$", text))
        a.resize(30, 100)
        a.until(lambda text: re.search(r"(?m)enough to be broken when there are fewer columns$", text))
        a.paste("one\nmore")
        a.until("> one\u21b5more")
        # Inside tmux at the other end, too.
        inner = self.chat(self.alice, argv=[*ssh, shlex.join(["env", "LC_ALL=C.UTF-8", "tmux", "-u", "-f", "/dev/null", "-S",
                                                              f"{self.stack.dir}/t", "new", shlex.join(argv)])])
        inner.until("fewer columns")
        inner.resize(16, 70)
        inner.until(lambda text: "fewer columns" in text and "live" in text)
        inner.line("/quit")
        self.assertEqual(inner.end(), 0)
        chats = self.chats(self.alice)
        self.assertEqual(len(chats), 1, a.text())
        os.kill(a.pid(), signal.SIGKILL)   # the line is cut
        a.wait(lambda: not self.chats(self.alice), "its end at the other end")
        self.alice.do("send", self.bob.name, "still here")
        b.until("> still here")

    def chats(self, person):
        """The chats that person has open."""
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"/sotto") and person.profile.encode() in words and b"chat" in words:
                found.append(path)
        return found

    def test_on_plain_terminals_too_and_when_nothing_hears_its_end(self):
        friends(self.alice, self.bob)
        self.bob.do("send", self.alice.name, "a word")
        for term in "vt100", "linux", "xterm-256color":
            a = self.chat(self.alice, TERM=term)
            a.until("> a word")
            a.line("/quit")
            self.assertEqual(a.end(), 0, term)
        a = self.chat(self.alice, argv=["env", "--ignore-signal=HUP", *self.alice.argv("chat")])
        a.until("> a word")
        self.assertEqual(len(self.chats(self.alice)), 1)
        a.close()
        a.wait(lambda: not self.chats(self.alice), "its end without a terminal")

    def accounts(self):
        return int(self.stack.sql("SELECT count(*) FROM sotto.account"))

    def test_ctrl_x_twice_destroys_the_profile_and_once_does_not(self):
        friends(self.alice, self.bob)
        before = self.accounts()
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
        self.assertEqual(self.accounts(), before - 2)

    def test_without_a_terminal_that_can_do_it_it_says_so(self):
        done = self.alice.run("chat")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("chat wants a terminal", done.stderr)
        a = self.chat(self.alice, TERM="nonsense", NO_COLOR="1")
        self.assertEqual(a.end(), 9)
        self.assertIn(b"sotto: the terminal cannot", a.raw())
