# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a server starts by itself, is removed without losing anything, and is purged without leaving anything."""
import re
import unittest

import machine
from machine import until

UNITS = ("sotto.target", "prekeyd.service", "blobd.service", "bridged.service", "prekeyd.socket", "blobd.socket", "bridged.socket",
         "sotto-broker.service", "sotto-turn.socket", "sotto-sweep.timer", "sotto-rotate.timer", "tor@sotto.service",
         "postgresql@*-sotto.service")
KEPT = "cd /var/lib/tor-instances/sotto; find api live /etc/sotto/keys /etc/sotto/sotto.conf -type f -exec sha256sum {} + | sort"
# Of the machine, nothing that others own; downloaded packages and the profiles of people lie in /root.
LEFT = r"find / -xdev \( -path /proc -o -path /sys -o -path /root -o -path /var/log/journal -o -path /tmp \) -prune " \
       r"-o -iname '*sotto*' -print -o -name 'blobd*' -print -o -name 'prekeyd*' -print -o -name 'bridged*' -print"


class Remove(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = machine.running()
        cls.people = machine.conversation(cls.m)
        cls.onion = cls.m.run("cat", "/var/lib/tor-instances/sotto/api/hostname")

    def active(self):
        return [u for u in UNITS if "active" in self.m.run("systemctl", "is-active", u, check=False)[1].split()]

    def apt(self, *words, answer):
        """As at a terminal, where debconf asks and somebody goes on saying the same."""
        return self.m.sh(f"export DEBIAN_FRONTEND=readline; while echo {answer} 2>/dev/null; do sleep 0.2; done | "
                         f"script -qec 'apt-get -y -o Dpkg::Use-Pty=0 {' '.join(words)}' /dev/null")

    def back(self):
        """The same server again, from what was kept."""
        self.m.install(self.m.debs)
        if not self.m.has_tor_network():
            self.m.tor_network()
        self.assertNotIn("sotto://", self.m.run("sottoctl", "init", limit_s=900))
        self.assertEqual(self.m.run("cat", "/var/lib/tor-instances/sotto/api/hostname"), self.onion)

    def test_1_all_starts_at_boot(self):
        self.m.reboot()
        until("all to be active", lambda: self.active() == list(UNITS))
        until("the daemons to be well", lambda: all("database up, broker up" in self.m.run("systemctl", "show", "-P", "StatusText", d)
                                                    for d in UNITS[1:4]))

    def test_2_remove_stops_all_and_keeps_all(self):
        kept, rows = self.m.sh(KEPT), "SELECT count(*) FROM sotto.account"
        ask = ("psql", "-XAtc", rows, "host=/run/postgresql port=7000 user=postgres dbname=sotto")
        accounts = self.m.run(*ask)
        said = self.apt("remove", "sotto-server", answer="no")
        self.assertNotIn("Delete all", said)
        self.assertEqual(self.active(), [])
        self.assertEqual(self.m.sh("ls -d /run/sotto-*/s /run/sotto-*/*/s 2>/dev/null || :"), "")
        self.m.reboot()
        self.assertEqual(self.active(), [])
        self.assertEqual(self.m.sh(KEPT), kept)
        self.back()
        self.assertEqual(self.m.sh(KEPT), kept)
        self.assertEqual(self.m.run(*ask), accounts)
        alice, bob = self.people
        bob.do("send", "alice", "we are still here")
        until("a message after the removal", lambda: "we are still here" in alice.do("recv"))

    def test_3_purge_asks_and_keeps_all_if_told_so(self):
        kept = self.m.sh(KEPT)
        said = self.apt("purge", "sotto-server", answer="no")
        self.assertIn("Delete all accounts, messages and both onion addresses?", said)
        self.assertEqual(self.active(), [])
        self.assertEqual(self.m.sh(KEPT), kept)
        self.back()
        self.assertEqual(self.m.sh(KEPT), kept)

    def test_4_purge_leaves_nothing(self):
        self.apt("purge", "sotto-server", "sotto", "sotto-calls", "sotto-scan", answer="yes")
        self.assertEqual(self.active(), [])
        self.assertEqual(self.m.run("sh", "-c", LEFT, check=False)[1].split(), [])
        self.assertEqual(re.findall(r"(?m)^.*sotto.*$", self.m.sh("systemctl list-unit-files; pg_lsclusters; dpkg -l")), [])
        self.assertEqual(self.m.run("systemctl", "is-enabled", "coturn.service", check=False)[1].strip(), "disabled")
        self.assertEqual(self.m.sh("pg_lsclusters -h").split()[1], "main") # of others nothing
