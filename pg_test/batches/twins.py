"""Two ledgers that live through the same: one asks one by one, the other in batches."""

import json
import re
from types import SimpleNamespace

import psycopg
from psycopg.rows import dict_row
from psycopg.types.composite import CompositeInfo, register_composite

TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.\d]*(\+00(:00)?|Z)?( UTC)?|\b\d+ ms\b")
WITHDRAWN = "watermark rose meanwhile"


def connect(database, **more):
    connection = psycopg.connect("", dbname=database, autocommit=True, row_factory=dict_row, **more)
    for name in ("acquisition", "recording"):
        if found := CompositeInfo.fetch(connection, f"slashguard.{name}"):
            register_composite(found, connection)
    return connection


def state_of(error):
    return error.sqlstate or type(error).__name__


def timeless(value):
    return TIME.sub("(time)", value) if isinstance(value, str) else value


class Twin:
    """A database and two sessions: the player's, who keeps what it has looked up, and an operator's."""

    def __init__(self, database):
        self.database = database
        self.player = connect(database)
        self.operator = connect(database)

    def new_player(self, minutes):
        self.player.close()
        self.player = connect(self.database)
        self.shift(minutes)

    def shift(self, minutes):
        for session in (self.player, self.operator):
            session.execute(f"SET slashguard.clock_offset = '{minutes} min'")

    def operate(self, query, values):
        """An operator's or a holder's own call, which is the same for both."""
        try:
            rows = self.operator.execute(query, values).fetchall()
        except psycopg.Error as error:
            return state_of(error), None
        return "ok", rows

    def shown(self, answer):
        """What is said of one claim, without what differs between two ledgers: tokens, positions, times."""
        details = answer.details
        if isinstance(details, str):
            details = json.loads(details)
        return {
            "outcome": answer.outcome,
            "token": answer.lock_token is not None,
            "signature": answer.signature,
            "holder": answer.holder,
            "expires": answer.expires_at is not None,
            "reason": timeless(answer.reason),
            "details": timeless(json.dumps(details, sort_keys=True)),
        }


# One list each, in order: the argument's name, the name of a batch's list, the list's type.
LISTS = {
    "duties": [("validator", "validators", "text[]"), ("message_hash", "message_hashes", "text[]")],
    "attestations": [("validator", "validators", "text[]"), ("source_epoch", "source_epochs", "bigint[]"),
                     ("target_epoch", "target_epochs", "bigint[]"), ("signing_root", "signing_roots", "text[]")],
}
PROCEDURES = {"duties": "acquire_duties", "attestations": "acquire_attestations"}
FUNCTIONS = {"duties": "try_acquire_duty", "attestations": "try_acquire_attestation"}
TYPES = {"slot": "bigint", "block_number": "bigint", "checkpoint_number": "bigint", "block_index": "integer", "lease_ms": "integer",
         "request_id": "uuid"}


def named(values, types=TYPES):
    return ", ".join(f"{name} => %({name})s::{types.get(name, 'text')}" for name in values)


class OneByOne(Twin):
    def claim(self, kind, common, requests):
        types = TYPES | {"source_epoch": "bigint", "target_epoch": "bigint"}
        answers = []
        for request in requests:
            values = common | request
            try:
                row = self.player.execute(f"SELECT * FROM slashguard.{FUNCTIONS[kind]}({named(values, types)})", values).fetchone()
            except psycopg.Error as error:
                return state_of(error), answers
            answers.append(SimpleNamespace(**row))
        return "ok", answers

    def record(self, deliveries):
        answers = []
        for token, signature in deliveries:
            try:
                self.player.execute("SELECT slashguard.record_signature(%s, %s)", (token, signature))
                answers.append({"recorded": True, "sqlstate": None, "reason": None})
            except psycopg.Error as error:
                if state_of(error) not in ("SG005", "SG006"):
                    return state_of(error), answers
                answers.append({"recorded": False, "sqlstate": state_of(error), "reason": error.diag.message_primary})
        return "ok", answers


class Batches(Twin):
    def claim(self, kind, common, requests):
        return self.claim_lists(kind, common, {name: [request[one] for request in requests] for one, name, _ in LISTS[kind]})

    def claim_lists(self, kind, common, lists):
        types = TYPES | {name: its_type for _, name, its_type in LISTS[kind]}
        values = common | lists
        try:
            row = self.player.execute(f"CALL slashguard.{PROCEDURES[kind]}({named(values, types)})", values).fetchone()
        except psycopg.Error as error:
            return state_of(error), None
        return "ok", row["answers"]

    def record(self, deliveries):
        tokens, signatures = [d[0] for d in deliveries], [d[1] for d in deliveries]
        return self.record_lists(tokens, signatures)

    def record_lists(self, tokens, signatures):
        try:
            row = self.player.execute("CALL slashguard.record_signatures(%s::text[], %s::text[])", (tokens, signatures)).fetchone()
        except psycopg.Error as error:
            return state_of(error), None
        return "ok", [{"recorded": a.recorded_at is not None, "sqlstate": a.sqlstate, "reason": a.reason} for a in row["answers"]]


# What is on record for one chain, without secrets, ids and times. What was taken back at once depends on what a session has kept.
TABLES = {
    "claims": """
        SELECT c.slot, encode(v.key, 'hex') AS validator, c.duty_type_id, c.block_index, encode(c.message_hash, 'hex') AS hash, n.name,
               (SELECT array_agg(p.name ORDER BY u.place) FROM unnest(c.previous_node_ids) WITH ORDINALITY AS u (id, place)
                  JOIN slashguard.node AS p ON p.id = u.id) AS previous,
               c.answers, c.request_id, c.request_role IS NOT NULL AS role, c.block_number, c.checkpoint_number, c.source_epoch,
               encode(c.signature, 'hex') AS signature, c.attestation, c.secret IS NOT NULL AS held, c.imported_at IS NOT NULL AS imported,
               c.released_at IS NOT NULL AS released, c.signed_at IS NOT NULL AS signed, c.lease_until > c.granted_at AS leased
          FROM slashguard.claim AS c JOIN slashguard.validator AS v ON v.id = c.validator_id
          LEFT JOIN slashguard.node AS n ON n.id = c.node_id
         WHERE c.chain_id = %(id)s ORDER BY 1, 2, 3, 4""",
    "refusals": """
        SELECT encode(validator, 'hex') AS validator, slot, source_epoch, duty_type_id, block_index, encode(message_hash, 'hex') AS hash,
               node, outcome, reason, count
          FROM slashguard.refusal WHERE chain_id = %(id)s ORDER BY 1, 2, 3, 4, 5, 6, 7, 8""",
    "counters": """
        SELECT k.duty_type_id, coalesce(n.name, '') AS node, k.event, sum(k.count)::bigint AS count
          FROM slashguard.counter AS k LEFT JOIN slashguard.node AS n ON n.id = k.node_id
         WHERE k.chain_id = %(id)s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
    "tombstones": f"""
        SELECT t.slot, encode(v.key, 'hex') AS validator, t.duty_type_id, t.block_index, encode(t.message_hash, 'hex') AS hash, n.name, t.cause
          FROM slashguard.tombstone AS t JOIN slashguard.validator AS v ON v.id = t.validator_id LEFT JOIN slashguard.node AS n ON n.id = t.node_id
         WHERE t.chain_id = %(id)s AND t.cause <> '{WITHDRAWN}' ORDER BY 1, 2, 3, 4, 5""",
    "validators": """
        SELECT encode(key, 'hex') AS validator, first_use_slot, declared_new_at IS NOT NULL AS new, low_watermark, low_source_epoch,
               history_block_slot, history_source_epoch, history_target_epoch, votes_may_surround, high_watermark, frozen_at IS NOT NULL AS frozen
          FROM slashguard.validator WHERE chain_id = %(id)s ORDER BY 1""",
    "nodes": "SELECT name FROM slashguard.node WHERE name LIKE %(name)s || '-%%' ORDER BY 1",
    "chain": """
        SELECT low_watermark, low_source_epoch, high_watermark, cleaned_slot, quarantine_slot, frozen_at IS NOT NULL AS frozen,
               retired_at IS NOT NULL AS retired, validator_bounds_version
          FROM slashguard.chain WHERE id = %(id)s""",
    "audit": "SELECT action, count(*) FROM slashguard.audit_entry WHERE chain = %(name)s GROUP BY 1 ORDER BY 1",
}


def tables(twin, chain):
    row = twin.operator.execute("SELECT id FROM slashguard.chain WHERE name = %s", (chain,)).fetchone()
    values = {"id": row["id"], "name": chain}
    return {name: [{key: timeless(value) for key, value in line.items()} for line in twin.operator.execute(query, values).fetchall()]
            for name, query in TABLES.items()}
