# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: who runs a command under `sotto trace` sees all that it says to the world, and there is no other way out."""
import os
import re
import signal
import subprocess

from people import Town, friends
from stack import until


class Trace(Town):
    def test_every_connection_is_told_with_its_circuit_and_its_onion(self):
        alice, bob = self.person("alice"), self.person("bob")
        friends(alice, bob)
        bob.do("send", alice.name, "seen by nobody")
        before = len(self.socks.seen)
        lines = alice.do("trace", "recv").splitlines()
        told = sorted((m[1], int(m[3])) for m in (re.match(r"traced: circuit (\w{8}) to (\S+\.onion):(\d+), \d+ bytes out, \d+ in$",
                                                         line) for line in lines) if m)
        self.assertEqual(told, sorted((user[:8], port) for user, port in self.socks.seen[before:]))
        self.assertGreater(len(told), 1)
        self.assertTrue(any("seen by nobody" in line for line in lines))
        self.assertEqual(lines[-1], f"ok: {len(told)} connections, all to 127.0.0.1:{self.socks.server_address[1]}; "
                                    "there was no other network")

    def test_the_command_has_no_network_but_loopback_and_its_status_counts(self):
        carol = self.person("carol")
        self.stack.spawn("trace", carol.argv("trace", "watch"), stdin=subprocess.DEVNULL, env=carol.environment())
        until("carol to be live", lambda: "live\n" in self.stack.log("trace"), self.stack.check, 60)
        pid = self.stack.pid("trace")
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            inner, = map(int, file.read().split())
        self.assertNotEqual(os.readlink(f"/proc/{inner}/ns/net"), os.readlink("/proc/self/ns/net"))
        with open(f"/proc/{inner}/net/dev", encoding="ascii") as file:
            self.assertEqual(re.findall(r"^ *(\S+):", file.read(), re.M), ["lo"])
        self.stack.kill("trace", signal.SIGTERM)
        self.assertEqual(carol.run("trace", "end", "nobody").returncode, 6)
