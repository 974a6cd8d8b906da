# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: who runs a command under `sotto trace` sees all that it says to the world, and there is no other way out."""
import json
import os
import re
import signal
import socket
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
        self.assertIn("asked for nothing", alice.run("trace", "doctor").stdout) # who listens at the port

    def test_the_command_has_no_network_but_loopback_and_its_status_counts(self):
        carol = self.person("carol")
        stray = socket.create_server(("127.0.0.1", 0)) # a socket of ours that was left open
        self.addCleanup(stray.close)
        self.stack.spawn("trace", carol.argv("trace", "watch"), stdin=subprocess.DEVNULL, env=carol.environment(),
                         pass_fds=[stray.fileno()])
        until("carol to be live", lambda: "live\n" in self.stack.log("trace"), self.stack.check, 60)
        pid = self.stack.pid("trace")
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            inner, = map(int, file.read().split())
        self.assertNotIn(f"socket:[{os.fstat(stray.fileno()).st_ino}]",
                         [os.readlink(f"/proc/{inner}/fd/{fd}") for fd in os.listdir(f"/proc/{inner}/fd")])
        self.assertNotEqual(os.readlink(f"/proc/{inner}/ns/net"), os.readlink("/proc/self/ns/net"))
        with open(f"/proc/{inner}/net/dev", encoding="ascii") as file:
            self.assertEqual(re.findall(r"^ *(\S+):", file.read(), re.M), ["lo"])
        self.stack.kill("trace", signal.SIGTERM)
        self.assertEqual(carol.run("trace", "end", "nobody").returncode, 6)
        self.socks.open = False
        self.addCleanup(setattr, self.socks, "open", True)
        rows = [json.loads(line) for line in carol.run("--json", "trace", "recv").stdout.splitlines()]
        self.assertEqual({(row["named"], row["onion"]) for row in rows if row["event"] == "traced"}, {(True, self.stack.onion_api)})
        self.assertEqual([row["error"]["code"] for row in rows if row["event"] == "error"], ["network"])
        nowhere = carol.run("--socks", "127.0.0.1:1", "trace", "recv")
        self.assertEqual(nowhere.returncode, 4)
        self.assertIn("nobody listens at the SOCKS port", nowhere.stderr)
