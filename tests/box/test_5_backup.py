# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a backup and a move bring the server back under the same two addresses, on the machine itself and on another."""
import re
import shutil
import subprocess
import tempfile
import time
import unittest

import machine
from machine import until

FD = "3<<EOF\nsix random words are better\nEOF\n"
ADDRESSES = "cat /var/lib/tor-instances/sotto/api/hostname /var/lib/tor-instances/sotto/live/hostname"
OURS = ("prekeyd.service", "blobd.service", "bridged.service", "sotto-broker.service", "tor@sotto.service", "sotto-turn.socket")
WELL = 0, 3 # nothing bad
NEVER_AGAIN = "tor@sotto.service", "prekeyd.service", "blobd.service", "bridged.service"


class Backup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = machine.running()

    def ask(self, *words, **more):
        return self.m.sh(f"sottoctl {words[0]} --passphrase-fd 3 {' '.join(words[1:])} {FD}", limit_s=900, **more)

    def rows(self, m):
        return m.run("psql", "-XAtc", "SELECT (SELECT count(*) FROM sotto.account), (SELECT count(*) FROM sotto.mailbox), "
                     "(SELECT count(*) FROM sotto.bundle), (SELECT count(*) FROM sotto.spent)",
                     "host=/run/postgresql port=7000 user=postgres dbname=sotto").strip()

    def is_well(self, m):
        for unit in OURS:
            self.assertEqual(m.ask("systemctl", "is-active", "--quiet", unit), 0, unit)
        self.assertNotEqual(m.ask("test", "-e", "/etc/sotto/held"), 0)
        until("the sweep and all else to be well", lambda: m.ask("sottoctl", "doctor") in WELL)

    def test_1_a_restore_on_the_same_host_keeps_addresses_people_and_mailboxes(self):
        names, rows = self.m.sh(ADDRESSES), self.rows(self.m)
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
        self.assertEqual(self.rows(self.m).split("|")[:3], rows.split("|")[:2] + ["0"])
        self.is_well(self.m)

    # --- between two machines -------------------------------------------------------------------------

    @classmethod
    def second(cls):
        """Another machine with the packages, nothing more; and a way to the one Tor network there is."""
        other = machine.Machine(machine.debs())
        other.install(cls.m.debs)
        other.lay_cable(cls.m)
        return other

    def moved_over_a_pipe(self, other):
        """What both said; the old machine is looked at while the new one has not been given anything yet."""
        ends = [[f"{machine.HERE}/box", "run", m.root, "sh", "-euc", f"sottoctl {words} --passphrase-fd 3 {FD}"]
                for m, words in ((self.m, "move --to -"), (other, "restore -"))]
        with tempfile.TemporaryFile("w+", encoding="utf-8") as told:
            with subprocess.Popen(ends[0], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=told) as going:
                first = going.stdout.read(1024) # more than the head, which comes before the stop
                for unit in NEVER_AGAIN:
                    self.assertNotEqual(self.m.ask("systemctl", "is-active", "--quiet", unit), 0, unit)
                with subprocess.Popen(ends[1], stdin=subprocess.PIPE, stdout=told, stderr=told) as coming:
                    coming.stdin.write(first)
                    shutil.copyfileobj(going.stdout, coming.stdin)
            told.seek(0)
            said = told.read()
            self.assertEqual((going.returncode, coming.returncode), (0, 0), said)
            return said

    def talk(self, waiting):
        alice, bob = machine.conversation(self.m)
        until("what waited", lambda: waiting in alice.do("recv"))
        alice.do("send", "bob", f"i have: {waiting}")
        until("an answer", lambda: f"i have: {waiting}" in bob.do("recv"))

    def test_2_a_move_over_a_pipe_makes_another_machine_the_server_and_the_old_one_never_starts_again(self):
        self.m.run("systemctl", "enable", "--quiet", "--now", "blobd@2.service")
        machine.conversation(self.m)[1].do("send", "alice", "before the move")
        names, was = self.m.sh(ADDRESSES), self.rows(self.m)
        other = self.second()
        try:
            began = time.monotonic()
            said = self.moved_over_a_pipe(other)
            print("".join(f"       {line}\n" for line in re.findall(r"(?m)^(?:onion|sottoctl: \w+):.*", said)))
            print(f"       {machine.SUITE}: {time.monotonic() - began:.1f} s from machine to machine, in all")
            self.assertEqual(other.sh(ADDRESSES), names)
            self.assertEqual(self.rows(other), was)
            self.is_well(other)
            self.assertEqual(other.ask("systemctl", "is-active", "--quiet", "blobd@2.service"), 0)
            self.assertNotEqual(other.ask("test", "-e", "/etc/sotto/instances"), 0)
            self.talk("before the move")
            self.m.sh(f"systemctl start sotto.target {' '.join(NEVER_AGAIN)} || :")
            for unit in NEVER_AGAIN:
                self.assertNotEqual(self.m.ask("systemctl", "is-active", "--quiet", unit), 0, unit)
            status, said = self.m.run("sottoctl", "init", check=False)
            self.assertNotEqual(status, 0)
            self.assertIn("was moved to another host", said)
        except BaseException:
            other.off()
            raise
        self.m.away = other

    def test_3_a_bare_machine_goes_on_with_all_of_it(self):
        """Back, by a file, to the first machine, from which the package was purged."""
        self.assertTrue(getattr(self.m, "away", None), "the server was not moved")
        other = self.m.away
        machine.conversation(self.m)[1].do("send", "alice", "before the way back")
        names, was = other.sh(ADDRESSES), self.rows(other)
        began = time.monotonic()
        said = other.sh(f"sottoctl move --passphrase-fd 3 --to /root/all.move {FD}", limit_s=900)
        print("".join(f"       {line}\n" for line in said.splitlines()))
        self.m.sh("export DEBIAN_FRONTEND=noninteractive; echo sotto-server sotto-server/purge boolean true | debconf-set-selections; "
                  "apt-get -qq purge -y sotto-server; test ! -e /etc/sotto")
        self.m.install(self.m.debs) # with the schema that the last upgrade brought
        self.m.box("copy-in", f"{other.root}/root/all.move", "/root")
        said = self.ask("restore", "/root/all.move")
        print("".join(f"       {line}\n" for line in re.findall(r"(?m)^(?:onion|sottoctl: restore).*", said)))
        print(f"       {machine.SUITE}: {time.monotonic() - began:.1f} s from the move's beginning, with a purge and an install")
        other.off()
        self.m.away = None
        self.assertEqual(self.m.sh(ADDRESSES), names)
        self.assertEqual(self.rows(self.m), was)
        self.is_well(self.m)
        self.talk("before the way back")
