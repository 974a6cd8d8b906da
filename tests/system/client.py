# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client of its own, written from docs/protocol.md and RFCs only, to test the daemons from outside."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import socket
import struct
import threading
import uuid as uuids

import tokens

PAD_JSON, PAD_LARGE, BLOB, BUNDLE, DOWN = 1024, 8192, 4096, 2048, 4145
CHUNKS = 64 << 10, 1 << 20


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    text = text.strip()
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def h256(*parts, key=b""):
    return hashlib.blake2b(b"".join(parts), digest_size=32, key=key).digest()


def pad(obj, size=PAD_JSON):
    return json.dumps(obj).encode().ljust(size)


# --- X25519 (RFC 7748, section 5) ----------------------------------------------------------------------

P = 2**255 - 19
BASE = (9).to_bytes(32, "little")


def x25519(secret, public=BASE):
    k = int.from_bytes(secret, "little") & ~7 & ~(128 << 8 * 31) | 64 << 8 * 31
    x1 = int.from_bytes(public, "little") % 2**255
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


# --- HTTP ----------------------------------------------------------------------------------------------

class Onion:
    """An onion's port behind a tor's SOCKS port, where a daemon's socket path could stand as well."""

    def __init__(self, socks, name, port):
        host, socks_port = socks.rsplit(":", 1)
        self.socks, self.name, self.port = (host, int(socks_port)), name, port


def _socks_connect(sock, onion, user):
    """RFC 1928 and 1929: each user name gets a circuit of its own."""
    name = onion.name.encode()
    sock.connect(onion.socks)
    for said, answer, length in ((b"\5\1\2", b"\5\2", 2), (b"\1%c%s\1x" % (len(user), user), b"\1\0", 2),
                                 (b"\5\1\0\3%c%s%s" % (len(name), name, onion.port.to_bytes(2, "big")), b"\5\0", 10)):
        sock.sendall(said)
        if not (got := sock.recv(length, socket.MSG_WAITALL)).startswith(answer):
            raise ConnectionError(f"SOCKS: {got.hex()}")


def dial(where, circuit=None, timeout=40):
    """A connection to a socket path, where a circuit number makes it begin as Tor would; or to an Onion."""
    sock = socket.socket(socket.AF_INET if isinstance(where, Onion) else socket.AF_UNIX)
    try:
        sock.settimeout(timeout)
        if isinstance(where, Onion):
            _socks_connect(sock, where, b"%d" % (circuit or 0))
            return sock
        sock.connect(where)
        if circuit is not None:
            sock.sendall(b"PROXY TCP6 fc00:dead:beef:4dad::%x:%x ::1 %d 7001\r\n" %
                         (circuit >> 16, circuit & 0xffff, circuit & 0xffff))
        return sock
    except OSError:
        sock.close()
        raise


class Http(http.client.HTTPConnection):
    """HTTP/1.1 to what dial() takes."""

    def __init__(self, path, circuit=None, timeout=40):
        super().__init__("sotto", timeout=timeout)
        self.path, self.circuit = path, circuit

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def connect(self):
        self.sock = dial(self.path, self.circuit, self.timeout)

    def request(self, method, path, body=b"", headers=()):
        """One request and its whole answer."""
        super().request(method, path, body if body or method in ("POST", "PUT") else None, dict(headers))
        return Answer(self.getresponse())


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def problem(self):
        return self.json["type"].rsplit(":", 1)[1]

    def __repr__(self):
        return f"<{self.status} {self.body[:100]!r}>"


# --- a server as its clients see it --------------------------------------------------------------------

class Server:
    """invite: a function that gives a code for an account token, for tests that do not care who pays."""

    def __init__(self, paths, mqtt_path, keys, onion_name, circuit=None, invite=None):
        self.circuit, self.nonces = circuit, {}
        self.paths, self.mqtt_path, self.keys, self.onion_name = paths, mqtt_path, keys, onion_name
        self.onion = base64.b32decode(onion_name[:56].upper())[:32]
        self.invite, self.stock, self.payer, self.lock = invite, {}, None, threading.Lock()

    def call(self, daemon, method, path, body=b"", headers=(), token=None):
        if token:
            headers = {**dict(headers), **tokens.header(token)}
        with Http(self.paths[daemon], self.circuit) as http_:
            answer = http_.request(method, path, body, headers)
        self.nonces[daemon] = unb64(answer.headers["Sotto-Nonce"])
        return answer

    def nonce(self, daemon):
        if daemon not in self.nonces:
            self.call(daemon, "GET", "/v1/health")
        return self.nonces[daemon]

    def owned(self, owner, daemon, method, path, body=b"", token=None, **other):
        return self.call(daemon, method, path, body, self.sign(owner, daemon, method, path, body, **other), token)

    def sign(self, owner, daemon, method, path, body=b"", onion=None, nonce=None):
        """The three headers of an owner request (RFC 9421)."""
        digest = "sha-256=:%s:" % base64.b64encode(hashlib.sha256(body).digest()).decode()
        params = '("@method" "@path" "@query" "content-digest");keyid="%s";nonce="%s";alg="hmac-sha256"' % (
            b64(owner.public), b64(nonce or self.nonce(daemon)))
        base = "\n".join(('"@method": ' + method, '"@path": ' + path, '"@query": ?', '"content-digest": ' + digest,
                          '"@signature-params": ' + params))
        mac = hmac.digest(owner.request_key(self.keys[daemon], onion or self.onion), base.encode(), "sha256")
        return {"Content-Digest": digest, "Signature-Input": "sotto=" + params,
                "Signature": "sotto=:%s:" % base64.b64encode(mac).decode()}

    # --- tokens

    def token_key(self, operation):
        """The newest key as (epoch, public key)."""
        listed = self.call("prekeyd", "GET", "/v1/server").json["tokens"]
        return max((k["epoch"], unb64(k["key"])) for k in listed if k["operation"] == operation)

    def issue(self, operation, epoch, blinded, pay, owner=None):
        """One request for a batch; the account's owner signs for its allowance."""
        body = pad({"operation": operation, "epoch": epoch, "blinded": [b64(b) for b in blinded], "pay": pay},
                   PAD_LARGE)
        headers = self.sign(owner, "prekeyd", "POST", "/v1/tokens", body) if owner else {}
        return self.call("prekeyd", "POST", "/v1/tokens", body, headers)

    def buy(self, operation, pay, owner=None):
        """A batch of tokens."""
        epoch, key = self.token_key(operation)
        order = tokens.Order(key, self.onion_name, tokens.BATCH[operation])
        answer = self.issue(operation, epoch, order.blinded, pay, owner)
        assert answer.status == 200, answer
        return order.tokens([unb64(e) for e in answer.json["evaluated"]], unb64(answer.json["proof"]))

    def challenge(self, operation):
        answer = self.call("prekeyd", "POST", "/v1/challenges", pad({"operation": operation}))
        assert answer.status == 200, answer
        return unb64(answer.json["challenge"])

    def work(self, operation):
        """Something to pay with."""
        challenge = self.challenge(operation)
        return {"kind": "work", "challenge": b64(challenge), "solution": b64(tokens.solve(challenge))}

    def token(self, operation):
        """One from the stock; an account of our own buys what is missing."""
        with self.lock:
            if not self.stock.get(operation):
                self.stock[operation] = self._refill(operation)
            return self.stock[operation].pop()

    def _refill(self, operation):
        if operation == "account":
            return self.buy(operation, {"kind": "invite", "code": b64(self.invite())})
        if not self.payer:
            account = Account(self)
            assert account.register(token=self._refill("account")[0]).status == 201
            self.payer = account
        return self.buy(operation, {"kind": "account", "uuid": self.payer.uuid}, self.payer)

    # --- live

    def turn(self, token=None, nonce=None):
        """Credentials for a side of a call."""
        return self.call("bridged", "POST", "/v1/turn", pad({"nonce": b64(nonce or self.nonce("bridged"))}), token=token)

    def session(self, owners, kind="mailbox", uuid=None, request=None):
        """Opens or renews a live session."""
        request, nonce = request or os.urandom(16), self.nonce("bridged")
        message = b"sotto session v1" + nonce + request + bytes([1 if kind == "mailbox" else 2])
        entries = [{"kind": kind, "owner": b64(o.public), **({"uuid": uuid} if uuid else {}), "proof": b64(hmac.digest(
            o.request_key(self.keys["bridged"], self.onion), message, "sha256"))} for o in owners]
        return self.call("bridged", "POST", "/v1/sessions", pad(
            {"request": b64(request), "nonce": b64(nonce), "owners": entries}, PAD_LARGE))

    def live(self, session, **other):
        """Connects to the broker with what session() gave."""
        if isinstance(self.mqtt_path, Onion):
            other["circuit"] = self.circuit
        return Mqtt(self.mqtt_path, session["session"], session["session"], session["password"], **other)


class Owner:
    """An X25519 key that owns a mailbox or an account."""

    def __init__(self):
        self.secret = os.urandom(32)
        self.public = x25519(self.secret)
        self.keys = {}

    def request_key(self, server, onion):
        if (server, onion) not in self.keys:
            self.keys[server, onion] = h256(x25519(self.secret, server), self.public, server, onion,
                                            b"sotto request v1")
        return self.keys[server, onion]


class Account(Owner):
    """With a last-resort bundle."""

    def __init__(self, server):
        super().__init__()
        self.server, self.uuid, self.last = server, str(uuids.uuid4()), os.urandom(BUNDLE)
        self.path = "/v1/accounts/" + self.uuid

    def register(self, token=None):
        return self.server.owned(self, "prekeyd", "PUT", self.path, self.last,
                                 token=token or self.server.token("account"))

    def take(self, token=None):
        """One bundle, as a stranger."""
        return self.server.call("prekeyd", "POST", self.path + "/bundle", token=token or self.server.token("prekey"))


class Mailbox(Owner):
    def __init__(self, server, inbox=False):
        super().__init__()
        self.server, self.deposit, self.inbox = server, os.urandom(32), inbox
        self.id = h256(self.public)
        self.path = "/v1/mailboxes/" + b64(self.id)

    def make(self, deposit_hash=None, token=None):
        return self.server.owned(self, "blobd", "PUT", self.path, pad(
            {"deposit": b64(deposit_hash or h256(self.deposit)), "keep_days": 21, "inbox": self.inbox}),
            token=token or self.server.token("mailbox"))

    def end(self):
        return self.server.owned(self, "blobd", "DELETE", self.path)

    def put(self, blob, key=None, http_=None, token=None):
        headers = {"Sotto-Deposit": b64(self.deposit), "Idempotency-Key": b64(key or os.urandom(16))}
        if http_:
            return http_.request("POST", "/v1/blobs", blob, headers)
        return self.server.call("blobd", "POST", "/v1/blobs", blob, headers, token)

    def signal(self, body, http_=None):
        headers = {"Sotto-Deposit": b64(self.deposit)}
        if http_:
            return http_.request("POST", "/v1/signals", body, headers)
        return self.server.call("bridged", "POST", "/v1/signals", body, headers)

    def raw_put(self, blob):
        """A deposit as it goes over the wire."""
        head = (f"POST /v1/blobs HTTP/1.1\r\nHost: sotto\r\nContent-Length: {len(blob)}\r\nSotto-Deposit: "
                f"{b64(self.deposit)}\r\nIdempotency-Key: {b64(os.urandom(16))}\r\n\r\n")
        return head.encode() + blob

    def fetch(self):
        """The oldest at most 8 as (id, blob)."""
        answer = self.server.owned(self, "blobd", "GET", self.path + "/blobs")
        assert answer.status == 200 and len(answer.body) == 8 * (16 + BLOB), answer
        slots = [answer.body[i:i + 16 + BLOB] for i in range(0, len(answer.body), 16 + BLOB)]
        return [(s[:16], s[16:]) for s in slots if s[:16] != bytes(16)]

    def ack(self, *ids):
        return self.server.owned(self, "blobd", "POST", self.path + "/acks", b"".join(ids).ljust(1024, b"\0"))

    def drain(self):
        """Fetches and acknowledges until nothing is left."""
        out = []
        while blobs := self.fetch():
            out += blobs
            assert self.ack(*(i for i, _ in blobs)).status == 200
        return out


class Chunk:
    """A piece of a file; with size 0, one that is nowhere."""

    def __init__(self, server, body, id_=None, days=21):
        self.server, self.body, self.id, self.days = server, body, id_ or os.urandom(16), days
        self.read, self.delete, self.token = os.urandom(32), os.urandom(32), None
        self.path = "/v1/chunks/" + b64(self.id)

    def whole(self):
        return h256(self.read) + h256(self.delete) + bytes([self.days]) + self.body

    def headers(self):
        self.token = self.token or self.server.token("chunk")
        return {"Idempotency-Key": b64(self.id), "Content-Length": str(len(self.whole())), **tokens.header(self.token)}

    def with_(self, secret):
        return {"Sotto-Chunk": b64(secret)}

    def put(self):
        return self.server.call("blobd", "POST", "/v1/chunks", self.whole(), self.headers())

    def get(self, secret=None):
        return self.server.call("blobd", "GET", self.path, headers=self.with_(secret or self.read))

    def end(self, secret=None):
        return self.server.call("blobd", "DELETE", self.path, headers=self.with_(secret or self.delete))


# --- MQTT 3.1.1 ----------------------------------------------------------------------------------------

class Refused(Exception):
    """The broker said no, or cut us."""


def _text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(data)) + data


class Mqtt:
    CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PING, PONG = 1, 2, 3, 4, 8, 9, 12, 13

    def __init__(self, path, client_id, user, password, **other):
        self.sock = dial(path, other.get("circuit"), other.get("timeout", 30))
        self.buffer, self.next_id, self.messages = b"", 0, []
        will, clean, level = other.get("will"), other.get("clean", True), other.get("level", 4)
        flags = 0xc0 | (2 if clean else 0) | (0x0c if will else 0)
        body = _text("MQTT") + bytes([level, flags]) + struct.pack(">H", other.get("keepalive", 60))
        body += (b"\0" if level == 5 else b"") + _text(client_id)
        if will:
            body += _text(will[0]) + _text(will[1])
        self._send(self.CONNECT << 4, body + _text(user) + _text(password))
        kind, body = self._read()
        if kind >> 4 != self.CONNACK or body[1]:
            raise Refused(f"connack {body[1:2].hex()}")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        """Without DISCONNECT, so that a will would fire."""
        self.sock.close()

    def _send(self, head, body):
        length, n = b"", len(body)
        while True:
            length += bytes([n % 128 | (128 if n > 127 else 0)])
            n //= 128
            if not n:
                break
        try:
            self.sock.sendall(bytes([head]) + length + body)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Refused("cut") from error

    def _take(self, n):
        while len(self.buffer) < n:
            try:
                more = self.sock.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                raise Refused("cut")
            self.buffer += more
        out, self.buffer = self.buffer[:n], self.buffer[n:]
        return out

    def _read(self):
        head, length, shift = self._take(1)[0], 0, 0
        while True:
            byte = self._take(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return head, self._take(length)

    def _pump(self, wanted):
        """Reads until a packet of that type; acknowledges and keeps messages on the way."""
        while True:
            head, body = self._read()
            if head >> 4 == self.PUBLISH:
                n = struct.unpack(">H", body[:2])[0]
                topic, rest = body[2:2 + n].decode(), body[2 + n:]
                if head & 6:
                    self._send(self.PUBACK << 4, rest[:2])
                    rest = rest[2:]
                self.messages.append((topic, rest))
            if head >> 4 == wanted:
                return body

    def _number(self):
        self.next_id += 1
        return struct.pack(">H", self.next_id)

    def subscribe(self, topic, qos=1):
        self._send(self.SUBSCRIBE << 4 | 2, self._number() + _text(topic) + bytes([qos]))
        if self._pump(self.SUBACK)[2] == 0x80:
            raise Refused("suback 80")

    def publish(self, topic, payload, retain=False, qos=1):
        """Returns when the broker has it."""
        self._send(self.PUBLISH << 4 | qos << 1 | int(retain), _text(topic) + (self._number() if qos else b"") + payload)
        if qos:
            self._pump(self.PUBACK)

    def ping(self):
        """A round trip: what was sent before has been dealt with."""
        self._send(self.PING << 4, b"")
        self._pump(self.PONG)

    def next(self):
        """The next message as (topic, payload)."""
        if not self.messages:
            self._pump(self.PUBLISH)
        return self.messages.pop(0)

    def next_down(self):
        """The next message on the session's own topic as (kind, mailbox, id, blob)."""
        while True:
            topic, payload = self.next()
            if topic.endswith("/down"):
                assert len(payload) == DOWN
                return payload[0], payload[1:33], payload[33:49], payload[49:]

    def next_blob(self):
        """The next pushed blob as (mailbox, id, blob). A new publisher means "fetch" at any time before it."""
        while True:
            kind, *rest = self.next_down()
            if kind == 1:
                return tuple(rest)
