# SPDX-License-Identifier: AGPL-3.0-or-later
"""sottoctl doctor and status on a whole server, and on one in which a part at a time is broken.

Each text that they can find wrong stands in FINDINGS, with the test that plants its fault; that test has to see it.
"""
import contextlib
import glob
import json
import os
import re
import shutil
import socketserver
import subprocess
import threading
import time
import unittest.mock

from bed import Bed, until
from stack import TOP
from test_watch import events

FINDINGS = {
    "who_is_not_root_is_told_so_first": ["are not root: what is BAD below may only be closed to you"],
    "settings_that_are_wrong_are_named_with_their_line": ["%s: line %u: %s"],
    "settings_that_are_missing_are_told": ["%s: %s"],
    "a_clock_that_nobody_sets_is_found": ["is not synchronised: Tor and the epochs of keys need the right time"],
    "a_disk_below_the_reserve_is_found": [
        "%s: no such directory", "%llu MB free, less than the reserve of %llu: deposits are refused",
        "%llu MB free, less than twice the reserve of %llu: new accounts are refused",
        "refuses new accounts, mailboxes, pieces of files%s"],
    "a_sweep_that_does_not_run_is_found": [
        "the journal cannot be read", "the journal knows of none", "the last one was %llu minutes ago", "cannot be read"],
    "each_credential_that_is_missing_open_or_of_another_is_found": [
        "%s: others may read it (mode %03o)", "%s: is not 32 bytes", "%s: is not the key that sotto.conf announces",
        "%s: is not the hash of that daemon's broker.key", "bridged and the broker have different session keys",
        "%s: is damaged", "%s: no key of this epoch for %s"],
    "a_schema_of_another_version_is_found": [
        "no schema of ours is in it", "%ld migrations were applied with another text", "%ld migrations are not applied",
        "its functions are not those of this version"],
    "a_database_that_would_tell_or_lose_is_found": ["%s is %.40s: %s"],
    "each_part_that_is_down_is_found": [
        "cannot be reached as sotto_owner", "does not listen at %s and %s", "does not answer at %s: %s",
        "answers, but has no database: requests get 503", "answers, but has no broker: nothing arrives live"],
    "a_broker_that_lets_anybody_in_is_found": ["lets in %s", "lets blobd listen to every topic"],
    "a_broker_that_keeps_a_daemon_out_is_found": ["refuses blobd with its own password"],
    "a_relay_that_fails_or_leads_elsewhere_is_found": [
        "calls: bridged/turn.key is missing or not 32 bytes", "calls: the relay refuses what bridged gives to callers",
        "calls: no relay answers", "calls: the relay gives no address (%d)",
        "calls: the relay carries nothing from one side to the other", "calls: the relay leads to services of its machine",
        "calls: the relay takes strangers"],
    "what_is_wrong_at_the_onion_is_found": [
        "port %u (%s) answers with status %d", "port %u (%s): %s", "port %d (broker): %s",
        "port %d (broker) lets in anybody"],
}
CLOCK = """\
#include <string.h>
#include <sys/timex.h>
int adjtimex(struct timex *t) { memset(t, 0, sizeof *t); t->status = %s; return %s; }
"""


def formats():
    """What the sources can find wrong: the fourth argument of found_bad and found_look."""
    for path in glob.glob(f"{TOP}/services/sottoctl/check_*.c") + [f"{TOP}/services/sottoctl/doctor.c"]:
        with open(path, encoding="ascii") as file:
            text = file.read()
        for call in re.finditer(r"\tfound_(?:bad|look)\(", text):
            words, depth, n = [], 1, 0
            for token in re.findall(r'"(?:[^"\\]|\\.)*"|[^"]', text[call.end():]):
                depth += (token == "(") - (token == ")")
                if depth == 0:
                    break
                n += token == "," and depth == 1
                words += [token[1:-1]] if n == 3 and token[0] == '"' else []
            yield "".join(words)


def edit(path, pattern, text):
    with open(path, encoding="ascii") as file:
        was = file.read()
    with open(path, "w", encoding="ascii") as file:
        file.write(re.sub(pattern, text, was))


class Crooked(socketserver.StreamRequestHandler):
    """In place of Tor: what stands in server.doors[port] is a status of SOCKS, or what is said behind that port."""

    def handle(self):
        self.request.recv(3)
        self.request.sendall(b"\5\0")
        wish = self.rfile.read(5 + 62 + 2)
        door = self.server.doors[int.from_bytes(wish[-2:], "big")]
        is_open = isinstance(door, bytes)
        self.request.sendall(b"\5" + bytes([0 if is_open else door, 0, 1]) + bytes(6))
        if is_open:
            self.request.recv(4096)
            self.request.sendall(door)


class Doctor(Bed):
    journal, settings, seen = True, {"metrics_s": 1}, ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stack.start("turn")
        until("the relay", lambda: "carries" in cls.stack.sottoctl("doctor", "--local", "--keys", f"{cls.stack.dir}/keys", "--run",
                                                                   cls.stack.run, status=None), cls.stack.check)

    def ask(self, command, *words, status=None):
        """Findings by part, worst first; the status is what the verdicts make it."""
        out = self.stack.sottoctl(command, "--json", "--keys", f"{self.stack.dir}/keys", "--run", self.stack.run,
                                  "--directory", f"{self.stack.dir}/journal", *words, status=status)
        self.seen = [*self.seen, *(f["text"] for f in json.loads(out) if f["verdict"] != "ok")]
        return json.loads(out)

    def tearDown(self):
        super().tearDown()
        for text in FINDINGS.get(self._testMethodName.removeprefix("test_"), []):
            pattern = re.sub(r"%[\d.\\]*(?:s|u|d|o|ld|llu)", ".*", re.escape(text))
            self.assertTrue(any(re.fullmatch(pattern, seen) for seen in self.seen), f"never seen: {text}")

    def test_every_finding_has_a_fault_that_shows_it(self):
        known = [text for texts in FINDINGS.values() for text in texts]
        self.assertEqual(sorted(known), sorted(set(formats())))
        self.assertEqual([name for name in FINDINGS if not hasattr(self, f"test_{name}")], [])

    def wrong(self, status=4, **more):
        """{part: (text, remedy)} of what is not ok, the clock of the machine that tests aside."""
        found = [f for f in self.ask("doctor", "--local", status=status, **more) if f["part"] != "clock"]
        for finding in found:
            self.assertEqual(finding["verdict"] == "ok", finding["remedy"] is None, finding)
        return {f["part"]: (f["text"], f["remedy"]) for f in found if f["verdict"] != "ok"}

    @contextlib.contextmanager
    def changed(self, path, change):
        """A file as `change` makes it, for a while."""
        shutil.copy2(path, f"{self.stack.dir}/saved")
        was = os.stat(path)
        try:
            change(path)
            yield
        finally:
            shutil.copyfile(f"{self.stack.dir}/saved", path)
            shutil.copystat(f"{self.stack.dir}/saved", path)
            os.chown(path, was.st_uid, was.st_gid)

    def setUp(self):
        self.stack.sottoctl("sweep")

    def test_a_whole_server_is_well(self):
        found = self.ask("doctor", "--local")
        self.assertEqual({f["part"] for f in found if f["verdict"] != "ok"} - {"clock"}, set(), found)
        self.assertEqual({f["part"] for f in found}, {"clock", "settings", "disk", "credentials", "database", "sweep",
                                                      "broker", "prekeyd", "blobd", "bridged", "relay"})
        until("a record", lambda: self.stack.journal("SOTTO_EVENT=metrics", "SOTTO_DAEMON=bridged"), self.stack.check)
        self.assertTrue(any("requests/s" in f["text"] for f in self.ask("status", status=0)))
        text = self.stack.sottoctl("status", "--run", self.stack.run, "--directory", f"{self.stack.dir}/journal")
        self.assertIn(f"server {self.stack.onion_api}", text)
        self.assertLess(len(text.splitlines()), 24)

    def test_who_is_not_root_is_told_so_first(self):
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        for command in "doctor", "status":
            done = subprocess.run([*nobody, f"{self.stack.build}/sottoctl", "--config", f"{self.stack.dir}/sotto.conf", command, "--json"],
                                  check=False, capture_output=True, text=True, timeout=120)
            first = json.loads(done.stdout)[0]
            self.assertEqual((first["part"], first["remedy"]), ("you", "run it as root"))
            self.seen = [first["text"]]
        done = subprocess.run([*nobody, f"{self.stack.build}/sottoctl", "--database", f"host={self.stack.dir}/nothing", "policy"],
                              check=False, capture_output=True, text=True, timeout=120)
        self.assertRegex(done.stderr, r"\Asottoctl: connection to server .*(?s:.*)\n  do: run it as root, on the server")

    def test_settings_that_are_wrong_are_named_with_their_line(self):
        with self.changed(f"{self.stack.dir}/sotto.conf", lambda p: open(p, "a", encoding="ascii").write("batch_calls = x\n")):
            text, _ = self.wrong()["settings"]
            self.assertRegex(text, r"line \d+")

    def test_settings_that_are_missing_are_told(self):
        with self.changed(f"{self.stack.dir}/sotto.conf", os.unlink):
            self.assertIn("cannot be read", self.wrong()["settings"][0])
        with self.changed(f"{self.stack.dir}/sotto.conf", lambda p: edit(p, r"(?m)^blobd_key.*\n", "")):
            self.assertIn("a setting is missing", self.wrong()["settings"][0])

    def test_a_clock_that_nobody_sets_is_found(self):
        for status, state, verdict in (("STA_UNSYNC", "TIME_ERROR", "look"), ("0", "TIME_OK", "ok")):
            subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", f"{self.stack.dir}/clock.so"],
                           input=CLOCK % (status, state), text=True, check=True)
            with unittest.mock.patch.dict(os.environ, LD_PRELOAD=f"{self.stack.dir}/clock.so"):
                self.assertEqual([f["verdict"] for f in self.ask("doctor", "--local") if f["part"] == "clock"], [verdict])

    def test_a_sweep_that_does_not_run_is_found(self):
        place = f"{self.stack.dir}/journals"
        sweep = lambda: [(f["verdict"], f["remedy"]) for f in self.ask("doctor", "--local", "--directory", place)
                         if f["part"] == "sweep"]
        self.ask("status", "--directory", place, status=3)
        self.assertEqual(sweep()[0][0], "look")
        os.mkdir(place)
        self.assertEqual(sweep()[0][0], "look")
        for minutes, verdict in ((61, "BAD"), (59, "ok")):
            at, number = int((time.time() - 60 * minutes) * 1e6), events()["swept"][0]
            subprocess.run(["/usr/lib/systemd/systemd-journal-remote", "-o", f"{place}/{minutes}.journal", "-"],
                           input=f"__REALTIME_TIMESTAMP={at}\n__MONOTONIC_TIMESTAMP={at}\n_BOOT_ID={'1' * 32}\n"
                           f"MESSAGE=x\nMESSAGE_ID={number}\n\n", text=True, check=True, stderr=subprocess.DEVNULL)
            self.assertEqual([v for v, _ in sweep()], [verdict])

    def test_each_credential_that_is_missing_open_or_of_another_is_found(self):
        keys = f"{self.stack.dir}/keys"
        cases = [(name, os.unlink, "No such file") for name in
                 ("blobd/nonce.key", "prekeyd/server.key", "bridged/broker.key", "broker/session.key", "prekeyd/token-keys")]
        flip = lambda path: (os.chmod(path, 0o600), open(path, "r+b").write(b"\0" * 8))
        cases += [("blobd/server.key", flip, "announces"), ("blobd/broker.key", flip, "is not the hash"),
                  ("bridged/session.key", flip, "different session keys"),
                  ("blobd/nonce.key", lambda p: os.chmod(p, 0o444), "others may read"),
                  ("prekeyd/nonce.key", lambda p: (os.chmod(p, 0o600), os.truncate(p, 31)), "32 bytes"),
                  ("prekeyd/token-keys", lambda p: (os.chmod(p, 0o600), os.truncate(p, 40)), "damaged")]
        for name, change, words in cases:
            with self.subTest(name=name, words=words), self.changed(f"{keys}/{name}", change):
                text, remedy = self.wrong()["credentials"]
                self.assertIn(words, text)
                self.assertTrue(remedy)
        subprocess.run(["faketime", "-f", "-100d", f"{self.stack.build}/sottoctl", "keys", f"{self.stack.dir}/old-keys"],
                       check=True, stdout=subprocess.DEVNULL)
        with self.changed(f"{keys}/prekeyd/token-keys", lambda p: shutil.copyfile(f"{self.stack.dir}/old-keys/prekeyd/token-keys", p)):
            self.assertIn("no key of this epoch for account", self.wrong()["credentials"][0])

    def test_a_schema_of_another_version_is_found(self):
        for sql, words in (("UPDATE sotto.migration SET hash = 'x' WHERE number = 1", "another text"),
                           ("DELETE FROM sotto.migration WHERE number = 2", "are not applied"),
                           ("UPDATE sotto.migration SET hash = 'x' WHERE number = 0", "functions")):
            saved = self.stack.sql("SELECT string_agg(format('(%s, %L)', number, hash), ',') FROM sotto.migration")
            self.stack.sql(sql)
            try:
                self.assertIn(words, self.wrong()["database"][0])
            finally:
                self.stack.sql(f"TRUNCATE sotto.migration; INSERT INTO sotto.migration VALUES {saved}")
        self.stack.sql("ALTER TABLE sotto.migration RENAME TO hidden")
        try:
            self.assertIn("no schema of ours", self.wrong()["database"][0])
        finally:
            self.stack.sql("ALTER TABLE sotto.hidden RENAME TO migration")

    def test_a_database_that_would_tell_or_lose_is_found(self):
        for setting, value in (("log_statement", "all"), ("log_min_duration_statement", "0"), ("log_error_verbosity", "verbose")):
            self.stack.sql(f"ALTER DATABASE sotto SET {setting} = '{value}'")
            try:
                self.assertIn(f"{setting} is {value}", self.wrong()["database"][0])
            finally:
                self.stack.sql(f"ALTER DATABASE sotto RESET {setting}")
        for setting in ("fsync", "full_page_writes"):
            self.stack.sql(f"ALTER SYSTEM SET {setting} = off")
            self.stack.sql("SELECT pg_reload_conf()")
            try:
                until("it to be found", lambda s=setting: f"{s} is off" in self.wrong(status=None).get("database", [""])[0],
                      self.stack.check)
            finally:
                self.stack.sql(f"ALTER SYSTEM RESET {setting}")
                self.stack.sql("SELECT pg_reload_conf()")
        until("it to be well", lambda: "database" not in self.wrong(status=None), self.stack.check)

    def test_each_part_that_is_down_is_found(self):
        self.stack.stop("blobd")
        self.assertEqual(set(self.wrong()), {"blobd"})
        self.assertEqual({f["part"] for f in self.ask("status", status=4) if f["verdict"] == "BAD"}, {"blobd"})
        self.stack.start("blobd")
        self.stack.stop("broker")
        for daemon in ("prekeyd", "blobd", "bridged"):
            self.stack.wait_healthy(daemon, 503)
        wrong = self.wrong()
        self.assertIn("does not listen", wrong["broker"][0])
        self.assertIn("has no broker", wrong["prekeyd"][0])
        self.ask("status", status=3)
        self.stack.start("broker")
        self.stack.stop("postgres")
        until("blobd to notice", lambda: self.stack.journal("SOTTO_EVENT=database-lost", "SOTTO_DAEMON=blobd"),
              self.stack.check)
        wrong = self.wrong()
        self.assertIn("cannot be reached", wrong["database"][0])
        self.assertIn("has no database", wrong["blobd"][0])
        self.stack.start("postgres")
        for daemon in ("prekeyd", "blobd", "bridged"):
            self.stack.wait_healthy(daemon)

    def test_a_broker_that_lets_anybody_in_is_found(self):
        conf = f"{self.stack.dir}/mosquitto.conf"

        def open_doors(path):
            edit(path, r"(?m)^plugin.*\n", "")
            edit(path, "allow_anonymous false", "allow_anonymous true")

        with self.changed(conf, open_doors):
            self.stack.restart("broker")
            said = {f["text"] for f in self.ask("doctor", "--local", status=4) if f["part"] == "broker"}
            self.assertEqual(said, {f"lets in {who}" for who in ( # the onion's listener still wants a name
                "anybody at the daemons' socket", "a daemon with a wrong password",
                "a daemon through the onion", "a session that bridged did not open")} | {"lets blobd listen to every topic"})
        self.stack.restart("broker")
        for daemon in ("prekeyd", "blobd", "bridged"):
            self.stack.wait_healthy(daemon)

    def test_a_broker_that_keeps_a_daemon_out_is_found(self):
        flip = lambda path: (os.chmod(path, 0o600), open(path, "r+b").write(b"\0" * 8))
        with self.changed(f"{self.stack.dir}/keys/broker/blobd.hash", flip):
            self.stack.restart("broker")
            self.assertIn("refuses blobd", self.wrong()["broker"][0])
        self.stack.restart("broker")
        for daemon in ("prekeyd", "blobd", "bridged"):
            self.stack.wait_healthy(daemon)

    def relay_with(self, words, pattern, text, secret=contextlib.nullcontext()):
        """The relay with other settings is found to be so."""
        settings = f"{TOP}/systemd/turnserver.conf"
        self.stack.turn_settings = shutil.copy(settings, f"{self.stack.dir}/turn.conf")
        edit(self.stack.turn_settings, pattern, text)
        self.stack.stop("turn")
        self.assertIn("no relay answers", self.wrong(status=3)["relay"][0])
        with secret: # turn.sh has read it when the relay answers
            self.stack.start("turn")
            until("it to be found", lambda: words in self.wrong(status=None).get("relay", [""])[0], self.stack.check)
        self.stack.turn_settings = settings
        self.stack.restart("turn")
        until("the relay", lambda: "relay" not in self.wrong(status=None), self.stack.check)

    def test_a_relay_that_fails_or_leads_elsewhere_is_found(self):
        keys = f"{self.stack.dir}/keys"
        with self.changed(f"{keys}/bridged/turn.key", lambda p: (os.chmod(p, 0o600), open(p, "r+b").write(b"\0" * 8))):
            self.assertIn("refuses what bridged gives", self.wrong()["relay"][0])
        with self.changed(f"{keys}/bridged/turn.key", os.unlink):
            self.assertIn("missing", self.wrong()["relay"][0])
        self.relay_with("leads to services of its machine", r"\Z", "\nallowed-peer-ip=127.0.0.1\n")
        self.relay_with("carries nothing", "allowed-peer-ip=.*", "")
        self.relay_with("gives no address (486)", "total-quota=200", "total-quota=1")
        self.relay_with("takes strangers", "use-auth-secret", "no-auth",
                        self.changed(f"{keys}/turn/secret", lambda p: edit(p, ".*", "")))

    def test_a_disk_below_the_reserve_is_found(self):
        conf, disk = f"{self.stack.dir}/sotto.conf", lambda: self.wrong(status=None)["disk"][0]
        free_mb = next(int(f["text"].split()[0]) for f in self.ask("doctor", "--local") if f["part"] == "disk")
        with self.changed(conf, lambda p: edit(p, "disk_reserve_mb = 1\n", f"disk_reserve_mb = {free_mb * 2 // 3}\n")):
            self.assertIn("less than twice the reserve", disk())
        with self.changed(conf, lambda p: edit(p, "disk_path = .*", "disk_path = /no/such")):
            self.assertIn("no such directory", disk())
        with self.changed(conf, lambda p: edit(p, "disk_reserve_mb = 1\n", "disk_reserve_mb = 1000000\n")):
            self.assertIn("less than the reserve", disk())
            self.stack.restart("blobd")
            until("status to tell", lambda: any("refuses new accounts, mailboxes, pieces of files, and deposits" in f["text"]
                                                for f in self.ask("status", status=4)), self.stack.check)
        self.stack.restart("blobd")
        self.stack.wait_healthy("blobd")

    def test_without_tor_the_onion_is_bad(self):
        found = self.ask("doctor", "--socks", f"{self.stack.dir}/no-such-socket", status=4)
        self.assertEqual(len([f for f in found if f["part"] == "onion" and f["verdict"] == "BAD"]), 4)

    def test_what_is_wrong_at_the_onion_is_found(self):
        said = lambda: {f["text"]: f["remedy"] for f in self.ask("doctor", "--socks", tor.server_address, status=4)
                        if f["part"] == "onion"}
        http = b"HTTP/1.1 %d X\r\n\r\n"
        with socketserver.ThreadingUnixStreamServer(f"{self.stack.dir}/crooked", Crooked) as tor:
            threading.Thread(target=tor.serve_forever, daemon=True).start()
            tor.doors = {7001: http % 404, 7002: 4, 7003: http % 503, 1883: b"\x20\2\0\0", 3478: 5}
            texts = said()
            self.assertEqual(set(texts), {
                "port 7001 (prekeyd) answers with status 404", "port 1883 (broker) lets in anybody", "calls: no relay answers",
                "port 7002 (blobd): Tor finds no descriptor of it, or cannot reach it"})
            self.assertTrue(all(texts.values()))
            tor.doors = {7001: http % 200, 7002: http % 200, 7003: 5, 1883: 5, 3478: 5}
            self.assertEqual(set(said()), {"port 7003 (bridged): nobody listens behind that port", "calls: no relay answers",
                                           "port 1883 (broker): nobody listens behind that port"})
            tor.shutdown()
