"""The values that all loads share, so that every contestant writes the same duty."""

_HASH = "ab" * 32
_SIGNATURE = "3c" * 64 + "1b"

ROLLUP = "0x603bb2c05d474794ea97805e8de69bccfb3bca12"
CHAIN = "bench"
OPTIONS = '{"first_use": "trust", "horizon_slots": null, "signature_scheme": "none"}'

VARIABLES = {
    "rollup": ROLLUP,
    "hash": "0x" + _HASH,
    "hash_bytes": "\\x" + _HASH,
    "signature": "0x" + _SIGNATURE,
    "signature_bytes": "\\x" + _SIGNATURE,
    "bls_signature": "0x" + "5d" * 96,
    "node": "node-1",
    "token": "ef" * 16,
    "secret": "3f2b8a52-7f5e-4c3a-9b1d-0a1b2c3d4e5f",
}

# More than any run uses up.
_SLOTS_A_RUN = 10_000_000
_runs = 0


def next_variables():
    """Those of a run, with slots that no run before had."""
    global _runs
    _runs += 1
    return {**VARIABLES, "first_slot": _runs * _SLOTS_A_RUN}


def register_aztec_chain(server, database, name=CHAIN, identity=f"31337:{ROLLUP}", genesis="now()", duration="72 s"):
    server.ask(database, f"SELECT slashguard.register_chain('{name}', 'aztec', '{identity}', {genesis}, '{duration}', '{OPTIONS}')")
