"""Contestants for attestations. Each run has validators and a short history of its own, and votes in the epochs around now."""

import time

import duties
import server
from contestants import Contestant

_ROOT_OF_CHAIN = "0x{:064x}"
_GENESIS = 1606824023
_SECONDS_AN_EPOCH = 12 * 32
# So many that a run stays near the clock: a vote for an epoch that is far ahead of it is nobody's.
_VALIDATORS = 12_000
# So few favour Web3Signer, which keeps 250 and looks through them.
_EPOCHS_OF_HISTORY = 10


class Attesters(Contestant):
    """`make_history`: the statement for one run, to be filled in with first_epoch, validators, epochs, number, hash_bytes."""

    make_history = ()
    runs = 0
    # Until each session has seen its validators.
    warm_up = 2

    def before_run(self, clients, seconds):
        self.runs += 1
        variables = duties.next_variables()
        # Some epochs back, so that a run stays near the clock.
        variables["first_epoch"] = int(time.time() - _GENESIS) // _SECONDS_AN_EPOCH - 2
        variables["validators"] = _VALIDATORS
        variables["chain"] = f"chain-{self.runs}"
        self.register(variables)
        known = {"epochs": _EPOCHS_OF_HISTORY, "number": self.runs, "root": _ROOT_OF_CHAIN.format(self.runs), **variables}
        for statement in self.make_history:
            server.ask(self.database, statement.format(**known))
        self.history = getattr(self, "history", 0) + _VALIDATORS * _EPOCHS_OF_HISTORY
        return variables

    def register(self, variables):
        """Makes a chain where that is not a part of the history."""


class SlashguardClaims(Attesters):
    """Attestations' claims."""

    script, database = "attestation_claim", "bench_attestation_claims"
    make_history = (
        """INSERT INTO slashguard.validator (chain_id, key, first_seen)
           SELECT c.id, decode(lpad(to_hex(k), 96, '0'), 'hex'), now()
             FROM slashguard.chain AS c, generate_series(0, {validators} - 1) AS k WHERE c.name = '{chain}'""",
        "INSERT INTO slashguard.node (name) VALUES ('{node}') ON CONFLICT DO NOTHING",
        """INSERT INTO slashguard.claim (slot, granted_at, lease_until, signed_at, source_epoch, chain_id, validator_id, block_index,
                                         node_id, duty_type_id, secret, message_hash, signature)
           SELECT ({first_epoch} - e)::bigint * 32, now(), now(), now(), {first_epoch} - e - 1, c.id, v.id, -1, n.id, 2,
                  '{secret}', '{hash_bytes}', decode(substr('{bls_signature}', 3), 'hex')
             FROM slashguard.chain AS c JOIN slashguard.validator AS v ON v.chain_id = c.id, slashguard.node AS n,
                  generate_series(1, {epochs}) AS e
            WHERE c.name = '{chain}' AND n.name = '{node}' ORDER BY e DESC, v.id""",
        "VACUUM ANALYZE slashguard.claim, slashguard.validator",
    )

    def prepare(self):
        server.fresh_database(self.database, extension=True)

    def register(self, variables):
        server.ask(
            self.database,
            f"""SELECT slashguard.register_chain('{variables["chain"]}', 'ethereum', '{_ROOT_OF_CHAIN.format(self.runs)}',
                to_timestamp({_GENESIS}), '12 s', '{duties.OPTIONS}')""",
        )

    @property
    def counted(self):
        return f"SELECT count(*) - {self.history} FROM slashguard.claim"


class SlashguardAttestations(SlashguardClaims):
    """The same, with their signatures recorded."""

    script, database = "attestation_cycle", "bench_attestation_cycles"

    @property
    def counted(self):
        return f"SELECT count(*) - {self.history} FROM slashguard.claim WHERE signature IS NOT NULL"


class Web3Signer(Attesters):
    """Web3Signer's eleven statements on its own tables."""

    script, database = "web3signer", "bench_web3signer"
    make_history = (
        # New validators, as elsewhere: identities restart so that the load finds them from 1 on.
        "TRUNCATE validators, signed_attestations, low_watermarks RESTART IDENTITY",
        "INSERT INTO validators (public_key) SELECT decode(lpad(to_hex(k), 96, '0'), 'hex') FROM generate_series(0, {validators} - 1) AS k",
        "INSERT INTO low_watermarks SELECT id, NULL, {first_epoch} - {epochs} - 1, {first_epoch} - {epochs} FROM validators",
        """INSERT INTO signed_attestations (validator_id, source_epoch, target_epoch, signing_root)
           SELECT v.id, {first_epoch} - e - 1, {first_epoch} - e, '{hash_bytes}'
             FROM validators AS v, generate_series(1, {epochs}) AS e ORDER BY e DESC, v.id""",
        "VACUUM ANALYZE validators, low_watermarks, signed_attestations",
    )

    def prepare(self):
        server.fresh_database(self.database, tables="web3signer.sql")

    def run(self, clients, seconds, **more):
        run = super().run(clients, seconds, **more)
        # Each run begins with empty tables, so it is counted now.
        self.cycles, self.history = run.cycles, _VALIDATORS * _EPOCHS_OF_HISTORY
        self.check()
        return run

    @property
    def counted(self):
        return f"SELECT count(*) - {self.history} FROM signed_attestations"
