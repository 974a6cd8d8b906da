# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: three people, of whom two have never met, talk in a group, and no one but they can tell that there is one."""
import json

from people import Town
from stack import until


class Groups(Town):
    def hear(self, *people):
        """Everybody fetches and answers until nothing moves."""
        for _ in range(3):
            for person in people:
                person.do("recv")

    def test_two_who_never_met_talk_in_a_group_until_one_is_removed(self):
        anna, bert, carl = everybody = [self.person(name) for name in ("anna", "bert", "carl")]
        for other in (bert, carl):
            anna.do("add", other.name, other.link())
            other.do("add", anna.name, anna.link())
        anna.do("group", "new", "garden")
        anna.do("group", "invite", "garden", bert.name)
        anna.do("group", "invite", "garden", carl.name)
        self.hear(bert, carl)
        self.assertIn("invited", bert.do("group"))
        for other in (bert, carl):
            other.do("group", "join", "garden")
        self.hear(*everybody)
        for i in range(3):
            bert.do("group", "send", "garden", f"number {i}")
        blobs = self.stack.sql("SELECT DISTINCT octet_length(head) + octet_length(body) FROM sotto.blob")
        self.assertEqual(blobs, "4096")
        out = carl.do("recv")
        for i in range(3):
            self.assertIn(f"garden/{bert.name} > number {i}\n", out)
        self.hear(*everybody)
        self.assertEqual([line for line in bert.do("group", "log", "garden").splitlines() if "number" in line],
                         [f"garden < number {i}" for i in range(3)])
        self.assertNotIn("number", bert.do("log", anna.name))
        bert.do("group", "edit", "garden", "2", "number one")
        bert.do("group", "delete", "garden", "3")
        for other in (anna, carl):
            other.do("recv")
            lines = other.do("group", "history", "garden")
            self.assertRegex(lines, rf"garden/{bert.name} > number one  \(edited\)\n.*garden/{bert.name} > \(deleted\)\n")
            self.assertNotRegex(lines, "number [12]")
        self.assertRegex(bert.do("group", "history", "garden"), r"garden < number one  \(edited\)  \(deposited, 2\)\n")
        found = carl.do("group", "history", "garden", "--search", "numb")
        self.assertEqual((found.count("number"), found.count("\n")), (2, 2))
        self.assertIn("no such message of yours", carl.run("group", "edit", "garden", "2", "mine").stderr)
        group, = map(json.loads, carl.do("--json", "group").splitlines())
        self.assertEqual({m["name"]: m["joined"] for m in group["members"]}, {anna.name: True, bert.name: True})
        self.assertNotIn("request", carl.do("contacts"))

        anna.do("group", "timer", "garden", "1s")
        self.hear(*everybody)
        self.assertIn("timer 1s", carl.do("group"))
        self.assertIn("only who made", bert.run("group", "timer", "garden", "off").stderr)
        carl.do("group", "send", "garden", "ephemeral")
        self.assertIn(f"garden/{carl.name} > ephemeral\n", anna.do("recv"))
        for person in (anna, carl):
            until("the end of a text", lambda p=person: p.do("recv") is not None and
                  "ephemeral" not in p.do("group", "log", "garden"))

        anna.do("group", "remove", "garden", carl.name)
        self.assertIn(f"garden/{anna.name} > has removed you\n", carl.do("recv"))
        done = carl.run("group", "send", "garden", "still here?")
        self.assertEqual((done.returncode, "you are not in it" in done.stderr), (7, True))
        carl.do("group", "forget", "garden")
        self.assertNotIn("garden", carl.do("group") + carl.do("history"))
        done = bert.run("group", "forget", "garden")
        self.assertEqual((done.returncode, "sotto group leave GROUP" in done.stderr), (7, True))
        self.hear(bert)
        anna.do("group", "rename", "garden", "orchard")
        self.hear(bert)
        bert.do("group", "send", "orchard", "two of us")
        self.assertIn(f"orchard/{bert.name} > two of us\n", anna.do("recv"))
        self.assertNotIn("two of us", carl.do("recv"))
        self.assertIn("sotto group send GROUP TEXT", bert.run("group", "sing").stderr)
        self.assertIn("no group of that name", bert.run("group", "join", "attic").stderr)
        self.assertIn("only who made", bert.run("group", "invite", "orchard", carl.name).stderr)
