"""Prints pg_test/regress/signed_messages.psql: fixed messages for the tests that have no eth-account."""

from messages import Sequencer

LAST = 2**63 - 1
first, second = Sequencer("sequencer"), Sequencer("another sequencer")

rows = [("first", sequence, 1700000000 + sequence, f"a {sequence}") for sequence in range(10, 40)]
rows += [("first", sequence, 1700000000 + sequence, f"b {sequence}") for sequence in range(10, 20)]
# More payloads for one sequence than are kept.
rows += [("first", 100, 1700000100, f"{place} of 20") for place in range(20)]
# The same payload at another time.
rows += [("first", 10, 1700009999, "a 10")]
rows += [("first", 0, 0, ""), ("first", LAST, LAST, "the last one"), ("first", LAST - 1, 253402300799, "a time")]
rows += [("second", sequence, 1800000000 + sequence, f"a {sequence}") for sequence in (10, 41)]
rows += [("second", 10, 1800000010, "b 10")]


def literal(row):
    name, sequence, timestamp, payload = row
    signature = {"first": first, "second": second}[name].signature(sequence, timestamp, payload.encode())
    return f"    ('{name}', {sequence}, {timestamp}, '{payload}',\n     '{signature}')"


values = ",\n".join(map(literal, rows))
print(f"""\
-- Messages of two sequencers, signed with eth-account. Made by pg_test/sequencer/vectors.py, and compared with it by
-- pg_test/sequencer/run.
\\set first_key '{first.public_key}'
\\set second_key '{second.public_key}'
CREATE TABLE sequencer (name text, address text);
INSERT INTO sequencer VALUES ('first', '{first.address}'), ('second', '{second.address}');
CREATE TABLE signed (sequencer text, sequence bigint, unix_seconds bigint, payload text, signature text);
INSERT INTO signed VALUES
{values};
CREATE FUNCTION message(of_sequencer text, of_sequence bigint, of_payload text, at bigint DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object(
        'sequence', m.sequence, 'timestamp', m.unix_seconds, 'message_type', jsonb_build_object('type', 'changeset'),
        'payload', encode(convert_to(m.payload, 'UTF8'), 'base64'),
        'message_hash', slashguard.keccak256('0x' || encode(convert_to(m.payload, 'UTF8'), 'hex')),
        'signature', m.signature, 'signer', s.address)
      FROM signed AS m JOIN sequencer AS s ON s.name = m.sequencer
     WHERE m.sequencer = of_sequencer AND m.sequence = of_sequence AND m.payload = of_payload
       AND m.unix_seconds = coalesce(at, m.unix_seconds)
     ORDER BY m.unix_seconds LIMIT 1 $$;""")
