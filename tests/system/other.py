# SPDX-License-Identifier: AGPL-3.0-or-later
"""Another client, written from docs/protocol.md: its sessions are python3-axolotl's, its seals pq.py's. One conversation,
as little as it takes: no loss, no rotation."""
import hashlib
import os
import struct
import uuid as uuids

from axolotl.ecc.curve import Curve
from axolotl.identitykey import IdentityKey
from axolotl.protocol.prekeywhispermessage import PreKeyWhisperMessage
from axolotl.protocol.whispermessage import WhisperMessage
from axolotl.sessionbuilder import SessionBuilder
from axolotl.sessioncipher import SessionCipher
from axolotl.state.prekeybundle import PreKeyBundle
from axolotl.tests.inmemoryaxolotlstore import InMemoryAxolotlStore
from axolotl.util.keyhelper import KeyHelper
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

import client
import pq
from client import b64, h256, unb64

SETUP, MESSAGE = 1, 2
PURPOSE = b"sotto/bundle/v1"


# --- XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) ------------------------------------------------------

def hchacha20(key, nonce):
    """The rows 0 and 3 of ChaCha20's state after its rounds, which are what the block function adds to its input."""
    x = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def turn(a, b, c, d):
        for p, q, r, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[p] = (x[p] + x[q]) & 0xffffffff
            x[r] ^= x[p]
            x[r] = (x[r] << n | x[r] >> 32 - n) & 0xffffffff

    for _ in range(10):
        for i in range(4):
            turn(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            turn(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<8I", *x[:4], *x[12:])


def xchacha(key, nonce):
    return ChaCha20Poly1305(hchacha20(key, nonce[:16])), bytes(4) + nonce[16:]


# --- keys ----------------------------------------------------------------------------------------------

def point(key):
    return Curve.decodePoint(bytearray(b"\5" + key), 0)


def safety_number(*people):
    """(identity, name) of both: the 60 digits, and each one's first 32 bytes."""
    def fingerprint(identity, name):
        key = b"\5" + identity
        digest = b"\0\0" + key + name.encode()
        for _ in range(5200):
            digest = hashlib.sha512(digest + key).digest()
        return digest

    prints = [fingerprint(*p) for p in people]
    digits = ["".join("%05d" % (int.from_bytes(f[i:i + 5], "big") % 100000) for i in range(0, 30, 5)) for f in prints]
    return "".join(sorted(digits)), [f[:32] for f in prints]


class Link:
    def __init__(self, text):
        data = unb64(text.strip().removeprefix("sotto://"))
        assert len(data) == 113 and data[0] == 1
        self.onion, self.uuid, self.bundle_key, self.identity_hash = data[1:33], data[33:49], data[49:81], data[81:]


class Bundle:
    """One that was opened and checked."""

    def __init__(self, link, sealed):
        cipher, nonce = xchacha(link.bundle_key, sealed[:24])
        data = cipher.decrypt(nonce, sealed[24:], link.uuid)
        assert len(data) == 2008 and data[0] == 1 and data[1421:1944] == bytes(523)
        self.identity, self.registration, self.signed_id = data[1:33], *struct.unpack(">II", data[33:41])
        self.signed, self.signed_signature = data[41:73], data[73:137]
        self.prekey_id, self.prekey, self.sealing = struct.unpack(">I", data[137:141])[0], data[141:173], data[173:1389]
        self.inbox = data[1389:1421]
        assert hashlib.sha256(b"\5" + self.identity).digest() == link.identity_hash and self.signed_id
        for message, signature in ((PURPOSE + link.uuid + data[:1944], data[1944:]),
                                   (b"\5" + self.signed, self.signed_signature)):
            assert Curve.verifySignature(point(self.identity), message, signature)


# --- a person ------------------------------------------------------------------------------------------

class Other:
    """Somebody with an account, one contact at most, and a mailbox for it."""

    def __init__(self, server):
        self.server, self.store = server, InMemoryAxolotlStore()
        self.pair = self.store.getIdentityKeyPair()
        self.identity = self.pair.getPublicKey().serialize()[1:]
        self.account, self.bundle_key = client.Account(server), os.urandom(32)
        self.uuid = uuids.UUID(self.account.uuid).bytes
        self.link = b"\1" + server.onion + self.uuid + self.bundle_key + hashlib.sha256(b"\5" + self.identity).digest()
        self.inbox, self.box = client.Mailbox(server, inbox=True), client.Mailbox(server)
        for box in (self.inbox, self.box):
            assert box.make().status == 201
        self.keys, self.turn, self.number = {}, 0, 0    # sealing keys by their hash: (pair, turn)
        self.peer, self.peer_turn, self.peer_key, self.deposit = None, 0, None, None
        self.is_inbox, self.opened = False, True

    def link_text(self):
        return "sotto://" + b64(self.link)

    def new_key(self, turn):
        pair = pq.XWing()
        self.keys[hashlib.sha256(pair.public).digest()] = pair, turn
        return pair.public

    # --- bundles

    def bundle(self, signed, prekey):
        public = signed.getKeyPair().getPublicKey().serialize()
        data = struct.pack(">B32sII32s64sI32s1216s32s", 1, self.identity, self.store.getLocalRegistrationId(),
                           signed.getId(), public[1:], signed.getSignature(), prekey.getId() if prekey else 0,
                           prekey.getKeyPair().getPublicKey().serialize()[1:] if prekey else bytes(32),
                           self.new_key(0), self.inbox.deposit).ljust(1944, b"\0")
        data += Curve.calculateSignature(self.pair.getPrivateKey(), PURPOSE + self.uuid + data)
        outer = os.urandom(24)
        cipher, nonce = xchacha(self.bundle_key, outer)
        return outer + cipher.encrypt(nonce, data, self.uuid)

    def register(self):
        """One bundle for all: fifty would take a second each."""
        signed, prekey = KeyHelper.generateSignedPreKey(self.pair, 1), KeyHelper.generatePreKeys(7, 1)[0]
        self.store.storeSignedPreKey(1, signed)
        self.store.storePreKey(prekey.getId(), prekey)
        self.account.last = self.bundle(signed, prekey)
        assert self.account.register().status == 201

    def begin(self, link_text):
        """A session by somebody's link."""
        link = Link(link_text)
        path = f"/v1/accounts/{uuids.UUID(bytes=link.uuid)}/bundle"
        answer = self.server.call("prekeyd", "POST", path, token=self.server.token("prekey"))
        assert answer.status == 200
        b = Bundle(link, answer.body)
        self.meet(b.identity)
        self.peer_key, self.deposit, self.is_inbox = b.sealing, b.inbox, True
        SessionBuilder(*self.stores()).processPreKeyBundle(PreKeyBundle(
            b.registration, 1, b.prekey_id, point(b.prekey), b.signed_id, point(b.signed), b.signed_signature,
            IdentityKey(point(b.identity))))

    def stores(self):
        return (*[self.store] * 4, self.peer.hex(), 1)

    def meet(self, identity):
        assert self.peer in (None, identity)
        self.peer = identity
        self.cipher = SessionCipher(*self.stores())

    # --- packets

    def packet(self, text, part=0, parts=1, text_id=b""):
        """4096 bytes."""
        if self.opened:
            self.turn, self.opened = self.turn + 1, False
            self.own_key = self.new_key(self.turn)
        self.number += 1
        head = struct.pack(">BB16s32sI", 1, SETUP if not self.peer_turn else MESSAGE, os.urandom(16), self.identity,
                           self.turn) + self.own_key
        content = h256(head) + struct.pack(">BQ", 1, self.number) + self.server.onion + self.box.deposit + self.link + \
            struct.pack(">BB", part, parts) + text_id + struct.pack(">H", len(text)) + text
        body = self.cipher.encrypt(content).serialize()
        inside = (head + struct.pack(">H", len(body)) + body).ljust(2954, b"\0")
        key_hash = hashlib.sha256(self.peer_key).digest()
        sealed, finish = pq.begin(self.peer_key, b"sotto/seal/v1" + h256(self.deposit) + key_hash)
        aad = b"\1\1" + h256(key_hash, sealed)[:4]
        return aad + sealed + finish(inside, aad)

    def deposit_packet(self, packet):
        headers = {"Sotto-Deposit": b64(self.deposit), "Idempotency-Key": b64(os.urandom(16))}
        token = self.server.token("inbox") if self.is_inbox else None
        assert self.server.call("blobd", "POST", "/v1/blobs", packet, headers, token).status == 201

    def send(self, text):
        self.deposit_packet(self.packet(text.encode()))

    def send_long(self, pieces):
        text_id = os.urandom(16)
        for part, piece in enumerate(pieces):
            self.deposit_packet(self.packet(piece.encode(), part, len(pieces), text_id))

    def open(self, packet, box):
        """The text, or, of one of several parts, (id, part, parts, piece). Any departure from the page raises."""
        assert len(packet) == 4096 and packet[:2] == b"\1\1"
        aad, sealed, data = packet[:6], packet[6:1126], packet[1126:]
        key_hash, = (k for k in self.keys if h256(k, sealed)[:4] == aad[2:])
        pair, turn = self.keys[key_hash]
        inside = pq.open_(pair, sealed, b"sotto/seal/v1" + h256(box.deposit) + key_hash, aad, data)
        head, length = inside[:1270], struct.unpack(">H", inside[1270:1272])[0]
        version, kind, _, sender, their_turn = struct.unpack(">BB16s32sI", head[:54])
        body, rest = inside[1272:1272 + length], inside[1272 + length:]
        assert version == 1 and len(inside) == 2954 and not any(rest) and their_turn
        self.meet(sender)
        if kind == SETUP:
            message = PreKeyWhisperMessage(serialized=bytes(body))
            assert message.getIdentityKey().serialize()[1:] == sender and turn == 0
            content = self.cipher.decryptPkmsg(message)
        else:
            content = self.cipher.decryptMsg(WhisperMessage(serialized=bytes(body)))
        return self.take(content, head, turn, their_turn)

    def take(self, content, head, turn, their_turn):
        guard, kind, _, onion, deposit, link, part, parts = struct.unpack(">32sBQ32s32s113sBB", content[:220])
        at = 236 if parts > 1 else 220
        text = content[at + 2:]
        assert guard == h256(head) and kind == 1 and part < parts and struct.unpack(">H", content[at:at + 2]) == (len(text),)
        assert len(content) <= 1422
        assert Link("sotto://" + b64(link)).identity_hash == hashlib.sha256(b"\5" + self.peer).digest()
        assert onion == self.server.onion
        self.deposit, self.is_inbox = deposit, False
        self.opened = self.opened or turn == self.turn
        if their_turn > self.peer_turn:
            self.peer_turn, self.peer_key = their_turn, head[54:]
        return (content[220:at], part, parts, text.decode()) if parts > 1 else text.decode()

    def receive(self):
        return [self.open(packet, box) for box in (self.inbox, self.box) for _, packet in box.drain()]
