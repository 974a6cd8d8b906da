# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a file said in a group is sent once, comes to each member whole, whoever is killed, and no member takes it from another."""
import json
import os
import tempfile

from people import Person, TwoTowns, friends, gather
from stack import until

MB = 1 << 20


class GroupFiles(TwoTowns):
    """anna makes the garden; carl lives at another server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.anna, cls.bert = (Person(cls.stack, cls.socks, name) for name in ("anna", "bert"))
        cls.carl = Person(cls.north, cls.socks, "carl")
        cls.everybody = cls.anna, cls.bert, cls.carl
        friends(*cls.everybody)
        gather("garden", *cls.everybody)
        cls.hear()

    @classmethod
    def hear(cls):
        for _ in range(2):
            for person in cls.everybody:
                person.do("recv")

    def setUp(self):
        for stack in self.stack, self.north:
            stack.sql("DELETE FROM sotto.chunk")
        self.folders = {person: tempfile.mkdtemp(dir=self.stack.dir) for person in self.everybody}

    def chunks(self):
        return int(self.stack.sql("SELECT count(*) FROM sotto.chunk"))

    def row(self, person, name):
        return next((row for row in map(json.loads, person.do("--json", "files").splitlines()) if row["name"] == name), None)

    def get(self, person, name):
        return person.do("get", str(self.row(person, name)["file"]), self.folders[person])

    def has(self, person, path):
        with open(path, "rb") as sent, open(f"{self.folders[person]}/{os.path.basename(path)}", "rb") as got:
            return sent.read() == got.read()

    def test_it_is_killed_on_its_way_and_each_member_has_it_whole_until_its_sender_takes_it_back(self):
        path = self.source(5 * MB + 5, "harvest.jpg")
        send = ("group", "send", "garden", "--file", path)
        for n in (MB // 2, 3 * MB):
            self.assertEqual(self.killed_after(n, self.bert, *send), -9)
        self.assertRegex(self.bert.do("files"), r"sending +\d+%  to garden  harvest.jpg")
        self.assertNotIn("harvest", self.bert.do("group", "log", "garden"))
        out = self.bert.do(*send)
        self.assertIn("sent: garden\n", out)
        self.assertEqual(self.chunks(), 6)
        self.assertRegex(self.bert.do("group", "history", "garden"), r"garden < \[file \d+\] harvest.jpg  \(deposited, 1\)")
        for person in (self.anna, self.carl):
            self.assertRegex(person.do("recv"), r"garden/bert > \[file \d+\] harvest.jpg")
            row = self.row(person, "harvest.jpg")
            self.assertEqual((row["contact"], row["group"], row["out"], row["state"]), ("bert", "garden", False, "waits"))
        row = self.row(self.bert, "harvest.jpg")
        self.assertEqual((row.get("contact"), row["group"], row["out"], row["state"]), (None, "garden", True, "sent"))

        number = str(self.row(self.carl, "harvest.jpg")["file"])
        self.assertEqual(self.killed_after(2 * MB, self.carl, "get", number, self.folders[self.carl]), -9)
        self.assertRegex(self.carl.do("files"), r"fetching +\d+%  from garden/bert  harvest.jpg")
        self.get(self.anna, "harvest.jpg") # the first who has it
        self.assertTrue(self.has(self.anna, path))
        self.anna.do("forget", str(self.row(self.anna, "harvest.jpg")["file"]))
        self.anna.do("recv")
        self.assertNotIn("harvest", self.anna.do("files") + self.anna.do("group", "history", "garden"))
        self.assertEqual(self.chunks(), 6)
        self.assertIn("got: harvest.jpg", self.get(self.carl, "harvest.jpg"))
        self.assertTrue(self.has(self.carl, path))
        self.assertEqual(os.listdir(self.folders[self.carl]), ["harvest.jpg"])
        self.carl.do("recv")
        self.assertEqual(self.chunks(), 6)

        done = self.bert.run("group", "edit", "garden", "1", "a text")
        self.assertEqual(done.returncode, 2)
        self.bert.do("group", "delete", "garden", "1")
        self.bert.do("recv")
        self.assertEqual(self.chunks(), 0)
        self.carl.do("recv")
        self.assertIn("(deleted)", self.carl.do("group", "history", "garden"))
        self.assertEqual((self.row(self.carl, "harvest.jpg"), self.row(self.bert, "harvest.jpg")), (None, None))
        self.assertTrue(self.has(self.carl, path))

    def test_what_cannot_be_sent_is_said_and_goes_on_later(self):
        path = self.source(100000, "seeds.png")
        send = ("group", "send", "garden", "--file", path)
        self.socks.open = False
        self.addCleanup(setattr, self.socks, "open", True)
        done = self.anna.run(*send)
        self.assertEqual((done.returncode, "goes on from here" in done.stderr), (4, True))
        self.socks.open = True
        events = [json.loads(line) for line in self.anna.do("--json", *send).splitlines()]
        self.assertEqual((events[0]["event"], events[0]["of"], events[-1]["event"]), ("progress", 100000, "sent"))
        self.assertEqual(self.stack.sql("SELECT count(*), bool_or(large) FROM sotto.chunk"), "2|f")
        self.hear()
        for person in (self.bert, self.carl):
            self.get(person, "seeds.png")
            self.assertTrue(self.has(person, path))
        for status, *words in ((6, "group", "send", "cellar", "--file", path), (6, "group", "send", "garden", "--file", "/no/such"),
                               (2, "group", "send", "garden", "a text", "--file", path), (2, "group", "join", "garden", "--file", path)):
            self.assertEqual(self.anna.run(*words).returncode, status, words)

    def test_it_disappears_for_all_with_the_time_of_the_group(self):
        path = self.source(1000, "weeds.txt")
        self.anna.do("group", "timer", "garden", "1s")
        self.addCleanup(self.hear)
        self.addCleanup(self.anna.do, "group", "timer", "garden", "off")
        self.hear()
        self.carl.do("group", "send", "garden", "--file", path)
        self.assertIn("weeds.txt", self.anna.do("recv"))
        for person in (self.anna, self.carl):
            until("the end of a file", lambda p=person: p.do("recv") is not None and
                  "weeds.txt" not in p.do("group", "log", "garden") + p.do("files"))
        self.assertEqual(self.north.sql("SELECT count(*) FROM sotto.chunk"), "1") # bert may fetch it still
