# SPDX-License-Identifier: AGPL-3.0-or-later
"""sottoctl doctor and status on a whole server, and on one in which a part at a time is broken."""
import contextlib
import json
import os
import re
import shutil

from bed import Bed, until
from stack import TOP


class Doctor(Bed):
    journal, settings = True, {"metrics_s": 1}

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
        return json.loads(out)

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

    def test_settings_that_are_wrong_are_named_with_their_line(self):
        with self.changed(f"{self.stack.dir}/sotto.conf", lambda p: open(p, "a", encoding="ascii").write("batch_calls = x\n")):
            text, _ = self.wrong()["settings"]
            self.assertRegex(text, r"line \d+")

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

    def test_a_log_that_would_tell_is_found(self):
        self.stack.sql("ALTER DATABASE sotto SET log_statement = 'all'")
        try:
            self.assertIn("log_statement is all", self.wrong()["database"][0])
        finally:
            self.stack.sql("ALTER DATABASE sotto RESET log_statement")

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
            with open(path, encoding="ascii") as file:
                text = file.read()
            text = re.sub(r"(?m)^plugin.*\n", "", text)
            with open(path, "w", encoding="ascii") as file:
                file.write(re.sub(r"allow_anonymous false", "allow_anonymous true", text))

        with self.changed(conf, open_doors):
            self.stack.restart("broker")
            said = {f["text"] for f in self.ask("doctor", "--local", status=4) if f["part"] == "broker"}
            self.assertEqual(said, {f"lets in {who}" for who in ( # the onion's listener still wants a name
                "anybody at the daemons' socket", "a daemon with a wrong password",
                "a daemon through the onion", "a session that bridged did not open")} | {"lets blobd listen to every topic"})
        self.stack.restart("broker")
        for daemon in ("prekeyd", "blobd", "bridged"):
            self.stack.wait_healthy(daemon)

    def test_a_relay_that_fails_or_leads_elsewhere_is_found(self):
        keys = f"{self.stack.dir}/keys"
        with self.changed(f"{keys}/bridged/turn.key", lambda p: (os.chmod(p, 0o600), open(p, "r+b").write(b"\0" * 8))):
            self.assertIn("refuses what bridged gives", self.wrong()["relay"][0])
        with self.changed(f"{keys}/bridged/turn.key", os.unlink):
            self.assertIn("missing", self.wrong()["relay"][0])
        self.stack.stop("turn")
        self.assertIn("no relay answers", self.wrong(status=3)["relay"][0])
        settings = f"{TOP}/systemd/turnserver.conf"
        with open(settings, encoding="ascii") as file:
            right = file.read()
        self.stack.turn_settings = f"{self.stack.dir}/turn.conf"
        with open(self.stack.turn_settings, "w", encoding="ascii") as file:
            file.write(right + "\nallowed-peer-ip=127.0.0.1\n")
        self.stack.start("turn")
        until("it to be found", lambda: "leads to services of its machine" in self.wrong(status=None).get("relay", [""])[0], self.stack.check)
        self.stack.stop("turn")
        self.stack.turn_settings = settings
        self.stack.start("turn")
        until("the relay", lambda: "relay" not in self.wrong(status=None), self.stack.check)

    def test_a_disk_below_the_reserve_is_found(self):
        def reserve(path):
            with open(path, encoding="ascii") as file:
                text = file.read()
            with open(path, "w", encoding="ascii") as file:
                file.write(text.replace("disk_reserve_mb = 1\n", "disk_reserve_mb = 1000000\n"))

        with self.changed(f"{self.stack.dir}/sotto.conf", reserve):
            self.assertIn("less than the reserve", self.wrong()["disk"][0])
            self.ask("status", status=4)

    def test_without_tor_the_onion_is_bad(self):
        found = self.ask("doctor", "--socks", f"{self.stack.dir}/no-such-socket", status=4)
        self.assertEqual(len([f for f in found if f["part"] == "onion" and f["verdict"] == "BAD"]), 4)
