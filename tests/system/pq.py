# SPDX-License-Identifier: AGPL-3.0-or-later
"""HPKE, X-Wing and ML-KEM-768 a second time, from RFC 9180, draft-connolly-cfrg-xwing-kem and FIPS 203, on hashlib and
python3-cryptography's ChaCha20-Poly1305. For tests: nothing is done in constant time."""
import functools
import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from client import BASE, x25519

# --- ML-KEM-768 (FIPS 203) -----------------------------------------------------------------------------

Q, N, K, DU, DV = 3329, 256, 3, 10, 4
reversed_7 = [int(f"{i:07b}"[::-1], 2) for i in range(128)]
ZETAS = [pow(17, r, Q) for r in reversed_7]
GAMMAS = [pow(17, 2 * r + 1, Q) for r in reversed_7]


def ntt(poly):
    f, i, length = list(poly), 1, 128
    while length >= 2:
        for start in range(0, N, 2 * length):
            for j in range(start, start + length):
                t = ZETAS[i] * f[j + length]
                f[j + length], f[j] = (f[j] - t) % Q, (f[j] + t) % Q
            i += 1
        length //= 2
    return f


def un_ntt(poly):
    f, i, length = list(poly), 127, 2
    while length <= 128:
        for start in range(0, N, 2 * length):
            for j in range(start, start + length):
                t = f[j]
                f[j], f[j + length] = (t + f[j + length]) % Q, ZETAS[i] * (f[j + length] - t) % Q
            i -= 1
        length *= 2
    return [x * 3303 % Q for x in f]


def times(f, g):
    out = []
    for i, gamma in enumerate(GAMMAS):
        a, b, c, d = *f[2 * i:2 * i + 2], *g[2 * i:2 * i + 2]
        out += [(a * c + b * d * gamma) % Q, (a * d + b * c) % Q]
    return out


def plus(*polys):
    return [sum(x) % Q for x in zip(*polys)]


def dot(row, vector):
    return plus(*(times(a, b) for a, b in zip(row, vector)))


def encode(poly, bits):
    return sum(x << bits * i for i, x in enumerate(poly)).to_bytes(N * bits // 8, "little")


def decode(data, bits):
    n = int.from_bytes(data, "little")
    return [n >> bits * i & (1 << bits) - 1 for i in range(N)]


def compress(poly, bits):
    return [((x << bits) + Q // 2) // Q % (1 << bits) for x in poly]


def decompress(poly, bits):
    return [(x * Q + (1 << bits - 1)) >> bits for x in poly]


def uniform(seed):
    """Three bytes are two numbers; those below q count."""
    out, stream = [], hashlib.shake_128(seed).digest(1344)
    for a, b, c in zip(*[iter(stream)] * 3):
        out += [x for x in (a | (b & 15) << 8, b >> 4 | c << 4) if x < Q]
    return out[:N]


def noise(seed, number):
    bits = int.from_bytes(hashlib.shake_256(seed + bytes([number])).digest(128), "little")
    return [((bits >> 4 * i & 1) + (bits >> 4 * i + 1 & 1) - (bits >> 4 * i + 2 & 1) - (bits >> 4 * i + 3 & 1)) % Q
            for i in range(N)]


def matrix(rho):
    return [[uniform(rho + bytes([j, i])) for j in range(K)] for i in range(K)]


def kem_keys(d):
    """Public key, and the secret vector as it is encoded."""
    seeds = hashlib.sha3_512(d + bytes([K])).digest()
    rho, sigma = seeds[:32], seeds[32:]
    s, e = ([ntt(noise(sigma, K * v + i)) for i in range(K)] for v in range(2))
    t = [plus(dot(row, s), e[i]) for i, row in enumerate(matrix(rho))]
    return b"".join(encode(x, 12) for x in t) + rho, b"".join(encode(x, 12) for x in s)


def kem_encrypt(public, message, coins):
    a, t = matrix(public[-32:]), [decode(public[384 * i:384 * (i + 1)], 12) for i in range(K)]
    y = [ntt(noise(coins, i)) for i in range(K)]
    u = [plus(un_ntt(dot([a[j][i] for j in range(K)], y)), noise(coins, K + i)) for i in range(K)]
    v = plus(un_ntt(dot(t, y)), noise(coins, 2 * K), decompress(decode(message, 1), 1))
    return b"".join(encode(compress(x, DU), DU) for x in u) + encode(compress(v, DV), DV)


def kem_encapsulate(public):
    message = os.urandom(32)
    made = hashlib.sha3_512(message + hashlib.sha3_256(public).digest()).digest()
    return made[:32], kem_encrypt(public, message, made[32:])


def kem_decapsulate(public, secret, sealed):
    """Raises where FIPS 203 returns a secret that nobody else has."""
    u = [ntt(decompress(decode(sealed[320 * i:320 * (i + 1)], DU), DU)) for i in range(K)]
    s = [decode(secret[384 * i:384 * (i + 1)], 12) for i in range(K)]
    v = decompress(decode(sealed[320 * K:], DV), DV)
    message = encode(compress([(a - b) % Q for a, b in zip(v, un_ntt(dot(s, u)))], 1), 1)
    made = hashlib.sha3_512(message + hashlib.sha3_256(public).digest()).digest()
    if kem_encrypt(public, message, made[32:]) != sealed:
        raise ValueError("another key's")
    return made[:32]


# --- X-Wing --------------------------------------------------------------------------------------------

class XWing:
    """A key pair out of a seed of 32 bytes."""
    KEM_ID = 0x647a

    def __init__(self, seed=None):
        made = hashlib.shake_256(seed or os.urandom(32)).digest(96)
        self.kem_public, self.kem_secret = kem_keys(made[:32])
        self.x_secret, self.x_public = made[64:], x25519(made[64:])
        self.public = self.kem_public + self.x_public

    @staticmethod
    def combine(kem_shared, x_shared, x_sealed, x_public):
        return hashlib.sha3_256(kem_shared + x_shared + x_sealed + x_public + b"\\.//^\\").digest()

    @classmethod
    def encapsulate(cls, public):
        kem_shared, kem_sealed = kem_encapsulate(public[:-32])
        ephemeral = os.urandom(32)
        shared = cls.combine(kem_shared, x25519(ephemeral, public[-32:]), x25519(ephemeral), public[-32:])
        return shared, kem_sealed + x25519(ephemeral)

    def decapsulate(self, sealed):
        kem_shared = kem_decapsulate(self.kem_public, self.kem_secret, sealed[:-32])
        return self.combine(kem_shared, x25519(self.x_secret, sealed[-32:]), sealed[-32:], self.x_public)


# --- HPKE (RFC 9180), base mode, HKDF-SHA256, ChaCha20-Poly1305 ----------------------------------------

def labeled_extract(suite, salt, label, ikm):
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")


def labeled_expand(suite, prk, label, info, length):
    """At most 32 bytes."""
    return hmac.digest(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info + b"\1", "sha256")[:length]


class DhKem:
    """DHKEM(X25519, HKDF-SHA256), which only the RFC's vectors use here: the rest is then known to be right."""
    KEM_ID, SUITE = 0x20, b"KEM\0\x20"

    def __init__(self, secret):
        self.secret, self.public = secret, x25519(secret, BASE)

    def decapsulate(self, sealed):
        prk = labeled_extract(self.SUITE, b"", b"eae_prk", x25519(self.secret, sealed))
        return labeled_expand(self.SUITE, prk, b"shared_secret", sealed + self.public, 32)


def schedule(kem_id, shared, info):
    """Key and base nonce."""
    suite = b"HPKE" + kem_id.to_bytes(2, "big") + b"\0\1\0\3"
    context = b"\0" + labeled_extract(suite, b"", b"psk_id_hash", b"") + labeled_extract(suite, b"", b"info_hash", info)
    secret = labeled_extract(suite, shared, b"secret", b"")
    expand = functools.partial(labeled_expand, suite, secret)
    return expand(b"key", context, 32), expand(b"base_nonce", context, 12)


def begin(public, info):
    """Encapsulation, and what seals one text with its associated data."""
    shared, sealed = XWing.encapsulate(public)
    key, nonce = schedule(XWing.KEM_ID, shared, info)
    return sealed, lambda plain, aad: ChaCha20Poly1305(key).encrypt(nonce, plain, aad)


def open_(keys, sealed, info, aad, data):
    key, nonce = schedule(keys.KEM_ID, keys.decapsulate(sealed), info)
    return ChaCha20Poly1305(key).decrypt(nonce, data, aad)
