-- What a sequencer's signature vouches for. The messages were signed with eth-account.
\getenv folder PG_ABS_SRCDIR
\set file :folder '/signed_messages.psql'
\set ECHO none
\i :file
\set ECHO all
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION pg_temp.refusal(message jsonb, public_key text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text;
    message_text text;
    detail text;
    hint text;
BEGIN
    RETURN slashguard.verify_signed_message(message, public_key);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message_text = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws('|', code, message_text, detail, hint);
END $$;

\pset format aligned
\pset tuples_only off
\x on
SELECT * FROM slashguard.verify_signed_message(message('first', 10, 'a 10'), :'first_key');
SELECT * FROM slashguard.verify_signed_message(message('first', 0, ''), :'first_key');
SELECT * FROM slashguard.verify_signed_message(message('first', 9223372036854775807, 'the last one'), :'first_key');
\x off
-- The digest is what it is documented to be.
SELECT bool_and(v.digest = slashguard.keccak256('0x' || encode(int8send(m.sequence) || int8send(m.unix_seconds), 'hex')
                                                || substr(slashguard.keccak256('0x' || encode(m.payload::bytea, 'hex')), 3))) AS same, count(*)
  FROM signed AS m, slashguard.verify_signed_message(message(m.sequencer, m.sequence, m.payload, m.unix_seconds), :'first_key') AS v
 WHERE m.sequencer = 'first';
-- The key: a public key or an address.
\pset format unaligned
\pset tuples_only on
SELECT v = slashguard.verify_signed_message(m, :'first_key') AS same
  FROM message('first', 10, 'a 10') AS m, sequencer AS s,
       unnest(ARRAY['0x' || :'first_key', '0x04' || :'first_key', upper(:'first_key'), s.address, lower(s.address), substr(s.address, 3)]) AS key,
       slashguard.verify_signed_message(m, key) AS v
 WHERE s.name = 'first';
SELECT pg_temp.refusal(message('first', 10, 'a 10'), key)
  FROM unnest(ARRAY['', '0x', 'key', left(:'first_key', 64), :'first_key' || '00', '02' || left(:'first_key', 64), repeat('00', 64), NULL]) AS key;
SELECT pg_temp.refusal(NULL, :'first_key');

-- Every spelling of a field.
CREATE FUNCTION pg_temp.changed(field text, value jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT left(value::text, 40) || ': ' || CASE WHEN answer LIKE '(%' THEN 'verifies' ELSE answer END
      FROM pg_temp.refusal(jsonb_set(message('first', 10, 'a 10'), ARRAY[field], value), (SELECT address FROM sequencer WHERE name = 'first')) AS answer $$;
SELECT pg_temp.changed('sequence', value::jsonb) FROM unnest(ARRAY['10', '10.0', '1e1', '"10"', '"010"', '100e-1']) AS value;
SELECT pg_temp.changed('sequence', value::jsonb)
  FROM unnest(ARRAY['11', '-10', '10.5', '9223372036854775808', '18446744073709551615', '1e400', '"1e1"', '"10 "', '""', 'null', 'true', '[10]', '{}']) AS value;
SELECT pg_temp.changed('timestamp', value::jsonb) FROM unnest(ARRAY['1700000010', '"1700000010"', '1.70000001e9', '1700000011', '-1', '1e30', 'null']) AS value;
SELECT pg_temp.changed('message_type', value::jsonb)
  FROM unnest(ARRAY['"withdrawal"', '{"type": "snapshot"}', '{"type": "of tomorrow", "more": {"a": [1]}}', '""', 'null', '1', '[]', '{}', '{"type": 1}', '{"Type": "changeset"}',
                    to_jsonb(repeat('a', 100))::text, to_jsonb(repeat('a', 101))::text]) AS value;
SELECT pg_temp.changed('payload', value::jsonb)
  FROM unnest(ARRAY['"YSAxMA=="', '"0x61203130"', '"0X61203130"', '"YSAxMA"', '"YSAxMB=="', '"YSAx\nMA=="', '"YSAxMQ=="', '"0x6120313"', '"0x"', '""', '"-_=="', 'null', '1']) AS value;
SELECT pg_temp.changed('message_hash', value::jsonb) FROM unnest(ARRAY['"0x"', '"0x00"', 'null', '"message"']) AS value;
SELECT pg_temp.changed('message_hash', to_jsonb('0x' || repeat('00', 32)));
SELECT pg_temp.changed('signature', value::jsonb) FROM unnest(ARRAY['"0x"', 'null', '1']) AS value;
SELECT pg_temp.changed('signature', to_jsonb('0x' || repeat('00', 65)));
SELECT pg_temp.changed('signature', to_jsonb(left(signature, -2) || v)) FROM signed, unnest(ARRAY['00', '01', '02', '1b', '1c', '25']) AS v
 WHERE sequencer = 'first' AND sequence = 10 AND payload = 'a 10' AND unix_seconds = 1700000010;
SELECT pg_temp.changed('signature', to_jsonb(signature)) FROM signed WHERE sequencer = 'second' AND sequence = 10 AND payload = 'a 10';
SELECT pg_temp.changed('signer', value) FROM sequencer, unnest(ARRAY[to_jsonb(address), to_jsonb(lower(address)), to_jsonb(replace(lower(address), 'a', 'A'))]) AS value
 ORDER BY name, value::text COLLATE "C";
SELECT pg_temp.changed('signer', value::jsonb) FROM unnest(ARRAY['"0x"', 'null', '{}']) AS value;
SELECT pg_temp.changed('signer', to_jsonb('0x' || :'first_key'));
SELECT pg_temp.changed('signer', to_jsonb('0x' || :'second_key'));
SELECT pg_temp.changed('another', '{"member": [[]]}');
SELECT pg_temp.refusal(message('first', 10, 'a 10') - field, :'first_key')
  FROM unnest(ARRAY['sequence', 'timestamp', 'message_type', 'payload', 'message_hash', 'signature', 'signer']) AS field;
SELECT pg_temp.refusal(message, :'first_key') FROM unnest(ARRAY['{}', '[]', 'null', '1', '"message"']::jsonb[]) AS message;
-- A whole message of somebody else's, and the right one under the wrong key.
SELECT pg_temp.refusal(message('second', 10, 'a 10'), :'first_key');
SELECT pg_temp.refusal(message('first', 10, 'a 10'), :'second_key');
SELECT pg_temp.refusal(jsonb_set(message('second', 10, 'a 10'), '{signer}', to_jsonb(address)), address) FROM sequencer WHERE name = 'first';

-- Deep JSON, and names that come twice: jsonb keeps the last.
SELECT pg_temp.changed('deep', (repeat('[', 5000) || repeat(']', 5000))::jsonb);
SELECT pg_temp.changed('message_type', (repeat('[', 5000) || repeat(']', 5000))::jsonb);
SELECT pg_temp.changed('sequence', (repeat('{"sequence":', 5000) || '10' || repeat('}', 5000))::jsonb);
SELECT (slashguard.verify_signed_message((left(message('first', 10, 'a 10')::text, -1) || ', "sequence": 11, "sequence": 10}')::jsonb, :'first_key')).sequence;
-- A payload that is one byte too long, in base64 and in hex; the longest gets to its hash.
SELECT pg_temp.changed('payload', to_jsonb(translate(encode(payload, 'base64'), E'\n', '')))
  FROM convert_to(repeat('a', 16777217), 'UTF8') AS payload;
SELECT pg_temp.changed('payload', to_jsonb('0x' || repeat('61', 16777217)));
SELECT pg_temp.changed('payload', to_jsonb('0x' || repeat('61', 16777216)));
SELECT pg_temp.changed('payload', to_jsonb(repeat('a', 100000000)));

-- Immutable: a CHECK may rest on it.
CREATE TABLE checked (message jsonb CHECK ((slashguard.verify_signed_message(message, '0x7e5f4552091a69125d5dfcb7b8c2659029395bdf')).sequence > 0));
DROP TABLE checked, signed, sequencer;
DROP FUNCTION message;
