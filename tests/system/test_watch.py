# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an administrator sees of the daemons: lines and numbers in a real journal."""
import json
import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import tempfile
import termios
import time
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

    def test_each_line_of_monitoring_md_finds_what_it_says(self):
        """Those that choose by our fields, here; units and other servers are none in this journal."""
        lines = re.findall(r"(?m)^    (journalctl [^#\n]*)", read("docs/monitoring.md").split("## Fields")[0])
        self.assertGreaterEqual(len(lines), 10)
        self.stack.stop("postgres")
        until("it to be told", lambda: self.entries("database-lost", "blobd"), self.stack.check)
        self.stack.start("postgres")
        for daemon in ("prekeyd", "blobd", "bridged"):
            self.stack.wait_healthy(daemon)
        self.told("blobd")
        self.stack.sottoctl("sweep")
        found = {}
        for line in lines:
            words = [w for w in shlex.split(line)[1:] if w != "-f"]
            done = subprocess.run(["journalctl", "-D", f"{self.stack.dir}/journal", "--no-pager", *words], check=False,
                                  capture_output=True, text=True)
            self.assertEqual((done.returncode in (0, 1), done.stderr.replace("-- No entries --", "").strip()), (True, ""), line)
            found[line] = done.stdout.replace("-- No entries --", "").strip()
        seen = lambda word: [text for line, text in found.items() if word in line]
        for word in ("-t prekeyd", "-x -t blobd", "database-lost", "metrics -f", "-o json", "swept"):
            self.assertTrue(all(seen(word)) and seen(word), word)
        self.assertEqual({json.loads(l)["SOTTO_DAEMON"] for text in seen("-o json") for l in text.splitlines()}, {"blobd"})

    def test_live_sessions_and_pushes_are_counted_by_bridged(self):
        box, pushes = self.mailbox(), self.total("bridged", "PUSHES")
        mqtt = self.live(self.session(box))
        box.put(blob())
        mqtt.next_blob()
        until("the records", lambda: self.total("bridged", "PUSHES") > pushes, self.stack.check)
        self.assertGreaterEqual(int(self.entries("metrics", "bridged")[-1]["SOTTO_SESSIONS"]), 1)


class Top(unittest.TestCase):
    """sottoctl top on a journal of known content, written by systemd's own tool."""

    END = 1_700_000_000 # any day that is over

    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.text = ""

    def entry(self, at, event, daemon, message="x", **numbers):
        number, priority = events()[event]
        fields = {"__REALTIME_TIMESTAMP": int(at * 1e6), "__MONOTONIC_TIMESTAMP": int(at * 1e6), "_BOOT_ID": "1" * 32,
                  "MESSAGE": message, "MESSAGE_ID": number, "PRIORITY": priority, "SOTTO_EVENT": event,
                  "SOTTO_DAEMON": daemon, "SOTTO_INSTANCE": 1, **{f"SOTTO_{k}": v for k, v in numbers.items()}}
        self.text += "".join(f"{k}={v}\n" for k, v in fields.items()) + "\n"

    def minutes(self, daemon, requests):
        """A record a minute, the last one at END."""
        for i, n in enumerate(requests):
            self.entry(self.END - 60 * (len(requests) - 1 - i), "metrics", daemon, PERIOD_MS=60000, REQUESTS=n, SERVED=n,
                       LATENCY_P99_US=1000 + i, SESSIONS=n, DATABASE_UP=1)

    def top(self, *words, since, until=0, status=0):
        subprocess.run(["/usr/lib/systemd/systemd-journal-remote", "-o", f"{self.dir.name}/t.journal", "-"],
                       input=self.text.encode(), check=True, stderr=subprocess.DEVNULL)
        self.text = ""
        moment = lambda ago: time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.END + 1 - ago))
        done = subprocess.run([f"{os.environ['SOTTO_BUILD']}/sottoctl", "top", "--directory", self.dir.name, "--since",
                               moment(since), "--until", moment(until), *words], check=False, capture_output=True,
                              encoding="utf-8", env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    def test_json_sums_counts_takes_last_states_and_highest_spans(self):
        self.minutes("blobd", [10, 20, 30, 40, 50, 60])
        self.minutes("bridged", [1] * 6)
        got = json.loads(self.top("--json", since=240))
        self.assertEqual([d["daemon"] for d in got["daemons"]], ["blobd", "bridged"])
        blobd = got["daemons"][0]
        self.assertEqual((blobd["records"], blobd["total"]["requests"]), (4, 180))
        self.assertEqual((blobd["total"]["sessions"], blobd["total"]["latency_p99_us"]), (60, 1005))
        self.assertEqual([c["requests"] for c in blobd["columns"]], [30, 40, 50, 60])
        self.assertEqual(got["step_s"], 60)

    def test_a_window_of_the_past_holds_what_was_then_and_no_more(self):
        self.minutes("blobd", range(100, 160))
        for since, until in ((3600, 1800), (1800, 600), (600, 0)):
            total = json.loads(self.top("--json", since=since, until=until))["daemons"][0]["total"]
            self.assertEqual(total["requests"], sum(range(160 - since // 60, 160 - until // 60)))
        self.assertEqual(json.loads(self.top("--json", since=9000, until=8000))["daemons"], [])
        self.assertIn("no record of this time", self.top(since=9000, until=8000))

    def test_the_line_rises_as_the_numbers_do_and_leaves_gaps_where_nothing_is_known(self):
        self.minutes("blobd", [0, 60, 120, 180, 240, 300, 360, 420])
        line = next(l for l in self.top(since=480).splitlines() if "requests/s" in l)
        self.assertEqual(line.split(), ["requests/s", "7", "7", "▁▂▃▄▅▆▇█"])
        line = next(l for l in self.top(since=720).splitlines() if "requests/s" in l)
        self.assertTrue(line.endswith("     ▁▂▃▄▅▆▇█"), line)

    def test_wide_columns_and_short_records_lose_nothing(self):
        for i in range(120):
            self.entry(self.END - 118 + i, "metrics", "blobd", PERIOD_MS=1000, REQUESTS=1)
        got = json.loads(self.top("--json", since=120))["daemons"][0]
        self.assertEqual((got["total"]["requests"], [c["requests"] for c in got["columns"]]), (120, [60, 60]))

    def test_events_are_told_and_move_no_terminal(self):
        self.minutes("blobd", [1])
        self.entry(self.END - 30, "database-lost", "blobd", message="away")
        self.text = self.text.replace("MESSAGE=away", "MESSAGE=away\x1b[2J")
        out = self.top(since=60)
        self.assertIn("blobd database-lost: away?[2J", out)
        self.assertNotIn("\x1b", out)
        event = json.loads(self.top("--json", since=60))["events"][0]
        self.assertEqual((event["event"], event["priority"], int(event["at"])), ("database-lost", 3, self.END - 30))

    def test_a_wrong_time_is_told_and_status_2(self):
        for words in (["--step", "0"], ["--step", "5x"], ["--until", "25:61"], ["--since", "now"], ["extra"]):
            self.top(*words, since=60, status=2)


class Looking(Bed):
    """sottoctl top in a terminal, on a server at work."""

    journal, settings = True, {"metrics_s": 1}

    def test_top_follows_and_q_ends_it(self):
        box, (master, slave) = self.mailbox(), pty.openpty()
        self.addCleanup(os.close, master)
        before = termios.tcgetattr(slave)
        top = subprocess.Popen([f"{self.stack.build}/sottoctl", "top", "--directory", f"{self.stack.dir}/journal",
                                "--since", "-60s", "--step", "1s"], stdin=slave, stdout=slave,
                               env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm"})
        self.addCleanup(top.wait)
        self.addCleanup(top.kill)
        screen = ""

        def shows(pattern):
            nonlocal screen
            while select.select([master], [], [], 0)[0]:
                screen = (screen + os.read(master, 65536).decode("utf-8", "replace"))[-65536:]
            return re.search(pattern, screen.split("\x1b[2J")[-1])

        until("top to draw", lambda: shows(r"blobd.*database"), self.stack.check)
        self.assertEqual(box.put(blob()).status, 201)
        until("top to see the deposit", lambda: shows(r"stored/min +\d"), self.stack.check)
        os.write(master, b"q")
        until("top to end", lambda: shows("$") and top.poll() is not None, self.stack.check)
        self.assertEqual(top.returncode, 0)
        self.assertEqual(termios.tcgetattr(slave), before)
        os.close(slave)
