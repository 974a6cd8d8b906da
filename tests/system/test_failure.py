# SPDX-License-Identifier: AGPL-3.0-or-later
"""What must hold under load, without a database that answers, and for those who come with a forged line."""
import fcntl
import http.client
import os
import re
import signal
import socket
import struct
import termios
import threading

import client
from bed import Bed, blob, many, until
from stack import can_connect


class Database(Bed):
    settings = {"deadline_ms": 2000}

    def test_no_2xx_while_the_database_is_silent_and_afterwards_everything_arrives(self):
        box, keys = self.mailbox(), [os.urandom(16) for _ in range(8)]
        backend = self.stack.backend("blobd")
        os.kill(backend, signal.SIGSTOP)
        try:
            silent = many(lambda key: box.put(key.ljust(client.BLOB, b"."), key), keys)
            self.assertEqual({a.status for a in silent}, {503})
            self.assertTrue(all(a.headers["Retry-After"] for a in silent))
            self.stack.wait_healthy("blobd", 503)
        finally:
            os.kill(backend, signal.SIGCONT)
        self.stack.wait_healthy("blobd")
        again = many(lambda key: box.put(key.ljust(client.BLOB, b"."), key), keys)
        self.assertEqual({a.status for a in again}, {201})
        self.assertEqual(sorted(i for i, _ in box.drain()), sorted(keys))

    def test_a_daemons_role_may_call_its_functions_and_nothing_else(self):
        role = lambda name, sql: self.stack.sql(f"SET SESSION AUTHORIZATION {name}; {sql}")
        for name, sql in (("blobd", "SELECT * FROM sotto.blob"), ("blobd", "SELECT sotto.account_end(NULL, NULL)"),
                          ("prekeyd", "SELECT * FROM sotto.account"), ("bridged", "SELECT * FROM sotto.mailbox"),
                          ("blobd", "SELECT pg_sleep(0)"), ("blobd", "CREATE TEMP TABLE t (a int)"),
                          ("blobd", "INSERT INTO sotto.spent VALUES (1, 1, '', '')")):
            with self.assertRaisesRegex(Exception, "psql") as caught:
                role(name, sql)
            self.assertIn("permission denied", caught.exception.stderr)


class Load(Bed):
    instances = {"blobd": 2}

    def commits(self):
        """Of all backends; the statistics of an idle one arrive late, so they are asked to end first."""
        return int(self.stack.sql("SELECT xact_commit FROM pg_stat_database WHERE datname = 'sotto'"))

    def deposits(self, boxes, rounds, writers):
        """Each round: one deposit from each of the connections, all but its last byte ahead, so that all come at once."""
        socks, statuses = [], []
        for _ in range(writers):
            socks.append(sock := socket.socket(socket.AF_UNIX))
            self.addCleanup(sock.close)
            sock.settimeout(30)
            sock.connect(self.server.paths["blobd"])
        for _ in range(rounds):
            for i, sock in enumerate(socks):
                sock.sendall(boxes[i % len(boxes)].raw_put(blob())[:-1])
            for sock in socks:
                sock.sendall(b"x")
            for sock in socks:
                answer = http.client.HTTPResponse(sock)
                answer.begin()
                answer.read()
                statuses.append(answer.status)
        return statuses

    def test_512_writers_cost_at_most_a_tenth_as_many_commits_as_deposits(self):
        self.stack.stop("blobd.2")
        boxes = [self.mailbox() for _ in range(16)]
        self.restart_blobd() # a backend counts for sure when it has ended
        before, n = self.commits(), 16 * 512
        self.assertEqual(self.deposits(boxes, 16, 512), [201] * n)
        self.restart_blobd()
        grown = self.commits() - before
        self.stack.start("blobd.2")
        self.assertLessEqual(grown, n // 10)
        print(f"       {n} deposits, {grown} commits")

    def test_a_second_instance_takes_its_share(self):
        box = self.mailbox()
        stored = lambda name: sum(map(int, re.findall(r"SOTTO_BLOBS_STORED=(\d+)", self.stack.log(name))))
        for name in ("blobd", "blobd.2"):
            self.stack.restart(name) # so that all that it has done is told
        before = {name: stored(name) for name in ("blobd", "blobd.2")}
        self.stack.wait_healthy("blobd")

        def put(_):
            key, body = os.urandom(16), blob()
            until("a deposit", lambda: box.put(body, key).status == 201, self.stack.check)

        many(put, range(600))
        for name in before:
            self.stack.restart(name)
        shares = [stored(name) - n for name, n in before.items()]
        self.stack.wait_healthy("blobd")
        self.assertEqual(sum(shares), 600)
        self.assertGreaterEqual(min(shares), 60, shares)

    def restart_blobd(self):
        backend = self.stack.backend("blobd")
        self.stack.restart("blobd")
        gone = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {backend}"
        until("the backend to end", lambda: self.stack.sql(gone) == "0", self.stack.check)
        self.stack.wait_healthy("blobd")

    def test_an_instance_killed_under_load_loses_nothing_that_was_answered(self):
        box, answered, lock, killed = self.mailbox(), set(), threading.Lock(), threading.Event()

        def write(i):
            key = os.urandom(16)
            if i == 200:
                killed.set()
            while True:
                try:
                    status = box.put(blob(), key).status
                except (OSError, http.client.HTTPException):
                    continue # the instance that had it is gone: the same bytes again
                if status == 503: # started just now, and without a database yet: the same again
                    continue
                self.assertEqual(status, 201)
                with lock:
                    answered.add(key)
                return

        load = threading.Thread(target=many, args=(write, range(600)))
        load.start()
        killed.wait(30)
        self.stack.kill("blobd.2")
        load.join()
        got = [i for i, _ in box.drain()]
        self.stack.start("blobd.2")
        self.assertEqual((len(got), set(got)), (600, answered))


def unread(sock):
    """Bytes that the other end of a unix socket has not read yet."""
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)))[0]


class Stopping(Bed):
    """SIGTERM: what was accepted is finished, nobody new is heard, and it ends."""

    def begin_to_stop(self):
        """Returns what waits for the end."""
        said = self.stack.log("blobd").count("draining")
        stopping = threading.Thread(target=self.stack.stop, args=("blobd",))
        stopping.start()
        until("blobd to drain", lambda: self.stack.log("blobd").count("draining") > said, self.stack.check)
        return stopping

    def restarted(self):
        self.stack.start("blobd")
        self.stack.wait_healthy("blobd")

    def test_what_was_begun_is_finished_and_newcomers_wait_for_the_next_instance(self):
        box, body = self.mailbox(), blob()
        raw = box.raw_put(body)
        with socket.socket(socket.AF_UNIX) as begun, socket.socket(socket.AF_UNIX) as new:
            for sock in (begun, new):
                sock.settimeout(30)
            begun.connect(self.server.paths["blobd"])
            begun.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b" 200 ", begun.recv(65536)) # accepted by now
            begun.sendall(raw[:2000])
            until("half of it to be read", lambda: not unread(begun))
            stopping = self.begin_to_stop()
            new.connect(self.server.paths["blobd"])
            new.sendall(box.raw_put(blob()))
            begun.sendall(raw[2000:])
            answer = begun.recv(65536)
            self.assertIn(b" 201 ", answer.split(b"\r\n")[0])
            self.assertIn(b"\r\nConnection: close\r\n", answer)
            stopping.join()
            stored = self.stack.sql("SELECT encode(head || body, 'hex') FROM sotto.blob WHERE mailbox = "
                                    f"'\\x{box.id.hex()}'")
            self.assertEqual(stored, body.hex())
            self.restarted()
            self.assertRegex(new.recv(65536), rb"^HTTP/1.1 (201|503) ") # it may not have its database yet

    def test_a_silent_database_does_not_keep_it_from_ending(self):
        box, body = self.mailbox(), blob()
        raw = box.raw_put(body)
        backend = self.stack.backend("blobd")
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(30)
            asking.connect(self.server.paths["blobd"])
            os.kill(backend, signal.SIGSTOP)
            try:
                asking.sendall(raw)
                until("the request to be read", lambda: not unread(asking))
                self.begin_to_stop().join()
            finally:
                os.kill(backend, signal.SIGCONT)
            self.assertIn(b" 503 ", asking.recv(65536).split(b"\r\n")[0])
        self.restarted()
        with socket.socket(socket.AF_UNIX) as again:
            again.connect(self.server.paths["blobd"])
            again.sendall(raw)
            self.assertIn(b" 201 ", again.recv(65536).split(b"\r\n")[0])
        self.assertEqual([b for _, b in box.drain()], [body])


class Privacy(Bed):
    journal = True

    def test_no_log_line_holds_an_id_a_key_or_a_secret(self):
        box = self.mailbox()
        session = self.session(box)
        mqtt = self.live(session)
        key, body = os.urandom(16), blob()
        box.put(body, key)
        mqtt.next_down()
        for daemon in ("blobd", "bridged", "prekeyd"):
            self.server.call(daemon, "GET", f"/v1/mailboxes/{client.b64(box.id)}/blobs", b"",
                             {"Sotto-Deposit": client.b64(box.deposit)})
        self.server.owned(box, "blobd", "GET", box.path + "/blobs", nonce=os.urandom(16))
        with self.assertRaises(client.Refused):
            mqtt.subscribe("#")
            mqtt.ping()
        for name in ("blobd", "bridged", "broker", "prekeyd"):
            self.stack.restart(name, signal.SIGKILL if name == "broker" else signal.SIGTERM)
        self.stack.restart("postgres", signal.SIGQUIT)
        for daemon in ("blobd", "bridged", "prekeyd"):
            self.stack.wait_healthy(daemon)
        self.assertTrue(can_connect(self.server.mqtt_path))
        logs = self.stack.all_logs()
        self.assertIn(b"ready", logs["journal"])
        secrets = {"mailbox": box.id, "owner": box.public, "owner's secret": box.secret, "deposit": box.deposit,
                   "deposit hash": client.h256(box.deposit), "blob id": key, "blob": body[:24]}
        texts = {name: (value.hex(), client.b64(value), client.b64(value).rstrip("=")[:16]) for name, value in
                 secrets.items()}
        texts["session"] = (session["session"], session["password"])
        for path, text in logs.items():
            for name, forms in texts.items():
                for form in forms:
                    self.assertNotIn(form.lower().encode(), text.lower(), f"{path} tells the {name}")
