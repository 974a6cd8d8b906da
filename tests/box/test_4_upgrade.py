# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: instances share the work, and an upgrade loses no request."""
import re
import sys
import threading
import unittest

import machine
from machine import until

sys.path.insert(0, f"{machine.TOP}/tests/system")
import client # noqa: E402 - needs the path

class Load:
    """Requests one after the other, as Tor would bring them, each on a circuit of its own; counts what is lost."""

    def __init__(self, m, daemon, path):
        self.socket, self.path = f"/proc/{m.pid()}/root/run/sotto-{daemon}/s", path
        self.served, self.lost, self.ended = 0, [], threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(i,), daemon=True) for i in range(4)]

    def one(self, circuit):
        with client.Http(self.socket, circuit) as http:
            return http.request("GET", self.path).status

    def _run(self, i):
        circuit = i << 24
        while not self.ended.is_set():
            circuit += 1
            try:
                if (status := self.one(circuit)) != 200:
                    self.lost.append(status)
            except OSError as error:
                self.lost.append(repr(error))
            self.served += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        until("some requests", lambda: self.served > 100)
        return self

    def __exit__(self, *unused):
        self.ended.set()
        for thread in self.threads:
            thread.join()


class Service(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = machine.running()

    def show(self, unit, what):
        return self.m.run("systemctl", "show", "-P", what, unit).strip()

    def served(self, unit):
        return int((re.search(r"(\d+) served", self.show(unit, "StatusText")) or [0, 0])[1])

    def test_1_a_second_instance_takes_its_share(self):
        self.m.run("systemctl", "enable", "--quiet", "--now", "prekeyd@2.service", "blobd@2.service")
        for daemon in ("prekeyd", "blobd"):
            units = f"{daemon}.service", f"{daemon}@2.service"
            before = [self.served(u) for u in units]
            with Load(self.m, daemon, "/v1/health") as load:
                until("both to serve", lambda: all(self.served(u) > n + 20 for u, n in zip(units, before)))
            self.assertEqual(load.lost, [])
            print(f"       {machine.SUITE}: " + ", ".join(f"{u} served {self.served(u) - n}" for u, n in zip(units, before)))

    def test_2_an_upgrade_applies_its_migration_once_and_loses_no_request(self):
        number = int(self.m.sh("ls /usr/lib/sotto/sql/migrations | tail -n 1")[:4]) + 1000
        newer = machine.newer_server(self.m, number)
        pids = [self.show(f"{u}.service", "MainPID") for u in ("prekeyd", "prekeyd@2", "bridged")]
        with Load(self.m, "prekeyd", "/v1/server") as load:
            self.m.install([newer])
            self.m.debs = [d for d in self.m.debs if not re.search(r"/(sotto-server_|newer)", d)] + [newer]
            seen = load.served
            until("requests to the new one", lambda: load.served > seen + 100)
        print(f"       {machine.SUITE}: {load.served} requests during an upgrade, lost: {load.lost}")
        self.assertEqual(load.lost, [])
        now = [self.show(f"{u}.service", "MainPID") for u in ("prekeyd", "prekeyd@2", "bridged")]
        self.assertTrue(all(a != b and b != "0" for a, b in zip(pids, now)), (pids, now))
        ask = ("psql", "-XAtc", f"SELECT count(*) FROM sotto.migration WHERE number = {number}",
               "host=/run/postgresql port=7000 user=postgres dbname=sotto")
        self.assertEqual(self.m.run(*ask).strip(), "1")
        self.assertIn("0 new migrations", self.m.run("sottoctl", "migrate"))

    def relay(self):
        return [self.show(f"{u}.service", "MainPID") for u in ("sotto-turn", "sotto-turn-proxy")]

    def upgraded(self, **more):
        number = int(self.m.sh("ls /usr/lib/sotto/sql/migrations | tail -n 1")[:4]) + 1
        newer = machine.newer_server(self.m, number, **more)
        self.m.install([newer])
        self.m.debs = [d for d in self.m.debs if not re.search(r"/(sotto-server_|newer)", d)] + [newer]

    def test_3_an_upgrade_restarts_the_relay_for_calls_only_if_its_files_changed(self):
        self.m.run("systemctl", "start", "sotto-turn-proxy.service")
        before = self.relay()
        self.upgraded()
        self.assertEqual(self.relay(), before)
        self.upgraded(changed="usr/share/sotto/turnserver.conf")
        self.assertTrue(all(a != b and b != "0" for a, b in zip(before, self.relay())), (before, self.relay()))
        self.assertNotEqual(self.m.ask("test", "-e", "/run/sotto-turn.was"), 0)

    def test_4_a_new_mosquitto_or_coturn_restarts_what_runs_it(self):
        """As dpkg does when an update brings the program: it puts a trigger."""
        for program, unit in ("/usr/sbin/mosquitto", "sotto-broker"), ("/usr/bin/turnserver", "sotto-turn"):
            self.m.run("systemctl", "start", f"{unit}.service")
            before = self.show(f"{unit}.service", "MainPID")
            self.m.sh(f"dpkg-trigger --by-package=mosquitto {program}; dpkg --triggers-only --pending")
            until("a restart", lambda: self.show(f"{unit}.service", "MainPID") not in (before, "0"))
        until("the broker", lambda: "broker up" in self.show("bridged.service", "StatusText"))
