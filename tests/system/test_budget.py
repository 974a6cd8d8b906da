# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who may speak to a daemon: Tor's line before each connection, and what one circuit may take."""
import contextlib
import os
import re
import socket
import subprocess
import unittest

import client
from bed import Bed, blob, many, until
from stack import DAEMONS, TOP

LINE = b"PROXY TCP6 fc00:dead:beef:4dad::0:2f ::1 47 7001\r\n"
ASK = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n"


def speak(path, *parts):
    """Sends the parts one after the other and returns the answer's first line, empty when cut."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(30)
        sock.connect(path)
        try:
            for part in parts:
                sock.sendall(part)
            return sock.recv(65536).split(b"\r\n")[0]
        except (BrokenPipeError, ConnectionResetError):
            return b""


class CircuitLine(Bed):
    settings = {"circuit_line": "required", "deadline_ms": 3000}

    def test_the_line_is_taken_alone_glued_or_in_pieces(self):
        for parts in ((LINE, ASK), (LINE + ASK,), (LINE[:9], LINE[9:] + ASK[:5], ASK[5:]),
                      tuple(bytes([b]) for b in LINE + ASK)):
            self.assertEqual(speak(self.server.paths["blobd"], *parts), b"HTTP/1.1 200 OK", parts)

    def test_without_it_or_with_another_nobody_is_heard(self):
        for line in (b"", b"PROXY TCP6 fc00:dead:beef:4dae::0:2f ::1 47 7001\r\n", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
                     b"PROXY UNKNOWN\r\n", b"PROXY " + b"x" * 60 + b"\r\n", LINE.replace(b"\r\n", b"\n")):
            self.assertEqual(speak(self.server.paths["blobd"], line + ASK), b"", line)

    def test_a_late_line_is_not_waited_for(self):
        parts = (b"", LINE[:30], LINE[:-1])
        self.assertEqual(many(lambda part: speak(self.server.paths["blobd"], part), parts), [b""] * 3)

    def test_owner_requests_work_behind_it(self):
        box = self.mailbox()
        self.assertEqual(box.put(blob()).status, 201)
        self.assertEqual(len(box.drain()), 1)


class CircuitLineOff(Bed):
    def test_a_line_is_no_request_when_none_is_expected(self):
        self.assertNotIn(b"200", speak(self.server.paths["blobd"], LINE + ASK))

    def test_whether_there_is_a_line_is_never_guessed(self):
        path = f"{self.stack.dir}/unsaid.conf"
        with open(f"{self.stack.dir}/sotto.conf", encoding="ascii") as file, open(path, "w", encoding="ascii") as out:
            out.writelines(line for line in file if not line.startswith("circuit_line"))
        for daemon in DAEMONS:
            done = subprocess.run([f"{self.stack.build}/{daemon}", "-c", path], capture_output=True, text=True,
                                  timeout=30, check=False)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(f"{path}: line 0: wrong configuration", done.stderr) # a value is missing


class Budget(Bed):
    """A token takes a minute to come back, so that what is spent stays spent while a test runs."""
    settings = {"circuit_line": "required", "circuit_requests": 1, "circuit_burst": 30, "circuit_connections": 4}

    def test_a_circuit_that_took_all_it_can_gets_429_and_others_are_served(self):
        for daemon in DAEMONS:
            answers = []
            for _ in range(40):
                with client.Http(self.server.paths[daemon], 70000) as http:
                    answers.append(http.request("GET", "/v1/health"))
            self.assertEqual([a.status for a in answers], [200] * 30 + [429] * 10)
            refused = answers[-1]
            self.assertEqual((refused.problem, refused.headers["Retry-After"], refused.headers["Connection"],
                              len(refused.body)), ("too-many-requests", "5", "close", client.PAD_JSON))
            with client.Http(self.server.paths[daemon], 70000 + 65536) as http: # the same low half
                self.assertEqual(http.request("GET", "/v1/health").status, 200)

    def test_what_is_refused_has_no_effect_and_may_be_repeated_over_another_circuit(self):
        box, key, body = self.mailbox(), os.urandom(16), blob()
        with contextlib.ExitStack() as lines:
            for _ in range(30):
                with client.Http(self.server.paths["blobd"], 5) as http:
                    http.request("GET", "/v1/health")
            line = lines.enter_context(client.Http(self.server.paths["blobd"], 5))
            self.assertEqual(box.put(body, key, line).status, 429)
            self.assertEqual(box.fetch(), [])
            line = lines.enter_context(client.Http(self.server.paths["blobd"], 6))
            self.assertEqual(box.put(body, key, line).status, 201)
            self.assertEqual(box.fetch(), [(key, body)])

    def test_a_circuits_fifth_connection_is_closed_until_one_ends(self):
        path = self.server.paths["blobd"]
        with contextlib.ExitStack() as lines:
            held = [lines.enter_context(client.Http(path, 47)) for _ in range(4)]
            for http in held:
                self.assertEqual(http.request("GET", "/v1/health").status, 200)
            self.assertEqual(speak(path, LINE + ASK), b"")
            with client.Http(path, 48) as http:
                self.assertEqual(http.request("GET", "/v1/health").status, 200)
            held[0].close()
            until("the place to be free", lambda: speak(path, LINE + ASK) == b"HTTP/1.1 200 OK", self.stack.check)


class Torrc(unittest.TestCase):
    def test_both_onions_have_proof_of_work_and_limits_and_only_api_tells_circuits(self):
        with open(f"{TOP}/torrc", encoding="ascii") as file:
            services = re.split(r"^HiddenServiceDir ", file.read(), flags=re.M)[1:]
        self.assertEqual([s.split("\n")[0].split("/")[-1] for s in services], ["api", "live"])
        for service in services:
            for option in ("PoWDefensesEnabled 1", "EnableIntroDoSDefense 1", "EnableIntroDoSRatePerSec 25",
                           "EnableIntroDoSBurstPerSec 200"):
                self.assertIn(f"\nHiddenService{option}\n", service)
            self.assertRegex(service, r"\nHiddenServiceMaxStreams \d+\n")
        self.assertEqual(["ExportCircuitID haproxy" in s for s in services], [True, False])
