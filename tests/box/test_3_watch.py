# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: an administrator sees what the daemons do with journalctl, systemctl and sottoctl; systemd ends what hangs."""
import json
import os
import subprocess
import tempfile
import unittest

import machine
from machine import until

SPIN = """\
#include <signal.h>
static void spin(int number) { for (;;) (void)number; }
__attribute__((constructor)) static void plant(void) { signal(SIGUSR2, spin); }
"""


class Watch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = machine.running()
        cls.m.run("systemctl", "start", "sotto-sweep.service")

    def told(self, *words):
        return self.m.run("journalctl", "--no-pager", "-q", "-o", "cat", *words)

    def restarts(self):
        return int(self.m.run("systemctl", "show", "-P", "NRestarts", "blobd.service"))

    def healthy(self):
        return self.m.ask("systemctl", "is-active", "--quiet", "blobd.service") == 0 and \
            "database up" in self.m.run("systemctl", "show", "-P", "StatusText", "blobd.service")

    def ended_by_the_watchdog(self, before):
        until("systemd to end blobd and start it again", lambda: self.restarts() > before)
        self.assertIn("Watchdog timeout", self.m.run("journalctl", "--no-pager", "-q", "-u", "blobd.service"))

    def test_1_the_status_line_is_alive(self):
        self.assertRegex(self.m.run("systemctl", "show", "-P", "StatusText", "bridged.service"),
                         r"^\d+ requests/s, .*database up, broker up$")

    def test_2_journalctl_explains_each_line(self):
        said = self.m.run("journalctl", "--no-pager", "-q", "-x", "SOTTO_EVENT=started", "SOTTO_DAEMON=blobd", "-n", "1")
        self.assertIn("Subject: blobd is ready", said)
        self.assertIn("Nothing needs to be done.", said)

    def test_3_top_draws_what_the_daemons_did(self):
        self.m.run("systemctl", "restart", "prekeyd.service", "blobd.service", "bridged.service") # each tells the rest
        drawn = self.m.run("sottoctl", "top", "--once")
        for daemon in ("prekeyd", "blobd", "bridged"):
            self.assertRegex(drawn, rf"(?m)^{daemon} +database")
        got = json.loads(self.m.run("sottoctl", "top", "--json"))
        self.assertEqual({d["daemon"] for d in got["daemons"]}, {"prekeyd", "blobd", "bridged"})
        print("".join(f"       {line}\n" for line in drawn.splitlines()))

    def test_4_status_and_doctor_find_nothing_bad(self):
        until("blobd", self.healthy)
        until("all to be well", lambda: self.m.ask("sottoctl", "status") == 0)
        found = json.loads(self.m.box("run", "sottoctl", "doctor", "--json", check=False)[1])
        self.assertEqual([f for f in found if f["verdict"] == "BAD"], [])
        self.assertIn("onion", {f["part"] for f in found})
        for finding in found:
            print(f"       {finding['verdict']:4} {finding['part']:12} {finding['text']}")

    def test_5_who_may_not_look_is_told_to_be_root(self):
        for command, parts in ("doctor", ("you", "credentials", "sweep")), ("status", ("you", "journal", "sweep")):
            said = self.m.run("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "sottoctl", command, "--json",
                              check=False, stderr=None)[1]
            remedies = {f["part"]: f["remedy"] for f in json.loads(said) if f["verdict"] != "ok"}
            for part in parts:
                self.assertTrue((remedies.get(part) or "").startswith("run it as root"), (command, part, remedies))
        status, said = self.m.run("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "sottoctl", "top", "--once",
                                  check=False)
        self.assertNotEqual(status, 0)
        self.assertIn("run it as root", said)

    def test_6_systemd_ends_a_daemon_whose_database_is_silent(self):
        until("blobd", self.healthy)
        before = self.restarts()
        backend = self.m.run("psql", "-XAtc", "SELECT pid FROM pg_stat_activity WHERE usename = 'blobd'",
                             "host=/run/postgresql port=7000 user=postgres dbname=postgres").split()[0]
        self.m.run("kill", "-STOP", backend)
        try:
            self.ended_by_the_watchdog(before)
        finally:
            self.m.run("kill", "-CONT", backend)
        until("blobd", self.healthy)

    def test_7_systemd_ends_a_daemon_that_spins(self):
        with tempfile.TemporaryDirectory() as place:
            os.chmod(place, 0o755)
            subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", f"{place}/spin.so"], input=SPIN, text=True, check=True)
            self.m.box("copy-in", f"{place}/spin.so", "/usr/lib/sotto")
        self.m.sh("mkdir -p /run/systemd/system/blobd.service.d; cd /run/systemd/system/blobd.service.d; "
                  "printf '[Service]\\nEnvironment=LD_PRELOAD=/usr/lib/sotto/spin.so\\n' >spin.conf; "
                  "systemctl daemon-reload; systemctl restart blobd.service")
        try:
            until("blobd", self.healthy)
            before = self.restarts()
            self.m.run("systemctl", "kill", "-s", "USR2", "--kill-who=main", "blobd.service")
            self.ended_by_the_watchdog(before)
        finally:
            self.m.sh("rm -r /run/systemd/system/blobd.service.d /usr/lib/sotto/spin.so; systemctl daemon-reload; "
                      "systemctl restart blobd.service")
        until("blobd", self.healthy)
