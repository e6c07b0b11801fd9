"""What eth-account's library for keys, with libsecp256k1, says of each signature. Called by run."""

import csv
import pathlib
import sys

from eth_keys import KeyAPI
from eth_keys.backends import CoinCurveECCBackend
from eth_keys.exceptions import BadSignature, ValidationError

made = pathlib.Path(sys.argv[1])
keys = KeyAPI(CoinCurveECCBackend())


def recovered(digest, signature):
    v = signature[64]
    if v not in (0, 1, 27, 28):
        return ""
    try:
        signature = keys.Signature(signature[:64] + bytes([v % 27]))
        return signature.recover_public_key_from_msg_hash(digest).to_checksum_address()
    except (BadSignature, ValidationError):
        return ""


with open(made / "signatures.csv", newline="") as signatures, open(made / "eth_keys.txt", "w") as answers:
    for _, digest, signature, *_ in csv.reader(signatures):
        answers.write(recovered(bytes.fromhex(digest[2:]), bytes.fromhex(signature[2:])) + "\n")
