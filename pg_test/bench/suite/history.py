"""Old duties in bulk, straight into the table: signing them one by one would take hours."""

import server
from figures import count
from terminal import at

_BATCH = 1_000_000
VALIDATORS = 48

# As a cycle of the load leaves them, of the validators and the node that it has made known.
_INSERT = """
INSERT INTO slashguard.claim (slot, granted_at, lease_until, signed_at, block_number, chain_id, validator_id, block_index, node_id,
                              duty_type_id, secret, message_hash, signature)
SELECT {first_slot} + n / {validators}, now() - interval '1 h', now() - interval '1 h', now() - interval '1 h',
       {first_slot} + n / {validators}, k.chain_id, k.ids[1 + n % {validators}], -1, k.node_id, 3, gen_random_uuid(),
       decode(repeat('ab', 32), 'hex'), decode(repeat('3c', 64) || '1b', 'hex')
  FROM (SELECT c.id AS chain_id, array_agg(v.id) AS ids, (SELECT min(id) FROM slashguard.node) AS node_id
          FROM slashguard.chain AS c JOIN slashguard.validator AS v ON v.chain_id = c.id WHERE c.name = 'bench' GROUP BY c.id) AS k,
       generate_series({from_row}::bigint, {to_row} - 1) AS n
"""


def fill(database, rows, first_slot, title):
    """`rows` signed duties from `first_slot` on. Answers the last slot."""
    for from_row in range(0, rows, _BATCH):
        at(f"{title}: history, {count(from_row)} of {count(rows)} rows")
        to_row = min(rows, from_row + _BATCH)
        server.ask(database, _INSERT.format(first_slot=first_slot, validators=VALIDATORS, from_row=from_row, to_row=to_row))
    return first_slot + (rows - 1) // VALIDATORS
