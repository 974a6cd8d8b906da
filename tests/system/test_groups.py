# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: three people, of whom two have never met, talk in a group, and no one but they can tell that there is one."""
import json
import re

from people import Town, friends, gather
from stack import until
from terminal import chat


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

    def three(self):
        """Anna's garden, with bert, who tells her what has come, and carl."""
        anna, bert, _ = everybody = [self.person(name) for name in ("anna", "bert", "carl")]
        friends(*everybody)
        bert.do("receipts", anna.name, "on")
        gather("garden", *everybody)
        self.hear(*everybody)
        return everybody

    def copies(self, person, number):
        """The line's own state and counts, and each member's state."""
        lines = map(json.loads, person.do("--json", "group", "history", "garden").splitlines())
        line, = (line for line in lines if line["out"] and line["number"] == number)
        told = map(json.loads, person.do("--json", "group", "info", "garden", str(number)).splitlines())
        return line["state"], line["copies"], {copy["contact"]: copy["state"] for copy in told}

    def test_a_line_tells_for_each_of_three_people_whether_it_waits_lies_there_has_come_or_never_goes(self):
        anna, bert, carl = self.three()
        self.socks.open = False
        try:
            self.assertEqual(anna.run("group", "send", "garden", "one").returncode, 4)
        finally:
            self.socks.open = True
        self.assertIn("garden < one  (queued, 1)\n", anna.do("group", "history", "garden"))
        counts = {"of": 2, "queued": 2, "deposited": 0, "received": 0, "never": 0, "ended": 0}
        self.assertEqual(self.copies(anna, 1), ("queued", counts, {bert.name: "queued", carl.name: "queued"}))
        self.hear(anna)
        self.assertIn("garden < one  (deposited, 1)\n", anna.do("group", "history", "garden"))
        self.hear(bert, anna) # carl is away
        self.assertIn("garden < one  (deposited, received 1, 1)\n", anna.do("group", "history", "garden"))
        counts.update(queued=0, deposited=2, received=1)
        self.assertEqual(self.copies(anna, 1), ("deposited", counts, {bert.name: "received", carl.name: "deposited"}))
        self.assertRegex(anna.do("group", "info", "garden", "1"), rf"{bert.name}: received\n{carl.name}: deposited\n")

        self.socks.open = False
        try:
            anna.run("group", "send", "garden", "two")
            anna.run("group", "remove", "garden", carl.name)
        finally:
            self.socks.open = True
        self.hear(anna, bert, anna)
        self.assertIn("garden < two  (received 1 of 2, 1 never, 2)\n", anna.do("group", "history", "garden"))
        self.assertIn(f"{carl.name}: never: they are out of the group\n", anna.do("group", "info", "garden", "2"))
        heard = carl.do("recv")
        self.assertIn("has removed you", heard)
        self.assertNotIn("two", heard)
        anna.do("end", carl.name)
        self.assertIn("garden < two  (received 1 of 2, 1 ended, 2)\n", anna.do("group", "history", "garden"))
        self.socks.open = False
        try:
            anna.run("group", "send", "garden", "three")
            anna.run("group", "remove", "garden", bert.name)
        finally:
            self.socks.open = True
        self.assertIn("garden < three  (never, 3)\n", anna.do("group", "history", "garden"))
        counts = {"of": 1, "queued": 0, "deposited": 0, "received": 0, "never": 1, "ended": 0}
        self.assertEqual(self.copies(anna, 3), ("never", counts, {bert.name: "never"}))
        self.assertIn("no such message of yours", anna.run("group", "info", "garden", "4").stderr)
        self.assertIn("no group of that name", anna.run("group", "info", "attic", "1").stderr)

    def test_the_chat_tells_of_a_chosen_line_who_has_it(self):
        anna, bert, carl = self.three()
        terminal = chat(self, anna)
        terminal.until(re.compile(r"^ garden ", re.M).search)
        terminal.line("/go garden")
        terminal.line("one")
        terminal.until(re.compile(r" < one$", re.M).search)
        bert.do("recv") # carl is away
        terminal.until("< one  (has come to 1 of 2)")
        terminal.press("Tab", "Enter")
        terminal.until(lambda text: f"sent to 2 of 2, come to 1\n{bert.name}: has come, as they tell\n"
                       f"{carl.name}: is in their mailbox\n" in text)
        terminal.press("Escape", "Escape")
        self.socks.close()
        try:
            terminal.line("two")
            terminal.until("~ two  (sent to 0 of 2)")
            anna.do("block", carl.name)
        finally:
            self.socks.open = True
        terminal.until("< two  (sent to 1 of 2)")
        terminal.press("Tab", "Enter")
        terminal.until(f"{carl.name}: does not go, is blocked\n")
        terminal.press("Escape", "Escape")
        self.socks.close()
        try:
            terminal.line("three")
            terminal.until("~ three  (sent to 0 of 1)")
            anna.do("block", bert.name)
            terminal.until("x three  (sent to 0 of 1)")
        finally:
            self.socks.open = True
