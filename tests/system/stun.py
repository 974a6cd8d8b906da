# SPDX-License-Identifier: AGPL-3.0-or-later
"""A TURN client over one stream (RFC 8489, RFC 8656), to ask a relay for what it must refuse."""
import base64
import hashlib
import hmac
import os
import socket
import struct
import time

COOKIE = 0x2112A442
BINDING, ALLOCATE, REFRESH, SEND, DATA, PERMISSION, CHANNEL, CONNECT = 1, 3, 4, 6, 7, 8, 9, 10
USERNAME, INTEGRITY, ERROR, CHANNEL_NUMBER, LIFETIME, PEER, PAYLOAD, REALM, NONCE, RELAYED, FAMILY, TRANSPORT = (
    0x06, 0x08, 0x09, 0x0C, 0x0D, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x19)
UDP, TCP = b"\x11\0\0\0", b"\x06\0\0\0"


def credential(secret, life_s=600, user=None):
    """User and password by the REST convention, as bridged makes them."""
    user = user or f"{int(time.time()) + life_s}:{os.urandom(12).hex()}"
    return user, base64.b64encode(hmac.digest(secret.encode(), user.encode(), "sha1")).decode()


def xor_address(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    mask = struct.pack(">I", COOKIE)
    packed = socket.inet_pton(family, host)
    return family, struct.pack(">BBH", 0, 2 if family == socket.AF_INET6 else 1, port ^ COOKIE >> 16), packed, mask


class Turn:
    def __init__(self, path, user="", password="", realm="sotto"):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(path)
        self.user, self.password, self.realm, self.nonce = user, password, realm, b""
        self.data, self.pending = [], b""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.sock.close()

    def _take(self, n):
        while len(self.pending) < n:
            more = self.sock.recv(65536)
            if not more:
                raise ConnectionError("the relay closed")
            self.pending += more
        out, self.pending = self.pending[:n], self.pending[n:]
        return out

    def read(self):
        """The next message: (type, transaction, {attribute: value})."""
        head = self._take(20)
        kind, length = struct.unpack(">HH", head[:4])
        body, attributes = self._take(length), {}
        while body:
            name, size = struct.unpack(">HH", body[:4])
            attributes.setdefault(name, body[4:4 + size])
            body = body[4 + (size + 3 & ~3):]
        return kind, head[8:], attributes

    def send(self, kind, attributes, signed=True):
        transaction, body = os.urandom(12), b""
        if signed and self.nonce:
            attributes = [*attributes, (USERNAME, self.user.encode()), (REALM, self.realm.encode()),
                          (NONCE, self.nonce)]
        for name, value in attributes:
            body += struct.pack(">HH", name, len(value)) + value + bytes(-len(value) % 4)
        head = struct.pack(">HHI", kind, len(body), COOKIE) + transaction
        if signed and self.nonce:
            key = hashlib.md5(f"{self.user}:{self.realm}:{self.password}".encode(), usedforsecurity=False).digest()
            counted = struct.pack(">HHI", kind, len(body) + 24, COOKIE) + transaction + body
            body += struct.pack(">HH", INTEGRITY, 20) + hmac.digest(key, counted, "sha1")
            head = counted[:20]
        self.sock.sendall(head + body)
        return transaction

    def peer(self, host, port):
        """XOR-PEER-ADDRESS; of IPv6 the mask covers the transaction, which is sent as zeros after it is known."""
        _, head, packed, mask = xor_address(host, port)
        return PEER, head + bytes(a ^ b for a, b in zip(packed, (mask + bytes(12)) if len(packed) == 16 else mask))

    def ask(self, kind, *attributes):
        """0, or the error code; self.answer has the attributes. A first 401 brings the nonce and is repeated once."""
        for _ in range(2):
            had_nonce = self.nonce
            transaction = self.send(kind, attributes)
            while (message := self.read())[1] != transaction:
                if message[0] == DATA | 0x10:
                    self.data.append(message[2][PAYLOAD])
            self.answer = message[2]
            error = self.answer.get(ERROR)
            code = error[2] * 100 + error[3] if error else 0
            self.nonce = self.answer.get(NONCE, self.nonce)
            if code not in (401, 438) or had_nonce:
                return code
        return code

    def allocate(self, *more, transport=UDP):
        code = self.ask(ALLOCATE, (TRANSPORT, transport), *more)
        if code == 0:
            value = self.answer[RELAYED]
            self.port = struct.unpack(">H", value[2:4])[0] ^ COOKIE >> 16
            self.host = socket.inet_ntoa(bytes(a ^ b for a, b in zip(value[4:8], struct.pack(">I", COOKIE))))
        return code

    def permit(self, host, port=9):
        return self.ask(PERMISSION, self.peer(host, port))

    def bind(self, host, port):
        return self.ask(CHANNEL, (CHANNEL_NUMBER, b"\x40\0\0\0"), self.peer(host, port))

    def tell(self, host, port, payload):
        """A Send indication: never answered."""
        self.send(SEND | 0x10, [self.peer(host, port), (PAYLOAD, payload)], signed=False)

    def hear(self):
        while not self.data:
            kind, _, attributes = self.read()
            if kind == DATA | 0x10:
                self.data.append(attributes[PAYLOAD])
        return self.data.pop(0)
