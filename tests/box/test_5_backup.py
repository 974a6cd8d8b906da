# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a backup and a move bring the server back under the same two addresses, on the host itself and on a bare one."""
import re
import time
import unittest

import machine
from machine import until

FD = "3<<EOF\nsix random words are better\nEOF\n"
ADDRESSES = "cat /var/lib/tor-instances/sotto/api/hostname /var/lib/tor-instances/sotto/live/hostname"
OURS = ("prekeyd.service", "blobd.service", "bridged.service", "sotto-broker.service", "tor@sotto.service", "sotto-turn.socket")


class Backup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = machine.running()

    def ask(self, *words, **more):
        return self.m.sh(f"sottoctl {words[0]} --passphrase-fd 3 {' '.join(words[1:])} {FD}", limit_s=900, **more)

    def rows(self):
        return self.m.run("psql", "-XAtc", "SELECT (SELECT count(*) FROM sotto.account), (SELECT count(*) FROM sotto.mailbox), "
                          "(SELECT count(*) FROM sotto.bundle), (SELECT count(*) FROM sotto.spent)",
                          "host=/run/postgresql port=7000 user=postgres dbname=sotto").strip()

    def is_well(self):
        for unit in OURS:
            self.assertEqual(self.m.ask("systemctl", "is-active", "--quiet", unit), 0, unit)
        self.assertNotEqual(self.m.ask("test", "-e", "/etc/sotto/held"), 0)
        until("the sweep and all else to be well", lambda: self.m.ask("sottoctl", "doctor") != 4)

    def test_1_a_restore_on_the_same_host_keeps_addresses_people_and_mailboxes(self):
        names, rows = self.m.sh(ADDRESSES), self.rows()
        self.m.sh("rm -f /root/one.backup")
        self.ask("backup", "/root/one.backup")
        self.m.sh("rm -r /etc/sotto/keys /var/lib/tor-instances/sotto/live; cp /root/one.backup /root/cut; truncate -s -1 /root/cut")
        status, said = self.ask("restore", "/root/cut", check=False)
        self.assertNotEqual(status, 0)
        self.assertIn("truncated", said)
        self.assertIn("nothing was changed", said)
        said = self.ask("restore", "/root/one.backup")
        self.assertIn("all three daemons answer through Tor", said)
        self.assertEqual(self.m.sh(ADDRESSES), names)
        self.assertEqual(self.rows().split("|")[:3], rows.split("|")[:2] + ["0"])
        self.is_well()

    def test_2_a_moved_host_never_starts_again(self):
        type(self).names, type(self).was = self.m.sh(ADDRESSES), self.rows()
        self.m.sh("rm -f /root/all.move")
        type(self).began = time.monotonic()
        said = self.ask("move", "--to", "/root/all.move")
        print("".join(f"       {line}\n" for line in said.splitlines()))
        self.m.sh("systemctl start sotto.target tor@sotto.service prekeyd.service blobd.service bridged.service || :")
        for unit in ("tor@sotto.service", "prekeyd.service", "blobd.service", "bridged.service"):
            self.assertNotEqual(self.m.ask("systemctl", "is-active", "--quiet", unit), 0, unit)
        status, said = self.m.run("sottoctl", "init", check=False)
        self.assertNotEqual(status, 0)
        self.assertIn("was moved to another host", said)

    def test_3_a_bare_host_goes_on_with_all_of_it(self):
        """The same machine without anything of the server: its Tor network is the one there is."""
        self.m.sh("export DEBIAN_FRONTEND=noninteractive; echo sotto-server sotto-server/purge boolean true | debconf-set-selections; "
                  "cp /root/all.move /tmp/all.move; apt-get -qq purge -y sotto-server; test ! -e /etc/sotto")
        self.m.install(machine.debs())
        said = self.ask("restore", "/tmp/all.move")
        print("".join(f"       {line}\n" for line in re.findall(r"(?m)^(?:onion|sottoctl: restore).*", said)))
        print(f"       {machine.SUITE}: {time.monotonic() - self.began:.1f} s from the move's beginning, with a purge and an install")
        self.assertEqual(self.m.sh(ADDRESSES), self.names)
        self.assertEqual(self.rows(), self.was)
        self.is_well()
