-- Bad input to what operators call: chains, their options, declare_new, cleanup.

SELECT slashguard.register_chain('bad chain', 'aztec', '1:0x00000000000000000000000000000000000badca', '2020-01-01 00:00+00', '12 s',
                                 '{}');
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
CREATE FUNCTION pg_temp.registration(argument text, value text) RETURNS text LANGUAGE sql AS $$
    SELECT 'SELECT slashguard.register_chain('
           || string_agg(name || ' => ' || CASE WHEN name = argument THEN value ELSE good END, ', ') || ')'
      FROM (VALUES ('chain', quote_literal('never registered')), ('rules', quote_literal('aztec')),
                   ('identity', quote_literal('1:0x' || repeat('cc', 20))), ('genesis_time', quote_literal('2020-01-01 00:00+00')),
                   ('slot_duration', quote_literal('12 s')), ('options', quote_literal('{}'))) AS arguments (name, good) $$;
SELECT pg_temp.record() AS before \gset

\pset format unaligned
SELECT argument, coalesce(described, value) AS given, r.*
  FROM (VALUES
        ('chain', 'NULL', NULL), ('rules', 'NULL', NULL), ('identity', 'NULL', NULL), ('genesis_time', 'NULL', NULL),
        ('slot_duration', 'NULL', NULL), ('options', 'NULL', NULL),
        ('chain', quote_literal(''), NULL), ('chain', quote_literal(repeat('c', 101)), '101 bytes'), ('chain', quote_literal(E'a\nb'), 'a line break in it'),
        ('rules', quote_literal('cometbft'), NULL), ('rules', quote_literal('Aztec'), NULL),
        ('identity', quote_literal(''), NULL), ('identity', quote_literal('0x' || repeat('cc', 20)), 'without an L1 chain id'),
        ('identity', quote_literal('x:0x' || repeat('cc', 20)), NULL), ('identity', quote_literal('-1:0x' || repeat('cc', 20)), NULL),
        ('identity', quote_literal('+1:0x' || repeat('cc', 20)), NULL), ('identity', quote_literal('01:0x' || repeat('cc', 20)), NULL),
        ('identity', quote_literal('1:0x' || repeat('cc', 19)), '19 bytes'), ('identity', quote_literal('1:' || repeat('cc', 20)), 'without 0x'),
        ('identity', quote_literal('1:0x' || repeat('cc', 20) || ':'), NULL),
        ('genesis_time', quote_literal('infinity'), NULL), ('genesis_time', quote_literal('-infinity'), NULL),
        ('slot_duration', quote_literal('0'), NULL), ('slot_duration', quote_literal('-1 s'), NULL), ('slot_duration', quote_literal('1 month'), NULL),
        ('slot_duration', quote_literal('178000000 years'), NULL),
        ('options', quote_literal('[]'), NULL), ('options', quote_literal('null'), NULL), ('options', quote_literal('"trust"'), NULL),
        ('options', quote_literal('{"horizon": 2}'), NULL), ('options', quote_literal('{"first_use": "maybe"}'), NULL),
        ('options', quote_literal('{"horizon_slots": -1}'), NULL), ('options', quote_literal('{"horizon_slots": 1.5}'), NULL),
        ('options', quote_literal('{"margin_slots": null}'), NULL), ('options', quote_literal('{"margin_slots": 2147483648}'), NULL),
        ('options', quote_literal('{"allow_unsigned_release": "yes"}'), NULL), ('options', quote_literal('{"record_commit": "sometimes"}'), NULL),
        ('options', quote_literal('{"retention": "-1 day"}'), NULL), ('options', quote_literal('{"retention": "1 month"}'), NULL), ('options', quote_literal('{"retention": 14}'), NULL),
        ('options', quote_literal('{"retention": "soon"}'), NULL),
        ('options', quote_literal('{"signature_scheme": "rsa"}'), NULL), ('options', quote_literal('{"require_standby": null}'), NULL),
        ('options', quote_literal('{"signature_scheme": "bls12_381"}'), NULL), ('options', quote_literal('{"require_standby": "yes"}'), NULL)
       ) AS bad (argument, value, described)
 CROSS JOIN LATERAL pg_temp.refusal(pg_temp.registration(argument, value)) AS r;

SELECT statement, r.*
  FROM (VALUES
        ($$set_chain_option(NULL, 'margin_slots', '1')$$), ($$set_chain_option('bad chain', NULL, '1')$$),
        ($$set_chain_option('bad chain', 'margin', '1')$$), ($$set_chain_option('bad chain', 'margin_slots', NULL)$$),
        ($$set_chain_option('bad chain', 'first_use', '"sometimes"')$$), ($$set_chain_option('bad chain', 'require_standby', '1')$$),
        ($$declare_new(NULL, '{}')$$), ($$declare_new('bad chain', NULL)$$), ($$declare_new('bad chain', ARRAY[NULL])$$),
        ($$declare_new('bad chain', ARRAY['0x' || repeat('11', 20), '0x11'])$$), ($$declare_new('bad chain', ARRAY['0x' || repeat('11', 32)])$$),
        ($$declare_new('bad chain', ARRAY[repeat('11', 20)])$$),
        ($$retire_chain(NULL)$$),
        ($$cleanup_stuck_duties('-1 s')$$), ($$cleanup_stuck_duties('1 month')$$),
        ($$cleanup_old_duties('-1 s')$$), ($$cleanup_old_duties('1 year')$$), ($$cleanup_old_duties(batch_size => NULL)$$),
        ($$cleanup_old_duties(batch_size => 0)$$), ($$cleanup_old_duties(batch_size => -1)$$), ($$cleanup_old_duties(batch_size => 1000001)$$),
        ($$schedule_maintenance(NULL)$$)
       ) AS bad (statement)
 CROSS JOIN LATERAL pg_temp.refusal('SELECT slashguard.' || statement) AS r;

-- An unknown chain, wherever one is named; the hint names those that there are, and other tests have theirs.
SELECT statement, code, message, detail, hint LIKE 'Registered chains: %bad chain%.' AS hint_names_chains
  FROM (VALUES ($$set_chain_option('bad one', 'margin_slots', '1')$$), ($$declare_new('bad one', '{}')$$),
               ($$retire_chain('bad one')$$), ($$cleanup_old_duties(chain => 'bad one')$$)) AS bad (statement)
 CROSS JOIN LATERAL pg_temp.refusal('SELECT slashguard.' || statement);
\pset format aligned

SELECT pg_temp.record() = :'before' AS nothing_changed;

-- The bounds themselves are good.
SELECT message FROM pg_temp.refusal(pg_temp.registration('chain', quote_literal(repeat('c', 100))));
SELECT slashguard.declare_new('bad chain', '{}');
