# SPDX-License-Identifier: AGPL-3.0-or-later
"""People who attack a server, and an honest pair who go on talking meanwhile.

Each attack is a function that does its worst until `over` is set; it runs in processes of its own, against a server of
ours only. tests/system/attack prints what becomes of the pair, test_attack.py demands that every message arrives.
"""
import collections
import concurrent.futures
import contextlib
import copy
import http.client
import itertools
import multiprocessing
import os
import select
import struct
import threading
import time

import client
import tokens
from stack import until

LIMIT_S = 90 # no attack lasts longer, whatever becomes of who started it
PATIENCE_S = 60 # how long the pair tries before a message counts as lost
PUSH_S = 2 # how long the reader waits for a push before it fetches

FAILURES = (OSError, http.client.HTTPException, client.Refused)


# --- the honest pair -----------------------------------------------------------------------------------

class Pair:
    """One writes, over a new connection each time; the other is live, and fetches when no push comes. Both come again
    when they are refused, as clients do. They have a circuit each."""

    def __init__(self, server):
        self.reader, self.writer = copy.copy(server), copy.copy(server)
        self.keys = set() # of all that was said
        self.reader.circuit, self.writer.circuit = 101, 102
        self.spent = {name: self.reader.token(name) for name in ("account", "mailbox", "prekey", "inbox")}
        self.account, self.box = client.Account(self.reader), client.Mailbox(self.reader)
        self.inbox = client.Mailbox(self.reader, inbox=True)
        refill = struct.pack(">QQ", 0, 1) + self.account.last + os.urandom(50 * client.BUNDLE)
        for answer in (self.account.register(self.spent["account"]), self.box.make(token=self.spent["mailbox"]),
                       self.reader.owned(self.account, "prekeyd", "PUT", self.account.path + "/bundles", refill),
                       self.account.take(self.spent["prekey"]), self.inbox.make(),
                       self.inbox.put(os.urandom(client.BLOB), token=self.spent["inbox"])):
            assert answer.status in (200, 201), answer
        self.inbox.drain()
        self.session = self.reader.session([self.box]).json
        self.live = None
        self.last = None # the last deposit, as it went over the wire
        self.connect()

    def connect(self):
        if self.live:
            self.live.close()
        self.live = self.reader.live(self.session, timeout=PUSH_S)
        self.live.subscribe(self.session["down"])

    def close(self):
        self.live.close()

    def bundles_left(self):
        return self.reader.owned(self.account, "prekeyd", "GET", self.account.path + "/bundles").json["left"]

    def deposit(self, key, body):
        headers = {"Sotto-Deposit": client.b64(self.box.deposit), "Idempotency-Key": client.b64(key)}
        self.last = headers, body
        try:
            with client.Http(self.writer.paths["blobd"], self.writer.circuit, PATIENCE_S / 4) as line:
                return line.request("POST", "/v1/blobs", body, headers).status == 201
        except FAILURES:
            return False

    def arrived(self):
        """Ids of what has come, acknowledged."""
        try:
            ids = [self.live.next_blob()[1]]
            self.live.publish(self.session["up"], b"".join(self.box.id + i for i in ids).ljust(384, b"\0"))
            return ids
        except FAILURES:
            pass
        with contextlib.suppress(AssertionError, *FAILURES):
            self.connect()
            ids = [i for i, _ in self.box.fetch()]
            self.box.ack(*ids)
            return ids
        return []

    def say(self):
        """Seconds until one message is there, None when it is lost."""
        key, body, began = os.urandom(16), os.urandom(client.BLOB), time.monotonic()
        self.keys.add(key)
        with contextlib.suppress(TimeoutError):
            until("the deposit", lambda: self.deposit(key, body), seconds=PATIENCE_S)
            until("the message", lambda: key in self.arrived(), seconds=PATIENCE_S)
            return time.monotonic() - began
        return None

    def talk(self, n_messages):
        """Ends with the first message that is lost."""
        said = []
        while len(said) < n_messages and None not in said:
            said.append(self.say())
        return said


# --- attacks -------------------------------------------------------------------------------------------

class Attacker:
    """What an attack has at hand. Circuits are as many as it likes; on them it is one client like all others."""

    def __init__(self, server, number, over, under_way):
        self.server, self.over, self.under_way = copy.copy(server), over, under_way
        self.server.stock, self.server.payer = {}, None # what we inherit somebody else will spend
        self.circuits = itertools.count(0x100000 * (number + 1))
        self.end, self.seen = time.monotonic() + LIMIT_S, collections.Counter()
        self.at_full_strength = lambda: self.seen.total() > 300

    def goes_on(self):
        return not self.over.is_set() and time.monotonic() < self.end

    def side_by_side(self, n_threads, function):
        threads = [threading.Thread(target=function, daemon=True) for _ in range(n_threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def ask_for_ever(self, daemon, request, circuits):
        """request() = (method, path, body, headers), again and again, on the next circuit when this one is refused."""
        for circuit in circuits:
            with contextlib.suppress(*FAILURES), client.Http(self.server.paths[daemon], circuit) as line:
                status = None
                while status != 429 and self.goes_on():
                    status = line.request(*request()).status
                    self.seen[status] += 1
                    if self.at_full_strength():
                        self.under_way()
            if not self.goes_on():
                return

    def deposits(self, box):
        return lambda: ("POST", "/v1/blobs", os.urandom(client.BLOB), {
            "Sotto-Deposit": client.b64(box.deposit), "Idempotency-Key": client.b64(os.urandom(16))})

    def open(self, circuit, begin):
        with contextlib.suppress(OSError):
            sock = client.dial(self.server.paths["blobd"], circuit)
            sock.sendall(begin)
            self.seen["connections"] += 1
            return [sock]
        return []

    def open_many(self, n_circuits, n_each, begin):
        """Connections that begin a request and do not end it."""
        def open_some(circuit):
            return [sock for _ in range(n_each if self.goes_on() else 0) for sock in self.open(circuit, begin)]

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            held = sum(pool.map(open_some, itertools.islice(self.circuits, n_circuits)), [])
        self.under_way()
        return held

    def come_again(self, held, begin):
        """Opens another for each one that is ended, one a circuit."""
        poll = select.poll()
        for sock in held:
            poll.register(sock, select.POLLIN)
        held = {sock.fileno(): sock for sock in held}
        while self.goes_on():
            for fd, _ in poll.poll(100):
                poll.unregister(fd)
                held.pop(fd).close()
                for sock in self.open(next(self.circuits), begin):
                    poll.register(sock, select.POLLIN)
                    held[sock.fileno()] = sock


def one_circuit(attacker, pair):
    """One circuit takes all it can"""
    box = client.Mailbox(attacker.server)
    box.make()
    circuit = next(attacker.circuits)
    attacker.at_full_strength = lambda: attacker.seen[429]
    attacker.side_by_side(12, lambda: attacker.ask_for_ever("blobd", attacker.deposits(box), itertools.repeat(circuit)))


def replayer(attacker, pair):
    """Many circuits send again what they have seen of the pair"""
    headers, body = pair.last
    attacker.side_by_side(16, lambda: attacker.ask_for_ever("blobd", lambda: ("POST", "/v1/blobs", body, headers),
                                                            attacker.circuits))


def slow_bodies(attacker, pair):
    """256 bodies, a byte at a time"""
    begin = b"POST /v1/blobs HTTP/1.1\r\nHost: x\r\nIdempotency-Key: AQIDBAUGBwgJCgsMDQ4PEA\r\nContent-Length: 4096\r\n\r\n"
    held = attacker.open_many(32, 8, begin)
    while attacker.goes_on():
        for sock in held:
            with contextlib.suppress(OSError):
                sock.send(b"x")
                attacker.seen["bytes"] += 1
        attacker.over.wait(0.1)


HALF = b"GET /v1/health HTTP/1.1\r\nHo"


def half_open(attacker, pair):
    """A thousand connections that begin a header and go no further; who is ended comes again"""
    attacker.come_again(attacker.open_many(125, 8, HALF), HALF)


def half_open_above(attacker, pair):
    """The same with more of them than blobd takes"""
    attacker.come_again(attacker.open_many(320, 8, HALF), HALF)


def unpaid(attacker, pair, operation):
    """Headers that pay nothing: no token, a forged one, one that the pair has spent, over and over."""
    spent = pair.spent[operation]
    return itertools.cycle(({}, tokens.header(spent[:-64] + os.urandom(64)), tokens.header(spent)))


def mailbox_filler(attacker, pair):
    """Many circuits fill the pair's inbox without paying, and a mailbox of their own"""
    box = client.Mailbox(attacker.server)
    box.make()
    pay, own, theirs = unpaid(attacker, pair, "inbox"), attacker.deposits(box), attacker.deposits(pair.inbox)

    def deposit():
        if next(turn):
            return own()
        method, path, body, headers = theirs()
        return method, path, body, {**headers, **next(pay)}

    turn = itertools.cycle((True, False))
    attacker.side_by_side(16, lambda: attacker.ask_for_ever("blobd", deposit, attacker.circuits))


def bundle_drainer(attacker, pair):
    """Many circuits take the pair's bundles without paying"""
    pay = unpaid(attacker, pair, "prekey")
    attacker.side_by_side(16, lambda: attacker.ask_for_ever(
        "prekeyd", lambda: ("POST", pair.account.path + "/bundle", b"", next(pay)), attacker.circuits))


def account_flood(attacker, pair):
    """Many circuits register accounts without paying"""
    pay = unpaid(attacker, pair, "account")
    accounts = [client.Account(attacker.server) for _ in range(32)]
    requests = itertools.cycle([("PUT", a.path, a.last, {
        **attacker.server.sign(a, "prekeyd", "PUT", a.path, a.last), **next(pay)}) for a in accounts])
    attacker.side_by_side(16, lambda: attacker.ask_for_ever("prekeyd", lambda: next(requests), attacker.circuits))


def spent_tokens(attacker, pair):
    """Many circuits make mailboxes with what the pair has spent, on as many connections"""
    pay = unpaid(attacker, pair, "mailbox")
    requests = []
    for box in (client.Mailbox(attacker.server) for _ in range(32)):
        body = client.pad({"deposit": client.b64(client.h256(box.deposit)), "keep_days": 21, "inbox": False})
        requests.append(("PUT", box.path, body, {**attacker.server.sign(box, "blobd", "PUT", box.path, body),
                                                 **next(pay)}))
    requests = itertools.cycle(requests)
    attacker.side_by_side(16, lambda: attacker.ask_for_ever("blobd", lambda: next(requests), attacker.circuits))


ATTACKS = (bundle_drainer, account_flood, spent_tokens, one_circuit, mailbox_filler, replayer, slow_bodies, half_open, half_open_above)


# --- both ----------------------------------------------------------------------------------------------

def _run(attack, pair, server, number, over, begun, results):
    attacker = Attacker(server, number, over, begun.set)
    try:
        attack(attacker, pair)
    finally:
        begun.set()
        results.put(attacker.seen)


class Under:
    """`with Under(attack, ...) as attack:` the attack goes on inside; afterwards attack.seen says what it was answered."""

    def __init__(self, attack, server, pair, number=1):
        fork = multiprocessing.get_context("fork") # it inherits the pair's last words
        self.over, self.begun, self.results = fork.Event(), fork.Event(), fork.Queue()
        self.process = fork.Process(target=_run, daemon=True, args=(attack, pair, server, number, self.over, self.begun,
                                                                    self.results))
        self.seen = None

    def __enter__(self):
        self.process.start()
        if not self.begun.wait(LIMIT_S):
            raise TimeoutError("the attack does not get under way")
        return self

    def __exit__(self, *unused):
        self.over.set()
        with contextlib.suppress(Exception):
            self.seen = self.results.get(timeout=LIMIT_S)
        self.process.join(5)
        self.process.kill()
        self.process.join()
