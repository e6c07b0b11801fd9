-- Bad input to the functions of Ethereum chains: the code, the argument and the mend.
\pset format unaligned
\pset tuples_only on
SELECT slashguard.register_chain('bad vote', 'ethereum', '0x' || repeat('e5', 32), '2020-01-01 00:00+00', '12 s',
    '{"first_use": "trust"}');
CREATE FUNCTION pg_temp.refusal(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text;
    message text;
    detail text;
    hint text;
    outcome text;
BEGIN
    SET LOCAL slashguard.allow_transaction_blocks = on;
    EXECUTE 'SELECT (slashguard.' || call || ').outcome' INTO outcome;
    RETURN outcome;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws('|', code, message, detail, hint);
END $$;
CREATE FUNCTION pg_temp.vote(chain text = '''bad vote''', validator text = '''0x' || repeat('b5', 48) || '''', source text = '1', target text = '2',
    root text = '''0x' || repeat('01', 32) || '''', node text = '''node-a''') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('try_acquire_attestation(%s, %s, %s, %s, %s, %s)', chain, validator, source, target, root, node)) $$;

SELECT pg_temp.vote();
SELECT pg_temp.vote(chain => 'NULL');
SELECT pg_temp.vote(validator => 'NULL');
SELECT pg_temp.vote(source => 'NULL');
SELECT pg_temp.vote(target => 'NULL');
SELECT pg_temp.vote(root => 'NULL');
SELECT pg_temp.vote(node => 'NULL');
SELECT pg_temp.vote(validator => quote_literal('0x' || repeat('b5', 47)));
SELECT pg_temp.vote(validator => quote_literal('0x' || repeat('b5', 20)));
SELECT pg_temp.vote(validator => quote_literal('0x' || repeat('b5', 49)));
SELECT pg_temp.vote(validator => quote_literal(repeat('b5', 48)));
SELECT pg_temp.vote(source => '3');
SELECT pg_temp.vote(source => '-1');
SELECT pg_temp.vote(source => '-2', target => '-1');
SELECT pg_temp.vote(target => '9223372036854775807');
SELECT pg_temp.vote(target => '9223372036854775808');
SELECT pg_temp.vote(target => '288230376151711743');
SELECT pg_temp.vote(target => '288230376151711742');
SELECT pg_temp.vote(source => '''1''', target => '2.5');
SELECT pg_temp.vote(root => quote_literal('0x' || repeat('01', 31)));
SELECT pg_temp.vote(root => quote_literal('0x' || repeat('zz', 32)));
SELECT pg_temp.vote(node => '''''');
SELECT pg_temp.refusal($$try_acquire_attestation('bad vote', '0x$$ || repeat('b5', 48) || $$', 5, 6, '0x$$ || repeat('01', 32) || $$', 'node-a', lease_ms => 0)$$);
SELECT pg_temp.refusal($$try_acquire_attestation('bad vote', '0x$$ || repeat('b5', 48) || $$', 5, 6, '0x$$ || repeat('01', 32) || $$', 'node-a', wait_ms => -1)$$);
SELECT pg_temp.refusal($$try_acquire_attestation('bad vote', '0x$$ || repeat('b5', 48) || $$', 5, 6, '0x$$ || repeat('01', 32) || $$', 'node-a', seen_position => 'x')$$);
SELECT pg_temp.refusal($$try_acquire_block('bad vote', '0x$$ || repeat('b5', 48) || $$', NULL, '0x$$ || repeat('01', 32) || $$', 'node-a')$$);
SELECT pg_temp.refusal($$try_acquire_block('bad vote', '0x$$ || repeat('b5', 48) || $$', -1, '0x$$ || repeat('01', 32) || $$', 'node-a')$$);
SELECT pg_temp.refusal($$try_acquire_block('bad vote', '0x$$ || repeat('b5', 47) || $$', 1, '0x$$ || repeat('01', 32) || $$', 'node-a')$$);
SELECT pg_temp.refusal($$try_acquire_block('bad vote', '0x$$ || repeat('b5', 48) || $$', 1, NULL, 'node-a')$$);
-- Nothing of it is on record but the first.
SELECT source_epoch, target_epoch FROM slashguard.duties WHERE chain = 'bad vote';
