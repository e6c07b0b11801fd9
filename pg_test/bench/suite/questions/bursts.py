"""How long does a burst take: the attestations of a whole slot in one call, and a committee's from three nodes at once."""

import re
import statistics

import duties
import server
from answer import Answer, Chart, Table, Target
from figures import count, decimals, percentile
from load import drive
from server import Failed
from terminal import at

NAME = "bursts"
TITLE = "bursts"

_DATABASE, _COMMITTEE_DATABASE = "bench_bursts", "bench_committee"
# A slot's part of a million validators.
_SIZE = 31_250
_EPOCH = 125
_MOST_MS = 400
_NEEDS = "A call is one processor's work. It needs one that is twice as fast, or shards that share the validators."
_NODES, _COMMITTEE, _MOST_COMMITTEE_MS = 3, 48, 5

# Spread over all of them, as the validators of a slot are. The last epoch's votes are there.
_HISTORY = (
    """SELECT slashguard.register_chain('burst', 'ethereum', '0x' || repeat('0b', 32), now() - interval '4000.2 hours', '1 hour',
                                        '{{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}}')""",
    """INSERT INTO slashguard.validator (chain_id, key, first_seen)
       SELECT c.id, sha256(n::text::bytea) || substr(sha256((-n)::text::bytea), 1, 16), now()
         FROM slashguard.chain AS c, generate_series(1, {validators}) AS n WHERE c.name = 'burst'""",
    "INSERT INTO slashguard.node (name) VALUES ('node-0')",
    """INSERT INTO slashguard.claim (slot, granted_at, lease_until, signed_at, source_epoch, chain_id, validator_id, block_index, node_id,
                                     duty_type_id, secret, message_hash, signature)
       SELECT {epoch} * 32 - 32, now(), now(), now(), {epoch} - 2, v.chain_id, v.id, -1, n.id, 2, gen_random_uuid(),
              decode(repeat('0a', 32), 'hex'), decode(repeat('51', 96), 'hex')
         FROM slashguard.validator AS v, slashguard.node AS n WHERE n.name = 'node-0'""",
    "VACUUM ANALYZE slashguard.claim, slashguard.validator",
)

_BURST = """
SELECT array_agg('0x' || encode(v.key, 'hex')) AS validators, array_agg({epoch} - 1) AS sources, array_agg({epoch}) AS targets,
       array_agg('0x' || repeat('01', 32)) AS roots, array_agg('0x' || repeat('51', 96)) AS signatures
  FROM (SELECT key FROM slashguard.validator ORDER BY (id::bigint * 611953) % 1000003 OFFSET {size} * {round} LIMIT {size}) AS v \\gset
CHECKPOINT;
\\timing on
CALL slashguard.acquire_attestations('burst', :'validators', :'sources', :'targets', :'roots', 'node-1') \\gset
\\timing off
SELECT array_agg(a.lock_token) AS tokens, count(*) FILTER (WHERE a.outcome = 'acquired') AS acquired
  FROM unnest(:'answers'::slashguard.acquisition[]) AS a \\gset
\\timing on
CALL slashguard.record_signatures(:'tokens', :'signatures') \\gset
\\timing off
SELECT :acquired, count(r.recorded_at) FROM unnest(:'answers'::slashguard.recording[]) AS r;
"""


def ask(plan):
    at(f"{TITLE}: {count(plan.burst_validators)} validators, each with a vote")
    server.fresh_database(_DATABASE, extension=True)
    for statement in _HISTORY:
        server.ask(_DATABASE, statement.format(validators=plan.burst_validators, epoch=_EPOCH))
    claims, records = [], []
    # The first one warms up the server's buffers.
    for round_number in range(plan.rounds + 1):
        at(f"{TITLE}: burst {round_number} of {plan.rounds}")
        claimed, recorded = _burst(round_number)
        if round_number:
            claims.append(claimed)
            records.append(recorded)
    server.drop_database(_DATABASE)
    claim, record = statistics.median(claims), statistics.median(records)
    waits = _committee(plan)
    half, most = percentile(waits, 0.5), percentile(waits, 0.99)
    who = f"{count(_SIZE)} attestations in one call on top of {count(plan.burst_validators)} validators with history"
    return Answer(
        tables=[
            Table(
                f"{count(_SIZE)} attestations in one call, {count(plan.burst_validators)} validators, median of {plan.rounds}:",
                ["", "ms, from psql"],
                [["claimed, durably", decimals(claim, 0)], ["signatures recorded", decimals(record, 0)]],
            ),
            Table(
                f"{_COMMITTEE} attestations in one call, {_NODES} nodes at once for the same ones, {plan.committee_slots} slots:",
                ["", "median ms", "p99 ms"],
                [["until a node is answered", decimals(half), decimals(most)]],
            ),
        ],
        charts=[Chart(NAME, f"{count(_SIZE)} attestations in one call", "ms", [("burst", [("claimed", claim), ("recorded", record)])])],
        targets=[
            Target(f"{who}: durable in {_MOST_MS} ms", f"{decimals(claim, 0)} ms", claim <= _MOST_MS, _NEEDS),
            Target(f"their signatures recorded in {_MOST_MS} ms", f"{decimals(record, 0)} ms", record <= _MOST_MS, _NEEDS),
            Target(
                f"{_COMMITTEE} attestations from {_NODES} nodes at once: an answer in {_MOST_COMMITTEE_MS} ms at the median",
                f"{decimals(half)} ms",
                half <= _MOST_COMMITTEE_MS,
            ),
        ],
        figures={"claimed_ms": claims, "recorded_ms": records, "committee_ms": waits},
    )


def _burst(round_number):
    said = server.psql(_DATABASE, stdin=_BURST.format(epoch=_EPOCH, size=_SIZE, round=round_number))
    times = [float(time) for time in re.findall(r"^Time: ([\d.]+) ms", said, re.M)]
    if len(times) != 2 or said.splitlines()[-1] != f"{_SIZE}|{_SIZE}":
        raise Failed(f"a burst was not granted and recorded as a whole:\n{said[-1000:]}")
    return times


def _committee(plan):
    server.fresh_database(_COMMITTEE_DATABASE, extension=True)
    duties.register_aztec_chain(server, _COMMITTEE_DATABASE)
    variables = {
        **duties.next_variables(),
        "validators": "{" + ",".join(f"0x{number:040x}" for number in range(_COMMITTEE)) + "}",
        "hashes": "{" + ",".join([duties.VARIABLES["hash"]] * _COMMITTEE) + "}",
    }
    at(f"{TITLE}: {_NODES} nodes ask for {plan.committee_slots} slots")
    run = drive(_COMMITTEE_DATABASE, "committee", _NODES, None, variables, latencies=True, fixed=_NODES * plan.committee_slots)
    granted = server.ask_number(_COMMITTEE_DATABASE, "SELECT count(*) FROM slashguard.claim WHERE answers = 1")
    if run.cycles != _NODES * plan.committee_slots or granted != _COMMITTEE * plan.committee_slots:
        raise Failed(f"{run.cycles} calls for {plan.committee_slots} slots, and {granted} duties were granted once")
    return run.latencies
