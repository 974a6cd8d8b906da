# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where two daemons, or a daemon and its database, get in each other's way: conflicts, and replies that are lost."""
import copy
import http.client
import os
import select
import signal
import socket
import struct
import subprocess
import threading
import uuid

import client
import tokens
from bed import Bed, blob, until
from stack import Stack


class Conflicts(Bed):
    """Two instances. What they are sent waits in their sockets, so that each finds a whole batch at once."""
    instances = {"blobd": 2}
    INSTANCES = ("blobd", "blobd.2")

    def connect(self, instance, n):
        """Connections that this instance has accepted, as the other was stopped meanwhile."""
        other = next(i for i in self.INSTANCES if i != instance)
        self.stack.send(other, signal.SIGSTOP)
        try:
            lines = [client.Http(self.server.paths["blobd"]) for _ in range(n)]
            for line in lines:
                self.addCleanup(line.close)
                line.request("GET", "/v1/health")
        finally:
            self.stack.send(other, signal.SIGCONT)
        return [line.sock for line in lines]

    def raw_make(self, box, deposit_hash=None, token=None):
        """PUT of a mailbox as it goes over the wire."""
        body = client.pad({"deposit": client.b64(deposit_hash or client.h256(box.deposit)), "keep_days": 21,
                           "inbox": False})
        headers = {"Host": "sotto", "Content-Length": len(body),
                   **self.server.sign(box, "blobd", "PUT", box.path, body),
                   **tokens.header(token or self.server.token("mailbox"))}
        return f"PUT {box.path} HTTP/1.1\r\n".encode() + b"".join(
            b"%s: %s\r\n" % (k.encode(), str(v).encode()) for k, v in headers.items()) + b"\r\n" + body

    def at_once(self, *loads):
        """loads = ((socket, request), ...) of each instance. Their statuses, in that order."""
        for name in self.INSTANCES:
            self.stack.send(name, signal.SIGSTOP)
        try:
            for load in loads:
                for sock, request in load:
                    sock.sendall(request)
        finally:
            for name in self.INSTANCES:
                self.stack.send(name, signal.SIGCONT)
        poll, statuses = select.epoll(), {}
        for load in loads:
            for sock, _ in load:
                poll.register(sock, select.EPOLLIN)
        while len(statuses) < sum(map(len, loads)):
            ready = poll.poll(30)
            self.assertTrue(ready, "nobody answers")
            for fd, _ in ready:
                poll.unregister(fd)
                sock = next(s for load in loads for s, _ in load if s.fileno() == fd)
                answer = http.client.HTTPResponse(sock)
                answer.begin()
                answer.read()
                statuses[sock] = answer.status
        poll.close()
        return [[statuses[s] for s, _ in load] for load in loads]

    def deadlocks(self):
        """Counted for sure when the backends have ended."""
        for name in self.INSTANCES:
            self.stack.stop(name)
        busy = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'blobd'"
        until("the backends to end", lambda: self.stack.sql(busy) == "0", self.stack.check)
        n = int(self.stack.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = 'sotto'"))
        for name in self.INSTANCES:
            self.stack.start(name)
            self.stack.wait_healthy("blobd")
        return n

    def boxes(self, n):
        """In the order in which a batch inserts them."""
        return sorted((client.Mailbox(self.server) for _ in range(n)), key=lambda box: box.id)

    def holder(self, *boxes):
        """A transaction of somebody else that has inserted these deposit hashes; ends with its standard input."""
        psql = subprocess.Popen(["psql", "-XAtq", "-h", f"{self.stack.dir}/pg", "-U", "postgres", "-d", "sotto"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        rows = ", ".join(f"('\\x{os.urandom(32).hex()}', '\\x{client.h256(box.deposit).hex()}', 21, false)"
                         for box in boxes)
        psql.stdin.write("BEGIN; INSERT INTO sotto.mailbox (id, deposit_hash, keep_days, inbox) "
                         f"VALUES {rows}; SELECT 'held';\n")
        psql.stdin.flush()
        self.assertEqual(psql.stdout.readline(), "held\n")
        return psql

    BOTH_WAIT = """DO $$ BEGIN
        FOR i IN 1..2000 LOOP
            EXIT WHEN (SELECT count(*) FROM pg_locks WHERE NOT granted) >= 2;
            PERFORM pg_sleep(0.001);
        END LOOP;
    END $$; ROLLBACK;
    """

    def meet(self, gates, *loads):
        """at_once, where each batch comes upon its gate, which opens when both wait: so they surely meet half-way."""
        with self.holder(*gates) as holder:
            holder.stdin.write(self.BOTH_WAIT)
            holder.stdin.close()
            return self.at_once(*loads)

    def test_crossed_keys_deadlock_and_honest_neighbours_succeed(self):
        before, n = self.deadlocks(), 16
        lines = [self.connect(name, n + 9) for name in self.INSTANCES]
        for _ in range(4):
            hashes = [os.urandom(32) for _ in range(n)]
            loads, gates = [], []
            for i in range(2):
                crossed, honest = self.boxes(n + 1), self.boxes(8)
                gates.append(crossed.pop(n // 2))
                raw = [self.raw_make(b, h) for b, h in zip(crossed, hashes[::1 - 2 * i])] # the other's in reverse
                raw += [self.raw_make(b) for b in (*honest, gates[i])]
                loads.append(list(zip(lines[i], raw)))
            statuses = self.meet(gates, *loads)
            self.assertEqual([s[n:-1] for s in statuses], [[201] * 8] * 2)
            pairs = zip(statuses[0][:n], statuses[1][n - 1::-1])
            self.assertEqual([sorted(pair) for pair in pairs], [[201, 409]] * n)
        self.assertGreater(self.deadlocks(), before)

    def test_crossed_tokens_deadlock_nobody_but_their_sender(self):
        before, n = self.deadlocks(), 16
        lines = [self.connect(name, n + 9) for name in self.INSTANCES]
        for _ in range(3):
            spent = [self.server.token("mailbox") for _ in range(n)]
            loads, gates = [], []
            for i in range(2):
                crossed, honest = self.boxes(n + 1), self.boxes(8)
                gates.append(crossed.pop(n // 2))
                raw = [self.raw_make(b, token=t) for b, t in zip(crossed, spent[::1 - 2 * i])]
                raw += [self.raw_make(b) for b in (*honest, gates[i])]
                loads.append(list(zip(lines[i], raw)))
            statuses = self.meet(gates, *loads)
            self.assertEqual([s[n:-1] for s in statuses], [[201] * 8] * 2)
            pairs = zip(statuses[0][:n], statuses[1][n - 1::-1])
            self.assertEqual([sorted(pair) for pair in pairs], [[201, 401]] * n)
        self.assertGreater(self.deadlocks(), before)

    def test_one_token_on_two_instances_at_once_pays_once(self):
        n = 24
        lines = [self.connect(name, n) for name in self.INSTANCES]
        spent = [self.server.token("mailbox") for _ in range(n)]
        boxes = [[client.Mailbox(self.server) for _ in range(n)] for _ in range(2)]
        statuses = self.at_once(*(list(zip(lines[i], (self.raw_make(b, token=t) for b, t in zip(boxes[i], spent))))
                                  for i in range(2)))
        self.assertEqual([sorted(pair) for pair in zip(*statuses)], [[201, 401]] * n)
        ids = ", ".join(f"'\\x{box.id.hex()}'" for some in boxes for box in some)
        self.assertEqual(self.stack.sql(f"SELECT count(*) FROM sotto.mailbox WHERE id IN ({ids})"), str(n))

    def test_the_same_keys_in_opposite_order_never_deadlock(self):
        before, n = self.deadlocks(), 24
        lines = [self.connect(name, n + 1) for name in self.INSTANCES]
        for _ in range(4):
            boxes, loads = self.boxes(n + 2), []
            gates = [boxes.pop(n // 2) for _ in range(2)]
            for i in range(2):
                asked = boxes[::1 - 2 * i]
                asked.insert(n // 2, gates[i])
                loads.append(list(zip(lines[i], map(self.raw_make, asked))))
            for statuses in self.meet(gates, *loads):
                statuses.pop(n // 2)
                self.assertEqual(statuses, [201] * n)
        self.assertEqual(self.deadlocks(), before)

    def test_neighbours_are_answered_while_a_victim_is_still_being_retried(self):
        self.stack.stop("blobd.2")
        self.addCleanup(self.stack.start, "blobd.2")
        lines = [client.Http(self.server.paths["blobd"]) for _ in range(17)]
        for line in lines:
            self.addCleanup(line.close)
            line.request("GET", "/v1/health")
        socks, boxes = [line.sock for line in lines], self.boxes(17)
        victim, raw = 8, [self.raw_make(box) for box in boxes]
        with self.holder(boxes[victim]) as holder:
            self.stack.send("blobd", signal.SIGSTOP)
            for sock, request in zip(socks, raw):
                sock.sendall(request)
            self.stack.send("blobd", signal.SIGCONT)
            for i in (i for i in range(17) if i != victim):
                self.assertTrue(select.select([socks[i]], [], [], 30)[0])
                self.assertFalse(select.select([socks[victim]], [], [], 0)[0], "the victim was answered first")
                self.assertIn(b" 201 ", socks[i].recv(65536).split(b"\r\n")[0])
            self.assertIn(b" 503 ", socks[victim].recv(65536).split(b"\r\n")[0])
            holder.stdin.close()
        self.assertEqual(boxes[victim].make().status, 201)


class Cutter:
    """Stands between the daemons and PostgreSQL. Armed with a function's name, it cuts the connection that calls it:
    before PostgreSQL has heard of it, or after the commit, when only the reply is missing."""

    def __init__(self, directory, target):
        self.target, self.armed = target, None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{directory}/.s.PGSQL.5432")
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                inner = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.pump, args=(inner,), daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def arm(self, function, when):
        self.armed = (b"\0" + function.encode() + b"(", when)

    def pump(self, inner):
        with inner, socket.socket(socket.AF_UNIX) as outer:
            try:
                outer.connect(self.target)
                self.copy(inner, outer)
            except OSError:
                pass

    def copy(self, inner, outer):
        kept = None # the reply that is to be lost
        while True:
            for sock in select.select([inner, outer], [], [])[0]:
                data = sock.recv(1 << 20)
                if not data:
                    return
                if sock is inner and self.armed and self.armed[0] in data:
                    when, self.armed = self.armed[1], None
                    if when == "before":
                        return
                    kept = b""
                if sock is outer and kept is not None:
                    kept += data
                    if kept.endswith(b"Z\0\0\0\5I"): # ready for the next: this one is committed
                        return
                else:
                    (outer if sock is inner else inner).sendall(data)


class Requests(client.Server):
    """Says what would be sent."""

    def call(self, daemon, method, path, body=b"", headers=(), token=None):
        return daemon, method, path, body, {**dict(headers), **(tokens.header(token) if token else {})}

    def token(self, operation):
        return self.real.token(operation)


class CutStack(Stack):
    """Its daemons reach PostgreSQL through a Cutter from the start."""

    def write_settings(self):
        directory = f"{self.dir}/cut"
        os.mkdir(directory)
        self.cutter = Cutter(directory, f"{self.dir}/pg/.s.PGSQL.5432")
        self.settings["database"] = f"host={directory} port=5432 dbname=sotto"
        super().write_settings()


class Cut(Bed):
    @classmethod
    def setUpClass(cls):
        cls.stack = CutStack(os.environ["SOTTO_BUILD"], settings={"work_bits": 4})
        cls.addClassCleanup(cls.stack.down)
        cls.stack.up()
        cls.server, cls.cutter = cls.stack.server(), cls.stack.cutter
        cls.addClassCleanup(cls.cutter.close)

    def repeated(self, function, request):
        """The answer to what is repeated byte for byte after its connection was cut."""
        self.cutter.arm(function, self.when)
        cut = self.server.call(*request)
        self.assertIsNone(self.cutter.armed, function)
        self.assertEqual((cut.status, cut.headers["Retry-After"]), (503, "5"), function)
        self.stack.wait_healthy(request[0])
        answers = [self.server.call(*request) for _ in range(3)]
        self.assertEqual(len({a.status for a in answers}), 1, function)
        if function == "tokens_pay": # its proof is made anew
            self.assertEqual(len({str(a.json["evaluated"]) for a in answers}), 1)
        elif function != "session_open": # its password names its expiry
            self.assertEqual(len({a.body for a in answers}), 1, function)
        return answers[0]

    def count(self, table, where):
        return int(self.stack.sql(f"SELECT count(*) FROM sotto.{table} WHERE {where}"))

    def requests(self):
        asks = copy.copy(self.server)
        asks.__class__, asks.real = Requests, self.server
        asks.nonces = {d: self.server.nonce(d) for d in ("prekeyd", "blobd", "bridged")}
        return asks

    def mailbox_and_session(self):
        asks = self.requests()
        box, key, body = client.Mailbox(asks), os.urandom(16), blob()
        real = copy.copy(box)
        real.server = self.server
        self.assertEqual(self.repeated("mailbox_put", box.make()).status, 201)
        self.assertEqual(self.count("mailbox", f"id = '\\x{box.id.hex()}'"), 1)
        self.assertEqual(self.repeated("deposit", box.put(body, key)).status, 201)
        self.assertEqual(real.fetch(), [(key, body)])
        request = asks.session([box])
        session = self.repeated("session_open", request)
        self.assertEqual((session.status, session.json["session"]),
                         (201, self.server.call(*request).json["session"]))
        self.assertEqual(self.repeated("signal_to", box.signal(body)).status, 202)
        self.assertEqual(self.repeated("turn_pay", asks.turn(asks.token("turn"))).status, 201)
        self.assertEqual(self.repeated("ack", box.ack(key)).status, 200)
        self.assertEqual(real.fetch(), [])
        self.assertEqual(self.repeated("mailbox_end", box.end()).status, 200)
        self.assertEqual(self.count("mailbox", f"id = '\\x{box.id.hex()}'"), 0)

    def chunk(self):
        asks = self.requests()
        piece = client.Chunk(asks, os.urandom(client.CHUNKS[1]))
        where = f"id = '{piece.id.hex()}'"
        self.assertEqual(self.repeated("chunk_put", piece.put()).status, 201)
        self.assertEqual((self.count("chunk", where), self.server.call(*piece.get()).body), (1, piece.body))
        self.assertEqual(self.repeated("chunk_end", piece.end()).status, 200)
        self.assertEqual(self.count("chunk", where), 0)

    def account_and_bundles(self):
        asks, owner, name = self.requests(), client.Owner(), str(uuid.uuid4())
        path, last = f"/v1/accounts/{name}", os.urandom(client.BUNDLE)
        refill = struct.pack(">QQ", 0, 1) + last + os.urandom(50 * client.BUNDLE)
        made = self.repeated("account_put", asks.owned(owner, "prekeyd", "PUT", path, last,
                                                       token=asks.token("account")))
        self.assertEqual((made.status, made.json), (201, {"generation": 0, "next": 1}))
        filled = self.repeated("bundles_put", asks.owned(owner, "prekeyd", "PUT", path + "/bundles", refill))
        self.assertEqual((filled.status, filled.json), (200, {"generation": 0, "next": 51}))
        self.assertEqual(self.count("bundle", f"account = '{name}'"), 50)
        taken = self.repeated("bundle_take", asks.call("prekeyd", "POST", path + "/bundle", token=asks.token("prekey")))
        self.assertEqual((taken.status, taken.body), (200, refill[16 + client.BUNDLE:16 + 2 * client.BUNDLE]))
        self.assertEqual(self.count("bundle", f"account = '{name}' AND token IS NULL"), 49)
        self.assertEqual(self.repeated("account_end", asks.owned(owner, "prekeyd", "DELETE", path)).status, 200)
        self.assertEqual(self.count("account", f"id = '{name}'") + self.count("bundle", f"account = '{name}'"), 0)

    def batches_of_tokens(self):
        payer = client.Account(self.server)
        payer.register()
        for operation, pay, owner in (("account", {"kind": "invite", "code": client.b64(self.stack.invite())}, None),
                                      ("prekey", self.server.work("prekey"), None),
                                      ("mailbox", {"kind": "account", "uuid": payer.uuid}, payer)):
            epoch, key = self.server.token_key(operation)
            order = tokens.Order(key, self.server.onion_name, tokens.BATCH[operation])
            answer = self.repeated("tokens_pay", self.requests().issue(operation, epoch, order.blinded, pay, owner))
            self.assertEqual(answer.status, 200, answer)
            got = order.tokens([client.unb64(e) for e in answer.json["evaluated"]], client.unb64(answer.json["proof"]))
            self.assertEqual(len(got), tokens.BATCH[operation])
            request = self.server.issue(operation, epoch, order.blinded[::-1], {**pay, "other": 1}, owner)
            self.assertEqual(request.status, 200 if owner else 402)

    def test_every_post_put_and_delete_has_one_effect_when_cut_before_the_commit(self):
        self.when = "before"
        self.batches_of_tokens()
        self.mailbox_and_session()
        self.chunk()
        self.account_and_bundles()

    def test_every_post_put_and_delete_has_one_effect_when_cut_after_the_commit(self):
        self.when = "after"
        self.batches_of_tokens()
        self.mailbox_and_session()
        self.chunk()
        self.account_and_bundles()
