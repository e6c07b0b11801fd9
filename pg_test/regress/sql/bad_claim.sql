-- Bad input to a claim: the standard code, the argument's name in DETAIL, the mend in HINT, and nothing is changed.

SELECT slashguard.register_chain('bad claim', 'aztec', '1:0x000000000000000000000000000000000000badc', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "horizon_slots": null}');
-- How a statement is refused. It runs inside a function, which a claim would not stand otherwise.
SET slashguard.allow_transaction_blocks = on;
CREATE FUNCTION pg_temp.refusal(statement text, OUT code text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    message := 'NOT REFUSED';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
-- Everything that is on record, in one number.
CREATE FUNCTION pg_temp.record() RETURNS text LANGUAGE sql AS $$
    SELECT md5(string_agg(query_to_xml('TABLE ' || oid::regclass, true, false, '')::text, '' ORDER BY relname))
      FROM pg_class WHERE relnamespace = 'slashguard'::regnamespace AND relkind = 'r' $$;
-- A good claim with one argument replaced, in both forms.
CREATE FUNCTION pg_temp.claim(function text, argument text, value text) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT slashguard.%I(', function)
           || string_agg(name || ' => ' || CASE WHEN name = argument THEN value ELSE good END, ', ') || ')'
      FROM (VALUES ('chain', quote_literal('bad claim')),
                   ('validator', quote_literal('0x' || repeat('11', 20))),
                   ('slot', '7'),
                   ('duty_type', quote_literal('ATTESTATION')),
                   ('message_hash', quote_literal('0x' || repeat('aa', 32))),
                   ('node_id', quote_literal('node-a')),
                   ('block_index', '-1'), ('block_number', 'NULL'), ('checkpoint_number', 'NULL'), ('lease_ms', '3000'),
                   ('request_id', 'NULL'), ('wait_ms', '0'), ('seen_position', 'NULL')) AS arguments (name, good) $$;
SELECT pg_temp.record() AS before \gset

-- `strict` says whether acquire_duty says just the same.
\pset format unaligned
SELECT argument, shown, r.*, r = s AS strict
  FROM (VALUES
        ('chain', 'NULL', NULL), ('validator', 'NULL', NULL), ('slot', 'NULL', NULL), ('duty_type', 'NULL', NULL),
        ('message_hash', 'NULL', NULL), ('node_id', 'NULL', NULL), ('block_index', 'NULL', NULL), ('lease_ms', 'NULL', NULL), ('wait_ms', 'NULL', NULL),
        ('validator', quote_literal('0x' || repeat('11', 19) || '1'), 'odd number of digits'),
        ('validator', quote_literal('0x' || repeat('11', 19)), '19 bytes'),
        ('validator', quote_literal('0x' || repeat('11', 21)), '21 bytes'),
        ('validator', quote_literal('0x' || repeat('11', 32)), 'a 32-byte public key'),
        ('validator', quote_literal('0x' || repeat('11', 48)), 'a 48-byte public key'),
        ('validator', quote_literal(repeat('11', 20)), 'without 0x'),
        ('validator', quote_literal('0x' || repeat('11', 19) || '1g'), 'a g in it'),
        ('validator', quote_literal(' 0x' || repeat('11', 20)), 'a space before'),
        ('validator', quote_literal('0x' || repeat('11', 20) || ' '), 'a space after'),
        ('validator', quote_literal('0x' || repeat('é', 40)), 'letters of two bytes'),
        ('validator', quote_literal('0x'), NULL), ('validator', quote_literal(''), NULL),
        ('message_hash', quote_literal('0x' || repeat('aa', 31) || 'a'), 'odd number of digits'),
        ('message_hash', quote_literal('0x' || repeat('aa', 31)), '31 bytes'),
        ('message_hash', quote_literal('0x' || repeat('aa', 33)), '33 bytes'),
        ('message_hash', quote_literal(repeat('aa', 32)), 'without 0x'),
        ('message_hash', quote_literal('0x' || repeat('az', 32)), 'a z in it'),
        ('message_hash', quote_literal('0x'), NULL), ('message_hash', quote_literal(''), NULL),
        ('slot', '-1', NULL), ('slot', '-9223372036854775808', NULL),
        ('block_number', '-1', NULL), ('checkpoint_number', '-1', NULL),
        ('block_index', '0', NULL), ('block_index', '-2', NULL),
        ('node_id', quote_literal(''), NULL), ('node_id', quote_literal(repeat('n', 256)), '256 bytes'),
        ('node_id', quote_literal(repeat('é', 128)), '256 bytes, 128 letters'),
        ('node_id', quote_literal(E'node\na'), 'a line break in it'), ('node_id', quote_literal(E'node\ta'), 'a tab in it'),
        ('node_id', quote_literal(E'node\u007fa'), 'a delete in it'), ('node_id', quote_literal(E'node\u0085a'), 'a C1 control in it'),
        ('lease_ms', '-1', NULL), ('lease_ms', '0', NULL), ('lease_ms', '86400001', NULL), ('lease_ms', '-2147483648', NULL),
        ('wait_ms', '-1', NULL), ('wait_ms', '86400001', NULL),
        ('seen_position', quote_literal('p'), NULL),
        ('duty_type', quote_literal('NO_SUCH_DUTY'), NULL), ('duty_type', quote_literal(''), NULL)
       ) AS bad (argument, value, described)
 CROSS JOIN LATERAL coalesce(described, value) AS shown
 CROSS JOIN LATERAL pg_temp.refusal(pg_temp.claim('try_acquire_duty', argument, value)) AS r
 CROSS JOIN LATERAL pg_temp.refusal(pg_temp.claim('acquire_duty', argument, value)) AS s;
\pset format aligned

-- An unknown chain is told which there are. Other tests have registered theirs, so only this one is looked for.
SELECT code, message, detail, hint LIKE 'Registered chains: %bad claim%.' AS hint_names_chains
  FROM pg_temp.refusal(pg_temp.claim('try_acquire_duty', 'chain', quote_literal('bad chain')));

-- Types are Postgres' own business. A slot above 2^63-1 does not even fit the argument.
SELECT code, message FROM pg_temp.refusal(pg_temp.claim('try_acquire_duty', 'slot', quote_literal('9223372036854775808')));
SELECT code FROM pg_temp.refusal(pg_temp.claim('try_acquire_duty', 'slot', '9223372036854775808'));
SELECT code, message FROM pg_temp.refusal(pg_temp.claim('try_acquire_duty', 'request_id', quote_literal('not a uuid')));

SELECT pg_temp.record() = :'before' AS nothing_changed;

-- The bounds themselves are good.
SELECT argument, shown, message
  FROM (VALUES
        ('node_id', quote_literal(repeat('n', 255)), '255 bytes'), ('node_id', quote_literal('nœud 1'), NULL),
        ('lease_ms', '1', NULL), ('lease_ms', '86400000', NULL), ('slot', '0', NULL),
        ('validator', quote_literal('0X' || repeat('AB', 20)), 'capital letters, the X too'),
        ('message_hash', quote_literal('0X' || repeat('AA', 32)), 'capital letters, the X too')
       ) AS good (argument, value, described)
 CROSS JOIN LATERAL coalesce(described, value) AS shown
 CROSS JOIN LATERAL pg_temp.refusal(pg_temp.claim('try_acquire_duty', argument, value));

-- In a statement of its own the same reaches the client.
RESET slashguard.allow_transaction_blocks;
SELECT * FROM slashguard.try_acquire_duty('bad claim', NULL, 7, 'ATTESTATION', '0x' || repeat('aa', 32), 'node-a');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM slashguard.acquire_duty('bad claim', '0x11', 7, 'ATTESTATION', '0x' || repeat('aa', 32), 'node-a');
\echo :LAST_ERROR_SQLSTATE
