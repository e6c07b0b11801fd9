"""sign.py FILE: validators and their signatures of a few messages, by eth-account and Milagro, as JSON. Called by run."""

import hashlib
import json
import sys

import milagro_bls_binding as milagro
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_keys import keys

HASHES = ["0x" + octet * 32 for octet in ("01", "02", "03", "04")]
BLS_ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001


def secret(*what):
    return hashlib.sha256(f"batches {what}".encode()).digest()


def hexadecimal(octets):
    return "0x" + bytes(octets).hex()


def octets(text):
    return bytes.fromhex(text[2:])


def ecdsa(number):
    """One half signs the hash itself, the other the personal message of it: scheme `either` takes both."""
    account = Account.from_key(secret("ecdsa", number))

    def sign(message_hash):
        if number % 2 == 0:
            return hexadecimal(account.sign_message(encode_defunct(octets(message_hash))).signature)
        signature = keys.PrivateKey(account.key).sign_msg_hash(octets(message_hash)).to_bytes()
        return hexadecimal(signature[:64] + bytes([27 + signature[64]]))

    return {"validator": account.address.lower(), "signatures": {h: sign(h) for h in HASHES}}


def bls(number):
    key = (int.from_bytes(secret("bls", number), "big") % (BLS_ORDER - 1) + 1).to_bytes(32, "big")
    return {"validator": hexadecimal(milagro.SkToPk(key)),
            "signatures": {h: hexadecimal(milagro.Sign(key, octets(h))) for h in HASHES}}


with open(sys.argv[1], "w", encoding="ascii") as file:
    json.dump({"hashes": HASHES, "aztec": [ecdsa(n) for n in range(8)], "ethereum": [bls(n) for n in range(8)]}, file)
