# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a server with a LAN address is not to be found there, and only our Tor reaches the daemons."""
import re
import unittest

import machine

SOCKETS = {"/run/sotto-prekeyd/s": "_tor-sotto 660", "/run/sotto-blobd/s": "_tor-sotto 660", "/run/sotto-bridged/s": "_tor-sotto 660",
           "/run/sotto-turn/s": "_tor-sotto 660", "/run/sotto-broker/t/s": "_tor-sotto 770", "/run/sotto-broker/d/s": "_sotto-mqtt 770"}
OURS = r"(sotto[-.@]|prekeyd|blobd|bridged|tor@sotto|postgresql@\d+-sotto)"
TURN_PORT = "0100007F:0D96" # 127.0.0.1:3478, as the kernel writes it
DIAL = 'use IO::Socket::UNIX; IO::Socket::UNIX->new($ARGV[0]) ? print "in\n" : print "$!\n"'


class Network(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = machine.running()
        cls.m.run("systemctl", "start", "sotto-turn-proxy.service") # coturn runs from the first call on

    def test_1_no_process_of_ours_listens_on_tcp_or_udp(self):
        listening = self.m.net("ss", "-ltunpH")
        self.assertIn("127.0.0.1", listening)
        for line in listening.splitlines():
            for pid in re.findall(r"pid=(\d+)", line):
                with open(f"/proc/{pid}/cgroup", encoding="ascii") as file:
                    self.assertNotRegex(file.read(), rf"/{OURS}", line)

    def test_2_the_lan_finds_and_hears_nothing_new(self):
        with open(self.m.heard, encoding="ascii") as file:
            self.assertEqual(file.read(), "")
        self.assertEqual((self.m.knock(), self.m.bound()), self.m.before)

    def test_3_coturn_listens_in_a_network_that_holds_nothing_else(self):
        pid = self.m.run("systemctl", "show", "-P", "MainPID", "sotto-turn.service").strip()
        cards = self.m.run("tail", "-n", "+3", f"/proc/{pid}/net/dev").split("\n")
        self.assertEqual([card.split(":")[0].strip() for card in cards if ":" in card], ["lo"])
        bound = self.m.sh(f"cd /proc/{pid}/net; cat tcp udp tcp6 udp6 | grep -v local")
        ends = {line.split()[1] for line in bound.splitlines()}
        self.assertIn(TURN_PORT, ends)
        self.assertEqual({end for end in ends if not end.split(":")[0].endswith("7F")}, set())

    def test_4_sockets_belong_to_our_tor_and_let_nobody_else_in(self):
        self.assertEqual({path: self.m.run("stat", "-c", "%G %a", path).strip() for path in SOCKETS}, SOCKETS)
        for path, owner in SOCKETS.items():
            for user in ("_tor-sotto", "debian-tor", "nobody", "_sotto-blobd"):
                said = self.m.run("setpriv", f"--reuid={user}", f"--regid={self.m.run('id', '-g', user).strip()}", "--clear-groups",
                                  "perl", "-e", DIAL, path).strip()
                wanted = "in" if owner.startswith(user) else "Permission denied"
                self.assertEqual(said, wanted, f"{user} {path}")
