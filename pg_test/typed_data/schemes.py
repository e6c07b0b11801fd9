"""Signatures of ed25519 by libsodium and of BLS12-381 by Milagro, whole and tampered, and what these say of each. Called by run.

A line: scheme, what was done to it, the secret where nothing was, digest, signature, public key, and the library's verdict.
"""

import csv
import hashlib
import pathlib
import sys

import milagro_bls_binding as milagro
import nacl.bindings
import nacl.exceptions
import nacl.signing

made, seed, count = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
BLS_ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
INFINITY = b"\xc0" + bytes(95)


def octets(*what):
    return hashlib.sha256(f"{seed} {what}".encode()).digest()


def flipped(whole, bit):
    changed = bytearray(whole)
    changed[bit // 8 % len(whole)] ^= 1 << (bit % 8)
    return bytes(changed)


class Ed25519:
    name = "ed25519"

    @staticmethod
    def key(secret):
        return nacl.signing.SigningKey(secret).verify_key.encode()

    @staticmethod
    def sign(secret, digest):
        return nacl.signing.SigningKey(secret).sign(digest).signature

    @staticmethod
    def verdict(digest, signature, key):
        try:
            return nacl.bindings.crypto_sign_open(signature + digest, key) == digest
        except nacl.exceptions.BadSignatureError:
            return False

    # Each makes another digest, signature and key of these and of a number.
    special = {
        "second form": lambda d, s, k, n: (d, s[:32] + (int.from_bytes(s[32:], "little") + ED25519_ORDER).to_bytes(32, "little"), k),
        "negated R": lambda d, s, k, n: (d, flipped(s, 31 * 8 + 7), k),
        "key of small order": lambda d, s, k, n: (d, b"\x01" + bytes(63), b"\x01" + bytes(31)),
        "key beyond the prime": lambda d, s, k, n: (d, s, bytes([0xED + n % 19]) + b"\xff" * 30 + b"\x7f"),
        "R of small order": lambda d, s, k, n: (d, b"\x01" + bytes(31) + s[32:], k),
    }


class Bls12381:
    name = "BLS12-381"

    @staticmethod
    def secret(secret):
        return (int.from_bytes(secret, "big") % (BLS_ORDER - 1) + 1).to_bytes(32, "big")

    @staticmethod
    def key(secret):
        return milagro.SkToPk(Bls12381.secret(secret))

    @staticmethod
    def sign(secret, digest):
        return milagro.Sign(Bls12381.secret(secret), digest)

    @staticmethod
    def verdict(digest, signature, key):
        return milagro.Verify(key, digest, signature)

    special = {
        "the other y": lambda d, s, k, n: (d, flipped(s, 5), k),
        "key with the other y": lambda d, s, k, n: (d, s, flipped(k, 5)),
        "infinity": lambda d, s, k, n: (d, INFINITY, k),
        "both at infinity": lambda d, s, k, n: (d, INFINITY, INFINITY[:48]),
        "outside the subgroup": lambda d, s, k, n: (d, b"\x80" + bytes(94) + b"\x02", k),
    }


def tampered(scheme, secret, digest, signature, key, at):
    number = int.from_bytes(octets("tamper", at)[:4], "big")
    kinds = {
        "other digest": lambda: (flipped(digest, number), signature, key),
        "other signature": lambda: (digest, flipped(signature, number), key),
        "other key": lambda: (digest, signature, flipped(key, number)),
        "another's key": lambda: (digest, signature, scheme.key(octets("another", at))),
        "another's signature": lambda: (digest, scheme.sign(octets("another", at), digest), key),
    }
    kinds |= {kind: lambda change=change: change(digest, signature, key, number) for kind, change in scheme.special.items()}
    kind = list(kinds)[at % len(kinds)]
    return kind, *kinds[kind]()


with open(made / "schemes.csv", "w", newline="") as file:
    lines = csv.writer(file)
    for scheme in (Ed25519, Bls12381):
        for at in range(count):
            secret, digest = octets("secret", scheme.name, at), octets("digest", scheme.name, at)
            signature, key = scheme.sign(secret, digest), scheme.key(secret)
            used = secret if scheme is Ed25519 else Bls12381.secret(secret)
            for kind, *line in [("whole", digest, signature, key), tampered(scheme, secret, digest, signature, key, at)]:
                verdict = "t" if scheme.verdict(*line) else "f"
                shown = used.hex() if kind == "whole" else ""
                lines.writerow([scheme.name, kind, shown, *("0x" + part.hex() for part in line), verdict])
