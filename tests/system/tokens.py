# SPDX-License-Identifier: AGPL-3.0-or-later
"""Anonymous tokens on a client's side, written a second time from RFC 9497 (ristretto255-SHA512, mode VOPRF), RFC 9577
and docs/protocol.md. The group is libsodium's; nothing else is."""
import base64
import ctypes
import ctypes.util
import functools
import hashlib
import os
import struct

OPERATIONS = {"account": 1, "prekey": 2, "mailbox": 3, "inbox": 4, "chunk": 5, "turn": 6}
BATCH = {name: 1 if name == "account" else 32 for name in OPERATIONS}
SIZE, TYPE = 162, b"\0\5"
ORDER = 2**252 + 27742317777372353535851937790883648493
CONTEXT = b"OPRFV1-\x01-ristretto255-SHA512"


@functools.cache
def sodium():
    lib = ctypes.CDLL(ctypes.util.find_library("sodium"))
    assert lib.sodium_init() >= 0
    return lib


def call(name, n, *arguments):
    """A function of libsodium that fills n bytes from others."""
    out = ctypes.create_string_buffer(n)
    if getattr(sodium(), name)(out, *arguments):
        raise ValueError(name)
    return out.raw


def multiply(scalar, element):
    return call("crypto_scalarmult_ristretto255", 32, scalar_bytes(scalar), element)


def add(a, b):
    return call("crypto_core_ristretto255_add", 32, a, b)


def base(scalar):
    return call("crypto_scalarmult_ristretto255_base", 32, scalar_bytes(scalar))


def scalar_bytes(scalar):
    return (scalar % ORDER).to_bytes(32, "little")


def expand(message, tag, n=64):
    """expand_message_xmd with SHA-512 (RFC 9380, 5.3.1), for one block."""
    tag += bytes([len(tag)])
    first = hashlib.sha512(bytes(128) + message + struct.pack(">HB", n, 0) + tag).digest()
    return hashlib.sha512(first + b"\1" + tag).digest()[:n]


def to_group(message):
    return call("crypto_core_ristretto255_from_hash", 32, expand(message, b"HashToGroup-" + CONTEXT))


def to_scalar(message):
    return int.from_bytes(expand(message, b"HashToScalar-" + CONTEXT), "little") % ORDER


def part(data):
    return struct.pack(">H", len(data)) + data


def output(message, element):
    return hashlib.sha512(part(message) + part(element) + b"Finalize").digest()


def is_proven(public, blinded, evaluated, proof):
    """The batched DLEQ proof of RFC 9497, 2.2.2."""
    seed = hashlib.sha512(part(public) + part(b"Seed-" + CONTEXT)).digest()
    m = z = None
    for i, (b, e) in enumerate(zip(blinded, evaluated)):
        d = to_scalar(part(seed) + struct.pack(">H", i) + part(b) + part(e) + b"Composite")
        m, z = (multiply(d, b), multiply(d, e)) if m is None else (add(m, multiply(d, b)), add(z, multiply(d, e)))
    c, s = (int.from_bytes(half, "little") for half in (proof[:32], proof[32:]))
    t2, t3 = add(base(s), multiply(c, public)), add(multiply(s, m), multiply(c, z))
    return c == to_scalar(b"".join(map(part, (public, m, z, t2, t3))) + b"Challenge")


def digest_for(onion):
    name = onion.encode()
    return hashlib.sha256(TYPE + part(name) + b"\0" + part(name)).digest()


class Order:
    """A batch on its way: what is blinded, and what is needed to take the blinding off."""

    def __init__(self, public, onion, n):
        self.public, self.blinds = public, [int.from_bytes(os.urandom(64), "little") % ORDER for _ in range(n)]
        head = digest_for(onion) + hashlib.sha256(public).digest()
        self.inputs = [TYPE + os.urandom(32) + head for _ in range(n)]
        self.blinded = [multiply(r, to_group(i)) for r, i in zip(self.blinds, self.inputs)]

    def tokens(self, evaluated, proof):
        assert is_proven(self.public, self.blinded, evaluated, proof), "the server took another key"
        return [i + output(i, multiply(pow(r, -1, ORDER), e))
                for r, i, e in zip(self.blinds, self.inputs, evaluated)]


def mint(secret, onion):
    """A token by whoever has the issuing key: what a server's own administrator could make."""
    secret = int.from_bytes(secret, "little")
    message = TYPE + os.urandom(32) + digest_for(onion) + hashlib.sha256(base(secret)).digest()
    return message + output(message, multiply(secret, to_group(message)))


def header(token):
    return {"Authorization": 'PrivateToken token="%s"' % base64.urlsafe_b64encode(token).decode()}


def solve(challenge):
    """Eight bytes with which the challenge's hash begins with as many zero bits as it asks for."""
    bits, n = challenge[2], 0
    while True:
        solution = struct.pack(">Q", n)
        if int.from_bytes(hashlib.blake2b(challenge + solution, digest_size=32).digest(), "big") >> (256 - bits) == 0:
            return solution
        n += 1
