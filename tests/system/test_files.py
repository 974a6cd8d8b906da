# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a file comes over whole, whoever is killed on the way, harms no folder, and leaves nothing at the server."""
import json
import os
import subprocess
import tempfile

from people import STEP_S, Person, Town, friends

MB = 1 << 20


class Files(Town):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alice, cls.bob = (Person(cls.stack, cls.socks, name) for name in ("alice", "bob"))
        friends(cls.alice, cls.bob)

    def setUp(self):
        self.stack.sql("DELETE FROM sotto.chunk")
        self.folder = tempfile.mkdtemp(dir=self.stack.dir)

    def chunks(self):
        return int(self.stack.sql("SELECT count(*) FROM sotto.chunk"))

    def number(self, name):
        rows = [json.loads(line) for line in self.bob.do("--json", "files").splitlines()]
        return next(str(row["file"]) for row in rows if row["name"] == name)

    def same(self, path, name):
        with open(path, "rb") as sent, open(f"{self.folder}/{name}", "rb") as got:
            return sent.read() == got.read()

    def test_a_file_is_killed_on_its_way_both_ways_and_arrives_whole(self):
        path = self.source(7 * MB + 5, "holiday.jpg")
        send = ("send", "bob", "--file", path)
        for n in (MB // 2, 4 * MB):
            self.assertEqual(self.killed_after(n, self.alice, *send), -9)
        self.assertIn("sending", self.alice.do("files"))
        self.assertIn("sent: holiday.jpg", self.alice.do(*send))
        self.assertEqual(self.chunks(), 8)
        self.assertRegex(self.bob.do("recv"), r"alice > \[file \d+\] holiday.jpg")
        number = self.number("holiday.jpg")
        for n in (MB // 2, 4 * MB):
            self.assertEqual(self.killed_after(n, self.bob, "get", number, self.folder), -9)
        self.assertIn("fetching", self.bob.do("files"))
        self.assertIn("got: holiday.jpg", self.bob.do("get", number, self.folder))
        self.assertTrue(self.same(path, "holiday.jpg"))
        self.assertEqual((os.listdir(self.folder), self.chunks()), (["holiday.jpg"], 0))
        self.assertIn('"state":"fetched"', self.bob.do("--json", "files"))

    def test_a_small_picture_takes_small_pieces_and_nothing_is_overwritten(self):
        path = self.source(100000, "cat.png")
        events = [json.loads(line) for line in
                  self.alice.do("--json", "send", "bob", "--file", path).splitlines()]
        self.assertEqual((events[0]["event"], events[0]["done"], events[0]["of"]), ("progress", 0, 100000))
        self.assertEqual((events[-2]["done"], events[-1]["event"]), (100000, "sent"))
        self.assertEqual(self.stack.sql("SELECT count(*), bool_or(large) FROM sotto.chunk"), "2|f")
        self.bob.do("recv")
        number, mine = self.number("cat.png"), f"{self.folder}/cat.png"
        with open(mine, "wb") as file:
            file.write(b"mine")
        self.assertEqual(self.bob.run("get", number, mine).returncode, 7)
        self.assertIn("got: cat (2).png", self.bob.do("get", number, self.folder))
        self.assertTrue(self.same(path, "cat (2).png"))
        self.assertEqual(os.path.getsize(mine), 4)
        self.assertEqual(self.bob.do("forget", number), f"forgotten: {number}\n")
        self.assertNotIn("cat.png", self.bob.do("files") + self.bob.do("history", "alice"))
        self.assertEqual(self.bob.run("forget", number).returncode, 6)
        self.assertTrue(self.same(path, "cat (2).png"))

    def test_without_a_network_a_file_is_begun_and_goes_on_later(self):
        path = self.source(2 * MB, "other.bin")
        self.socks.open = False
        self.addCleanup(setattr, self.socks, "open", True)
        done = self.alice.run("send", "bob", "--file", path)
        self.assertEqual(done.returncode, 4)
        self.assertIn("goes on from here", done.stderr)
        self.socks.open = True
        self.assertIn("sent: other.bin", self.alice.do("send", "bob", "--file", path))
        self.assertEqual(self.alice.run("send", "bob", "--file", "/no/such").returncode, 6)

    def test_history_shows_states_and_finds_words_and_receipts_are_asked_for(self):
        self.assertIn("receipts on", self.bob.do("receipts", "alice", "on"))
        self.alice.do("send", "bob", "meet me at the harbour")
        self.assertIn("bob < meet me at the harbour  (deposited, ", self.alice.do("history", "bob"))
        self.bob.do("recv")   # pacing fast: told at once
        self.alice.do("recv")
        rows = [json.loads(line) for line in
                self.alice.do("--json", "history", "bob", "--search", "HARBOUR m").splitlines()]
        self.assertEqual([(r["text"], r["state"], r["out"]) for r in rows],
                         [("meet me at the harbour", "received", True)])
        self.assertEqual(self.alice.do("history", "--search", "airport"), "")

    def test_a_text_is_read_from_standard_input_and_shown_without_what_steers(self):
        passphrase = "" if self.alice.is_unlocked else "correct horse battery staple\n"

        def say(text, *words):
            return subprocess.run(self.alice.argv(*words, "-"), input=(passphrase + text).encode(), capture_output=True, check=False,
                                  timeout=180)
        self.assertEqual(say("one line\nand another\n", "send", "bob").returncode, 0)
        self.bob.do("recv")
        rows = [json.loads(line) for line in self.bob.do("--json", "history", "alice").splitlines()]
        self.assertEqual(rows[-1]["text"], "one line\nand another")
        self.assertEqual(say("a\u202eb\u2066c\u061cd\x1b[31m\x9b2J\u200fe \u20ac", "send", "bob").returncode, 0)
        self.assertIn("alice > abcd [31m2Je \u20ac\n", self.bob.do("recv"))
        self.assertEqual(say("now this\n", "edit", "bob", str(rows[-1]["number"])).returncode, 0)
        for text, why in ("x" * 65537, "65,536"), ("", "no text"), ("a\0b", "no text"):
            done = say(text, "send", "bob")
            self.assertEqual(done.returncode, 2)
            self.assertIn(why, done.stderr.decode())
        self.bob.do("recv")
        self.assertIn("now this", self.bob.do("log", "alice"))

    def test_a_text_is_changed_a_file_deleted_and_messages_disappear(self):
        path = self.source(1000, "regret.txt")
        for words in (("send", "bob", "at nine"), ("send", "bob", "--file", path), ("timer", "bob", "1h"),
                      ("send", "bob", "for an hour")):
            self.alice.do(*words)
        self.bob.do("recv")
        rows = [json.loads(line) for line in self.alice.do("--json", "history", "bob").splitlines()]
        number = {row["text"]: str(row["number"]) for row in rows}
        self.assertEqual(self.chunks(), 1)
        self.alice.do("edit", "bob", number["at nine"], "at ten")
        self.alice.do("delete", "bob", number["regret.txt"])
        self.assertEqual(self.alice.run("delete", "bob", "999").returncode, 6)
        self.assertEqual(self.alice.run("timer", "bob", "soon").returncode, 2)
        self.bob.do("recv")
        self.assertEqual(self.chunks(), 1)   # nobody goes to a server for what is deleted
        self.alice.do("recv")                # but its sender, who ends the piece
        shown = self.bob.do("history", "alice")
        self.assertIn("at ten  (edited)", shown)
        self.assertIn("(deleted)", shown)
        self.assertIn("for an hour", shown)
        self.assertNotIn("at nine", shown + self.bob.do("log", "alice"))
        self.assertEqual(self.chunks(), 0)
        self.bob.days = self.alice.days = 1
        self.addCleanup(setattr, self.alice, "days", 0)
        self.addCleanup(setattr, self.bob, "days", 0)
        self.assertNotIn("for an hour", self.bob.do("history") + self.alice.do("history"))
        self.assertIn("at ten", self.bob.do("history"))
        self.alice.do("timer", "bob", "off")

    def test_each_failure_tells_a_program_its_code_and_its_status(self):
        def ends(code, status, *words, said=None):
            """said: what is given in place of the passphrase."""
            done = subprocess.run(self.alice.argv("--json", *words), input=said or "correct horse battery staple\n", text=True, check=False,
                                  capture_output=True, timeout=STEP_S)
            error = json.loads(done.stdout.splitlines()[-1]).get("error", {})
            self.assertEqual((error.get("code"), error.get("status"), done.returncode, done.stderr), (code, status, status, ""), words)

        for code, status, *words in (
                ("no-contact", 6, "send", "nobody", "x"), ("long-text", 2, "send", "bob", "x" * 65537), ("exists", 7, "add", "bo", self.bob.link()),
                ("bad-link", 2, "add", "carl", "sotto://x"), ("own-link", 2, "add", "me", self.alice.link()),
                ("bad-name", 2, "rename", "bob", ""), ("no-message", 6, "edit", "bob", "99", "x"), ("no-file", 6, "get", "99"),
                ("argument", 2, "get", "x"), ("too-long", 2, "timer", "bob", "9000d"), ("no-group", 6, "group", "join", "cellar"),
                ("argument", 2, "group", "sing"), ("no-call", 6, "answer"), ("nothing", 6, "server", "forget", self.stack.onion_api),
                ("exists", 7, "import", "x"), ("no-decoy", 6, "--decoy", "--passphrase-fd", "0", "id")):
            ends(code, status, *words)
        ends("locked", 3, "--passphrase-fd", "0", "id", said="another one\n")
        ends("weak-passphrase", 3, "--passphrase-fd", "0", "export", "x", said="correct horse battery staple\nx\n")
        self.socks.open = False
        self.addCleanup(setattr, self.socks, "open", True)
        ends("network", 4, "recv")
        ends("unwell", 1, "doctor")
