"""Prints outside.psql: what the story of docs/bridge.md has outside of the database. The keys are published examples, the
signatures are eth-account's, and nothing here is slashguard's."""

import base64

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.datatypes import PrivateKey
from eth_utils import keccak

SIGNERS = ["cow", "calf", "bull"]
ALICE, BOB = "0x" + "a11ce" * 8, "0x" + "b0b0b" * 8
DOMAIN = {"name": "Story bridge", "version": "1", "chainId": 31337, "verifyingContract": "0x" + "b41d6" * 8}
TYPES = {
    "Withdrawal": [
        {"name": "request", "type": "bytes32"},
        {"name": "recipient", "type": "address"},
        {"name": "amount", "type": "uint256"},
        {"name": "sequence", "type": "uint64"},
    ]
}
# Request (the byte that its id repeats), recipient, amount, sequence, and who signs it.
APPROVALS = [
    (1, ALICE, 40, 2, SIGNERS),
    (2, BOB, 20, 4, SIGNERS),
    (2, BOB, 25, 4, ["calf"]),
    (3, ALICE, 70, 6, ["cow", "calf"]),
]
STATES = [("state after 7", ["cow", "bull"])]
MESSAGES = [
    (1, "alice deposits 200"),
    (2, "request 01: 40 for alice"),
    (3, "bob deposits 50"),
    (4, "request 02: 20 for bob"),
    (4, "request 02: 25 for bob"),
    (5, "carol deposits 10"),
    (6, "request 03: 70 for alice"),
    (7, "request 04: 50 for alice"),
]
SEQUENCER = keccak(text="sequencer")
BEGIN = 1_700_000_000


def sign(secret, digest):
    return "0x" + Account.unsafe_sign_hash(digest, secret).signature.hex().removeprefix("0x")


def approval(request, recipient, amount, sequence):
    message = {"request": "0x" + f"{request:02x}" * 32, "recipient": recipient, "amount": amount, "sequence": sequence}
    signable = encode_typed_data(DOMAIN, TYPES, message)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def signatures():
    for *content, signers in APPROVALS:
        for name in signers:
            yield name, approval(*content)
    for state, signers in STATES:
        for name in signers:
            yield name, keccak(text=state)


def message(sequence, payload):
    at = BEGIN + sequence
    digest = keccak(sequence.to_bytes(8, "big") + at.to_bytes(8, "big") + keccak(text=payload))
    encoded = base64.b64encode(payload.encode()).decode()
    return f"({sequence}, {at}, '{encoded}', '0x{keccak(text=payload).hex()}',\n     '{sign(SEQUENCER, digest)}')"


def values(rows):
    return ",\n".join(f"    {row}" for row in rows)


signed = values(f"('{name}', '0x{digest.hex()}',\n     '{sign(keccak(text=name), digest)}')" for name, digest in signatures())
messages = values(message(*row) for row in MESSAGES)
addresses = "\n".join(f"\\set {name} {Account.from_key(keccak(text=name)).address.lower()}" for name in SIGNERS)
print(f"""\
-- What the story of docs/bridge.md has outside of the database: three signers with keys of their own, and a sequencer. Their
-- secrets are keccak256 of their names, and their signatures are eth-account's. Made by pg_test/bridge/signers.py, and compared
-- with it by pg_test/bridge/run.
{addresses}
\\set alice {ALICE}
\\set bob {BOB}
\\set sequencer_key {PrivateKey(SEQUENCER).public_key.to_hex()[2:]}
CREATE SCHEMA outside;
GRANT USAGE ON SCHEMA outside TO PUBLIC;
CREATE TABLE outside.signature (signer text, hash text, signature text);
CREATE TABLE outside.signed (sequence bigint, at bigint, payload text, message_hash text, signature text);
GRANT SELECT ON ALL TABLES IN SCHEMA outside TO PUBLIC;
INSERT INTO outside.signature VALUES
{signed};
INSERT INTO outside.signed VALUES
{messages};
-- A signer's machine: asked to sign a hash, it does.
CREATE FUNCTION outside.sign(of_signer text, of_hash text) RETURNS text LANGUAGE sql AS $$
    SELECT signature FROM outside.signature WHERE signer = of_signer AND hash = of_hash $$;
-- The message that the sequencer publishes with this payload.
CREATE FUNCTION outside.message(of_sequence bigint, of_payload text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('sequence', sequence, 'timestamp', at, 'message_type', '{{"type": "changeset"}}'::jsonb,
                              'payload', payload, 'message_hash', message_hash, 'signature', signature,
                              'signer', '{Account.from_key(SEQUENCER).address.lower()}')
      FROM outside.signed WHERE sequence = of_sequence AND payload = encode(convert_to(of_payload, 'UTF8'), 'base64') $$;""")
