# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: `sotto doctor` names the part of a server that is ill, whichever it is and whatever ails it, and no other."""
import os
import re
import signal
import socketserver
import subprocess
import threading

from people import PORTS, Person, Town
from stack import DAEMONS

NAMES = {"prekeyd": "prekeyd", "blobd": "blobd", "bridged": "bridged", "broker": "the broker", "turn": "the relay"}
SHUT = "is away, though the server is there: nobody listens at its port"
GONE = "is away, it seems: Tor gets no connection to its port"
MUTE = "accepts but does not answer: it hangs, or has too much to do"
ENDED, OTHER = "accepts but hangs up", "answers as no server of ours does"


class Findings(Town):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stack.start("turn")
        cls.alice = Person(cls.stack, cls.socks, "alice")
        cls.addClassCleanup(cls.alice.run, "lock")

    def bad(self):
        """What is bad, by its first words."""
        done = self.alice.run("doctor")
        found = re.findall(r"^bad: (.*)$", done.stdout, re.M)
        self.assertEqual(done.returncode, 1 if found else 0, done)
        self.assertEqual("ok: all its parts answer: prekeyd, blobd, bridged, broker, relay\n" in done.stdout, not found)
        return [text.split(". Without it ")[0] for text in found]

    def instead(self, ports, path):
        """Another way to these ports, until the test's cleanups."""
        before = self.socks.path
        self.addCleanup(setattr, self.socks, "path", before)
        self.socks.path = lambda host, port: path if port in ports else before(host, port)

    def test_a_server_that_is_well(self):
        before = len(self.socks.seen)
        self.assertEqual(self.bad(), [])
        asked = self.socks.seen[before:]
        self.assertEqual({port for _, port in asked}, set(PORTS))
        self.assertEqual(len({user for user, _ in asked}), len(asked)) # no two share a circuit

    def test_a_port_that_nobody_listens_at(self):
        self.addCleanup(setattr, self.socks, "refuse", set())
        for part, name in NAMES.items():
            self.socks.refuse = {part}
            self.assertEqual(self.bad(), [f"{name} {SHUT}"])
        self.socks.refuse = set(NAMES)
        self.assertEqual(self.bad(), [f"{NAMES[part]} {SHUT}" for part in DAEMONS])

    def test_what_is_stopped(self):
        self.stack.stop("broker")
        self.stack.stop("turn")
        found = self.bad()
        self.stack.start("broker")
        self.stack.start("turn")
        for daemon in DAEMONS:
            self.stack.wait_healthy(daemon)
        self.assertEqual([re.sub(f"{SHUT}|{GONE}", "away", text) for text in found], ["the broker away", "the relay away"])
        self.instead((7001, 7002), f"{self.stack.dir}/nowhere")
        self.assertEqual(self.bad(), [f"prekeyd {GONE}", f"blobd {GONE}"])

    def pids(self, part):
        if part != "turn":
            return [self.stack.pid(part)]
        found = subprocess.run(["pgrep", "-f", f"^turnserver -c {self.stack.run}/sotto-turn/"], check=True, capture_output=True, text=True)
        return [int(word) for word in found.stdout.split()]

    def test_what_accepts_and_hangs(self):
        """Each time all at once: patience is for each, not for one after the other."""
        for parts in (DAEMONS, ("broker", "turn")):
            held = [pid for part in parts for pid in self.pids(part)]
            for pid in held:
                os.kill(pid, signal.SIGSTOP)
            try:
                found = self.bad()
            finally:
                for pid in held:
                    os.kill(pid, signal.SIGCONT)
            self.assertEqual(found, [f"{NAMES[part]} {MUTE}" for part in parts])
            for daemon in DAEMONS:
                self.stack.wait_healthy(daemon)

    def test_what_hangs_up_and_what_answers_otherwise(self):
        said = {7001: b"", 7002: b"HTTP/1.1 200 OK\r\n\r\n<html>", 7003: b"HTTP/1.1 404 \r\n\r\n{\"database\": \"up\"}",
                1883: b"\x20\2\0\0", 3478: b"\1\1" + bytes(18)} # the broker lets anybody in
        for port, text in said.items():
            class Fake(socketserver.StreamRequestHandler):
                def handle(self, text=text):
                    self.request.recv(20)
                    self.request.sendall(text)

            with socketserver.ThreadingUnixStreamServer(f"{self.stack.dir}/{port}", Fake) as fake:
                threading.Thread(target=fake.serve_forever, daemon=True).start()
                self.instead((port,), f"{self.stack.dir}/{port}")
                found = self.bad()
                self.doCleanups()
                fake.shutdown()
            self.assertEqual(found, [f"{NAMES[PORTS[port]]} {OTHER if text else ENDED}"])

    def test_an_onion_that_is_away(self):
        self.instead((1883, 3478), None)
        self.assertEqual(self.bad(), ["the server's onion for what comes live cannot be reached, though the other can: recv and "
                                      "watch fetch what has come, calls cannot be made"])
        self.instead(PORTS, None)
        self.assertEqual(self.bad(), ["the server cannot be reached: it is off, or Tor has no way to it"])

    def test_a_tor_that_says_nothing(self):
        def says_nothing(*unused):
            raise ConnectionError

        self.addCleanup(setattr, self.socks, "path", self.socks.path)
        self.socks.path = says_nothing
        self.assertEqual(self.bad(), ["the server cannot be reached: Tor has looked for it for a minute. Is Tor itself connected? "
                                      "Its log tells; else the server is off"])

    def test_a_database_that_is_away(self):
        self.stack.stop("postgres")
        for daemon in DAEMONS:
            self.stack.wait_healthy(daemon, 503)
        found = self.bad()
        self.stack.start("postgres")
        for daemon in DAEMONS:
            self.stack.wait_healthy(daemon)
        self.assertEqual(found, ["the server has lost its database: nothing is taken or given till it is back"])
