"""Signed messages, made with eth-account and nothing of slashguard's."""

import base64

from eth_account import Account
from eth_keys.datatypes import PrivateKey
from eth_utils import keccak


class Sequencer:
    def __init__(self, name):
        self.secret = keccak(text=name)
        self.public_key = PrivateKey(self.secret).public_key.to_hex()[2:]
        self.address = Account.from_key(self.secret).address

    def digest(self, sequence, timestamp, payload):
        return keccak(sequence.to_bytes(8, "big") + timestamp.to_bytes(8, "big") + keccak(payload))

    def signature(self, sequence, timestamp, payload):
        return "0x" + Account.unsafe_sign_hash(self.digest(sequence, timestamp, payload), self.secret).signature.hex().removeprefix("0x")

    def message(self, sequence, timestamp, payload, message_type="changeset"):
        return {
            "sequence": sequence,
            "timestamp": timestamp,
            "message_type": {"type": message_type},
            "payload": base64.b64encode(payload).decode(),
            "message_hash": "0x" + keccak(payload).hex(),
            "signature": self.signature(sequence, timestamp, payload),
            "signer": self.address,
        }
