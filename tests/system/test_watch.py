# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an administrator sees of the daemons: lines and numbers in a real journal."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import client
from bed import Bed, blob, many, until
from stack import TOP


def read(path):
    with open(f"{TOP}/{path}", encoding="ascii") as file:
        return file.read()


def events():
    """{name: (MESSAGE_ID, priority)} of journal.c."""
    rows = re.findall(r'\{ "([0-9a-f]{32})", "([a-z-]+)",\s*LOG_(\w+) \}', read("libshared/journal.c"))
    priority = {"ERR": "3", "WARNING": "4", "NOTICE": "5", "INFO": "6"}
    return {name: (number, priority[level]) for number, name, level in rows}


class Words(unittest.TestCase):
    """The catalogue and the pages hold every event and every number, and nothing else."""

    def test_the_catalogue_has_an_entry_for_each_event_and_journalctl_takes_it(self):
        named = re.findall(r"^\tEVENT_(\w+),", read("libshared/journal.h"), flags=re.M)
        self.assertEqual(sorted(n.lower().replace("_", "-") for n in named), sorted(events()))
        with tempfile.TemporaryDirectory() as root:
            for path in ("usr/lib/systemd/catalog", "var/lib/systemd/catalog"):
                os.makedirs(f"{root}/{path}")
            shutil.copy(f"{TOP}/systemd/sotto.catalog", f"{root}/usr/lib/systemd/catalog")
            ask = lambda what: subprocess.run(["journalctl", what, "--root", root], check=True, text=True,
                                              capture_output=True)
            self.assertEqual(ask("--update-catalog").stderr, "")
            entries = re.findall(r"^-- ([0-9a-f]{32})\n(.*?)\n\n(.*?)(?=^-- |\Z)", ask("--dump-catalog").stdout,
                                 flags=re.M | re.S)
        self.assertEqual(sorted(number for number, _, _ in entries), sorted(number for number, _ in events().values()))
        for number, head, text in entries:
            self.assertRegex(head, r"(?m)^Subject: \S", number)
            self.assertRegex(head, r"(?m)^Documentation: man:\S+\(\d\)$", number)
            self.assertGreaterEqual(len(text.strip().split("\n\n")), 2, f"{number}: what it means, what to do")

    def test_monitoring_md_names_every_event_and_every_number(self):
        page, metrics = read("docs/monitoring.md"), read("libshared/metrics.c")
        rows = lambda title: re.findall(r"^\| `([\w-]+)`", page.split(f"## {title}")[1].split("\n## ")[0], flags=re.M)
        self.assertEqual(sorted(rows("Events")), sorted(events()))
        self.assertEqual(sorted(rows("Numbers")), sorted(re.findall(r'= \{ "(\w+)",', metrics)))


class Journal(Bed):
    journal, settings = True, {"metrics_s": 1}

    def entries(self, event, daemon):
        return self.stack.journal(f"SOTTO_EVENT={event}", f"SOTTO_DAEMON={daemon}")

    def total(self, daemon, field):
        """Of all records so far."""
        return sum(int(e.get(f"SOTTO_{field}", 0)) for e in self.entries("metrics", daemon))

    def told(self, daemon):
        """All that it counted is in the journal now: the rest of a minute is told at the end."""
        self.stack.restart(daemon)
        self.stack.wait_healthy(daemon)

    def test_every_line_has_its_fields_and_the_message_id_and_priority_of_its_event(self):
        self.told("blobd")
        seen, known = set(), events()
        for entry in self.stack.journal("SOTTO_DAEMON=blobd"):
            name = entry["SOTTO_EVENT"]
            self.assertEqual((entry["MESSAGE_ID"], entry["PRIORITY"]), known[name])
            self.assertEqual((entry["SOTTO_INSTANCE"], entry["SYSLOG_IDENTIFIER"]), ("1", "blobd"))
            self.assertTrue(entry["MESSAGE"])
            seen.add(name)
        self.assertLessEqual({"started", "stopping", "metrics"}, seen)

    def test_the_loss_and_return_of_database_and_broker_are_each_told_once(self):
        count = lambda event: len(self.entries(event, "prekeyd"))
        before = {e: count(e) for e in ("database-lost", "database-back", "broker-lost", "broker-back")}
        for part in ("database", "broker"):
            name = "postgres" if part == "database" else part
            self.stack.stop(name)
            until(f"{part}-lost", lambda p=part: count(f"{p}-lost") > before[f"{p}-lost"], self.stack.check)
            down = self.total("prekeyd", f"{part.upper()}_DOWN_S")
            until("a record of it", lambda p=part, d=down: self.total("prekeyd", f"{p.upper()}_DOWN_S") > d,
                  self.stack.check)
            self.stack.start(name)
            until(f"{part}-back", lambda p=part: count(f"{p}-back") > before[f"{p}-back"], self.stack.check)
        for daemon in ("prekeyd", "blobd", "bridged"):
            self.stack.wait_healthy(daemon)
        self.assertEqual({e: count(e) - n for e, n in before.items()}, dict.fromkeys(before, 1))

    def test_the_records_count_what_was_done_and_refused_and_why(self):
        box = self.mailbox()
        fields = ("BLOBS_STORED", "BLOBS_FETCHED", "MAILBOXES_MADE", "REFUSED_NOT_FOUND", "REFUSED_UNAUTHORIZED",
                  "BATCHES", "CALLS", "SERVED", "REFUSED")
        self.told("blobd")
        before = {f: self.total("blobd", f) for f in fields}
        self.mailbox()
        statuses = [a.status for a in many(lambda _: box.put(blob()), range(20))]
        self.assertEqual(set(statuses), {201})
        box.fetch()
        stranger = client.Mailbox(self.server)
        self.assertEqual([stranger.put(blob()).status for _ in range(3)], [404] * 3)
        self.assertEqual(self.server.owned(box, "blobd", "GET", box.path + "/blobs", nonce=os.urandom(16)).status, 401)
        wanted = {"BLOBS_STORED": 20, "BLOBS_FETCHED": 8, "MAILBOXES_MADE": 1, "REFUSED_NOT_FOUND": 3,
                  "REFUSED_UNAUTHORIZED": 1}
        self.told("blobd")
        now = {f: self.total("blobd", f) - before[f] for f in fields}
        self.assertEqual({f: now[f] for f in wanted}, wanted)
        self.assertEqual(now["REFUSED"], 4)
        self.assertLessEqual(now["BATCHES"], now["CALLS"])
        self.assertGreaterEqual(now["CALLS"], 22)
        latest = [e for e in self.entries("metrics", "blobd") if "SOTTO_BLOBS_STORED" in e][-1]
        self.assertEqual((latest["SOTTO_DATABASE_UP"], latest["SOTTO_BROKER_UP"]), ("1", "1"))
        for low, high in (("LATENCY_P50_US", "LATENCY_P99_US"), ("LATENCY_P99_US", "LATENCY_MOST_US")):
            self.assertLessEqual(int(latest[f"SOTTO_{low}"]), int(latest[f"SOTTO_{high}"]))

    def test_live_sessions_and_pushes_are_counted_by_bridged(self):
        box, pushes = self.mailbox(), self.total("bridged", "PUSHES")
        mqtt = self.live(self.session(box))
        box.put(blob())
        mqtt.next_blob()
        until("the records", lambda: self.total("bridged", "PUSHES") > pushes, self.stack.check)
        self.assertGreaterEqual(int(self.entries("metrics", "bridged")[-1]["SOTTO_SESSIONS"]), 1)
